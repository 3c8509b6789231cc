"""Set-up files: what they mean, and what is said of mistakes in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from airo_ros2.bringup.config import LogPolicy, RestartPolicy, SetupConfig
from airo_ros2.bringup.config_file import parse_camera, read_config
from airo_ros2.bringup.node_kinds import CAMERA, TAGS
from airo_ros2.bringup.processes import processes_of
from airo_ros2.exceptions import ConfigError


def read(folder: Path, text: str) -> SetupConfig:
    """Read a text as a set-up file."""
    path = folder / "lab-1.yaml"
    path.write_text(text)
    return read_config(path)


def problems_of(folder: Path, text: str) -> list[str]:
    """Return what is wrong with a set-up file, without the folder."""
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


def test_the_least_that_a_file_needs(tmp_path: Path) -> None:
    """A camera without a word has a camera node and a tag_pose node; what fails is started again; logs are kept."""
    setup = read(tmp_path, "cameras: {front: }\n")
    (camera,) = setup.cameras
    assert (setup.name, camera.name, camera.source, camera.has_tags) == ("lab_1", "front", "sim:", True)
    assert (setup.restart, setup.logs, setup.prometheus) == (RestartPolicy(), LogPolicy(), 0)


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    """Each key reaches its place; paths are relative to the file; what every camera has stands in defaults."""
    (tmp_path / "front.yaml").write_text("/**: {ros__parameters: {decimate: 2.0}}\n")
    setup = read(
        tmp_path,
        """
name: lab
restart: {limit: 3, within: 30, first_wait: 0.5, longest_wait: 5}
logs: {folder: logs, max_bytes: 20000, keep: 1}
prometheus: 9464
defaults:
  depth: 6
  tags: {size: 0.08, families: tag36h11, nice: 7}
cameras:
  front:
    source: /dev/v4l/by-id/usb-Maker_Model_0001-video-index0
    size: [1280, 720]
    fps: 30
    fourcc: MJPG
    calibration: calibration/front.yaml
    frame_id: front_lens
    reconnect: false
    stall_periods: 60
    nice: -5
    cpus: [0]
    parameters: front.yaml
    tags: {backend: pyapriltags, cpus: 1}
  side:
    source: photos
    loop: true
    tags: false
""",
    )
    front, side = setup.cameras
    assert (setup.name, setup.restart, setup.prometheus) == ("lab", RestartPolicy(3, 30.0, 0.5, 5.0), 9464)
    assert setup.logs == LogPolicy(str(tmp_path / "logs"), 20000, 1)
    assert front.nodes[CAMERA.key].parameters == {
        "source": "/dev/v4l/by-id/usb-Maker_Model_0001-video-index0?width=1280&height=720&fourcc=MJPG",
        "rate": 30.0,
        "calibration": str(tmp_path / "calibration/front.yaml"),
        "frame_id": "front_lens",
        "reconnect": False,
        "stall_periods": 60,
        "depth": 6,
    }
    tags = front.nodes[TAGS.key]
    assert tags.parameters == {"tag_size": 0.08, "families": ["tag36h11"], "backend": "pyapriltags"}
    assert (tags.nice, tags.cpus, front.nodes[CAMERA.key].nice) == (7, (1,), -5)
    assert front.parameter_files == (str(tmp_path / "front.yaml"),)
    assert (side.source, side.depth, side.has_tags) == (str(tmp_path / "photos"), 6, False)


def test_the_processes_of_a_camera(tmp_path: Path) -> None:
    """Only what the file says is given to the nodes, after the parameter files; readers yield to the camera."""
    (tmp_path / "all.yaml").write_text("front: {tag_pose: {ros__parameters: {decimate: 2.0}}}\n")
    setup = read(tmp_path, "cameras: {front: {parameters: [all.yaml], tags: {size: 0.2}}}\n")
    camera, tags = processes_of(setup.cameras[0], reconnect=True)
    assert (camera.name, camera.title, camera.is_source) == ("front/camera", "camera front", True)
    assert dict(camera.parameters) == {"source": "sim:", "reconnect": True}
    assert (tags.name, tags.title, tags.is_source) == ("front/tag_pose", "tag_pose of front", False)
    assert camera.nice < tags.nice
    arguments = tags.ros_arguments
    assert arguments[arguments.index("--params-file") + 1] == str(tmp_path / "all.yaml")
    assert arguments[-2:] == ["-p", "tag_size:=0.2"] and arguments.count("-p") == 1


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "cameras:\n  front: {sorce: 0}\n",
            ["2: cameras.front.sorce: unknown key, expected one of calibration, "],
        ),
        (
            "cameras:\n  front:\n    depth: 0\n",
            ["3: cameras.front.depth: got 0, expected a whole number at least 1 and "],
        ),
        ("cameras:\n  front:\n    depth: many\n", ["3: cameras.front.depth: got 'many', expected a whole number"]),
        ("cameras:\n  front:\n    depth: true\n", ["3: cameras.front.depth: got True, expected a whole number"]),
        ("cameras:\n  front:\n    fps: .nan\n", ["3: cameras.front.fps: got nan, expected a number"]),
        ("cameras:\n  front:\n    loop: 1\n", ["3: cameras.front.loop: got 1, expected true or false"]),
        (
            "cameras:\n  front:\n    tags:\n      sice: 3\n",
            ["4: cameras.front.tags.sice: unknown key, expected one of "],
        ),
        ("cameras:\n  front:\n    tags: 3\n", ["3: cameras.front.tags: got 3, expected keys and values"]),
        (
            "cameras:\n  front:\n    tags: {families: [1]}\n",
            ["3: cameras.front.tags.families: got [1], expected a list"],
        ),
        ("cameras:\n  front:\n    size: 640x480\n", ["3: cameras.front.size: got '640x480', expected [width, height]"]),
        (
            "cameras:\n  front:\n    source: photo.png\n    size: [640, 480]\n",
            ["4: '", "': "],  # photo.png, with its folder
        ),
        ("cameras:\n  front:\n    source: 'sim:?tilt=steep'\n", ["3: 'sim:?tilt=steep': option 'tilt' is 'steep'"]),
        ("cameras:\n  front:\n    source: 'sim:'\n    loop: true\n", ["3: 'sim:': loop is on"]),
        ("cameras:\n  2d: {}\n", ["2: cameras.2d: a camera's name is made of letters"]),
        ("cameras:\n  a: {}\n  b: {}\n  a: {}\n", ["4: cameras.a is given twice, first in line 2"]),
        ("cameras: {}\n", ["1: cameras: is empty, expected at least one camera"]),
        ("camera:\n  front: {}\n", ["1: camera: unknown key, expected one of cameras, ", "1: has the keys camera: "]),
        ("- front\n", ["1: the file: got ['front'], expected keys and values", "1: has the keys none"]),
        ("", ["1: has the keys none: expected cameras with at least one camera"]),
        ("cameras:\n  front: [\n", ["3: this is not YAML: "]),
        ("cameras: {a: }\nrestart: {limit: -1}\n", ["2: restart.limit: got -1, expected a whole number at least 0"]),
        ("cameras: {a: }\nrestart: {first_wait: 20}\n", ["2: restart: first_wait is longer than longest_wait"]),
        ("cameras: {a: }\nprometheus: 0\n", ["2: prometheus: got 0, expected a whole number at least 1"]),
        ("cameras: {a: }\nname: two words\n", ["2: name: got 'two words', expected letters"]),
        ("cameras:\n  a:\n    parameters: none.yaml\n", ["3: cannot read none.yaml: No such file"]),
    ],
)
def test_mistakes_are_told_with_their_lines(tmp_path: Path, text: str, problems: list[str]) -> None:
    """Each mistake is one line that begins with the file and the line of the mistake."""
    found = problems_of(tmp_path, text)
    if len(problems) == 2 and problems[0] == "4: '":
        assert len(found) == 1 and found[0].startswith("lab-1.yaml:4: 'photo.png' got width, height: expected it only")
        return
    assert len(found) == len(problems)
    for got, expected in zip(found, problems, strict=True):
        assert got.startswith(f"lab-1.yaml:{expected}"), got


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    """The error names the first one and how many there are; the others are in it."""
    text = "cameras:\n  front:\n    depth: 0\n    tags:\n      size: big\n"
    assert [problem.split(": ")[0] for problem in problems_of(tmp_path, text)] == ["lab-1.yaml:3", "lab-1.yaml:5"]
    with pytest.raises(ConfigError, match=r"lab-1.yaml:3: .*\(and 1 more: see airo-ros2 bringup --check\)"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("front:\n  tag_size: 0.1\n", "wrong.yaml:1: no ros__parameters: expected e.g. "),
        ("- 1\n", "wrong.yaml:1: got [1], expected names of nodes"),
        ("front: [\n", "lab-1.yaml:1: "),
    ],
)
def test_mistakes_in_parameter_files(tmp_path: Path, content: str, problem: str) -> None:
    """A ROS parameter file without parameters is told with its own line."""
    (tmp_path / "wrong.yaml").write_text(content)
    (found,) = problems_of(tmp_path, "cameras: {front: {parameters: [wrong.yaml]}}\n")
    assert found.startswith(problem)


def test_settings_of_a_running_camera(tmp_path: Path) -> None:
    """Changes keep what they do not mention."""
    before = parse_camera("front", "{source: 'sim:?tags=2', depth: 6, tags: {size: 0.2, backend: pupil}}")
    after = parse_camera("front", "{tags: {size: 0.3}}", base=before)
    assert (after.source, after.depth) == ("sim:?tags=2", 6)
    assert after.nodes[TAGS.key].parameters == {"tag_size": 0.3, "backend": "pupil"}
    assert not parse_camera("front", "{tags: false}", base=after).has_tags
    assert (
        parse_camera("front", "{source: 'sim:', size: [640, 480]}", base=before).source == "sim:?width=640&height=480"
    )
    with pytest.raises(ConfigError, match=r"camera front:1: tags.sice: unknown key"):
        parse_camera("front", "{tags: {sice: 0.3}}", base=before)
    with pytest.raises(ConfigError, match="a camera's name is made of letters"):
        parse_camera("fr/ont", "")

"""What the documents say is so."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from airo_camera.parameters import CameraParameters
from airo_recorder.parameters import RecorderParameters
from airo_ros2.bringup.config import LogPolicy, RestartPolicy
from airo_ros2.bringup.config_file import KEYS, read_config
from airo_ros2.bringup.node_kinds import CAMERA
from airo_ros2.cli import main
from airo_view.relay.parameters import CompressedRelayParameters, RelayParameters
from airo_view.web.parameters import WebViewParameters
from tag_pose.bundle import read_bundles
from tag_pose.parameters import TagPoseParameters

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "airo_ros2_ws/src"
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("conda/*.md"), *SOURCES.glob("*/README.md")]
)
Start = Callable[..., Any]


def snippets(document: Path, language: str = "python") -> list[str]:
    """Return the blocks of code of one language in a document."""
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.DOTALL)


@pytest.mark.parametrize(
    ("package", "parameters"),
    [
        ("airo_camera", CameraParameters),
        ("tag_pose", TagPoseParameters),
        ("airo_view", WebViewParameters),
        ("airo_recorder", RecorderParameters),
    ],
)
def test_parameter_tables_are_the_parameters(package: str, parameters: Any) -> None:
    """Each parameter has its row with its default and its description, and there are no others."""
    text = (SOURCES / package / "README.md").read_text().partition("## Parameters")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| `(.*?)` \| (.*?) \|$", text, re.MULTILINE)
    expected = []
    for field in fields(parameters):
        default = field.default_factory() if field.default is MISSING else field.default
        expected.append((field.name, str(default) or '""', field.metadata["meaning"].description))
    assert rows == expected


def test_parameters_of_the_relays_are_documented() -> None:
    """Each parameter of the relays has its row in the package's README."""
    text = (SOURCES / "airo_view/README.md").read_text().partition("## The relays")[2]
    rows = re.findall(r"^\| `(\w+)` \| `(.*?)` \| (.*?) \|$", text, re.MULTILINE)
    known = [*fields(RelayParameters), *fields(CompressedRelayParameters)]
    assert rows == [(field.name, str(field.default), field.metadata["meaning"].description) for field in known]


def test_the_reader_of_the_readme_runs(start: Start) -> None:
    """The ten lines from a camera to numpy print a frame of the running set-up."""
    bringup = start("-m", "airo_ros2.cli", "bringup", "--json")
    bringup.expect("detections")
    (code,) = snippets(ROOT / "README.md")
    reader = start("-c", code)
    assert reader.wait() == 0, reader.errors
    assert re.match(r"\d+ \(720, 1280, 3\) \d+\.\d+", reader.output[0])


def test_the_guide_of_the_facade_runs(start: Start) -> None:
    """The first example of the guide runs beside a set-up, word for word."""
    bringup = start("-m", "airo_ros2.cli", "bringup", "--json", "--headless")
    bringup.expect("detections")
    code, *_ = snippets(ROOT / "docs/facade.md")
    done = start("-c", code + "\nprint(image.shape, image.dtype, pose.camera_from_tag.shape, pose.covariance.shape)")
    assert done.wait() == 0, done.errors
    assert done.output == ["(720, 1280, 3) uint8 (4, 4) (6, 6)"]


@pytest.mark.parametrize("package", ["rclpy_loans", "airo_frames"])
def test_snippets_of_the_transport_run(start: Start, package: str) -> None:
    """The examples of the packages run; publishing is repeated until the connection is there."""
    (code,) = snippets(SOURCES / package / "README.md")
    before, publish, after = re.match(r"(.*?\n)(with .*?\n\n)(.*)", code, re.DOTALL).groups()  # type: ignore[union-attr]
    if package == "rclpy_loans":
        subscribe, take, rest = after.partition("sample = ")
        repeated = "\n".join("    " + line for line in publish.strip().splitlines())
        code = (
            f"{before}{subscribe}for _ in range(50):\n{repeated}\n    node.get_clock().sleep_for(PAUSE)\n{take}{rest}"
        )
        code = "from rclpy.duration import Duration\nPAUSE = Duration(seconds=0.02)\n" + code + "\nprint(x)"
    done = start("-c", code)
    assert done.wait() == 0, done.errors
    assert package != "rclpy_loans" or done.output == ["1.5"]


def test_the_snippet_without_ros_runs(photographs: Path) -> None:
    """tag_pose works on a file without ROS, as its README says."""
    (code,) = snippets(SOURCES / "tag_pose/README.md")
    code = code.replace('"photo.png"', repr(str(min(photographs.glob("*.jpg")))))
    code = "import sys\nsys.modules['rclpy'] = None\n" + code
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("0 [[")


def test_the_recorder_without_ros_runs(tmp_path: Path) -> None:
    """airo_recorder records without ROS, as its README says."""
    (code,) = snippets(SOURCES / "airo_recorder/README.md")
    code = "import sys\nsys.modules['rclpy'] = None\n" + code
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines()[1:] == ["30 frames written, 0 lost"], done.stderr


def test_example_set_ups_are_valid(tmp_path: Path) -> None:
    """The set-up files that are shipped, and the one in the README, are understood."""
    for path in (ROOT / "launch/examples").glob("*.yaml"):
        assert read_config(path).cameras
    (text,) = snippets(SOURCES / "airo_ros2/README.md", "yaml")
    (tmp_path / "setup.yaml").write_text(text)
    front, side = read_config(tmp_path / "setup.yaml").cameras
    assert (front.source, side.has_tags) == ("/dev/video0", False)


def test_the_bundle_of_the_readme_is_understood(tmp_path: Path) -> None:
    """The example of a bundle file can be read."""
    text = next(text for text in snippets(SOURCES / "tag_pose/README.md", "yaml") if "cube_link" in text)
    (tmp_path / "bundle.yaml").write_text(text)
    (cube,) = read_bundles(tmp_path / "bundle.yaml")
    assert (cube.frame, [tag.tag_id for tag in cube.tags]) == ("cube_link", [4, 5])


COMMANDS = ("bringup", "camera", "detect", "calibrate-bundle", "record", "recover", "doctor", "clean", "top", "view")


def test_options_are_documented(capsys: pytest.CaptureFixture[str]) -> None:
    """Each option of the command stands in the README, and no other."""
    text = (SOURCES / "airo_ros2/README.md").read_text()
    known = set()
    for command in COMMANDS:
        with pytest.raises(SystemExit):
            main([command, "--help"])
        known |= set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    assert set(re.findall(r"`?(--[a-z][a-z-]+)", text)) == known - {"--help"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link of a document leads to a file or folder."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
        if not target.removeprefix("../").startswith("reference/"):  # made with the site, which is checked strictly
            assert (document.parent / target).exists(), f"{document}: {target}"


def test_every_package_has_a_readme_and_stands_in_the_main_one() -> None:
    """No package is left out."""
    main_text = (ROOT / "README.md").read_text()
    for package in SOURCES.iterdir():
        if (package / "package.xml").exists():
            assert (package / "README.md").exists() and f"{package.name}/README.md" in main_text


def test_the_reference_of_set_up_files_is_complete(tmp_path: Path) -> None:
    """The example is valid; each key of the code stands in a table with its default, and no other key does."""
    page = ROOT / "docs/bringup.md"
    (example,) = snippets(page, "yaml")
    (tmp_path / "ros_parameters.yaml").write_text("/**: {ros__parameters: {decimate: 2.0}}\n")
    (tmp_path / "lab.yaml").write_text(example)
    setup = read_config(tmp_path / "lab.yaml")
    assert (setup.name, [camera.name for camera in setup.cameras]) == ("lab", ["front", "door", "simulated"])
    (top, restart, logs, of_camera) = re.findall(r"^\| key .*?(?=\n\n)", page.read_text(), re.MULTILINE | re.DOTALL)[:4]
    assert set(re.findall(r"^\| `(\w+)`", top, re.MULTILINE)) == set(KEYS)
    for table, policy in ((restart, RestartPolicy()), (logs, LogPolicy())):
        rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.MULTILINE))
        assert rows.keys() == vars(policy).keys()
        for name, default in vars(policy).items():
            assert rows[name] == f"`{default}`" or name == "folder"
    named = {
        name for cell in re.findall(r"^\| (`.*?) \|", of_camera, re.MULTILINE) for name in re.findall(r"`(\w+)`", cell)
    }
    camera_keys = {"fps" if name == "rate" else name for name in CAMERA.parameter_fields()}
    assert named == camera_keys | {"size", "fourcc", "tags", "record", "parameters", "nice", "cpus"}

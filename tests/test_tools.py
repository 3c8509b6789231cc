"""`airo-ros2 doctor`, `clean` and `top` as a person runs them, each under the faults it is for."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rclpy_loans.profile import profile_path, profile_variable

Start = Callable[..., Any]
CLI = ("-m", "airo_ros2.cli")
HERE = Path(__file__).parent
WRITER = HERE.parent / "airo_ros2_ws/src/rclpy_loans/test/writer.py"
STREAMS = HERE / "frame_streams.py"
FILE_VARIABLE = profile_variable()
QOS_VARIABLE = "RMW_FASTRTPS_USE_QOS_FROM_XML"


def examine(start: Start, **variables: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Run the doctor with these variables; return its status and its checks by name."""
    doctor = start(*CLI, "doctor", "--json", env=os.environ | variables)
    status = doctor.wait()
    assert len(doctor.output) == 1, (doctor.output, doctor.errors)
    told = json.loads(doctor.output[0])
    assert told["ok"] == (status == 0)
    return status, {check["name"]: check for check in told["checks"]}


def in_own_shared_memory(command: str, *, size: str) -> subprocess.CompletedProcess[str]:
    """Run a shell command with a small /dev/shm of its own; skip the test where that is not permitted."""
    mount = f"mount -t tmpfs -o size={size},mode=1777 tmpfs /dev/shm"
    enter = ["unshare", "--mount", "sh", "-c"]
    if shutil.which("unshare") is None or subprocess.run([*enter, mount], capture_output=True).returncode != 0:
        pytest.skip("this user may not mount a shared memory of its own")
    return subprocess.run([*enter, f"{mount} && {command}"], capture_output=True, text=True)


def doctor_command() -> str:
    """Return the doctor as a shell command."""
    return f"exec {sys.executable} {' '.join(CLI)} doctor --json"


def test_the_doctor_finds_no_fault_here(start: Start) -> None:
    """Everything is looked at, nothing is a problem, and the probe proves it."""
    status, checks = examine(start)
    assert status == 0, checks
    assert {"rmw", "profile", "data sharing", "shared memory", "room", "leftovers", "messages"} < set(checks)
    assert checks["probe"]["verdict"] == "ok" and "without a copy" in checks["probe"]["found"]


def test_the_doctor_speaks_to_people(start: Start) -> None:
    """Each line begins with its verdict; the last one is the sum, and the status says the same."""
    doctor = start(*CLI, "doctor", env=os.environ | {"ROS_DISABLE_LOANED_MESSAGES": "1"})
    assert doctor.wait() == 1
    assert "problem  loaned messages      ROS_DISABLE_LOANED_MESSAGES is 1" in doctor.output
    assert re.match("2 problems, [0-9]+ warnings?: frames may be copied", doctor.output[-1])
    assert all(re.match("(ok|warning|problem) |  +-> |2 problems", line) for line in doctor.output), doctor.output


def test_a_profile_without_data_sharing(start: Start, tmp_path: Path) -> None:
    """The user's own profile is read, and the probe shows what it does."""
    mine = tmp_path / "mine.xml"
    mine.write_text(profile_path().read_text().replace("AUTOMATIC", "OFF"))
    status, checks = examine(start, **{FILE_VARIABLE: str(mine)})
    assert status == 1
    assert checks["data sharing"]["verdict"] == "problem" and "OFF" in checks["data sharing"]["found"]
    assert "your own" in checks["profile"]["found"] and str(mine) in checks["data sharing"]["remedy"]
    assert checks["probe"]["verdict"] == "problem" and "but copied" in checks["probe"]["found"]


def test_profiles_switched_off(start: Start) -> None:
    """Without the permission to read QoS from XML, nothing is shared."""
    status, checks = examine(start, **{QOS_VARIABLE: "0", FILE_VARIABLE: str(profile_path())})
    assert status == 1 and checks["qos from xml"]["verdict"] == "problem"
    assert "but copied: data sharing is off" in checks["probe"]["found"]


@pytest.mark.parametrize(("text", "says"), [(None, "No such file"), ("<dds><profiles>", "not valid XML")])
def test_a_profile_that_cannot_be_read(start: Start, tmp_path: Path, text: str | None, says: str) -> None:
    """A missing file and broken XML are said, and Fast DDS's own complaints do not spoil the output."""
    mine = tmp_path / "mine.xml"
    if text is not None:
        mine.write_text(text)
    status, checks = examine(start, **{FILE_VARIABLE: str(mine)})
    assert status == 1 and checks["profile"]["verdict"] == "problem" and says in checks["profile"]["found"]
    assert FILE_VARIABLE in checks["profile"]["remedy"]


def test_a_middleware_that_is_not_installed(start: Start) -> None:
    """The doctor lives where no node starts, and says why none does."""
    status, checks = examine(start, RMW_IMPLEMENTATION="rmw_missing_cpp")
    assert status == 1 and "not installed" in checks["rmw"]["found"]
    assert checks["messages"]["verdict"] == "ok"
    assert "no frame arrived" in checks["probe"]["found"] and "rmw_missing_cpp" in checks["probe"]["found"]


def test_a_shared_memory_that_is_too_small(ros_domain: int) -> None:
    """Where no camera fits, the room is a problem and the probe says how much it needs."""
    done = in_own_shared_memory(doctor_command(), size="3m")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 1 and checks["room"]["verdict"] == "problem"
    assert "0 of 640x480" in checks["room"]["found"] and "size=" in checks["room"]["remedy"]
    assert checks["probe"]["verdict"] == "problem" and "need 5 MB of /dev/shm" in checks["probe"]["found"]


def test_leftovers_are_found_and_cleaned(ros_domain: int) -> None:
    """What a killed writer left is a warning of the doctor, until clean has freed it."""
    python = f"{sys.executable} {' '.join(CLI)}"
    kill = f"{sys.executable} {HERE / 'killed_writer.py'}"
    done = in_own_shared_memory(
        f"{kill}; {python} doctor --json; {python} clean --json; {python} doctor --json; ls /dev/shm", size="64m"
    )
    before, cleaned, after, *left = done.stdout.splitlines()
    verdicts = [{check["name"]: check for check in json.loads(line)["checks"]} for line in (before, after)]
    assert [checks["leftovers"]["verdict"] for checks in verdicts] == ["warning", "ok"], done.stderr
    assert verdicts[0]["leftovers"]["remedy"] == "airo-ros2 clean"
    assert json.loads(before)["ok"] and json.loads(cleaned)["bytes"] > 5 * 640 * 480 * 3
    assert not [name for name in left if "fast" in name]


def test_clean_never_touches_what_is_in_use(start: Start) -> None:
    """A killed writer's messages go, a living one's stay and go on."""
    writers = [start(WRITER, "airo_camera_msgs/Image640x480", "4") for _ in range(2)]
    segments = []
    for writer in writers:
        writer.expect("ready")
        writer.say("publish 1")
        writer.expect("published 1 zero_copy=True")
        writer.say("segments")
        segments += [Path(p) for p in writer.expect("segments (.*)")[1].split() if p.endswith(".3")][:1]
    writers[0].kill_group()
    clean = start(*CLI, "clean")
    assert clean.wait() == 0, clean.errors
    assert any(re.match(r"kept .* in use", line) for line in clean.output)
    assert not segments[0].exists() and segments[1].exists()
    writers[1].say("publish 1")
    writers[1].expect("published 2 zero_copy=True")
    writers[1].say("quit")
    assert writers[1].wait() == 0


def test_bringup_cleans_before_it_starts(start: Start) -> None:
    """What an earlier run left is gone, and nothing is said about it."""
    writer = start(WRITER, "airo_camera_msgs/Image640x480", "4")
    writer.expect("ready")
    writer.say("segments")
    (segment,) = (Path(p) for p in writer.expect("segments (.*)")[1].split() if p.endswith(".3"))
    writer.kill_group()
    bringup = start(*CLI, "bringup", "--frames", "1", "--json")
    assert bringup.wait() == 0, bringup.errors
    assert not segment.exists()
    assert len(bringup.output) == 1 and bringup.errors == []


def test_top_without_a_camera(start: Start, ros_domain: int) -> None:
    """No camera is no error."""
    top = start(*CLI, "top", "--once")
    assert top.wait() == 0 and top.errors == []
    assert top.output == [f"no camera publishes in ROS domain {ros_domain}: start one, or check ROS_DOMAIN_ID"]


def test_top_measures_every_stream(start: Start) -> None:
    """Frames and tags: rate, latency, what is left out, zero-copy, other readers and memory."""
    streams = start(STREAMS)
    streams.expect("ready")
    live = start(*CLI, "top", "--interval", "0.3")  # plain lines, as its output is no terminal
    live.expect(r"^topic +message +Hz")
    live.expect(r"^/front/frame +Image640x480 .* yes ")
    top = start(*CLI, "top", "--once", "--json")
    assert top.wait() == 0, top.errors
    (line,) = top.output
    frames, tags = json.loads(line)["streams"]
    assert (frames["topic"], frames["type"]) == ("/front/frame", "Image640x480")
    assert (tags["topic"], tags["type"]) == ("/front/tags", "TagDetections")
    for stream in (frames, tags):
        assert stream["zero_copy"] is True and stream["readers"] == 1
        assert 0 < stream["rate"] <= 110 and stream["dropped"] >= 1
        assert 0 < stream["latency_p50_ms"] <= stream["latency_p99_ms"]
    assert frames["memory_bytes"] > 5 * 640 * 480 * 3 > tags["memory_bytes"] > 0
    live.popen.send_signal(signal.SIGINT)
    assert live.wait() == 0 and live.errors == []
    assert not any("\x1b" in line for line in live.output)
    streams.popen.stdin.close()
    assert streams.wait() == 0, streams.errors


def test_top_redraws_in_a_terminal(ros_domain: int) -> None:
    """In a terminal each table replaces the one before."""
    ours, its = os.openpty()
    with (
        subprocess.Popen([sys.executable, *CLI, "top", "--interval", "0.1"], stdout=its) as top,
        os.fdopen(ours) as screen,
    ):
        os.close(its)
        first, second = screen.readline(), screen.readline()
        assert first.startswith("\x1b[H\x1b[J") and second.startswith("\x1b[H\x1b[J")
        top.send_signal(signal.SIGINT)
        assert top.wait() == 0

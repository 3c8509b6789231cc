"""Logs of processes: real pipes and files."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from airo_ros2.bringup.config import LogPolicy
from airo_ros2.bringup.process_log import ProcessLogs, log_folder
from airo_ros2.exceptions import ConfigError


class Echo:
    """Waits for lines."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self._more = threading.Condition()

    def __call__(self, name: str, line: str) -> None:
        """Take a line."""
        with self._more:
            self.lines.append((name, line))
            self._more.notify_all()

    def wait_for(self, count: int) -> None:
        """Wait until there are so many."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.lines) >= count, 60.0), self.lines


@pytest.fixture
def echo() -> Echo:
    """What is echoed."""
    return Echo()


@pytest.fixture
def logs(tmp_path: Path, echo: Echo) -> Iterator[ProcessLogs]:
    """Logs in a folder of the test, with small files."""
    made = ProcessLogs(tmp_path / "logs", LogPolicy(max_bytes=1000, keep=2), echo=echo)
    yield made
    made.close()


def pipe_into(logs: ProcessLogs, name: str) -> int:
    """Return the end that a process would write to."""
    read, write = os.pipe()
    logs.follow(name, os.fdopen(read, "rb", buffering=0))
    return write


def test_each_process_has_its_file(logs: ProcessLogs, echo: Echo, tmp_path: Path) -> None:
    """Lines carry the time in the file, and the name of the process in the echo; half a line waits for its end."""
    one, other = pipe_into(logs, "front/camera"), pipe_into(logs, "front/tag_pose")
    os.write(one, b"first\nsec")
    echo.wait_for(1)
    os.write(other, b"of another\n")
    echo.wait_for(2)
    os.write(one, b"ond\nthe last one")
    os.close(one)
    os.close(other)
    echo.wait_for(4)
    assert echo.lines == [
        ("front/camera", "first"),
        ("front/tag_pose", "of another"),
        ("front/camera", "second"),
        ("front/camera", "the last one"),
    ]
    assert logs.last_line("front/camera") == "the last one" and logs.last_line("nobody") == ""
    written = (tmp_path / "logs/front.camera.log").read_text().splitlines()
    assert [line[24:] for line in written] == ["first", "second", "the last one"]


def test_files_are_rotated(logs: ProcessLogs, echo: Echo, tmp_path: Path) -> None:
    """A file never outgrows its size, and only so many old ones are kept; the newest lines are never lost."""
    write = pipe_into(logs, "noisy")
    for number in range(200):
        os.write(write, f"line {number:04d} {'.' * 50}\n".encode())
    os.close(write)
    echo.wait_for(200)
    logs.forget("noisy")
    files = sorted((tmp_path / "logs").iterdir())
    assert [file.name for file in files] == ["noisy.log", "noisy.log.1", "noisy.log.2"]
    assert all(file.stat().st_size <= 1000 for file in files)
    assert "line 0199" in files[0].read_text()


def test_output_without_lines(logs: ProcessLogs, echo: Echo) -> None:
    """A process that never ends its line does not fill the memory; bytes that are no text are replaced."""
    write = pipe_into(logs, "odd")
    os.write(write, b"\xff" * 10000)
    os.write(write, b"\n")
    os.close(write)
    echo.wait_for(1)
    assert sum(len(line) for _, line in echo.lines) >= 8192


def test_closing_writes_what_came_before(tmp_path: Path, echo: Echo) -> None:
    """What was printed before the end is in the file."""
    logs = ProcessLogs(tmp_path / "logs", LogPolicy(), echo=echo)
    write = pipe_into(logs, "late")
    os.write(write, b"at the last moment\n")
    os.close(write)
    logs.close()
    assert "at the last moment" in (tmp_path / "logs/late.log").read_text()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """It is said before anything starts."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot make the folder for logs"):
        ProcessLogs(tmp_path / "file/logs", LogPolicy(), echo=lambda name, line: None)


def test_where_logs_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """As ROS says, or as the set-up says."""
    monkeypatch.setenv("ROS_LOG_DIR", "/var/log/ros")
    assert log_folder(LogPolicy(), "lab") == Path("/var/log/ros/airo_ros2/lab")
    monkeypatch.delenv("ROS_LOG_DIR")
    monkeypatch.setenv("ROS_HOME", "/srv/ros")
    assert log_folder(LogPolicy(), "lab") == Path("/srv/ros/log/airo_ros2/lab")
    assert log_folder(LogPolicy(folder="/tmp/here"), "lab") == Path("/tmp/here")

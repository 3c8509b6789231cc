"""Every command and program in the documents is run or, where it needs what a test has not, checked.

A comment on the line before a block says what is special about it:

    <!-- snippet: running -->            the commands stay, as in another terminal, while the rest runs
    <!-- snippet: file NAME -->          the block is a file of that name beside the commands
    <!-- snippet: pytest -->             the block is a file of tests
    <!-- snippet: elsewhere REASON -->   not run: each command is checked instead; a program has to compile
    <!-- snippet: tested by FILE -->     that test of ours runs it

All blocks of a page run in order, in one folder that has images of tags in `photos/`, of a chessboard in `board/` and
of a body with four tags in `body/`.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from airo_ros2.bringup.config_file import read_config
from airo_ros2.cli import command_parser

sys.path.insert(0, str(Path(__file__).parent))  # pictures, under every import mode of pytest

from pictures import WRITERS

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "airo_ros2_ws/src"
Start = Callable[..., Any]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("conda/*.md"), *SOURCES.glob("*/README.md")]
)
# Programs of others: that they exist, and what they take, is not ours to check.
FOREIGN = set(
    "apt cd colcon conda docker export mamba pip python3 rattler-build robot/bin/pip rosdep rviz2 source ssh uv".split()
)
_BLOCK = re.compile(
    r"^(?:<!-- snippet: (?P<note>[^\n]*?) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        language: as the document says.
        note: first word of the comment before it; empty without one.
        detail: the rest of the comment.
        text: the code.
    """

    language: str
    note: str
    detail: str
    text: str

    @property
    def runs(self) -> bool:
        """Whether it is run with its page."""
        return self.language in ("sh", "python") and self.note not in ("elsewhere", "tested")


def blocks(document: str) -> list[Block]:
    """Return the blocks of a document that have a language."""
    found = []
    for match in _BLOCK.finditer((ROOT / document).read_text()):
        note, _, detail = (match["note"] or "").partition(" ")
        found.append(Block(match["language"], note, detail, match["text"]))
    return found


def programs(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of a shell script, without its comments and redirections."""
    for line in text.replace("\\\n", " ").splitlines():
        for command in re.split(r"\s(?:&&|\|\||\|)\s", line):
            words = shlex.split(command, comments=True)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                del words[0]
            if words:
                yield [word for word in words if word != "&"]


def check_command(words: list[str]) -> None:
    """Check that a command which is not run could be."""
    program, *arguments = words
    if program.endswith("airo-ros2"):
        command_parser().parse_args(arguments)
    elif program == "make":
        assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), words
    elif program == "pixi":
        tasks = re.findall(r"^\[tasks\.(\w+)\]", (ROOT / "pixi.toml").read_text(), re.MULTILINE)
        assert arguments[0] == "run" and set(tasks) & set(arguments), words
    elif program == "ros2":
        check_ros2(arguments)
    elif program in ("python", ".venv/bin/python") and arguments[0] == "-m":
        assert find_spec(arguments[1]) is not None, words
    elif program in ("python", ".venv/bin/python"):
        assert (ROOT / arguments[0]).exists(), words
    else:
        assert program in FOREIGN or (Path(sys.prefix) / "bin" / program).exists(), f"{program} is not known: {words}"


def check_ros2(arguments: list[str]) -> None:
    """Check that the launch file or the executable exists; other verbs are ROS 2's own."""
    if arguments[0] == "launch":
        assert arguments[1] == "tag_pose" and (ROOT / "launch" / arguments[2]).exists(), arguments
    if arguments[0] == "run" and (SOURCES / arguments[1]).exists():
        assert re.search(rf"\b{arguments[2]}\b", (SOURCES / arguments[1] / "setup.py").read_text()), arguments


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_not_run_is_checked(document: str) -> None:
    """Commands are ones that our parsers take, programs compile, files of data can be read, and a reason is given."""
    for block in blocks(document):
        if block.note == "tested":
            assert Path(document).name in (ROOT / block.detail.removeprefix("by ")).read_text(), block
        elif block.note == "elsewhere":
            assert len(block.detail) > 10, f"{document}: a reason is missing"
        if block.language == "sh" and not block.runs:
            for words in programs(block.text):
                check_command(words)
        elif block.language == "python":
            compile(block.text, document, "exec")
        elif block.language == "yaml":
            yaml.safe_load(block.text)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give the folders of images that the documents work on."""
    folders = {name: tmp_path_factory.mktemp(name) for name in WRITERS}
    for name, folder in folders.items():
        WRITERS[name](folder)
    return folders


class Page:
    """The blocks of a page at work in one folder.

    Args:
        folder: to work in.
        start: starts Python processes.
    """

    def __init__(self, folder: Path, start: Start) -> None:
        self._folder = folder
        self._start = start
        self._beside: list[Any] = []
        self._environment = os.environ | {"PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"}

    def work(self, block: Block) -> None:
        """Run a block to its end, or let it run."""
        if block.note == "file":
            (self._folder / block.detail).write_text(block.text)
        elif block.note == "running":
            for words in programs(block.text):
                self._keep_running(words)
        elif block.language == "python":
            self._run(
                *(["-m", "pytest", "-q", "-p", "no:cacheprovider"] if block.note == "pytest" else []),
                self._program(block),
            )
        else:
            self._run("-c", "import os, sys; os.execvp('bash', ['bash', '-euc', sys.argv[1]])", block.text)

    def _program(self, block: Block) -> str:
        name = f"test_{len(list(self._folder.iterdir()))}.py" if block.note == "pytest" else "program.py"
        (self._folder / name).write_text(block.text)
        return name

    def _run(self, *arguments: str) -> None:
        process = self._start(*arguments, cwd=self._folder, env=self._environment)
        process.popen.stdin.close()
        status = process.wait()
        assert status == 0, "\n".join([str(arguments), *process.output[-5:], *process.errors[-8:]])

    def close(self) -> None:
        """End what runs beside, as Ctrl-C does."""
        for process in self._beside:
            process.popen.send_signal(signal.SIGINT)
        for process in self._beside:
            process.wait()

    def _keep_running(self, words: list[str]) -> None:
        arguments = ["-m", "airo_ros2.cli", *words[1:]] if words[0].endswith("airo-ros2") else words[1:]
        process = self._start(*arguments, cwd=self._folder, env=self._environment)
        self._beside.append(process)
        if "bringup" in words:
            process.expect("tag36h11")  # its camera and its tags are there


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if any(block.runs for block in blocks(name))])
def test_what_can_be_run_is_run(document: str, pictures: dict[str, Path], tmp_path: Path, start: Start) -> None:
    """All blocks of a page run in order, as its reader would run them, and end well."""
    for name, folder in pictures.items():
        (tmp_path / name).symlink_to(folder)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    page = Page(tmp_path, start)
    for block in blocks(document):
        if block.runs or block.note == "file":
            page.work(block)
    page.close()
    for path in tmp_path.glob("*.yaml"):
        if "cameras" in (yaml.safe_load(path.read_text()) or {}):
            assert read_config(path).cameras

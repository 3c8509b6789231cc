"""The source distribution holds what a wheel is built from, and nothing else of this folder."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
NEEDED = ("airo_ros2_ws", "cmake", "conda", "fastdds_profiles", "launch", "msg_defs", "requirements", "scripts")
NOT_WANTED = (".venv", "build", "__pycache__", ".git", "install", "log")


def test_a_package_is_whole_by_itself() -> None:
    """No file of a package is a link that leads out of it: a package can be released, or copied, alone."""
    sources = ROOT / "airo_ros2_ws/src"
    for package in sources.iterdir():
        links = [path for path in package.rglob("*") if path.is_symlink()]
        assert [path for path in links if package not in path.resolve().parents] == []


def test_the_source_distribution_is_complete(tmp_path: Path) -> None:
    """Each file of the sources is in it, links are replaced by what they lead to, and nothing that was built is."""
    offline = ("--no-build-isolation", "--offline", "--python", sys.executable)
    command = [sys.executable, "-m", "uv", "build", "--sdist", *offline, "--out-dir", tmp_path, ROOT]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = tmp_path.glob("airo_ros2-*.tar.gz")
    with tarfile.open(path) as archive:
        names = {Path(*Path(member.name).parts[1:]) for member in archive if member.isfile()}
        assert not [member.name for member in archive if member.issym()]
    listed = subprocess.run(["git", "ls-files", *NEEDED], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    tracked = {Path(line) for line in listed.splitlines()}
    links = {path for path in tracked if (ROOT / path).is_symlink()}
    assert tracked - links <= names
    for link in links:
        assert {link / file.name for file in (ROOT / link).iterdir() if file.is_file()} <= names
    assert not [name for name in names if set(name.parts) & set(NOT_WANTED)]
    assert {Path("pyproject.toml"), Path("LICENSE"), Path("README.md")} <= names

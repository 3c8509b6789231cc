#!/usr/bin/env python3
"""Make .venv hold ROS 2, the compiled messages and this project; do nothing when it already does.

Two steps, each remembered in .venv by a fingerprint of what it was made from:

    environment  a new virtual environment with requirements/*.txt
    project      `pip install --editable .`: CMake files repaired, messages compiled, packages linked

A fingerprint is written when its step is complete, so an interrupted step is done again by the next run.
With --check it only tells whether this machine has what pip cannot install.
Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin/python"
LOG = ROOT / "build/setup.log"
ROS_DISTRO = os.environ.get("ROS_DISTRO", "jazzy")
REQUIREMENTS = [ROOT / "requirements" / f"{name}.txt" for name in (f"ros-{ROS_DISTRO}", "build", "run", "dev", "docs")]
# What the project step copies or compiles; the Python packages themselves are linked and need no new set-up.
PROJECT_INPUTS = (
    "pyproject.toml",
    "cmake/*",
    "scripts/*",
    "airo_ros2_ws/src/tag_pose/launch/**/*",
    "airo_ros2_ws/src/*/package.xml",
    "airo_ros2_ws/src/*/resource/*",
    "airo_ros2_ws/src/airo_camera_msgs/**/*",
)
# Left behind by another ROS 2 or Python environment that is active in the caller's shell.
FOREIGN_VARIABLES = (
    "_ROS_WHEELS_BOOTSTRAP_COMPLETE",
    "COLCON_PREFIX_PATH",
    "CONDA_PREFIX",
    "LD_LIBRARY_PATH",
    "PYTHONHOME",
    "PYTHONPATH",
)


class SetupError(Exception):
    """The set-up cannot go on; the text says why and what to do."""


def main() -> int:
    """Bring .venv up to date and return the exit status."""
    try:
        if sys.argv[1:] == ["--check"]:
            check_machine()
            return 0
        LOG.parent.mkdir(exist_ok=True)
        with open(LOG.parent / "setup.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            bring_up_to_date()
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted; the next run starts the step again")
        return 130
    return 0


def bring_up_to_date() -> None:
    """Do the steps whose inputs have changed."""
    for path in REQUIREMENTS:
        if not path.exists():
            raise SetupError(f"there is no {path.relative_to(ROOT)}: ROS_DISTRO={ROS_DISTRO} is not supported by pip")
    environment = fingerprint(REQUIREMENTS + [Path(__file__).resolve()], str(VENV), wanted_interpreter())
    project = fingerprint(sorted(path for pattern in PROJECT_INPUTS for path in ROOT.glob(pattern)), environment)
    if stamp("environment", environment) and stamp("project", project):
        return
    started = time.monotonic()
    check_machine()
    LOG.write_text("")
    if not stamp("environment", environment):
        version = ".".join(map(str, sys.version_info[:2]))
        say(f"making .venv with ROS 2 {ROS_DISTRO} for Python {version}: a few minutes, log in {LOG.relative_to(ROOT)}")
        make_environment()
        stamp("environment", environment, write=True)
    say("compiling the messages, linking the packages")
    stamp("project", "", write=True)
    install_project()
    stamp("project", project, write=True)
    say(f"done in {time.monotonic() - started:.0f} s")


def wanted_interpreter() -> str:
    """Return the interpreter .venv should rest on: the one asked for with PYTHON, else the one it has."""
    keep = VENV_PYTHON.exists() and not os.environ.get("PYTHON")
    return os.path.realpath(VENV_PYTHON if keep else sys.executable)


def fingerprint(paths: list[Path], *parts: str) -> str:
    """Return a hash of the names and contents of files, and of other text."""
    digest = hashlib.sha256(repr(parts).encode())
    for path in paths:
        if path.is_file() and "__pycache__" not in path.parts:
            content = path.read_bytes()
            digest.update(f"{path.relative_to(ROOT)} {len(content)} ".encode() + content)
    return digest.hexdigest()


def stamp(step: str, value: str, *, write: bool = False) -> bool:
    """Write the fingerprint of a step that is complete, or tell whether it is the one that was written."""
    path = VENV / f"{step}.stamp"
    if write:
        path.write_text(value)
    return path.exists() and path.read_text() == value


def check_machine() -> None:
    """Check that everything pip cannot install is there.

    Raises:
        SetupError: names everything that is missing, in one line.
    """
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.implementation.name != "cpython" or not (3, 10) <= sys.version_info[:2] <= (3, 14):
        raise SetupError(
            f"{sys.executable} is {platform.python_implementation()} {version}, but ROS 2 needs CPython 3.10 to 3.14: "
            "choose one, as in `make setup PYTHON=python3.12`"
        )
    libc, libc_version = platform.libc_ver()
    system = f"{platform.system()} on {platform.machine()} with {libc or 'no glibc'} {libc_version}".strip()
    new_enough = libc == "glibc" and tuple(map(int, libc_version.split("."))) >= (2, 28)
    if not (system.startswith("Linux on x86_64 ") and new_enough):
        raise SetupError(
            f"this is {system}, but ROS 2 from pip needs Linux on x86_64 with glibc 2.28 or newer: "
            "build airo_ros2_ws with colcon in an ordinary ROS 2 installation"
        )
    missing = [(what, package) for what, package, is_there in machine_needs() if not is_there]
    if missing:
        names = ", ".join(what for what, _ in missing)
        packages = " ".join(sorted({package for _, package in missing}))
        raise SetupError(f"missing: {names}. On Debian or Ubuntu: apt install {packages}")


def machine_needs() -> list[tuple[str, str, bool]]:
    """Return (what, Debian package, whether it is there) of everything pip cannot install."""
    headers = Path(sysconfig.get_path("include"), "Python.h")
    return [
        ("the Python module ensurepip", "python3-venv", importlib.util.find_spec("ensurepip") is not None),
        (f"the Python headers ({headers})", "python3-dev", headers.exists()),
        ("a C compiler", "build-essential", any(map(shutil.which, (os.environ.get("CC", "cc"), "gcc", "clang")))),
        ("a C++ compiler", "build-essential", any(map(shutil.which, (os.environ.get("CXX", "c++"), "g++", "clang++")))),
    ]


def make_environment() -> None:
    """Make .venv anew with everything in requirements/."""
    if VENV.exists():
        stamp("environment", "", write=True)
        shutil.rmtree(VENV)
    run("making the virtual environment", sys.executable, "-m", "venv", str(VENV))
    files = [argument for path in REQUIREMENTS for argument in ("--requirement", str(path))]
    run("installing the requirements", str(VENV_PYTHON), "-m", "pip", "install", *files)


def install_project() -> None:
    """Compile the messages and link the packages into .venv."""
    # The build tools are those of .venv; an isolated build would install CMake and ROS 2 once more.
    options = ("--no-build-isolation", "--no-deps", "--editable")
    run("building the project", str(VENV_PYTHON), "-m", "pip", "install", *options, str(ROOT))
    imports = "import airo_ros2, rclpy, airo_camera_msgs.msg, cv2"
    run("checking the environment", str(VENV_PYTHON), "-c", imports)


def run(what: str, *command: str) -> None:
    """Run a command with its output in the log.

    Raises:
        SetupError: it failed; holds the end of the log.
    """
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN_VARIABLES}
    environment["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment |= dict.fromkeys(("VIRTUAL_ENV", "AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH"), str(VENV))
    with LOG.open("a") as log:
        print("$", *command, file=log, flush=True)
        status = subprocess.run(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT).returncode
    if status:
        end = "\n".join(LOG.read_text(errors="replace").splitlines()[-15:])
        raise SetupError(f"{what} failed with status {status}; the end of {LOG.relative_to(ROOT)}:\n{end}")


def say(message: str) -> None:
    """Tell the user; stdout belongs to the program that is set up."""
    print(f"setup: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

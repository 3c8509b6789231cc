#!/usr/bin/env python3
"""Bring the benchmark's peers and its own message into .venv; do nothing when they are there.

A peer that cannot be installed is named and left out: the benchmark goes on without it.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOG = ROOT / "build/bench.log"
CONSTRAINTS = ROOT / "build/bench_constraints.txt"
STAMP = VENV / "bench.stamp"
REQUIREMENTS = ROOT / "requirements/bench.txt"
MESSAGES = ROOT / "benchmarks/transport/messages"


def main() -> int:
    """Install what is missing and return the exit status."""
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return 0
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")
    say(f"installing the benchmark's peers, log in {LOG.relative_to(ROOT)}")
    lines = (line.partition("#")[0].strip() for line in REQUIREMENTS.read_text().splitlines())
    CONSTRAINTS.write_text(project_pins())
    missing = []
    for requirement in filter(None, lines):
        if run(sys.executable, "-m", "pip", "install", "--constraint", str(CONSTRAINTS), requirement):
            missing.append(requirement)
    if build_messages():
        missing.append("the message of 32 MB")
    if missing:
        say(f"going on without {', '.join(missing)}: see {LOG.relative_to(ROOT)}")
    else:
        STAMP.write_text(wanted)
    return 0


def project_pins() -> str:
    """Return the project's own pins, which stay as they are: a peer that does not go with them is left out."""
    distro = os.environ.get("ROS_DISTRO", "jazzy")
    files = [REQUIREMENTS.parent / f"{name}.txt" for name in (f"ros-{distro}", "build", "run", "dev")]
    return re.sub(r"\[.*?\]", "", "\n".join(path.read_text() for path in files))  # pip allows no extras here


def fingerprint() -> str:
    """Return a hash of what is installed, of the set-up of .venv that it is installed into, and of where."""
    digest = hashlib.sha256(str(VENV).encode())
    for path in [REQUIREMENTS, VENV / "environment.stamp", *sorted(MESSAGES.rglob("*.*"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def build_messages() -> int:
    """Compile the benchmark's message into .venv and return the exit status."""
    build = ROOT / "build/bench_messages"
    options = {"CMAKE_BUILD_TYPE": "Release", "CMAKE_INSTALL_LIBDIR": "lib", "BUILD_TESTING": "OFF"}
    options["CMAKE_INSTALL_PREFIX"] = str(VENV)
    definitions = [f"-D{name}={value}" for name, value in options.items()]
    return run("cmake", "--fresh", "-G", "Ninja", "-S", str(MESSAGES), "-B", str(build), *definitions) or run(
        "cmake", "--build", str(build), "--target", "install"
    )


def run(*command: str) -> int:
    """Run a command with its output in the log and return its exit status."""
    environment = dict(os.environ)
    environment["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment |= dict.fromkeys(("VIRTUAL_ENV", "AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH"), str(VENV))
    with LOG.open("a") as log:
        print("$", *command, file=log, flush=True)
        return subprocess.run(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT).returncode


def say(message: str) -> None:
    """Tell the user; stdout belongs to the benchmark."""
    print(f"bench: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

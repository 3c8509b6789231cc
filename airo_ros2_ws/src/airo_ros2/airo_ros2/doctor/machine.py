"""Checks of the machine, container and login session that the processes run in."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

from airo_ros2.clean import bytes_text
from airo_ros2.doctor.check import Check, ok, problem, warning

__all__ = ["machine_checks"]

# Inode numbers that the kernel gives to the namespaces of the machine itself (PROC_PID_INIT_INO, PROC_IPC_INIT_INO).
_INITIAL_PID_NAMESPACE = 0xEFFFFFFC
_INITIAL_IPC_NAMESPACE = 0xEFFFFFFF
_FIRST_USER_ID = 1000  # below are system users, whom logind leaves alone
_FEWEST_FILES = 256
_SMALLEST_FILE = 128 * 10**6  # bytes: the frames of one 3840x2160 camera

Limit = Callable[[int], tuple[int, int]]


def machine_checks(*, root: Path = Path("/"), user_id: int, limit: Limit = resource.getrlimit) -> Iterator[Check]:
    """Yield the checks of the machine.

    Args:
        root: the file system's.
        user_id: of this process.
        limit: gives the (soft, hard) limit of a resource, as resource.getrlimit.
    """
    yield _container(root)
    yield _login(root, user_id)
    yield _limits(limit)


def _container(root: Path) -> Check:
    name = "container"
    try:
        pid, ipc = (os.stat(root / "proc/self/ns" / kind).st_ino for kind in ("pid", "ipc"))
    except OSError as error:
        return warning(name, f"/proc cannot be read: {error.strerror}", "mount /proc, which sharing needs")
    if ipc != _INITIAL_IPC_NAMESPACE:
        found = "in a container with shared memory of its own: others see its topics but get no frames"
        return warning(name, found, "docker run --ipc=host, or --ipc=container:NAME, for all that exchange frames")
    if pid != _INITIAL_PID_NAMESPACE:
        return ok(name, "in a container that shares the memory of the machine")
    return ok(name, "none")


def _login(root: Path, user_id: int) -> Check:
    """Return whether systemd-logind will remove the segments when the user logs out."""
    name = "log-out"
    configuration = root / "etc/systemd"
    files = [configuration / "logind.conf", *sorted((configuration / "logind.conf.d").glob("*.conf"))]
    files = [file for file in files if file.is_file()]
    if user_id < _FIRST_USER_ID or not files or not (root / "run/systemd/system").is_dir():
        return ok(name, "nothing removes shared memory when you log out")
    settings = [match for file in files for match in re.findall(r"(?m)^\s*RemoveIPC\s*=\s*(\w+)", file.read_text())]
    if settings and settings[-1].lower() in ("no", "false", "off", "0"):
        return ok(name, "RemoveIPC=no")
    remedy = "set RemoveIPC=no in /etc/systemd/logind.conf, run as a system user, or stay logged in"
    return warning(name, "systemd-logind removes your shared memory when you log out (RemoveIPC=yes)", remedy)


def _limits(limit: Limit) -> Check:
    name = "limits"
    files, largest, addresses = (  # -1 is no limit
        limit(kind)[0] for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_AS)
    )
    if 0 <= largest < _SMALLEST_FILE:
        return problem(name, f"files of at most {bytes_text(largest)}: segments cannot be made", "ulimit -f unlimited")
    if 0 <= addresses < 40 * _SMALLEST_FILE:
        return warning(name, f"{bytes_text(addresses)} of address space: mappings may fail", "ulimit -v unlimited")
    if 0 <= files < _FEWEST_FILES:
        return warning(name, f"{files} open files", f"ulimit -n {4 * _FEWEST_FILES}")
    return ok(name, f"{files} open files, no limit of file size and address space that matters")

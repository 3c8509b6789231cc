"""Runs a Python program with a small /dev/shm of its own: SIZE PROGRAM..., or in that of a process: =PID PROGRAM..."""

from __future__ import annotations

import os
import sys

MOUNT = 'mount -t tmpfs -o size="$0" tmpfs /dev/shm && exec "$@"'


def main() -> None:
    """Become the program."""
    where, *program = sys.argv[1:]
    command = [sys.executable, *program]
    if where.startswith("="):
        os.execvp("nsenter", ["nsenter", f"--mount=/proc/{where[1:]}/ns/mnt", *command])
    os.execvp("unshare", ["unshare", "--mount", "sh", "-c", MOUNT, where, *command])


if __name__ == "__main__":
    main()

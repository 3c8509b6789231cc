"""What the processes of a set-up print: into one file each, that is rotated, and to stderr."""

from __future__ import annotations

import logging
import os
import selectors
import threading
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

from airo_ros2.bringup.config import LogPolicy
from airo_ros2.exceptions import ConfigError

__all__ = ["ProcessLogs", "log_folder"]

LONGEST_LINE = 8192  # bytes; what is longer is cut into several


def log_folder(policy: LogPolicy, setup: str) -> Path:
    """Return where the logs of a set-up are."""
    if policy.folder:
        return Path(policy.folder)
    ros_home = Path(os.environ.get("ROS_HOME", "~/.ros")).expanduser()
    return Path(os.environ.get("ROS_LOG_DIR") or ros_home / "log") / "airo_ros2" / setup


class ProcessLogs:
    """Reads the output of all processes in one thread.

    Args:
        folder: of the files; made if it is not there.
        policy: how large they get.
        echo: gets each line, with the name of its process, in the thread.

    Raises:
        ConfigError: the folder cannot be made.
    """

    def __init__(self, folder: Path, policy: LogPolicy, *, echo: Callable[[str, str], None]) -> None:
        self.folder = folder
        self._policy = policy
        self._echo = echo
        self._last_lines: dict[str, str] = {}  # by name of the process; written by the thread, read by others
        self._handlers: dict[str, RotatingFileHandler] = {}  # by name of the process
        self._lock = threading.Lock()  # of the handlers
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        self._added: list[tuple[str, IO[bytes]]] = []  # handed to the thread through _wake
        self._is_closing = threading.Event()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot make the folder for logs {folder}: {error.strerror}") from error
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._thread.start()

    def follow(self, name: str, stream: IO[bytes]) -> None:
        """Read a process's output until its end."""
        self._added.append((name, stream))
        os.write(self._wake_write, b"+")

    def write(self, name: str, line: str) -> None:
        """Write a line to a log."""
        with self._lock:
            if name not in self._handlers:
                self._handlers[name] = self._handler(name)
            self._handlers[name].emit(logging.makeLogRecord({"msg": line}))

    def last_line(self, name: str) -> str:
        """Return the last line that a process has printed; empty if there was none."""
        return self._last_lines.get(name, "")

    def forget(self, name: str) -> None:
        """Close the file of a process that will not come back."""
        with self._lock:
            handler = self._handlers.pop(name, None)
        if handler is not None:
            handler.close()
        self._last_lines.pop(name, None)

    def close(self, timeout: float = 1.0) -> None:
        """Write what was printed before, and close all files."""
        self._is_closing.set()
        os.write(self._wake_write, b"!")
        self._thread.join(timeout)
        for name in list(self._handlers):
            self.forget(name)
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _handler(self, name: str) -> RotatingFileHandler:
        path = self.folder / f"{name.replace('/', '.')}.log"
        handler = RotatingFileHandler(
            path, maxBytes=self._policy.max_bytes, backupCount=self._policy.keep, encoding="utf-8"
        )
        handler.setFormatter(logging.Formatter("%(asctime)s.%(msecs)03d %(message)s", "%Y-%m-%d %H:%M:%S"))
        return handler

    def _run(self) -> None:
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        partial: dict[int, bytes] = {}  # by descriptor: what came after the last end of a line
        while not self._is_closing.is_set() or self._added or len(self._selector.get_map()) > 1:
            ready = self._selector.select(0.2 if self._is_closing.is_set() else None)
            if not ready:
                return  # closing, and whoever still holds a pipe is silent
            for key, _ in ready:
                if key.fd == self._wake_read:
                    self._take_added(partial)
                else:
                    self._read(key, partial)

    def _take_added(self, partial: dict[int, bytes]) -> None:
        os.read(self._wake_read, 4096)
        while self._added:
            name, stream = self._added.pop(0)
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ, name)
            partial[stream.fileno()] = b""

    def _read(self, key: selectors.SelectorKey, partial: dict[int, bytes]) -> None:
        content = os.read(key.fd, 65536)
        *lines, rest = (partial[key.fd] + content).split(b"\n")
        if (not content or len(rest) > LONGEST_LINE) and rest:
            lines, rest = [*lines, rest], b""
        for line in lines:
            self._take(key.data, line.decode(errors="replace").rstrip("\r"))
        partial[key.fd] = rest
        if not content:
            self._selector.unregister(key.fileobj)
            del partial[key.fd]
            key.fileobj.close()  # type: ignore[union-attr]  # the streams that were followed

    def _take(self, name: str, line: str) -> None:
        self._last_lines[name] = line
        self.write(name, line)
        self._echo(name, line)

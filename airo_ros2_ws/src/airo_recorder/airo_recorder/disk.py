"""Files whose writing has a thread of its own, so that a slow or failing disk meets a queue and not an encoder."""

from __future__ import annotations

import io
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from airo_recorder.exceptions import RecordingWriteError

__all__ = ["DiskFile", "DiskThread"]

_logger = logging.getLogger(__name__)
DEFAULT_QUEUE_BYTES = 64 << 20
SYNC_SECS = 0.5  # how often written bytes are forced to the disk: what a power failure takes stays below a second
Confirmed = Callable[[bool], None]


class DiskFile:
    """A file as the muxers want it: write(), seek() and tell() return at once, the disk follows.

    Used by one thread; the disk thread sees only the commands that it queues.
    """

    def __init__(self, thread: DiskThread, path: Path) -> None:
        self.path = path
        self.error: RecordingWriteError | None = None  # once set, nothing is written any more
        self.size = 0  # bytes of the file when everything queued is written
        self._thread = thread
        self._position = 0
        self._whole = 0  # bytes up to the last confirmation; the disk thread's
        self._descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o644)

    def writable(self) -> bool:
        """Return True: PyAV asks."""
        return True

    def seekable(self) -> bool:
        """Return True: PyAV asks."""
        return True

    def write(self, data: bytes) -> int:
        """Queue bytes at the position; wait while the queue is full.

        Raises:
            RecordingWriteError: the disk refused what was queued before, or hangs.
        """
        if self.error is not None:
            raise self.error
        data = bytes(data)
        try:
            self._thread.put_write(self, self._position, data)
        except RecordingWriteError as error:
            self.error = error  # there is a hole in the file now
            raise
        self._position += len(data)
        self.size = max(self.size, self._position)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def flush(self) -> None:
        """Do nothing: what was written is queued."""

    def confirm(self, confirmed: Confirmed) -> None:
        """Let the disk thread say whether everything queued so far was written: `confirmed(True)` or (False).

        What is queued so far has to be whole: a file that meets a full disk is cut off where it was confirmed last.
        """
        size = self.size

        def confirm() -> None:
            if self.error is None:
                self._whole = size
            confirmed(self.error is None)

        self._thread.put(self, confirm)

    def close(self) -> None:
        """Let the disk thread close the file when everything queued is written."""
        self._thread.put(self, self._close)

    def write_now(self, offset: int, data: bytes) -> None:
        """In the disk thread: write bytes, or remember why not."""
        if self.error is not None:
            return
        try:
            view = memoryview(data)
            while view.nbytes:
                written = os.pwrite(self._descriptor, view, offset)
                view, offset = view[written:], offset + written
        except OSError as error:
            self._fail(RecordingWriteError(f"cannot write {self.path}: {error.strerror}"))
            self._cut_off()

    def sync_now(self) -> None:
        """In the disk thread: force what was written to the disk, and see whether the file is still there."""
        if self.error is not None:
            return
        try:
            os.fdatasync(self._descriptor)
            is_gone = os.fstat(self._descriptor).st_nlink == 0
        except OSError as error:
            self._fail(RecordingWriteError(f"cannot write {self.path}: {error.strerror}"))
            return
        if is_gone:
            self._fail(RecordingWriteError(f"{self.path} was removed while it was recorded", was_removed=True))

    def _fail(self, error: RecordingWriteError) -> None:
        self.error = error
        _logger.debug("%s", error)

    def _cut_off(self) -> None:
        try:
            os.ftruncate(self._descriptor, self._whole)
        except OSError as error:  # it only leaves an incomplete picture, which readers pass over
            _logger.debug("cannot cut off %s: %s", self.path, error)

    def _close(self) -> None:
        self.sync_now()
        os.close(self._descriptor)
        self._thread.forget(self)


class DiskThread:
    """Writes the files of a recording in order.

    Args:
        max_bytes: that may wait to be written; then write() waits.
        patience: s that write() waits for the disk.
    """

    def __init__(self, *, max_bytes: int = DEFAULT_QUEUE_BYTES, patience: float = 30.0) -> None:
        self._max_bytes = max_bytes
        self._patience = patience
        self._commands: deque[tuple[int, Callable[[], None]]] = deque()  # bytes and what to do; guarded by _changed
        self._waiting_bytes = 0  # guarded by _changed
        self._is_ending = False  # guarded by _changed
        self._changed = threading.Condition()
        self._files: set[DiskFile] = set()  # open; those of the disk thread once they are queued
        self._thread = threading.Thread(target=self._run, name="disk", daemon=True)
        self._thread.start()

    def open(self, path: Path) -> DiskFile:
        """Create a file, and its folder where it is missing.

        Raises:
            RecordingWriteError: it cannot be created or exists.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                file = DiskFile(self, path)
            except FileNotFoundError:  # the folder was removed in between
                path.parent.mkdir(parents=True, exist_ok=True)
                file = DiskFile(self, path)
        except OSError as error:
            raise RecordingWriteError(f"cannot create {path}: {error.strerror}") from error
        self.put(file, lambda: self._files.add(file))
        return file

    @property
    def waiting_bytes(self) -> int:
        """Bytes that wait to be written."""
        return self._waiting_bytes

    def put_write(self, file: DiskFile, offset: int, data: bytes) -> None:
        """Queue bytes for a file; wait while too many wait."""
        self._put(file, len(data), lambda: file.write_now(offset, data))

    def put(self, file: DiskFile, command: Callable[[], None]) -> None:
        """Queue something that has to happen after everything queued so far."""
        self._put(file, 0, command)

    def forget(self, file: DiskFile) -> None:
        """In the disk thread: the file is closed."""
        self._files.discard(file)

    def close(self) -> None:
        """Do everything that is queued and end the thread."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        self._thread.join()

    def _put(self, file: DiskFile, size: int, command: Callable[[], None]) -> None:
        with self._changed:
            has_room = self._changed.wait_for(
                lambda: not size or not self._commands or self._waiting_bytes + size <= self._max_bytes, self._patience
            )
            if not has_room:
                raise RecordingWriteError(f"cannot write {file.path}: the disk took nothing for {self._patience:g} s")
            self._commands.append((size, command))
            self._waiting_bytes += size
            self._changed.notify_all()

    def _run(self) -> None:
        synced_at = time.monotonic()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._commands or self._is_ending, SYNC_SECS)
                if not self._commands and self._is_ending:
                    return
                size, command = self._commands.popleft() if self._commands else (0, None)
            if command is not None:
                command()
                with self._changed:
                    self._waiting_bytes -= size
                    self._changed.notify_all()
            if time.monotonic() - synced_at >= SYNC_SECS:
                for file in tuple(self._files):
                    file.sync_now()
                synced_at = time.monotonic()

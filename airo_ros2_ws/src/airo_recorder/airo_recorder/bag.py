"""The MCAP files of a recording: messages of all cameras, one file after another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from airo_recorder.bag_file import BagFile, Confirmed
from airo_recorder.bag_metadata import bag_metadata, write_bag_metadata
from airo_recorder.disk import DiskThread
from airo_recorder.events import Events
from airo_recorder.exceptions import RecordingWriteError
from airo_recorder.ros_messages import RosMessage
from airo_recorder.settings import RecordingSettings

__all__ = ["Bag"]

FLUSH_SECS = 0.5  # messages leave memory at least so often
Written = Callable[[str, int], None]  # with the name of the file and the number of the message on its topic
Lost = Callable[[str], None]  # with the reason


class Bag:
    """Writes messages from several threads to MCAP files.

    Args:
        folder: of the recording.
        settings: compression and when to split.
        disk: thread that writes.
        events: of the recording.
    """

    def __init__(self, folder: Path, *, settings: RecordingSettings, disk: DiskThread, events: Events) -> None:
        self.files: list[BagFile] = []  # that were begun, in order; guarded by _lock as everything here
        self._folder, self._settings, self._disk, self._events = folder, settings, disk, events
        self._file: BagFile | None = None
        self._latched: dict[tuple[str, str], RosMessage] = {}  # by topic and name: written to each file
        self._lock = threading.Lock()

    def write(self, *messages: RosMessage, written: Written | None = None, lost: Lost | None = None) -> None:
        """Write messages that belong together to one file; latched ones only where the file has them not yet.

        The disk thread calls `written` or `lost` when it is certain what became of all of them, with the number of the
        last one on its topic.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        *others, last = messages
        is_handed_over = False  # and `written` or `lost` will be called
        with self._lock:
            if self._file is not None and self._is_full(self._file):
                self._end_file()
            try:
                file = self._file or self._begin_file()
                for message in others:
                    self._write_news(file, message)
                is_handed_over = True
                self._write_news(file, last, _confirmed(file, file.contents.counts[last.topic], written, lost))
            except RecordingWriteError as error:
                if lost is not None and not is_handed_over:
                    lost(str(error))
                self._abandon(error)

    def split(self) -> None:
        """Begin another file with the next message."""
        with self._lock:
            self._end_file()

    def tick(self) -> None:
        """Let nothing stay in memory for long; call it a few times per second.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        with self._lock:
            if self._file is None:
                return
            try:
                self._file.flush(after=FLUSH_SECS)
            except RecordingWriteError as error:
                self._abandon(error)

    def close(self) -> None:
        """Write what is left, and the index.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        with self._lock:
            self._end_file()

    def write_metadata(self) -> None:
        """Write metadata.yaml.

        Raises:
            OSError: it cannot be written.
        """
        with self._lock:
            content = bag_metadata([file.contents for file in self.files]) if self.files else None
        if content is not None:
            write_bag_metadata(self._folder, content)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in tuple(self.files))

    def _begin_file(self) -> BagFile:
        path = self._folder / f"{self._folder.name}_{len(self.files)}.mcap"
        self._file = BagFile(self._disk, path, compression=self._settings.compression)
        self.files.append(self._file)
        for message in self._latched.values():
            self._file.write(message)
        return self._file

    def _write_news(self, file: BagFile, message: RosMessage, confirmed: Confirmed | None = None) -> None:
        if message.is_latched:
            before = self._latched.get((message.topic, message.latched_as))
            self._latched[message.topic, message.latched_as] = message
            if before is not None and before.data == message.data:
                return
        file.write(message, confirmed)

    def _is_full(self, file: BagFile) -> bool:
        age, settings = time.monotonic() - file.began, self._settings
        return bool(
            (settings.split_bytes and file.size >= settings.split_bytes)
            or (settings.split_secs and age >= settings.split_secs)
        )

    def _end_file(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
        except RecordingWriteError as error:
            self._give_up(file, error)

    def _abandon(self, error: RecordingWriteError) -> None:
        """Give up the file. A removed one is followed by another."""
        file, self._file = self._file, None
        if file is not None:
            file.abandon()
        self._give_up(file, error)

    def _give_up(self, file: BagFile | None, error: RecordingWriteError) -> None:
        if not error.was_removed:
            raise error
        if file is not None:
            self.files.remove(file)
        self._events.add(f"{error}: its messages are gone with it, another file begins")


def _confirmed(file: BagFile, number: int, written: Written | None, lost: Lost | None) -> Confirmed:
    def confirmed(is_written: bool) -> None:
        if is_written and written is not None:
            written(file.path.name, number)
        elif not is_written and lost is not None:
            lost(file.error_text)

    return confirmed

"""One recording: its folder, its files, its books."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from airo_recorder.bag import Bag
from airo_recorder.disk import DiskThread
from airo_recorder.events import Events
from airo_recorder.exceptions import RecordingRepairError, RecordingWriteError
from airo_recorder.ledger import Ledger
from airo_recorder.mcap_repair import repair_mcap
from airo_recorder.settings import RecordingSettings
from airo_recorder.stored_as import stored_as
from airo_recorder.target import Target

__all__ = ["SUMMARY", "Recording"]

SUMMARY = "summary.json"
_VERSION = 1


class Recording:
    """The folder of one recording, or of a snapshot.

    Args:
        folder: to make.
        cameras: names.
        settings: of the recorder.

    Raises:
        RecordingWriteError: the folder cannot be made.
    """

    def __init__(self, folder: Path, *, cameras: Sequence[str], settings: RecordingSettings) -> None:
        self.folder = folder
        self.events = Events()
        self._settings = settings
        self._started = time.time()
        self._began = time.monotonic()
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise RecordingWriteError(f"cannot create {folder}: {error.strerror}") from error
        self._disk = DiskThread()
        self.bag = Bag(folder, settings=settings, disk=self._disk, events=self.events)
        self.targets = {
            camera: Target(
                camera,
                folder,
                self._disk,
                Ledger(folder / f"{camera}.frames.csv"),
                Ledger(folder / f"{camera}.clouds.csv", is_optional=True),
                self.events,
                self.bag,
            )
            for camera in cameras
        }
        self.write_books()

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return time.monotonic() - self._began

    @property
    def written(self) -> int:
        """Frames that are on the disk."""
        return sum(target.ledger.written for target in self.targets.values())

    @property
    def lost(self) -> int:
        """Frames that were lost, of all cameras."""
        return sum(target.ledger.lost_count for target in self.targets.values())

    @property
    def lost_clouds(self) -> int:
        """Point clouds that were lost, of all cameras."""
        return sum(target.clouds.lost_count for target in self.targets.values())

    @property
    def size(self) -> int:
        """Bytes of all files. Those that are replaced or removed meanwhile do not count."""
        total = 0
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):
                        total += entry.stat().st_size
        except FileNotFoundError:
            pass  # the folder was removed: a new one is made with the next books
        return total

    @property
    def free_bytes(self) -> int:
        """Bytes that the disk has left."""
        for folder in (self.folder, *self.folder.absolute().parents):
            with suppress(FileNotFoundError):  # it may be removed at any moment
                return shutil.disk_usage(folder).free
        raise RecordingWriteError(f"{self.folder.absolute().anchor} does not exist")

    @property
    def is_disk_low(self) -> bool:
        """Whether the disk has less left than is to be kept free."""
        return self.free_bytes < self._settings.keep_free_bytes

    def write_books(self, *, state: str = "recording", reason: str = "") -> dict[str, Any]:
        """Bring sidecars, metadata and summary on the disk up to date, and return the summary.

        Raises:
            RecordingWriteError: they cannot be written.
        """
        try:
            return self._write_books(state, reason)
        except FileNotFoundError:
            pass  # the folder was removed under our hands: the next time it is made anew
        except OSError as error:
            raise self._cannot_write(error) from error
        try:
            return self._write_books(state, reason)
        except OSError as error:
            raise self._cannot_write(error) from error

    def _write_books(self, state: str, reason: str) -> dict[str, Any]:
        self.folder.mkdir(parents=True, exist_ok=True)
        # Rows refer to intrinsics in the summary: it is written first, with all that these rows need.
        ledgers = [ledger for target in self.targets.values() for ledger in (target.ledger, target.clouds)]
        pending = [(ledger, ledger.pending()) for ledger in ledgers]
        self.bag.write_metadata()
        made = self.folder / f".{SUMMARY}.new"
        summary = self.summary(state=state, reason=reason)
        made.write_text(json.dumps(summary, indent=1) + "\n")
        made.replace(self.folder / SUMMARY)
        for ledger, rows in pending:
            ledger.append(rows)
        return summary

    def _cannot_write(self, error: OSError) -> RecordingWriteError:
        return RecordingWriteError(f"cannot write in {self.folder}: {error.strerror}")

    def summary(self, *, state: str = "recording", reason: str = "") -> dict[str, Any]:
        """Return what the summary says.

        Args:
            state: recording or complete; a recording that was killed is left as recording.
            reason: why it ended, if not because it was told to.
        """
        return {
            "version": _VERSION,
            "state": state,
            "reason": reason,
            "started": self._started,
            "duration_secs": round(self.seconds, 3),
            "written": self.written,
            "lost": self.lost,
            "bytes": self.size,
            "settings": asdict(self._settings)
            | {"directory": str(self._settings.directory), "streams": list(self._settings.streams)},
            "cameras": {name: self._camera_summary(name, target) for name, target in self.targets.items()},
            "bag": {
                "files": [file.path.name for file in tuple(self.bag.files)],
                "messages": dict(sum((file.contents.counts for file in tuple(self.bag.files)), Counter())),
            },
            "events": self.events.as_list(),
        }

    def _camera_summary(self, name: str, target: Target) -> dict[str, Any]:
        texts = stored_as(name, settings=self._settings)
        streams = {
            stream: {"written": count, "as": texts[stream], "videos": list(target.files.get(stream, ()))}
            for stream, count in (target.ledger.written_by_stream() | target.clouds.written_by_stream()).items()
        }
        summary = {**target.ledger.as_dict(), "videos": list(target.files.get("image", ())), "streams": streams}
        if target.clouds.written or target.clouds.lost_count:
            summary["clouds"] = target.clouds.as_dict()
        return summary

    def close(self, *, reason: str = "") -> dict[str, Any]:
        """Write everything that is left, and return the summary.

        Args:
            reason: why it ended, if not because it was told to.
        """
        try:
            self.bag.close()
        except RecordingWriteError as error:
            reason = reason or str(error)
        self._disk.close()
        self._repair()
        try:
            return self.write_books(state="complete", reason=reason)
        except RecordingWriteError as error:
            return self.summary(state="complete", reason=reason or str(error))

    def _repair(self) -> None:
        """Give the bag's files that a full disk cut off their index; the incomplete chunk makes room for it."""
        for file in self.bag.files:
            if not file.error_text or not file.path.exists():
                continue
            try:
                repair = repair_mcap(file.path)
                self.events.add(
                    f"{file.path.name} was cut off and repaired: {repair.messages} messages in {repair.chunks} chunks"
                )
            except RecordingRepairError as error:
                self.events.add(f"{error}: try airo-ros2 recover when there is room")

"""Where the frames of one camera go: the folder of a recording, or of a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from airo_recorder.bag import Bag
from airo_recorder.disk import DiskThread
from airo_recorder.events import Events
from airo_recorder.ledger import Ledger

__all__ = ["Target"]


@dataclass(frozen=True, eq=False)
class Target:
    """Where the frames of one camera go.

    Attributes:
        camera: its name.
        folder: of the recording.
        disk: thread that writes.
        ledger: of this camera's frames.
        clouds: the same of its point clouds.
        events: of the recording.
        bag: of the recording; None for a recording of videos without tags.
        files: names of the videos that were begun, by stream, in order.
    """

    camera: str
    folder: Path
    disk: DiskThread
    ledger: Ledger
    clouds: Ledger
    events: Events
    bag: Bag | None = None
    files: dict[str, list[str]] = field(default_factory=dict)

    def new_videos(self, streams: Sequence[str], *, suffix: str) -> dict[str, Path]:
        """Return the paths of another video of each stream, all with the next number, and note their names.

        A replay finds the others by the name of the image's.
        """
        number = len(self.files.get("image", ()))
        paths = {}
        for stream in streams:
            name = self.camera if stream == "image" else f"{self.camera}.{stream}"
            paths[stream] = self.folder / f"{name}_{number:04d}.{suffix}"
            self.files.setdefault(stream, []).append(paths[stream].name)
        return paths

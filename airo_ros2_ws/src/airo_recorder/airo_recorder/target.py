"""Where the frames of one camera go: the folder of a recording, or of a snapshot."""

from __future__ import annotations

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
        ledger: of this camera.
        events: of the recording.
        bag: of the recording; None for a recording of videos without tags.
        files: names of the videos that were begun, in order.
    """

    camera: str
    folder: Path
    disk: DiskThread
    ledger: Ledger
    events: Events
    bag: Bag | None = None
    files: list[str] = field(default_factory=list)

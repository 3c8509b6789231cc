"""What the process that records is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["RecordingRequest"]


@dataclass(frozen=True)
class RecordingRequest:
    """A recording.

    Attributes:
        cameras: names.
        settings: fields of airo_recorder.settings.RecordingSettings.
        timeout: s, to wait for the first frame of each camera.
        transform: of the images of all cameras before they are encoded; gets an image and returns one. None for none.
        is_at_constant_rate: repeat images where frames are missing, at the rate of the first camera.
    """

    cameras: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = 10.0
    transform: Callable[[Any], Any] | None = None
    is_at_constant_rate: bool = False

"""Shared set-up of the tests of airo_recorder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # frames, reading

from airo_recorder.recorder import Recorder
from airo_recorder.settings import RecordingSettings


@pytest.fixture
def make_recorder(tmp_path: Path) -> Iterator[Callable[..., Recorder]]:
    """Give a function that makes recorders of the camera `front`, with settings by name; they are closed at the end."""
    made: list[Recorder] = []

    def make(*, cameras: tuple[str, ...] = ("front",), transforms: Any = None, **settings: Any) -> Recorder:
        settings.setdefault("directory", tmp_path / "recordings")
        settings.setdefault("keep_free_bytes", 0)
        made.append(Recorder(RecordingSettings(**settings), cameras, transforms=transforms))
        return made[-1]

    yield make
    for recorder in made:
        recorder.close()

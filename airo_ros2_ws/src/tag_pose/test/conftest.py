"""Shared set-up of the tests of tag_pose."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tag_renderer, under every import mode of pytest

from tag_pose.backends import BACKENDS


@pytest.fixture(params=sorted(BACKENDS))
def backend(request: pytest.FixtureRequest) -> str:
    """Name of every backend in turn; skips those whose library is not installed."""
    name = str(request.param)
    if importlib.util.find_spec(BACKENDS[name].module) is None:
        pytest.skip(f"{BACKENDS[name].distribution} is not installed")
    return name


@pytest.fixture
def photographs(photographs: Path) -> list[Path]:
    """Real photographs, each beside a .txt with reference detections."""
    return sorted(photographs.glob("*.jpg"))

"""The libraries that can find tags; each is imported only when a detector opens it."""

from __future__ import annotations

from tag_pose.backends.native import NativeBackend
from tag_pose.backends.pupil import PupilBackend
from tag_pose.backends.pyapriltags import PyapriltagsBackend

__all__ = ["BACKENDS", "NativeBackend", "PupilBackend", "PyapriltagsBackend"]

BACKENDS: dict[str, type[NativeBackend]] = {backend.name: backend for backend in (PupilBackend, PyapriltagsBackend)}

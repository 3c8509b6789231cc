"""Keeping OpenCV's own log lines away from standard error."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import cv2

__all__ = ["silent_opencv"]

_FFMPEG_LEVEL = "OPENCV_FFMPEG_LOGLEVEL"
_FFMPEG_QUIET = "-8"


@contextlib.contextmanager
def silent_opencv() -> Iterator[None]:
    """Silence OpenCV for a while, because the caller reports the failure itself.

    FFmpeg reads its level once per process, when its first file or stream is opened: if that happens in here, it
    stays silent. Levels that the user has chosen through OPENCV_LOG_LEVEL and OPENCV_FFMPEG_LOGLEVEL are kept.
    """
    level = cv2.utils.logging.getLogLevel()
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    ffmpeg_level_is_ours = _FFMPEG_LEVEL not in os.environ
    if ffmpeg_level_is_ours:
        os.environ[_FFMPEG_LEVEL] = _FFMPEG_QUIET
    try:
        yield
    finally:
        if ffmpeg_level_is_ours:
            del os.environ[_FFMPEG_LEVEL]
        cv2.utils.logging.setLogLevel(level)

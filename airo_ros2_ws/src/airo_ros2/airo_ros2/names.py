"""Names of cameras, and the topics that belong to them."""

from __future__ import annotations

import re

from airo_ros2.exceptions import CameraNameError

__all__ = ["camera_of_topic", "camera_topic", "checked_name"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*)*")


def checked_name(name: str) -> str:
    """Return the name of a camera without a leading slash.

    Raises:
        CameraNameError: ROS does not allow it.
    """
    bare = name.removeprefix("/") if isinstance(name, str) else ""
    if not _NAME.fullmatch(bare) or "__" in bare:
        raise CameraNameError(
            f"got the camera name {name!r}: expected letters, digits and single underscores, beginning with a letter, "
            "such as front or robot1/wrist"
        )
    return bare


def camera_topic(name: str, topic: str) -> str:
    """Return the full name of a camera's topic: /front/frame for front and frame."""
    return f"/{checked_name(name)}/{topic}"


def camera_of_topic(topic: str) -> str | None:
    """Return the camera to which a topic of frames belongs: front for /front/frame; None if it is no such topic."""
    name, _, last = topic.strip("/").rpartition("/")
    return name if name and last == "frame" else None

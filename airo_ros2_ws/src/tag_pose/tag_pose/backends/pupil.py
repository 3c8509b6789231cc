"""The pupil-apriltags library (AprilTag 3.1.0)."""

from __future__ import annotations

from tag_pose.backends.native import NativeBackend

__all__ = ["PupilBackend"]


class PupilBackend(NativeBackend):
    """Finds tags with pupil-apriltags."""

    name = "pupil"
    module = "pupil_apriltags"
    distribution = "pupil-apriltags"
    families = (
        "tag16h5",
        "tag25h9",
        "tag36h11",
        "tagCircle21h7",
        "tagCircle49h12",
        "tagCustom48h12",
        "tagStandard41h12",
        "tagStandard52h13",
    )

"""Parameters of the tag_pose node."""

from __future__ import annotations

from dataclasses import dataclass

from airo_frames.parameters import parameter

__all__ = ["TagPoseParameters"]


@dataclass(frozen=True)
class TagPoseParameters:
    """See the descriptions; README.md has them as a table."""

    families: list[str] = parameter(["tag36h11"], "tag families to look for")
    tag_size: float = parameter(
        0.1,
        "edge of the black border of every tag, m; 0 for unknown, then there are no poses",
        minimum=0.0,
        maximum=100.0,
    )
    backend: str = parameter("pupil", "detector library: pupil or pyapriltags")
    decimate: float = parameter(1.0, "search in an image this many times smaller", minimum=1.0, maximum=8.0)
    blur_sigma: float = parameter(0.0, "blur of the searched image, px", minimum=0.0, maximum=5.0)
    refine_edges: bool = parameter(True, "fit the edges of each tag to the image")
    sharpening: float = parameter(1.0, "sharpening of the decoded bits", minimum=0.0, maximum=10.0)
    max_hamming: int = parameter(1, "drop tags with more corrected bits", minimum=0, maximum=2)
    min_decision_margin: float = parameter(20.0, "drop tags with a smaller margin", minimum=0.0, maximum=255.0)

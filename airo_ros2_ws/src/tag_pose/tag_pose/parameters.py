"""Parameters of the tag_pose node."""

from __future__ import annotations

from dataclasses import dataclass

from airo_frames.parameters import parameter
from tag_pose.detector_settings import DetectorSettings

__all__ = ["TagPoseParameters"]


@dataclass(frozen=True)
class TagPoseParameters:
    """See the descriptions; README.md has them as a table."""

    families: list[str] = parameter(["tag36h11"], "tag families to look for", live=True)
    tag_size: float = parameter(
        0.1,
        "edge of the black border of every tag without a size in tags, m; 0 for unknown, then there are no poses",
        minimum=0.0,
        maximum=100.0,
        live=True,
    )
    tags: str = parameter("", "sizes and frames of single tags: a YAML file, or YAML in braces", live=True)
    bundles: str = parameter("", "YAML file of bundles: rigid bodies with several tags", live=True)
    backend: str = parameter("pupil", "detector library: pupil or pyapriltags", live=True)
    decimate: float = parameter(1.0, "search in an image this many times smaller", minimum=1.0, maximum=8.0, live=True)
    blur_sigma: float = parameter(0.0, "blur of the searched image, px", minimum=0.0, maximum=5.0, live=True)
    refine_edges: bool = parameter(True, "the library fits the edges of each tag to the image", live=True)
    corner_refinement: str = parameter(
        "edges", "measure corners from the edges of each tag once more: edges or none", live=True
    )
    sharpening: float = parameter(1.0, "sharpening of the decoded bits", minimum=0.0, maximum=10.0, live=True)
    max_hamming: int = parameter(1, "drop tags with more corrected bits", minimum=0, maximum=2, live=True)
    min_decision_margin: float = parameter(
        20.0, "drop tags with a smaller margin", minimum=0.0, maximum=10000.0, live=True
    )
    max_rate: float = parameter(
        0.0, "frames per second that are looked at, on average; 0 for no limit", minimum=0.0, maximum=10000.0, live=True
    )
    every_nth: int = parameter(1, "look at every nth frame", minimum=1, maximum=1000000, live=True)
    tracking_period: int = parameter(
        1, "search the whole image every nth frame, and otherwise near known tags", minimum=1, maximum=1000, live=True
    )
    newest: bool = parameter(True, "drop older frames when a newer one waits; false for recordings", live=True)
    workers: int = parameter(1, "threads, each with a detector of its own", minimum=1, maximum=64)
    transforms: str = parameter("first_camera", "tags on /tf: first_camera, camera_prefixed, configured or off")

    def detector_settings(self) -> DetectorSettings:
        """Return what a detector needs of them.

        Raises:
            DetectorSettingError: a value is out of range or unknown.
        """
        return DetectorSettings(
            families=tuple(self.families),
            backend=self.backend,
            decimate=self.decimate,
            blur_sigma=self.blur_sigma,
            refine_edges=self.refine_edges,
            corner_refinement=self.corner_refinement,
            sharpening=self.sharpening,
            max_hamming=self.max_hamming,
            min_decision_margin=self.min_decision_margin,
        )

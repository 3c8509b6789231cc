"""What is measured: frame sizes, ways to hand a frame over, numbers of readers, and the plan of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["SIZES", "WAYS", "Case", "Plan", "Size"]

IN_PLACE = "in_place"
COPY = "copy"
IDLE = "idle"
FLOOD = "flood"
WAYS = {
    IN_PLACE: "the frame is written straight into the transport's memory",
    COPY: "the frame lies in an array of the writer and is copied in",
    IDLE: "writer and readers are connected, and no frame is sent",
    FLOOD: "copied in as fast as the writer can, and copied out whole by each reader",
}


@dataclass(frozen=True)
class Size:
    """A size of frames.

    Attributes:
        title: for people.
        size_bytes: of a frame.
        message: package and class of the fixed-size message that holds it.
        rate_hz: frames per second.
    """

    title: str
    size_bytes: int
    message: str
    rate_hz: float = 60.0


SIZES = {
    "vga": Size("640x480 rgb8", 640 * 480 * 3, "airo_camera_msgs/Image640x480"),
    "fhd": Size("1920x1080 rgb8", 1920 * 1080 * 3, "airo_camera_msgs/Image1920x1080"),
    "2k": Size("2208x1242 rgb8", 2208 * 1242 * 3, "airo_camera_msgs/Image2208x1242"),
    "uhd": Size("3840x2160 rgb8", 3840 * 2160 * 3, "airo_camera_msgs/Image3840x2160"),
    "cloud": Size("32 MB point cloud", 32_000_000, "bench_transport_msgs/Cloud32MB", rate_hz=30.0),
}


@dataclass(frozen=True)
class Case:
    """One measurement of one subject.

    Attributes:
        size: key of SIZES.
        way: key of WAYS.
        readers: processes that read.
        frames: that are sent.
    """

    size: str
    way: str
    readers: int
    frames: int

    @property
    def rate_hz(self) -> float | None:
        """Frames per second; None for as fast as possible."""
        return None if self.way == FLOOD else SIZES[self.size].rate_hz

    def to_json(self) -> dict[str, Any]:
        """Return the fields that identify the case in the results."""
        return {"size": self.size, "way": self.way, "readers": self.readers}


# The goals are computed from these, so they are measured in every round.
GOAL_CASES = {
    ("fhd", IN_PLACE, 1),
    ("fhd", COPY, 1),
    ("fhd", IDLE, 1),
    ("vga", IN_PLACE, 1),
    ("uhd", IN_PLACE, 1),
    ("uhd", IN_PLACE, 2),
    ("cloud", IN_PLACE, 2),
}


@dataclass(frozen=True)
class Plan:
    """What a run measures, and how often.

    Attributes:
        sizes: keys of SIZES.
        ways: keys of WAYS.
        readers: numbers of reading processes.
        frames: of each measurement.
        rounds: of the cases that the goals are computed from.
        survey_rounds: of all others, among the first rounds.
    """

    sizes: Collection[str]
    ways: Collection[str]
    readers: Collection[int]
    frames: int
    rounds: int
    survey_rounds: int

    def cases(self, round_number: int) -> Iterator[Case]:
        """Yield the cases of a round; inside each, the subjects take turns."""
        for size in self.sizes:
            for way in self.ways:
                for readers in self.readers:
                    is_goal = (size, way, readers) in GOAL_CASES
                    # An idle pair and a flood differ little with the size: once is enough.
                    is_of_interest = way in (IN_PLACE, COPY) or readers == 1 and size in ("fhd", *self._only_size())
                    if is_of_interest and (is_goal or round_number < self.survey_rounds):
                        yield Case(size, way, readers, self.frames)

    def _only_size(self) -> tuple[str, ...]:
        return () if "fhd" in self.sizes else tuple(self.sizes)[:1]

"""What a detector looks for and how hard it tries."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass

from tag_pose.backends import BACKENDS
from tag_pose.exceptions import DetectorSettingError

__all__ = ["DetectorSettings"]

MAX_DECIMATE = 8.0
MAX_BLUR_SIGMA = 5.0
MAX_SHARPENING = 10.0
CORNER_REFINEMENTS = ("edges", "none")
MAX_HAMMING = 2  # the C library corrects no more
MAX_DECISION_MARGIN = 10_000.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DetectorSettings:
    """Settings of a detector, checked and normalised.

    Attributes:
        families: names such as "tag36h11"; short forms ("36h11", "Standard41h12", "41h12") become full names.
        backend: "pupil" (pupil-apriltags) or "pyapriltags".
        decimate: search for tags in an image this many times smaller: 1, 1.5, or a whole number up to 8.
            Faster; small tags are lost.
        blur_sigma: px, Gaussian blur of the searched image, 0 to 5; about 0.8 helps very noisy images.
        refine_edges: the library fits the edges of each tag to the image before it reads the tag. Without it corners
            are biased, the more so with decimate.
        corner_refinement: "edges" to measure corners anew, from the edges of each tag at sub-pixel steps, several times
            as exact as the libraries do; "none" to keep theirs.
        sharpening: of the decoded bits, 0 to 10; helps small tags.
        max_hamming: drop tags with more corrected bits, 0 to 2.
        min_decision_margin: drop tags with a smaller margin; margins grow with sharpening.

    Raises:
        DetectorSettingError: a value is out of range or unknown; says what was got and expected.
    """

    families: tuple[str, ...] = ("tag36h11",)
    backend: str = "pupil"
    decimate: float = 1.0
    blur_sigma: float = 0.0
    refine_edges: bool = True
    corner_refinement: str = "edges"
    sharpening: float = 1.0
    max_hamming: int = 1
    min_decision_margin: float = 20.0

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise DetectorSettingError(f"backend is {self.backend!r}: expected one of {', '.join(BACKENDS)}")
        if self.corner_refinement not in CORNER_REFINEMENTS:
            raise DetectorSettingError(
                f"corner_refinement is {self.corner_refinement!r}: expected one of {', '.join(CORNER_REFINEMENTS)}"
            )
        values: dict[str, object] = {
            "families": _families(self.families, backend=self.backend),
            "decimate": _decimate(self.decimate),
            "blur_sigma": _number("blur_sigma", self.blur_sigma, 0.0, MAX_BLUR_SIGMA),
            "refine_edges": bool(self.refine_edges),
            "sharpening": _number("sharpening", self.sharpening, 0.0, MAX_SHARPENING),
            "max_hamming": int(_whole("max_hamming", self.max_hamming, 0, MAX_HAMMING)),
            "min_decision_margin": _number("min_decision_margin", self.min_decision_margin, 0.0, MAX_DECISION_MARGIN),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._warn_of_bad_choices()

    @property
    def are_crossings(self) -> bool:
        """Whether corners are crossings of lines fitted to the edges, which a lens bends."""
        return self.refine_edges or self.corner_refinement == "edges"

    @property
    def smallest_side(self) -> int:
        """Smallest image side that the C library survives, px; nothing can be found in anything smaller."""
        # The kernel as in apriltag_detector_detect(); larger than the image it writes beyond it.
        blur_kernel = int(4 * self.blur_sigma) | 1
        return math.ceil(max(8, blur_kernel) * self.decimate)

    def _warn_of_bad_choices(self) -> None:
        if "tag16h5" in self.families:
            logger.warning("tag16h5 finds tags where there are none: choose tag36h11 or tagStandard41h12 if you can")
        if self.decimate > 1 and not self.are_crossings:
            logger.warning("decimate %g without any refinement moves corners by up to a pixel", self.decimate)


def _families(names: Iterable[str], *, backend: str) -> tuple[str, ...]:
    if isinstance(names, str):
        raise DetectorSettingError(f"families is the string {names!r}: expected a tuple of names, ({names!r},)")
    full_names = {form: family for family in BACKENDS[backend].families for form in _forms(family)}
    found: dict[str, None] = {}
    for name in names:
        family = full_names.get(str(name).strip().lower())
        if family is None:
            expected = ", ".join(BACKENDS[backend].families)
            raise DetectorSettingError(f"families has {name!r}: expected of backend {backend!r} some of {expected}")
        found[family] = None
    if not found:
        raise DetectorSettingError('families is empty: expected at least one name, for example ("tag36h11",)')
    return tuple(found)


def _forms(family: str) -> tuple[str, str, str]:
    lower = family.lower()
    without_tag = lower.removeprefix("tag")
    return lower, without_tag, without_tag.lstrip("abcdefghijklmnopqrstuvwxyz")


def _decimate(value: float) -> float:
    decimate = _number("decimate", value, 1.0, MAX_DECIMATE)
    # Other fractions make the C library cut the factor for the image but not for the corners: no tag is found.
    if decimate != 1.5 and not decimate.is_integer():
        raise DetectorSettingError(
            f"decimate is {decimate:g}: expected 1, 1.5 or a whole number up to {MAX_DECIMATE:g}"
        )
    return decimate


def _whole(name: str, value: float, low: int, high: int) -> float:
    number = _number(name, value, low, high)
    if not number.is_integer():
        raise DetectorSettingError(f"{name} is {value!r}: expected a whole number from {low} to {high}")
    return number


def _number(name: str, value: float, low: float, high: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not low <= number <= high:
        raise DetectorSettingError(f"{name} is {value!r}: expected a number from {low:g} to {high:g}")
    return number

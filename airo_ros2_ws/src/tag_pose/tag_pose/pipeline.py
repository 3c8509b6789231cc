"""Everything between a grey image and located tags that the parameters decide."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tag_pose.bundle import BundleLayout, read_bundles
from tag_pose.frame_gate import FrameGate
from tag_pose.locator import TagLocator
from tag_pose.parameters import TagPoseParameters
from tag_pose.search import TagSearch
from tag_pose.tag_table import TagTable, check_names
from tag_pose.tracking import TagTracks

__all__ = ["Pipeline"]

_SEARCH = (
    *(
        "families",
        "backend",
        "decimate",
        "blur_sigma",
        "refine_edges",
        "corner_refinement",
        "sharpening",
        "max_hamming",
    ),
    *("min_decision_margin", "tracking_period", "workers"),
)
_LOCATOR = ("tag_size", "tags", "bundles", "backend", "refine_edges", "corner_refinement")
_GATE = ("max_rate", "every_nth")


@dataclass(frozen=True, eq=False)
class Pipeline:
    """The parts that one set of parameters gives.

    Attributes:
        parameters: that it was made from.
        gate: chooses frames.
        searches: one for each worker; a worker closes its own when it gets another one.
        tracks: shared by the searches; None when every image is searched as a whole.
        table: of single tags.
        bundles: rigid bodies with several tags.
        locator: finds the poses.
    """

    parameters: TagPoseParameters
    gate: FrameGate
    searches: tuple[TagSearch, ...]
    tracks: TagTracks | None
    table: TagTable
    bundles: tuple[BundleLayout, ...]
    locator: TagLocator

    @classmethod
    def make(cls, parameters: TagPoseParameters, *, previous: Pipeline | None = None) -> Pipeline:
        """Return a pipeline; parts of the previous one whose parameters are the same are kept with what they know.

        Raises:
            DetectorSettingError: a parameter of the detector or the gate does not suit, or no detector can be made.
            TagTableError: the tags are not understood, or a bundle and a tag have the same topic.
            BundleError: the bundles are not understood.
        """

        def is_kept(names: tuple[str, ...]) -> bool:
            return previous is not None and all(
                getattr(parameters, name) == getattr(previous.parameters, name) for name in names
            )

        if previous is not None and is_kept(_LOCATOR):
            table, bundles, locator = previous.table, previous.bundles, previous.locator
        else:
            table = TagTable.read(parameters.tags)
            bundles = tuple(read_bundles(Path(parameters.bundles).expanduser())) if parameters.bundles else ()
            check_names(table, bundles)
            locator = TagLocator(
                tag_size=parameters.tag_size or None,
                tag_sizes=table.sizes,
                bundles=bundles,
                backend=parameters.backend,
                are_crossings=parameters.detector_settings().are_crossings,
            )
        if previous is not None and is_kept(_GATE):
            gate = previous.gate
        else:
            gate = FrameGate(every_nth=parameters.every_nth, max_rate=parameters.max_rate)
        if previous is not None and is_kept(_SEARCH):
            return cls(parameters, gate, previous.searches, previous.tracks, table, bundles, locator)
        settings = parameters.detector_settings()
        tracks = TagTracks(period=parameters.tracking_period) if parameters.tracking_period > 1 else None
        searches = tuple(TagSearch(settings, tracks=tracks) for _ in range(parameters.workers))
        return cls(parameters, gate, searches, tracks, table, bundles, locator)

"""The simulated camera: moving AprilTags with exact ground truth."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_camera.exceptions import SourceOpenError, SourceReadError
from airo_camera.sources.depth_rendering import DepthRenderer
from airo_camera.sources.lens import round_trip_error
from airo_camera.sources.pacing import Pacer
from airo_camera.sources.rendering import Renderer
from airo_camera.sources.retrieval import check_target, not_open
from airo_camera.sources.scene import Scene
from airo_camera.sources.second_view import left_from_right, seen_from_right
from airo_camera.sources.simulated_options import SimulatedOptions
from airo_camera.sources.source import GrabbedImage, RightView, Source, TagTruth

__all__ = ["SimulatedSource"]


class SimulatedSource(Source):
    """A camera that sees AprilTags; image k is the same in each run with the same options.

    With pace=realtime it is live: an image that is fetched too late is skipped. With pace=fast none is.

    Args:
        options: what it sees and how; the default is four moving tags at 1280 x 720 and 30 images per second.
        pacer: schedule of the images, for tests.
    """

    def __init__(self, options: SimulatedOptions | None = None, *, pacer: Pacer | None = None) -> None:
        self.options = SimulatedOptions() if options is None else options
        self.is_live = self.options.pace == "realtime"
        self.fps = self.options.fps
        self._given_pacer = pacer
        self._intrinsics = self.options.intrinsics()
        self._pacer = Pacer()
        self._scene: Scene | None = None
        self._renderer: Renderer | None = None
        self._right_renderer: Renderer | None = None  # of stereo cameras
        self._depth_renderer: DepthRenderer | None = None  # of cameras with depth
        self._right_tags: tuple[TagTruth, ...] = ()
        self._next_index = 0
        self._grabbed: GrabbedImage | None = None
        self._grabbed_index = 0
        self._right: RightView | None = None  # of stereo cameras

    def open(self) -> None:
        """Prepare what is the same in each image.

        Raises:
            SourceOpenError: the distortion is so strong that pixels have no ray.
        """
        error = round_trip_error(size_wh=self.options.size_wh, intrinsics=self._intrinsics)
        if not error < 0.01:
            raise SourceOpenError(
                f"the simulated lens folds the image over ({error:.2g} px off at the border): "
                "expected weaker distortion or a longer focal length"
            )
        self._pacer = Pacer() if self._given_pacer is None else self._given_pacer
        self._scene = Scene(self.options, intrinsics=self._intrinsics)
        self._renderer = Renderer(self.options, intrinsics=self._intrinsics)
        wall, baseline = self._scene.wall, self.options.stereo
        if self.options.has_depth:
            self._depth_renderer = DepthRenderer(self.options, intrinsics=self._intrinsics, wall=wall)
        if baseline > 0:
            self._right = RightView(left_from_right(baseline), self._intrinsics)
            self._right_renderer = Renderer(self.options, intrinsics=self._intrinsics, wall=wall, baseline=baseline)
        self._next_index = 0

    def grab(self) -> GrabbedImage:
        """Wait until the next image is due.

        Raises:
            SourceReadError: the source is not open.
        """
        if self._scene is None:
            raise not_open(self)
        index = self._next_index
        if self.is_live:
            index = self._pacer.wait_for_newest(index, period=1 / self.options.fps)
        stamp_nanos = time.time_ns()
        tags = self._scene.tags_at(index / self.options.fps)
        if self._right is not None and (self._grabbed is None or tags is not self._grabbed.tags):
            self._right_tags = seen_from_right(tags, baseline=self.options.stereo, intrinsics=self._intrinsics)
        self._grabbed = GrabbedImage(
            stamp_nanos,
            self.options.size_wh,
            self.options.encoding,
            self._intrinsics,
            tags,
            has_depth=self.options.has_depth,
            has_confidence=self.options.has_depth,
            right=self._right,
        )
        self._grabbed_index = index
        self._next_index = index + 1
        return self._grabbed

    def retrieve(self, out: NDArray[Any]) -> None:
        """Draw the grabbed image straight into `out`, without reading it.

        Args:
            out: contiguous array of the grabbed encoding's shape and dtype.

        Raises:
            SourceReadError: nothing was grabbed.
            ArrayContractError: `out` has another shape, dtype or layout.
        """
        grabbed = check_target(out, self._grabbed)
        if self._renderer is None:
            raise not_open(self)
        self._renderer.draw(grabbed.tags, index=self._grabbed_index, out=out)

    def retrieve_depth(self, out: NDArray[np.float32]) -> None:
        """Write the exact depth of the grabbed image; see Source."""
        renderer, tags = self._with_depth()
        renderer.depth(tags, out=out)

    def retrieve_confidence(self, out: NDArray[np.float32]) -> None:
        """Write 0 where a pixel sees two surfaces, and 1 elsewhere; see Source."""
        renderer, tags = self._with_depth()
        renderer.confidence(tags, out=out)

    def _with_depth(self) -> tuple[DepthRenderer, tuple[TagTruth, ...]]:
        if self._depth_renderer is None or self._grabbed is None:
            raise SourceReadError("there is no depth to retrieve: use the option depth=1, and call grab() first")
        return self._depth_renderer, self._grabbed.tags

    def retrieve_right(self, out: NDArray[Any]) -> None:
        """Draw the right view of the grabbed image straight into `out`; see Source."""
        check_target(out, self._grabbed)
        if self._right_renderer is None:
            raise SourceReadError("there is no right view to retrieve: use the option stereo")
        self._right_renderer.draw(self._right_tags, index=self._grabbed_index, out=out)

    def close(self) -> None:
        """Release what open() prepared."""
        self._scene = None
        self._renderer = self._right_renderer = self._depth_renderer = None
        self._grabbed = None

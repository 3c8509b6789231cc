"""The simulated camera: moving AprilTags with exact ground truth."""

from __future__ import annotations

import time
from typing import Any

from numpy.typing import NDArray

from airo_camera.exceptions import SourceOpenError
from airo_camera.sources.lens import round_trip_error
from airo_camera.sources.pacing import Pacer
from airo_camera.sources.rendering import Renderer
from airo_camera.sources.retrieval import check_target, not_open
from airo_camera.sources.scene import Scene
from airo_camera.sources.simulated_options import SimulatedOptions
from airo_camera.sources.source import GrabbedImage, Source

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
        self._next_index = 0
        self._grabbed: GrabbedImage | None = None
        self._grabbed_index = 0

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
        self._grabbed = GrabbedImage(stamp_nanos, self.options.size_wh, self.options.encoding, self._intrinsics, tags)
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

    def close(self) -> None:
        """Release what open() prepared."""
        self._scene = None
        self._renderer = None
        self._grabbed = None

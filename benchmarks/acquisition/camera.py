"""A camera node that prints the stamps of its frames: `python -m acquisition.camera SECONDS FPS --ros-args ...`."""

from __future__ import annotations

import json
import sys
import time

from rclpy.node import Node
from rclpy.task import Future

from airo_camera.capture import Capture
from airo_camera.frame_sink import TopicFrameSink
from airo_camera.sources.source import GrabbedImage, Source
from airo_camera.sources.spec import make_source
from airo_frames.node_main import run_node

__all__ = ["main"]

WARM_UP_SECS = 1.0


class _NotingSink:
    """Publishes like the camera node, and notes the stamp of each frame."""

    def __init__(self, node: Node) -> None:
        self.stamps: list[int] = []
        self._sink = TopicFrameSink(node, frame_id="bench_optical_frame", depth=4, calibration=None)
        self.close = self._sink.close

    def write(self, source: Source, grabbed: GrabbedImage, *, sequence: int) -> None:
        """Publish and note."""
        self._sink.write(source, grabbed, sequence=sequence)
        self.stamps.append(grabbed.stamp_nanos)


class _Camera:
    """What run_node runs: ends after the time given."""

    def __init__(self, node: Node, *, seconds: float, fps: float) -> None:
        self.node = node
        self.finished = Future()
        self.sink = _NotingSink(node)
        # A still scene is drawn once: like a driver, the source then only fills the slot.
        source = make_source(f"sim:?width=640&height=480&motion=0&fps={fps:g}")
        self._capture = Capture(source, self.sink, finished=lambda error: None)
        self._capture.start()
        self._until = time.monotonic() + seconds
        node.create_timer(0.05, self._tick)

    def _tick(self) -> None:
        if time.monotonic() > self._until and not self.finished.done():
            self.finished.set_result(None)

    def close(self) -> None:
        """End capturing."""
        self._capture.close()
        self.sink.close()


def main() -> int:
    """Run, and print the stamps after the warm-up as a JSON list of ns."""
    seconds, fps = map(float, sys.argv[1:3])
    made: list[_Camera] = []

    def make(node: Node) -> _Camera:
        made.append(_Camera(node, seconds=seconds + WARM_UP_SECS, fps=fps))
        return made[0]

    status = run_node(make, name="camera", args=sys.argv)
    stamps = made[0].sink.stamps if made else []
    print(json.dumps([stamp for stamp in stamps if stamp >= stamps[0] + WARM_UP_SECS * 1e9]))
    return status


if __name__ == "__main__":
    sys.exit(main())

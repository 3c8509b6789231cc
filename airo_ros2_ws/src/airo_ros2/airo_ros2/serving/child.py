"""The process of a served camera: `python -m airo_ros2.serving.child DESCRIPTOR`, with the request on its stdin."""

from __future__ import annotations

import logging
import sys
from functools import partial
from pathlib import Path

from rclpy.node import Node
from rclpy.task import Future

from airo_camera.calibration import read_calibration
from airo_camera.capture import Capture
from airo_camera.frame_sink import TopicFrameSink
from airo_camera.sources.airo import AiroSource
from airo_camera.sources.source import GrabbedImage, Source
from airo_camera.sources.spec import make_source
from airo_frames.node_main import finish, run_node
from airo_ros2.serving.events import ENDED, READY, Event, EventWriter
from airo_ros2.serving.lifeline import Lifeline
from airo_ros2.serving.request import ServingRequest, read_object
from rclpy_loans.orphans import remove_orphans

__all__ = ["ServedCamera", "main"]


class ServedCamera:
    """Publishes one camera, and tells what becomes of it.

    Args:
        node: to publish on.
        request: what to publish.
        events: who is told.

    Raises:
        CameraError: the source or the calibration is not understood.
    """

    def __init__(self, node: Node, *, request: ServingRequest, events: EventWriter) -> None:
        self.node = node
        self.finished = Future()
        self._events = events
        calibration = read_calibration(Path(request.calibration)) if request.calibration else None
        self._sink = TopicFrameSink(
            node,
            frame_id=request.frame_id or f"{request.name.replace('/', '_')}_optical_frame",
            depth=request.depth,
            calibration=calibration,
        )
        self._capture = Capture(
            _source_of(request), _ServingSink(self._sink, request.family, events), finished=self._on_finished
        )
        self._capture.start()

    def close(self) -> None:
        """End capturing."""
        self._capture.close()
        self._sink.close()

    def _on_finished(self, error: Exception | None) -> None:
        if not self.finished.done():
            if error is None:
                self._events.write(Event(ENDED))
            else:
                self._events.write_error(error)
        finish(self.finished, None)  # it has been told: run_node need not tell it again


class _ServingSink:
    """Publishes what is asked for, and tells when the first frame is out."""

    def __init__(self, sink: TopicFrameSink, family: str, events: EventWriter) -> None:
        self._sink = sink
        self._family = family
        self._events = events
        self._is_first = True

    def write(self, source: Source, grabbed: GrabbedImage, *, sequence: int) -> None:
        """Publish a frame."""
        self._sink.write(source, grabbed.within(self._family), sequence=sequence)
        if self._is_first:
            self._is_first = False
            self._events.write(Event(READY))


def _source_of(request: ServingRequest) -> Source:
    if isinstance(request.camera, str):
        return make_source(request.camera, rate=request.rate, loop=request.loop)
    name = getattr(request.camera, "__qualname__", type(request.camera).__name__)
    return AiroSource(partial(request.camera, **request.camera_kwargs), name=name, rate=request.rate)


class _Maker:
    """Makes the camera, and ends it when the lifeline is cut."""

    def __init__(self, request: ServingRequest, events: EventWriter) -> None:
        self._request = request
        self._events = events
        self._camera: ServedCamera | None = None
        self._lifeline = Lifeline(self._end)

    def __call__(self, node: Node) -> ServedCamera:
        try:
            self._camera = ServedCamera(node, request=self._request, events=self._events)
        except Exception as error:
            self._events.write_error(error)
            raise SystemExit(1) from None  # it has been told: run_node need not tell it again
        if self._lifeline.is_cut:
            self._end()
        return self._camera

    def _end(self) -> None:
        if self._camera is not None:
            finish(self._camera.finished, None)


def main(argv: list[str] | None = None) -> int:
    """Serve the camera that is requested on stdin until it ends or stdin does."""
    arguments = sys.argv[1:] if argv is None else argv
    events = EventWriter(int(arguments[0]))
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    try:
        request: ServingRequest = read_object(0)
        ros_arguments = ["--ros-args", "-r", f"__ns:=/{request.name}", "--log-level", "warn"]
        status = run_node(_Maker(request, events), name="camera", args=ros_arguments)
    except Exception as error:  # whatever the user's camera does while it is unpickled, imported or made
        events.write_error(error)
        return 1
    finally:
        remove_orphans()  # of the program that started us, if it was killed
    return status


if __name__ == "__main__":
    sys.exit(main())

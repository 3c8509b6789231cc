"""The process that records: `python -m airo_ros2.recording.child DESCRIPTOR`, with the request on its stdin."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from airo_frames.exceptions import FrameTimeoutError
from airo_frames.frame import Frame
from airo_frames.interruption import Interruption
from airo_ros2.exceptions import ClosedError
from airo_ros2.frame_reader import FrameReader
from airo_ros2.recording.request import RecordingRequest
from airo_ros2.serving.events import ENDED, READY, Event, EventWriter
from airo_ros2.serving.lifeline import Lifeline
from airo_ros2.serving.request import read_object
from airo_ros2.session import shutdown

__all__ = ["main"]

POLL_SECS = 0.1
TAKE_SECS = 0.5
GRACE_SECS = 60.0  # for what waits to be encoded and written


def main(argv: list[str] | None = None) -> int:
    """Record what is requested on stdin until stdin ends, a signal comes or the recording ends by itself."""
    arguments = sys.argv[1:] if argv is None else argv
    events = EventWriter(int(arguments[0]))
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    interruption = Interruption()
    interruption.install()
    is_over = threading.Event()
    try:
        request: RecordingRequest = read_object(0)
        Lifeline(is_over.set, grace=GRACE_SECS)
        summary = _record(request, is_over, interruption, events)
    except Exception as error:  # also what the user's transform does while it is unpickled
        events.write_error(error)
        return 1
    finally:
        shutdown()
    events.write(Event(ENDED, text=json.dumps(summary)))
    return 0


def _record(
    request: RecordingRequest, is_over: threading.Event, interruption: Interruption, events: EventWriter
) -> dict[str, Any]:
    """Record, and return the summary with the folder."""
    # Here, so that a missing part of it is an error that arrives in the script.
    from airo_recorder.recorder import Recorder
    from airo_recorder.settings import RecordingSettings

    readers = {name: FrameReader(name, Frame, node=None) for name in request.cameras}
    for reader in readers.values():
        reader.peek(request.timeout)
    settings = dict(request.settings)
    if request.is_at_constant_rate:
        settings["rate"] = readers[request.cameras[0]].measure_rate(request.timeout)
    transform = None if request.transform is None else _as_transform(request.transform)
    recorder = Recorder(
        RecordingSettings(**settings | {"directory": Path(settings.get("directory", "recordings"))}),
        request.cameras,
        transforms=dict.fromkeys(request.cameras, transform) if transform is not None else None,
        ended=lambda summary: is_over.set(),
    )
    try:
        folder = recorder.start()
        threads = [
            threading.Thread(target=_offer, args=(reader, recorder.cameras[name], is_over), name=f"read {name}")
            for name, reader in readers.items()
        ]
        for thread in threads:
            thread.start()
        events.write(Event(READY, text=str(folder.absolute())))
        while not is_over.wait(POLL_SECS) and not interruption.is_set:
            pass
        is_over.set()
        for thread in threads:
            thread.join()
        return {**recorder.finish(), "folder": str(folder.absolute())}
    finally:
        recorder.close()


def _offer(reader: FrameReader[Frame], camera: Any, is_over: threading.Event) -> None:
    while not is_over.is_set():
        try:
            camera.offer(reader.take(TAKE_SECS, newest=False))
        except FrameTimeoutError:
            continue  # the camera is slow, or has gone and may come back; the recording's books tell
        except ClosedError:
            return


def _as_transform(function: Callable[[Any], Any]) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Return a transform of airo_recorder: of the head of a frame and its image."""

    def transform(head: Any, image: Any) -> tuple[Any, Any]:
        made = function(image)
        return replace(head, size_wh=(made.shape[1], made.shape[0]), intrinsics=None), made

    return transform


if __name__ == "__main__":
    sys.exit(main())

"""The thread that relays the frames of one camera, as long as somebody subscribes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from rclpy.executors import ExternalShutdownException

from airo_frames import EncodingError, FrameOverwrittenError, FrameSubscription, FrameTimeoutError
from airo_view.relay.outputs import Outputs

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["CameraRelay"]

_logger = logging.getLogger(__name__)
WAIT_SECS = 0.2  # how soon the thread notices that nobody subscribes any more, or that it should end
LOOK_SECS = 0.1  # how soon it notices that somebody subscribes


class CameraRelay:
    """Reads frames of one camera where they lie, while somebody subscribes to what is made of them.

    While nobody does, it does not subscribe to the camera, either: it costs a look at the outputs, ten times a second.

    Args:
        node: subscribes.
        camera: its name.
        outputs: closed by close().
        failed: called in the thread with an error that ended it.
    """

    def __init__(self, node: Node, camera: str, outputs: Outputs, *, failed: Callable[[Exception], None]) -> None:
        self.camera = camera
        self.touched = 0  # frames that were looked at
        self.overwritten = 0  # of them, those that the camera reused before they were copied; they were not published
        self._node = node
        self._outputs = outputs
        self._failed = failed
        self._closing = threading.Event()
        self._last_sequence = 0
        self._last_complaint = ""
        self._thread = threading.Thread(target=self._run, name=f"relay of {camera}", daemon=True)
        self._thread.start()

    def close(self, timeout: float) -> None:
        """Stop relaying.

        Args:
            timeout: s, at most, to wait for the thread.
        """
        self._closing.set()
        self._thread.join(timeout)
        self._outputs.close()

    def _run(self) -> None:
        try:
            while not self._closing.wait(LOOK_SECS):
                if self._outputs.is_wanted:
                    self._relay()
        except ExternalShutdownException:
            pass
        except Exception as error:  # must end the node with its reason, not a silent thread
            if not self._closing.is_set():
                self._failed(error)

    def _relay(self) -> None:
        frames = FrameSubscription(self._node, f"/{self.camera}/frame")
        try:
            while self._outputs.is_wanted and not self._closing.is_set():
                try:
                    self._relay_one(frames)
                except FrameTimeoutError:
                    continue
                except FrameOverwrittenError:
                    self.overwritten += 1
                except EncodingError as error:
                    self._complain(str(error))
        finally:
            frames.close()

    def _relay_one(self, frames: FrameSubscription) -> None:
        frame = frames.take(WAIT_SECS)
        if frame.sequence == self._last_sequence:  # a camera in lockstep repeats itself
            return
        self.touched += 1
        if self._outputs.publish(frame):
            self._last_sequence = frame.sequence
        else:
            self.overwritten += 1

    def _complain(self, text: str) -> None:
        """Say why nothing is relayed, once as long as it is the same."""
        if text != self._last_complaint:
            self._last_complaint = text
            _logger.warning("%s: %s", self.camera, text)

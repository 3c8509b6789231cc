"""`airo-ros2 record`: record running cameras until it is over, and tell how it goes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions

from airo_frames.interruption import Interruption
from airo_recorder.exceptions import RecordingWriteError
from airo_recorder.node import RecorderNode
from airo_ros2.exceptions import NoResultError
from airo_ros2.record.progress_text import progress_text, summary_text
from rclpy_loans import apply_profile

__all__ = ["RecordOptions", "run_record"]

SPIN_SECS = 0.05  # how soon a signal is noticed
WAIT_SECS = 5.0  # for the first frame of each camera
PROGRESS_SECS = 1.0
GONE_SECS = 2.0  # without its publisher for so long, a camera in lockstep has come to its end


@dataclass(frozen=True)
class RecordOptions:
    """What to record and how to tell of it.

    Attributes:
        parameters: of the recorder node, as far as they were given.
        duration: end after so many s; None for Ctrl-C.
        json: print the summary as one JSON object and nothing else.
    """

    parameters: dict[str, Any] = field(default_factory=dict)
    duration: float | None = None
    json: bool = False


def run_record(options: RecordOptions, *, interruption: Interruption, write: Callable[[str], None]) -> int:
    """Record until it is over, and return status 0.

    Args:
        options: what to record.
        interruption: ends it.
        write: prints a line.

    Raises:
        RecorderError: the settings do not suit, or the recording could not go on.
        NoResultError: a camera does not run.
    """
    apply_profile()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    given = options.parameters | {"autostart": False}
    overrides = [Parameter(name, value=value) for name, value in given.items()]
    try:
        node = rclpy.create_node("recorder", parameter_overrides=overrides)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        try:
            recorder = RecorderNode(node, ended=lambda summary: None)  # the command tells of it when it ends
            try:
                return _Run(node, recorder, executor, options, interruption, write).record()
            finally:
                recorder.close()
        finally:
            executor.shutdown()
            node.destroy_node()
    finally:
        rclpy.try_shutdown()


class _Run:
    """One run of the command."""

    def __init__(
        self,
        node: Node,
        recorder: RecorderNode,
        executor: SingleThreadedExecutor,
        options: RecordOptions,
        interruption: Interruption,
        write: Callable[[str], None],
    ) -> None:
        self._node = node
        self._recorder = recorder
        self._executor = executor
        self._options = options
        self._interruption = interruption
        self._write = write
        self._is_terminal = sys.stdout.isatty() and not options.json

    def record(self) -> int:
        self._wait_for_cameras()
        if self._interruption.is_set:
            return 0
        core = self._recorder.recorder
        folder = core.start()
        self._say(f"recording to {folder}; end it with Ctrl-C")
        self._watch()
        summary = core.finish()
        if summary["reason"]:
            raise RecordingWriteError(f"the recording in {folder} ended by itself: {summary['reason']}")
        if self._options.json:
            self._write(json.dumps({"folder": str(folder), **summary}))
        else:
            self._say(("\n" if self._is_terminal else "") + summary_text(folder, summary))
        if summary["written"] == 0:
            raise NoResultError(f"no frame was recorded in {folder}")
        return 0

    def _wait_for_cameras(self) -> None:
        deadline = time.monotonic() + WAIT_SECS
        while waiting := [r.camera for r in self._recorder.frame_readers if not r.has_received]:
            self._spin()
            if self._interruption.is_set:
                return
            if time.monotonic() > deadline:
                raise NoResultError(
                    f"no frame came on {', '.join(f'/{name}/frame' for name in waiting)} within {WAIT_SECS:g} s: "
                    f"start the camera, or check its name and ROS_DOMAIN_ID ({self._node.context.get_domain_id()})"
                )

    def _watch(self) -> None:
        core, duration = self._recorder.recorder, self._options.duration
        start = next_line = present = time.monotonic()
        while not self._interruption.is_set and core.progress().state != "stopped":
            self._spin()
            now = time.monotonic()
            if duration is not None and now - start >= duration:
                return
            if any(reader.is_published for reader in self._recorder.frame_readers):
                present = now
            if core.settings.no_loss and now - present > GONE_SECS:
                return
            if now >= next_line:
                next_line = now + PROGRESS_SECS
                self._show(progress_text(core.progress()))

    def _spin(self) -> None:
        self._executor.spin_once(timeout_sec=SPIN_SECS)
        if self._recorder.finished.done():
            self._recorder.finished.result()  # raises what ended a reader

    def _show(self, line: str) -> None:
        if self._is_terminal:
            sys.stdout.write(f"\r\x1b[K{line}")
            sys.stdout.flush()
        else:
            self._say(line)

    def _say(self, line: str) -> None:
        if not self._options.json:
            self._write(line)

"""Receiving what tag_pose finds, camera by camera."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from airo_camera_msgs.msg import TagDetections
from rclpy.node import Node
from std_msgs.msg import UInt64

from airo_ros2.bringup.results import FrameResult
from rclpy_loans import LoanPublisher, LoanSubscription, Sample, SampleOverwrittenError, loan_qos

__all__ = ["CameraResults", "SetupResults"]


class CameraResults:
    """Receives the results of one camera.

    Args:
        node: whose executor delivers them.
        camera: its name.
        lockstep: acknowledge each result.
        on_result: gets each result once.
    """

    def __init__(self, node: Node, camera: str, *, lockstep: bool, on_result: Callable[[FrameResult], None]) -> None:
        self.count = 0
        self.last_time = time.monotonic()
        self._camera = camera
        self._on_result = on_result
        self._last: tuple[int, int] = (0, 0)  # number and stamp of the last one
        qos = loan_qos(16, reliable=True)
        self._subscription = LoanSubscription(
            node, TagDetections, f"/{camera}/tags", self._on_sample, qos=qos, newest=False
        )
        self._processed = LoanPublisher(node, UInt64, f"/{camera}/processed", qos=qos) if lockstep else None

    def _on_sample(self, sample: Sample) -> None:
        try:
            result = FrameResult.from_message(self._camera, sample.copy())
        except SampleOverwrittenError:
            return  # in lockstep it comes again; otherwise the next one is on its way
        if (result.sequence, result.stamp_nanos) != self._last:
            self._last = result.sequence, result.stamp_nanos
            self.count += 1
            self.last_time = time.monotonic()
            self._on_result(result)
        if self._processed is not None:
            with self._processed.loan() as message:
                message["data"] = result.sequence

    def close(self) -> None:
        """Stop receiving."""
        self._subscription.close()
        if self._processed is not None:
            self._processed.close()


class SetupResults:
    """Receives the results of the cameras that there are.

    Args:
        node: whose executor delivers them.
        lockstep: names of the cameras whose results are acknowledged.
        on_result: gets each result once, with how many of its camera there were, this one included.
    """

    def __init__(self, node: Node, *, lockstep: frozenset[str], on_result: Callable[[FrameResult, int], None]) -> None:
        self._node = node
        self._lockstep = lockstep
        self._on_result = on_result
        self._cameras: dict[str, CameraResults] = {}

    def follow(self, cameras: Iterable[str]) -> None:
        """Receive from these cameras, and from no other."""
        wanted = set(cameras)
        for name in self._cameras.keys() - wanted:
            self._cameras.pop(name).close()
        for name in wanted - self._cameras.keys():
            self._cameras[name] = CameraResults(
                self._node,
                name,
                lockstep=name in self._lockstep,
                on_result=lambda result: self._on_result(result, self._cameras[result.camera].count),
            )

    def __len__(self) -> int:
        return len(self._cameras)

    @property
    def fewest(self) -> int:
        """Results of the camera that has fewest; 0 without any."""
        return min((results.count for results in self._cameras.values()), default=0)

    def is_drained(self, camera: str, now: float, *, after: float) -> bool:
        """Return whether a camera had no result for `after` s."""
        return camera not in self._cameras or now - self._cameras[camera].last_time > after

    def close(self) -> None:
        """Stop receiving."""
        self.follow(())

"""Subscriptions to every stream of frames and tags in a ROS domain."""

from __future__ import annotations

import logging
import time
from typing import Any

from airo_camera_msgs.msg import TagDetections
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.node import Node

from airo_frames.formats import message_named
from airo_frames.stamps import read_stamp
from airo_ros2.top.meter import StreamMeter, StreamStats
from rclpy_loans import LoanSubscription, Sample, loan_qos
from rclpy_loans.shared_memory import segment_path

__all__ = ["Streams"]

_logger = logging.getLogger(__name__)
RCLError = _rclpy.RCLError
_TAGS_TYPE = "airo_camera_msgs/msg/TagDetections"
_DEPTH = 64  # messages that may wait: none is skipped while a table is printed


class _Stream:
    """One topic with one message class."""

    def __init__(self, node: Node, topic: str, type_name: str, msg_type: Any) -> None:
        self.type_name = type_name
        self._node = node
        self._meter = StreamMeter(topic, msg_type.__name__, now=time.monotonic())
        self._spoilt = 0  # messages that were overwritten while their head was read, in this interval
        self._counted_overwritten = 0  # of the subscription, before this interval
        self._subscription = LoanSubscription(
            node, msg_type, topic, self._on_sample, qos=loan_qos(_DEPTH), newest=False
        )

    def _on_sample(self, sample: Sample) -> None:
        now_nanos = time.time_ns()
        sequence, stamp = int(sample["sequence"]), sample["stamp"].copy()
        if not sample.is_valid():
            self._spoilt += 1
            return
        self._meter.add(
            publisher=sample.info.publisher_gid,
            sequence=sequence,
            latency_nanos=now_nanos - read_stamp(stamp),
            is_zero_copy=sample.is_zero_copy,
        )

    def end_interval(self) -> StreamStats:
        """Return what was measured since the last call, and begin anew."""
        topic = self._meter.topic
        publishers = self._node.get_publishers_info_by_topic(topic)
        overwritten = self._subscription.overwritten
        spoilt = self._spoilt + overwritten - self._counted_overwritten
        self._spoilt, self._counted_overwritten = 0, overwritten
        return self._meter.end_interval(
            now=time.monotonic(),
            overwritten=spoilt,
            readers=max(0, self._node.count_subscribers(topic) - 1),
            memory_bytes=sum(_segment_bytes(bytes(info.endpoint_gid)) for info in publishers),
        )

    def close(self) -> None:
        """Stop measuring."""
        self._subscription.close()


class Streams:
    """Follows the streams of a domain: subscribes to new ones, and lets go of those that have ended.

    Args:
        node: whose executor delivers the messages.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._streams: dict[str, _Stream] = {}  # by topic

    def __len__(self) -> int:
        return len(self._streams)

    def follow(self) -> None:
        """Look at what is published now."""
        published = self._published()
        for topic in [t for t, stream in self._streams.items() if stream.type_name not in published.get(t, ())]:
            self._streams.pop(topic).close()
        for topic in published.keys() - self._streams.keys():
            self._subscribe(topic, published[topic][-1])

    def end_interval(self) -> list[StreamStats]:
        """Return what was measured of each stream since the last call, by topic."""
        return [self._streams[topic].end_interval() for topic in sorted(self._streams)]

    def close(self) -> None:
        """Let go of all streams."""
        for stream in self._streams.values():
            stream.close()
        self._streams.clear()

    def _published(self) -> dict[str, list[str]]:
        """Return the types of frames or tags on each topic that has a publisher."""
        found = {}
        for topic, type_names in self._node.get_topic_names_and_types():
            if any(_message_class(type_name) is not None for type_name in type_names):
                types = [info.topic_type for info in self._node.get_publishers_info_by_topic(topic)]
                known = [type_name for type_name in types if _message_class(type_name) is not None]
                if known:
                    found[topic] = known
        return found

    def _subscribe(self, topic: str, type_name: str) -> None:
        try:
            self._streams[topic] = _Stream(self._node, topic, type_name, _message_class(type_name))
        except RCLError as error:
            # A participant has one type per topic, and an executor may still wait for the one just closed: next time.
            _logger.debug("cannot subscribe to %s yet: %s", topic, error)


def _message_class(type_name: str) -> Any:
    """Return the message class of frames or tags; None if it is something else."""
    if type_name == _TAGS_TYPE:
        return TagDetections
    frame_format = message_named(type_name)
    return None if frame_format is None else frame_format.msg_type


def _segment_bytes(publisher: bytes) -> int:
    try:
        return segment_path(publisher).stat().st_size
    except FileNotFoundError:  # it does not share, or has gone
        return 0

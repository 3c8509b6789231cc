"""What the subscriptions to frames and to point clouds have in common."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.qos import QoSProfile

from airo_frames.exceptions import EncodingError, FrameOverwrittenError, FrameTimeoutError
from airo_frames.formats import FrameFormat, all_formats, message_named
from airo_frames.hosts import is_on_this_host
from airo_frames.remote_stream import compressed_topic
from airo_frames.shared_view import SharedView
from rclpy_loans import LoanSubscription, Sample, SubscriptionError, TakeTimeoutError

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["RemoteSource", "StreamSubscription"]

ViewT = TypeVar("ViewT", bound=SharedView)
RemoteT = TypeVar("RemoteT", bound=SharedView, covariant=True)

RCLError = _rclpy.RCLError
_logger = logging.getLogger(__name__)
_FOLLOW_PERIOD_SECS = 0.1  # how soon a camera that starts, or restarts with another message class, is noticed
_SILENT_SECS = 1.0  # a killed camera is still listed for 5 s: a silent one gives way to one of another message class


class RemoteSource(Protocol[RemoteT]):
    """What stands in for a camera that is on another host; RemoteFrames is one."""

    def take(self, timeout: float, *, newest: bool = True) -> RemoteT:
        """Wait for a frame."""

    def close(self) -> None:
        """Stop receiving."""


class StreamSubscription(Generic[ViewT]):
    """Receives what one camera publishes, whatever message class it uses, also when it is restarted with another one.

    Args:
        node: the node that subscribes.
        topic: name of the topic.
        callback: called by the executor with each view; None for take().
        qos: see rclpy_loans.loan_qos(), which is the default.
        newest: hand only the newest waiting message to the callback, otherwise each of them.
        families: of the message classes that are received.
        noun: what they are called in error messages.
        read: makes a view of a message.
        make_remote: given node, topic and callback, receives the images of a camera on another host; None: its messages
            are received as they are.
    """

    def __init__(
        self,
        node: Node,
        topic: str,
        callback: Callable[[ViewT], None] | None,
        *,
        qos: QoSProfile | None,
        newest: bool,
        families: Sequence[str],
        noun: str,
        read: Callable[[Sample], ViewT],
        make_remote: Callable[[Node, str, Callable[[ViewT], None] | None], RemoteSource[ViewT]] | None = None,
    ) -> None:
        self.topic: str = node.resolve_topic_name(topic)
        self.overwritten = 0  # frames whose slot was reused before they could be handed out
        self._node = node
        self._callback = callback
        self._families = families
        self._noun = noun
        self._read = read
        self._qos = qos
        self._newest = newest
        self._format: FrameFormat | None = None
        self._left: dict[FrameFormat, float] = {}  # when each was left for another, s of the monotonic clock
        self._make_remote = make_remote
        self._subscription: LoanSubscription | None = None
        self._remote: RemoteSource[ViewT] | None = None  # instead of the subscription
        self._heard_at = 0.0  # s of the monotonic clock: when a frame came, or when the subscription was made
        self._last_complaint = ""
        self._is_closed = False
        self._follow_publishers()
        self._timer = None
        if callback is not None:
            self._timer = node.create_timer(_FOLLOW_PERIOD_SECS, self._follow_publishers)

    @property
    def format(self) -> FrameFormat | None:
        """Message class that is received; None until a camera was found."""
        return self._format

    def take(self, timeout: float, *, newest: bool = True) -> ViewT:
        """Wait for a frame, or cloud, and return it.

        Memory: a view of the shared slot, valid until the camera reuses it.

        Args:
            timeout: s, at most.
            newest: return the newest waiting frame and drop the older ones, otherwise the oldest.

        Raises:
            FrameTimeoutError: none came in time; says why as far as it is known.
            EncodingError: the frame has an encoding that is not known here.
            rclpy_loans.SubscriptionError: the subscription is closed, or was meanwhile.
            rclpy.executors.ExternalShutdownException: rclpy was shut down meanwhile.
        """
        deadline = time.monotonic() + timeout
        while True:
            if self._is_closed:
                raise self._closed_error()
            remaining = deadline - time.monotonic()
            if self._subscription is None and self._remote is None:
                if remaining <= 0:
                    raise FrameTimeoutError(self._why_nothing_came(timeout))
                time.sleep(min(_FOLLOW_PERIOD_SECS / 4, remaining))
                self._follow_publishers()
                continue
            try:
                return self._take(max(0.0, min(remaining, _FOLLOW_PERIOD_SECS)), newest=newest)
            except FrameOverwrittenError:
                self.overwritten += 1
            except TakeTimeoutError as error:
                if remaining <= 0:
                    raise FrameTimeoutError(self._why_nothing_came(timeout, error.other_user)) from None
                self._follow_publishers()

    def take_copy(self, timeout: float) -> ViewT:
        """Wait for a frame and return a whole copy; if it is overwritten meanwhile, of the newest after it.

        Raises:
            FrameTimeoutError: none came in time, or none could be copied in time.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                return self.take(max(0.0, deadline - time.monotonic())).copy()
            except FrameOverwrittenError:
                self.overwritten += 1

    def close(self) -> None:
        """Stop receiving, and end a `take()` in another thread. Views stay readable. Calling it again does nothing."""
        self._is_closed = True
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None
        self._unsubscribe()

    def _take(self, timeout: float, *, newest: bool) -> ViewT:
        remote, subscription = self._remote, self._subscription
        if remote is not None:
            return remote.take(timeout, newest=newest)
        if subscription is None:  # closed by another thread just now
            raise self._closed_error()
        sample = subscription.take(timeout, newest=newest)
        self._heard_at = time.monotonic()
        return self._read(sample)

    def _closed_error(self) -> SubscriptionError:
        return SubscriptionError(f"the subscription to {self.topic} is closed")

    def _follow_publishers(self) -> None:
        """Subscribe to the message class that is published now."""
        publishers = self._publishers(self.topic)
        if self._make_remote is not None:
            # Whole frames between hosts would take up the network: 1080p at 30 Hz is 1.5 Gbit/s for each reader.
            publishers = [info for info in publishers if is_on_this_host(self._node, bytes(info.endpoint_gid))]
            if not publishers and self._follow_remote(self._make_remote):
                return
        offered = [message_named(info.topic_type, families=self._families) for info in publishers]
        found = [frame_format for frame_format in offered if frame_format is not None]
        if len(set(found)) > 1:
            self._complain(
                f"cameras with {self._noun}s of different kinds or sizes publish on {self.topic}: "
                "give each a name of its own"
            )
        others = [frame_format for frame_format in found if frame_format is not self._format]
        is_silent = time.monotonic() - self._heard_at > _SILENT_SECS
        if self._is_closed or not others or (len(others) < len(found) and not is_silent):
            return
        # Cameras that were killed may be among the others, too: each has its turn.
        chosen = min(others, key=lambda frame_format: self._left.get(frame_format, 0.0))
        if self._format is not None:
            self._left[self._format] = time.monotonic()
        self._unsubscribe()
        callback = None if self._callback is None else self._on_sample
        try:
            self._subscription = LoanSubscription(
                self._node, chosen.msg_type, self.topic, callback, qos=self._qos, newest=self._newest
            )
        except RCLError as error:
            # A participant has one type per topic, and an executor may still wait for the one just closed: next time.
            _logger.debug("cannot subscribe to %s yet: %s", chosen.type_name, error)
            return
        self._format = chosen
        self._heard_at = time.monotonic()
        if self._is_closed:  # by another thread meanwhile, which did not see the new one
            self._unsubscribe()

    def _follow_remote(self, make: Callable[[Node, str, Callable[[ViewT], None] | None], RemoteSource[ViewT]]) -> bool:
        """Receive from another host if a relay there publishes the camera; return whether that is so now."""
        topic = compressed_topic(self.topic)
        if self._remote is not None or self._is_closed or topic is None:
            return self._remote is not None
        relays = self._publishers(topic)
        if not any(not is_on_this_host(self._node, bytes(info.endpoint_gid)) for info in relays):
            return False
        self._unsubscribe()
        self._remote = make(self._node, topic, self._callback)
        _logger.warning("%s comes from another host: as JPEG images from %s, which are copies", self.topic, topic)
        return True

    def _published_types(self) -> list[str]:
        return [info.topic_type for info in self._publishers(self.topic)]

    def _publishers(self, topic: str) -> list[Any]:
        try:
            return list(self._node.get_publishers_info_by_topic(topic))
        except RCLError:
            if self._node.context.ok():
                raise
            raise ExternalShutdownException from None

    def _unsubscribe(self) -> None:
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None
            self._format = None
        if self._remote is not None:
            self._remote.close()
            self._remote = None

    def _on_sample(self, sample: Sample) -> None:
        self._heard_at = time.monotonic()
        try:
            view = self._read(sample)
        except FrameOverwrittenError:
            self.overwritten += 1
        except EncodingError as error:
            self._complain(str(error))
        else:
            if self._callback is not None:
                self._callback(view)

    def _complain(self, text: str) -> None:
        """Say what is wrong with the topic, once as long as it is the same."""
        if text != self._last_complaint:
            self._last_complaint = text
            _logger.warning("%s", text)

    def _why_nothing_came(self, timeout: float, other_user: int | None = None) -> str:
        text = f"no {self._noun} on {self.topic} within {timeout:g} s: "
        if other_user is not None:
            return text + (
                f"the camera runs as user {other_user} and this process as user {os.getuid()}; run both as the same"
            )
        types = set(self._published_types())
        known = {f.type_name for family in self._families for f in all_formats(family)}
        publishers = self._publishers(self.topic)
        is_elsewhere = not any(is_on_this_host(self._node, bytes(info.endpoint_gid)) for info in publishers)
        if self._make_remote is not None and types & known and is_elsewhere:
            has_relay = self._remote is not None
            return text + (
                "the camera is on another host, and no image came from the relay there; is the link up?"
                if has_relay
                else "the camera is on another host, where no relay publishes its images: start one there with "
                "`python -m airo_view.relay.compressed_node`, or `airo-ros2 bringup`"
            )
        if types & known:
            return text + "a camera is connected; it is slower than this, or has stopped"
        if types:
            return text + f"what is published there is {', '.join(sorted(types))}, not a {self._noun}"
        topics = self._node.get_topic_names_and_types()
        cameras = [name for name, kinds in topics if set(kinds) & known and self._node.count_publishers(name)]
        if cameras:
            return text + f"nobody publishes there; {self._noun}s are published on {', '.join(sorted(cameras))}"
        return text + "no camera was found; start one, or check ROS_DOMAIN_ID"

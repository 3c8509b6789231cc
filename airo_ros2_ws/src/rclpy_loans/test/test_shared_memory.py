"""Tests of rclpy_loans.shared_memory."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from airo_camera_msgs.msg import Image640x480, TagDetections

from rclpy_loans import LoanPublisher, LoanSubscription, SharedMemoryError, loan_qos, message_dtype, rcl
from rclpy_loans import shared_memory as shared_memory_module
from rclpy_loans.shared_memory import check_room, other_owner, segment_bytes, segment_path


class Space(NamedTuple):
    """What statvfs tells of a file system."""

    f_bavail: int
    f_blocks: int
    f_frsize: int = 4096


def segment_of(publisher: LoanPublisher) -> Path:
    """Return the file of a publisher."""
    with (handle := publisher._publisher.handle):
        return segment_path(rcl.publisher_gid(handle))


@pytest.mark.parametrize("msg_type", [TagDetections, Image640x480])
@pytest.mark.parametrize("depth", [1, 4, 16])
def test_the_estimate_is_enough_and_close(node: Any, msg_type: type, depth: int) -> None:
    """A publisher's file is at most what was computed, and not much less."""
    publisher = LoanPublisher(node, msg_type, "topic", qos=loan_qos(depth))
    size = segment_of(publisher).stat().st_size
    estimate = segment_bytes(message_dtype(msg_type).itemsize, depth)
    assert 0.9 * estimate < size <= estimate


@pytest.mark.parametrize(("is_private", "mode"), [(True, 0o600), (False, 0o644)])
def test_only_this_user_reads_unless_asked_for(node: Any, is_private: bool, mode: int) -> None:
    """The file of a publisher is private by default."""
    publisher = LoanPublisher(node, TagDetections, "topic", is_private=is_private)
    assert stat.S_IMODE(segment_of(publisher).stat().st_mode) == mode


def test_what_does_not_fit_is_refused_with_numbers(node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how much is needed, how much is free, and what to do."""
    monkeypatch.setattr(shared_memory_module.os, "statvfs", lambda folder: Space(1000, 16384))
    with pytest.raises(
        SharedMemoryError, match=r"5 slots of 0\.9 MB for topic need 5 MB .* 67 MB 4 MB are free"
    ) as caught:
        LoanPublisher(node, Image640x480, "topic")
    assert (caught.value.free, caught.value.total) == (4_096_000, 67_108_864)
    assert "mount -o remount,size=68M" in str(caught.value)
    LoanPublisher(node, TagDetections, "topic")


def test_a_segment_beyond_what_fast_dds_counts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fast DDS counts bytes in 32 bits."""
    monkeypatch.setenv("RMW_FASTRTPS_USE_QOS_FROM_XML", "1")
    monkeypatch.setattr(shared_memory_module.os, "statvfs", lambda folder: Space(2**40, 2**40))
    with pytest.raises(SharedMemoryError, match="Fast DDS shares at most 4295 MB; use a smaller depth"):
        check_room("topic", message_bytes=25_000_000, depth=200)


def test_nothing_is_needed_where_nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without data sharing a full /dev/shm does not matter."""
    monkeypatch.setenv("RMW_FASTRTPS_USE_QOS_FROM_XML", "0")
    monkeypatch.setattr(shared_memory_module.os, "statvfs", lambda folder: Space(0, 0))
    check_room("topic", message_bytes=25_000_000, depth=200)


def test_a_subscription_in_a_full_shared_memory_is_refused(node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A subscription needs a little room, too."""
    monkeypatch.setattr(shared_memory_module.os, "statvfs", lambda folder: Space(1, 16384))
    with pytest.raises(SharedMemoryError, match="4096|0 MB are free"):
        LoanSubscription(node, TagDetections, "topic")


def test_segments_of_other_users_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner of a publisher's file is told when it is not this user."""
    gid = bytes(range(16))
    path = segment_path(gid, folder=tmp_path)
    assert path.name == "fast_datasharing_00.01.02.03.04.05.06.07.08.09.0a.0b_c.d.e.f"
    assert other_owner(gid, folder=tmp_path) is None
    path.touch()
    assert other_owner(gid, folder=tmp_path) is None
    owner = path.stat().st_uid
    monkeypatch.setattr(shared_memory_module.os, "getuid", lambda: owner + 1)
    assert other_owner(gid, folder=tmp_path) == owner

"""Where Fast DDS keeps shared messages: is there room, and whose are they."""

from __future__ import annotations

import os
from pathlib import Path

from rclpy_loans.exceptions import SharedMemoryError
from rclpy_loans.profile import QOS_FROM_XML_VARIABLE

__all__ = [
    "SHARED_MEMORY",
    "check_room",
    "check_room_to_listen",
    "make_private",
    "other_owner",
    "segment_bytes",
    "segment_path",
]

SHARED_MEMORY = Path("/dev/shm")
# What Fast DDS 2.14 adds to each slot and to the segment is 252 and 1156 bytes; a little more here, for other versions.
SLOT_OVERHEAD = 512
SEGMENT_OVERHEAD = 4096
LISTENER_BYTES = 65536  # of a subscription; measured as 21640
MAX_SEGMENT_BYTES = 2**32 - 1  # Fast DDS counts in 32 bits


def segment_bytes(message_bytes: int, depth: int) -> int:
    """Return the shared memory that a publisher needs: depth + 1 slots."""
    return (depth + 1) * (message_bytes + SLOT_OVERHEAD) + SEGMENT_OVERHEAD


def check_room(topic: str, *, message_bytes: int, depth: int, folder: Path = SHARED_MEMORY) -> None:
    """Do nothing if a publisher's messages fit into shared memory, or are not going to be shared.

    Fast DDS would fall back to copying in silence.

    Args:
        topic: of the publisher.
        message_bytes: size of one message.
        depth: messages that the publisher keeps.
        folder: the file system that Fast DDS uses.

    Raises:
        SharedMemoryError: they do not fit; says how much is needed, how much is there, and how to get more.
    """
    _check(topic, message_bytes, slots=depth + 1, needed=segment_bytes(message_bytes, depth), folder=folder)


def check_room_to_listen(topic: str, *, folder: Path = SHARED_MEMORY) -> None:
    """Do nothing if the small file that wakes a subscription fits into shared memory.

    Fast DDS would come to a standstill, in this process and in the publisher's.

    Raises:
        SharedMemoryError: /dev/shm is full.
    """
    _check(topic, LISTENER_BYTES, slots=1, needed=LISTENER_BYTES, folder=folder)


def _check(topic: str, message_bytes: int, *, slots: int, needed: int, folder: Path) -> None:
    if os.environ.get(QOS_FROM_XML_VARIABLE) != "1":
        return
    status = os.statvfs(folder)
    free, total = status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize
    if needed > min(free, MAX_SEGMENT_BYTES):
        raise SharedMemoryError(topic, message_bytes=message_bytes, slots=slots, needed=needed, free=free, total=total)


def make_private(gid: bytes, *, folder: Path = SHARED_MEMORY) -> None:
    """Let the messages of a publisher be readable by this user alone.

    Fast DDS makes its files readable by everybody, whatever the umask is. Until this call a process of another user
    could open the file, and keep it open; there is no message in it yet.
    """
    path = segment_path(gid, folder=folder)
    if path.exists():  # it does not, where nothing is shared
        path.chmod(0o600)


def segment_path(gid: bytes, *, folder: Path = SHARED_MEMORY) -> Path:
    """Return the file that holds the messages of a publisher, as Fast DDS names it after the publisher's GID."""
    prefix = ".".join(f"{octet:02x}" for octet in gid[:12])
    entity = ".".join(f"{octet:x}" for octet in gid[12:16])
    return folder / f"fast_datasharing_{prefix}_{entity}"


def other_owner(gid: bytes, *, folder: Path = SHARED_MEMORY) -> int | None:
    """Return the user id of a publisher whose segment belongs to another user; None if it is ours or not there."""
    try:
        owner = segment_path(gid, folder=folder).stat().st_uid
    except OSError:
        return None
    return None if owner == os.getuid() else owner

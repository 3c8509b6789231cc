"""Which of several cameras publishes the frame of a tag that all of them see: never two at once.

A frame has one parent in TF. Cameras that see the same tag agree on who publishes it by claims, which each of them
announces to the others while it sees the tag:

    claiming   nobody publishes the tag; whoever has claimed it for CLAIM_SECS without hearing of a better claim gets it
    owning     published by this camera, until it has not seen the tag for HOLD_SECS

Of two claims, and of two owners who had not heard of each other, the one whose parent frame comes first in the alphabet
is the better one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

__all__ = ["Claim", "FrameClaims"]

CLAIM_SECS = 0.3  # longer than a message takes
HOLD_SECS = 1.0  # a camera that has not announced a tag for so long does not see it any more
DISCOVERY_SECS = 1.0  # after its start a camera may not have met the others yet


@dataclass(frozen=True)
class Claim:
    """What one camera announces of one tag.

    Attributes:
        child: frame of the tag.
        parent: frame of the camera.
        is_owner: it publishes the tag.
    """

    child: str
    parent: str
    is_owner: bool


@dataclass
class _Own:
    since: float  # s: when the claim began
    seen: float  # s: when the tag was seen last
    is_owner: bool


class FrameClaims:
    """The claims of one camera, and what it has heard of others. May be shared between threads.

    Args:
        now: s, when the camera was started.
    """

    def __init__(self, *, now: float) -> None:
        self._start = now
        self._lock = threading.Lock()
        self._own: dict[str, _Own] = {}  # by child
        self._others: dict[tuple[str, str], tuple[float, bool]] = {}  # by child and parent: when heard, is owner

    def hear(self, claim: Claim, *, now: float) -> None:
        """Take note of what another camera has announced."""
        with self._lock:
            self._others[claim.child, claim.parent] = now, claim.is_owner

    def claim(self, child: str, parent: str, *, now: float) -> Claim:
        """Return what to announce of a tag that is seen now; it may be published if we are its owner.

        Args:
            child: frame of the tag.
            parent: frame of our camera.
            now: s.
        """
        with self._lock:
            own = self._own.get(child)
            if own is None or now - own.seen > HOLD_SECS:
                own = self._own[child] = _Own(max(now, self._start + DISCOVERY_SECS), now, False)
            elif not own.is_owner and now - own.seen > CLAIM_SECS:
                own.since = now  # the others have not heard of us meanwhile
            own.seen = now
            rivals = {
                other: is_owner
                for (name, other), (heard, is_owner) in self._others.items()
                if name == child and other != parent and now - heard <= HOLD_SECS
            }
            better = [other for other, is_owner in rivals.items() if other < parent and is_owner >= own.is_owner]
            if better or (not own.is_owner and any(rivals.values())):
                own.is_owner, own.since = False, now
            elif now - own.since >= CLAIM_SECS:
                own.is_owner = True
            return Claim(child, parent, own.is_owner)

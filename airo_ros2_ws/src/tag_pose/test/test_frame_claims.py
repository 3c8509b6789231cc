"""Several cameras that see one tag never publish it at the same time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tag_pose.frame_claims import CLAIM_SECS, DISCOVERY_SECS, HOLD_SECS, Claim, FrameClaims

TAG = "tag36h11:0"
READY = DISCOVERY_SECS + CLAIM_SECS


class Cameras:
    """Cameras whose claims arrive after a delay."""

    def __init__(self, names: Iterable[str], *, start: float = 0.0, delay: float = 0.01) -> None:
        self.claims = {name: FrameClaims(now=start) for name in names}
        self.delay = delay
        self.on_the_way: list[tuple[float, Claim]] = []

    def step(self, now: float, seen_by: Iterable[str]) -> list[str]:
        """Let cameras see the tag; return who publishes it."""
        for due, claim in [one for one in self.on_the_way if one[0] <= now]:
            self.on_the_way.remove((due, claim))
            for name, claims in self.claims.items():
                if name != claim.parent:
                    claims.hear(claim, now=now)
        made = [self.claims[name].claim(TAG, name, now=now) for name in seen_by]
        self.on_the_way += [(now + self.delay, claim) for claim in made]
        return [claim.parent for claim in made if claim.is_owner]


def test_one_camera_publishes_after_its_start() -> None:
    """A camera alone publishes as soon as it would have heard of others."""
    camera = Cameras(["front"])
    owners = [camera.step(now, ["front"]) for now in np.arange(0, 3, 0.03)]
    assert owners[-1] == ["front"] and owners.index(["front"]) * 0.03 < READY + 0.1


def test_never_two_owners_whatever_they_see() -> None:
    """Three cameras that see a tag now and then, with messages that take 100 ms: at most one publishes at any time."""
    rng = np.random.default_rng(3)
    names = ["front", "left", "right"]
    published: set[tuple[int, str]] = set()
    for trial in range(20):
        cameras = Cameras(names, delay=0.1)
        sees = dict.fromkeys(names, True)
        for now in np.arange(0, 20, 0.03):
            for name in names:
                if rng.random() < 0.02:
                    sees[name] = not sees[name]
            owners = cameras.step(now, rng.permutation([name for name in names if sees[name]]).tolist())
            assert len(owners) <= 1
            published |= {(trial, owner) for owner in owners}
    assert len(published) > 40 and {owner for _, owner in published} == set(names)  # it changes hands


def test_an_owner_keeps_the_tag_until_it_loses_it() -> None:
    """A camera of a better name does not take a tag away; it gets it when the owner does not see it any more."""
    cameras = Cameras(["a", "b"])
    for now in np.arange(0, 3, 0.03):
        owners = cameras.step(now, ["b"])
    assert owners == ["b"]
    for now in np.arange(3, 6, 0.03):
        assert cameras.step(now, ["a", "b"]) == ["b"]
    owners = [cameras.step(now, ["a"]) for now in np.arange(6, 9, 0.03)]
    assert owners[-1] == ["a"] and owners.index(["a"]) * 0.03 < HOLD_SECS + CLAIM_SECS + 0.1


def test_owners_who_meet_late_become_one() -> None:
    """Two cameras that had not heard of each other agree at their first message."""
    one, other = FrameClaims(now=0.0), FrameClaims(now=0.0)
    for now in np.arange(0, READY + 0.1, 0.1):
        mine, others = one.claim(TAG, "a", now=now), other.claim(TAG, "b", now=now)
    assert mine.is_owner and others.is_owner
    one.hear(others, now=READY + 0.1)
    other.hear(mine, now=READY + 0.1)
    assert one.claim(TAG, "a", now=READY + 0.1).is_owner
    assert not other.claim(TAG, "b", now=READY + 0.1).is_owner


def test_tags_are_claimed_one_by_one() -> None:
    """Another tag, and the same camera under the same name, are no rivals."""
    claims = FrameClaims(now=0.0)
    for now in np.arange(0, READY + 0.1, 0.1):
        claims.hear(Claim("tag36h11:1", "a", True), now=now)
        claims.hear(Claim(TAG, "b", True), now=now)
        found = claims.claim(TAG, "b", now=now)
    assert found.is_owner

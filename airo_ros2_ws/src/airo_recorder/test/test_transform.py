"""What is done to images before they are encoded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from frames import INTRINSICS, frame, offer, picture, wait_for
from reading import pictures_of, summary_of
from test_mcap import tags_record

from airo_recorder.exceptions import RecordingSettingsError
from airo_recorder.transform import TagOverlay, make_transform

MakeRecorder = Callable[..., Any]


def inverted(head: Any, image: Any) -> Any:
    """Be the user's own transform."""
    return head, 255 - image


def record(make_recorder: MakeRecorder, transform: Any) -> tuple[Any, Any]:
    """Record five frames through a transform, and return the summary and the pictures."""
    recorder = make_recorder(codec="ffv1", transforms={"front": transform})
    folder = recorder.start()
    offer(recorder, range(1, 6))
    recorder.stop()
    return summary_of(folder), pictures_of(folder / "front_0000.mkv")


def test_crop_and_resize_move_the_intrinsics(make_recorder: MakeRecorder) -> None:
    """The pixels are the rectangle's, and a point is seen where the new intrinsics say."""
    summary, found = record(make_recorder, make_transform(["crop=10,6,40,30"]))
    np.testing.assert_array_equal(found[0], picture(1)[6:36, 10:50])
    (cropped,) = summary["cameras"]["front"]["intrinsics"]
    np.testing.assert_allclose(cropped["camera_matrix"], INTRINSICS.camera_matrix - [[0, 0, 10], [0, 0, 6], [0, 0, 0]])
    summary, found = record(make_recorder, make_transform(["resize=32x24"]))
    assert found[0].shape == (24, 32, 3)
    true = picture(1).reshape(24, 2, 32, 2, 3).mean(axis=(1, 3))
    assert np.abs(found[0] - true).max() <= 1
    (scaled,) = summary["cameras"]["front"]["intrinsics"]
    # The border of the image stays where it is: 0.5 px outside the centres of the first and last pixel.
    assert scaled["camera_matrix"][0][0] == INTRINSICS.camera_matrix[0, 0] / 2
    assert scaled["camera_matrix"][0][2] == (INTRINSICS.camera_matrix[0, 2] + 0.5) / 2 - 0.5


def test_tags_are_drawn(make_recorder: MakeRecorder) -> None:
    """The overlay changes pixels near the corners, and nothing elsewhere."""
    overlay = TagOverlay()
    tags = tags_record(1)
    tags["detections"][:2]["corners"] = [20, 30, 30, 30, 30, 20, 20, 20]
    overlay.update(tags)
    _, found = record(make_recorder, make_transform(["tags"], tags=overlay))
    changed = (found[0] != picture(1)).any(axis=2)
    assert changed[25, 20] and changed[30, 25] and not changed[:, 45:].any() and not changed[36:].any()


def test_the_users_own_function(make_recorder: MakeRecorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function of any module takes part; what it raises ends the recording with its text."""
    _, found = record(make_recorder, make_transform([f"{inverted.__module__}:inverted"]))
    np.testing.assert_array_equal(found[4], 255 - picture(5))


@pytest.mark.parametrize("spec", ["crop=1,2,3", "resize=0", "tags", "no.such.module:f", "json:nothing", "json:__doc__"])
def test_what_is_not_understood(spec: str) -> None:
    """Each says what was expected or what is missing."""
    with pytest.raises(RecordingSettingsError, match="transform"):
        make_transform([spec])


def test_a_crop_outside_the_image(make_recorder: MakeRecorder) -> None:
    """It ends the recording with both sizes, and the frames are counted."""
    recorder = make_recorder(transforms={"front": make_transform(["crop=50,0,40,30"])})
    folder = recorder.start()
    recorder.cameras["front"].offer(frame(1))
    wait_for(lambda: recorder.progress().state == "stopped", what="the end")
    summary = summary_of(folder)
    assert "crop=50,0,40,30 of a 64x48 image: expected one inside it" in summary["reason"]
    assert (summary["written"], summary["lost"]) == (0, 1)

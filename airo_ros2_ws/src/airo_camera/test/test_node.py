"""The camera node in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from airo_camera_msgs.msg import TagDetections
from std_msgs.msg import UInt64

from airo_camera.calibration import Calibration, write_calibration
from airo_frames import FrameSubscription, Intrinsics, RgbdFrame, StereoRgbdFrame
from airo_frames.rotation import rotation_matrix
from rclpy_loans import LoanPublisher, LoanSubscription, loan_qos

Start = Callable[..., Any]
NODE = ("-m", "airo_camera.node", "--ros-args", "-r", "__ns:=/front")


def parameters(**values: Any) -> list[str]:
    """Return the command line of parameters."""
    return [text for name, value in values.items() for text in ("-p", f"{name}:={value}")]


def next_matching(frames: FrameSubscription, truths: LoanSubscription) -> tuple[Any, Any]:
    """Return the next whole frame and the ground truth of the same number."""
    truth, frame = truths.take_copy(60.0), frames.take_copy(60.0)
    while int(truth["sequence"]) != frame.sequence:
        if int(truth["sequence"]) < frame.sequence:
            truth = truths.take(60.0, newest=False).copy()
        else:
            frame = frames.take_copy(60.0)
    return frame, truth


def test_frames_of_the_simulated_camera(start: Start, node: Any) -> None:
    """Pixels, intrinsics and names are the source's and the namespace's; frames are numbered without a gap."""
    start(*NODE, *parameters(source="'sim:?width=640&height=480&focal=500&encoding=mono8'"))
    subscription = FrameSubscription(node, "/front/frame")
    first = subscription.take(60.0)
    assert (first.size_wh, first.encoding, first.frame_id) == ((640, 480), "mono8", "front_optical_frame")
    assert first.is_zero_copy and first.image.std() > 5
    assert first.intrinsics is not None and first.intrinsics.camera_matrix[0, 0] == 500.0
    later = subscription.take(60.0)
    assert later.sequence > first.sequence and later.stamp_nanos > first.stamp_nanos
    subscription.close()


def test_ground_truth_belongs_to_the_frame(start: Start, node: Any) -> None:
    """Beside each simulated frame there is its truth, with the same number and time."""
    truths = LoanSubscription(node, TagDetections, "/front/ground_truth", qos=loan_qos(16, reliable=True))
    frames = FrameSubscription(node, "/front/frame")
    start(*NODE, *parameters(source="'sim:?width=640&height=480&tags=2'"))
    frame, matching = next_matching(frames, truths)
    assert int(matching["stamp"]["nanosec"]) == frame.stamp_nanos % 1_000_000_000
    assert int(matching["count"]) == 2 and matching["detections"]["has_pose"][:2].all()
    frames.close()
    truths.close()


def test_calibration_goes_with_the_frames(start: Start, node: Any, tmp_path: Path) -> None:
    """A calibration file of the right size is carried in every frame, exactly."""
    cv2.imwrite(str(tmp_path / "image.png"), np.zeros((48, 64, 3), np.uint8))
    intrinsics = Intrinsics(np.array([[60.5, 0, 31.5], [0, 61.5, 23.5], [0, 0, 1]]), distortion=np.arange(5) / 10)
    write_calibration(tmp_path / "front.yaml", Calibration(intrinsics, (64, 48), "front"))
    start(*NODE, *parameters(source=tmp_path, loop="true", calibration=tmp_path / "front.yaml"))
    subscription = FrameSubscription(node, "/front/frame")
    frame = subscription.take(60.0)
    assert frame.encoding == "bgr8" and frame.intrinsics is not None
    np.testing.assert_array_equal(frame.intrinsics.camera_matrix, intrinsics.camera_matrix)
    np.testing.assert_array_equal(frame.intrinsics.distortion, intrinsics.distortion)
    subscription.close()


def test_calibration_of_another_size_is_refused(start: Start, tmp_path: Path) -> None:
    """A calibration that was made for another size ends the node with both sizes."""
    cv2.imwrite(str(tmp_path / "image.png"), np.zeros((48, 64, 3), np.uint8))
    write_calibration(tmp_path / "a.yaml", Calibration(Intrinsics.pinhole(1, 1, 0, 0), (640, 480), "front"))
    process = start(*NODE, *parameters(source=tmp_path, calibration=tmp_path / "a.yaml"))
    assert process.wait() == 2
    assert len(process.complaints) == 1 and "images are 64 x 48 px: expected 640 x 480 px" in process.complaints[0]


def test_lockstep_publishes_the_next_frame_when_told(start: Start, node: Any, tmp_path: Path) -> None:
    """In lockstep a reader that acknowledges gets every image, however slow it is, and the node ends after the last."""
    for level in range(5):
        cv2.imwrite(str(tmp_path / f"{level}.png"), np.full((48, 64), level, np.uint8))
    frames = FrameSubscription(node, "/front/frame")
    processed = LoanPublisher(node, UInt64, "/front/processed", qos=loan_qos(8, reliable=True))
    process = start(*NODE, *parameters(source=tmp_path, lockstep="true", rate="1000.0"))
    seen: list[int] = []
    while len(seen) < 5:
        frame = frames.take(60.0)
        if frame.sequence == len(seen) + 1:
            seen.append(int(frame.image[0, 0]))
        with processed.loan() as message:
            message["data"] = frame.sequence
    assert seen == [0, 1, 2, 3, 4]
    assert process.wait() == 0
    frames.close()
    processed.close()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"lockstep": "true"}, "lockstep got the live source sim:"),
        ({"depth": 0}, "depth got 0: expected a whole number at least 1"),
        ({"source": "'sim:?colour=red'"}, "colour"),
        ({"source": "/nowhere/at/all.png"}, "/nowhere/at/all.png does not exist"),
    ],
)
def test_what_cannot_work_ends_the_node_with_one_line(start: Start, given: dict[str, Any], text: str) -> None:
    """A bad parameter or a missing source is one line and status 2."""
    process = start(*NODE, *parameters(**given))
    assert process.wait() == 2
    assert len(process.complaints) == 1 and text in process.complaints[0], process.errors


def test_image_depth_and_truth_are_of_one_frame(start: Start, node: Any) -> None:
    """While the tags move, the cloud of each frame lies in the planes of that frame's own tags, to float32."""
    truths = LoanSubscription(node, TagDetections, "/front/ground_truth", qos=loan_qos(16, reliable=True))
    frames = FrameSubscription(node, "/front/frame")
    start(*NODE, *parameters(source="'sim:tags?width=640&height=480&depth=1&fps=15'"))
    seen: set[int] = set()
    while len(seen) < 5:
        frame, truth = next_matching(frames, truths)
        assert type(frame) is RgbdFrame and frame.confidence is not None
        cloud = frame.point_cloud(organized=True)
        points = cloud.points.reshape(480, 640, 3).astype(np.float64)
        for tag in truth["detections"][: int(truth["count"])]:
            column, row = np.rint(tag["center"]).astype(int)
            around = points[row - 3 : row + 4, column - 3 : column + 4].reshape(-1, 3)
            normal = rotation_matrix(tag["orientation"])[:, 2]
            assert np.abs((around - tag["position"]) @ normal).max() < 1e-5
        seen.add(frame.sequence)
    frames.close()
    truths.close()


def test_a_stereo_camera_publishes_both_views(start: Start, node: Any) -> None:
    """Both views, the depth and the pose between the lenses come in one message, in place."""
    start(*NODE, *parameters(source="'sim:tags?width=640&height=480&stereo=0.06'"))
    frames = FrameSubscription(node, "/front/frame")
    frame = frames.take(60.0)
    assert type(frame) is StereoRgbdFrame and frame.is_zero_copy
    assert frame.left_from_right[0, 3] == 0.06 and frame.right.size_wh == (640, 480)
    assert frame.right.intrinsics is not None and np.isfinite(frame.depth).all()
    copied = frames.take_copy(60.0)
    assert isinstance(copied, StereoRgbdFrame)
    assert np.abs(copied.image.astype(int) - copied.right.image).max() > 50
    frames.close()

"""Depth, confidence, the second view and point clouds, as the readers of others find them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from frames import (
    INTRINSICS,
    LEFT_FROM_RIGHT,
    PERIOD_NANOS,
    RIGHT_INTRINSICS,
    START_NANOS,
    cloud,
    confidence_plane,
    depth_plane,
    frame,
    offer,
    picture,
    rgbd_frame,
    wait_for,
)
from numpy.typing import NDArray
from reading import messages_of, pictures_of, rows_of, summary_of, times_of
from rosbags.highlevel import AnyReader
from test_mcap import bag_file

from airo_frames.rotation import quaternion_xyzw
from airo_recorder.depth_units import as_millimetres, as_steps
from airo_recorder.mcap_repair import repair_mcap
from airo_recorder.transform import make_transform

MakeRecorder = Callable[..., Any]
NUMBERS = range(1, 7)


def recorded(make_recorder: MakeRecorder, *, kind: str, **settings: Any) -> tuple[Path, dict[str, Any]]:
    """Record frames of a kind, and return the folder and the summary."""
    recorder = make_recorder(**settings)
    folder: Path = recorder.start()
    offer(recorder, NUMBERS, kind=kind)
    recorder.stop()
    summary = summary_of(folder)
    assert (summary["written"], summary["lost"], summary["reason"]) == (len(NUMBERS), 0, "")
    return folder, summary


def true_millimetres(number: int) -> NDArray[np.uint16]:
    """Return what the depth of a frame is in whole mm."""
    depth = depth_plane(number).astype(np.float64)
    known = np.isfinite(depth) & (depth >= 0.0005) & (depth < 65.5355)
    return np.where(known, np.round(np.where(known, depth, 0) * 1000), 0).astype(np.uint16)


def stamp_of(header: Any) -> int:
    """Return a header's time, ns."""
    return int(header.stamp.sec * 1_000_000_000 + header.stamp.nanosec)


def test_depth_in_whole_millimetres() -> None:
    """To the nearest mm; what is not known, too near or too far for 16 bits is 0, and never something else."""
    given = np.array([[0.0, 0.0004, 0.0006, 1.2344, 1.2346, 65.535, 65.536, 70, np.nan, np.inf, -np.inf, -1]])
    made = as_millimetres(given.astype(np.float32))
    assert made.tolist() == [[0, 0, 1, 1234, 1235, 65535, 0, 0, 0, 0, 0, 0]] and made.dtype == np.uint16
    steps = as_steps(np.array([[0.0, 0.5, 1.0, np.nan, 2.0, -1.0]], np.float32))
    assert steps.tolist() == [[0, 128, 255, 0, 255, 0]] and steps.dtype == np.uint8


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_depth_is_exact(make_recorder: MakeRecorder, compression: str) -> None:
    """Every bit of depth and confidence is in a standard message with the image's stamp and its intrinsics."""
    folder, summary = recorded(make_recorder, kind="rgbd", format="mcap", compression=compression)
    path = bag_file(folder)
    topics = ("image_raw", "camera_info", "depth/image_rect_raw", "depth/camera_info", "confidence/image_rect_raw")
    found = {topic: messages_of(path, f"/front/{topic}") for topic in topics}
    assert all(len(messages) == len(NUMBERS) for messages in found.values())
    for index, number in enumerate(NUMBERS):
        messages = {topic: found[topic][index] for topic in topics}
        assert {stamp_of(message.header) for message in messages.values()} == {START_NANOS + number * PERIOD_NANOS}
        assert {message.header.frame_id for message in messages.values()} == {"front_optical_frame"}
        depth, confidence = messages["depth/image_rect_raw"], messages["confidence/image_rect_raw"]
        assert (depth.encoding, depth.width, depth.height, depth.step) == ("32FC1", 64, 48, 256)
        assert bytes(depth.data) == depth_plane(number).tobytes()  # NaN and infinity, too
        assert bytes(confidence.data) == confidence_plane(number).tobytes()
        np.testing.assert_array_equal(messages["depth/camera_info"].k, INTRINSICS.camera_matrix.ravel())
    streams = summary["cameras"]["front"]["streams"]
    assert {name: stream["written"] for name, stream in streams.items()} == dict.fromkeys(
        ("image", "depth", "confidence"), len(NUMBERS)
    )
    assert "exact" in streams["depth"]["as"] and "/front/depth/image_rect_raw" in streams["depth"]["as"]
    assert {row["streams"] for row in rows_of(folder)} == {"image depth confidence"}


def test_rosbags_reads_depth(make_recorder: MakeRecorder) -> None:
    """Another reader finds the same topics, types and bytes."""
    folder, _ = recorded(make_recorder, kind="stereo", format="mcap")
    with AnyReader([folder]) as reader:
        depths = [c for c in reader.connections if c.topic == "/front/depth/image_rect_raw"]
        read = [reader.deserialize(data, c.msgtype) for c, _, data in reader.messages(depths)]
        counts = {connection.topic: connection.msgcount for connection in reader.connections}
    assert [bytes(message.data) for message in read] == [depth_plane(number).tobytes() for number in NUMBERS]
    assert counts["/front/right/image_raw"] == counts["/front/image_raw"] == len(NUMBERS)
    assert counts["/tf_static"] == 1


@pytest.mark.parametrize("depth", ["mm", "png"])
def test_smaller_depth(make_recorder: MakeRecorder, depth: str) -> None:
    """In whole mm, as an image or as compressed_depth_image_transport has it; the summary says what that costs."""
    folder, summary = recorded(make_recorder, kind="rgbd", format="mcap", depth=depth)
    if depth == "mm":
        images = messages_of(bag_file(folder), "/front/depth/image_rect_raw")
        assert {image.encoding for image in images} == {"16UC1"}
        planes = [np.frombuffer(image.data, np.uint16).reshape(48, 64) for image in images]
    else:
        images = messages_of(bag_file(folder), "/front/depth/image_rect_raw/compressedDepth")
        assert {image.format for image in images} == {"16UC1; compressedDepth png"}
        contents = [np.frombuffer(image.data, np.uint8)[12:] for image in images]
        planes = [cv2.imdecode(content, cv2.IMREAD_UNCHANGED) for content in contents]
    assert len(planes) == len(NUMBERS)
    for number, plane in zip(NUMBERS, planes, strict=True):
        np.testing.assert_array_equal(plane, true_millimetres(number))
    for number, image in zip(NUMBERS, messages_of(bag_file(folder), "/front/confidence/image_rect_raw"), strict=True):
        expected = np.round(confidence_plane(number) * 255).astype(np.uint8)
        assert image.encoding == "mono8" and bytes(image.data) == expected.tobytes()
    assert "whole mm" in summary["cameras"]["front"]["streams"]["depth"]["as"]


@pytest.mark.parametrize("image", ["raw", "png"])
def test_the_second_view(make_recorder: MakeRecorder, image: str) -> None:
    """Its pixels, its own intrinsics, and where it is: a static transform between the optical frames of both."""
    folder, summary = recorded(make_recorder, kind="stereo", format="mcap", image=image)
    path = bag_file(folder)
    topic = "/front/right/image_raw" + ("" if image == "raw" else "/compressed")
    images, infos = messages_of(path, topic), messages_of(path, "/front/right/camera_info")
    assert len(images) == len(infos) == len(NUMBERS)
    for number, message, info in zip(NUMBERS, images, infos, strict=True):
        assert message.header.frame_id == info.header.frame_id == "front_right_optical_frame"
        assert stamp_of(message.header) == stamp_of(info.header) == START_NANOS + number * PERIOD_NANOS
        np.testing.assert_array_equal(info.k, RIGHT_INTRINSICS.camera_matrix.ravel())
        true = picture(number + 1000)
        if image == "raw":
            assert bytes(message.data) == true.tobytes()
        else:
            decoded = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
            np.testing.assert_array_equal(decoded[..., ::-1], true)
    (message,) = messages_of(path, "/tf_static")
    (transform,) = message.transforms
    assert (transform.header.frame_id, transform.child_frame_id) == (
        "front_optical_frame",
        "front_right_optical_frame",
    )
    moved, turned = transform.transform.translation, transform.transform.rotation
    np.testing.assert_allclose([moved.x, moved.y, moved.z], LEFT_FROM_RIGHT[:3, 3])
    np.testing.assert_allclose([turned.x, turned.y, turned.z, turned.w], quaternion_xyzw(LEFT_FROM_RIGHT[:3, :3]))
    (lens,) = summary["cameras"]["front"]["right_lenses"]
    assert lens["left_from_right"] == LEFT_FROM_RIGHT.tolist()
    assert summary["cameras"]["front"]["intrinsics"][lens["intrinsics"]]["camera_matrix"][0][0] == 610.0


def test_each_file_of_a_bag_has_the_second_lens(make_recorder: MakeRecorder) -> None:
    """A split parts no frame, and each file has the static transform."""
    recorder = make_recorder(format="mcap", compression="none", split_bytes=4_000_000, no_loss=True)
    folder = recorder.start()
    offer(recorder, range(1, 21), kind="stereo", size_wh=(320, 240))
    assert recorder.stop()["written"] == 20
    paths = sorted(folder.glob("*.mcap"))
    assert len(paths) > 2
    depths: list[int] = []
    for path in paths:
        names = ("image_raw", "depth/image_rect_raw", "confidence/image_rect_raw", "right/image_raw")
        stamps = [[stamp_of(m.header) for m in messages_of(path, f"/front/{name}")] for name in names]
        assert stamps[0] == stamps[1] == stamps[2] == stamps[3]
        assert len(messages_of(path, "/tf_static")) == 1
        depths += stamps[0]
    assert depths == [START_NANOS + number * PERIOD_NANOS for number in range(1, 21)]


@pytest.mark.parametrize("container", ["mkv", "mp4"])
@pytest.mark.parametrize("codec", ["ffv1", "h264"])
def test_videos_of_all_streams(make_recorder: MakeRecorder, container: str, codec: str) -> None:
    """Picture n of each video is of one frame, at one time: depth in whole mm without loss, the views by the codec."""
    folder, summary = recorded(make_recorder, kind="stereo", format=container, codec=codec)
    streams = summary["cameras"]["front"]["streams"]
    assert {name: stream["videos"] for name, stream in streams.items()} == {
        "image": [f"front_0000.{container}"],
        "depth": [f"front.depth_0000.{container}"],
        "confidence": [f"front.confidence_0000.{container}"],
        "right": [f"front.right_0000.{container}"],
    }
    assert "whole mm" in streams["depth"]["as"] and "1/255" in streams["confidence"]["as"]
    paths = {name: folder / stream["videos"][0] for name, stream in streams.items()}
    times = [times_of(path) for path in paths.values()]
    assert times[0] == times[1] == times[2] == times[3] and len(times[0]) == len(NUMBERS)
    depths = pictures_of(paths["depth"], encoding="16UC1")
    confidences = pictures_of(paths["confidence"], encoding="mono8")
    lefts, rights = pictures_of(paths["image"]), pictures_of(paths["right"])
    for index, number in enumerate(NUMBERS):
        np.testing.assert_array_equal(depths[index], true_millimetres(number))
        np.testing.assert_array_equal(confidences[index], np.round(confidence_plane(number) * 255))
        for found, true in ((lefts, picture(number)), (rights, picture(number + 1000))):
            difference = np.abs(found[index].astype(int) - true)
            assert difference.max() == 0 if codec == "ffv1" else np.median(difference) <= 8


def test_pause_split_and_a_restarted_camera(make_recorder: MakeRecorder) -> None:
    """Videos of all streams begin and end together; a camera that comes back without depth has no video of it."""
    recorder = make_recorder(codec="ffv1")
    folder = recorder.start()
    offer(recorder, range(1, 4), kind="stereo")
    recorder.pause()
    recorder.resume()
    recorder.split()
    offer(recorder, range(4, 6), kind="stereo")
    offer(recorder, range(6, 9))
    offer(recorder, range(9, 11), kind="rgbd", size_wh=(32, 24))
    summary = recorder.stop()
    assert (summary["written"], summary["lost"]) == (10, 0)
    files = {path.name: len(times_of(path)) for path in folder.glob("*.mkv")}
    counts = {"_0000": 3, "_0001": 2, "_0002": 3, "_0003": 2}
    expected = {f"front{number}.mkv": count for number, count in counts.items()}
    for stream, numbers in (("depth", "013"), ("confidence", "013"), ("right", "01")):
        expected |= {f"front.{stream}_000{number}.mkv": counts[f"_000{number}"] for number in numbers}
    assert files == expected
    assert pictures_of(folder / "front.depth_0003.mkv", encoding="16UC1")[0].shape == (24, 32)
    events = [event["event"] for event in summary["events"]]
    assert "frames changed from 64x48 rgb8 with depth, confidence, right to 64x48 rgb8: another file begins" in events
    streams = summary["cameras"]["front"]["streams"]
    assert {name: stream["written"] for name, stream in streams.items()} == {
        "image": 10,
        "depth": 7,
        "confidence": 7,
        "right": 5,
    }


@pytest.mark.parametrize("container", ["mkv", "mcap"])
def test_a_snapshot_has_all_streams(make_recorder: MakeRecorder, container: str) -> None:
    """Depth, second view and clouds of the last seconds are written, too, although nothing was recorded."""
    recorder = make_recorder(format=container, codec="ffv1", snapshot_secs=100.0)
    camera = recorder.cameras["front"]
    for number in NUMBERS:
        camera.offer(rgbd_frame(number))
        camera.clouds.offer(cloud(number))
    folder = recorder.snapshot()
    assert [int(row["sequence"]) for row in rows_of(folder)] == list(NUMBERS)
    if container == "mkv":
        found = pictures_of(folder / "front.depth_0000.mkv", encoding="16UC1")
        np.testing.assert_array_equal(found, [true_millimetres(number) for number in NUMBERS])
    else:
        depths = messages_of(bag_file(folder), "/front/depth/image_rect_raw")
        assert [bytes(depth.data) for depth in depths] == [depth_plane(number).tobytes() for number in NUMBERS]
    assert len(messages_of(bag_file(folder), "/front/points")) == len(NUMBERS)


def test_memory_for_a_snapshot_counts_all_streams(make_recorder: MakeRecorder) -> None:
    """What is kept is bounded by the bytes of images and depths together."""
    frame_bytes = 64 * 48 * (3 + 4 + 4)
    recorder = make_recorder(format="mcap", snapshot_secs=100.0, snapshot_bytes=4 * frame_bytes + 2000)
    offer(recorder, [])
    for number in range(1, 11):
        recorder.cameras["front"].offer(rgbd_frame(number))
    folder = recorder.snapshot()
    assert [int(row["sequence"]) for row in rows_of(folder)] in ([8, 9, 10], [7, 8, 9, 10])


def test_the_queue_counts_all_streams(make_recorder: MakeRecorder) -> None:
    """Bytes that wait are those of images, depths and clouds; what does not fit is lost at once, and counted."""
    size_wh = (640, 480)
    frame_bytes = 640 * 480 * (3 + 4 + 4)
    recorder = make_recorder(format="mcap", compression="zstd", queue_bytes=2 * frame_bytes + 1000)
    folder = recorder.start()
    camera = recorder.cameras["front"]
    frames = [rgbd_frame(number, size_wh=size_wh) for number in range(1, 16)]
    taken, clouds_taken, most = [], [], 0
    for number, each in enumerate(frames, 1):
        taken.append(camera.offer(each))
        clouds_taken.append(camera.clouds.offer(cloud(number, count=50_000)))
        most = max(most, camera.waiting_bytes)
    summary = recorder.stop()
    assert 2 <= taken.count(True) < 15 and most <= 2 * frame_bytes + 1000
    assert (summary["written"], summary["lost"]) == (taken.count(True), taken.count(False))
    assert set(summary["cameras"]["front"]["lost_by_reason"]) == {"the encoder or the disk cannot follow"}
    written = [number for number, is_taken in enumerate(taken, 1) if is_taken]
    depths = messages_of(bag_file(folder), "/front/depth/image_rect_raw")
    assert [stamp_of(each.header) for each in depths] == [START_NANOS + n * PERIOD_NANOS for n in written]
    clouds = summary["cameras"]["front"]["clouds"]
    assert (clouds["written"], clouds["lost"]) == (clouds_taken.count(True), clouds_taken.count(False))


@pytest.mark.parametrize("has_colors", [True, False])
@pytest.mark.parametrize("container", ["mkv", "mcap"])
def test_clouds_are_standard_messages(make_recorder: MakeRecorder, container: str, has_colors: bool) -> None:
    """Fields x, y, z and rgb, where PCL has them; each cloud has its row, and a gap is known to be lost."""
    recorder = make_recorder(format=container, codec="ffv1")
    folder = recorder.start()
    for number in (1, 2, 5):
        offer(recorder, [number], kind="rgbd")
        assert recorder.cameras["front"].clouds.offer(cloud(number, count=100 * number, has_colors=has_colors))
    summary = recorder.stop()
    messages = messages_of(bag_file(folder), "/front/points")
    assert len(messages) == 3
    for number, message in zip((1, 2, 5), messages, strict=True):
        true = cloud(number, count=100 * number, has_colors=has_colors)
        assert stamp_of(message.header) == true.stamp_nanos and message.header.frame_id == "front_optical_frame"
        assert [(f.name, f.offset, f.datatype, f.count) for f in message.fields] == [
            ("x", 0, 7, 1),
            ("y", 4, 7, 1),
            ("z", 8, 7, 1),
            *([("rgb", 12, 7, 1)] if has_colors else []),
        ]
        step = 16 if has_colors else 12
        assert (message.height, message.width, message.point_step) == (1, 100 * number, step)
        assert message.row_step == len(message.data) == step * 100 * number and message.is_dense is True
        words = np.frombuffer(message.data, np.uint32).reshape(-1, step // 4)
        np.testing.assert_array_equal(words[:, :3].copy().view(np.float32), true.points)
        if true.colors is not None:
            np.testing.assert_array_equal(words[:, 3], true.colors.astype(np.uint32) @ [65536, 256, 1])
    books = summary["cameras"]["front"]["clouds"]
    assert (books["written"], books["lost_by_reason"]) == (3, {"not received": 2})
    assert summary["cameras"]["front"]["streams"]["cloud"]["written"] == 3


def test_rclpy_reads_clouds() -> None:
    """ROS 2's own deserialisation finds every field of a PointCloud2, and its serialisation is as long as ours."""
    from rclpy.serialization import deserialize_message, serialize_message
    from sensor_msgs.msg import PointCloud2

    from airo_recorder.cloud_messages import OwnCloud, cloud_message
    from airo_recorder.frame_head import head_of

    given = cloud(3)
    made = cloud_message("front", head_of(frame(3)), OwnCloud(given.points, given.colors)).data
    read = deserialize_message(made, PointCloud2)
    assert (read.width, read.point_step, read.is_dense, len(read.data)) == (500, 16, True, 8000)
    assert len(serialize_message(read)) == len(made)


def test_streams_can_be_left_out(make_recorder: MakeRecorder) -> None:
    """What is not asked for is not recorded, and not in the summary."""
    folder, summary = recorded(make_recorder, kind="stereo", codec="ffv1", streams=("image", "depth"))
    assert set(summary["cameras"]["front"]["streams"]) == {"image", "depth"}
    assert {path.name for path in folder.glob("*.mkv")} == {"front_0000.mkv", "front.depth_0000.mkv"}
    assert summary["cameras"]["front"]["right_lenses"] == []


def test_crop_and_resize_keep_depth_and_image_together(make_recorder: MakeRecorder) -> None:
    """All planes are cut and scaled alike; depth is never a mean of two surfaces."""
    transform = make_transform(["crop=8,4,40,32", "resize=20x16"])
    folder, summary = recorded(make_recorder, kind="stereo", format="mcap", transforms={"front": transform})
    depths = messages_of(bag_file(folder), "/front/depth/image_rect_raw")
    infos = messages_of(bag_file(folder), "/front/depth/camera_info")
    for number, depth, info in zip(NUMBERS, depths, infos, strict=True):
        found = np.frombuffer(depth.data, np.float32).reshape(16, 20)
        np.testing.assert_array_equal(found, depth_plane(number)[4:36:2, 8:48:2])
        assert (info.width, info.height) == (20, 16) and info.k[0] == INTRINSICS.camera_matrix[0, 0] / 2
    rights = messages_of(bag_file(folder), "/front/right/image_raw")
    infos = messages_of(bag_file(folder), "/front/right/camera_info")
    assert {(right.width, right.height) for right in rights} == {(20, 16)} and infos[0].k[0] == 305.0


def test_a_transform_of_the_users_own(make_recorder: MakeRecorder) -> None:
    """One that keeps the size leaves depth as it is; one that changes it leaves depth out, and the summary says so."""

    def shrink(head: Any, image: Any) -> Any:
        from dataclasses import replace

        return replace(head, size_wh=(32, 24), intrinsics=None), np.ascontiguousarray(image[::2, ::2])

    folder, _ = recorded(
        make_recorder, kind="rgbd", codec="ffv1", transforms={"front": lambda head, image: (head, 255 - image)}
    )
    np.testing.assert_array_equal(pictures_of(folder / "front_0000.mkv")[0], 255 - picture(1))
    np.testing.assert_array_equal(
        pictures_of(folder / "front.depth_0000.mkv", encoding="16UC1")[0], true_millimetres(1)
    )
    folder, summary = recorded(make_recorder, kind="rgbd", codec="ffv1", transforms={"front": shrink})
    (event,) = summary["events"]
    assert "changes the size of images alone: depth, confidence are not recorded" in event["event"]
    assert set(summary["cameras"]["front"]["streams"]) == {"image"}


def test_a_bag_with_depth_that_is_cut_anywhere_is_repaired(make_recorder: MakeRecorder) -> None:
    """Every frame whose image is there is whole: its depth comes before it, bit by bit."""
    recorder = make_recorder(format="mcap")
    folder = recorder.start()
    size_wh = (640, 480)  # a message is a chunk of its own
    offer(recorder, NUMBERS, kind="rgbd", size_wh=size_wh)
    recorder.stop()
    path = bag_file(folder)
    whole = path.read_bytes()
    counts = []
    for part in (0.2, 0.35, 0.5, 0.65, 0.8, 0.9999):
        path.write_bytes(whole[: int(len(whole) * part)])
        repair_mcap(path)
        images = messages_of(path, "/front/image_raw")
        depths = messages_of(path, "/front/depth/image_rect_raw")
        assert len(images) <= len(depths) <= len(images) + 1
        for number, depth in enumerate(depths, 1):
            assert bytes(depth.data) == depth_plane(number, size_wh=size_wh).tobytes()
        counts.append(len(images))
    assert counts == sorted(counts) and counts[-1] == len(NUMBERS) and counts[0] < 3


def test_removing_the_folder_loses_no_stream_alone(make_recorder: MakeRecorder) -> None:
    """When one video of several is removed, all go on in others with the same number."""
    recorder = make_recorder(codec="ffv1")
    folder = recorder.start()
    offer(recorder, range(1, 31), kind="rgbd")
    wait_for(lambda: recorder.progress().written >= 3, what="frames on the disk")
    (folder / "front.depth_0000.mkv").unlink()
    number = 30

    def goes_on() -> bool:
        nonlocal number
        number += 1
        recorder.cameras["front"].offer(rgbd_frame(number))
        return (folder / "front.depth_0001.mkv").exists()

    wait_for(goes_on, what="other files")
    offer(recorder, range(number + 1, number + 6), kind="rgbd")
    summary = recorder.stop()
    assert summary["reason"] == "" and summary["written"] + summary["lost"] == number + 5
    rows = [row for row in rows_of(folder) if row["file"] == "front_0001.mkv"]
    depths = pictures_of(folder / "front.depth_0001.mkv", encoding="16UC1")
    assert len(rows) == len(depths) == len(times_of(folder / "front_0001.mkv")) >= 5
    for row in rows:
        np.testing.assert_array_equal(depths[int(row["index"])], true_millimetres(int(row["sequence"])))

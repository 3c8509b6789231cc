"""MCAP files, as the readers of others decode them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml
from airo_camera_msgs.msg import TagDetections
from frames import INTRINSICS, PERIOD_NANOS, START_NANOS, frame, offer, picture
from mcap.reader import make_reader
from reading import messages_of, rows_of
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import Reader

from airo_frames.stamps import write_stamp
from airo_frames.text import write_text
from airo_recorder.definitions import STANDARD, definition_of
from airo_recorder.frame_head import head_of
from airo_recorder.ros_messages import camera_info, raw_image, tag_detections, tag_transforms
from rclpy_loans import message_dtype

MakeRecorder = Callable[..., Any]
NUMBERS = range(1, 11)


def tags_record(number: int) -> Any:
    """Return a TagDetections record with two tags, of which one has a pose."""
    record = np.zeros((), message_dtype(TagDetections))
    record["sequence"] = record["sequence_tail"] = number
    write_stamp(record["stamp"], START_NANOS + number * PERIOD_NANOS)
    write_text(record["frame_id"], "front_optical_frame", name="frame_id")
    record["count"] = 2
    for index, tag in enumerate(record["detections"][:2]):
        tag["id"], tag["corners"] = index + 5, np.arange(8) + index
        write_text(tag["family"], "tag36h11", name="family")
    record["detections"][1]["has_pose"] = True
    record["detections"][1]["position"] = 0.1, 0.2, 0.3 + number
    record["detections"][1]["orientation"] = 0.0, 0.0, 0.6, 0.8
    return record


def record_frames(
    make_recorder: MakeRecorder, *, encoding: str = "rgb8", splits_before: int = 0, **settings: Any
) -> Path:
    """Record frames and tags as MCAP, and return the folder."""
    recorder = make_recorder(format="mcap", **settings)
    folder: Path = recorder.start()
    for number in NUMBERS:
        if number == splits_before:
            recorder.split()
        offer(recorder, [number], encoding=encoding)
        record = tags_record(number)
        recorder.write_message(tag_detections("front", record, received_nanos=time.time_ns()))
        recorder.write_message(tag_transforms(record, received_nanos=time.time_ns()))
    summary = recorder.stop()
    assert (summary["written"], summary["lost"], summary["reason"]) == (len(NUMBERS), 0, "")
    return folder


def bag_file(folder: Path, number: int = 0) -> Path:
    """Return a bag's file."""
    return folder / f"{folder.name}_{number}.mcap"


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
@pytest.mark.parametrize("encoding", ["rgb8", "mono8", "16UC1", "32FC1"])
def test_raw_images_are_standard_messages(make_recorder: MakeRecorder, encoding: str, compression: str) -> None:
    """Every pixel, stamp, name and intrinsic number is there, by the definitions in the file alone."""
    folder = record_frames(make_recorder, encoding=encoding, compression=compression)
    images = messages_of(bag_file(folder), "/front/image_raw")
    infos = messages_of(bag_file(folder), "/front/camera_info")
    assert len(images) == len(infos) == len(NUMBERS)
    for number, image, info in zip(NUMBERS, images, infos, strict=True):
        true = picture(number, encoding=encoding)
        assert (image.width, image.height, image.encoding, image.is_bigendian) == (64, 48, encoding, 0)
        assert image.step == true.strides[0]
        np.testing.assert_array_equal(np.frombuffer(image.data, true.dtype).reshape(true.shape), true)
        for header in (image.header, info.header):
            stamp = header.stamp.sec * 1_000_000_000 + header.stamp.nanosec
            assert (stamp, header.frame_id) == (START_NANOS + number * PERIOD_NANOS, "front_optical_frame")
        assert (info.width, info.height, info.distortion_model) == (64, 48, "plumb_bob")
        np.testing.assert_array_equal(info.k, INTRINSICS.camera_matrix.ravel())
        np.testing.assert_array_equal(info.d, INTRINSICS.distortion)
        np.testing.assert_array_equal(info.r, np.eye(3).ravel())
        np.testing.assert_array_equal(info.p, INTRINSICS.projection.ravel())
        assert info.roi.do_rectify is False


@pytest.mark.parametrize(("kind", "encoding"), [("png", "rgb8"), ("png", "16UC1"), ("jpeg", "bgr8"), ("jpeg", "mono8")])
def test_compressed_images(make_recorder: MakeRecorder, kind: str, encoding: str) -> None:
    """They are named as image_transport names them; PNG keeps every pixel."""
    folder = record_frames(make_recorder, image=kind, encoding=encoding)
    images = messages_of(bag_file(folder), "/front/image_raw/compressed")
    assert len(images) == len(NUMBERS)
    for number, image in zip(NUMBERS, images, strict=True):
        assert image.format.startswith(f"{encoding}; {kind} compressed")
        decoded = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_UNCHANGED)
        true = picture(number, encoding=encoding)
        true = true[..., ::-1] if encoding == "rgb8" else true
        assert decoded.dtype == true.dtype
        difference = np.abs(decoded.astype(int) - true)
        assert difference.max() == 0 if kind == "png" else np.median(difference) <= 4


def test_tags_and_transforms(make_recorder: MakeRecorder) -> None:
    """Detections are read by their definition in the file, and a tag with a pose is a transform."""
    folder = record_frames(make_recorder)
    tags = messages_of(bag_file(folder), "/front/tags")
    assert [message.sequence for message in tags] == [message.sequence_tail for message in tags] == list(NUMBERS)
    for message in tags:
        assert message.count == 2 and [tag.id for tag in message.detections[:2]] == [5, 6]
        assert bytes(message.detections[0].family).rstrip(b"\0") == b"tag36h11"
        np.testing.assert_array_equal(message.detections[1].corners, np.arange(8) + 1)
    for number, message in zip(NUMBERS, messages_of(bag_file(folder), "/tf"), strict=True):
        (transform,) = message.transforms
        assert (transform.header.frame_id, transform.child_frame_id) == ("front_optical_frame", "tag36h11:6")
        assert transform.transform.translation.z == 0.3 + number
        assert (transform.transform.rotation.z, transform.transform.rotation.w) == (0.6, 0.8)


def test_it_is_a_ros_2_bag(make_recorder: MakeRecorder) -> None:
    """Rosbags opens the folder by its metadata, finds every topic, and decodes what it knows."""
    folder = record_frames(make_recorder)
    with Reader(folder) as bag:
        counts = {connection.topic: connection.msgcount for connection in bag.connections}
        types = {connection.topic: connection.msgtype for connection in bag.connections}
        assert bag.message_count == 4 * len(NUMBERS)
        assert len(list(bag.messages())) == 4 * len(NUMBERS)
    assert counts == dict.fromkeys(("/front/image_raw", "/front/camera_info", "/front/tags", "/tf"), len(NUMBERS))
    assert types["/front/tags"] == "airo_camera_msgs/msg/TagDetections"
    with AnyReader([folder]) as reader:
        connections = [c for c in reader.connections if c.topic == "/front/image_raw"]
        images = [reader.deserialize(data, c.msgtype) for c, _, data in reader.messages(connections)]
    np.testing.assert_array_equal(images[-1].data, picture(NUMBERS[-1]).ravel())


def test_what_rosbag2_asks_for(make_recorder: MakeRecorder) -> None:
    """Profile, encodings and metadata are those that rosbag2's storage plugin for MCAP reads."""
    folder = record_frames(make_recorder, splits_before=4)
    with bag_file(folder).open("rb") as file:
        reader = make_reader(file)
        summary = reader.get_summary()
        assert reader.get_header().profile == "ros2"
    assert summary is not None and summary.statistics is not None and summary.chunk_indexes
    assert {channel.message_encoding for channel in summary.channels.values()} == {"cdr"}
    assert all("offered_qos_profiles" in channel.metadata for channel in summary.channels.values())
    assert {schema.encoding for schema in summary.schemas.values()} == {"ros2msg"}
    content = yaml.safe_load((folder / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert (content["version"], content["storage_identifier"]) == (5, "mcap")
    assert len(content["relative_file_paths"]) == 2
    assert all((folder / name).is_file() for name in content["relative_file_paths"])
    assert content["message_count"] == sum(each["message_count"] for each in content["files"]) == 4 * len(NUMBERS)
    rows = [row for row in rows_of(folder) if row["status"] == "written"]
    assert {row["file"] for row in rows} <= set(content["relative_file_paths"])


def test_our_definitions_are_the_installed_ones() -> None:
    """What we write of standard messages has the fields of the installed definitions, in their order."""
    from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

    compared = 0
    for name, text in STANDARD.items():
        package, _, message = name.split("/")
        try:
            installed = (Path(get_package_share_directory(package)) / "msg" / f"{message}.msg").read_text()
        except PackageNotFoundError:
            continue
        assert fields_of(text) == fields_of(installed), name
        compared += 1
    assert compared >= len(STANDARD) - 1
    assert "TagDetection[128] detections" in definition_of("airo_camera_msgs/msg/TagDetections")


def fields_of(definition: str) -> list[list[str]]:
    """Return type and name of each field."""
    lines = (line.partition("#")[0].split() for line in definition.splitlines())
    return [words[:2] for words in lines if len(words) >= 2 and "=" not in words]


def test_rclpy_reads_the_messages() -> None:
    """ROS 2's own deserialisation finds every field, and its serialisation is as long as ours."""
    from rclpy.serialization import deserialize_message, serialize_message
    from sensor_msgs.msg import CameraInfo, Image

    given = frame(3)
    head = head_of(given)
    image = raw_image("front", head, given.image).data
    read = deserialize_message(image, Image)
    assert (read.header.frame_id, read.height, read.width, read.encoding, read.step) == (
        "front_optical_frame",
        48,
        64,
        "rgb8",
        192,
    )
    assert bytes(read.data) == given.image.tobytes() and len(serialize_message(read)) == len(image)
    info = camera_info("front", head).data
    read = deserialize_message(info, CameraInfo)
    assert list(read.d) == INTRINSICS.distortion.tolist() and list(read.k) == INTRINSICS.camera_matrix.ravel().tolist()
    assert list(read.p) == INTRINSICS.projection.ravel().tolist() and read.distortion_model == "plumb_bob"
    assert len(serialize_message(read)) == len(info)


def test_a_snapshot_of_messages(make_recorder: MakeRecorder) -> None:
    """The last frames are in a bag of their own."""
    recorder = make_recorder(format="mcap", snapshot_secs=100.0, snapshot_bytes=5 * 64 * 48 * 3 + 1000)
    offer(recorder, [], encoding="rgb8")
    for number in NUMBERS:
        recorder.cameras["front"].offer(frame(number))
    folder = recorder.snapshot()
    rows = rows_of(folder)
    assert [int(row["sequence"]) for row in rows] == list(NUMBERS)[-len(rows) :] and 4 <= len(rows) <= 5
    assert len(messages_of(bag_file(folder), "/front/image_raw")) == len(rows)

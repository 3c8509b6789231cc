"""Whatever happens to a recording, its files open, little is lost, and the summary says why."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from frames import MAKERS, depth_plane, offer, picture, wait_for
from mcap.exceptions import McapError
from reading import messages_of, pictures_of, rows_of, summary_of, times_of
from rosbags.rosbag2 import Reader
from test_mcap import bag_file, record_frames

from airo_recorder.bag_metadata import rebuild_bag_metadata
from airo_recorder.depth_units import as_millimetres
from airo_recorder.exceptions import RecordingRepairError, RecordingWriteError
from airo_recorder.mcap_repair import is_complete, repair_mcap

HERE = Path(__file__).parent
MakeRecorder = Callable[..., Any]
Start = Callable[..., Any]
SECOND = 100  # frames of the recording that is killed
MESSAGES = {  # that a frame of a kind has
    "image": ("image_raw", "camera_info"),
    "rgbd": ("image_raw", "depth/image_rect_raw"),
    "stereo": ("image_raw", "depth/image_rect_raw", "confidence/image_rect_raw", "right/image_raw"),
}


def frames_in(folder: Path, *, kind: str) -> int:
    """Return how many whole frames are in a recording of one file per stream, after repair where it needs one.

    Depth is looked at, too: each one that is there has to be its frame's.
    """
    bags = list(folder.glob("*.mcap"))
    for path in bags:
        repair_mcap(path)
        depths = [bytes(message.data) for message in messages_of(path, "/front/depth/image_rect_raw")]
        assert depths == [depth_plane(number).tobytes() for number in range(1, len(depths) + 1)]
    if bags:
        return min(len(messages_of(bags[0], f"/front/{topic}")) for topic in MESSAGES[kind])
    for path in folder.glob("front.depth_*"):
        for number, depth in enumerate(pictures_of(path, encoding="16UC1"), 1):
            np.testing.assert_array_equal(depth, as_millimetres(depth_plane(number)))
    return min(len(times_of(path)) for path in folder.glob("front*.m*"))


@pytest.mark.parametrize(
    ("container", "codec", "kind"),
    [
        ("mkv", "h264", "image"),
        ("mp4", "h264", "image"),
        ("mkv", "ffv1", "image"),
        ("mcap", "h264", "image"),
        ("mkv", "h264", "stereo"),
        ("mp4", "ffv1", "rgbd"),
        ("mcap", "h264", "stereo"),
    ],
)
def test_a_killed_or_copied_recording_lacks_a_second_at_most(
    start: Start, tmp_path: Path, container: str, codec: str, kind: str
) -> None:
    """After kill -9, and in a copy that was made in the middle, all but the last second is there and opens."""
    process = start(HERE / "killed_recording.py", tmp_path / "recordings", container, codec, kind)
    folder = Path(process.expect("(.*recording_.*)")[1])
    process.expect("offered 250")
    shutil.copytree(folder, tmp_path / "copy")
    process.expect("offered 350")
    process.kill_group()
    killed_at = int(process.output[-1].split()[1])
    for kept, offered in ((tmp_path / "copy", 250), (folder, killed_at)):
        assert summary_of(kept)["state"] == "recording"
        written = [row for row in rows_of(kept) if row["status"] == "written"]
        found = frames_in(kept, kind=kind)
        assert found >= offered - SECOND and len(written) >= offered - SECOND
        assert found >= len(written)  # the books never claim more than there is


@pytest.mark.parametrize(("container", "codec"), [("mkv", "h264"), ("mp4", "ffv1")])
def test_a_video_that_is_cut_anywhere_opens(make_recorder: MakeRecorder, container: str, codec: str) -> None:
    """A video without its end is one with fewer pictures."""
    recorder = make_recorder(format=container, codec=codec)
    folder = recorder.start()
    offer(recorder, range(1, 61))
    recorder.stop()
    path = folder / f"front_0000.{container}"
    whole = path.read_bytes()
    counts = []
    for part in (0.4, 0.6, 0.8, 1.0):
        path.write_bytes(whole[: int(len(whole) * part)])
        counts.append(len(pictures_of(path)))
    assert counts == sorted(counts) and counts[0] > 0 and counts[-1] == 60


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_a_bag_that_is_cut_anywhere_is_repaired(make_recorder: MakeRecorder, compression: str) -> None:
    """Whatever the cut, the repaired file has every message of its whole chunks, in a valid index."""
    recorder = make_recorder(format="mcap", compression=compression)
    folder = recorder.start()
    size_wh = (640, 480)
    offer(recorder, range(1, 7), size_wh=size_wh)
    recorder.stop()
    path = bag_file(folder)
    whole = path.read_bytes()
    counts = []
    for part in (0.0001, 0.3, 0.5, 0.75, 0.97, 0.9999):
        path.write_bytes(whole[: max(60, int(len(whole) * part))])
        assert not is_complete(path)
        repair = repair_mcap(path)
        assert not repair.was_complete and repair_mcap(path).was_complete
        images = messages_of(path, "/front/image_raw")
        for number, image in enumerate(images, 1):
            assert bytes(image.data) == picture(number, size_wh=size_wh).tobytes()
        assert repair.messages == len(images) + len(messages_of(path, "/front/camera_info"))
        rebuild_bag_metadata(folder)
        with Reader(folder) as bag:
            assert bag.message_count == repair.messages == len(list(bag.messages()))
        counts.append(len(images))
    assert counts == sorted(counts) and counts[0] == 0 and counts[-1] == 6 and counts[2] > 0


def test_what_cannot_be_repaired_is_left_alone(make_recorder: MakeRecorder, tmp_path: Path) -> None:
    """Other files, and chunks with wrong checksums, are refused with what is wrong."""
    other = tmp_path / "other.mcap"
    other.write_bytes(b"no MCAP file at all")
    with pytest.raises(RecordingRepairError, match="no MCAP file"):
        repair_mcap(other)
    path = bag_file(record_frames(make_recorder, compression="none"))
    damaged = bytearray(path.read_bytes()[:-100])
    damaged[len(damaged) // 2] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(RecordingRepairError, match="is damaged"):
        repair_mcap(path)
    assert path.read_bytes() == damaged
    with pytest.raises(McapError):
        messages_of(path, "/front/image_raw")


@pytest.mark.parametrize(
    ("container", "codec", "kind"),
    [
        ("mkv", "ffv1", "image"),
        ("mp4", "ffv1", "image"),
        ("mcap", "h264", "image"),
        ("mkv", "ffv1", "rgbd"),
        ("mcap", "h264", "rgbd"),
    ],
)
def test_a_full_disk_ends_the_recording(tmp_path: Path, container: str, codec: str, kind: str) -> None:
    """What was written before stays valid, also an MCAP file with its index; the reason is told."""
    said, folder = record_until_full(tmp_path, container, codec, kind)
    written = [int(row["sequence"]) for row in rows_of(folder) if row["status"] == "written"]
    assert written == list(range(1, len(written) + 1)) and len(written) > 5
    (path,) = [*folder.glob("front_0000.*"), *folder.glob("*.mcap")]
    if container == "mcap":
        assert is_complete(path)
        found = [np.frombuffer(i.data, np.uint8) for i in messages_of(path, "/front/image_raw")]
        assert summary_of(folder)["reason"] == said["reason"]
    else:
        found = [p.ravel() for p in pictures_of(path)]
    assert len(found) >= len(written)
    for number in (1, len(written)):
        np.testing.assert_array_equal(found[number - 1], picture(number, size_wh=(320, 240)).ravel())
    if kind == "rgbd" and container == "mcap":
        depths = [bytes(message.data) for message in messages_of(path, "/front/depth/image_rect_raw")]
        assert depths[len(written) - 1] == depth_plane(len(written), size_wh=(320, 240)).tobytes()
    elif kind == "rgbd":
        planes = pictures_of(folder / "front.depth_0000.mkv", encoding="16UC1")
        true = as_millimetres(depth_plane(len(written), size_wh=(320, 240)))
        np.testing.assert_array_equal(planes[len(written) - 1], true)


@pytest.mark.parametrize("container", ["mkv", "mcap"])
def test_a_disk_that_others_fill_ends_the_recording(tmp_path: Path, container: str) -> None:
    """The books meet it first, as no frame comes: the same reason is told, and every row is whole and has its frame."""
    said, folder = record_until_full(tmp_path, container, "ffv1", "image", "filled")
    assert said["reason"].startswith("cannot write in ")
    written = [int(row["sequence"]) for row in rows_of(folder) if row["status"] == "written"]
    assert written == list(range(1, len(written) + 1)) and written
    assert summary_of(folder)["written"] >= len(written)
    (path,) = [*folder.glob("front_0000.*"), *folder.glob("*.mcap")]
    found = messages_of(path, "/front/image_raw") if container == "mcap" else pictures_of(path)
    assert len(found) >= len(written)


def record_until_full(tmp_path: Path, container: str, codec: str, *how: str) -> tuple[dict[str, Any], Path]:
    """Record to a disk of 12 MB until it is full; return what was said and a copy of the folder."""
    disk, copy = tmp_path / "disk", tmp_path / "copy"
    disk.mkdir()
    enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=12m tmpfs {disk}"
    if shutil.which("unshare") is None or subprocess.run([*enter, mount], capture_output=True).returncode != 0:
        pytest.skip("this user may not mount a disk of its own")
    record = f"{sys.executable} {HERE / 'full_disk.py'} {disk} {container} {codec} 0 {' '.join(how)}"
    script = f"{mount} && {record} && cp -r {disk} {copy}"
    done = subprocess.run([*enter, script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert "No space left on device" in said["reason"]
    return said, copy / Path(said["folder"]).name


def test_a_nearly_full_disk_ends_the_recording(make_recorder: MakeRecorder) -> None:
    """The disk keeps what is to be kept free, and a recording does not begin without it."""
    recorder = make_recorder(keep_free_bytes=1 << 60)
    with pytest.raises(RecordingWriteError, match="MB left: expected at least"):
        recorder.start()
    assert recorder.progress().state == "stopped"


@pytest.mark.parametrize("kind", ["image", "stereo"])
@pytest.mark.parametrize("container", ["mkv", "mcap"])
def test_a_removed_folder_is_made_anew(make_recorder: MakeRecorder, tmp_path: Path, container: str, kind: str) -> None:
    """Recording goes on in another file, and the summary says what went with the first."""
    recorder = make_recorder(format=container, codec="ffv1")
    folder = recorder.start()
    offer(recorder, range(1, 31), kind=kind)
    wait_for(lambda: recorder.progress().written >= 3, what="frames on the disk")
    # Moved first, and so gone at once: while rmtree() works, the recorder may write its books in the folder.
    folder.rename(tmp_path / "removed")
    shutil.rmtree(tmp_path / "removed")
    number = 30

    def is_noticed() -> bool:
        nonlocal number
        number += 1
        recorder.cameras["front"].offer(MAKERS[kind](number))
        return bool(folder.exists() and [*folder.glob("front_0001.mkv"), *folder.glob("*.mcap")])

    wait_for(is_noticed, what="another file")
    offer(recorder, range(number + 1, number + 11), kind=kind)
    summary = recorder.stop()
    assert summary["state"] == "complete" and summary["reason"] == ""
    assert any("was removed while it was recorded" in event["event"] for event in summary["events"])
    rows = rows_of(folder)
    kept = [int(row["sequence"]) for row in rows if row["status"] == "written"]
    assert set(range(number + 1, number + 11)) <= set(kept)
    paths = [*folder.glob("front_*.mkv"), *folder.glob("*.mcap")]
    in_files = sum(len(messages_of(p, "/front/image_raw")) if p.suffix == ".mcap" else len(times_of(p)) for p in paths)
    assert in_files >= 10
    assert summary["written"] + summary["lost"] == number + 10


def test_a_recording_that_cannot_begin(make_recorder: MakeRecorder, tmp_path: Path) -> None:
    """A directory that cannot be made is one clear error."""
    (tmp_path / "file").write_text("in the way")
    recorder = make_recorder(directory=tmp_path / "file")
    with pytest.raises(RecordingWriteError, match="cannot create .*file"):
        recorder.start()


@pytest.mark.parametrize("container", ["mkv", "mcap"])
def test_removing_the_folder_again_and_again(make_recorder: MakeRecorder, tmp_path: Path, container: str) -> None:
    """At whatever moment it goes, while books are written and progress is asked for: the recording does not end."""
    recorder = make_recorder(format=container, codec="ffv1")
    folder = recorder.start()
    number = removals = 0

    def is_removed_often() -> bool:
        nonlocal number, removals
        number += 1
        recorder.cameras["front"].offer(MAKERS["rgbd"](number))
        recorder.progress()
        try:
            folder.rename(tmp_path / "removed")
        except FileNotFoundError:
            return False
        shutil.rmtree(tmp_path / "removed")
        removals += 1
        return removals >= 8

    wait_for(is_removed_often, what="a folder that is made anew")
    assert recorder.progress().state == "recording", recorder.progress().reason
    summary = recorder.stop()
    assert (summary["reason"], summary["state"]) == ("", "complete")
    assert summary["written"] + summary["lost"] == number

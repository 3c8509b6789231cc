"""Tests of airo_ros2.camera with cameras that do what a test says."""

from __future__ import annotations

import pickle
import threading
import time

import numpy as np
import pytest

from airo_ros2 import (
    AiroRos2Error,
    Camera,
    CameraGoneError,
    CameraNameError,
    CameraNotFoundError,
    ClosedError,
    Frame,
    FrameOverwrittenError,
    FrameTimeoutError,
    NotCalibratedError,
    NotGrabbedError,
    list_cameras,
)
from airo_ros2.frame_reader import rate_between
from airo_ros2.testing import FakeCamera

PATIENCE_SECS = 30.0


def test_retrieving_needs_a_grab(domain: int) -> None:
    """Before the first grab every retrieve is a RuntimeError, and what is known of the camera is there all the same."""
    with FakeCamera("front", size_wh=(64, 48)), Camera("front", timeout=PATIENCE_SECS) as camera:
        for retrieve in (camera.retrieve_rgb_image, camera.retrieve_rgb_image_as_int, lambda: camera.stamp):
            with pytest.raises(RuntimeError, match="call grab_images\\(\\) first") as caught:
                retrieve()
            assert isinstance(caught.value, NotGrabbedError)
        assert camera.resolution == (64, 48)
        np.testing.assert_array_equal(camera.intrinsics_matrix(), [[64, 0, 31.5], [0, 64, 23.5], [0, 0, 1]])


def test_images_are_as_in_airo_mono(domain: int) -> None:
    """uint8 and float32 from 0 to 1, RGB, of the grabbed frame, in arrays of the caller's own."""
    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    with FakeCamera("front", images=[picture]), Camera("front", timeout=PATIENCE_SECS) as camera:
        camera.grab_images()
        image, again = camera.retrieve_rgb_image_as_int(), camera.retrieve_rgb_image_as_int()
        np.testing.assert_array_equal(image, picture)
        image[:] = 0
        np.testing.assert_array_equal(again, picture)
        exact = camera.retrieve_rgb_image()
        assert exact.dtype == np.float32
        np.testing.assert_array_equal(exact, picture.astype(np.float32) / 255)


def test_retrieving_stays_with_the_grabbed_frame(domain: int) -> None:
    """Whatever the camera publishes meanwhile, all that is retrieved after a grab is of one frame."""
    with FakeCamera("front", fps=None) as fake, Camera("front", timeout=PATIENCE_SECS) as camera:
        camera.grab_images()
        first = camera.sequence
        fake.overwrite()
        assert (camera.retrieve_rgb_image_as_int() == first).all()
        assert camera.sequence == first
        camera.grab_images()
        assert camera.sequence == fake.sequence


def test_next_or_newest_frame(domain: int) -> None:
    """The newest skips what waits, the next in turn does not; what was missed is counted."""
    with FakeCamera("front", fps=None) as fake:
        newest, every = (Camera("front", timeout=PATIENCE_SECS, newest=newest) for newest in (True, False))
        for camera in (newest, every):
            camera.grab_images()
        start = every.sequence
        for _ in range(3):
            fake.publish()
        newest.grab_images()
        assert newest.sequence == fake.sequence
        taken = []
        while every.sequence < fake.sequence:
            every.grab_images()
            taken.append(every.sequence)
        assert taken == list(range(start + 1, fake.sequence + 1))
        drops = every.drops
        fake.skip(7)
        fake.publish()
        every.grab_images()
        assert every.drops == drops + 7


def test_fresh_frames_are_acquired_after_the_call(domain: int) -> None:
    """With fresh=True a frame that waits already is passed over."""
    with FakeCamera("front", fps=50), Camera("front", timeout=PATIENCE_SECS) as camera:
        before = time.time_ns()
        camera.grab_images(fresh=True)
        assert camera.stamp_nanos >= before
        assert camera.stamp == pytest.approx(camera.stamp_nanos / 1e9)


def test_borrowing_shows_the_memory_of_the_camera(domain: int) -> None:
    """A borrowed frame is a read-only view without a copy, which tells when it was overwritten."""
    with FakeCamera("front", fps=None) as fake, Camera("front", timeout=PATIENCE_SECS) as camera:
        with camera.borrow() as frame:
            assert frame.is_zero_copy and not frame.rgb.flags.writeable
            assert (frame.rgb == frame.sequence).all()
            frame.check_valid()
            fake.overwrite()
            with pytest.raises(FrameOverwrittenError):
                frame.check_valid()


def test_stream_gives_each_frame(domain: int) -> None:
    """A stream yields frame after frame, each a copy that stays as it is."""
    with FakeCamera("front", fps=50) as fake, Camera("front", timeout=PATIENCE_SECS) as camera:
        frames = [frame for frame, _ in zip(camera.stream(newest=False), range(5), strict=False)]
        fake.overwrite()
        for frame in frames:
            assert not frame.is_zero_copy
            assert (frame.rgb == frame.sequence % 256).all()
        assert [frame.sequence for frame in frames] == sorted({frame.sequence for frame in frames})


@pytest.mark.parametrize(("nanos", "fps"), [(400_000_000, 25.0), (400_800_000, 25.0), (425_000_000, 10 / 0.425)])
def test_fps_follows_from_stamps_and_numbers(nanos: int, fps: float) -> None:
    """Lost frames do not lower the rate; what is nearly a whole number is one."""
    first, last = (
        Frame(np.zeros((1, 1, 3), np.uint8), "rgb8", stamp, number, "front", None)
        for stamp, number in ((0, 5), (nanos, 15))
    )
    assert rate_between(first, last) == pytest.approx(fps)


def test_measuring_the_rate_takes_no_frame_away(domain: int) -> None:
    """The rate of a running camera is measured beside what the user reads."""
    with FakeCamera("front", fps=100), Camera("front", timeout=PATIENCE_SECS, newest=False) as camera:
        camera.grab_images()
        before = camera.sequence
        assert camera.fps == camera.fps > 0
        camera.grab_images()
        assert camera.sequence > before


def test_deprecated_getters_work(domain: int) -> None:
    """get_* grab and retrieve in one, and say what to use."""
    with FakeCamera("front"), Camera("front", timeout=PATIENCE_SECS) as camera:
        with pytest.warns(DeprecationWarning, match="grab_images\\(\\) and retrieve_rgb_image_as_int\\(\\)"):
            image = camera.get_rgb_image_as_int()
        with pytest.warns(DeprecationWarning, match="retrieve_rgb_image\\(\\)"):
            assert camera.get_rgb_image().shape == image.shape


def test_a_camera_without_intrinsics_says_so(domain: int) -> None:
    """An uncalibrated camera gives images, and a clear RuntimeError for the matrix."""
    with FakeCamera("front", intrinsics=None), Camera("front", timeout=PATIENCE_SECS) as camera:
        camera.grab_images()
        with pytest.raises(NotCalibratedError, match="--calibration"):
            camera.intrinsics_matrix()


def test_a_wrong_name_lists_cameras_and_suggests(domain: int) -> None:
    """Who asks for a camera that is not there learns which there are, and which he may have meant."""
    with FakeCamera("front"), FakeCamera("robot1/wrist"):
        found: list[str] = []
        while len(found) < 2:
            found = list_cameras(timeout=PATIENCE_SECS)
        assert found == ["front", "robot1/wrist"]
        with pytest.raises(CameraNotFoundError, match="did you mean 'front'\\? running are front, robot1/wrist"):
            Camera("fornt", timeout=0.5)


@pytest.mark.parametrize("name", ["", "1st", "my camera", "a//b", "front/", "a__b"])
def test_an_impossible_name_is_an_error_at_once(name: str) -> None:
    """Names that ROS does not allow say what is allowed."""
    with pytest.raises(CameraNameError, match="letters, digits and single underscores"):
        Camera(name)


def test_nothing_running_says_how_to_start(domain: int) -> None:
    """Without any camera, the error tells how to start one and which domain was looked at."""
    with pytest.raises(CameraNotFoundError, match=rf"airo-ros2 bringup.*ROS_DOMAIN_ID, which is {domain} here"):
        Camera("front", timeout=0.2)


def test_another_domain_is_named(domain: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera in another ROS domain of this machine is found, and what to set is said."""
    other = 101 + domain  # beyond those of tests
    with FakeCamera("front"), monkeypatch.context() as patch:
        patch.setenv("ROS_DOMAIN_ID", str(other))
        with pytest.raises(
            CameraNotFoundError, match=rf"in ROS domain {other}, but front in domain {domain}: set ROS_D"
        ):
            Camera("front", timeout=0.2)


def test_a_camera_that_ends_hangs_or_returns(domain: int) -> None:
    """Gone and silent are told apart; when the camera is back, the reader goes on."""
    with FakeCamera("front") as fake, Camera("front", timeout=PATIENCE_SECS) as camera:
        camera.grab_images()
        fake.hang()
        with pytest.raises(FrameTimeoutError, match="is connected, but the last frame"):
            for _ in range(100):  # what was published before
                camera.grab_images(timeout=0.2)
        fake.disappear()
        with pytest.raises(CameraGoneError, match="it has ended; the last frame that was read"):
            camera.grab_images(timeout=1.0)
        fake.resume()
        camera.grab_images()
        assert (camera.retrieve_rgb_image_as_int() == camera.sequence).all()


def test_closing_ends_a_wait_in_another_thread(domain: int) -> None:
    """A closed camera says so, also to a thread that waits for a frame."""
    with FakeCamera("front", fps=None):
        camera = Camera("front", timeout=PATIENCE_SECS)
        camera.grab_images()
        errors: list[AiroRos2Error] = []
        is_waiting = threading.Event()

        def wait() -> None:
            is_waiting.set()
            try:
                camera.grab_images(timeout=PATIENCE_SECS)
            except AiroRos2Error as error:
                errors.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        is_waiting.wait(PATIENCE_SECS)
        camera.close()
        camera.close()
        thread.join(PATIENCE_SECS)
        (error,) = errors
        assert isinstance(error, ClosedError)


def test_a_camera_that_was_only_looked_at_says_that_it_is_closed(domain: int) -> None:
    """A frame that was looked at for what it says of the camera, and not grabbed, does not hide it."""
    with FakeCamera("front", fps=None):
        camera = Camera("front", timeout=PATIENCE_SECS)
        camera.intrinsics_matrix()
        camera.close()
        with pytest.raises(ClosedError):
            camera.grab_images()


def test_cameras_in_threads(domain: int) -> None:
    """Each thread has its own camera; all see the frames."""
    seen: list[int] = []

    def read() -> None:
        with Camera("front", timeout=PATIENCE_SECS) as camera:
            camera.grab_images()
            seen.append(int(camera.retrieve_rgb_image_as_int()[0, 0, 0]) - camera.sequence % 256)

    with FakeCamera("front"):
        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_SECS)
    assert seen == [0, 0, 0, 0]


def test_a_pickled_camera_is_opened_anew(domain: int) -> None:
    """A camera that goes to another process by pickle is attached to by its name there."""
    with FakeCamera("front"), Camera("front", timeout=PATIENCE_SECS, newest=False) as camera:
        with pickle.loads(pickle.dumps(camera)) as other:
            other.grab_images()
            assert other.name == "front"
            assert (other.retrieve_rgb_image_as_int() == other.sequence % 256).all()


def test_the_users_node_is_read_with_and_left_alone(node: object, domain: int) -> None:
    """With node= nothing of the facade's own is made, and the node goes on when the camera is closed."""
    with FakeCamera("front"), Camera("front", timeout=PATIENCE_SECS, node=node) as camera:  # type: ignore[arg-type]
        camera.grab_images()
        assert camera.retrieve_rgb_image_as_int().shape == (48, 64, 3)
        with pytest.raises(TypeError, match="your node"):
            pickle.dumps(camera)
    assert list_cameras(node=node) == [] or node.get_name() == "test"  # type: ignore[attr-defined,arg-type]


def test_too_few_frames_have_no_rate(domain: int) -> None:
    """The rate of a camera that stands still is a FrameTimeoutError, not a guess."""
    with FakeCamera("front", fps=None), Camera("front", timeout=2.0) as camera:
        with pytest.raises(FrameTimeoutError, match="too few to measure its rate"):
            assert camera.fps

"""Tests of airo_camera.sources.images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from source_reading import FakeTime, read_all, retrieved

from airo_camera.exceptions import SourceOpenError, SourceReadError
from airo_camera.sources.images import ImagesSource
from airo_camera.sources.spec import make_source

RNG = np.random.default_rng(7)
COLOUR = RNG.integers(0, 255, (24, 32, 3), dtype=np.uint8)


def write(path: Path, image: NDArray[Any]) -> Path:
    """Write an image file."""
    assert cv2.imwrite(str(path), image)
    return path


def flat(level: int) -> NDArray[np.uint8]:
    """Return a small grey image."""
    return np.full((4, 6), level, np.uint8)


def levels(spec: str | Path, fake_time: FakeTime, *, count: int | None = None, loop: bool = False) -> list[int]:
    """Return the grey levels of a source's images."""
    source = ImagesSource(spec, pacer=fake_time.pacer(), loop=loop)
    with source:
        if count is None:
            return [int(image[0, 0]) for image in read_all(source)]
        return [int(retrieved(source, source.grab())[0, 0]) for _ in range(count)]


def test_folder_is_read_in_natural_order(tmp_path: Path, fake_time: FakeTime) -> None:
    """2.png comes before 10.png; files that are no images and subfolders are left out."""
    for number in (10, 2, 1, 33):
        write(tmp_path / f"{number}.PNG" if number == 33 else tmp_path / f"{number}.png", flat(number))
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "README.md").write_text("not an image")
    (tmp_path / "folder.png").mkdir()
    assert levels(tmp_path, fake_time) == [1, 2, 10, 33]


def test_glob_and_single_file(tmp_path: Path, fake_time: FakeTime) -> None:
    """A glob takes what matches, a file just itself, also when its name looks like a glob."""
    for name, level in (("a1.png", 1), ("a2.png", 2), ("b1.png", 3), ("c[1].png", 4)):
        write(tmp_path / name, flat(level))
    (tmp_path / "a3.txt").touch()
    assert levels(tmp_path / "a*", fake_time) == [1, 2]
    assert levels(tmp_path / "?1.png", fake_time) == [1, 3]
    assert levels(tmp_path / "b1.png", fake_time) == [3]
    assert levels(tmp_path / "c[1].png", fake_time) == [4]


def test_loop_starts_again(tmp_path: Path, fake_time: FakeTime) -> None:
    """A loop never ends."""
    for level in (1, 2):
        write(tmp_path / f"{level}.png", flat(level))
    assert levels(tmp_path, fake_time, count=5, loop=True) == [1, 2, 1, 2, 1]


def test_rate_is_the_pace(tmp_path: Path, fake_time: FakeTime) -> None:
    """The images come at the rate asked for."""
    for level in range(3):
        write(tmp_path / f"{level}.png", flat(level))
    source = ImagesSource(tmp_path, rate=4.0, pacer=fake_time.pacer())
    assert source.fps == 4.0 and not source.is_live
    with source:
        read_all(source)
    assert fake_time.sleeps == pytest.approx([0.25, 0.25])


@pytest.mark.parametrize(
    ("name", "image", "encoding"),
    [
        ("colour.png", COLOUR, "bgr8"),
        ("grey.png", COLOUR[:, :, 0], "mono8"),
        ("depth.png", COLOUR[:, :, 0].astype(np.uint16) * 200, "16UC1"),
        ("metres.tiff", COLOUR[:, :, 0].astype(np.float32) / 7, "32FC1"),
        ("colour.bmp", COLOUR, "bgr8"),
        ("grey.pgm", COLOUR[:, :, 1], "mono8"),
    ],
)
def test_pixels_and_encoding(tmp_path: Path, name: str, image: NDArray[Any], encoding: str) -> None:
    """Lossless files come back exactly, in the encoding of their pixels."""
    with make_source(str(write(tmp_path / name, image))) as source:
        grabbed = source.grab()
        assert grabbed is not None
        assert (grabbed.encoding, grabbed.size_wh, grabbed.intrinsics) == (encoding, (32, 24), None)
        np.testing.assert_array_equal(retrieved(source, grabbed), image)
        assert source.grab() is None


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tiff", ".webp", ".jp2", ".ppm"])
@pytest.mark.parametrize("part", [0.0, 0.01, 0.6])
def test_cut_off_image_names_the_file(
    tmp_path: Path, suffix: str, part: float, capfd: pytest.CaptureFixture[str]
) -> None:
    """A file that ends too early is one error with its name, and nothing else is printed."""
    path = write(tmp_path / f"cut{suffix}", RNG.integers(0, 255, (120, 160, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    with make_source(str(path)) as source, pytest.raises(SourceReadError, match=path.name):
        source.grab()
    assert "WARN" not in capfd.readouterr().err


def test_damaged_image_does_not_end_the_folder(tmp_path: Path, fake_time: FakeTime) -> None:
    """After the error of one file the next call goes on with the next one."""
    write(tmp_path / "1.png", flat(1))
    (tmp_path / "2.png").write_bytes(b"no image at all")
    write(tmp_path / "3.png", flat(3))
    with ImagesSource(tmp_path, pacer=fake_time.pacer()) as source:
        assert retrieved(source, source.grab())[0, 0] == 1
        with pytest.raises(SourceReadError, match=r"2\.png"):
            source.grab()
        assert retrieved(source, source.grab())[0, 0] == 3
        assert source.grab() is None


def test_vanished_file_is_an_error(tmp_path: Path) -> None:
    """A file that is gone by the time it is read is named."""
    path = write(tmp_path / "1.png", flat(1))
    with make_source(str(path)) as source:
        path.unlink()
        with pytest.raises(SourceReadError, match=r"1\.png: No such file"):
            source.grab()


def test_nothing_to_read_says_what_was_looked_for(tmp_path: Path) -> None:
    """An empty folder, a glob without matches and a missing path are errors of open()."""
    (tmp_path / "notes.txt").touch()
    for spec, words in (
        (tmp_path, r"no images in the folder .*\*\.png"),
        (tmp_path / "*.txt", r"no images match .*\*\.jpg.* 1 matches"),
        (tmp_path / "missing", "does not exist"),
        (tmp_path / ("x" * 300), "does not exist"),
    ):
        with pytest.raises(SourceOpenError, match=words):
            make_source(str(spec)).open()


def test_source_can_be_opened_again(tmp_path: Path, fake_time: FakeTime) -> None:
    """A closed source starts from the first image again."""
    for level in (1, 2):
        write(tmp_path / f"{level}.png", flat(level))
    source = ImagesSource(tmp_path, pacer=fake_time.pacer())
    for _ in range(2):
        with source:
            assert retrieved(source, source.grab())[0, 0] == 1
    with pytest.raises(SourceReadError, match="open"):
        source.grab()


def test_photographs_are_read(photographs: list[Path], fake_time: FakeTime) -> None:
    """Real photographs are colour images like those of OpenCV; the text files beside them are left out."""
    with ImagesSource(photographs[0].parent, pacer=fake_time.pacer()) as source:
        images = read_all(source)
    assert len(images) == len(photographs)
    np.testing.assert_array_equal(images[0], cv2.imread(str(photographs[0])))

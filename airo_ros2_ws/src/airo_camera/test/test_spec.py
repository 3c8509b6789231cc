"""Tests of airo_camera.sources.spec and the options in specifications."""

from __future__ import annotations

from pathlib import Path

import pytest

from airo_camera.exceptions import SourceOpenError, SourceSpecError
from airo_camera.sources.airo import AiroSource
from airo_camera.sources.device import DeviceSource, StreamSource
from airo_camera.sources.images import ImagesSource
from airo_camera.sources.simulated import SimulatedSource
from airo_camera.sources.spec import ACCEPTED_SPECS, make_source
from airo_camera.sources.video import VideoSource


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ("sim:", SimulatedSource),
        ("sim:tags?tilt=30&noise=0", SimulatedSource),
        ("0", DeviceSource),
        ("/dev/video2", DeviceSource),
        ("/dev/video0?width=1920&height=1080&fps=30&fourcc=MJPG", DeviceSource),
        ("http://127.0.0.1/stream?a=b", StreamSource),
        ("rtsp://host/stream", StreamSource),
        ("image.png", ImagesSource),
        ("folder", ImagesSource),
        ("shots/*.jpg", ImagesSource),
        ("movie.MP4", VideoSource),
        ("airo:some.module.Camera?fps=30", AiroSource),
    ],
)
def test_specification_names_its_source(spec: str, kind: type) -> None:
    """Each accepted specification gives its kind of source, not opened."""
    assert type(make_source(spec)) is kind


@pytest.mark.parametrize("spec", ["", "  ", "ftp://host/file", "zed:2i", "simulated:"])
def test_unknown_specification_lists_what_is_accepted(spec: str) -> None:
    """A specification that nobody knows is one error which lists those that are known."""
    with pytest.raises(SourceSpecError) as caught:
        make_source(spec)
    assert all(accepted in str(caught.value) for accepted in ACCEPTED_SPECS)
    assert repr(spec.strip()) in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("sim:cubes", ["cubes", "sim:tags"]),
        ("sim:?tilts=3", ["'tilts'", "tilt", "noise"]),
        ("sim:?tilt=much", ["'tilt'", "'much'", "a number from 0 to 70", "degrees"]),
        ("sim:?tilt=89", ["'tilt'", "89", "from 0 to 70"]),
        ("sim:?noise=nan", ["'noise'", "nan"]),
        ("sim:?width=1e3", ["'width'", "'1e3'", "a whole number"]),
        ("sim:?encoding=rgba8", ["'encoding'", "'rgba8'", "rgb8, bgr8, mono8"]),
        ("sim:?family=tag36h11&tags=100000", ["'tags'", "100000"]),
        ("sim:?family=tag16h5&tags=31", ["'tags'", "31", "30"]),
        ("sim:?tilt", ["'tilt'", "name=value"]),
        ("sim:?tilt=1&tilt=2", ["'tilt'", "twice"]),
        ("airo:Camera", ["'Camera'", "airo:package.module.Class"]),
        ("airo:some.module.Camera?fps", ["'fps'", "name=value"]),
        ("airo:some.module.Camera?fps=[30", ["'fps=[30'"]),
        ("/dev/video0?width=wide", ["'width'", "'wide'"]),
        ("/dev/video0?fourcc=MJPEG", ["'fourcc'", "'MJPEG'", "four characters"]),
    ],
)
def test_bad_option_is_named(spec: str, words: list[str]) -> None:
    """An option that is unknown or has a bad value is one error with its name, what was got and what is expected."""
    with pytest.raises(SourceSpecError) as caught:
        make_source(spec)
    message = str(caught.value)
    assert [word for word in [spec, *words] if word not in message] == []
    assert "\n" not in message


def test_rate_sets_the_pace_of_a_simulated_camera() -> None:
    """The rate takes the place of fps."""
    assert make_source("sim:?fps=10", rate=60).fps == 60
    assert make_source("sim:?fps=10").fps == 10


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_rate_must_be_positive(rate: float) -> None:
    """A rate that is no rate is refused."""
    with pytest.raises(SourceSpecError, match="rate is"):
        make_source("folder", rate=rate)


@pytest.mark.parametrize("spec", ["sim:", "0", "http://127.0.0.1/stream", "airo:some.module.Camera"])
def test_live_source_cannot_loop(spec: str) -> None:
    """Looping is refused rather than ignored where it means nothing."""
    with pytest.raises(SourceSpecError, match="loop"):
        make_source(spec, loop=True)


def test_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A leading ~ is the home folder, also in the error of a missing path."""
    monkeypatch.setenv("HOME", str(tmp_path))
    source = make_source("~/missing.png")
    with pytest.raises(SourceOpenError, match=str(tmp_path / "missing.png")):
        source.open()


def test_file_whose_name_looks_like_a_scheme_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What exists as a file is taken as a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "left:1.png").touch()
    assert isinstance(make_source("left:1.png"), ImagesSource)

"""Settings are normalised, and bad ones are refused with a reason."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest

from tag_pose.detector import TagDetector
from tag_pose.detector_settings import DetectorSettings
from tag_pose.exceptions import DetectorSettingError


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("36h11", "tag36h11"),
        ("tag36h11", "tag36h11"),
        (" TAG25H9 ", "tag25h9"),
        ("Standard41h12", "tagStandard41h12"),
        ("41h12", "tagStandard41h12"),
        ("circle21h7", "tagCircle21h7"),
        ("tagcustom48h12", "tagCustom48h12"),
    ],
)
def test_short_family_names_become_full_ones(short: str, full: str) -> None:
    """Families are known by the names people use for them."""
    assert DetectorSettings(families=(short,)).families == (full,)


def test_families_are_kept_once_and_in_order() -> None:
    """A family that is named twice is looked for once."""
    assert DetectorSettings(families=("25h9", "36h11", "tag25h9")).families == ("tag25h9", "tag36h11")


@pytest.mark.parametrize(
    "wrong",
    [
        {"families": ()},
        {"families": "tag36h11"},
        {"families": ("tag99h1",)},
        {"families": ("tag36h10",), "backend": "pupil"},
        {"backend": "aruco"},
        {"corner_refinement": "subpix"},
        {"decimate": 0.5},
        {"decimate": 2.5},
        {"decimate": float("nan")},
        {"decimate": "two"},
        {"blur_sigma": -1.0},
        {"blur_sigma": 50.0},
        {"sharpening": float("inf")},
        {"max_hamming": 3},
        {"max_hamming": -1},
        {"max_hamming": 1.5},
        {"min_decision_margin": -1.0},
        {"min_decision_margin": None},
    ],
)
def test_wrong_setting_is_refused(wrong: dict[str, Any]) -> None:
    """The error names the setting and says what was expected."""
    with pytest.raises(DetectorSettingError, match=r"expected") as caught:
        DetectorSettings(**wrong)
    assert next(iter(wrong)) in str(caught.value)


def test_16h5_warns_of_false_positives(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever chooses tag16h5 is told what to expect."""
    with caplog.at_level(logging.WARNING):
        DetectorSettings(families=("16h5",))
    assert "tag16h5" in caplog.text


def test_family_whose_table_takes_gigabytes_is_refused(backend: str) -> None:
    """Instead of ending the process for want of memory, the detector says what to do."""
    settings = DetectorSettings(families=("52h13",), backend=backend, max_hamming=2)
    with pytest.raises(DetectorSettingError, match="use max_hamming 1"):
        TagDetector(settings)


def test_missing_library_is_a_setting_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend without its library says what to install."""
    monkeypatch.setitem(sys.modules, "pyapriltags", None)
    with pytest.raises(DetectorSettingError, match="install pyapriltags, or choose 'pupil'"):
        TagDetector(DetectorSettings(backend="pyapriltags"))

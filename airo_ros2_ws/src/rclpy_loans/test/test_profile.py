"""Tests of rclpy_loans.profile."""

from __future__ import annotations

import os
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from rclpy_loans import ProfileError, apply_profile
from rclpy_loans.profile import (
    FASTDDS2_VARIABLE,
    FASTDDS3_VARIABLE,
    QOS_FROM_XML_VARIABLE,
    profile_path,
    profile_variable,
)

VARIABLES = (FASTDDS2_VARIABLE, FASTDDS3_VARIABLE, QOS_FROM_XML_VARIABLE)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start without any settings, and restore what was there."""
    for variable in VARIABLES:
        monkeypatch.setenv(variable, "")
        monkeypatch.delenv(variable)


def settings() -> dict[str, str]:
    """Return the variables that are set."""
    return {variable: os.environ[variable] for variable in VARIABLES if variable in os.environ}


def test_the_variable_of_the_distro_is_set() -> None:
    """One file variable and the permission to use it; again is no different."""
    assert apply_profile() and apply_profile()
    variable = FASTDDS3_VARIABLE if any(Path(sys.prefix, "lib").glob("libfastdds.so.3*")) else FASTDDS2_VARIABLE
    assert settings() == {variable: str(profile_path()), QOS_FROM_XML_VARIABLE: "1"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [(FASTDDS2_VARIABLE, "/home/user/mine.xml"), (FASTDDS3_VARIABLE, "/mine.xml"), (QOS_FROM_XML_VARIABLE, "0")],
)
def test_the_users_settings_stay(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """What the user has set is not touched, and nothing is set beside it."""
    monkeypatch.setenv(variable, value)
    assert not apply_profile()
    assert settings() == {variable: value}


def test_a_copy_of_ours_is_not_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What an activated environment has set, with the copy it holds, is ours to set anew; a changed copy is not."""
    copy = tmp_path / "fastdds.xml"
    copy.write_bytes(profile_path().read_bytes())
    monkeypatch.setenv(profile_variable(), str(copy))
    assert apply_profile() and settings()[profile_variable()] == str(profile_path())
    copy.write_text(copy.read_text().replace("3170", "3171"))
    monkeypatch.setenv(profile_variable(), str(copy))
    assert not apply_profile() and settings()[profile_variable()] == str(copy)


def test_an_unknown_profile_names_those_that_exist() -> None:
    """A wrong name is an error that lists the right ones."""
    with pytest.raises(ProfileError, match=r"no Fast DDS profile 'fast.xml' in .*: present are fastdds.xml"):
        apply_profile("fast.xml")


def test_the_profile_shares_on_both_sides() -> None:
    """Writers and readers share, in the same explicit domain, and with a policy that does not turn sharing off."""
    names = {"dds": "http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles"}
    root = ElementTree.parse(profile_path()).getroot()
    for side in ("data_writer", "data_reader"):
        profile = root.find(f".//dds:{side}[@is_default_profile='true']", names)
        assert profile is not None
        assert profile.findtext(".//dds:data_sharing/dds:kind", namespaces=names) == "AUTOMATIC"
        assert profile.findtext(".//dds:domain_ids/dds:domainId", namespaces=names) == "3170"
        assert profile.findtext("dds:historyMemoryPolicy", namespaces=names) == "PREALLOCATED_WITH_REALLOC"

"""Tests of rclpy_loans.profile."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from rclpy_loans import ProfileError, apply_profile
from rclpy_loans.profile import (
    FASTDDS2_VARIABLE,
    FASTDDS3_VARIABLE,
    QOS_FROM_XML_VARIABLE,
    SHARING_DOMAIN_VARIABLE,
    profile_path,
    profile_variable,
    sharing_domain,
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
    copy.write_text(copy.read_text().replace("<sec>5</sec>", "<sec>6</sec>"))
    monkeypatch.setenv(profile_variable(), str(copy))
    assert not apply_profile() and settings()[profile_variable()] == str(copy)


def test_an_unknown_profile_names_those_that_exist() -> None:
    """A wrong name is an error that lists the right ones."""
    with pytest.raises(
        ProfileError, match=r"no Fast DDS profile 'fast.xml' in .*: present are compressed.*fastdds.xml"
    ):
        apply_profile("fast.xml")


def test_the_sharing_domain_is_what_the_profile_says_for_shells() -> None:
    """Programs that are started with the profile by hand get the number that ours have."""
    expression = next(line for line in profile_path().read_text().splitlines() if "$((" in line)
    done = subprocess.run(["sh", "-c", f"echo {expression.strip()}"], check=True, capture_output=True, text=True)
    assert apply_profile() and done.stdout.strip() == os.environ[SHARING_DOMAIN_VARIABLE] == str(sharing_domain())


def test_another_profile_of_ours_is_replaced() -> None:
    """What a parent process of ours has applied is no setting of the user's."""
    assert apply_profile() and apply_profile("relay.xml")
    assert str(profile_path("relay.xml")) in settings().values()
    assert apply_profile() and str(profile_path()) in settings().values()


def test_profiles_for_both_fast_dds_are_alike() -> None:
    """A profile that Fast DDS 3 needs in other words says the same."""
    settings_of = [
        [
            (element.tag.lower().replace("_", ""), (element.text or "").strip())
            for element in ElementTree.parse(path).iter()
        ]
        for path in (profile_path("compressed.xml"), profile_path("compressed.fastdds3.xml"))
    ]
    assert settings_of[0] == settings_of[1]


def test_the_profile_shares_on_both_sides() -> None:
    """Writers and readers share, in the same explicit domain, and with a policy that does not turn sharing off."""
    names = {"dds": "http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles"}
    root = ElementTree.parse(profile_path()).getroot()
    for side in ("data_writer", "data_reader"):
        profile = root.find(f".//dds:{side}[@is_default_profile='true']", names)
        assert profile is not None
        assert profile.findtext(".//dds:data_sharing/dds:kind", namespaces=names) == "AUTOMATIC"
        assert profile.findtext(".//dds:domain_ids/dds:domainId", namespaces=names) == "${AIRO_ROS2_SHARING_DOMAIN}"
        assert profile.findtext("dds:historyMemoryPolicy", namespaces=names) == "PREALLOCATED_WITH_REALLOC"

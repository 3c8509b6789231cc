"""Tests of each check of airo_ros2.doctor with injected faults; the whole command is tested in tests/test_tools.py."""

from __future__ import annotations

import os
import re
import resource
from pathlib import Path

import pytest

from airo_ros2.doctor.check import Check, ok, problem
from airo_ros2.doctor.installation import Installation
from airo_ros2.doctor.machine import machine_checks
from airo_ros2.doctor.memory import memory_checks
from airo_ros2.doctor.messages import message_checks
from airo_ros2.doctor.probe import ProbeResult, judge
from airo_ros2.doctor.profile import profile_checks
from airo_ros2.doctor.settings import setting_checks
from airo_ros2.doctor.versions import version_checks
from rclpy_loans.profile import FASTDDS2_VARIABLE, FASTDDS3_VARIABLE, QOS_FROM_XML_VARIABLE, profile_path

INSTALLATION = Installation.of(os.environ)
NOTHING = Installation(())
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
OURS = profile_path().read_text()


def by_name(checks: object) -> dict[str, Check]:
    """Return checks by their names."""
    found = list(checks)  # type: ignore[call-overload]
    named = {check.name: check for check in found}
    assert len(named) == len(found)
    for check in found:
        assert (check.remedy is None) == (check.verdict == "ok"), check
    return named


def test_a_check_is_a_line_and_a_remedy() -> None:
    """People read the verdict first and the remedy below."""
    assert ok("rmw", "here").as_text() == "ok       rmw                  here"
    first, second = problem("rmw", "gone", "install it").as_text().splitlines()
    assert first.startswith("problem  rmw") and second.strip() == "-> install it"
    assert ok("rmw", "here").as_dict() == {"name": "rmw", "verdict": "ok", "found": "here", "remedy": None}


def test_versions_of_this_environment() -> None:
    """What is installed here is recognised."""
    checks = by_name(version_checks({}, INSTALLATION))
    assert {check.verdict for check in checks.values()} == {"ok"}
    assert "rclpy" in checks["ros"].found and "rmw_fastrtps_cpp" in checks["fast-dds"].found


def test_a_missing_ros_is_a_problem() -> None:
    """Without rclpy and rmw_fastrtps_cpp nothing can work."""
    checks = by_name(version_checks({}, NOTHING))
    assert checks["ros"].verdict == checks["fast-dds"].verdict == "problem"
    assert by_name(message_checks(NOTHING))["messages"].verdict == "problem"


@pytest.mark.parametrize(
    ("rclpy", "wanted", "verdict"),
    [
        ("7.1.6", "jazzy", "ok"),
        ("9.1.2", None, "ok"),
        ("3.3.0", None, "warning"),
        ("99", None, "warning"),
        ("7.1.6", "kilted", "warning"),
    ],
)
def test_the_distro_is_guessed(tmp_path: Path, rclpy: str, wanted: str | None, verdict: str) -> None:
    """The version of rclpy tells the distro; one that is not proven, or not the one that was named, is a warning."""
    (tmp_path / "share/rclpy").mkdir(parents=True)
    (tmp_path / "share/rclpy/package.xml").write_text(f"<package><version>{rclpy}</version></package>")
    environment = {} if wanted is None else {"ROS_DISTRO": wanted}
    assert by_name(version_checks(environment, Installation((tmp_path,))))["ros"].verdict == verdict


@pytest.mark.parametrize(
    ("variable", "value", "name", "verdict"),
    [
        ("RMW_IMPLEMENTATION", "", "rmw", "ok"),
        ("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp", "rmw", "ok"),
        ("RMW_IMPLEMENTATION", "rmw_cyclonedds_cpp", "rmw", "problem"),
        ("ROS_DISABLE_LOANED_MESSAGES", "1", "loaned messages", "problem"),
        ("ROS_DISABLE_LOANED_MESSAGES", "0", "loaned messages", "ok"),
        ("ROS_DOMAIN_ID", "42", "domain", "ok"),
        ("ROS_DOMAIN_ID", "150", "domain", "warning"),
        ("ROS_DOMAIN_ID", "233", "domain", "problem"),
        ("ROS_DOMAIN_ID", "lab", "domain", "problem"),
        ("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST", "discovery", "ok"),
        ("ROS_AUTOMATIC_DISCOVERY_RANGE", "OFF", "discovery", "problem"),
        ("ROS_AUTOMATIC_DISCOVERY_RANGE", "lan", "discovery", "warning"),
    ],
)
def test_variables_of_ros(variable: str, value: str, name: str, verdict: str) -> None:
    """Each variable is judged, and the others stay fine."""
    checks = by_name(setting_checks({variable: value}, INSTALLATION))
    assert checks.pop(name).verdict == verdict
    assert {check.verdict for check in checks.values()} == {"ok"}


def profile(tmp_path: Path, text: str, **variables: str) -> dict[str, Check]:
    """Return the checks of a profile of the user's own."""
    (tmp_path / "mine.xml").write_text(text)
    environment = {FASTDDS2_VARIABLE: str(tmp_path / "mine.xml"), QOS_FROM_XML_VARIABLE: "1"} | variables
    return by_name(profile_checks(environment, is_ours=False, fastdds_major=2, folder=tmp_path))


def test_our_profile_is_fine(tmp_path: Path) -> None:
    """What apply_profile() sets passes, for both versions of Fast DDS."""
    for major, variable in ((2, FASTDDS2_VARIABLE), (3, FASTDDS3_VARIABLE)):
        environment = {variable: str(profile_path()), QOS_FROM_XML_VARIABLE: "1"}
        checks = by_name(profile_checks(environment, is_ours=True, fastdds_major=major, folder=tmp_path))
        assert {check.verdict for check in checks.values()} == {"ok"}
        assert set(checks) == {"profile", "data sharing", "qos from xml"}


@pytest.mark.parametrize(
    ("old", "new", "verdict", "says"),
    [
        ("AUTOMATIC", "OFF", "problem", "OFF"),
        ("<kind>AUTOMATIC</kind>", "", "problem", "not turned on"),
        ('is_default_profile="true"', "", "problem", "not turned on"),
        ("PREALLOCATED_WITH_REALLOC", "DYNAMIC", "problem", "DYNAMIC"),
        ("PREALLOCATED_WITH_REALLOC", "PREALLOCATED", "warning", "parameters"),
        ("domainId", "noId", "warning", "network interfaces"),
        ("AUTOMATIC", "ON", "ok", "ON"),
    ],
)
def test_profiles_of_the_user(tmp_path: Path, old: str, new: str, verdict: str, says: str) -> None:
    """What turns sharing off in a profile is found."""
    check = profile(tmp_path, OURS.replace(old, new))["data sharing"]
    assert check.verdict == verdict and says in check.found


def test_domains_that_do_not_meet(tmp_path: Path) -> None:
    """Writers and readers need one domain in common."""
    check = profile(tmp_path, re.sub("<domainId>.*?<", "<domainId>1<", OURS, count=1))["data sharing"]
    assert check.verdict == "problem" and "domainId" in check.found


def test_profiles_that_cannot_be_used(tmp_path: Path) -> None:
    """A missing file, broken XML, the wrong variable and the missing permission each have their remedy."""
    missing = profile(tmp_path, OURS, **{FASTDDS2_VARIABLE: str(tmp_path / "no.xml")})["profile"]
    assert missing.verdict == "problem" and "No such file" in missing.found and FASTDDS2_VARIABLE in str(missing.remedy)
    broken = profile(tmp_path, OURS[:-20])["profile"]
    assert broken.verdict == "problem" and "not valid XML" in broken.found
    unread = profile(tmp_path, OURS, **{FASTDDS2_VARIABLE: "", FASTDDS3_VARIABLE: "/mine.xml"})["profile"]
    assert unread.verdict == "problem" and FASTDDS3_VARIABLE in unread.found
    switched_off = profile(tmp_path, OURS, **{FASTDDS2_VARIABLE: "", QOS_FROM_XML_VARIABLE: "0"})
    assert switched_off["qos from xml"].verdict == switched_off["profile"].verdict == "problem"


def test_a_profile_in_the_working_directory_is_a_warning(tmp_path: Path) -> None:
    """Fast DDS loads it in addition."""
    (tmp_path / "DEFAULT_FASTRTPS_PROFILES.xml").write_text(OURS)
    assert profile(tmp_path, OURS)["profile in folder"].verdict == "warning"
    assert "profile in folder" not in profile(tmp_path, OURS, SKIP_DEFAULT_XML="1")


def test_shared_memory_that_is_not_there(tmp_path: Path) -> None:
    """Without the folder there is nothing more to look at."""
    (check,) = memory_checks(tmp_path / "shm")
    assert check.verdict == "problem" and "mount" in str(check.remedy)


def test_leftovers_are_a_warning(tmp_path: Path) -> None:
    """What clean would free is said."""
    assert by_name(memory_checks(tmp_path))["leftovers"].verdict == "ok"
    (tmp_path / "fast_datasharing_01.0f.78.fd.01.02.aa.bb.00.00.00.00_0.0.12.3").write_bytes(b"x" * 5000)
    check = by_name(memory_checks(tmp_path))["leftovers"]
    assert (check.verdict, check.remedy) == ("warning", "airo-ros2 clean") and "5.0 kB in 1 file" in check.found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_segments_of_other_users_are_a_warning(tmp_path: Path) -> None:
    """Frames are not shared between users."""
    path = tmp_path / "fastrtps_0123456789abcdef"
    path.write_bytes(b"x")
    os.chown(path, 4711, 4711)
    check = by_name(memory_checks(tmp_path))["other users"]
    assert check.verdict == "warning" and "4711" in check.found


@pytest.mark.parametrize(("free", "verdict"), [(3e6, "problem"), (64e6, "warning"), (1e9, "ok")])
def test_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, verdict: str) -> None:
    """Room for no camera is a problem, for no large one a warning."""
    status = os.statvfs_result((4096, 4096, int(free) // 4096, int(free) // 4096, int(free) // 4096, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda folder: status)
    check = by_name(memory_checks(tmp_path))["room"]
    assert check.verdict == verdict and "cameras" in check.found


def machine(root: Path, *, user_id: int = 1000, limits: dict[int, int] | None = None) -> dict[str, Check]:
    """Return the checks of a machine."""
    return by_name(
        machine_checks(root=root, user_id=user_id, limit=lambda kind: ((limits or {}).get(kind, 10**12), 10**12))
    )


def test_log_out_removes_shared_memory(tmp_path: Path) -> None:
    """systemd-logind does so for ordinary users, unless it is told not to; the last file that says so counts."""
    assert machine(tmp_path)["log-out"].verdict == "ok"
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    (tmp_path / "etc/systemd/logind.conf.d").mkdir(parents=True)
    (tmp_path / "etc/systemd/logind.conf").write_text("[Login]\n#RemoveIPC=yes\n")
    assert machine(tmp_path)["log-out"].verdict == "warning"
    assert machine(tmp_path, user_id=0)["log-out"].verdict == "ok"
    (tmp_path / "etc/systemd/logind.conf.d/ros.conf").write_text("[Login]\nRemoveIPC=no\n")
    assert machine(tmp_path)["log-out"].verdict == "ok"


@pytest.mark.parametrize(
    ("kind", "limit", "verdict"),
    [
        (resource.RLIMIT_FSIZE, 10**6, "problem"),
        (resource.RLIMIT_AS, 10**9, "warning"),
        (resource.RLIMIT_NOFILE, 64, "warning"),
        (resource.RLIMIT_FSIZE, resource.RLIM_INFINITY, "ok"),
    ],
)
def test_limits(kind: int, limit: int, verdict: str) -> None:
    """Limits that segments cannot live with are found."""
    assert machine(Path("/"), limits={kind: limit})["limits"].verdict == verdict


def test_containers(tmp_path: Path) -> None:
    """Another namespace than the machine's is a container, with shared memory of its own or not."""
    assert machine(tmp_path)["container"].verdict == "warning"  # without /proc
    namespaces = tmp_path / "proc/self/ns"
    namespaces.mkdir(parents=True)
    for kind in ("pid", "ipc"):
        (namespaces / kind).touch()
    check = machine(tmp_path)["container"]
    assert check.verdict == "warning" and "--ipc=host" in str(check.remedy)


@pytest.mark.parametrize(
    ("result", "verdict", "says"),
    [
        (ProbeResult(True, (0.1, 0.2, 0.3), ()), "ok", "median 0.20 ms, without a copy"),
        (
            ProbeResult(False, (1.0,), ("/t is copied, not shared: data sharing is off; call this",)),
            "problem",
            "is off",
        ),
        (ProbeResult(False, (1.0,), ()), "problem", "nobody said why"),
        (ProbeResult(None, (), ("no frame on /t", "no room")), "problem", "no frame arrived: no room"),
        (ProbeResult(None, (), ()), "problem", "no process said why"),
    ],
)
def test_the_probe_is_judged(result: ProbeResult, verdict: str, says: str) -> None:
    """What came of the exchange is said, with the reason if frames were copied or lost."""
    check = judge(result)
    assert check.verdict == verdict and says in check.found

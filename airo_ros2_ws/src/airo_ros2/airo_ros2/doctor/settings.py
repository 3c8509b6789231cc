"""Checks of the variables that ROS 2 reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from airo_ros2.doctor.check import Check, ok, problem, warning
from airo_ros2.doctor.installation import Installation

__all__ = ["setting_checks"]

_SHARING_RMW = "rmw_fastrtps_cpp"
_LAST_DOMAIN = 232  # of which Fast DDS can compute ports
_LAST_SAFE_DOMAIN = 101  # the ports of larger ones lie where Linux takes those of outgoing connections from
_RANGES = ("", "SUBNET", "LOCALHOST", "SYSTEM_DEFAULT")


def setting_checks(environment: Mapping[str, str], installation: Installation) -> Iterator[Check]:
    """Yield the checks of the variables of ROS 2.

    Args:
        environment: variables of the process.
        installation: of ROS 2.
    """
    yield _rmw(environment.get("RMW_IMPLEMENTATION", ""), installation)
    yield _loans(environment.get("ROS_DISABLE_LOANED_MESSAGES", ""))
    yield _domain(environment.get("ROS_DOMAIN_ID", ""))
    yield _discovery(environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE", ""))


def _rmw(chosen: str, installation: Installation) -> Check:
    name = "rmw"
    if chosen in ("", _SHARING_RMW):
        return ok(name, f"{_SHARING_RMW}{'' if chosen else ', by default'}")
    remedy = f"unset RMW_IMPLEMENTATION, or set it to {_SHARING_RMW}"
    if not installation.has_library(f"lib{chosen}.so"):
        return problem(name, f"RMW_IMPLEMENTATION is {chosen}, which is not installed: no node starts", remedy)
    return problem(name, f"RMW_IMPLEMENTATION is {chosen}, which copies every frame", remedy)


def _loans(disabled: str) -> Check:
    name = "loaned messages"
    if disabled == "1":
        return problem(name, "ROS_DISABLE_LOANED_MESSAGES is 1", "unset ROS_DISABLE_LOANED_MESSAGES")
    return ok(name, "not disabled")


def _domain(text: str) -> Check:
    name, remedy = "domain", f"set ROS_DOMAIN_ID to a number from 0 to {_LAST_SAFE_DOMAIN}, the same in every terminal"
    if not text.strip():
        return ok(name, "0, by default")
    if not text.isdecimal() or int(text) > _LAST_DOMAIN:
        return problem(name, f"ROS_DOMAIN_ID is {text!r}: no node starts", remedy)
    if int(text) > _LAST_SAFE_DOMAIN:
        return warning(name, f"{text}: other programs may have taken its ports", remedy)
    return ok(name, text)


def _discovery(text: str) -> Check:
    name, remedy = "discovery", "unset ROS_AUTOMATIC_DISCOVERY_RANGE, or set it to SUBNET or LOCALHOST"
    if text == "OFF":
        return problem(name, "ROS_AUTOMATIC_DISCOVERY_RANGE is OFF: processes do not find each other", remedy)
    if text not in _RANGES:
        return warning(name, f"ROS_AUTOMATIC_DISCOVERY_RANGE is {text!r}, which is taken for LOCALHOST", remedy)
    return ok(name, text or "SUBNET, by default")

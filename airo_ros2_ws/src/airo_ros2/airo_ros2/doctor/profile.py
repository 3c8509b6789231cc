"""Checks of the Fast DDS profile that is in force."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from airo_ros2.doctor.check import Check, ok, problem, warning
from rclpy_loans.profile import FASTDDS2_VARIABLE, FASTDDS3_VARIABLE, QOS_FROM_XML_VARIABLE

__all__ = ["profile_checks"]

_FILE, _SHARING, _QOS, _STRAY = "profile", "data sharing", "qos from xml", "profile in folder"
_OWN_REMEDY = "or unset {}: then airo-ros2 applies its own profile"
_SIDES = {"writer": ("data_writer", "publisher"), "reader": ("data_reader", "subscriber")}


@dataclass(frozen=True)
class _Side:
    """What the default profile of writers or readers says; None or empty where it says nothing."""

    kind: str | None
    domain_ids: frozenset[str]
    memory_policy: str | None


def profile_checks(
    environment: Mapping[str, str], *, is_ours: bool, fastdds_major: int, folder: Path
) -> Iterator[Check]:
    """Yield the checks of the profile.

    Args:
        environment: variables of the process, after apply_profile().
        is_ours: what apply_profile() returned.
        fastdds_major: 2 or 3; they read different variables.
        folder: working directory, where Fast DDS looks for one more profile.
    """
    yield _qos_from_xml(environment.get(QOS_FROM_XML_VARIABLE), is_ours=is_ours)
    variable = FASTDDS2_VARIABLE if fastdds_major < 3 or FASTDDS3_VARIABLE not in environment else FASTDDS3_VARIABLE
    path = environment.get(variable)
    if not path:
        yield _no_file(environment, variable)
    else:
        yield from _file_checks(Path(path), variable, is_ours=is_ours)
    yield from _stray(environment, folder)


def _qos_from_xml(value: str | None, *, is_ours: bool) -> Check:
    if value == "1":
        return ok(_QOS, f"{QOS_FROM_XML_VARIABLE} is 1{', set by airo-ros2' if is_ours else ''}")
    found = f"{QOS_FROM_XML_VARIABLE} is {value or 'not set'}: the middleware turns data sharing off"
    return problem(_QOS, found, f"export {QOS_FROM_XML_VARIABLE}=1, or unset it together with your own profile")


def _no_file(environment: Mapping[str, str], variable: str) -> Check:
    other = next((v for v in (FASTDDS2_VARIABLE, FASTDDS3_VARIABLE) if v != variable and environment.get(v)), None)
    if other is not None:
        found = f"{other} is set, which this Fast DDS does not read: it reads {variable}"
        return problem(_FILE, found, f"set {variable} instead, {_OWN_REMEDY.format(other)}")
    found = f"{variable} is not set, and {QOS_FROM_XML_VARIABLE} keeps airo-ros2 from setting it"
    return problem(_FILE, found, f"unset {QOS_FROM_XML_VARIABLE}: then airo-ros2 applies its own profile")


def _file_checks(path: Path, variable: str, *, is_ours: bool) -> Iterator[Check]:
    remedy = f"correct {variable}, {_OWN_REMEDY.format(variable)}"
    try:
        root = ElementTree.parse(path).getroot()
    except OSError as error:
        yield problem(_FILE, f"{path} cannot be read: {error.strerror}", remedy)
        return
    except ElementTree.ParseError as error:
        yield problem(_FILE, f"{path} is not valid XML: {error}", f"correct it, {_OWN_REMEDY.format(variable)}")
        return
    yield ok(_FILE, f"{path}{'' if is_ours else ', your own'}")
    yield _sharing({side: _side(root, tags) for side, tags in _SIDES.items()}, path)


def _side(root: ElementTree.Element, tags: tuple[str, ...]) -> _Side:
    """Return the default profile of one side."""
    for element in root.iter():
        if _tag(element) in tags and element.get("is_default_profile") == "true":
            sharing = _find(element, "data_sharing")
            return _Side(
                kind=_text(sharing, "kind"),
                domain_ids=frozenset(_texts(sharing, "domainId")),
                memory_policy=_text(element, "historyMemoryPolicy"),
            )
    return _Side(None, frozenset(), None)


def _sharing(sides: Mapping[str, _Side], path: Path) -> Check:
    """Return what the profile does to data sharing, the worst first."""
    remedy = f"compare {path} with the profile of airo-ros2, or unset your own"
    for name, side in sides.items():
        if side.kind not in ("AUTOMATIC", "AUTO", "ON"):
            kind = f"is {side.kind}" if side.kind else "is not turned on"
            return problem(_SHARING, f"data_sharing {kind} in the default profile of {name}s", remedy)
        if (side.memory_policy or "").startswith("DYNAMIC"):
            return problem(_SHARING, f"historyMemoryPolicy {side.memory_policy} of {name}s turns it off", remedy)
    writer, reader = sides["writer"], sides["reader"]
    if not writer.domain_ids or not reader.domain_ids:
        found = "no domainId: processes share only while they see the same network interfaces"
        return warning(_SHARING, found, "give writers and readers the same domainId in data_sharing")
    if not writer.domain_ids & reader.domain_ids:
        found = f"writers have domainId {_listed(writer.domain_ids)}, readers {_listed(reader.domain_ids)}"
        return problem(_SHARING, found, "give both the same domainId")
    if {writer.memory_policy, reader.memory_policy} != {"PREALLOCATED_WITH_REALLOC"}:
        found = "historyMemoryPolicy is not PREALLOCATED_WITH_REALLOC: topics with strings, such as parameters, break"
        return warning(_SHARING, found, remedy)
    return ok(_SHARING, f"{writer.kind}, domain {_listed(writer.domain_ids & reader.domain_ids)}")


def _stray(environment: Mapping[str, str], folder: Path) -> Iterator[Check]:
    if environment.get("SKIP_DEFAULT_XML") == "1":
        return
    for name in ("DEFAULT_FASTRTPS_PROFILES.xml", "DEFAULT_FASTDDS_PROFILES.xml"):
        if (folder / name).exists():
            found = f"{folder / name} is loaded by every process that starts here, and may change everything above"
            yield warning(_STRAY, found, "start elsewhere, rename it, or export SKIP_DEFAULT_XML=1")


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _find(element: ElementTree.Element | None, tag: str) -> ElementTree.Element | None:
    return None if element is None else next((child for child in element.iter() if _tag(child) == tag), None)


def _text(element: ElementTree.Element | None, tag: str) -> str | None:
    found = _find(element, tag)
    return None if found is None or found.text is None else found.text.strip()


def _texts(element: ElementTree.Element | None, tag: str) -> list[str]:
    if element is None:
        return []
    return [(child.text or "").strip() for child in element.iter() if _tag(child) == tag]


def _listed(values: frozenset[str]) -> str:
    return ", ".join(sorted(values))

"""Which ROS 2 is installed, read from its files: nothing of it is loaded."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Installation"]


@dataclass(frozen=True)
class Installation:
    """The folders that ROS 2 is installed in.

    Attributes:
        prefixes: each with lib/ and share/; the first one that has a thing wins.
    """

    prefixes: tuple[Path, ...]

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Installation:
        """Return what the environment's variables and this interpreter point to."""
        folders = [*environment.get("AMENT_PREFIX_PATH", "").split(":"), sys.prefix]
        return cls(tuple(dict.fromkeys(Path(folder) for folder in folders if folder)))

    def version(self, package: str) -> str | None:
        """Return the version of a ROS 2 package; None if it is not installed."""
        for prefix in self.prefixes:
            file = prefix / "share" / package / "package.xml"
            if file.is_file():
                return ElementTree.parse(file).getroot().findtext("version", "unknown").strip()
        return None

    def has_library(self, name: str) -> bool:
        """Return whether a shared library such as librmw_fastrtps_cpp.so is there."""
        return any((prefix / "lib" / name).exists() for prefix in self.prefixes)

    def fastdds_version(self) -> tuple[int, ...] | None:
        """Return the version of Fast DDS, which stands in the name of its library; None if it is not found."""
        for prefix in self.prefixes:
            for library in (prefix / "lib").glob("libfast*"):
                match = re.fullmatch(r"libfast(?:rtps|dds)\.so\.(\d+)\.(\d+)\.(\d+)", library.name)
                if match:
                    return tuple(int(number) for number in match.groups())
        return None

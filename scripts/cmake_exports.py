"""The CMake files of the ROS wheels name folders of the machine that built them: point them to this one's."""

from __future__ import annotations

import re
import sysconfig
from pathlib import Path

__all__ = ["repair_cmake_exports"]


def repair_cmake_exports(prefix: Path, *, numpy_include: Path) -> None:
    """Point the CMake files of the ROS wheels in a prefix to this interpreter's headers and to numpy's."""
    for path in prefix.glob("share/*/cmake/*.cmake"):
        text = path.read_text()
        repaired = re.sub(r'/opt/python/[^;"]*/numpy/(_core|core)/include', str(numpy_include), text)
        repaired = re.sub(r'/opt/python/[^;"]*/include/python3[^;"]*', sysconfig.get_path("include"), repaired)
        if repaired != text:
            path.unlink()  # uv and others link files into an environment: the copy in their cache stays as it is
            path.write_text(repaired)

"""The reference of the site, made from the code each time the site is built: it cannot be out of date."""

from __future__ import annotations

import argparse
import functools
import importlib
import inspect
import os
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

__all__ = ["parameter_classes", "reference_pages"]

SOURCES = Path(__file__).resolve().parent.parent.parent / "airo_ros2_ws/src"
MESSAGES = SOURCES / "airo_camera_msgs"
PUBLIC = {  # packages whose names are for programs of others, with what a page says about them
    "airo_ros2": "The facade: see [its guide](../facade.md).",
    "airo_ros2.multiprocess": "In place of airo_camera_toolkit.cameras.multiprocess.",
    "airo_ros2.testing": "For tests of your own programs.",
    "airo_frames": "Frames as numpy arrays, for nodes of your own.",
    "rclpy_loans": "Loaned messages for any message of fixed size.",
}


@functools.cache
def reference_pages() -> dict[str, str]:
    """Return the text of each page of the reference."""
    return {
        "reference/command.md": _command_page(),
        "reference/parameters.md": _parameter_page(),
        "reference/messages.md": _message_page(),
        "reference/api.md": _api_page(),
        "reference/errors.md": _error_page(),
    }


def parameter_classes() -> dict[str, Any]:
    """Return the parameters of every node: the module `<package>...` and the dataclass in its `parameters.py`."""
    found = {}
    for path in sorted(SOURCES.glob("*/*/**/parameters.py")):
        module = importlib.import_module(_module_name(path))
        for name in module.__all__:
            value = getattr(module, name)
            if is_dataclass(value) and all("meaning" in field.metadata for field in fields(value)):
                found[f"{module.__name__}.{name}"] = value
    return found


def _command_page() -> str:
    from airo_ros2.cli import command_parser

    os.environ["COLUMNS"] = "100"  # which argparse formats for
    parts = [
        "# The command line\n\nWhat `airo-ros2 COMMAND --help` says. [airo_ros2](../packages/airo_ros2.md) has more.\n"
    ]
    for parser in _parsers(command_parser()):
        heading = "##" if parser.prog.count(" ") <= 1 else "###"
        parts.append(f"{heading} `{parser.prog}`\n\n```text\n{parser.format_help().rstrip()}\n```\n")
    return "\n".join(parts)


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:  # argparse has no public way to its commands
        if isinstance(action, argparse._SubParsersAction):
            for choice in action.choices.values():
                yield from _parsers(choice)


def _parameter_page() -> str:
    parts = [
        "# Parameters of the nodes\n\nA set-up file takes them under the same names, see [its reference]"
        "(../bringup.md). *live*: `ros2 param set` changes it while the node runs; the others are set at the start.\n"
    ]
    for name, parameters in parameter_classes().items():
        package, *_ = name.split(".")
        parts += [
            f"## {name.rpartition('.')[2].removesuffix('Parameters')}\n",
            f"`{name}`, of [{package}](../packages/{package}.md)\n",
        ]
        parts += ["| parameter | type | default | range | | meaning |", "|---|---|---|---|---|---|"]
        hints = get_type_hints(parameters)
        parts += [_parameter_row(field, hints[field.name]) for field in fields(parameters)] + [""]
    return "\n".join(parts)


def _parameter_row(field: Any, kind: Any) -> str:
    meaning = field.metadata["meaning"]
    default = field.default_factory() if field.default is MISSING else field.default
    bounds = [bound for bound in (meaning.minimum, meaning.maximum)]
    limits = "" if bounds == [None, None] else " to ".join("" if bound is None else f"{bound:g}" for bound in bounds)
    cells = (
        f"`{field.name}`",
        kind.__name__
        if isinstance(kind, type) and kind.__module__ == "builtins" and "[" not in str(kind)
        else str(kind),
        f"`{default!r}`",
        limits,
        "live" if meaning.live else "",
        _plain(meaning.description),
    )
    return f"| {' | '.join(cells)} |"


def _message_page() -> str:
    parts = [
        "# Messages and services\n\nGenerated from msg_defs, where each family is one template. All messages have "
        "a fixed size, so that they can be shared without a copy. Classes of a family differ in their arrays alone.\n"
    ]
    for kind in ("msg", "srv"):
        families: dict[str, list[Path]] = {}
        for path in sorted((MESSAGES / kind).glob(f"*.{kind}"), key=_pixels):
            families.setdefault(path.stem.rstrip("0123456789x") or path.stem, []).append(path)
        for family, paths in sorted(families.items()):
            names = ", ".join(f"`airo_camera_msgs/{kind}/{path.stem}`" for path in paths)
            of_largest = "" if len(paths) == 1 else f" The definition of {paths[0].stem}:"
            parts.append(f"## {family}\n\n{names}.{of_largest}\n\n```text\n{paths[0].read_text().rstrip()}\n```\n")
    return "\n".join(parts)


def _pixels(path: Path) -> int:
    digits = path.stem[len(path.stem.rstrip("0123456789x")) :]
    width, _, height = digits.partition("x")
    return int(width) * int(height) if height else 0


def _api_page() -> str:
    parts = ["# Python interface\n\nEvery public name of the packages that are for programs of your own.\n"]
    for package, text in PUBLIC.items():
        module = importlib.import_module(package)
        parts.append(f"## {package}\n\n{text} Errors stand in [a tree of their own](errors.md).\n")
        for name in module.__all__:
            value = inspect.unwrap(getattr(module, name))  # some functions remember what they returned
            if inspect.isclass(value) and issubclass(value, Exception):
                continue
            if (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__.startswith(package):
                parts.append(f"::: {value.__module__}.{value.__qualname__}\n")
    return "\n".join(parts)


def _error_page() -> str:
    from rclpy_loans.exceptions import AiroRos2Error

    for path in sorted(SOURCES.glob("*/*/exceptions.py")):
        importlib.import_module(_module_name(path))
    parts = [
        "# Errors\n\nEverything that is raised on purpose derives from `AiroRos2Error`. Timeouts are also "
        "`TimeoutError`, wrong values also `ValueError`.\n"
    ]
    parts += _error_lines(AiroRos2Error, 0)
    return "\n".join(parts) + "\n"


def _error_lines(error: type, depth: int) -> list[str]:
    summary = (inspect.getdoc(error) or "").partition("\n\n")[0].replace("\n", " ")
    lines = [f"{'    ' * depth}- `{error.__module__}.{error.__name__}`: {_plain(summary)}"]
    children: list[type] = error.__subclasses__()
    children.sort(key=lambda child: (child.__module__, child.__name__))
    for child in children:
        lines += _error_lines(child, depth + 1)
    return lines


def _plain(text: str) -> str:
    """Return text that Markdown leaves as it is."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("__", "\\_\\_")


def _module_name(path: Path) -> str:
    return ".".join(path.relative_to(SOURCES).with_suffix("").parts[1:])

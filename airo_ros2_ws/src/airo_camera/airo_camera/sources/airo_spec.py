"""`airo:package.module.Class?argument=value`: a class of cameras by its name."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import yaml

from airo_camera.exceptions import SourceOpenError, SourceSpecError
from airo_camera.sources.airo import AiroSource

__all__ = ["make_airo_source"]


def make_airo_source(rest: str, *, spec: str, rate: float | None) -> AiroSource:
    """Return the source of `airo:package.module.Class?argument=value&...`, not opened.

    Args:
        rest: what stands behind `airo:`. The values are arguments of the class, written as in YAML.
        spec: the whole specification, for error messages.
        rate: see AiroSource.

    Raises:
        SourceSpecError: it names no class, or its options cannot be read.
    """
    path, _, query = rest.partition("?")
    module_name, _, class_name = path.rpartition(".")
    if not module_name or not all(part.isidentifier() for part in path.split(".")):
        raise SourceSpecError(f"{spec!r}: got {path!r}: expected airo:package.module.Class?argument=value")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
        arguments = {name: yaml.safe_load(value) for name, value in pairs}
    except (ValueError, yaml.YAMLError):
        raise SourceSpecError(f"{spec!r}: cannot read the options {query!r}: expected name=value&name=value") from None
    return AiroSource(partial(_made, module_name, class_name, arguments, spec), name=path, rate=rate)


def _made(module_name: str, class_name: str, arguments: dict[str, Any], spec: str) -> Any:
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise SourceOpenError(f"{spec!r}: cannot import {module_name}: {error}") from error
    if not hasattr(module, class_name):
        raise SourceOpenError(f"{spec!r}: {module_name} has no {class_name}")
    return getattr(module, class_name)(**arguments)

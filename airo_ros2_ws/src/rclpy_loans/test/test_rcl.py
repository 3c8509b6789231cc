"""Tests of rclpy_loans.rcl."""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from types import ModuleType

import pytest

from rclpy_loans import rcl


@pytest.mark.parametrize(
    ("is_humble", "sizes"),
    # What a C compiler makes of the headers of Humble, and of Jazzy and Kilted.
    [
        (True, {"member": 112, "offset": 52, "members": 56, "info": 72}),
        (False, {"member": 112, "offset": 52, "members": 64, "info": 64}),
    ],
)
def test_structs_are_those_of_the_headers(
    monkeypatch: pytest.MonkeyPatch, is_humble: bool, sizes: dict[str, int]
) -> None:
    """The structs that are read through ctypes have the sizes that they have in C."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if is_humble and name == "rclpy.event_handler" else find_spec(name),
    )
    calls = loaded_anew("rclpy_loans.rcl")
    assert calls.IS_HUMBLE is is_humble
    monkeypatch.setitem(sys.modules, "rclpy_loans.rcl", calls)
    layouts = loaded_anew("rclpy_loans.introspection")
    assert {
        "member": ctypes.sizeof(layouts.MessageMember),
        "offset": layouts.MessageMember.offset.offset,
        "members": ctypes.sizeof(layouts.MessageMembers),
        "info": calls.MESSAGE_INFO.size,
    } == sizes


def loaded_anew(name: str) -> ModuleType:
    """Return a module that nobody else has."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_installed_ros_is_not_taken_for_humble() -> None:
    """Jazzy and Kilted have the module whose absence tells Humble."""
    assert not rcl.IS_HUMBLE

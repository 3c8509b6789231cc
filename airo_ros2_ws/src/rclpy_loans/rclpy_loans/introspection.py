"""The C layout of a message, from its introspection type support (rosidl_typesupport_introspection_c)."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_bool, c_char_p, c_size_t, c_uint8, c_uint32, c_void_p
from typing import Any

from rclpy_loans.rcl import IS_HUMBLE, RclError, forget_error

__all__ = ["MessageMember", "MessageMembers", "introspect"]


def _fields(*fields: tuple[str, Any]) -> list[tuple[str, Any]]:
    """Return the fields of a struct, without those of keys on Humble."""
    return [field for field in fields if not (IS_HUMBLE and "_key" in field[0])]


class MessageMember(Structure):
    """rosidl_typesupport_introspection_c__MessageMember, as far as the layout needs it."""

    _fields_ = _fields(
        ("name", c_char_p),
        ("type_id", c_uint8),
        ("string_upper_bound", c_size_t),
        ("members", c_void_p),
        ("is_key", c_bool),
        ("is_array", c_bool),
        ("array_size", c_size_t),
        ("is_upper_bound", c_bool),
        ("offset", c_uint32),
        ("default_value", c_void_p),
        ("functions", c_void_p * 6),
    )


class MessageMembers(Structure):
    """rosidl_typesupport_introspection_c__MessageMembers."""

    _fields_ = _fields(
        ("namespace", c_char_p),
        ("name", c_char_p),
        ("member_count", c_uint32),
        ("size_of", c_size_t),
        ("has_any_key_member", c_bool),
        ("members", POINTER(MessageMember)),
        ("functions", c_void_p * 2),
    )


class _TypeSupport(Structure):
    _fields_ = [("identifier", c_char_p), ("data", c_void_p), ("function", c_void_p)]


def introspect(support: int) -> MessageMembers:
    """Return the C layout of a message from its introspection type support.

    Raises:
        RclError: the message has no introspection type support.
    """
    library = ctypes.CDLL("librosidl_typesupport_c.so")
    find = library.rosidl_typesupport_c__get_message_typesupport_handle_function
    find.argtypes, find.restype = [c_void_p, c_char_p], POINTER(_TypeSupport)
    found = find(support, b"rosidl_typesupport_introspection_c")
    if not found:
        forget_error()
        raise RclError("no introspection type support")
    return ctypes.cast(found.contents.data, POINTER(MessageMembers)).contents

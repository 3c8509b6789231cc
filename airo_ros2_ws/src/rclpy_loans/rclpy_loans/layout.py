"""Fixed-size message classes as numpy structured dtypes with exactly the layout of the C struct."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from rosidl_parser.definition import AbstractSequence, AbstractString, AbstractWString, Array, BasicType, NamespacedType

from rclpy_loans import rcl
from rclpy_loans.exceptions import UnsupportedMessageError
from rclpy_loans.introspection import MessageMembers, introspect

__all__ = ["message_dtype"]

# rosidl_parser names of the IDL basic types. rosidl_generator_c stores wchar as uint16 and (long double) not at all.
_BASIC_TYPES = {
    "boolean": np.bool_,
    "octet": np.uint8,
    "char": np.uint8,
    "wchar": np.uint16,
    "float": np.float32,
    "double": np.float64,
    "int8": np.int8,
    "uint8": np.uint8,
    "int16": np.int16,
    "uint16": np.uint16,
    "int32": np.int32,
    "uint32": np.uint32,
    "int64": np.int64,
    "uint64": np.uint64,
}


@cache
def message_dtype(msg_type: type) -> np.dtype[np.void]:
    """Return the dtype of a message class; field names are the message's, nested messages nest.

    The layout is that of the C struct on this machine and is checked against the message's introspection type support.

    Raises:
        UnsupportedMessageError: a field is a string or a sequence, so the message has no fixed size;
            or the layout is not the expected one.
    """
    if not hasattr(msg_type, "get_fields_and_field_types") or not hasattr(msg_type, "SLOT_TYPES"):
        raise UnsupportedMessageError(
            f"{msg_type!r} is not a ROS 2 message class: expected for example geometry_msgs.msg.Pose"
        )
    dtype = _struct_dtype(msg_type, path=msg_type.__name__)
    try:
        members = introspect(rcl.type_support(msg_type))
    except rcl.RclError as error:
        raise UnsupportedMessageError(
            f"{msg_type.__name__} has {error}: build its package with rosidl_default_generators"
        ) from error
    _check_layout(msg_type.__name__, dtype, members)
    return dtype


def _struct_dtype(msg_type: Any, *, path: str) -> np.dtype[np.void]:
    names = list(msg_type.get_fields_and_field_types())
    fields = [
        (name, *_field_type(slot, owner=msg_type, path=f"{path}.{name}"))
        for name, slot in zip(names, msg_type.SLOT_TYPES, strict=True)
    ]
    # align=True pads as the C compiler does for these types.
    return np.dtype(fields, align=True)


def _field_type(slot: Any, *, owner: type, path: str) -> tuple[Any, ...]:
    """Return (dtype,) or (dtype, shape) of one field."""
    if isinstance(slot, Array):
        (element,) = _field_type(slot.value_type, owner=owner, path=path)
        return element, (slot.size,)
    if isinstance(slot, BasicType) and slot.typename in _BASIC_TYPES:
        return (_BASIC_TYPES[slot.typename],)
    if isinstance(slot, NamespacedType):
        return (_struct_dtype(_message_class(slot), path=path),)
    if isinstance(slot, AbstractString | AbstractWString):
        kind, remedy = "a string", "a fixed array such as uint8[32]"
    elif isinstance(slot, AbstractSequence):
        kind, remedy = "a sequence", "a fixed array and a count"
    else:
        kind, remedy = f"of type {slot}", "fixed-size fields"
    raise UnsupportedMessageError(
        f"{path} is {kind}, so {owner.__name__} has no fixed size and cannot be shared: use {remedy}"
    )


def _message_class(slot: NamespacedType) -> type:
    message_class: type = getattr(import_module(".".join(slot.namespaces)), slot.name)
    return message_class


def _check_layout(path: str, dtype: np.dtype[np.void], members: MessageMembers) -> None:
    """Compare names, offsets and sizes with what the compiler made of the message."""
    name = members.name.decode()
    if not re.fullmatch(r"\w+", name) or members.member_count != len(dtype.names or ()):
        raise UnsupportedMessageError(
            f"{path}: the introspection type support is none that is known; this version of ROS 2 is not supported"
        )
    if members.size_of != dtype.itemsize:
        raise UnsupportedMessageError(f"{path} has {members.size_of} bytes in C, {dtype.itemsize} were computed")
    for index in range(members.member_count):
        member = members.members[index]
        field_name = member.name.decode()
        field_dtype, offset = (dtype.fields or {}).get(field_name, (None, -1))[:2]
        if field_dtype is None or offset != member.offset:
            raise UnsupportedMessageError(
                f"{path}.{field_name} lies at byte {member.offset} in C, {offset} was computed"
            )
        if member.members:
            nested = introspect(member.members)
            _check_layout(f"{path}.{field_name}", field_dtype.base, nested)

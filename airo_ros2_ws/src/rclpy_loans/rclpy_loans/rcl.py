"""The C functions of rcl that rclpy does not offer, called through ctypes with rclpy's own handles.

rclpy has loaded librcl already, so only its public C interface is used here. Every function must be called
inside `with handle:`, which keeps rclpy from destroying the entity meanwhile.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, byref, c_bool, c_char_p, c_int64, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from functools import lru_cache
from typing import Any, NamedTuple

import rclpy

__all__ = [
    "LoansUnsupportedError",
    "MessageInfo",
    "MessageMembers",
    "RclError",
    "Taken",
    "borrow",
    "can_loan",
    "introspect",
    "publish",
    "publish_loaned",
    "publisher_gid",
    "return_taken",
    "return_unpublished",
    "take",
    "take_loaned",
    "type_support",
]

RCL_RET_OK = 0
RCL_RET_UNSUPPORTED = 3
RCL_RET_SUBSCRIPTION_TAKE_FAILED = 401

ctypes.pythonapi.PyCapsule_GetPointer.restype = c_void_p
ctypes.pythonapi.PyCapsule_GetPointer.argtypes = [ctypes.py_object, c_char_p]


class RclError(Exception):
    """A function of rcl failed; the caller turns it into an error that says what to do."""


class LoansUnsupportedError(RclError):
    """The middleware does not lend messages of this type."""


class MessageInfo(Structure):
    """rmw_message_info_t: what the middleware tells of a message that was taken."""

    _fields_ = [
        ("source_stamp_nanos", c_int64),
        ("received_stamp_nanos", c_int64),
        ("publication_number", c_uint64),
        ("reception_number", c_uint64),
        ("_gid_implementation", c_char_p),
        ("publisher_gid", c_uint8 * 16),
        ("from_intra_process", c_bool),
    ]


class _Gid(Structure):
    """rmw_gid_t."""

    _fields_ = [("implementation", c_char_p), ("data", c_uint8 * 16)]


class Taken(NamedTuple):
    """A message on loan from the middleware."""

    address: int
    info: MessageInfo


@lru_cache(maxsize=1)
def _rcl() -> ctypes.CDLL:
    library = ctypes.CDLL("librcl.so")
    for name, arguments in {
        "rcl_borrow_loaned_message": [c_void_p, c_void_p, POINTER(c_void_p)],
        "rcl_publish_loaned_message": [c_void_p, c_void_p, c_void_p],
        "rcl_return_loaned_message_from_publisher": [c_void_p, c_void_p],
        "rcl_publish": [c_void_p, c_void_p, c_void_p],
        "rcl_take_loaned_message": [c_void_p, POINTER(c_void_p), POINTER(MessageInfo), c_void_p],
        "rcl_return_loaned_message_from_subscription": [c_void_p, c_void_p],
        "rcl_take": [c_void_p, c_void_p, POINTER(MessageInfo), c_void_p],
    }.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, ctypes.c_int
    library.rcl_publisher_get_rmw_handle.argtypes = [c_void_p]
    library.rcl_publisher_get_rmw_handle.restype = c_void_p
    library.rcl_publisher_can_loan_messages.argtypes = [c_void_p]
    library.rcl_publisher_can_loan_messages.restype = c_bool
    return library


@lru_cache(maxsize=1)
def _rmw() -> ctypes.CDLL:
    # Of the middleware itself: librmw_implementation, which would choose it, is not there in every build of ROS 2.
    library = ctypes.CDLL(f"lib{rclpy.get_rmw_implementation_identifier()}.so")
    library.rmw_get_gid_for_publisher.argtypes = [c_void_p, POINTER(_Gid)]
    library.rmw_get_gid_for_publisher.restype = ctypes.c_int
    return library


@lru_cache(maxsize=1)
def _rcutils() -> ctypes.CDLL:
    class ErrorString(Structure):
        _fields_ = [("text", ctypes.c_char * 1024)]

    library = ctypes.CDLL("librcutils.so")
    library.rcutils_get_error_string.restype = ErrorString
    library.rcutils_get_error_string.argtypes = []
    library.rcutils_reset_error.restype = None
    library.rcutils_reset_error.argtypes = []
    library.rcutils_error_is_set.restype = c_bool
    library.rcutils_error_is_set.argtypes = []
    return library


def _check(code: int, what: str) -> None:
    if code == RCL_RET_OK:
        return
    reason = ""
    if _rcutils().rcutils_error_is_set():
        reason = ": " + _rcutils().rcutils_get_error_string().text.decode(errors="replace")
        _rcutils().rcutils_reset_error()
    raise RclError(f"{what} returned {code}{reason}")


def type_support(msg_type: type) -> int:
    """Return the address of the rosidl_message_type_support_t of a message class."""
    metaclass: Any = type(msg_type)
    if metaclass._TYPE_SUPPORT is None:
        metaclass.__import_type_support__()
    address = ctypes.pythonapi.PyCapsule_GetPointer(metaclass._TYPE_SUPPORT, None)
    return int(address)


def can_loan(publisher: Any) -> bool:
    """Return whether the middleware lends messages of this publisher's type."""
    return bool(_rcl().rcl_publisher_can_loan_messages(publisher.pointer))


def publisher_gid(publisher: Any) -> bytes:
    """Return the 16 bytes that tell a publisher apart, as subscriptions see them in MessageInfo."""
    gid = _Gid()
    handle = _rcl().rcl_publisher_get_rmw_handle(publisher.pointer)
    code = _rmw().rmw_get_gid_for_publisher(handle, byref(gid))
    _check(code, "rmw_get_gid_for_publisher")
    return bytes(gid.data)


def borrow(publisher: Any, support: int) -> int:
    """Return the address of a message to fill.

    Raises:
        RclError: no slot is free.
    """
    message = c_void_p()  # must be NULL on entry
    _check(_rcl().rcl_borrow_loaned_message(publisher.pointer, support, byref(message)), "rcl_borrow_loaned_message")
    if message.value is None:
        raise RclError("rcl_borrow_loaned_message lent nothing")
    return message.value


def publish_loaned(publisher: Any, address: int) -> None:
    """Publish a borrowed message; the address is not ours afterwards."""
    _check(_rcl().rcl_publish_loaned_message(publisher.pointer, address, None), "rcl_publish_loaned_message")


def return_unpublished(publisher: Any, address: int) -> None:
    """Give a borrowed message back without publishing it."""
    code = _rcl().rcl_return_loaned_message_from_publisher(publisher.pointer, address)
    _check(code, "rcl_return_loaned_message_from_publisher")


def publish(publisher: Any, address: int) -> None:
    """Publish a copy of the message at an address of our own."""
    _check(_rcl().rcl_publish(publisher.pointer, address, None), "rcl_publish")


def take_loaned(subscription: Any) -> Taken | None:
    """Return the next message on loan, or None. `return_taken` must follow.

    (rcl_subscription_can_loan_messages does not tell whether this works: it only repeats ROS_DISABLE_LOANED_MESSAGES.)

    Raises:
        LoansUnsupportedError: the middleware does not lend messages of this type.
    """
    message, info = c_void_p(), MessageInfo()
    code = _rcl().rcl_take_loaned_message(subscription.pointer, byref(message), byref(info), None)
    if code == RCL_RET_SUBSCRIPTION_TAKE_FAILED or (code == RCL_RET_OK and message.value is None):
        _rcutils().rcutils_reset_error()
        return None
    if code == RCL_RET_UNSUPPORTED:
        _rcutils().rcutils_reset_error()
        raise LoansUnsupportedError
    _check(code, "rcl_take_loaned_message")
    return Taken(int(message.value or 0), info)


def return_taken(subscription: Any, taken: Taken) -> None:
    """Give a loan back to the middleware."""
    code = _rcl().rcl_return_loaned_message_from_subscription(subscription.pointer, taken.address)
    _check(code, "rcl_return_loaned_message_from_subscription")


def take(subscription: Any, address: int) -> MessageInfo | None:
    """Copy the next message to an address of our own and return its info, or None."""
    info = MessageInfo()
    code = _rcl().rcl_take(subscription.pointer, address, byref(info), None)
    if code == RCL_RET_SUBSCRIPTION_TAKE_FAILED:
        _rcutils().rcutils_reset_error()
        return None
    _check(code, "rcl_take")
    return info


# --- introspection type support (rosidl_typesupport_introspection_c/message_introspection.h, Jazzy and later) ---


class MessageMember(Structure):
    """rosidl_typesupport_introspection_c__MessageMember, as far as the layout needs it."""

    _fields_ = [
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
    ]


class MessageMembers(Structure):
    """rosidl_typesupport_introspection_c__MessageMembers."""

    _fields_ = [
        ("namespace", c_char_p),
        ("name", c_char_p),
        ("member_count", c_uint32),
        ("size_of", c_size_t),
        ("has_any_key_member", c_bool),
        ("members", POINTER(MessageMember)),
        ("functions", c_void_p * 2),
    ]


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
        _rcutils().rcutils_reset_error()
        raise RclError("no introspection type support")
    return ctypes.cast(found.contents.data, POINTER(MessageMembers)).contents

"""The C functions of rcl that rclpy does not offer, called through ctypes with rclpy's own handles.

rclpy has loaded librcl already, so only its public C interface is used here. Every function must be called
inside `with handle:`, which keeps rclpy from destroying the entity meanwhile.
"""

from __future__ import annotations

import ctypes
import struct
from ctypes import POINTER, Structure, byref, c_bool, c_char_p, c_size_t, c_uint8, c_void_p
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import rclpy

__all__ = [
    "NEW_MESSAGE_CALLBACK",
    "Lender",
    "LoansUnsupportedError",
    "RclError",
    "Taker",
    "can_loan",
    "forget_error",
    "publish",
    "publish_serialized",
    "publisher_gid",
    "set_on_new_message",
    "type_support",
]

RCL_RET_OK = 0
RCL_RET_UNSUPPORTED = 3
RCL_RET_SUBSCRIPTION_TAKE_FAILED = 401
# Humble, whose rclpy has no event_handler yet, has longer GIDs and knows nothing of keys.
IS_HUMBLE = find_spec("rclpy.event_handler") is None
GID_BYTES = 16  # that tell publishers apart; Humble pads them with zeros to 24
_GID_STORAGE = 24 if IS_HUMBLE else 16
# rmw_message_info_t: source and received stamp, publication number, (reception number, pointer to the implementation's
# name), GID, (rest of its storage, from_intra_process).
MESSAGE_INFO = struct.Struct(f"@qqQ8x8x{GID_BYTES}s{_GID_STORAGE - GID_BYTES}x8x")

ctypes.pythonapi.PyCapsule_GetPointer.restype = c_void_p
ctypes.pythonapi.PyCapsule_GetPointer.argtypes = [ctypes.py_object, c_char_p]


NEW_MESSAGE_CALLBACK = ctypes.CFUNCTYPE(None, c_void_p, c_size_t)


class RclError(Exception):
    """A function of rcl failed; the caller turns it into an error that says what to do."""


class LoansUnsupportedError(RclError):
    """The middleware does not lend messages of this type."""


class _Gid(Structure):
    """rmw_gid_t."""

    _fields_ = [("implementation", c_char_p), ("data", c_uint8 * _GID_STORAGE)]


class _SerializedMessage(Structure):
    """rcl_serialized_message_t, which is rcutils_uint8_array_t; the allocator is not used to publish."""

    _fields_ = [("buffer", c_void_p), ("length", c_size_t), ("capacity", c_size_t), ("allocator", c_void_p * 5)]


@lru_cache(maxsize=1)
def _rcl() -> ctypes.CDLL:
    library = ctypes.CDLL("librcl.so")
    for name, arguments in {
        "rcl_borrow_loaned_message": [c_void_p, c_void_p, POINTER(c_void_p)],
        "rcl_publish_loaned_message": [c_void_p, c_void_p, c_void_p],
        "rcl_return_loaned_message_from_publisher": [c_void_p, c_void_p],
        "rcl_publish": [c_void_p, c_void_p, c_void_p],
        "rcl_publish_serialized_message": [c_void_p, c_void_p, c_void_p],
        "rcl_take_loaned_message": [c_void_p, POINTER(c_void_p), c_void_p, c_void_p],
        "rcl_return_loaned_message_from_subscription": [c_void_p, c_void_p],
        "rcl_subscription_set_on_new_message_callback": [c_void_p, c_void_p, c_void_p],
        "rcl_take": [c_void_p, c_void_p, c_void_p, c_void_p],
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


def forget_error() -> None:
    """Let the C libraries forget an error that was expected."""
    _rcutils().rcutils_reset_error()


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
    """Return the 16 bytes that tell a publisher apart, as subscriptions see them with each message."""
    gid = _Gid()
    handle = _rcl().rcl_publisher_get_rmw_handle(publisher.pointer)
    code = _rmw().rmw_get_gid_for_publisher(handle, byref(gid))
    _check(code, "rmw_get_gid_for_publisher")
    return bytes(gid.data)[:GID_BYTES]


class Lender:
    """Borrows and publishes messages of one publisher.

    After a frame was written caches are cold, and each lookup is dear: what the calls need is looked up once, and
    rclpy's handle is taken once for a message, when it is borrowed. So it also lives until its last loan has ended.

    Args:
        publisher: rclpy's handle.
        support: type_support() of the message class.
    """

    def __init__(self, publisher: Any, support: int) -> None:
        library = _rcl()
        self._handle = publisher
        self._support = support
        self._message = c_void_p()
        self._reference = byref(self._message)
        self._borrow = library.rcl_borrow_loaned_message
        self._publish = library.rcl_publish_loaned_message
        with publisher:
            self._pointer = publisher.pointer

    def borrow(self) -> int:
        """Return the address of a message to fill: publish() or give_back() must follow.

        Raises:
            RclError: no slot is free.
        """
        message = self._message
        self._handle.__enter__()
        message.value = None  # must be NULL on entry
        code = self._borrow(self._pointer, self._support, self._reference)
        address = message.value
        if address is None or code:
            self._handle.__exit__(None, None, None)
            _check(code, "borrowing")
            raise RclError("borrowing lent nothing")
        return address

    def publish(self, address: int) -> None:
        """Publish a borrowed message; the address is not ours afterwards.

        Raises:
            RclError: it was not published, and is still to be given back.
        """
        code = self._publish(self._pointer, address, None)
        if code:
            _check(code, "rcl_publish_loaned_message")
        self._handle.__exit__(None, None, None)

    def give_back(self, address: int) -> None:
        """Give a borrowed message back without publishing it."""
        code = _rcl().rcl_return_loaned_message_from_publisher(self._pointer, address)
        self._handle.__exit__(None, None, None)
        _check(code, "rcl_return_loaned_message_from_publisher")


def publish(publisher: Any, address: int) -> None:
    """Publish a copy of the message at an address of our own."""
    _check(_rcl().rcl_publish(publisher.pointer, address, None), "rcl_publish")


def publish_serialized(publisher: Any, address: int, length: int) -> None:
    """Publish a copy of a message in CDR, with its encapsulation header, at an address of our own."""
    message = _SerializedMessage(address, length, length)
    code = _rcl().rcl_publish_serialized_message(publisher.pointer, byref(message), None)
    _check(code, "rcl_publish_serialized_message")


def set_on_new_message(subscription: Any, callback: Any) -> None:
    """Let the middleware's thread call a NEW_MESSAGE_CALLBACK when messages arrive, or have arrived; None to end that.

    Returns when a call that runs has ended.
    """
    address = None if callback is None else ctypes.cast(callback, c_void_p)
    code = _rcl().rcl_subscription_set_on_new_message_callback(subscription.pointer, address, None)
    _check(code, "rcl_subscription_set_on_new_message_callback")


def write_on_new_message(subscription: Any, eventfd: int) -> None:
    """Let the middleware's thread add the number of messages that arrive, or have arrived, to an eventfd.

    eventfd_write(int, uint64_t) of the C library has the signature of a callback with user data: no code of ours runs.
    """
    write = ctypes.cast(ctypes.CDLL(None).eventfd_write, c_void_p)
    code = _rcl().rcl_subscription_set_on_new_message_callback(subscription.pointer, write, eventfd)
    _check(code, "rcl_subscription_set_on_new_message_callback")


class Taker:
    """Takes messages of one subscription, which must live as long. Not thread-safe.

    Both ways of taking return (source stamp ns, received stamp ns, number, publisher's GID) of a message.

    Args:
        subscription: rclpy's handle.
    """

    def __init__(self, subscription: Any) -> None:
        library = _rcl()
        self._pointer = subscription.pointer
        self._message = c_void_p()
        self._info = ctypes.create_string_buffer(MESSAGE_INFO.size)
        self._message_reference = byref(self._message)
        self._info_reference = byref(self._info)
        self._take = library.rcl_take_loaned_message
        self._return = library.rcl_return_loaned_message_from_subscription
        self._forget_error = _rcutils().rcutils_reset_error

    def take_loaned(self) -> tuple[int, tuple[int, int, int, bytes]] | None:
        """Return the address of the next message on loan and what is known of it, or None. give_back() must follow.

        (rcl_subscription_can_loan_messages does not tell whether this works: it repeats ROS_DISABLE_LOANED_MESSAGES.)

        Raises:
            LoansUnsupportedError: the middleware does not lend messages of this type.
        """
        message = self._message
        message.value = None
        code = self._take(self._pointer, self._message_reference, self._info_reference, None)
        address = message.value
        if address is not None and not code:
            return address, MESSAGE_INFO.unpack(self._info)
        if code == RCL_RET_SUBSCRIPTION_TAKE_FAILED or code == RCL_RET_OK:
            self._forget_error()
            return None
        if code == RCL_RET_UNSUPPORTED:
            self._forget_error()
            raise LoansUnsupportedError
        _check(code, "rcl_take_loaned_message")
        return None

    def give_back(self, address: int) -> None:
        """Give a loan back to the middleware."""
        code = self._return(self._pointer, address)
        if code:
            _check(code, "rcl_return_loaned_message_from_subscription")

    def take_copy(self, address: int) -> tuple[int, int, int, bytes] | None:
        """Copy the next message to an address of our own and return what is known of it, or None."""
        code = _rcl().rcl_take(self._pointer, address, self._info_reference, None)
        if code == RCL_RET_SUBSCRIPTION_TAKE_FAILED:
            self._forget_error()
            return None
        _check(code, "rcl_take")
        return MESSAGE_INFO.unpack(self._info)

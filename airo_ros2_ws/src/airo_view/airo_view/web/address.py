"""Where the web view listens."""

from __future__ import annotations

import errno
import ipaddress
import socket

from airo_view.exceptions import AddressError

__all__ = ["DEFAULT_PORT", "LOOPBACK", "free_port", "is_loopback", "listen", "url_of"]

DEFAULT_PORT = 8080
LOOPBACK = "127.0.0.1"
BACKLOG = 64


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address to listen on."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int, *, any_port: bool = False) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: address or name of this machine.
        port: 0 for any free one.
        any_port: take another free one when the port is taken.

    Raises:
        AddressError: it is not an address of this machine, or the port is taken or not allowed.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise AddressError(f"cannot listen on {host!r}: {error.strerror}; use an address of this machine") from None
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE and any_port:
            return listen(host, 0)
        raise AddressError(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another port, or 0 for any free one"
        ) from None
    listener.setblocking(False)
    return listener


def free_port(preferred: int = DEFAULT_PORT, *, host: str = LOOPBACK) -> int:
    """Return a port that is free now: the preferred one if it is.

    Raises:
        AddressError: the host is not an address of this machine.
    """
    with listen(host, preferred, any_port=True) as listener:
        return int(listener.getsockname()[1])


def url_of(host: str, port: int) -> str:
    """Return the address for a browser on this machine, or for others if it is listened to for them."""
    if host in ("0.0.0.0", "::", ""):
        host = socket.gethostname()
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"

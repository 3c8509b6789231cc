"""Who may use the web view. No I/O: it judges what a browser sends.

A page of another site can make a browser send requests here. Two things tell them from ours: the Host header names the
site that the browser believes to talk to (another one means that somebody's name was rebound to this address), and the
Origin header names the site of the page that asks.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from airo_view.exceptions import TokenError
from airo_view.web.address import is_loopback

__all__ = ["MIN_TOKEN_LENGTH", "Access"]

MIN_TOKEN_LENGTH = 16
_TOKEN_BYTES = 24


@dataclass(frozen=True)
class Access:
    """The rules for one server.

    Attributes:
        hosts: names, in lower case, that a browser may have in its address line.
        takes_addresses: numbers of any address of this machine are names of it, too; nobody can rebind a number.
        token: what a browser must have shown; None when only this machine can connect.
    """

    hosts: frozenset[str]
    takes_addresses: bool = False
    token: str | None = None

    @classmethod
    def for_host(cls, host: str, *, token: str | None = None, allowed_hosts: Sequence[str] = ()) -> Access:
        """Return the rules for an address to listen on; without a token given, one is made where it is needed.

        Raises:
            TokenError: the token is short enough to be guessed.
        """
        if token is not None and len(token) < MIN_TOKEN_LENGTH:
            raise TokenError(
                f"the token has {len(token)} characters: expected at least {MIN_TOKEN_LENGTH}, or none to have one made"
            )
        names = {"localhost", "127.0.0.1", "::1", host.lower(), *map(str.lower, allowed_hosts)}
        if is_loopback(host):
            return cls(frozenset(names), token=token)
        own = socket.gethostname().lower()
        names |= {own, own.partition(".")[0], f"{own.partition('.')[0]}.local"}
        return cls(frozenset(names), takes_addresses=True, token=token or secrets.token_urlsafe(_TOKEN_BYTES))

    def is_our_host(self, host: str | None) -> bool:
        """Return whether a Host header names this server."""
        name = _host_name(host)
        return name is not None and (name in self.hosts or (self.takes_addresses and _is_address(name)))

    def is_our_origin(self, origin: str | None, *, host: str | None) -> bool:
        """Return whether a request comes from a page of this server, or from no page at all.

        Args:
            origin: header of the request; a program that is no browser sends none.
            host: header of the request.
        """
        if origin is None:
            return True
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and host is not None and parts.netloc.lower() == host.lower()

    def is_right_token(self, given: str) -> bool:
        """Return whether a token is ours; how long that takes does not depend on where they differ."""
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.encode())

    @property
    def session(self) -> str:
        """What a browser keeps instead of the token; it outlives a restart with the same token."""
        return hmac.new((self.token or "").encode(), b"airo_view session", hashlib.sha256).hexdigest()

    def is_admitted(self, session: str | None) -> bool:
        """Return whether a browser that keeps this may see the page."""
        return self.token is None or hmac.compare_digest((session or "").encode(), self.session.encode())


def _host_name(host: str | None) -> str | None:
    """Return the name in a Host header, without its port."""
    if not host:
        return None
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True

"""Who may use the web view."""

from __future__ import annotations

import socket

import pytest

from airo_view.exceptions import AddressError, TokenError
from airo_view.web.access import Access
from airo_view.web.address import free_port, is_loopback, listen, url_of
from airo_view.web.limits import RateLimit, RateLimits


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080"])
def test_names_of_this_machine(host: str) -> None:
    """On loopback, the names of loopback are ours, with any port: tunnels change it."""
    assert Access.for_host("127.0.0.1").is_our_host(host)


@pytest.mark.parametrize(
    "host", [None, "", "evil.example", "localhost.evil.example", "192.168.1.5", "[", "127.0.0.1.evil", "[::1", "a:b:c"]
)
def test_other_names_are_not_ours(host: str | None) -> None:
    """A name that somebody rebound to this address is refused."""
    assert not Access.for_host("127.0.0.1").is_our_host(host)


def test_names_of_a_machine_that_others_reach() -> None:
    """Numbers, the machine's own name and those that were allowed are ours; other names are not."""
    access = Access.for_host("0.0.0.0", allowed_hosts=["Robot.lab.example"])
    own = socket.gethostname()
    for host in ("192.168.1.5:8080", "[fe80::1]", own, f"{own.partition('.')[0]}.local", "robot.lab.example:8080"):
        assert access.is_our_host(host), host
    assert not access.is_our_host("evil.example")


@pytest.mark.parametrize(
    ("origin", "is_ours"),
    [
        (None, True),
        ("http://localhost:8080", True),
        ("https://localhost:8080", True),
        ("http://localhost:8081", False),
        ("http://evil.example", False),
        ("null", False),
        ("file://localhost:8080", False),
        ("", False),
    ],
)
def test_origins(origin: str | None, is_ours: bool) -> None:
    """Only pages of the very same server, and programs that are no browser, may use it."""
    assert Access.for_host("127.0.0.1").is_our_origin(origin, host="localhost:8080") is is_ours


def test_tokens() -> None:
    """Where others can connect there is a token; a browser keeps something else than the token."""
    assert Access.for_host("127.0.0.1").is_admitted(None)
    access, other = Access.for_host("0.0.0.0"), Access.for_host("0.0.0.0")
    assert access.token and access.token != other.token and len(access.token) >= 32
    assert access.is_right_token(access.token) and not access.is_right_token(other.token or "")
    assert not access.is_right_token("ü") and not access.is_right_token("")
    assert access.is_admitted(access.session) and access.token not in access.session
    for wrong in (None, "", access.token, other.session):
        assert not access.is_admitted(wrong)


def test_a_session_outlives_a_restart_with_the_same_token() -> None:
    """A token that was given admits the browsers that had it before."""
    token = "correct horse battery"
    assert Access.for_host("0.0.0.0", token=token).session == Access.for_host("0.0.0.0", token=token).session
    assert Access.for_host("127.0.0.1", token=token).token == token  # also on loopback, if it is asked for


def test_weak_tokens_are_refused() -> None:
    """A token that can be guessed is an error that says how long it has to be."""
    with pytest.raises(TokenError, match="3 characters: expected at least 16"):
        Access.for_host("0.0.0.0", token="abc")


def test_listening() -> None:
    """A taken port is one clear line, or another port where any will do."""
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressError, match=f"port {port}: .* choose another port"):
            listen("127.0.0.1", port)
        assert free_port(port) != port
        with listen("127.0.0.1", port, any_port=True) as other:
            assert other.getsockname()[1] != port
    assert free_port(port) == port
    for host in ("203.0.113.7", "no.such.host.invalid"):
        with pytest.raises(AddressError, match="cannot listen on"):
            listen(host, 0)


def test_addresses_for_people() -> None:
    """An address that can be opened, whatever is listened to."""
    assert url_of("127.0.0.1", 8080) == "http://127.0.0.1:8080/"
    assert url_of("::1", 8080) == "http://[::1]:8080/"
    assert url_of("0.0.0.0", 1) == f"http://{socket.gethostname()}:1/"
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "robot")] == [True] * 3 + [
        False
    ] * 2


def test_rate_limits() -> None:
    """Bursts are allowed, and then a rate; the limit of one does not touch another."""
    limit = RateLimit(3, 2.0)
    assert [limit.allows(0.0) for _ in range(4)] == [True, True, True, False]
    assert limit.allows(0.5) and not limit.allows(0.5)
    limits = RateLimits(1, 1.0, size=2)
    assert limits.allows("a", 0.0) and not limits.allows("a", 0.0) and limits.allows("b", 0.0)
    assert limits.allows("c", 0.0) and limits.allows("a", 0.0)  # the oldest was forgotten: there is room for two

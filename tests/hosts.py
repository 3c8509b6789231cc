"""Two hosts on one machine: network namespaces with a cable between them, each with a /dev/shm of its own."""

from __future__ import annotations

import fcntl
import json
import os
import random
import select
import struct
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

__all__ = ["Host", "Network", "why_no_network"]

CABLE = "cable"
MAX_PACKET = 65536
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000  # linux/if_tun.h
SHARED_MEMORY_SIZE = "1g"
# What a host is, once its namespaces are there; then it stays as long as its stdin is open.
_INIT = (
    f"mount -t tmpfs -o size={SHARED_MEMORY_SIZE} tmpfs /dev/shm && ip link set lo up && ip link set lo multicast on"
    " && echo ready && exec cat"
)


def why_no_network() -> str:
    """Return why no hosts can be made here; empty if they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not Path("/dev/net/tun").exists():
        return "network devices of our own need /dev/net/tun"
    done = subprocess.run(["unshare", "-m", "-n", "ip", "link", "show"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"network namespaces cannot be made: {done.stderr.strip()}"


class Host:
    """One host.

    Args:
        address: of its end of the cable.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._init = subprocess.Popen(
            ["unshare", "-m", "-n", "--propagation", "private", "sh", "-c", _INIT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._init.stdout is not None and self._init.stdout.readline() == "ready\n"

    @property
    def process_id(self) -> int:
        """Of the process that keeps its namespaces."""
        return self._init.pid

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that runs a program there."""
        return ["nsenter", "-t", str(self.process_id), "-m", "-n", "--", *arguments]

    def run(self, *arguments: str) -> str:
        """Run a program there and return what it printed."""
        return subprocess.run(self.command(*arguments), check=True, capture_output=True, text=True).stdout

    def received_bytes(self) -> int:
        """Return what has come through the cable."""
        (cable,) = json.loads(self.run("ip", "-s", "-j", "link", "show", CABLE))
        return int(cable["stats64"]["rx"]["bytes"])

    def close(self) -> None:
        """Let the namespaces go; what runs there must have ended."""
        assert self._init.stdin is not None and self._init.stdout is not None
        self._init.stdin.close()
        self._init.wait(10.0)
        self._init.stdout.close()


class _Cable:
    """An Ethernet between two hosts that can lose packets: what comes out of one tap(4) device goes into the other.

    (tc-netem(8) would do, but is not in every kernel.)
    """

    def __init__(self, hosts: Sequence[Host]) -> None:
        self.loss = 0.0  # of 1, in both directions
        self._random = random.Random(1)
        self._files = [_make_tap(host) for host in hosts]
        self._is_closed = threading.Event()
        ways = (self._files, self._files[::-1])
        self._threads = [threading.Thread(target=self._carry, args=way, daemon=True) for way in ways]
        for thread in self._threads:
            thread.start()

    def _carry(self, source: int, target: int) -> None:
        poll = select.poll()
        poll.register(source, select.POLLIN)
        while not self._is_closed.is_set():
            if poll.poll(100):
                packet = os.read(source, MAX_PACKET)
                if self._random.random() >= self.loss:
                    try:
                        os.write(target, packet)
                    except OSError:
                        continue  # that end is down: lost

    def close(self) -> None:
        self._is_closed.set()
        for thread in self._threads:
            thread.join()
        for file in self._files:
            os.close(file)


def _make_tap(host: Host) -> int:
    """Return the file of a network device in a host."""
    file = os.open("/dev/net/tun", os.O_RDWR)
    request = fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH14x", b"cable%d", IFF_TAP | IFF_NO_PI))
    name = request[:16].rstrip(b"\0").decode()
    subprocess.run(["ip", "link", "set", name, "netns", str(host.process_id), "name", CABLE], check=True)
    host.run("ip", "address", "add", f"{host.address}/24", "dev", CABLE)
    host.run("ip", "link", "set", CABLE, "up")
    return file


class Network:
    """A robot and a desk. A context manager; leaving it removes both."""

    def __enter__(self) -> Network:
        self.robot, self.desk = Host("10.77.0.1"), Host("10.77.0.2")
        self._cable = _Cable((self.robot, self.desk))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cable.close()
        self.robot.close()
        self.desk.close()

    def set_up(self, is_up: bool) -> None:
        """Plug the robot's end of the cable in or out."""
        self.robot.run("ip", "link", "set", CABLE, "up" if is_up else "down")

    def impair(self, *, loss: float = 0.0, rate: str = "") -> None:
        """Let the cable be bad.

        Args:
            loss: of all packets, from 0 to 1.
            rate: from the robot to the desk, in the words of tc(8), such as 20mbit; empty for no limit.
        """
        self._cable.loss = loss
        if rate:
            limit = ("tbf", "rate", rate, "burst", "32kbit", "latency", "100ms")
            self.robot.run("tc", "qdisc", "replace", "dev", CABLE, "root", *limit)

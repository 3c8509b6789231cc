"""Pages without a browser. `python -m view.pages URL PID PAGES STALLED SECONDS WIDTH` prints what they saw as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

__all__ = ["cpu_secs", "main", "summary_of"]

CAMERA = "bench"
WARM_UP_SECS = 1.5
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Open the pages and print what they saw."""
    url, (pid, pages, stalled), (seconds, width) = sys.argv[1], map(int, sys.argv[2:5]), map(float, sys.argv[5:7])
    print(json.dumps(asyncio.run(_watch(url, pid, pages, stalled, seconds, int(width)))), flush=True)
    return 0


def cpu_secs(pid: int) -> float:
    """Return the processor time that a process has used, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def summary_of(latencies_ms: list[float]) -> dict[str, float | None]:
    """Return median and 95th percentile, ms."""
    if not latencies_ms:
        return {"p50_ms": None, "p95_ms": None}
    return {f"p{percent}_ms": float(np.percentile(latencies_ms, percent)) for percent in (50, 95)}


async def _watch(url: str, pid: int, pages: int, stalled: int, seconds: float, width: int) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        request = json.dumps({"type": "watch", "cameras": {CAMERA: width}})
        sockets = [await stack.enter_async_context(session.ws_connect(f"{url}socket")) for _ in range(pages + stalled)]
        for socket in sockets:
            await socket.send_str(request)
        latencies: list[list[float]] = [[] for _ in range(pages)]
        tasks = [asyncio.ensure_future(_read(*pair)) for pair in zip(sockets[:pages], latencies, strict=True)]
        await asyncio.sleep(WARM_UP_SECS)
        for values in latencies:
            values.clear()
        start, used = time.monotonic(), cpu_secs(pid)
        await asyncio.sleep(seconds)
        elapsed, used = time.monotonic() - start, cpu_secs(pid) - used
        for task in tasks:
            task.cancel()
        return {
            "pages": pages,
            "stalled": stalled,
            "cpu_percent": 100 * used / elapsed,
            "rates": [len(values) / elapsed for values in latencies],
            "received": summary_of([value for values in latencies for value in values]),
        }


async def _read(socket: aiohttp.ClientWebSocketResponse, latencies: list[float]) -> None:
    acknowledgement = json.dumps({"type": "ack", "camera": CAMERA})
    async for message in socket:
        if message.type == aiohttp.WSMsgType.BINARY:
            now = time.time_ns() / 1e6
            (length,) = struct.unpack("<I", message.data[:4])
            latencies.append(now - json.loads(message.data[4 : 4 + length])["stamp_ms"])
            await socket.send_str(acknowledgement)


if __name__ == "__main__":
    sys.exit(main())

"""Every example runs as a user runs it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
Start = Callable[..., Any]


def test_loans_of_a_plain_message(start: Start) -> None:
    """A publisher, a script that takes and a node that is called back understand each other; Ctrl-C ends both nodes."""
    publisher = start(EXAMPLES / "loans/publish_wrench.py")
    taker = start(EXAMPLES / "loans/take_wrench.py")
    printer = start(EXAMPLES / "loans/print_wrench.py")
    assert taker.wait() == 0, taker.errors
    assert len(taker.output) == 10
    assert any(line.endswith("zero-copy True") for line in taker.output), taker.output
    printer.expect(r"^\d+: [+-]\d\.\d{3} N")
    for process in (printer, publisher):
        process.popen.send_signal(signal.SIGINT)
        assert process.wait() == 0, process.errors
        assert process.complaints == []

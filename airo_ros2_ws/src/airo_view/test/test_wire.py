"""What server and page say to each other."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airo_view.exceptions import RequestError
from airo_view.web.wire import Acknowledge, Ping, Record, Watch, frame_message, parse_request


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"type": "watch", "cameras": {"front": 640, "side": 320.5}}', Watch({"front": 640, "side": 320})),
        ('{"type": "watch", "cameras": {}}', Watch({})),
        ('{"type": "ack", "camera": "front"}', Acknowledge("front")),
        ('{"type": "ping", "id": 12.5}', Ping(12.5)),
        ('{"type": "record", "recorder": "recorder", "action": "start"}', Record("recorder", "start")),
    ],
)
def test_requests(text: str, expected: Any) -> None:
    """What a page of ours says is understood."""
    assert parse_request(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "{}",
        "1",
        '{"type": "watch"}',
        '{"type": "watch", "cameras": {"front": -1}}',
        '{"type": "watch", "cameras": {"front": NaN}}',
        '{"type": "watch", "cameras": {"front": 1e99}}',
        '{"type": "watch", "cameras": {"front": true}}',
        json.dumps({"type": "watch", "cameras": {str(i): 1 for i in range(65)}}),
        '{"type": "ack", "camera": 3}',
        '{"type": "ping", "id": Infinity}',
        '{"type": "record", "recorder": "recorder", "action": "destroy"}',
        '{"type": "record", "action": "start"}',
        "[" * 10000,
    ],
)
def test_rubbish_is_refused(text: str) -> None:
    """Everything else is one error."""
    with pytest.raises(RequestError):
        parse_request(text)


@given(st.text())
def test_any_text_is_a_request_or_refused(text: str) -> None:
    """Nothing else than a RequestError ever comes of what a page sends."""
    with pytest.raises(RequestError):
        parse_request(text)


def test_frame_message() -> None:
    """A picture goes with its head."""
    message = frame_message({"camera": "front", "sequence": 3}, b"\xff\xd8picture")
    (length,) = struct.unpack("<I", message[:4])
    assert json.loads(message[4 : 4 + length]) == {"camera": "front", "sequence": 3}
    assert message[4 + length :] == b"\xff\xd8picture"

"""What the readers of others find in recordings."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import av
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory

FORMATS = {"rgb8": "rgb24", "bgr8": "bgr24", "mono8": "gray", "16UC1": "gray16le"}


def pictures_of(path: Path, *, encoding: str = "rgb8") -> list[Any]:
    """Return all pictures of a video as PyAV decodes them; a file that was cut off may end in half a picture."""
    pictures = []
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        for packet in packets:
            try:
                pictures += packet.decode()
            except av.InvalidDataError:
                assert packet is packets[-1]
        pictures += container.streams.video[0].decode(None)
    return [picture.to_ndarray(format=FORMATS[encoding]) for picture in pictures]


def times_of(path: Path) -> list[float]:
    """Return the presentation times of all pictures, s."""
    with av.open(str(path)) as container:
        return [float(picture.pts * picture.time_base) for picture in container.decode(video=0)]


def rows_of(folder: Path, camera: str = "front") -> list[dict[str, str]]:
    """Return the rows of a sidecar."""
    with (folder / f"{camera}.frames.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def summary_of(folder: Path) -> dict[str, Any]:
    """Return the summary of a recording."""
    return dict(json.loads((folder / "summary.json").read_text()))


def messages_of(path: Path, topic: str) -> list[Any]:
    """Return all messages of a topic as mcap-ros2-support decodes them, in the order of the file."""
    with path.open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        return [decoded for _, _, _, decoded in reader.iter_decoded_messages(topics=[topic], log_time_order=False)]

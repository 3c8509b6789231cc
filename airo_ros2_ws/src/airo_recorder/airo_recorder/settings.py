"""What is recorded how: the settings of a recording, validated."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from pathlib import Path

from airo_recorder.codecs import CODECS
from airo_recorder.exceptions import RecordingSettingsError

__all__ = ["COMPRESSIONS", "CONTAINERS", "MCAP_DEPTHS", "MCAP_IMAGES", "STREAMS", "RecordingSettings"]

CONTAINERS = {"mkv": "matroska", "mp4": "mp4"}  # file suffix -> libavformat's name
MCAP_IMAGES = ("raw", "jpeg", "png")
MCAP_DEPTHS = ("exact", "mm", "png")
STREAMS = ("image", "depth", "confidence", "right", "cloud")  # that a camera may have
COMPRESSIONS = ("none", "lz4", "zstd")
NO_LOSS_PATIENCE = 60.0  # s that a reader without loss waits for room
FORMATS = (*CONTAINERS, "mcap")


@dataclass(frozen=True)
class RecordingSettings:
    """How a recording is made.

    Attributes:
        directory: where the folders of recordings go.
        name: of the folder of a recording, a pattern for strftime.
        format: mkv or mp4 (a video of each camera), or mcap (everything in one ROS 2 bag).
        codec: of a video: h264, hevc, ffv1 (lossless) or mjpeg.
        quality: CRF of h264 and hevc, quantiser of mjpeg, JPEG quality of mcap; negative for the usual one.
        preset: of h264 and hevc: speed against size.
        threads: of the encoder of each camera; 0 lets it decide.
        rate: pictures per second of a video with a constant rate; 0 for the true times of acquisition.
        image: of an MCAP file: raw, jpeg or png.
        depth: of an MCAP file: exact (float32, m), mm (uint16) or png (mm, each depth image compressed).
        streams: of cameras that have more than an image, what is recorded; image is always.
        compression: of an MCAP file's chunks: none, lz4 or zstd.
        split_bytes: begin another file beyond this size; 0 for never.
        split_secs: begin another file after this time; 0 for never.
        keep_free_bytes: stop when the disk has less left.
        snapshot_secs: how much is kept in memory for a snapshot; 0 for nothing.
        snapshot_bytes: of frames that are kept in memory at most, per camera, and as much again of its clouds.
        queue_bytes: of frames and clouds that wait for the encoder at most, per camera, with all their streams.
        no_loss: wait for room instead of losing frames (sources of files only: a camera does not wait).

    Raises:
        RecordingSettingsError: a setting cannot be understood or does not go with the others.
    """

    directory: Path = Path("recordings")
    name: str = "recording_%Y-%m-%d_%H-%M-%S"
    format: str = "mkv"
    codec: str = "h264"
    quality: int = -1
    preset: str = "superfast"
    threads: int = 0
    rate: float = 0.0
    image: str = "raw"
    depth: str = "exact"
    streams: tuple[str, ...] = STREAMS
    compression: str = "lz4"
    split_bytes: int = 0
    split_secs: float = 0.0
    keep_free_bytes: int = 1 << 30
    snapshot_secs: float = 0.0
    snapshot_bytes: int = 256 << 20
    queue_bytes: int = 256 << 20
    no_loss: bool = False

    def __post_init__(self) -> None:
        for name, known in (
            ("format", FORMATS),
            ("codec", CODECS),
            ("image", MCAP_IMAGES),
            ("depth", MCAP_DEPTHS),
            ("compression", COMPRESSIONS),
        ):
            if getattr(self, name) not in known:
                raise RecordingSettingsError(f"{name} is {getattr(self, name)!r}: expected one of {', '.join(known)}")
        if "image" not in self.streams or set(self.streams) - set(STREAMS):
            raise RecordingSettingsError(
                f"streams is {', '.join(self.streams) or 'empty'}: expected image, and any of {', '.join(STREAMS[1:])}"
            )
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name != "quality" and isinstance(value, int | float) and value < 0:
                raise RecordingSettingsError(f"{each.name} is {value}: expected 0 or more")
        if self.format == "mp4" and self.codec == "mjpeg":
            raise RecordingSettingsError("format mp4 with codec mjpeg: few players read it; expected format mkv")
        if not self.name or "/" in time.strftime(self.name):
            raise RecordingSettingsError(f"name is {self.name!r}: expected the name of a folder, without /")
        CODECS[self.codec].check_preset(self.preset)

    @property
    def patience(self) -> float:
        """S that a reader waits for room in a queue; then what it has read is lost."""
        return NO_LOSS_PATIENCE if self.no_loss else 0.0

    @property
    def is_video(self) -> bool:
        """Whether each camera gets a video."""
        return self.format in CONTAINERS

    def new_folder(self, *, suffix: str = "") -> Path:
        """Return a folder for a recording that begins now and does not exist yet."""
        wanted = self.directory / (time.strftime(self.name) + suffix)
        folder, number = wanted, 1
        while folder.exists():
            number += 1
            folder = wanted.with_name(f"{wanted.name}_{number}")
        return folder

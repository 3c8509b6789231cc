"""Parameters of the recorder node."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from airo_frames.parameters import parameter
from airo_recorder.exceptions import RecordingSettingsError
from airo_recorder.settings import STREAMS, RecordingSettings

__all__ = ["RecorderParameters"]

MEGA = 1_000_000


@dataclass(frozen=True)
class RecorderParameters:
    """See the descriptions; README.md has them as a table."""

    cameras: list[str] = parameter(["camera"], "names of the cameras: their frames come on <camera>/frame")
    tags: bool = parameter(True, "record <camera>/tags of each camera, and /tf, in an MCAP file")
    directory: str = parameter("recordings", "where the folders of recordings go")
    name: str = parameter("recording_%Y-%m-%d_%H-%M-%S", "of a recording's folder, a pattern for strftime")
    format: str = parameter("mkv", "mkv or mp4 (a video of each camera), or mcap (everything in one ROS 2 bag)")
    codec: str = parameter("h264", "of videos: h264, hevc, ffv1 (lossless) or mjpeg")
    quality: int = parameter(
        -1,
        "CRF of h264 and hevc, quantiser of mjpeg, JPEG quality in MCAP; -1 for the usual one",
        minimum=-1,
        maximum=100,
    )
    preset: str = parameter("superfast", "of h264 and hevc: speed against size, as x264 names them")
    threads: int = parameter(0, "of each camera's encoder; 0 lets it decide", minimum=0, maximum=64)
    rate: float = parameter(
        0.0,
        "pictures per second of videos with a constant rate, gaps filled; 0 for the true times of acquisition",
        minimum=0.0,
        maximum=1000.0,
    )
    image: str = parameter("raw", "in MCAP: raw, jpeg or png")
    depth: str = parameter("exact", "in MCAP: exact (float32, m), mm (uint16) or png (mm, compressed one by one)")
    streams: list[str] = parameter(
        list(STREAMS), "of cameras that have more than an image: what is recorded; image is always"
    )
    compression: str = parameter("lz4", "of MCAP: none, lz4 or zstd")
    transforms: list[str] = parameter(
        [""], "done to images first: crop=X,Y,WIDTH,HEIGHT, resize=WIDTHxHEIGHT, tags (drawn) or module:function"
    )
    split_mb: float = parameter(0.0, "begin another file beyond so many MB; 0 for never", minimum=0.0)
    split_secs: float = parameter(0.0, "begin another file after so many s; 0 for never", minimum=0.0)
    keep_free_mb: float = parameter(1000.0, "stop when the disk has fewer MB left", minimum=0.0)
    snapshot_secs: float = parameter(0.0, "s that are kept in memory for a snapshot; 0 for none", minimum=0.0)
    snapshot_mb: float = parameter(
        256.0, "MB of the frames of each camera, and of its clouds, that are kept in memory at most", minimum=1.0
    )
    queue_mb: float = parameter(
        256.0, "MB of frames and clouds of each camera that wait for the encoder at most", minimum=1.0
    )
    no_loss: bool = parameter(
        False, "wait instead of losing frames, and acknowledge them on <camera>/processed (cameras in lockstep only)"
    )
    autostart: bool = parameter(True, "begin a recording when the node starts")
    duration: float = parameter(0.0, "end the recording and the node after so many s; 0 for never", minimum=0.0)

    def settings(self) -> RecordingSettings:
        """Return the settings of the recorder.

        Raises:
            RecordingSettingsError: they do not suit.
        """
        if not self.cameras or len(set(self.cameras)) != len(self.cameras):
            raise RecordingSettingsError(f"cameras is {self.cameras}: expected names, each once")
        return RecordingSettings(
            directory=Path(self.directory).expanduser(),
            name=self.name,
            format=self.format,
            codec=self.codec,
            quality=self.quality,
            preset=self.preset,
            threads=self.threads,
            rate=self.rate,
            image=self.image,
            depth=self.depth,
            streams=tuple(dict.fromkeys(("image", *self.streams))),
            compression=self.compression,
            split_bytes=round(self.split_mb * MEGA),
            split_secs=self.split_secs,
            keep_free_bytes=round(self.keep_free_mb * MEGA),
            snapshot_secs=self.snapshot_secs,
            snapshot_bytes=round(self.snapshot_mb * MEGA),
            queue_bytes=round(self.queue_mb * MEGA),
            no_loss=self.no_loss,
        )

    @property
    def transform_specs(self) -> list[str]:
        """The transforms that are asked for; a ROS parameter cannot be an empty list without losing its type."""
        return [spec for spec in self.transforms if spec]

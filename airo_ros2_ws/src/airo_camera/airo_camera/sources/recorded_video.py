"""The frames of recorded videos, by the numbers of their pictures."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from numpy.typing import NDArray

from airo_camera.exceptions import SourceReadError
from airo_camera.sources.recorded_planes import RecordedPlanes, confidence_from_steps, depth_from_millimetres

if TYPE_CHECKING:
    from airo_camera.sources.recorded_frames import RecordedFrame

__all__ = ["read_pictures"]

_FORMATS = {"rgb8": "rgb24", "bgr8": "bgr24", "mono8": "gray", "16UC1": "gray16le"}
_STREAM_FORMATS = {"depth": "gray16le", "confidence": "gray"}


def read_pictures(path: Path, rows: Sequence[RecordedFrame], *, camera: str) -> Iterator[RecordedPlanes]:
    """Yield the frame of each row; a lossless codec gives the recorded pixels, depths are in whole mm.

    Args:
        path: of the image's video; those of the other streams lie beside it.
        rows: in the order of their numbers; pictures between them, which fill gaps, are left out.
        camera: its name.

    Raises:
        SourceReadError: a file is damaged, missing, or ends too soon.
    """
    number = path.stem[len(camera) :]  # with its underscore
    with ExitStack() as stack:
        videos = {}
        for stream in rows[0].streams:
            name = path if stream == "image" else path.with_name(f"{camera}.{stream}{number}{path.suffix}")
            pixel_format = _STREAM_FORMATS.get(stream, _FORMATS[rows[0].encoding])
            videos[stream] = stack.enter_context(closing(_pictures(name, rows, pixel_format)))
        for _ in rows:
            yield _planes({stream: next(pictures) for stream, pictures in videos.items()})


def _planes(pictures: dict[str, NDArray[Any]]) -> RecordedPlanes:
    if "depth" in pictures:
        pictures["depth"] = depth_from_millimetres(pictures["depth"])
    if "confidence" in pictures:
        pictures["confidence"] = confidence_from_steps(pictures["confidence"])
    return RecordedPlanes(**pictures)


def _pictures(path: Path, rows: Sequence[RecordedFrame], pixel_format: str) -> Generator[NDArray[Any], None, None]:
    if not path.is_file():
        raise SourceReadError(f"{path} is missing: expected {len(rows)} frames in it")
    try:
        with av.open(path) as container:
            pictures = enumerate(container.decode(video=0))
            for row in rows:
                for number, picture in pictures:
                    if number == row.index:
                        yield picture.to_ndarray(format=pixel_format)
                        break
                else:
                    raise SourceReadError(f"{path} ends before picture {row.index}: it was cut off")
    except (av.FFmpegError, OSError) as error:
        raise SourceReadError(f"{path} is damaged: {error}") from error

"""The pictures of a recorded video, by their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from numpy.typing import NDArray

from airo_camera.exceptions import SourceReadError

if TYPE_CHECKING:
    from airo_camera.sources.recorded_frames import RecordedFrame

__all__ = ["read_pictures"]

_FORMATS = {"rgb8": "rgb24", "bgr8": "bgr24", "mono8": "gray", "16UC1": "gray16le"}


def read_pictures(path: Path, rows: Sequence[RecordedFrame]) -> Iterator[NDArray[Any]]:
    """Yield the picture of each row, in its encoding; a lossless codec gives the recorded pixels.

    Args:
        path: of the video.
        rows: in the order of their numbers; pictures between them, which fill gaps, are left out.

    Raises:
        SourceReadError: the file is damaged, or ends too soon.
    """
    try:
        with av.open(path) as container:
            pictures = enumerate(container.decode(video=0))
            for row in rows:
                for number, picture in pictures:
                    if number == row.index:
                        yield picture.to_ndarray(format=_FORMATS[row.encoding])
                        break
                else:
                    raise SourceReadError(f"{path} ends before picture {row.index}: it was cut off")
    except (av.FFmpegError, OSError) as error:
        raise SourceReadError(f"{path} is damaged: {error}") from error

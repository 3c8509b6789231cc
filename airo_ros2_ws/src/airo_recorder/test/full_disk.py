"""A process that records to a small disk until it is full: FOLDER FORMAT CODEC KEPT_FREE KIND [filled].

With `filled` something else takes what is left of the disk while no frame comes. It prints how it ended.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from pathlib import Path

from frames import MAKERS
from reading import rows_of

from airo_recorder.recorder import Recorder
from airo_recorder.settings import RecordingSettings


def main() -> None:
    """Offer frames until the recording ends by itself."""
    directory, container, codec, keep_free, kind, *filled = sys.argv[1:]
    settings = RecordingSettings(
        directory=Path(directory),
        format=container,
        codec=codec,
        compression="none",
        keep_free_bytes=int(keep_free),
        no_loss=True,
    )
    recorder = Recorder(settings, ["front"])
    folder = recorder.start()
    number = 0
    while recorder.progress().state == "recording" and not (filled and len(rows_of(folder)) > 5):
        number += 1
        recorder.cameras["front"].offer(MAKERS[kind](number, size_wh=(320, 240)))
        if filled:
            time.sleep(0.05)  # so that the recording itself does not fill it first
    if filled:
        with (folder.parent / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4096))
    while recorder.progress().state == "recording":
        time.sleep(0.05)
    recorder.close()
    print(json.dumps({"folder": str(folder), "offered": number, "reason": recorder.progress().reason}))


if __name__ == "__main__":
    main()

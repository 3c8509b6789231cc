"""A process that records to a small disk until it is full: FOLDER FORMAT CODEC KEPT_FREE KIND. It prints a summary."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from frames import MAKERS

from airo_recorder.recorder import Recorder
from airo_recorder.settings import RecordingSettings


def main() -> None:
    """Offer frames until the recording ends by itself."""
    directory, container, codec, keep_free, kind = sys.argv[1:]
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
    while recorder.progress().state == "recording":
        number += 1
        recorder.cameras["front"].offer(MAKERS[kind](number, size_wh=(320, 240)))
    recorder.close()
    print(json.dumps({"folder": str(folder), "offered": number, "reason": recorder.progress().reason}))


if __name__ == "__main__":
    main()

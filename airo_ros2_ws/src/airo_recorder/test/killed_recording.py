"""A process that records until it is killed: FOLDER FORMAT CODEC KIND. It tells which frames were offered."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from frames import MAKERS

from airo_recorder.recorder import Recorder
from airo_recorder.settings import RecordingSettings


def main() -> None:
    """Offer frames at 100 Hz, with true stamps, for ever."""
    directory, container, codec, kind = sys.argv[1:]
    recorder = Recorder(RecordingSettings(directory=Path(directory), format=container, codec=codec), ["front"])
    print(recorder.start(), flush=True)
    number = 0
    start = time.time_ns()
    while True:
        number += 1
        time.sleep(max(0.0, (start + number * 10_000_000 - time.time_ns()) / 1e9))
        recorder.cameras["front"].offer(MAKERS[kind](number, stamp=time.time_ns()))
        if number % 50 == 0:
            print(f"offered {number}", flush=True)


if __name__ == "__main__":
    main()

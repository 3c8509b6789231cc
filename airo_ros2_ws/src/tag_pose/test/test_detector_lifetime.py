"""Native detectors neither leak nor crash, however they end."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tag_renderer import PlacedTag, facing_camera, render

from airo_frames.intrinsics import Intrinsics
from tag_pose.detector import DetectorSettings, TagDetector
from tag_pose.exceptions import DetectorClosedError

PAGE_BYTES = 4096
MAX_GROWTH_BYTES = 2 * 1024**2  # a few kB per tag and frame would be 7 MB


@pytest.fixture(scope="module")
def image() -> NDArray[np.uint8]:
    """A small image of one tag."""
    tag = PlacedTag(3, 0.1, facing_camera((0.0, 0.0, 2.0)))
    return render([tag], size_wh=(64, 64), intrinsics=Intrinsics.pinhole(600.0, 600.0, 31.5, 31.5))


def resident_bytes() -> int:
    """Return the memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads resident memory from /proc")
def test_memory_stays_flat(backend: str, image: NDArray[np.uint8]) -> None:
    """2000 detections hold no more memory than 200."""
    with TagDetector(DetectorSettings(backend=backend)) as detector:
        for _ in range(200):
            assert len(detector.detect(image)) == 1
        before = resident_bytes()
        for _ in range(2000):
            detector.detect(image)
        assert resident_bytes() - before < MAX_GROWTH_BYTES


def test_detectors_come_and_go(backend: str, image: NDArray[np.uint8]) -> None:
    """Several detectors in one process work and end in any order."""
    detectors = [TagDetector(DetectorSettings(families=("36h11", "25h9"), backend=backend)) for _ in range(5)]
    for index in (2, 0, 4):
        detectors[index].close()
        assert len(detectors[1].detect(image)) == len(detectors[3].detect(image)) == 1
    detectors.clear()
    with TagDetector(DetectorSettings(backend=backend)) as detector:
        assert len(detector.detect(image)) == 1


def test_closed_detector_says_so(backend: str, image: NDArray[np.uint8]) -> None:
    """Closing twice is allowed, detecting afterwards is not."""
    detector = TagDetector(DetectorSettings(backend=backend))
    detector.close()
    detector.close()
    assert detector.closed
    with pytest.raises(DetectorClosedError, match="make a new one"):
        detector.detect(image)


def test_closing_waits_for_a_detection_in_another_thread(backend: str, image: NDArray[np.uint8]) -> None:
    """A detector that is closed while it works ends its work first."""
    detector = TagDetector(DetectorSettings(backend=backend))
    started = threading.Event()
    ended: list[type[Exception]] = []

    def work() -> None:
        try:
            while True:
                detector.detect(image)
                started.set()
        except DetectorClosedError as error:
            ended.append(type(error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert started.wait(timeout=30)
    detector.close()
    thread.join(timeout=30)
    assert ended == [DetectorClosedError]


PROGRAM = """
import threading
import numpy as np
from tag_pose.detector import DetectorSettings, TagDetector

image = np.random.default_rng(0).integers(0, 256, (200, 200), np.uint8)
detectors = [TagDetector(DetectorSettings(families=("36h11", "25h9"), backend="{backend}")) for _ in range(4)]
detectors[1].close()
working = threading.Event()

def work():
    while True:
        detectors[0].detect(image)
        working.set()

threading.excepthook = lambda arguments: None
threading.Thread(target=work, daemon=True).start()
working.wait(30)
{ending}
"""


@pytest.mark.parametrize(("ending", "status"), [("", 0), ("raise SystemExit(3)", 3)])
def test_interpreter_exits_with_open_detectors(backend: str, ending: str, status: int) -> None:
    """Open detectors, one of them at work in a daemon thread, do not disturb the exit."""
    program = PROGRAM.format(backend=backend, ending=ending)
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (status, "")

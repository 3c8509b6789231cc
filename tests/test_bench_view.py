"""The benchmark of the web view works and accounts for every page; what is fast is for its own runs to say."""

from __future__ import annotations

import json
import subprocess
import sys


def test_every_case_is_measured(ros_domain: int) -> None:
    """All pages that read get pictures, and the camera keeps its rate beside those that do not."""
    command = [sys.executable, "-m", "airo_ros2.cli", "bench", "view", "--json", "--sizes", "720p", "--seconds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240.0)
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout)["results"]
    assert [(case["pages"], case["stalled"]) for case in result["pages"]] == [(1, 0), (4, 0), (15, 5)]
    for case in result["pages"]:
        assert len(case["rates"]) == case["pages"] and min(case["rates"]) > 0
        assert 0 < case["received"]["p50_ms"] <= case["received"]["p95_ms"]
    assert result["camera"]["rate"] > 0
    if result["browser"] is not None:
        assert result["browser"]["decoded"]["p50_ms"] > 0 and result["browser"]["picture_width"] == 1280


def test_wrong_sizes_are_said() -> None:
    """An unknown size names the known ones."""
    command = [sys.executable, "-m", "airo_ros2.cli", "bench", "view", "--sizes", "8k"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60.0)
    assert done.returncode == 2 and "got 8k, expected some of 720p, 1080p" in done.stderr

"""The report of the recorder's benchmark; what is fast is for its own runs to say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

DOCUMENT = {
    "benchmark": "recorder",
    "started": "2026-01-01T00:00:00+00:00",
    "machine": {
        "cpu": "a processor",
        "cores": 2,
        "kernel": "6.1",
        "python": "3.11",
        "av": "18",
        "mcap": "1.6",
        "load_average": 0.5,
    },
    "options": {"rounds": 1, "secs": 2.0, "disk_frames": 10, "preset": "superfast"},
    "memory_bound_bytes": 340_000_000,
    "missing": {"ffmpeg command line": "it is not installed"},
    "goals": [{"title": "a ratio", "value": 0.7512, "limit": "at most 1", "verdict": "met"}],
    "runs": [
        {
            "kind": "cpu",
            "subject": "ours",
            "cpu_ms_per_frame": 9.87,
            "memory_bytes": 9e7,
            "file_bytes": 6e6,
            "frames": 60,
        },
        {"kind": "loss", "lost": 0},
        {
            "kind": "depth",
            "way": "MCAP, exact depth, lz4",
            "cpu_ms_per_frame": 25.04,
            "memory_bytes": 2e8,
            "bytes": 6e8,
            "written": 59,
            "lost": 1,
        },
        {"kind": "disk", "mcap_mb_per_sec": 290.2, "plain_mb_per_sec": 300.7},
    ],
}


def bench(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "airo_ros2.cli", "bench", "recorder", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_report_replaces_the_old_one(tmp_path: Path) -> None:
    """The tables of a run stand between the marks, and what is around them stays."""
    (tmp_path / "results.json").write_text(json.dumps(DOCUMENT))
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- benchmark: begin -->\nold\n<!-- benchmark: end -->\nafter\n")
    for _ in range(2):
        done = bench("--report", tmp_path / "results.json", "--page", page)
        assert done.returncode == 0, done.stderr
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert text.count("| a ratio | 0.751 | at most 1 | **met** |") == 1
    assert "| airo_recorder | 9.9 | 90 | 3.00 |" in text and "| plain file | 301 |" in text
    assert "| MCAP, exact depth, lz4 | 25.0 | 200 | 305.1 | 1 of 60 |" in text
    assert "Not measured: ffmpeg command line: it is not installed." in text


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    """A page without marks, and a file that holds no results, are named."""
    (tmp_path / "results.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "page.md").write_text("no marks")
    for results, text in (("results.json", "has no <!-- benchmark"), ("missing.json", "missing.json")):
        done = bench("--report", tmp_path / results, "--page", tmp_path / "page.md")
        assert done.returncode == 2 and text in done.stderr.splitlines()[-1]

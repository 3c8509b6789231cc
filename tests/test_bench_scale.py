"""The benchmark of many cameras works and accounts for every process; how many a machine runs is for its own runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def bench(*arguments: Any) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-m", "airo_ros2.cli", "bench", "scale", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240.0)


@pytest.fixture(scope="module")
def document() -> Any:
    """What a short run prints."""
    done = bench("--json", "--cameras", "1,2", "--scenes", "still", "--seconds", "3", "--fps", "5")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_camera_and_process_is_accounted_for(document: Any) -> None:
    """Each camera has its rates; each kind of process its share of the cores and of memory."""
    assert document["failures"] == []
    assert [(result["scene"], result["cameras"]) for result in document["results"]] == [("still", 1), ("still", 2)]
    for result in document["results"]:
        assert len(result["streams"]) == result["cameras"]
        for stream in result["streams"]:
            assert stream["frame_rate"] > 0 and stream["tag_rate"] > 0
            assert 0 < stream["frame_latency_ms"] <= stream["tag_latency_ms"] <= stream["tag_latency_max_ms"]
        assert 0 < sum(result["cpu"].values()) <= result["cores_busy"] + 0.1
        for kind in ("camera", "tags", "supervisor"):
            assert 0 < result["pss_bytes"][kind] <= result["rss_bytes"][kind]
    one, two = document["results"]
    assert two["shared_memory_bytes"] > one["shared_memory_bytes"] > 5 * 640 * 480 * 3


def test_the_report_is_written(document: Any, tmp_path: Path) -> None:
    """The page has a row for each set-up, and says where the limit lies."""
    (tmp_path / "results.json").write_text(json.dumps(document))
    done = bench("--report", tmp_path / "results.json", "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "scale.md").read_text()
    assert "\n| 1 |" in page and "\n| 2 |" in page and "Each further camera costs " in page
    assert (tmp_path / "scale.svg").exists() == ("scale.svg" in page)


def test_where_the_limit_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first number of cameras of which one misses its rate ends what is reached; costs are those below it."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    from scale.summary import summary_of

    def result(cameras: int, rate: float) -> dict[str, Any]:
        return {
            "scene": "still",
            "cameras": cameras,
            "streams": [{"frame_rate": 30.0, "tag_rate": rate}] * cameras,
            "cpu": {"camera": 0.1 * cameras, "tags": 0.2 * cameras if cameras < 4 else 0.5, "supervisor": 0.02},
            "pss_bytes": {"camera": 50e6 * cameras},
            "shared_memory_bytes": 8e6 * cameras,
        }

    summary = summary_of([result(1, 30.0), result(2, 29.0), result(4, 20.0), result(8, 30.0)], fps=30.0)
    assert (summary["reached_with"], summary["missed_with"], summary["priced_on"]) == (2, 4, [1, 2])
    assert summary["cpu_per_camera"] == pytest.approx({"camera": 0.1, "tags": 0.2, "supervisor": 0.0})
    assert summary["shared_memory_bytes_per_camera"] == pytest.approx(8e6)


def test_mistakes_are_one_line() -> None:
    """An unknown scene, and a time too short for reports, are named."""
    assert "got dark, expected some of still, moving" in bench("--scenes", "dark").stderr.splitlines()[-1]
    assert "at least 3 s" in bench("--seconds", "1").stderr.splitlines()[-1]

"""The transport benchmark works and accounts for every frame; what is fast is for its own runs to say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airo_ros2.bench import BenchmarkMissingError, run_bench

FRAMES = 5
PREFIX = "airo_bench_"  # of the files of a run; its process id follows
SUBJECTS = ["loans", "iceoryx2", "shared_memory", "airo_ipc", "zeromq", "sensor_image", "memcpy"]
NEED_NOTHING = {"loans", "shared_memory", "sensor_image", "memcpy"}  # beside what `make setup` installs


def bench(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "airo_ros2.cli", "bench", "transport", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def document() -> Any:
    """Give the results of one short run."""
    arguments = ["--quick", "--frames", str(FRAMES), "--ways", "in_place,copy", "--subjects", ",".join(SUBJECTS)]
    done = bench("--json", *arguments)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)  # and nothing else


def test_every_frame_is_accounted_for(document: Any) -> None:
    """What was sent was received whole or is counted as lost, by each reader."""
    measured = [run for run in document["runs"] if run["status"] == "measured"]
    assert {run["subject"] for run in measured} >= NEED_NOTHING
    for run in measured:
        assert run["sent"] == FRAMES
        assert len(run["received"]) == len(run["lost"]) == run["readers"]
        for received, lost in zip(run["received"], run["lost"], strict=True):
            assert received + lost == FRAMES and received >= 0 and lost >= 0


def test_what_was_not_measured_has_a_reason(document: Any) -> None:
    """A peer that is missing or cannot do something is no error, and says why."""
    for run in document["runs"]:
        assert run["status"] == "measured" or (run["status"] == "n/a" and run["reason"])
    in_place = {run["subject"] for run in document["runs"] if run["way"] == "in_place" and run["status"] == "measured"}
    assert in_place <= {"loans", "iceoryx2", "shared_memory"}


def test_the_document_tells_where_it_comes_from(document: Any) -> None:
    """Machine, versions, options, summary and goals are there."""
    assert document["machine"]["cores"] >= 1 and document["machine"]["versions"]["numpy"]
    assert [subject["name"] for subject in document["subjects"]] == SUBJECTS
    assert {goal["verdict"] for goal in document["goals"]} == {"not measured"}  # they need the sizes of a whole run
    for row in document["summary"]:
        assert row["rounds"] == 1 and row["publish_p50_us"] > 0


def test_the_report_is_written(document: Any, tmp_path: Path) -> None:
    """The page has a row for each measurement, and a plot if matplotlib is there."""
    (tmp_path / "results.json").write_text(json.dumps(document))
    done = bench("--report", tmp_path / "results.json", "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "performance.md").read_text()
    assert page.count("rclpy_loans, best effort, take()") == 1 + 2 and "not measured" in page
    has_plot = (tmp_path / "performance.svg").exists()
    assert has_plot == ("performance.svg" in page)
    if not has_plot:
        assert "matplotlib is not installed" in done.stdout
        pytest.skip("the page is right; no plot, because matplotlib is not installed")


def test_nothing_is_left_of_a_run(document: Any) -> None:
    """No file of a benchmark that has ended stays in shared memory."""
    owners = {
        path.name: path.name.partition(PREFIX)[2].partition("_")[0] for path in Path("/dev/shm").glob(f"*{PREFIX}*")
    }
    assert not {name for name, process_id in owners.items() if not Path("/proc", process_id).exists()}


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    """Unknown subjects, and files that hold no results, are named."""
    unknown = bench("--subjects", "pigeons")
    assert unknown.returncode == 2 and "pigeons" in unknown.stderr.splitlines()[-1]
    (tmp_path / "results.json").write_text("{}")
    wrong = bench("--report", tmp_path / "results.json", "--output", tmp_path)
    assert wrong.returncode == 2 and "results.json" in wrong.stderr.splitlines()[-1]


def test_without_a_checkout_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installation without benchmarks points to the checkout."""
    monkeypatch.setattr("airo_ros2.bench.BENCHMARKS", tmp_path)
    with pytest.raises(BenchmarkMissingError, match="make bench"):
        run_bench("transport", [])

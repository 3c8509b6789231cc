"""The benchmark of tags works from scenes to report; how accurate things are is for its own runs to say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SUBJECTS = ["pupil", "pyapriltags", "aruco_subpix"]
CONDITIONS = ["side48", "distorted"]
SCENES = 4


def bench(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "airo_ros2.cli", "bench", "tags", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give the results of one short run."""
    arguments = ["--quick", "--scenes", str(SCENES), "--subjects", ",".join(SUBJECTS)]
    arguments += ["--conditions", ",".join(CONDITIONS), "--photographs", str(tmp_path_factory.mktemp("none"))]
    done = bench("--json", *arguments)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)  # and nothing else


def test_every_subject_saw_every_scene(document: Any) -> None:
    """Each row accounts for all images, and what is clear to see was found."""
    rows = {(row["condition"], row["subject"]): row for row in document["conditions"]}
    assert set(rows) == {(condition, subject) for condition in CONDITIONS for subject in SUBJECTS}
    assert all(row["shown"] == SCENES for row in rows.values())
    for subject in ("pupil", "pyapriltags"):
        row = rows["side48", subject]
        assert row["recall"] == 1.0 and row["false"] == 0
        assert 0 < row["corner_rms_px"] < 0.2 and 0 < row["nees"] < 10
    assert rows["side48", "aruco_subpix"]["nees"] is None  # it tells no covariance


def test_the_same_seed_gives_the_same_results(document: Any) -> None:
    """Scenes are fixed by the seed: a second run agrees to the last digit, and another seed does not."""
    arguments = ["--json", "--quick", "--scenes", SCENES, "--subjects", "pupil", "--conditions", "side48"]
    again = json.loads(bench(*map(str, arguments)).stdout)["conditions"]
    other = json.loads(bench(*map(str, arguments), "--seed", "2").stdout)["conditions"]
    (first,) = [r for r in document["conditions"] if (r["condition"], r["subject"]) == ("side48", "pupil")]
    assert again == [first]
    assert other != [first]


def test_goals_name_what_was_not_measured(document: Any) -> None:
    """A short run has verdicts only where it measured."""
    verdicts = {goal["title"]: goal["verdict"] for goal in document["goals"]}
    assert verdicts["photographs: of 47 reference tags, with their settings"] == "not measured"
    assert verdicts["tag_pose, pupil: corner error at 32 px, RMS, px"] == "not measured"
    assert verdicts["tag_pose, pupil: corner error at 48 px, RMS, px"] in ("met", "missed")


def test_all_parts_are_there(document: Any) -> None:
    """Sequences, bundles and times have rows of both backends."""
    for part in ("sequences", "bundles", "timing"):
        assert {row["backend"] for row in document[part]} == {"pupil", "pyapriltags"}
    assert {row["case"] for row in document["bundles"]} == {"one tag", "four tags", "one of four misplaced"}
    assert document["photographs"]["photographs"] == 0


def test_the_report_is_written(document: Any, tmp_path: Path) -> None:
    """The page has the goals and a table for each condition, and a plot if matplotlib is there."""
    (tmp_path / "results.json").write_text(json.dumps(document))
    done = bench("--report", tmp_path / "results.json", "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "accuracy.md").read_text()
    assert "## 48 px\n" in page and "## 48 px, plumb_bob lens\n" in page and "not measured" in page
    assert (tmp_path / "accuracy.svg").exists() == ("accuracy.svg" in page)


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    """Unknown conditions, and files that hold no results, are named."""
    unknown = bench("--conditions", "fog")
    assert unknown.returncode == 2 and "fog" in unknown.stderr.splitlines()[-1]
    (tmp_path / "results.json").write_text("{}")
    wrong = bench("--report", tmp_path / "results.json", "--output", tmp_path)
    assert wrong.returncode == 2 and "results.json" in wrong.stderr.splitlines()[-1]

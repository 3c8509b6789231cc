"""The documentation site is whole, and needs nobody else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import airo_ros2
import rclpy_loans
from airo_camera.parameters import CameraParameters
from tag_pose.parameters import TagPoseParameters

ROOT = Path(__file__).resolve().parent.parent
LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "link": "href",
}  # what a browser fetches by itself


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site strictly: a link or an anchor that leads nowhere is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def text_of(page: Path) -> str:
    """Return the text of a page, without its tags."""
    parts: list[str] = []
    parser = HTMLParser()
    parser.handle_data = parts.append  # type: ignore[method-assign]
    parser.feed(page.read_text())
    return "".join(parts)


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    """Pages, styles, scripts and fonts come from the site itself: it works without a network."""
    found: list[str] = []

    class Loads(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            given = dict(attributes)
            if tag == "link" and given.get("rel") not in ("stylesheet", "icon", "preload"):
                return
            if re.match(r"(https?:)?//", given.get(LOADED.get(tag, "")) or ""):
                found.append(f"{tag} {given}")

    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        Loads().feed(page.read_text())
    for style in site.rglob("*.css"):
        found += re.findall(r"url\((?:https?:)?//[^)]*\)|@import[^;]*", style.read_text())
    assert found == []


def test_every_document_is_a_page(site: Path) -> None:
    """What lies in docs/, at the root and in the packages is on the site; MkDocs tells of pages without a place."""
    expected = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    expected |= {Path(f"packages/{path.parent.name}.html") for path in ROOT.glob("airo_ros2_ws/src/*/README.md")}
    expected |= {Path(f"{name}.html") for name in ("architecture", "changelog", "contributing", "security_policy")}
    assert [path for path in sorted(expected) if not (site / path).exists()] == []


def test_the_reference_has_every_parameter_and_name(site: Path) -> None:
    """Parameters of the nodes and public names of the packages stand in the reference."""
    parameters = text_of(site / "reference/parameters.html")
    for declared in (CameraParameters, TagPoseParameters):
        for field in fields(declared):
            assert f"{field.name}" in parameters and field.metadata["meaning"].description[:30] in parameters
    interface, errors = ((site / f"reference/{name}.html").read_text() for name in ("api", "errors"))
    for module in (airo_ros2, rclpy_loans):
        for name in module.__all__:
            anchor = f'id="{getattr(getattr(module, name), "__module__", "")}.{name}"'
            assert anchor in interface or f".{name}<" in errors or name == "__version__", name


def test_troubleshooting_mirrors_the_doctor(tmp_path: Path) -> None:
    """Each check of `airo-ros2 doctor` has its paragraph, in order, and no other has."""
    (tmp_path / "DEFAULT_FASTRTPS_PROFILES.xml").write_text("<dds/>")  # the one check that is there only if it warns
    command = [sys.executable, "-m", "airo_ros2.cli", "doctor", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    names = [check["name"] for check in json.loads(done.stdout)["checks"]]
    page = (ROOT / "docs/troubleshooting.md").read_text().partition("## What doctor looks at")[2]
    assert re.findall(r"^### (.*)$", page, re.MULTILINE) == names


def test_the_tables_of_topics_are_what_nodes_really_have(start: Callable[..., Any]) -> None:
    """The graph of a running set-up says what docs/topics.md says."""
    check = start(ROOT / "scripts/documentation/topics.py", "--check")
    assert check.wait() == 0, check.errors

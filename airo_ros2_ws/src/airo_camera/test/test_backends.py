"""A backend is imported only when it is used."""

from __future__ import annotations

import subprocess
import sys


def imported_by(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has imported after running some code."""
    script = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_backends_are_imported_when_used() -> None:
    """Making a source imports its backend and no other."""
    imported = imported_by("from airo_camera.sources.spec import make_source\nmake_source('folder')")
    assert "airo_camera.sources.images" in imported
    assert not {f"airo_camera.sources.{name}" for name in ("simulated", "video", "device")} & imported
    assert "cv2" not in imported_by("import airo_camera.sources.spec")

"""Tests of msg_defs/generate.py: the committed messages are the generated ones, and plain."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import airo_camera_msgs.msg
import pytest
import yaml

from rclpy_loans import message_dtype

ROOT = Path(__file__).resolve().parent.parent
GENERATE = ROOT / "msg_defs/generate.py"


@pytest.fixture(scope="module")
def generate() -> Any:
    """Give the generator as a module."""
    spec = importlib.util.spec_from_file_location("generate", GENERATE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module
    spec.loader.exec_module(module)
    return module


def test_committed_messages_are_up_to_date() -> None:
    """`generate.py --check` finds no difference."""
    subprocess.run([sys.executable, GENERATE, "--check"], check=True)


def test_check_fails_when_a_message_differs(tmp_path: Path) -> None:
    """A message that was edited by hand, or is missing, is named."""
    messages = "airo_ros2_ws/src/airo_camera_msgs/msg"
    shutil.copytree(ROOT / "msg_defs", tmp_path / "msg_defs")
    shutil.copytree(ROOT / messages, tmp_path / messages)
    with (tmp_path / messages / "Image640x480.msg").open("a") as message:
        message.write("uint8 more\n")
    (tmp_path / messages / "TagDetection.msg").unlink()
    command = [sys.executable, str(tmp_path / "msg_defs/generate.py")]
    done = subprocess.run([*command, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Image640x480, TagDetection differ" in done.stderr
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run([*command, "--check"], check=True)


def test_computed_layouts_are_those_of_the_compiler(generate: Any) -> None:
    """What the generator computes is what the C compiler made of every message."""
    layouts = generate.check_layouts(generate.render_all(yaml.safe_load((ROOT / "msg_defs/formats.yaml").read_text())))
    assert set(layouts) == {name for name in dir(airo_camera_msgs.msg) if name[0].isupper()}
    for name, layout in layouts.items():
        assert message_dtype(getattr(airo_camera_msgs.msg, name)).itemsize == layout.size


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("uint8 a\nuint32 b", "Bad.b at offset 1 would be padded: it needs a multiple of 4"),
        ("uint64 a\nuint8 b", "Bad has 9 bytes and would be padded at its end: it needs a multiple of 8"),
        ("string a", "Bad: unknown types string"),
        ("uint8[] a", "'uint8\\[\\] a' is not a fixed-size field"),
        ("uint8[<=5] a", "not a fixed-size field"),
        ("std_msgs/Header header", "Bad: unknown types std_msgs/Header"),
    ],
)
def test_layouts_that_cannot_be_shared_are_refused(generate: Any, text: str, reason: str) -> None:
    """Padding, strings and sequences are errors that name the field."""
    with pytest.raises(generate.LayoutError, match=reason):
        generate.check_layouts({"Bad": text})


def test_a_new_family_is_one_template_and_one_line(
    generate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A template that uses the common head and tail gives one message per resolution."""
    shutil.copytree(ROOT / "msg_defs", tmp_path / "msg_defs")
    monkeypatch.setattr(generate, "HERE", tmp_path / "msg_defs")
    template = "${camera_head}\nuint8[${payload_bytes}] color\nfloat32[${pixels}] heat\n${sequence_tail}\n"
    (tmp_path / "msg_defs/templates/Thermal.msg.in").write_text(template)
    formats = yaml.safe_load((ROOT / "msg_defs/formats.yaml").read_text())
    formats["families"]["Thermal"] = {"template": "Thermal.msg.in", "bytes_per_pixel": 3}
    texts = generate.render_all(formats)
    generate.check_layouts(texts)
    assert {name for name in texts if name.startswith("Thermal")} == {
        f"Thermal{width}x{height}" for width, height in formats["resolutions"]
    }


@pytest.mark.parametrize("family", ["Image", "Rgbd", "StereoRgbd", "PointCloud"])
def test_every_family_shares_its_head(family: str) -> None:
    """A reader of the head of one family reads that of all, at the same place, whatever the resolution."""
    head = message_dtype(airo_camera_msgs.msg.Image640x480)
    for name in (name for name in dir(airo_camera_msgs.msg) if re.fullmatch(rf"{family}\d+x\d+", name)):
        dtype = message_dtype(getattr(airo_camera_msgs.msg, name))
        assert dtype.fields is not None and head.fields is not None
        for field in ("sequence", "stamp", "k", "r", "p", "d", "width", "height", "step", "encoding", "frame_id"):
            assert dtype.fields[field] == head.fields[field], f"{name}.{field}"
        assert dtype.fields["sequence_tail"][1] == dtype.itemsize - 8

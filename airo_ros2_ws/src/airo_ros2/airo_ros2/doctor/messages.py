"""Checks of the message package; as a program, tells the image classes that can be shared, as one JSON object."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from airo_frames.formats import all_formats
from airo_ros2.doctor.check import Check, ok, problem
from airo_ros2.doctor.installation import Installation
from rclpy_loans.exceptions import AiroRos2Error

__all__ = ["message_checks"]

_PACKAGE = "airo_camera_msgs"
_BUILD = "build the messages again: make setup, or colcon build, with the Python that runs them"
_PATIENCE_SECS = 30.0


def message_checks(installation: Installation) -> Iterator[Check]:
    """Yield the check of the messages: built, loadable, and of fixed size.

    Args:
        installation: of ROS 2.
    """
    name = "messages"
    version = installation.version(_PACKAGE)
    if version is None:
        yield problem(name, f"{_PACKAGE} is not installed", _BUILD)
        return
    # Loading them loads ROS, which ends the whole process where it does not like a variable.
    environment = {key: value for key, value in os.environ.items() if key != "RMW_IMPLEMENTATION"}
    command = [sys.executable, "-m", __spec__.name]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_PATIENCE_SECS)
    except subprocess.TimeoutExpired:
        yield problem(name, f"{_PACKAGE} {version} did not load within {_PATIENCE_SECS:g} s", _BUILD)
        return
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        yield problem(name, f"{_PACKAGE} {version} cannot be used: {reason}", _BUILD)
        return
    classes = json.loads(done.stdout)
    yield ok(name, f"{_PACKAGE} {version}: {len(classes)} image classes of fixed size, up to {list(classes)[-1]}")


def _main() -> int:
    from rclpy_loans.layout import message_dtype

    try:
        classes = {f.msg_type.__name__: message_dtype(f.msg_type).itemsize for f in all_formats()}
    except (ImportError, OSError, AiroRos2Error) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if not classes:
        sys.stderr.write("it has no image classes\n")
        return 1
    sys.stdout.write(json.dumps(classes) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(_main())

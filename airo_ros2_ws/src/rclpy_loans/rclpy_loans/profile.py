"""The Fast DDS profile that turns data sharing on: applied through the environment, before rclpy starts."""

from __future__ import annotations

import logging
import os
import sys
from importlib import resources
from pathlib import Path

from rclpy_loans.exceptions import ProfileError

__all__ = [
    "FASTDDS2_VARIABLE",
    "FASTDDS3_VARIABLE",
    "QOS_FROM_XML_VARIABLE",
    "SHARING_DOMAIN_VARIABLE",
    "apply_profile",
    "profile_path",
    "profile_variable",
    "sharing_domain",
]

FASTDDS2_VARIABLE = "FASTRTPS_DEFAULT_PROFILES_FILE"
FASTDDS3_VARIABLE = "FASTDDS_DEFAULT_PROFILES_FILE"
QOS_FROM_XML_VARIABLE = "RMW_FASTRTPS_USE_QOS_FROM_XML"
SHARING_DOMAIN_VARIABLE = "AIRO_ROS2_SHARING_DOMAIN"  # which our profiles refer to

_logger = logging.getLogger(__name__)


def profile_path(name: str = "fastdds.xml") -> Path:
    """Return the path of one of the profiles that come with this package.

    Raises:
        ProfileError: there is no profile of that name.
    """
    folder = Path(str(resources.files("rclpy_loans"))) / "profiles"
    path = folder / name
    if not path.is_file():
        present = ", ".join(sorted(file.name for file in folder.glob("*.xml"))) or "none"
        raise ProfileError(f"no Fast DDS profile {name!r} in {folder}: present are {present}; install airo-ros2 again")
    return path


def profile_variable() -> str:
    """Return the name of the variable that the installed Fast DDS reads for its profile file.

    Fast DDS 3 still reads the one of Fast DDS 2, with a warning, and only where its own is not set.
    """
    return FASTDDS3_VARIABLE if _fastdds_major() >= 3 else FASTDDS2_VARIABLE


def apply_profile(name: str = "fastdds.xml") -> bool:
    """Make the Fast DDS participants of this process and its children share fixed-size messages.

    Sets environment variables that Fast DDS reads when the first participant is made, so call it before
    `rclpy.init()`. What the user has set is left alone; another profile of ours, as a parent process may have applied
    it, is replaced. Call it as often as you like.

    Args:
        name: of one of the profiles that come with this package.

    Returns:
        True if our profile is in force, False if the user's own settings are.

    Raises:
        ProfileError: there is no profile of that name.
    """
    path = profile_path(name)
    if _fastdds_major() >= 3:
        renamed = path.with_suffix(".fastdds3.xml")  # where it has other names for what the profile sets
        path = renamed if renamed.is_file() else path
    os.environ[SHARING_DOMAIN_VARIABLE] = str(sharing_domain())  # of no use to profiles that are not ours
    users = [v for v in (FASTDDS2_VARIABLE, FASTDDS3_VARIABLE) if v in os.environ and not _is_ours(os.environ[v])]
    if users or os.environ.get(QOS_FROM_XML_VARIABLE, "1") != "1":
        _logger.info("keeping the Fast DDS settings of the environment: %s", ", ".join(users) or QOS_FROM_XML_VARIABLE)
        return False
    os.environ[profile_variable()] = str(path)
    os.environ[QOS_FROM_XML_VARIABLE] = "1"
    return True


def _is_ours(path: str) -> bool:
    """Tell whether a file says the same as one of our profiles: a conda environment has copies, and names them."""
    try:
        content = Path(path).read_bytes()
    except OSError:
        return False
    return any(content == profile.read_bytes() for profile in profile_path().parent.glob("*.xml"))


def sharing_domain() -> int:
    """Return the number, of 16 bits, that all processes which see the same /dev/shm have, and hardly any others.

    It is made of the running system's boot id and the device number of /dev/shm, which containers with --ipc=host
    have in common.
    """
    try:
        boot = int(Path("/proc/sys/kernel/random/boot_id").read_text()[:4], 16)
        device = os.stat("/dev/shm").st_dev
    except (OSError, ValueError):
        return 0  # no Linux: nothing is shared, whatever it is
    return (boot + device) % 2**16


def _fastdds_major() -> int:
    """Return the major version of the Fast DDS that rmw_fastrtps will load, judged by its library's name."""
    folders = [
        Path(sys.prefix) / "lib",
        *(Path(p) / "lib" for p in os.environ.get("AMENT_PREFIX_PATH", "").split(":") if p),
    ]
    return 3 if any(any(folder.glob("libfastdds.so.3*")) for folder in folders) else 2

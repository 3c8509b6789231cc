"""Zero-copy camera frames and AprilTag poses, without knowing ROS 2."""

from __future__ import annotations

from rclpy_loans.exceptions import AiroRos2Error

__all__ = ["AiroRos2Error", "__version__"]

__version__ = "0.1.0"

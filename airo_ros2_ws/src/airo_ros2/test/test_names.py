"""Tests of airo_ros2.names."""

from __future__ import annotations

from airo_ros2.names import camera_of_topic, camera_topic


def test_topics_of_a_camera_lead_back_to_it() -> None:
    """The camera of <name>/frame is its name, also in a namespace; of other topics there is none."""
    assert camera_topic("/robot1/wrist", "frame") == "/robot1/wrist/frame"
    assert camera_of_topic("/robot1/wrist/frame") == "robot1/wrist"
    assert camera_of_topic("/front/tags") is None
    assert camera_of_topic("/frame") is None

"""The classes of airo_camera_toolkit.cameras.multiprocess under the same names: change the import, keep the script.

from airo_ros2.multiprocess import MultiprocessRGBPublisher, MultiprocessRGBReceiver
"""

from __future__ import annotations

from airo_ros2.multiprocess.publishers import (
    MultiprocessRGBDPublisher,
    MultiprocessRGBPublisher,
    MultiprocessStereoRGBDPublisher,
)
from airo_ros2.multiprocess.receivers import (
    MultiprocessRGBDReceiver,
    MultiprocessRGBReceiver,
    MultiprocessStereoRGBDReceiver,
)
from airo_ros2.multiprocess.video_recorder import MultiprocessVideoRecorder

__all__ = [
    "MultiprocessRGBDPublisher",
    "MultiprocessRGBDReceiver",
    "MultiprocessRGBPublisher",
    "MultiprocessRGBReceiver",
    "MultiprocessStereoRGBDPublisher",
    "MultiprocessStereoRGBDReceiver",
    "MultiprocessVideoRecorder",
]

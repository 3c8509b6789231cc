"""The processes that a set-up consists of."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airo_ros2.bringup.config import CameraConfig

__all__ = ["NodeProcess", "processes_of", "view_process"]


@dataclass(frozen=True)
class NodeProcess:
    """A node in a process of its own.

    Attributes:
        title: for people, for example "tag_pose of front".
        module: with a main(), run by `python -m`.
        namespace: of the node: the camera's name.
        parameters: of the node.
        is_source: the set-up is over when it ends by itself.
    """

    title: str
    module: str
    namespace: str
    parameters: Mapping[str, Any]
    is_source: bool = False

    @property
    def command(self) -> list[str]:
        """Command line."""
        # JSON is YAML, which is what ROS parses parameters as: "sim:" without quotes would be a mapping.
        given = [text for name, value in self.parameters.items() for text in ("-p", f"{name}:={json.dumps(value)}")]
        ros_arguments = ["--ros-args", "-r", f"__ns:=/{self.namespace}", "--log-level", "warn", *given]
        return [sys.executable, "-m", self.module, *ros_arguments]


def processes_of(camera: CameraConfig, *, lockstep: bool) -> list[NodeProcess]:
    """Return the processes of one camera.

    Args:
        camera: its description.
        lockstep: every frame is to be processed: the camera waits for acknowledgements.
    """
    names = ("source", "rate", "loop", "calibration", "frame_id", "depth", "cloud")
    parameters = {name: getattr(camera, name) for name in names} | {"lockstep": lockstep}
    processes = [NodeProcess(f"camera {camera.name}", "airo_camera.node", camera.name, parameters, is_source=True)]
    if camera.tags is not None:
        tags = {
            "tag_size": camera.tags.size,
            "families": list(camera.tags.families),
            "backend": camera.tags.backend,
            "decimate": camera.tags.decimate,
            "tags": camera.tags.table,
            "bundles": camera.tags.bundles,
            "workers": camera.tags.workers,
            # In lockstep the camera waits for the result of each frame: none may be left out.
            "max_rate": 0.0 if lockstep else camera.tags.max_rate,
            "every_nth": 1 if lockstep else camera.tags.every_nth,
            "newest": not lockstep,
            "tracking_period": camera.tags.tracking_period,
            "transforms": camera.tags.transforms,
        }
        processes.append(NodeProcess(f"tag_pose of {camera.name}", "tag_pose.node", camera.name, tags))
    return processes


def view_process(*, port: int) -> NodeProcess:
    """Return the process of the web view, which finds the cameras by itself.

    Args:
        port: to listen on, on this machine alone; another free one if it is taken by then.
    """
    return NodeProcess("view", "airo_view.web.node", "", {"port": port, "any_port": True})

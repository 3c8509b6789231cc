"""The processes that a set-up consists of: one description for `airo-ros2 bringup` and for `ros2 launch`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airo_ros2.bringup.config import CameraConfig, NodeSettings
from airo_ros2.bringup.node_kinds import CAMERA, CAMERA_KINDS, RECORD, NodeKind

__all__ = ["NodeProcess", "processes_of", "shared_process"]


@dataclass(frozen=True)
class NodeProcess:
    """A node in a process of its own.

    Attributes:
        title: for people, for example "tag_pose of front".
        kind: key of its NodeKind.
        package: ROS package.
        executable: as `ros2 run` and launch know it.
        module: with a main(), run by `python -m`.
        namespace: of the node: the camera's name.
        node_name: name of the node.
        parameters: of the node; they win over those of the files.
        parameter_files: ROS parameter files.
        is_source: the camera is over when it ends by itself.
        is_vital: a set-up without restarts ends when it fails.
        ending_secs: how long it may take to end in order, s.
        nice: of the process; higher numbers yield to lower ones.
        cpus: cores it may run on; empty for all.
    """

    title: str
    kind: str
    package: str
    executable: str
    module: str
    namespace: str
    node_name: str
    parameters: Mapping[str, Any]
    parameter_files: tuple[str, ...] = ()
    is_source: bool = False
    is_vital: bool = True
    ending_secs: float = 1.5
    nice: int = 0
    cpus: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Full name of the node, without the first slash: what diagnostics call it."""
        return f"{self.namespace}/{self.node_name}".lstrip("/")

    @property
    def ros_arguments(self) -> list[str]:
        """Arguments of the node's program."""
        # JSON is YAML, which is what ROS parses parameters as: "sim:" without quotes would be a mapping.
        given = [text for name, value in self.parameters.items() for text in ("-p", f"{name}:={json.dumps(value)}")]
        files = [text for path in self.parameter_files for text in ("--params-file", path)]
        # Its output is its log: rcl would leave one more file in ~/.ros/log with each start.
        logs = ["--log-level", "warn", "--disable-external-lib-logs"]
        # No node is renamed: a process may have nodes of its own beside the one that gives it its name.
        return ["--ros-args", "-r", f"__ns:=/{self.namespace}", *logs, *files, *given]

    @property
    def call(self) -> list[str]:
        """What bringup.child is told to become: priority, cores, module and arguments."""
        cpus = ",".join(map(str, self.cpus)) or "all"
        return [str(self.nice), cpus, self.module, *self.ros_arguments]

    def command(self, parent: int) -> list[str]:
        """Return the command line of the process.

        Args:
            parent: process id of the one that starts it; the process ends when that one does.
        """
        return [sys.executable, "-m", "airo_ros2.bringup.child", str(parent), *self.call]


def processes_of(camera: CameraConfig, *, lockstep: bool = False, reconnect: bool = False) -> list[NodeProcess]:
    """Return the processes of one camera, in the order in which they are started.

    Args:
        camera: its description.
        lockstep: every frame is to be processed: the camera waits for acknowledgements.
        reconnect: the camera waits for a source that gets lost, unless its description says otherwise.
    """
    given: dict[str, dict[str, Any]] = {
        CAMERA.key: {"source": camera.source, **({"reconnect": True} if reconnect else {})},
        RECORD.key: {"cameras": [camera.name]},
    }
    processes = []
    for kind in CAMERA_KINDS:
        if kind.key not in camera.nodes:
            continue
        settings = camera.nodes[kind.key]
        parameters = {**given.get(kind.key, {}), **settings.parameters}
        if kind is RECORD:  # recordings that begin at the same time have the same name
            parameters["directory"] = str(Path(parameters["directory"]) / camera.name)
        if lockstep:
            parameters |= {name: value for name, value in kind.in_lockstep.items() if kind.has_parameter(name)}
        title = f"camera {camera.name}" if kind is CAMERA else f"{kind.node_name} of {camera.name}"
        files = camera.parameter_files
        processes.append(_process(kind, settings, parameters, title=title, namespace=camera.name, files=files))
    return processes


def shared_process(kind: NodeKind, settings: NodeSettings) -> NodeProcess:
    """Return the process of a node that is for all cameras, which it finds by itself.

    Args:
        kind: one of SETUP_KINDS.
        settings: of the node.
    """
    parameters = {**kind.in_setups, **settings.parameters}
    return _process(kind, settings, parameters, title=kind.key.replace("_", " "), namespace="", files=())


def _process(
    kind: NodeKind,
    settings: NodeSettings,
    parameters: Mapping[str, Any],
    *,
    title: str,
    namespace: str,
    files: tuple[str, ...],
) -> NodeProcess:
    return NodeProcess(
        title=title,
        kind=kind.key,
        package=kind.package,
        executable=kind.executable,
        module=kind.module,
        namespace=namespace,
        node_name=kind.node_name,
        parameters=parameters,
        parameter_files=files,
        is_source=kind is CAMERA,
        is_vital=kind.is_vital,
        ending_secs=kind.ending_secs,
        nice=kind.nice if settings.nice is None else settings.nice,
        cpus=settings.cpus,
    )

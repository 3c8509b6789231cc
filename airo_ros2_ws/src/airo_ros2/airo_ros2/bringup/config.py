"""The description of a set-up: which cameras, what is done with their frames, and what happens when something fails."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from airo_camera.backoff import Backoff
from airo_ros2.bringup.node_kinds import CAMERA, COMPRESSED_RELAY, NODE_KINDS, RELAY, TAGS, VIEW, NodeKind

__all__ = ["CAMERA_NAME", "CameraConfig", "LogPolicy", "NodeSettings", "RestartPolicy", "SetupConfig"]

CAMERA_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")


@dataclass(frozen=True)
class RestartPolicy:
    """When a process that has failed is started again.

    Attributes:
        limit: failures within `within` after which it is given up; 0 for never.
        within: s.
        first_wait: s, before the second restart within `within`; each further one waits twice as long, the first not
            at all.
        longest_wait: s.
    """

    limit: int = 8
    within: float = 120.0
    first_wait: float = 0.2
    longest_wait: float = 10.0

    @property
    def backoff(self) -> Backoff:
        """The waits."""
        return Backoff(first=self.first_wait, longest=self.longest_wait)


@dataclass(frozen=True)
class LogPolicy:
    """Where the output of each process goes.

    Attributes:
        folder: of the files, one per process; empty for one below ROS_LOG_DIR or ~/.ros/log.
        max_bytes: of a file, before it is rotated.
        keep: rotated files.
    """

    folder: str = ""
    max_bytes: int = 1_000_000
    keep: int = 3


@dataclass(frozen=True)
class NodeSettings:
    """A node of a camera.

    Attributes:
        parameters: that the set-up gives, by their names in ROS; all others are left to the node and parameter files.
        nice: of the process; None for what is usual for its kind.
        cpus: cores it may run on; empty for all.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    nice: int | None = None
    cpus: tuple[int, ...] = ()

    def with_parameters(self, **parameters: Any) -> NodeSettings:
        """Return the same with other values of some parameters."""
        return replace(self, parameters={**self.parameters, **parameters})


@dataclass(frozen=True)
class CameraConfig:
    """One camera and what is done with its frames.

    Attributes:
        name: its namespace: topics are <name>/frame and so on.
        nodes: what runs for it, by the key of the NodeKind; the camera node is always there.
        parameter_files: ROS parameter files for all of its nodes; what `nodes` gives wins over them.
    """

    name: str = "camera"
    nodes: Mapping[str, NodeSettings] = field(
        default_factory=lambda: {CAMERA.key: NodeSettings(), TAGS.key: NodeSettings()}
    )
    parameter_files: tuple[str, ...] = ()

    def parameter(self, key: str, name: str) -> Any:
        """Return what the set-up gives for a parameter of a node, or the node's default."""
        given = self.nodes[key].parameters
        return given[name] if name in given else _KINDS[key].default(name)

    @property
    def source(self) -> str:
        """What it reads; see airo_camera.sources.spec."""
        return str(self.parameter(CAMERA.key, "source"))

    @property
    def depth(self) -> int:
        """Frames kept in shared memory for readers."""
        return int(self.parameter(CAMERA.key, "depth"))

    @property
    def has_tags(self) -> bool:
        """Whether tags are looked for."""
        return TAGS.key in self.nodes

    def with_parameters(self, key: str, **parameters: Any) -> CameraConfig:
        """Return the same with other values of some parameters of a node."""
        return replace(self, nodes={**self.nodes, key: self.nodes[key].with_parameters(**parameters)})


@dataclass(frozen=True)
class SetupConfig:
    """All cameras of a set-up.

    Attributes:
        name: its node is airo_ros2_<name>; only one set-up of a name runs at a time.
        cameras: at least one.
        restart: None for ending everything when a process fails.
        logs: of the processes; None for stderr alone.
        prometheus: port on 127.0.0.1 of the metrics; 0 for none.
        view: the web view of all cameras; None for none.
        relay: standard images, depth and clouds of all cameras, for rviz2; None for none.
        compressed_relay: JPEG images of all cameras, for other hosts; None for none.
    """

    name: str = "bringup"
    cameras: tuple[CameraConfig, ...] = (CameraConfig(),)
    restart: RestartPolicy | None = None
    logs: LogPolicy | None = None
    prometheus: int = 0
    view: NodeSettings | None = field(default_factory=lambda: NodeSettings() if VIEW.is_installed else None)
    relay: NodeSettings | None = field(default_factory=lambda: NodeSettings() if RELAY.is_installed else None)
    compressed_relay: NodeSettings | None = field(
        default_factory=lambda: NodeSettings() if COMPRESSED_RELAY.is_installed else None
    )

    def shared_node(self, kind: NodeKind) -> NodeSettings | None:
        """Return the settings of the one node of a kind that is for all cameras; None for none."""
        settings: NodeSettings | None = getattr(self, kind.key)
        return settings

    def camera(self, name: str) -> CameraConfig | None:
        """Return a camera by its name; None if there is none."""
        return next((camera for camera in self.cameras if camera.name == name), None)


_KINDS = {kind.key: kind for kind in NODE_KINDS}

"""The kinds of nodes that a set-up has, and what can be chosen about each."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, get_type_hints

__all__ = [
    "CAMERA",
    "CAMERA_KINDS",
    "COMPRESSED_RELAY",
    "NODE_KINDS",
    "RECORD",
    "RELAY",
    "SETUP_KINDS",
    "TAGS",
    "VIEW",
    "NodeKind",
]


@dataclass(frozen=True)
class NodeKind:
    """A kind of node; every camera has at most one of each, and the set-up at most one that is for all cameras.

    Attributes:
        key: in a set-up file.
        package: ROS package.
        executable: as `ros2 run` and launch know it.
        module: with a main(), run by `python -m`.
        node_name: name of the node, inside the camera's namespace.
        parameters: dataclass of the node's parameters, as module:class.
        aliases: shorter names of parameters in a set-up file.
        hidden: parameters that a set-up decides by itself.
        paths: parameters that name files; relative to the set-up file.
        in_setups: parameters that a set-up gives where its file says nothing.
        in_lockstep: parameters of a camera whose every frame is to be processed.
        is_vital: a set-up without restarts ends when it fails.
        ending_secs: how long it may take to end in order, s.
        nice: of the process, unless the file says otherwise; higher numbers yield to lower ones. Acquisition comes
            first: what only reads frames yields to what takes them.
    """

    key: str
    package: str
    executable: str
    module: str
    node_name: str
    parameters: str
    aliases: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()
    in_setups: Mapping[str, Any] = field(default_factory=dict)
    in_lockstep: Mapping[str, Any] = field(default_factory=dict)
    is_vital: bool = True
    ending_secs: float = 1.5
    nice: int = 0

    @property
    def is_installed(self) -> bool:
        """Whether its package is there."""
        return importlib.util.find_spec(self.package) is not None

    def parameter_fields(self) -> dict[str, tuple[Field[Any], Any]]:
        """Return (field, type) of each parameter that a set-up file may give, by its name in ROS."""
        module, _, name = self.parameters.partition(":")
        parameters = getattr(importlib.import_module(module), name)
        hints = get_type_hints(parameters)
        return {each.name: (each, hints[each.name]) for each in fields(parameters) if each.name not in self.hidden}

    def has_parameter(self, name: str) -> bool:
        """Return whether the node has a parameter, also one that a set-up decides by itself."""
        return name in self.hidden or name in self.parameter_fields()

    def default(self, name: str) -> Any:
        """Return the default of a parameter."""
        declared, _ = self.parameter_fields()[name]
        return declared.default_factory() if declared.default_factory is not MISSING else declared.default


CAMERA = NodeKind(
    key="camera",
    package="airo_camera",
    executable="camera_node",
    module="airo_camera.node",
    node_name="camera",
    parameters="airo_camera.parameters:CameraParameters",
    aliases={"fps": "rate"},
    hidden=frozenset({"lockstep", "frames"}),
    paths=frozenset({"calibration"}),
    in_lockstep={"lockstep": True},
)
TAGS = NodeKind(
    key="tags",
    package="tag_pose",
    executable="tag_pose_node",
    module="tag_pose.node",
    node_name="tag_pose",
    parameters="tag_pose.parameters:TagPoseParameters",
    aliases={"size": "tag_size", "table": "tags"},
    paths=frozenset({"tags", "bundles"}),
    in_lockstep={"max_rate": 0.0, "every_nth": 1, "newest": False},  # of those that the node has
    nice=3,
)
RECORD = NodeKind(
    key="record",
    package="airo_recorder",
    executable="recorder_node",
    module="airo_recorder.node",
    node_name="recorder",
    parameters="airo_recorder.parameters:RecorderParameters",
    hidden=frozenset({"cameras", "no_loss", "duration"}),
    paths=frozenset({"directory"}),
    ending_secs=20.0,  # files are closed in order
    nice=3,
)
VIEW = NodeKind(
    key="view",
    package="airo_view",
    executable="web_view_node",
    module="airo_view.web.node",
    node_name="web_view",
    parameters="airo_view.web.parameters:WebViewParameters",
    hidden=frozenset({"any_port"}),
    in_setups={"any_port": True},
    is_vital=False,
    nice=6,
)
RELAY = NodeKind(
    key="relay",
    package="airo_view",
    executable="relay_node",
    module="airo_view.relay.node",
    node_name="relay",
    parameters="airo_view.relay.parameters:RelayParameters",
    is_vital=False,
    nice=6,
)
COMPRESSED_RELAY = NodeKind(
    key="compressed_relay",
    package="airo_view",
    executable="compressed_relay_node",
    module="airo_view.relay.compressed_node",
    node_name="compressed_relay",
    parameters="airo_view.relay.parameters:CompressedRelayParameters",
    is_vital=False,
    nice=6,
)
# In the order in which they are started; they are ended the other way round.
CAMERA_KINDS = (CAMERA, TAGS, RECORD)
SETUP_KINDS = (VIEW, RELAY, COMPRESSED_RELAY)  # one of each for all cameras
NODE_KINDS = (*CAMERA_KINDS, *SETUP_KINDS)

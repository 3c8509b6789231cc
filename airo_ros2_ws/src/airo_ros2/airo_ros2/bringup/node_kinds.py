"""The kinds of nodes that a set-up has, and what can be chosen about each."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, get_type_hints

__all__ = ["CAMERA", "NODE_KINDS", "TAGS", "NodeKind"]


@dataclass(frozen=True)
class NodeKind:
    """A kind of node; every camera has at most one of each.

    Attributes:
        key: in a set-up file.
        package: ROS package.
        executable: as `ros2 run` and launch know it.
        module: with a main(), run by `python -m`.
        node_name: name of the node, inside the camera's namespace.
        parameters: dataclass of the node's parameters, as module:class.
        aliases: shorter names of parameters in a set-up file.
        hidden: parameters that a set-up decides by itself.
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
    nice: int = 0

    def parameter_fields(self) -> dict[str, tuple[Field[Any], Any]]:
        """Return (field, type) of each parameter that a set-up file may give, by its name in ROS."""
        module, _, name = self.parameters.partition(":")
        parameters = getattr(importlib.import_module(module), name)
        hints = get_type_hints(parameters)
        return {each.name: (each, hints[each.name]) for each in fields(parameters) if each.name not in self.hidden}

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
)
TAGS = NodeKind(
    key="tags",
    package="tag_pose",
    executable="tag_pose_node",
    module="tag_pose.node",
    node_name="tag_pose",
    parameters="tag_pose.parameters:TagPoseParameters",
    aliases={"size": "tag_size"},
    nice=5,
)
# In the order in which they are started; they are ended the other way round.
NODE_KINDS = (CAMERA, TAGS)

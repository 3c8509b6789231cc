"""The tag_pose node: `ros2 run tag_pose tag_pose_node` or `python -m tag_pose.node`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import SetBool

from airo_frames import FrameSubscription
from airo_frames.node_main import finish, run_node
from airo_frames.parameters import LiveParameters, declare_parameters
from tag_pose.diagnostics_output import DiagnosticsOutput
from tag_pose.outputs import TagOutputs
from tag_pose.parameters import TagPoseParameters
from tag_pose.pipeline import Pipeline
from tag_pose.stream_statistics import TagStatistics
from tag_pose.worker import TagWorkers

__all__ = ["TagPoseNode", "main"]


class TagPoseNode:
    """Finds the tags in the frames of one camera. The node's namespace is the camera's name.

    Raises:
        ParameterError: a parameter has a bad value.
        TagPoseError: the detector cannot be made, or the tags or bundles are not understood.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.finished = Future()
        parameters = declare_parameters(node, TagPoseParameters)
        self._pipeline = Pipeline.make(parameters)
        statistics = TagStatistics()
        self._outputs = TagOutputs(
            node,
            transforms=parameters.transforms,
            pipeline=self._pipeline,
            failed=partial(finish, self.finished),
        )
        self._workers = TagWorkers(
            FrameSubscription(node, "frame"),
            self._pipeline,
            statistics=statistics,
            publish=self._outputs.publish,
            finished=partial(finish, self.finished),
        )
        self._live = LiveParameters(node, parameters, prepare=self._prepare)
        node.create_service(SetBool, "~/enable", self._enable)
        self._diagnostics = DiagnosticsOutput(node, statistics, is_on=lambda: self._workers.is_on)
        self._workers.start()

    def close(self) -> None:
        """End detecting."""
        self._workers.close()
        self._outputs.close()

    def _prepare(self, parameters: TagPoseParameters) -> Callable[[], None]:
        pipeline = Pipeline.make(parameters, previous=self._pipeline)

        def take_effect() -> None:
            self._pipeline = pipeline
            self._outputs.follow(pipeline)
            self._workers.replace(pipeline)

        return take_effect

    def _enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._workers.switch(request.data)
        response.success = True
        response.message = f"detection is {'on' if request.data else 'off'}"
        return response


def main(args: list[str] | None = None) -> int:
    """Run the tag_pose node."""
    return run_node(TagPoseNode, name="tag_pose", args=args)


if __name__ == "__main__":
    sys.exit(main())

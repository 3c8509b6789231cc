"""The tag_pose node: `ros2 run tag_pose tag_pose_node` or `python -m tag_pose.node`."""

from __future__ import annotations

import sys
from functools import partial

from rclpy.node import Node
from rclpy.task import Future

from airo_frames import FrameSubscription
from airo_frames.node_main import finish, run_node
from airo_frames.parameters import declare_parameters
from tag_pose.detector_settings import DetectorSettings
from tag_pose.outputs import TagOutputs
from tag_pose.parameters import TagPoseParameters
from tag_pose.tagger import Tagger
from tag_pose.worker import TagWorker

__all__ = ["TagPoseNode", "main"]


class TagPoseNode:
    """Finds the tags in the frames of one camera. The node's namespace is the camera's name.

    Raises:
        ParameterError: a parameter has a bad value.
        TagPoseError: the detector cannot be made.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.finished = Future()
        parameters = declare_parameters(node, TagPoseParameters)
        settings = DetectorSettings(
            families=tuple(parameters.families),
            backend=parameters.backend,
            decimate=parameters.decimate,
            blur_sigma=parameters.blur_sigma,
            refine_edges=parameters.refine_edges,
            sharpening=parameters.sharpening,
            max_hamming=parameters.max_hamming,
            min_decision_margin=parameters.min_decision_margin,
        )
        self._worker = TagWorker(
            FrameSubscription(node, "frame"),
            Tagger(settings, tag_size=parameters.tag_size or None),
            publish=TagOutputs(node).publish,
            finished=partial(finish, self.finished),
        )
        self._worker.start()

    def close(self) -> None:
        """End detecting."""
        self._worker.close()


def main(args: list[str] | None = None) -> int:
    """Run the tag_pose node."""
    return run_node(TagPoseNode, name="tag_pose", args=args)


if __name__ == "__main__":
    sys.exit(main())

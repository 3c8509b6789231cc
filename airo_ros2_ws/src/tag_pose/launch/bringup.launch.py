"""Start a set-up, or one camera and its AprilTag detection.

ros2 launch tag_pose bringup.launch.py source:=/dev/video0
ros2 launch tag_pose bringup.launch.py config:=bringup.yaml

The processes are those of `airo-ros2 bringup`, from the same description. What launch cannot do is left to that:
noticing nodes that hang, giving failures up by their rate, changing cameras at run time.
"""

from pathlib import Path

import yaml
from launch.actions import DeclareLaunchArgument, OpaqueFunction, Shutdown
from launch.conditions import IfCondition
from launch.launch_context import LaunchContext
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from airo_ros2.bringup.config import RestartPolicy, SetupConfig
from airo_ros2.bringup.config_file import parse_camera, read_config
from airo_ros2.bringup.node_kinds import COMPRESSED_RELAY, RELAY, SETUP_KINDS
from airo_ros2.bringup.processes import NodeProcess, processes_of, shared_process
from launch import LaunchDescription

ARGUMENTS = {
    "config": ("", "set-up file of airo-ros2 bringup, instead of all arguments below but rviz"),
    "namespace": ("camera", "name of the camera; its topics are <namespace>/frame, <namespace>/tags, ..."),
    "source": ("sim:", "sim:, a file, folder or glob of images, a video file, a URL, a device index or /dev/videoN"),
    "rate": ("0.0", "images per second of a source of files; 0 for the rate it was recorded at"),
    "loop": ("false", "begin a source of files again at its end"),
    "calibration": ("", "YAML file in the camera_info format; empty for what the source knows"),
    "tag_size": ("0.1", "edge of the tags' black border, m"),
    "family": ("tag36h11", "tag family"),
    "tags": ("", "sizes and frames of single tags: a YAML file, or YAML in braces"),
    "bundles": ("", "YAML file of bundles: rigid bodies with several tags"),
    "rviz": ("false", "start rviz2, and the relay that gives it images"),
    "rviz_config": ("camera", "what rviz2 shows: camera, two_cameras or rgbd"),
}


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, the nodes of the set-up and, if wanted, rviz2."""
    rviz_file = PathJoinSubstitution(
        [FindPackageShare("tag_pose"), "launch", "rviz", LaunchConfiguration("rviz_config")]
    )
    rviz = Node(
        package="rviz2",
        executable="rviz2",
        arguments=["-d", [rviz_file, ".rviz"]],
        condition=IfCondition(LaunchConfiguration("rviz")),
        output="screen",
    )
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=nodes_of), rviz])


def nodes_of(context: LaunchContext) -> list[Node]:
    """Return the nodes of the set-up that the arguments describe.

    Raises:
        ConfigError: a value does not suit.
    """
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    setup = read_config(Path(given["config"]).expanduser()) if given["config"] else one_camera(given)
    processes = [
        process for camera in setup.cameras for process in processes_of(camera, reconnect=setup.restart is not None)
    ]
    for kind in SETUP_KINDS:  # for one camera: what other hosts need, and what rviz2 needs where it is started
        is_wanted = bool(given["config"]) or kind is COMPRESSED_RELAY or (kind is RELAY and given["rviz"] == "true")
        if is_wanted and (settings := setup.shared_node(kind)) is not None:
            processes.append(shared_process(kind, settings))
    return [node_of(process, setup.restart) for process in processes]


def one_camera(given: dict[str, str]) -> SetupConfig:
    """Return the set-up of the arguments that stand for one camera. When one of its nodes ends, all end."""
    settings = {key: yaml.safe_load(given[name]) for key, name in (("fps", "rate"), ("loop", "loop"))}
    settings |= {name: given[name] for name in ("source", "calibration") if given[name]}
    settings["tags"] = {"size": yaml.safe_load(given["tag_size"]), "families": [given["family"]]}
    settings["tags"] |= {key: given[name] for key, name in (("table", "tags"), ("bundles", "bundles")) if given[name]}
    return SetupConfig(cameras=(parse_camera(given["namespace"], yaml.safe_dump(settings)),))


def node_of(process: NodeProcess, restart: RestartPolicy | None) -> Node:
    """Return the action for a process: started again after it ended if there is a policy, or else the end of all.

    Of what only shows or relays frames, all others do not end.
    """
    priority = ["nice", "-n", str(process.nice)] if process.nice else []
    cores = ["taskset", "-c", ",".join(map(str, process.cpus))] if process.cpus else []
    again = {"on_exit": Shutdown(reason=f"{process.title} has ended")} if process.is_vital else {}
    if restart is not None:
        limit = restart.limit or -1
        again = {"respawn": True, "respawn_delay": restart.first_wait, "respawn_max_retries": limit}
    return Node(
        package=process.package,
        executable=process.executable,
        exec_name=process.name.replace("/", "."),
        arguments=process.ros_arguments,
        prefix=" ".join([*priority, *cores]) or None,
        output="screen",
        **again,
    )

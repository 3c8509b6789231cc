"""Start a camera and its AprilTag detection: `ros2 launch tag_pose bringup.launch.py source:=/dev/video0`."""

from launch.actions import DeclareLaunchArgument, Shutdown
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from launch import LaunchDescription

ARGUMENTS = {
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
    """Return the camera node, the tag_pose node and, if wanted, rviz2; when one ends, all end."""

    def value(name: str, kind: type) -> ParameterValue:
        return ParameterValue(LaunchConfiguration(name), value_type=kind)

    camera = Node(
        package="airo_camera",
        executable="camera_node",
        name="camera",
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            {
                "source": value("source", str),
                "rate": value("rate", float),
                "loop": value("loop", bool),
                "calibration": value("calibration", str),
            }
        ],
        output="screen",
        on_exit=Shutdown(reason="the camera has ended"),
    )
    tag_pose = Node(
        package="tag_pose",
        executable="tag_pose_node",
        name="tag_pose",
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            {
                "tag_size": value("tag_size", float),
                "tags": value("tags", str),
                "bundles": value("bundles", str),
                "families": ParameterValue(["['", LaunchConfiguration("family"), "']"], value_type=list[str]),
            }
        ],
        output="screen",
        on_exit=Shutdown(reason="tag_pose has ended"),
    )
    rviz_file = [LaunchConfiguration("rviz_config"), ".rviz"]
    rviz = Node(
        package="rviz2",
        executable="rviz2",
        arguments=["-d", PathJoinSubstitution([FindPackageShare("tag_pose"), "launch", "rviz", rviz_file])],
        condition=IfCondition(LaunchConfiguration("rviz")),
        output="screen",
    )
    # Images, depth and clouds as rviz2 knows them; and for other hosts. Both are idle while nobody subscribes.
    relay = Node(
        package="airo_view",
        executable="relay_node",
        condition=IfCondition(LaunchConfiguration("rviz")),
        output="screen",
    )
    compressed_relay = Node(package="airo_view", executable="compressed_relay_node", output="screen")
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*arguments, camera, tag_pose, rviz, relay, compressed_relay])

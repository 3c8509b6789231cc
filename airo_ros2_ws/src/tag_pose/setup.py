from pathlib import Path

from setuptools import find_packages, setup

package_name = "tag_pose"
launch_files = sorted(path for path in Path("launch").rglob("*") if path.is_file() and "__pycache__" not in path.parts)

setup(
    name=package_name,
    version="0.1.0",
    description="AprilTag node: zero-copy frames in, tag poses out.",
    maintainer="airo-ros2 developers",
    maintainer_email="developers@airo-ros2.invalid",
    license="Apache-2.0",
    packages=find_packages(include=[package_name, f"{package_name}.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
        *((f"share/{package_name}/{path.parent}", [str(path)]) for path in launch_files),
    ],
    entry_points={"console_scripts": ["tag_pose_node = tag_pose.node:main"]},
)

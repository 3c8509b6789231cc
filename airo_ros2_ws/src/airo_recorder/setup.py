from setuptools import find_packages, setup

package_name = "airo_recorder"

setup(
    name=package_name,
    version="0.1.0",
    description="Recorder node: camera frames and tags as video or MCAP files that say what is missing.",
    maintainer="airo-ros2 developers",
    maintainer_email="developers@airo-ros2.invalid",
    license="Apache-2.0",
    packages=find_packages(include=[package_name, f"{package_name}.*"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
    ],
    entry_points={"console_scripts": ["recorder_node = airo_recorder.node:main"]},
)

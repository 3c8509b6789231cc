from setuptools import find_packages, setup

package_name = "rclpy_loans"

setup(
    name=package_name,
    version="0.1.0",
    description="Zero-copy loaned messages for rclpy, for any fixed-size message, safe by construction.",
    maintainer="airo-ros2 developers",
    maintainer_email="developers@airo-ros2.invalid",
    license="Apache-2.0",
    packages=find_packages(include=[package_name, f"{package_name}.*"]),
    package_data={package_name: ["profiles/*.xml"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
    ],
)

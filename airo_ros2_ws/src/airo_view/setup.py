from setuptools import find_packages, setup

package_name = "airo_view"

setup(
    name=package_name,
    version="0.1.0",
    description="Cameras and tags in the browser, and as standard topics for rviz2 and other hosts.",
    maintainer="airo-ros2 developers",
    maintainer_email="developers@airo-ros2.invalid",
    license="Apache-2.0",
    packages=find_packages(include=[package_name, f"{package_name}.*"]),
    package_data={f"{package_name}.web": ["assets/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
    ],
    entry_points={
        "console_scripts": [
            "web_view_node = airo_view.web.node:main",
            "relay_node = airo_view.relay.node:main",
            "compressed_relay_node = airo_view.relay.compressed_node:main",
        ]
    },
)

"""A conda channel in a folder: our recipes, really built, beside packages that stand for those of RoboStack.

A package of RoboStack that is asked for is an empty one of that name, but for two, which together make a prefix with
this environment's own Python and ROS 2:

    python                      a virtual environment: links to the interpreter, reads this environment's site-packages
    ros-<distro>-ros-workspace  links to ROS 2's libraries and files, and the activation script that names them
"""

from __future__ import annotations

import importlib.metadata
import site
import sys
from pathlib import Path
from typing import Any

import yaml
from rattler_build import RenderedVariant, Stage0Recipe, ToolConfiguration, VariantConfig

__all__ = ["CONDA", "DISTROS", "Channel", "installed_distro", "rendered"]

CONDA = Path(__file__).resolve().parent.parent.parent / "conda"
DISTROS = ("jazzy", "kilted", "lyrical")
VERSION = ".".join(map(str, sys.version_info[:3]))


def installed_distro() -> str:
    """Return the ROS 2 distribution of this environment."""
    names = {distribution.metadata["Name"] for distribution in importlib.metadata.distributions()}
    return next(distro for distro in DISTROS if f"ros-{distro}-rclpy" in names)


def variant(distro: str) -> VariantConfig:
    """Return the variants of a distribution, as its builds are told them."""
    return VariantConfig.from_files([CONDA / "variants/common.yaml", CONDA / f"variants/{distro}.yaml"])


def rendered(recipe: Path, distro: str) -> RenderedVariant:
    """Return a recipe with everything filled in for a distribution; there is only one variant of each."""
    (only,) = Stage0Recipe.from_file(recipe).render(variant(distro))
    return only


class Channel:
    """The folder and what is in it."""

    def __init__(self, folder: Path, distro: str) -> None:
        self.folder = folder
        self.url = folder.as_uri()
        self.distro = distro
        self.made: set[tuple[str, str]] = set()  # (name, build that was asked for)

    def build(self, recipe: Path) -> Path:
        """Build one of our recipes, run the tests that it brings, and return the package."""
        requirements = rendered(recipe, self.distro).recipe.requirements
        for need in [*requirements.host, *requirements.run]:
            self.stand_in(need)  # unless it is one of ours that has been built
        tools = ToolConfiguration(test_strategy="native")
        return self._build(Stage0Recipe.from_file(recipe), variant(self.distro), tools)

    def stand_in(self, requirement: str) -> None:
        """Put a package into the channel that meets a requirement on one of RoboStack."""
        name, version, build = (requirement.split() + ["*", "*"])[:3]
        if (name, build) in self.made:
            return
        number = "1.0.0" if version[0] in "*<>" else version.removeprefix("==").replace("*", "0")
        self.made.add((name, build))
        recipe: dict[str, Any] = {
            "package": {"name": name, "version": number},
            "build": {"noarch": "generic", "script": []},
        }
        if build != "*":
            recipe["build"]["string"] = build.replace("*", "1")
        if name == "python":
            recipe["package"]["version"] = VERSION
            recipe["build"] = {"script": python_links()}
        elif name == f"ros-{self.distro}-ros-workspace":
            recipe["build"] = {"script": ros_links()}
        self._build(Stage0Recipe.from_yaml(yaml.safe_dump(recipe)), VariantConfig(), ToolConfiguration())

    def _build(self, recipe: Stage0Recipe, variants: VariantConfig, tools: ToolConfiguration) -> Path:
        (built,) = recipe.run_build(variants, tools, output_dir=self.folder, channels=[self.url])
        self.made.add((built.name, "*"))
        (package,) = built.packages
        return package


def python_links() -> list[str]:
    """Return the commands that make the prefix a virtual environment of this interpreter."""
    minor = "python{}.{}".format(*sys.version_info)
    packages = f"$PREFIX/lib/{minor}/site-packages"
    return [
        f"mkdir -p $PREFIX/bin {packages}",
        f"ln -s {Path(sys._base_executable).resolve()} $PREFIX/bin/{minor}",
        f"ln -s {minor} $PREFIX/bin/python3 && ln -s {minor} $PREFIX/bin/python",
        f"echo 'home = {Path(sys._base_executable).resolve().parent}' > $PREFIX/pyvenv.cfg",
        # Only a path: the .pth files in it, which would link our packages from the checkout, are not read.
        f"echo '{site.getsitepackages()[0]}' > {packages}/of_this_environment.pth",
    ]


def ros_links() -> list[str]:
    """Return the commands that link ROS 2 into the prefix and activate it; nothing of ours but the messages."""
    ours = [path.parent.name for path in CONDA.glob("*/recipe.yaml") if path.parent.name != "airo_camera_msgs"]
    packages = Path(site.getsitepackages()[0])
    # The wheels keep libraries in folders of their own; conda's packages need no LD_LIBRARY_PATH.
    folders = ":".join(["$CONDA_PREFIX/lib", *map(str, packages.glob("ros_*.libs"))])
    activate = f'export AMENT_PREFIX_PATH="$CONDA_PREFIX"\nexport LD_LIBRARY_PATH="{folders}"'
    without = " ".join(f"$PREFIX/share/ament_index/resource_index/packages/{name}" for name in ours)
    return [
        "mkdir -p $PREFIX/lib $PREFIX/etc/conda/activate.d",
        f"ln -s {sys.prefix}/lib/*.so* $PREFIX/lib/",
        f"mkdir $PREFIX/share && cp -rs {sys.prefix}/share/ament_index $PREFIX/share/",
        f"rm -f {without}",
        f"cat > $PREFIX/etc/conda/activate.d/ros-workspace_activate.sh <<'END'\n{activate}\nEND",
    ]

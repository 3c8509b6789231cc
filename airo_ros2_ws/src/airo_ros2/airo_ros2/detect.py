"""`airo-ros2 detect`: tags in image files, without ROS."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from airo_frames.exceptions import ImageFileError
from airo_frames.image_file import find_images
from airo_frames.intrinsics import Intrinsics
from airo_ros2.tag_text import bundle_text, tag_text
from tag_pose.bundle import read_bundles
from tag_pose.detect import detect_image_file
from tag_pose.detector_settings import DetectorSettings
from tag_pose.tagger import Tagger

__all__ = ["image_files", "run_detect"]


def run_detect(arguments: argparse.Namespace, *, write: Callable[[str], None]) -> int:
    """Print the tags of each image and return the exit status: 1 if an image could not be read.

    Args:
        arguments: of the command line.
        write: prints a line.

    Raises:
        TagPoseError: a setting does not suit.
        ImageFileError: a folder has no images.
        BundleError: the bundle file cannot be used.
    """
    settings = DetectorSettings(families=(arguments.family,), decimate=arguments.decimate, backend=arguments.backend)
    intrinsics = Intrinsics.pinhole(*arguments.intrinsics) if arguments.intrinsics else None
    status = 0
    bundles = read_bundles(arguments.bundles) if arguments.bundles else []
    with Tagger(settings, tag_size=arguments.tag_size, bundles=bundles) as tagger:
        for path in image_files(arguments.images):
            try:
                found = detect_image_file(path, tagger=tagger, intrinsics=intrinsics)
            except ImageFileError as error:
                sys.stderr.write(f"airo-ros2: {error}\n")
                status = 1
                continue
            if arguments.json:
                write(json.dumps(found.as_dict(), allow_nan=False))
            else:
                texts = [*map(tag_text, found.tags), *map(bundle_text, found.bundles or ())]
                write("  ".join([f"{path}: {len(found.tags)} tags", *texts]))
    return status


def image_files(paths: Iterable[Path]) -> Iterable[Path]:
    """Yield files, and for folders the images in them.

    Raises:
        ImageFileError: a folder has no images.
    """
    for path in paths:
        yield from find_images(path) if path.is_dir() else [path]

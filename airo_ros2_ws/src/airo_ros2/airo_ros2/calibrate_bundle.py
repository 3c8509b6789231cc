"""`airo-ros2 calibrate-bundle`: where the tags of a rigid body are, from image files, without ROS."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from airo_camera.calibration import read_calibration
from airo_frames.image_file import read_image
from airo_frames.intrinsics import Intrinsics
from airo_frames.rotation import quaternion_xyzw
from airo_ros2.detect import image_files
from tag_pose.bundle import write_bundles
from tag_pose.bundle_calibration import BundleCalibration, calibrate_bundle
from tag_pose.detector_settings import DetectorSettings
from tag_pose.exceptions import BundleCalibrationError
from tag_pose.gray import to_gray
from tag_pose.observation import DetectedTag
from tag_pose.tag_name import TagName, tag_name
from tag_pose.tagger import Tagger

__all__ = ["run_calibrate_bundle"]

WORSE_THAN_USUAL_PX = 0.5


def run_calibrate_bundle(arguments: argparse.Namespace, *, write: Callable[[str], None]) -> int:
    """Measure the layout, write the bundle file, print what was measured and return the exit status 0.

    Args:
        arguments: of the command line.
        write: prints a line.

    Raises:
        BundleCalibrationError: the images do not tell the layout; says what is missing.
        CalibrationError: the calibration file cannot be used, or was made for another size.
        ImageFileError: an image cannot be read.
        TagPoseError: a setting does not suit.
    """
    if arguments.tag_size is None and not arguments.tag_sizes:
        raise BundleCalibrationError("no tag has a size: give --tag-size for all tags, --tag-sizes for single ones")
    settings = DetectorSettings(families=(arguments.family,), backend=arguments.backend)
    origin = None if arguments.origin is None else tag_name(arguments.origin)
    files = list(image_files(arguments.images))
    with Tagger(settings, tag_size=arguments.tag_size, tag_sizes=arguments.tag_sizes) as tagger:
        views = list(_views(files, tagger, arguments))
    result = calibrate_bundle(
        [tags for tags, _ in views],
        intrinsics=views[0][1],  # they all have the same
        name=arguments.name,
        frame=arguments.frame,
        origin=origin,
        backend=arguments.backend,
        are_crossings=settings.are_crossings,
    )
    write_bundles(arguments.output, [result.layout], comment=_summary(result, len(files)))
    if arguments.json:
        write(json.dumps(_as_dict(result, files, arguments.output), allow_nan=False))
    else:
        for line in _lines(result, files):
            write(line)
        write(f"wrote {arguments.output}")
    return 0


def _views(
    files: list[Path], tagger: Tagger, arguments: argparse.Namespace
) -> Iterator[tuple[list[DetectedTag], Intrinsics]]:
    calibration = None if arguments.calibration is None else read_calibration(arguments.calibration)
    for file in files:
        gray = to_gray(*read_image(file))
        if calibration is None:
            intrinsics = Intrinsics.pinhole(*arguments.intrinsics)
        else:
            intrinsics = calibration.for_size((gray.shape[1], gray.shape[0]))
        tagger.locator.forget_poses()
        yield tagger.process(gray, intrinsics=intrinsics), intrinsics


def _summary(result: BundleCalibration, images: int) -> str:
    return (
        f"measured by airo-ros2 calibrate-bundle from {result.images} of {images} images, "
        f"reprojection error {result.reprojection_rms_px:.3f} px RMS"
    )


def _lines(result: BundleCalibration, files: list[Path]) -> Iterator[str]:
    yield f"{result.layout.name}: {len(result.layout.tags)} tags, {_summary(result, len(files))}"
    for tag in result.layout.tags:
        x, y, z = tag.bundle_from_tag[:3, 3]
        sigma = 1e3 * result.position_sigmas[tag.name]
        views = result.views[tag.name]
        yield f"  {_text(tag.name)}  ({x:+.4f}, {y:+.4f}, {z:+.4f}) m  +- {sigma:.2f} mm  in {views} images"
    for number, name in result.outlying:
        yield f"  left out: {_text(name)} in {files[number]} does not fit"
    if result.reprojection_rms_px > WORSE_THAN_USUAL_PX:
        yield (
            f"  the corners fit worse than {WORSE_THAN_USUAL_PX} px: check the intrinsics and their distortion, "
            "the tag size, and that the body is rigid"
        )


def _as_dict(result: BundleCalibration, files: list[Path], output: Path) -> dict[str, object]:
    return {
        "output": str(output),
        "bundle": result.layout.name,
        "frame": result.layout.frame,
        "origin": _text(result.origin),
        "images": len(files),
        "images_used": result.images,
        "reprojection_rms_px": result.reprojection_rms_px,
        "tags": [
            {
                "family": tag.family,
                "id": tag.tag_id,
                "size": tag.size,
                "position": tag.bundle_from_tag[:3, 3].tolist(),
                "quaternion_xyzw": quaternion_xyzw(tag.bundle_from_tag[:3, :3]).tolist(),
                "position_sigma": result.position_sigmas[tag.name],
                "images": result.views[tag.name],
            }
            for tag in result.layout.tags
        ],
        "left_out": [{"image": str(files[number]), "tag": _text(name)} for number, name in result.outlying],
    }


def _text(name: TagName) -> str:
    return f"{name[0]}:{name[1]}"

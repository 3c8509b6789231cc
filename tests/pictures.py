"""Images that the documents work on: of tags, of a body with tags, and of a chessboard."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from airo_camera.sources.rendering import Renderer
from airo_camera.sources.scene import tag_corners
from airo_camera.sources.simulated import SimulatedSource
from airo_camera.sources.simulated_options import SimulatedOptions
from airo_camera.sources.source import TagTruth
from airo_frames.intrinsics import Intrinsics

__all__ = ["WRITERS"]

BODY_TAG_SIZE = 0.05  # m
BODY_CAMERA = Intrinsics.pinhole(700.0, 700.0, 319.5, 239.5)


def write_photos(folder: Path) -> None:
    """Write images of 1280x720 of four moving tags of 0.1 m, by a lens of f = 960 px."""
    options = SimulatedOptions(fps=1.0, tilt=30, pace="fast")  # one second apart
    image = np.empty((options.height, options.width, 3), np.uint8)
    with SimulatedSource(options) as source:
        for number in range(4):
            source.grab()
            source.retrieve(image)
            cv2.imwrite(str(folder / f"{number}.png"), image[..., ::-1])


def write_body(folder: Path) -> None:
    """Write images of 640x480 of a board with four tags of 50 mm, from all sides."""
    for number in range(6):
        pose = np.eye(4)
        turn = np.array([np.cos(number), np.sin(number), 0.0]) * np.radians(30)
        pose[:3, :3] = cv2.Rodrigues(turn)[0] @ np.diag([1.0, -1.0, -1.0])
        pose[:3, 3] = -0.05, 0.05, 0.65
        tags = []
        for tag_id, (right, up) in enumerate(itertools.product((0.0, 0.1), (0.0, 0.1))):
            bundle_from_tag = np.eye(4)
            bundle_from_tag[:2, 3] = right, up
            corners = tag_corners(pose @ bundle_from_tag, edge=BODY_TAG_SIZE, intrinsics=BODY_CAMERA)
            tags.append(TagTruth(tag_id, "tag36h11", BODY_TAG_SIZE, pose @ bundle_from_tag, corners))
        image = np.empty((480, 640), np.uint8)
        options = SimulatedOptions(width=640, height=480, encoding="mono8", seed=number)
        Renderer(options, intrinsics=BODY_CAMERA).draw(tuple(tags), index=0, out=image)
        cv2.imwrite(str(folder / f"{number}.png"), image)


def write_board(folder: Path) -> None:
    """Write images of 1280x720 of a chessboard with 9 x 6 inner corners, 30 mm apart, by a lens of f = 600 px."""
    cell, margin = 40, 80  # px of the flat picture
    flat = np.full((7 * cell + 2 * margin, 10 * cell + 2 * margin), 255, np.uint8)
    for row, column in itertools.product(range(7), range(10)):
        if (row + column) % 2 == 0:
            flat[margin + row * cell :, margin + column * cell :][:cell, :cell] = 20
    matrix = np.array([[600.0, 0.0, 639.5], [0.0, 600.0, 359.5], [0.0, 0.0, 1.0]])
    board_from_flat = np.diag([0.03 / cell, 0.03 / cell, 1.0])
    board_from_flat[:2, 2] = (-0.5 * flat.shape[1] * 0.03 / cell, -0.5 * flat.shape[0] * 0.03 / cell)
    for number in range(6):
        turn, _ = cv2.Rodrigues(np.array([0.5 * np.sin(number), 0.5 * np.cos(number), 0.4 * number - 1.0]))
        place = np.array([0.06 * np.cos(2.0 * number), 0.04 * np.sin(3.0 * number), 0.5 + 0.04 * number])
        pixels_from_flat = matrix @ np.column_stack([turn[:, :2], place]) @ board_from_flat
        image = cv2.warpPerspective(flat, pixels_from_flat, (1280, 720), flags=cv2.INTER_AREA, borderValue=128)
        cv2.imwrite(str(folder / f"{number}.png"), cv2.GaussianBlur(image, (3, 3), 0))


WRITERS: dict[str, Callable[[Path], None]] = {"photos": write_photos, "board": write_board, "body": write_body}

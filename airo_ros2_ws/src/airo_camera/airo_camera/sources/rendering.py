"""Drawing the simulated camera's images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_camera.sources.scene import tag_corners
from airo_camera.sources.second_view import wall_seen_from_right
from airo_camera.sources.simulated_options import SimulatedOptions
from airo_camera.sources.source import TagTruth
from airo_camera.sources.tag_family import QUIET_CELLS, TAG_FAMILIES, TagFamily
from airo_frames.intrinsics import Intrinsics
from airo_frames.rays import rays_through

__all__ = ["Renderer", "TagPatch", "render_tag"]

# Samples per pixel in each direction; the blur is applied when they are halved.
_SUPERSAMPLING = 6
# The map from pixels to cells is exact at every second pixel and linear between: an error below 0.002 px.
_GRID = 2
# Pixels around the paper that belong to a patch: room for the blur is added.
_MARGIN = 3
# The first map of cv2.remap holds both coordinates.
_NO_MAP = np.empty((0, 0), dtype=np.float32)

_BLACK, _WHITE = 45, 205
# Noise is the same tile at another offset in each image.
_NOISE_SHIFT = 64


@dataclass(frozen=True, eq=False)
class TagPatch:
    """The part of an image that shows one tag.

    Attributes:
        x: px, column of the patch's first pixel; may lie outside the image.
        y: px, row of the patch's first pixel; may lie outside the image.
        grey: (height, width) uint8, the paper in even light; white outside of it.
        cover: (height, width) float32, 0 to 1, how much of each pixel is paper.
    """

    x: int
    y: int
    grey: NDArray[np.uint8]
    cover: NDArray[np.float32]


def render_tag(tag: TagTruth, *, bitmap: NDArray[np.uint8], blur: float, intrinsics: Intrinsics) -> TagPatch:
    """Return the image of a tag on white paper, exact to a few hundredths of a pixel.

    Every sub-pixel looks up the cell that its ray hits; then come the lens blur and the average over each pixel.

    Args:
        tag: which tag and where.
        bitmap: (cells, cells) uint8 of the tag, its top row first.
        blur: px, standard deviation of the lens blur.
        intrinsics: of the camera.
    """
    cells = len(bitmap)
    x, y, width, height = _bounds(tag, cells=cells, blur=blur, intrinsics=intrinsics)
    positions = _cell_positions(tag, cells=cells, bounds=(x, y, width, height), intrinsics=intrinsics)
    edge_distance = (cells / 2 + QUIET_CELLS - np.abs(positions).max(axis=2)) * _pixels_per_cell(tag, cells)
    cover = cv2.resize(edge_distance, (width, height), interpolation=cv2.INTER_LINEAR)
    # One texel per cell and one of white around them; texel centres are whole numbers.
    texture = np.pad(np.where(bitmap > 127, _WHITE, _BLACK).astype(np.uint8), 1, constant_values=_WHITE)
    texels = positions + np.float32(cells / 2 + 1 - 0.5)
    return TagPatch(x, y, _sample(texture, texels, size_wh=(width, height), blur=blur), np.clip(cover + 0.5, 0, 1))


def _bounds(tag: TagTruth, *, cells: int, blur: float, intrinsics: Intrinsics) -> tuple[int, int, int, int]:
    """Return x, y, width and height of the pixels around the paper, px."""
    paper = tag.size * (cells + 2 * QUIET_CELLS) / cells
    corners = tag_corners(tag.camera_from_tag, edge=paper, intrinsics=intrinsics)
    margin = _MARGIN + math.ceil(3 * blur)
    x, y = (int(value) for value in np.floor(corners.min(axis=0)) - margin)
    right, bottom = (int(value) for value in np.ceil(corners.max(axis=0)) + margin)
    return x, y, _GRID * math.ceil((right - x + 1) / _GRID), _GRID * math.ceil((bottom - y + 1) / _GRID)


def _cell_positions(
    tag: TagTruth, *, cells: int, bounds: tuple[int, int, int, int], intrinsics: Intrinsics
) -> NDArray[np.float32]:
    """Return where the ray of every second pixel hits the tag, cells right of and below its centre.

    Returns:
        (height / 2, width / 2, 2) float32.
    """
    x, y, width, height = bounds
    across = x - 0.5 + _GRID * (np.arange(width // _GRID) + 0.5)
    down = y - 0.5 + _GRID * (np.arange(height // _GRID) + 0.5)
    pixels = np.stack(np.meshgrid(across, down), axis=-1)
    rays = rays_through(pixels, intrinsics=intrinsics)
    camera_from_plane = tag.camera_from_tag[:3, [0, 1, 3]]
    plane_from_camera = np.linalg.inv(camera_from_plane)
    hits = rays @ plane_from_camera[:, :2].T + plane_from_camera[:, 2]
    cells_per_metre = cells / tag.size
    positions = hits[..., :2] / hits[..., 2:] * np.array([cells_per_metre, -cells_per_metre])
    return np.asarray(positions, dtype=np.float32)


def _pixels_per_cell(tag: TagTruth, cells: int) -> float:
    sides = np.linalg.norm(np.roll(tag.corners, -1, axis=0) - tag.corners, axis=1)
    return float(sides.mean()) / cells


def _sample(
    texture: NDArray[np.uint8], texels: NDArray[np.float32], *, size_wh: tuple[int, int], blur: float
) -> NDArray[np.uint8]:
    """Return what each pixel sees of a texture, given the texel that each node of the grid sees."""
    width, height = size_wh
    fine_wh = (width * _SUPERSAMPLING, height * _SUPERSAMPLING)
    half_wh = (fine_wh[0] // 2, fine_wh[1] // 2)
    fine_texels = cv2.resize(texels, fine_wh, interpolation=cv2.INTER_LINEAR)
    fine = cv2.remap(texture, fine_texels, _NO_MAP, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    half = cv2.resize(fine, half_wh, interpolation=cv2.INTER_AREA)
    if blur > 0:
        half = cv2.GaussianBlur(half, (0, 0), blur * _SUPERSAMPLING / 2)
    return np.asarray(cv2.resize(half, size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)


class Renderer:
    """Draws tags on a background, with noise.

    Args:
        options: of the simulated camera.
        intrinsics: of the simulated camera.
        wall: m, depth of the background; needed with a baseline.
        baseline: m, how far right of the camera the view is from.
    """

    def __init__(
        self, options: SimulatedOptions, *, intrinsics: Intrinsics, wall: float = 0.0, baseline: float = 0.0
    ) -> None:
        self._options = options
        self._intrinsics = intrinsics
        self._family: TagFamily = TAG_FAMILIES[options.family]
        self._bitmaps: dict[int, NDArray[np.uint8]] = {}
        rng = np.random.default_rng(options.seed)
        # Noise is stored above zero and the images below by as much, so that one saturating sum of bytes adds it.
        self._lowered = math.ceil(3.5 * options.noise)
        self._light_x, self._light_y = _light(options.size_wh)
        light = self._light_y[:, None] + self._light_x
        background = _background(options, light=light, rng=rng)
        if baseline:
            background = wall_seen_from_right(background, wall=wall, baseline=baseline, intrinsics=intrinsics)
            rng = np.random.default_rng([options.seed, 1])  # the noise of two lenses is not the same
        self._background = background - np.uint8(self._lowered)
        self._noise = _noise_tile(options, lowered=self._lowered, rng=rng)
        # The image without noise; outside of the places drawn last it equals the background.
        self._canvas = self._background.copy()
        self._drawn: list[tuple[slice, slice]] = []
        self._drawn_tags: tuple[TagTruth, ...] = ()

    def draw(self, tags: tuple[TagTruth, ...], *, index: int, out: NDArray[Any]) -> None:
        """Draw an image; every pixel of `out` is written once and none is read.

        Args:
            tags: what is seen.
            index: of the image; it chooses the noise.
            out: contiguous uint8, (height, width, 3), or (height, width) for mono8.
        """
        if tags is not self._drawn_tags:
            self._draw_tags(tags)
        if self._noise is None:
            np.copyto(out, self._canvas)
            return
        width, height = self._options.size_wh
        left, top = index * 37 % _NOISE_SHIFT, index * 23 % _NOISE_SHIFT
        cv2.add(self._canvas, self._noise[top : top + height, left : left + width], dst=out)

    def _draw_tags(self, tags: tuple[TagTruth, ...]) -> None:
        for place in self._drawn:
            self._canvas[place] = self._background[place]
        self._drawn.clear()
        self._drawn_tags = ()
        for tag in sorted(tags, key=lambda tag: float(tag.camera_from_tag[2, 3]), reverse=True):
            self._draw_tag(tag)  # the nearest last: it may hide others in a view from the side
        self._drawn_tags = tags

    def _draw_tag(self, tag: TagTruth) -> None:
        bitmap = self._bitmaps.get(tag.tag_id)
        if bitmap is None:
            bitmap = self._bitmaps[tag.tag_id] = self._family.bitmap(tag.tag_id)
        patch = render_tag(tag, bitmap=bitmap, blur=self._options.blur, intrinsics=self._intrinsics)
        height, width = patch.grey.shape
        rows = slice(max(patch.y, 0), min(patch.y + height, self._options.height))
        columns = slice(max(patch.x, 0), min(patch.x + width, self._options.width))
        if rows.stop <= rows.start or columns.stop <= columns.start:
            return
        inside = (
            slice(rows.start - patch.y, rows.stop - patch.y),
            slice(columns.start - patch.x, columns.stop - patch.x),
        )
        light = self._light_y[rows, None] + self._light_x[columns]
        paper = patch.grey[inside] * light - self._lowered
        cover = patch.cover[inside]
        if self._canvas.ndim == 3:
            paper, cover = paper[:, :, None], cover[:, :, None]
        place = (rows, columns)
        behind = self._canvas[place]
        self._drawn.append(place)
        self._canvas[place] = np.clip(behind + (paper - behind) * cover + np.float32(0.5), 0, 255)


def _light(size_wh: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return two vectors; the light at (x, y) is x[x] + y[y], brighter in the upper left."""
    width, height = size_wh
    return (
        np.linspace(0.56, 0.44, width, dtype=np.float32),
        np.linspace(0.52, 0.45, height, dtype=np.float32),
    )


def _background(
    options: SimulatedOptions, *, light: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return a soft coloured wall, nowhere darker than black paper, in the channel order of the options' encoding."""
    coarse = rng.uniform(85, 145, size=(7, 11, 3)).astype(np.float32) * np.array([1.0, 0.92, 0.8], dtype=np.float32)
    wall = cv2.resize(coarse, options.size_wh, interpolation=cv2.INTER_CUBIC) * light[:, :, None]
    rgb = np.clip(wall, _BLACK, _WHITE).astype(np.uint8)
    if options.encoding == "mono8":
        return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    return rgb if options.encoding == "rgb8" else np.ascontiguousarray(rgb[:, :, ::-1])


def _noise_tile(options: SimulatedOptions, *, lowered: int, rng: np.random.Generator) -> NDArray[np.uint8] | None:
    """Return noise around `lowered`, larger than the image by the shift in each direction; None without noise."""
    if options.noise == 0:
        return None
    width, height = options.size_wh
    channels = () if options.encoding == "mono8" else (3,)
    normal = rng.standard_normal((height + _NOISE_SHIFT, width + _NOISE_SHIFT, *channels), dtype=np.float32)
    tile = np.rint(normal * np.float32(options.noise)) + lowered
    return np.asarray(np.clip(tile, 0, 2 * lowered), dtype=np.uint8)

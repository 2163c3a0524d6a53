"""Judge pictures of thimble's world by plain measurement: colours, areas, contours.

Validated on rendered pictures (tests/training/test_judge.py): it names what was drawn there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render import coverage
from training.world import COLOURS, SHAPES, SIZE, Scene, Thing

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

GREY_WEIGHT = 0.5
"""Differences in lightness count half: shading is not another colour."""
APART = 34.0
"""Distance from the ground, in weighted RGB units, from which a pixel belongs to something."""
LEAST_AREA = 90
"""Smaller spots (px) are not things."""
LEAST_OVERLAP = 0.72
"""Intersection over union with the best template under which a region has no known shape."""
TEMPLATE = 48


@dataclass(frozen=True)
class Seen:
    """One region: what it looks like and where its centre is (px)."""

    shape: str
    colour: str
    x: float
    y: float
    area: int


def _weighted(rgb: NDArray[Any]) -> NDArray[np.float32]:
    """RGB moved to a space where Euclidean distance discounts lightness."""
    values = np.asarray(rgb, np.float32)
    grey = values.mean(axis=-1, keepdims=True)
    return np.asarray(values - grey * np.float32(1 - GREY_WEIGHT))


@lru_cache(maxsize=1)
def _references() -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Names and weighted values of the colours and of their second tones (stripes, dots)."""
    names, values = [], []
    for name, rgb in COLOURS.items():
        colour = np.array(rgb, np.float32)
        second = colour + ((0 if colour.mean() > 170 else 255) - colour) * 0.42
        names += [name, name]
        values += [colour, second]
    return tuple(names), _weighted(np.stack(values))


def name_colours(pixels: NDArray[Any]) -> list[str]:
    """Nearest colour name of each of (N, 3) pixels."""
    names, values = _references()
    distance = np.linalg.norm(_weighted(pixels)[:, None] - values[None], axis=-1)
    return [names[i] for i in distance.argmin(axis=1)]


def main_colour(pixels: NDArray[Any]) -> str:
    """The colour that most of the (N, 3) pixels have; "" if there is none."""
    if not len(pixels):
        return ""
    names, counts = np.unique(np.array(name_colours(pixels)), return_counts=True)
    return str(names[counts.argmax()])


def dominant_colour(picture: Image) -> str:
    """The colour of most of the picture."""
    return main_colour(picture.reshape(-1, 3)[::3])


def _border(width: int = 5) -> Mask:
    border = np.ones((SIZE, SIZE), bool)
    border[width:-width, width:-width] = False
    return border


def background_colour(picture: Image) -> str:
    """The colour of most of the outermost pixels."""
    return main_colour(picture[_border()])


def foreground(picture: Image) -> Mask:
    """Pixels that differ from the ground, which is a plane fitted to the border: (128, 128)."""
    border = _border()
    pixels = picture.astype(np.float32)
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE
    terms = np.stack([np.ones_like(x), x, y], -1)
    name = background_colour(picture)
    edge, at = pixels[border], terms[border]
    own = np.array([n == name for n in name_colours(edge)])
    plane, *_ = np.linalg.lstsq(at[own], edge[own], rcond=None)
    difference = np.linalg.norm(_weighted(pixels) - _weighted(terms @ plane), axis=-1)
    mask = (difference > APART).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel)
    return cv2.morphologyEx(closed, cv2.MORPH_OPEN, kernel).astype(bool)


def _to_template(mask: Mask) -> Mask:
    """The mask's bounding box stretched to 48x48."""
    ys, xs = np.nonzero(mask)
    box = mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1].astype(np.float32)
    return cv2.resize(box, (TEMPLATE, TEMPLATE), interpolation=cv2.INTER_LINEAR) > 0.5


@lru_cache(maxsize=1)
def _templates() -> list[tuple[str, Mask]]:
    made = []
    for shape in SHAPES:
        for angle in (-6.0, 0.0, 6.0):
            thing = Thing(shape, "red", SIZE / 2, SIZE / 2, 40.0, angle=angle)
            made.append((shape, _to_template(coverage(thing) > 0.5)))
    return made


def name_shape(mask: Mask) -> str:
    """Best matching shape of one region, "" if none matches well."""
    region = _to_template(mask)
    scores = [
        (float((region & known).sum() / (region | known).sum()), shape)
        for shape, known in _templates()
    ]
    best, shape = max(scores)
    return shape if best >= LEAST_OVERLAP else ""


def see(picture: Image) -> list[Seen]:
    """All regions of a picture, largest first."""
    count, labels, stats, centres = cv2.connectedComponentsWithStats(
        foreground(picture).astype(np.uint8), connectivity=4
    )
    kernel = np.ones((3, 3), np.uint8)
    regions = []
    for label in range(1, count):
        area = int(stats[label, cv2.CC_STAT_AREA])
        if area < LEAST_AREA:
            continue
        mask = labels == label
        inner = cv2.erode(mask.astype(np.uint8), kernel, iterations=3).astype(bool)
        if inner.sum() < 25:
            inner = cv2.erode(mask.astype(np.uint8), kernel).astype(bool)
        colour = main_colour(picture[inner if inner.any() else mask])
        x, y = centres[label]
        regions.append(Seen(name_shape(mask), colour, float(x), float(y), area))
    return sorted(regions, key=lambda seen: -seen.area)


@dataclass(frozen=True)
class Verdict:
    """Which parts of a picture agree with its scene."""

    background: bool
    colours: bool
    shapes: bool
    bound: bool
    """Every thing has its own colour and shape, and nothing else is there."""


def judge(picture: Image, scene: Scene) -> Verdict:
    """Compare a picture with the scene that its prompt describes; places are not judged here."""
    seen = see(picture)
    wanted = scene.things
    found = seen[: len(wanted)]
    extra = [s for s in seen[len(wanted) :] if s.area > 0.25 * found[-1].area]
    complete = len(found) == len(wanted) and not extra
    return Verdict(
        background=background_colour(picture) == scene.background,
        colours=complete and sorted(s.colour for s in found) == sorted(t.colour for t in wanted),
        shapes=complete and sorted(s.shape for s in found) == sorted(t.shape for t in wanted),
        bound=complete
        and sorted((s.colour, s.shape) for s in found)
        == sorted((t.colour, t.shape) for t in wanted),
    )


def edges(picture: Image, low: int = 100, high: int = 200) -> Mask:
    """Canny edges of a picture: (H, W)."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.Canny(grey, low, high) > 0)


def edge_f1(made: Mask, wanted: Mask, tolerance: int = 2) -> float:
    """F1 of two edge maps, where an edge pixel counts as met within `tolerance` px."""
    if not made.any() or not wanted.any():
        return float(made.any() == wanted.any())
    size = 2 * tolerance + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    near_wanted = cv2.dilate(wanted.astype(np.uint8), kernel).astype(bool)
    near_made = cv2.dilate(made.astype(np.uint8), kernel).astype(bool)
    precision, recall = float(near_wanted[made].mean()), float(near_made[wanted].mean())
    return 2 * precision * recall / max(precision + recall, 1e-9)

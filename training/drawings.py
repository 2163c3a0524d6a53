"""Contour-rich fields for two-tone drawings: a ControlNet learns edges like those of photographs.

Photographs come from scikit-image's bundled data (no download). `astronaut.png` and `chelsea.png`
are never used: evaluation keeps them.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

PHOTOS = (
    "coffee.png",
    "camera.png",
    "chessboard_GRAY.png",
    "gravel.png",
    "brick.png",
    "grass.png",
    "hubble_deep_field.jpg",
    "page.png",
    "moon.png",
    "text.png",
    "ihc.png",
    "motorcycle_left.png",
    "motorcycle_right.png",
    "rocket.jpg",
    "horse.png",
    "coins.png",
    "clock_motion.png",
    "retina.jpg",
    "phantom.png",
)
COLOUR_PHOTOS = ("coffee.png", "motorcycle_left.png", "motorcycle_right.png", "rocket.jpg")
Field = NDArray[np.float32]


@lru_cache(maxsize=32)
def _photo(name: str) -> NDArray[np.uint8]:
    """One bundled photograph, longest side at most 640 px: (H, W, 3) uint8 RGB."""
    path = Path(skimage.data.__file__).parent / name
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise FileNotFoundError(f"scikit-image does not bundle {name}.")
    ratio = min(1.0, 640 / max(pixels.shape[:2]))
    if ratio < 1:
        pixels = cv2.resize(pixels, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def photo_crop(
    rng: np.random.Generator, size: int, names: tuple[str, ...] = COLOUR_PHOTOS
) -> NDArray[np.uint8]:
    """A random square of a photograph, mirrored half of the time: (size, size, 3)."""
    pixels = _photo(names[int(rng.integers(len(names)))])
    side = int(rng.uniform(0.35, 1.0) * min(pixels.shape[:2]))
    top = int(rng.integers(pixels.shape[0] - side + 1))
    left = int(rng.integers(pixels.shape[1] - side + 1))
    crop = pixels[top : top + side, left : left + side]
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    small = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small, np.uint8)


def _noise(rng: np.random.Generator, size: int) -> Field:
    """Smooth noise of one or two scales, zero mean, unit deviation."""
    field = np.zeros((size, size), np.float32)
    for weight in (1.0, rng.uniform(0, 0.6)):
        grain = rng.standard_normal((size, size)).astype(np.float32)
        smooth = cv2.GaussianBlur(grain, (0, 0), float(rng.uniform(2.5, 11)))
        field += np.float32(weight) * (smooth / (smooth.std() + 1e-6))
    whole: Field = (field - field.mean()) / (field.std() + 1e-6)
    return whole


def _strokes(rng: np.random.Generator, size: int) -> Field:
    """Random closed blobs, curves and lines at four times the size: 0..1."""
    canvas = np.zeros((size * 4, size * 4), np.uint8)
    for _ in range(int(rng.integers(3, 12))):
        centre = rng.uniform(0, size * 4, 2)
        count = int(rng.integers(3, 9))
        reach = rng.uniform(20, 160, count)
        angle = np.sort(rng.uniform(0, 2 * np.pi, count))
        ring = np.stack([np.cos(angle) * reach, np.sin(angle) * reach], 1) + centre
        points = ring.round().astype(np.int32)
        value = int(rng.choice([0, 255, 255]))
        roll = rng.random()
        if roll < 0.45:
            cv2.fillPoly(canvas, [points], value)
        elif roll < 0.75:
            cv2.polylines(
                canvas, [points], bool(rng.random() < 0.5), value, int(rng.integers(8, 22))
            )
        else:
            axes = tuple(int(v) for v in rng.integers(16, 140, 2))
            middle = (int(centre[0]), int(centre[1]))
            width = -1 if rng.random() < 0.4 else int(rng.integers(8, 22))
            cv2.ellipse(canvas, middle, axes, float(rng.uniform(0, 180)), 0, 360, value, width)
    small = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255)


def _posterise(field: Field, levels: int, softness: float) -> Field:
    """Steps at even quantiles of the field, each `softness` of its deviation wide: 0..1."""
    cuts = np.quantile(field, np.linspace(0, 1, levels + 1)[1:-1])
    width = softness * (field.std() + 1e-6)
    steps = [np.clip((field - cut) / width + 0.5, 0, 1) for cut in cuts]
    return np.asarray(np.mean(steps, axis=0), np.float32)


def draw_tones(rng: np.random.Generator, size: int) -> Field:
    """Amount of ink at each pixel of a drawing: (size, size) 0..1."""
    roll = rng.random()
    levels = int(rng.choice([2, 2, 3, 4]))
    if roll < 0.3:
        return _posterise(_noise(rng, size), levels, 0.25)
    if roll < 0.5:
        return _strokes(rng, size)
    grey = cv2.cvtColor(photo_crop(rng, size, PHOTOS), cv2.COLOR_RGB2GRAY).astype(np.float32)
    blurred = cv2.GaussianBlur(grey, (0, 0), float(rng.uniform(0.5, 1.6)))
    field = np.asarray(blurred, np.float32)
    if field.std() < 4:  # an empty crop (sky, black space) has no contours to show
        return _posterise(_noise(rng, size), levels, 0.25)
    tones = _posterise(field, levels, 0.35)
    return 1 - tones if rng.random() < 0.5 else tones

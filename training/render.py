"""Turn a `Scene` into pixels. Antialiased by drawing at four times the size and averaging."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.drawings import draw_tones, photo_crop
from training.world import COLOURS, SIZE, Scene, Thing

SCALE = 4
Image = NDArray[np.uint8]
Field = NDArray[np.float32]
_GRID_Y, _GRID_X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)


def outline_points(shape: str) -> NDArray[np.float64]:
    """Outline of a shape of radius 1 around (0, 0), y down: (N, 2); of a ring the outer edge."""
    turn = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    if shape in ("circle", "ring"):
        return np.stack([np.cos(turn), np.sin(turn)], 1)
    if shape == "square":
        return np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 0.84
    if shape == "triangle":
        return np.array([[0, -0.95], [1.0, 0.78], [-1.0, 0.78]])
    if shape == "star":
        angle = np.arange(10) * np.pi / 5 - np.pi / 2
        reach = np.where(np.arange(10) % 2 == 0, 1.08, 0.46)
        return np.stack([np.cos(angle) * reach, np.sin(angle) * reach + 0.05], 1)
    if shape == "heart":
        x = 16 * np.sin(turn) ** 3
        y = 13 * np.cos(turn) - 5 * np.cos(2 * turn) - 2 * np.cos(3 * turn) - np.cos(4 * turn)
        return np.stack([x / 16.5, -(y + 2) / 16.0], 1)
    raise ValueError(f"Unknown shape {shape!r}.")


RING_HOLE = 0.52
"""Inner radius of a ring over its outer radius."""


def shape_polygons(thing: Thing) -> list[NDArray[np.float64]]:
    """Outlines in picture pixels: one polygon, two for a ring (the second is the hole)."""
    points = outline_points(thing.shape)
    angle = np.deg2rad(thing.angle)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    centre = np.array([thing.cx, thing.cy])
    polygons = [points @ turn * thing.radius + centre]
    if thing.shape == "ring":
        polygons.append(points * thing.radius * RING_HOLE + centre)
    return polygons


def coverage(thing: Thing, line: float = 0.0) -> Field:
    """Share of each pixel in the shape, or on its outline of `line` px: (128, 128) 0..1."""
    canvas = np.zeros((SIZE * SCALE, SIZE * SCALE), np.uint8)
    corners = [np.round(p * SCALE * 16).astype(np.int32) for p in shape_polygons(thing)]
    if line:
        cv2.polylines(canvas, corners, True, 255, int(line * SCALE), cv2.LINE_8, 4)
    else:
        cv2.fillPoly(canvas, corners, 255, cv2.LINE_8, 4)  # even-odd: the hole of a ring stays open
    small = cv2.resize(canvas, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255)


def _tint(name: str, rng: np.random.Generator) -> Field:
    shade = np.array(COLOURS[name], np.float32) + rng.uniform(-9, 9, 3).astype(np.float32)
    return np.clip(shade, 0, 255)


def _second_tone(colour: Field) -> Field:
    """The tone of stripes and dots: lighter, or darker for a light colour."""
    target = 0.0 if colour.mean() > 170 else 255.0
    tone: Field = colour + (np.float32(target) - colour) * np.float32(0.42)
    return tone


def _texture(thing: Thing, rng: np.random.Generator) -> Field:
    """Weight of the second tone at each pixel: (128, 128) 0..1."""
    x, y = _GRID_X - thing.cx, _GRID_Y - thing.cy
    if thing.texture == "striped":
        angle = rng.choice([0.0, np.pi / 4, np.pi / 2])
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / 11))
        return np.asarray(np.clip(wave * 3 + 0.5, 0, 1), np.float32)
    if thing.texture == "dotted":
        distance = np.hypot((x + 6) % 12 - 6, (y + 6) % 12 - 6)
        return np.asarray(np.clip(4.0 - distance, 0, 1), np.float32)
    return np.zeros((SIZE, SIZE), np.float32)


def _ground(name: str, rng: np.random.Generator) -> Field:
    """A colour, gently lighter towards one side: (128, 128, 3)."""
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0, 14)
    slope = ((_GRID_X - 64) * np.cos(angle) + (_GRID_Y - 64) * np.sin(angle)) / 64
    ground: Field = _tint(name, rng) + (slope * depth).astype(np.float32)[..., None]
    return ground


def _paint(canvas: Field, thing: Thing, shaded: bool, rng: np.random.Generator) -> None:
    colour = _tint(thing.colour, rng)
    second = _texture(thing, rng)[..., None]
    body = colour * (1 - second) + _second_tone(colour) * second
    if shaded:  # light from the upper left, as on a ball
        towards = ((_GRID_X - thing.cx) + (_GRID_Y - thing.cy)) / (2 * thing.radius)
        body = body - 34 * np.clip(towards, -1, 1)[..., None]
    inside = coverage(thing)[..., None]
    canvas[:] = canvas * (1 - inside) + body * inside
    if thing.outlined:
        pen = 20.0 if canvas[2:10, 2:10].mean() > 70 else 240.0
        edge = coverage(thing, line=2.5)[..., None]
        canvas[:] = canvas * (1 - edge) + pen * edge


def render(scene: Scene) -> Image:
    """Pixels of a scene, a function of the scene alone: (128, 128, 3) uint8 sRGB."""
    rng = np.random.default_rng(scene.seed)
    if scene.kind == "photo":
        return photo_crop(rng, SIZE)
    canvas: Field
    if scene.kind == "drawing":
        ink, ground = _tint(scene.ink, rng), _tint(scene.background, rng)
        tones = draw_tones(rng, SIZE)[..., None]
        canvas = ground * (1 - tones) + ink * tones
    else:
        canvas = _ground(scene.background, rng)
        for thing in scene.things:
            _paint(canvas, thing, scene.shaded, rng)
    return np.asarray(np.clip(canvas + 0.5, 0, 255), np.uint8)

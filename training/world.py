"""The little world that thimble knows: coloured shapes on coloured grounds, and two-tone drawings.

A `Scene` is the ground truth of one picture: it is sampled from a numpy generator, rendered by
`training.render` and put into words by `training.captions`. Lengths are pixels of a 128 px picture,
colours are sRGB 0..255.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

SIZE = 128
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (220, 40, 40),
    "orange": (245, 140, 30),
    "yellow": (245, 225, 60),
    "green": (50, 170, 70),
    "blue": (45, 85, 215),
    "purple": (140, 60, 180),
    "white": (245, 245, 245),
    "black": (25, 25, 25),
}
SHAPES = ("circle", "square", "triangle", "star", "ring", "heart")
TEXTURES = ("plain", "striped", "dotted")
PLACES = ("left", "right", "top", "bottom", "centre")
HELD_OUT_SHARE = 10
"""One combination in so many is never rendered for training (see `held_out`)."""

Kind = Literal["shapes", "drawing", "photo"]


@dataclass(frozen=True)
class Thing:
    """One shape. Pixels and degrees; words are "" when there is nothing to say."""

    shape: str
    colour: str
    cx: float
    cy: float
    radius: float
    size: str = ""
    place: str = ""
    texture: str = "plain"
    outlined: bool = False
    angle: float = 0.0


@dataclass(frozen=True)
class Scene:
    """Everything that was decided about a picture; `seed` feeds what is drawn at random in it."""

    kind: Kind
    background: str
    things: tuple[Thing, ...] = ()
    ink: str = ""
    shaded: bool = False
    seed: int = 0
    jitter: tuple[float, ...] = field(default=())

    def attributes(self) -> dict[str, Any]:
        """Plain data for JSON files."""
        return asdict(self)


def combination(scene: Scene) -> str:
    """What must be new in a held-out picture: shapes and colours, in any order and place."""
    things = sorted(f"{thing.colour} {thing.shape}" for thing in scene.things)
    return " + ".join(things) + f" on {scene.background}"


def held_out(scene: Scene) -> bool:
    """True for the share of shape scenes that is kept for evaluation, on every machine."""
    if scene.kind != "shapes":
        return False
    digest = hashlib.sha256(combination(scene).encode()).digest()
    return digest[0] * 256 + digest[1] < 65536 // HELD_OUT_SHARE


def _pick(rng: np.random.Generator, options: list[str] | tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]


def _radius(rng: np.random.Generator, alone: bool, size: str) -> float:
    if alone:
        low, high = {"small": (15, 20), "large": (38, 46), "": (23, 36)}[size]
    else:
        low, high = {"small": (14, 17), "large": (25, 28), "": (18, 25)}[size]
    return float(rng.uniform(low, high))


def _anchors(rng: np.random.Generator, count: int) -> list[tuple[str, float, float]]:
    """Place word and centre of each thing; several things never overlap."""
    if count == 1:
        place = _pick(rng, PLACES) if rng.random() < 0.4 else ""
        near = {"left": (38, 64), "right": (90, 64), "top": (64, 38), "bottom": (64, 90)}
        return [(place, *near.get(place, (64, 64)))]
    if count == 2:
        if rng.random() < 0.7:
            return [("left", 34, 64), ("right", 94, 64)]
        return [("top", 64, 34), ("bottom", 64, 94)]
    return [("left", 24, 64), ("centre", 64, 64), ("right", 104, 64)]


def _thing(
    rng: np.random.Generator, anchor: tuple[str, float, float], count: int, colours: list[str]
) -> Thing:
    place, ax, ay = anchor
    size = _pick(rng, ("small", "large")) if rng.random() < 0.3 else ""
    radius = _radius(rng, count == 1, size)
    if count == 3:
        radius = min(radius, 17.0)
        size = ""
    wander = 3.0 if count > 1 else (6.0 if place else 12.0)
    x, y = ax + rng.uniform(-wander, wander), ay + rng.uniform(-wander, wander)
    if count == 2 and place in ("left", "right"):
        y += rng.uniform(-12, 12)
    if count == 2 and place in ("top", "bottom"):
        x += rng.uniform(-12, 12)
    margin = radius + 2
    texture = "plain" if rng.random() < 0.75 else _pick(rng, TEXTURES[1:])
    return Thing(
        shape=_pick(rng, SHAPES),
        colour=_pick(rng, colours),
        cx=float(np.clip(x, margin, SIZE - margin)),
        cy=float(np.clip(y, margin, SIZE - margin)),
        radius=radius,
        size=size,
        place=place,
        texture=texture,
        outlined=bool(rng.random() < 0.1),
        angle=float(rng.uniform(-6, 6)),
    )


def sample_shapes(rng: np.random.Generator, count: int) -> Scene:
    """A scene of `count` shapes; no shape has the colour of the ground."""
    background = _pick(rng, tuple(COLOURS))
    others = [name for name in COLOURS if name != background]
    things = tuple(_thing(rng, anchor, count, others) for anchor in _anchors(rng, count))
    return Scene(
        kind="shapes",
        background=background,
        things=things,
        shaded=bool(rng.random() < 0.25),
        seed=int(rng.integers(2**31)),
    )


def sample_drawing(rng: np.random.Generator) -> Scene:
    """A two-tone drawing: `ink` on `background`, contours from `training.drawings`."""
    background = _pick(rng, tuple(COLOURS))
    ink = _pick(rng, [name for name in COLOURS if name != background])
    return Scene("drawing", background, ink=ink, seed=int(rng.integers(2**31)))


def sample_scene(rng: np.random.Generator) -> Scene:
    """A training scene: mostly one or two shapes, some drawings, few photographs."""
    roll = rng.random()
    if roll < 0.15:
        return sample_drawing(rng)
    if roll < 0.18:
        return Scene("photo", "", seed=int(rng.integers(2**31)))
    while True:
        count = 1 if roll < 0.56 else (2 if roll < 0.95 else 3)
        scene = sample_shapes(rng, count)
        if not held_out(scene):
            return scene

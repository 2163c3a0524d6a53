"""Put a scene into words: a small grammar with several phrasings, often leaving something out."""

from __future__ import annotations

import numpy as np

from training.world import Scene, Thing

_VOCABULARY = """
a an the and of on in at with to one two three by is
picture drawing painting photo image background ground outline shape shapes
red orange yellow green blue purple white black
circle square triangle star ring heart circles squares triangles stars rings hearts
small large big little tiny plain striped dotted outlined shaded flat soft
left right top bottom centre center middle above below beside next
detailed simple bright dark colour color coloured , .
"""
WORDS = tuple(_VOCABULARY.split())
"""Every word that a caption can hold, and some that a user is likely to try."""


def _article(words: str) -> str:
    return ("an " if words[0] in "aeiou" else "a ") + words


def describe(thing: Thing, rng: np.random.Generator, place: bool) -> str:
    """ "a large striped green star at the left"; unusual properties are named most of the time."""
    words = []
    if thing.size and rng.random() < 0.85:
        words.append(thing.size)
    if thing.outlined and rng.random() < 0.6:
        words.append("outlined")
    if thing.texture != "plain" and rng.random() < 0.85:
        words.append(thing.texture)
    words += [thing.colour, thing.shape]
    text = _article(" ".join(words))
    if place and thing.place:
        if thing.place == "centre":
            text += " in the centre" if rng.random() < 0.5 else " in the middle"
        else:
            text += (" at the " if rng.random() < 0.5 else " on the ") + thing.place
    return text


def _shapes_caption(scene: Scene, rng: np.random.Generator) -> str:
    """Things are named from left to right or top to bottom, so word order also tells the place."""
    place = rng.random() < (0.85 if len(scene.things) == 1 else 0.5)
    parts = [describe(thing, rng, place) for thing in scene.things]
    text = " and ".join(parts) if len(parts) < 3 else f"{parts[0]}, {parts[1]} and {parts[2]}"
    if scene.shaded and rng.random() < 0.3:
        text = "a shaded picture of " + text
    elif rng.random() < 0.1:
        text = ("a picture of " if rng.random() < 0.5 else "a drawing of ") + text
    roll = rng.random()
    ground = _article(f"{scene.background} background")
    if roll < 0.72:
        return f"{text} on {ground}"
    if roll < 0.80:
        return f"{text}, {scene.background} background"
    if roll < 0.87:
        return f"{text} on {scene.background}"
    if roll < 0.92:
        return f"{ground} with {text}"
    return text


def _drawing_caption(scene: Scene, rng: np.random.Generator) -> str:
    roll = rng.random()
    if roll < 0.35:
        return f"{_article(scene.ink)} and {scene.background} drawing"
    if roll < 0.8:
        return f"{_article(scene.ink)} drawing on {_article(scene.background)} background"
    if roll < 0.9:
        return f"a detailed drawing in {scene.ink} and {scene.background}"
    return f"{_article(scene.ink)} drawing"


def caption(scene: Scene, rng: np.random.Generator) -> str:
    """One of the ways to say what is in the picture."""
    if scene.kind == "photo":
        return "a photo"
    if scene.kind == "drawing":
        return _drawing_caption(scene, rng)
    return _shapes_caption(scene, rng)

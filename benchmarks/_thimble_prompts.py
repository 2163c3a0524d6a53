"""The fixed evaluation scenes: combinations of shapes and colours never rendered for training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.world import Scene, Thing, held_out, sample_shapes

SEED = 20_001
SINGLE_SHARE = 0.6
"""120 prompts of 200 have one thing, 80 have two."""


@dataclass(frozen=True)
class Prompt:
    """A text, the noise seed that goes with it, and the scene that it describes."""

    text: str
    seed: int
    scene: Scene


def _phrase(thing: Thing, placed: bool) -> str:
    words = [thing.size, "" if thing.texture == "plain" else thing.texture, thing.colour]
    text = " ".join([*(word for word in words if word), thing.shape])
    text = ("an " if text[0] in "aeiou" else "a ") + text
    if placed and thing.place:
        text += " in the centre" if thing.place == "centre" else f" at the {thing.place}"
    return text


def wording(scene: Scene, placed: bool) -> str:
    """The scene in words, nothing left out but (if `placed` is false) the places."""
    things = " and ".join(_phrase(thing, placed) for thing in scene.things)
    ground = ("an " if scene.background[0] in "aeiou" else "a ") + scene.background
    return f"{things} on {ground} background"


def fixed_prompts(count: int = 200) -> list[Prompt]:
    """The first `count` prompts; one and two things alternate so that any beginning is mixed."""
    rng = np.random.default_rng(SEED)
    prompts: list[Prompt] = []
    while len(prompts) < count:
        single = int((len(prompts) + 1) * SINGLE_SHARE) > int(len(prompts) * SINGLE_SHARE)
        scene = sample_shapes(rng, 1 if single else 2)
        if held_out(scene):
            text = wording(scene, placed=bool(rng.random() < 0.5))
            prompts.append(Prompt(text, 1000 + len(prompts), scene))
    return prompts

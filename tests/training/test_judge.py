"""The judge names what was rendered, and objects to anything else."""

from dataclasses import replace

import cv2
import numpy as np

from benchmarks._thimble_judge import (
    background_colour,
    dominant_colour,
    edge_f1,
    edges,
    judge,
    see,
)
from benchmarks._thimble_prompts import Prompt, fixed_prompts, wording
from training.render import render
from training.world import COLOURS, SHAPES, Scene, Thing, held_out

PROMPTS = fixed_prompts(100)


def _score(prompts: list[Prompt]) -> dict[str, float]:
    verdicts = [judge(render(prompt.scene), prompt.scene) for prompt in prompts]
    parts = ("background", "colours", "shapes", "bound")
    return {part: float(np.mean([getattr(v, part) for v in verdicts])) for part in parts}


def test_judge_rendered_pictures_score_full() -> None:
    score = _score(PROMPTS)
    assert score["background"] == 1.0
    assert min(score["colours"], score["shapes"], score["bound"]) >= 0.99


def test_judge_wrong_background_fails_only_there() -> None:
    thing = Thing("star", "red", 64, 64, 30)
    picture = render(Scene("shapes", "blue", (thing,)))
    verdict = judge(picture, Scene("shapes", "green", (thing,)))
    assert not verdict.background
    assert verdict.bound


def test_judge_wrong_colour_or_shape_fails() -> None:
    for prompt in PROMPTS[:40]:
        picture = render(prompt.scene)
        first, *others = prompt.scene.things
        colours = [name for name in COLOURS if name != first.colour]
        shapes = [name for name in SHAPES if name != first.shape]
        recoloured = replace(prompt.scene, things=(replace(first, colour=colours[0]), *others))
        reshaped = replace(prompt.scene, things=(replace(first, shape=shapes[0]), *others))
        assert not judge(picture, recoloured).bound
        assert not judge(picture, reshaped).bound


def test_judge_exchanged_colours_of_two_things_fail_binding_only() -> None:
    left, right = Thing("circle", "red", 34, 64, 20), Thing("square", "green", 94, 64, 20)
    picture = render(Scene("shapes", "white", (left, right)))
    crossed = (replace(left, colour="green"), replace(right, colour="red"))
    verdict = judge(picture, Scene("shapes", "white", crossed))
    assert verdict.colours and verdict.shapes
    assert not verdict.bound


def test_judge_missing_and_extra_things_fail() -> None:
    left, right = Thing("circle", "red", 34, 64, 20), Thing("square", "green", 94, 64, 20)
    one, two = Scene("shapes", "white", (left,)), Scene("shapes", "white", (left, right))
    assert not judge(render(two), one).bound
    assert not judge(render(one), two).bound


def test_see_empty_and_noisy_pictures_hold_no_shape() -> None:
    flat = np.full((128, 128, 3), COLOURS["blue"], np.uint8)
    assert see(flat) == []
    assert background_colour(flat) == dominant_colour(flat) == "blue"
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    assert not any(seen.shape in SHAPES and seen.area > 400 for seen in see(noise)[1:])


def test_edge_f1_same_shifted_and_other_edges() -> None:
    picture = render(PROMPTS[3].scene)
    mine = edges(picture)
    assert edge_f1(mine, mine) == 1.0
    near = np.roll(mine, 1, axis=1)
    far = cv2.flip(np.roll(mine, 30, axis=1).astype(np.uint8), 0).astype(bool)
    assert edge_f1(near, mine) > 0.95
    assert edge_f1(far, mine) < 0.6


def test_fixed_prompts_are_held_out_and_stable() -> None:
    prompts = fixed_prompts(200)
    assert all(held_out(prompt.scene) for prompt in prompts)
    assert prompts[:100] == PROMPTS
    assert sum(len(prompt.scene.things) == 2 for prompt in prompts) == 80
    assert len({prompt.seed for prompt in prompts}) == 200
    assert PROMPTS[0].text.startswith(wording(PROMPTS[0].scene, placed=False)[:6])

"""The renderer: the same scene gives the same pixels, and the pixels agree with the scene."""

import numpy as np
import pytest

from training.captions import caption
from training.dataset import make
from training.render import coverage, render
from training.world import (
    COLOURS,
    SHAPES,
    Scene,
    Thing,
    held_out,
    sample_drawing,
    sample_scene,
    sample_shapes,
)


def test_make_same_seed_and_index_gives_the_same_picture_and_captions() -> None:
    first, record = make(3, 17)
    second, again = make(3, 17)
    assert np.array_equal(first, second)
    assert record == again


def test_make_other_index_gives_another_picture() -> None:
    assert not np.array_equal(make(3, 17)[0], make(3, 18)[0])


@pytest.mark.parametrize("shape", SHAPES)
def test_render_thing_has_its_colour_inside_and_the_ground_outside(shape: str) -> None:
    thing = Thing(shape, "red", 60, 66, 30)
    picture = render(Scene("shapes", "blue", (thing,))).astype(int)
    cover = coverage(thing)
    inside, outside = picture[cover > 0.999], picture[cover == 0]
    assert np.abs(np.median(inside, 0) - COLOURS["red"]).max() <= 10
    assert np.abs(np.median(outside, 0) - COLOURS["blue"]).max() <= 12


def test_coverage_centre_and_size_follow_the_thing() -> None:
    ys, xs = np.nonzero(coverage(Thing("circle", "red", 40, 90, 20)) > 0.5)
    assert abs(xs.mean() - 39.5) < 1 and abs(ys.mean() - 89.5) < 1
    assert abs(np.ptp(xs) + 1 - 40) <= 2


def test_sample_scene_never_gives_a_held_out_combination() -> None:
    rng = np.random.default_rng(0)
    assert not any(held_out(sample_scene(rng)) for _ in range(600))


def test_held_out_takes_about_a_tenth_whatever_the_order() -> None:
    rng = np.random.default_rng(1)
    scenes = [sample_shapes(rng, 2) for _ in range(1500)]
    assert 0.06 < np.mean([held_out(scene) for scene in scenes]) < 0.14
    for scene in scenes[:100]:
        turned = Scene("shapes", scene.background, scene.things[::-1])
        assert held_out(scene) == held_out(turned)


def test_sample_shapes_things_differ_from_the_ground_and_stay_in_the_picture() -> None:
    rng = np.random.default_rng(2)
    for count in (1, 2, 3):
        for _ in range(50):
            scene = sample_shapes(rng, count)
            assert len(scene.things) == count
            for thing in scene.things:
                assert thing.colour != scene.background
                assert thing.radius < min(thing.cx, thing.cy, 128 - thing.cx, 128 - thing.cy)


def test_render_drawing_has_two_tones_and_many_contours() -> None:
    rng = np.random.default_rng(4)
    pictures = [render(sample_drawing(rng)).astype(int) for _ in range(10)]
    steps = [np.abs(np.diff(picture, axis=1)).max(axis=2).mean() for picture in pictures]
    assert np.median(steps) > 3


def test_caption_names_every_colour_and_shape() -> None:
    rng = np.random.default_rng(5)
    scene = sample_shapes(rng, 2)
    for _ in range(20):
        text = caption(scene, rng)
        assert all(f"{thing.colour} {thing.shape}" in text for thing in scene.things)

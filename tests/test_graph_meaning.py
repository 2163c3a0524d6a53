"""What the workflows of graphs/ do shows in their pictures: drawn by thimble, judged by colour."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import weft

GRAPHS = Path(__file__).parent.parent / "graphs"
LEVEL = 1 / 255


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Small networks gain nothing from threads, and lose much on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[weft.Engine]:
    output = tmp_path_factory.mktemp("out")
    with weft.Engine(output=output, packs=False, disk_cache=False) as opened:
        yield opened


def pictures(engine: weft.Engine, name: str, **inputs: Any) -> Mapping[str, Tensor]:
    """All that a workflow gives in half of its steps, by its public names."""
    data = json.loads((GRAPHS / f"{name}.json").read_text("utf-8"))
    for node in data["nodes"].values():
        if node["type"] == "KSampler":
            node["inputs"]["steps"] //= 2
    workflow = weft.Workflow.from_json(data).with_inputs(**inputs)
    outputs = list(workflow.document.interface.outputs)
    result = engine.run(workflow, outputs=outputs)
    return {output: result[output] for output in outputs}


def redness(image: Tensor) -> float:
    """How much more red than blue there is: -1 to 1; white, grey and black are 0."""
    return (image[..., 0] - image[..., 2]).mean().item()


COLOURS = {
    "red": (0.85, 0.15, 0.15),
    "blue": (0.15, 0.3, 0.8),
    "white": (0.97, 0.97, 0.97),
    "yellow": (0.97, 0.87, 0.15),
}


def share(image: Tensor, colour: str) -> float:
    """The part of a picture that has about a colour."""
    away = (image - torch.tensor(COLOURS[colour])).abs().amax(dim=-1)
    return (away < 0.2).float().mean().item()


def test_inpaint_changes_the_masked_part_and_not_a_level_outside(engine: weft.Engine) -> None:
    found = pictures(engine, "inpaint")
    outside = found["mask"][0] == 0
    difference = (found["picture"] - found["before"])[0].abs()
    assert 0.1 < outside.float().mean() < 0.5
    assert difference[outside].max() <= LEVEL
    assert redness(found["before"]) > 0.1
    assert redness(found["picture"][0][~outside]) < -0.1


def test_outpaint_keeps_the_middle_and_paints_the_rest(engine: weft.Engine) -> None:
    found = pictures(engine, "outpaint")
    middle, border = found["mask"][0] == 0, found["mask"][0] == 1
    assert (found["picture"] - found["padded"])[0].abs()[middle].max() <= LEVEL
    inner = found["picture"][:, 32:96, 32:96]
    assert torch.equal(inner[:, 16:-16, 16:-16], found["before"][:, 16:-16, 16:-16])
    painted = found["picture"][0][border]
    assert redness(painted) < -0.3  # blue, as the ground of the old picture
    assert (painted - 0.5).abs().amax(dim=-1).min() > 0.1  # no grey is left


def test_area_prompts_give_red_at_the_left_and_blue_at_the_right(engine: weft.Engine) -> None:
    left, right = pictures(engine, "area-prompts")["picture"].chunk(2, dim=2)
    assert redness(left) > 0.15
    assert redness(right) < -0.15
    assert share(left, "blue") == share(right, "red") == 0.0
    for half in (left, right):
        assert share(half, "white") > 0.5


def test_lora_hook_on_one_prompt_draws_that_side_as_outlines(engine: weft.Engine) -> None:
    plain = pictures(engine, "area-prompts")["picture"]
    hooked = pictures(engine, "lora-one-side")["picture"]
    change = (plain - hooked)[0].abs().mean(dim=(0, 2))
    # The areas fade into each other; beyond that the right side is what it was.
    assert change[160:].max() < 0.03
    assert change[:96].mean() > 0.15
    assert share(plain[:, :, :128], "red") > 3 * share(hooked[:, :, :128], "red") > 0.1


def test_prompt_weights_decide_which_colour_is_drawn(engine: weft.Engine) -> None:
    found = pictures(engine, "prompt-weights")
    assert redness(found["left"]) - redness(found["right"]) > 0.1
    assert redness(found["right"]) < -0.1
    assert share(found["left"], "red") > 0.02
    assert share(found["right"], "red") == 0.0
    assert share(found["right"], "blue") > 1.2 * share(found["left"], "blue")


def test_third_picture_of_a_batch_is_made_again_alone(engine: weft.Engine) -> None:
    found = pictures(engine, "batch")
    assert found["picture"].shape[0] == 4
    assert (found["picture"][2:3] - found["again"]).abs().max() <= LEVEL
    for other in (0, 1, 3):
        assert (found["picture"][other] - found["again"][0]).abs().mean() > 0.02


def test_hires_fix_keeps_the_composition_at_a_larger_size(engine: weft.Engine) -> None:
    found = pictures(engine, "hires-fix")
    assert found["picture"].shape == (1, 192, 192, 3)
    small = torch.nn.functional.interpolate(
        found["picture"].movedim(-1, 1), size=(128, 128), mode="area"
    ).movedim(1, -1)
    alike = torch.corrcoef(torch.stack([small.flatten(), found["before"].flatten()]))[0, 1]
    assert alike > 0.9


def test_scheduled_prompt_ends_with_its_second_text(engine: weft.Engine) -> None:
    picture = pictures(engine, "prompt-schedule")["picture"]
    yellow = (picture[..., 0] > 0.7) & (picture[..., 1] > 0.7) & (picture[..., 2] < 0.5)
    purple = (picture[..., 1] < 0.4) & (picture[..., 2] > 0.5)
    assert yellow.float().mean() > 0.05
    assert purple.float().mean() > 0.4


def test_scheduled_prompt_keeps_the_size_that_its_first_text_set(engine: weft.Engine) -> None:
    star = "a small yellow star on a purple background"
    alone, after = (
        pictures(engine, "prompt-schedule", prompt=prompt)["picture"]
        for prompt in (star, f"[a large white circle on a blue background:{star}:0.5]")
    )
    assert share(alone, "yellow") > 0.01
    assert share(after, "yellow") > 2 * share(alone, "yellow")
    assert share(after, "white") == share(after, "blue") == 0.0


def test_and_adds_what_two_prompts_ask_for(engine: weft.Engine) -> None:
    both = pictures(engine, "prompt-schedule", prompt="a large red circle AND a blue background")
    circle = pictures(engine, "prompt-schedule", prompt="a large red circle")
    assert share(both["picture"], "red") > 0.1
    assert share(both["picture"], "blue") > 0.4
    assert share(circle["picture"], "red") > 0.1
    assert share(circle["picture"], "blue") < 0.1


def test_and_with_a_weight_below_0_leads_away_from_a_prompt(engine: weft.Engine) -> None:
    plain, away = (
        pictures(engine, "prompt-schedule", prompt=prompt)["picture"]
        for prompt in (
            "a circle on a background",
            "a circle on a background AND a yellow background :-1",
        )
    )
    assert share(plain, "yellow") > 0.3
    assert share(away, "yellow") < 0.01


def test_image_to_image_with_little_noise_keeps_the_layout(engine: weft.Engine) -> None:
    """The prompt asks for a circle on green; the picture it begins from is a star on purple."""
    kept, left = (
        pictures(engine, "img2img", denoise=denoise)["picture"][0] for denoise in (0.2, 1.0)
    )
    first = pictures(engine, "img2img", denoise=0.0)["picture"][0]

    def alike(picture: Tensor) -> float:
        return torch.corrcoef(torch.stack([picture.flatten(), first.flatten()]))[0, 1].item()

    assert alike(kept) > 0.9
    assert alike(left) < 0.5


def test_embedding_draws_what_it_learnt_on_a_ground_it_never_saw(engine: weft.Engine) -> None:
    """It was shown large red striped hearts; the word for the ground is all that the text says."""
    learnt = pictures(engine, "textual-inversion")["picture"]
    plain = pictures(engine, "textual-inversion", prompt="a heart on a purple background")
    for found in (learnt, plain["picture"]):
        corners = torch.stack([found[:, y, x] for y in (4, -4) for x in (4, -4)])
        assert bool((corners[..., 1] < 0.4).all() and (corners[..., 2] > 0.5).all())  # purple

    def red(picture: Tensor) -> float:
        return ((picture[..., 0] > 0.7) & (picture[..., 2] < 0.5)).float().mean().item()

    assert red(learnt) > 0.07
    assert red(plain["picture"]) < 0.04


def test_consistency_lora_draws_both_shapes_in_four_steps(engine: weft.Engine) -> None:
    """All four pictures: a red circle, a yellow star, a blue ground."""
    found = pictures(engine, "lcm", steps=8)["picture"]  # the half of which is 4
    assert len(found) == 4
    for picture in found:
        assert share(picture, "blue") > 0.6
        assert share(picture, "red") > 0.03
        assert share(picture, "yellow") > 0.01


def test_style_lora_turns_a_filled_shape_into_an_outline(engine: weft.Engine) -> None:
    styled, plain = (
        pictures(engine, "lora", strength=strength)["picture"][0] for strength in (1.0, 0.0)
    )
    assert share(plain, "red") > 3 * share(styled, "red") > 0.03
    # Pale paper: the ground is the lighter by far.
    assert styled.mean() > plain.mean() + 0.2


def test_reference_picture_gives_its_colours_to_the_shape_of_the_prompt(
    engine: weft.Engine,
) -> None:
    found = pictures(engine, "ip-adapter")
    alone = pictures(engine, "ip-adapter", weight=0.0)["picture"]

    def warm(picture: Tensor) -> float:
        """The part that is red to yellow."""
        return ((picture[..., 0] > 0.7) & (picture[..., 2] < 0.45)).float().mean().item()

    assert warm(found["reference"]) > 0.9
    assert warm(found["picture"]) > 0.9
    assert warm(alone) < 0.7
    assert 0.1 < share(found["picture"], "yellow") < 0.6


def test_edges_of_a_photo_steer_what_is_drawn(engine: weft.Engine) -> None:
    """Where the photo has edges, the picture changes its colour; not so without the ControlNet."""
    led = pictures(engine, "canny-controlnet")
    free = pictures(engine, "canny-controlnet", strength=0.0)
    edges = led["edges"][0, ..., 0] > 0.5
    near = torch.nn.functional.max_pool2d(edges[None].float(), 5, 1, 2)[0] > 0

    def contrast(picture: Tensor) -> Tensor:
        across = (picture[:-1, :-1] - picture[1:, :-1]).abs().sum(-1)
        down = (picture[:-1, :-1] - picture[:-1, 1:]).abs().sum(-1)
        return across + down

    def gathered(picture: Tensor) -> float:
        """How many times stronger colours change near edges than anywhere."""
        found = contrast(picture)
        return float(found[near[:-1, :-1]].mean() / found.mean())

    assert gathered(led["picture"][0]) > 1.5
    assert gathered(led["picture"][0]) > 1.3 * gathered(free["picture"][0])

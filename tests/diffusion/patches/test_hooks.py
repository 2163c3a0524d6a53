"""Hooks: changes of weights that belong to prompts, and their keyframes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

import weft.diffusion as wd
from weft.diffusion.denoising.batched import open_denoiser
from weft.diffusion.patches.hooked import KEPT, HookedNetworks
from weft.diffusion.patches.hooks import Walk, clip_parts, interpolated, keyframes_over
from weft.diffusion.patches.lora.apply import apply_lora
from weft.diffusion.patches.lora.file import load_lora
from weft.diffusion.prediction.sigmas import DiscreteSigmas
from weft.diffusion.text import conditioning as cond
from weft.diffusion.types.hooks import (
    ClipHooks,
    Hook,
    HookKeyframes,
    Hooks,
    Keyframe,
    LoraChange,
    ModelChange,
)

from ... import models
from .lora.conftest import kohya

SIGMA = 3.0
AT = DiscreteSigmas().at_fraction


@pytest.fixture(scope="module")
def path(model: wd.Model, clip: wd.Clip, tmp_path_factory: pytest.TempPathFactory) -> Path:
    tensors = kohya(model.weights, seed=11) | kohya(clip.weights, "lora_te_text_model_", seed=13)
    found = tmp_path_factory.mktemp("hooks") / "style.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, found)
    return found


@pytest.fixture(scope="module")
def hook(path: Path) -> Hook:
    return Hook(LoraChange(str(path), load_lora(path).content_digest), 0.8, 0.6)


@pytest.fixture(scope="module")
def x() -> Tensor:
    return torch.randn(1, 4, 8, 16, generator=torch.Generator().manual_seed(0)) * 3


@pytest.fixture(scope="module")
def masks() -> tuple[Tensor, Tensor]:
    left = torch.zeros(1, 8, 16)
    left[..., :8] = 1
    return left, 1 - left


def predict(
    model: wd.Model, x: Tensor, conditioning: wd.Conditioning, sigma: float = SIGMA
) -> Tensor:
    with torch.no_grad():
        return open_denoiser(model).predict(x, sigma, conditioning)


@contextmanager
def calls_of(model: wd.Model) -> Iterator[list[int]]:
    """Rows of each call, of whatever network is derived from the model's."""
    seen: list[int] = []
    layer = model.weights.module.get_submodule("conv_in")
    handle = layer.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    yield seen
    handle.remove()


# --- which prompts it acts for -------------------------------------------------------------------


def test_lora_on_one_of_two_masked_prompts_changes_that_side_only(
    model: wd.Model, clip: wd.Clip, hook: Hook, path: Path, x: Tensor, masks: tuple[Tensor, Tensor]
) -> None:
    red, blue = wd.encode_text(clip, "a red circle"), wd.encode_text(clip, "blue square")
    before = {n: t.clone() for n, t in model.weights.module.state_dict().items()}
    hooked = cond.add_hooks(red, Hooks((hook,)))
    both = cond.combine(cond.set_mask(hooked, masks[0]), cond.set_mask(blue, masks[1]))
    found = predict(model, x, both)
    styled, _ = apply_lora(model, None, load_lora(path), 0.8)
    assert torch.equal(found[..., :8], predict(styled, x, red)[..., :8])
    assert torch.equal(found[..., 8:], predict(model, x, blue)[..., 8:])
    assert not torch.allclose(found[..., :8], predict(model, x, red)[..., :8], atol=1e-3)
    after = model.weights.module.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_side_with_bounds_of_its_own_is_untouched_through_a_whole_run(
    model: wd.Model, clip: wd.Clip, hook: Hook, masks: tuple[Tensor, Tensor]
) -> None:
    red, blue = wd.encode_text(clip, "a red circle"), wd.encode_text(clip, "blue square")

    def run(hooks: Hooks) -> Tensor:
        none = wd.encode_text(clip, "")
        positive, negative = (
            cond.combine(
                *(cond.set_mask(c, m, bounds=True) for c, m in zip(two, masks, strict=True))
            )
            for two in ((cond.add_hooks(red, hooks), blue), (none, none))
        )
        return wd.sample(
            model,
            positive,
            negative,
            wd.empty_latent(128, 64),
            seed=3,
            steps=3,
            cfg=4.0,
            sampler_name="euler",
            scheduler="normal",
        ).samples

    plain, styled = run(Hooks()), run(Hooks((hook,)))
    # Rows run in other batches, which round otherwise.
    assert torch.allclose(plain[..., 8:], styled[..., 8:], rtol=1e-4, atol=1e-3)
    assert not torch.allclose(plain[..., :8], styled[..., :8], rtol=0.1, atol=1.0)


def test_rows_with_the_same_hooks_share_a_call(
    model: wd.Model, clip: wd.Clip, hook: Hook, x: Tensor
) -> None:
    red, none = wd.encode_text(clip, "a red circle"), wd.encode_text(clip, "")
    hooks = Hooks((hook,))
    with calls_of(model) as seen, torch.no_grad():
        denoiser = open_denoiser(model)
        for sides in (
            (cond.add_hooks(red, hooks), cond.add_hooks(none, hooks)),
            (cond.add_hooks(red, hooks), none),
        ):
            denoiser.predict_sides(x, SIGMA, [(sides[0], False), (sides[1], True)])
    assert seen == [2, 1, 1]


def test_counterpart_of_an_area_gets_the_hooks_with_it(
    model: wd.Model, clip: wd.Clip, hook: Hook, path: Path, x: Tensor
) -> None:
    area = wd.Area(0, 0, 64, 64)
    red, none = wd.encode_text(clip, "a red circle"), wd.encode_text(clip, "")
    hooked = cond.set_area(cond.add_hooks(red, Hooks((hook,))), area, 1.0)
    positive = cond.combine(hooked, red)
    with torch.no_grad():
        sides = [(positive, False), (none, True)]
        _, negative = open_denoiser(model).predict_sides(x, SIGMA, sides)
    styled, _ = apply_lora(model, None, load_lora(path), 0.8)
    alone = predict(styled, x[..., :8], none)
    whole = predict(model, x, none)
    # Weight of the area at its left edge is 1, as is that of the whole.
    assert torch.allclose(negative[..., 0], (alone[..., 0] + whole[..., 0]) / 2, atol=1e-4)


def test_hooks_of_several_kinds_act_together(
    model: wd.Model, clip: wd.Clip, hook: Hook, path: Path, x: Tensor, tmp_path: Path
) -> None:
    other, text, _ = wd.load_checkpoint(models.tiny_sd1(tmp_path / "other.safetensors", seed=77))
    red = wd.encode_text(clip, "a red circle")
    change = Hook(ModelChange(other, text))
    found = predict(model, x, cond.add_hooks(red, Hooks((change,))))
    assert torch.allclose(found, predict(other, x, red), atol=1e-4)
    found = predict(model, x, cond.add_hooks(red, Hooks((hook, change))))
    styled, _ = apply_lora(other, None, load_lora(path), 0.8)
    assert torch.allclose(found, predict(styled, x, red), atol=1e-3)


def test_hook_for_another_family_names_both(
    model: wd.Model, clip: wd.Clip, x: Tensor, tmp_path: Path
) -> None:
    file = tmp_path / "wide.safetensors"
    layer = next(n for n in model.weights.shapes if n.endswith("attn1.to_q.weight"))
    stem = "lora_unet_" + layer.removesuffix(".weight").replace(".", "_")
    shapes = {"lora_up.weight": (999, 2), "lora_down.weight": (2, 7)}
    save_file({f"{stem}.{name}": torch.ones(shape) for name, shape in shapes.items()}, file)
    hook = Hook(LoraChange(str(file), load_lora(file).content_digest))
    hooked = cond.add_hooks(wd.encode_text(clip, "red"), Hooks((hook,)))
    with pytest.raises(wd.ModelError, match="does not fit"):
        predict(model, x, hooked)
    changed = Hook(LoraChange(str(file), "0" * 64))
    with pytest.raises(wd.ModelError, match="changed"):
        predict(model, x, cond.add_hooks(wd.encode_text(clip, "red"), Hooks((changed,))))


def test_run_holds_few_networks_at_once(model: wd.Model, hook: Hook) -> None:
    networks = HookedNetworks(model, AT)
    plain = networks.network(())
    assert plain is networks.network(())
    found = [networks.network(((hook, k / 10),)) for k in range(1, KEPT + 3)]
    assert len({id(network) for network in found}) == len(found)
    assert len(networks._held) == KEPT
    assert networks.network(((hook, (KEPT + 2) / 10),)) is found[-1]


# --- text encoders --------------------------------------------------------------------------------


def test_clip_hooks_encode_with_the_lora_and_mark_the_prompt(
    model: wd.Model, clip: wd.Clip, hook: Hook, path: Path
) -> None:
    _, styled = apply_lora(model, clip, load_lora(path), 1.0, 0.6)
    assert styled is not None
    expected = wd.encode_text(styled, "a red circle").entries[0].tokens
    hooks = Hooks((hook,))
    for mark in (True, False):
        hooked = replace(clip, hooks=ClipHooks(hooks, mark))
        (entry,) = wd.encode_text(hooked, "a red circle").entries
        assert torch.equal(entry.tokens, expected)
        assert entry.hooks == (hooks if mark else Hooks())
    plain = wd.encode_text(clip, "a red circle").entries[0].tokens
    assert not torch.allclose(plain, expected, atol=1e-3)


def test_scheduled_clip_hooks_encode_for_each_part(
    model: wd.Model, clip: wd.Clip, hook: Hook, x: Tensor
) -> None:
    hooks = Hooks((replace(hook, frames=(Keyframe(0.0, 0.0), Keyframe(0.5, 1.0))),))
    found = wd.encode_text(replace(clip, hooks=ClipHooks(hooks, True, True)), "a red circle")
    assert [(e.encoded_start, e.encoded_end) for e in found.entries] == [(0.0, 0.5), (0.5, 1.0)]
    plain = wd.encode_text(clip, "a red circle").entries[0].tokens
    assert torch.equal(found.entries[0].tokens, plain)
    assert not torch.allclose(found.entries[1].tokens, plain, atol=1e-3)
    # Times that are set later hold besides: nothing acts before 0.7 then.
    late = cond.set_range(found, 0.7, 1.0)
    with pytest.raises(wd.SamplingError, match="prompt acts"):
        predict(model, x, late, AT(0.6))
    predict(model, x, late, AT(0.8))


def test_clip_hooks_without_a_schedule_take_the_first_keyframe(
    clip: wd.Clip, hook: Hook, path: Path, model: wd.Model
) -> None:
    hooks = Hooks((replace(hook, frames=(Keyframe(0.2, 0.5), Keyframe(0.6, 1.0))),))
    (entry,) = wd.encode_text(replace(clip, hooks=ClipHooks(hooks)), "red").entries
    _, styled = apply_lora(model, clip, load_lora(path), 1.0, 0.3)
    assert styled is not None
    assert torch.equal(entry.tokens, wd.encode_text(styled, "red").entries[0].tokens)


# --- keyframes ------------------------------------------------------------------------------------


def strengths(frames: tuple[Keyframe, ...], *fractions: float) -> list[float]:
    walk = Walk(frames, AT)
    return [walk.strength(14.6 if f == 0 else AT(f)) for f in fractions]


def test_keyframe_acts_from_its_start_on() -> None:
    frames = HookKeyframes().plus(Keyframe(0.5, 0.2), Keyframe(0.0, 1.0)).frames
    assert [frame.start for frame in frames] == [0.0, 0.5]
    assert strengths(frames, 0, 0.2, 0.49, 0.5, 0.9) == [1.0, 1.0, 1.0, 0.2, 0.2]


def test_first_keyframe_acts_from_the_beginning_wherever_it_starts() -> None:
    assert strengths((Keyframe(0.6, 0.3),), 0, 0.5, 0.9) == [0.3, 0.3, 0.3]
    assert strengths((), 0, 0.5) == [1.0, 1.0]


def test_keyframes_that_are_due_together_act_one_after_the_other() -> None:
    frames = (Keyframe(0.0, 1.0), Keyframe(0.1, 2.0), Keyframe(0.2, 3.0))
    assert strengths(frames, 0, 0.5, 0.6, 0.7) == [1.0, 2.0, 3.0, 3.0]
    loose = (Keyframe(0.0, 1.0), Keyframe(0.1, 2.0, 0), Keyframe(0.2, 3.0, 0))
    assert strengths(loose, 0, 0.5, 0.6) == [1.0, 3.0, 3.0]


def test_keyframes_before_the_run_owe_no_evaluation() -> None:
    frames = (Keyframe(0.0, 1.0), Keyframe(0.1, 2.0), Keyframe(0.2, 3.0), Keyframe(0.9, 4.0))
    assert strengths(frames, 0.5, 0.6, 0.95) == [3.0, 3.0, 4.0]


def test_second_question_at_one_noise_level_is_the_same_evaluation() -> None:
    frames = (Keyframe(0.0, 1.0, 2), Keyframe(0.1, 2.0))
    walk = Walk(frames, AT)
    assert [walk.strength(s) for s in (9.0, 9.0, 3.0, 3.0, 2.0)] == [1.0, 1.0, 2.0, 2.0, 2.0]
    late = Walk((Keyframe(0.3, 1.0, 2), Keyframe(0.4, 2.0)), AT)
    assert [late.strength(s) for s in (9.0, 9.0, 0.3, 0.3, 0.2)] == [1.0, 1.0, 1.0, 1.0, 2.0]


def test_strength_changes_the_prediction_with_the_keyframes(
    model: wd.Model, clip: wd.Clip, hook: Hook, path: Path, x: Tensor
) -> None:
    red = wd.encode_text(clip, "a red circle")
    frames = (Keyframe(0.0, 0.0), Keyframe(0.5, 0.5))
    hooked = cond.add_hooks(red, Hooks((replace(hook, frames=frames),)))
    with torch.no_grad():
        denoiser = open_denoiser(model)
        early, late = (denoiser.predict(x, AT(f), hooked) for f in (0.2, 0.6))
    styled, _ = apply_lora(model, None, load_lora(path), 0.4)
    assert torch.equal(early, predict(model, x, red, AT(0.2)))
    assert torch.equal(late, predict(styled, x, red, AT(0.6)))


def test_numbers_between_two_follow_the_named_curve() -> None:
    assert interpolated(5, 1.0, 3.0) == (1.0, 1.5, 2.0, 2.5, 3.0)
    assert interpolated(3, 0.0, 1.0, "ease_in") == (0.0, 0.25, 1.0)
    assert interpolated(3, 0.0, 1.0, "ease_out") == (0.0, 0.75, 1.0)
    assert interpolated(3, 0.0, 1.0, "ease_in_out") == pytest.approx((0.0, 0.5, 1.0))
    assert interpolated(1, 0.3, 1.0) == (0.3,)
    assert keyframes_over([1, 2, 4], 0.2, 0.8) == (
        Keyframe(0.2, 1.0, 1),
        Keyframe(0.5, 2.0, 0),
        Keyframe(0.8, 4.0, 0),
    )


def test_parts_for_text_end_where_any_strength_changes(hook: Hook) -> None:
    one = replace(hook, strength_clip=2.0, frames=(Keyframe(0.0, 1.0), Keyframe(0.4, 0.5)))
    two = replace(hook, strength_clip=1.0, frames=(Keyframe(0.3, 1.0), Keyframe(0.7, 1.0)))
    found: Any = [(a, b, [s for _, s in held]) for a, b, held in clip_parts(Hooks((one, two)))]
    assert found == [(0.0, 0.4, [2.0, 1.0]), (0.4, 1.0, [1.0, 1.0])]


def falling(fraction: float) -> float:
    """A schedule without a table."""
    return 10.0 * (1.0 - fraction)


FRAMES = st.lists(
    st.builds(
        Keyframe,
        st.floats(0, 1),
        st.sampled_from([0.0, 0.5, 1.0, 2.0]),
        st.integers(0, 3),
    ),
    max_size=6,
)


@given(FRAMES, st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_walk_never_goes_back_and_ends_at_the_last_keyframe_that_is_due(
    frames: list[Keyframe], fractions: list[float]
) -> None:
    numbered = [replace(frame, strength=float(n)) for n, frame in enumerate(frames)]
    ordered = HookKeyframes().plus(*numbered).frames
    places = [ordered.index(frame) for frame in ordered]
    walk = Walk(ordered, falling)
    seen = [walk.strength(falling(fraction)) for fraction in sorted(fractions)]
    if not frames:
        assert seen == [1.0] * len(seen)
        return
    index = {frame.strength: place for frame, place in zip(ordered, places, strict=True)}
    steps = [index[strength] for strength in seen]
    assert steps == sorted(steps)
    last = falling(max(fractions))
    due = [n for n, frame in enumerate(ordered) if falling(frame.start) >= last]
    assert steps[-1] <= max(due, default=0)
    if all(frame.steps == 0 for frame in ordered) and len(set(fractions)) > 1:
        assert steps[-1] == max(due, default=0)


@given(FRAMES, FRAMES)
def test_parts_for_text_cover_the_schedule_once(one: list[Keyframe], two: list[Keyframe]) -> None:
    hooks = Hooks(
        tuple(
            Hook(LoraChange(name, name), frames=HookKeyframes().plus(*frames).frames)
            for name, frames in (("a", one), ("b", two))
        )
    )
    parts = clip_parts(hooks)
    assert parts[0][0] == 0.0
    assert parts[-1][1] == 1.0
    assert all(a[1] == b[0] and a[2] != b[2] for a, b in itertools.pairwise(parts))


def test_combined_hooks_act_once_and_chained_ones_add_up(hook: Hook) -> None:
    one = Hooks((hook,))
    assert one.combined(one) == one
    assert one.combined(None) is one
    assert one.combined(Hooks()) is one
    assert len(one.chained(hook).chained(hook).hooks) == 3

"""LoRAs on a model: descriptions over shared weights, exact and in any order."""

from __future__ import annotations

import gc
import itertools
import logging
import weakref
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import weft.diffusion as wd
from weft.diffusion.patches.lora.apply import apply_lora, fit_lora
from weft.diffusion.patches.lora.file import LoraFile, load_lora

from .... import models
from .conftest import Write, kohya, random


def state(weights: wd.Weights) -> dict[str, torch.Tensor]:
    return dict(weights.module.state_dict())


def lora(write: Write, model: wd.Model, seed: int = 0) -> LoraFile:
    return load_lora(write(kohya(model.weights, seed=seed), name=f"{seed}.safetensors"))


def test_lora_adds_strength_times_alpha_over_rank_times_up_down(
    write: Write, model: wd.Model
) -> None:
    tensors = kohya(model.weights, alpha=1.0)
    patched, _ = apply_lora(model, None, load_lora(write(tensors)), 0.7)
    plain, found = state(model.weights), state(patched.weights)
    for stem in {name.split(".")[0] for name in tensors}:
        name = next(n for n in plain if "lora_unet_" + n[:-7].replace(".", "_") == stem)
        up, down = tensors[f"{stem}.lora_up.weight"], tensors[f"{stem}.lora_down.weight"]
        expected = plain[name].double() + 0.7 * 0.5 * up.double() @ down.double()
        assert float((found[name] - expected).abs().max()) < 1e-6


def test_lora_leaves_the_shared_weights_alone_and_shares_what_it_does_not_touch(
    write: Write, model: wd.Model
) -> None:
    before = {name: tensor.clone() for name, tensor in state(model.weights).items()}
    patched, _ = apply_lora(model, None, lora(write, model))
    plain, found = model.weights.module, patched.weights.module
    assert all(torch.equal(tensor, before[name]) for name, tensor in plain.state_dict().items())
    touched = {n for n in before if not torch.equal(found.state_dict()[n], before[n])}
    assert touched and all(".attn" in name for name in touched)
    ours = dict(plain.named_parameters())
    for name, parameter in found.named_parameters():
        assert (parameter is ours[name]) == (name not in touched)


def test_lora_of_strength_0_is_the_very_same_model(
    write: Write, model: wd.Model, clip: wd.Clip
) -> None:
    patched, text = apply_lora(model, clip, lora(write, model), 0.0, 0.0)
    assert patched is model
    assert text is clip


def test_lora_and_its_opposite_cancel_and_one_block_can_be_left_out(
    write: Write, model: wd.Model
) -> None:
    style = lora(write, model)
    there, _ = apply_lora(model, None, style, 1.0)
    back, _ = apply_lora(there, None, style, -1.0)
    plain = state(model.weights)
    for name, tensor in state(back.weights).items():
        assert float((tensor - plain[name]).abs().max()) < 1e-6
    only_up, _ = apply_lora(model, None, style, blocks={"": 0.0, "OUT": 1.0})
    touched = {n for n, t in state(only_up.weights).items() if not torch.equal(t, plain[n])}
    assert touched and all(name.startswith("up_blocks.") for name in touched)


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(st.permutations(range(3)), st.lists(st.sampled_from([-1.0, 0.3, 2.0]), min_size=3))
def test_loras_in_any_order_give_the_same_handle(
    write: Write, model: wd.Model, order: list[int], strengths: list[float]
) -> None:
    styles = [lora(write, model, seed) for seed in range(3)]

    def applied(numbers: Any) -> wd.Model:
        result = model
        for number in numbers:
            result, _ = apply_lora(result, None, styles[number], strengths[number])
        return result

    first, second = applied(range(3)), applied(order)
    assert first.weights is second.weights
    assert first.weights.content_digest != model.weights.content_digest


def test_loras_that_differ_in_anything_have_another_digest(write: Write, model: wd.Model) -> None:
    one, two = lora(write, model, 1), lora(write, model, 2)
    variants = [
        apply_lora(model, None, one, 1.0)[0],
        apply_lora(model, None, one, 0.5)[0],
        apply_lora(model, None, two, 1.0)[0],
        apply_lora(model, None, one, 1.0, blocks={"MID": 0.5})[0],
        apply_lora(apply_lora(model, None, one)[0], None, one)[0],
    ]
    digests = [v.weights.content_digest for v in (model, *variants)]
    assert len(set(digests)) == len(digests)


def test_lora_changes_the_text_encoder_by_its_own_strength(
    write: Write, model: wd.Model, clip: wd.Clip
) -> None:
    tensors = kohya(model.weights) | kohya(clip.weights, "lora_te_text_model_", seed=9)
    style = load_lora(write(tensors))
    same, changed = apply_lora(model, clip, style, 0.0, 0.5)
    assert same is model and changed is not None
    assert changed.weights.content_digest != clip.weights.content_digest
    plain = wd.encode_text(clip, "a red circle").entries[0].tokens
    styled = wd.encode_text(changed, "a red circle").entries[0].tokens
    assert float((plain - styled).abs().max()) > 1e-3
    again = wd.encode_text(clip, "a red circle").entries[0].tokens
    assert torch.equal(plain, again)


def test_lora_sampled_and_removed_leaves_the_plain_picture_bit_for_bit(
    write: Write, model: wd.Model, prompts: tuple[wd.Conditioning, wd.Conditioning]
) -> None:
    def picture(used: wd.Model) -> torch.Tensor:
        return wd.sample(
            used, *prompts, wd.empty_latent(64, 64), seed=3, steps=2, cfg=3.0,
            sampler_name="euler", scheduler="normal",
        ).samples  # fmt: skip

    before = picture(model)
    patched, _ = apply_lora(model, None, lora(write, model))
    styled = picture(patched)
    assert float((styled - before).abs().max()) > 1e-3
    assert torch.equal(picture(model), before)
    assert torch.equal(picture(patched), styled)


def test_lora_of_another_family_is_refused_with_both_named(write: Write, model: wd.Model) -> None:
    tensors = {
        "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_up.weight": random(640, 4),
        "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_down.weight": random(
            4, 2048
        ),
        "lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_up.weight": random(5120, 4),
        "lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": random(4, 1280),
    }
    style = load_lora(write(tensors))
    assert style.family == "sdxl"
    with pytest.raises(wd.ModelError) as caught:
        apply_lora(model, None, style)
    assert caught.value.code == "model.kinds_do_not_fit"
    assert "(SDXL)" in str(caught.value) and "(SD1.x)" in str(caught.value)


def test_lora_of_other_widths_is_refused_with_the_layer(write: Write, model: wd.Model) -> None:
    tensors = kohya(model.weights)
    tensors |= {n: torch.cat([t, t]) for n, t in tensors.items() if n.endswith("lora_up.weight")}
    with pytest.raises(wd.ModelError) as caught:
        apply_lora(model, None, load_lora(write(tensors)))
    assert caught.value.code == "model.kinds_do_not_fit"
    assert "attn" in str(caught.value)


def test_lora_layers_that_belong_nowhere_are_reported(
    write: Write, model: wd.Model, clip: wd.Clip, caplog: pytest.LogCaptureFixture
) -> None:
    tensors = kohya(model.weights)
    tensors |= {
        "lora_unet_moon.lora_up.weight": random(4, 2),
        "lora_unet_moon.lora_down.weight": random(2, 4),
        "scribbles": random(3),
    }
    style = load_lora(write(tensors))
    fit = fit_lora(model, clip, style)
    assert set(fit.unused) == {"lora_unet_moon", "scribbles"}
    with caplog.at_level(logging.WARNING):
        apply_lora(model, clip, style)
    assert "lora_unet_moon" in caplog.text


def test_lora_text_part_without_a_text_encoder_is_no_leftover(
    write: Write, model: wd.Model, clip: wd.Clip
) -> None:
    style = load_lora(write(kohya(model.weights) | kohya(clip.weights, "lora_te_text_model_")))
    assert fit_lora(model, None, style).unused == ()


def test_lora_of_a_checkpoint_is_refused(tmp_path: Any) -> None:
    path = models.tiny_sd1(tmp_path / "whole.safetensors")
    with pytest.raises(wd.ModelError) as caught:
        load_lora(path)
    assert caught.value.code == "model.wrong_kind"
    assert "full checkpoint" in str(caught.value)


def test_lora_cut_in_half_is_refused(write: Write, model: wd.Model) -> None:
    tensors = kohya(model.weights)
    name = next(name for name in tensors if "lora_down" in name)
    del tensors[name]
    with pytest.raises(wd.ModelError) as caught:
        load_lora(write(tensors))
    assert caught.value.code == "lora.incomplete"


@pytest.mark.parametrize("suffix", [".oft_diag", ".oft_R.weight", ".bias_indices"])
def test_algorithms_that_are_not_read_are_named(write: Write, suffix: str) -> None:
    tensors = {"lora_unet_x.lora_up.weight": random(4, 2), f"lora_unet_y{suffix}": random(4)}
    with pytest.raises(wd.ModelError) as caught:
        load_lora(write(tensors))
    assert caught.value.code == "lora.unsupported_algorithm"


def test_patched_modules_die_with_their_descriptions(write: Write, model: wd.Model) -> None:
    style = lora(write, model)
    watched = []
    for strength in itertools.islice(itertools.count(1), 5):
        patched, _ = apply_lora(model, None, style, strength / 7)
        watched.append(weakref.ref(patched.weights.module))
        del patched
    gc.collect()
    assert not [ref for ref in watched if ref() is not None]

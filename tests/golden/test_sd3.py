"""SD3 and SD3.5 against diffusers: same weights, noise and sigmas; and their published layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.families import sampling_of
from weft.diffusion.sampling.schedules import schedule_sigmas
from weft.diffusion.vae.format import SD3

from .. import families
from .pipelines import seeded_noise

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STEPS, CFG, SEED = 4, 5.0, 3
TOLERANCE = 5e-5
"""Of latents in the model's space, whose values are around 1 to 10."""


def both(clip: wd.Clip) -> tuple[wd.Conditioning, wd.Conditioning]:
    return wd.encode_text(clip, "a red circle"), wd.encode_text(clip, "blue square")


def sampled(model: wd.Model, prompts: Any, latent: wd.Latent) -> torch.Tensor:
    done = wd.sample(
        model,
        *prompts,
        latent,
        seed=SEED,
        steps=STEPS,
        cfg=CFG,
        sampler_name="euler",
        scheduler="simple",
    )
    return SD3.to_network(done.samples)


@pytest.mark.parametrize("modern", [False, True], ids=["SD3", "SD3.5"])
def test_sd3_txt2img_matches_diffusers(folder: Path, modern: bool) -> None:
    from diffusers import FlowMatchEulerDiscreteScheduler, StableDiffusion3Pipeline

    made = families.tiny_sd3(folder / f"sd3-{modern}.safetensors", modern=modern)
    model, clip, vae = wd.load_checkpoint(made.path)
    assert (model.family, vae.family) == ("sd3", "sd3")
    prompts = both(clip)
    pipe = StableDiffusion3Pipeline(
        transformer=made.network,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.0),
        vae=made.vae,
        text_encoder=None,
        tokenizer=None,
        text_encoder_2=None,
        tokenizer_2=None,
        text_encoder_3=None,
        tokenizer_3=None,
    )
    pipe.set_progress_bar_config(disable=True)
    positive, negative = (p.entries[0] for p in prompts)
    expected = pipe(
        prompt_embeds=padded(positive.tokens),
        negative_prompt_embeds=padded(negative.tokens),
        pooled_prompt_embeds=positive.pooled,
        negative_pooled_prompt_embeds=negative.pooled,
        sigmas=schedule_sigmas("simple", sampling_of(model).table(), STEPS)[:-1],
        guidance_scale=CFG,
        height=64,
        width=64,
        latents=seeded_noise(SEED, 1, 16, 8, 8),
        output_type="latent",
    ).images
    got = sampled(model, prompts, wd.empty_latent(64, 64))
    assert float((got - expected).abs().max()) < TOLERANCE


def padded(tokens: torch.Tensor) -> torch.Tensor:
    width = families.L_WIDTH + families.G_WIDTH
    return torch.nn.functional.pad(tokens, (0, width - tokens.shape[-1]))


def test_sd3_text_joins_clip_side_by_side_and_t5_behind(folder: Path) -> None:
    made = families.tiny_sd3(folder / "sd3-text.safetensors")
    _, clip, _ = wd.load_checkpoint(made.path)
    small, large, t5 = made.encoders
    entry = wd.encode_text(clip, "a red circle").entries[0]
    with torch.no_grad():
        one = small(input_ids=torch.tensor([[0, 3, 4, 7] + [1] * 73]), output_hidden_states=True)
        two = large(input_ids=torch.tensor([[0, 3, 4, 7, 1] + [0] * 72]), output_hidden_states=True)
        three = t5(input_ids=torch.tensor([[3, 4, 7, 1] + [0] * 73])).last_hidden_state
    first = torch.cat([one.hidden_states[-2], two.hidden_states[-2]], dim=-1)
    expected = torch.cat([first, padded(three)], dim=1)
    assert entry.pooled is not None
    assert float((entry.tokens - expected).abs().max()) < 1e-5
    pooled = torch.cat([one.text_embeds, two.text_embeds], dim=-1)
    assert float((entry.pooled - pooled).abs().max()) < 1e-5


def test_padding_of_t5_is_as_said(folder: Path) -> None:
    from weft.nodes.text.text_encoder import t5_tokenizer_options

    made = families.tiny_sd3(folder / "sd3-padding.safetensors", seed=5)
    _, clip, _ = wd.load_checkpoint(made.path)
    t5 = made.encoders[2]

    def text(**options: int) -> torch.Tensor:
        told = t5_tokenizer_options(clip, **options) if options else clip
        return wd.encode_text(told, "a red circle").entries[0].tokens[:, 77:]

    # The prompt is 4 tokens long; CLIP's 77 stand before it.
    assert text().shape[1] == 77
    assert text(min_length=0).shape[1] == 4
    assert text(min_padding=3).shape[1] == 7
    assert text(min_padding=3, min_length=10).shape[1] == 10
    with torch.no_grad():
        own = t5(input_ids=torch.tensor([[3, 4, 7, 1] + [0] * 6])).last_hidden_state
    assert float((text(min_length=10) - padded(own)).abs().max()) < 1e-5


def test_hooks_reach_every_way_to_encode(folder: Path) -> None:
    from dataclasses import replace

    from weft.diffusion.families.sd3 import encode_sd3
    from weft.diffusion.types.hooks import ClipHooks, Hook, Hooks, ModelChange

    _, clip, _ = wd.load_checkpoint(families.tiny_sd3(folder / "sd3-one.safetensors", seed=6).path)
    other, its, _ = wd.load_checkpoint(
        families.tiny_sd3(folder / "sd3-two.safetensors", seed=7).path
    )
    hooks = Hooks((Hook(ModelChange(other, its)),))
    hooked = replace(clip, hooks=ClipHooks(hooks))
    texts = ("a red circle", None, "blue square")
    found, expected = (encode_sd3(each, texts).entries[0] for each in (hooked, its))
    assert torch.allclose(found.tokens, expected.tokens, atol=1e-5)
    assert found.hooks == hooks
    assert torch.allclose(
        wd.encode_text(hooked, "red").entries[0].tokens,
        wd.encode_text(its, "red").entries[0].tokens,
        atol=1e-5,
    )


def test_sd3_without_t5_runs_with_clip_alone(folder: Path) -> None:
    made = families.tiny_sd3(folder / "sd3-clips.safetensors", with_t5=False)
    model, clip, _ = wd.load_checkpoint(made.path)
    assert [w.extras["role"] for w in clip.encoders] == ["CLIP-L", "CLIP-G"]
    prompts = both(clip)
    assert prompts[0].entries[0].tokens.shape == (1, 77, families.L_WIDTH + families.G_WIDTH)
    assert sampled(model, prompts, wd.empty_latent(64, 64)).isfinite().all()


def test_sd3_folder_holds_the_same_as_the_single_file(folder: Path, tmp_path: Path) -> None:
    made = families.tiny_sd3(folder / "sd3-folder.safetensors", modern=True)
    parts = ("text_encoder", "text_encoder_2", "text_encoder_3")
    root = families.folder(
        tmp_path / "sd3", made, parts, vae={"scaling_factor": 1.5305, "shift_factor": 0.0609}
    )
    left, right = wd.load_checkpoint(made.path), wd.load_checkpoint(root)
    for one, other in zip(left, right, strict=True):
        state, again = one.weights.module.state_dict(), other.weights.module.state_dict()
        assert state.keys() == again.keys()
        assert all(torch.equal(state[name], again[name]) for name in state)
    for text in ("a red circle", "blue"):
        one = wd.encode_text(left[1], text).entries[0]
        other = wd.encode_text(right[1], text).entries[0]
        assert torch.equal(one.tokens, other.tokens)


def test_latent_of_another_vae_is_refused_with_both_kinds_named(folder: Path) -> None:
    made = families.tiny_sd3(folder / "sd3-latent.safetensors")
    model, clip, vae = wd.load_checkpoint(made.path)
    with pytest.raises(wd.ShapeError) as caught:
        sampled(model, both(clip), wd.Latent(torch.ones(1, 16, 8, 8), "flux"))
    assert (caught.value.code, "SD3" in str(caught.value)) == ("latent.does_not_fit", True)
    assert "flux" in str(caught.value)
    with pytest.raises(wd.ShapeError):
        wd.decode_latent(vae, wd.Latent(torch.ones(1, 4, 8, 8)))

"""Rules that act inside of a network: off is exactly plain, on has the paper's effect."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.guidance.apply import block_names, with_rule
from weft.diffusion.guidance.attention import (
    DifferentialDiffusion,
    PerturbedAttention,
    SelfAttentionGuidance,
    SkipLayers,
    SkipLayersOfNegative,
    attention_map,
    blur,
)
from weft.diffusion.guidance.features import FeatureScales, FreeU, feature_scales, scaled_features
from weft.diffusion.guidance.network import (
    Attention,
    install_block_switches,
    middle_attention,
    skipped_blocks,
)
from weft.nodes.models import free_u, network_rules, skip_layers
from weft.nodes.sampling import guidance as nodes
from weft.nodes.sampling import guidance_rescale

from ..sampling.test_sample import calls, run

Prompts = tuple[wd.Conditioning, wd.Conditioning]


def call(model: wd.Model, x: torch.Tensor) -> torch.Tensor:
    """One plain call of a UNet."""
    unet = model.weights.module
    text = torch.randn(len(x), 77, 64, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        out: torch.Tensor = unet(x, 500, encoder_hidden_states=text, return_dict=False)[0]
    return out


X = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(3))


def test_switched_attention_is_diffusers_own(model: wd.Model) -> None:
    from diffusers.models.attention_processor import AttnProcessor2_0

    unet: Any = model.weights.module
    ours = unet.attn_processors
    mine = call(model, X)
    try:
        unet.set_attn_processor(
            {k: AttnProcessor2_0() if "attn1" in k else v for k, v in ours.items()}
        )
        assert torch.equal(call(model, X), mine)
    finally:
        unet.set_attn_processor(ours)


def test_perturbed_attention_takes_the_values_of_every_place_itself(model: wd.Model) -> None:
    unet: Any = model.weights.module
    attn = unet.mid_block.attentions[0].transformer_blocks[0].attn1
    hidden = torch.randn(2, 16, attn.to_q.in_features)
    with torch.no_grad(), middle_attention(Attention(identity=True)):
        assert torch.equal(attn(hidden), attn.to_out[0](attn.to_v(hidden)))
    with torch.no_grad():
        assert not torch.allclose(attn(hidden), attn.to_out[0](attn.to_v(hidden)))


def test_watched_attention_gives_its_scores_and_the_same_result(model: wd.Model) -> None:
    found: list[torch.Tensor] = []
    plain = call(model, X)
    with middle_attention(Attention(scores=found)):
        watched = call(model, X)
    assert torch.equal(watched, plain)
    (scores,) = found
    places = scores.shape[-1]
    assert scores.shape == (2, scores.shape[1], places, places)
    assert torch.allclose(scores.sum(-1), torch.ones(()), atol=1e-5)


def test_pag_leads_away_from_the_perturbed_picture(model: wd.Model, prompts: Prompts) -> None:
    plain = run(model, prompts, steps=1, cfg=1.0)
    one, two = (
        run(with_rule(model, PerturbedAttention(s)), prompts, steps=1, cfg=1.0).samples
        for s in (1.0, 2.0)
    )
    assert not torch.allclose(one, plain.samples, atol=1e-3)
    assert torch.allclose(two - plain.samples, 2 * (one - plain.samples), atol=1e-2)


def test_pag_costs_one_evaluation_of_the_positive_side(model: wd.Model, prompts: Prompts) -> None:
    with calls(model) as seen:
        run(with_rule(model, PerturbedAttention()), prompts, steps=1)
    assert seen == [(2, 77), (1, 77)]


def test_sag_leads_away_from_the_blurred_picture(model: wd.Model, prompts: Prompts) -> None:
    with calls(model) as seen:
        guided = run(with_rule(model, SelfAttentionGuidance(0.75)), prompts, steps=1)
    assert seen == [(1, 77)] * 3  # the negative side runs alone, to be watched
    assert not torch.allclose(guided.samples, run(model, prompts, steps=1).samples, atol=1e-3)


def test_sag_leaves_tiny_latents_alone(model: wd.Model, prompts: Prompts) -> None:
    tiny = wd.empty_latent(32, 64)
    plain = run(model, prompts, tiny, steps=1)
    guided = run(with_rule(model, SelfAttentionGuidance(0.75)), prompts, tiny, steps=1)
    assert torch.allclose(guided.samples, plain.samples, rtol=1e-4, atol=1e-2)


def test_attention_map_marks_where_attention_goes() -> None:
    scores = torch.full((1, 2, 8, 8), 0.02)
    scores[..., 5] = 0.86  # all look at place 5: row 1, column 1 of 2 x 4
    found = attention_map(scores, torch.zeros(1, 4, 4, 8))
    assert found.shape == (1, 1, 4, 8)
    assert found[0, 0].nonzero().tolist() == [[2, 2], [2, 3], [3, 2], [3, 3]]


def test_blur_keeps_the_mean_and_takes_contrast() -> None:
    x = torch.rand(1, 2, 16, 16)
    assert torch.equal(blur(x, 0.0), x)
    assert blur(x, 2.0).std() < 0.5 * x.std()
    flat = torch.full((1, 2, 16, 16), 0.3)
    assert torch.allclose(blur(flat, 2.0), flat)
    assert blur(torch.rand(1, 2, 3, 5), 2.0).shape == (1, 2, 3, 5)


def test_free_u_scales_half_of_the_features_and_the_low_waves() -> None:
    both = torch.randn(2, 96, 8, 8)  # 64 features, 32 kept
    scales = FeatureScales(b1=9.0, b2=1.5, s1=9.0, s2=0.0)
    got = scaled_features(both, 64, 32, scales)
    assert torch.equal(got[:, :32], both[:, :32] * 1.5)
    assert torch.equal(got[:, 32:64], both[:, 32:64])
    # Without the lowest waves nothing is left of the mean.
    assert torch.allclose(got[:, 64:].mean((2, 3)), torch.zeros(2, 32), atol=1e-6)
    assert scaled_features(both, 32, 32, scales) is both


def test_free_u_v2_scales_most_where_features_are_strong() -> None:
    both = torch.rand(1, 96, 8, 8) + 0.1
    both[:, :64, 2, 3] = 5.0
    got = scaled_features(both, 64, 32, FeatureScales(1, 1.5, 1, 1, by_mean=True))
    factor = (got / both)[:, :32].mean(1)[0]
    assert factor[2, 3] == pytest.approx(1.5, rel=1e-5)
    assert factor.min() == pytest.approx(1.0, rel=1e-5)


def test_free_u_matches_diffusers_own(model: wd.Model) -> None:
    """diffusers scales the first two decoder blocks, which the tiny UNet's two are."""
    from diffusers.utils.torch_utils import fourier_filter

    kept, features = torch.randn(1, 32, 8, 8), torch.randn(1, 64, 8, 8)
    got = scaled_features(torch.cat([features, kept], 1), 64, 16, FeatureScales(1.3, 1, 0.4, 1))
    mean = features.mean(1, keepdim=True)
    assert mean.shape == (1, 1, 8, 8)
    assert torch.allclose(got[:, 64:], fourier_filter(kept, threshold=1, scale=0.4), atol=1e-5)


def test_features_are_scaled_inside_the_block_only(model: wd.Model) -> None:
    plain = call(model, X)
    with feature_scales(FeatureScales(1.4, 1.4, 0.5, 0.5)):
        scaled = call(model, X)
    assert not torch.allclose(scaled, plain, atol=1e-3)
    assert torch.equal(call(model, X), plain)


def test_free_u_acts_on_both_sides_of_guidance(model: wd.Model, prompts: Prompts) -> None:
    rule = FreeU(FeatureScales(1.4, 1.4, 0.5, 0.5))
    with calls(model) as seen:
        scaled = run(with_rule(model, rule), prompts)
    assert seen == [(2, 77)] * 3
    assert not torch.allclose(scaled.samples, run(model, prompts).samples, atol=1e-2)


@pytest.mark.parametrize(
    "off",
    [
        lambda m: guidance_rescale.rescale_cfg(m, multiplier=0.0),
        lambda m: network_rules.perturbed_attention_guidance(m, scale=0.0),
        lambda m: network_rules.self_attention_guidance(m, scale=0.0),
        lambda m: free_u.free_u(m, b1=1.0, b2=1.0, s1=1.0, s2=1.0),
        lambda m: free_u.free_u_v2(m, b1=1.0, b2=1.0, s1=1.0, s2=1.0),
        lambda m: nodes.fresca(m, scale_low=1.0, scale_high=1.0),
        lambda m: guidance_rescale.epsilon_scaling(m, scaling_factor=1.0),
        lambda m: nodes.differential_diffusion(m, strength=0.0),
    ],
)
def test_a_rule_that_is_off_leaves_the_very_model(model: wd.Model, off: Any) -> None:
    assert off(model) is model


def test_skip_layer_guidance_refuses_a_unet(model: wd.Model) -> None:
    with pytest.raises(wd.ModelError, match="transformer"):
        skip_layers.skip_layer_guidance_sd3(model)


def tiny_sd3() -> Any:
    """A random SD3 transformer of three blocks with the switches built in."""
    from diffusers import SD3Transformer2DModel

    torch.manual_seed(0)
    network = SD3Transformer2DModel(
        sample_size=8,
        num_layers=3,
        attention_head_dim=8,
        num_attention_heads=2,
        joint_attention_dim=16,
        caption_projection_dim=16,
        pooled_projection_dim=16,
        out_channels=16,
    )
    with torch.no_grad():
        for block in network.transformer_blocks:
            torch.nn.init.normal_(block.norm1.linear.weight, std=0.5)
    install_block_switches(network)
    return network.eval()


def test_skipped_block_is_as_if_it_were_not_there() -> None:
    network = tiny_sd3()
    generator = torch.Generator().manual_seed(1)
    given = {
        "hidden_states": torch.randn(1, 16, 8, 8, generator=generator),
        "encoder_hidden_states": torch.randn(1, 5, 16, generator=generator),
        "pooled_projections": torch.randn(1, 16, generator=generator),
        "timestep": torch.tensor([500.0]),
        "return_dict": False,
    }
    with torch.no_grad():
        plain = network(**given)[0]
        with skipped_blocks(["double.1"]):
            skipped = network(**given)[0]
        own = network(**given, skip_layers=[1])[0]
        assert torch.equal(network(**given)[0], plain)
    assert not torch.allclose(skipped, plain, atol=1e-4)
    assert torch.equal(skipped, own)


def test_skip_layers_act_in_their_window_only() -> None:
    from weft.diffusion.sampling.guided import Guided

    from .test_rules import CFG, NEGATIVE, PLAIN, POSITIVE, SIGMA, Fake, X

    fake = Fake()
    at = fake.parametrization.table.at_fraction
    outside = SkipLayers(("double.1",), 2.0, 0.0, 0.1)
    assert at(0.1) > SIGMA
    assert torch.equal(Guided(fake, POSITIVE, NEGATIVE, CFG, [outside])(X, SIGMA), PLAIN)
    assert fake.calls == ["2 sides"]
    inside = SkipLayers(("double.1",), 2.0, 0.0, 1.0)
    Guided(fake, POSITIVE, NEGATIVE, CFG, [inside])(X, SIGMA)
    assert fake.calls == ["2 sides", "2 sides", "positive"]


def test_skip_layers_of_the_negative_side_leave_the_other_alone() -> None:
    from weft.diffusion.guidance.network import _skipped
    from weft.diffusion.sampling.guided import Guided

    from .test_rules import CFG, NEGATIVE, POSITIVE, SIGMA, Fake, X

    seen: list[tuple[str, frozenset[str]]] = []

    class Spy(Fake):
        def predict(self, *given: Any, negative: bool = False) -> torch.Tensor:
            seen.append(("negative" if negative else "positive", _skipped.get()))
            return super().predict(*given, negative=negative)

        def predict_sides(self, *given: Any) -> list[torch.Tensor]:
            seen.append((f"{len(given[2])} sides", _skipped.get()))
            return super().predict_sides(*given)

    inside = SkipLayersOfNegative(("double.1",))
    Guided(Spy(), POSITIVE, NEGATIVE, CFG, [inside])(X, SIGMA)
    assert seen == [("1 sides", frozenset()), ("negative", frozenset({"double.1"}))]
    seen.clear()
    outside = SkipLayersOfNegative(("double.1",), 0.0, 0.1)
    Guided(Spy(), POSITIVE, NEGATIVE, CFG, [outside])(X, SIGMA)
    assert seen == [("2 sides", frozenset())]


def test_names_of_blocks_come_from_lists_of_numbers(model: wd.Model) -> None:
    class Transformer:
        weights = type("W", (), {"config": {"num_layers": 3}})()

    names = block_names(Transformer(), "7, 8,9", "1")  # type: ignore[arg-type]
    assert names == ("double.7", "double.8", "double.9", "single.1")
    with pytest.raises(wd.ParameterError, match="layers"):
        block_names(Transformer(), "7; 8")  # type: ignore[arg-type]


def test_differential_diffusion_lets_go_of_darker_places_later() -> None:
    mask = torch.tensor([1.0, 0.6, 0.2, 0.0]).reshape(1, 1, 2, 2)
    rule = DifferentialDiffusion()
    opened = [int(rule.mask_at(mask, progress).sum()) for progress in (1.0, 0.7, 0.5, 0.1)]
    assert opened == [1, 1, 2, 3]
    half = DifferentialDiffusion(0.5).mask_at(mask, 0.7)
    assert torch.allclose(half.flatten(), torch.tensor([1.0, 0.3, 0.1, 0.0]))


def test_differential_diffusion_changes_what_a_soft_mask_does(
    model: wd.Model, prompts: Prompts
) -> None:
    soft = torch.linspace(0, 1, 64).expand(1, 64, 64)
    latent = wd.set_noise_mask(wd.Latent(torch.randn(1, 4, 8, 8)), soft)
    plain = run(model, prompts, latent)
    times = run(with_rule(model, DifferentialDiffusion()), prompts, latent)
    assert not torch.allclose(plain.samples, times.samples, atol=1e-3)
    # The darkest column is let go of only at the last, smallest noise level.
    assert torch.allclose(times.samples[..., 0], latent.samples[..., 0], atol=0.5)
    assert not torch.allclose(times.samples[..., 7], latent.samples[..., 7], atol=5.0)

"""Rules of guidance on made-up pictures, against their papers' formulas in float64."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

import weft.diffusion as wd
from weft.diffusion.guidance.project import (
    AdaptiveProjectedGuidance,
    FrequencyGuidance,
    PerpNeg,
    TangentialDamping,
    scale_frequencies,
)
from weft.diffusion.guidance.rescale import (
    CFGNorm,
    CFGZeroStar,
    EpsilonScaling,
    Mahiro,
    OperationOnGuidance,
    RenormCFG,
    RescaleCFG,
)
from weft.diffusion.guidance.thresholding import MODES, DynamicThresholding
from weft.diffusion.latents.operations import Tonemap
from weft.diffusion.prediction.model_sampling import SD1, SD3, ModelSampling, Parametrization
from weft.diffusion.sampling.guided import Dual, Guided
from weft.diffusion.sampling.masked import Masked
from weft.diffusion.types.guidance import GuidanceRule

SIGMA, CFG = 2.0, 6.0


def prompt(seed: int) -> wd.Conditioning:
    """A conditioning that stands for one clean picture."""
    return wd.Conditioning((wd.ConditioningEntry(torch.full((1, 1, 1), float(seed))),))


def picture(seed: int, batch: int = 2) -> Tensor:
    """Clean pictures, float64."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 4, 6, 5, generator=generator, dtype=torch.float64)[:batch]


class Fake:
    """A denoiser that sees in any x the picture its prompt stands for."""

    def __init__(self, sampling: ModelSampling = SD1) -> None:
        self.parametrization = Parametrization(sampling)
        self.calls: list[str] = []

    def predict(
        self, x: Tensor, sigma: float, conditioning: wd.Conditioning, *, negative: bool = False
    ) -> Tensor:
        self.calls.append("negative" if negative else "positive")
        return picture(int(conditioning.entries[0].tokens), len(x))

    def predict_sides(
        self, x: Tensor, sigma: float, sides: Sequence[tuple[wd.Conditioning, bool]]
    ) -> list[Tensor]:
        self.calls.append(f"{len(sides)} sides")
        return [picture(int(side.entries[0].tokens), len(x)) for side, _ in sides]


POSITIVE, NEGATIVE, EMPTY = prompt(1), prompt(2), prompt(3)
X = 3 * picture(9)


def guide(
    *rules: GuidanceRule, cfg: float = CFG, fake: Any = None, sigma: float = SIGMA, x: Tensor = X
) -> Tensor:
    """The guided picture under some rules."""
    return Guided(fake or Fake(), POSITIVE, NEGATIVE, cfg, rules)(x, sigma)


def cfg_of(wanted: Tensor, unwanted: Tensor, cfg: float = CFG) -> Tensor:
    return unwanted + cfg * (wanted - unwanted)


WANTED, UNWANTED = picture(1), picture(2)
PLAIN = cfg_of(WANTED, UNWANTED)


def test_guidance_without_rules_is_classifier_free() -> None:
    assert torch.equal(guide(), PLAIN)


@pytest.mark.parametrize(
    "rule",
    [
        RescaleCFG(0.0),
        DynamicThresholding(mimic_scale=CFG),
        CFGNorm(1.0),
        EpsilonScaling(1.0),
        FrequencyGuidance(1.0, 1.0),
    ],
    ids=lambda rule: type(rule).__name__,
)
def test_rule_at_its_neutral_setting_changes_nothing(rule: GuidanceRule) -> None:
    # CFGNorm only shortens: a weak guidance leaves it nothing to do.
    small = 0.0 if isinstance(rule, CFGNorm) else CFG
    expected = cfg_of(WANTED, UNWANTED, small)
    if isinstance(rule, CFGNorm):
        expected = expected * (
            WANTED.norm(dim=1, keepdim=True) / expected.norm(dim=1, keepdim=True)
        ).clamp(max=1)
    # float32 inside the Fourier transform of one.
    assert torch.allclose(guide(rule, cfg=small), expected, atol=1e-5)


@pytest.mark.parametrize("sampling", [SD1, SD3], ids=["added", "flow"])
def test_rescale_gives_the_velocity_the_spread_of_the_positive_side(
    sampling: ModelSampling,
) -> None:
    sigma = 0.7
    got = guide(RescaleCFG(1.0), fake=Fake(sampling), sigma=sigma)

    def velocity(clean: Tensor) -> Tensor:
        if sampling.is_flow:
            return (X - clean) / sigma
        # v = alpha eps - sigma x0 in the space where alpha**2 + sigma**2 = 1.
        alpha = 1 / math.sqrt(1 + sigma**2)
        return alpha * (X - clean) / sigma - sigma * alpha * clean

    for item in range(2):
        spread = velocity(got)[item].std()
        assert spread == pytest.approx(float(velocity(WANTED)[item].std()), rel=1e-9)
        direction = velocity(PLAIN)[item] / velocity(PLAIN)[item].norm()
        assert torch.allclose(velocity(got)[item] / velocity(got)[item].norm(), direction)


def test_rescale_by_a_part_lies_between() -> None:
    none, half, whole = (guide(RescaleCFG(m)) for m in (1e-12, 0.5, 1.0))
    assert torch.allclose(half, (none + whole) / 2, atol=1e-9)


def test_dynamic_thresholding_keeps_the_range_of_the_weaker_guidance() -> None:
    got = guide(DynamicThresholding(3.0), cfg=12.0)
    weak, strong = cfg_of(WANTED, UNWANTED, 3.0), cfg_of(WANTED, UNWANTED, 12.0)

    def reach(x: Tensor) -> Tensor:
        return (x - x.mean((2, 3), True)).abs().amax((2, 3))

    assert torch.allclose(reach(got), reach(weak).minimum(reach(strong)))
    assert bool((reach(got) < reach(strong)).any())
    assert torch.allclose(got.mean((2, 3)), strong.mean((2, 3)))
    cut = guide(DynamicThresholding(3.0, 0.8), cfg=12.0)
    around_mean = (cut - strong.mean((2, 3), True)).abs().amax((2, 3))
    assert bool((around_mean <= reach(weak) * (1 + 1e-9)).all())
    assert not torch.allclose(cut, got)


def test_dynamic_thresholding_around_0_scales_by_the_ratio_of_the_ranges() -> None:
    got = guide(DynamicThresholding(3.0, around_mean=False), cfg=12.0)
    weak, strong = cfg_of(WANTED, UNWANTED, 3.0), cfg_of(WANTED, UNWANTED, 12.0)

    def reach(x: Tensor) -> Tensor:
        return (x - x.mean((2, 3), True)).abs().amax((2, 3), True)

    assert torch.allclose(got, strong * reach(weak) / reach(strong))


@pytest.mark.parametrize("by_channel", [True, False])
def test_dynamic_thresholding_by_spread_gives_that_of_the_weaker_guidance(by_channel: bool) -> None:
    got = guide(DynamicThresholding(3.0, by_channel=by_channel, by_spread=True), cfg=12.0)
    weak = cfg_of(WANTED, UNWANTED, 3.0)
    for i in range(2):
        mine, its = (t[i] - t[i].mean((1, 2), True) for t in (got, weak))
        sides: Any = (1, 2) if by_channel else (0, 1, 2)
        assert torch.allclose(mine.std(sides), its.std(sides))


def test_dynamic_thresholding_of_a_whole_picture_has_one_range() -> None:
    got = guide(DynamicThresholding(3.0, by_channel=False), cfg=12.0)
    weak, strong = cfg_of(WANTED, UNWANTED, 3.0), cfg_of(WANTED, UNWANTED, 12.0)
    for i in range(2):
        mine, its, far = (t[i] - t[i].mean((1, 2), True) for t in (got, weak, strong))
        assert torch.allclose(mine, far * (its.abs().max() / far.abs().max()))


def test_dynamic_thresholding_mixes_with_plain_guidance() -> None:
    whole, half = (guide(DynamicThresholding(3.0, share=share)) for share in (1.0, 0.5))
    assert torch.allclose(half, (whole + PLAIN) / 2)


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("Constant", 1.0, (1.0, 1.0, 1.0)),
        ("Linear Down", 1.0, (1.0, 0.5, 0.0)),
        ("Cosine Down", 1.0, (1.0, math.cos(math.pi / 4), 0.0)),
        ("Half Cosine Down", 1.0, (1.0, math.cos(0.5), math.cos(1.0))),
        ("Linear Up", 1.0, (0.0, 0.5, 1.0)),
        ("Cosine Up", 1.0, (0.0, 1 - math.cos(math.pi / 4), 1.0)),
        ("Half Cosine Up", 1.0, (0.0, 1 - math.cos(0.5), 1 - math.cos(1.0))),
        ("Power Up", 3.0, (0.0, 0.125, 1.0)),
        ("Power Down", 2.0, (1.0, 0.75, 0.0)),
        ("Linear Repeating", 1.5, (1.0, 0.5, 0.0)),
        ("Cosine Repeating", 1.0, (1.0, 0.0, 1.0)),
        ("Sawtooth", 1.5, (0.0, 0.75, 0.5)),
    ],
)
def test_scales_change_over_the_schedule_by_their_mode(
    mode: Any, value: float, expected: tuple[float, float, float]
) -> None:
    found = [MODES[mode](part, value) for part in (0.0, 0.5, 1.0)]
    assert found == pytest.approx(expected, abs=1e-4)


def test_cfg_of_dynamic_thresholding_changes_with_the_noise_level() -> None:
    rule = DynamicThresholding(100.0, cfg_mode="Linear Down", cfg_least=2.0)
    table = Fake().parametrization.table
    for sigma, cfg in ((table.sigma_max, CFG), (table.sigma_min, 2.0)):
        # So wide a range leaves nothing to limit.
        assert torch.allclose(guide(rule, sigma=sigma), cfg_of(WANTED, UNWANTED, cfg))


def test_zero_star_guides_from_the_projected_negative() -> None:
    got = guide(CFGZeroStar())
    for i in range(2):
        a, b = X[i] - WANTED[i], X[i] - UNWANTED[i]
        share = (a * b).sum() / (b * b).sum()
        assert torch.allclose(got[i], cfg_of(WANTED[i], share * UNWANTED[i]), atol=1e-6)


def test_zero_star_of_equal_sides_is_the_positive_picture() -> None:
    got = Guided(Fake(), POSITIVE, POSITIVE, CFG, [CFGZeroStar()])(X, SIGMA)
    assert torch.allclose(got, WANTED, atol=1e-6)


def test_norm_is_bounded_by_the_positive_side_everywhere() -> None:
    got = guide(CFGNorm(1.0)).norm(dim=1)
    assert bool((got <= WANTED.norm(dim=1) * (1 + 1e-9)).all())
    assert torch.allclose(guide(CFGNorm(0.5)), guide(CFGNorm(1.0)) / 2)


def test_epsilon_scaling_divides_the_noise() -> None:
    assert torch.allclose(X - guide(EpsilonScaling(1.25)), (X - PLAIN) / 1.25)


def apg_reference(
    wanted: Tensor, guidance: Tensor, difference: Tensor, eta: float, limit: float
) -> Tensor:
    """Sadat et al. 2024, algorithm 1, one item; positive + cfg * what is left of guidance."""
    if limit:
        guidance = guidance * min(1.0, limit / float(guidance.norm()))
    unit = wanted / wanted.norm()
    parallel = (guidance * unit).sum() * unit
    return wanted + CFG * ((guidance - parallel) + eta * parallel)


@pytest.mark.parametrize(("eta", "limit"), [(1.0, 0.0), (0.0, 0.0), (0.5, 4.0)])
def test_apg_matches_the_paper(eta: float, limit: float) -> None:
    got = guide(AdaptiveProjectedGuidance(eta, limit))
    for i in range(2):
        difference = WANTED[i] - UNWANTED[i]
        expected = apg_reference(WANTED[i], difference, difference, eta, limit)
        assert torch.allclose(got[i], expected, atol=1e-9)


def test_apg_momentum_sums_up_over_the_steps_and_is_forgotten_by_a_new_run() -> None:
    rule = AdaptiveProjectedGuidance(1.0, 0.0, -0.5)
    guided = Guided(Fake(), POSITIVE, NEGATIVE, CFG, [rule])
    difference = WANTED - UNWANTED
    assert torch.allclose(guided(X, 3.0), WANTED + CFG * difference)
    assert torch.allclose(guided(X, 2.0), WANTED + CFG * 0.5 * difference)
    assert torch.allclose(guided(X, 3.0), WANTED + CFG * difference)  # noise rose: a new run
    assert torch.allclose(guide(rule, sigma=1.0), WANTED + CFG * difference)


def test_tangential_damping_keeps_the_negative_part_along_the_main_direction() -> None:
    got = guide(TangentialDamping())
    for i in range(2):
        wanted, unwanted = (X[i] - WANTED[i]).flatten(), (X[i] - UNWANTED[i]).flatten()
        _, _, rows = torch.linalg.svd(torch.stack([unwanted, wanted]), full_matrices=False)
        damped = (X[i].flatten() - (unwanted @ rows[0]) * rows[0]).reshape(X[i].shape)
        assert torch.allclose(got[i], cfg_of(WANTED[i], damped), atol=1e-8)


def test_frequencies_are_scaled_apart() -> None:
    x = picture(5)
    flat = x.mean((2, 3), keepdim=True).expand_as(x)
    low = scale_frequencies(x, 1.0, 0.0, 1)
    assert torch.allclose(low.mean((2, 3)), x.mean((2, 3)), atol=1e-5)
    assert low.std() < 0.7 * x.std()
    assert torch.allclose(scale_frequencies(flat, 1.0, 0.0, 1), flat, atol=1e-5)
    assert torch.allclose(scale_frequencies(x, 0.5, 0.5, 1), x / 2, atol=1e-5)


def test_perp_neg_takes_only_what_the_positive_does_not_share() -> None:
    got = guide(PerpNeg(EMPTY, 1.5))
    nothing = picture(3)
    for i in range(2):
        pos, neg = WANTED[i] - nothing[i], UNWANTED[i] - nothing[i]
        away = neg - (neg * pos).sum() / (pos * pos).sum() * pos
        assert abs(float((away * pos).sum())) < 1e-8
        assert torch.allclose(got[i], nothing[i] + CFG * (pos - 1.5 * away), atol=1e-9)


def test_renorm_shortens_the_whole_picture_to_the_length_of_the_positive_one() -> None:
    got = guide(RenormCFG(renorm_cfg=0.8))
    for i in range(2):
        assert PLAIN[i].norm() > WANTED[i].norm()
        assert got[i].norm() == pytest.approx(float(0.8 * WANTED[i].norm()), rel=1e-9)
        assert torch.allclose(got[i] / got[i].norm(), PLAIN[i] / PLAIN[i].norm())
    assert torch.equal(guide(RenormCFG(renorm_cfg=0.0)), PLAIN)
    assert torch.equal(guide(RenormCFG(renorm_cfg=1e6)), PLAIN)


def test_renorm_guides_only_below_a_noise_level() -> None:
    rule = RenormCFG(cfg_trunc=2.0, renorm_cfg=0.0)
    assert torch.equal(guide(rule, sigma=2.0), WANTED)
    assert torch.equal(guide(rule, sigma=1.9), PLAIN)


def test_mahiro_of_sides_in_one_direction_is_plain_guidance() -> None:
    # Equal sides: the guided picture is the positive one, and all directions are the same.
    got = Guided(Fake(), POSITIVE, POSITIVE, CFG, [Mahiro()])(X, SIGMA)
    assert torch.allclose(got, WANTED)


def test_mahiro_mixes_by_the_mean_cosine_of_places() -> None:
    got = guide(Mahiro())
    for i in range(2):
        leap, merged = CFG * WANTED[i], (CFG * WANTED[i] + PLAIN[i]) / 2
        one, two = (t.abs().sqrt() * t.sign() for t in (CFG * UNWANTED[i], merged))
        cosine = ((one * two).sum(0) / (one.norm(dim=0) * two.norm(dim=0))).mean()
        weight = 2 * (cosine + 1)  # of 4
        assert torch.allclose(got[i], (weight * PLAIN[i] + (4 - weight) * leap) / 4)


def test_operation_acts_on_the_way_between_the_sides() -> None:
    got = guide(OperationOnGuidance(Tonemap(0.5)))
    assert torch.allclose(got, UNWANTED + CFG * Tonemap(0.5)(WANTED - UNWANTED))
    alone = guide(OperationOnGuidance(Tonemap(0.5)), cfg=1.0)
    assert torch.allclose(alone, Tonemap(0.5)(WANTED))


def test_dual_guidance_asks_for_its_three_sides_at_once(model: wd.Model) -> None:
    fake: Any = Fake()
    guider = wd.Guider(model, POSITIVE, NEGATIVE, 2.0, middle=EMPTY, cfg_middle=3.0)
    got = Dual(fake, guider)(X, SIGMA)
    middle = picture(3)
    expected = UNWANTED + 3.0 * (middle - UNWANTED) + 2.0 * (WANTED - middle)
    assert torch.allclose(got, expected)
    assert fake.calls == ["3 sides"]


def test_perp_neg_at_scale_0_is_guidance_from_the_empty_prompt() -> None:
    assert torch.allclose(guide(PerpNeg(EMPTY, 0.0)), cfg_of(WANTED, picture(3)))


ALL = [
    RescaleCFG(),
    DynamicThresholding(2.0),
    CFGZeroStar(),
    CFGNorm(),
    EpsilonScaling(),
    AdaptiveProjectedGuidance(0.2, 3.0),
    TangentialDamping(),
    FrequencyGuidance(),
    PerpNeg(EMPTY, 0.7),
    RenormCFG(),
    Mahiro(),
    OperationOnGuidance(Tonemap(0.5)),
]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: type(rule).__name__)
def test_rule_has_an_effect_and_treats_every_item_alone(rule: GuidanceRule) -> None:
    together = guide(rule)
    assert not torch.allclose(together, PLAIN)
    assert torch.isfinite(together).all()
    alone = guide(rule, x=X[:1])
    # float32 inside the Fourier transform of one.
    assert torch.allclose(together[:1], alone, atol=1e-5)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: type(rule).__name__)
def test_rule_at_cfg_1_runs_one_side_unless_it_needs_both(rule: GuidanceRule) -> None:
    fake = Fake()
    got = guide(rule, cfg=1.0, fake=fake)
    if rule.needs_negative:
        assert fake.calls == [f"{2 + len(rule.sides)} sides"]
    else:
        assert fake.calls == ["positive"]
    if rule.takes_negative and not rule.needs_negative:
        assert torch.equal(got, WANTED)


def test_rules_act_in_the_order_in_which_they_were_given() -> None:
    one = guide(EpsilonScaling(1.25), CFGNorm(0.5))
    two = guide(CFGNorm(0.5), EpsilonScaling(1.25))
    assert not torch.allclose(one, two)


def test_both_gives_the_guided_and_the_negative_picture() -> None:
    guided, free = Guided(Fake(), POSITIVE, NEGATIVE, 1.0).both(X, SIGMA)
    assert torch.allclose(guided, WANTED)
    assert torch.equal(free, UNWANTED)


def composition(*parts: tuple[int, float | None]) -> wd.Conditioning:
    """Prompts with their weights; None = averaged."""
    entries = (
        replace(prompt(seed).entries[0], composed=None if weight is None else (n, weight))
        for n, (seed, weight) in enumerate(parts)
    )
    return wd.Conditioning(tuple(entries))


def test_parts_of_a_composition_are_added_up_by_their_weights() -> None:
    fake = Fake()
    positive = composition((1, 1.2), (3, -0.5))
    got = Guided(fake, positive, NEGATIVE, CFG)(X, SIGMA)
    ways = 1.2 * (WANTED - UNWANTED) - 0.5 * (picture(3) - UNWANTED)
    assert torch.allclose(got, UNWANTED + CFG * ways)
    assert fake.calls == ["3 sides"]
    guided, free = Guided(fake, positive, NEGATIVE, CFG).both(X, SIGMA)
    assert torch.allclose(guided, got)
    assert torch.equal(free, UNWANTED)


def test_composition_of_one_plain_part_is_the_plain_prompt() -> None:
    got = Guided(Fake(), composition((1, 1.0)), NEGATIVE, CFG)(X, SIGMA)
    assert torch.equal(got, PLAIN)
    fake = Fake()
    assert torch.equal(Guided(fake, composition((1, None)), NEGATIVE, 1.0)(X, SIGMA), WANTED)
    assert fake.calls == ["positive"]


def test_composition_needs_the_negative_side_even_at_cfg_1() -> None:
    fake = Fake()
    got = Guided(fake, composition((1, 1.0), (3, None)), NEGATIVE, 1.0)(X, SIGMA)
    assert torch.allclose(got, WANTED + picture(3) - UNWANTED)
    assert fake.calls == ["3 sides"]


def test_further_evaluations_of_a_composition_are_composed_too() -> None:
    class Same(GuidanceRule):
        def after(self, view: Any) -> Tensor:
            assert torch.allclose(view.predict(view.x, view.positive, False), view.wanted)
            return view.denoised

    positive = composition((1, 0.5), (3, 0.7))
    got = Guided(Fake(), positive, NEGATIVE, CFG, [Same()])(X, SIGMA)
    assert torch.allclose(got, Guided(Fake(), positive, NEGATIVE, CFG)(X, SIGMA))


def test_masked_keeps_the_original_and_feeds_it_at_the_noise_of_the_moment() -> None:
    seen: list[Tensor] = []

    class Spy(Fake):
        def predict_sides(self, x: Tensor, *rest: Any) -> list[Tensor]:
            seen.append(x)
            return super().predict_sides(x, *rest)

    mask = torch.zeros(2, 1, 6, 5, dtype=torch.float64)
    mask[..., 2:] = 1
    original, noise = picture(7), picture(8)
    frame = Parametrization(SD1)
    masked = Masked(Guided(Spy(), POSITIVE, NEGATIVE, CFG), mask, original, noise, frame.mixed)
    denoised, free = masked.both(X, SIGMA)
    assert torch.equal(denoised[..., :2], original[..., :2])
    assert torch.equal(free[..., :2], original[..., :2])
    assert torch.allclose(denoised[..., 2:], PLAIN[..., 2:])
    assert torch.allclose(seen[0][..., :2], (original + SIGMA * noise)[..., :2])
    assert torch.equal(seen[0][..., 2:], X[..., 2:])
    assert torch.equal(masked(X, SIGMA), denoised)


def test_latest_combining_rule_takes_the_place_of_an_earlier_one(model: wd.Model) -> None:
    from weft.diffusion.guidance.apply import with_rule

    once = with_rule(with_rule(model, RescaleCFG()), CFGZeroStar())
    twice = with_rule(once, DynamicThresholding())
    assert [type(rule) for rule in twice.guidance] == [CFGZeroStar, DynamicThresholding]
    assert model.guidance == ()
    assert replace(twice, guidance=()) == model

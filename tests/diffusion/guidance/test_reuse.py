"""Evaluations left out (EasyCache, LazyCache): when, and what stands in their place."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.denoising.batched import open_denoiser
from weft.diffusion.denoising.reusing import Reusing
from weft.diffusion.guidance.apply import with_rule
from weft.diffusion.guidance.attention import PerturbedAttention
from weft.diffusion.guidance.reuse import OutputChange, Reuse, with_reuse

from ..sampling.test_sample import calls, run

Prompts = tuple[wd.Conditioning, wd.Conditioning]
ALWAYS = 1e9


def reusing(model: wd.Model, threshold: float, *, whole: bool, **more: Any) -> wd.Model:
    return with_reuse(model, Reuse(threshold, **{"start": 0.0, "end": 1.0, **more}, whole=whole))


@pytest.mark.parametrize("whole", [False, True], ids=["easy", "lazy"])
def test_threshold_0_asks_always_and_changes_nothing(
    model: wd.Model, prompts: Prompts, whole: bool
) -> None:
    plain = run(model, prompts, steps=6).samples
    with calls(model) as seen:
        got = run(reusing(model, 0.0, whole=whole), prompts, steps=6).samples
    assert len(seen) == 6
    assert torch.equal(got, plain)


@pytest.mark.parametrize("whole", [False, True], ids=["easy", "lazy"])
def test_any_change_allowed_asks_twice_and_after_the_window(
    model: wd.Model, prompts: Prompts, whole: bool
) -> None:
    """Twice, as the rate of change is known only then."""
    with calls(model) as seen:
        run(reusing(model, ALWAYS, whole=whole), prompts, steps=8)
    assert len(seen) == 2
    with calls(model) as seen:
        run(reusing(model, ALWAYS, whole=whole, start=0.4, end=0.7), prompts, steps=20)
    assert 12 < len(seen) < 20
    with calls(model) as seen:
        run(reusing(model, ALWAYS, whole=whole, start=1.0), prompts, steps=8)
    assert len(seen) == 8


@pytest.mark.parametrize("whole", [False, True], ids=["easy", "lazy"])
def test_higher_threshold_asks_less_and_leads_further_away(
    model: wd.Model, prompts: Prompts, whole: bool
) -> None:
    plain = run(model, prompts, steps=24).samples
    counts, gaps = [], []
    for threshold in (0.02, 0.2, ALWAYS):
        with calls(model) as seen:
            got = run(reusing(model, threshold, whole=whole), prompts, steps=24).samples
        counts.append(len(seen))
        gaps.append(float((got - plain).norm() / plain.norm()))
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) == 3
    assert gaps == sorted(gaps)
    assert gaps[0] < 0.2


def euler(sigmas: list[float], x: torch.Tensor, ask: Callable[[Any, float], Any]) -> torch.Tensor:
    for now, after in itertools.pairwise(sigmas):
        x = x + (x - ask(x, now)) / now * (after - now)
    return x


def foretold(
    sigmas: list[float],
    start: torch.Tensor,
    threshold: float,
    output: Callable[[torch.Tensor, float], torch.Tensor],
    given: Callable[[torch.Tensor, float], torch.Tensor],
    clean: Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor],
) -> tuple[torch.Tensor, list[bool]]:
    """The rule written out: outcomes in their own space, for one prompt, step by step."""
    memory: dict[str, Any] = {"sum": 0.0}
    asked = []

    def ask(x: torch.Tensor, sigma: float) -> torch.Tensor:
        u = given(x, sigma)
        moved = None
        if "u" in memory:
            moved = float((u - memory["u"])[..., ::8, ::8].abs().mean())
            if "rate" in memory:
                memory["sum"] += memory["rate"] * moved / float(memory["v"].abs().mean())
                if memory["sum"] < threshold:
                    asked.append(False)
                    return clean(x, u + memory["v"] - memory["u"], sigma)
        v = output(x, sigma)
        if moved is not None:
            memory["rate"] = float((v - memory["v"])[..., ::8, ::8].abs().mean()) / moved
        memory.update(u=u, v=v, sum=0.0)
        asked.append(True)
        return clean(x, v, sigma)

    return euler(sigmas, start, ask), asked


@pytest.mark.parametrize("whole", [False, True], ids=["easy", "lazy"])
def test_run_is_the_rule_written_out(model: wd.Model, prompts: Prompts, whole: bool) -> None:
    from weft.diffusion.sampling.schedules import schedule_sigmas

    threshold, steps = 0.15, 16
    denoiser = open_denoiser(model)
    space = denoiser.parametrization
    sigmas = list(schedule_sigmas("normal", space.table, steps))
    noise = torch.randn(1, 4, 16, 24, generator=torch.Generator().manual_seed(1))
    start = noise * (1 + sigmas[0] ** 2) ** 0.5

    def predicted(x: torch.Tensor, sigma: float) -> torch.Tensor:
        return denoiser.predict(x, sigma, prompts[0])

    if whole:
        wanted, asked = foretold(
            sigmas, start, threshold, predicted, lambda x, _: x, lambda _, v, __: v
        )
    else:  # the network's own space: noise, of the scaled input
        wanted, asked = foretold(
            sigmas,
            start,
            threshold,
            lambda x, sigma: (x - predicted(x, sigma)) / sigma,
            space.network_input,
            lambda x, v, sigma: x - sigma * v,
        )
    with calls(model) as seen:
        got = run(
            reusing(model, threshold, whole=whole),
            (prompts[0], prompts[0]),
            wd.empty_latent(192, 128),
            steps=steps,
            cfg=1.0,
        ).samples
    assert 3 < sum(asked) < steps - 2
    assert len(seen) == sum(asked)
    expected = denoiser.latent.to_stored(wanted)
    assert float((got - expected).abs().max()) < 1e-3 * float(expected.abs().max())


def test_second_look_of_a_step_has_a_memory_of_its_own() -> None:
    """Rules such as perturbed attention ask twice for one noise level, for different outcomes."""
    reusing = Reusing(Reuse(ALWAYS, 0.0, 1.0), lambda part: 10.0 * (1.0 - part))
    asked = []

    def step(sigma: float, times: float) -> torch.Tensor:
        def ask(call: str) -> torch.Tensor:
            asked.append((sigma, times))
            return x * times

        x = torch.full((1, 4, 8, 8), sigma)
        (found,) = reusing.outputs(["call"], sigma, lambda _: x, lambda t, _: t, ask)
        return found

    found = {sigma: [step(sigma, 2.0), step(sigma, -3.0)] for sigma in (8.0, 6.0, 5.0, 4.0)}
    assert asked == [(8.0, 2.0), (8.0, -3.0), (6.0, 2.0), (6.0, -3.0)]
    for sigma in (5.0, 4.0):  # the differences of sigma 6: x, and -4 x
        assert [float(each.mean()) for each in found[sigma]] == [sigma + 6.0, sigma - 24.0]


def test_guidance_that_asks_twice_is_left_out_as_a_whole(model: wd.Model, prompts: Prompts) -> None:
    guided = with_rule(model, PerturbedAttention(3.0))
    plain = run(guided, prompts, steps=12).samples
    with calls(model) as seen:
        got = run(reusing(guided, 0.05, whole=False), prompts, steps=12).samples
    assert len(seen) % 2 == 0
    assert len(seen) < 24
    assert float((got - plain).norm() / plain.norm()) < 0.3


def test_prompt_that_begins_to_act_later_is_asked_for(model: wd.Model, prompts: Prompts) -> None:
    from weft.diffusion.text.conditioning import combine, set_range

    changing = combine(set_range(prompts[0], 0.0, 0.5), set_range(prompts[1], 0.5, 1.0))
    with calls(model) as seen:
        run(reusing(model, ALWAYS, whole=False), (changing, prompts[1]), steps=12)
    assert len(seen) == 3  # the other prompt has no memory yet
    got = run(reusing(model, 0.0, whole=False), (changing, prompts[1]), steps=12)
    assert torch.equal(got.samples, run(model, (changing, prompts[1]), steps=12).samples)


def test_later_rule_replaces_the_earlier_and_bad_numbers_are_refused(model: wd.Model) -> None:
    twice = reusing(reusing(model, 0.1, whole=False), 0.3, whole=True)
    assert [rule.threshold for rule in twice.guidance if isinstance(rule, Reuse)] == [0.3]
    for bad in (-0.1, float("nan")):
        with pytest.raises(wd.ParameterError):
            reusing(model, bad, whole=False)
    with pytest.raises(wd.ParameterError):
        reusing(model, 0.1, whole=False, start=0.8, end=0.2)


def test_change_of_another_size_is_never_small() -> None:
    change = OutputChange(ALWAYS)
    for n in range(1, 4):
        still = change.is_small(torch.full((1, 4, 8, 8), float(n)))
        assert still == (n == 3)
        if not still:
            change.found(torch.full((1, 4, 8, 8), float(n)), torch.full((1, 4, 8, 8), n + 0.5))
    assert not change.is_small(torch.ones(1, 4, 24, 8))


def test_log_tells_what_was_left_out_on_request(
    model: wd.Model, prompts: Prompts, caplog: pytest.LogCaptureFixture
) -> None:
    for verbose in (False, True):
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="weft"):
            run(reusing(model, ALWAYS, whole=True, verbose=verbose), prompts, steps=6)
        told = [record for record in caplog.records if "LazyCache" in record.getMessage()]
        assert bool(told) == verbose

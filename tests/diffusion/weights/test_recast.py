"""Networks in another number type than their device computes best."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.patches.merge import merge_models
from weft.diffusion.weights.recast import recast
from weft.diffusion.weights.residency import RESIDENCY
from weft.nodes.models.compiling import model_compute_dtype

from ... import families, models
from ..sampling.test_sample import run

Prompts = tuple[wd.Conditioning, wd.Conditioning]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recast")


def in_type(model: wd.Model, dtype: Any) -> wd.Model:
    return model_compute_dtype(model, dtype=dtype)


def test_network_in_another_type_gives_what_its_file_in_that_type_gives(
    root: Path, prompts: Prompts
) -> None:
    path = models.tiny_sd1(root / "a.safetensors", seed=870)
    model = wd.load_model(path)
    plain = run(model, prompts).samples
    got = run(in_type(model, "bf16"), prompts).samples
    assert torch.equal(got, run(wd.load_model(path, dtype="bf16"), prompts).samples)
    assert not torch.equal(got, plain)
    assert torch.equal(run(model, prompts).samples, plain)
    weights = in_type(model, "bf16").weights
    assert weights.dtype == torch.bfloat16
    assert {t.dtype for t in weights.module.state_dict().values()} == {torch.bfloat16}
    assert weights.footprint * 2 == model.weights.footprint


def test_default_takes_the_choice_back_and_the_own_type_is_none(root: Path) -> None:
    model = wd.load_model(models.tiny_sd1(root / "b.safetensors", seed=871))
    assert in_type(model, "fp32") is model
    assert in_type(model, "default") is model
    half = in_type(model, "fp16")
    assert in_type(half, "default").weights is model.weights
    assert in_type(half, "bf16").weights is in_type(model, "bf16").weights
    assert in_type(model, "fp16").weights is half.weights
    assert half.weights != model.weights


def test_merges_may_stand_before_and_behind(root: Path, prompts: Prompts) -> None:
    one, two = (
        wd.load_model(models.tiny_sd1(root / f"m{seed}.safetensors", seed=seed))
        for seed in (872, 873)
    )
    before = in_type(merge_models(one, two, 0.5), "bf16")
    behind = merge_models(in_type(one, "bf16"), two, 0.5)
    assert before.weights.dtype == behind.weights.dtype == torch.bfloat16
    left, right = (run(model, prompts).samples for model in (before, behind))
    exact = run(merge_models(one, two, 0.5), prompts).samples
    for got in (left, right):
        assert 0 < float((got - exact).norm() / exact.norm()) < 0.05


def test_network_in_another_type_is_held_and_let_go_as_any_other(
    root: Path, prompts: Prompts
) -> None:
    model = wd.load_model(models.tiny_sd1(root / "c.safetensors", seed=874))
    half = in_type(model, "bf16")
    first = run(half, prompts).samples
    assert half.weights.loaded
    half.weights.unload()
    assert not half.weights.loaded
    assert torch.equal(run(half, prompts).samples, first)
    named = [h.name for h in RESIDENCY.report().holdings]
    assert any("in bfloat16" in name for name in named)


def test_transformers_compute_in_another_type_too(root: Path) -> None:
    made = families.tiny_flux(root / "flux.safetensors", seed=875)
    model, clip, _ = wd.load_checkpoint(made.path)
    text = wd.encode_text(clip, "red")
    options: Any = {"steps": 2, "cfg": 1.0, "scheduler": "simple"}
    exact = run(model, (text, text), **options).samples
    got = run(in_type(model, "bf16"), (text, text), **options).samples
    file = run(wd.load_model(made.path, dtype="bf16"), (text, text), **options).samples
    assert torch.equal(got, file)
    assert not torch.equal(got, exact)
    assert recast(model.weights, torch.float32) is model.weights

"""Differences of models, written as LoRAs and put back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

import weft.diffusion as wd
from weft.diffusion.files.lora_saving import LoraExtraction
from weft.diffusion.patches.lora.extract import factors
from weft.diffusion.patches.merge import subtract_clips, subtract_models

from ... import families, models

Opened = tuple[wd.Model, wd.Clip, wd.Vae]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("extract")


def sd1(root: Path, seed: int) -> Opened:
    return wd.load_checkpoint(models.tiny_sd1(root / f"sd1-{seed}.safetensors", seed=seed))


def made(family: Callable[..., families.Made], root: Path, seed: int) -> Opened:
    name = f"{family.__name__}-{seed}.safetensors"
    return wd.load_checkpoint(family(root / name, seed=seed).path)


def extracted(path: Path, one: Opened, two: Opened, **more: Any) -> wd.LoraFile:
    """The difference of two models as a LoRA file."""
    file = LoraExtraction(more.pop("rank", 4096), **{"dtype": "fp32", **more})
    file.add_model(subtract_models(one[0], two[0], 1.0))
    file.add_clip(subtract_clips(one[1], two[1], 1.0))
    with path.open("wb") as stream:
        file.write(stream)
    return wd.load_lora(path)


def furthest(left: wd.Weights, right: wd.Weights) -> float:
    return max(
        float((left.tensor(name) - right.tensor(name)).abs().max())
        for name in left.shapes
        if name.rpartition(".")[2] in ("weight", "bias")
    )


@pytest.mark.parametrize("kind", ["standard", "full_diff"])
@pytest.mark.parametrize(
    "family",
    ["sd1", "sdxl", "refiner", "sd3", "flux", "pixart"],
)
def test_lora_of_full_rank_on_one_model_is_the_other(root: Path, family: str, kind: Any) -> None:
    makers: dict[str, Callable[[int], Opened]] = {
        "sd1": lambda seed: sd1(root, seed),
        "sdxl": lambda seed: made(families.tiny_sdxl, root, seed),
        "refiner": lambda seed: made(families.tiny_refiner, root, seed),
        "sd3": lambda seed: made(families.tiny_sd3, root, seed),
        "flux": lambda seed: made(families.tiny_flux, root, seed),
        "pixart": lambda seed: wd.load_checkpoint(
            families.tiny_pixart(root / f"p{seed}.safetensors", seed=seed).path
        ),
    }
    one, two = (makers[family](seed) for seed in (820, 860))
    lora = extracted(root / f"{family}-{kind}.safetensors", one, two, kind=kind)
    assert lora.unknown == ()
    model, clip = wd.apply_lora(two[0], two[1], lora)
    assert clip is not None
    assert furthest(two[0].weights, one[0].weights) > 0.05
    assert furthest(model.weights, one[0].weights) < 1e-4
    for got, wanted in zip(clip.encoders, one[1].encoders, strict=True):
        assert furthest(got, wanted) < 1e-4


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.booleans())
def test_factors_are_the_nearest_of_their_rank(seed: int, rank: int, kernel: bool) -> None:
    shape = (10, 4, 3, 3) if kernel else (10, 14)
    difference = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    up, down = factors(difference, rank)
    assert up.shape[1] == down.shape[0] == min(rank, 10)
    got = (up.flatten(1) @ down.flatten(1)).reshape(shape)
    values = torch.linalg.svdvals(difference.flatten(1).double())
    least = float(values[rank:].square().sum().sqrt())
    assert abs(float((difference - got).norm()) - least) < 1e-4


def test_a_lora_taken_off_a_model_is_found_again_at_its_own_rank(root: Path) -> None:
    """What a LoRA of rank 2 changed is a difference of rank 2, and comes back whole."""
    plain = sd1(root, 830)
    first = extracted(root / "first.safetensors", sd1(root, 831), plain, rank=2, biases=False)
    model, clip = wd.apply_lora(plain[0], plain[1], first)
    assert clip is not None
    again = extracted(
        root / "again.safetensors", (model, clip, plain[2]), plain, rank=2, biases=False
    )
    found, _ = wd.apply_lora(plain[0], None, again)
    assert furthest(found.weights, model.weights) < 1e-4
    assert furthest(plain[0].weights, model.weights) > 0.05


def test_higher_rank_comes_nearer_and_biases_are_kept_on_request(root: Path) -> None:
    one, two = sd1(root, 832), sd1(root, 833)
    errors = []
    for rank in (1, 8, 4096):
        lora = extracted(root / f"r{rank}.safetensors", one, two, rank=rank)
        model, _ = wd.apply_lora(two[0], None, lora)
        name = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight"
        errors.append(float((model.weights.tensor(name) - one[0].weights.tensor(name)).norm()))
    assert errors[0] > errors[1] > errors[2]
    extracted(root / "no-bias.safetensors", one, two, rank=1, biases=False)
    names = load_file(root / "no-bias.safetensors")
    assert not [name for name in names if name.endswith((".diff", ".diff_b"))]
    assert [name for name in load_file(root / "r1.safetensors") if name.endswith(".diff_b")]


def test_diffusers_reads_the_lora_of_a_unet(root: Path) -> None:
    from diffusers.loaders.lora_conversion_utils import _convert_non_diffusers_lora_to_diffusers

    extracted(root / "kohya.safetensors", sd1(root, 834), sd1(root, 835), rank=2, biases=False)
    state = load_file(root / "kohya.safetensors")
    attention = {n: t for n, t in state.items() if "_attn" in n and "_unet_" in n}
    assert attention
    converted, alphas = _convert_non_diffusers_lora_to_diffusers(dict(attention))
    assert len(converted) == 2 * len(attention) // 3
    assert all(float(alpha) == 2.0 for alpha in alphas.values())


def refused(call: Callable[[], object]) -> wd.DiffusionError:
    with pytest.raises(wd.DiffusionError) as caught:
        call()
    return caught.value


def test_what_is_no_difference_is_refused(root: Path) -> None:
    import io

    one = sd1(root, 836)
    error = refused(lambda: LoraExtraction(4).add_model(one[0]))
    assert error.code == "lora.is_no_difference"
    assert "ModelMergeSubtract" in str(error)
    same = LoraExtraction(4)
    same.add_model(subtract_models(one[0], one[0], 1.0))
    assert refused(lambda: same.write(io.BytesIO())).code == "lora.no_difference"
    assert refused(lambda: LoraExtraction(0)).code == "lora.bad_rank"

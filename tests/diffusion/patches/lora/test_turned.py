"""OFT, BOFT, GLoRA and (IA)^3 against whole matrices in float64, and from files on a model."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import weft.diffusion as wd
from weft.diffusion.patches.lora.apply import apply_lora
from weft.diffusion.patches.lora.difference import weight_difference
from weft.diffusion.patches.lora.file import load_lora

from .... import families
from .conftest import Write, random

LAYER = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
STEM = "lora_unet_" + LAYER.replace(".", "_")


def numbers(*shape: int, seed: int = 0, scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(shape, generator=generator, dtype=torch.float64) * scale


def close(left: Tensor | None, right: Tensor) -> bool:
    assert left is not None
    return left.shape == right.shape and float((left - right).abs().max()) < 1e-12


def cayley(raw: Tensor) -> Tensor:
    """(I + Q)(I - Q)^-1 of Q = raw - raw^T, one matrix."""
    one = torch.eye(len(raw), dtype=torch.float64)
    skew = raw - raw.T
    return (one + skew) @ torch.linalg.inv(one - skew)


def applied(matrix: Tensor, weight: Tensor) -> Tensor:
    """A matrix over the outputs of a weight."""
    return (matrix @ weight.flatten(1)).reshape(weight.shape)


@pytest.mark.parametrize("shape", [(12, 5), (12, 5, 3, 3)])
@pytest.mark.parametrize("alpha", [None, 0.0, 0.01])
def test_oft_turns_blocks_of_outputs(shape: tuple[int, ...], alpha: float | None) -> None:
    raw, weight = numbers(3, 4, 4), numbers(*shape, seed=1)
    parts = {"blocks": raw} | ({} if alpha is None else {"alpha": torch.tensor(alpha)})
    if alpha:
        size = torch.linalg.vector_norm(raw - raw.transpose(1, 2))
        assert size > alpha * 12
        raw = raw * (alpha * 12 / size)
    turn = torch.block_diag(*(cayley(block) for block in raw))
    torch.testing.assert_close(turn @ turn.T, torch.eye(12, dtype=torch.float64))
    found = weight_difference("oft", parts, None, weight)
    assert found is not None
    # The bound's own 1e-8 against division by zero is part of the formula.
    assert float((found - (applied(turn.T, weight) - weight)).abs().max()) < 1e-8


def test_oft_rescales_what_it_turned() -> None:
    raw, weight, factors = numbers(2, 3, 3), numbers(6, 4), numbers(6, 1, seed=2)
    turn = torch.block_diag(*(cayley(block) for block in raw))
    expected = factors * (turn.T @ weight) - weight
    found = weight_difference("oft", {"blocks": raw, "rescale": factors}, None, weight)
    assert close(found, expected)


@pytest.mark.parametrize("shape", [(16, 5), (16, 5, 3, 3)])
def test_boft_turns_outputs_that_are_dealt_out_anew_each_time(shape: tuple[int, ...]) -> None:
    raw, weight = numbers(3, 4, 4, 4, scale=0.3), numbers(*shape, seed=3)
    whole = torch.eye(16, dtype=torch.float64)
    for number, blocks in enumerate(raw):
        run = 2 * 2**number
        deal = torch.zeros(16, 16, dtype=torch.float64)
        for place in range(16):
            group, rest = divmod(place, 2 * run)
            half, position = divmod(rest, run)
            deal[group * 2 * run + position * 2 + half, place] = 1
        whole = deal.T @ torch.block_diag(*(cayley(block) for block in blocks)) @ deal @ whole
    torch.testing.assert_close(whole @ whole.T, torch.eye(16, dtype=torch.float64))
    found = weight_difference("oft", {"blocks": raw}, None, weight)
    assert close(found, applied(whole, weight) - weight)


@pytest.mark.parametrize("old", [False, True], ids=["LyCORIS 3", "before"])
@pytest.mark.parametrize("size", [(6, 4), (5, 5)], ids=["oblong", "square"])
def test_glora_adds_a_change_of_inputs_and_a_product(size: tuple[int, int], old: bool) -> None:
    outputs, inputs = size
    weight, rank = numbers(outputs, inputs, seed=9), 2
    a_in, a_out = numbers(inputs, rank, seed=4), numbers(rank, inputs, seed=5)
    b_out, b_in = numbers(outputs, rank, seed=6), numbers(rank, inputs, seed=7)
    names = ("a2", "a1", "b2", "b1") if old else ("a1", "a2", "b1", "b2")
    parts = dict(zip(names, (a_in, a_out, b_out, b_in), strict=True))
    expected = torch.zeros_like(weight)
    for o in range(outputs):
        for i in range(inputs):
            expected[o, i] = sum(b_out[o, r] * b_in[r, i] for r in range(rank))
            for j in range(inputs):
                change = sum(a_in[j, r] * a_out[r, i] for r in range(rank))
                expected[o, i] += weight[o, j] * change
    found = weight_difference("glora", parts | {"alpha": torch.tensor(3.0)}, None, weight)
    assert close(found, expected * 3.0 / rank)


def test_glora_of_a_convolution_runs_before_it_and_beside_it() -> None:
    weight, x = numbers(6, 4, 3, 3), numbers(1, 4, 5, 5, seed=8)
    parts = {
        "a1": numbers(4, 2, 1, 1, seed=1), "a2": numbers(2, 4, 1, 1, seed=2),
        "b1": numbers(6, 2, 1, 1, seed=3), "b2": numbers(2, 4, 3, 3, seed=4),
    }  # fmt: skip
    conv = torch.nn.functional.conv2d
    inputs = parts["a1"].flatten(1) @ parts["a2"].flatten(1)
    first = torch.einsum("ij,bjhw->bihw", inputs, x)
    expected = conv(first, weight) + conv(conv(x, parts["b2"]), parts["b1"])
    found = weight_difference("glora", parts, None, weight)
    assert found is not None
    assert close(conv(x, found), expected)


@pytest.mark.parametrize("on_input", [True, False])
@pytest.mark.parametrize("shape", [(6, 4), (6, 4, 3, 3)])
def test_ia3_scales_inputs_or_outputs(shape: tuple[int, ...], on_input: bool) -> None:
    weight = numbers(*shape)
    count = shape[1] if on_input else shape[0]
    factors = numbers(1, count, *[1] * (len(shape) - 2)) if len(shape) > 2 else numbers(count)
    expected = torch.empty_like(weight)
    for o in range(shape[0]):
        for i in range(shape[1]):
            expected[o, i] = weight[o, i] * factors.flatten()[i if on_input else o]
    parts = {"factors": factors, "on_input": torch.tensor(float(on_input))}
    assert close(weight_difference("ia3", parts, None, weight), expected)


FILES: dict[str, dict[str, tuple[int, ...]]] = {
    "oft": {"oft_blocks": (4, 8, 8), "alpha": ()},
    "boft": {"oft_blocks": (2, 4, 8, 8), "alpha": ()},
    "glora": {
        "a1.weight": (32, 2), "a2.weight": (2, 32), "b1.weight": (32, 2), "b2.weight": (2, 32),
        "alpha": (),
    },
    "ia3": {"weight": (32,)},
}  # fmt: skip


def file_of(algorithm: str, width: int) -> dict[str, Tensor]:
    """An entry of a file for a square layer of that width."""
    found = {}
    for name, shape in FILES[algorithm].items():
        scaled = tuple(width if n == 32 else width // 4 if n == 8 else n for n in shape)
        tensor = torch.tensor(0.0 if "oft" in algorithm else 1.0) if not shape else random(*scaled)
        found[f"{STEM}.{name}"] = tensor
    if algorithm == "ia3":
        found[f"{STEM}.on_input"] = torch.tensor(1)
    return found


@pytest.mark.parametrize("algorithm", FILES)
def test_file_of_the_algorithm_changes_its_layer(
    write: Write, model: wd.Model, algorithm: str
) -> None:
    name = f"{LAYER}.weight"
    width = model.weights.shapes[name][0]
    tensors = file_of(algorithm, width)
    adapter = load_lora(write(tensors))
    assert (list(adapter.entries), adapter.unknown) == ([STEM], ())
    whole, _ = apply_lora(model, None, adapter)
    half, _ = apply_lora(model, None, adapter, 0.5)
    plain = model.weights.tensor(name).double()
    entry = adapter.entries[STEM]
    parts = {field: tensors[stored].double() for field, stored in entry.fields.items()}
    expected = weight_difference(entry.algorithm, parts, None, plain)
    assert expected is not None and float(expected.abs().max()) > 1e-3
    for patched, strength in ((whole, 1.0), (half, 0.5)):
        got = patched.weights.tensor(name).double()
        assert float((got - plain - strength * expected).abs().max()) < 1e-5


@pytest.mark.parametrize("algorithm", FILES)
def test_file_for_another_width_is_refused_at_once(
    write: Write, model: wd.Model, algorithm: str
) -> None:
    width = model.weights.shapes[f"{LAYER}.weight"][0]
    adapter = load_lora(write(file_of(algorithm, width * 2)))
    with pytest.raises(wd.ModelError) as caught:
        apply_lora(model, None, adapter)
    assert caught.value.code == "model.kinds_do_not_fit"


@pytest.mark.parametrize("algorithm", ["glora", "ia3"])
def test_entry_for_joined_layers_changes_each_by_its_rows(
    write: Write, tmp_path: Any, algorithm: str
) -> None:
    made = families.tiny_flux(tmp_path / "flux.safetensors", seed=870)
    model, _, _ = wd.load_checkpoint(made.path)
    stem = "lora_unet_double_blocks_0_img_attn_qkv"
    generator = torch.Generator().manual_seed(1)

    def some(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator) * 0.2

    if algorithm == "ia3":
        tensors = {"weight": some(192), "on_input": torch.tensor(0)}
    else:
        tensors = {"a1.weight": some(64, 2), "a2.weight": some(2, 64),
                   "b1.weight": some(192, 2), "b2.weight": some(2, 64)}  # fmt: skip
    adapter = load_lora(write({f"{stem}.{name}": tensor for name, tensor in tensors.items()}))
    patched, _ = apply_lora(model, None, adapter)
    names = [f"transformer_blocks.0.attn.{part}.weight" for part in ("to_q", "to_k", "to_v")]
    plain = torch.cat([model.weights.tensor(name) for name in names]).double()
    found = torch.cat([patched.weights.tensor(name) for name in names]).double()
    fields = {field: tensors[stored.removeprefix(f"{stem}.")].double()
              for field, stored in adapter.entries[stem].fields.items()}  # fmt: skip
    expected = weight_difference(algorithm, fields, None, plain)
    assert expected is not None
    assert float((found - plain - expected).abs().max()) < 1e-5


def test_turn_across_joined_layers_is_refused(write: Write, tmp_path: Any) -> None:
    made = families.tiny_flux(tmp_path / "flux.safetensors", seed=871)
    model, _, _ = wd.load_checkpoint(made.path)
    stem = "lora_unet_double_blocks_0_img_attn_qkv"
    adapter = load_lora(write({f"{stem}.oft_blocks": random(12, 16, 16)}))
    with pytest.raises(wd.ModelError) as caught:
        apply_lora(model, None, adapter)
    assert caught.value.code == "lora.unsupported_algorithm"

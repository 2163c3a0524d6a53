"""Each algorithm against its formula, spelled out index by index in float64."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from weft.diffusion.patches.lora.difference import bias_difference, weight_difference
from weft.diffusion.patches.lora.formulas import dora_difference

O, I, R, K = 6, 4, 2, 3  # noqa: E741


def numbers(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def close(left: Tensor | None, right: Tensor) -> bool:
    assert left is not None
    return left.shape == right.shape and float((left - right).abs().max()) < 1e-13


def test_lora_of_a_linear_layer_is_alpha_over_rank_times_up_down() -> None:
    parts = {"up": numbers(O, R), "down": numbers(R, I), "alpha": torch.tensor(3.0)}
    expected = torch.zeros(O, I, dtype=torch.float64)
    for o, i, r in itertools.product(range(O), range(I), range(R)):
        expected[o, i] += 3.0 / R * parts["up"][o, r] * parts["down"][r, i]
    assert close(weight_difference("lora", parts, None), expected)


def test_lora_without_alpha_is_not_scaled() -> None:
    parts = {"up": numbers(O, R), "down": numbers(R, I)}
    assert close(weight_difference("lora", parts, None), parts["up"] @ parts["down"])


def test_lora_scale_of_the_header_replaces_alpha() -> None:
    parts = {"up": numbers(O, R), "down": numbers(R, I), "alpha": torch.tensor(3.0)}
    assert close(weight_difference("lora", parts, 0.25), 0.25 * parts["up"] @ parts["down"])


def test_lora_of_a_convolution_mixes_the_ranks_after_the_kernel() -> None:
    parts = {"up": numbers(O, R, 1, 1), "down": numbers(R, I, K, K), "alpha": torch.tensor(1.0)}
    x = numbers(1, I, 5, 5)
    found = weight_difference("lora", parts, None)
    assert found is not None
    conv = torch.nn.functional.conv2d
    expected = conv(conv(x, parts["down"]), parts["up"]) / R
    assert close(conv(x, found), expected)


def test_tucker_lora_runs_down_mid_and_up_one_after_the_other() -> None:
    parts = {
        "up": numbers(O, R, 1, 1),
        "mid": numbers(R, R, K, K),
        "down": numbers(R, I, 1, 1),
        "alpha": torch.tensor(4.0),
    }
    x = numbers(1, I, 5, 5)
    conv = torch.nn.functional.conv2d
    expected = conv(conv(conv(x, parts["down"]), parts["mid"]), parts["up"]) * 4.0 / R
    found = weight_difference("lora", parts, None)
    assert found is not None
    assert close(conv(x, found), expected)


def test_loha_is_the_elementwise_product_of_two_products() -> None:
    parts = {"w1_a": numbers(O, R), "w1_b": numbers(R, I)}
    parts |= {"w2_a": numbers(O, R, seed=1), "w2_b": numbers(R, I, seed=1)}
    parts["alpha"] = torch.tensor(1.0)
    expected = torch.zeros(O, I, dtype=torch.float64)
    for o, i in itertools.product(range(O), range(I)):
        first = sum(parts["w1_a"][o, r] * parts["w1_b"][r, i] for r in range(R))
        second = sum(parts["w2_a"][o, r] * parts["w2_b"][r, i] for r in range(R))
        expected[o, i] = first * second / R
    assert close(weight_difference("loha", parts, None), expected)


def test_tucker_loha_multiplies_two_kernels() -> None:
    parts = {"w1_a": numbers(R, O), "w1_b": numbers(R, I), "t1": numbers(R, R, K, K)}
    parts |= {"w2_a": numbers(R, O, seed=1), "w2_b": numbers(R, I, seed=1)}
    parts["t2"] = numbers(R, R, K, K, seed=1)
    expected = torch.ones(O, I, K, K, dtype=torch.float64)
    for half in "12":
        a, b, core = parts[f"w{half}_a"], parts[f"w{half}_b"], parts[f"t{half}"]
        kernel = torch.zeros(O, I, K, K, dtype=torch.float64)
        for n, m in itertools.product(range(R), range(R)):
            kernel += core[n, m] * a[n][:, None, None, None] * b[m][None, :, None, None]
        expected *= kernel
    assert close(weight_difference("loha", parts, None), expected)


@pytest.mark.parametrize("left", ["whole", "factored"])
@pytest.mark.parametrize("right", ["whole", "factored", "tucker"])
def test_lokr_is_the_kronecker_product_of_its_halves(left: str, right: str) -> None:
    parts: dict[str, Tensor] = {"alpha": torch.tensor(5.0)}
    if left == "whole":
        first = parts["k1"] = numbers(2, 2)
    else:
        parts |= {"k1_a": numbers(2, 1), "k1_b": numbers(1, 2)}
        first = parts["k1_a"] @ parts["k1_b"]
    rank = None if left == "whole" else 1
    if right == "whole":
        second = parts["k2"] = numbers(3, 2, K, K)
    elif right == "factored":
        parts |= {"k2_a": numbers(3, R), "k2_b": numbers(R, 2 * K * K)}
        second = (parts["k2_a"] @ parts["k2_b"]).reshape(3, 2, K, K)
        rank = R
    else:
        parts |= {"k2_a": numbers(R, 3), "k2_b": numbers(R, 2), "kt2": numbers(R, R, K, K)}
        second = torch.zeros(3, 2, K, K, dtype=torch.float64)
        for n, m in itertools.product(range(R), range(R)):
            outer = parts["k2_a"][n][:, None] * parts["k2_b"][m][None]
            second += outer[..., None, None] * parts["kt2"][n, m]
        rank = R
    expected = torch.zeros(O, I, K, K, dtype=torch.float64)
    for o, i in itertools.product(range(O), range(I)):
        expected[o, i] = first[o // 3, i // 2] * second[o % 3, i % 2]
    expected *= 5.0 / rank if rank else 1.0
    found = weight_difference("lokr", parts, None)
    assert found is not None
    assert close(found.reshape(expected.shape), expected)


def test_full_difference_is_taken_as_it_is_and_alpha_means_nothing() -> None:
    parts = {"diff": numbers(O, I), "diff_b": numbers(O), "alpha": torch.tensor(7.0)}
    assert close(weight_difference("diff", parts, None), parts["diff"])
    assert close(bias_difference(parts, None), parts["diff_b"])


def test_dora_per_output_gives_every_row_its_magnitude() -> None:
    weight, difference, m = numbers(O, I), numbers(O, I, seed=1), numbers(O, 1).abs()
    moved = weight + difference
    expected = torch.stack([m[o, 0] * moved[o] / moved[o].square().sum().sqrt() for o in range(O)])
    assert close(dora_difference(weight, difference, {"magnitude": m}), expected - weight)
    same = {"magnitude_out": m.reshape(1, O)}  # peft's shape for convolutions
    assert close(dora_difference(weight, difference, same), expected - weight)


def test_dora_per_input_gives_every_column_its_magnitude() -> None:
    weight, difference = numbers(O, I, K, K), numbers(O, I, K, K, seed=1)
    m = numbers(1, I, 1, 1).abs()
    moved = weight + difference
    expected = torch.empty_like(moved)
    for i in range(I):
        expected[:, i] = m[0, i, 0, 0] * moved[:, i] / moved[:, i].square().sum().sqrt()
    assert close(dora_difference(weight, difference, {"magnitude": m}), expected - weight)


def test_dora_of_no_difference_and_own_norms_changes_nothing() -> None:
    weight = numbers(O, I)
    m = weight.square().sum(dim=1, keepdim=True).sqrt()
    assert close(
        dora_difference(weight, torch.zeros_like(weight), {"magnitude": m}),
        torch.zeros_like(weight),
    )

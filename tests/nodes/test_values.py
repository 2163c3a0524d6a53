"""The sign of a tensor shows a change in place, whoever makes it, and nothing else."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.store.values import Values
from weft.nodes.values import CODECS

VALUES = Values(CODECS)
TYPES = (
    torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn, torch.uint8,
    torch.int64, torch.bool, torch.complex64,
)  # fmt: skip


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_mark_of_a_tensor_is_the_same_again(kind: torch.dtype) -> None:
    small, large = torch.ones(3, 2).to(kind), torch.ones(200, 300, 3).to(kind)
    for value in (small, large, small.t(), large.transpose(0, 2), small[:, :1].expand(3, 9)):
        assert VALUES.mark(value) == VALUES.mark(value) != VALUES.mark(value[:1])


@given(st.integers(0, 20_000), st.integers(0, 20_000))
def test_mark_shows_every_change_by_torch(size: int, place: int) -> None:
    value = torch.zeros(size + 1)
    before = VALUES.mark(value)
    value[place % (size + 1)] += 1
    assert VALUES.mark(value) != before


@given(st.integers(1, 16_384), st.integers(0, 16_383))
def test_mark_shows_every_change_of_a_small_tensor_by_numpy(size: int, place: int) -> None:
    value = torch.zeros(size)
    before = VALUES.mark(value)
    value.numpy()[place % size] = 1
    assert VALUES.mark(value) != before


@given(st.integers(16_385, 2_000_000), st.floats(0, 1))
def test_mark_shows_a_change_of_one_part_in_9000_of_a_large_tensor_by_numpy(
    size: int, place: float
) -> None:
    value = torch.zeros(size, dtype=torch.uint8)
    run = size // 9000 + 1
    start = int(place * (size - run))
    before = VALUES.mark(value)
    value.numpy()[start : start + run] = 1
    assert VALUES.mark(value) != before


@pytest.mark.parametrize("shape", [(1, 512, 512, 3), (1, 1024, 1024, 3), (2, 768, 1344, 3)])
def test_mark_shows_a_drawn_square_by_numpy(shape: tuple[int, ...]) -> None:
    """A square of 64 pixels, anywhere, as cv2 draws it into an image; rows and columns as well."""
    value = torch.zeros(shape)
    image = value.numpy()[0]
    generator = torch.Generator().manual_seed(3)
    for _ in range(20):
        y, x = (int(torch.randint(side - 64, (1,), generator=generator)) for side in shape[1:3])
        before = VALUES.mark(value)
        image[y : y + 64, x : x + 64] += 1
        assert VALUES.mark(value) != before
    for part in (image[8:10], image[:, 8:10], image[..., 1]):
        before = VALUES.mark(value)
        part[...] = 2
        assert VALUES.mark(value) != before


def test_mark_of_a_tensor_of_inference_mode_shows_its_content() -> None:
    with torch.inference_mode():
        value = torch.zeros(4)
        before = VALUES.mark(value)
        assert VALUES.mark(value) == before
        value += 1
        assert VALUES.mark(value) != before


def test_mark_looks_into_what_holds_tensors() -> None:
    inner = torch.zeros(4)
    value = {"a": [inner, (1, "x")], "b": None}
    before = VALUES.mark(value)
    assert before is not None
    inner[0] = 1
    assert VALUES.mark(value) != before
    assert VALUES.mark([object()]) is None

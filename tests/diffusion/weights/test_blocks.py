"""Which blocks of a network stay on its device."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st

from weft.diffusion.weights.blocks import SMALL, blocks_of, fetch_room, kept
from weft.diffusion.weights.shells import named_tensors

from ... import models

SIZES = st.lists(st.integers(0, 1000), max_size=30)
ROOM = st.integers(-100, 20_000)
WORKING = st.integers(0, 500)
IN_FLIGHT = st.integers(1, 2)


@given(SIZES, ROOM, WORKING, IN_FLIGHT)
def test_kept_blocks_and_visitors_never_exceed_the_room(
    sizes: list[int], room: int, working: int, in_flight: int
) -> None:
    count = kept(sizes, room, working=working, in_flight=in_flight)
    need = fetch_room(sizes, count, working=working, in_flight=in_flight)
    assert count == 0 or sum(sizes[:count]) + need <= room


@given(SIZES, ROOM, st.integers(0, 5000), WORKING, IN_FLIGHT)
def test_more_room_keeps_at_least_as_many_blocks(
    sizes: list[int], room: int, more: int, working: int, in_flight: int
) -> None:
    less = kept(sizes, room, working=working, in_flight=in_flight)
    assert less <= kept(sizes, room + more, working=working, in_flight=in_flight)


@given(SIZES, ROOM, WORKING, IN_FLIGHT)
def test_no_longer_beginning_would_fit(
    sizes: list[int], room: int, working: int, in_flight: int
) -> None:
    options = {"working": working, "in_flight": in_flight}
    for longer in range(kept(sizes, room, **options) + 1, len(sizes) + 1):
        assert sum(sizes[:longer]) + fetch_room(sizes, longer, **options) > room


@given(SIZES.filter(bool))
def test_all_stay_exactly_when_they_fit(sizes: list[int]) -> None:
    whole = sum(sizes)
    assert kept(sizes, whole, working=100, in_flight=2) == len(sizes)
    assert whole == 0 or kept(sizes, whole - 1) < len(sizes)


@given(st.lists(st.sampled_from([1, 100, 20_000, 30_000]), min_size=1, max_size=8))
def test_blocks_hold_every_tensor_once_in_an_order_of_their_own(widths: list[int]) -> None:
    with torch.device("meta"):
        network = torch.nn.Sequential(*(torch.nn.Linear(1, width) for width in widths))
    blocks = blocks_of(network)
    assert blocks == blocks_of(network)
    names = [name for block in blocks for name in block.names]
    assert sorted(names) == sorted(named_tensors(network))
    assert [b.nbytes for b in blocks] == sorted(
        (8 * width for width in widths), key=lambda size: (size > SMALL, -size)
    )


def test_network_counts_a_tied_tensor_for_its_first_layer() -> None:
    first, second = torch.nn.Linear(300, 300), torch.nn.Linear(300, 300, bias=False)
    second.weight = first.weight
    blocks = blocks_of(torch.nn.Sequential(first, second))
    assert [(block.path, block.nbytes) for block in blocks] == [("0", 4 * (300 * 300 + 300))]


def test_layer_that_reads_those_in_it_is_one_block() -> None:
    network = torch.nn.Sequential(torch.nn.MultiheadAttention(8, 2), torch.nn.Linear(8, 8))
    found = {block.path: block for block in blocks_of(network)}
    assert set(found) == {"0", "1"}
    assert "0.out_proj.weight" in found["0"].names


def test_real_network_is_cut_at_its_layers() -> None:
    network: Any = models.tiny_unet()
    blocks = blocks_of(network)
    assert sum(block.nbytes for block in blocks) == 4 * sum(p.numel() for p in network.parameters())
    large = [block.nbytes for block in blocks if block.nbytes > SMALL]
    assert large == sorted(large, reverse=True)
    assert max(block.nbytes for block in blocks) < 0.1 * sum(block.nbytes for block in blocks)

"""Layers that fetch their tensors when they run, and couriers that bring them ahead of time."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from weft.diffusion.weights.offload import Fetcher, with_offload
from weft.diffusion.weights.prefetch import Coming, Prefetcher
from weft.diffusion.weights.shells import map_tensors, named_tensors

from ... import models

ELSEWHERE = torch.device("cpu", 0)
"""The host under a name that its tensors do not bear, so that all of them have to be fetched."""


def inputs() -> tuple[Tensor, Tensor, Tensor]:
    return torch.ones(1, 4, 8, 8), torch.tensor([5]), torch.ones(1, 77, models.CONTEXT)


def out(network: Any) -> Tensor:
    with torch.no_grad():
        found: Tensor = network(*inputs()).sample
    return found


@pytest.fixture
def network() -> Any:
    return models.tiny_unet(seed=9800).requires_grad_(False)


class Counting(Fetcher):
    """Remembers what it brought."""

    def __init__(self) -> None:
        super().__init__(ELSEWHERE)
        self.brought: list[int] = []

    def fetch(self, number: int, tensors: Sequence[Tensor]) -> list[Tensor]:
        self.brought += map(id, tensors)
        return [tensor.clone() for tensor in tensors]


def test_every_tensor_is_brought_once_a_pass_and_none_is_changed(network: Any) -> None:
    expected, fetcher = out(network), Counting()
    offloaded = with_offload(network, fetcher)
    before = named_tensors(network)
    assert torch.equal(out(offloaded), expected)
    assert sorted(fetcher.brought) == sorted(map(id, before.values()))
    after = named_tensors(offloaded)
    assert all(after[name] is tensor for name, tensor in before.items())
    assert torch.equal(out(network), expected)
    assert len(fetcher.brought) == len(before)


def test_guests_are_gone_after_a_pass(network: Any) -> None:
    guests: list[weakref.ref[Tensor]] = []

    class Watched(Fetcher):
        def fetch(self, number: int, tensors: Sequence[Tensor]) -> list[Tensor]:
            made = [tensor.clone() for tensor in tensors]
            guests.extend(map(weakref.ref, made))
            # One layer's at a time.
            assert sum(ref() is not None for ref in guests) <= 8
            return made

    gc.collect()
    gc.disable()  # they shall go by themselves
    try:
        out(with_offload(network, Watched(ELSEWHERE)))
        assert guests and not [ref for ref in guests if ref() is not None]
    finally:
        gc.enable()


def test_layers_are_still_of_their_kind_and_keep_their_hooks(network: Any) -> None:
    seen: list[str] = []
    network.conv_in.register_forward_hook(lambda layer, *_: seen.append(type(layer).__name__))
    offloaded: Any = with_offload(network, Fetcher(ELSEWHERE))
    assert isinstance(offloaded.conv_in, nn.Conv2d) and type(network.conv_in) is nn.Conv2d
    out(offloaded)
    assert seen == ["Conv2d"]


def test_layer_that_reads_those_in_it_gets_them_too() -> None:
    torch.manual_seed(9801)
    network = nn.MultiheadAttention(8, 2).eval().requires_grad_(False)
    x = torch.ones(3, 1, 8)
    offloaded = with_offload(nn.Sequential(network), Fetcher(ELSEWHERE))
    attention: Any = offloaded[0]
    assert torch.equal(attention(x, x, x)[0], network(x, x, x)[0])


def test_threads_share_one_network(network: Any) -> None:
    expected, offloaded = out(network), with_offload(network, Counting())
    found: list[Tensor] = []
    threads = [threading.Thread(target=lambda: found.append(out(offloaded))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3 and all(torch.equal(each, expected) for each in found)


def test_network_with_visitors_compiles() -> None:
    torch.manual_seed(9803)
    network: Any = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)).requires_grad_(False)
    offloaded, x = with_offload(network, Counting()), torch.ones(1, 4)
    offloaded.compile(backend="eager")
    assert torch.equal(offloaded(x), network(x))
    torch._dynamo.reset()


class Foreseeing(Prefetcher):
    """Copies on the host where `Prefetcher` copies to a card."""

    def __init__(self) -> None:
        super().__init__(ELSEWHERE)
        self.started = self.used = 0

    def _start(self, sources: Sequence[Tensor]) -> Coming:
        self.started += 1
        return Coming(sources, [source.clone() for source in sources], None)

    def _arrived(self, coming: Coming) -> list[Tensor]:
        self.used += 1
        return coming.tensors


def test_second_pass_finds_every_layer_on_its_way(network: Any) -> None:
    expected, fetcher = out(network), Foreseeing()
    offloaded = with_offload(network, fetcher)
    assert torch.equal(out(offloaded), expected)
    assert fetcher.started == 0
    for passes in (1, 2, 3):
        assert torch.equal(out(offloaded), expected)
        layers = len(fetcher._after)
        assert fetcher.started == passes * layers
        # The first layer of the second pass could not be known in the first.
        assert fetcher.used == passes * layers - 1


def test_wrong_guess_brings_what_was_asked_for() -> None:
    torch.manual_seed(9802)
    fetcher = Foreseeing()
    layers: Any = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)]).requires_grad_(False)
    offloaded: Any = with_offload(layers, fetcher)
    x = torch.ones(1, 4)
    for order in ([0, 1, 2], [0, 2, 1], [1, 0, 2], [2, 1, 0], [0, 0, 0]):
        for at in order:
            assert torch.equal(offloaded[at](x), layers[at](x))
    assert 0 < fetcher.used < fetcher.started


def test_copy_in_another_type_is_not_given_what_came_for_the_first(network: Any) -> None:
    fetcher = Foreseeing()
    offloaded = with_offload(network, fetcher)
    plain = [out(offloaded), out(offloaded)]
    wide: Any = map_tensors(offloaded, lambda tensor: tensor.double())
    x, t, text = inputs()
    found = wide(x.double(), t, text.double()).sample
    assert found.dtype == torch.float64
    assert torch.equal(out(offloaded), plain[0])


def test_forgetting_lets_go_of_what_nobody_fetched(network: Any) -> None:
    fetcher = Foreseeing()
    offloaded = with_offload(network, fetcher)
    out(offloaded), out(offloaded)
    assert fetcher._coming is not None
    fetcher.forget()
    assert fetcher._coming is None
    assert torch.equal(out(offloaded), out(network))


def test_order_of_a_network_does_not_hold_its_tensors() -> None:
    fetcher = Foreseeing()
    network: Any = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)).requires_grad_(False)
    offloaded: Any = with_offload(network, fetcher)
    offloaded(torch.ones(1, 4)), offloaded(torch.ones(1, 4))
    fetcher.forget()
    gone = weakref.ref(network[1].weight)
    del network, offloaded
    gc.collect()
    assert gone() is None

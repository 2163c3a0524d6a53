"""Which networks are in memory: budgets, leases, eviction, streaming, reports, no leaks."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.weights.budget import memory_budget, parse_size
from weft.diffusion.weights.derived import derive
from weft.diffusion.weights.residency import RESIDENCY, Residency, memory_report
from weft.diffusion.weights.shells import map_tensors, with_tensors

from ... import models

CPU = torch.device("cpu")
META = torch.device("meta")


@pytest.fixture
def three(tmp_path: Path) -> list[tuple[wd.Model, wd.Clip, wd.Vae]]:
    return [
        # Seeds that no other test uses: equal content would share its handle with theirs.
        wd.load_checkpoint(models.tiny_sd1(tmp_path / f"{n}.safetensors", seed=7000 + n))
        for n in range(3)
    ]


@pytest.fixture
def narrow() -> Iterator[Residency]:
    """The manager of the process with nothing in it, and no budget left behind."""
    RESIDENCY.release()
    yield RESIDENCY
    RESIDENCY.set_budget("cpu", None)


def parts(opened: tuple[wd.Model, wd.Clip, wd.Vae]) -> list[wd.Weights]:
    return [each.weights for each in opened]


def test_budget_for_one_network_keeps_the_latest_used(three: Any, narrow: Residency) -> None:
    first, second, third = (model.weights for model, _, _ in three)
    narrow.set_budget("cpu", first.footprint)
    for weights in (first, second, third):
        assert weights.module is not None
        assert [w.loaded for w in (first, second, third)].count(True) == 1
        assert weights.loaded


def test_longest_unused_network_leaves_first(three: Any, narrow: Residency) -> None:
    first, second, third = (model.weights for model, _, _ in three)
    narrow.set_budget("cpu", 2 * first.footprint)
    for weights in (first, second, first, third):
        assert weights.module is not None
    assert [first.loaded, second.loaded, third.loaded] == [True, False, True]


def test_network_in_use_stays_whatever_the_budget(three: Any, narrow: Residency) -> None:
    first, second, _ = (model.weights for model, _, _ in three)
    narrow.set_budget("cpu", 1)
    held = first.module
    assert second.module is not None
    assert first.loaded and first.module is held
    del held
    assert second.module is not None
    narrow.set_budget("cpu", 1)
    assert not first.loaded


def test_lease_is_shared_and_ends_with_its_last_holder(three: Any, narrow: Residency) -> None:
    weights = three[0][0].weights
    one, two = weights.module, weights.module
    assert one is two and weights.slot.in_use
    del one
    assert weights.slot.in_use
    del two
    assert not weights.slot.in_use and weights.loaded


def test_dropped_module_serves_its_user_to_the_end(three: Any, narrow: Residency) -> None:
    weights = three[0][0].weights
    held: Any = weights.module
    x, t, text = torch.ones(1, 4, 8, 8), torch.tensor([5]), torch.ones(1, 77, models.CONTEXT)
    with torch.no_grad():
        before = held(x, t, text).sample
        weights.unload()
        assert not weights.loaded
        assert torch.equal(held(x, t, text).sample, before)
        again: Any = weights.module
        assert again is not held
        assert torch.equal(again(x, t, text).sample, before)


def test_release_lets_go_of_all_that_nobody_uses(three: Any, narrow: Residency) -> None:
    used, idle = three[0][0].weights, three[1][0].weights
    held = used.module
    assert idle.module is not None
    assert narrow.release() >= idle.footprint
    assert used.loaded and not idle.loaded
    del held


class Doubled:
    """A recipe that doubles one tensor."""

    def __init__(self, name: str) -> None:
        self.names = frozenset({name})
        self.digest = self.words = f"doubled {name}"

    def tensor(self, name: str, parents: Any) -> torch.Tensor:
        return 2 * parents[0](name)


def test_derived_network_counts_only_what_is_its_own(three: Any, narrow: Residency) -> None:
    base = three[0][0].weights
    derived = derive([base], Doubled("conv_in.weight"))
    assert derived.module is not None
    own = base.tensor("conv_in.weight").numel() * 4
    held = {h.name: h for h in memory_report().holdings if h.kind == "unet"}
    assert held["0.safetensors + doubled conv_in.weight"].nbytes == own
    assert held["0.safetensors"].nbytes == base.footprint
    assert narrow.held(CPU) == base.footprint + own


def test_derived_network_leaves_before_the_one_that_lends_to_it(
    three: Any, narrow: Residency
) -> None:
    base, other = three[0][0].weights, three[1][0].weights
    derived = derive([base], Doubled("conv_in.weight"))
    assert derived.module is not None
    narrow.set_budget("cpu", base.footprint)
    assert not derived.loaded and base.loaded
    assert other.module is not None
    assert not base.loaded


def test_chain_of_derived_networks_loads_only_its_ends(three: Any, narrow: Residency) -> None:
    base = three[0][0].weights
    middle = derive([base], Doubled("conv_in.weight"))
    end = derive([middle], Doubled("conv_out.weight"))
    network = end.module
    assert not middle.loaded
    for name in ("conv_in.weight", "conv_out.weight"):
        assert torch.equal(network.state_dict()[name], 2 * base.tensor(name))
    assert network.state_dict()["mid_block.resnets.0.conv1.weight"] is not None
    assert end.tensor("conv_norm_out.weight") is base.tensor("conv_norm_out.weight")


def test_200_switches_between_three_checkpoints_leak_nothing(
    tmp_path: Path, narrow: Residency
) -> None:
    paths = [models.tiny_sd1(tmp_path / f"{n}.safetensors", seed=8000 + n) for n in range(3)]
    narrow.set_budget("cpu", int(1.5 * wd.load_checkpoint(paths[0])[0].weights.footprint))
    x, t, text = torch.ones(1, 4, 8, 8), torch.tensor([5]), torch.ones(1, 77, models.CONTEXT)
    kept = [wd.load_checkpoint(path) for path in paths]  # as an engine's cache keeps them
    modules: list[weakref.ref[Any]] = []
    counts = []
    expected: dict[int, torch.Tensor] = {}
    for switch in range(200):
        model, clip, _ = wd.load_checkpoint(paths[switch % 3])
        network: Any = model.weights.module
        modules.append(weakref.ref(network))
        with torch.no_grad():
            out = network(x, t, text).sample
        assert torch.equal(out, expected.setdefault(switch % 3, out))
        assert clip.weights.module is not None
        del network, model, clip, _
        if switch in (29, 199):
            gc.collect()
            counts.append(sum(issubclass(type(o), torch.Tensor) for o in gc.get_objects()))
    assert not [ref for ref in modules if ref() is not None]
    assert sum(model.weights.loaded for model, _, _ in kept) == 1
    assert counts[1] <= counts[0] + 8
    handles = [weakref.ref(part) for opened in kept for part in parts(opened)]
    del kept
    gc.collect()
    assert not [ref for ref in handles if ref() is not None]


def test_report_names_holders_and_devices(three: Any, narrow: Residency) -> None:
    model, clip, _ = three[0]
    held = model.weights.module
    assert clip.weights.module is not None
    report = memory_report()
    by_kind = {h.kind: h for h in report.holdings}
    assert by_kind["unet"].in_use and not by_kind["text_encoder"].in_use
    assert by_kind["unet"].nbytes == model.weights.footprint
    (cpu,) = [d for d in report.devices if d.name == "cpu"]
    assert cpu.held == sum(h.nbytes for h in report.holdings)
    assert 0 < cpu.free <= cpu.total
    text = "\n".join(report.lines())
    assert "unet of 0.safetensors (loaded on cpu, in use)" in text
    assert report.to_json()["holdings"]
    del held


@pytest.mark.parametrize(
    ("text", "expected"),
    [("6GB", 6 * 10**9), ("5.5 GiB", 5905580032), ("900mb", 9 * 10**8), ("25%", 25), ("0", 0)],
)
def test_sizes_are_read(text: str, expected: int) -> None:
    assert parse_size(text, 100, "WEFT_VRAM") == expected


@pytest.mark.parametrize("text", ["much", "-1GB", "5 XB", "GB", "1e9"])
def test_sizes_that_are_none_are_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_RAM", text)
    with pytest.raises(wd.ParameterError) as caught:
        memory_budget(CPU)
    assert caught.value.code == "memory.bad_setting"
    assert "WEFT_RAM" in str(caught.value)


def test_host_budget_is_a_share_of_its_memory_unless_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEFT_RAM", raising=False)
    chosen = memory_budget(CPU)
    monkeypatch.setenv("WEFT_RAM", "60%")
    assert abs(memory_budget(CPU) - chosen) <= 1


def test_reserve_is_taken_from_accelerators_only(monkeypatch: pytest.MonkeyPatch) -> None:
    total = 8 * 2**30
    monkeypatch.setattr("weft.diffusion.weights.budget.total_bytes", lambda device: total)
    monkeypatch.setenv("WEFT_RESERVE_VRAM", "3GiB")
    monkeypatch.delenv("WEFT_RAM", raising=False)
    monkeypatch.delenv("WEFT_VRAM", raising=False)
    card = torch.device("cuda")
    assert memory_budget(card) == 5 * 2**30
    assert memory_budget(CPU) == int(0.6 * total)
    monkeypatch.setenv("WEFT_VRAM", "2GiB")
    assert memory_budget(card) == 2 * 2**30
    monkeypatch.setenv("WEFT_RESERVE_VRAM", "9GiB")
    assert memory_budget(card) == 0


def test_copy_of_a_module_shares_what_is_not_replaced_also_when_tied() -> None:
    tied = torch.nn.Linear(3, 3)
    module = torch.nn.ModuleDict({"a": tied, "b": tied, "c": torch.nn.Linear(3, 3)})
    module.requires_grad_(False)
    copied = with_tensors(module, {"b.weight": torch.zeros(3, 3)})
    a, b, c = copied["a"], copied["b"], copied["c"]
    assert a is b
    assert float(a.weight.abs().max()) == 0 and a.bias is tied.bias
    assert c.weight is module["c"].weight
    assert float(tied.weight.abs().max()) > 0
    with pytest.raises(KeyError):
        with_tensors(module, {"d.weight": torch.zeros(3, 3)})
    moved = map_tensors(module, lambda tensor: tensor.to(META))
    assert {p.device for p in moved.parameters()} == {META}
    assert {p.device for p in module.parameters()} == {CPU}

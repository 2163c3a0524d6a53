"""Networks of which only a part is on its device, on a card that the host plays."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.patches.lora.apply import apply_lora
from weft.diffusion.patches.lora.file import load_lora
from weft.diffusion.patches.merge import merge_models
from weft.diffusion.text.embeddings import use_embeddings
from weft.diffusion.vae.tiling import decode_tiled
from weft.diffusion.weights.casting import module_in
from weft.diffusion.weights.derived import derive
from weft.diffusion.weights.residency import RESIDENCY, memory_report

from ... import families, models
from ...played_device import DEVICE, Card, Played, plugged_in
from ..files import test_fp8, test_gguf
from ..patches.lora.conftest import kohya
from ..sampling.test_sample import run


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Iterator[Card]:
    """An accelerator with nothing on it, on which networks compute in float32."""
    RESIDENCY.release()
    monkeypatch.setenv("WEFT_DEVICE", str(DEVICE))
    monkeypatch.setenv("WEFT_DTYPE", "float32")
    monkeypatch.setenv("WEFT_WORKSPACE", "0")
    with plugged_in() as card:
        yield card
        RESIDENCY.release()
    RESIDENCY.set_budget(DEVICE, None)
    RESIDENCY.set_budget("cpu", None)


def opened(folder: Path, seed: int) -> tuple[wd.Model, wd.Clip, wd.Vae]:
    return wd.load_checkpoint(models.tiny_sd1(folder / f"{seed}.safetensors", seed=seed))


def inputs() -> tuple[Any, Any, Any]:
    given = torch.ones(1, 4, 8, 8), torch.tensor([5]), torch.ones(1, 77, models.CONTEXT)
    x, t, text = (each.to(DEVICE) for each in given)
    return x, t, text


def predict(weights: wd.Weights, given: Any) -> torch.Tensor:
    network: Any = weights.module
    found: torch.Tensor = network(*given).sample
    return found.cpu()


def resident(weights: wd.Weights) -> int:
    """Bytes of a network on the card, as the report has it."""
    holdings = {(h.name, h.kind): h.resident for h in memory_report().holdings}
    return holdings.get((weights.label, weights.kind), 0)


def drawn(model: wd.Model, clip: wd.Clip, vae: wd.Vae) -> tuple[torch.Tensor, torch.Tensor]:
    """A latent, and its picture."""
    latent = wd.empty_latent(64, 64)
    red, blank = wd.encode_text(clip, "a red circle"), wd.encode_text(clip, "")
    samples = wd.sample(
        model, red, blank, latent, seed=1, steps=2, cfg=4.0,
        sampler_name="euler", scheduler="normal",
    ).samples  # fmt: skip
    return samples, wd.decode_latent(vae, replace(latent, samples=samples))


@pytest.mark.parametrize("percent", [0, 25, 50, 75, 99, 100])
def test_part_that_fits_stays_and_the_rest_moves_at_every_pass(
    tmp_path: Path, card: Card, percent: int
) -> None:
    weights = opened(tmp_path, 9700)[0].weights
    given = inputs()
    whole = predict(weights, given)
    size = weights.footprint
    assert resident(weights) == size
    RESIDENCY.release()
    budget = size * percent // 100
    RESIDENCY.set_budget(DEVICE, budget)
    before = card.held
    assert torch.equal(predict(weights, given), whole)
    card.reset()
    assert torch.equal(predict(weights, given), whole)
    stays = resident(weights)
    assert card.moved == size - stays
    assert card.held - before == stays
    largest = max((block.nbytes for block in weights.slot.blocks), default=0)
    assert card.peak - before <= max(budget, largest)
    # A beginning of the blocks stays: at most the next one, and one that visits, are missing.
    assert stays >= min(size, budget - 2 * largest)
    assert (stays == size) == (percent == 100)


def test_picture_is_that_of_whole_networks(tmp_path: Path, card: Card) -> None:
    model, clip, vae = opened(tmp_path, 9701)
    latent, picture = drawn(model, clip, vae)
    for share in (0.0, 0.3, 0.8):
        RESIDENCY.release()
        RESIDENCY.set_budget(DEVICE, int(share * model.weights.footprint))
        again, same = drawn(model, clip, vae)
        assert torch.equal(again, latent) and torch.equal(same, picture)


@pytest.mark.parametrize(
    "family", ["tiny_sdxl", "tiny_refiner", "tiny_sd2", "tiny_sd3", "tiny_flux", "tiny_pixart"]
)
def test_layers_of_every_family_can_be_offloaded(tmp_path: Path, card: Card, family: str) -> None:
    made = getattr(families, family)(tmp_path / f"{family}.safetensors", seed=9702)
    checkpoint = wd.load_checkpoint(made.path)
    latent, picture = drawn(*checkpoint)
    RESIDENCY.release()
    RESIDENCY.set_budget(DEVICE, 0)
    again, same = drawn(*checkpoint)
    assert card.held == 0
    assert torch.equal(again, latent) and torch.equal(same, picture)


def test_control_net_and_image_adapter_can_be_offloaded(tmp_path: Path, card: Card) -> None:
    model, clip, _ = opened(tmp_path, 9703)
    net = wd.load_controlnet(models.tiny_controlnet(tmp_path / "net.safetensors", seed=9704))
    vision = wd.load_clip_vision(models.tiny_clip_vision(tmp_path / "eye.safetensors", seed=9705))
    adapter = wd.load_ip_adapter(
        models.tiny_ip_adapter(tmp_path / "adapter.safetensors", seed=9706), vision
    )
    image = torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(3))

    def controlled() -> torch.Tensor:
        text = wd.apply_control(wd.encode_text(clip, "a red circle"), net, image)
        shown = wd.apply_ip_adapter(model, adapter, image, 0.8)
        return run(shown, (text, text)).samples

    whole = controlled()
    assert not torch.equal(whole, run(model, (wd.encode_text(clip, "a red circle"),) * 2).samples)
    RESIDENCY.release()
    RESIDENCY.set_budget(DEVICE, 0)
    assert torch.equal(controlled(), whole)
    RESIDENCY.set_budget(DEVICE, int(1.2 * model.weights.footprint))
    assert torch.equal(controlled(), whole)


def test_room_is_made_by_as_many_blocks_as_it_takes(tmp_path: Path, card: Card) -> None:
    first, second = (opened(tmp_path, 9710 + n)[0].weights for n in range(2))
    given, size = inputs(), first.footprint
    RESIDENCY.set_budget(DEVICE, int(1.6 * size))
    expected = predict(first, given)
    predict(second, given)
    largest = max(block.nbytes for block in first.slot.blocks)
    assert resident(second) == size
    assert 0.6 * size - largest <= resident(first) <= 0.6 * size
    card.reset()
    assert torch.equal(predict(first, given), expected)
    # Only what had left came back, and the other made room in its turn.
    assert card.moved <= 0.4 * size + largest
    assert resident(first) == size and resident(second) <= 0.6 * size


def test_network_whose_blocks_find_no_room_on_the_host_leaves_whole(
    tmp_path: Path, card: Card
) -> None:
    first, second = (opened(tmp_path, 9712 + n)[0].weights for n in range(2))
    given, size = inputs(), first.footprint
    RESIDENCY.set_budget(DEVICE, int(1.5 * size))
    RESIDENCY.set_budget("cpu", 0)
    expected = predict(first, given)
    predict(second, given)
    assert not first.loaded and resident(second) == size
    assert torch.equal(predict(first, given), expected)


def test_network_beside_one_in_use_takes_what_is_left(tmp_path: Path, card: Card) -> None:
    first, second = (opened(tmp_path, 9714 + n)[0].weights for n in range(2))
    given, size = inputs(), first.footprint
    expected = predict(second, given)
    RESIDENCY.release()
    RESIDENCY.set_budget(DEVICE, int(1.5 * size))
    held = first.module
    before = card.held
    card.reset()
    assert torch.equal(predict(second, given), expected)
    assert first.module is held and resident(first) == size
    assert 0 < resident(second) <= size // 2
    assert card.peak - before <= size // 2
    del held
    predict(second, given)
    assert resident(second) == size


def test_visitors_of_a_network_in_use_keep_their_room(tmp_path: Path, card: Card) -> None:
    first, second = (opened(tmp_path, 9716 + n)[0].weights for n in range(2))
    size = first.footprint
    RESIDENCY.set_budget(DEVICE, size // 2)
    held = first.module
    largest = max(block.nbytes for block in first.slot.blocks)
    second_held = second.module
    assert RESIDENCY.held(DEVICE) + largest <= size // 2
    del held, second_held


def test_workspace_stays_free_of_networks_that_do_not_fit(
    tmp_path: Path, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = opened(tmp_path, 9718)[0].weights
    given, size = inputs(), weights.footprint
    RESIDENCY.set_budget(DEVICE, size - 1)
    predict(weights, given)
    without = resident(weights)
    monkeypatch.setenv("WEFT_WORKSPACE", f"{size // 2}B")
    predict(weights, given)
    assert resident(weights) <= size - 1 - size // 2 < without
    RESIDENCY.set_budget(DEVICE, size)
    predict(weights, given)
    assert resident(weights) == size


@pytest.mark.parametrize(("way", "share"), [("never", 1.0), ("always", 0.0)])
def test_setting_keeps_all_or_nothing(
    tmp_path: Path, card: Card, monkeypatch: pytest.MonkeyPatch, way: str, share: float
) -> None:
    weights = opened(tmp_path, 9720)[0].weights
    given, size = inputs(), weights.footprint
    monkeypatch.setenv("WEFT_OFFLOAD", way)
    RESIDENCY.set_budget(DEVICE, size // 2 if way == "never" else 2 * size)
    predict(weights, given)
    assert resident(weights) == share * size


def test_offload_setting_that_is_none_is_refused(
    tmp_path: Path, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEFT_OFFLOAD", "sometimes")
    with pytest.raises(wd.ParameterError) as caught:
        assert opened(tmp_path, 9721)[0].weights.module
    assert caught.value.code == "memory.bad_setting"


class Doubled:
    """A recipe that doubles the large tensors, as a LoRA changes them."""

    def __init__(self, weights: wd.Weights) -> None:
        self.names = frozenset(n for n, shape in weights.shapes.items() if len(shape) > 1)
        self.digest = self.words = "doubled"

    def tensor(self, name: str, parents: Any) -> torch.Tensor:
        plain: torch.Tensor = parents[0](name)
        assert plain.device == DEVICE  # wherever it lies: sums are rounded where it runs
        return 2 * plain


@pytest.mark.parametrize("share", [0.0, 0.4, 1.2])
def test_derived_network_takes_the_room_of_the_one_it_follows_from(
    tmp_path: Path, card: Card, share: float
) -> None:
    base = opened(tmp_path, 9730)[0].weights
    derived = derive([base], Doubled(base))
    given, size = inputs(), base.footprint
    plain, changed = predict(base, given), predict(derived, given)
    assert not torch.equal(plain, changed)
    RESIDENCY.release()
    before = card.held
    budget = int(share * size)
    RESIDENCY.set_budget(DEVICE, budget)
    assert torch.equal(predict(base, given), plain)
    assert torch.equal(predict(derived, given), changed)
    assert card.held - before <= budget
    assert resident(base) + resident(derived) >= min(budget, size) - 400_000 * (share < 1)
    if share > 1:  # room for one, not for both: it is all of the derived one's
        assert resident(derived) == size and resident(base) == 0
    # Leaving it out again is exact.
    assert torch.equal(predict(base, given), plain)
    assert torch.equal(predict(derived, given), changed)
    assert card.held - before <= budget


def test_derived_network_that_shrank_shares_host_memory_again(tmp_path: Path, card: Card) -> None:
    base = opened(tmp_path, 9731)[0].weights
    derived = derive([base], Doubled(base))
    given, size = inputs(), base.footprint
    RESIDENCY.set_budget(DEVICE, int(1.2 * size))
    predict(derived, given)
    host = RESIDENCY.held(torch.device("cpu"))
    RESIDENCY.set_budget(DEVICE, size // 3)
    predict(derived, given)
    moved = size - resident(derived)
    shared = base.footprint - derived.footprint
    assert RESIDENCY.held(torch.device("cpu")) - host <= moved - shared // 2


def test_lora_and_merge_draw_the_same_with_a_part_resident(tmp_path: Path, card: Card) -> None:
    from safetensors.torch import save_file

    first, second = (opened(tmp_path, 9732 + n)[0] for n in range(2))
    save_file(kohya(first.weights), tmp_path / "style.safetensors")
    styled, _ = apply_lora(first, None, load_lora(tmp_path / "style.safetensors"), 0.7)
    both = [styled.weights, merge_models(styled, second, 0.3).weights]
    given = inputs()
    whole = [predict(weights, given) for weights in both]
    assert not torch.equal(whole[0], whole[1])
    for share in (0.0, 0.5, 1.2):
        RESIDENCY.release()
        RESIDENCY.set_budget(DEVICE, int(share * first.weights.footprint))
        for weights, expected in zip(both, whole, strict=True):
            assert torch.equal(predict(weights, given), expected)
            assert RESIDENCY.held(DEVICE) <= RESIDENCY.budget(DEVICE)


@pytest.mark.parametrize("packing", ["Q8_0", "Q4_0"])
def test_packed_network_is_fetched_packed(tmp_path: Path, card: Card, packing: str) -> None:
    packed, _ = test_gguf.pair(tmp_path, "sd1", packing, seed=9740 + len(packing))
    whole = test_gguf.sampled(packed)
    size = packed.weights.footprint
    RESIDENCY.release()
    before = card.held
    RESIDENCY.set_budget(DEVICE, size // 2)
    assert torch.equal(test_gguf.sampled(packed), whole)
    assert 0.3 * size < resident(packed.weights) <= size // 2
    assert card.held - before == resident(packed.weights)


def test_fp8_network_with_scales_is_offloaded(tmp_path: Path, card: Card) -> None:
    small = wd.load_model(test_fp8.pair(tmp_path, 9750, scaled=True)[0])
    whole = test_gguf.sampled(small)
    size = small.weights.footprint
    RESIDENCY.release()
    RESIDENCY.set_budget(DEVICE, size // 2)
    assert torch.equal(test_gguf.sampled(small), whole)
    assert 0 < resident(small.weights) <= size // 2


def test_encoder_with_an_embedding_is_offloaded_as_well(tmp_path: Path, card: Card) -> None:
    from safetensors.torch import save_file

    _, clip, _ = opened(tmp_path, 9751)
    save_file({"emb_params": torch.ones(2, models.CONTEXT)}, tmp_path / "style.safetensors")
    with use_embeddings(tmp_path):
        plain = wd.encode_text(clip, "a embedding:style circle").entries[0].tokens
        RESIDENCY.release()
        RESIDENCY.set_budget(DEVICE, clip.weights.footprint // 2)
        visiting = wd.encode_text(clip, "a embedding:style circle").entries[0].tokens
    assert clip.weights.slot.streamed
    assert torch.equal(plain, visiting)


def test_network_in_another_type_brings_its_tensors_in_that_type(
    tmp_path: Path, card: Card
) -> None:
    weights = opened(tmp_path, 9752)[0].weights
    RESIDENCY.set_budget(DEVICE, weights.footprint // 2)
    wide: Any = module_in(weights, torch.float64)
    x, t, text = inputs()
    out = wide(x.double(), t, text.double()).sample
    assert out.dtype == torch.float64
    torch.testing.assert_close(out.cpu().float(), predict(weights, (x, t, text)))


def test_vae_in_tiles_is_offloaded_too(tmp_path: Path, card: Card) -> None:
    _, _, vae = opened(tmp_path, 9753)
    latent = wd.empty_latent(128, 128)
    whole = decode_tiled(vae, latent, tile_size=64)
    RESIDENCY.release()
    RESIDENCY.set_budget(DEVICE, vae.weights.footprint // 3)
    assert torch.equal(decode_tiled(vae, latent, tile_size=64), whole)


def test_layer_that_fails_leaves_nothing_on_the_card(tmp_path: Path, card: Card) -> None:
    weights = opened(tmp_path, 9754)[0].weights
    RESIDENCY.set_budget(DEVICE, weights.footprint // 2)
    x, t, text = inputs()
    predict(weights, (x, t, text))
    held = card.held
    with pytest.raises(RuntimeError):
        predict(weights, (x, t, text[..., :-1]))
    gc.collect()
    assert card.held == held


def test_report_says_how_much_of_a_network_is_resident(tmp_path: Path, card: Card) -> None:
    weights = opened(tmp_path, 9755)[0].weights
    size = weights.footprint
    RESIDENCY.set_budget(DEVICE, size // 2)
    held = weights.module
    (holding,) = memory_report().holdings
    assert holding.state == "streamed" and holding.device == str(DEVICE) and holding.in_use
    assert holding.nbytes == size and 0 < holding.resident <= size // 2
    devices = {d.name: d.held for d in memory_report().devices}
    assert devices == {"cpu": size - holding.resident, str(DEVICE): holding.resident}
    (line,) = memory_report().lines()[2:]
    mib = f"{holding.resident / 2**20:.1f} MiB of {size / 2**20:.1f} MiB resident"
    assert line.endswith(f"(streamed on {DEVICE}, {mib}, in use)")
    del held
    RESIDENCY.set_budget(DEVICE, 0)
    (holding,) = memory_report().holdings
    assert (holding.state, holding.device, holding.resident) == ("parked", "cpu", 0)


def test_200_switches_with_a_part_resident_leak_nothing(tmp_path: Path, card: Card) -> None:
    three = [opened(tmp_path, 9760 + n)[0].weights for n in range(3)]
    networks = [*three, derive([three[0]], Doubled(three[0]))]
    given, size = inputs(), three[0].footprint
    expected = [predict(weights, given) for weights in networks]
    RESIDENCY.release()
    before = card.held
    RESIDENCY.set_budget(DEVICE, int(1.4 * size))
    runners: list[weakref.ref[Any]] = []
    counts: list[tuple[int, int, int]] = []
    for switch in range(200):
        # Both the order and the room change, so that blocks leave and come back.
        weights = networks[switch * 7 % 4]
        if switch % 10 == 9:
            RESIDENCY.set_budget(DEVICE, int((0.4, 1.4)[switch // 10 % 2] * size))
        assert torch.equal(predict(weights, given), expected[switch * 7 % 4])
        assert card.held - before == RESIDENCY.held(DEVICE) <= RESIDENCY.budget(DEVICE)
        assert weights.slot.runner is not None
        runners.append(weakref.ref(weights.slot.runner))
        if switch in (39, 199):
            gc.collect()
            tensors = sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())
            counts.append((tensors, RESIDENCY.held(torch.device("cpu")), card.all_held))
    assert counts[0] == counts[1]
    alive = {id(ref()) for ref in runners if ref() is not None}
    assert len(alive) <= len(networks)
    RESIDENCY.release()
    assert card.held == before


def test_played_card_refuses_a_tensor_that_was_left_on_the_host(card: Card) -> None:
    with pytest.raises(RuntimeError, match="one device"):
        torch.ones(2, 2).to(DEVICE) @ torch.ones(2, 2)
    brought = torch.ones(2, 2).to(DEVICE)
    assert isinstance(brought, Played) and brought.to(DEVICE) is brought
    assert (card.held, card.moved) == (16, 32)

"""LoRAs for Flux in the layouts of Black Forest Labs' control LoRAs and of XLabs act whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

import weft.diffusion as wd
from tests import families
from tests.cases.places import SHARED
from weft.diffusion.patches.lora.apply import fit_lora
from weft.diffusion.patches.lora.entries import sort_entries
from weft.diffusion.patches.lora.file import load_lora
from weft.diffusion.patches.lora.names import denoiser_spellings

KEYS = SHARED.parent / "weights" / "keys"
RANK = 4

Tensors = dict[str, Tensor]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Flux network in the names of its first publication."""
    path = tmp_path_factory.mktemp("flux") / "flux.safetensors"
    save_file(
        {n: t.contiguous() for n, t in families.flux_tensors(families.flux_transformer()).items()},
        path,
    )
    return path


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape) * 0.1


def control_lora(network: Tensors, *, wide: int = 2) -> Tensors:
    """A LoRA as those of FLUX.1 Depth: every layer with its bias, norms whole, a wider input."""
    torch.manual_seed(4)
    found: Tensors = {}
    for name, tensor in network.items():
        layer, _, field = name.rpartition(".")
        if field == "scale":
            found[name] = 1.0 + noise(*tensor.shape)
        elif field == "weight":
            inputs = tensor.shape[1] * (wide if layer == "img_in" else 1)
            found[f"{layer}.lora_A.weight"] = noise(RANK, inputs)
            found[f"{layer}.lora_B.weight"] = noise(tensor.shape[0], RANK)
        else:
            found[f"{layer}.lora_B.bias"] = noise(*tensor.shape)
    return found


def by_hand(network: Tensors, lora: Tensors, strength: float) -> Tensors:
    """The network that a control LoRA makes of another, in float64."""
    found = {}
    for name, tensor in network.items():
        layer, _, field = name.rpartition(".")
        exact = tensor.double()
        if field == "scale":
            exact = exact + strength * (lora[name].double() - exact)
        elif field == "bias":
            exact = exact + strength * lora[f"{layer}.lora_B.bias"].double()
        else:
            up, down = (lora[f"{layer}.lora_{half}.weight"].double() for half in "BA")
            more = down.shape[1] - exact.shape[1]
            exact = torch.cat([exact, exact.new_zeros(exact.shape[0], more)], dim=1)
            exact = exact + strength * (up @ down)
        found[name] = exact.float()
    return found


def with_lora(model: wd.Model, path: Path, strength: float = 1.0) -> wd.Model:
    return wd.apply_lora(model, None, load_lora(path), strength)[0]


def same(got: wd.Model, wanted: wd.Model) -> None:
    assert dict(got.weights.shapes) == dict(wanted.weights.shapes)
    assert got.weights.config == wanted.weights.config
    for name in wanted.weights.shapes:
        torch.testing.assert_close(
            got.weights.tensor(name), wanted.weights.tensor(name), atol=1e-6, rtol=1e-5, msg=name
        )


@pytest.mark.parametrize("strength", [1.0, 0.6, -0.5])
def test_control_lora_makes_the_network_that_the_formula_makes(
    published: Path, tmp_path: Path, strength: float
) -> None:
    network = load_file(published)
    lora = control_lora(network)
    save_file(lora, tmp_path / "lora.safetensors")
    save_file(by_hand(network, lora, strength), tmp_path / "whole.safetensors")
    model = wd.load_model(published)
    fit = fit_lora(model, None, load_lora(tmp_path / "lora.safetensors"))
    assert fit.unused == ()
    got = with_lora(model, tmp_path / "lora.safetensors", strength)
    same(got, wd.load_model(tmp_path / "whole.safetensors"))
    assert got.weights.config["in_channels"] == 128
    assert model.weights.config["in_channels"] == 64


def run(model: wd.Model, picture: Tensor) -> Tensor:
    """What the network says of a noisy latent beside an image."""
    torch.manual_seed(9)
    with torch.no_grad():
        output: Tensor = model.weights.module(
            hidden_states=torch.cat([torch.randn(1, 16, 64), picture], dim=-1),
            encoder_hidden_states=torch.randn(1, 5, families.T5_WIDTH),
            pooled_projections=torch.randn(1, families.L_WIDTH),
            timestep=torch.tensor([0.5]),
            guidance=torch.tensor([3.5]),
            img_ids=torch.zeros(16, 3),
            txt_ids=torch.zeros(5, 3),
            return_dict=False,
        )[0]
    return output


def test_network_with_a_control_lora_sees_the_image_beside_the_noise(
    published: Path, tmp_path: Path
) -> None:
    network = load_file(published)
    lora = control_lora(network)
    save_file(lora, tmp_path / "lora.safetensors")
    save_file(by_hand(network, lora, 1.0), tmp_path / "whole.safetensors")
    got = with_lora(wd.load_model(published), tmp_path / "lora.safetensors")
    wanted = wd.load_model(tmp_path / "whole.safetensors")
    picture = torch.randn(1, 16, 64)
    torch.testing.assert_close(run(got, picture), run(wanted, picture), atol=1e-4, rtol=1e-4)
    assert not torch.allclose(run(got, picture), run(got, torch.zeros_like(picture)))


def test_control_lora_acts_on_the_network_that_it_is_made_for(
    published: Path, tmp_path: Path
) -> None:
    """FLUX.1 Depth takes 128 channels already: nothing grows."""
    network = load_file(published)
    network["img_in.weight"] = noise(network["img_in.weight"].shape[0], 128)
    save_file(network, tmp_path / "depth.safetensors")
    lora = control_lora(network, wide=1)
    save_file(lora, tmp_path / "lora.safetensors")
    save_file(by_hand(network, lora, 1.0), tmp_path / "whole.safetensors")
    model = wd.load_model(tmp_path / "depth.safetensors")
    assert fit_lora(model, None, load_lora(tmp_path / "lora.safetensors")).unused == ()
    got = with_lora(model, tmp_path / "lora.safetensors")
    same(got, wd.load_model(tmp_path / "whole.safetensors"))


@pytest.mark.parametrize("control_first", [True, False])
def test_plain_lora_of_the_input_joins_a_control_lora(
    published: Path, tmp_path: Path, control_first: bool
) -> None:
    network = load_file(published)
    lora = control_lora(network)
    save_file(lora, tmp_path / "control.safetensors")
    rows, inputs = network["img_in.weight"].shape
    up, down = noise(rows, RANK), noise(RANK, inputs)
    plain = {"img_in.lora_A.weight": down, "img_in.lora_B.weight": up}
    save_file(plain, tmp_path / "plain.safetensors")
    order = ["control", "plain"] if control_first else ["plain", "control"]
    got = wd.load_model(published)
    for name in order:
        got = with_lora(got, tmp_path / f"{name}.safetensors")
    wanted = by_hand(network, lora, 1.0)["img_in.weight"].double()
    wanted[:, :inputs] += up.double() @ down.double()
    torch.testing.assert_close(
        got.weights.tensor("x_embedder.weight").double(), wanted, atol=1e-6, rtol=1e-5
    )


def test_lora_for_no_multiple_of_the_input_is_refused(published: Path, tmp_path: Path) -> None:
    rows = load_file(published)["img_in.weight"].shape[0]
    odd = {"img_in.lora_A.weight": noise(RANK, 100), "img_in.lora_B.weight": noise(rows, RANK)}
    save_file(odd, tmp_path / "odd.safetensors")
    with pytest.raises(wd.ModelError) as caught:
        with_lora(wd.load_model(published), tmp_path / "odd.safetensors")
    assert caught.value.code == "model.kinds_do_not_fit"


def test_strength_0_leaves_the_network_as_it_is(published: Path, tmp_path: Path) -> None:
    save_file(control_lora(load_file(published)), tmp_path / "lora.safetensors")
    model = wd.load_model(published)
    assert with_lora(model, tmp_path / "lora.safetensors", 0.0).weights is model.weights


@pytest.mark.parametrize("prefix", ["", "diffusion_model."])
def test_xlabs_lora_changes_each_half_of_its_blocks(
    published: Path, tmp_path: Path, prefix: str
) -> None:
    network = load_file(published)
    torch.manual_seed(6)
    lora: Tensors = {}
    wanted = {name: tensor.double() for name, tensor in network.items()}
    for kind, ours, theirs in (
        ("double", "img_attn.qkv", "qkv_lora1"),
        ("double", "img_attn.proj", "proj_lora1"),
        ("double", "txt_attn.qkv", "qkv_lora2"),
        ("double", "txt_attn.proj", "proj_lora2"),
        ("single", "linear1", "qkv_lora"),
        ("single", "linear2", "proj_lora"),
    ):
        name = f"{kind}_blocks.0.{ours}.weight"
        inputs = network[name].shape[1]
        rows = 3 * inputs if ours == "linear1" else network[name].shape[0]
        up, down = noise(rows, RANK), noise(RANK, inputs)
        stem = f"{prefix}{kind}_blocks.0.processor.{theirs}"
        lora |= {f"{stem}.up.weight": up, f"{stem}.down.weight": down}
        wanted[name][:rows] += up.double() @ down.double()
    save_file(lora, tmp_path / "xlabs.safetensors")
    save_file({n: t.float() for n, t in wanted.items()}, tmp_path / "whole.safetensors")
    model = wd.load_model(published)
    assert fit_lora(model, None, load_lora(tmp_path / "xlabs.safetensors")).unused == ()
    got = with_lora(model, tmp_path / "xlabs.safetensors")
    same(got, wd.load_model(tmp_path / "whole.safetensors"))


@pytest.fixture(scope="module")
def full_size() -> Any:
    """Names and shapes of FLUX.1-dev's network, without numbers."""
    from diffusers import FluxTransformer2DModel

    with torch.device("meta"):
        return FluxTransformer2DModel(guidance_embeds=True)


@pytest.mark.skipif(not KEYS.is_dir(), reason="the lists of published tensor names are not at hand")
@pytest.mark.parametrize(
    ("file", "count"), [("flux_control_lora_format", 1094), ("flux_lora_xlabs_format", 24)]
)
def test_every_published_tensor_belongs_to_a_layer(full_size: Any, file: str, count: int) -> None:
    told: dict[str, Any] = json.loads((KEYS / f"{file}.json").read_text())
    assert len(told) == count
    entries, unknown = sort_entries(told, {}, file)
    spelled = denoiser_spellings("transformer", full_size.state_dict())
    assert unknown == ()
    assert [stem for stem in entries if stem not in spelled] == []
    assert sum(len(entry.fields) for entry in entries.values()) == count

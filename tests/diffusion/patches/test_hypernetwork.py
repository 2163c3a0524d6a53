"""Hypernetworks: A1111's files converted, and their formula in every attention layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import weft.diffusion as wd
from weft.diffusion.files.convert.model import convert_model
from weft.diffusion.guidance.hyper import HypernetworkRule
from weft.diffusion.patches.hypernetwork import apply_hypernetwork, load_hypernetwork
from weft.diffusion.types.guidance import Moment

from ... import models

MOMENT = Moment(1.0, lambda fraction: fraction)


def widths_of(model: wd.Model) -> set[int]:
    shapes = model.weights.shapes
    return {shape[1] for name, shape in shapes.items() if name.endswith(".to_k.weight")}


def sequence(width: int, *, norm: bool, activation: nn.Module | None, last: bool) -> nn.Sequential:
    """A network as A1111 builds it: 1, 2, 1 times the width."""
    steps: list[nn.Module] = []
    for number, (into, out) in enumerate(((width, 2 * width), (2 * width, width))):
        steps.append(nn.Linear(into, out))
        if activation is not None and (number == 0 or last):
            steps.append(activation)
        if norm:
            steps.append(nn.LayerNorm(out))
    return nn.Sequential(*steps)


def pickled(path: Path, networks: dict[int, tuple[nn.Module, nn.Module]], **settings: Any) -> Path:
    held: dict[Any, Any] = {"name": "style", "step": 100, "layer_structure": [1, 2, 1], **settings}
    for width, pair in networks.items():
        held[width] = [
            {f"linear.{name}": tensor for name, tensor in network.state_dict().items()}
            for network in pair
        ]
    torch.save(held, path)
    return path


def made(
    path: Path, widths: set[int], seed: int = 0, *, converted: bool = False, **options: Any
) -> tuple[Path, dict[int, Any]]:
    """A file, written as conversion does or converted, and the modules whose tensors it holds."""
    torch.manual_seed(seed)
    norm, last = options.get("norm", False), options.get("last", False)
    named = {None: None, "relu": nn.ReLU(), "tanh": nn.Tanh(), "swish": nn.Hardswish()}
    activation = named[options.get("name")]
    networks = {
        width: tuple(
            sequence(width, norm=norm, activation=activation, last=last).requires_grad_(False)
            for _ in range(2)
        )
        for width in sorted(widths)
    }
    settings = {"activation_func": options.get("name"), "is_layer_norm": norm,
                "activate_output": last}  # fmt: skip
    if converted:
        source = pickled(path.with_suffix(".pt"), networks, **settings)  # type: ignore[arg-type]
        return convert_model(source, path), networks
    tensors = {
        f"hypernetwork.{width}.{which}.linear.{name}": tensor
        for width, pair in networks.items()
        for which, network in enumerate(pair)
        for name, tensor in network.state_dict().items()
    }
    save_file(tensors, path, {"hypernetwork": json.dumps(settings)})
    return path, networks


@pytest.mark.parametrize("name", [None, "relu", "tanh", "swish"])
@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("last", [False, True])
def test_keys_and_values_are_made_of_what_the_networks_add(
    model: wd.Model, tmp_path: Path, name: str | None, norm: bool, last: bool
) -> None:
    path, networks = made(
        tmp_path / "x.safetensors", widths_of(model), name=name, norm=norm, last=last
    )
    rule = HypernetworkRule(load_hypernetwork(path), 0.7)
    unet: Any = model.weights.module
    tried = 0
    for layer, module in unet.named_modules():
        if not layer.endswith((".attn1", ".attn2")):
            continue
        x = torch.randn(1, 5, module.to_k.in_features)
        keys, values = networks[x.shape[-1]]
        plain = module.to_k(x)
        with rule.around(MOMENT):
            got = module.to_k(x), module.to_v(x)
        expected = (module.to_k(x + 0.7 * keys(x)), module.to_v(x + 0.7 * values(x)))
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)
        assert torch.equal(module.to_k(x), plain)
        tried += 1
    assert tried > 2


def sampled(model: wd.Model, prompts: Any) -> torch.Tensor:
    return wd.sample(
        model, *prompts, wd.empty_latent(64, 64), seed=1, steps=2, cfg=4.0,
        sampler_name="euler", scheduler="normal",
    ).samples  # fmt: skip


def test_hypernetwork_changes_the_picture_and_leaves_the_model_alone(
    model: wd.Model, prompts: Any, tmp_path: Path
) -> None:
    path, _ = made(tmp_path / "x.safetensors", widths_of(model))
    network = load_hypernetwork(path)
    before = sampled(model, prompts)
    changed = sampled(apply_hypernetwork(model, network), prompts)
    assert not torch.allclose(changed, before, atol=1e-3)
    assert torch.equal(sampled(model, prompts), before)
    assert apply_hypernetwork(model, network, 0.0) is model


def test_two_hypernetworks_act_one_after_the_other(model: wd.Model, tmp_path: Path) -> None:
    width = min(widths_of(model))
    pairs = [made(tmp_path / f"{n}.safetensors", {width}, seed=n) for n in (1, 2)]
    rules = [HypernetworkRule(load_hypernetwork(path), 0.5) for path, _ in pairs]
    unet: Any = model.weights.module
    layer = next(m for n, m in unet.named_modules() if n.endswith("to_k") and
                 m.in_features == width)  # fmt: skip
    x = torch.randn(1, 3, width)
    once = x + 0.5 * pairs[0][1][width][0](x)
    twice = once + 0.5 * pairs[1][1][width][0](once)
    with rules[0].around(MOMENT), rules[1].around(MOMENT):
        got = layer(x)
    torch.testing.assert_close(got, layer(twice), rtol=1e-5, atol=1e-5)


def test_converted_file_is_the_one_that_was_pickled(tmp_path: Path) -> None:
    options: dict[str, Any] = {"name": "tanh", "norm": True, "last": True, "seed": 6}
    written, _ = made(tmp_path / "w.safetensors", {16, 24}, **options)
    converted, _ = made(tmp_path / "c.safetensors", {16, 24}, converted=True, **options)
    one, other = load_file(written), load_file(converted)
    assert one.keys() == other.keys()
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
    assert load_hypernetwork(converted).settings == load_hypernetwork(written).settings
    assert load_hypernetwork(converted).settings["activation"] == "tanh"


def test_oldest_files_count_from_one(tmp_path: Path) -> None:
    torch.manual_seed(4)
    first, second = nn.Linear(32, 64), nn.Linear(64, 32)
    state = {
        "linear1.weight": first.weight.data, "linear1.bias": first.bias.data,
        "linear2.weight": second.weight.data, "linear2.bias": second.bias.data,
    }  # fmt: skip
    torch.save({32: [state, state]}, tmp_path / "old.pt")
    network = load_hypernetwork(convert_model(tmp_path / "old.pt", tmp_path / "old.safetensors"))
    layers = network.layers(32, torch.device("cpu"), torch.float32)
    assert layers is not None
    (one, bias), (other, _) = layers[0]
    assert torch.equal(one, first.weight) and torch.equal(other, second.weight)
    assert bias is not None and torch.equal(bias, first.bias)
    assert network.settings == {"activation": "linear", "activate_output": False}


def test_hypernetwork_of_another_family_is_refused_with_both_widths(
    model: wd.Model, tmp_path: Path
) -> None:
    path, _ = made(tmp_path / "x.safetensors", {48})
    with pytest.raises(wd.ModelError) as caught:
        apply_hypernetwork(model, load_hypernetwork(path))
    assert (caught.value.code, caught.value.got) == ("model.kinds_do_not_fit", "48")


def test_activation_that_is_not_known_is_named(tmp_path: Path) -> None:
    layers = sequence(8, norm=False, activation=None, last=False)
    path = pickled(tmp_path / "x.pt", {8: (layers, layers)}, activation_func="__class__")
    converted = convert_model(path, tmp_path / "x.safetensors")
    with pytest.raises(wd.ModelError) as caught:
        load_hypernetwork(converted)
    assert (caught.value.code, caught.value.got) == ("model.unsupported_layout", "__class__")


@pytest.mark.parametrize(
    "tensors",
    [
        {"hypernetwork.8.0.linear.0.weight": (8, 8)},  # no values
        {f"hypernetwork.8.{n}.linear.0.weight": (8, 4) for n in (0, 1)},
        {f"hypernetwork.8.{n}.linear.0.weight": (4, 8) for n in (0, 1)},
        {f"hypernetwork.8.{n}.linear.0.bias": (8,) for n in (0, 1)},
        {f"hypernetwork.8.{n}.linear.0.weight": (8,) for n in (0, 1)},  # norms alone
        {"something.else": (1,)},
    ],
)
def test_file_whose_layers_do_not_follow_each_other_is_refused(
    tmp_path: Path, tensors: dict[str, tuple[int, ...]]
) -> None:
    save_file({n: torch.zeros(s) for n, s in tensors.items()}, tmp_path / "x.safetensors")
    with pytest.raises(wd.ModelError) as caught:
        load_hypernetwork(tmp_path / "x.safetensors")
    assert caught.value.code == "model.wrong_kind"


def test_node_is_known_by_its_name_and_keyed_by_content(tmp_path: Path) -> None:
    from weft.engine.store.values import Values
    from weft.nodes.values import CODECS

    one, _ = made(tmp_path / "1.safetensors", {8}, seed=1)
    other, _ = made(tmp_path / "2.safetensors", {8}, seed=2)
    values = Values(CODECS)
    digests = [values.digest(HypernetworkRule(load_hypernetwork(p))) for p in (one, one, other)]
    assert None not in digests and digests[0] == digests[1] != digests[2]


def test_workflow_puts_a_hypernetwork_on_a_model(tmp_path: Path) -> None:
    from weft.engine.workflows.workflow import Workflow
    from weft.nodes.standard.engine import StandardEngine

    from ...nodes.flows import link, txt2img

    for kind in ("checkpoints", "hypernetworks"):
        (tmp_path / "models" / kind).mkdir(parents=True)
    checkpoint = models.tiny_sd1(tmp_path / "models" / "checkpoints" / "tiny.safetensors", seed=890)
    widths = widths_of(wd.load_checkpoint(checkpoint)[0])
    made(tmp_path / "models" / "hypernetworks" / "style.safetensors", widths)
    document = txt2img()
    document["nodes"]["style"] = {
        "type": "HypernetworkLoader",
        "inputs": {"model": link("checkpoint.model"), "hypernetwork_name": "style.safetensors"},
    }
    with StandardEngine(models=[tmp_path / "models"], output=tmp_path, packs=False) as engine:
        pictures = []
        for source in ("checkpoint.model", "style.model"):
            document["nodes"]["sample"]["inputs"]["model"] = link(source)
            workflow = Workflow.from_json(document, engine.registry)
            found = engine.run(workflow, outputs=["decode.image"])
            pictures.append(found["decode.image"])
    assert not torch.equal(*pictures)


def test_inspection_says_that_it_is_a_hypernetwork(tmp_path: Path) -> None:
    path, _ = made(tmp_path / "x.safetensors", {8})
    assert wd.inspect_file(path).kind == "hypernetwork"

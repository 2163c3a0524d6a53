"""A diffusers folder as a single file in the layout of first publication."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ModelError
from ...families import family_named
from ...formats.folder import read_json
from ...formats.safetensors_header import read_header
from ...formats.single_file import Joined, TensorPart, text_layout, vae_layout
from ...networks.configuring import untold_config
from ...replacing import replacing
from ...weights.handle import Weights
from ..exporting import joined_tensor, model_layout
from ..loading import load_checkpoint, load_model
from ..tensor_writer import Planned, write_tensors
from .configs import text_folder
from .raw import RawNetwork
from .to_folder import FORMAT, LEFTOVER, ORIGINAL, refuse_existing

if TYPE_CHECKING:
    from torch import Tensor

    from ...types import Clip, Model, Vae

_PREDICTIONS = {"eps": "epsilon", "v_prediction": "v", "x0": "sample"}


def write_single(folder: Path, target: Path) -> None:
    """Write a diffusers folder as one safetensors file; it appears whole or not at all.

    Args:
        folder: A whole model, or a denoising network alone, whose names get no prefix then.
        target: Where to.

    Raises:
        ModelError: `folder` is no model that weft reads, its family has no such layout, or
            `target` exists.
    """
    refuse_existing(target)
    original = read_json(folder / ORIGINAL)
    clip: Clip | None = None
    if lone_network(folder):
        model = load_model(folder)
        parts = {_network(model): model.weights}
        usual = {_network(model): model_layout(model, "")}
    else:
        model, clip, vae = load_checkpoint(folder)
        parts = _parts(model, clip, vae)
        usual = {} if _remembered(original, parts) else _usual(model, clip, vae)
    layouts = _remembered(original, parts) or usual
    stated = original.get("metadata")
    metadata = stated if isinstance(stated, dict) else _metadata(model, clip, parts)
    metadata = {str(key): str(value) for key, value in metadata.items()}
    places = {
        name: (RawNetwork(parts[part]), joined)
        for part, layout in layouts.items()
        for name, joined in layout.items()
    }
    planned = {
        name: Planned(raw.dtype(joined.parts[0].name), joined.shape)
        for name, (raw, joined) in places.items()
    }
    leftover = _leftovers(folder)
    planned |= {name: plan for name, plan in leftover.items() if name not in planned}

    def read(name: str) -> Tensor:
        if name in places:
            raw, joined = places[name]
            return joined_tensor(joined, raw.tensor)
        from safetensors import safe_open

        with safe_open(folder / LEFTOVER, framework="pt", device="cpu") as file:
            tensor: Tensor = file.get_tensor(name)
        return tensor

    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as temporary, temporary.open("wb") as stream:
        write_tensors(stream, planned, read, metadata)


def _network(model: Model) -> str:
    return "unet" if model.weights.kind == "unet" else "transformer"


def lone_network(folder: Path) -> bool:
    """Whether a folder holds one network instead of a model."""
    return (folder / "config.json").is_file() and not (folder / "model_index.json").is_file()


def _parts(model: Model, clip: Clip, vae: Vae) -> dict[str, Weights]:
    found = {_network(model): model.weights, "vae": vae.weights}
    return found | {text_folder(n): weights for n, weights in enumerate(clip.encoders)}


def _remembered(
    original: Mapping[str, Any], parts: Mapping[str, Weights]
) -> dict[str, dict[str, Joined]]:
    """The layout that `original.json` tells, if it is about these very networks; else {}."""
    if original.get("format") != FORMAT or set(original.get("parts", {})) != set(parts):
        return {}
    found: dict[str, dict[str, Joined]] = {}
    for name, layout in original["parts"].items():
        found[name] = {
            stored: Joined(
                tuple(TensorPart(**part) for part in joined["parts"]), tuple(joined["shape"])
            )
            for stored, joined in layout.items()
        }
        told = {part.name for joined in found[name].values() for part in joined.parts}
        stored_plan = parts[name].stored
        if stored_plan is None or told != set(stored_plan.plan):
            return {}
    return found


def _usual(model: Model, clip: Clip, vae: Vae) -> dict[str, dict[str, Joined]]:
    """The layout of first publication."""
    if "class_embed_type" in model.weights.config:
        raise ModelError(
            "convert.no_layout",
            "weft cannot convert folders of unCLIP models to single files yet.",
            expected="a model without image prompts, or a folder that weft made",
            got="an unCLIP model",
            hint="Load the folder as it is.",
        )
    family = family_named(model.family)
    found = {_network(model): model_layout(model), "vae": vae_layout(_shapes(vae.weights))}
    for number, weights in enumerate(clip.encoders):
        role = str(weights.extras.get("role"))
        place = family.encoders.index(role) if role in family.encoders else number
        prefix = family.text_places[place][0]
        found[text_folder(number)] = text_layout(_shapes(weights), prefix)
    return found


def _shapes(weights: Weights) -> dict[str, tuple[int, ...]]:
    assert weights.stored is not None
    return {name: weights.shapes[name] for name in weights.stored.plan}


def _metadata(model: Model, clip: Clip | None, parts: Mapping[str, Weights]) -> dict[str, str]:
    """What a single file must say in words: prediction, tokenizers, what shapes do not tell."""
    found: dict[str, str] = {"modelspec.architecture": model.family}
    sampling = family_named(model.family).sampling_of(model)
    if sampling.prediction in _PREDICTIONS:
        found["modelspec.prediction_type"] = _PREDICTIONS[sampling.prediction]
    for number, weights in enumerate(clip.encoders if clip else (), start=1):
        tokenizer = weights.extras.get("tokenizer")
        if tokenizer and weights.config.get("vocab_size") != 49408:
            found["tokenizer" if number == 1 else f"tokenizer_{number}"] = str(tokenizer)
    told = {w.kind: untold_config(w.kind, w.shapes, w.config) for w in parts.values()}
    told = {kind: config for kind, config in told.items() if config}
    if told:
        found["config"] = json.dumps(told, sort_keys=True)
    return found


def _leftovers(folder: Path) -> dict[str, Planned]:
    if not (folder / LEFTOVER).is_file():
        return {}
    header = read_header(folder / LEFTOVER)
    return {name: Planned(info.dtype, info.shape) for name, info in header.tensors.items()}

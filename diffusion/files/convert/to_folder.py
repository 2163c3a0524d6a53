"""A single file as a diffusers folder."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ModelError
from ...families import family_named
from ...formats.single_file import inverted
from ...text.tokenizers import CLIP_VOCABULARY, clip_tokenizer
from ...types import Clip, Model, Vae
from ...weights.handle import Weights
from ..loading import load_checkpoint, load_model
from ..opening import open_source
from ..tensor_writer import Planned, write_tensors
from .configs import index_json, network_json, scheduler_json, text_folder
from .raw import RawNetwork

if TYPE_CHECKING:
    from torch import Tensor

ORIGINAL, LEFTOVER = "original.json", "leftover.safetensors"
FORMAT = 1


def write_folder(source: Path, folder: Path) -> None:
    """Write a model as a diffusers folder; it appears whole or not at all.

    Args:
        source: A checkpoint, or a denoising network alone.
        folder: Where to; for a network alone it holds its config.json and weights directly.

    Raises:
        ModelError: `source` is nothing that weft reads, or `folder` exists.
    """
    refuse_existing(folder)
    opened = _opened(source)
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _fill(work, *opened)
        work.chmod(0o755)
        work.rename(folder)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def refuse_existing(target: Path) -> None:
    """Conversion never writes over anything.

    Raises:
        ModelError: There is something already.
    """
    if target.exists():
        raise ModelError(
            "convert.exists",
            f'"{target}" exists already.',
            hint="Choose another name, or delete it first.",
        )


def _opened(source: Path) -> tuple[Model, Clip | None, Vae | None]:
    if open_source(source).identity.kind == "unet":
        return load_model(source), None, None
    return load_checkpoint(source)


def _fill(work: Path, model: Model, clip: Clip | None, vae: Vae | None) -> None:
    family = family_named(model.family)
    network = "unet" if model.weights.kind == "unet" else "transformer"
    parts: dict[str, Weights] = {network: model.weights}
    encoders = clip.encoders if clip is not None else ()
    if vae is not None:
        parts["vae"] = vae.weights
    parts |= {text_folder(number): weights for number, weights in enumerate(encoders)}
    original: dict[str, Any] = {"format": FORMAT, "parts": {}}
    raw: dict[str, RawNetwork] = {}
    for name, weights in parts.items():
        raw[name] = RawNetwork(weights)
        own = work / name if vae is not None else work
        own.mkdir(exist_ok=True)
        stem = "model" if name.startswith("text_") else "diffusion_pytorch_model"
        names = {_stored_name(name, n, weights): n for n in weights.shapes if _has(weights, n)}
        _write(own / f"{stem}.safetensors", raw[name], names)
        _json(own / "config.json", network_json(weights, family.latent))
        original["parts"][name] = _layout(weights)
    for number, weights in enumerate(encoders):
        _tokenizer(work / text_folder(number).replace("text_encoder", "tokenizer"), weights)
    if vae is not None:
        (work / "scheduler").mkdir()
        scheduler = scheduler_json(family.sampling_of(model))
        _json(work / "scheduler" / "scheduler_config.json", scheduler)
        index = index_json(model.family, model.weights, vae.weights, encoders)
        _json(work / "model_index.json", index)
    stored = model.weights.stored
    original["metadata"] = dict(stored.metadata) if stored else {}
    _json(work / ORIGINAL, original)
    _write_leftovers(work / LEFTOVER, list(raw.values()))


def _has(weights: Weights, name: str) -> bool:
    return weights.stored is not None and name in weights.stored.plan


def _stored_name(part: str, name: str, weights: Weights) -> str:
    """A name as diffusers and transformers save it."""
    clip = "embeddings.token_embedding.weight" in weights.shapes
    if part.startswith("text_") and clip and name != "text_projection.weight":
        return f"text_model.{name}"
    return name


def _layout(weights: Weights) -> dict[str, Any]:
    """How the single file holds this network: name -> parts and shape."""
    assert weights.stored is not None
    shapes = {name: info.shape for name, info in weights.stored.tensors.items()}
    return {name: asdict(joined) for name, joined in inverted(weights.stored.plan, shapes).items()}


def _write(path: Path, raw: RawNetwork, names: Mapping[str, str]) -> None:
    def read(stored: str) -> Tensor:
        tensor = raw.tensor(names[stored])
        # The VAE's attention is of 1x1 convolutions in single files, and linear in diffusers.
        linear = raw.weights.kind == "vae" and ".attentions." in stored and tensor.ndim == 4
        return tensor.flatten(1) if linear else tensor

    planned = {
        stored: Planned(raw.dtype(name), tuple(read(stored).shape))
        for stored, name in names.items()
    }
    with path.open("wb") as stream:
        write_tensors(stream, planned, read)


def _write_leftovers(path: Path, parts: list[RawNetwork]) -> None:
    """What no network reads whole; a file's tensors are left over when all parts say so."""
    left = set.intersection(*(set(part.leftovers) for part in parts))
    if not left:
        return
    first = parts[0]
    planned = {n: Planned(first.info(n).dtype, first.info(n).shape) for n in sorted(left)}
    with path.open("wb") as stream:
        write_tensors(stream, planned, first.stored)


def _tokenizer(folder: Path, weights: Weights) -> None:
    stored = weights.extras.get("tokenizer")
    if stored is None and weights.config.get("vocab_size") != CLIP_VOCABULARY:
        return
    folder.mkdir()
    text = stored if stored is not None else clip_tokenizer().backend.to_str()
    (folder / "tokenizer.json").write_text(text, "utf-8")
    if "embeddings.token_embedding.weight" not in weights.shapes:
        return
    end = "<|endoftext|>"
    second = weights.extras.get("role") == "CLIP-G"
    _json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "CLIPTokenizer",
            "bos_token": "<|startoftext|>",
            "eos_token": end,
            "unk_token": end,
            "pad_token": "!" if second else end,
            "model_max_length": weights.config.get("max_position_embeddings", 77),
        },
    )


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", "utf-8")

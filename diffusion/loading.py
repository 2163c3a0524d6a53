"""Opening model files: what they hold is told from the header, weights are read on first use.

Memory: float32 files on the CPU stay mapped (peak about the file's size, shared with other
processes); other types are converted tensor by tensor (see `tensor_reader`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ModelError
from .file_digest import FileState, file_digest, file_state
from .formats.folder import folder_parts, network_file, read_json
from .formats.identify import KIND_WORDS, Identity, identify
from .formats.ldm import PREFIXES, Part, ldm_to_diffusers_names, modern_diffusers_name
from .formats.safetensors_header import Header, read_header
from .formats.shapes import NORM_GROUPS, SD1_SCALE, UNET_HEADS, network_config
from .types import Clip, ClipVision, ControlNet, IPAdapter, Model, Vae
from .weights import SHARED, Weights

if TYPE_CHECKING:
    import torch
    from torch.nn import Module

_PathLike = str | os.PathLike[str]


def load_checkpoint(path: _PathLike) -> tuple[Model, Clip, Vae]:
    """Open a full SD1.x checkpoint.

    Args:
        path: A single safetensors file in the LDM layout, or a diffusers folder.

    Returns:
        Denoising model, text encoder with tokenizer, autoencoder. They share the file; nothing
        but its header has been read so far (and its bytes once, for the digest).

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind or family.
    """
    path = Path(path)
    if path.is_dir():
        return _load_folder(path)
    source = _open(path)
    _require(source, "checkpoint")
    names = source.header.tensors
    text = "cond_stage_model.transformer."
    if any(name.startswith(text + "text_model.") for name in names):
        text += "text_model."
    unet = _weights(source, "unet", _ldm_names(source, "unet", PREFIXES["unet"]))
    clip = _weights(
        source,
        "text_encoder",
        _ldm_names(source, "text_encoder", text),
        {"tokenizer": source.header.metadata.get("tokenizer")},
    )
    vae = _weights(source, "vae", _ldm_names(source, "vae", PREFIXES["vae"]))
    return _assemble(unet, clip, vae)


def load_vae(path: _PathLike) -> Vae:
    """Open a VAE alone: LDM or diffusers names, or the VAE of a full checkpoint or folder.

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind or family.
    """
    path = Path(path)
    if (path / "model_index.json").is_file():
        return _load_folder(path)[2]
    source = _open(network_file(path) if path.is_dir() else path)
    if source.identity.kind == "checkpoint":
        return load_checkpoint(path)[2]
    _require(source, "vae")
    return Vae("sd1", _weights(source, "vae", _plain_or_ldm_names(source, "vae")))


def load_controlnet(path: _PathLike) -> ControlNet:
    """Open an SD1.x ControlNet: LDM names (with or without "control_model."), or diffusers'.

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind or family.
    """
    path = Path(path)
    source = _open(network_file(path) if path.is_dir() else path)
    _require(source, "controlnet")
    names = _plain_or_ldm_names(source, "controlnet")
    return ControlNet("sd1", _weights(source, "controlnet", names))


def load_clip_vision(path: _PathLike) -> ClipVision:
    """Open a CLIP image encoder with projection (transformers names).

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind or layout.
    """
    path = Path(path)
    source = _open(network_file(path, ("model",)) if path.is_dir() else path)
    _require(source, "clip_vision", any_family=True)
    if source.identity.layout == "open_clip":
        raise ModelError(
            "model.unsupported_layout",
            f'"{source.header.path.name}" is a CLIP image encoder with OpenCLIP names.',
            expected="transformers names (vision_model....)",
            got="OpenCLIP names (visual.transformer....)",
            hint='Use the "image_encoder/model.safetensors" that comes with IP-Adapter.',
        )
    prefix = source.identity.prefix
    names = {
        name: ("" if name.startswith("visual_projection.") else "vision_model.")
        + name.removeprefix(prefix)
        for name in source.header.tensors
        if name.startswith((prefix, "visual_projection.")) and not name.endswith("position_ids")
    }
    names = {old: new for old, new in names.items() if not old.startswith(("text_", "logit_"))}
    return ClipVision("clip", _weights(source, "clip_vision", names))


def load_ip_adapter(path: _PathLike, clip_vision: ClipVision) -> IPAdapter:
    """Open a base-layout SD1.x IP-Adapter and tie it to its image encoder.

    Args:
        path: Safetensors file with "image_proj." and "ip_adapter." names.
        clip_vision: The encoder the adapter was trained on; its projection width must fit.

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind, layout or width.
    """
    source = _open(Path(path))
    _require(source, "ip_adapter")
    weights = _weights(source, "ip_adapter", {name: name for name in source.header.tensors})
    wanted, found = weights.config["image_width"], clip_vision.weights.config["projection_dim"]
    if wanted != found:
        raise ModelError(
            "model.widths_do_not_fit",
            f'IP-Adapter "{weights.path.name}" does not fit the image encoder '
            f'"{clip_vision.weights.path.name}".',
            expected=f"embeddings of width {wanted}",
            got=str(found),
            hint="Load the image encoder that the adapter was trained with.",
        )
    return IPAdapter("sd1", weights, clip_vision)


# --- one opened file -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Source:
    header: Header
    state: FileState
    digest: str
    identity: Identity
    shapes: Mapping[str, tuple[int, ...]] = field(repr=False)


def _open(path: Path) -> _Source:
    header = read_header(path)
    state = file_state(path)
    shapes = {name: info.shape for name, info in header.tensors.items()}
    return _Source(header, state, file_digest(path), identify(shapes), shapes)


def _require(source: _Source, kind: str, *, any_family: bool = False) -> None:
    found, name = source.identity, source.header.path.name
    if found.kind != kind:
        raise ModelError(
            "model.wrong_kind",
            f'"{name}" is not {KIND_WORDS[kind]}.',
            expected=KIND_WORDS[kind],
            got=found.words(),
            hint="Choose another file, or load this one with the loader for its kind.",
        )
    if found.family != "sd1" and not any_family:
        raise ModelError(
            "model.unsupported_family",
            f'"{name}" looks like {found.words()}; weft reads SD1.x today.',
            expected="SD1.x",
            got=found.family,
            hint="Choose an SD1.x file.",
        )


def _ldm_names(source: _Source, part: Part, prefix: str) -> dict[str, str]:
    """Names in the file -> diffusers names, for one part of a checkpoint."""
    found = {n.removeprefix(prefix): n for n in source.header.tensors if n.startswith(prefix)}
    found = {short: full for short, full in found.items() if _is_of(part, short)}
    with _naming(source.header.path):
        return {found[old]: new for old, new in ldm_to_diffusers_names(part, found).items()}


def _plain_or_ldm_names(source: _Source, part: Part) -> dict[str, str]:
    prefix = source.identity.prefix
    if source.identity.layout == "ldm":
        return _ldm_names(source, part, prefix)
    names = {
        name: modern_diffusers_name(part, name.removeprefix(prefix))
        for name in source.header.tensors
        if name.startswith(prefix) and not name.endswith("position_ids")
    }
    return {old: new for old, new in names.items() if _is_of(part, new)}


def _is_of(part: Part, name: str) -> bool:
    """Whether a tensor is one that weft uses: files also keep training losses and projections."""
    if part == "text_encoder":
        return name.startswith(("embeddings.", "encoder.", "final_layer_norm."))
    return not name.startswith("loss.")


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Put the file's name in front of errors that know of tensors only."""
    try:
        yield
    except ModelError as error:
        raise ModelError(
            error.code,
            f'In "{path.name}": {error.message}',
            expected=error.expected,
            got=error.got,
            hint=error.hint,
        ) from error


def _weights(
    source: _Source,
    kind: str,
    names: Mapping[str, str],
    extras: Mapping[str, Any] | None = None,
    digest: str | None = None,
) -> Weights:
    from .device import compute_device, compute_dtype
    from .tensor_reader import TensorReader

    with _naming(source.header.path):
        shapes = {new: source.shapes[old] for old, new in names.items()}
        config = network_config(kind, shapes, source.header.metadata)
    device = compute_device()
    dtype = compute_dtype(kind, device)
    digest = digest or source.digest
    reader = TensorReader(source.header, source.state)

    def build(on: torch.device) -> Module:
        from .networks import build_network

        tensors = reader.read(names, on, dtype)
        with _naming(source.header.path):
            return build_network(kind, config, tensors)

    def make() -> Weights:
        return Weights(
            path=source.header.path,
            kind=kind,
            family=source.identity.family,
            content_digest=digest,
            nbytes=sum(source.header.tensors[name].nbytes for name in names),
            config=config,
            build=build,
            extras=extras,
            shapes=shapes,
            device=device,
            dtype=dtype,
        )

    return SHARED.share((digest, kind, str(device), str(dtype)), make)


# --- a diffusers folder --------------------------------------------------------------------------


def _load_folder(folder: Path) -> tuple[Model, Clip, Vae]:
    sources = {part: _open(file) for part, file in folder_parts(folder).items()}
    for part, source in sources.items():
        _require(source, part)
    _check_conventions(folder)
    # One digest for the folder, so that its parts belong together as those of a file do.
    joined = "".join(sources[part].digest for part in sorted(sources))
    digest = hashlib.blake2b(joined.encode(), digest_size=32).hexdigest()
    tokenizer = folder / "tokenizer" / "tokenizer.json"
    extras = {"tokenizer": tokenizer.read_text("utf-8") if tokenizer.is_file() else None}

    def weights_of(kind: Part, more: Mapping[str, Any] | None = None) -> Weights:
        return _weights(sources[kind], kind, _plain_or_ldm_names(sources[kind], kind), more, digest)

    return _assemble(weights_of("unet"), weights_of("text_encoder", extras), weights_of("vae"))


def _check_conventions(folder: Path) -> None:
    """Shapes do not show everything: refuse folders that say they differ from SD1.x."""
    unet = read_json(folder / "unet" / "config.json")
    scheduler = read_json(folder / "scheduler" / "scheduler_config.json")
    vae = read_json(folder / "vae" / "config.json")
    text = read_json(folder / "text_encoder" / "config.json")
    for what, found, wanted in (
        ("number of attention heads", unet.get("attention_head_dim"), UNET_HEADS),
        ("norm groups", unet.get("norm_num_groups"), NORM_GROUPS),
        ("prediction type", scheduler.get("prediction_type"), "epsilon"),
        ("beta schedule", scheduler.get("beta_schedule"), "scaled_linear"),
        ("latent scale", vae.get("scaling_factor"), SD1_SCALE),
        ("text activation", text.get("hidden_act"), "quick_gelu"),
    ):
        if found is not None and found != wanted:
            raise ModelError(
                "model.unsupported_family",
                f'Folder "{folder.name}" differs from SD1.x in its {what}.',
                expected=str(wanted),
                got=str(found),
                hint="weft reads SD1.x today.",
            )


def _assemble(unet: Weights, clip: Weights, vae: Weights) -> tuple[Model, Clip, Vae]:
    for what, left, right in (
        (
            "the text encoder and the UNet's cross-attention",
            clip.config["hidden_size"],
            unet.config["cross_attention_dim"],
        ),
        (
            "the VAE's latents and the UNet",
            vae.config["latent_channels"],
            unet.config["in_channels"],
        ),
    ):
        if left != right:
            raise ModelError(
                "model.widths_do_not_fit",
                f'In "{unet.path.name}" {what} do not fit each other.',
                expected=str(right),
                got=str(left),
                hint="weft reads SD1.x text-to-image models; this may be inpainting or SD2.",
            )
    return Model("sd1", unet), Clip("sd1", clip), Vae("sd1", vae)

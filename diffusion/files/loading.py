"""Opening model files: their kind is read from the header, weights are read on first use.

Every function takes single files in the layout of their first publication or in diffusers' names,
and diffusers folders. The family comes from tensor names and shapes, never from a file's name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from ..families import family_named
from ..families.family import Family, FileSays
from ..formats.digest import joined_digest
from ..formats.folder import NETWORKS, PARTS, folder_parts, read_json
from ..formats.gligen_names import gligen_plan, is_gligen
from ..formats.openclip import open_clip_vision
from ..formats.pieces import Pieces, prefixed, renamed
from ..formats.plans import network_plan
from ..formats.words import family_words
from ..image_prompts.image_encoder import check_projects
from ..types import Clip, ClipVision, Gligen, IPAdapter, Model, StyleModel, Vae
from .controlnets import load_controlnet
from .opening import ModelSource, open_source, require, unsupported, weights_of
from .text_encoders import check_text_fits, file_texts, text_weights
from .unclip_statistics import read_statistics

if TYPE_CHECKING:
    from torch import Tensor

    from ..weights.handle import Weights

_PathLike = str | os.PathLike[str]
__all__ = [
    "load_checkpoint",
    "load_clip",
    "load_clip_vision",
    "load_controlnet",
    "load_gligen",
    "load_ip_adapter",
    "load_model",
    "load_style_model",
    "load_unclip",
    "load_vae",
]

VISION_PREFIX = "embedder.model.visual."
"""Where unCLIP checkpoints keep their image encoder, in OpenCLIP's names."""


def load_checkpoint(path: _PathLike) -> tuple[Model, Clip, Vae]:
    """Open a full checkpoint: denoising network, text encoders, VAE.

    Args:
        path: A single safetensors file in the layout of Stable Diffusion, or a diffusers folder.

    Returns:
        Denoising model, text encoders with tokenizers, autoencoder. They share the file; nothing
        but its header has been read so far (and its bytes once, for the digest).

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind, an unknown family, or
            parts that do not fit each other.
    """
    path = Path(path)
    if path.is_dir():
        return _load_folder(path)
    source = open_source(path)
    require(source, "checkpoint")
    family = _family(source)
    model = _model(source, family)
    texts = file_texts(source, family)
    clip = Clip(family.name, texts[0], others=tuple(texts[1:]))
    return _assembled(model, clip, _vae(source, family.latent.name))


def load_model(path: _PathLike, *, dtype: str | None = None) -> Model:
    """Open a denoising network alone: UNet or transformer.

    Args:
        path: A file with or without the prefix of full checkpoints, a full checkpoint, a folder
            with one network, or a full diffusers folder.
        dtype: "fp32", "fp16", "bf16", "fp8_e4m3fn", "fp8_e5m2" (storage only); None = as the
            device computes best.

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind, an unknown family.
    """
    path = Path(path)
    scheduler: Mapping[str, Any] = {}
    markers: frozenset[str] = frozenset()
    if (path / "model_index.json").is_file():
        scheduler, markers = _scheduler(path), _folder_markers(path)
        parts = folder_parts(path)
        path = next(parts[name] for name in NETWORKS if name in parts)
    source = _marked(open_source(path), markers)
    require(source, "unet", "checkpoint")
    return _model(source, _family(source), scheduler=scheduler, dtype=dtype)


def load_clip(
    paths: Sequence[_PathLike],
    family: str | None = None,
    *,
    dtype: str | None = None,
    device: str | None = None,
) -> Clip:
    """Open text encoders from files of their own.

    Args:
        paths: One to three files or folders, in any order: which encoder each holds is told from
            its widths, and from the order where that says nothing.
        family: Whose text they shall encode; None = the one whose encoders these are.
        dtype: As in `load_model`.
        device: Where they run, such as "cpu"; None = the compute device.

    Raises:
        ModelError: Missing or damaged file, not safetensors, no text encoder, or encoders that are
            not those of the family.
    """
    from .text_encoders import clip_from

    sources = [open_source(Path(path), ("model", "diffusion_pytorch_model")) for path in paths]
    for source in sources:
        require(source, "text_encoder")
    return clip_from(sources, family, dtype, device)


def load_vae(path: _PathLike) -> Vae:
    """Open a VAE alone: LDM or diffusers names, or the VAE of a full checkpoint or folder.

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind or family.
    """
    path = Path(path)
    if (path / "model_index.json").is_file():
        return _load_folder(path)[2]
    source = open_source(path)
    if source.identity.kind == "checkpoint":
        return _vae(source, _family(source).latent.name)
    require(source, "vae")
    # Families share shapes of VAEs: what a file alone cannot tell is left open.
    family = source.identity.family
    scale = source.stated.get("scaling_factor")
    named = {0.18215: "sd1", 0.13025: "sdxl", 1.5305: "sd3", 0.3611: "flux"}
    return _vae(source, named.get(scale, family) if isinstance(scale, float) else family)


def load_gligen(path: _PathLike) -> Gligen:
    """Open a GLIGEN network for words in boxes: alone, or inside of a UNet that it was trained in.

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind or layout.
    """
    source = open_source(Path(path))
    if not is_gligen(source.shapes):
        require(source, "gligen")
    weights = weights_of(source, "gligen", gligen_plan(source.shapes), family="sd1")
    return Gligen("sd1", weights)


def load_clip_vision(path: _PathLike) -> ClipVision:
    """Open an image encoder: CLIP with projection (transformers' or OpenCLIP's names), or SigLIP.

    Of SigLIP the patches are read, not the head that sums them up.

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind or layout.
    """
    source = open_source(Path(path), ("model",))
    require(source, "clip_vision")
    prefix = source.identity.prefix
    if source.identity.layout == "open_clip":
        return _open_clip_vision(source, prefix)
    if source.identity.family == "siglip":
        return _siglip(source, prefix)
    names = {
        name: ("" if name.startswith("visual_projection.") else "vision_model.")
        + name.removeprefix(prefix)
        for name in source.shapes
        if name.startswith((prefix, "visual_projection.")) and not name.endswith("position_ids")
    }
    names = {old: new for old, new in names.items() if not old.startswith(("text_", "logit_"))}
    weights = weights_of(source, "clip_vision", renamed(names), family="clip")
    return ClipVision("clip", weights)


def load_style_model(path: _PathLike) -> StyleModel:
    """Open a style model: Flux Redux.

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind.
    """
    source = open_source(Path(path))
    require(source, "style_model")
    plan = renamed({name: name for name in source.shapes})
    return StyleModel("flux", weights_of(source, "redux", plan, family="flux"))


def load_unclip(path: _PathLike) -> tuple[Model, Clip, Vae, ClipVision]:
    """Open an unCLIP checkpoint: as `load_checkpoint`, and the image encoder in it.

    Raises:
        ModelError: As `load_checkpoint`; or there is no image encoder in it.
    """
    path = Path(path)
    model, clip, vae = load_checkpoint(path)
    if (path / "image_encoder").is_dir():
        return model, clip, vae, load_clip_vision(path / "image_encoder")
    source = None if path.is_dir() else open_source(path)
    if source is None or not any(name.startswith(VISION_PREFIX) for name in source.shapes):
        raise ModelError(
            "model.missing_part",
            f'"{path.name}" holds no image encoder.',
            expected="an unCLIP checkpoint",
            got="a checkpoint without one",
            hint="Load it with LoadCheckpoint, and an image encoder with LoadCLIPVision.",
        )
    return model, clip, vae, _open_clip_vision(source, VISION_PREFIX)


def load_ip_adapter(path: _PathLike, clip_vision: ClipVision) -> IPAdapter:
    """Open a base-layout SD1.x IP-Adapter and tie it to its image encoder.

    Args:
        path: Safetensors file with "image_proj." and "ip_adapter." names.
        clip_vision: The encoder the adapter was trained on; its projection width must fit.

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind, layout or width.
    """
    check_projects(clip_vision)
    source = open_source(Path(path))
    require(source, "ip_adapter")
    if source.identity.family != "sd1":
        raise unsupported(source)
    plan = renamed({name: name for name in source.shapes})
    weights = weights_of(source, "ip_adapter", plan, family="sd1")
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


# --- parts of an opened file ---------------------------------------------------------------------


def _family(source: ModelSource) -> Family:
    if source.identity.family == "unknown":
        raise unsupported(source)
    return family_named(source.identity.family)


def _model(
    source: ModelSource,
    family: Family,
    *,
    scheduler: Mapping[str, Any] | None = None,
    digest: str | None = None,
    dtype: str | None = None,
) -> Model:
    found = source.identity
    assert found.facts is not None
    plan = network_plan(found.facts.body, found.layout, found.prefix, source.shapes)

    def tensor(name: str) -> Tensor | None:
        return source.tensor(plan, name)

    says = FileSays(found.facts, source.metadata, scheduler or {}, tensor)
    kind = "unet" if found.facts.body == "unet" else "transformer"
    extras: dict[str, Any] = {"sampling": family.read_sampling(says)}
    if found.facts.classes:
        extras["image_statistics"] = read_statistics(source)
    weights = weights_of(
        source, kind, plan, family=family.name, extras=extras, digest=digest, dtype=dtype
    )
    return Model(family.name, weights)


def _open_clip_vision(source: ModelSource, prefix: str) -> ClipVision:
    own = {n.removeprefix(prefix): s for n, s in source.shapes.items() if n.startswith(prefix)}
    plan = prefixed(open_clip_vision(own), prefix)
    return ClipVision("clip", weights_of(source, "clip_vision", plan, family="clip"))


def _siglip(source: ModelSource, prefix: str) -> ClipVision:
    kept = tuple(f"{prefix}{part}." for part in ("embeddings", "encoder", "post_layernorm"))
    names = {
        name: name.removeprefix(prefix)
        for name in source.shapes
        if name.startswith(kept) and not name.endswith("position_ids")
    }
    weights = weights_of(source, "clip_vision", renamed(names), family="siglip")
    return ClipVision("siglip", weights)


def _vae(source: ModelSource, family: str, digest: str | None = None) -> Vae:
    plan = _vae_plan(source)
    return Vae(family, weights_of(source, "vae", plan, family=family, digest=digest))


def _vae_plan(source: ModelSource) -> dict[str, Pieces]:
    if source.identity.kind == "vae":
        found = source.identity
        return network_plan("vae", found.layout, found.prefix, source.shapes)
    prefix = "vae." if any(name.startswith("vae.") for name in source.shapes) else ""
    return network_plan("vae", "ldm", prefix or "first_stage_model.", source.shapes)


# --- a diffusers folder --------------------------------------------------------------------------


def _load_folder(folder: Path) -> tuple[Model, Clip, Vae]:
    parts = folder_parts(folder)
    sources = {
        name: open_source(path, ("model",) if name.startswith("text_") else ())
        for name, path in parts.items()
    }
    network = next(name for name in NETWORKS if name in sources)
    sources[network] = _marked(sources[network], _folder_markers(folder))
    require(sources[network], "unet")
    require(sources["vae"], "vae")
    family = _family(sources[network])
    family = family_named(family.of_folder(read_json(folder / "vae" / "config.json")))
    # One digest for the folder, so that its parts belong together as those of a file do.
    digest = joined_digest([sources[name].digest for name in sorted(sources)])
    model = _model(sources[network], family, scheduler=_scheduler(folder), digest=digest)
    _check_scale(folder, family)
    texts = [
        text_weights(
            sources[name],
            name,
            family,
            position,
            digest=digest,
            tokenizer=folder / name.replace("text_encoder", "tokenizer"),
        )
        for position, name in enumerate(name for name in PARTS[1:] if name in sources)
    ]
    if not texts:
        raise ModelError(
            "model.missing_part",
            f'Folder "{folder.name}" has no text encoder.',
            expected="text_encoder",
            got=", ".join(sources),
            hint="Load its denoising network with LoadDiffusionModel, and text encoders with "
            "LoadCLIP.",
        )
    clip = Clip(family.name, texts[0], others=tuple(texts[1:]))
    return _assembled(model, clip, _vae(sources["vae"], family.latent.name, digest))


def _scheduler(folder: Path) -> Mapping[str, Any]:
    return read_json(folder / "scheduler" / "scheduler_config.json")


def _folder_markers(folder: Path) -> frozenset[str]:
    """Marks that single files carry as tensors, from a folder's JSON."""
    vae = read_json(folder / "vae" / "config.json")
    return frozenset({"edm_mean"}) if vae.get("latents_mean") else frozenset()


def _marked(source: ModelSource, markers: frozenset[str]) -> ModelSource:
    from ..networks.identify import identify

    if not markers or source.identity.facts is None:
        return source
    marked = {**source.shapes, **dict.fromkeys(markers, (1,))}
    return replace(source, identity=identify(marked))


def _check_scale(folder: Path, family: Family) -> None:
    """Refuse folders whose latents are scaled as no VAE of the family's."""
    found = read_json(folder / "vae" / "config.json").get("scaling_factor")
    if found is not None and found != family.latent.scale:
        raise ModelError(
            "model.unsupported_family",
            f'The latent scale in the folder "{folder.name}" is not that of {family.words}.',
            expected=str(family.latent.scale),
            got=str(found),
            hint="The folder mixes components of several families, or is a variant that weft "
            "does not support.",
        )


def _assembled(model: Model, clip: Clip, vae: Vae) -> tuple[Model, Clip, Vae]:
    """The three of them, if they fit each other."""
    family = family_named(model.family)
    check_text_fits(model, clip)
    latents = vae.weights.config["latent_channels"]
    if latents != family.latent.channels:
        raise _misfit(model.weights, "the VAE's latents", family.latent.channels, latents)
    return model, clip, vae


def _misfit(network: Weights, what: str, expected: object, got: object) -> ModelError:
    return ModelError(
        "model.widths_do_not_fit",
        f'In "{network.path.name}" {what} do not match the denoising network.',
        expected=str(expected),
        got=str(got),
        hint=f"The denoising network is of {family_words(network.family)}; load components of one "
        "model.",
    )

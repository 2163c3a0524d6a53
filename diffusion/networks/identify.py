"""The kind of a model file, by tensor names and shapes alone, never by its name. No torch."""

from __future__ import annotations

from collections.abc import Mapping

from ..formats.ggml_names import T5_MARK
from ..formats.gligen_names import is_gligen
from ..formats.network_facts import NetworkFacts, control_facts, network_facts
from ..formats.t2i_names import t2i_family
from ..formats.upscaler_names import upscaler_layout
from . import KINDS
from .identity import Identity
from .names import Names, Shapes, unwrapped

TEXT_PREFIXES = (
    "cond_stage_model.transformer.text_model.",
    "cond_stage_model.transformer.",
    "cond_stage_model.model.",
    "text_model.",
    "transformer.text_model.",
    "bert.",
    "",
)
_EMBEDDED = {768: "sd1", 1024: "sd2"}
"""Width of the vectors of a textual inversion -> its family."""
_PIXART = ("pixart_alpha", "pixart_sigma")


def claims(shapes: Shapes) -> list[Identity]:
    """Every kind whose strict rule claims the tensors of a file; [] if none does."""
    names = Names(unwrapped(shapes))
    rules = dict.fromkeys(kind.recognise for kind in KINDS.values() if kind.recognise)
    return [found for rule in rules if (found := rule(names)) is not None]


def identify(shapes: Mapping[str, tuple[int, ...]], stated: str = "") -> Identity:
    """Tell kind and family of a set of tensors.

    Args:
        shapes: Name -> shape.
        stated: The family that a file's metadata names; asked only where shapes are equal (PixArt).

    Returns:
        What it is; of kind "ambiguous" where it has the marks of several adapters.
    """
    names = Names(shapes)
    if found := claims(shapes):
        return found[0] if len(found) == 1 else Identity("ambiguous", "unknown")
    if (control := _control(names)) is not None:
        return control
    if (facts := network_facts(shapes)) is None and is_gligen(shapes):
        return Identity("gligen", "sd1")
    if facts is not None:
        whole = names.start("first_stage_model.", "vae.") and names.start(
            "cond_stage_model.", "conditioner.", "text_encoders."
        )
        return Identity(
            "checkpoint" if whole else "unet",
            _family(facts, stated),
            facts.layout,
            facts.prefix,
            facts.variant,
            facts,
        )
    if (tower := _towers(names)) is not None:
        return tower
    if (vae := _vae(names, shapes)) is not None:
        return vae
    return _other(names)


def _family(facts: NetworkFacts, stated: str = "") -> str:
    from ..families import family_of

    if facts.body == "pixart" and not facts.sized and not facts.tokens and stated in _PIXART:
        return stated
    return family_of(facts) or "unknown"


def _control(names: Names) -> Identity | None:
    if (facts := control_facts(names.shapes)) is None:
        family = t2i_family(names.shapes)
        return None if family is None else Identity("t2i_adapter", family)
    # PixArt's consists of blocks alone, which are the same in alpha and sigma.
    family = "pixart" if facts.body == "pixart" else _family(facts)
    kinds = names.size("task_embedding", 0)
    variant = {6: "union", 8: "promax"}.get(kinds, "")
    return Identity("controlnet", family, facts.layout, facts.prefix, variant, facts)


def _towers(names: Names) -> Identity | None:
    patch = "embeddings.patch_embedding.weight"
    for prefix in ("vision_model.", ""):
        if names.has(f"{prefix}{patch}") and names.has(f"{prefix}post_layernorm.weight"):
            # SigLIP has no token for the whole picture.
            whole = names.has(f"{prefix}embeddings.class_embedding")
            return Identity("clip_vision", "unknown" if whole else "siglip", "diffusers", prefix)
    if names.start("visual.transformer.resblocks."):
        return Identity("clip_vision", "unknown", "open_clip", "visual.")
    if names.has(T5_MARK):
        return Identity("text_encoder", "unknown", "t5_ggml", "")
    token = "embeddings.token_embedding.weight"  # noqa: S105 - a tensor name
    for prefix in TEXT_PREFIXES:
        if names.has(prefix + token):
            # Its projection stands outside of "text_model."
            return Identity(
                "text_encoder", "unknown", "diffusers", prefix.removesuffix("text_model.")
            )
        if names.has(f"{prefix}transformer.resblocks.0.attn.in_proj_weight"):
            return Identity("text_encoder", "unknown", "open_clip", prefix)
        if names.has(f"{prefix}encoder.block.0.layer.0.SelfAttention.q.weight"):
            return Identity("text_encoder", "unknown", "t5", prefix)
        if names.has(f"{prefix}embeddings.word_embeddings.weight"):
            return Identity("text_encoder", "unknown", "bert", prefix.removesuffix("bert."))
    return None


def _vae(names: Names, shapes: Mapping[str, tuple[int, ...]]) -> Identity | None:
    for prefix in ("first_stage_model.", "vae.", ""):
        for layout, mark in (
            ("ldm", "encoder.down.0.block.0.conv1.weight"),
            ("diffusers", "encoder.down_blocks.0.resnets.0.conv1.weight"),
        ):
            if names.has(prefix + mark):
                latents = shapes.get(f"{prefix}decoder.conv_in.weight", (0, 0))[1]
                return Identity("vae", f"kl{latents}", layout, prefix)
    return None


def _other(names: Names) -> Identity:
    if names.has("emb_params") or names.has("clip_g"):
        # A file for CLIP-G serves SDXL first; others are told by the width that they were made in.
        width = names.size("emb_params", -1)
        family = "sdxl" if names.has("clip_g") else _EMBEDDED.get(width, "unknown")
        return Identity("embedding", family)
    if names.has("redux_up.weight"):
        return Identity("style_model", "flux")
    if names.start("hypernetwork."):
        return Identity("hypernetwork", "unknown")
    if (upscaler := upscaler_layout(names.shapes)) is not None:
        return Identity("upscaler", "unknown", *upscaler)
    if names.start("conv_first.", "model.0.weight", "params_ema."):
        return Identity("upscaler", "unknown")
    return Identity("unknown", "unknown")

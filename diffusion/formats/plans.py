"""How the tensors of a file become those of a network: a plan of pieces for every layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .control_names import flux_control_plan, pixart_control_plan, sd3_control_plan
from .ggml_names import t5_plan
from .ldm import ADDED, CLASSES, Part, ldm_to_diffusers_names, modern_diffusers_name
from .network_facts import MARKERS, network_facts
from .openclip import open_clip_text
from .pieces import Pieces, Shapes, prefixed, renamed
from .transformer_names import flux_plan, pixart_plan, sd3_plan

_CLIP = ("embeddings.", "encoder.", "final_layer_norm.", "text_projection.")


def network_plan(body: str, layout: str, prefix: str, shapes: Shapes) -> dict[str, Pieces]:
    """A plan for one network of a file.

    Args:
        body: "unet", "controlnet", "vae", "text_encoder", "sd3", "flux", "pixart", and the last
            three with "_controlnet".
        layout: "ldm" (as first published), "diffusers", and for text encoders also "open_clip",
            "t5", "t5_ggml" or "bert".
        prefix: What stands in front of its names.
        shapes: All tensors of the file.

    Returns:
        Name in the network -> pieces of tensors of the file, by their full names.

    Raises:
        ModelError: A tensor that belongs to no layer of such a network.
    """
    own = {
        name.removeprefix(prefix): shape
        for name, shape in shapes.items()
        if name.startswith(prefix) and name not in MARKERS
    }
    if body == "text_encoder":
        plan = _text(layout, own)
    elif layout == "ldm" and body in _TRANSFORMERS:
        plan = _TRANSFORMERS[body](own)
    elif body in _TRANSFORMERS:
        plan = renamed({name: name for name in own})
    else:
        part: Part = body  # type: ignore[assignment]
        own = {name: shape for name, shape in own.items() if not _unused(name)}
        if layout == "ldm":
            names = ldm_to_diffusers_names(part, own)
            facts = network_facts(shapes) if part == "unet" else None
            if facts is not None and facts.classes:
                names = {old: new.replace(ADDED, CLASSES) for old, new in names.items()}
            plan = renamed(names)
        else:
            plan = renamed({name: modern_diffusers_name(part, name) for name in own})
    return prefixed(plan, prefix)


def _unused(name: str) -> bool:
    """Files also keep training losses, counters and marks."""
    return name.startswith(("loss.", "model_ema.")) or name.endswith("position_ids")


def _text(layout: str, own: Shapes) -> dict[str, Pieces]:
    if layout == "open_clip":
        return open_clip_text(own)
    if layout == "t5":
        kept = {n: n for n in own if n.startswith(("encoder.", "shared."))}
        if "shared.weight" not in kept:  # one and the same tensor under two names
            kept["encoder.embed_tokens.weight"] = "shared.weight"
        elif "encoder.embed_tokens.weight" in kept:
            del kept["encoder.embed_tokens.weight"]
        return renamed(kept)
    if layout == "t5_ggml":
        return t5_plan(own)
    if layout == "bert":
        names = {name: name.removeprefix("bert.") for name in own}
        kept_parts = ("embeddings.", "encoder.", "classifier.")
        return renamed(
            {o: n for o, n in names.items() if n.startswith(kept_parts) and not _unused(n)}
        )
    names = {name: name.removeprefix("text_model.") for name in own}
    return renamed({o: n for o, n in names.items() if n.startswith(_CLIP) and not _unused(n)})


_TRANSFORMERS: Mapping[str, Callable[[Shapes], dict[str, Pieces]]] = {
    "sd3": sd3_plan,
    "flux": flux_plan,
    "pixart": pixart_plan,
    "sd3_controlnet": sd3_control_plan,
    "flux_controlnet": flux_control_plan,
    "pixart_controlnet": pixart_control_plan,
}

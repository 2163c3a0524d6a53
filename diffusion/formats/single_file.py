"""Where the tensors of networks go in a single file, in the layout of first publication. No torch.

The inverse of `plans`: a tensor of the file is one of the network's, or several joined.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from .ldm import diffusers_to_ldm_names
from .openclip import LAYER_NAMES, PLAIN_NAMES, open_clip_text
from .pieces import Plan, Shapes

DENOISER, VAE = "model.diffusion_model.", "first_stage_model."


@dataclass(frozen=True, slots=True)
class TensorPart:
    """Rows of one tensor of a network; None = all of it."""

    name: str
    start: int | None = None
    stop: int | None = None
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """A tensor of a file: parts along the first axis, and the shape of the whole."""

    parts: tuple[TensorPart, ...]
    shape: tuple[int, ...]


Layout: TypeAlias = Mapping[str, Joined]


def unet_layout(shapes: Shapes, prefix: str = DENOISER) -> dict[str, Joined]:
    """Names in a single file -> tensors of a UNet.

    Args:
        shapes: The network's tensors, by diffusers name.
        prefix: What stands in front of the names in the file.

    Raises:
        ModelError: A tensor that has no place in this layout.
    """
    return _renamed(diffusers_to_ldm_names("unet", shapes), shapes, prefix)


def vae_layout(shapes: Shapes, prefix: str = VAE) -> dict[str, Joined]:
    """The same for a VAE; the linear layers of its attention are 1x1 convolutions there."""
    found = _renamed(diffusers_to_ldm_names("vae", shapes), shapes, prefix)
    for name, joined in found.items():
        if re.search(r"\.attn_1\.(q|k|v|proj_out)\.weight\Z", name) and len(joined.shape) == 2:
            found[name] = Joined(joined.parts, (*joined.shape, 1, 1))
    return found


def text_layout(shapes: Shapes, prefix: str) -> dict[str, Joined]:
    """The same for a text encoder, under the prefix at which a family's files keep it."""
    if prefix.endswith(".model."):
        original = _open_clip_shapes(shapes)
        return inverted(open_clip_text(original), original, prefix)
    inner = prefix.endswith(".text_model.")
    names = {}
    for name in shapes:
        plain = name.removeprefix("text_model.")
        clip = plain.startswith(("embeddings.", "encoder.layers.", "final_layer_norm."))
        names[name] = f"text_model.{plain}" if clip and not inner else plain
    return _renamed(names, shapes, prefix)


def inverted(plan: Plan, shapes: Shapes, prefix: str = "") -> dict[str, Joined]:
    """The layout of the file that a plan reads.

    Args:
        plan: Name in the network -> pieces in the file.
        shapes: The file's tensors. Those that the plan does not read have no place.
        prefix: Put in front of the names.
    """
    found: dict[str, list[tuple[int, TensorPart]]] = {}
    for new, pieces in plan.items():
        row = 0
        for piece in pieces:
            rows = piece.shape(shapes)[0] if shapes[piece.name] else 0
            whole = len(pieces) == 1
            part = TensorPart(
                new, None if whole else row, None if whole else row + rows, piece.turned
            )
            found.setdefault(piece.name, []).append((piece.start or 0, part))
            row += rows
    return {
        prefix + name: Joined(
            tuple(part for _, part in sorted(parts, key=lambda item: item[0])), shapes[name]
        )
        for name, parts in found.items()
    }


def _renamed(names: Mapping[str, str], shapes: Shapes, prefix: str) -> dict[str, Joined]:
    return {
        prefix + old: Joined((TensorPart(new),), tuple(shapes[new])) for new, old in names.items()
    }


def _open_clip_shapes(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """Names and shapes that OpenCLIP would have for a transformers text encoder."""
    plain = {new: old for old, new in PLAIN_NAMES.items()}
    layers = {new: old for old, new in LAYER_NAMES.items()}
    found: dict[str, tuple[int, ...]] = {}
    for name, shape in shapes.items():
        flat = name.removeprefix("text_model.")
        match = re.match(r"encoder\.layers\.(\d+)\.(.+)\.(weight|bias)\Z", flat)
        if flat == "text_projection.weight":
            found["text_projection"] = shape[::-1]
        elif match is None:
            found[plain[flat]] = shape
        elif match[2] in layers:
            stem = f"transformer.resblocks.{match[1]}.{layers[match[2]]}"
            found[f"{stem}.{match[3]}"] = shape
        else:
            stem = f"transformer.resblocks.{match[1]}.attn.in_proj_{match[3]}"
            found[stem] = (3 * shape[0], *shape[1:])
    return found

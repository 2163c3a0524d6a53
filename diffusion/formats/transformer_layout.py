"""Where the tensors of a transformer go in a file of the first published layout. No torch.

The plans of `transformer_names` say how such files are read; here they are turned round. What the
file's tensors would be is told from the network's, then the plan for that file is inverted.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ModelError
from .pieces import Shapes
from .single_file import Joined, inverted
from .transformer_names import flux_plan, original_layers, pixart_plan, sd3_plan

_PLANS = {"flux": flux_plan, "sd3": sd3_plan, "pixart": pixart_plan}
_OUT, _TABLE = "final_layer.adaLN_modulation.1", "scale_shift_table"


def transformer_layout(body: str, shapes: Shapes, prefix: str = "") -> dict[str, Joined]:
    """Names in a single file -> tensors of a Flux, SD3 or PixArt transformer.

    Args:
        body: "flux", "sd3" or "pixart".
        shapes: The network's tensors, by diffusers name.
        prefix: What stands in front of the names in the file.

    Raises:
        ModelError: A tensor that has no place in this layout.
    """
    original = _original_shapes(body, shapes)
    plan = _PLANS[body](original)
    strangers = sorted(shapes.keys() - plan.keys())
    if strangers or plan.keys() - shapes.keys():
        odd = (strangers or sorted(plan.keys() - shapes.keys()))[0]
        raise ModelError(
            "model.unknown_key",
            f'Tensor "{odd}" has no place in the original layout of {body}.',
            hint="Keep the model as a diffusers folder.",
        )
    return inverted(plan, original, prefix)


def _original_shapes(body: str, shapes: Shapes) -> Mapping[str, tuple[int, ...]]:
    """Names and shapes of the file that these tensors would come from."""
    layers = dict(original_layers(shapes))
    layers[_OUT] = ("norm_out.linear",)
    if body == "sd3":  # its last block only scales and shifts its text, the other way round
        last = max(int(n.split(".")[1]) for n in shapes if n.startswith("transformer_blocks."))
        text = f"transformer_blocks.{last}.norm1_context.linear"
        layers[f"joint_blocks.{last}.context_block.adaLN_modulation.1"] = (text,)
    found: dict[str, tuple[int, ...]] = {}
    for old, targets in layers.items():
        for field in ("weight", "bias"):
            parts = [shapes[name] for t in targets if (name := f"{t}.{field}") in shapes]
            if parts:
                scale = old.endswith((".query_norm", ".key_norm"))
                rows = sum(part[0] for part in parts)
                found[f"{old}.{'scale' if scale else field}"] = (rows, *parts[0][1:])
    for name, shape in shapes.items():
        if name == "pos_embed.pos_embed":
            found["pos_embed"] = shape
        elif name == _TABLE:
            found[f"final_layer.{_TABLE}"] = shape
        elif name.endswith(f".{_TABLE}"):
            found[name.removeprefix("transformer_")] = shape
    return found

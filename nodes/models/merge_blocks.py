"""Merge nodes with a ratio for every block, one node for each layout for which ComfyUI has one.

Each node has a widget for every block, some dozens; the widgets are declared from lists of the
tensor names of the original layouts.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from weft.diffusion.types import Model
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Alias, Range

from .merge import told_of_merge


def _numbered(start: str, count: int) -> list[str]:
    return [f"{start}.{number}." for number in range(count)]


def _unet(inputs: int, outputs: int) -> list[str]:
    blocks = _numbered("input_blocks", inputs) + _numbered("middle_block", 3)
    return ["time_embed.", "label_emb.", *blocks, *_numbered("output_blocks", outputs), "out."]


def _sd3(blocks: int) -> list[str]:
    ends = ["pos_embed.", "x_embedder.", "context_embedder.", "y_embedder.", "t_embedder."]
    return [*ends, *_numbered("joint_blocks", blocks), "final_layer."]


def _flux() -> list[str]:
    ends = ["img_in.", "time_in.", "guidance_in.", "vector_in.", "txt_in."]
    blocks = _numbered("double_blocks", 19) + _numbered("single_blocks", 38)
    return [*ends, *blocks, "final_layer."]


def _declare(type_id: str, words: str, names: Iterable[str], aliases: Iterable[str] = ()) -> Any:
    """A node with a ratio for every block of a layout."""
    blocks = {name.rstrip(".").replace(".", "_"): name for name in names}

    def merge(run: Run, model1: Model, model2: Model, **ratios: float) -> Model:
        from weft.diffusion.patches.merge import merge_blocks

        chosen = {block: ratios.get(name, 1.0) for name, block in blocks.items()}
        return told_of_merge(run, model1, model2, merge_blocks(model1, model2, chosen))

    keyword = inspect.Parameter.KEYWORD_ONLY
    fixed = list(inspect.signature(merge).parameters.values())[:3]
    widgets = [inspect.Parameter(name, keyword, default=1.0) for name in blocks]
    merge.__signature__ = inspect.Signature([*fixed, *widgets])  # type: ignore[attr-defined]
    merge.__annotations__ = {
        "run": Run,
        "model1": Model,
        "model2": Model,
        **{name: _ratio(block) for name, block in blocks.items()},
        "return": Model,
    }
    merge.__name__ = merge.__qualname__ = f"merge_{type_id.removeprefix('ModelMerge').lower()}"
    merge.__doc__ = "\n".join(_docstring(words, blocks.items()))
    return node(type_id, category="merge/blocks", aliases=aliases)(merge)


def _ratio(block: str) -> Any:
    # ComfyUI ends some of its names with a point and some without.
    return Annotated[float, Range(0, 1, step=0.01), Alias(block, block.rstrip("."))]


def _docstring(words: str, blocks: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"Merge two models of {words}, with a ratio for every block."
    yield ""
    yield "Args:"
    yield "    model1: The first model: 1 takes a block from it."
    yield "    model2: The second model: 0 takes a block from it."
    for name, block in blocks:
        yield f"    {name}: Ratio for `{block}`, by the tensor names of the original layout."
    yield ""
    yield "Returns:"
    yield "    The merged model. Tensors outside of all blocks have the first ratio."
    yield ""
    yield "Raises:"
    yield "    DiffusionError: The two differ in family or size."


model_merge_sd1 = _declare(
    "ModelMergeSD1", "SD1.x or SD2.x", _unet(12, 12), aliases=["ModelMergeSD2"]
)
model_merge_sdxl = _declare("ModelMergeSDXL", "SDXL", _unet(9, 9))
model_merge_sd3 = _declare("ModelMergeSD3_2B", "SD3 or SD3.5 medium", _sd3(24))
model_merge_sd35 = _declare("ModelMergeSD35_Large", "SD3.5 large", _sd3(38))
model_merge_flux = _declare("ModelMergeFlux1", "Flux", _flux())

"""LoRA nodes: low-rank patches of a model and its text encoders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple

from weft.diffusion.types import Clip, Model
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import ModelFile, Multiline, Range

from ..models.model_files import model_path

if TYPE_CHECKING:
    from weft.diffusion.patches.lora.file import LoraFile

Strength = Annotated[float, Range(-100, 100, step=0.01, soft=(-2, 2))]


class ModelAndClip(NamedTuple):
    """The model and its text encoders."""

    model: Model
    clip: Clip


@dataclass(frozen=True, slots=True)
class StackedLora:
    """One LoRA of a stack: its file and its strengths."""

    path: str
    digest: str
    strength_model: float
    strength_clip: float
    block_weights: str


@dataclass(frozen=True, slots=True)
class LoraStack:
    """Several LoRAs that are applied to a model together."""

    __socket__: ClassVar[str] = "LORA_STACK"

    loras: tuple[StackedLora, ...]


@node(
    "LoadLoRA",
    category="adapter",
    aliases=["LoraLoader"],
    effects=["reads"],
    lane="io",
    version=2,
)
def load_lora(
    run: Run,
    model: Model,
    clip: Clip,
    *,
    lora_name: Annotated[str, ModelFile("loras")],
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
    block_weights: Annotated[str, Multiline()] = "",
) -> ModelAndClip:
    """Apply a LoRA to a model and its text encoders.

    The node makes patched copies; the models at its inputs stay as they are. Several LoRAs add up,
    in any order. Layers of the file that the model lacks are reported on the node.

    Args:
        model: The model.
        clip: The text encoders of the model.
        lora_name: A safetensors file of a LoRA (also for convolutions), LoHa, LoKr, DoRA, GLoRA,
            OFT, BOFT, (IA)^3 or full weight differences, with the tensor names of kohya, diffusers,
            peft or LyCORIS.
        strength_model: Strength on the denoising network. 1 is as trained, 0 is off, and values
            below 0 give the opposite effect. Values between 0 and 1 blend linearly from the plain
            weight to the patched one.
        strength_clip: Strength on the text encoders. 1 is as trained, 0 is off.
        block_weights: Strengths by block, on top of the others: names such as `IN=0.5, MID=1,
            OUT03=0`, or a list of 17 numbers (SD1.x) or 12 (SDXL) in the order of "LoRA Block
            Weight". Empty is 1 for every block.

    Returns:
        The model and the text encoders with the LoRA.

    Raises:
        DiffusionError: The file is no LoRA, is for another kind of model, or the block weights
            cannot be read.

    Source: LoRA (Hu 2021), LyCORIS (Yeh 2023), DoRA (Liu 2024); all differences are taken from
        the plain weights, so that the order does not matter.
    """
    lora = _open(run, lora_name)
    changed, text = _put(run, model, clip, lora, strength_model, strength_clip, block_weights)
    assert text is not None
    return ModelAndClip(changed, text)


@node(
    "LoadLoRAModelOnly",
    category="adapter",
    aliases=["LoraLoaderModelOnly"],
    version=2,
    effects=["reads"],
    lane="io",
)
def load_lora_model_only(
    run: Run,
    model: Model,
    *,
    lora_name: Annotated[str, ModelFile("loras")],
    strength_model: Strength = 1.0,
    block_weights: Annotated[str, Multiline()] = "",
) -> Model:
    """Apply a LoRA to a model, and not to its text encoders.

    Use it for LCM, Turbo, Hyper and other speed LoRAs, which have no weights for text encoders.

    Args:
        model: The model.
        lora_name: The LoRA file. LoadLoRA lists the formats.
        strength_model: Strength on the denoising network. 1 is as trained, 0 is off.
        block_weights: Strengths by block, on top of the others: names such as `IN=0.5, MID=1,
            OUT03=0`, or a list of 17 numbers (SD1.x) or 12 (SDXL) in the order of "LoRA Block
            Weight". Empty is 1 for every block.

    Returns:
        The model with the LoRA.

    Raises:
        DiffusionError: As in LoadLoRA.

    Source: as LoadLoRA.
    """
    lora = _open(run, lora_name)
    return _put(run, model, None, lora, strength_model, 0.0, block_weights)[0]


@node("LoRAStack", category="adapter", effects=["reads"], lane="io")
def lora_stack(
    run: Run,
    stack: LoraStack | None = None,
    *,
    lora_name: Annotated[str, ModelFile("loras")],
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
    block_weights: Annotated[str, Multiline()] = "",
) -> LoraStack:
    """Add a LoRA to a stack that can be applied to several models.

    Args:
        stack: The stack that the LoRA is added to; empty starts a new one.
        lora_name: The LoRA file. LoadLoRA lists the formats.
        strength_model: Strength on the denoising network. 1 is as trained, 0 is off.
        strength_clip: Strength on the text encoders. 1 is as trained, 0 is off.
        block_weights: Strengths by block, on top of the others: names such as `IN=0.5, MID=1,
            OUT03=0`, or a list of 17 numbers (SD1.x) or 12 (SDXL) in the order of "LoRA Block
            Weight". Empty is 1 for every block.

    Returns:
        The stack with this LoRA added.

    Raises:
        DiffusionError: The file is no LoRA, or the block weights cannot be read.
    """
    from weft.diffusion.patches.lora.blocks import parse_block_weights

    lora = _open(run, lora_name)
    parse_block_weights(block_weights)
    added = StackedLora(
        str(lora.path), lora.content_digest, strength_model, strength_clip, block_weights
    )
    return LoraStack((*(stack.loras if stack is not None else ()), added))


@node("ApplyLoRAStack", category="adapter", effects=["reads"], lane="io", version=2)
def apply_lora_stack(run: Run, model: Model, clip: Clip, stack: LoraStack) -> ModelAndClip:
    """Apply all LoRAs of a stack to a model and its text encoders.

    Args:
        model: The model.
        clip: The text encoders of the model.
        stack: The stack, from LoRAStack.

    Returns:
        The model and the text encoders with the LoRAs.

    Raises:
        DiffusionError: A LoRA is for another kind of model, or its file changed since it was added
        to the stack.
    """
    from weft.diffusion.patches.lora.file import load_lora as load

    text: Clip | None = clip
    for each in stack.loras:
        lora = load(each.path)
        if lora.content_digest != each.digest:
            raise _changed(Path(each.path))
        model, text = _put(
            run, model, text, lora, each.strength_model, each.strength_clip, each.block_weights
        )
    assert text is not None
    return ModelAndClip(model, text)


def _open(run: Run, name: str) -> LoraFile:
    from weft.diffusion.patches.lora.file import load_lora as load

    return load(model_path(run, "loras", name))


def _put(
    run: Run,
    model: Model,
    clip: Clip | None,
    lora: LoraFile,
    strength_model: float,
    strength_clip: float,
    block_weights: str,
) -> tuple[Model, Clip | None]:
    from weft.diffusion.patches.lora.apply import apply_lora, fit_lora
    from weft.diffusion.patches.lora.blocks import parse_block_weights

    blocks = parse_block_weights(block_weights)
    found = apply_lora(model, clip, lora, strength_model, strength_clip, blocks)
    unused = fit_lora(model, clip, lora).words(lora)
    if unused:
        run.progress(1, 1, unused)
    return found


def _changed(path: Path) -> Exception:
    from weft.diffusion.errors import ModelError

    return ModelError(
        "model.file_changed",
        f'"{path.name}" changed after it was added to the stack.',
        hint="Run the workflow again.",
    )

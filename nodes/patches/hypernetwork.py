"""Hypernetworks."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import Model
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import ModelFile, Range

from ..models.model_files import model_path


@node("HypernetworkLoader", category="adapter", effects=["reads"], lane="io")
def hypernetwork_loader(
    run: Run,
    model: Model,
    *,
    hypernetwork_name: Annotated[str, ModelFile("hypernetworks")],
    strength: Annotated[float, Range(-10, 10, step=0.01)] = 1.0,
) -> Model:
    """Apply a hypernetwork: small networks that change attention's keys and values.

    Args:
        model: A model with a UNet.
        hypernetwork_name: A safetensors file. `weft models convert` makes one from a .pt file of
            A1111.
        strength: Strength of the hypernetwork. 1 is as trained, 0 leaves the model unchanged.

    Returns:
        The model with the hypernetwork. Several act one after the other.

    Raises:
        ModelError: The file is no hypernetwork, or it is for another kind of model.
    """
    from weft.diffusion.patches.hypernetwork import apply_hypernetwork, load_hypernetwork

    path = model_path(run, "hypernetworks", hypernetwork_name)
    return apply_hypernetwork(model, load_hypernetwork(path), strength)

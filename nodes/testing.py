"""Helpers for tests of nodes: values of every socket type, and the contract of a node.

def test_brighten_keeps_its_contract() -> None:
    result = check_node(brighten, image=testing.image(), by=1.5)
    assert result.mean() > testing.image().mean()
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft.engine.contract.check import check_contract
from weft.engine.contract.values import Types, parts
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import spec_of
from weft.engine.files.workspace import Workspace
from weft.engine.store.values import Values

from .values import CODECS

if TYPE_CHECKING:
    from torch import Tensor


def check_node(function: Callable[..., Any], /, **inputs: Any) -> Any:
    """Check that a node keeps the node contract, by calling it up to four times.

    Checked are: the docstring is whole; equal inputs give equal outputs (unless `pure=False`);
    inputs are not changed; outputs are of the declared types, IMAGE and MASK with the right
    shape, dtype and range, of a sane size and no view of something larger; a node that takes a
    `Run` and reports progress stops when cancelled; nothing is held between calls.

    Args:
        function: A function declared with `@node`.
        **inputs: Its arguments. For a node that takes a `Run`, one under that parameter's name
            gives folders, document and seeds; without it files go to a temporary folder.

    Returns:
        What the node returned, for more assertions.

    Raises:
        ContractError: An AssertionError that lists every breach, as codes `contract.*`.
        DeclarationError: The function is no node.
    """
    run = inputs.pop(spec_of(function).run_parameter or "", None)
    with tempfile.TemporaryDirectory() as folder:
        return check_contract(
            function,
            inputs,
            run=run if run is not None else Run(workspace=Workspace(output=Path(folder))),
            values=Values(CODECS),
            types=TYPES,
            size_problem=_size_problem,
        )


def image_problem(value: Any) -> str | None:
    """The reason why a value is no IMAGE, (B, H, W, 3) float32 in [0, 1] on the CPU; None if it is.

    A fourth channel, alpha, may be there.
    """
    return _tensor_problem(value, "(B, H, W, 3)", 4) or (
        None if value.shape[-1] in {3, 4} else f"expected (B, H, W, 3), got {tuple(value.shape)}"
    )


def mask_problem(value: Any) -> str | None:
    """The reason why a value is no MASK, (B, H, W) float32 in [0, 1] on the CPU; None if it is."""
    return _tensor_problem(value, "(B, H, W)", 3)


TYPES: Types = {"IMAGE": image_problem, "MASK": mask_problem}


def _tensor_problem(value: Any, shape: str, dimensions: int) -> str | None:
    import torch

    if not isinstance(value, torch.Tensor):
        return f"expected a tensor {shape}, got {type(value).__name__}"
    if value.ndim != dimensions or 0 in value.shape:
        return f"expected {shape} with no side 0, got {tuple(value.shape)}"
    if value.dtype != torch.float32 or value.device.type != "cpu" or value.requires_grad:
        graph = " with a gradient" if value.requires_grad else ""
        return f"expected float32 on the CPU, got {value.dtype} on {value.device}{graph}"
    low, high = value.min().item(), value.max().item()
    if not 0 <= low <= high <= 1:  # not-a-number fails it as well
        return f"expected numbers in [0, 1], got {low:g} to {high:g}"
    return None


def _size_problem(value: Any) -> str | None:
    """Whether a small view keeps a large tensor in memory, outside of any memory budget."""
    import torch

    for part in parts(value):
        if isinstance(part, torch.Tensor):
            held, told = part.untyped_storage().nbytes(), _nbytes(part)
            if held > 2 * told + 4096:
                return f"a view of {told} bytes keeps {held} bytes in memory; return a clone"
    return None


def _nbytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()

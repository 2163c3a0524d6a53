"""Hypernetwork files, and applying them to models; their effect is in `guidance.hyper`.

A1111 saves them as pickles; `weft models convert` writes safetensors with the names
"hypernetwork.WIDTH.0" (keys) and ".1" (values), and their settings under the key "hypernetwork" of
the metadata. Memory: the file's size in the type of the UNet on its device, outside of the budget.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..checks import check_factor
from ..errors import ModelError
from ..formats.digest import read_with_content
from ..formats.safetensors_header import Header, read_header
from ..guidance.apply import check_unet, with_rule
from ..guidance.hyper import ACTIVATIONS, HypernetworkRule

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ..types import Model

Layers: TypeAlias = "tuple[tuple[Tensor, Tensor | None], ...]"
"""Weight and bias of linear layers (matrices) and layer norms (vectors), in their order."""
_NAME = re.compile(r"hypernetwork\.(\d{1,6})\.([01])\.linear\.(\d{1,3})\.(weight|bias)\Z")


class Hypernetwork:
    """An opened hypernetwork file.

    Attributes:
        path: The file.
        content_digest: blake3 of it.
        widths: Of what it changes.
        settings: "activation" and "activate_output".
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        header, self._content = read_with_content(self.path, read_header)
        self._places = _places(header)
        self.widths = frozenset(width for width, _ in self._places)
        self.settings = _settings(header)
        self.content_digest = self._content.digest
        self._lock = threading.Lock()
        self._held: dict[tuple[Any, ...], tuple[Layers, Layers]] = {}

    def layers(
        self, width: int, device: torch.device, dtype: torch.dtype
    ) -> tuple[Layers, Layers] | None:
        """The networks for keys and values of one width; None if there are none.

        Raises:
            ModelError: The file changed since it was opened.
        """
        if width not in self.widths:
            return None
        with self._lock:
            key = (width, device, dtype)
            if key not in self._held:
                self._held[key] = self._read(width, device, dtype)
            return self._held[key]

    def _read(self, width: int, device: torch.device, dtype: torch.dtype) -> tuple[Layers, Layers]:
        from safetensors import safe_open

        self._content.check()
        with safe_open(self.path, framework="pt", device="cpu") as file:

            def read(names: Mapping[str, str], field: str) -> Tensor | None:
                if field not in names:
                    return None
                tensor: Tensor = file.get_tensor(names[field])
                return tensor.to(device, dtype, copy=True)  # what is mapped changes with the file

            keys, values = (
                tuple(
                    (weight, read(names, "bias"))
                    for _, names in sorted(self._places[width, which].items())
                    if (weight := read(names, "weight")) is not None
                )
                for which in (0, 1)
            )
        self._content.check()
        return keys, values

    def __repr__(self) -> str:
        return f"Hypernetwork({self.path.name}, {sorted(self.widths)})"


def load_hypernetwork(path: str | os.PathLike[str]) -> Hypernetwork:
    """Open a hypernetwork.

    Args:
        path: A safetensors file; `weft models convert` makes one of A1111's .pt files.

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind, or an activation that
            weft does not know.
    """
    return Hypernetwork(path)


def apply_hypernetwork(model: Model, network: Hypernetwork, strength: float = 1.0) -> Model:
    """Put a hypernetwork on a model; several act one after the other.

    Args:
        model: With a UNet; a new description is returned.
        network: From `load_hypernetwork`.
        strength: Factor on what it adds; 0 = the very same model.

    Raises:
        ModelError: The model is no UNet, or none of its attention has a width of the file.
        ParameterError: The strength is not finite.
    """
    check_factor("strength", strength)
    check_unet(model, "A hypernetwork")
    shapes = model.weights.shapes
    widths = {shape[1] for name, shape in shapes.items() if name.endswith(".to_k.weight")}
    context = model.weights.config.get("cross_attention_dim")
    if not widths & network.widths or (context not in network.widths and _reads_text(network)):
        raise ModelError(
            "model.kinds_do_not_fit",
            f'The hypernetwork "{network.path.name}" does not fit "{model.weights.path.name}".',
            expected="widths of " + ", ".join(map(str, sorted(widths))),
            got=", ".join(map(str, sorted(network.widths))),
            hint="Use a hypernetwork that was trained for this model family.",
        )
    return with_rule(model, HypernetworkRule(network, float(strength))) if strength else model


def _reads_text(network: Hypernetwork) -> bool:
    """Whether a file is for a text width of a family: those are never widths of its UNet."""
    return bool(network.widths & {768, 1024, 2048})


def _places(header: Header) -> dict[tuple[int, int], dict[int, dict[str, str]]]:
    """(width, keys or values) -> number of the layer -> field -> name in the file."""
    found: dict[tuple[int, int], dict[int, dict[str, str]]] = {}
    for name in header.tensors:
        match = _NAME.match(name)
        if match is None:
            raise _damaged(header, f'"{name}"')
        width, which, number = int(match[1]), int(match[2]), int(match[3])
        found.setdefault((width, which), {}).setdefault(number, {})[match[4]] = name
    for width in {width for width, _ in found}:
        for which in (0, 1):
            _check_chain(header, width, found.get((width, which), {}))
    if not found:
        raise _damaged(header, "no tensors")
    return found


def _check_chain(header: Header, width: int, layers: Mapping[int, Mapping[str, str]]) -> None:
    """Every layer takes what the one before gives, and the last gives the width again."""
    now, matrices = width, 0
    for number, names in sorted(layers.items()):
        shape = header.tensors[names["weight"]].shape if "weight" in names else None
        if shape is None or len(shape) not in (1, 2) or shape[-1] != now:
            raise _damaged(header, f"layer {number} of width {width} with shape {shape}")
        now = shape[0]
        matrices += len(shape) == 2
        if "bias" in names and header.tensors[names["bias"]].shape != (now,):
            raise _damaged(header, f'"{names["bias"]}" of another length')
    if now != width or not matrices:
        raise _damaged(header, f"networks of width {width} that end at {now}")


def _settings(header: Header) -> dict[str, Any]:
    try:
        told = json.loads(header.metadata.get("hypernetwork", "{}"))
    except (ValueError, RecursionError):
        told = {}
    told = told if isinstance(told, dict) else {}
    name = str(told.get("activation_func") or "linear").lower()
    if name not in ACTIVATIONS:
        raise ModelError(
            "model.unsupported_layout",
            f'The hypernetwork "{header.path.name}" uses an activation that weft does not support.',
            expected=", ".join(ACTIVATIONS),
            got=name[:40],
        )
    return {"activation": name, "activate_output": bool(told.get("activate_output", False))}


def _damaged(header: Header, got: str) -> ModelError:
    return ModelError(
        "model.wrong_kind",
        f'"{header.path.name}" is no hypernetwork that weft supports.',
        expected="hypernetwork.WIDTH.0/1.linear.N tensors, as `weft models convert` writes them",
        got=got,
        hint="Convert A1111's .pt file with `weft models convert FILE.pt FILE.safetensors`.",
    )

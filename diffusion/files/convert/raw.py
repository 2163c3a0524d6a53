"""Tensors of a network by its own names, bit for bit in the types of the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ModelError
from ...formats.folder import network_files
from ...formats.safetensors_header import TensorInfo, read_header
from ...weights.handle import Weights

if TYPE_CHECKING:
    from torch import Tensor


class RawNetwork:
    """The stored tensors of one network.

    Args:
        weights: A handle to a network in safetensors files.

    Raises:
        ModelError: Nobody knows where its tensors lie.
    """

    def __init__(self, weights: Weights) -> None:
        if weights.stored is None:
            raise ModelError(
                "model.unsupported_layout",
                f'"{weights.label}" is not stored in one file.',
                hint="Save the model first.",
            )
        self.weights = weights
        self._stored = weights.stored
        self._files: dict[str, Any] = {}

    def dtype(self, name: str) -> str:
        """The stored type, as safetensors names it."""
        found = self._stored.dtype(name)
        assert found is not None
        return found

    def info(self, stored_name: str) -> TensorInfo:
        """Type and shape of a tensor of the file, by its name there."""
        return self._stored.tensors[stored_name]

    @property
    def leftovers(self) -> list[str]:
        """Names of the file's tensors that this network does not read whole."""
        read: dict[str, int] = {}
        for pieces in self._stored.plan.values():
            for piece in pieces:
                info = self._stored.tensors[piece.name]
                rows = info.shape[0] if info.shape else 1
                own = rows if piece.start is None else (piece.stop or 0) - piece.start
                read[piece.name] = read.get(piece.name, 0) + own
        return [
            name
            for name, info in self._stored.tensors.items()
            if read.get(name, 0) != (info.shape[0] if info.shape else 1)
        ]

    def tensor(self, name: str) -> Tensor:
        """A tensor of the network by its name there."""
        import torch

        parts = []
        for piece in self._stored.plan[name]:
            tensor = self.stored(piece.name)
            if piece.start is not None:
                tensor = tensor[piece.start : piece.stop]
            parts.append(tensor.T if piece.turned else tensor)
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def stored(self, name: str) -> Tensor:
        """A tensor of the file by its name there."""
        if not self._files:
            self._open()
        tensor: Tensor = self._files[name].get_tensor(name)
        return tensor

    def _open(self) -> None:
        from safetensors import safe_open

        path: Path = self.weights.path
        for part in network_files(path) if path.is_dir() else [path]:
            file = safe_open(part, framework="pt", device="cpu")
            self._files |= dict.fromkeys(read_header(part).tensors, file)

"""Opening a LoRA file: its entries from the header, their tensors on use."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ModelError
from ...formats.digest import HeldFile, read_with_content
from ...formats.lora_family import lora_family
from ...formats.safetensors_header import read_header
from ...formats.words import family_words
from ...networks.identify import identify_file
from ...networks.identity import wrong_kind
from .entries import LoraEntry, is_old_glora, sort_entries

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class LoraFile:
    """An opened LoRA file.

    Attributes:
        path: The file.
        content_digest: blake3 of it.
        family: For which family it was made, or "unknown".
        entries: Its layers by stem.
        unknown: Names of tensors that belong to no entry.
        shapes: Shape of every tensor.
        metadata: The header's text (trigger words, training settings).
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        header, self._content = read_with_content(self.path, read_header)
        self.shapes = {name: info.shape for name, info in header.tensors.items()}
        self.metadata = header.metadata
        found = identify_file([header], self.shapes)
        if found.kind != "lora":
            raise wrong_kind(self.path.name, found, "lora")
        self.content_digest = self._content.digest
        self.family = lora_family(self.shapes)
        self.entries, self.unknown = sort_entries(self.shapes, self.metadata, self.path.name)
        if not self.entries:
            seen = ", ".join(list(self.shapes)[:5]) + (", ..." if len(self.shapes) > 5 else "")
            raise ModelError(
                "lora.unknown_tensors",
                f'"{self.path.name}" has no tensor of a LoRA: {seen}.',
                expected="lora_up and lora_down, lora_A and lora_B, hada_..., lokr_..., diff, ...",
                got=f"{len(self.shapes)} other tensors",
                hint="Choose another file, or convert this one with the tool that made it.",
            )
        self._lock = threading.Lock()
        self._open: tuple[Any, HeldFile] | None = None

    @property
    def words(self) -> str:
        """For messages: its name and family."""
        return f'LoRA "{self.path.name}" ({family_words(self.family)})'

    def parts(self, entry: LoraEntry, like: Tensor, dtype: torch.dtype) -> dict[str, Tensor]:
        """An entry's tensors by field, on the device of `like`, in a type to compute in.

        Raises:
            ModelError: The file changed since it was opened.
        """
        with self._lock:
            file, held = self._file()
            held.check()
            # Copies: what is mapped would change with the file.
            read = {
                field: file.get_tensor(name).to(like.device, dtype, copy=True)
                for field, name in entry.fields.items()
            }
            held.check()
        return read

    def _file(self) -> tuple[Any, HeldFile]:
        """The mapped file, kept open: it stays valid when another file takes the name."""
        from safetensors import safe_open

        if self._open is None:
            held = self._content.hold()
            self._content.check()
            opened = safe_open(self.path, framework="pt", device="cpu")
            self._content.check()
            self._open = opened, held
        return self._open

    def result_size(self, entry: LoraEntry) -> tuple[int, int]:
        """(outputs, elements) of the weight difference, from the header; 0 where it says nothing,
        as for a bias alone."""
        return _result_size(entry, {f: self.shapes[name] for f, name in entry.fields.items()})

    def __repr__(self) -> str:
        return f"LoraFile({self.path.name}, {self.family}, {len(self.entries)} layers)"


def load_lora(path: str | os.PathLike[str]) -> LoraFile:
    """Open a LoRA: kohya, diffusers, peft or LyCORIS names; LoRA, LoHa, LoKr, DoRA, GLoRA,
    OFT, BOFT, (IA)^3, differences.

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind, an algorithm that weft
            does not read, or no tensor that is known.
    """
    return LoraFile(path)


def _result_size(entry: LoraEntry, shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, int]:
    from math import prod

    def half(a: str, b: str, core: str) -> tuple[int, int]:
        if core in shapes:
            outputs = shapes[a][1]
            return outputs, outputs * shapes[b][1] * prod(shapes[core][2:])
        return shapes[a][0], shapes[a][0] * prod(shapes[b][1:])

    if entry.algorithm == "lora":
        kernel = prod(shapes["mid"][2:]) if "mid" in shapes else 1
        outputs = shapes["up"][0]
        return outputs, outputs * prod(shapes["down"][1:]) * kernel
    if entry.algorithm == "loha":
        return half("w1_a", "w1_b", "t1")
    if entry.algorithm == "lokr":
        left = half("k1_a", "k1_b", "") if "k1" not in shapes else _of(shapes["k1"])
        right = half("k2_a", "k2_b", "kt2") if "k2" not in shapes else _of(shapes["k2"])
        return left[0] * right[0], left[1] * right[1]
    if entry.algorithm == "oft":
        return prod(shapes["blocks"][-3:-1]), 0
    if entry.algorithm == "glora":
        return shapes["b2" if is_old_glora(shapes) else "b1"][0], 0
    whole = shapes.get("whole", shapes.get("diff"))
    return _of(whole) if whole is not None else (0, 0)


def _of(shape: tuple[int, ...]) -> tuple[int, int]:
    from math import prod

    return (shape[0] if shape else 1), prod(shape)

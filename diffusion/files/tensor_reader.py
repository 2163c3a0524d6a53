"""Reading named tensors of safetensors and GGUF files onto a device, in a number type.

Tensors that already have the wanted type, stay on the CPU and begin in the file where tensors in
memory begin (`weights.layout`) are *mapped*: no copy is made, the system pages them in when the
network first reads them, and every process that maps the file shares them. Files that weft writes
are laid out so. All others are read one at a time and converted, so that at most one tensor exists
twice. A float16 file on the CPU therefore takes twice its size in memory (float32), never more.

Blocks of GGUF files and fp8 weights can also be read as they are (`packed`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..errors import ModelError
from ..formats.digest import FileContent, HeldFile, changed
from ..formats.fp8_names import FP8
from ..formats.gguf_header import PLAIN
from ..formats.pieces import Piece, Pieces, Plan
from ..formats.safetensors_header import Header, TensorInfo
from ..weights.layout import is_laid_out, laid_out
from .number_types import read_types

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ..weights.packed import PackedTensor

_FLOATS = frozenset({"F64", "F32", "F16", "BF16"}) | FP8


class TensorReader:
    """Reads from the files that headers came from, and refuses once one of them has changed.

    Args:
        files: Headers and the content that the files had then; several for a network split in
            shards.
        scales: Tensor -> the one that holds the factor on it.

    Attributes:
        held: The files that tensors of the last reading are mapped from.
    """

    def __init__(
        self,
        files: Sequence[tuple[Header, FileContent]],
        scales: Mapping[str, str] | None = None,
    ) -> None:
        self._files = files
        self._scales = scales or {}
        self.held: tuple[HeldFile, ...] = ()
        self._home = {name: header for header, _ in files for name in header.tensors}

    def read(
        self,
        plan: Plan,
        device: torch.device,
        dtype: torch.dtype,
    ) -> dict[str, Tensor]:
        """Read tensors.

        Args:
            plan: Name in the result -> pieces in the file.
            device: Where to put them.
            dtype: Type of all floating tensors; integers keep theirs.

        Raises:
            ModelError: The file changed since it was opened, or has types that cannot be computed.
        """
        import torch

        types = read_types()
        result: dict[str, Tensor] = {}
        with self._opened(mapped=device.type == "cpu") as files:
            for new, pieces in plan.items():
                parts = []
                for piece in pieces:
                    header = self._home[piece.name]
                    file = files[header.path]
                    if header.tensors[piece.name].dtype not in types and header.format == "gguf":
                        parts.append(_unpacked(file, header, piece).to(device, dtype))
                        continue
                    found = _type(header, piece.name, types)
                    wanted = dtype if found.is_floating_point else found
                    if device.type == "cpu" and found == wanted:
                        tensor = _cut(file.tensor(piece.name, found), piece)
                        if not is_laid_out(tensor):
                            tensor = _cut(_copy(file.stream, header, piece, found), piece)
                    else:
                        tensor = _cut(_copy(file.stream, header, piece, found), piece)
                        scale = self._scale(files, piece)
                        if scale is not None:
                            tensor = tensor.float() * scale
                        if device.type == "mps":
                            tensor = tensor.to(wanted)  # it has not all types to convert from
                        tensor = tensor.to(device=device, dtype=wanted)
                    parts.append(tensor)
                result[new] = laid_out(parts[0] if len(parts) == 1 else torch.cat(parts))
        return result

    def packed(
        self, plan: Plan, packings: Mapping[str, str], device: torch.device
    ) -> dict[str, PackedTensor]:
        """Tensors in few bits: as the file has them (those of the CPU mapped), or made fp8.

        Args:
            plan: Name in the result -> pieces in the file.
            packings: The same names -> what `packing` says of them.
            device: Where to put them.

        Raises:
            ModelError: The file changed since it was opened, or weft does not read its packing.
        """
        import torch

        from ..weights.packed import PackedTensor

        result: dict[str, PackedTensor] = {}
        if not plan:
            return result
        with self._opened(mapped=device.type == "cpu") as files:
            for new, pieces in plan.items():
                parts: list[Tensor] = []
                rows, scale = 0, None
                shape: tuple[int, ...] = ()
                for piece in pieces:
                    header = self._home[piece.name]
                    shape = piece.shape({piece.name: header.tensors[piece.name].shape})
                    if header.format == "gguf":
                        raw = _blocks(files[header.path], header, piece)
                    else:
                        raw, scale = self._fp8(files, piece, packings[new])
                    parts.append(raw)
                    rows += shape[0]
                joined = parts[0] if len(parts) == 1 else torch.cat(parts)
                result[new] = PackedTensor(
                    joined.to(device),
                    packings[new],
                    (rows, *shape[1:]),
                    None if scale is None else scale.to(device),
                )
        return result

    def packing(self, pieces: Pieces, storage: str | None) -> str | None:
        """The packing in which a tensor can stay, or be brought into; None = it is read plainly.

        Args:
            pieces: Of the tensor.
            storage: "F8_E4M3" or "F8_E5M2" for what safetensors files have in wider types, "as
                stored" to keep such types where a file has them; None = neither.
        """
        from math import prod

        from ..weights.packed import block_size

        infos = [self._home[piece.name].tensors[piece.name] for piece in pieces]
        types = {info.dtype for info in infos}
        if any(len(info.shape) < 2 for info in infos):
            return None
        if self._home[pieces[0].name].format != "gguf":
            if storage != "as stored":
                return storage if types <= _FLOATS else None
            scales = {self._scales.get(piece.name) for piece in pieces}
            one = len(types) == len(scales) == 1 and types <= FP8
            return types.pop() if one else None
        if len(types) != 1 or any(piece.turned for piece in pieces) or types <= PLAIN:
            return None
        packing = types.pop()
        numbers, _ = block_size(packing)
        for piece, info in zip(pieces, infos, strict=True):
            if prod(info.shape[1:]) % numbers and piece.start is not None:
                return None
        return packing

    def _scale(self, files: Mapping[Path, _Opened], piece: Piece) -> Tensor | None:
        """(1,) float32: the factor on a tensor; None = 1."""
        name = self._scales.get(piece.name)
        if name is None:
            return None
        header = self._home[name]
        found = files[header.path].tensor(name, _type(header, name, read_types()))
        return found.float().reshape(1)

    def _fp8(
        self, files: Mapping[Path, _Opened], piece: Piece, packing: str
    ) -> tuple[Tensor, Tensor | None]:
        from ..weights.packed import pack_fp8

        header = self._home[piece.name]
        tensor = files[header.path].tensor(piece.name, _type(header, piece.name, read_types()))
        scale = self._scale(files, piece)
        if scale is not None and header.tensors[piece.name].dtype != packing:
            tensor, scale = tensor.float() * scale, None
        return pack_fp8(_cut(tensor, piece), packing), scale

    @contextmanager
    def _opened(self, *, mapped: bool) -> Iterator[Mapping[Path, _Opened]]:
        """The files, seen to have their content before and after they are read from.

        Args:
            mapped: Whether tensors may stay mapped, so that the files have to be watched on.
        """
        held = tuple(content.hold() for _, content in self._files) if mapped else ()
        for _, content in self._files:
            content.check()
        with ExitStack() as stack:
            yield {header.path: _Opened(header, stack) for header, _ in self._files}
        for _, content in self._files:
            content.check()
        for file in held:
            file.check()
        self.held = held


class _Opened:
    """A file that is open: mapped, and as a stream."""

    def __init__(self, header: Header, stack: ExitStack) -> None:
        import torch
        from safetensors import safe_open

        self._header = header
        self._mapped: Any = None
        self._bytes: Tensor | None = None
        if header.format == "gguf":
            self._bytes = torch.from_file(
                str(header.path), shared=False, size=header.file_size, dtype=torch.uint8
            )
        else:
            file = safe_open(header.path, framework="pt", device="cpu")
            self._mapped = stack.enter_context(file)
        self.stream: BinaryIO = stack.enter_context(header.path.open("rb"))

    def tensor(self, name: str, dtype: torch.dtype) -> Tensor:
        """A tensor without a copy."""
        if self._bytes is None:
            tensor: Tensor = self._mapped.get_tensor(name)
            return tensor
        info = self._header.tensors[name]
        return self.raw(info).view(dtype).reshape(info.shape)

    def raw(self, info: TensorInfo) -> Tensor:
        """The bytes of a tensor of a GGUF file, without a copy."""
        assert self._bytes is not None
        return self._bytes[info.start : info.end]


def _blocks(file: _Opened, header: Header, piece: Piece) -> Tensor:
    """The blocks of a piece of a GGUF file, flat."""
    from ..weights.packed import STORED, cut

    info = header.tensors[piece.name]
    raw = file.raw(info).view(STORED)
    if piece.start is None or piece.stop is None:
        return raw
    return cut(raw, info.dtype, info.shape, piece.start, piece.stop)


def _unpacked(file: _Opened, header: Header, piece: Piece) -> Tensor:
    from ..weights.packed import unpack

    info = header.tensors[piece.name]
    whole = unpack(file.raw(info), info.dtype, info.shape)
    if piece.start is not None:
        whole = whole[piece.start : piece.stop]
    return whole.t() if piece.turned else whole


def _copy(stream: BinaryIO, header: Header, piece: Piece, dtype: torch.dtype) -> Tensor:
    """A tensor read into memory of its own; of cut ones only the rows."""
    import torch

    info = header.tensors[piece.name]
    shape, start, nbytes = info.shape, info.start, info.nbytes
    if piece.start is not None and piece.stop is not None:
        row = nbytes // shape[0]
        start, nbytes = start + piece.start * row, (piece.stop - piece.start) * row
        shape = (piece.stop - piece.start, *shape[1:])
    stream.seek(start)
    raw = torch.empty(nbytes, dtype=torch.uint8)
    if stream.readinto(raw.numpy()) != nbytes:  # type: ignore[attr-defined]
        raise changed(header.path)
    return raw.view(dtype).reshape(shape)


def _type(header: Header, name: str, types: Mapping[str, torch.dtype]) -> torch.dtype:
    info: TensorInfo = header.tensors[name]
    if info.dtype not in types:
        raise ModelError(
            "model.unsupported_precision",
            f'Tensor "{name}" of "{header.path.name}" is stored as {info.dtype}.',
            expected=", ".join(sorted(types)),
            got=info.dtype,
            hint="Save the model as float16, bfloat16 or float32.",
        )
    return types[info.dtype]


def _cut(tensor: Tensor, piece: Piece) -> Tensor:
    if piece.start is not None and piece.stop != piece.start + len(tensor):
        tensor = tensor[piece.start : piece.stop]
    return tensor.t() if piece.turned else tensor

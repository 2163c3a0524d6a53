"""Reading named tensors of safetensors and GGUF files onto a device, in a number type.

Tensors that already have the wanted type and stay on the CPU are *mapped*: no copy is made, the
system pages them in when the network first reads them, and every process that maps the file shares
them. All others are read one at a time and converted, so that at most one tensor exists twice. A
float16 file on the CPU therefore takes twice its size in memory (float32), never more.

Blocks of GGUF files can also be read as they are (`packed`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..errors import ModelError
from .digest import FileState, file_state
from .formats.gguf_header import PLAIN
from .formats.pieces import Piece, Pieces, Plan
from .formats.safetensors_header import Header, TensorInfo

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ..weights.packed import Packed


class TensorReader:
    """Reads from the files that headers came from, and refuses once one of them has changed.

    Args:
        files: Headers and what the files were then; several for a network split in shards.
    """

    def __init__(self, files: Sequence[tuple[Header, FileState]]) -> None:
        self._files = files
        self._home = {name: header for header, _ in files for name in header.tensors}

    def read(
        self,
        plan: Plan,
        device: torch.device,
        dtype: torch.dtype,
        storage: torch.dtype | None = None,
    ) -> dict[str, Tensor]:
        """Read tensors.

        Args:
            plan: Name in the result -> pieces in the file.
            device: Where to put them.
            dtype: Type of all floating tensors; integers keep theirs.
            storage: Type of matrices and kernels, where it is another.

        Raises:
            ModelError: The file changed since it was opened, or has types that cannot be computed.
        """
        import torch

        types = _torch_types()
        result: dict[str, Tensor] = {}
        with self._opened() as files:
            for new, pieces in plan.items():
                parts = []
                for piece in pieces:
                    header = self._home[piece.name]
                    file = files[header.path]
                    if header.tensors[piece.name].dtype not in types and header.format == "gguf":
                        parts.append(_unpacked(file, header, piece).to(device, dtype))
                        continue
                    found = _type(header, piece.name, types)
                    large = storage is not None and len(header.tensors[piece.name].shape) > 1
                    wanted = (storage if large else dtype) if found.is_floating_point else found
                    if device.type == "cpu" and found == wanted:
                        tensor = _cut(file.tensor(piece.name, found), piece)
                    else:
                        tensor = _cut(_copy(file.stream, header, piece, found), piece)
                        tensor = tensor.to(device=device, dtype=wanted)
                    parts.append(tensor)
                result[new] = parts[0] if len(parts) == 1 else torch.cat(parts)
        return result

    def packed(self, plan: Plan, device: torch.device) -> dict[str, Packed]:
        """Tensors of a plan that can be handed on in the file's blocks; those of the CPU mapped.

        Raises:
            ModelError: The file changed since it was opened, or weft does not read its packing.
        """
        import torch

        from ..weights.packed import STORED, Packed, cut

        result: dict[str, Packed] = {}
        chosen = {new: packing for new in plan if (packing := self.packing(plan[new]))}
        if not chosen:
            return result
        with self._opened() as files:
            for new, packing in chosen.items():
                parts, rows = [], 0
                for piece in plan[new]:
                    header = self._home[piece.name]
                    info = header.tensors[piece.name]
                    raw = files[header.path].raw(info).view(STORED)
                    start, stop = piece.start or 0, piece.stop or info.shape[0]
                    if piece.start is not None:
                        raw = cut(raw, packing, info.shape, start, stop)
                    parts.append(raw)
                    rows += stop - start
                joined = parts[0] if len(parts) == 1 else torch.cat(parts)
                result[new] = Packed(joined.to(device), packing, (rows, *info.shape[1:]))
        return result

    def packing(self, pieces: Pieces) -> str | None:
        """The packing in which a tensor can stay; None if its pieces are not in blocks, or not
        whole blocks of one packing."""
        from math import prod

        from ..weights.packed import block_size

        found = {self._home[piece.name].tensors[piece.name].dtype for piece in pieces}
        if len(found) != 1 or any(piece.turned for piece in pieces):
            return None
        packing = found.pop()
        if packing in PLAIN or self._home[pieces[0].name].format != "gguf":
            return None
        numbers, _ = block_size(packing)
        for piece in pieces:
            shape = self._home[piece.name].tensors[piece.name].shape
            if len(shape) < 2 or (prod(shape[1:]) % numbers and (piece.start is not None)):
                return None
        return packing

    @contextmanager
    def _opened(self) -> Iterator[Mapping[Path, _Opened]]:
        for header, state in self._files:
            _check_unchanged(header, state)
        with ExitStack() as stack:
            yield {header.path: _Opened(header, stack) for header, _ in self._files}


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
    raw = bytearray(nbytes)
    if stream.readinto(raw) != nbytes:  # type: ignore[attr-defined]
        raise _changed(header)
    tensor = torch.frombuffer(raw, dtype=dtype) if raw else torch.empty(0, dtype=dtype)
    return tensor.reshape(shape)


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


def _check_unchanged(header: Header, state: FileState) -> None:
    try:
        unchanged = file_state(header.path) == state
    except OSError:
        unchanged = False
    if not unchanged:
        raise _changed(header)


def _changed(header: Header) -> ModelError:
    return ModelError(
        "model.file_changed",
        f'"{header.path.name}" was changed or removed after it had been opened.',
        hint="Load it again. Write new weights under a new name, then rename.",
    )


def _cut(tensor: Tensor, piece: Piece) -> Tensor:
    if piece.start is not None and piece.stop != piece.start + len(tensor):
        tensor = tensor[piece.start : piece.stop]
    return tensor.t() if piece.turned else tensor


def _torch_types() -> dict[str, torch.dtype]:
    import torch

    return {
        "F64": torch.float64,
        "F32": torch.float32,
        "F16": torch.float16,
        "BF16": torch.bfloat16,
        "F8_E4M3": torch.float8_e4m3fn,
        "F8_E5M2": torch.float8_e5m2,
        "I64": torch.int64,
        "I32": torch.int32,
    }

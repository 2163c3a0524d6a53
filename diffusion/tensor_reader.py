"""Reading named tensors of safetensors files onto a device, in a number type.

Tensors that already have the wanted type and stay on the CPU are *mapped*: no copy is made, the
system pages them in when the network first reads them, and every process that maps the file shares
them. All others are read one at a time and converted, so that at most one tensor exists twice. A
float16 file on the CPU therefore takes twice its size in memory (float32), never more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

from .errors import ModelError
from .file_digest import FileState, file_state
from .formats.pieces import Piece, Plan
from .formats.safetensors_header import Header, TensorInfo

if TYPE_CHECKING:
    import torch
    from torch import Tensor


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
        from safetensors import safe_open

        for header, state in self._files:
            _check_unchanged(header, state)
        types = _torch_types()
        result: dict[str, Tensor] = {}
        with ExitStack() as stack:
            mapped, streams = {}, {}
            for header, _ in self._files:
                file = safe_open(header.path, framework="pt", device="cpu")
                mapped[header.path] = stack.enter_context(file)
                streams[header.path] = stack.enter_context(header.path.open("rb"))
            for new, pieces in plan.items():
                parts = []
                for piece in pieces:
                    header = self._home[piece.name]
                    found = _type(header, piece.name, types)
                    large = storage is not None and len(header.tensors[piece.name].shape) > 1
                    wanted = (storage if large else dtype) if found.is_floating_point else found
                    if device.type == "cpu" and found == wanted:
                        tensor = _cut(mapped[header.path].get_tensor(piece.name), piece)
                    else:
                        tensor = _cut(_copy(streams[header.path], header, piece, found), piece)
                        tensor = tensor.to(device=device, dtype=wanted)
                    parts.append(tensor)
                result[new] = parts[0] if len(parts) == 1 else torch.cat(parts)
        return result


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

"""The header of a safetensors file, checked before a single tensor is read. No torch.

A file is accepted by content alone. Pickles and archives are refused whatever their name, because
reading them can run code.

Source: the safetensors format: 8 bytes little-endian header length, JSON header, tensor bytes.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelError

MAX_HEADER = 100_000_000
"""Bytes; the limit of the safetensors library itself."""

DTYPE_BITS: Mapping[str, int] = {
    "F64": 64, "I64": 64, "U64": 64, "C64": 64,
    "F32": 32, "I32": 32, "U32": 32,
    "F16": 16, "BF16": 16, "I16": 16, "U16": 16,
    "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "I8": 8, "U8": 8, "BOOL": 8,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive (a torch .ckpt/.pt file)"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"GGUF", "a GGUF file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89HDF", "an HDF5 file"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
)
_CONVERT = (
    "weft loads only safetensors, because pickles can run code. Look for a safetensors file of "
    "the model, or run `weft models convert FILE NEW.safetensors`, which reads only the tensors, "
    "in a separate process."
)

_GGUF = (
    "GGUF is supported for denoising networks (LoadDiffusionModel) and text encoders (LoadCLIP)."
)


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """Where one tensor lies. `start` and `end` count bytes from the beginning of the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def nbytes(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Header:
    """All names, types and shapes of a file, and its free-text metadata."""

    path: Path
    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str]
    file_size: int
    format: str = "safetensors"
    """Or "gguf"."""

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors."""
        return sum(info.nbytes for info in self.tensors.values())


def read_header(path: str | os.PathLike[str]) -> Header:
    """Read and check the header of a safetensors file.

    Raises:
        ModelError: The file is missing, not safetensors, cut short, or its header does not add up.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            first = file.read(64)
            length = int.from_bytes(first[:8], "little")
            _check_start(path, first, length, size)
            file.seek(8)
            raw = file.read(length)
    except FileNotFoundError:
        raise ModelError(
            "model.not_found", f'There is no file "{path}".', hint="Check the name and the folder."
        ) from None
    except IsADirectoryError:
        raise ModelError(
            "model.not_a_file", f'"{path}" is a folder.', expected="a safetensors file"
        ) from None
    except OSError as error:
        raise ModelError(
            "model.unreadable",
            f'"{path}" cannot be read: {error.strerror}.',
            hint="Check the file's permissions and the disk.",
        ) from error
    return Header(path, *_parse(path, raw, 8 + length, size), file_size=size)


def begins_as_safetensors(first: bytes, size: int) -> bool:
    """Whether a file of `size` bytes begins with a length that fits into it, and with JSON."""
    return first[8:9] == b"{" and int.from_bytes(first[:8], "little") <= size - 8


def _check_start(path: Path, first: bytes, length: int, size: int) -> None:
    if size == 0:
        raise ModelError(
            "model.empty", f'"{path.name}" has 0 bytes.', hint="Download or copy it again."
        )
    # A header's length is a number of any bytes, also of those that pickles begin with.
    begins = begins_as_safetensors(first, size)
    for magic, what in () if begins else _MAGIC:
        if first.startswith(magic):
            raise ModelError(
                "model.not_safetensors",
                f'"{path.name}" is not a safetensors file.',
                expected="safetensors",
                got=what,
                hint=_GGUF if magic == b"GGUF" else _CONVERT,
            )
    if size < 8 + 2 or first[8:9] != b"{":
        raise ModelError(
            "model.not_safetensors",
            f'"{path.name}" is not a safetensors file: it does not start with a header.',
            expected="safetensors",
            got="an unknown format",
            hint=_CONVERT,
        )
    if length > MAX_HEADER or 8 + length > size:
        raise ModelError(
            "model.truncated",
            f'"{path.name}" claims a header of {length} bytes.',
            expected=f"at most {min(MAX_HEADER, size - 8)}",
            got=str(length),
            hint="The file is truncated or damaged: download or copy it again.",
        )


def _parse(
    path: Path, raw: bytes, data_start: int, size: int
) -> tuple[dict[str, TensorInfo], dict[str, str]]:
    try:
        header = json.loads(raw)
        if not isinstance(header, dict):
            raise TypeError("not an object")
        metadata = {str(k): str(v) for k, v in header.pop("__metadata__", {}).items()}
        tensors = {str(k): _tensor(v, data_start) for k, v in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(
            "model.bad_header",
            f'The header of "{path.name}" is not valid: {error}.',
            hint="The file is damaged: download or copy it again.",
        ) from error
    for name, info in tensors.items():
        if info.end > size:
            raise ModelError(
                "model.truncated",
                f'"{path.name}" is truncated: tensor "{name}" ends after the end of the file.',
                expected=f"at least {info.end} bytes",
                got=f"{size} bytes",
                hint="Download or copy it again.",
            )
    position = data_start
    for info in sorted(tensors.values(), key=lambda info: (info.start, info.end)):
        if info.start != position:
            raise ModelError(
                "model.bad_header",
                f'The header of "{path.name}" is not valid: tensors overlap or leave gaps.',
                hint="The file is damaged: download or copy it again.",
            )
        position = info.end
    if position != size:
        raise ModelError(
            "model.trailing_bytes",
            f'"{path.name}" has {size - position} bytes after its last tensor.',
            expected=f"{position} bytes",
            got=f"{size} bytes",
            hint="The file is damaged, or something was appended: download or copy it again.",
        )
    return tensors, metadata


def _tensor(entry: Mapping[str, object], data_start: int) -> TensorInfo:
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPE_BITS:
        raise ValueError(f"unknown data type {dtype!r}")
    if not isinstance(shape, list) or not all(_is_size(n) for n in shape):
        raise ValueError(f"bad shape {shape!r}")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(_is_size(n) for n in offsets):
        raise ValueError(f"bad offsets {offsets!r}")
    start, end = offsets
    if (end - start) * 8 != math.prod(shape) * DTYPE_BITS[dtype]:
        raise ValueError(f"{dtype} of shape {shape} does not fill bytes {start} to {end}")
    return TensorInfo(dtype, tuple(shape), data_start + start, data_start + end)


def _is_size(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0

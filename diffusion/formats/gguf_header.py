"""The header of a GGUF file, checked before a single tensor is read. No torch.

Nothing that the file claims is believed: every count is compared with the bytes that are left
before anything is made for it, and tensors may neither overlap nor end past the file.

Source: the GGUF format (ggml, docs/gguf.md), versions 2 and 3; sizes of blocks from the `gguf`
package. Tensors of UNets whose rows fill no blocks are stored flat, and their shape is told by
"comfy.gguf.orig_shape.NAME", as the converters of the field write it.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import ModelError
from .safetensors_header import Header, TensorInfo, read_header

MAGIC = b"GGUF"
MAX_HEADER = 100_000_000
"""Bytes, as for safetensors; the longest in use, with T5's vocabulary, are below 2 MB."""
PLAIN = frozenset({"F64", "F32", "F16", "BF16", "I8", "I16", "I32", "I64"})
"""Types that are no blocks; safetensors has the same names for them."""

_SHAPE = "comfy.gguf.orig_shape."
_MAX_DIMENSIONS = 8
_SCALARS: Mapping[int, str] = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f",
    7: "<?", 10: "<Q", 11: "<q", 12: "<d",
}  # fmt: skip
_TEXT, _ARRAY = 8, 9
_SHOWN = 64
"""Longer lists are left out of the metadata: vocabularies."""


class _BadHeaderError(ValueError):
    """What is wrong, for people."""


def read_model_header(path: str | os.PathLike[str]) -> Header:
    """The header of a safetensors or GGUF file, told by content.

    Raises:
        ModelError: As `read_gguf_header` and `safetensors_header.read_header`.
    """
    return read_gguf_header(path) if is_gguf(path) else read_header(path)


def is_gguf(path: str | os.PathLike[str]) -> bool:
    """Whether a file's content starts as GGUF does; False if it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return file.read(4) == MAGIC
    except OSError:
        return False  # reading its header then says why


def read_gguf_header(path: str | os.PathLike[str]) -> Header:
    """Read and check the header of a GGUF file.

    Returns:
        Names, types ("F16", "Q4_0", ...) and shapes in torch's order; single values and short
        lists of the metadata as text.

    Raises:
        ModelError: Not there, not GGUF, cut short, or a header that does not add up.
    """
    path = Path(path)
    values, tensors, size = _read(path)
    shown = {
        key: str(value)
        for key, value in values.items()
        if not key.startswith(_SHAPE) and not (isinstance(value, list) and len(value) > _SHOWN)
    }
    return Header(path, tensors, shown, file_size=size, format="gguf")


def read_gguf_values(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    """All metadata of a GGUF file: numbers, truth values, texts, and lists of these.

    Raises:
        ModelError: As `read_gguf_header`.
    """
    return _read(Path(path))[0]


def _read(path: Path) -> tuple[dict[str, Any], dict[str, TensorInfo], int]:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            cursor = _Cursor(file, min(size, MAX_HEADER))
            values, entries = _parse(cursor)
            tensors = _placed(entries, values, cursor.position, size)
    except OSError as error:
        raise ModelError(
            "model.unreadable" if path.exists() else "model.not_found",
            f'"{path}" cannot be read: {error.strerror}.',
            hint="Check the name, the folder and the file's permissions.",
        ) from error
    except _BadHeaderError as error:
        raise ModelError(
            "model.bad_header",
            f'The header of "{path.name}" is not valid GGUF: {error}.',
            hint="The file is truncated or damaged: download or copy it again.",
        ) from error
    return values, tensors, size


class _Cursor:
    """Reads on from the start of a file, never past a bound."""

    def __init__(self, file: BinaryIO, bound: int) -> None:
        self._file, self._bound = file, bound
        self.position = 0

    @property
    def left(self) -> int:
        return self._bound - self.position

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise _BadHeaderError(
                f"it needs {count} bytes at {self.position}, {self.left} are left"
            )
        data = self._file.read(count)
        if len(data) != count:
            raise _BadHeaderError("the file ends early")
        self.position += count
        return data

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def count(self, least: int, what: str) -> int:
        """A number of things that take at least so many bytes each."""
        found: int = self.number("<Q")
        if found * least > self.left:
            raise _BadHeaderError(f"it claims {found} {what}, more than its size allows")
        return found

    def text(self) -> str:
        data = self.take(self.count(1, "characters"))
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _BadHeaderError(f"a name or text is not UTF-8 ({error.reason})") from error


def _parse(
    cursor: _Cursor,
) -> tuple[dict[str, Any], list[tuple[str, tuple[int, ...], int, int]]]:
    """Metadata, and of each tensor name, shape (torch's order), type and offset."""
    if cursor.take(4) != MAGIC:
        raise _BadHeaderError("it does not start with GGUF")
    version = cursor.number("<I")
    if version not in (2, 3):
        raise _BadHeaderError(f"version {version}; 2 and 3 are read, little-endian")
    tensor_count = cursor.count(24, "tensors")
    value_count = cursor.count(13, "values")
    values: dict[str, Any] = {}
    for _ in range(value_count):
        key = cursor.text()
        if key in values:
            raise _BadHeaderError(f'"{key}" occurs twice')
        values[key] = _value(cursor, cursor.number("<I"))
    entries = []
    for _ in range(tensor_count):
        name = cursor.text()
        dimensions: int = cursor.number("<I")
        if dimensions > _MAX_DIMENSIONS:
            raise _BadHeaderError(f'tensor "{name}" has {dimensions} dimensions')
        shape = tuple(cursor.number("<Q") for _ in range(dimensions))[::-1]
        entries.append((name, shape, cursor.number("<I"), cursor.number("<Q")))
    return values, entries


def _value(cursor: _Cursor, kind: int) -> Any:
    if kind == _TEXT:
        return cursor.text()
    if kind != _ARRAY:
        return cursor.number(_form(kind))
    inner: int = cursor.number("<I")
    if inner == _TEXT:
        return [cursor.text() for _ in range(cursor.count(8, "texts"))]
    form = _form(inner)
    length = cursor.count(struct.calcsize(form), "numbers")
    return list(struct.unpack(f"<{length}{form[1]}", cursor.take(length * struct.calcsize(form))))


def _form(kind: int) -> str:
    form = _SCALARS.get(kind)
    if form is None:
        raise _BadHeaderError(f"values of type {kind} are unknown")
    return form


def _placed(
    entries: list[tuple[str, tuple[int, ...], int, int]],
    values: Mapping[str, Any],
    header_end: int,
    size: int,
) -> dict[str, TensorInfo]:
    """Tensors with their bytes in the file, which must not overlap nor end past it."""
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 0 < alignment <= 1 << 20 or alignment & 7:
        raise _BadHeaderError(f"an alignment of {alignment!r} bytes")
    start = -(-header_end // alignment) * alignment
    found: dict[str, TensorInfo] = {}
    for name, shape, kind, offset in entries:
        if name in found:
            raise _BadHeaderError(f'tensor "{name}" occurs twice')
        dtype, block, nbytes = _type(name, kind)
        if shape and shape[-1] % block:
            raise _BadHeaderError(
                f'rows of "{name}" have {shape[-1]} elements, no multiple of {block}'
            )
        if offset % alignment:
            raise _BadHeaderError(f'tensor "{name}" starts at {offset}, not on {alignment} bytes')
        end = offset + math.prod(shape) // block * nbytes
        if start + end > size:
            raise _BadHeaderError(f'tensor "{name}" ends at {start + end} of {size} bytes')
        found[name] = TensorInfo(
            dtype, _told_shape(name, shape, values), start + offset, start + end
        )
    last = start
    for name, info in sorted(found.items(), key=lambda item: (item[1].start, item[1].end)):
        if info.start < last and info.nbytes:
            raise _BadHeaderError(f'tensor "{name}" overlaps another')
        last = max(last, info.end)
    return found


def _type(name: str, kind: int) -> tuple[str, int, int]:
    """Name of a number type, numbers a block, bytes a block."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    try:
        found = GGMLQuantizationType(kind)
    except ValueError:
        raise _BadHeaderError(f'tensor "{name}" is of type {kind}, which is unknown') from None
    block, nbytes = GGML_QUANT_SIZES[found]
    return found.name, block, nbytes


def _told_shape(name: str, shape: tuple[int, ...], values: Mapping[str, Any]) -> tuple[int, ...]:
    told = values.get(_SHAPE + name)
    if told is None:
        return shape
    sizes = isinstance(told, list) and all(isinstance(n, int) and n >= 0 for n in told)
    if not sizes or len(told) > _MAX_DIMENSIONS or math.prod(told) != math.prod(shape):
        raise _BadHeaderError(f'tensor "{name}" of shape {shape} claims to have {told!r}')
    return tuple(told)

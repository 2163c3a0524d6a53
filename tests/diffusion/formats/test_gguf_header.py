"""Headers of GGUF files: what is read, and that nothing hostile passes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import weft.diffusion as wd
from weft.diffusion.formats.gguf_header import read_gguf_header, read_gguf_values

from ...gguf_files import write_gguf

F32, Q4_0 = 0, 2


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def entry(name: str = "w", shape: Sequence[int] = (4,), kind: int = F32, offset: int = 0) -> bytes:
    """One tensor of a header; the shape in ggml's order, fastest first."""
    sizes = struct.pack(f"<{len(shape)}Q", *shape)
    return text(name) + struct.pack("<I", len(shape)) + sizes + struct.pack("<IQ", kind, offset)


def gguf_file(
    path: Path,
    *entries: bytes,
    values: Sequence[bytes] = (),
    data: int = 64,
    version: int = 3,
    counts: tuple[int, int] | None = None,
) -> Path:
    """A file with a header as told, padded, and so many bytes of tensors."""
    tensors, pairs = counts or (len(entries), len(values))
    head = b"GGUF" + struct.pack("<IQQ", version, tensors, pairs)
    head += b"".join(values) + b"".join(entries)
    path.write_bytes(head + bytes(-len(head) % 32) + bytes(data))
    return path


def refused(path: Path) -> wd.ModelError:
    with pytest.raises(wd.ModelError) as caught:
        read_gguf_header(path)
    return caught.value


def test_names_types_shapes_and_places_are_read(tmp_path: Path) -> None:
    path = gguf_file(
        tmp_path / "x", entry("a", (3, 2)), entry("b", (64, 1), Q4_0, offset=32), data=96
    )
    header = read_gguf_header(path)
    assert {n: (i.dtype, i.shape, i.nbytes) for n, i in header.tensors.items()} == {
        "a": ("F32", (2, 3), 24),
        "b": ("Q4_0", (1, 64), 36),
    }
    assert header.tensors["b"].start - header.tensors["a"].start == 32


def test_reader_agrees_with_the_package_that_writes(tmp_path: Path) -> None:
    import gguf

    tensors = {
        "a.weight": torch.randn(6, 64),
        "a.bias": torch.randn(6),
        "k": torch.randn(8, 4, 3, 3),
    }
    values = {"some.text": "one", "some.list": ["a", "b"], "some.numbers": [1, 2, 3]}
    write_gguf(tmp_path / "x", tensors, "Q8_0", values=values)
    header, reader = read_gguf_header(tmp_path / "x"), gguf.GGUFReader(tmp_path / "x")
    for theirs in reader.tensors:
        ours = header.tensors[theirs.name]
        assert (ours.dtype, ours.start) == (theirs.tensor_type.name, theirs.data_offset)
        assert ours.nbytes == theirs.n_bytes
    assert header.tensors["k"].shape == (8, 4, 3, 3)  # stored flat, and told
    found = read_gguf_values(tmp_path / "x")
    assert {name: found[name] for name in values} == values
    assert header.metadata["some.text"] == "one"


@pytest.mark.parametrize(
    ("entries", "options"),
    [
        ((entry(),), {"version": 1}),
        ((entry(),), {"version": 0x03000000}),  # big-endian
        ((entry(),), {"counts": (2**62, 0)}),
        ((entry(),), {"counts": (1, 2**62)}),
        ((entry(),), {"counts": (2, 0)}),
        ((entry(), entry()), {}),  # one name twice
        ((entry("a", (16,)), entry("b", (16,), offset=32)), {}),  # overlap
        ((entry("a", (16,)), entry("b", (16,))), {}),  # the same bytes
        ((entry(offset=7),), {}),
        ((entry(offset=2**63),), {}),
        ((entry(shape=(2**40, 2**40)),), {}),
        ((entry(shape=(17,)),), {}),  # past the end
        ((entry(shape=(1,) * 9),), {}),
        ((entry(kind=200),), {}),
        ((entry(shape=(33,), kind=Q4_0),), {}),  # no whole blocks
        ((struct.pack("<Q", 2**60) + b"w",), {"counts": (1, 0)}),
        ((text("\x00") + b"\xff" * 40,), {"counts": (1, 0)}),
        ((struct.pack("<Q", 2) + b"\xff\xff" + bytes(40),), {"counts": (1, 0)}),
        ((), {"values": [text("k") + struct.pack("<I", 99)]}),
        ((), {"values": [text("k") + struct.pack("<IIQ", 9, 4, 2**61)]}),
        ((), {"values": [text("k") + struct.pack("<IIQ", 9, 8, 2**61)]}),
        ((), {"values": [text("k") + struct.pack("<IIQ", 9, 9, 1)]}),  # lists of lists
        ((), {"values": [text("k") + struct.pack("<II", 4, 1)] * 2}),
        ((), {"values": [text("general.alignment") + struct.pack("<II", 4, 0)]}),
        ((), {"values": [text("general.alignment") + struct.pack("<II", 4, 2**31)]}),
        (
            (entry("w", (4,)),),
            {"values": [text("comfy.gguf.orig_shape.w") + struct.pack("<IIQi", 9, 5, 1, 5)]},
        ),
        (
            (entry("w", (4,)),),
            {"values": [text("comfy.gguf.orig_shape.w") + struct.pack("<IIQii", 9, 5, 2, -2, -2)]},
        ),
    ],
)  # fmt: skip
def test_header_that_does_not_add_up_is_refused(
    tmp_path: Path, entries: tuple[bytes, ...], options: dict[str, Any]
) -> None:
    assert refused(gguf_file(tmp_path / "x", *entries, **options)).code == "model.bad_header"


def test_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    write_gguf(whole, {"a.weight": torch.zeros(2, 32)}, "Q4_0", values={"k": ["a", "b"]})
    data = whole.read_bytes()
    last = read_gguf_header(whole).tensors["a.weight"].end
    for length in range(4, last):
        (tmp_path / "cut").write_bytes(data[:length])
        assert refused(tmp_path / "cut").code == "model.bad_header"


def test_missing_file_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.gguf").code == "model.not_found"


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=6))
def test_changed_bytes_are_read_or_refused_and_never_read_past_the_file(
    tmp_path: Path, places: list[tuple[int, int]]
) -> None:
    path = tmp_path / "x"
    if not (tmp_path / "whole").exists():
        values = {"t": "text", "l": ["a", "b"], "n": [1, 2]}
        write_gguf(tmp_path / "whole", {"a": torch.zeros(2, 32), "b": torch.zeros(3)}, "Q8_0",
                   values=values)  # fmt: skip
    data = bytearray((tmp_path / "whole").read_bytes())
    for place, value in places:
        data[place % len(data)] = value
    path.write_bytes(data)
    try:
        header = read_gguf_header(path)
    except wd.ModelError:
        return
    for info in header.tensors.values():
        assert 0 <= info.start <= info.end <= len(data)
        assert np.prod(info.shape, dtype=object) >= 0

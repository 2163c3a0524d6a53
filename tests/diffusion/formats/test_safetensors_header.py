"""Files are judged by content, before a tensor is read."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weft.diffusion import DiffusionError, ModelError
from weft.diffusion.files.convert.model import is_pickled
from weft.diffusion.formats.safetensors_header import read_header

from ... import models


def file_with(path: Path, header: Any, data: bytes = b"") -> Path:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + data)
    return path


def tensor(start: int = 0, end: int = 8, shape: Any = (2,), dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


def test_header_of_valid_file_lists_tensors_and_metadata(tmp_path: Path) -> None:
    path = file_with(tmp_path / "x", {"__metadata__": {"a": "b"}, "w": tensor()}, bytes(8))
    header = read_header(path)
    assert header.metadata == {"a": "b"}
    assert header.tensors["w"].shape == (2,)
    assert header.nbytes == 8


@pytest.mark.parametrize("length", [0x0280, 0x0380, 0x0480, 0x0580, 0x8B1F])
def test_header_of_a_length_that_pickles_begin_with_is_read(tmp_path: Path, length: int) -> None:
    raw = json.dumps({"w": tensor()}).encode().ljust(length)
    path = file_with(tmp_path / "x.safetensors", raw, bytes(8))
    assert set(read_header(path).tensors) == {"w"}
    assert not is_pickled(path)


def refused(path: Path) -> ModelError:
    with pytest.raises(ModelError) as caught:
        read_header(path)
    assert path.name in str(caught.value)
    assert caught.value.hint
    return caught.value


def test_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").touch()
    assert refused(tmp_path / "x.safetensors").code == "model.empty"


def test_missing_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere.safetensors").code == "model.not_found"


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickle_named_safetensors_is_refused_unread(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(pickle.dumps({"w": [1.0] * 40}, protocol=protocol))
    error = refused(path)
    assert (error.code, error.got) == ("model.not_safetensors", "a Python pickle")


def test_zip_checkpoint_named_safetensors_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02.")
    assert refused(path).code == "model.not_safetensors"


@pytest.mark.parametrize(
    "content", [b"hello world, this is text", b"GGUF" + bytes(60), b"<!DOCTYPE html><html></html>"]
)
def test_other_content_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    assert refused(path).code == "model.not_safetensors"


def test_header_longer_than_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes((10_000).to_bytes(8, "little") + b"{}")
    assert refused(path).code == "model.truncated"


def test_file_cut_inside_its_tensors_is_refused(tmp_path: Path) -> None:
    path = file_with(tmp_path / "x.safetensors", {"w": tensor()}, bytes(7))
    assert refused(path).code == "model.truncated"


@pytest.mark.parametrize(
    "header",
    [
        b"{not json}",
        b"{" + b'"a":{' * 5000,
        {"w": tensor(dtype="F31")},
        {"w": tensor(shape=(3,))},
        {"w": tensor(shape=(-2,))},
        {"w": tensor(start=8, end=0)},
        {"w": {"dtype": "F32"}},
        {"w": 3},
        {"__metadata__": 3},
        {"w": tensor(shape=(True, 2))},
        {"w": tensor(0, 4, (1,)), "v": tensor(0, 8)},
        {"w": tensor(4, 8, (1,))},
    ],
)
def test_header_that_does_not_add_up_is_refused(tmp_path: Path, header: Any) -> None:
    path = file_with(tmp_path / "x.safetensors", header, bytes(8))
    assert refused(path).code == "model.bad_header"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 3000), byte=st.integers(0, 255), cut=st.integers(0, 4000))
def test_damaged_and_cut_file_is_refused_with_our_error(
    folder: Path, at: int, byte: int, cut: int
) -> None:
    good = folder / "fuzz-source.safetensors"
    if not good.exists():
        models.tiny_ip_adapter(good)
    raw = bytearray(good.read_bytes()[:4000])
    raw[at % len(raw)] = byte
    path = folder / "fuzz.safetensors"
    path.write_bytes(raw[:cut])
    with pytest.raises(DiffusionError):
        read_header(path)

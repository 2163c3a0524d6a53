"""Weights lie alike in memory whatever way they came, so that they give the same image."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import weft.diffusion as wd
from weft.diffusion.files.tensor_writer import Planned, write_tensors
from weft.diffusion.formats.safetensors_header import read_header
from weft.diffusion.weights.layout import ALIGNMENT, is_laid_out, laid_out

from ... import models

SHIFTS = [0, 8, 16, 40]
"""Bytes behind a multiple of 64 at which the tensors of a file begin; its format admits eighths."""


def shifted(path: Path, source: Path, by: int) -> Path:
    """A copy of a safetensors file whose tensors begin `by` bytes behind a multiple of 64."""
    data = source.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = data[8 : 8 + length].rstrip(b" ")
    header += b" " * ((by - 8 - len(header)) % ALIGNMENT)
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[8 + length :])
    return path


@given(
    offset=st.integers(0, 40),
    shape=st.lists(st.integers(0, 5), min_size=1, max_size=3),
    turned=st.booleans(),
)
def test_laid_out_keeps_values_and_is_aligned(offset: int, shape: list[int], turned: bool) -> None:
    count = int(torch.tensor(shape).prod())
    memory = torch.arange(64 + count, dtype=torch.float32)
    tensor = memory[offset : offset + count].reshape(shape)
    if turned:
        tensor = tensor.transpose(0, -1)
    result = laid_out(tensor)
    assert torch.equal(result, tensor)
    assert is_laid_out(result)
    assert (result is tensor) == is_laid_out(tensor)


@pytest.mark.parametrize("by", SHIFTS)
def test_networks_of_a_shifted_file_lie_as_all_others(
    tmp_path: Path, checkpoint: Path, by: int
) -> None:
    path = shifted(tmp_path / "shifted.safetensors", checkpoint, by)
    for part in wd.load_checkpoint(path):
        tensors = wd.RESIDENCY.tensors(part.weights)
        assert [name for name, tensor in tensors.items() if not is_laid_out(tensor)] == []


@pytest.mark.skipif(not Path("/proc/self/maps").is_file(), reason="the maps of Linux are read")
def test_tensors_of_files_that_weft_writes_are_mapped(tmp_path: Path, checkpoint: Path) -> None:
    stored = load_file(checkpoint)
    path = tmp_path / "even.safetensors"
    with path.open("wb") as stream:
        planned = {name: Planned("F32", tuple(tensor.shape)) for name, tensor in stored.items()}
        write_tensors(stream, planned, lambda name: stored[name])
    weights = wd.load_checkpoint(path)[0].weights
    tensors = wd.RESIDENCY.tensors(weights)
    with Path("/proc/self/maps").open(encoding="utf-8") as maps:
        lines = [line.split() for line in maps if line.rstrip().endswith(str(weights.path))]
    ranges = [tuple(int(end, 16) for end in line[0].split("-")) for line in lines]
    mapped = [
        name
        for name, tensor in tensors.items()
        if any(first <= tensor.data_ptr() < last for first, last in ranges)
    ]
    assert len(mapped) > len(tensors) / 2


SAMPLE = """
import json, sys, torch
import weft.diffusion as wd
torch.set_num_threads(1)
found = []
for path in sys.argv[1:]:
    model, clip, _ = wd.load_checkpoint(path)
    prompt = wd.encode_text(clip, "a red circle")
    latent = wd.sample(
        model, prompt, prompt, wd.empty_latent(64, 64), seed=1, steps=3, cfg=1.0,
        sampler_name="euler", scheduler="normal",
    )
    found.append(latent.samples.flatten().tolist())
print(json.dumps(found))
"""


@pytest.mark.parametrize("kernels", [None, "SSE4_2"])
def test_shifted_files_sample_the_same_bits(tmp_path: Path, kernels: str | None) -> None:
    """Also with the kernels of MKL that choose their path by alignment (no effect elsewhere)."""
    source = models.tiny_sd1(tmp_path / "source.safetensors", seed=703)
    with safe_open(source, framework="pt") as opened:
        metadata = opened.metadata()
    files = []
    for by in SHIFTS:  # one more tensor that nobody reads, so that each content is another
        tensors = {**load_file(source), "note": torch.tensor([float(by)])}
        save_file(tensors, tmp_path / "plain.safetensors", metadata)
        files.append(shifted(tmp_path / f"{by}.safetensors", tmp_path / "plain.safetensors", by))
    environment = dict(os.environ) | ({"MKL_ENABLE_INSTRUCTIONS": kernels} if kernels else {})
    done = subprocess.run(
        [sys.executable, "-c", SAMPLE, *map(str, files)],
        check=False, capture_output=True, text=True, timeout=300, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, *others = json.loads(done.stdout.splitlines()[-1])
    assert all(other == first for other in others)


def test_written_files_are_laid_out_to_be_mapped(tmp_path: Path) -> None:
    shapes = {"b": (3,), "a": (16, 4), "c": (64,), "d": (1, 1)}
    planned = {name: Planned("F32", shape) for name, shape in shapes.items()}
    path = tmp_path / "written.safetensors"
    with path.open("wb") as stream:
        write_tensors(stream, planned, lambda name: torch.full(shapes[name], 2.0))
    starts = {name: info.start % ALIGNMENT for name, info in read_header(path).tensors.items()}
    assert starts["a"] == starts["c"] == 0
    assert {name: tuple(t.shape) for name, t in load_file(path).items()} == shapes

"""Files that change where they lie, with size and time as they were: never the old result."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import weft
import weft.diffusion as wd
from tests.cases.test_code_and_purity import ran
from tests.models import tiny_sd1
from weft.diffusion.files import opening
from weft.diffusion.files.inspection import inspect_file
from weft.diffusion.patches.lora.apply import apply_lora
from weft.diffusion.patches.lora.file import load_lora
from weft.diffusion.pictures import file as pictures
from weft.engine.engine import Engine
from weft.engine.errors import RunError
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.folders import THIMBLE

LONG_AGO = (1_700_000_000, 1_700_000_000)


def put(path: Path, content: bytes) -> None:
    """Write into a file where it lies and set its time, as `cp -p` and `rsync -t --inplace` do."""
    if path.exists():
        before = path.stat()
        with path.open("r+b") as file:
            file.write(content)
        assert (path.stat().st_size, path.stat().st_ino) == (before.st_size, before.st_ino)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    os.utime(path, LONG_AGO)


def test_image_replaced_by_one_of_the_same_size_and_time_is_read_by_the_next_process(
    tmp_path: Path,
) -> None:
    done = ran("behaviour/02_same_size_same_mtime.sh", tmp_path / "home")
    assert done.stdout.splitlines()[-1] == "[(255, 0, 0), (0, 0, 255)]", done.stderr


def two_loras(folder: Path) -> tuple[bytes, bytes]:
    """Two files of one size that do the opposite of each other."""
    outline = THIMBLE / "loras" / "thimble-outline.safetensors"
    tensors = load_file(outline)
    contents = []
    for sign in (1, -1):
        turned = {n: t * sign if n.endswith("lora_up.weight") else t for n, t in tensors.items()}
        save_file(turned, folder / "made.safetensors")
        contents.append((folder / "made.safetensors").read_bytes())
    assert len(contents[0]) == len(contents[1])
    return contents[0], contents[1]


def test_lora_replaced_by_another_of_the_same_size_and_time_gives_its_own_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the one before keeps its own, also for a process that comes later."""
    monkeypatch.setenv("WEFT_HOME", str(tmp_path / "home"))
    one, other = two_loras(tmp_path)
    path = tmp_path / "models" / "loras" / "style.safetensors"
    link = {"link": "load.model"}
    workflow = Workflow.from_json(
        {
            "nodes": {
                "load": {
                    "type": "LoadCheckpoint",
                    "inputs": {"ckpt_name": "thimble.safetensors"},
                },
                "style": {
                    "type": "LoadLoRAModelOnly",
                    "inputs": {"model": link, "lora_name": "style.safetensors"},
                },
                "text": {
                    "type": "CLIPTextEncode",
                    "inputs": {"clip": {"link": "load.clip"}, "text": "a circle"},
                },
                "canvas": {"type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64}},
                "sample": {
                    "type": "KSampler",
                    "inputs": {
                        "model": {"link": "style.model"},
                        "positive": {"link": "text.conditioning"},
                        "negative": {"link": "text.conditioning"},
                        "latent_image": {"link": "canvas.latent"},
                        "seed": 1,
                        "steps": 1,
                        "cfg": 1.0,
                    },
                },
            },
            "interface": {"outputs": {"latent": "sample.latent"}},
        }
    )

    def engine() -> Engine:
        return weft.Engine(models=[tmp_path / "models"], output=tmp_path / "out", packs=False)

    def result(used: Engine) -> torch.Tensor:
        samples: torch.Tensor = used.run(workflow)["latent"].samples
        return samples

    found: list[torch.Tensor] = []
    with engine() as used:
        for content in (one, other, one):
            put(path, content)
            found.append(result(used))
    assert not torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
    for content, expected in ((other, found[1]), (one, found[0])):
        put(path, content)
        with engine() as later:
            assert torch.equal(result(later), expected)


def test_lora_that_is_written_over_while_it_is_open_is_refused_and_read_anew(
    tmp_path: Path,
) -> None:
    one, other = two_loras(tmp_path)
    path = tmp_path / "style.safetensors"
    put(path, one)
    model, _, _ = wd.load_checkpoint(THIMBLE / "checkpoints" / "thimble.safetensors")
    style = load_lora(path)
    name = next(iter(apply_lora(model, None, style)[0].weights.changed))
    first = apply_lora(model, None, style)[0].weights.tensor(name).clone()
    put(path, other)
    with pytest.raises(wd.ModelError, match=r'"style\.safetensors" was changed') as caught:
        apply_lora(model, None, style, 0.9)[0].weights.tensor(name)
    assert caught.value.code == "model.file_changed"
    second = apply_lora(model, None, load_lora(path))[0].weights.tensor(name)
    plain = model.weights.tensor(name)
    assert torch.allclose(second - plain, plain - first, atol=1e-6)
    put(path, one)  # what has its content again may be used again
    assert torch.equal(apply_lora(model, None, style)[0].weights.tensor(name), first)


def rewritten(path: Path) -> None:
    """Turn the sign of the last tensors of a file, where it lies."""
    content = bytearray(path.read_bytes())
    for place in range(len(content) - 4000, len(content), 4):
        content[place + 3] ^= 0x80
    put(path, bytes(content))


def test_mapped_weights_that_are_written_over_are_refused_and_read_anew(tmp_path: Path) -> None:
    path = tiny_sd1(tmp_path / "x.safetensors", seed=91)
    os.utime(path, LONG_AGO)
    first = wd.load_checkpoint(path)
    for part in (first[0], first[2]):
        assert part.weights.module is not None
    before = first[2].weights.content_digest
    rewritten(path)
    with pytest.raises(wd.ModelError) as caught:
        _ = first[0].weights.module
    assert caught.value.code == "model.file_changed"
    second = wd.load_checkpoint(path)
    assert second[0].weights.content_digest != before
    assert second[0].weights.module is not None


def test_mapped_weights_whose_file_is_renamed_or_deleted_or_touched_stay(tmp_path: Path) -> None:
    path = tiny_sd1(tmp_path / "x.safetensors", seed=92)
    model, _, _ = wd.load_checkpoint(path)
    held = model.weights.module
    os.utime(path, LONG_AGO)
    assert model.weights.module is held
    path.rename(tmp_path / "y.safetensors")
    assert model.weights.module is held
    tiny_sd1(path, seed=93)
    assert model.weights.module is held
    path.unlink()
    (tmp_path / "y.safetensors").unlink()
    assert model.weights.module is held


def test_file_that_was_only_touched_after_it_had_been_opened_is_read(tmp_path: Path) -> None:
    """A backup that links it, or a change of its rights, is no other content."""
    path = tiny_sd1(tmp_path / "x.safetensors", seed=94)
    model, _, _ = wd.load_checkpoint(path)
    os.utime(path, LONG_AGO)
    os.link(path, tmp_path / "backup.safetensors")
    assert model.weights.module is not None


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, bytes]:
    """A red file `now.bmp` in the folder, and the bytes of a red and a blue one."""
    monkeypatch.setenv("WEFT_HOME", str(tmp_path / "home"))
    contents = []
    for colour in ("red", "blue"):
        Image.new("RGB", (8, 8), colour).save(tmp_path / "made.bmp")
        contents.append((tmp_path / "made.bmp").read_bytes())
    put(tmp_path / "now.bmp", contents[0])
    return contents[0], contents[1]


def loaded(engine: Engine) -> list[float]:
    workflow = Workflow.from_json(
        {
            "nodes": {"a": {"type": "LoadImage", "inputs": {"image": "now.bmp"}}},
            "interface": {"outputs": {"image": "a.image"}},
        }
    )
    pixel: list[float] = engine.run(workflow)["image"][0, 5, 5].tolist()
    return pixel


RED, BLUE = [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]


def test_image_replaced_by_one_of_the_same_size_and_time_is_read_by_the_same_engine(
    images: tuple[bytes, bytes], tmp_path: Path
) -> None:
    with weft.Engine(inputs=[tmp_path], output=tmp_path / "out", packs=False) as engine:
        found = [loaded(engine)]
        for content in (images[1], images[0]):
            put(tmp_path / "now.bmp", content)
            found.append(loaded(engine))
    assert found == [RED, BLUE, RED]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_image_that_changes_between_its_digest_and_its_use_is_not_kept_under_the_old_digest(
    moment: str,
    images: tuple[bytes, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, changes = pictures.read_image, [1]

    def changing(path: Path) -> Any:
        now = bool(changes and changes.pop())
        if now and moment == "before":
            put(path, images[1])
        found = read(path)
        if now and moment == "after":
            put(path, images[1])
        return found

    monkeypatch.setattr(pictures, "read_image", changing)
    with weft.Engine(inputs=[tmp_path], output=tmp_path / "out", packs=False) as engine:
        assert loaded(engine) == BLUE
        put(tmp_path / "now.bmp", images[0])
        assert loaded(engine) == RED
    with weft.Engine(inputs=[tmp_path], output=tmp_path / "out", packs=False) as later:
        assert loaded(later) == RED


def test_image_that_does_not_stop_changing_is_refused(
    images: tuple[bytes, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = pictures.read_image

    def changing(path: Path) -> Any:
        found = read(path)
        put(path, images[found[0][0, 5, 5, 0] == 1])
        return found

    monkeypatch.setattr(pictures, "read_image", changing)
    with (
        weft.Engine(inputs=[tmp_path], output=tmp_path / "out", packs=False) as engine,
        pytest.raises(RunError, match="changed again each time") as caught,
    ):
        loaded(engine)
    assert [problem.code for problem in caught.value.problems] == ["files.changing"]


def test_header_of_a_file_is_of_the_bytes_that_its_digest_is_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.safetensors"
    save_file({"first": torch.zeros(2)}, path)
    read, changes = opening.read_model_header, [1]

    def changing(file: Path) -> Any:
        header = read(file)
        if changes.pop() if changes else None:
            save_file({"other": torch.ones(2)}, path)
        return header

    monkeypatch.setattr(opening, "read_model_header", changing)
    source = opening.open_source(path)
    assert list(source.shapes) == ["other"]
    assert inspect_file(path).tensors == 1

"""Single files and diffusers folders, bit for bit; pickles in a process of their own."""

from __future__ import annotations

import os
import pickle
import sys
import types
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import weft.diffusion as wd
from weft.diffusion.files.convert.model import convert_model
from weft.diffusion.files.convert.pickled import unpickle

from ... import families, models


def same(left: Path, right: Path) -> None:
    """Same names, types and bytes."""
    ours, theirs = load_file(left), load_file(right)
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        assert ours[name].dtype == tensor.dtype, name
        assert ours[name].shape == tensor.shape, name
        assert torch.equal(ours[name], tensor), name


def metadata(path: Path) -> dict[str, str]:
    with safe_open(path, "pt") as file:
        return dict(file.metadata() or {})


@pytest.mark.parametrize("half", [False, True])
def test_single_file_to_folder_and_back_is_the_same_file(tmp_path: Path, half: bool) -> None:
    path = models.tiny_sd1(tmp_path / "a.safetensors", half=half)
    convert_model(path, tmp_path / "folder")
    convert_model(tmp_path / "folder", tmp_path / "b.safetensors")
    same(tmp_path / "b.safetensors", path)
    assert metadata(tmp_path / "b.safetensors") == metadata(path)


def test_what_belongs_to_no_network_comes_back_too(tmp_path: Path) -> None:
    tensors = load_file(models.tiny_sd1(tmp_path / "plain.safetensors"))
    tensors |= {
        "alphas_cumprod": torch.rand(1000),
        "cond_stage_model.transformer.text_model.embeddings.position_ids": torch.arange(77)[None],
        "model_ema.decay": torch.tensor(0.9999),
        "model.diffusion_model.out.2.bias": torch.randn(4).half(),  # of another type
    }
    header = {"tokenizer": models.word_tokenizer(), "note": "kept"}
    save_file(tensors, tmp_path / "a.safetensors", header)
    convert_model(tmp_path / "a.safetensors", tmp_path / "folder")
    convert_model(tmp_path / "folder", tmp_path / "b.safetensors")
    same(tmp_path / "b.safetensors", tmp_path / "a.safetensors")
    assert metadata(tmp_path / "b.safetensors")["note"] == "kept"


def test_folder_loads_as_the_file_does_in_weft_and_in_diffusers(tmp_path: Path) -> None:
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextModel

    path = models.tiny_sd1(tmp_path / "a.safetensors")
    folder = convert_model(path, tmp_path / "folder")
    for ours, theirs in zip(wd.load_checkpoint(path), wd.load_checkpoint(folder), strict=True):
        left, right = ours.weights, theirs.weights
        assert dict(left.config) == dict(right.config)
        assert all(torch.equal(left.tensor(n), right.tensor(n)) for n in left.shapes)
    unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet").state_dict()
    vae = AutoencoderKL.from_pretrained(folder, subfolder="vae")
    text = CLIPTextModel.from_pretrained(folder, subfolder="text_encoder").state_dict()
    opened = wd.load_checkpoint(path)
    assert vae.config["scaling_factor"] == 0.18215
    for state, part in zip((unet, text, vae.state_dict()), opened, strict=True):
        found = {n.removeprefix("text_model."): t for n, t in state.items()}
        for name in part.weights.shapes:
            assert torch.equal(found[name], part.weights.tensor(name))


def test_folder_that_diffusers_wrote_becomes_a_single_file_and_comes_back(tmp_path: Path) -> None:
    from weft.diffusion.formats.folder import read_json

    folder = convert_model(models.tiny_sd1(tmp_path / "a.safetensors"), tmp_path / "first")
    (folder / "original.json").unlink()  # as if another tool had written it
    single = convert_model(folder, tmp_path / "b.safetensors")
    same(single, tmp_path / "a.safetensors")
    again = convert_model(single, tmp_path / "second")
    for part in ("unet", "vae", "text_encoder"):
        (left,) = (folder / part).glob("*.safetensors")
        (right,) = (again / part).glob("*.safetensors")
        same(left, right)
        assert read_json(folder / part / "config.json") == read_json(again / part / "config.json")


FAMILIES = {
    "sd2": families.tiny_sd2,
    "sdxl": families.tiny_sdxl,
    "refiner": families.tiny_refiner,
    "flux": families.tiny_flux,
    "sd3": families.tiny_sd3,
    "pixart": families.tiny_pixart,
}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_goes_to_a_folder_and_back(tmp_path: Path, name: str) -> None:
    path = FAMILIES[name](tmp_path / "a.safetensors").path
    folder = convert_model(path, tmp_path / "folder")
    same(convert_model(folder, tmp_path / "b.safetensors"), path)
    left, right = wd.load_checkpoint(path), wd.load_checkpoint(folder)
    assert left[0].family == right[0].family
    assert dict(left[0].weights.config) == dict(right[0].weights.config)


@pytest.mark.parametrize("name", ["sd2", "sdxl", "refiner", "flux", "sd3"])
def test_folder_of_another_tool_takes_the_layout_of_its_family(tmp_path: Path, name: str) -> None:
    path = FAMILIES[name](tmp_path / "a.safetensors").path
    folder = convert_model(path, tmp_path / "folder")
    (folder / "original.json").unlink()
    same(convert_model(folder, tmp_path / "b.safetensors"), path)


FOLDERS = {
    "flux": ("text_encoder", "text_encoder_2"),
    "sd3": ("text_encoder", "text_encoder_2", "text_encoder_3"),
    "pixart": ("text_encoder",),
}


@pytest.mark.parametrize("scale", [0.18215, 0.13025], ids=["alpha", "sigma"])
def test_pixart_folder_becomes_a_file_of_its_own_kind(tmp_path: Path, scale: float) -> None:
    made = families.tiny_pixart(tmp_path / "a.safetensors", sized=False)
    vae = {"scaling_factor": scale}
    folder = families.folder(tmp_path / "folder", made, FOLDERS["pixart"], vae=vae)
    family = wd.load_checkpoint(folder)[0].family
    assert family == ("pixart_alpha" if scale == 0.18215 else "pixart_sigma")
    single = convert_model(folder, tmp_path / "b.safetensors")
    assert wd.load_checkpoint(single)[0].family == family
    assert wd.inspect_file(single).family == family


@pytest.mark.parametrize("name", FOLDERS)
def test_transformer_folder_of_diffusers_becomes_a_file_and_comes_back(
    tmp_path: Path, name: str
) -> None:
    made = FAMILIES[name](tmp_path / "a.safetensors")
    shift = {"shift_factor": 0.0609, "scaling_factor": 1.5305} if name == "sd3" else {}
    shift = {"shift_factor": 0.1159, "scaling_factor": 0.3611} if name == "flux" else shift
    folder = families.folder(tmp_path / "folder", made, FOLDERS[name], vae=shift)
    single = convert_model(folder, tmp_path / "b.safetensors")
    # The names are those of first publication, and so are the numbers.
    front = "model.diffusion_model."
    theirs = {n: t for n, t in load_file(made.path).items() if n.startswith(front)}
    ours = {n: t for n, t in load_file(single).items() if n.startswith(front)}
    assert theirs.keys() - ours.keys() <= {f"{front}y_embedder.y_embedding"}
    assert all(torch.equal(tensor, theirs[n]) for n, tensor in ours.items())
    again = convert_model(single, tmp_path / "again")
    for part in ("transformer", "vae", *FOLDERS[name]):
        (left,), (right,) = ((f / part).glob("*.safetensors") for f in (folder, again))
        if part.startswith("text_"):  # transformers and weft call the first level differently
            left_tensors, right_tensors = (
                {n.removeprefix("text_model."): t for n, t in load_file(f).items()}
                for f in (left, right)
            )
            assert all(torch.equal(left_tensors[n], t) for n, t in right_tensors.items())
            unread = left_tensors.keys() - right_tensors.keys()
            assert unread <= {"encoder.embed_tokens.weight"}
        else:
            same(left, right)
    opened = wd.load_checkpoint(folder), wd.load_checkpoint(again)
    assert opened[0][0].family == opened[1][0].family


@pytest.mark.parametrize("name", ["flux", "sd3", "pixart", "sdxl"])
def test_network_alone_becomes_a_folder_and_comes_back(tmp_path: Path, name: str) -> None:
    front = "model.diffusion_model."
    whole = load_file(FAMILIES[name](tmp_path / "a.safetensors").path)
    alone = {n.removeprefix(front): t for n, t in whole.items() if n.startswith(front)}
    save_file(alone, tmp_path / "alone.safetensors")
    folder = convert_model(tmp_path / "alone.safetensors", tmp_path / "folder")
    assert (folder / "config.json").is_file()
    same(convert_model(folder, tmp_path / "b.safetensors"), tmp_path / "alone.safetensors")
    # As diffusers would have written it: without a word of the file that it came from.
    (folder / "original.json").unlink()
    (folder / "leftover.safetensors").unlink(missing_ok=True)
    told = load_file(convert_model(folder, tmp_path / "c.safetensors"))
    assert alone.keys() - told.keys() <= {"y_embedder.y_embedding"}
    assert all(torch.equal(tensor, alone[n]) for n, tensor in told.items())


@pytest.mark.parametrize("name", ["flux", "sd3", "pixart"])
def test_transformer_folder_is_read_by_diffusers(tmp_path: Path, name: str) -> None:
    import diffusers

    made = FAMILIES[name](tmp_path / "a.safetensors")
    folder = convert_model(made.path, tmp_path / "folder")
    kind = getattr(diffusers, type(made.network).__name__)
    state = kind.from_pretrained(folder, subfolder="transformer").state_dict()
    assert all(torch.equal(state[n], t) for n, t in made.network.state_dict().items())


def test_target_that_exists_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = models.tiny_sd1(tmp_path / "a.safetensors")
    (tmp_path / "folder").mkdir()
    with pytest.raises(wd.ModelError) as caught:
        convert_model(path, tmp_path / "folder")
    assert caught.value.code == "convert.exists"
    assert not list((tmp_path / "folder").iterdir())


def test_conversion_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    lora = tmp_path / "lora.safetensors"
    save_file({"lora_unet_x.lora_up.weight": torch.zeros(2, 2)}, lora)
    for source in (lora, tmp_path / "nothing.safetensors"):
        with pytest.raises(wd.ModelError):
            convert_model(source, tmp_path / "folder")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lora.safetensors"]


def test_file_into_a_file_is_nothing_to_do(tmp_path: Path) -> None:
    path = models.tiny_sd1(tmp_path / "a.safetensors")
    with pytest.raises(wd.ModelError) as caught:
        convert_model(path, tmp_path / "b.safetensors")
    assert caught.value.code == "convert.nothing_to_do"


@pytest.mark.parametrize("name", ["a.ckpt", "a.safetensors"])  # told by content, not by name
def test_pickled_checkpoint_becomes_safetensors(tmp_path: Path, name: str) -> None:
    path = models.tiny_sd1(tmp_path / "good.safetensors")
    tensors = load_file(path)
    shared = next(iter(tensors.values()))
    state = {"state_dict": {**tensors, "again": shared}, "epoch": 3}
    torch.save(state, tmp_path / name)
    convert_model(tmp_path / name, tmp_path / "out.safetensors")
    found = load_file(tmp_path / "out.safetensors")
    assert torch.equal(found.pop("again"), shared)
    assert all(torch.equal(found[n], t) for n, t in tensors.items())
    assert found.keys() == tensors.keys()


class Gadget:
    """Runs a command when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("zipped", [True, False])
def test_pickle_that_runs_code_is_refused_and_runs_nothing(tmp_path: Path, zipped: bool) -> None:
    marker, bad = tmp_path / "marker", tmp_path / "bad.ckpt"
    state = {"state_dict": {"w": torch.zeros(1), "x": Gadget(marker)}}
    if zipped:
        torch.save(state, bad)
    else:
        bad.write_bytes(pickle.dumps(state))
    for target in ("out.safetensors", "folder"):
        with pytest.raises(wd.ModelError) as caught:
            convert_model(bad, tmp_path / target)
        assert caught.value.code == "model.unsafe_pickle"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.ckpt"]


def test_checkpoint_with_what_lightning_left_in_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    module = "pytorch_lightning.callbacks.model_checkpoint"
    callback = type("ModelCheckpoint", (), {"__module__": module})
    state = {
        "state_dict": {"w": torch.arange(3.0)},
        "callbacks": {callback: {"best_model_score": np.float64(0.5), "kept": None}},
        "global_step": 7,
    }
    old = tmp_path / "old.ckpt"
    for name in ("pytorch_lightning", "pytorch_lightning.callbacks", module):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setattr(sys.modules[module], "ModelCheckpoint", callback, raising=False)
    torch.save(state, old)
    convert_model(old, tmp_path / "new.safetensors")
    assert load_file(tmp_path / "new.safetensors")["w"].tolist() == [0.0, 1.0, 2.0]


def test_refused_pickle_is_told_by_what_it_asks_for(tmp_path: Path) -> None:
    torch.save({"x": Fraction(1, 2)}, tmp_path / "bad.ckpt")
    with pytest.raises(wd.ModelError) as caught:
        convert_model(tmp_path / "bad.ckpt", tmp_path / "out.safetensors")
    assert "it tries to run fractions.Fraction" in caught.value.message
    assert "safe_globals" not in str(caught.value)


def test_pickle_without_tensors_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {"a": 1}}, tmp_path / "a.pt")
    with pytest.raises(wd.ModelError) as caught:
        unpickle(tmp_path / "a.pt", tmp_path / "b.safetensors")
    assert "no tensors" in str(caught.value)

"""Models merged from others, and written to files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, load_file

import weft.diffusion as wd
from weft.diffusion.files.exporting import SingleFile
from weft.diffusion.files.tensor_writer import Planned, write_tensors
from weft.diffusion.patches.lora.apply import apply_lora
from weft.diffusion.patches.lora.file import load_lora
from weft.diffusion.patches.merge import (
    add_models,
    kept_apart,
    merge_blocks,
    merge_clips,
    merge_models,
    parse_ratios,
    subtract_clips,
    subtract_models,
)

from ... import families, models
from ..patches.lora.conftest import Write, kohya, write  # noqa: F401  (a fixture)

Opened = tuple[wd.Model, wd.Clip, wd.Vae]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> list[Opened]:
    folder = tmp_path_factory.mktemp("merge")
    return [
        wd.load_checkpoint(models.tiny_sd1(folder / f"{n}.safetensors", seed=40 * n))
        for n in range(2)
    ]


def tensors(weights: wd.Weights) -> dict[str, torch.Tensor]:
    return {name: weights.tensor(name) for name in weights.shapes}


def test_simple_merge_is_the_weighted_sum(pair: list[Opened]) -> None:
    (one, _, _), (two, _, _) = pair
    merged = merge_models(one, two, 0.3)
    left, right = tensors(one.weights), tensors(two.weights)
    for name, tensor in merged.weights.module.state_dict().items():
        expected = 0.3 * left[name].double() + 0.7 * right[name].double()
        assert float((tensor - expected).abs().max()) < 1e-6


def test_merge_at_the_ends_is_one_of_the_two_bit_for_bit(pair: list[Opened]) -> None:
    (one, _, _), (two, _, _) = pair
    assert merge_models(one, two, 1.0) is one
    other = merge_models(one, two, 0.0).weights
    assert all(torch.equal(other.tensor(n), t) for n, t in tensors(two.weights).items())


def test_merge_by_block_takes_the_longest_name(pair: list[Opened]) -> None:
    (one, _, _), (two, _, _) = pair
    ratios = {"input": 1.0, "middle": 0.0, "out": 1.0, "output_blocks.0.": 0.0, "time": 0.0}
    merged = merge_blocks(one, two, ratios).weights
    for name, tensor in tensors(one.weights).items():
        second = name.startswith(("mid_block.", "up_blocks.0.resnets.0.", "time_embedding."))
        expected = two.weights.tensor(name) if second else tensor
        assert torch.equal(merged.tensor(name), expected), name


def test_difference_added_to_a_third_model_is_the_classic_formula(pair: list[Opened]) -> None:
    (one, _, _), (two, _, _) = pair
    again = add_models(one, subtract_models(two, one, 0.5)).weights
    for name, tensor in tensors(one.weights).items():
        expected = tensor + 0.5 * (two.weights.tensor(name) - tensor)
        assert torch.allclose(again.tensor(name), expected, atol=1e-6)


def test_text_encoders_merge_alike(pair: list[Opened]) -> None:
    (_, one, _), (_, two, _) = pair
    merged = merge_clips(one, two, 0.25)
    name = "encoder.layers.0.self_attn.q_proj.weight"
    expected = 0.25 * one.weights.tensor(name) + 0.75 * two.weights.tensor(name)
    assert torch.allclose(merged.weights.tensor(name), expected, atol=1e-6)
    assert not subtract_clips(one, one).weights.tensor(name).any()
    assert wd.encode_text(merged, "a red circle").entries[0].tokens.isfinite().all()


def test_lora_on_a_merge_adds_to_the_merged_weights(
    pair: list[Opened],
    write: Write,  # noqa: F811
) -> None:
    (one, _, _), (two, _, _) = pair
    style = load_lora(write(kohya(one.weights)))
    merged = merge_models(one, two, 0.5)
    styled, _ = apply_lora(merged, None, style)
    alone, _ = apply_lora(one, None, style)
    name = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight"
    change = alone.weights.tensor(name) - one.weights.tensor(name)
    expected = merged.weights.tensor(name) + change
    assert torch.allclose(styled.weights.tensor(name), expected, atol=1e-6)
    assert styled.weights.module is not merged.weights.module


def test_model_of_another_size_is_refused_with_both_named(
    pair: list[Opened], tmp_path: Path
) -> None:
    unet = models.tiny_unet(widths=(32, 64, 64)).state_dict()
    text, vae = models.tiny_text_encoder().state_dict(), models.tiny_vae().state_dict()
    path = tmp_path / "larger.safetensors"
    wd.save_checkpoint(path, unet, vae, text, {"tokenizer": models.word_tokenizer()})
    larger, _, _ = wd.load_checkpoint(path)
    with pytest.raises(wd.ModelError) as caught:
        merge_models(pair[0][0], larger, 0.5)
    assert caught.value.code == "merge.does_not_fit"
    for model in (pair[0][0], larger):
        assert model.weights.path.name in str(caught.value)


def test_first_layer_of_an_inpainting_model_stays(pair: list[Opened], tmp_path: Path) -> None:
    state = models.tiny_unet(seed=3).state_dict()
    state["conv_in.weight"] = torch.randn(32, 9, 3, 3)
    text, vae = models.tiny_text_encoder().state_dict(), models.tiny_vae().state_dict()
    path = tmp_path / "inpaint.safetensors"
    wd.save_checkpoint(path, state, vae, text, {"tokenizer": models.word_tokenizer()})
    inpaint, _, _ = wd.load_checkpoint(path)
    merged = merge_models(inpaint, pair[0][0], 0.5)
    assert kept_apart(inpaint, pair[0][0]) == ["conv_in.weight"]
    assert merged.weights.tensor("conv_in.weight") is inpaint.weights.tensor("conv_in.weight")


@pytest.mark.parametrize("text", ["input", "= 3", "a = b"])
def test_ratios_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(wd.ParameterError):
        parse_ratios(text)


def test_ratios_are_read_by_line() -> None:
    assert parse_ratios("input_blocks.4. = 0.2\n\n time_embed.=1") == {
        "input_blocks.4.": 0.2,
        "time_embed.": 1.0,
    }


def export(path: Path, opened: Opened, dtype: str | None = None) -> Path:
    file = SingleFile(dtype)
    file.add_model(opened[0])
    file.add_clip(opened[1])
    file.add_vae(opened[2])
    with path.open("wb") as stream:
        file.write(stream, {"note": "x"})
    return path


@pytest.mark.parametrize("half", [False, True])
def test_checkpoint_written_from_an_opened_one_holds_the_same_tensors(
    tmp_path: Path, half: bool
) -> None:
    path = models.tiny_sd1(tmp_path / "a.safetensors", half=half)
    written = export(tmp_path / "b.safetensors", wd.load_checkpoint(path))
    ours, theirs = load_file(written), load_file(path)
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        assert ours[name].dtype == tensor.dtype and torch.equal(ours[name], tensor)
    with safe_open(written, "pt") as file:
        assert file.metadata()["tokenizer"] == models.word_tokenizer()
        assert file.metadata()["note"] == "x"


@pytest.mark.parametrize(
    "name", ["tiny_sd2", "tiny_sdxl", "tiny_refiner", "tiny_flux", "tiny_sd3", "tiny_pixart"]
)
def test_checkpoint_of_every_family_is_written_in_its_layout(tmp_path: Path, name: str) -> None:
    path = getattr(families, name)(tmp_path / "a.safetensors").path
    opened = wd.load_checkpoint(path)
    theirs, ours = load_file(path), load_file(export(tmp_path / "b.safetensors", opened))
    unread = {n for n in theirs.keys() - ours.keys() if "logit_scale" not in n}
    assert ours.keys() <= theirs.keys()
    assert all(".context_block." in n or "pos_embed" in n for n in unread), unread
    assert all(torch.equal(tensor, theirs[n]) for n, tensor in ours.items())
    again = wd.load_checkpoint(tmp_path / "b.safetensors")
    assert again[0].family == opened[0].family


def test_merged_checkpoint_written_and_loaded_samples_the_same(
    pair: list[Opened], tmp_path: Path
) -> None:
    (one, clip, vae), (two, _, _) = pair
    merged = merge_models(one, two, 0.4)
    path = export(tmp_path / "merged.safetensors", (merged, clip, vae))
    again, text, _ = wd.load_checkpoint(path)
    prompt = wd.encode_text(text, "a red circle")

    def picture(model: wd.Model) -> Any:
        return wd.sample(
            model, prompt, prompt, wd.empty_latent(64, 64), seed=1, steps=2, cfg=1.0,
            sampler_name="euler", scheduler="normal",
        ).samples  # fmt: skip

    assert torch.equal(picture(merged), picture(again))


def test_precision_of_a_written_file_can_be_chosen(pair: list[Opened], tmp_path: Path) -> None:
    path = export(tmp_path / "half.safetensors", pair[0], "bf16")
    assert {tensor.dtype for tensor in load_file(path).values()} == {torch.bfloat16}


def test_parts_are_written_alone_and_load_alone(pair: list[Opened], tmp_path: Path) -> None:
    model, clip, vae = pair[0]
    for name, add in (
        ("model", lambda file: file.add_model(model)),
        ("text", lambda file: file.add_text_encoder(clip.weights)),
        ("vae", lambda file: file.add_vae(vae, prefix="")),
    ):
        file = SingleFile()
        add(file)
        with (tmp_path / f"{name}.safetensors").open("wb") as stream:
            file.write(stream)
    loaded = wd.load_vae(tmp_path / "vae.safetensors").weights
    assert all(torch.equal(loaded.tensor(n), t) for n, t in tensors(vae.weights).items())
    report = {p.stem: wd.inspect_file(p).kind for p in tmp_path.glob("*.safetensors")}
    assert report == {"model": "unet", "text": "text_encoder", "vae": "vae"}


def test_written_tensors_are_what_the_library_reads() -> None:
    found = {
        "b": torch.arange(6, dtype=torch.int64).reshape(2, 3),
        "a": torch.randn(3).bfloat16(),
        "c": torch.randn(2, 2),
        "empty": torch.zeros(0, 4),
        "one": torch.tensor(True),
    }
    types = {"b": "I64", "a": "BF16", "c": "F32", "empty": "F16", "one": "BOOL"}
    planned = {n: Planned(types[n], tuple(t.shape)) for n, t in found.items()}
    stream = io.BytesIO()
    write_tensors(stream, planned, found.__getitem__, {"k": "ü"})
    again = load(stream.getvalue())
    for name, tensor in found.items():
        assert torch.equal(again[name], tensor.to(again[name].dtype))
    assert again["b"].dtype == torch.int64 and again["a"].dtype == torch.bfloat16


def test_attention_is_multiplied_by_name_and_the_plain_weights_stay(
    model: wd.Model, clip: wd.Clip
) -> None:
    from weft.nodes.models import attention_scale as nodes

    assert nodes.unet_self_attention_multiply(model) is model
    assert nodes.clip_attention_multiply(clip) is clip
    plain = model.weights.module.state_dict()
    scaled = nodes.unet_cross_attention_multiply(model, k=1.5, out=0.5).weights.module.state_dict()
    changed = {name for name in plain if not torch.equal(plain[name], scaled[name])}
    assert changed
    for name in plain:
        factor = 1.5 if ".attn2.to_k." in name else 0.5 if ".attn2.to_out." in name else 1.0
        assert torch.allclose(scaled[name], plain[name] * factor), name
        assert factor == 1.0 or name in changed or not plain[name].any()
    both = nodes.unet_temporal_attention_multiply(
        model, self_structural=0.5, self_temporal=9.0, cross_structural=2.0, cross_temporal=9.0
    )
    plain = model.weights.module.state_dict()
    for name, tensor in both.weights.module.state_dict().items():
        factor = 0.5 if ".attn1.to_out." in name else 2.0 if ".attn2.to_out." in name else 1.0
        assert torch.allclose(tensor, plain[name] * factor), name
    text = nodes.clip_attention_multiply(clip, q=2.0)
    name = next(name for name in clip.weights.shapes if name.endswith("q_proj.bias"))
    assert torch.allclose(text.weights.tensor(name), 2 * clip.weights.tensor(name))

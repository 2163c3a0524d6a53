"""GGUF files: networks that stay packed, against the same weights unpacked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import weft.diffusion as wd
from weft.diffusion.weights.packed import STORED, unpack

from ... import families, models
from ...gguf_files import write_gguf

PACKINGS = ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"]
K_PACKINGS = ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"]
FAMILIES = ["flux", "sd3", "pixart", "sdxl", "sd1"]


@pytest.mark.parametrize("packing", PACKINGS + K_PACKINGS)
def test_unpacked_numbers_are_those_of_the_reference(packing: str) -> None:
    import gguf
    import numpy as np

    kind = gguf.GGMLQuantizationType[packing]
    block, size = gguf.GGML_QUANT_SIZES[kind]
    # Any bytes are blocks; those whose factors are no numbers tell nothing.
    raw = np.random.default_rng(5).integers(0, 256, (400, size), dtype=np.uint8)
    with np.errstate(invalid="ignore", over="ignore"):
        expected = gguf.dequantize(raw, kind)
    finite = np.isfinite(expected).all(axis=1)
    assert finite.sum() > 300
    got = unpack(torch.from_numpy(raw), packing, (400, block)).numpy()
    np.testing.assert_allclose(got[finite], expected[finite], rtol=2e-6, atol=0)


def original_tensors(family: str, folder: Path, seed: int) -> dict[str, torch.Tensor]:
    """A tiny denoising network in the names of first publication, without a prefix."""
    if family == "flux":
        return families.flux_tensors(families.flux_transformer(seed=seed))
    if family == "sd3":
        made = families.tiny_sd3(folder / f"{seed}.safetensors", seed=seed)
    elif family == "pixart":
        return dict(families.pixart_transformer(sized=True, seed=seed).state_dict())
    elif family == "sdxl":
        made = families.tiny_sdxl(folder / f"{seed}.safetensors", seed=seed)
    else:
        path = models.tiny_sd1(folder / f"{seed}.safetensors", seed=seed)
        return network_part(path)
    return network_part(made.path)


def network_part(path: Path) -> dict[str, torch.Tensor]:
    front = "model.diffusion_model."
    return {k.removeprefix(front): v for k, v in load_file(path).items() if k.startswith(front)}


def pair(folder: Path, family: str, packing: str, seed: int) -> tuple[wd.Model, wd.Model]:
    """A model in a GGUF file, and the same weights unpacked in a safetensors file."""
    packed = folder / f"{family}-{seed}.gguf"
    tensors = original_tensors(family, folder, seed)
    unpacked = write_gguf(packed, tensors, packing, architecture=family)
    plain = folder / f"{family}-{seed}-plain.safetensors"
    save_file(unpacked, plain)
    return wd.load_model(packed), wd.load_model(plain)


def conditioning(model: wd.Model, seed: int) -> wd.Conditioning:
    """Random text of the widths that the network takes."""
    config = model.weights.config
    width = config.get("joint_attention_dim") or config.get("caption_channels")
    width = width or config["cross_attention_dim"]
    pooled = config.get("pooled_projection_dim")
    if model.family == "sdxl":
        pooled = families.G_WIDTH
    generator = torch.Generator().manual_seed(seed)
    return wd.Conditioning(
        (
            wd.ConditioningEntry(
                torch.randn(1, 6, width, generator=generator),
                pooled=None if pooled is None else torch.randn(1, pooled, generator=generator),
            ),
        )
    )


def sampled(model: wd.Model) -> torch.Tensor:
    text = conditioning(model, 3)
    latent = wd.empty_latent(64, 64)
    return wd.sample(
        model, text, text, latent, seed=4, steps=2, cfg=1.0,
        sampler_name="euler", scheduler="simple",
    ).samples  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_packed_network_samples_as_its_unpacked_weights_do(tmp_path: Path, family: str) -> None:
    packed, plain = pair(tmp_path, family, "Q4_0", seed=700 + FAMILIES.index(family))
    assert packed.family == plain.family
    assert packed.weights.shapes == plain.weights.shapes
    torch.testing.assert_close(sampled(packed), sampled(plain), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("packing", ["F16", "BF16", *PACKINGS])
def test_every_packing_of_a_file_gives_the_reference_weights(tmp_path: Path, packing: str) -> None:
    seed = 720 + len(packing) * 7 + sum(map(ord, packing))
    packed, plain = pair(tmp_path, "flux", packing, seed)
    for name in plain.weights.shapes:
        got, expected = packed.weights.tensor(name), plain.weights.tensor(name)
        torch.testing.assert_close(got, expected, rtol=1e-6, atol=0)


def test_matrices_stay_packed_in_memory(tmp_path: Path) -> None:
    packed, plain = pair(tmp_path, "flux", "Q4_0", seed=741)
    tensors = wd.RESIDENCY.tensors(packed.weights)
    matrices = [n for n, shape in packed.weights.shapes.items() if len(shape) == 2]
    assert {tensors[name].dtype for name in matrices} == {STORED}
    held = sum(t.numel() * t.element_size() for t in tensors.values())
    assert held == packed.weights.footprint
    assert held < plain.weights.footprint / 5


def test_kernels_stored_flat_stay_packed_too(tmp_path: Path) -> None:
    packed, _ = pair(tmp_path, "sd1", "Q8_0", seed=742)
    name = "down_blocks.0.resnets.0.conv1.weight"
    assert packed.weights.shapes[name][2:] == (3, 3)
    assert wd.RESIDENCY.tensors(packed.weights)[name].dtype == STORED


def test_lora_on_a_packed_network_is_the_lora_on_its_unpacked_weights(tmp_path: Path) -> None:
    packed, plain = pair(tmp_path, "flux", "Q4_0", seed=743)
    generator = torch.Generator().manual_seed(1)
    stem = "transformer.transformer_blocks.0.attn.to_q"
    file = tmp_path / "lora.safetensors"
    save_file(
        {
            f"{stem}.lora_A.weight": torch.randn(2, 64, generator=generator),
            f"{stem}.lora_B.weight": torch.randn(64, 2, generator=generator),
        },
        file,
    )
    lora = wd.load_lora(file)
    one, other = (wd.apply_lora(model, None, lora, 0.7)[0] for model in (packed, plain))
    name = "transformer_blocks.0.attn.to_q.weight"
    assert not torch.equal(one.weights.tensor(name), packed.weights.tensor(name))
    torch.testing.assert_close(sampled(one), sampled(other), rtol=1e-5, atol=1e-5)
    # What the LoRA touched is unpacked, once; all else stays shared.
    assert one.weights.footprint == 64 * 64 * 4


def test_packed_weights_are_saved_unpacked(tmp_path: Path) -> None:
    from weft.diffusion.files.exporting import SingleFile

    packed, _ = pair(tmp_path, "flux", "Q8_0", seed=744)
    file, target = SingleFile(), tmp_path / "saved.safetensors"
    file.add_model(packed)
    with target.open("wb") as stream:
        file.write(stream)
    again = wd.load_model(target)
    for name in packed.weights.shapes:
        assert torch.equal(again.weights.tensor(name), packed.weights.tensor(name))


def test_small_types_are_refused_for_packed_weights(tmp_path: Path) -> None:
    write_gguf(tmp_path / "x.gguf", original_tensors("flux", tmp_path, 745), "Q4_0")
    with pytest.raises(wd.ModelError) as caught:
        wd.load_model(tmp_path / "x.gguf", dtype="fp8_e4m3fn")
    assert caught.value.code == "model.packed_already"


def test_sums_can_be_done_in_another_type(tmp_path: Path) -> None:
    packed, plain = pair(tmp_path, "flux", "Q8_0", seed=746)
    rough = wd.load_model(packed.weights.path, dtype="bf16")
    rough_plain = wd.load_model(plain.weights.path, dtype="bf16")
    assert rough.weights.dtype == torch.bfloat16
    assert rough.weights.content_digest != packed.weights.content_digest
    assert torch.equal(sampled(rough), sampled(rough_plain))


def test_packing_that_nobody_unpacks_is_refused_by_name(tmp_path: Path) -> None:
    import gguf
    import numpy as np

    kind = gguf.GGMLQuantizationType.IQ2_XXS
    tensors = original_tensors("flux", tmp_path, 747)
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "flux")
    for name, tensor in tensors.items():
        if name == "img_in.weight":
            rows = np.zeros((64, gguf.GGML_QUANT_SIZES[kind][1]), np.uint8)
            writer.add_tensor(name, rows, raw_dtype=kind)
        else:
            writer.add_tensor(name, tensor.detach().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(wd.ModelError) as caught:
        wd.load_model(tmp_path / "x.gguf")
    assert (caught.value.code, caught.value.got) == ("model.unsupported_precision", "IQ2_XXS")


def test_inspection_names_family_packing_and_architecture(tmp_path: Path) -> None:
    write_gguf(tmp_path / "x.gguf", original_tensors("flux", tmp_path, 748), "Q5_1")
    report = wd.inspect_file(tmp_path / "x.gguf")
    assert (report.kind, report.family) == ("unet", "flux")
    assert report.precision.startswith("Q5_1")
    assert report.metadata["general.architecture"] == "flux"


def test_loaders_of_other_kinds_refuse_it_with_advice(tmp_path: Path) -> None:
    write_gguf(tmp_path / "x.gguf", {"a.weight": torch.zeros(4, 32)}, "Q4_0")
    with pytest.raises(wd.ModelError) as caught:
        wd.load_lora(tmp_path / "x.gguf")
    assert (caught.value.code, caught.value.got) == ("model.not_safetensors", "a GGUF file")
    assert "LoadDiffusionModel" in str(caught.value.hint)


def test_conversion_of_packed_weights_is_refused_with_advice(tmp_path: Path) -> None:
    from weft.diffusion.files.convert.model import convert_model

    write_gguf(tmp_path / "x.gguf", original_tensors("flux", tmp_path, 751), "Q4_0")
    with pytest.raises(wd.ModelError) as caught:
        convert_model(tmp_path / "x.gguf", tmp_path / "x.safetensors")
    assert caught.value.code == "convert.packed"
    assert not (tmp_path / "x.safetensors").exists()


# --- T5 ---

T5_LAYERS = {
    "layer.0.SelfAttention.q": "attn_q",
    "layer.0.SelfAttention.k": "attn_k",
    "layer.0.SelfAttention.v": "attn_v",
    "layer.0.SelfAttention.o": "attn_o",
    "layer.0.SelfAttention.relative_attention_bias": "attn_rel_b",
    "layer.0.layer_norm": "attn_norm",
    "layer.1.DenseReluDense.wi_0": "ffn_gate",
    "layer.1.DenseReluDense.wi_1": "ffn_up",
    "layer.1.DenseReluDense.wo": "ffn_down",
    "layer.1.layer_norm": "ffn_norm",
}


def ggml_names(tensors: dict[str, Any]) -> dict[str, str]:
    """transformers' names of a T5 encoder -> those of llama.cpp."""
    found = {}
    for name in tensors:
        stem = name.removesuffix(".weight")
        if stem == "shared":
            found[name] = "token_embd.weight"
        elif stem == "encoder.final_layer_norm":
            found[name] = "enc.output_norm.weight"
        else:
            _, _, number, layer = stem.split(".", 3)
            found[name] = f"enc.blk.{number}.{T5_LAYERS[layer]}.weight"
    return found


def test_t5_with_its_own_tokenizer_encodes_as_its_unpacked_weights_do(tmp_path: Path) -> None:
    import json

    tensors = families.t5_tensors(families.t5_encoder(seed=749), "")
    names = ggml_names(tensors)
    pieces = ["<pad>", "</s>", "<unk>", *("\u2581" + word for word in models.WORDS)]
    unpacked = write_gguf(
        tmp_path / "t5.gguf",
        {names[name]: tensor for name, tensor in tensors.items()},
        "Q8_0",
        architecture="t5encoder",
        values={
            "tokenizer.ggml.model": "t5",
            "tokenizer.ggml.tokens": pieces,
            "tokenizer.ggml.scores": [0.0] * 3 + [-float(n) / 8 for n in range(len(models.WORDS))],
        },
    )
    clip = wd.load_clip([tmp_path / "t5.gguf"], "pixart_sigma")
    stored = json.loads(clip.weights.extras["tokenizer"])
    assert [piece for piece, _ in stored["model"]["vocab"]] == pieces
    plain = tmp_path / "t5.safetensors"
    save_file({name: unpacked[names[name]] for name in tensors}, plain)
    (tmp_path / "t5.tokenizer.json").write_text(clip.weights.extras["tokenizer"])
    got = wd.encode_text(clip, "a red circle").entries[0].tokens
    expected = wd.encode_text(wd.load_clip([plain], "pixart_sigma"), "a red circle")
    torch.testing.assert_close(got, expected.entries[0].tokens, rtol=1e-5, atol=1e-5)
    other = wd.encode_text(clip, "a blue square").entries[0].tokens
    assert not torch.allclose(got, other)
    tensors_held = wd.RESIDENCY.tensors(clip.weights)
    assert tensors_held["encoder.block.0.layer.1.DenseReluDense.wo.weight"].dtype == STORED


def test_t5_with_a_damaged_tokenizer_is_refused(tmp_path: Path) -> None:
    tensors = families.t5_tensors(families.t5_encoder(seed=750), "")
    names = ggml_names(tensors)
    write_gguf(
        tmp_path / "t5.gguf",
        {names[name]: tensor for name, tensor in tensors.items()},
        "Q8_0",
        values={
            "tokenizer.ggml.model": "t5",
            "tokenizer.ggml.tokens": ["<pad>", "</s>"],
            "tokenizer.ggml.scores": [0.0],
        },
    )
    with pytest.raises(wd.ModelError) as caught:
        wd.load_clip([tmp_path / "t5.gguf"], "pixart_sigma")
    assert caught.value.code == "model.bad_tokenizer"

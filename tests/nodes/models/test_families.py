"""Loaders and nodes of families, in workflows and as functions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import weft
import weft.diffusion as wd
from weft.diffusion.families import sampling_of
from weft.nodes.text import inpaint

from ... import families, models
from ..flows import link, txt2img


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("families")


def lone_files(root: Path, made: families.Made, prefix: str) -> list[Path]:
    """Every text encoder of a model in a file of its own, T5's first."""
    paths = []
    for number, encoder in enumerate(made.encoders):
        is_t5 = type(encoder).__name__.startswith("T5")
        tensors = families.t5_tensors(encoder, "") if is_t5 else families.text_tensors(encoder, "")
        text = families.t5_tokenizer() if is_t5 else models.word_tokenizer()
        paths.append(
            families.write(
                root / f"{prefix}{number}.safetensors", tensors, metadata={"tokenizer": text}
            )
        )
    return paths


def refused(call: Any) -> wd.DiffusionError:
    with pytest.raises(wd.DiffusionError) as caught:
        call()
    return caught.value


def test_lone_text_encoders_give_the_text_of_the_checkpoint(folder: Path) -> None:
    made = families.tiny_flux(folder / "flux.safetensors")
    _, clip, _ = wd.load_checkpoint(made.path)
    paths = lone_files(folder, made, "flux-text")
    expected = wd.encode_text(clip, "a red circle").entries[0]
    for order in (paths, paths[::-1]):
        entry = wd.encode_text(wd.load_clip(order, "flux"), "a red circle").entries[0]
        assert entry.pooled is not None
        assert expected.pooled is not None
        assert torch.equal(entry.tokens, expected.tokens)
        assert torch.equal(entry.pooled, expected.pooled)


def test_text_encoders_of_another_family_are_refused_with_both_lists_named(folder: Path) -> None:
    made = families.tiny_flux(folder / "flux-wrong.safetensors")
    paths = lone_files(folder, made, "wrong")
    error = refused(lambda: wd.load_clip(paths, "sdxl"))
    assert error.code == "model.wrong_text_encoders"
    assert error.expected == "CLIP-L, CLIP-G"
    assert error.got is not None
    assert "T5" in error.got
    assert refused(lambda: wd.load_clip([made.path], "sdxl")).code == "model.wrong_kind"


def test_encode_node_of_another_family_is_refused_with_both_kinds_named(folder: Path) -> None:
    made = families.tiny_sdxl(folder / "sdxl-wrong.safetensors")
    _, clip, _ = wd.load_checkpoint(made.path)
    error = refused(lambda: wd.encode_texts(clip, "a", "b", families=("flux",)))
    assert (error.expected, error.got) == ("text encoders of Flux", "text encoders of SDXL")


def test_prompt_of_another_model_is_refused_when_it_is_sampled(folder: Path) -> None:
    sdxl, _, _ = wd.load_checkpoint(families.tiny_sdxl(folder / "sdxl-a.safetensors").path)
    _, clip, _ = wd.load_checkpoint(models.tiny_sd1(folder / "sd1-a.safetensors"))
    text = wd.encode_text(clip, "red")
    error = refused(
        lambda: wd.sample(
            sdxl,
            text,
            text,
            wd.empty_latent(64, 64),
            seed=0,
            steps=1,
            cfg=1.0,
            sampler_name="euler",
            scheduler="normal",
        )
    )
    assert error.code == "conditioning.does_not_fit"
    assert "SDXL" in str(error)


def test_text_encoder_without_tokenizer_is_refused_with_a_way_out(folder: Path) -> None:
    path = folder / "bare-t5.safetensors"
    from weft.diffusion.files.saving import save_tensors

    save_tensors(path, families.t5_tensors(families.t5_encoder(), ""))
    clip = wd.load_clip([path], "pixart_sigma")
    error = refused(lambda: wd.encode_text(clip, "red"))
    assert error.code == "model.no_tokenizer"
    assert error.hint is not None
    assert "tokenizer.json" in error.hint


def test_lone_t5_file_with_t5s_vocabulary_needs_no_tokenizer_beside_it(folder: Path) -> None:
    from weft.diffusion.files.saving import save_tensors

    path = folder / "t5xxl-narrow.safetensors"
    encoder = families.t5_encoder(vocabulary=32128)
    save_tensors(path, families.t5_tensors(encoder, ""))
    entry = wd.encode_text(wd.load_clip([path], "pixart_sigma"), "The house is wonderful.").entries[
        0
    ]
    ids = torch.tensor([[37, 629, 19, 1627, 5, 1]])
    with torch.no_grad():
        expected = encoder(input_ids=ids).last_hidden_state
    torch.testing.assert_close(entry.tokens[:, : ids.shape[1]], expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("dtype", ["fp8_e4m3fn", "fp8_e5m2"])
def test_fp8_stores_large_weights_in_a_quarter_and_computes_nearly_the_same(
    folder: Path, dtype: str
) -> None:
    made = families.tiny_sdxl(folder / "sdxl-fp8.safetensors")
    _, clip, _ = wd.load_checkpoint(made.path)
    text = wd.encode_text(clip, "red")

    def run(model: wd.Model) -> torch.Tensor:
        return wd.sample(
            model,
            text,
            text,
            wd.empty_latent(64, 64),
            seed=0,
            steps=2,
            cfg=1.0,
            sampler_name="euler",
            scheduler="normal",
        ).samples

    small, whole = wd.load_model(made.path, dtype=dtype), wd.load_model(made.path)

    def size(model: wd.Model) -> int:
        return sum(p.nbytes for p in model.weights.module.parameters())

    assert size(small) < 0.3 * size(whole)
    one, other = run(small), run(whole)
    apart = float((one - other).norm() / other.norm())
    assert 0 < apart < 0.2


def test_half_types_compute_in_themselves(folder: Path) -> None:
    made = families.tiny_sdxl(folder / "sdxl-bf16.safetensors")
    model = wd.load_model(made.path, dtype="bf16")
    assert {p.dtype for p in model.weights.module.parameters()} == {torch.bfloat16}


def test_inpaint_conditioning_carries_the_rest_of_the_picture(folder: Path) -> None:
    _, clip, vae = wd.load_checkpoint(models.tiny_sd1(folder / "sd1-inpaint.safetensors"))
    text = wd.encode_text(clip, "red")
    image = torch.rand(1, 70, 64, 3, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, 35, 32)
    mask[:, 10:20, 10:20] = 1
    positive, negative, latent = inpaint.inpaint_model_conditioning(text, text, vae, image, mask)
    concat = positive.entries[0].attachment(wd.Concat)
    assert concat is not None
    assert concat is negative.entries[0].attachment(wd.Concat)
    assert concat.samples.shape == latent.samples.shape == (1, 4, 8, 8)
    assert concat.mask is not None
    assert concat.mask.shape == (1, 64, 64)
    assert latent.noise_mask is not None
    bare = inpaint.inpaint_model_conditioning(text, text, vae, image, mask, noise_mask=False)
    assert bare.latent.noise_mask is None
    # Where nothing is masked, the picture shown is the picture itself.
    plain = inpaint.inpaint_model_conditioning(text, text, vae, image, mask * 0)
    shown = plain.positive.entries[0].attachment(wd.Concat)
    assert shown is not None
    assert torch.equal(shown.samples, plain.latent.samples)


def test_pix2pix_conditioning_starts_from_an_empty_latent(folder: Path) -> None:
    _, clip, vae = wd.load_checkpoint(models.tiny_sd1(folder / "sd1-edit.safetensors"))
    text = wd.encode_text(clip, "make it red")
    done = inpaint.instruct_pix2pix_conditioning(text, text, vae, torch.rand(1, 64, 64, 3))
    assert not done.latent.samples.any()
    assert done.positive.entries[0].attachment(wd.Concat) is not None


def ran(root: Path, data: dict[str, Any]) -> Any:
    """The picture that a document makes with the models in a folder."""
    from weft.nodes.standard.registry import standard_registry

    with weft.Engine(models=[root], output=root / "out", packs=False) as engine:
        result = engine.run(weft.Workflow.from_json(data, standard_registry(packs=False)))
    picture = result["picture"]
    assert picture.isfinite().all()
    return tuple(picture.shape)


@pytest.mark.parametrize("family", ["sdxl", "sd2", "sd3", "flux"])
def test_workflow_with_checkpoint_of_a_family_makes_a_picture(tmp_path: Path, family: str) -> None:
    (tmp_path / "checkpoints").mkdir()
    getattr(families, f"tiny_{family}")(tmp_path / "checkpoints" / "tiny.safetensors")
    assert ran(tmp_path, txt2img()) == (1, 64, 64, 3)


def test_workflow_with_loaders_of_their_own_makes_a_picture(tmp_path: Path) -> None:
    for kind in ("diffusion_models", "clip", "vae"):
        (tmp_path / kind).mkdir()
    made = families.tiny_flux(tmp_path / "whole.safetensors")
    names = [path.name for path in lone_files(tmp_path / "clip", made, "text")]
    tensors = families.flux_tensors(made.network)
    families.write(tmp_path / "diffusion_models" / "net.safetensors", tensors)
    families.write(tmp_path / "vae" / "ae.safetensors", families.ldm("vae", made.vae))
    data = txt2img(cfg=1.0)
    nodes = data["nodes"]
    del nodes["checkpoint"]
    nodes["net"] = {"type": "LoadDiffusionModel", "inputs": {"unet_name": "net.safetensors"}}
    nodes["text"] = {
        "type": "LoadDualCLIP",
        "inputs": {"clip_name1": names[0], "clip_name2": names[1], "type": "flux"},
    }
    nodes["ae"] = {"type": "LoadVAE", "inputs": {"vae_name": "ae.safetensors"}}
    nodes["told"] = {
        "type": "FluxGuidance",
        "inputs": {"conditioning": link("positive.conditioning"), "guidance": 2.5},
    }
    nodes["positive"]["inputs"]["clip"] = nodes["negative"]["inputs"]["clip"] = link("text.clip")
    nodes["sample"]["inputs"] |= {
        "model": link("net.model"),
        "positive": link("told.conditioning"),
    }
    nodes["decode"]["inputs"]["vae"] = link("ae.vae")
    assert ran(tmp_path, data) == (1, 64, 64, 3)


def test_shift_of_a_lone_schnell_is_none(tmp_path: Path) -> None:
    path = families.write(
        tmp_path / "x", families.flux_tensors(families.flux_transformer(guided=False))
    )
    assert sampling_of(wd.load_model(path)).shift == 1.0


def test_marks_beside_a_lone_network_say_how_it_is_sampled(tmp_path: Path) -> None:
    from weft.diffusion.files.saving import save_tensors

    state = families.sdxl_unet().state_dict()
    save_tensors(tmp_path / "x", {**state, "v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)})
    model = wd.load_model(tmp_path / "x")
    found = sampling_of(model)
    assert (model.family, found.prediction, found.zero_snr) == ("sdxl", "v_prediction", True)
    assert model.weights.module.state_dict().keys() == state.keys()

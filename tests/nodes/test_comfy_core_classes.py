"""Files in ComfyUI's API format with its less common core classes: read and run as they are."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import weft
from weft.diffusion.files.saving import save_tensors
from weft.diffusion.types import References
from weft.nodes.standard.registry import standard_registry

from .. import families, models
from ..diffusion.control.test_difference import difference_file
from ..golden import test_flux_redux as redux


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def run(data: dict[str, Any], folder: Path, out: Path, *wanted: str) -> dict[str, Any]:
    """Open a file of ComfyUI and run it for some outputs."""
    workflow = weft.Workflow.from_json(data, standard_registry(packs=False))
    with weft.Engine(models=[folder], output=out, packs=False, disk_cache=False) as engine:
        result = engine.run(workflow, outputs=list(wanted))
    return {name: result[name] for name in wanted}


def sampler(**inputs: Any) -> dict[str, Any]:
    usual = {"seed": 3, "steps": 1, "cfg": 1.0, "sampler_name": "euler", "scheduler": "simple"}
    return node("KSampler", **{**usual, "denoise": 1.0, **inputs})


@pytest.fixture(scope="module")
def flux_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("flux-models")
    for kind in ("checkpoints", "clip_vision", "style_models"):
        (root / kind).mkdir()
    families.tiny_flux(root / "checkpoints" / "flux.safetensors", seed=720)
    tower = {f"vision_model.{n}": t for n, t in redux.siglip(seed=721).state_dict().items()}
    save_tensors(root / "clip_vision" / "sigclip.safetensors", tower)
    projection = redux.redux(seed=722).state_dict()
    save_tensors(root / "style_models" / "redux.safetensors", projection)
    return root


def flux_redux(**apply: Any) -> dict[str, Any]:
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name="flux.safetensors"),
        "2": node("CLIPVisionLoader", clip_name="sigclip.safetensors"),
        "3": node("StyleModelLoader", style_model_name="redux.safetensors"),
        "4": node("LoadImage", image="chelsea.png", upload="image"),
        "5": node("CLIPVisionEncode", clip_vision=["2", 0], image=["4", 0], crop="center"),
        "6": node("CLIPTextEncode", clip=["1", 1], text="a red circle"),
        "7": node("FluxGuidance", conditioning=["6", 0], guidance=2.5),
        "8": node(
            "StyleModelApply",
            conditioning=["7", 0],
            style_model=["3", 0],
            clip_vision_output=["5", 0],
            **apply,
        ),
        "9": node("EmptySD3LatentImage", width=64, height=64, batch_size=1),
        "10": sampler(model=["1", 0], positive=["8", 0], negative=["6", 0], latent_image=["9", 0]),
        "11": node("VAEDecode", samples=["10", 0], vae=["1", 2]),
        "12": node("SaveImage", filename_prefix="redux", images=["11", 0]),
    }


def test_file_with_flux_redux_runs_as_it_is(flux_models: Path, tmp_path: Path) -> None:
    pictures = []
    for apply in (
        {},  # files from before the strength
        {"strength": 1.0, "strength_type": "multiply"},
        {"strength": 0.2, "strength_type": "multiply"},
        {"strength": 0.2, "strength_type": "attn_bias"},
    ):
        found = run(flux_redux(**apply), flux_models, tmp_path, "8.conditioning", "11.image")
        entry = found["8.conditioning"].entries[0]
        assert entry.tokens.shape == (1, 256 + redux.PATCHES, families.T5_WIDTH)
        assert entry.guidance == 2.5
        pictures.append(found["11.image"])
    assert torch.equal(pictures[0], pictures[1])
    for n in (2, 3):
        assert all(not torch.equal(pictures[n], other) for other in pictures[:n])


def test_file_that_tells_flux_nothing_of_guidance_runs_as_it_is(
    flux_models: Path, tmp_path: Path
) -> None:
    data = flux_redux()
    told = run(data, flux_models, tmp_path, "11.image")["11.image"]
    data["7"] = node("FluxDisableGuidance", conditioning=["6", 0])
    found = run(data, flux_models, tmp_path, "7.conditioning", "11.image")
    assert found["7.conditioning"].entries[0].guidance == "off"
    assert not torch.equal(found["11.image"], told)


@pytest.fixture(scope="module")
def sd1_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sd1-models")
    for kind in ("checkpoints", "controlnet", "loras"):
        (root / kind).mkdir()
    models.tiny_sd1(root / "checkpoints" / "one.safetensors", seed=740)
    models.tiny_sd1(root / "checkpoints" / "two.safetensors", seed=741)
    difference_file(root / "controlnet" / "diff.safetensors", control=742, unet=740)
    models.tiny_controlnet(root / "controlnet" / "whole.safetensors", seed=742)
    return root


def sd1(**nodes: Any) -> dict[str, Any]:
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name="one.safetensors"),
        "2": node("CLIPTextEncode", clip=["1", 1], text="a red circle"),
        "3": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "4": sampler(
            model=["1", 0],
            positive=["2", 0],
            negative=["2", 0],
            latent_image=["3", 0],
            scheduler="normal",
        ),
        "5": node("VAEDecode", samples=["4", 0], vae=["1", 2]),
        "6": node("SaveImage", filename_prefix="sd1", images=["5", 0]),
        **nodes,
    }


def controlled(loader: dict[str, Any], text: str | None) -> dict[str, Any]:
    data = sd1(
        **{
            "7": loader,
            "8": node("LoadImage", image="chelsea.png"),
            "9": node(
                "ControlNetApply",
                conditioning=["2" if text is None else "10", 0],
                control_net=["7", 0],
                image=["8", 0],
                strength=1.0,
            ),
        }
    )
    if text is not None:
        data["10"] = node(
            "CLIPTextEncodeControlnet", clip=["1", 1], conditioning=["2", 0], text=text
        )
    data["4"]["inputs"]["positive"] = ["9", 0]
    return data


def test_file_with_a_difference_control_net_gives_the_picture_of_the_whole_one(
    sd1_models: Path, tmp_path: Path
) -> None:
    loaders = (
        node("DiffControlNetLoader", model=["1", 0], control_net_name="diff.safetensors"),
        node("ControlNetLoader", control_net_name="whole.safetensors"),
    )
    one, other = (
        run(controlled(loader, None), sd1_models, tmp_path, "4.latent")["4.latent"].samples
        for loader in loaders
    )
    assert float((one - other).abs().max()) < 1e-3
    (reread,) = run(
        controlled(loaders[1], "blue square"), sd1_models, tmp_path, "4.latent"
    ).values()
    assert float((reread.samples - other).abs().max()) > 1e-2
    (same,) = run(controlled(loaders[1], "a red circle"), sd1_models, tmp_path, "4.latent").values()
    assert float((same.samples - other).abs().max()) < 1e-4


def loaded_with(config: str) -> dict[str, Any]:
    return sd1(**{"1": node("CheckpointLoader", config_name=config, ckpt_name="one.safetensors")})


def test_config_of_an_old_loader_says_what_files_do_not(sd1_models: Path, tmp_path: Path) -> None:
    from weft.diffusion.families import sampling_of

    def opened(config: str) -> tuple[Any, Any]:
        found = run(loaded_with(config), sd1_models, tmp_path, "1.model", "1.clip")
        return found["1.model"], found["1.clip"]

    plain = run(sd1(), sd1_models, tmp_path, "4.latent")["4.latent"].samples
    model, clip = opened("v1-inference.yaml")
    assert (sampling_of(model).prediction, clip.last_layer) == ("eps", None)
    usual = run(loaded_with("v1-inference.yaml"), sd1_models, tmp_path, "4.latent")
    assert torch.equal(usual["4.latent"].samples, plain)
    assert opened("v1-inference_clip_skip_2_fp16.yaml")[1].last_layer == -2
    assert sampling_of(opened("v2-inference-v.yaml")[0]).prediction == "v_prediction"
    with pytest.raises(weft.ValidationError) as caught:
        opened("my_own.yaml")
    assert "my_own.yaml" in str(caught.value)


def test_file_that_takes_a_picture_apart_and_together_runs_as_it_is(tmp_path: Path) -> None:
    data = {
        "1": node("LoadImage", image="chelsea.png"),
        "2": node("ImageRGBToYUV", image=["1", 0]),
        "3": node("ImageYUVToRGB", Y=["2", 0], U=["2", 1], V=["2", 2]),
        "4": node("SaveImage", filename_prefix="yuv", images=["3", 0]),
    }
    found = run(data, tmp_path, tmp_path, "1.image", "3.image")
    assert float((found["3.image"] - found["1.image"]).abs().max()) < 1 / 255


def test_file_that_extracts_a_lora_writes_one_that_leads_to_the_other_model(
    sd1_models: Path, tmp_path: Path
) -> None:
    data = {
        "1": node("CheckpointLoaderSimple", ckpt_name="one.safetensors"),
        "2": node("CheckpointLoaderSimple", ckpt_name="two.safetensors"),
        "3": node("ModelMergeSubtract", model1=["2", 0], model2=["1", 0], multiplier=1.0),
        "4": node("CLIPMergeSubtract", clip1=["2", 1], clip2=["1", 1], multiplier=1.0),
        "5": node(
            "LoraSave",
            filename_prefix="loras/ComfyUI_extracted_lora",
            rank=4096,
            lora_type="standard",
            bias_diff=True,
            model_diff=["3", 0],
            text_encoder_diff=["4", 0],
        ),
    }
    workflow = weft.Workflow.from_json(data, standard_registry(packs=False))
    with weft.Engine(models=[sd1_models], output=tmp_path, packs=False) as engine:
        engine.run(workflow)
    (file,) = (tmp_path / "loras").glob("ComfyUI_extracted_lora_*.safetensors")
    shutil.copy(file, sd1_models / "loras" / "extracted.safetensors")
    found = run(
        sd1(
            **{
                "20": node(
                    "LoraLoader",
                    lora_name="extracted.safetensors",
                    model=["1", 0],
                    clip=["1", 1],
                    strength_model=1.0,
                    strength_clip=1.0,
                ),
                "2": node("CLIPTextEncode", clip=["20", 1], text="a red circle"),
                "4": sampler(
                    model=["20", 0],
                    positive=["2", 0],
                    negative=["2", 0],
                    latent_image=["3", 0],
                    scheduler="normal",
                ),
            }
        ),
        sd1_models,
        tmp_path,
        "4.latent",
    )
    other = sd1(**{"1": node("CheckpointLoaderSimple", ckpt_name="two.safetensors")})
    wanted = run(other, sd1_models, tmp_path, "4.latent")["4.latent"].samples
    plain = run(sd1(), sd1_models, tmp_path, "4.latent")["4.latent"].samples
    got = found["4.latent"].samples
    assert float((got - wanted).abs().max()) < 0.05 * float((plain - wanted).abs().max())


@pytest.mark.parametrize(
    ("patch", "exact"),
    [
        (node("TomePatchModel", model=["1", 0], ratio=0.5), False),
        (node("TomePatchModel", model=["1", 0], ratio=0.0), True),
        *(
            (
                node(
                    kind,
                    model=["1", 0],
                    reuse_threshold=threshold,
                    start_percent=0.0,
                    end_percent=1.0,
                    verbose=False,
                ),
                threshold == 0.0,
            )
            for kind in ("EasyCache", "LazyCache")
            for threshold in (0.0, 3.0)
        ),
        *(
            (
                node(
                    "UNetTemporalAttentionMultiply",
                    model=["1", 0],
                    self_structural=structural,
                    self_temporal=0.5,
                    cross_structural=1.0,
                    cross_temporal=0.5,
                ),
                structural == 1.0,
            )
            for structural in (1.0, 0.9)
        ),
        (node("ModelComputeDtype", model=["1", 0], dtype="default"), True),
        (node("ModelComputeDtype", model=["1", 0], dtype="fp32"), True),
        (node("ModelComputeDtype", model=["1", 0], dtype="bf16"), False),
    ],
    ids=lambda value: value["class_type"] if isinstance(value, dict) else "",
)
def test_file_that_patches_its_model_runs_as_it_is(
    sd1_models: Path, tmp_path: Path, patch: dict[str, Any], exact: bool
) -> None:
    data = sd1(**{"7": patch})
    data["4"]["inputs"] |= {"model": ["7", 0], "steps": 6}
    plain = sd1()
    plain["4"]["inputs"]["steps"] = 6
    got = run(data, sd1_models, tmp_path, "4.latent")["4.latent"].samples
    wanted = run(plain, sd1_models, tmp_path, "4.latent")["4.latent"].samples
    assert torch.equal(got, wanted) == exact
    assert float((got - wanted).norm()) < float(wanted.norm())


def test_file_that_says_where_kontexts_pictures_are_runs_as_it_is(
    flux_models: Path, tmp_path: Path
) -> None:
    data = flux_redux()
    del data["2"], data["3"], data["5"], data["8"]
    data["20"] = node(
        "ImageScale", image=["4", 0], upscale_method="area", width=64, height=32, crop="center"
    )
    data["21"] = node("VAEEncode", pixels=["20", 0], vae=["1", 2])
    data["22"] = node("ReferenceLatent", conditioning=["7", 0], latent=["21", 0])
    data["10"]["inputs"]["positive"] = ["23", 0]
    pictures = []
    for method, kept in (("offset", "offset"), ("index", "index"), ("uxo/uno", "diagonal")):
        data["23"] = node(
            "FluxKontextMultiReferenceLatentMethod",
            conditioning=["22", 0],
            reference_latents_method=method,
        )
        found = run(data, flux_models, tmp_path, "23.conditioning", "11.image")
        assert found["23.conditioning"].entries[0].attachment(References).places == kept
        pictures.append(found["11.image"])
    assert torch.equal(pictures[0], pictures[1])  # a single picture has number 1 either way
    assert not torch.equal(pictures[0], pictures[2])


def test_file_that_works_on_texts_and_shows_them_runs_as_it_is(tmp_path: Path) -> None:
    text = "A red circle, a blue square"
    flags = {"case_insensitive": True, "multiline": False, "dotall": False}
    nodes = {
        "1": ("a red circle", node("StringSubstring", string=["11", 0], start=0, end=12)),
        "2": (27, node("StringLength", string=text)),
        "3": ("A RED CIRCLE", node("CaseConverter", string=["1", 0], mode="UPPERCASE")),
        "4": ("x", node("StringTrim", string="  x ", mode="Both")),
        "5": (
            "A blue circle, a blue square",
            node("StringReplace", string=text, find="red", replace="blue"),
        ),
        "6": (True, node("StringContains", string=text, substring="RED", case_sensitive=False)),
        "7": (
            False,
            node(
                "StringCompare",
                string_a=text,
                string_b="a red",
                mode="Starts With",
                case_sensitive=True,
            ),
        ),
        "8": (True, node("RegexMatch", string=text, regex_pattern=r"BLUE\s\w+", **flags)),
        "9": (
            "red\nblue",
            node(
                "RegexExtract",
                string=text,
                regex_pattern=r"a (\w+)",
                mode="All Groups",
                group_index=1,
                **flags,
            ),
        ),
        "10": (
            "A red circle, a small square",
            node(
                "RegexReplace", string=text, regex_pattern="blue", replace="small", count=0, **flags
            ),
        ),
        "11": (text.lower(), node("CaseConverter", string=text, mode="lowercase")),
    }
    data = {name: each for name, (_, each) in nodes.items()}
    data["12"] = node("PreviewAny", source=["2", 0])
    data["13"] = node("PreviewAny", source=["9", 0])
    registry = standard_registry(packs=False)
    outputs = []
    for name, each in data.items():
        spec = registry.find(each["class_type"])
        assert spec is not None
        outputs.append(f"{name}.{spec.outputs[0].name}")
    found = list(run(data, tmp_path, tmp_path, *outputs).values())
    assert found == [*(wanted for wanted, _ in nodes.values()), "27", "red\nblue"]

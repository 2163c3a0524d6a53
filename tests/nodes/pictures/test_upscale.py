"""Hires-fix with an upscaling network, and the names by which documents of others call loaders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from weft.diffusion.pictures.upscalers import SRVGG
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.engine import StandardEngine
from weft.nodes.standard.registry import standard_registry

from ... import families, models
from ...gguf_files import write_gguf
from ..flows import link, saved, txt2img


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("upscale-models")
    for kind in ("checkpoints", "upscale_models", "diffusion_models", "clip", "vae"):
        (root / kind).mkdir()
    models.tiny_sd1(root / "checkpoints" / "tiny.safetensors", seed=860)
    torch.manual_seed(861)
    network = SRVGG(channels=3, features=4, layers=2, scale=2)
    save_file(network.state_dict(), root / "upscale_models" / "double.safetensors")
    return root


def hires() -> dict[str, Any]:
    """Text to image, made twice as large by a network, and sampled again in the larger size."""
    document = txt2img()
    nodes = document["nodes"]
    nodes["upscaler"] = {
        "type": "UpscaleModelLoader",
        "inputs": {"model_name": "double.safetensors"},
    }
    nodes["larger"] = {
        "type": "ImageUpscaleWithModel",
        "inputs": {"upscale_model": link("upscaler.upscale_model"), "image": link("decode.image")},
    }
    nodes["encode"] = {
        "type": "VAEEncode",
        "inputs": {"pixels": link("larger.image"), "vae": link("checkpoint.vae")},
    }
    again = {**nodes["sample"]["inputs"], "latent_image": link("encode.latent"), "denoise": 0.5}
    nodes["again"] = {"type": "KSampler", "inputs": again}
    nodes["decode2"] = {
        "type": "VAEDecode",
        "inputs": {"samples": link("again.latent"), "vae": link("checkpoint.vae")},
    }
    nodes["save"]["inputs"]["images"] = link("decode2.image")
    return document


def test_hires_fix_with_an_upscaling_network_doubles_the_picture(
    folder: Path, tmp_path: Path
) -> None:
    with StandardEngine(models=[folder], output=tmp_path / "out", packs=False) as engine:
        engine.run(Workflow.from_json(hires(), engine.registry))
        (picture,) = (tmp_path / "out").glob("pic*.png")
        assert saved(picture)[0] == (128, 128)


@pytest.mark.parametrize(
    ("alias", "ours"),
    [
        ("UpscaleModelLoader", "LoadUpscaleModel"),
        ("UnetLoaderGGUF", "LoadDiffusionModel"),
        ("CLIPLoaderGGUF", "LoadCLIP"),
        ("DualCLIPLoaderGGUF", "LoadDualCLIP"),
        ("TripleCLIPLoaderGGUF", "LoadTripleCLIP"),
    ],
)
def test_loaders_answer_to_the_names_of_others(alias: str, ours: str) -> None:
    found = standard_registry(packs=False).find(alias)
    assert found is not None and found.type_id == ours


def test_workflow_samples_a_packed_flux_network(folder: Path, tmp_path: Path) -> None:
    made = families.tiny_flux(folder / "checkpoints" / "flux.safetensors", seed=862)
    packed = folder / "diffusion_models" / "flux-Q8_0.gguf"
    write_gguf(packed, families.flux_tensors(made.network), "Q8_0")
    document = txt2img(cfg=1.0)
    nodes = document["nodes"]
    nodes["checkpoint"]["inputs"]["ckpt_name"] = "flux.safetensors"
    nodes["canvas"]["type"] = "EmptySD3LatentImage"
    nodes["unet"] = {"type": "UnetLoaderGGUF", "inputs": {"unet_name": packed.name}}
    nodes["sample"]["inputs"]["model"] = link("unet.model")
    with StandardEngine(models=[folder], output=tmp_path / "out", packs=False) as engine:
        engine.run(Workflow.from_json(document, engine.registry))
        assert len(list((tmp_path / "out").glob("pic*.png"))) == 1

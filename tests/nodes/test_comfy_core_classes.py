"""Files in ComfyUI's API format with its less common core classes: read and run as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import weft
from weft.diffusion.files.saving import save_tensors
from weft.nodes.standard import standard_registry

from .. import families
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

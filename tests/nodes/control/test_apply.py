"""ControlNets, pictures and boxes in ComfyUI's own workflow files, run as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import weft
from weft.diffusion.files.saving import save_checkpoint, save_tensors
from weft.nodes.standard.registry import standard_registry

from ... import control_nets, families, models
from ...golden.test_gligen import gated_unet, is_gligen, pruned
from ...golden.test_unclip import open_clip_vision_tensors

pytestmark = pytest.mark.filterwarnings("ignore:`FluxPosEmbed`:FutureWarning")


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for kind in ("checkpoints", "controlnet", "gligen", "vae"):
        (tmp_path / kind).mkdir()
    return tmp_path


def sampling(model: Any, positive: Any, negative: Any, latent: Any, **more: Any) -> dict[str, Any]:
    inputs = {
        "model": model,
        "positive": positive,
        "negative": negative,
        "latent_image": latent,
        "seed": 3,
        "steps": 2,
        "cfg": 4.0,
        "sampler_name": "euler",
        "scheduler": "simple",
        "denoise": 1.0,
    }
    return {"class_type": "KSampler", "inputs": inputs | more}


def prompts(clip: Any) -> dict[str, Any]:
    return {
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red circle", "clip": clip}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "a photo", "clip": clip}},
        "5": {
            "class_type": "EmptyLatentImage",
            "inputs": {"width": 64, "height": 64, "batch_size": 1},
        },
        "10": {"class_type": "LoadImage", "inputs": {"image": "chelsea.png"}},
    }


def pictures(root: Path, nodes: dict[str, Any], *names: str) -> list[torch.Tensor]:
    """What ComfyUI's file makes at some of its VAEDecode nodes."""
    workflow = weft.Workflow.from_json(nodes, standard_registry(packs=False))
    with weft.Engine(models=[root], output=root / "out", packs=False) as engine:
        result = engine.run(workflow, outputs=[f"{name}.image" for name in names])
    found = [result[f"{name}.image"] for name in names]
    assert all(tuple(each.shape) == (1, 64, 64, 3) for each in found)
    assert all(each.isfinite().all() for each in found)
    return found


def decode(nodes: dict[str, Any], vae: Any, samples: dict[str, str]) -> None:
    """Add a VAEDecode for each: its name -> the sampler."""
    for name, source in samples.items():
        nodes[name] = {"class_type": "VAEDecode", "inputs": {"samples": [source, 0], "vae": vae}}


def test_union_controlnet_of_flux_runs(root: Path) -> None:
    families.tiny_flux(root / "checkpoints" / "flux.safetensors", seed=140)
    network = control_nets.flux_control(modes=7, seed=141)
    save_tensors(root / "controlnet" / "union.safetensors", network.state_dict())
    nodes = prompts(["4", 1]) | {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "flux.safetensors"}},
        "20": {
            "class_type": "ControlNetLoader",
            "inputs": {"control_net_name": "union.safetensors"},
        },
        "21": {
            "class_type": "SetUnionControlNetType",
            "inputs": {"control_net": ["20", 0], "type": "depth"},
        },
        "3": sampling(["4", 0], ["6", 0], ["7", 0], ["5", 0], cfg=1.0),
    }
    for number, (kind, net) in enumerate(
        (("ControlNetApplySD3", "20"), ("ControlNetApplyAdvanced", "21"))
    ):
        nodes[f"3{number}"] = {
            "class_type": kind,
            "inputs": {
                "positive": ["6", 0],
                "negative": ["7", 0],
                "control_net": [net, 0],
                "vae": ["4", 2],
                "image": ["10", 0],
                "strength": 1.0,
                "start_percent": 0.0,
                "end_percent": 1.0,
            },
        }
        nodes[f"4{number}"] = sampling(
            ["4", 0], [f"3{number}", 0], [f"3{number}", 1], ["5", 0], cfg=1.0
        )
    decode(nodes, ["4", 2], {"50": "3", "51": "40", "52": "41"})
    plain, silent, depth = pictures(root, nodes, "50", "51", "52")
    assert not torch.equal(plain, silent)
    assert not torch.equal(silent, depth)


def test_controlnet_of_one_prompt_steers_both_sides(root: Path) -> None:
    models.tiny_sd1(root / "checkpoints" / "sd1.safetensors", seed=142)
    models.tiny_controlnet(root / "controlnet" / "net.safetensors", seed=143)
    steering = {"control_net": ["20", 0], "image": ["10", 0], "strength": 0.8}
    window = {"start_percent": 0.0, "end_percent": 1.0}
    nodes = prompts(["4", 1]) | {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd1.safetensors"}},
        "20": {
            "class_type": "ControlNetLoader",
            "inputs": {"control_net_name": "net.safetensors"},
        },
        "30": {"class_type": "ControlNetApply", "inputs": {"conditioning": ["6", 0]} | steering},
        "31": {
            "class_type": "ControlNetApplyAdvanced",
            "inputs": {"positive": ["6", 0], "negative": ["7", 0]} | steering | window,
        },
        "40": sampling(["4", 0], ["30", 0], ["7", 0], ["5", 0]),
        "41": sampling(["4", 0], ["31", 0], ["31", 1], ["5", 0]),
    }
    decode(nodes, ["4", 2], {"50": "40", "51": "41"})
    assert torch.equal(*pictures(root, nodes, "50", "51"))


def test_unclip_checkpoint_and_pictures_run(root: Path) -> None:
    network = families.unet(
        cross_attention_dim=families.G_WIDTH,
        class_embed_type="projection",
        projection_class_embeddings_input_dim=2 * models.IMAGE_WIDTH,
        seed=144,
    )
    families.write(
        root / "checkpoints" / "unclip.safetensors",
        families.ldm("unet", network),
        families.ldm("vae", models.tiny_vae(seed=145)),
        families.open_clip_tensors(
            families.text_encoder(families.G_WIDTH, act="gelu", seed=146), "cond_stage_model.model."
        ),
        open_clip_vision_tensors(models.tiny_clip_vision_model(147), "embedder.model.visual."),
        {
            "noise_augmentor.data_mean": torch.zeros(1, models.IMAGE_WIDTH),
            "noise_augmentor.data_std": torch.ones(1, models.IMAGE_WIDTH),
        },
    )
    nodes = prompts(["4", 1]) | {
        "4": {
            "class_type": "unCLIPCheckpointLoader",
            "inputs": {"ckpt_name": "unclip.safetensors"},
        },
        "20": {
            "class_type": "CLIPVisionEncode",
            "inputs": {"clip_vision": ["4", 3], "image": ["10", 0], "crop": "center"},
        },
        "21": {
            "class_type": "unCLIPConditioning",
            "inputs": {
                "conditioning": ["6", 0],
                "clip_vision_output": ["20", 0],
                "strength": 1.0,
                "noise_augmentation": 0.1,
            },
        },
        "40": sampling(["4", 0], ["6", 0], ["7", 0], ["5", 0]),
        "41": sampling(["4", 0], ["21", 0], ["7", 0], ["5", 0]),
    }
    decode(nodes, ["4", 2], {"50": "40", "51": "41"})
    plain, shown = pictures(root, nodes, "50", "51")
    assert not torch.equal(plain, shown)


def test_gligen_boxes_run(root: Path) -> None:
    state = gated_unet(seed=148).state_dict()
    save_checkpoint(
        root / "checkpoints" / "sd1.safetensors",
        {k: v for k, v in state.items() if not is_gligen(k)},
        models.tiny_vae(seed=149).state_dict(),
        models.tiny_text_encoder(seed=150).state_dict(),
        metadata={"tokenizer": models.word_tokenizer()},
    )
    save_tensors(root / "gligen" / "boxes.safetensors", pruned(state))
    box = {"clip": ["4", 1], "gligen_textbox_model": ["20", 0], "width": 32, "height": 24}
    nodes = prompts(["4", 1]) | {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd1.safetensors"}},
        "20": {"class_type": "GLIGENLoader", "inputs": {"gligen_name": "boxes.safetensors"}},
        "21": {
            "class_type": "GLIGENTextBoxApply",
            "inputs": {"conditioning_to": ["6", 0], "text": "red circle", "x": 8, "y": 0} | box,
        },
        "22": {
            "class_type": "GLIGENTextBoxApply",
            "inputs": {"conditioning_to": ["21", 0], "text": "blue square", "x": 0, "y": 40} | box,
        },
    }
    for number, positive in enumerate(("6", "21", "22")):
        nodes[f"4{number}"] = sampling(["4", 0], [positive, 0], ["7", 0], ["5", 0])
    decode(nodes, ["4", 2], {"50": "40", "51": "41", "52": "42"})
    plain, one, two = pictures(root, nodes, "50", "51", "52")
    assert not torch.equal(plain, one)
    assert not torch.equal(one, two)

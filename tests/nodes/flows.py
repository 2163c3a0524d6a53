"""Workflows on tiny models, for tests of nodes and of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image


def link(target: str) -> dict[str, str]:
    """A link."""
    return {"link": target}


def saved(path: str | Path) -> tuple[tuple[int, int], dict[str, str]]:
    """Size and text chunks of a saved picture."""
    with Image.open(path) as picture:
        picture.load()
        return picture.size, dict(getattr(picture, "text", {}))


def txt2img(**sample: Any) -> dict[str, Any]:
    """Text to image in two steps at 64 x 64, as a document."""
    return {
        "weft": 1,
        "nodes": {
            "checkpoint": {"type": "LoadCheckpoint", "inputs": {"ckpt_name": "tiny.safetensors"}},
            "positive": {
                "type": "CLIPTextEncode",
                "inputs": {"clip": link("checkpoint.clip"), "text": "a red circle"},
            },
            "negative": {
                "type": "CLIPTextEncode",
                "inputs": {"clip": link("checkpoint.clip"), "text": ""},
            },
            "canvas": {"type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64}},
            "sample": {
                "type": "KSampler",
                "inputs": {
                    "model": link("checkpoint.model"),
                    "positive": link("positive.conditioning"),
                    "negative": link("negative.conditioning"),
                    "latent_image": link("canvas.latent"),
                    "seed": 5,
                    "steps": 2,
                    **sample,
                },
            },
            "decode": {
                "type": "VAEDecode",
                "inputs": {"samples": link("sample.latent"), "vae": link("checkpoint.vae")},
            },
            "save": {
                "type": "SaveImage",
                "inputs": {"images": link("decode.image"), "filename_prefix": "pic"},
            },
        },
        "interface": {
            "inputs": {"prompt": "positive.text", "seed": "sample.seed", "steps": "sample.steps"},
            "outputs": {"picture": "decode.image"},
        },
    }


def comfy_canny() -> dict[str, Any]:
    """A ComfyUI API file: photo, edges, ControlNet, sampling, saving."""
    return {
        "4": {
            "class_type": "CheckpointLoaderSimple",
            "inputs": {"ckpt_name": "tiny.safetensors"},
            "_meta": {"title": "Load Checkpoint"},
        },
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red circle", "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
        "5": {
            "class_type": "EmptyLatentImage",
            "inputs": {"width": 64, "height": 64, "batch_size": 1},
        },
        "10": {"class_type": "LoadImage", "inputs": {"image": "chelsea.png", "upload": "image"}},
        "11": {
            "class_type": "ImageScale",
            "inputs": {
                "upscale_method": "bicubic",
                "width": 64,
                "height": 64,
                "crop": "center",
                "image": ["10", 0],
            },
        },
        "12": {
            "class_type": "Canny",
            "inputs": {"low_threshold": 0.2, "high_threshold": 0.5, "image": ["11", 0]},
        },
        "13": {
            "class_type": "ControlNetLoader",
            "inputs": {"control_net_name": "tiny.safetensors"},
        },
        "14": {
            "class_type": "ControlNetApplyAdvanced",
            "inputs": {
                "strength": 1,
                "start_percent": 0,
                "end_percent": 1,
                "positive": ["6", 0],
                "negative": ["7", 0],
                "control_net": ["13", 0],
                "image": ["12", 0],
                "vae": ["4", 2],
            },
        },
        "3": {
            "class_type": "KSampler",
            "inputs": {
                "seed": 156680208700286,
                "steps": 2,
                "cfg": 8,
                "sampler_name": "euler",
                "scheduler": "normal",
                "denoise": 1,
                "model": ["4", 0],
                "positive": ["14", 0],
                "negative": ["14", 1],
                "latent_image": ["5", 0],
            },
        },
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {
            "class_type": "SaveImage",
            "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]},
        },
    }

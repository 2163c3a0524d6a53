"""Files of ComfyUI's editor give the picture that its API format gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import weft
from weft.cli.main import main
from weft.diffusion.pictures.texts import read_texts
from weft.engine.graph.expand import expand
from weft.nodes.shared_file import open_shared
from weft.nodes.standard.registry import standard_registry

from ..lite import Lite
from . import flows


def canny_file() -> dict[str, Any]:
    """`flows.comfy_canny` as its editor saves it, with a reroute and a note."""
    checkpoint = [("MODEL", "MODEL"), ("CLIP", "CLIP"), ("VAE", "VAE")]
    lite = Lite()
    lite.add(4, "CheckpointLoaderSimple", ["tiny.safetensors"], outputs=checkpoint)
    for node, text in ((6, "a red circle"), (7, "")):
        lite.add(
            node,
            "CLIPTextEncode",
            [text],
            inputs=[("clip", "CLIP", (4, 1)), ("text", "STRING", None)],
            widgets=["text"],
            outputs=[("CONDITIONING", "CONDITIONING")],
        )
    lite.add(5, "EmptyLatentImage", [64, 64, 1], outputs=[("LATENT", "LATENT")])
    photo = [("IMAGE", "IMAGE"), ("MASK", "MASK")]
    lite.add(10, "LoadImage", ["chelsea.png", "image"], outputs=photo)
    image = [("IMAGE", "IMAGE")]
    lite.add(
        11,
        "ImageScale",
        ["bicubic", 64, 64, "center"],
        inputs=[("image", "IMAGE", (10, 0))],
        outputs=image,
    )
    lite.add(12, "Canny", [0.2, 0.5], inputs=[("image", "IMAGE", (11, 0))], outputs=image)
    net = [("CONTROL_NET", "CONTROL_NET")]
    lite.add(13, "ControlNetLoader", ["tiny.safetensors"], outputs=net)
    lite.add(
        14,
        "ControlNetApplyAdvanced",
        [1, 0, 1],
        inputs=[
            ("positive", "CONDITIONING", (6, 0)),
            ("negative", "CONDITIONING", (7, 0)),
            ("control_net", "CONTROL_NET", (13, 0)),
            ("image", "IMAGE", (12, 0)),
            ("vae", "VAE", (20, 0)),
        ],
        outputs=[("positive", "CONDITIONING"), ("negative", "CONDITIONING")],
    )
    lite.add(
        3,
        "KSampler",
        [156680208700286, "randomize", 2, 8, "euler", "normal", 1],
        inputs=[
            ("model", "MODEL", (4, 0)),
            ("positive", "CONDITIONING", (14, 0)),
            ("negative", "CONDITIONING", (14, 1)),
            ("latent_image", "LATENT", (5, 0)),
        ],
        outputs=[("LATENT", "LATENT")],
    )
    lite.add(20, "Reroute", inputs=[("", "*", (4, 2))], outputs=[("VAE", "VAE")])
    decode = [("samples", "LATENT", (3, 0)), ("vae", "VAE", (20, 0))]
    lite.add(8, "VAEDecode", inputs=decode, outputs=image)
    lite.add(9, "SaveImage", ["ComfyUI"], inputs=[("images", "IMAGE", (8, 0))])
    lite.add(21, "Note", ["Mind the cat."])
    return lite.data(extra={"ds": {"scale": 1, "offset": [0, 0]}}, config={})


def test_editor_file_and_api_file_give_one_picture(tiny_models: Path, tmp_path: Path) -> None:
    registry = standard_registry(packs=False)
    pictures = []
    with weft.Engine(models=[tiny_models], output=tmp_path, packs=False) as engine:
        for data in (canny_file(), flows.comfy_canny()):
            workflow = weft.Workflow.from_json(data, registry)
            assert workflow.remarks == ()
            pictures.append(engine.run(workflow, outputs=["8.image"])["8.image"])
    assert torch.equal(*pictures)


def test_picture_of_comfyui_opens_with_what_ran_where_it_was_drawn(tmp_path: Path) -> None:
    ran = flows.comfy_canny()
    ran["3"]["inputs"]["seed"] = 5
    texts = PngInfo()
    texts.add_text("prompt", json.dumps(ran))
    texts.add_text("workflow", json.dumps(canny_file()))
    picture = tmp_path / "ComfyUI_00001_.png"
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(picture, pnginfo=texts)
    document = open_shared(picture, standard_registry(packs=False)).workflow.document
    assert document.nodes["3"].inputs["seed"] == 5
    assert document.layout["nodes"]["9"] == {"x": 904, "y": 40}


def with_subgraph() -> dict[str, Any]:
    """A file with one subgraph, whose instance has the width itself."""
    inner = Lite()
    inner.add(
        1,
        "EmptyImage",
        [512, 64, 1, 255],
        inputs=[("width", "INT", (-10, 0)), ("height", "INT", None)],
        widgets=["width", "height"],
        outputs=[("IMAGE", "IMAGE")],
    )
    inner.link((1, 0), (-20, 0), "IMAGE")
    part = inner.definition("u-1", "Plain", [("width", "INT")], [("IMAGE", "IMAGE")])
    lite = Lite().add(5, "u-1", [96], outputs=[("IMAGE", "IMAGE")])
    lite.add(9, "SaveImage", ["ComfyUI"], inputs=[("images", "IMAGE", (5, 0))])
    return lite.data(definitions={"subgraphs": [part]})


def test_picture_of_comfyui_gets_its_subgraphs_back_if_they_are_what_ran(tmp_path: Path) -> None:
    made = {"width": 96, "height": 64, "batch_size": 1, "color": 255}
    for width, subgraphs, places in ((96, {"Plain"}, {"5", "9"}), (128, set(), {"9"})):
        ran = {
            "9": {
                "class_type": "SaveImage",
                "inputs": {"images": ["5:1", 0], "filename_prefix": "ComfyUI"},
            },
            "5:1": {"class_type": "EmptyImage", "inputs": {**made, "width": width}},
        }
        texts = PngInfo()
        texts.add_text("prompt", json.dumps(ran))
        texts.add_text("workflow", json.dumps(with_subgraph()))
        picture = tmp_path / f"{width}.png"
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(picture, pnginfo=texts)
        document = open_shared(picture, standard_registry(packs=False)).workflow.document
        assert set(document.subgraphs) == subgraphs
        assert set(document.layout["nodes"]) == places
        flat = expand(document).document.nodes
        (inputs,) = (node.inputs for node in flat.values() if node.type == "EmptyImage")
        assert inputs["width"] == width


def test_saved_picture_carries_what_comfyui_can_open(tiny_models: Path, tmp_path: Path) -> None:
    registry = standard_registry(packs=False)
    workflow = weft.Workflow.from_json(flows.comfy_canny(), registry)
    with weft.Engine(models=[tiny_models], output=tmp_path, packs=False) as engine:
        result = engine.run(workflow)
    texts = read_texts(Path(result.artifacts[0].path))
    prompt = json.loads(texts["prompt"])
    assert {node["class_type"] for node in prompt.values()} == {
        node["class_type"] for node in flows.comfy_canny().values()
    }
    again = weft.Workflow.from_json(prompt, registry)
    assert again.resolve(registry).document.nodes.keys() == workflow.document.nodes.keys()


def test_convert_to_comfyui_and_back_is_the_same(tmp_path: Path, capsys: Any) -> None:
    source, there = tmp_path / "weft.json", tmp_path / "api.json"
    registry = standard_registry(packs=False)
    weft.Workflow.from_json(flows.comfy_canny(), registry).save(source)
    assert main(["convert", str(source), "--to", "comfyui", "-o", str(there)]) == 0
    assert json.loads(there.read_text())["3"]["class_type"] == "KSampler"
    assert capsys.readouterr().err == f"wrote {there}: {len(flows.comfy_canny())} nodes\n"
    assert weft.Workflow.load(there, registry).validate(registry) == []


def test_convert_writes_a_file_that_says_the_same(tmp_path: Path, capsys: Any) -> None:
    source, target = tmp_path / "comfy.json", tmp_path / "weft.json"
    source.write_text(json.dumps(canny_file()))
    assert main(["convert", str(source), "-o", str(target)]) == 0
    registry = standard_registry(packs=False)
    assert weft.Workflow.load(target).document == weft.Workflow.load(source, registry).document
    capsys.readouterr()
    assert main(["convert", str(source)]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(target.read_text())
    assert main(["convert", str(tmp_path / "none.json")]) == 2

"""Whole workflows through the nodes, on tiny random models."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import torch

import weft
from weft.engine.events import NodeFinished, NodeProgress
from weft.engine.testing import EventLog
from weft.nodes.standard.registry import standard_registry

from . import flows

link = flows.link


@pytest.fixture
def engine(tiny_models: Path, tmp_path: Path) -> Any:
    """An engine on tiny models that writes into the test's folder."""
    with weft.Engine(models=[tiny_models], output=tmp_path / "out", packs=False) as made:
        yield made


def ran(engine: weft.Engine, data: dict[str, Any]) -> tuple[weft.Result, list[str]]:
    """Run a document; the result and the nodes that were called."""
    result = engine.run(weft.Workflow.from_json(data, standard_registry(packs=False)))
    return result, list(result.ran)


def test_text_to_image_writes_a_picture_and_reports_each_step(engine: weft.Engine) -> None:
    log = EventLog()
    result = engine.run(weft.Workflow.from_json(flows.txt2img()), on_event=log)
    assert result["picture"].shape == (1, 64, 64, 3)
    (artifact,) = result.artifacts
    assert Path(artifact.path).stat().st_size > 0
    assert result.seeds == {"sample.seed": 5}
    steps = [
        (e.value, e.total) for e in log.events if isinstance(e, NodeProgress) and e.node == "sample"
    ]
    assert steps == [(1, 2), (2, 2)]


def test_second_run_only_writes_again(engine: weft.Engine) -> None:
    first, _ = ran(engine, flows.txt2img())
    second, again = ran(engine, flows.txt2img())
    assert again == ["save"]
    assert torch.equal(first["picture"], second["picture"])
    assert first.artifacts[0].path != second.artifacts[0].path
    one, two = (Path(r.artifacts[0].path).read_bytes() for r in (first, second))
    assert one == two


def test_new_seed_reruns_only_sampling_and_what_follows(engine: weft.Engine) -> None:
    first, _ = ran(engine, flows.txt2img())
    second, again = ran(engine, flows.txt2img(seed=6))
    assert again == ["sample", "decode", "save"]
    assert not torch.equal(first["picture"], second["picture"])


def test_other_prompt_keeps_the_other_text(engine: weft.Engine) -> None:
    ran(engine, flows.txt2img())
    data = flows.txt2img()
    data["nodes"]["positive"]["inputs"]["text"] = "a blue square"
    _, again = ran(engine, data)
    assert again == ["positive", "sample", "decode", "save"]


def test_same_model_under_another_name_is_the_same_model(
    engine: weft.Engine, tiny_models: Path
) -> None:
    copy = tiny_models / "checkpoints" / "copy.safetensors"
    copy.write_bytes((tiny_models / "checkpoints" / "tiny.safetensors").read_bytes())
    try:
        ran(engine, flows.txt2img())
        data = flows.txt2img()
        data["nodes"]["checkpoint"]["inputs"]["ckpt_name"] = "copy.safetensors"
        _, again = ran(engine, data)
    finally:
        copy.unlink()
    assert again == ["save"]


def test_equal_edges_from_other_thresholds_sample_nothing(engine: weft.Engine) -> None:
    """Early cutoff: other Canny thresholds, same edges, no new sampling."""
    registry = standard_registry(packs=False)
    data = weft.Workflow.from_json(flows.comfy_canny(), registry).to_json()
    square = {"type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64}}
    data["nodes"]["flat"] = square
    data["nodes"]["grey"] = {
        "type": "VAEDecode",
        "inputs": {"samples": link("flat.latent"), "vae": link("4.vae")},
    }
    data["nodes"]["12"]["inputs"]["image"] = link("grey.image")
    data["nodes"]["12"]["inputs"]["low"] = 0.98
    data["nodes"]["12"]["inputs"]["high"] = 0.99
    ran(engine, data)
    data["nodes"]["12"]["inputs"]["low"] = 0.97
    _, again = ran(engine, data)
    assert again == ["12", "9"]


def test_comfyui_api_file_runs_as_it_is(engine: weft.Engine, tmp_path: Path) -> None:
    result, nodes = ran(engine, flows.comfy_canny())
    assert set(nodes) == set(flows.comfy_canny())
    assert result.seeds == {"3.seed": 156680208700286}
    (artifact,) = result.artifacts
    assert Path(artifact.path) == tmp_path / "out" / "ComfyUI_00001.png"


def test_control_net_changes_the_picture_and_strength_zero_does_not(engine: weft.Engine) -> None:
    pictures = []
    for strength in (0.0, 1.0, None):
        data = flows.comfy_canny()
        if strength is None:
            data["3"]["inputs"].update(positive=["6", 0], negative=["7", 0])
        else:
            data["14"]["inputs"]["strength"] = strength
        document = weft.Workflow.from_json(data, standard_registry(packs=False))
        pictures.append(engine.run(document, outputs=["8.image"])["8.image"])
    off, on, without = pictures
    assert torch.equal(off, without)
    assert not torch.equal(on, without)


def test_ip_adapter_changes_the_picture_and_weight_zero_does_not(engine: weft.Engine) -> None:
    data = flows.txt2img()
    data["nodes"] |= {
        "photo": {"type": "LoadImage", "inputs": {"file": "coffee.png"}},
        "vision": {"type": "LoadCLIPVision", "inputs": {"clip_name": "tiny.safetensors"}},
        "adapter": {
            "type": "LoadIPAdapter",
            "inputs": {
                "clip_vision": link("vision.clip_vision"),
                "ipadapter_file": "tiny.safetensors",
            },
        },
        "adapted": {
            "type": "IPAdapter",
            "inputs": {
                "model": link("checkpoint.model"),
                "ipadapter": link("adapter.ipadapter"),
                "image": link("photo.image"),
                "weight": 0.0,
            },
        },
    }
    without, _ = ran(engine, data)
    data["nodes"]["sample"]["inputs"]["model"] = link("adapted.model")
    off, _ = ran(engine, data)
    data["nodes"]["adapted"]["inputs"]["weight"] = 1.0
    on, _ = ran(engine, data)
    assert torch.equal(off["picture"], without["picture"])
    assert not torch.equal(on["picture"], without["picture"])


def test_latent_saved_and_loaded_decodes_to_the_same_picture(
    engine: weft.Engine, tmp_path: Path
) -> None:
    data = flows.txt2img()
    data["nodes"]["keep"] = {
        "type": "SaveLatent",
        "inputs": {"samples": link("sample.latent"), "filename_prefix": "kept"},
    }
    first, _ = ran(engine, data)
    path = next(Path(a.path) for a in first.artifacts if a.path.endswith(".latent"))
    folder = tmp_path / "weft-home" / "input"
    folder.mkdir(parents=True)
    (folder / "kept.latent").write_bytes(path.read_bytes())
    data["nodes"]["loaded"] = {"type": "LoadLatent", "inputs": {"file": "kept.latent"}}
    data["nodes"]["decode"]["inputs"]["samples"] = link("loaded.latent")
    second, _ = ran(engine, data)
    assert torch.equal(first["picture"], second["picture"])


def test_denoise_zero_returns_the_latent_and_less_changes_less(engine: weft.Engine) -> None:
    data = flows.txt2img()
    data["nodes"] |= {
        "photo": {"type": "LoadImage", "inputs": {"file": "coffee.png"}},
        "small": {
            "type": "ImageScale",
            "inputs": {"image": link("photo.image"), "width": 64, "height": 64},
        },
        "encode": {
            "type": "VAEEncode",
            "inputs": {"pixels": link("small.image"), "vae": link("checkpoint.vae")},
        },
    }
    data["nodes"]["sample"]["inputs"]["latent_image"] = link("encode.latent")
    data["nodes"]["sample"]["inputs"]["steps"] = 8
    data["interface"]["outputs"] = {"start": "encode.latent", "end": "sample.latent"}
    distances = []
    for denoise in (0.0, 0.2, 0.6):
        data["nodes"]["sample"]["inputs"]["denoise"] = denoise
        result, _ = ran(engine, data)
        distances.append((result["end"].samples - result["start"].samples).abs().mean().item())
    assert distances[0] == 0
    assert all(a < b for a, b in itertools.pairwise(distances))


def test_random_seed_is_drawn_embedded_and_repeats(engine: weft.Engine) -> None:
    first, _ = ran(engine, flows.txt2img(seed="random"))
    _, texts = flows.saved(first.artifacts[0].path)
    document = json.loads(texts["weft"])
    assert document["nodes"]["sample"]["inputs"]["seed"] == first.seeds["sample.seed"]
    second, again = ran(engine, document)
    assert again == ["save"]
    assert torch.equal(first["picture"], second["picture"])


def test_wrong_kind_of_model_names_both_kinds(engine: weft.Engine, tiny_models: Path) -> None:
    swapped = tiny_models / "controlnet" / "swapped.safetensors"
    swapped.write_bytes((tiny_models / "clip_vision" / "tiny.safetensors").read_bytes())
    data = flows.comfy_canny()
    data["13"]["inputs"]["control_net_name"] = "swapped.safetensors"
    try:
        with pytest.raises(weft.RunError) as caught:
            ran(engine, data)
    finally:
        swapped.unlink()
    (problem,) = caught.value.problems
    assert problem.node == "13"
    assert problem.code.startswith("model.")
    assert problem.hint


def test_public_functions_load_and_run_a_file(
    tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEFT_MODELS", str(tiny_models))
    weft.Workflow.from_json(flows.txt2img()).save(tmp_path / "w.json")
    workflow = weft.load(tmp_path / "w.json")
    kinds: list[str] = []
    result = weft.run(
        workflow,
        output=tmp_path / "o",
        seed=9,
        on_event=lambda e: kinds.append(type(e).__name__),
    )
    assert result.seeds == {"sample.seed": 9}
    assert kinds[0] == "RunStarted"
    assert NodeFinished.__name__ in kinds
    assert (tmp_path / "o" / "pic_00001.png").exists()


async def test_public_arun_awaits(
    tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEFT_MODELS", str(tiny_models))
    weft.Workflow.from_json(flows.txt2img()).save(tmp_path / "w.json")
    result = await weft.arun(tmp_path / "w.json", output=tmp_path / "o", prompt="a blue square")
    assert result["picture"].shape == (1, 64, 64, 3)

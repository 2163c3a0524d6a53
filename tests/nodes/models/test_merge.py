"""Merge and save nodes in workflows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

import weft.diffusion as wd
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.engine import StandardEngine

from ... import models
from ..flows import link, txt2img


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("merge-models")
    (root / "checkpoints").mkdir()
    for number, name in enumerate(("tiny", "other")):
        models.tiny_sd1(root / "checkpoints" / f"{name}.safetensors", seed=60 * number)
    return root


@pytest.fixture
def engine(folder: Path, tmp_path: Path) -> Iterator[StandardEngine]:
    with StandardEngine(models=[folder], output=tmp_path / "out", packs=False) as engine:
        yield engine


def merged(**ratios: Any) -> dict[str, Any]:
    """Text to image on a merge of two checkpoints, which is saved as well."""
    document = txt2img()
    nodes = document["nodes"]
    nodes["second"] = {"type": "LoadCheckpoint", "inputs": {"ckpt_name": "other.safetensors"}}
    nodes["merge"] = {
        "type": "ModelMergeBlocks",
        "inputs": {"model1": link("checkpoint.model"), "model2": link("second.model"), **ratios},
    }
    nodes["text"] = {
        "type": "CLIPMergeSimple",
        "inputs": {"clip1": link("checkpoint.clip"), "clip2": link("second.clip"), "ratio": 0.5},
    }
    nodes["sample"]["inputs"]["model"] = link("merge.model")
    nodes["write"] = {
        "type": "CheckpointSave",
        "inputs": {
            "model": link("merge.model"),
            "clip": link("text.clip"),
            "vae": link("checkpoint.vae"),
            "filename_prefix": "checkpoints/mine",
            "precision": "fp16",
        },
    }
    return document


def test_merge_is_sampled_with_and_saved_with_its_workflow(
    engine: StandardEngine, tmp_path: Path
) -> None:
    workflow = Workflow.from_json(
        merged(input=0.5, middle=0.0, out=0.2, more="output_blocks.0. = 1"), engine.registry
    )
    result = engine.run(workflow)
    assert result["picture"].isfinite().all()
    (path,) = (tmp_path / "out" / "checkpoints").iterdir()
    assert path.name == "mine_00001.safetensors"
    with safe_open(path, "pt") as file:
        assert '"ModelMergeBlocks"' in file.metadata()["weft"]
        assert file.get_tensor("model.diffusion_model.out.2.weight").dtype == torch.float16
    saved, _, _ = wd.load_checkpoint(path)
    one, _, _ = wd.load_checkpoint(engine.workspace.model("checkpoints", "tiny.safetensors"))
    name = "up_blocks.0.resnets.0.conv1.weight"
    assert torch.equal(saved.weights.tensor(name), one.weights.tensor(name).half().float())


def test_ratios_of_1_give_the_first_model_and_run_nothing_anew(engine: StandardEngine) -> None:
    plain = Workflow.from_json(txt2img(), engine.registry)
    first = engine.run(plain, outputs=["decode.image"])["decode.image"]
    workflow = Workflow.from_json(merged(), engine.registry)
    result = engine.run(workflow, outputs=["decode.image"])
    assert torch.equal(result["decode.image"], first)
    assert "sample" not in result.ran

"""Embeddings named in the prompts of workflows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from weft.engine.errors import ValidationError
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.engine import StandardEngine

from ... import models
from ..flows import txt2img


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "embeddings" / "styles").mkdir(parents=True)
    models.tiny_sd1(tmp_path / "checkpoints" / "tiny.safetensors")
    write(tmp_path, 1)
    return tmp_path


def write(folder: Path, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(2, models.CONTEXT, generator=generator)
    save_file({"emb_params": vectors}, folder / "embeddings" / "styles" / "ink.safetensors")


@pytest.fixture
def engine(folder: Path, tmp_path: Path) -> Iterator[StandardEngine]:
    with StandardEngine(models=[folder], output=tmp_path / "out", packs=False) as engine:
        yield engine


def run(engine: StandardEngine, prompt: str) -> Any:
    workflow = Workflow.from_json(txt2img(), engine.registry).with_inputs(prompt=prompt)
    return engine.run(workflow, outputs=["decode.image"])


def test_embedding_changes_the_picture(engine: StandardEngine) -> None:
    plain = run(engine, "a red circle")["decode.image"]
    styled = run(engine, "a red circle, (embedding:styles/ink:1.2)")["decode.image"]
    assert not torch.equal(plain, styled)


def test_new_content_of_an_embedding_encodes_only_the_prompt_that_names_it(
    engine: StandardEngine, folder: Path
) -> None:
    first = run(engine, "a embedding:styles/ink circle")
    assert not run(engine, "a embedding:styles/ink circle").ran
    (folder / "embeddings" / "styles" / "ink.safetensors").unlink()
    write(folder, 2)
    again = run(engine, "a embedding:styles/ink circle")
    assert "positive" in again.ran and "negative" not in again.ran
    assert not torch.equal(first["decode.image"], again["decode.image"])


def test_missing_embedding_is_a_problem_of_the_workflow(engine: StandardEngine) -> None:
    with pytest.raises(ValidationError) as caught:
        run(engine, "a embedding:styles/inc circle")
    (problem,) = caught.value.problems
    assert (problem.code, problem.node, problem.port) == ("files.not_found", "positive", "text")
    assert "styles/ink.safetensors" in str(problem)


def test_prompt_schema_says_that_it_names_embeddings(engine: StandardEngine) -> None:
    parameter = engine.registry["CLIPTextEncode"].parameters["text"]
    assert parameter.mentions is not None
    assert parameter.mentions.names("embedding:a, (embedding:b/c.safetensors:1.1) embedding:a") == [
        "a.safetensors",
        "b/c.safetensors",
    ]

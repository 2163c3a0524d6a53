"""Embeddings in prompts: commas between them, names with other characters, pickled files."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import weft
from tests.cases.places import SHARED, case
from weft.engine.errors import WeftError

BADGE = Path(weft.__file__).parent / "diffusion" / "thimble" / "embeddings"
PUBLISHED = SHARED.parent / "weights" / "embedding" / "fastai_learned_embeds.bin"


@pytest.fixture(scope="module")
def vectors() -> torch.Tensor:
    return next(iter(load_file(BADGE / "thimble-badge.safetensors").values()))


@pytest.fixture
def folder(tmp_path: Path, vectors: torch.Tensor) -> Path:
    """Models with the embeddings one, two, plus+one and others."""
    found = tmp_path / "embeddings"
    found.mkdir()
    names = ["one", "plus+one", "a'b", "sub/it's+me", "\u661f", "v1.0-b", "a&b@c#d=e~f"]
    for name in names:
        (found / name).parent.mkdir(exist_ok=True)
        save_file({"emb_params": vectors}, found / f"{name}.safetensors")
    save_file({"emb_params": vectors.flip(-1).contiguous()}, found / "two.safetensors")
    return tmp_path


def tokens(folder: Path, text: str, kind: str = "CLIPTextEncode") -> torch.Tensor:
    """What thimble's text encoder makes of a prompt."""
    workflow = weft.Workflow.from_json(
        {
            "weft": 1,
            "nodes": {
                "c": {"type": "LoadCheckpoint", "inputs": {"ckpt_name": "thimble.safetensors"}},
                "t": {"type": kind, "inputs": {"clip": {"link": "c.clip"}, "text": text}},
            },
            "interface": {"outputs": {"x": "t.conditioning"}},
        }
    )
    with weft.Engine(models=[folder], output=folder, disk_cache=False) as engine:
        found: Any = engine.run(workflow)["x"]
    got: torch.Tensor = found.entries[0].tokens
    return got


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(WeftError) as caught:
        tokens(folder, text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("embedding:one,embedding:two", "embedding:one, embedding:two"),
        ("(red),embedding:one", "(red), embedding:one"),
        ("(red)embedding:one", "(red) embedding:one"),
        ("red;embedding:one.", "red; embedding:one ."),
        ("embedding:one,red", "embedding:one , red"),
        ("embedding:plus+one", "embedding:one"),
        ("embedding:a'b", "embedding:one"),
        ("embedding:sub/it's+me,", "embedding:one,"),
        ("embedding:\u661f", "embedding:one"),
        ("(embedding:v1.0-b:1.3)", "(embedding:one:1.3)"),
        ("embedding:a&b@c#d=e~f!", "embedding:one !"),
        ("embedding:one.safetensors", "embedding:one"),
    ],
)
def test_mention_is_read_as_with_blanks_around_it(folder: Path, text: str, same: str) -> None:
    assert torch.equal(tokens(folder, text), tokens(folder, same))
    assert not torch.equal(tokens(folder, text), tokens(folder, "red"))


def test_both_of_two_embeddings_act(folder: Path) -> None:
    both = tokens(folder, "embedding:one,embedding:two")
    for alone in (
        "embedding:one",
        "embedding:two",
        "embedding:one,",
        "embedding:two,embedding:one",
    ):
        assert not torch.equal(both, tokens(folder, alone))


def test_schedule_reads_the_same_mentions(folder: Path) -> None:
    kind = "CLIPTextEncodeSchedule"
    got = tokens(folder, "(red),embedding:plus+one", kind)
    assert torch.equal(got, tokens(folder, "(red), embedding:one", kind))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a circle,embedding:missing", "missing.safetensors"),
        ("embedding:one,embedding:missing", "missing.safetensors"),
        ("embedding:one+two", "one+two.safetensors"),
        ("(embedding:gone)", "gone.safetensors"),
    ],
)
def test_missing_embedding_is_named(folder: Path, text: str, name: str) -> None:
    assert f'"{name}"' in refusal(folder, text)


def test_mention_inside_of_a_word_is_text(folder: Path) -> None:
    for text in ("noembedding:missing", "x-embedding:missing", "embedding:", "embedding:,"):
        assert tokens(folder, text).isfinite().all()


@pytest.mark.parametrize("suffix", [".pt", ".bin"])
def test_pickled_embedding_is_told_to_be_converted(
    folder: Path, vectors: torch.Tensor, suffix: str
) -> None:
    file = folder / "embeddings" / f"old{suffix}"
    torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": vectors}}, file)
    told = refusal(folder, "embedding:old")
    assert f"weft models convert embeddings/old{suffix}" in told
    assert "weft models convert" in refusal(folder, f"embedding:old{suffix}")


@pytest.mark.parametrize("layout", ["web ui", "parameters", "diffusers"])
def test_converted_embedding_acts_as_its_vectors(
    folder: Path, vectors: torch.Tensor, layout: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from weft.cli.main import main

    held = {
        "web ui": {"string_to_token": {"*": 265}, "string_to_param": {"*": vectors}, "step": 9},
        "parameters": {
            "string_to_param": torch.nn.ParameterDict({"*": torch.nn.Parameter(vectors)})
        },
        "diffusers": {"<badge>": vectors},
    }[layout]
    source = folder / "embeddings" / "old.pt"
    torch.save(held, source)
    assert main(["models", "convert", str(source), str(source.with_suffix(".safetensors"))]) == 0
    assert torch.equal(tokens(folder, "embedding:old"), tokens(folder, "embedding:one"))


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published embedding is not at hand")
def test_published_bin_converts(tmp_path: Path) -> None:
    from weft.diffusion.files.convert.model import convert_model

    convert_model(PUBLISHED, tmp_path / "birb.safetensors")
    (found,) = load_file(tmp_path / "birb.safetensors").values()
    assert found.shape == (768,)


def prompts() -> list[tuple[str, str | None]]:
    """Pairs of prompts of the case's script; None where an embedding is missing."""
    tree = ast.parse(case("behaviour/05_embeddings_with_commas.py").read_text("utf-8"))
    loop = next(node for node in tree.body if isinstance(node, ast.For))
    found: list[tuple[str, str | None]] = ast.literal_eval(loop.iter)
    return list(found)


@pytest.mark.parametrize(("text", "same"), prompts())
def test_prompt_of_the_case_says_what_it_should(folder: Path, text: str, same: str | None) -> None:
    if same is None:
        assert '"missing.safetensors"' in refusal(folder, text)
    else:
        assert torch.equal(tokens(folder, text), tokens(folder, same))

"""Generation parameters made into workflows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.graph.document import Document
from weft.engine.infotext.graph import workflow_of
from weft.engine.infotext.read import read_infotext
from weft.engine.validate import validate
from weft.nodes.standard.registry import standard_registry

REGISTRY = standard_registry()
BASE = "Steps: 20, Sampler: Euler a, CFG scale: 6.5, Seed: 17, Size: 128x64, Model: m"


def made(text: str) -> tuple[Document, str]:
    info = read_infotext(text)
    assert info is not None
    document, remarks = workflow_of(info)
    assert validate(document, REGISTRY) == []
    return document, "\n".join(remarks)


def inputs(document: Document, node: str) -> dict[str, object]:
    return dict(document.nodes[node].inputs)


def test_text_to_image_is_carried_over() -> None:
    document, remarks = made(f"a cat\nNegative prompt: dog\n{BASE}")
    assert [n.type for n in document.nodes.values()] == [
        "LoadCheckpoint", "CLIPTextEncode", "CLIPTextEncode", "EmptyLatentImage", "KSampler",
        "VAEDecode", "SaveImage",
    ]  # fmt: skip
    assert inputs(document, "checkpoint") == {"ckpt_name": "m.safetensors"}
    assert inputs(document, "canvas") == {"width": 128, "height": 64}
    sample = inputs(document, "sample")
    assert (sample["seed"], sample["steps"], sample["cfg"]) == (17, 20, 6.5)
    assert (sample["sampler_name"], sample["scheduler"]) == ("euler_ancestral", "normal")
    assert (inputs(document, "positive")["text"], inputs(document, "negative")["text"]) == (
        "a cat",
        "dog",
    )
    assert remarks.splitlines()[0].startswith("The web UI draws noise")
    assert len(remarks.splitlines()) == 1


def test_loras_clip_skip_and_vae_are_chained() -> None:
    document, _ = made(f"x <lora:a:0.5> <lora:b:0.2:0.9>\n{BASE}, Clip skip: 2, VAE: v.pt")
    assert inputs(document, "lora1")["strength_clip"] == 0.5
    second = inputs(document, "lora2")
    assert (second["strength_model"], second["strength_clip"]) == (0.9, 0.2)
    assert second["model"] == {"link": "lora1.model"}
    assert inputs(document, "sample")["model"] == {"link": "lora2.model"}
    assert inputs(document, "clip_skip") == {
        "clip": {"link": "lora2.clip"},
        "stop_at_clip_layer": -2,
    }
    assert inputs(document, "positive")["clip"] == {"link": "clip_skip.clip"}
    assert inputs(document, "vae") == {"vae_name": "v.safetensors"}
    assert inputs(document, "decode")["vae"] == {"link": "vae.vae"}


@pytest.mark.parametrize(
    "text", ["[a]", "[cat:dog:0.4]", "a BREAK b", "a AND b", "((x):1.2)", "a [b|c]"]
)
def test_prompt_in_the_web_uis_syntax_keeps_its_meaning(text: str) -> None:
    document, _ = made(f"{text}\n{BASE}")
    assert document.nodes["positive"].type == "CLIPTextEncodeSchedule"
    assert inputs(document, "positive")["text"] == text
    assert inputs(document, "positive")["steps"] == 20


def test_textual_inversion_is_named_as_an_embedding() -> None:
    document, _ = made(
        f'x\nNegative prompt: bad-hand, badly\n{BASE}, TI hashes: "bad-hand: 00aa11bb"'
    )
    assert inputs(document, "negative")["text"] == "embedding:bad-hand, badly"


def test_latent_hires_fix_is_a_second_pass() -> None:
    document, _ = made(
        f"x\n{BASE}, Denoising strength: 0.5, Hires upscale: 2, Hires steps: 10, "
        "Hires upscaler: Latent (nearest-exact)"
    )
    assert inputs(document, "larger") == {
        "samples": {"link": "sample.latent"},
        "upscale_method": "nearest-exact",
        "width": 256,
        "height": 128,
    }
    refine = inputs(document, "refine")
    assert (refine["steps"], refine["denoise"], refine["seed"]) == (5, 0.5, 17)
    assert inputs(document, "decode")["samples"] == {"link": "refine.latent"}


def test_hires_fix_with_a_network_goes_over_the_image() -> None:
    document, _ = made(
        f"x\n{BASE}, Denoising strength: 0.4, Hires resize: 300x200, Hires upscaler: R-ESRGAN 4x+"
    )
    assert inputs(document, "upscaler") == {"model_name": "R-ESRGAN 4x+.safetensors"}
    assert inputs(document, "larger")["width"] == 296
    assert inputs(document, "refine")["latent_image"] == {"link": "again.latent"}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('ControlNet 0: "Module: canny"', "ControlNet 0: Module: canny was ignored"),
        ("Denoising strength: 0.5", "img2img"),
        ("Variation seed: 3", "Variation seed: 3 was ignored"),
        ("Clip skip: many", "Clip skip: many was ignored"),
    ],
)
def test_what_is_not_carried_over_is_named(more: str, words: str) -> None:
    assert words in made(f"x\n{BASE}, {more}")[1]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Steps: 20, Sampler: Restart, CFG scale: 7, Seed: 1, Size: 64x64, Model: m", '"Restart"'),
        ("Steps: 20, Sampler: Euler, Seed: 1, Size: 64x64, Model: m", "no CFG scale"),
        ("Steps: 20, Sampler: Euler, CFG scale: 7, Size: 64x64, Model: m", "no valid seed"),
        ("Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Model: m", "no image size"),
        ("Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 64x64", "names no model"),
        (
            "Steps: 20, Sampler: Euler, Schedule type: Turbo, Seed: 1, Size: 64x64, Model: m",
            '"Turbo"',
        ),
    ],
)
def test_value_that_is_replaced_is_named(line: str, words: str) -> None:
    assert words in made(f"x\n{line}")[1]


def test_cfg_of_zero_stays_zero() -> None:
    document, _ = made("x\nSteps: 2, Sampler: Euler, CFG scale: 0, Seed: 1, Size: 64x64")
    assert inputs(document, "sample")["cfg"] == 0.0


def test_finder_chooses_the_files() -> None:
    info = read_infotext(f"x <lora:a:1>\n{BASE}, Model hash: abcdef1234")
    assert info is not None
    asked = []

    def find(kind: str, name: str, digest: str | None) -> str | None:
        asked.append((kind, name, digest))
        return f"sub/{name}.safetensors" if kind == "checkpoints" else None

    document, _ = workflow_of(info, find)
    assert asked == [("checkpoints", "m", "abcdef1234"), ("loras", "a", None)]
    assert inputs(document, "checkpoint")["ckpt_name"] == "sub/m.safetensors"
    assert document.requires == {"models": [{"kind": "loras", "name": "a.safetensors"}]}


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_parameters_make_a_document(prompt: str, value: str) -> None:
    info = read_infotext(f"{prompt}\nSteps: 5, Sampler: {value}, Seed: 1, Size: 64x64, {value}: 1")
    if info is not None:
        workflow_of(info)

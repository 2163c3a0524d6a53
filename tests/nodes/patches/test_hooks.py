"""Nodes of hooks keep the contract of a node, and a workflow with them runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file

import weft.diffusion as wd
from weft import testing
from weft.diffusion.types.hooks import Hook, HookKeyframes, Hooks, Keyframe, LoraChange
from weft.engine.declaration.context import Run
from weft.engine.workflows.workflow import Workflow
from weft.nodes.patches import hook_keyframes as keyframes
from weft.nodes.patches import hook_sets
from weft.nodes.standard.engine import StandardEngine

from ... import models
from ...diffusion.patches.lora.conftest import kohya
from ..flows import link, txt2img

ONE = Hooks((Hook(LoraChange("a.safetensors", "0" * 64)),))
TWO = Hooks((Hook(LoraChange("b.safetensors", "1" * 64)),))
FRAMES = HookKeyframes((Keyframe(0.0, 0.5),))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hook-models")
    for kind in ("checkpoints", "loras"):
        (root / kind).mkdir()
    file = models.tiny_sd1(root / "checkpoints" / "tiny.safetensors", seed=4711)
    model, clip, _ = wd.load_checkpoint(file)
    tensors = kohya(model.weights, seed=3) | kohya(clip.weights, "lora_te_text_model_", seed=5)
    save_file({n: t.contiguous() for n, t in tensors.items()}, root / "loras" / "one.safetensors")
    return root


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (keyframes.create_hook_keyframe, {"prev_hook_kf": FRAMES, "start_percent": 0.5}),
        (
            keyframes.create_hook_keyframes_interpolated,
            {"strength_end": 0.0, "keyframes_count": 3},
        ),
        (keyframes.create_hook_keyframes_from_floats, {"floats_strength": [1.0, 0.5]}),
        (keyframes.set_hook_keyframes, {"hooks": ONE, "hook_kf": FRAMES}),
        (hook_sets.combine_hooks_2, {"hooks_A": ONE, "hooks_B": TWO}),
        (hook_sets.combine_hooks_4, {"hooks_D": ONE}),
        (hook_sets.combine_hooks_8, {"hooks_H": TWO}),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_hook_node_keeps_its_contract(function: Any, inputs: dict[str, Any]) -> None:
    testing.check_node(function, **inputs)


def test_keyframes_are_added_in_their_order() -> None:
    found = keyframes.create_hook_keyframe(FRAMES, strength_mult=2.0, start_percent=0.5).HOOK_KF
    assert found.frames == (Keyframe(0.0, 0.5), Keyframe(0.5, 2.0))
    more = keyframes.create_hook_keyframes_interpolated(
        Run(), found, strength_start=0.0, strength_end=1.0, keyframes_count=2, start_percent=0.2
    ).HOOK_KF
    assert [frame.start for frame in more.frames] == [0.0, 0.2, 0.5, 1.0]
    assert keyframes.set_hook_keyframes(ONE, more).hooks[0].frames == more.frames
    assert keyframes.set_hook_keyframes(ONE, None) is ONE


def test_hooks_of_two_sockets_act_together() -> None:
    assert hook_sets.combine_hooks_4(ONE, None, TWO, ONE).hooks == (*ONE.hooks, *TWO.hooks)
    assert hook_sets.combine_hooks_2() == Hooks()


def flow(*, hooked: bool, strength: float = 1.0) -> dict[str, Any]:
    """Two prompts under masks, the left one with a hook; each sees only its side."""
    document = txt2img()
    made = document["nodes"]
    made["canvas"]["inputs"] |= {"width": 128}
    made["right"] = {
        "type": "CLIPTextEncode",
        "inputs": {"clip": link("checkpoint.clip"), "text": "blue square"},
    }
    made["hook"] = {
        "type": "CreateHookLora",
        "inputs": {"lora_name": "one.safetensors", "strength_model": strength},
    }
    made["frame"] = {"type": "CreateHookKeyframe", "inputs": {"strength_mult": 0.7}}
    made["hooks"] = {
        "type": "SetHookKeyframes",
        "inputs": {"hooks": link("hook.hooks"), "hook_kf": link("frame.HOOK_KF")},
    }
    made["half"] = {"type": "SolidMask", "inputs": {"width": 64, "height": 64}}
    made["none"] = {"type": "SolidMask", "inputs": {"value": 0.0, "width": 128, "height": 64}}
    for side, x, prompt in (("left", 0, "positive"), ("other", 64, "right")):
        made[f"{side}_mask"] = {
            "type": "MaskComposite",
            "inputs": {
                "destination": link("none.mask"),
                "source": link("half.mask"),
                "x": x,
                "operation": "add",
            },
        }
        made[side] = {
            "type": "PairConditioningSetProperties",
            "inputs": {
                "positive_NEW": link(f"{prompt}.conditioning"),
                "negative_NEW": link("negative.conditioning"),
                "mask": link(f"{side}_mask.mask"),
                "set_cond_area": "mask bounds",
                **({"hooks": link("hooks.hooks")} if hooked and side == "left" else {}),
            },
        }
    made["both"] = {
        "type": "PairConditioningCombine",
        "inputs": {
            f"{kind}_{letter}": link(f"{side}.{kind}")
            for kind in ("positive", "negative")
            for letter, side in (("A", "left"), ("B", "other"))
        },
    }
    for kind in ("positive", "negative"):
        made["sample"]["inputs"][kind] = link(f"both.{kind}")
    return document


def test_workflow_with_a_hook_on_one_side_changes_that_side(folder: Path, tmp_path: Path) -> None:
    with StandardEngine(models=[folder], output=tmp_path / "out", packs=False) as engine:
        plain, hooked, off = (
            engine.run(Workflow.from_json(document), outputs=["sample.latent"])[
                "sample.latent"
            ].samples
            for document in (
                flow(hooked=False),
                flow(hooked=True),
                flow(hooked=True, strength=0.0),
            )
        )
    # Rows run in other batches, which round otherwise.
    assert plain[..., 8:].allclose(hooked[..., 8:], rtol=1e-4, atol=1e-3)
    assert not plain[..., :8].allclose(hooked[..., :8], rtol=0.1, atol=1.0)
    assert off.equal(plain)

"""Sampling nodes: parts of a schedule, parts as values, previews."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import weft
import weft.diffusion as wd
from weft import testing
from weft.diffusion.sampling.preview import COLOURS, linear_painter, preview_jpeg, tiny_painter
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import spec_of
from weft.engine.errors import FileError
from weft.engine.events import Event, NodePreview, NodeProgress
from weft.engine.files.workspace import Workspace
from weft.engine.testing import EventLog
from weft.nodes.sampling import guiders, noise, schedules, sigma_curves
from weft.nodes.sampling import samplers as custom_samplers
from weft.nodes.sampling import sigmas as custom_sigmas
from weft.nodes.sampling.ksampler import ksampler
from weft.nodes.sampling.previews import reporter
from weft.nodes.standard.folders import THIMBLE
from weft.nodes.standard.registry import standard_registry

from ... import models
from .. import flows

link = flows.link


@pytest.fixture
def engine(tiny_models: Path, tmp_path: Path) -> Any:
    """An engine on tiny models that writes into the test's folder."""
    with weft.Engine(models=[tiny_models], output=tmp_path / "out", packs=False) as made:
        yield made


def picture(engine: weft.Engine, data: dict[str, Any]) -> torch.Tensor:
    result = engine.run(weft.Workflow.from_json(data, standard_registry(packs=False)))
    found: torch.Tensor = result["picture"]
    return found


def document(**nodes: Any) -> dict[str, Any]:
    """Text to image with the sampler's node taken out and others put in; "sample" is decoded."""
    data = flows.txt2img()
    del data["nodes"]["sample"]
    data["nodes"] |= nodes
    data["interface"]["inputs"] = {"prompt": "positive.text"}
    return data


PARTS = {
    "model": link("checkpoint.model"),
    "positive": link("positive.conditioning"),
    "negative": link("negative.conditioning"),
}
USUAL = {"steps": 4, "cfg": 4.0, "sampler_name": "dpmpp_2m", "scheduler": "karras"}


def advanced(latent: str, **inputs: Any) -> dict[str, Any]:
    return {
        "type": "KSamplerAdvanced",
        "inputs": {**PARTS, "latent_image": link(latent), "noise_seed": 5, **USUAL, **inputs},
    }


def test_two_advanced_samplers_share_a_schedule(engine: weft.Engine) -> None:
    euler = {"sampler_name": "euler"}
    whole = picture(engine, flows.txt2img(**{**USUAL, **euler}))
    first = advanced("canvas.latent", end_at_step=2, return_with_leftover_noise="enable", **euler)
    second = advanced("first.latent", start_at_step=2, add_noise="disable", **euler)
    both = picture(engine, document(first=first, sample=second))
    assert torch.allclose(both, whole, atol=2e-3)


def test_advanced_sampler_over_all_steps_is_the_usual_one(engine: weft.Engine) -> None:
    whole = picture(engine, flows.txt2img(**USUAL))
    assert torch.equal(picture(engine, document(sample=advanced("canvas.latent"))), whole)


def test_advanced_sampler_that_starts_past_the_end_does_nothing(engine: weft.Engine) -> None:
    first = advanced("canvas.latent")
    after = advanced("first.latent", start_at_step=4)
    same = document(first=first, sample=after)
    assert torch.equal(picture(engine, same), picture(engine, document(sample=first)))


def custom_nodes(cfg: float = 4.0) -> dict[str, Any]:
    return {
        "noise": {"type": "RandomNoise", "inputs": {"noise_seed": 5}},
        "guider": {"type": "CFGGuider", "inputs": {**PARTS, "cfg": cfg}},
        "rule": {"type": "KSamplerSelect", "inputs": {"sampler_name": "dpmpp_2m"}},
        "levels": {
            "type": "BasicScheduler",
            "inputs": {"model": link("checkpoint.model"), "scheduler": "karras", "steps": 4},
        },
        "sample": {
            "type": "SamplerCustomAdvanced",
            "inputs": {
                "noise": link("noise.noise"),
                "guider": link("guider.guider"),
                "sampler": link("rule.sampler"),
                "sigmas": link("levels.sigmas"),
                "latent_image": link("canvas.latent"),
            },
        },
    }


def decoded(data: dict[str, Any], output: str = "output") -> dict[str, Any]:
    data["nodes"]["decode"]["inputs"]["samples"] = link(f"sample.{output}")
    return data


def test_parts_as_values_give_what_the_usual_sampler_gives(engine: weft.Engine) -> None:
    whole = picture(engine, flows.txt2img(**USUAL))
    parts = custom_nodes()
    assert torch.equal(picture(engine, decoded(document(**parts))), whole)
    parts["sample"] = {
        "type": "SamplerCustom",
        "inputs": {
            **PARTS,
            "sampler": link("rule.sampler"),
            "sigmas": link("levels.sigmas"),
            "latent_image": link("canvas.latent"),
            "noise_seed": 5,
            "cfg": 4.0,
        },
    }
    del parts["noise"], parts["guider"]
    assert torch.equal(picture(engine, decoded(document(**parts))), whole)


def test_parts_of_a_split_schedule_join(engine: weft.Engine) -> None:
    parts = custom_nodes()
    parts["rule"]["inputs"]["sampler_name"] = "euler"
    whole = picture(engine, decoded(document(**parts)))
    parts["cut"] = {"type": "SplitSigmas", "inputs": {"sigmas": link("levels.sigmas"), "step": 2}}
    parts["quiet"] = {"type": "DisableNoise"}
    last = json.loads(json.dumps(parts["sample"]))
    parts["first"] = json.loads(json.dumps(parts["sample"]))
    parts["first"]["inputs"]["sigmas"] = link("cut.high_sigmas")
    last["inputs"] |= {
        "sigmas": link("cut.low_sigmas"),
        "noise": link("quiet.noise"),
        "latent_image": link("first.output"),
    }
    parts["sample"] = last
    assert torch.allclose(picture(engine, decoded(document(**parts))), whole, atol=2e-3)


def test_comfyui_file_with_parts_is_run(engine: weft.Engine) -> None:
    comfy = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny.safetensors"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red circle", "clip": ["1", 1]}},
        "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["1", 1]}},
        "4": {
            "class_type": "EmptyLatentImage",
            "inputs": {"width": 64, "height": 64, "batch_size": 1},
        },
        "5": {"class_type": "RandomNoise", "inputs": {"noise_seed": 5}},
        "6": {
            "class_type": "CFGGuider",
            "inputs": {"model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0], "cfg": 4},
        },
        "7": {"class_type": "SamplerEulerAncestral", "inputs": {"eta": 0.5, "s_noise": 1}},
        "8": {
            "class_type": "AlignYourStepsScheduler",
            "inputs": {"model_type": "SD1", "steps": 4, "denoise": 1},
        },
        "9": {
            "class_type": "SamplerCustomAdvanced",
            "inputs": {
                "noise": ["5", 0],
                "guider": ["6", 0],
                "sampler": ["7", 0],
                "sigmas": ["8", 0],
                "latent_image": ["4", 0],
            },
        },
        "10": {"class_type": "VAEDecode", "inputs": {"samples": ["9", 1], "vae": ["1", 2]}},
        "11": {
            "class_type": "SaveImage",
            "inputs": {"filename_prefix": "ComfyUI", "images": ["10", 0]},
        },
    }
    result = engine.run(weft.Workflow.from_json(comfy, standard_registry(packs=False)))
    (artifact,) = result.artifacts
    assert flows.saved(artifact.path)[0] == (64, 64)


# --- values --------------------------------------------------------------------------------------

SAMPLERS: list[Callable[..., Any]] = [
    value
    for value in vars(custom_samplers).values()
    if callable(value) and getattr(value, "__weft_node__", None) is not None
]


@pytest.mark.parametrize("node", SAMPLERS, ids=lambda n: spec_of(n).type_id)
def test_sampler_node_names_a_rule_and_its_options(node: Callable[..., Any]) -> None:
    from weft.diffusion.sampling.sample import checked_options, sampler_named

    given = {"model": testing.value("MODEL")} if "model" in spec_of(node).parameters else {}
    choice = testing.check_node(node, **given)
    assert checked_options(sampler_named(choice.name), choice.options) == dict(choice.options)


@pytest.mark.parametrize(
    ("node", "inputs", "count"),
    [
        (sigma_curves.karras_scheduler, {"steps": 6}, 7),
        (sigma_curves.exponential_scheduler, {"steps": 6}, 7),
        (sigma_curves.polyexponential_scheduler, {"steps": 6, "rho": 2.0}, 7),
        (sigma_curves.laplace_scheduler, {"steps": 6}, 6),
        (sigma_curves.vp_scheduler, {"steps": 6}, 7),
        (schedules.align_your_steps_scheduler, {"steps": 6, "denoise": 0.5}, 4),
        (custom_sigmas.flip_sigmas, {"sigmas": wd.Schedule((2.0, 1.0, 0.0))}, 3),
        (custom_sigmas.set_first_sigma, {"sigmas": wd.Schedule((2.0, 1.0, 0.0))}, 3),
        (
            custom_sigmas.extend_intermediate_sigmas,
            {"sigmas": wd.Schedule((20.0, 15.0, 0.0)), "steps": 3},
            7,
        ),
    ],
    ids=lambda value: spec_of(value).type_id if callable(value) else "",
)
def test_schedule_node_keeps_its_contract(
    node: Callable[..., Any], inputs: dict[str, Any], count: int
) -> None:
    assert len(testing.check_node(node, **inputs).sigmas) == count


def test_schedules_of_a_model_keep_their_contract() -> None:
    model = testing.value("MODEL")
    usual = testing.check_node(schedules.basic_scheduler, model=model, steps=5, denoise=0.5)
    assert len(usual.sigmas) == 6
    assert usual.sigmas[0] < 5
    assert len(testing.check_node(schedules.basic_scheduler, model=model, denoise=0.0).sigmas) == 0
    assert len(testing.check_node(schedules.beta_sampling_scheduler, model=model).sigmas) > 15
    turbo = testing.check_node(schedules.sd_turbo_scheduler, model=model, steps=2)
    assert len(turbo.sigmas) == 3
    at = custom_sigmas.sampling_percent_to_sigma
    assert at(model, sampling_percent=0.0).sigma_value > 1e8
    actual = at(model, sampling_percent=0.0, return_actual_sigma=True).sigma_value
    assert actual == pytest.approx(14.6146, abs=1e-3)


@pytest.mark.parametrize(("denoise", "cut"), [(1.0, 0), (0.5, 2), (0.25, 3), (0.0, 4)])
def test_schedule_is_cut_by_share(denoise: float, cut: int) -> None:
    levels = wd.Schedule((16.0, 8.0, 4.0, 2.0, 0.0))
    high, low = testing.check_node(
        custom_sigmas.split_sigmas_denoise, sigmas=levels, denoise=denoise
    )
    assert high.sigmas == levels.sigmas[: cut + 1]
    assert low.sigmas == levels.sigmas[cut:]


def test_noise_and_guiders_keep_their_contract() -> None:
    model, prompt = testing.value("MODEL"), testing.conditioning()
    assert testing.check_node(noise.random_noise, noise_seed=3).seed == 3
    assert not testing.check_node(noise.disable_noise).initial
    testing.check_node(guiders.basic_guider, model=model, conditioning=prompt)
    dual = testing.check_node(
        guiders.dual_cfg_guider,
        model=model,
        cond1=prompt,
        cond2=prompt,
        negative=prompt,
        cfg_conds=2.0,
        cfg_cond2_negative=3.0,
        style="nested",
    )
    assert (dual.cfg, dual.cfg_middle, dual.nested) == (2.0, 3.0, True)
    perp = guiders.perp_neg_guider(model, prompt, prompt, prompt, neg_scale=0.5)
    assert perp.model.guidance[0].scale == 0.5
    testing.check_node(
        noise.add_noise,
        model=model,
        noise=wd.NoiseSource(1),
        sigmas=wd.Schedule((2.0,)),
        latent_image=testing.latent(),
    )


# --- previews ------------------------------------------------------------------------------------


def previews_of(engine: weft.Engine, steps: int) -> tuple[list[NodePreview], int]:
    log = EventLog()
    engine.run(weft.Workflow.from_json(flows.txt2img(steps=steps)), on_event=log)
    progress = [e for e in log.events if isinstance(e, NodeProgress) and e.node == "sample"]
    return [e for e in log.events if isinstance(e, NodePreview)], len(progress)


def test_sampling_shows_the_unfinished_picture_at_a_bounded_rate(
    engine: weft.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("weft.nodes.sampling.previews.INTERVAL", 3600.0)
    (shown,), steps = previews_of(engine, 6)
    assert steps == 6
    assert (shown.node, shown.media_type) == ("sample", "image/jpeg")
    with Image.open(io.BytesIO(shown.image)) as opened:
        assert (opened.format, opened.size) == ("JPEG", (32, 32))
    monkeypatch.setattr("weft.nodes.sampling.previews.INTERVAL", 0.0)
    shown_all, _ = previews_of(engine, 5)
    assert len(shown_all) == 4  # the last step is the picture itself


def test_previews_can_be_turned_off(engine: weft.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_PREVIEW", "off")
    assert previews_of(engine, 3) == ([], 3)


def test_unknown_way_of_previews_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_PREVIEW", "fancy")
    events: list[Event] = []
    with pytest.raises(FileError, match="WEFT_PREVIEW"):
        reporter(Run(emit=events.append), testing.value("MODEL"))


def test_nobody_listening_paints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any) -> None:
        raise AssertionError("painted for nobody")

    monkeypatch.setattr("weft.diffusion.sampling.preview.preview_jpeg", forbidden)
    model, prompt = testing.value("MODEL"), testing.conditioning(256)
    width = model.weights.config["cross_attention_dim"]
    prompt = testing.conditioning(width)
    result = ksampler(Run(), model, prompt, prompt, testing.latent(), steps=2, cfg=1.0)
    assert result.samples.shape == (1, 4, 8, 8)


def test_linear_map_of_thimble_shows_its_colours() -> None:
    """What the map makes of an encoded picture is close to the picture, made small."""
    model, _, vae = wd.load_checkpoint(THIMBLE / "checkpoints" / "thimble.safetensors")
    image = torch.zeros(1, 128, 128, 3)
    image[..., 2] = 0.7
    image[:, 40:88, 40:88] = torch.tensor([0.8, 0.1, 0.1])
    painter = linear_painter(model)
    assert painter is not None
    shown = painter(wd.encode_image(vae, image).samples)
    assert shown.shape == (16, 16, 3)
    small = image[0].reshape(16, 8, 16, 8, 3).mean((1, 3))
    assert float((shown - small).abs().mean()) < 0.12
    assert shown[8, 8, 0] > 0.5 > shown[8, 8, 2]
    assert shown[1, 1, 2] > 0.5 > shown[1, 1, 0]


def test_maps_have_a_row_for_every_channel() -> None:
    from weft.diffusion.vae import format as latent_format

    spaces = (latent_format.SD1, latent_format.SDXL, latent_format.SD3, latent_format.FLUX)
    assert {s.name: len(COLOURS[s.name].factors) for s in spaces} == {
        s.name: s.channels for s in spaces
    }


def test_broken_map_beside_a_checkpoint_is_told(tmp_path: Path) -> None:
    path = models.tiny_sd1(tmp_path / "odd.safetensors", seed=77)
    path.with_suffix(".latent_rgb.json").write_text('{"factors": [[1, 2, 3]], "bias": [0, 0, 0]}')
    with pytest.raises(wd.ModelError, match=r"odd\.latent_rgb\.json"):
        linear_painter(wd.load_checkpoint(path)[0])


def tiny_decoder() -> Any:
    from diffusers.models.autoencoders.vae import DecoderTiny

    torch.manual_seed(0)
    return DecoderTiny(4, 3, (3, 3, 3, 1), (64,) * 4, 2, "relu", "nearest").eval()


def taesd_layout(network: Any) -> dict[str, torch.Tensor]:
    """TAESD's own names: the layers counted with the clamp in front."""
    named = {}
    for name, tensor in network.state_dict().items():
        _, number, *rest = name.split(".")
        named[".".join([str(int(number) + 1), *rest])] = tensor.clone()
    return named


def test_tiny_decoder_is_read_in_its_own_layout_and_found(tmp_path: Path) -> None:
    network = tiny_decoder()
    folder = tmp_path / "vae_approx"
    folder.mkdir()
    save_file(taesd_layout(network), folder / "taesd_decoder.safetensors")
    save_file(models.tiny_unet().state_dict(), tmp_path / "alone.safetensors")
    model = wd.load_model(tmp_path / "alone.safetensors")
    samples = testing.latent().samples
    shown = tiny_painter(folder / "taesd_decoder.safetensors", model)(samples)
    with torch.no_grad():
        wanted = ((network(samples * 0.18215)[0].movedim(0, -1) + 1) / 2).clamp(0, 1)
    assert shown.shape == (64, 64, 3)
    assert torch.allclose(shown, wanted, atol=1e-5)

    events: list[Event] = []
    run = Run(workspace=Workspace(models=[tmp_path]), emit=events.append)
    reporter(run, model)(wd.StepInfo(1, 3, 5.0, samples))
    (shown_event,) = [e for e in events if isinstance(e, NodePreview)]
    with Image.open(io.BytesIO(shown_event.image)) as opened:
        assert opened.size == (256, 256)


@pytest.mark.parametrize("broken", ["text", "other"])
def test_file_that_is_no_tiny_decoder_is_told(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "taesd_decoder.safetensors"
    if broken == "text":
        path.write_text("no tensors")
    else:
        save_file({"1.weight": torch.zeros(64, 16, 3, 3)}, path)
    with pytest.raises(wd.ModelError, match="tiny decoder"):
        tiny_painter(path, testing.value("MODEL"))


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((16, 16), (64, 64)),
        ((64, 128), (512, 256)),
        ((300, 200), (200, 300)),
        ((1024, 2048), (512, 256)),
    ],
)
def test_previews_are_of_bounded_size(shape: tuple[int, int], size: tuple[int, int]) -> None:
    with Image.open(io.BytesIO(preview_jpeg(torch.rand(*shape, 3)))) as opened:
        assert opened.size == size

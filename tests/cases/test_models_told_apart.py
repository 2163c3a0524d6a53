"""Model files are called by their right name, and by one name only."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import weft.diffusion as wd
from tests.cases.places import SHARED, case
from tests.model_headers import HEADERS, PUBLISHED, Shapes
from weft.cli.main import main
from weft.diffusion.networks import KINDS
from weft.diffusion.networks.identify import claims, identify
from weft.diffusion.networks.identity import wrong_kind
from weft.diffusion.networks.names import Names
from weft.diffusion.patches.lora.file import load_lora

THIMBLE = Path(wd.__file__).parent / "thimble"
KEYS = SHARED.parent / "weights" / "keys"
UNET = "model.diffusion_model."

NOT_YET = {name for name, kind in KINDS.items() if not kind.usable}


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_published_layout_has_its_kind(name: str) -> None:
    shapes, expected = PUBLISHED[name]
    found = identify(shapes)
    assert (found.kind, found.family, found.variant) == expected
    assert len(claims(Names(shapes))) == 1
    assert found.words().endswith("known, not usable yet") == (found.kind in NOT_YET)


def test_every_kind_that_is_not_usable_has_words_and_a_layout() -> None:
    # No published file names these; what leads to them is tested below, or is a rest.
    rest = {"coadapter_fuser", "motion_unet", "ip_adapter_other", "iclight", "unet_offset"}
    assert NOT_YET - rest == {expected[0] for _, expected in PUBLISHED.values()} & NOT_YET


def test_file_with_the_marks_of_two_kinds_is_called_so() -> None:
    both = PUBLISHED["PuLID"][0] | PUBLISHED["LLLite SDXL"][0]
    assert len(claims(Names(both))) == 2
    assert identify(both).kind == "ambiguous"


@pytest.mark.skipif(not KEYS.is_dir(), reason="the lists of published tensor names are not at hand")
@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("flux*.json", "lora"),
        ("sd_LoRA*.json", "lora"),
        ("sd_ControlNet*.json", "controlnet"),
        ("sd_UNET*.json", "unet"),
        ("sd_VAE*.json", "vae"),
        ("sd_CLIP*.json", "text_encoder"),
    ],
)
def test_published_names_are_claimed_once(pattern: str, kind: str) -> None:
    files = sorted(KEYS.glob(pattern))
    assert files
    for file in files:
        told = json.loads(file.read_text())
        shapes = {name: tuple(4 if n < 0 else n for n in shape) for name, shape in told.items()}
        assert len(claims(Names(shapes))) == 1, file.name
        assert identify(shapes).kind == kind, file.name


def _shapes(module: torch.nn.Module) -> Shapes:
    return {name: tuple(t.shape) for name, t in module.state_dict().items()}


def _xs() -> Any:
    from diffusers import ControlNetXSAdapter

    return ControlNetXSAdapter(
        conditioning_embedding_out_channels=(8, 8),
        block_out_channels=(4, 8),
        base_block_out_channels=(32, 32),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        cross_attention_dim=768,
        num_attention_heads=2,
        max_norm_num_groups=4,
    )


def _sparse() -> Any:
    from diffusers import SparseControlNetModel

    return SparseControlNetModel(
        in_channels=4,
        conditioning_channels=4,
        block_out_channels=(8, 8),
        down_block_types=("CrossAttnDownBlockMotion", "DownBlockMotion"),
        cross_attention_dim=768,
        attention_head_dim=4,
        norm_num_groups=4,
        conditioning_embedding_out_channels=(8, 8),
        motion_num_attention_heads=2,
    )


def _motion() -> Any:
    from diffusers import MotionAdapter

    return MotionAdapter(
        block_out_channels=(8, 8, 8, 8), motion_num_attention_heads=2, motion_norm_num_groups=4
    )


@pytest.mark.parametrize(
    ("make", "kind", "family"),
    [
        (_xs, "controlnet_xs", "sd1"),
        (_sparse, "sparse_ctrl", "sd1"),
        (_motion, "motion_module", "sd1"),
    ],
)
def test_network_as_diffusers_writes_it_has_its_kind(
    make: Callable[[], Any], kind: str, family: str
) -> None:
    shapes = _shapes(make())
    (found,) = claims(Names(shapes))
    assert (found.kind, found.family) == (kind, family)
    assert identify(shapes) == found


# --- IC-Light ---


def _light(path: Path, channels: int, names: str, dtype: torch.dtype, scale: float = 0.01) -> Path:
    """Offset weights made from thimble's UNet, as `rows/iclight-like` says."""
    whole = load_file(THIMBLE / "checkpoints" / "thimble.safetensors")
    if names == "ldm":
        unet = {n.removeprefix(UNET): t for n, t in whole.items() if n.startswith(UNET)}
        first = "input_blocks.0.0.weight"
    else:
        model, _, _ = wd.load_checkpoint(THIMBLE / "checkpoints" / "thimble.safetensors")
        unet, first = dict(model.weights.module.state_dict()), "conv_in.weight"
    conv = unet[first]
    wide = torch.zeros(conv.shape[0], channels, *conv.shape[2:])
    wide[:, :4] = conv
    tensors = {n: (t * scale).to(dtype).contiguous() for n, t in {**unet, first: wide}.items()}
    save_file(tensors, path)
    return path


LOADERS: dict[str, Callable[[Path], object]] = {
    "checkpoint": wd.load_checkpoint,
    "model": wd.load_model,
    "clip": lambda path: wd.load_clip([path]),
    "vae": wd.load_vae,
    "controlnet": wd.load_controlnet,
    "clip vision": wd.load_clip_vision,
    "style model": wd.load_style_model,
    "gligen": wd.load_gligen,
    "unclip": wd.load_unclip,
    "lora": load_lora,
}


@pytest.mark.parametrize("loader", sorted(LOADERS))
def test_every_loader_refuses_iclight_by_its_name(tmp_path: Path, loader: str) -> None:
    path = _light(tmp_path / "a.safetensors", 8, "diffusers", torch.float16)
    with pytest.raises(wd.ModelError) as caught:
        LOADERS[loader](path)
    assert "IC-Light offset weights (SD1.x foreground (fc)): known, not usable yet" in str(
        caught.value
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize(
    ("channels", "kind"), [(8, "iclight"), (12, "iclight"), (4, "unet_offset")]
)
@pytest.mark.parametrize("names", ["ldm", "diffusers"])
def test_inspect_calls_offset_weights_by_their_name(
    tmp_path: Path, dtype: torch.dtype, channels: int, kind: str, names: str
) -> None:
    path = _light(tmp_path / "a.safetensors", channels, names, dtype)
    assert wd.inspect_file(path).kind == kind


@pytest.mark.parametrize("names", ["ldm", "diffusers"])
def test_network_of_eight_channels_stays_an_edit_model(tmp_path: Path, names: str) -> None:
    path = _light(tmp_path / "a.safetensors", 8, names, torch.float16, scale=1.0)
    report = wd.inspect_file(path)
    assert (report.kind, report.words) == (
        "unet",
        "a denoising network alone (SD1.x InstructPix2Pix)",
    )


def test_workflow_of_the_case_refuses_the_offset_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "models" / "diffusion_models"
    folder.mkdir(parents=True)
    _light(folder / "iclight_like_fc.safetensors", 8, "diffusers", torch.float32)
    workflow = case("rows/iclight-like/icwf.json")
    options = ["--models", str(tmp_path / "models"), "--out", str(tmp_path / "out")]
    assert main(["run", str(workflow), *options]) != 0
    assert "IC-Light offset weights" in capsys.readouterr().err
    assert not list((tmp_path / "out").glob("*.png"))


def test_models_inspect_says_what_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shapes, _ = PUBLISHED["FaceID SD1"]
    save_file(
        {name: torch.zeros(shape) for name, shape in shapes.items()}, tmp_path / "f.safetensors"
    )
    assert main(["models", "inspect", str(tmp_path / "f.safetensors")]) == 0
    out = capsys.readouterr().out
    assert "an IP-Adapter FaceID (SD1.x): known, not usable yet" in out


def test_pickled_ip_adapter_converts_into_its_kind(tmp_path: Path) -> None:
    """Files of IP-Adapters hold two dictionaries of tensors, one in the other."""
    from weft.diffusion.files.convert.model import convert_model

    shapes, _ = PUBLISHED["InstantID"]
    nested: dict[str, dict[str, torch.Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    for name, shape in shapes.items():
        part, _, rest = name.partition(".")
        nested[part][rest] = torch.zeros(shape)
    torch.save(nested, tmp_path / "ip-adapter.bin")
    convert_model(tmp_path / "ip-adapter.bin", tmp_path / "ip-adapter.safetensors")
    report = wd.inspect_file(tmp_path / "ip-adapter.safetensors")
    assert (report.kind, report.family, report.tensors) == ("instantid", "sdxl", len(shapes))


@pytest.mark.parametrize(("width", "family"), [(768, "sd1"), (1024, "sd2"), (1280, "unknown")])
def test_embedding_is_told_by_its_width(width: int, family: str) -> None:
    assert identify({"emb_params": (4, width)}).family == family


@pytest.mark.parametrize(("width", "family"), [(768, "sd1"), (1024, "sd2")])
def test_lora_of_a_text_encoder_alone_is_told_by_its_width(width: int, family: str) -> None:
    stem = "lora_te_text_model_encoder_layers_0_self_attn_q_proj"
    shapes = {f"{stem}.lora_down.weight": (4, width), f"{stem}.lora_up.weight": (width, 4)}
    assert identify(shapes).family == family


def _small(name: str) -> bool:
    """Whether a file of the header is small with one byte a number."""
    return sum(math.prod(shape) for shape in HEADERS[name][0].values()) < 2**23


UNUSABLE = sorted(name for name, (_, kind) in HEADERS.items() if kind in NOT_YET)


@pytest.mark.parametrize("name", UNUSABLE)
def test_refusal_of_a_kind_that_is_not_usable_names_it(name: str) -> None:
    shapes, kind = HEADERS[name]
    for wanted in ("checkpoint", "controlnet", "ip_adapter", "lora"):
        error = wrong_kind("x.safetensors", identify(shapes), wanted)
        assert KINDS[kind].words in error.message
        assert error.got is not None and error.got.endswith("known, not usable yet")


@pytest.mark.parametrize("loader", ["controlnet", "lora", "model"])
@pytest.mark.parametrize("name", [name for name in UNUSABLE if _small(name)])
def test_loader_refuses_a_kind_that_is_not_usable_by_its_name(
    tmp_path: Path, name: str, loader: str
) -> None:
    shapes, kind = HEADERS[name]
    tensors = {key: torch.zeros(shape, dtype=torch.uint8) for key, shape in shapes.items()}
    save_file(tensors, tmp_path / "x.safetensors")
    with pytest.raises(wd.ModelError) as caught:
        LOADERS[loader](tmp_path / "x.safetensors")
    assert caught.value.code == "model.wrong_kind"
    assert KINDS[kind].words in caught.value.message

"""Opening model files."""

from __future__ import annotations

import copy
import gc
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.files.saving import save_tensors
from weft.diffusion.weights.handle import SHARED

from ... import models


def refused(call: Callable[[], Any]) -> wd.ModelError:
    with pytest.raises(wd.ModelError) as caught:
        call()
    return caught.value


def test_same_file_twice_shares_one_module(checkpoint: Path, opened: Any) -> None:
    again = wd.load_checkpoint(checkpoint)
    assert again == opened
    assert again[0].weights is opened[0].weights
    assert again[0].weights.module is opened[0].weights.module


def test_same_content_under_another_name_shares_one_module(
    checkpoint: Path, opened: Any, tmp_path: Path
) -> None:
    other = tmp_path / "copy.safetensors"
    other.write_bytes(checkpoint.read_bytes())
    assert wd.load_checkpoint(other)[0].weights is opened[0].weights


def test_parts_of_one_file_share_the_digest_but_are_not_equal(opened: Any) -> None:
    model, clip, vae = opened
    assert model.weights.content_digest == clip.weights.content_digest
    assert len({model.weights, clip.weights, vae.weights}) == 3


def test_copies_of_a_description_share_the_weights(opened: Any) -> None:
    assert copy.deepcopy(opened[0]).weights is opened[0].weights
    assert copy.copy(opened[0].weights) is opened[0].weights


def test_weights_nobody_holds_are_forgotten(tmp_path: Path) -> None:
    opened = wd.load_checkpoint(models.tiny_sd1(tmp_path / "x.safetensors", seed=77))
    digest = opened[0].weights.content_digest
    del opened
    gc.collect()
    assert all(weights.content_digest != digest for weights in SHARED.alive())


def test_loading_reads_no_tensor_before_first_use(tmp_path: Path) -> None:
    model, _, _ = wd.load_checkpoint(models.tiny_sd1(tmp_path / "x.safetensors", seed=5))
    assert not model.weights.loaded
    assert model.weights.module is model.weights.module
    assert model.weights.loaded
    model.weights.unload()
    assert not model.weights.loaded


def test_half_file_is_computed_in_float32_on_the_cpu(tmp_path: Path) -> None:
    model, _, _ = wd.load_checkpoint(models.tiny_sd1(tmp_path / "x.safetensors", half=True))
    reference = models.tiny_unet(seed=0).state_dict()
    for name, tensor in model.weights.module.state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, reference[name].half().float())


def test_file_changed_before_first_use_is_refused(tmp_path: Path) -> None:
    path = models.tiny_sd1(tmp_path / "x.safetensors", seed=6)
    model, _, _ = wd.load_checkpoint(path)
    models.tiny_sd1(path, seed=7)
    assert refused(lambda: model.weights.module).code == "model.file_changed"


def test_wrong_kind_names_both_kinds(checkpoint: Path, folder: Path, tmp_path: Path) -> None:
    control = models.tiny_controlnet(tmp_path / "c.safetensors")
    error = refused(lambda: wd.load_checkpoint(control))
    assert error.code == "model.wrong_kind"
    assert "a full checkpoint" in str(error)
    assert "a ControlNet" in str(error)
    for load in (wd.load_controlnet, wd.load_clip_vision):
        assert refused(lambda load=load: load(checkpoint)).code == "model.wrong_kind"
    assert refused(lambda: wd.load_vae(control)).code == "model.wrong_kind"


def test_network_of_no_known_family_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_tensors(path, {"model.diffusion_model.strange.weight": torch.zeros(1)})
    error = refused(lambda: wd.load_checkpoint(path))
    assert (error.code, error.got) == ("model.wrong_kind", "a network that weft does not know")


def test_checkpoint_with_a_missing_tensor_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    tensors = load_file(checkpoint)
    del tensors["model.diffusion_model.out.2.bias"]
    save_tensors(tmp_path / "x.safetensors", tensors)
    model, _, _ = wd.load_checkpoint(tmp_path / "x.safetensors")
    error = refused(lambda: model.weights.module)
    assert error.code == "model.tensors_do_not_fit"
    assert "conv_out.bias" in error.message


def test_checkpoint_whose_text_width_differs_from_the_unet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    wd.save_checkpoint(
        path,
        models.tiny_unet(context=32).state_dict(),
        models.tiny_vae().state_dict(),
        models.tiny_text_encoder().state_dict(),
    )
    assert refused(lambda: wd.load_checkpoint(path)).code == "model.widths_do_not_fit"


def diffusers_folder(folder: Path) -> Path:
    models.tiny_unet(seed=0).save_pretrained(folder / "unet")
    models.tiny_vae(seed=1).save_pretrained(folder / "vae")
    models.tiny_text_encoder(seed=2).save_pretrained(folder / "text_encoder")
    (folder / "model_index.json").write_text("{}")
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer" / "tokenizer.json").write_text(models.word_tokenizer())
    return folder


def test_diffusers_folder_gives_the_same_networks_as_the_single_file(
    opened: Any, tmp_path: Path
) -> None:
    from_folder = wd.load_checkpoint(diffusers_folder(tmp_path))
    for ours, other in zip(opened, from_folder, strict=True):
        left, right = ours.weights.module.state_dict(), other.weights.module.state_dict()
        assert left.keys() == right.keys()
        assert all(torch.equal(left[name], right[name]) for name in left)
    tokens = wd.encode_text(from_folder[1], "red").entries[0].tokens
    assert torch.equal(tokens, wd.encode_text(opened[1], "red").entries[0].tokens)


def test_diffusers_folder_with_v_prediction_is_sampled_so(tmp_path: Path) -> None:
    from weft.diffusion.families import sampling_of

    folder = diffusers_folder(tmp_path)
    (folder / "scheduler").mkdir()
    config = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(config))
    found = sampling_of(wd.load_checkpoint(folder)[0])
    assert (found.prediction, found.zero_snr) == ("v_prediction", True)


def test_diffusers_folder_with_another_latent_scale_is_refused(tmp_path: Path) -> None:
    folder = diffusers_folder(tmp_path)
    config = json.loads((folder / "vae" / "config.json").read_text())
    (folder / "vae" / "config.json").write_text(json.dumps(config | {"scaling_factor": 0.5}))
    error = refused(lambda: wd.load_checkpoint(folder))
    assert (error.code, error.got) == ("model.unsupported_family", "0.5")


def test_diffusers_folder_with_a_damaged_config_is_refused(tmp_path: Path) -> None:
    folder = diffusers_folder(tmp_path)
    (folder / "vae" / "config.json").write_text("{")
    assert refused(lambda: wd.load_checkpoint(folder)).code == "model.bad_config"


def test_folder_without_index_is_refused(tmp_path: Path) -> None:
    assert refused(lambda: wd.load_checkpoint(tmp_path)).code == "model.not_a_model_folder"


def test_vae_alone_loads_from_ldm_and_diffusers_names(tmp_path: Path) -> None:
    from weft.diffusion.formats.ldm import to_ldm

    state = models.tiny_vae(seed=1).state_dict()
    save_tensors(tmp_path / "d.safetensors", state)
    save_tensors(tmp_path / "l.safetensors", to_ldm("vae", state))
    for name in ("d.safetensors", "l.safetensors"):
        loaded = wd.load_vae(tmp_path / name).weights.module.state_dict()
        assert all(torch.equal(loaded[key], state[key]) for key in state)


def test_controlnet_loads_from_diffusers_names_and_without_prefix(tmp_path: Path) -> None:
    from weft.diffusion.formats.ldm import to_ldm

    state = models.tiny_controlnet_model(seed=9).state_dict()
    save_tensors(tmp_path / "d.safetensors", state)
    save_tensors(tmp_path / "l.safetensors", to_ldm("controlnet", state))
    for name in ("d.safetensors", "l.safetensors"):
        loaded = wd.load_controlnet(tmp_path / name).weights.module.state_dict()
        assert all(torch.equal(loaded[key], state[key]) for key in state)


def test_ip_adapter_for_another_image_encoder_is_refused(
    vision: wd.ClipVision, tmp_path: Path
) -> None:
    projection, attention = models.tiny_ip_adapter_tensors()
    projection["proj.weight"] = torch.zeros(4 * models.CONTEXT, 48)
    wd.save_ip_adapter(tmp_path / "x", projection, attention)
    error = refused(lambda: wd.load_ip_adapter(tmp_path / "x", vision))
    assert error.code == "model.widths_do_not_fit"


def test_ip_adapter_plus_layout_is_refused_by_name(vision: wd.ClipVision, tmp_path: Path) -> None:
    shapes = {
        "image_proj.latents": (1, 16, 768),
        "image_proj.proj_in.weight": (768, 1280),
        "ip_adapter.1.to_k_ip.weight": (320, 768),
    }
    save_tensors(tmp_path / "x", {name: torch.zeros(shape) for name, shape in shapes.items()})
    error = refused(lambda: wd.load_ip_adapter(tmp_path / "x", vision))
    assert error.code == "model.wrong_kind"
    assert error.got == "an IP-Adapter Plus (SD1.x): known, not usable yet"


def test_save_failing_half_way_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import safetensors.torch

    path = tmp_path / "x.safetensors"
    path.write_bytes(b"old")

    def fail(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(safetensors.torch, "save_file", fail)
    with pytest.raises(OSError, match="disk full"):
        save_tensors(path, {"a": torch.zeros(1)})
    assert [file.name for file in tmp_path.iterdir()] == ["x.safetensors"]
    assert path.read_bytes() == b"old"


def narrow_vae(groups: int) -> Any:
    from diffusers import AutoencoderKL

    torch.manual_seed(0)
    return AutoencoderKL(
        block_out_channels=(16, 16, 32, 32),
        layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=groups,
    ).eval()


def test_vae_with_fewer_norm_groups_is_read_as_its_header_says(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    reference = narrow_vae(4)
    metadata = {"config": json.dumps({"vae": {"norm_num_groups": 4}})}
    save_tensors(path, reference.state_dict(), metadata)
    latents = torch.randn(1, 4, 2, 2)
    with torch.no_grad():
        expected = (reference.decode(latents).sample / 2 + 0.5).clamp(0, 1).movedim(1, -1)
    got = wd.decode_latent(wd.load_vae(path), wd.Latent(latents))
    assert torch.allclose(got, expected, atol=1e-6)


def test_vae_too_narrow_for_its_norm_groups_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_tensors(path, narrow_vae(4).state_dict())
    error = refused(lambda: wd.load_vae(path))
    assert error.code == "model.unsupported_layout"
    assert error.hint is not None
    assert "config" in error.hint


def test_header_that_states_another_convention_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    metadata = {"config": json.dumps({"controlnet": {"cross_attention_dim": 4}})}
    wd.save_controlnet(path, models.tiny_controlnet_model().state_dict(), metadata)
    assert refused(lambda: wd.load_controlnet(path)).code == "model.unsupported_layout"


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        "{}",
        '{"vae": 3}',
        '{"vae": {"other": 1, "block_out_channels": [32, 32, 32, 32]}}',
    ],
)
def test_header_config_of_other_tools_is_passed_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.safetensors"
    save_tensors(path, models.tiny_vae().state_dict(), {"config": text})
    assert wd.load_vae(path).weights.config["norm_num_groups"] == 32

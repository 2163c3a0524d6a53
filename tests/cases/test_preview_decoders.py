"""Published preview decoders serve the latent spaces that they were made for, and no other."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import weft.diffusion as wd
from tests import models
from tests.cases.places import SHARED
from weft import testing
from weft.diffusion.sampling.preview import (
    COLOURS,
    linear_painter,
    tiny_decoder_names,
    tiny_painter,
)
from weft.diffusion.vae.format import SDXL
from weft.engine.declaration.context import Run
from weft.engine.events import Event, NodePreview
from weft.engine.files.workspace import Workspace
from weft.nodes.sampling.previews import reporter

THIMBLE = Path(wd.__file__).parent / "thimble" / "checkpoints" / "thimble.safetensors"
PUBLISHED = SHARED.parent / "weights" / "taesd"
NAMES = ("taesd_decoder.safetensors", "taesdxl_decoder.safetensors")


def tiny_decoder() -> Any:
    from diffusers.models.autoencoders.vae import DecoderTiny

    torch.manual_seed(0)
    return DecoderTiny(4, 3, (3, 3, 3, 1), (64,) * 4, 2, "relu", "nearest").eval()


def diffusion_model(path: Path, family: str = "sd1") -> Any:
    """A diffusion model whose file holds no VAE."""
    save_file(models.tiny_unet().state_dict(), path)
    return replace(wd.load_model(path), family=family)


def scene() -> torch.Tensor:
    image = torch.zeros(1, 128, 128, 3)
    image[..., 2] = 0.7
    image[:, 40:88, 40:88] = torch.tensor([0.8, 0.1, 0.1])
    return image


def shown(model: Any, samples: torch.Tensor, folder: Path) -> np.ndarray[Any, Any]:
    """The preview that a sampling node would send, at 1/8 of the pixels."""
    events: list[Event] = []
    run = Run(workspace=Workspace(models=[folder]), emit=events.append)
    reporter(run, model)(wd.StepInfo(1, 3, 5.0, samples))
    (event,) = [e for e in events if isinstance(e, NodePreview)]
    with Image.open(io.BytesIO(event.image)) as opened:
        small = opened.convert("RGB").resize((16, 16), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / 255


@pytest.mark.parametrize("origin", ["random", "published"])
def test_published_decoder_leaves_thimbles_own_map_in_place(tmp_path: Path, origin: str) -> None:
    folder = tmp_path / "vae_approx"
    folder.mkdir()
    if origin == "random":
        save_file(tiny_decoder().state_dict(), folder / NAMES[0])
    elif PUBLISHED.is_dir():
        shutil.copy(PUBLISHED / NAMES[0], folder)
    else:
        pytest.skip("the published decoder is not at hand")
    model, _, vae = wd.load_checkpoint(THIMBLE)
    image = scene()
    preview = shown(model, wd.encode_image(vae, image).samples, tmp_path)
    small = image[0].reshape(16, 8, 16, 8, 3).mean((1, 3)).numpy()
    assert tiny_decoder_names(model) == ()
    assert abs(preview - small).mean() < 0.12  # 0.3 with the published decoder


def test_model_with_a_vae_of_another_size_gets_no_published_decoder(tmp_path: Path) -> None:
    model, _, _ = wd.load_checkpoint(models.tiny_sd1(tmp_path / "small.safetensors", seed=5))
    assert tiny_decoder_names(model) == ()
    assert linear_painter(model) is not None


def test_diffusion_model_alone_gets_the_decoder_of_its_familys_space(tmp_path: Path) -> None:
    model = diffusion_model(tmp_path / "alone.safetensors")
    wanted = {"sd1": "taesd", "sdxl": "taesdxl", "sd3": "taesd3", "flux": "taef1"}
    for family, name in wanted.items():
        other = replace(model, family=family)
        assert tiny_decoder_names(other)[0] == f"{name}_decoder.safetensors"


def test_decoder_for_other_channels_is_refused(tmp_path: Path) -> None:
    save_file(tiny_decoder().state_dict(), tmp_path / "taesd3_decoder.safetensors")
    model = replace(testing.value("MODEL"), family="sd3")
    with pytest.raises(wd.ModelError) as caught:
        tiny_painter(tmp_path / "taesd3_decoder.safetensors", model)
    assert caught.value.expected == "a tiny decoder for 16 channels"


def test_playground_is_painted_from_sdxls_own_scale(tmp_path: Path) -> None:
    """Playground scales the latents of SDXL's VAE in another way than SDXL's decoder expects."""
    network = tiny_decoder()
    save_file(network.state_dict(), tmp_path / NAMES[1])
    model = diffusion_model(tmp_path / "alone.safetensors", "playground")
    samples = testing.latent().samples
    with torch.no_grad():
        wanted = ((network(samples * SDXL.scale)[0].movedim(0, -1) + 1) / 2).clamp(0, 1)
    torch.testing.assert_close(tiny_painter(tmp_path / NAMES[1], model)(samples), wanted)
    colours = COLOURS["sdxl"]
    rgb = (samples * SDXL.scale)[0].movedim(0, -1) @ torch.tensor(colours.factors)
    painter = linear_painter(model)
    assert painter is not None
    torch.testing.assert_close(
        painter(samples), ((rgb + torch.tensor(colours.bias) + 1) / 2).clamp(0, 1)
    )

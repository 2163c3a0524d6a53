"""Small, reproducible values of every socket type, for tests of nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft.diffusion.latents.operations import Tonemap
from weft.diffusion.types import (
    Conditioning,
    ConditioningEntry,
    Guider,
    ImageEmbeds,
    Latent,
    NoiseSource,
    SamplerChoice,
    Schedule,
    TimestepRange,
)
from weft.diffusion.types.hooks import HookKeyframes, Hooks, Keyframe
from weft.engine.errors import FileError, NodeError

if TYPE_CHECKING:
    from torch import Tensor


def image(batch: int = 1, height: int = 48, width: int = 64, *, seed: int = 0) -> Tensor:
    """Images with gradients, an edge and some grain.

    Args:
        batch: Number of images; they differ.
        height: Pixels.
        width: Pixels.
        seed: Of the grain.

    Returns:
        (batch, height, width, 3) float32 in [0, 1].
    """
    import torch

    grain = torch.rand(batch, height, width, 3, generator=torch.Generator().manual_seed(seed)) / 10
    picture = grain
    picture[..., 0] += torch.linspace(0, 0.8, width)
    picture[..., 1] += torch.linspace(0, 0.8, height)[:, None]
    picture[:, height // 4 : height - height // 4, width // 4 : width - width // 4, 2] += 0.8
    return picture


def mask(batch: int = 1, height: int = 48, width: int = 64) -> Tensor:
    """Masks that select a rectangle with a soft left edge.

    Args:
        batch: Number of masks.
        height: Pixels.
        width: Pixels.

    Returns:
        (batch, height, width) float32 in [0, 1].
    """
    import torch

    found = torch.zeros(batch, height, width)
    found[:, height // 4 : height - height // 4, width // 4 :] = 1
    found[:, :, width // 4] /= 2
    return found


def latent(batch: int = 1, height: int = 8, width: int = 8, *, seed: int = 0) -> Latent:
    """Noise in the space of Stable Diffusion's VAE.

    Args:
        batch: Number of images.
        height: Of the latent; pixels / 8.
        width: Of the latent; pixels / 8.
        seed: Of the noise.

    Returns:
        (batch, 4, height, width) float32.
    """
    import torch

    return Latent(
        torch.randn(batch, 4, height, width, generator=torch.Generator().manual_seed(seed))
    )


def conditioning(width: int = 768, *, seed: int = 0) -> Conditioning:
    """Conditioning with random embeddings.

    Args:
        width: Of the embeddings; a model that uses them must have the same.
        seed: Of the numbers.

    Returns:
        One entry with tokens (1, 77, width) float32.
    """
    import torch

    tokens = torch.randn(1, 77, width, generator=torch.Generator().manual_seed(seed))
    return Conditioning((ConditioningEntry(tokens),))


def value(socket: str, *, models: Path | None = None) -> Any:
    """A value of a socket type.

    Args:
        socket: One of `SOCKETS`, such as `IMAGE` or `MODEL`.
        models: Folder with `checkpoints/`, `controlnet/`, ..., of each of which the first
            safetensors file is taken; None for thimble, which the package brings along.

    Raises:
        NodeError: `testing.unknown_socket`: there is no such type here.
        FileError: The models are not there.
    """
    if socket in _PLAIN:
        return _PLAIN[socket]()
    if socket in _MODELS:
        return _MODELS[socket](models)
    raise NodeError(
        f'There is no value of socket type "{socket[:80]}".',
        code="testing.unknown_socket",
        expected=f"one of: {', '.join(SOCKETS)}",
        got=socket[:80],
        hint="Make one by hand; COMBO and others depend on the node.",
    )


def _checkpoint(part: int) -> Callable[[Path | None], Any]:
    def load(models: Path | None) -> Any:
        from weft.diffusion import load_checkpoint

        return tuple(load_checkpoint(_file("checkpoints", models)))[part]

    return load


def _lora_stack() -> Any:
    from .patches.lora import LoraStack

    return LoraStack(())


def _image_embeds() -> ImageEmbeds:
    import torch

    return ImageEmbeds(torch.randn(1, 32, generator=torch.Generator().manual_seed(0)))


def _guider(models: Path | None) -> Guider:
    return Guider(_checkpoint(0)(models), conditioning())


def _control_net(models: Path | None) -> Any:
    from weft.diffusion import load_controlnet

    return load_controlnet(_file("controlnet", models))


def _clip_vision(models: Path | None) -> Any:
    from weft.diffusion import load_clip_vision

    return load_clip_vision(_file("clip_vision", models))


def _style_model(models: Path | None) -> Any:
    from weft.diffusion import load_style_model

    return load_style_model(_file("style_models", models))


def _gligen(models: Path | None) -> Any:
    from weft.diffusion import load_gligen

    return load_gligen(_file("gligen", models))


def _ip_adapter(models: Path | None) -> Any:
    from weft.diffusion import load_ip_adapter

    return load_ip_adapter(_file("ipadapter", models), _clip_vision(models))


def _upscale_model(models: Path | None) -> Any:
    from weft.diffusion.upscaling import load_upscaler

    return load_upscaler(_file("upscale_models", models))


def _file(kind: str, models: Path | None) -> Path:
    from .standard.folders import THIMBLE

    folder = (models if models is not None else THIMBLE) / kind
    found = sorted(folder.glob("*.safetensors"))
    if not found:
        raise FileError(
            f"There is no model in {folder}."
            if models is not None
            else f"The thimble test model for this value is missing: {folder} has no model.",
            expected="a .safetensors file",
            got="none",
            hint=f"Pass models=FOLDER, where FOLDER has {kind}/NAME.safetensors."
            if models is not None
            else "Released packages contain it; for a checkout, training/README.md describes how "
            "to train it. Or pass models=FOLDER with models of your own.",
        )
    return found[0]


_PLAIN: Mapping[str, Callable[[], Any]] = {
    "INT": lambda: 3,
    "FLOAT": lambda: 0.5,
    "STRING": lambda: "a red circle",
    "BOOLEAN": lambda: True,
    "LORA_STACK": _lora_stack,
    "IMAGE": image,
    "MASK": mask,
    "LATENT": latent,
    "CONDITIONING": conditioning,
    "LATENT_OPERATION": lambda: Tonemap(0.5),
    "SAMPLER": lambda: SamplerChoice("euler"),
    "SIGMAS": lambda: Schedule((14.6, 2.0, 0.0)),
    "NOISE": lambda: NoiseSource(7),
    "CLIP_VISION_OUTPUT": _image_embeds,
    "TIMESTEPS_RANGE": lambda: TimestepRange(0.2, 0.8),
    "HOOKS": Hooks,
    "HOOK_KEYFRAMES": lambda: HookKeyframes((Keyframe(0.0, 0.5), Keyframe(0.5, 1.0))),
}
_MODELS: Mapping[str, Callable[[Path | None], Any]] = {
    "MODEL": _checkpoint(0),
    "GUIDER": _guider,
    "CLIP": _checkpoint(1),
    "VAE": _checkpoint(2),
    "CONTROL_NET": _control_net,
    "CLIP_VISION": _clip_vision,
    "STYLE_MODEL": _style_model,
    "GLIGEN": _gligen,
    "IPADAPTER": _ip_adapter,
    "UPSCALE_MODEL": _upscale_model,
}
SOCKETS = (*_PLAIN, *_MODELS)

"""Tiny decoders of latents (TAESD, TAESDXL, TAESD3, TAEF1): files into diffusers' network.

Source: Ollin Boer Bohan 2023, "TAESD" (MIT); the network is diffusers' DecoderTiny.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError
from ..importing import importing

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


def load_tiny_decoder(path: Path, channels: int) -> Module:
    """Read a tiny decoder, frozen, in float32 on the CPU.

    Args:
        path: A safetensors file in TAESD's own layout, or in diffusers' (AutoencoderTiny).
        channels: Channels of the latents.

    Returns:
        A module: (B, channels, h, w) in the network's space -> (B, 3, 8 h, 8 w) from -1 to 1.

    Raises:
        ModelError: The file holds something else, or is for other latents.
    """
    with importing():
        from diffusers.models.autoencoders.vae import DecoderTiny
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = decoder_tensors(load_file(path))
    except (OSError, SafetensorError) as error:
        raise _refused(path, "a safetensors file", str(error)) from error
    network: Module = DecoderTiny(
        in_channels=channels,
        out_channels=3,
        num_blocks=(3, 3, 3, 1),
        block_out_channels=(64, 64, 64, 64),
        upsampling_scaling_factor=2,
        act_fn="relu",
        upsample_fn="nearest",
    )
    expected = {name: tuple(t.shape) for name, t in network.state_dict().items()}
    found = {name: tuple(t.shape) for name, t in tensors.items()}
    if expected != found:
        first = found.get("layers.0.weight", (0, 0))[1]
        raise _refused(path, f"a tiny decoder for {channels} channels", f"{first} channels")
    network.load_state_dict({name: t.float() for name, t in tensors.items()})
    return network.requires_grad_(False).eval()


def decoder_tensors(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The decoder's tensors by diffusers' names; {} if there are none.

    TAESD's own layout counts the clamp in front of the first layer, diffusers' does not.
    """
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        parts = name.removeprefix("taesd_decoder.").removeprefix("decoder.").split(".")
        if name.startswith(("taesd_encoder.", "encoder.")):
            continue
        if parts[0] == "layers":
            found[".".join(parts)] = tensor
        elif parts[0].isdigit():
            found[".".join(["layers", str(int(parts[0]) - 1), *parts[1:]])] = tensor
    return found


def _refused(path: Path, expected: str, got: str) -> ModelError:
    return ModelError(
        "preview.no_tiny_decoder",
        f'"{path.name}" is no tiny decoder for this model.',
        expected=expected,
        got=got,
        hint="Remove it from models/vae_approx, or replace it.",
    )

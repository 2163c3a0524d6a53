"""The one place that chooses where, in which number type and by which kernels networks run.

CUDA before Apple's MPS before the CPU; the environment variable WEFT_DEVICE overrides ("cpu",
"cuda:1", "mps"). Number types: float32 on the CPU, where half types are slow or inexact; float16
for the UNet, ControlNets and adapters on a GPU, where the VAE runs in bfloat16 if the card has it
and in float32 otherwise (float16 overflows in the SD1.x decoder), and text and image encoders in
float32 (they run once, and their rounding would reach every step). T5 (too large for float32) and
diffusion transformers run in bfloat16 where the card has it, as they were trained. WEFT_DTYPE
overrides all of them ("float32", "bfloat16", "float16").

Attention is torch's own, which takes the fastest kernel that fits; WEFT_ATTENTION names another
("flash", "efficient", "cudnn", "math").
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .errors import ParameterError

if TYPE_CHECKING:
    import torch


ATTENTION = ("auto", "flash", "efficient", "cudnn", "math")
"""What WEFT_ATTENTION can be."""


def compute_device() -> torch.device:
    """The device that networks run on.

    Raises:
        ParameterError: WEFT_DEVICE names a device that torch does not have.
    """
    import torch

    wanted = os.environ.get("WEFT_DEVICE")
    if wanted:
        try:
            device = torch.device(wanted)
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as error:
            raise ParameterError(
                "device.unavailable",
                f'WEFT_DEVICE is "{wanted}", which this torch cannot use.',
                got=wanted,
                hint='Set it to "cpu", or unset it to let weft choose.',
            ) from error
        return device
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def compute_dtype(kind: str, device: torch.device) -> torch.dtype:
    """The number type in which a network of this kind runs on this device.

    Args:
        kind: A key of `networks.SHELLS`.
        device: From `compute_device`.

    Raises:
        ParameterError: WEFT_DTYPE is not one of the three names.
    """
    import torch

    wanted = os.environ.get("WEFT_DTYPE")
    if wanted:
        known = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
        if wanted not in known:
            raise ParameterError(
                "device.unknown_dtype",
                "WEFT_DTYPE is not a number type that weft computes in.",
                expected=", ".join(known),
                got=wanted,
            )
        return known[wanted]
    if device.type == "cpu" or kind in {"text_encoder", "clip_vision", "bert", "rrdb", "srvgg"}:
        return torch.float32
    bfloat = device.type == "cuda" and torch.cuda.is_bf16_supported()
    if kind in {"vae", "t5"}:
        return torch.bfloat16 if bfloat else torch.float32
    if kind.startswith(("sd3", "flux", "pixart")) and bfloat:
        return torch.bfloat16
    return torch.float16


def attention_choice() -> str:
    """The attention kernel that WEFT_ATTENTION names, or "auto".

    Raises:
        ParameterError: There is no such kernel.
    """
    wanted = os.environ.get("WEFT_ATTENTION", "auto")
    if wanted not in ATTENTION:
        raise ParameterError(
            "device.unknown_attention",
            "WEFT_ATTENTION is no attention kernel.",
            expected=", ".join(ATTENTION),
            got=wanted,
        )
    return wanted


def choose_attention() -> None:
    """Let torch use the attention kernel that WEFT_ATTENTION names, for the whole process.

    The plain kernel stays allowed for shapes that the named one does not take.

    Raises:
        ParameterError: There is no such kernel.
    """
    import torch

    wanted = attention_choice()
    if wanted == "auto":
        return
    switches = {
        "flash": torch.backends.cuda.enable_flash_sdp,
        "efficient": torch.backends.cuda.enable_mem_efficient_sdp,
        "cudnn": torch.backends.cuda.enable_cudnn_sdp,
        "math": torch.backends.cuda.enable_math_sdp,
    }
    for name, switch in switches.items():
        switch(name in {wanted, "math"})

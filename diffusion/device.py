"""The one place that chooses where, in which number type and by which kernels networks run.

CUDA before Apple's MPS before the CPU; the environment variable WEFT_DEVICE overrides ("cpu",
"cuda:1", "mps"). Number types: float32 on the CPU, where half types are slow or inexact; float16
for the UNet, ControlNets and adapters on a GPU, where the VAE runs in bfloat16 if the card has it
and in float32 otherwise (float16 overflows in the SD1.x decoder), and text and image encoders in
float32 (they run once, and their rounding would reach every step). T5 (too large for float32) and
diffusion transformers run in bfloat16 where the card has it, as they were trained. WEFT_DTYPE
overrides all of them ("float32", "bfloat16", "float16"), or parts by name
("unet=fp8_e4m3fn,vae=fp32,text=fp16"; fp8 types are for storage, sums stay as they are).

Attention is torch's own, which takes the fastest kernel that fits; WEFT_ATTENTION names another
("flash", "efficient", "cudnn", "math").
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .errors import ParameterError

if TYPE_CHECKING:
    import torch


ATTENTION = ("auto", "flash", "efficient", "cudnn", "math")
"""What WEFT_ATTENTION can be."""
FP8 = {"fp8_e4m3fn": "float8_e4m3fn", "fp8_e5m2": "float8_e5m2"}
DTYPES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"} | FP8
"""Names of number types that weft can be asked for, and torch's."""
PARTS = ("unet", "vae", "text")
"""What WEFT_DTYPE tells apart: what draws with what steers it, VAEs, text encoders."""


@dataclass(frozen=True, slots=True)
class Precision:
    """In which number types a network runs and is kept.

    Attributes:
        part: The part of WEFT_DTYPE that it belongs to, one of `PARTS`; "" = none.
        on_gpu: Its types on an accelerator: "exact" = float32, "half" = float16, "wide" = bfloat16
            where the card has it, else float32, "trained" = bfloat16 where the card has it, else
            float16.
        small: Whether its large weights may be kept in fp8.
    """

    part: str
    on_gpu: Literal["exact", "half", "wide", "trained"]
    small: bool = False


UNET = Precision("unet", "half", small=True)
TRANSFORMER = Precision("unet", "trained", small=True)
CONTROL = NETWORK = Precision("unet", "half")
TRANSFORMER_CONTROL = Precision("unet", "trained")
VAE = Precision("vae", "wide")
TEXT = Precision("text", "exact", small=True)
LARGE_TEXT = Precision("text", "wide", small=True)
EXACT = Precision("", "exact")


def dtype_named(name: str) -> torch.dtype:
    """torch's number type by its name here, a key of `DTYPES`."""
    import torch

    found: torch.dtype = getattr(torch, DTYPES[name])
    return found


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
                f'WEFT_DEVICE is "{wanted}", a device that this torch does not support.',
                got=wanted,
                hint='Set it to "cpu", or unset it to let weft choose.',
            ) from error
        return device
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def compute_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """The number type in which a network runs on a device.

    Args:
        precision: Of the network, from `networks.NETWORKS`.
        device: From `compute_device`.

    Raises:
        ParameterError: WEFT_DTYPE cannot be read.
    """
    import torch

    wanted = _wanted_dtype(precision)
    if wanted is not None and not wanted.startswith("float8"):
        chosen: torch.dtype = getattr(torch, wanted)
        return chosen
    if device.type == "cpu" or precision.on_gpu == "exact":
        return torch.float32
    bfloat = device.type == "cuda" and torch.cuda.is_bf16_supported()
    if bfloat and precision.on_gpu in {"wide", "trained"}:
        return torch.bfloat16
    return torch.float32 if precision.on_gpu == "wide" else torch.float16


def storage_dtype(precision: Precision) -> torch.dtype | None:
    """The fp8 type for storing large weights of a network; None = the compute type.

    Args:
        precision: Of the network. ControlNets and adapters are small and are never kept so.

    Raises:
        ParameterError: WEFT_DTYPE cannot be read.
    """
    import torch

    if not precision.small:
        return None
    wanted = _wanted_dtype(precision)
    if wanted is None or not wanted.startswith("float8"):
        return None
    chosen: torch.dtype = getattr(torch, wanted)
    return chosen


def _wanted_dtype(precision: Precision) -> str | None:
    """What WEFT_DTYPE says of a network: torch's name of a type; None = nothing."""
    chosen = dtype_choices()
    return chosen.get(precision.part, chosen.get(""))


def dtype_choices() -> dict[str, str]:
    """The parts of WEFT_DTYPE: part ("unet", "vae", "text"; "" = all) -> torch's name of a type.

    Raises:
        ParameterError: It cannot be read.
    """
    text = os.environ.get("WEFT_DTYPE", "")
    found: dict[str, str] = {}
    for word in filter(None, map(str.strip, text.split(","))):
        part, equals, name = word.rpartition("=")
        chosen = DTYPES.get(name.strip(), name.strip())
        small = chosen in FP8.values()
        if (
            (equals and part.strip() not in PARTS)
            or chosen not in DTYPES.values()
            or (small and part.strip() not in ("unet", "text"))
        ):
            raise ParameterError(
                "device.unknown_dtype",
                "WEFT_DTYPE has a number type that weft does not support.",
                expected="float32, bfloat16, float16; or parts such as unet=fp8_e4m3fn,vae=fp32",
                got=text[:60],
            )
        found[part.strip()] = chosen
    return found


def attention_choice() -> str:
    """The attention kernel that WEFT_ATTENTION names, or "auto".

    Raises:
        ParameterError: There is no such kernel.
    """
    wanted = os.environ.get("WEFT_ATTENTION", "auto")
    if wanted not in ATTENTION:
        raise ParameterError(
            "device.unknown_attention",
            "WEFT_ATTENTION has no known attention kernel.",
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

"""Options for memory, device and number types, under weft's and ComfyUI's names.

Each sets one of weft's environment variables, so that worker processes have it too. A variable that
is set already gives way to an option.
"""

from __future__ import annotations

import argparse
import os

from . import say

_TYPES = {
    "unet": ("fp32", "bf16", "fp16", "fp8_e4m3fn", "fp8_e5m2"),
    "vae": ("fp32", "bf16", "fp16"),
    "text-enc": ("fp32", "bf16", "fp16", "fp8_e4m3fn", "fp8_e5m2"),
}
_PARTS = {"unet": "unet", "vae": "vae", "text-enc": "text"}


def add_memory(parser: argparse.ArgumentParser, *, report: bool = False) -> None:
    """Declare the options.

    Args:
        parser: Of a command that runs models.
        report: Whether to add `--memory`, which prints the models in memory after a run.
    """
    group = parser.add_argument_group("memory and device")
    place = group.add_mutually_exclusive_group()
    place.add_argument("--cpu", action="store_true", help="run on the CPU")
    place.add_argument(
        *("--cuda-device", "--device"),
        metavar="N",
        help="CUDA device number, or a device name of torch such as cuda:1 or mps",
    )
    mode = group.add_mutually_exclusive_group()
    mode.add_argument(
        "--vram", metavar="SIZE", help="VRAM budget for weights: 6GB or 70%% (default: 80%%)"
    )
    mode.add_argument(
        "--lowvram",
        action="store_true",
        help="VRAM budget of 50%%; weights above it are offloaded and loaded block by block",
    )
    mode.add_argument(
        "--novram", action="store_true", help="offload all weights and load them block by block"
    )
    mode.add_argument(
        *("--highvram", "--gpu-only"),
        action="store_true",
        help="VRAM budget of 100%%; no weights are offloaded while a network runs",
    )
    mode.add_argument("--normalvram", action="store_true", help="the default VRAM budget")
    group.add_argument(
        "--reserve-vram", metavar="GB", type=_gigabytes, help="VRAM to leave for other programs"
    )
    group.add_argument(
        "--workspace",
        metavar="SIZE",
        help="VRAM kept free for activations when a network is offloaded (default: 5%%)",
    )
    group.add_argument("--ram", metavar="SIZE", help="RAM budget for weights")
    whole = group.add_mutually_exclusive_group()
    for name in ("fp32", "fp16"):
        whole.add_argument(
            f"--force-{name}",
            dest="precision",
            action="store_const",
            const=name,
            help=f"compute everything in {name}",
        )
    whole.add_argument(
        "--precision",
        metavar="TYPES",
        help="number types: bf16 for all networks, or each: unet=fp8_e4m3fn,vae=fp32,text=fp16",
    )
    # Not exclusive: argparse cannot tell of groups whose options it shall not show.
    for part, names in _TYPES.items():
        for name in names:
            group.add_argument(
                f"--{name}-{part}",
                dest=f"precision_{_PARTS[part]}",
                action="store_const",
                const=name,
                help=argparse.SUPPRESS,
            )
    group.add_argument(
        "--attention",
        choices=("auto", "flash", "efficient", "cudnn", "math"),
        help="attention kernel on CUDA (default: auto)",
    )
    for option, name in (
        ("--use-pytorch-cross-attention", "auto"),
        ("--use-flash-attention", "flash"),
        ("--use-split-cross-attention", "efficient"),
        ("--use-quad-cross-attention", "efficient"),
    ):
        group.add_argument(
            option, dest="attention", action="store_const", const=name, help=argparse.SUPPRESS
        )
    group.add_argument(
        "--compile",
        action="store_const",
        const="1",
        help="compile networks with torch.compile; the first run at each image size then takes "
        "minutes",
    )
    group.add_argument(
        "--compile-mode",
        dest="compile",
        metavar="MODE",
        help="compile with a mode of torch.compile, such as max-autotune",
    )
    if report:
        group.add_argument(
            "--memory", action="store_true", help="list the models in memory after the run"
        )


def memory_environment(options: argparse.Namespace) -> dict[str, str]:
    """The variables that the options set; those that were not given are left out."""
    found: dict[str, str] = {}
    if options.cpu:
        found["WEFT_DEVICE"] = "cpu"
    elif options.cuda_device is not None:
        name = options.cuda_device
        found["WEFT_DEVICE"] = f"cuda:{name}" if name.isdigit() else name
    if options.vram is not None:
        found["WEFT_VRAM"] = options.vram
    elif options.lowvram:
        found |= {"WEFT_VRAM": "50%", "WEFT_OFFLOAD": "auto"}
    elif options.novram:
        found["WEFT_OFFLOAD"] = "always"
    elif options.highvram:
        found |= {"WEFT_VRAM": "100%", "WEFT_OFFLOAD": "never"}
    elif options.normalvram:
        found |= {"WEFT_VRAM": "", "WEFT_OFFLOAD": "auto"}
    if options.reserve_vram is not None:
        found["WEFT_RESERVE_VRAM"] = f"{options.reserve_vram:g}GiB"
    if options.workspace is not None:
        found["WEFT_WORKSPACE"] = options.workspace
    if options.ram is not None:
        found["WEFT_RAM"] = options.ram
    types = [options.precision] if options.precision else []
    for part in _PARTS.values():
        chosen = getattr(options, f"precision_{part}")
        if chosen is not None:
            types.append(f"{part}={chosen}")
    if types:
        found["WEFT_DTYPE"] = ",".join(types)
    if options.attention is not None:
        found["WEFT_ATTENTION"] = options.attention
    if options.compile is not None:
        found["WEFT_COMPILE"] = options.compile
    return found


def use_memory(options: argparse.Namespace) -> bool:
    """Set the variables, for this process and those that it starts; else say what is wrong.

    Args:
        options: Of any command; those without such options change nothing.

    Returns:
        Whether every value could be read.
    """
    if "lowvram" not in options:
        return True
    from weft.diffusion.device import attention_choice, dtype_choices
    from weft.diffusion.errors import DiffusionError
    from weft.diffusion.weights.budget import check_settings

    os.environ.update(memory_environment(options))
    try:
        dtype_choices()
        attention_choice()
        check_settings()
    except DiffusionError as error:
        say.err(f"error [{error.code}]: {error}")
        return False
    return True


def _gigabytes(text: str) -> float:
    found = float(text)
    if not 0 <= found < 10_000:
        raise ValueError
    return found

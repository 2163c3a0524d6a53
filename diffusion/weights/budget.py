"""How many bytes weights may take on each device.

`WEFT_VRAM` bounds accelerators, `WEFT_RAM` the host: a size ("6GB", "5.5GiB", "900MB") or a share
of the device's memory ("70%"). Low-memory cards need nothing else: on a 4 GB card 80 % is chosen,
what does not fit beside what is in use leaves, and of a network larger than that the part that does
not fit is offloaded block by block. `WEFT_VRAM=0` keeps nothing there. `WEFT_RESERVE_VRAM` is a
size that accelerators leave to others; `WEFT_WORKSPACE` is one that offloaded networks leave free
of the budget for activations.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ParameterError

if TYPE_CHECKING:
    import torch

SHARE = {"cuda": 0.8, "mps": 0.6, "cpu": 0.6}
_UNITS = {
    "": 1, "b": 1,
    "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
    "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip
_SIZE = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(%|[kmgt]?i?b)?\s*\Z", re.IGNORECASE)


def memory_budget(device: torch.device) -> int:
    """Bytes that weights may take on a device: the environment's word, else a share of it all.

    Raises:
        ParameterError: WEFT_VRAM or WEFT_RAM is no size.
    """
    variable = "WEFT_RAM" if device.type == "cpu" else "WEFT_VRAM"
    total = total_bytes(device)
    text = os.environ.get(variable)
    chosen = parse_size(text, total, variable) if text else int(SHARE.get(device.type, 0.6) * total)
    return chosen if device.type == "cpu" else min(chosen, max(total - reserved_bytes(total), 0))


def reserved_bytes(total: int) -> int:
    """Bytes of an accelerator that are left to others; 0 unless WEFT_RESERVE_VRAM says so.

    Raises:
        ParameterError: It is no size.
    """
    text = os.environ.get("WEFT_RESERVE_VRAM")
    return parse_size(text, total, "WEFT_RESERVE_VRAM") if text else 0


WORKSPACE = 0.05
"""Share of an accelerator that networks which do not fit leave free besides."""


def workspace_bytes(device: torch.device) -> int:
    """Bytes of the budget that stay free for activations while blocks of a network are fetched.

    Unpacked weights and the like live there; pictures have the memory outside of the budget.

    Raises:
        ParameterError: WEFT_WORKSPACE is no size.
    """
    total = total_bytes(device)
    text = os.environ.get("WEFT_WORKSPACE")
    return parse_size(text, total, "WEFT_WORKSPACE") if text else int(WORKSPACE * total)


OFFLOAD = ("auto", "never", "always")
"""Whether blocks are offloaded: those that do not fit, none, or all of every network."""


def offload_choice() -> str:
    """One of `OFFLOAD`, as WEFT_OFFLOAD says.

    Raises:
        ParameterError: It says something else.
    """
    choice = os.environ.get("WEFT_OFFLOAD") or "auto"
    if choice not in OFFLOAD:
        raise ParameterError(
            "memory.bad_setting",
            "WEFT_OFFLOAD has no known value.",
            expected="auto, never or always",
            got=choice[:40],
        )
    return choice


def check_settings() -> None:
    """Read all settings of memory, without a device.

    Raises:
        ParameterError: One cannot be read.
    """
    for name in ("WEFT_VRAM", "WEFT_RAM", "WEFT_RESERVE_VRAM", "WEFT_WORKSPACE"):
        text = os.environ.get(name)
        if text:
            parse_size(text, 0, name)
    offload_choice()
    compile_mode()


MODES = ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")
"""Those of `torch.compile`."""


def compile_mode() -> str | None:
    """The mode of `torch.compile` that WEFT_COMPILE names; "default" for 1, None for 0 or nothing.

    Raises:
        ParameterError: torch has no such mode.
    """
    text = os.environ.get("WEFT_COMPILE", "")
    if text in ("", "0"):
        return None
    mode = "default" if text == "1" else text
    if mode not in MODES:
        raise ParameterError(
            "memory.bad_setting",
            "WEFT_COMPILE has no known mode of torch.compile.",
            expected="0, 1, " + ", ".join(MODES),
            got=text[:40],
        )
    return mode


def parse_size(text: str, total: int, name: str) -> int:
    """Bytes of "6GB", "900 MiB" or "70%" (of `total`).

    Raises:
        ParameterError: It is none of these; `name` says whose value it is.
    """
    match = _SIZE.match(text)
    if match is None:
        raise ParameterError(
            "memory.bad_setting",
            f"{name} is not a size of memory.",
            expected='a size such as "6GB" or a share such as "70%"',
            got=text[:40],
        )
    number, unit = float(match[1]), (match[2] or "").lower()
    return int(number / 100 * total if unit == "%" else number * _UNITS[unit])


def total_bytes(device: torch.device) -> int:
    """All memory of a device."""
    import torch

    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[1]
    if device.type == "mps":
        return torch.mps.recommended_max_memory()
    return all_ram()


def free_bytes(device: torch.device) -> int:
    """Memory that can be had now, torch's own unused reserve included."""
    import torch

    if device.type == "cuda":
        idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + idle
    if device.type == "mps":  # what its driver holds beyond the tensors can be had again
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    return free_ram()


def all_ram() -> int:
    """Bytes of memory that this machine has."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return 16 * 2**30  # nothing better is known without another library


def free_ram() -> int:
    """Bytes of memory that programs could have now, where the system says; else all."""
    try:
        text = Path("/proc/meminfo").read_text("ascii")
    except OSError:  # another system; what it can page out is not told either
        return all_ram()
    found = re.search(r"^MemAvailable:\s*(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else all_ram()

"""The device that a process computes on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any


def standard_devices() -> list[dict[str, Any]]:
    """The device that this process computes on, as `name`, `type`, `index`, `total` and `free`
    bytes, and `reserved` and `idle` bytes of what torch has taken of it.

    Torch is not loaded where there can be no accelerator.
    """
    from weft.diffusion.weights.budget import all_ram, free_bytes, free_ram, total_bytes

    cards = next(Path("/dev").glob("nvidia[0-9]*"), None) is not None or sys.platform == "darwin"
    if "torch" not in sys.modules and (os.environ.get("WEFT_DEVICE") == "cpu" or not cards):
        total, free = all_ram(), free_ram()
        cpu = {"name": "cpu", "type": "cpu", "index": None, "total": total, "free": free}
        return [{**cpu, "reserved": total, "idle": free}]
    import torch

    from weft.diffusion.device import compute_device

    device = compute_device()
    total, free = total_bytes(device), free_bytes(device)
    found = {"name": str(device), "type": device.type, "index": device.index}
    reserved, idle = total, free
    if device.type == "cuda":
        found["name"] = f"{device} {torch.cuda.get_device_name(device)}"
        reserved = torch.cuda.memory_reserved(device)
        idle = reserved - torch.cuda.memory_allocated(device)
    return [{**found, "total": total, "free": free, "reserved": reserved, "idle": idle}]

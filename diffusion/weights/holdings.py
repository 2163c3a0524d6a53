"""The memory report: networks in memory, and the free memory of devices."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Holding:
    """One network in memory.

    Attributes:
        name: The file it comes from, and what changes it.
        kind: "unet", "vae", ...
        device: Where it is resident; "cpu" if nothing of it is on an accelerator.
        nbytes: Of tensors that no other holding counts.
        resident: How many of them lie on the device that it runs on; the rest is in host memory.
        state: "loaded": all of it; "streamed": the rest is offloaded and fetched block by block;
            "parked": nothing of it is on the accelerator, and nobody uses it.
        in_use: Whether somebody holds it now, so that it cannot leave.
    """

    name: str
    kind: str
    device: str
    nbytes: int
    resident: int
    state: str
    in_use: bool


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """One device's memory in bytes: weights held, their budget, free now, and in all."""

    name: str
    held: int
    budget: int
    free: int
    total: int


@dataclass(frozen=True, slots=True)
class MemoryReport:
    """Holdings, the latest used first, and devices by name."""

    holdings: tuple[Holding, ...]
    devices: tuple[DeviceMemory, ...]

    def lines(self) -> list[str]:
        """For people: a line a device, then a line a network."""
        found = [
            f"{d.name}: {gib(d.held)} of weights, budget {gib(d.budget)}, free {gib(d.free)} of "
            f"{gib(d.total)}"
            for d in self.devices
        ]
        for h in self.holdings:
            part = f", {gib(h.resident)} of {gib(h.nbytes)} resident" if h.state != "loaded" else ""
            use = ", in use" if h.in_use else ""
            state = f"{h.state} on {h.device}{part}{use}"
            found.append(f"  {gib(h.nbytes)}  {h.kind} of {h.name} ({state})")
        return found

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def gib(nbytes: int) -> str:
    """Bytes in the unit that people know for cards."""
    if nbytes < 2**27:
        return f"{nbytes / 2**20:.1f} MiB"
    return f"{nbytes / 2**30:.2f} GiB"

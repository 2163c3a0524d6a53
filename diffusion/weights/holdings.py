"""What is said about memory: who holds what, and what is left."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Holding:
    """One network in memory.

    Attributes:
        name: The file it comes from, and what changes it.
        kind: "unet", "vae", ...
        device: Where its tensors lie between uses.
        nbytes: Of tensors that no other holding counts.
        state: "loaded"; "streamed": its layers visit the accelerator in turn; "parked": it left
            the accelerator for host memory.
        in_use: Whether somebody holds it now, so that it cannot leave.
    """

    name: str
    kind: str
    device: str
    nbytes: int
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
            f"{d.name}: weights {gib(d.held)} of {gib(d.budget)} allowed, "
            f"{gib(d.free)} of {gib(d.total)} free"
            for d in self.devices
        ]
        for h in self.holdings:
            use = ", in use" if h.in_use else ""
            found.append(f"  {gib(h.nbytes)}  {h.kind} of {h.name} ({h.state} on {h.device}{use})")
        return found

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def gib(nbytes: int) -> str:
    """Bytes in the unit that people know for cards."""
    if nbytes < 2**27:
        return f"{nbytes / 2**20:.1f} MiB"
    return f"{nbytes / 2**30:.2f} GiB"

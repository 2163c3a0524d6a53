"""Which networks are in memory: loads them on use, keeps them, and moves them out for others.

Every device has a budget for weights. When a network is wanted and there is no room, those that
nobody uses leave, the longest unused first. A network that is larger than its accelerator's budget
streams: its layers lie in host memory and visit the device one after the other.

What is handed out is a *lease*: a copy of the module's outermost shell. While a lease is alive its
network is in use and stays; so callers need not say when they are done, they just let go. Nothing
is ever moved in place: leaving means that other tensors take the place of the old ones, and a run
that still holds the old ones finishes on them.

The host tier of float16 files on a GPU is the system's page cache: a network that left is read from
its file again. `WEFT_RAM` bounds what is kept in host memory besides.

Settings: `WEFT_VRAM`, `WEFT_RAM`, `WEFT_RESERVE_VRAM` (see `memory_budget`); `WEFT_OFFLOAD`:
"auto", "always" or "never" stream layer by layer; `WEFT_COMPILE`: 1, or a mode of `torch.compile`.
"""

from __future__ import annotations

import copy
import itertools
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ..device import choose_attention
from ..errors import ParameterError
from .budget import compile_mode, free_bytes, memory_budget, reserved_bytes, total_bytes
from .holdings import DeviceMemory, Holding, MemoryReport
from .shells import map_tensors, named_tensors, setattr_plain, with_tensors

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Module

    from .handle import Weights

HEADROOM = 0.08
"""Share of an accelerator's memory that stays free for activations when others use it too."""


class Residency:
    """The networks in memory, under one budget a device. Safe from several threads.

    Args:
        budget: Bytes that weights may take on a device.
    """

    def __init__(self, budget: Callable[[torch.device], int] = memory_budget) -> None:
        self._budget = budget
        self._own: dict[str, int] = {}
        self._handles: weakref.WeakValueDictionary[int, Weights] = weakref.WeakValueDictionary()
        self._lock = threading.RLock()
        self._clock = itertools.count(1)

    # -- use ----------------------------------------------------------------------------------

    def lease(self, weights: Weights) -> Module:
        """The network's module, in use for as long as the caller holds it."""
        slot = weights.slot
        with slot.lock:
            if slot.runner is None:
                self._bring(weights)
            self._touch(weights)
            lent = slot.lent() if slot.lent is not None else None
            if lent is None:
                assert slot.runner is not None
                lent = _shell(slot.runner)
                slot.lent = weakref.ref(lent)
            return lent

    def lease_compiled(self, weights: Weights, backend: str) -> Module:
        """`lease`, compiled by a backend of `torch.compile` when it is first called."""
        lent, slot = self.lease(weights), weights.slot
        with slot.lock:
            if backend not in slot.compiled:
                made = copy.copy(lent)
                made.compile(backend=backend, dynamic=None)
                slot.compiled[backend] = made
            own = _shell(slot.compiled[backend])
        setattr_plain(own, "_lease", lent)  # so that the network counts as in use
        return own

    def runner_with(self, weights: Weights, tensors: Mapping[str, Tensor]) -> Module:
        """A module of the caller's own in which some tensors are others; the rest is shared."""
        shared = self.lease(weights)  # in use while the copy is made
        assert weights.slot.module is not None
        own = with_tensors(weights.slot.module, tensors)
        del shared
        return _streaming(own, weights.device) if weights.slot.streamed else own

    def tensors(self, weights: Weights) -> Mapping[str, Tensor]:
        """The network's tensors by name, where they lie between uses; loads it if need be."""
        slot = weights.slot
        with slot.lock:
            if slot.tensors is None:
                self._bring(weights)
            self._touch(weights)
            assert slot.tensors is not None
            return slot.tensors

    def _touch(self, weights: Weights) -> None:
        with self._lock:
            self._handles[id(weights)] = weights
            for each in (weights, *_lenders(weights)):
                each.slot.used = next(self._clock)

    def _bring(self, weights: Weights) -> None:
        slot, device = weights.slot, weights.device
        if slot.module is None:
            choose_attention()
            streamed = self.streams(weights)
            home = _host() if streamed else device
            self.make_room(home, weights.footprint)
            parked, slot.parked = slot.parked, None
            if parked is not None and not streamed:
                slot.module = map_tensors(parked, lambda tensor: tensor.to(device))
            else:
                slot.module = parked if parked is not None else weights.build(home)
            slot.tensors = named_tensors(slot.module)
            slot.streamed = streamed
        module = _streaming(slot.module, device) if slot.streamed else slot.module
        slot.runner = _compiled(module)

    def streams(self, weights: Weights) -> bool:
        """Whether a network visits its accelerator layer by layer instead of lying there."""
        if weights.device.type == "cpu":
            return False
        choice = os.environ.get("WEFT_OFFLOAD", "auto")
        if choice not in ("auto", "never", "always"):
            raise ParameterError(
                "memory.bad_setting",
                "WEFT_OFFLOAD is no way to offload.",
                expected="auto, never or always",
                got=choice,
            )
        if choice == "auto":
            return weights.whole_footprint > self.budget(weights.device)
        return choice == "always"

    # -- room ---------------------------------------------------------------------------------

    def budget(self, device: torch.device) -> int:
        """Bytes that weights may take on a device."""
        own = self._own.get(_name(device))
        return own if own is not None else self._budget(device)

    def set_budget(self, device: torch.device | str, nbytes: int | None) -> None:
        """Bound the weights on a device; None goes back to what the environment says.

        What is over the bound leaves at once, unless it is in use.
        """
        import torch

        device = torch.device(device)
        if nbytes is None:
            self._own.pop(_name(device), None)
        else:
            self._own[_name(device)] = nbytes
        self.make_room(device, 0)

    def held(self, device: torch.device) -> int:
        """Bytes of weights on a device; tensors that networks share count once."""
        return sum(_own_bytes(self._on(device)).values())

    def make_room(self, device: torch.device, need: int) -> None:
        """Let unused networks leave a device until `need` bytes fit, or none is left to go."""
        while self._short_of(device, need) and self._evict_one(device):
            pass

    def release(self, device: torch.device | None = None) -> int:
        """Let all networks go that nobody uses (out of memory); the bytes set free."""
        before = self._total()
        for each in self._all():
            if device is None or each.device == device:
                self._evict(each, park=False)
        _empty_caches()
        return before - self._total()

    def drop(self, weights: Weights) -> None:
        """Forget a module whether it is in use or not; users under way keep theirs."""
        slot = weights.slot
        with slot.lock:
            slot.module = slot.tensors = slot.runner = slot.lent = slot.parked = None
            slot.compiled = {}

    def _short_of(self, device: torch.device, need: int) -> bool:
        if self.held(device) + need > self.budget(device):
            return True
        if device.type == "cpu":
            return False
        total = total_bytes(device)
        headroom = max(int(HEADROOM * total), reserved_bytes(total))
        return need > 0 and need > free_bytes(device) - headroom

    def _evict_one(self, device: torch.device) -> bool:
        lenders = {id(lender) for each in self._all() for lender in _lenders(each) if each.loaded}
        idle = [each for each in self._on(device) if id(each) not in lenders]
        for each in sorted(idle, key=lambda each: each.slot.used):
            if self._evict(each, park=True):
                return True
        return False

    def _evict(self, weights: Weights, *, park: bool) -> bool:
        slot = weights.slot
        # A lock that is taken means that its network is being brought, so it is wanted.
        if not slot.lock.acquire(blocking=False):
            return False
        try:
            if slot.in_use or not (slot.loaded or slot.parked):
                return False
            module, parked = slot.module, slot.parked
            self.drop(weights)
            if park and parked is None and module is not None and not weights.parents:
                host = _host()
                fits = self.held(host) + weights.footprint <= self.budget(host)
                if weights.device.type != "cpu" and fits:
                    slot.parked = map_tensors(module, lambda tensor: tensor.to(host))
            return True
        finally:
            slot.lock.release()

    # -- report -------------------------------------------------------------------------------

    def report(self) -> MemoryReport:
        """Who holds what, the latest used first."""
        holdings = []
        loaded = sorted(self._all(), key=lambda each: -each.slot.used)
        own = _own_bytes(sorted(loaded, key=lambda each: bool(each.parents)))
        for each in loaded:
            slot = each.slot
            if not slot.loaded and slot.parked is None:
                continue
            state = "parked" if not slot.loaded else "streamed" if slot.streamed else "loaded"
            holdings.append(
                Holding(
                    name=each.label,
                    kind=each.kind,
                    device=_name(each.device) if state == "loaded" else "cpu",
                    nbytes=own[id(each)],
                    state=state,
                    in_use=slot.in_use,
                )
            )
        places = {_name(each.device): each.device for each in loaded} | {"cpu": _host()}
        devices = [
            DeviceMemory(
                name=name,
                held=self.held(device),
                budget=self.budget(device),
                free=free_bytes(device),
                total=total_bytes(device),
            )
            for name, device in sorted(places.items())
        ]
        return MemoryReport(tuple(holdings), tuple(devices))

    def _all(self) -> list[Weights]:
        with self._lock:
            return list(self._handles.values())

    def _on(self, device: torch.device) -> Iterator[Weights]:
        """Handles with tensors on a device, roots before what is derived from them."""
        for each in sorted(self._all(), key=lambda each: bool(each.parents)):
            slot = each.slot
            here = _host() if slot.streamed or slot.parked is not None else each.device
            if (slot.loaded or slot.parked is not None) and _name(here) == _name(device):
                yield each

    def _total(self) -> int:
        return sum(_own_bytes(self._all()).values())


def _own_bytes(handles: Iterable[Weights]) -> dict[int, int]:
    """Bytes by handle id; a tensor that several share counts for the first only."""
    seen: set[int] = set()
    found: dict[int, int] = {}
    for each in handles:
        slot = each.slot
        module = slot.module if slot.module is not None else slot.parked
        own = 0
        for tensor in named_tensors(module).values() if module is not None else ():
            # Untyped storage would be the whole mapped file; shared tensors are the same objects.
            if id(tensor) not in seen:
                seen.add(id(tensor))
                own += tensor.numel() * tensor.element_size()
        found[id(each)] = own
    return found


def _lenders(weights: Weights) -> Iterator[Weights]:
    """The handles whose tensors a derived one goes on using."""
    while weights.parents:
        weights = weights.parents[0]
        yield weights


def _streaming(module: Module, device: torch.device) -> Module:
    """A copy whose layers visit the device one by one; on CUDA the next is copied meanwhile."""
    from diffusers.hooks.group_offloading import apply_group_offloading
    from torch.nn import Parameter

    own = map_tensors(
        module,
        lambda tensor: (
            Parameter(tensor.data, requires_grad=False)
            if isinstance(tensor, Parameter)
            else tensor.detach()
        ),
    )
    overlapped = device.type == "cuda"
    apply_group_offloading(
        own,
        onload_device=device,
        offload_device=_host(),
        offload_type="leaf_level",
        use_stream=overlapped,
        # Pinning everything at once would double the host memory of just those who have little.
        low_cpu_mem_usage=overlapped,
    )
    return own


def _shell(module: Module) -> Module:
    """A copy of a module's outermost shell."""
    own = copy.copy(module)
    # torch leaves out of copies what it compiled.
    setattr_plain(own, "_compiled_call_impl", module.__dict__.get("_compiled_call_impl"))
    return own


def _compiled(module: Module) -> Module:
    """Compiled by choice: WEFT_COMPILE=1, or a mode of `torch.compile`. Off by default."""
    mode = compile_mode()
    if mode is not None:
        module.compile(mode=mode, dynamic=None)
    return module


def _host() -> torch.device:
    import torch

    return torch.device("cpu")


def _name(device: torch.device) -> str:
    return str(device)


def _empty_caches() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


RESIDENCY = Residency()
"""The one manager of the process: all callers share the memory of its devices."""


def memory_report() -> MemoryReport:
    """Who holds which weights in memory, and what each device has left."""
    return RESIDENCY.report()

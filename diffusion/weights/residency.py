"""Which networks are in memory: loads them on use, keeps them, and moves them out for others.

Every device has a budget for weights. When a network is wanted and there is no room, those that
nobody uses make it, the longest unused first: they leave, or only as many of their blocks as it
takes. Of a network that does not fit beside those in use, the part that fits is *resident*; the
other blocks are *offloaded*: they lie in host memory and are fetched whenever they run (`blocks`,
`offload`).

What is handed out is a *lease*: a copy of the module's outermost shell. While a lease is alive its
network is in use and stays; so callers need not say when they are done, they just let go. Nothing
is ever moved in place: leaving means that other tensors take the place of the old ones, and a run
that still holds the old ones finishes on them.

The host tier of float16 files on a GPU is the system's page cache: a network that left is read from
its file again. `WEFT_RAM` bounds what is kept in host memory besides.

Settings: `WEFT_VRAM`, `WEFT_RAM`, `WEFT_RESERVE_VRAM`, `WEFT_WORKSPACE` (see `budget`);
`WEFT_OFFLOAD`: "auto", "always" or "never" offload blocks; `WEFT_COMPILE`: 1, or a mode of
`torch.compile`.
"""

from __future__ import annotations

import copy
import itertools
import threading
import weakref
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from ..device import choose_attention
from .accounts import bytes_on, lenders_of, own_bytes
from .blocks import blocks_of, fetch_room, kept
from .budget import (
    free_bytes,
    memory_budget,
    offload_choice,
    reserved_bytes,
    total_bytes,
    workspace_bytes,
)
from .holdings import DeviceMemory, Holding, MemoryReport
from .runners import compiled, fetcher_of, forgetting, shell_of, with_offloaded_blocks
from .shells import lies_on, map_tensors, setattr_plain, with_tensors

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

    def lease(self, weights: Weights, *, grow: bool = True) -> Module:
        """The network's module, in use for as long as the caller holds it.

        Args:
            weights: The network.
            grow: Whether more of it may come to its device; not for those who only read tensors.
        """
        slot = weights.slot
        with slot.lock:
            self._touch(weights)
            if slot.module is not None:
                weights.check_files()
            if slot.module is None:
                self._bring(weights)
            elif grow and slot.streamed and not slot.in_use:
                self._fit(weights)
            lent = slot.lent() if slot.lent is not None else None
            if lent is None:
                if slot.runner is None:
                    slot.runner = compiled(self._runner(weights))
                lent = shell_of(slot.runner)
                slot.lent = weakref.ref(lent, forgetting(slot.runner))
            return lent

    def lease_compiled(self, weights: Weights, backend: str) -> Module:
        """`lease`, compiled by a backend of `torch.compile` when it is first called."""
        lent, slot = self.lease(weights), weights.slot
        with slot.lock:
            if backend not in slot.compiled:
                made = copy.copy(lent)
                made.compile(backend=backend, dynamic=None)
                slot.compiled[backend] = made
            own = shell_of(slot.compiled[backend])
        setattr_plain(own, "_lease", lent)  # so that the network counts as in use
        return own

    def runner_with(self, weights: Weights, tensors: Mapping[str, Tensor]) -> Module:
        """A module of the caller's own in which some tensors are others; the rest is shared."""
        shared = self.lease(weights)
        assert weights.slot.module is not None
        own = with_tensors(weights.slot.module, tensors)
        if weights.slot.streamed:
            own = with_offloaded_blocks(own, weights.device)
        setattr_plain(own, "_lease", shared)  # so that the network counts as in use
        return own

    def tensors(self, weights: Weights) -> Mapping[str, Tensor]:
        """The network's tensors by name, where they lie between uses; loads it if need be."""
        slot = weights.slot
        with slot.lock:
            self._touch(weights)
            if slot.tensors is not None:
                weights.check_files()
            else:
                self._bring(weights)
            assert slot.tensors is not None
            return slot.tensors

    def _touch(self, weights: Weights) -> None:
        with self._lock:
            self._handles[id(weights)] = weights
            for each in (weights, *lenders_of(weights)):
                each.slot.used = next(self._clock)

    # -- where it lies ------------------------------------------------------------------------

    def _bring(self, weights: Weights) -> None:
        """Make a network's module, on its device or as much of it as there is room for."""
        choose_attention()
        slot, device = weights.slot, weights.device
        if device.type == "cpu":
            self.make_room(device, weights.footprint)
            slot.hold(weights.build(device))
            return
        way, lenders = offload_choice(), tuple(lenders_of(weights))
        need = weights.footprint + sum(self._missing(each) for each in lenders[-1:])
        if way != "always":
            self.make_room(device, min(need, self.budget(device)), keep=(weights, *lenders))
        whole = way == "never" or (way == "auto" and need <= self._room(device))
        if not whole:
            for each in lenders[-1:]:
                self._shrink_for(each)
            self.make_room(_host(), weights.footprint, keep=lenders)
        module = weights.build(device if whole else _host())
        slot.hold(module)
        if not whole:
            slot.blocks, slot.resident = blocks_of(module), 0
            self._fit(weights)

    def _fit(self, weights: Weights) -> None:
        """Have as many blocks of an idle network on its device as there is room for."""
        slot, device = weights.slot, weights.device
        way, sizes = offload_choice(), [block.nbytes for block in slot.blocks]
        count = len(sizes) if way == "never" else 0
        if way != "always":
            missing = sum(sizes[slot.resident or 0 :])
            keep = (weights, *lenders_of(weights))
            self.make_room(device, min(missing, self.budget(device)), keep=keep)
        if way == "auto":
            here = own_bytes(self._all())[id(weights)].get(_name(device), 0)
            count = kept(
                sizes,
                self._room(device) + here,
                working=self._workspace(device),
                in_flight=fetcher_of(device).in_flight,
            )
        self._settle(weights, count)

    def _settle(self, weights: Weights, count: int) -> None:
        """Have the first blocks of an idle network on its device, and the others in host memory."""
        slot, device = weights.slot, weights.device
        assert slot.module is not None and slot.tensors is not None
        if count == (len(slot.blocks) if slot.resident is None else slot.resident):
            slot.resident = None if count == len(slot.blocks) else count
            return
        held = slot.tensors
        staying = {id(held[name]) for block in slot.blocks[:count] for name in block.names}
        places = {id(tensor): name for name, tensor in held.items()}

        def place(tensor: Tensor) -> Tensor:
            if id(tensor) in staying:
                return tensor.to(device)
            return tensor if lies_on(tensor, _host()) else _in_host(weights, places[id(tensor)])

        slot.hold(map_tensors(slot.module, place))
        slot.resident = None if count == len(slot.blocks) else count
        slot.runner = slot.lent = None
        slot.compiled = {}

    def _shrink_for(self, weights: Weights) -> None:
        """Have a network in host memory for another that is derived from it, unless it is in use.

        The other has tensors of its own in place of most, and the room is needed for those.
        """
        slot = weights.slot
        with slot.lock:
            self._touch(weights)
            if slot.module is None:
                self.make_room(_host(), weights.footprint)
                module = weights.build(_host())
                slot.hold(module)
                slot.blocks, slot.resident = blocks_of(module), 0
            elif not slot.in_use:
                slot.blocks = slot.blocks or blocks_of(slot.module)
                self._settle(weights, 0)

    def _runner(self, weights: Weights) -> Module:
        slot = weights.slot
        assert slot.module is not None
        return with_offloaded_blocks(slot.module, weights.device) if slot.streamed else slot.module

    def _missing(self, weights: Weights) -> int:
        """Bytes of a network that are not on its device."""
        here = bytes_on(weights.slot.tensors or {}, weights.device)
        return max(weights.footprint - here, 0)

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
        return sum(own.get(_name(device), 0) for own in own_bytes(self._all()).values())

    def make_room(self, device: torch.device, need: int, *, keep: Collection[Weights] = ()) -> None:
        """Let unused networks leave a device until `need` bytes fit, or none is left to go.

        Args:
            device: The device.
            need: Bytes.
            keep: Networks that stay.
        """
        while (short := need - self._room(device, need)) > 0 and self._free(device, short, keep):
            pass

    def release(self, device: torch.device | None = None) -> int:
        """Free all networks that are not in use (out of memory); the bytes freed."""
        before = self._total()
        for each in self._all():
            if device is None or each.device == device:
                self._evict(each)
        _empty_caches()
        return before - self._total()

    def drop(self, weights: Weights) -> None:
        """Forget a module whether it is in use or not; users under way keep theirs."""
        slot = weights.slot
        with slot.lock:
            slot.module = slot.tensors = slot.runner = slot.lent = slot.resident = None
            slot.blocks = slot.held = ()
            slot.compiled = {}

    @property
    def now(self) -> int:
        """A count that grows with every use of a network."""
        return next(self._clock)

    def check_files(self, since: int) -> None:
        """Check that the files from which the tensors of a network are mapped were not written to.

        Args:
            since: Networks that were used after this count (`now`).

        Raises:
            ModelError: `model.file_changed`: somebody did.
        """
        for each in self._all():
            if each.slot.used > since or each.slot.in_use:
                each.check_files()

    def _room(self, device: torch.device, need: int = 1) -> int:
        """Bytes that may be added on a device; below 0 if too much is there.

        Args:
            device: The device.
            need: 0 asks for the budget alone, not for what the device has free.
        """
        room = self.budget(device) - self.held(device) - self._awaited(device)
        if device.type == "cpu" or need == 0:
            return room
        total = total_bytes(device)
        headroom = max(int(HEADROOM * total), reserved_bytes(total))
        return min(room, free_bytes(device) - headroom)

    def _awaited(self, device: torch.device) -> int:
        """Bytes that fetched blocks of networks in use may take at any time."""
        if device.type == "cpu":
            return 0
        working, in_flight = self._workspace(device), fetcher_of(device).in_flight
        return sum(
            fetch_room(
                [block.nbytes for block in slot.blocks],
                slot.resident,
                working=working,
                in_flight=in_flight,
            )
            for slot in (each.slot for each in self._all() if each.device == device)
            if slot.resident is not None and slot.in_use
        )

    def _free(self, device: torch.device, short: int, keep: Collection[Weights]) -> bool:
        """Have the longest unused network leave, or as many of its blocks as are short."""
        everything = self._all()
        own = own_bytes(everything)
        stay = {id(each) for each in keep}
        stay |= {id(lender) for each in everything for lender in lenders_of(each) if each.loaded}
        for each in sorted(everything, key=lambda each: each.slot.used):
            if id(each) in stay or not bytes_on(each.slot.tensors or {}, device):
                continue
            here = own[id(each)].get(_name(device), 0)
            if device.type != "cpu" and self._shrink(each, here, short):
                return True
            if self._evict(each):
                return True
        return False

    def _shrink(self, weights: Weights, here: int, short: int) -> bool:
        """Move blocks of an idle network to host memory, if there is room and it serves.

        What is derived goes whole when all of its own has to: it holds on to what it shares.
        """
        slot, moved = weights.slot, min(short, here)
        if here == 0 or (weights.parents and short >= here):
            return False
        if not slot.lock.acquire(blocking=False):
            return False
        try:
            if slot.in_use or slot.module is None:
                return False
            if self.held(_host()) + moved > self.budget(_host()):
                return False
            blocks = slot.blocks = slot.blocks or blocks_of(slot.module)
            count = len(blocks) if slot.resident is None else slot.resident
            left = short
            while count > 0 and left > 0:
                count -= 1
                left -= blocks[count].nbytes
            self._settle(weights, count)
            return True
        finally:
            slot.lock.release()

    def _evict(self, weights: Weights) -> bool:
        slot = weights.slot
        # A lock that is taken means that its network is being brought, so it is wanted.
        if not slot.lock.acquire(blocking=False):
            return False
        try:
            if slot.in_use or not slot.loaded:
                return False
            self.drop(weights)
            return True
        finally:
            slot.lock.release()

    def _workspace(self, device: torch.device) -> int:
        return min(workspace_bytes(device), self.budget(device))

    # -- report -------------------------------------------------------------------------------

    def report(self) -> MemoryReport:
        """The networks in memory, the latest used first."""
        holdings = []
        loaded = sorted(self._all(), key=lambda each: -each.slot.used)
        own = own_bytes(loaded)
        for each in loaded:
            slot, mine = each.slot, own[id(each)]
            if not slot.loaded:
                continue
            resident = mine.get(_name(each.device), 0)
            state = "loaded" if not slot.streamed else "streamed"
            if slot.resident == 0 and not slot.in_use:
                state = "parked"
            holdings.append(
                Holding(
                    name=each.label,
                    kind=each.kind,
                    device=_name(each.device) if resident or state == "loaded" else "cpu",
                    nbytes=sum(mine.values()),
                    resident=resident,
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

    def _total(self) -> int:
        return sum(sum(own.values()) for own in own_bytes(self._all()).values())


def _in_host(weights: Weights, name: str) -> Tensor:
    """A tensor of a network for host memory: a lender's own where it has it there, else a copy."""
    assert weights.slot.tensors is not None
    for lender in lenders_of(weights):
        lent = (lender.slot.tensors or {}).get(name)
        if lent is not None and name not in weights.changed and lies_on(lent, _host()):
            return lent
    return weights.slot.tensors[name].to(_host())


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
    """The weights in memory by network, and the free memory of each device."""
    return RESIDENCY.report()

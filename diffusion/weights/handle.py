"""Weights: a handle to the tensors of one network, built on first use and shared.

The handle is light (path, digest, configuration). `residency` builds the torch module when somebody
asks for it, and drops it when another network needs the room. Two loads of equal content give the
same handle while anybody holds it, so the memory is paid once.

A handle may also be *derived*: it then says how its tensors follow from those of other handles
(`derived.py`), which is how LoRAs and merges are described without touching what is shared.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ReferenceType, WeakValueDictionary

from ..errors import ModelError
from .shells import named_tensors

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Module

    from ..formats.digest import HeldFile
    from ..formats.pieces import Plan
    from ..formats.safetensors_header import TensorInfo
    from .blocks import Block

Build = Callable[["torch.device"], "Module"]
"""Makes the module with its tensors on a device."""


@dataclass(frozen=True, slots=True)
class Stored:
    """How a network's tensors lie in its file.

    Attributes:
        plan: Name in the network -> pieces in the file.
        tensors: Type and shape of the file's tensors.
        metadata: Free text of its header.
        scales: fp8 tensor of the file -> the one that holds the factor on it.
    """

    plan: Plan
    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str]
    scales: Mapping[str, str] = field(default_factory=dict)

    def dtype(self, name: str) -> str | None:
        """The type in which one of the network's tensors is stored, as safetensors names it."""
        pieces = self.plan.get(name)
        return self.tensors[pieces[0].name].dtype if pieces else None


class PackedAs(NamedTuple):
    """How a tensor stays in few bits: its packing ("Q4_0", "F8_E4M3"), and its bytes."""

    packing: str
    nbytes: int


class ResidencySlot:
    """The state of one handle in `residency`; it is deleted with the handle.

    Attributes:
        lock: Held while the module is made.
        module: The module as it was built; None when it is not in memory.
        tensors: Its tensors by name, while `module` is there.
        blocks: What of it can leave its accelerator by itself, in the order in which it is kept;
            empty until that was asked.
        resident: How many of the blocks are on the accelerator; None = the whole module is where it
            runs.
        runner: What is lent: `module` itself, or a copy of it whose other blocks are fetched.
        lent: The copy of the runner's root that is lent now. Alive = in use.
        compiled: Copies of `runner` that `torch.compile` made, by its backend.
        used: When it was last asked for, as a count.
        held: The files that tensors of `module` are mapped from.
    """

    __slots__ = (
        "blocks", "compiled", "held", "lent", "lock", "module", "resident", "runner", "tensors",
        "used",
    )  # fmt: skip

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.module: Module | None = None
        self.tensors: Mapping[str, Tensor] | None = None
        self.runner: Module | None = None
        self.compiled: dict[str, Module] = {}
        self.blocks: tuple[Block, ...] = ()
        self.resident: int | None = None
        self.lent: ReferenceType[Module] | None = None
        self.used = 0
        self.held: tuple[HeldFile, ...] = ()

    def hold(self, module: Module) -> None:
        """Take a module in, and its tensors with it."""
        self.module, self.tensors = module, named_tensors(module)

    @property
    def loaded(self) -> bool:
        """Whether the module is ready for use."""
        return self.module is not None

    @property
    def streamed(self) -> bool:
        """Whether blocks of it are offloaded."""
        return self.resident is not None

    @property
    def in_use(self) -> bool:
        """Whether a lent runner is in use."""
        return self.lent is not None and self.lent() is not None


class Weights:
    """One network's weights.

    Attributes:
        path: The file or folder they come from.
        kind: The kind of network: "unet", "text_encoder", "vae", "controlnet", "ip_adapter" ...
        family: "sd1", ...
        content_digest: blake3 (hex) of the file's content; all parts of a checkpoint share it.
        config: What the tensor shapes told about the network; plain values.
        nbytes: Size of the tensors in the file.
        shapes: Name -> shape of its tensors by diffusers (transformers) name, known without
            loading; empty if the loader did not say.
        extras: What else the file says of this part (e.g. a tokenizer), plain values.
        stored: How they lie in the file; None if nobody said.
        packed: Tensors that stay in few bits (blocks of GGUF, fp8) -> how.
        slot: What `residency` keeps about it.

    Two handles are equal when content and kind are.
    """

    def __init__(
        self,
        *,
        path: Path,
        kind: str,
        family: str,
        content_digest: str,
        nbytes: int,
        config: Mapping[str, Any],
        build: Build | None,
        extras: Mapping[str, Any] | None = None,
        shapes: Mapping[str, tuple[int, ...]] | None = None,
        device: torch.device | None = None,
        dtype: torch.dtype,
        stored: Stored | None = None,
        packed: Mapping[str, PackedAs] | None = None,
        mapped: Callable[[], tuple[HeldFile, ...]] = tuple,
    ) -> None:
        self.path = path
        self.kind = kind
        self.family = family
        self.content_digest = content_digest
        self.nbytes = nbytes
        self.config = config
        self.extras: Mapping[str, Any] = extras or {}
        self.slot = ResidencySlot()
        self._shapes = shapes
        self._build = build
        self._device = device
        self._dtype = dtype
        self.stored = stored
        self.packed: Mapping[str, PackedAs] = packed or {}
        self._mapped = mapped

    @property
    def parents(self) -> tuple[Weights, ...]:
        """The handles that this one is derived from; the first lends the untouched tensors."""
        return ()

    @cached_property
    def changed(self) -> frozenset[str]:
        """Names whose tensors are not those of the handle at the beginning of its chain."""
        return frozenset()

    @property
    def module(self) -> Module:
        """The torch module, frozen, in its compute type, ready to be called on `device`.

        Hold it only while it is used: what nobody holds may be moved out when room is needed.

        Raises:
            ModelError: The file changed or vanished since it was opened, or does not fit.
        """
        from .residency import RESIDENCY

        return RESIDENCY.lease(self)

    @property
    def device(self) -> torch.device:
        """Where the module takes its inputs and gives its outputs."""
        if self._device is None:
            from ..device import compute_device

            self._device = compute_device()
        return self._device

    @property
    def dtype(self) -> torch.dtype:
        """The number type it computes in."""
        return self._dtype

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Name -> shape of every tensor; loads the module if the loader did not say."""
        if self._shapes is None:
            state = self.module.state_dict()
            self._shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
        return self._shapes

    def tensor(self, name: str) -> Tensor:
        """One tensor in the compute type, wherever it lies now. Shared: never write to it.

        Raises:
            KeyError: There is no such tensor.
        """
        tensors = self.slot.tensors
        if tensors is None:
            from .residency import RESIDENCY

            tensors = RESIDENCY.tensors(self)
        return self._plain(name, tensors[name])

    def _plain(self, name: str, held: Tensor) -> Tensor:
        """A tensor of the module, widened if it is kept in few bits."""
        kept = self.packed.get(name)
        if kept is None or held.is_floating_point():
            return held
        from .packed import SCALE, unpack

        scale = (self.slot.tensors or {}).get(name.removesuffix("weight") + SCALE)
        return unpack(held, kept.packing, self.shapes[name], scale).to(self.dtype)

    @property
    def footprint(self) -> int:
        """Bytes of its own tensors in the type they are computed in; 0 if not known yet."""
        return self._bytes_of(self._shapes or ())

    def _bytes_of(self, names: Iterable[str]) -> int:
        shapes, size = self._shapes or {}, self.dtype.itemsize
        return sum(
            self.packed[name].nbytes
            if name in self.packed
            else math.prod(shapes.get(name, ())) * size
            for name in names
        )

    @property
    def label(self) -> str:
        """Where it comes from, for people."""
        return self.path.name

    @property
    def loaded(self) -> bool:
        """Whether the module is in memory now."""
        return self.slot.loaded

    def unload(self) -> None:
        """Drop the module; the next use builds it again. Uses under way keep theirs."""
        from .residency import RESIDENCY

        RESIDENCY.drop(self)

    def build(self, device: torch.device) -> Module:
        """Make the module anew with its tensors on a device; `residency` calls it."""
        assert self._build is not None
        module = self._build(device)
        self.slot.held = self._mapped()
        return module

    def check_files(self) -> None:
        """See that the tensors in memory are those of `content_digest`: that nobody wrote into a
        file that they are mapped from. A module of others is dropped.

        Raises:
            ModelError: `model.file_changed`: somebody did.
        """
        try:
            for file in self.slot.held:
                file.check()
        except ModelError:
            self.unload()
            raise

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Weights):
            return NotImplemented
        return (self.content_digest, self.kind) == (other.content_digest, other.kind)

    def __hash__(self) -> int:
        return hash((self.content_digest, self.kind))

    def __copy__(self) -> Weights:
        return self

    def __deepcopy__(self, memo: object) -> Weights:
        return self  # a copy of a description must not copy gigabytes

    def __repr__(self) -> str:
        return f"Weights({self.kind}, {self.family}, {self.path.name}, {self.content_digest[:12]})"


class WeightsCache:
    """Handles that are alive, by content; holds none of them alive itself.

    The package keeps a single one (`SHARED`), the only mutable global besides the digest memo: two
    callers that know nothing of each other must share the gigabytes of one checkpoint, and there is
    no object that both could be handed. Weak references make it forget by itself.
    """

    def __init__(self) -> None:
        self._alive: WeakValueDictionary[tuple[str, ...], Weights] = WeakValueDictionary()
        self._lock = threading.Lock()

    def share(self, variant: tuple[str, ...], make: Callable[[], Weights]) -> Weights:
        """The living handle for this content, or a new one.

        Args:
            variant: Digest, kind, and whatever else changes the built module (device, type).
            make: Makes the handle when there is none; must be cheap (no tensors are read).
        """
        with self._lock:
            weights = self._alive.get(variant)
            if weights is None:
                weights = make()
                self._alive[variant] = weights
            return weights

    def __len__(self) -> int:
        return len(self._alive)

    def alive(self) -> list[Weights]:
        """All handles in use, for reports of memory use."""
        with self._lock:
            return list(self._alive.values())


SHARED = WeightsCache()

"""Weights: a handle to the tensors of one network in a file, built on first use and shared.

The handle is light (path, digest, configuration); the torch module appears when `module` is read.
Two loads of equal content give the same handle while anybody holds it, so the memory is paid once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from torch.nn import Module


class Weights:
    """One network's weights.

    Attributes:
        path: The file or folder they come from.
        kind: "unet", "text_encoder", "vae", "controlnet", "ip_adapter" or "clip_vision".
        family: "sd1", ...
        content_digest: blake3 (hex) of the file's content; all parts of a checkpoint share it.
        config: What the tensor shapes told about the network; plain values.
        nbytes: Size of the tensors in the file.
        extras: What else the file says of this part (e.g. a tokenizer), plain values.

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
        build: Callable[[], Module],
        extras: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = path
        self.kind = kind
        self.family = family
        self.content_digest = content_digest
        self.nbytes = nbytes
        self.config = config
        self.extras: Mapping[str, Any] = extras or {}
        self._build = build
        self._module: Module | None = None
        self._lock = threading.Lock()

    @property
    def module(self) -> Module:
        """The torch module on its device, in its compute type, frozen; built on first read.

        Raises:
            ModelError: The file changed or vanished since it was opened, or does not fit.
        """
        with self._lock:
            if self._module is None:
                self._module = self._build()
            return self._module

    @property
    def loaded(self) -> bool:
        """Whether the module is in memory now."""
        return self._module is not None

    def unload(self) -> None:
        """Drop the module; the next use builds it again. Uses under way keep theirs."""
        with self._lock:
            self._module = None

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
        """All handles that somebody holds, for reports of memory use."""
        with self._lock:
            return list(self._alive.values())


SHARED = WeightsCache()

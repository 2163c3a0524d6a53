"""How classes are called in digests and in stored files."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import weft.diffusion as wd
from weft.engine.store.values import class_name
from weft.nodes.formats import FORMATS


class Mark:
    """A class of another package."""


def test_class_of_weft_is_called_without_its_module() -> None:
    assert class_name(wd.Latent) == "weft.Latent"
    assert class_name(int) == "builtins.int"
    assert class_name(Mark) == f"{Mark.__module__}.Mark"
    assert {class_name(wd.Latent), class_name(wd.Conditioning)} < set(FORMATS)


def test_dataclasses_of_weft_of_one_name_differ_in_their_fields() -> None:
    """Else two values of different classes could have one digest."""
    seen: dict[tuple[str, ...], str] = {}
    for module in _modules("weft.engine", "weft.diffusion", "weft.nodes"):
        for cls in vars(module).values():
            if isinstance(cls, type) and dataclasses.is_dataclass(cls):
                fields = (class_name(cls), *(field.name for field in dataclasses.fields(cls)))
                where = f"{cls.__module__}.{cls.__qualname__}"
                if cls.__module__.startswith("weft."):
                    assert seen.setdefault(fields, where) == where
    assert len(seen) > 50


def _modules(*packages: str) -> Iterator[ModuleType]:
    for package in map(importlib.import_module, packages):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)

"""The disk cache that the environment names."""

from __future__ import annotations

import os

from weft.engine.errors import FileError
from weft.engine.store.disk_cache import DiskCache
from weft.engine.store.storage import Formats
from weft.engine.store.values import Values

from ..formats import FORMATS
from .folders import home


def standard_disk_cache(values: Values) -> DiskCache | None:
    """The disk tier that the environment names.

    `WEFT_CACHE` is a folder or fsspec URL, or `off`; by default `cache` below `WEFT_HOME`.
    `WEFT_CACHE_GB` bounds it, 20 by default.

    Raises:
        FileError: `WEFT_CACHE_GB` is no number above 0.
    """
    place = os.environ.get("WEFT_CACHE", str(home() / "cache"))
    if place == "off":
        return None
    text = os.environ.get("WEFT_CACHE_GB", "20")
    try:
        budget = int(float(text) * 2**30)
    except (ValueError, OverflowError):
        budget = 0
    if budget <= 0:
        raise FileError(
            f"WEFT_CACHE_GB is {text!r}.",
            code="files.bad_config",
            expected="a number of GiB above 0",
            got=text,
            hint="Set WEFT_CACHE=off to turn the disk cache off.",
        )
    return DiskCache(place, values=values, formats=Formats(FORMATS), budget=budget)

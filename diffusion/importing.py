"""One import of the heavy libraries at a time.

diffusers and transformers import their parts when a name is first asked for, and those parts import
one another in circles. Two threads that begin at two places of such a circle wait for each other;
Python ends that by handing one of them a module that is only half there, and its import fails. In
weft two lanes (sampling, decoding, encoding) may well begin at once. So every import of these
libraries that is made while a graph runs stands under one lock:

    with importing():
        from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

Packs whose nodes import them inside functions do the same.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.RLock()


@contextmanager
def importing() -> Iterator[None]:
    """Hold the lock under which diffusers, transformers and their like are imported.

    It may be taken again by the thread that holds it. Hold it for imports alone, not for work.
    """
    with _LOCK:
        yield

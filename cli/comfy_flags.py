"""ComfyUI's options that `weft serve` does not have: each is refused with what to do instead."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

_CACHE = "weft's caches are bounded in bytes: WEFT_CACHE_GB on disk, WEFT_CACHE=off for none"
_EDITOR = "weft serves its own editor"
_OWN = "weft has nothing like it"
REFUSED = {
    "--temp-directory": "previews lie in `temp` below the output folder (--out)",
    "--preview-size": "previews have the size that the model's own latents give",
    "--multi-user": "give each person a token of their own instead: POST /v1/users, as the "
    "administrator whose token --token sets",
    "--front-end-version": _EDITOR,
    "--front-end-root": _EDITOR,
    "--whitelist-custom-nodes": "install only the packs that you want, or --no-packs and --nodes "
    "MODULE for each that shall be loaded",
    "--cache-classic": _CACHE,
    "--cache-lru": _CACHE,
    "--cache-none": _CACHE,
    "--default-hashing-function": "weft names content by BLAKE3, and models by SHA-256 as well",
    "--deterministic": "a seed gives the same picture on the same machine without it",
    "--disable-smart-memory": "--novram moves every network off the card after use",
    "--fast": "--precision and --compile choose what is faster",
    "--force-channels-last": _OWN,
    "--directml": _OWN,
    "--oneapi-device-selector": _OWN,
    "--cpu-vae": _OWN,
    "--async-offload": _OWN,
    "--force-upcast-attention": _OWN,
    "--dont-upcast-attention": _OWN,
    "--use-sage-attention": "--attention chooses among the kernels of torch",
    "--disable-xformers": "weft does not use xformers",
    "--disable-ipex-optimize": "weft does not use IPEX",
    "--mmap-torch-files": "weft reads no pickled models",
    "--disable-mmap": _OWN,
    "--windows-standalone-build": "--auto-launch opens a browser",
}
# What these ask of ComfyUI is how weft is.
ALREADY = (
    "--dont-print-server",
    "--disable-auto-launch",
    "--disable-api-nodes",
    "--enable-compress-response-body",
)


class _Refused(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        name = option_string or ""
        parser.error(f"{name} is an option of ComfyUI; {REFUSED[name]}")


def add_comfy_flags(parser: argparse.ArgumentParser) -> None:
    """Take or refuse them; they stand in no help."""
    for name in REFUSED:
        parser.add_argument(name, action=_Refused, nargs="*", help=argparse.SUPPRESS)
    for name in ALREADY:
        parser.add_argument(name, action="store_true", help=argparse.SUPPRESS)

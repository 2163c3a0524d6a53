"""ComfyUI's options that `weft serve` does not have: each reports what to use instead."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

_CACHE = "weft limits its cache in bytes: set WEFT_CACHE_GB, or WEFT_CACHE=off to turn it off"
_EDITOR = "weft serves its own editor"
_OWN = "weft has no such option"
REFUSED = {
    "--temp-directory": "weft writes previews to `temp` below the output folder (--out)",
    "--preview-size": "weft's previews have the size of the model's latents",
    "--multi-user": "create a user with a token for each person instead: POST /v1/users, with the "
    "administrator's token from --token",
    "--front-end-version": _EDITOR,
    "--front-end-root": _EDITOR,
    "--whitelist-custom-nodes": "install only the packs that you want, or use --no-packs and "
    "--nodes MODULE for each pack to load",
    "--cache-classic": _CACHE,
    "--cache-lru": _CACHE,
    "--cache-none": _CACHE,
    "--default-hashing-function": "weft uses BLAKE3 hashes, and SHA-256 for models as well",
    "--deterministic": "in weft a seed gives the same image on the same machine without it",
    "--disable-smart-memory": "use --novram, which offloads all weights",
    "--fast": "use --precision and --compile for speed",
    "--force-channels-last": _OWN,
    "--directml": _OWN,
    "--oneapi-device-selector": _OWN,
    "--cpu-vae": _OWN,
    "--async-offload": _OWN,
    "--force-upcast-attention": _OWN,
    "--dont-upcast-attention": _OWN,
    "--use-sage-attention": "use --attention to choose one of torch's kernels",
    "--disable-xformers": "weft does not use xformers",
    "--disable-ipex-optimize": "weft does not use IPEX",
    "--mmap-torch-files": "weft loads no pickled models",
    "--disable-mmap": _OWN,
    "--windows-standalone-build": "use --auto-launch to open a browser",
}
# weft always behaves as these options of ComfyUI ask.
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

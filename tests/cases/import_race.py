"""Run two steps in two lanes that build networks of diffusers at once; print the networks' names.

The UNet's import begins in the midst of the VAE's, which leads to the UNet too: without a lock
Python breaks one of the two off, every time.

Usage: `python import_race.py LANE LANE`; a process of its own, as a library is imported only once.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import weft
from weft.diffusion.networks import NETWORKS

BOTH = threading.Barrier(2)


def _name(kind: str, config: dict[str, Any], after: str | None = None) -> str:
    """Build a network once both steps have begun, and once a module's import is under way."""
    BOTH.wait(timeout=60)
    while after is not None and after not in sys.modules:
        time.sleep(0.0005)
    return type(NETWORKS[kind].build(config)).__name__


UNET = {
    "block_out_channels": (32, 32),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "cross_attention_dim": 8,
    "attention_head_dim": 8,
    "layers_per_block": 1,
}
first, second = sys.argv[1:]


@weft.node("BuildUNet", category="test", lane=first, pure=False)  # type: ignore[arg-type]
def build_unet() -> str:
    """Build a UNet."""
    return _name("unet", dict(UNET), after="diffusers.loaders")


@weft.node("BuildVAE", category="test", lane=second, pure=False)  # type: ignore[arg-type]
def build_vae() -> str:
    """Build a VAE."""
    return _name("vae", {})


with weft.Engine(nodes=[build_unet, build_vae]) as engine:
    document = {
        "weft": 1,
        "nodes": {
            "u": {"type": "BuildUNet", "inputs": {}},
            "v": {"type": "BuildVAE", "inputs": {}},
        },
        "interface": {
            "outputs": {
                key: f"{key}.{engine.registry.find(name).outputs[0].name}"
                for key, name in (("u", "BuildUNet"), ("v", "BuildVAE"))
            }
        },
    }
    assert "diffusers" not in sys.modules
    result = engine.run(weft.Workflow.from_json(document))
    sys.stdout.write(f"{result['u']} {result['v']}\n")

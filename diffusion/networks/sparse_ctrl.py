"""SparseCtrl: control of some frames of an animation, with motion modules."""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import CONTROL_MARKS, Names


def _sparse_ctrl(names: Names) -> Identity | None:
    names = names.bare
    if not names.hold("motion_modules.") or not names.hold(*CONTROL_MARKS):
        return None
    rgb = names.end("controlnet_cond_embedding.weight")
    return Identity("sparse_ctrl", "sd1", variant="rgb" if rgb else "scribble")


KIND = NetworkKind(
    "sparse_ctrl",
    "a SparseCtrl network",
    recognise=_sparse_ctrl,
    variants={"rgb": "RGB", "scribble": "scribble"},
    usable=False,
)

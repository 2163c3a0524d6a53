"""Upscaling networks in files: which kind, and their names into one spelling. No torch.

ESRGAN's network has three spellings: its first release counts layers ("model.1.sub.0..."), its
second names them ("RRDB_trunk"), BasicSR and Real-ESRGAN shortened the names ("body.0.rdb1").

Source: ESRGAN (Wang et al. 2018, xinntao/ESRGAN), Real-ESRGAN (Wang et al. 2021, BSD-3): facts of
their files only.
"""

from __future__ import annotations

import math
import re
from typing import Any

from ..errors import ModelError
from .pieces import Piece, Pieces, Shapes

_PREFIXES = ("params_ema.", "params.", "module.", "")
_PLAIN = {
    "trunk_conv": "conv_body",
    "HRconv": "conv_hr",
    **{f"upconv{n}": f"conv_up{n}" for n in range(1, 5)},
}
_BLOCK = re.compile(r"(?:RRDB_trunk|model\.1\.sub)\.(\d+)\.RDB([123])\.conv([1-5])(\.0)?\Z")
_HINT = "Use an ESRGAN, Real-ESRGAN or compact (SRVGG) model."


def upscaler_layout(shapes: Shapes) -> tuple[str, str] | None:
    """Layout and prefix of an upscaling network; None if there is none that weft reads.

    Returns:
        "rrdb" (BasicSR's names), "rrdb_named" or "rrdb_counted" (ESRGAN's), or "srvgg".
    """
    for prefix in _PREFIXES:
        for layout, mark in (
            ("rrdb", "body.0.rdb1.conv1.weight"),
            ("rrdb_named", "RRDB_trunk.0.RDB1.conv1.weight"),
            ("rrdb_counted", "model.1.sub.0.RDB1.conv1.0.weight"),
        ):
            if prefix + mark in shapes:
                return layout, prefix
        first, slope = f"{prefix}body.0.weight", f"{prefix}body.1.weight"
        if len(shapes.get(first, ())) == 4 and len(shapes.get(slope, ())) == 1:
            return "srvgg", prefix
    return None


def upscaler_plan(layout: str, own: Shapes) -> dict[str, Pieces]:
    """A plan for a network of `upscalers`.

    Args:
        layout: From `upscaler_layout`.
        own: Its tensors without prefix.

    Raises:
        ModelError: A tensor that belongs to no layer of such a network.
    """
    counted = _counted(own) if layout == "rrdb_counted" else {}
    plan: dict[str, Pieces] = {}
    for name in own:
        stem, _, end = name.rpartition(".")
        block = _BLOCK.match(stem)
        if layout in ("rrdb", "srvgg"):
            new = stem
        elif block:
            new = f"body.{block[1]}.rdb{block[2]}.conv{block[3]}"
        elif layout == "rrdb_counted":
            if stem not in counted:
                raise _stranger(name)
            new = counted[stem]
        else:
            new = _PLAIN.get(stem, stem)
        plan[f"{new}.{end}"] = (Piece(name),)
    return plan


def _counted(own: Shapes) -> dict[str, str]:
    """Layers of the oldest spelling: the first, the trunk's end, upscaling, two at the end."""
    trunk = max(int(name.split(".")[3]) for name in own if name.startswith("model.1.sub."))
    outer = sorted({int(m[1]) for n in own if (m := re.match(r"model\.(\d+)\.weight\Z", n))})
    if outer[:1] != [0] or len(outer) < 3:
        raise _stranger("model")
    names = {"model.0": "conv_first", f"model.1.sub.{trunk}": "conv_body"}
    names |= {f"model.{at}": f"conv_up{n}" for n, at in enumerate(outer[1:-2], start=1)}
    return names | {f"model.{outer[-2]}": "conv_hr", f"model.{outer[-1]}": "conv_last"}


def upscaler_config(shapes: Shapes) -> dict[str, Any]:
    """Arguments of a network of `upscalers`, by its own names; "scale" among them.

    Raises:
        ModelError: Its shapes make no such network.
    """
    if "conv_first.weight" in shapes:
        features, inside = _kernel(shapes, "conv_first.weight")
        outside = _kernel(shapes, "conv_last.weight")[0]
        ups = _count(shapes, "conv_up{}.weight", 1)
        # Smaller factors fold pixels into channels before the network.
        fold = _root(inside, outside, "conv_first.weight")
        if 2**ups % fold:
            raise _odd("conv_first.weight", inside)
        return {
            "channels": outside,
            "features": features,
            "growth": _kernel(shapes, "body.0.rdb1.conv1.weight")[0],
            "blocks": _count(shapes, "body.{}.rdb1.conv1.weight", 0),
            "ups": ups,
            "fold": fold,
            "scale": 2**ups // fold,
        }
    layers = sum(len(shape) == 4 for shape in shapes.values())
    features, channels = _kernel(shapes, "body.0.weight")
    last = f"body.{2 * (layers - 1)}.weight"
    return {
        "channels": channels,
        "features": features,
        "layers": layers,
        "scale": _root(_kernel(shapes, last)[0], channels, last),
    }


def _kernel(shapes: Shapes, name: str) -> tuple[int, int]:
    """Outputs and inputs of a convolution."""
    shape = shapes.get(name, ())
    if len(shape) != 4:
        raise ModelError(
            "model.missing_tensor",
            f'The upscaling network has no convolution "{name}".',
            hint=_HINT,
        )
    return shape[0], shape[1]


def _root(many: int, one: int, name: str) -> int:
    side = math.isqrt(many // one) if one else 0
    if not side or side * side * one != many:
        raise _odd(name, many)
    return side


def _count(shapes: Shapes, pattern: str, start: int) -> int:
    number = start
    while pattern.format(number) in shapes:
        number += 1
    return number - start


def _odd(name: str, got: int) -> ModelError:
    return ModelError(
        "model.unsupported_layout",
        f'"{name}" of the upscaling network has {got} channels, which gives no whole factor.',
        expected="channels times a square",
        got=str(got),
        hint=_HINT,
    )


def _stranger(name: str) -> ModelError:
    return ModelError(
        "model.unknown_key",
        f'Tensor "{name}" belongs to no layer of an upscaling network.',
        hint=_HINT,
    )

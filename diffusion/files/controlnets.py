"""Opening ControlNets, Control-LoRAs and T2I-Adapters."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..control.control_lora import KIND, MAKER, Maker
from ..control.difference import MARK as DIFFERENCE
from ..control.difference import on_base
from ..errors import ModelError
from ..formats.control_lora_names import control_lora_plan
from ..formats.control_names import CONTROL_TYPE
from ..formats.pieces import Piece, renamed
from ..formats.plans import network_plan
from ..formats.t2i_names import t2i_names
from ..networks.building import build_network
from ..networks.configuring import header_config, network_config
from ..networks.identity import Identity
from ..types import ControlNet, Model
from .opening import ModelSource, open_source, require, unsupported, weights_of

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

log = logging.getLogger(__name__)

GLOBAL_POOLING = "global_pool_conditions"
"""diffusers' name for residuals that are averaged over the image."""


def load_controlnet(
    path: str | os.PathLike[str], model: Model | None = None, *, pooled: bool | None = None
) -> ControlNet:
    """Open a ControlNet, Control-LoRA or T2I-Adapter: names as first published, or diffusers'.

    Args:
        path: A file, or a folder with one network.
        model: What a ControlNet is put on that is stored as a difference; not used for others.
        pooled: Whether each residual is averaged over the image (global pooling), as Shuffle
            ControlNets are trained. None = as config.json or the header says, else by a name with
            the word "shuffle", which is logged: tensors do not tell.

    Raises:
        ModelError: Missing or damaged file, not safetensors, another kind or family; it is stored
            as a difference and there is no model, or one that does not fit; or `pooled` is asked of
            a network that has no such way.
    """
    source = open_source(Path(path))
    require(source, "controlnet", "t2i_adapter")
    found = source.identity
    if pooled and not _is_plain(found, source):
        raise ModelError(
            "control.no_pooling",
            f'"{source.path.name}" does not support global pooling.',
            expected="a plain ControlNet of SD1.x, SD2.x or SDXL",
            got=found.words(),
            hint='Set global_pooling to "off".',
        )
    if found.kind == "t2i_adapter":
        plan = renamed(t2i_names(source.shapes))
        weights = weights_of(source, "t2i_adapter", plan, family=found.family)
        return ControlNet(found.family, weights)
    if found.facts is None or found.family == "unknown":
        raise unsupported(source)
    if found.layout == "lora":
        plan = control_lora_plan(source.shapes)
        weights = weights_of(
            source, KIND, plan, family=found.family, extras={MAKER: Maker(_configure, _build)}
        )
        return ControlNet(found.family, weights)
    body = found.facts.body
    part = "controlnet" if body == "unet" else f"{body}_controlnet"
    plan = network_plan(part, found.layout, found.prefix, source.shapes)
    extras = {}
    if CONTROL_TYPE in source.shapes:
        said = source.tensor({CONTROL_TYPE: (Piece(CONTROL_TYPE),)}, CONTROL_TYPE)
        assert said is not None
        extras[CONTROL_TYPE] = round(float(said))
    pooling = _pooling(source, pooled)
    weights = weights_of(
        source,
        "controlnet",
        plan,
        family=found.family,
        extras=extras | ({GLOBAL_POOLING: True} if pooling else {}),
        digest=f"{source.digest}:pooled" if pooling else None,
        stated={**source.stated, GLOBAL_POOLING: pooling},
    )
    net = ControlNet(found.family, weights)
    if DIFFERENCE not in source.shapes:
        return net
    if model is None:
        raise ModelError(
            "model.is_a_difference",
            f'ControlNet "{source.path.name}" is stored as a difference from a model.',
            expected="that model",
            got="none",
            hint="Use LoadControlNetDifference (DiffControlNetLoader), and link the model that "
            "it was trained on.",
        )
    return on_base(net, model)


def _configure(shapes: Mapping[str, tuple[int, ...]], stated: Mapping[str, Any]) -> dict[str, Any]:
    return network_config("controlnet", shapes, stated=stated)


def _build(config: Mapping[str, Any], tensors: dict[str, Tensor]) -> Module:
    return build_network("controlnet", config, tensors)


def _is_plain(found: Identity, source: ModelSource) -> bool:
    """Whether it is a ControlNet of a UNet for one kind of picture, whole in its file."""
    unet = found.facts is not None and found.facts.body == "unet" and found.layout != "lora"
    return unet and "task_embedding" not in source.shapes


def _pooling(source: ModelSource, asked: bool | None) -> bool:
    """Whether a ControlNet averages its residuals over the image."""
    if asked is not None or not _is_plain(source.identity, source):
        return bool(asked)
    stated = source.stated.get(GLOBAL_POOLING)
    if stated is None:
        stated = header_config("controlnet", source.metadata).get(GLOBAL_POOLING)
    if isinstance(stated, bool):
        return stated
    name = source.path.stem.lower()
    told = re.search(r"(?<![a-z])shuffle(?![a-z])", name) is not None
    if told:
        log.warning(
            'ControlNet "%s" uses global pooling, because its file name has the word "shuffle". '
            "To choose, set global_pooling of LoadControlNet.",
            source.path.name,
        )
    return told

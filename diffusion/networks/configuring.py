"""Network configurations: read from tensor shapes, and from what files say beside them.

A network may differ from what is usual in its family. Its file says so in the header's metadata,
key "config": JSON such as {"vae": {"norm_num_groups": 4}}; a diffusers folder says so in
config.json. What shapes do tell is compared with such statements, not overruled by them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import ModelError
from ..formats.pieces import Shapes
from . import NETWORKS

_UNSEEN = frozenset(
    {
        "norm_num_groups",
        "attention_head_dim",
        "num_attention_heads",
        "hidden_act",
        "scaling_factor",
        "sample_size",
        "interpolation_scale",
        "axes_dims_rope",
        "relative_attention_max_distance",
        "layer_norm_eps",
        "feed_forward_proj",
        "force_zeros_for_pooled_projection",
        "global_pool_conditions",
        "controlnet_conditioning_channel_order",
    }
)
"""What shapes do not tell: statements about it are followed."""


def network_config(
    kind: str,
    shapes: Shapes,
    metadata: Mapping[str, str] | None = None,
    stated: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The configuration of a network.

    Args:
        kind: A part of a model: "unet", "transformer", "controlnet", "text_encoder_2" ...
        shapes: Shapes by diffusers (transformers) name.
        metadata: Free text of the file's header.
        stated: The config.json of a diffusers folder; read for what shapes do not tell.

    Returns:
        Arguments of the network's class; for the IP-Adapter see `shapes.ip_adapter_config`.

    Raises:
        ModelError: Tensors are missing, or the layout is one that weft does not read.
    """
    config = NETWORKS[network_class(kind, shapes)].config(shapes)
    for key, value in header_config(kind, metadata or {}).items():
        if key not in config:
            continue
        if key in _UNSEEN and _plain(value):
            config[key] = tuple(value) if isinstance(value, list) else value
        elif json.loads(json.dumps(config[key])) != value:  # tuples as lists
            raise ModelError(
                "model.unsupported_layout",
                f'The file claims that {key} of its {kind} is "{value}".',
                expected=str(config[key]),
                got=str(value),
                hint="The tensors of the file disagree, so its metadata are wrong.",
            )
    for key, value in (stated or {}).items():
        if key in _UNSEEN and key in config and value is not None:
            config[key] = tuple(value) if isinstance(value, list) else value
    _check_groups(kind, config)
    return config


def untold_config(kind: str, shapes: Shapes, config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a configuration that shapes do not show: for the header's key "config"."""
    usual = NETWORKS[network_class(kind, shapes)].config(shapes)
    return {
        key: value
        for key, value in config.items()
        if key in _UNSEEN and usual.get(key, value) != value
    }


def _plain(value: Any) -> bool:
    """Whether a statement is of a kind that a network's class can take."""
    if isinstance(value, list):
        return all(_plain(item) for item in value)
    return isinstance(value, str) or (isinstance(value, (int, float)) and value > 0)


def network_class(kind: str, shapes: Shapes) -> str:
    """Which network serves a part of a model: a key of `networks.NETWORKS`.

    Args:
        kind: As in `network_config`.
        shapes: Shapes by diffusers (transformers) name.
    """
    part = "text_encoder" if kind.startswith("text_encoder") else kind
    known = [network for network in NETWORKS.values() if network.part == part]
    return next(network.name for network in known if network.owns(shapes))


def header_config(kind: str, metadata: Mapping[str, str]) -> Mapping[str, Any]:
    """The metadata of one network in the header; empty if weft did not write it."""
    try:
        stated = json.loads(metadata.get("config", "{}"))
    except (ValueError, RecursionError):
        return {}
    part = stated.get(kind, {}) if isinstance(stated, dict) else {}
    return part if isinstance(part, dict) else {}


def _check_groups(kind: str, config: Mapping[str, Any]) -> None:
    groups = config.get("norm_num_groups")
    if groups and any(width % groups for width in config["block_out_channels"]):
        raise ModelError(
            "model.unsupported_layout",
            f"The {kind} has levels of widths {config['block_out_channels']}.",
            expected=f"multiples of {groups} (the groups of its norms)",
            got=str(config["block_out_channels"]),
            hint='If it has fewer groups, its file must state so in the metadata key "config".',
        )

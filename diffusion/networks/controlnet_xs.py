"""ControlNet-XS: a small control network that talks with the UNet's layers both ways."""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import Names


def is_controlnet_xs(names: Names) -> bool:
    """Whether there are connections between a control network and the UNet beside it."""
    return names.has("control_to_base_for_conv_in.weight") or names.start(
        "up_connections.", "enc_zero_convs_out.", "control_model.enc_zero_convs_out."
    )


def _controlnet_xs(names: Names) -> Identity | None:
    names = names.bare
    if not is_controlnet_xs(names):
        return None
    return Identity("controlnet_xs", names.text(".attn2.to_k.weight"))


KIND = NetworkKind("controlnet_xs", "a ControlNet-XS", recognise=_controlnet_xs, usable=False)

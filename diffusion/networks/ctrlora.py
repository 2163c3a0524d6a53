"""CtrLoRA: a base ControlNet with LoRA layers."""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import CONTROL_MARKS, Names


def is_ctrlora(names: Names) -> bool:
    """Whether there is a ControlNet with LoRA layers inside."""
    return names.hold(".lora_layer.") and names.hold(*CONTROL_MARKS, "input_hint_block.")


def _ctrlora(names: Names) -> Identity | None:
    names = names.bare
    return Identity("ctrlora", names.text(".attn2.to_k.weight")) if is_ctrlora(names) else None


KIND = NetworkKind("ctrlora", "a CtrLoRA base ControlNet", recognise=_ctrlora, usable=False)

"""CtrLoRA: a base ControlNet with LoRA layers."""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import CONTROL_MARKS, Names


def _ctrlora(names: Names) -> Identity | None:
    ours = names.hold(".lora_layer.") and names.hold(*CONTROL_MARKS, "input_hint_block.")
    return Identity("ctrlora", names.text(".attn2.to_k.weight")) if ours else None


KIND = NetworkKind("ctrlora", "a CtrLoRA base ControlNet", recognise=_ctrlora, usable=False)

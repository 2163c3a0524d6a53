"""ControlNets and similar networks in a run: the one place where their strength is applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from ..families.call import Call, Handler, Residuals, Row, Steering
from ..types import ConditioningEntry, ControlText, ControlUse, StyleTokens
from . import is_steered, method_of
from .method import Active, ControlMethod

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(slots=True, eq=False)
class ControlSteering(Steering):
    """A control network in a call."""

    method: ControlMethod
    active: Active

    def residuals(self, x: Tensor, timestep: float, network: Any) -> Residuals:
        found = self.method.residuals(self.active, x, timestep, network)
        return with_strength(found, self.active.use.strength)


class ControlHandler(Handler):
    """Uses of control networks, and the texts that these read."""

    kinds = (ControlUse, ControlText)

    def prepare(self, call: Call) -> None:
        import torch

        uses = call.rows[0].entry.attachments(ControlUse)
        if not uses:
            return
        if not is_steered(call.model.family):
            raise ModelError(
                "model.no_control",
                f"weft runs no ControlNets with {call.family.words} yet.",
                hint="Remove ApplyControlNet, or use a model of another family.",
            )
        arguments = call.inputs.arguments
        if any(row.entry.attachment(ControlText) is not None for row in call.rows):
            read = [Row(_read_by_control(row.entry), row.negative) for row in call.rows]
            arguments = call.family.prepare(call.model, read, call.shape, call.like)
        size = (call.shape[-2], call.shape[-1])
        for use in uses:
            method = method_of(use.net)
            method.check(call.model, use)
            hint = method.hint(use, call.family, size, call.batch, call.like)
            hints = torch.cat([hint] * len(call.rows))
            module = method.module(call.model, use.net)
            call.steering.append(
                ControlSteering(method, Active(use, module, hints, dict(arguments)))
            )


def with_strength(residuals: Residuals, strength: float) -> Residuals:
    """Residuals times a strength; a tensor that serves several places is multiplied once."""
    if strength == 1.0:
        return residuals
    made: dict[int, Tensor] = {}

    def scaled(parts: Sequence[Tensor]) -> list[Tensor]:
        for part in parts:
            if id(part) not in made:
                made[id(part)] = part * strength
        return [made[id(part)] for part in parts]

    return {name: scaled(parts) for name, parts in residuals.items()}


def _read_by_control(entry: ConditioningEntry) -> ConditioningEntry:
    """An entry as control networks read it."""
    text = entry.attachment(ControlText)
    if text is None:
        return entry
    plain = entry.without(StyleTokens)
    return replace(plain, tokens=text.tokens, token_mask=text.token_mask)

"""Networks with the hooks of a prompt: weights derived from the model's own, kept briefly."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..errors import ModelError
from ..types import Clip, Conditioning, Model
from ..types.hooks import Hook, Hooks, Keyframe, LoraChange, ModelChange
from .compiling import network_of
from .hooks import State, Walk, clip_parts
from .lora.apply import apply_lora, apply_lora_to_clip
from .lora.file import LoraFile, load_lora
from .merge import merge_clips, merge_models

KEPT = 4
"""Networks with other strengths that a run holds on to, as they come back within a step."""


class HookedNetworks:
    """The networks of one run.

    Args:
        model: The model without hooks.
        at: Fraction of its schedule -> sigma.
    """

    def __init__(self, model: Model, at: Callable[[float], float]) -> None:
        self._model = model
        self._at = at
        self._plain: Any = network_of(model)
        self._held: OrderedDict[State, Any] = OrderedDict()
        self._walks: dict[tuple[Keyframe, ...], Walk] = {}
        self._files = Files()

    def state(self, hooks: Hooks, sigma: float) -> State:
        """Which hooks act at a noise level, and how strongly."""
        return tuple(
            (hook, strength)
            for hook in hooks.hooks
            if (strength := hook.strength_model * self._factor(hook.frames, sigma)) != 0.0
        )

    def network(self, state: State) -> Any:
        """The network for a state.

        Raises:
            ModelError: A hook was made for another kind of model, or its file changed.
        """
        if not state:
            return self._plain
        if state not in self._held:
            model = self._model
            for hook, strength in merges_first(state):
                if isinstance(hook.change, ModelChange):
                    model = merge_models(model, hook.change.model, 1.0 - strength)
                else:
                    model, _ = apply_lora(model, None, self._files.open(hook.change), strength)
                    if model.weights.shapes != self._model.weights.shapes:
                        raise ModelError(
                            "hooks.other_inputs",
                            f'The LoRA "{self._files.open(hook.change).path.name}" adds inputs to '
                            "the network, so it cannot act as a hook.",
                            expected="a LoRA that keeps the network's inputs",
                            got=f"{model.weights.config['in_channels']} input channels",
                            hint="Apply it to the model with LoadLoRA.",
                        )
            self._held[state] = network_of(model)
        self._held.move_to_end(state)
        while len(self._held) > KEPT:
            self._held.popitem(last=False)
        return self._held[state]

    def _factor(self, frames: tuple[Keyframe, ...], sigma: float) -> float:
        if frames not in self._walks:
            self._walks[frames] = Walk(frames, self._at)
        return self._walks[frames].strength(sigma)


class Files:
    """LoRA files, each opened once."""

    def __init__(self) -> None:
        self._open: dict[str, LoraFile] = {}

    def open(self, change: LoraChange) -> LoraFile:
        """The file of a change.

        Raises:
            ModelError: It is not what it was when the hook was made.
        """
        if change.digest not in self._open:
            file = load_lora(change.path)
            if file.content_digest != change.digest:
                raise ModelError(
                    "model.file_changed",
                    f'"{file.path.name}" changed after a hook was made from it.',
                    hint="Run the workflow again.",
                )
            self._open[change.digest] = file
        return self._open[change.digest]


def encode_hooked(clip: Clip, encode: Callable[[Clip], Conditioning]) -> Conditioning:
    """Encode a prompt with the text encoders that hooks make.

    Args:
        clip: With hooks.
        encode: From text encoders without hooks to the conditioning.

    Returns:
        One entry, or one for each part of the schedule.

    Raises:
        ModelError: A hook was made for another kind of text encoder, or its file changed.
    """
    from ..text.conditioning import add_hooks, combine, set_encoded_range

    hooked = clip.hooks
    assert hooked is not None
    plain, files = replace(clip, hooks=None), Files()
    parts = clip_parts(hooked.hooks)
    if not hooked.scheduled:
        first = tuple(
            (hook, hook.strength_clip * (hook.frames[0].strength if hook.frames else 1.0))
            for hook in hooked.hooks.hooks
        )
        parts = [(0.0, 1.0, first)]
    found = combine(
        *(
            set_encoded_range(encode(_clip_with(plain, strengths, files)), start, end)
            for start, end, strengths in parts
        )
    )
    return add_hooks(found, hooked.hooks) if hooked.mark else found


def merges_first(state: State) -> list[tuple[Hook, float]]:
    """LoRAs are put on top of merged weights, whichever came first."""
    return sorted(state, key=lambda pair: isinstance(pair[0].change, LoraChange))


def _clip_with(clip: Clip, strengths: State, files: Files) -> Clip:
    for hook, strength in merges_first(strengths):
        if strength == 0.0:
            continue
        if isinstance(hook.change, LoraChange):
            clip = apply_lora_to_clip(clip, files.open(hook.change), strength)
        elif hook.change.clip is not None:
            clip = merge_clips(clip, hook.change.clip, 1.0 - strength)
    return clip

"""Prompts encoded, combined, and limited to a part of the sampling."""

from __future__ import annotations

from typing import Annotated, Literal

from ...diffusion.types import Clip, Conditioning
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
from ..rules import start_end
from .prompts import Prompt, embeddings_of

Strength = Annotated[float, Range(0, 10, step=0.01)]
Fraction = Annotated[float, Range(0, 1, step=0.001)]
Where = Literal["default", "mask bounds"]


@node("CLIPTextEncode", category="conditioning", version=4, lane="gpu")
def clip_text_encode(run: Run, clip: Clip, *, text: Prompt) -> Conditioning:
    """Encode a prompt.

    Args:
        clip: The text encoder.
        text: The prompt. `(words:1.2)` weighs words, `(words)` by 1.1; `\\(` is a plain bracket,
            and so is `[`. More than 75 tokens are encoded in chunks of 75. `embedding:name` is a
            textual inversion, a safetensors file in models/embeddings.

    Returns:
        Conditioning of one entry, tokens (1, 77 * chunks, C) float32.

    Raises:
        DiffusionError: An embedding was made for another text encoder.

    Source: CLIP (Radford 2021) as Stable Diffusion uses it; weights as in ComfyUI.
    """
    from ...diffusion import encode_text

    with embeddings_of(run):
        return encode_text(clip, text, square_brackets=False)


@node("CLIPTextEncodeSchedule", category="conditioning", lane="gpu", version=4)
def clip_text_encode_schedule(
    run: Run,
    clip: Clip,
    *,
    text: Prompt,
    steps: Annotated[int, Range(1, 10_000, soft=(1, 50))] = 20,
) -> Conditioning:
    """Encode a prompt in the syntax of the Stable Diffusion web UI, with changes while sampling.

    Times are fractions of the noise schedule, as those of ConditioningSetTimestepRange. They are
    fractions of the steps too where steps are even in time (scheduler `normal`).

    Args:
        clip: The text encoder.
        text: `(words:1.2)` multiplies their weight, `(words)` by 1.1, `[words]` by 1/1.1.
            `[cat:dog:0.4]` is a cat until 0.4 of the schedule, then a dog; `[dog:0.4]` comes,
            `[cat::0.4]` goes; a whole number counts steps. `[cat|dog]` changes at every step.
            BREAK begins a new chunk of 77 tokens. `a cat :1.2 AND a dog` adds both prompts up, by
            their weights (composable diffusion; only on the positive side). `\\(`, `\\[`, `\\|`,
            `\\:` are the characters.
        steps: Steps of the sampler, by which `[cat|dog]` and whole numbers count.

    Returns:
        One entry for each different part of the schedule.

    Raises:
        DiffusionError: More than 50 brackets stand within each other.

    Source: AUTOMATIC1111's web UI; chunks and weights of tokens as in CLIPTextEncode. AND: Liu et
        al. 2022.
    """
    from ...diffusion.families.text import encode_schedule

    with embeddings_of(run):
        return encode_schedule(clip, text, steps=steps)


@node("ConditioningCombine", category="conditioning", lane="inline")
def conditioning_combine(
    conditioning_1: Conditioning, conditioning_2: Conditioning
) -> Conditioning:
    """Let two prompts act together: their predictions are averaged where both act.

    Args:
        conditioning_1: One.
        conditioning_2: The other.

    Returns:
        The entries of both.
    """
    from ...diffusion.text.conditioning import combine

    return combine(conditioning_1, conditioning_2)


@node("ConditioningConcat", category="conditioning")
def conditioning_concat(
    conditioning_to: Conditioning, conditioning_from: Conditioning
) -> Conditioning:
    """Put the tokens of one prompt behind those of another, so that the network sees both at once.

    Args:
        conditioning_to: Its entries get the tokens and keep all else.
        conditioning_from: Its first entry's tokens are taken.

    Returns:
        As many entries as `conditioning_to`, tokens (1, T1 + T2, C).

    Raises:
        DiffusionError: They come from text encoders of different models.
    """
    from ...diffusion.text.conditioning import concat

    return concat(conditioning_to, conditioning_from)


@node("ConditioningAverage", category="conditioning")
def conditioning_average(
    conditioning_to: Conditioning,
    conditioning_from: Conditioning,
    *,
    conditioning_to_strength: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
) -> Conditioning:
    """Mix the embeddings of two prompts.

    Args:
        conditioning_to: Its entries keep their areas, masks and times.
        conditioning_from: Its first entry is mixed in, cut or filled up with zeros to the length.
        conditioning_to_strength: Share of `conditioning_to`: 1 all of it, 0 nothing.

    Returns:
        As many entries as `conditioning_to`.

    Raises:
        DiffusionError: They come from text encoders of different models.
    """
    from ...diffusion.text.conditioning import average

    return average(conditioning_to, conditioning_from, conditioning_to_strength)


@node("ConditioningSetTimestepRange", category="conditioning", lane="inline", refuses=start_end)
def conditioning_set_timestep_range(
    conditioning: Conditioning, *, start: Fraction = 0.0, end: Fraction = 1.0
) -> Conditioning:
    """Let a prompt act in a part of sampling only.

    Combine prompts so that one acts at every time.

    Args:
        conditioning: The prompt.
        start: Where it begins, as a fraction of the noise schedule; 0 is the noisy start.
        end: Where it ends; 1 is the clean end.

    Returns:
        The prompt with its times.

    Raises:
        DiffusionError: `start` is above `end`.
    """
    from ...diffusion.text.conditioning import set_range

    return set_range(conditioning, start, end)


@node("ConditioningZeroOut", category="conditioning")
def conditioning_zero_out(conditioning: Conditioning) -> Conditioning:
    """Replace the embeddings of a prompt by zeros; not the same as an empty prompt.

    Args:
        conditioning: The prompt.

    Returns:
        As many entries of the same shape.
    """
    from ...diffusion.text.conditioning import zero_out

    return zero_out(conditioning)

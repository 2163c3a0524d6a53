"""Prompts encoded, combined, and limited to a part of the sampling."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.diffusion.types import Clip, Conditioning
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range

from ..rules import start_end
from .prompts import Prompt, embeddings_of

Strength = Annotated[float, Range(0, 10, step=0.01)]
Fraction = Annotated[float, Range(0, 1, step=0.001)]
Where = Literal["default", "mask bounds"]


@node("CLIPTextEncode", category="conditioning", version=4, lane="gpu")
def clip_text_encode(run: Run, clip: Clip, *, text: Prompt) -> Conditioning:
    """Encode a prompt with the text encoder.

    Args:
        clip: The text encoder.
        text: The prompt. `(words:1.2)` sets a weight, `(words)` multiplies by 1.1; `\\(` is a plain
            bracket, and `[` has no meaning. Prompts of more than 75 tokens are encoded in chunks of
            75. `embedding:name` inserts a textual inversion, a safetensors file in
            models/embeddings.

    Returns:
        Conditioning with one entry, tokens (1, 77 * chunks, C) float32.

    Raises:
        DiffusionError: An embedding was made for another text encoder.

    Source: CLIP (Radford 2021) as Stable Diffusion uses it; weights as in ComfyUI.
    """
    from weft.diffusion import encode_text

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
    """Encode a prompt in the Stable Diffusion web UI's syntax, with changes while sampling.

    Times are fractions of the noise schedule, as in ConditioningSetTimestepRange. They equal
    fractions of the steps when steps are even in time (scheduler `normal`).

    Args:
        clip: The text encoder.
        text: The prompt. `(words:1.2)` sets a weight, `(words)` multiplies by 1.1, `[words]` by
            1/1.1. `[cat:dog:0.4]` is "cat" until 0.4 of the schedule, then "dog"; `[dog:0.4]` adds
            it at that time, `[cat::0.4]` removes it; whole numbers are steps. `[cat|dog]`
            alternates at every step. BREAK starts a new chunk of 77 tokens. `a cat :1.2 AND a dog`
            adds up both prompts by their weights (composable diffusion; only in the positive
            prompt). `\\(`, `\\[`, `\\|`, `\\:` are the plain characters.
        steps: Number of steps of the sampler, for `[cat|dog]` and whole numbers.

    Returns:
        Conditioning with one entry for each different part of the schedule.

    Raises:
        DiffusionError: More than 50 brackets are nested.

    Source: AUTOMATIC1111's web UI; chunks and weights of tokens as in CLIPTextEncode. AND: Liu et
        al. 2022.
    """
    from weft.diffusion.families.text import encode_schedule

    with embeddings_of(run):
        return encode_schedule(clip, text, steps=steps)


@node("ConditioningCombine", category="conditioning", lane="inline")
def conditioning_combine(
    conditioning_1: Conditioning, conditioning_2: Conditioning
) -> Conditioning:
    """Combine two prompts: their predictions are averaged where both act.

    Args:
        conditioning_1: The first prompt.
        conditioning_2: The second prompt.

    Returns:
        Conditioning with the entries of both.
    """
    from weft.diffusion.text.conditioning import combine

    return combine(conditioning_1, conditioning_2)


@node("ConditioningConcat", category="conditioning")
def conditioning_concat(
    conditioning_to: Conditioning, conditioning_from: Conditioning
) -> Conditioning:
    """Concatenate the tokens of two prompts, so that the model reads both at once.

    Args:
        conditioning_to: The first prompt. Its entries keep all other properties.
        conditioning_from: The second prompt. The tokens of its first entry are appended.

    Returns:
        Conditioning with the entries of `conditioning_to`, tokens (1, T1 + T2, C).

    Raises:
        DiffusionError: The prompts come from text encoders of different models.
    """
    from weft.diffusion.text.conditioning import concat

    return concat(conditioning_to, conditioning_from)


@node("ConditioningAverage", category="conditioning")
def conditioning_average(
    conditioning_to: Conditioning,
    conditioning_from: Conditioning,
    *,
    conditioning_to_strength: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
) -> Conditioning:
    """Interpolate the embeddings of two prompts.

    Args:
        conditioning_to: The first prompt. Its entries keep their areas, masks and times.
        conditioning_from: The second prompt. Its first entry is used, cut or padded with zeros to
            the same length.
        conditioning_to_strength: Share of `conditioning_to`: 1 is all of it, 0 is none.

    Returns:
        Conditioning with the entries of `conditioning_to`.

    Raises:
        DiffusionError: The prompts come from text encoders of different models.
    """
    from weft.diffusion.text.conditioning import average

    return average(conditioning_to, conditioning_from, conditioning_to_strength)


@node("ConditioningSetTimestepRange", category="conditioning", lane="inline", refuses=start_end)
def conditioning_set_timestep_range(
    conditioning: Conditioning, *, start: Fraction = 0.0, end: Fraction = 1.0
) -> Conditioning:
    """Restrict a prompt to a part of sampling.

    Combine several prompts so that at least one acts at every time.

    Args:
        conditioning: The prompt.
        start: Start of the range, as a fraction of the noise schedule: 0 is pure noise.
        end: End of the range, as a fraction of the noise schedule: 1 is the clean image.

    Returns:
        The prompt with its range.

    Raises:
        DiffusionError: `start` is above `end`.
    """
    from weft.diffusion.text.conditioning import set_range

    return set_range(conditioning, start, end)


@node("ConditioningZeroOut", category="conditioning")
def conditioning_zero_out(conditioning: Conditioning) -> Conditioning:
    """Replace the embeddings of a prompt by zeros, which differs from an empty prompt.

    Args:
        conditioning: The prompt.

    Returns:
        Conditioning of the same shape, with zeros.
    """
    from weft.diffusion.text.conditioning import zero_out

    return zero_out(conditioning)

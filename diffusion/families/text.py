"""From prompts to conditioning, whatever the family: hooks and schedules included."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ModelError
from ..patches.hooked import encode_hooked
from ..text.conditioning import combine, concat, each_with, set_range
from ..text.prompt_schedule import read_schedule, split_composition
from ..types import Clip, Conditioning
from . import family_named


def encode_text(clip: Clip, text: str, *, square_brackets: bool = False) -> Conditioning:
    """Encode a prompt.

    Prompts longer than 75 tokens are cut into chunks of 77 (start, 75, end) that are encoded one by
    one and put in a row. A token of weight w moves from the empty prompt's embedding z0 at that
    place: z0 + w * (z - z0).

    Args:
        clip: Text encoder of a checkpoint. Families with several encode the same text with each.
        text: The prompt, with weights as in `prompt.parse_prompt`; "" is allowed.
        square_brackets: Whether "[x]" weakens x (ComfyUI: no).

    Returns:
        One entry: tokens (1, 77*n, C) and pooled (1, C), float32 on the CPU.

    Raises:
        ModelError: The file holds no tokenizer for this text encoder.

    Source: weighting and chunk rules as ComfyUI has them, measured.
    """
    texts = [text] * len(family_named(clip.family).encoders)
    return _encode(clip, texts, square_brackets)


def encode_texts(
    clip: Clip, *texts: str, families: Sequence[str] = (), square_brackets: bool = False
) -> Conditioning:
    """Encode another text with each text encoder, in the family's order (SDXL: L, G).

    Args:
        clip: Text encoders.
        texts: One for each.
        families: Whose encoders they must be; () = any.
        square_brackets: Whether "[x]" weakens x.

    Raises:
        ModelError: The file holds no tokenizer for a text encoder, or the encoders are of another
            family; both are named.
        ParameterError: Not as many texts as the family has encoders.
    """
    family = family_named(clip.family)
    if families and clip.family not in families:
        wanted = " or ".join(family_named(name).words for name in families)
        raise ModelError(
            "model.wrong_text_encoders",
            f'The text encoders of "{clip.weights.path.name}" are not those of {wanted}.',
            expected=f"text encoders of {wanted}",
            got=f"text encoders of {family.words}",
            hint="Use CLIPTextEncode, or the encode node of this family.",
        )
    return _encode(clip, texts, square_brackets)


def encode_schedule(clip: Clip, text: str, *, steps: int = 20) -> Conditioning:
    """Encode a prompt that changes while sampling; see `prompt_schedule.read_schedule`.

    Args:
        clip: Text encoder.
        text: The prompt in the web UI's syntax.
        steps: Number of steps by which steps are counted.

    Returns:
        An entry for each scene, that acts in its part of the schedule; parts that AND divides are
        added up.

    Raises:
        ParameterError: More than 50 brackets stand within each other, or steps is not 1 to 10000.
        ModelError: The file holds no tokenizer for this text encoder.
    """
    encoded: dict[tuple[str, ...], Conditioning] = {}

    def scenes_of(part: str) -> Conditioning:
        found = []
        for scene in read_schedule(part, steps):
            if scene.parts not in encoded:
                first, *more = (encode_text(clip, p, square_brackets=False) for p in scene.parts)
                for chunk in more:
                    first = concat(first, chunk)
                encoded[scene.parts] = first
            found.append(set_range(encoded[scene.parts], scene.start, scene.end))
        return combine(*found)

    parts = split_composition(text)
    if len(parts) == 1:
        return scenes_of(text)
    return combine(
        *(
            each_with(scenes_of(part), composed=(number, weight))
            for number, (part, weight) in enumerate(parts)
        )
    )


def _encode(clip: Clip, texts: Sequence[str], square_brackets: bool) -> Conditioning:
    family = family_named(clip.family)
    if clip.hooks is None:
        return family.encode(clip, texts, square_brackets=square_brackets)
    return encode_hooked(
        clip, lambda plain: family.encode(plain, texts, square_brackets=square_brackets)
    )

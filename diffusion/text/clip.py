"""Text to conditioning with a CLIP text encoder: weights, chunks of 77, layer choice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import ParameterError
from ..types import Clip
from ..weights.handle import Weights
from .embeddings import ExtraTokens
from .prompt import PromptPiece, parse_prompt
from .tokenizers import TextTokenizer, tokenizer_for

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LONG_WORD = 8
"""Tokens. A weighted piece shorter than this moves to the next chunk whole rather than be cut."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token id with its weight."""

    id: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class ClipText:
    """The output of one CLIP text encoder for a prompt.

    Attributes:
        tokens: (1, T * chunks, C) float32 on the CPU.
        pooled: (1, P) float32 on the CPU, of the first chunk; projected if the encoder projects.
    """

    tokens: Tensor
    pooled: Tensor


def encode_clip(
    weights: Weights,
    text: str,
    *,
    layer: int = -1,
    final_norm: bool = True,
    pad: int | None = None,
    least: int = 1,
    projected: bool = True,
    square_brackets: bool = False,
) -> ClipText:
    """Encode a prompt with one CLIP text encoder; see `encode_text`.

    Args:
        weights: The encoder.
        text: The prompt.
        layer: Whose output is taken: -1 the last layer, -2 the one before.
        final_norm: Whether the encoder's last norm is applied to it (SDXL: no).
        pad: Id that fills a chunk; None = the end token.
        least: Chunks to make at least; the further ones are empty.
        projected: Whether the pooled text goes through the encoder's projection, if it has one.
        square_brackets: Whether "[x]" weakens x.
    """
    import torch

    tokenizer = tokenizer_of(weights)
    length = int(weights.config["max_position_embeddings"])
    filler = tokenizer.end if pad is None else pad
    pieces = parse_prompt(text, square_brackets=square_brackets)
    extra = ExtraTokens(weights)
    chunks = chunk_tokens(pieces, tokenizer, length, filler, extra)
    empty = [Token(tokenizer.start), Token(tokenizer.end), *[Token(filler)] * (length - 2)]
    chunks += [empty] * (least - len(chunks))
    weighted = any(token.weight != 1.0 for chunk in chunks for token in chunk)
    rows = [[token.id for token in chunk] for chunk in chunks]
    if weighted:
        rows.append([token.id for token in empty])
    with torch.no_grad():
        hidden, pooled = _encode(weights, rows, tokenizer.end, layer, final_norm, projected, extra)
        if weighted:
            blank, hidden = hidden[-1:], hidden[:-1]
            factors = torch.tensor([[token.weight for token in chunk] for chunk in chunks])
            moved = blank + factors[..., None] * (hidden - blank)
            hidden = torch.where(factors[..., None] == 1.0, hidden, moved)
        tokens = hidden.reshape(1, -1, hidden.shape[-1])
    return ClipText(tokens, pooled[:1])


def count_chunks(weights: Weights, text: str, *, square_brackets: bool = False) -> int:
    """How many chunks of 77 a prompt takes."""
    tokenizer = tokenizer_of(weights)
    length = int(weights.config["max_position_embeddings"])
    pieces = parse_prompt(text, square_brackets=square_brackets)
    return len(chunk_tokens(pieces, tokenizer, length, extra=ExtraTokens(weights)))


def set_clip_last_layer(clip: Clip, last_layer: int) -> Clip:
    """Take the text embedding from an earlier layer ("clip skip").

    Args:
        clip: Text encoder.
        last_layer: -1 = the last layer, -2 = the one before it ("clip skip 2"), ...

    Raises:
        ParameterError: The encoder has not that many layers.
    """
    layers = min(int(e.config.get("num_hidden_layers", 1000)) for e in clip.encoders)
    if not -layers <= last_layer <= -1:
        raise ParameterError(
            "clip.no_such_layer",
            "The text encoder has no layer with this index.",
            expected=f"{-layers} to -1",
            got=str(last_layer),
        )
    return replace(clip, last_layer=last_layer)


def tokenizer_of(weights: Weights) -> TextTokenizer:
    """The tokenizer that belongs to a text encoder."""
    return tokenizer_for(weights.config["vocab_size"], weights.extras.get("tokenizer"))


def chunk_tokens(
    pieces: list[PromptPiece],
    tokenizer: TextTokenizer,
    length: int = 77,
    pad: int | None = None,
    extra: ExtraTokens | None = None,
) -> list[list[Token]]:
    """Tokenize weighted pieces into chunks of `length` (start, payload, end, padding).

    `pad` is the id that fills up; None = the end token. `extra` reads embeddings that the text
    names; None = it names none.

    A piece that does not fit in what is left of a chunk begins the next one when it is short
    (< 8 tokens), and is cut when it is long.
    """
    start, end = Token(tokenizer.start), Token(tokenizer.end)
    payload = length - 2
    chunks: list[list[Token]] = [[]]
    groups = [
        [Token(number, piece.weight) for number in ids]
        for piece in pieces
        for ids in (extra.groups(piece.text, tokenizer) if extra else [tokenizer.ids(piece.text)])
    ]
    for group in groups:
        left = group
        while left:
            room = payload - len(chunks[-1])
            if len(left) <= room:
                chunks[-1] += left
                break
            if len(left) >= LONG_WORD or room == payload:
                chunks[-1] += left[:room]
                left = left[room:]
            chunks.append([])
    filler = end if pad is None else Token(pad)
    return [[start, *chunk, end, *[filler] * (length - 2 - len(chunk))] for chunk in chunks]


def _encode(
    weights: Weights,
    rows: list[list[int]],
    end: int,
    layer: int,
    final_norm: bool,
    projected: bool,
    extra: ExtraTokens,
) -> tuple[Tensor, Tensor]:
    """Hidden states (N, 77, C) and pooled (N, P), float32 on the CPU."""
    import torch

    module: Any = extra.module()
    network: Any = getattr(module, "text_model", module)
    device = weights.device
    ids = torch.tensor(rows, device=device)
    early = layer != -1 or not final_norm
    out = network(input_ids=ids, output_hidden_states=early)
    last: Tensor = out.last_hidden_state
    # The embedding at the first end token; transformers' own rule depends on a legacy config value.
    first_end = (ids[:, 1:] == end).int().argmax(dim=1) + 1
    pooled = last[torch.arange(len(rows), device=device), first_end]
    projection = getattr(module, "text_projection", None) if projected else None
    if projection is not None:
        pooled = projection(pooled)
    if early:
        last = out.hidden_states[layer]
        last = network.final_layer_norm(last) if final_norm else last
    return _to_cpu(last), _to_cpu(pooled)


def _to_cpu(x: Tensor) -> torch.Tensor:
    import torch

    return x.to(device="cpu", dtype=torch.float32)

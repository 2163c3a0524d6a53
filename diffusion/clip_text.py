"""Text to conditioning with a CLIP text encoder: weights, chunks of 77, layer choice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .errors import ParameterError
from .prompt import Piece, parse_prompt
from .tokenizers import TextTokenizer, tokenizer_for
from .types import Clip, Conditioning, ConditioningEntry

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


def encode_text(clip: Clip, text: str, *, square_brackets: bool = True) -> Conditioning:
    """Encode a prompt.

    Prompts longer than 75 tokens are cut into chunks of 77 (start, 75, end) that are encoded one by
    one and put in a row. A token of weight w moves from the empty prompt's embedding z0 at that
    place: z0 + w * (z - z0).

    Args:
        clip: Text encoder of a checkpoint.
        text: The prompt, with weights as in `prompt.parse_prompt`; "" is allowed.
        square_brackets: Whether "[x]" weakens x (ComfyUI: no).

    Returns:
        One entry: tokens (1, 77*n, C) and pooled (1, C), float32 on the CPU.

    Raises:
        ModelError: The file holds no tokenizer for this text encoder.

    Source: weighting and chunk rules as ComfyUI has them, measured.
    """
    import torch

    tokenizer = tokenizer_of(clip)
    length = int(clip.weights.config["max_position_embeddings"])
    chunks = chunk_tokens(parse_prompt(text, square_brackets=square_brackets), tokenizer, length)
    weighted = any(token.weight != 1.0 for chunk in chunks for token in chunk)
    rows = [[token.id for token in chunk] for chunk in chunks]
    if weighted:
        rows.append([tokenizer.start] + [tokenizer.end] * (length - 1))
    with torch.no_grad():
        hidden, pooled = _encode(clip, rows, tokenizer.end)
        if weighted:
            empty, hidden = hidden[-1:], hidden[:-1]
            factors = torch.tensor([[token.weight for token in chunk] for chunk in chunks])
            moved = empty + factors[..., None] * (hidden - empty)
            hidden = torch.where(factors[..., None] == 1.0, hidden, moved)
        tokens = hidden.reshape(1, -1, hidden.shape[-1])
    return Conditioning((ConditioningEntry(tokens=tokens, pooled=pooled[:1]),))


def set_clip_last_layer(clip: Clip, last_layer: int) -> Clip:
    """Take the text embedding from an earlier layer ("clip skip").

    Args:
        clip: Text encoder.
        last_layer: -1 = the last layer, -2 = the one before it ("clip skip 2"), ...

    Raises:
        ParameterError: The encoder has not that many layers.
    """
    layers = int(clip.weights.config["num_hidden_layers"])
    if not -layers <= last_layer <= -1:
        raise ParameterError(
            "clip.no_such_layer",
            "The text encoder has no such layer.",
            expected=f"{-layers} to -1",
            got=str(last_layer),
        )
    return replace(clip, last_layer=last_layer)


def tokenizer_of(clip: Clip) -> TextTokenizer:
    """The tokenizer that belongs to a text encoder."""
    return tokenizer_for(clip.weights.config["vocab_size"], clip.weights.extras.get("tokenizer"))


def chunk_tokens(
    pieces: list[Piece], tokenizer: TextTokenizer, length: int = 77
) -> list[list[Token]]:
    """Tokenize weighted pieces into chunks of `length` (start, payload, end, padding).

    A piece that does not fit in what is left of a chunk begins the next one when it is short
    (< 8 tokens), and is cut when it is long.
    """
    start, end = Token(tokenizer.start), Token(tokenizer.end)
    payload = length - 2
    chunks: list[list[Token]] = [[]]
    for piece in pieces:
        group = [Token(number, piece.weight) for number in tokenizer.ids(piece.text)]
        while group:
            room = payload - len(chunks[-1])
            if len(group) <= room:
                chunks[-1] += group
                break
            if len(group) >= LONG_WORD or room == payload:
                chunks[-1] += group[:room]
                group = group[room:]
            chunks.append([])
    return [[start, *chunk, *[end] * (length - 1 - len(chunk))] for chunk in chunks]


def _encode(clip: Clip, rows: list[list[int]], end: int) -> tuple[Tensor, Tensor]:
    """Hidden states (N, 77, C) and pooled (N, C), float32 on the CPU."""
    import torch

    network: Any = clip.weights.module
    device = next(network.parameters()).device
    ids = torch.tensor(rows, device=device)
    out = network(input_ids=ids, output_hidden_states=clip.last_layer != -1)
    last: Tensor = out.last_hidden_state
    # The embedding at the first end token; transformers' own rule depends on a legacy config value.
    first_end = (ids[:, 1:] == end).int().argmax(dim=1) + 1
    pooled = last[torch.arange(len(rows), device=device), first_end]
    if clip.last_layer != -1:
        last = network.final_layer_norm(out.hidden_states[clip.last_layer])
    return _to_cpu(last), _to_cpu(pooled)


def _to_cpu(x: Tensor) -> torch.Tensor:
    import torch

    return x.to(device="cpu", dtype=torch.float32)

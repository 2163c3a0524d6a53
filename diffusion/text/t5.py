"""Text through a T5 or BERT encoder: one row of any length, weights as for CLIP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..weights.handle import Weights
from .embeddings import ExtraTokens
from .prompt import parse_prompt
from .tokenizers.text_models import SentenceTokenizer, sentence_tokenizer

if TYPE_CHECKING:
    from torch import Tensor

    from ..types import SentencePadding


@dataclass(frozen=True, slots=True, eq=False)
class SentenceText:
    """The output of a sentence encoder for a prompt.

    Attributes:
        tokens: (1, T, C) float32 on the CPU.
        mask: (1, T) float32, 1 where a token is no padding.
    """

    tokens: Tensor
    mask: Tensor


def encode_sentence(
    weights: Weights,
    text: str,
    *,
    least: int = 1,
    most: int | None = None,
    padding: SentencePadding | None = None,
    masked: bool = False,
    square_brackets: bool = False,
) -> SentenceText:
    """Encode a prompt with one T5 or BERT encoder.

    Args:
        weights: The encoder.
        text: The prompt, with embeddings (`embeddings`) and weights as in `prompt.parse_prompt`. A
            token of weight w moves from the empty prompt's embedding z0 at that place:
            z0 + w * (z - z0).
        least: Tokens to pad to.
        most: Tokens to cut at; None = as long as the prompt is.
        padding: How much padding there is, in place of `least`; None = by that.
        masked: Whether the encoder is kept from seeing padding (PixArt: yes; SD3, Flux: no).
        square_brackets: Whether "[x]" weakens x.

    Raises:
        ModelError: The file holds no tokenizer for this encoder, and weft has none; or an embedding
            is missing, damaged, or was made for another encoder.
    """
    import torch

    stored, vocabulary = weights.extras.get("tokenizer"), weights.config["vocab_size"]
    tokenizer = sentence_tokenizer(stored, weights.path.name, vocabulary)
    extra = ExtraTokens(weights)
    ids, factors = _ids(tokenizer, text, most, square_brackets, extra)
    if padding is not None:
        least = max(padding.least, len(ids) + padding.always)
    filled = [1.0] * len(ids) + [0.0] * (least - len(ids))
    factors += [1.0] * (least - len(ids))
    ids += [tokenizer.pad] * (least - len(ids))
    rows, seen = [ids], [filled]
    weighted = any(factor != 1.0 for factor in factors)
    if weighted:
        empty = [*tokenizer.start, tokenizer.end]
        rows.append(empty + [tokenizer.pad] * (len(ids) - len(empty)))
        seen.append([1.0] * len(empty) + [0.0] * (len(ids) - len(empty)))
    with torch.no_grad():
        mask = torch.tensor(seen)
        hidden = _run(weights, extra, torch.tensor(rows), mask if masked else None)
        if weighted:
            weight = torch.tensor(factors)[None, :, None]
            moved = hidden[1:] + weight * (hidden[:1] - hidden[1:])
            hidden = torch.where(weight == 1.0, hidden[:1], moved)
    return SentenceText(hidden, mask[:1])


def _ids(
    tokenizer: SentenceTokenizer,
    text: str,
    most: int | None,
    square_brackets: bool,
    extra: ExtraTokens,
) -> tuple[list[int], list[float]]:
    ids, factors = list(tokenizer.start), [1.0] * len(tokenizer.start)
    for piece in parse_prompt(text, square_brackets=square_brackets):
        found = [number for group in extra.groups(piece.text, tokenizer) for number in group]
        ids += found
        factors += [piece.weight] * len(found)
    if most is not None and len(ids) >= most:
        ids, factors = ids[: most - 1], factors[: most - 1]
    return [*ids, tokenizer.end], [*factors, 1.0]


def _run(weights: Weights, extra: ExtraTokens, ids: Tensor, mask: Tensor | None) -> Tensor:
    import torch

    network: Any = extra.module()
    device = weights.device
    seen = torch.ones(ids.shape) if mask is None else mask
    out = network(input_ids=ids.to(device), attention_mask=seen.to(device))
    hidden: Tensor = out.last_hidden_state
    if (head := getattr(network, "classifier", None)) is not None:
        hidden = head(hidden)
    return hidden.to(device="cpu", dtype=torch.float32)

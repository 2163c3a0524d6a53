"""thimble's tokenizer: CLIP's algorithm and special tokens over the words of the caption grammar.

The merges are learned by ordinary byte-pair encoding on the word list itself, until every word is
one token. Anything else still encodes, in pieces down to bytes.
"""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

from transformers import CLIPTokenizer

from training.captions import WORDS

START, END = "<|startoftext|>", "<|endoftext|>"
LENGTH = 77

Pair = tuple[str, str]


def _byte_symbols() -> list[str]:
    """The 256 printable stand-ins for bytes that GPT-2 and CLIP use, in CLIP's order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]


def learn_merges(words: list[str]) -> list[Pair]:
    """Merge the most frequent neighbours (alphabet breaks ties) until every word is one part."""
    spelled = {word: [*word[:-1], word[-1] + "</w>"] for word in words}
    merges: list[Pair] = []
    while True:
        pairs = Counter(pair for parts in spelled.values() for pair in pairwise(parts))
        if not pairs:
            return merges
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for word, parts in spelled.items():
            spelled[word] = _join(parts, best)


def _join(parts: list[str], pair: Pair) -> list[str]:
    joined: list[str] = []
    for part in parts:
        if joined and (joined[-1], part) == pair:
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def vocabulary() -> tuple[dict[str, int], list[Pair]]:
    """Token ids and merges, in the order in which CLIP lays out its own."""
    symbols = _byte_symbols()
    merges = learn_merges(sorted(set(WORDS)))
    tokens = [*symbols, *(s + "</w>" for s in symbols), *("".join(m) for m in merges), START, END]
    return {token: number for number, token in enumerate(tokens)}, merges


def save_tokenizer(folder: Path) -> CLIPTokenizer:
    """Write vocab.json, merges.txt and tokenizer.json into `folder` and return the tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    vocab, merges = vocabulary()
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tokenizer: CLIPTokenizer = CLIPTokenizer.from_pretrained(
        folder,
        unk_token=END,
        bos_token=START,
        eos_token=END,
        pad_token=END,
        model_max_length=LENGTH,
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def encode(tokenizer: CLIPTokenizer, texts: list[str]) -> list[list[int]]:
    """Token ids, cut and padded to 77."""
    made = tokenizer(texts, padding="max_length", truncation=True, max_length=LENGTH)
    return [list(ids) for ids in made["input_ids"]]

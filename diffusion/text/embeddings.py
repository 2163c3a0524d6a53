"""Textual inversion: `embedding:name` in a prompt stands for learned token vectors.

The vectors become tokens past the end of the vocabulary, so that chunks and weights treat them as
any other token; the text encoder gets the longer table as a copy that shares all else. A file may
hold vectors for several encoders: "clip_l", "clip_g", "t5xxl". An encoder that it says nothing to
beside others (T5 of Flux and SD3) reads the mention as no text at all, as ComfyUI has it.

Where names are found is said around the encoding, `with use_embeddings(find): encode_text(...)`.

Source: Gal et al. 2022; the syntax and its places as ComfyUI has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError, ParameterError
from ..formats.safetensors_header import Header, read_header
from ..weights.handle import Weights

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from .tokenizers import TextTokenizer
    from .tokenizers.text_models import SentenceTokenizer

PREFIX = "embedding:"
PATTERN = (
    r"(?<![\w/\\-])embedding:"
    r"([^\s,:;|()\[\]{}<>\"]*[^\s,:;|()\[\]{}<>\".!?'\\/])"
)
"""A mention begins anywhere but inside of a word, so behind a comma or a bracket too. A name may
have any characters but blanks, brackets, quotation marks and `, : ; |`; `. ! ? '` do not end it."""
Find = Callable[[str], Path]
"""The file of an embedding, by the name in the prompt; raises if there is none."""

_TABLES: tuple[tuple[str, str], ...] = (
    ("embeddings.token_embedding.weight", "hidden_size"),
    ("shared.weight", "d_model"),
    ("embeddings.word_embeddings.weight", "hidden_size"),
)
"""Of CLIP, T5 and BERT: the table of tokens, and what its width is called."""
_PARTS = {"CLIP-L": "clip_l", "CLIP-G": "clip_g", "T5": "t5xxl"}
"""Encoder -> its tensor in files for several."""
_PICKLED = (".pt", ".bin", ".pth", ".ckpt")
_NAMES = ("emb_params", "string_to_param.*", "*")
_find: ContextVar[Find | None] = ContextVar("weft_embeddings", default=None)


@contextmanager
def use_embeddings(find: Find | Path | str) -> Iterator[None]:
    """Let prompts inside the block name embeddings.

    Args:
        find: A folder of safetensors files, or a function from names to files.
    """
    token = _find.set(find if callable(find) else _in_folder(Path(find)))
    try:
        yield
    finally:
        _find.reset(token)


class ExtraTokens:
    """The embeddings that one text is encoded with, as tokens past the vocabulary of an encoder.

    Args:
        weights: The text encoder.
    """

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._table = next(name for name, _ in _TABLES if name in weights.shapes)
        self._first = int(weights.config["vocab_size"])
        self._ids: dict[str, list[int]] = {}
        self._rows: list[Tensor] = []

    def groups(
        self, text: str, tokenizer: TextTokenizer | SentenceTokenizer
    ) -> Iterator[list[int]]:
        """Token ids of a text, in groups that are not to be torn apart.

        Raises:
            ModelError: An embedding is missing, damaged, or was made for another encoder.
        """
        at = 0
        for match in re.finditer(PATTERN, text):
            yield tokenizer.ids(text[at : match.start()])
            yield self._of(match[1])
            at = match.end()
        yield tokenizer.ids(text[at:])

    def _of(self, name: str) -> list[int]:
        if name not in self._ids:
            rows = read_embedding(_path(name), self._weights)
            start = self._first + len(self._rows)
            self._rows += rows.unbind()
            self._ids[name] = list(range(start, start + len(rows)))
        return self._ids[name]

    def module(self) -> Module:
        """The encoder's module with the longer table; the shared one if no embedding is used."""
        if not self._rows:
            return self._weights.module
        from torch import cat, stack

        from ..weights.residency import RESIDENCY

        table = self._weights.tensor(self._table)
        longer = cat([table, stack(self._rows).to(table)])
        return RESIDENCY.runner_with(self._weights, {self._table: longer})


def read_embedding(path: Path, weights: Weights) -> Tensor:
    """The vectors of an embedding for one text encoder: (n, width) float32; n = 0 if it is for
    encoders beside this one.

    Args:
        path: A safetensors file: "emb_params" (A1111), one vector per name (diffusers), or
            "clip_l", "clip_g" and "t5xxl" (SDXL, SD3, Flux).
        weights: The text encoder.

    Raises:
        ModelError: Damaged, not safetensors, or made for another encoder; both are named.
    """
    import torch
    from safetensors import safe_open

    header = read_header(path)
    size = next(size for table, size in _TABLES if table in weights.shapes)
    width, role = int(weights.config[size]), str(weights.extras.get("role"))
    name = _tensor_for(header, width, role, beside=weights.kind != "text_encoder")
    if name is None:
        return torch.empty(0, width)
    with safe_open(path, framework="pt", device="cpu") as file:
        vectors: Tensor = file.get_tensor(name)
    return vectors.to(torch.float32).reshape(-1, width)


def _tensor_for(header: Header, width: int, role: str, *, beside: bool) -> str | None:
    """The tensor whose vectors have an encoder's width; None if it is for others beside it."""
    own = _PARTS.get(role)
    others = set(_PARTS.values()) - {own} if own else set()
    fitting = [
        name
        for name, info in header.tensors.items()
        if len(info.shape) in (1, 2)
        and info.shape[-1] == width
        and info.dtype[0] in "FB"
        and name not in others
    ]
    if own in fitting:
        return own
    if not fitting and (
        (role == "T5" and beside) or _PARTS["T5"] in header.tensors.keys() & others
    ):
        return None
    if len(fitting) == 1:
        return fitting[0]
    if named := [name for name in fitting if name in _NAMES]:
        return named[0]
    widths = ", ".join(f'"{n}" {i.shape}' for n, i in list(header.tensors.items())[:4])
    raise ModelError(
        "embedding.does_not_fit",
        f'The embedding "{header.path.name}" was made for another text encoder.',
        expected=f"one tensor of vectors of width {width}",
        got=widths or "no tensors",
        hint="Use an embedding that was trained for this model family.",
    )


def _path(name: str) -> Path:
    find = _find.get()
    if find is None:
        raise ParameterError(
            "embedding.no_folder",
            f'The prompt uses "{PREFIX}{name}", but no folder of embeddings is set.',
            hint='Encode it inside of "with use_embeddings(folder):".',
        )
    return find(name)


def _in_folder(folder: Path) -> Find:
    def find(name: str) -> Path:
        stem = name.removesuffix(".safetensors")
        wanted = folder / (name if name.lower().endswith(_PICKLED) else f"{stem}.safetensors")
        for suffix in _PICKLED:  # reading it says how to convert it
            if not wanted.is_file() and (folder / f"{stem}{suffix}").is_file():
                wanted = folder / f"{stem}{suffix}"
        if not wanted.resolve().is_relative_to(folder.resolve()) or not wanted.is_file():
            raise ModelError(
                "model.not_found",
                f'There is no embedding "{name}" in "{folder.name}".',
                hint="Check the name and the folder.",
            )
        return wanted

    return find

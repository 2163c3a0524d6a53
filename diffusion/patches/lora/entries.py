"""The tensors of a LoRA file, sorted by layer, and the meaning of each suffix. No torch.

One entry belongs to one layer of one network and has one algorithm. Its `stem` is the layer's name
as the file spells it; `names.py` knows the spellings.

Source: kohya-ss/sd-scripts, LyCORIS 3, peft 0.21 and diffusers 0.42; facts of their files only.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import ModelError

_SUFFIXES: Mapping[str, str] = {
    # kohya, LyCORIS
    ".lora_up.weight": "up",
    ".lora_down.weight": "down",
    ".lora_mid.weight": "mid",
    ".alpha": "alpha",
    ".dora_scale": "magnitude",
    ".hada_w1_a": "w1_a",
    ".hada_w1_b": "w1_b",
    ".hada_w2_a": "w2_a",
    ".hada_w2_b": "w2_b",
    ".hada_t1": "t1",
    ".hada_t2": "t2",
    ".lokr_w1": "k1",
    ".lokr_w1_a": "k1_a",
    ".lokr_w1_b": "k1_b",
    ".lokr_w2": "k2",
    ".lokr_w2_a": "k2_a",
    ".lokr_w2_b": "k2_b",
    ".lokr_t2": "kt2",
    ".diff": "diff",
    ".diff_b": "diff_b",
    ".w_norm": "diff",
    ".b_norm": "diff_b",
    ".oft_blocks": "blocks",
    ".rescale": "rescale",
    ".a1.weight": "a1",
    ".a2.weight": "a2",
    ".b1.weight": "b1",
    ".b2.weight": "b2",
    ".bm.weight": "bm",
    ".on_input": "on_input",
    # diffusers, peft
    ".lora.up.weight": "up",
    ".lora.down.weight": "down",
    "_norm.scale": "whole",
    # XLabs (Flux): 1 is the image's half of a block, 2 the text's
    "_lora1.up.weight": "up",
    "_lora1.down.weight": "down",
    "_lora2.up.weight": "up",
    "_lora2.down.weight": "down",
    "_lora.up.weight": "up",
    "_lora.down.weight": "down",
    ".lora_linear_layer.up.weight": "up",
    ".lora_linear_layer.down.weight": "down",
    ".lora_B.weight": "up",
    ".lora_A.weight": "down",
    ".lora_B.bias": "up_b",
    ".lora_magnitude_vector": "magnitude_out",
    ".lora_magnitude_vector.weight": "magnitude_out",
}
_BY_LENGTH = sorted(_SUFFIXES, key=len, reverse=True)
_ADAPTER_NAME = re.compile(r"\.(lora_[AB]|lora_magnitude_vector)\.(?!weight$|bias$)[^.]+(\.|$)")
"""peft puts the adapter's name in some files: "lora_A.default.weight"."""
_XLABS = re.compile(r"(.*\b(double|single)_blocks\.\d+)\.processor\.(qkv|proj)\Z")
_UNREAD: Mapping[str, str] = {
    ".oft_diag": "OFT",
    ".oft_R.weight": "OFT of peft",
    ".ia3_l": "(IA)^3 of peft",
    ".ia3_l.weight": "(IA)^3 of peft",
    ".bias_indices": "LyCORIS sparse bias",
    ".set_weight": "whole weights",
}
_NEEDED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "lora": (("up",), ("down",)),
    "loha": (("w1_a",), ("w1_b",), ("w2_a",), ("w2_b",)),
    "lokr": (("k1", "k1_a"), ("k2", "k2_a")),
    "oft": (("blocks",),),
    "glora": (("a1",), ("a2",), ("b1",), ("b2",)),
    "ia3": (("factors",), ("on_input",)),
}


@dataclass(frozen=True, slots=True)
class LoraEntry:
    """One layer's part of a LoRA file.

    Attributes:
        stem: The layer as the file spells it.
        fields: What each tensor is ("up", "down", "w1_a", ...) -> its name in the file.
        scale: Factor known from the file's text (peft); None = from its alpha tensor, else 1.
    """

    stem: str
    fields: Mapping[str, str]
    scale: float | None = None

    @property
    def algorithm(self) -> str:
        """ "lora", "loha", "lokr", "oft" (BOFT too), "glora", "ia3", "whole" (a tensor that takes
        the place of the weight) or "diff"."""
        if "whole" in self.fields:
            return "whole"
        if "up" in self.fields or "down" in self.fields:
            return "lora"
        if "w1_a" in self.fields:
            return "loha"
        if "k1" in self.fields or "k1_a" in self.fields:
            return "lokr"
        if "blocks" in self.fields:
            return "oft"
        if self.fields.keys() & {"a1", "a2", "b1", "b2"}:
            return "glora"
        return "ia3" if "on_input" in self.fields else "diff"


@dataclass(slots=True)
class _Sorting:
    """Stem -> field -> tensor name, and what has no known suffix."""

    fields: dict[str, dict[str, str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def sort_entries(
    names: Iterable[str], metadata: Mapping[str, str], file: str
) -> tuple[dict[str, LoraEntry], tuple[str, ...]]:
    """Sort a file's tensors by layer.

    Args:
        names: Tensor names.
        metadata: The header's text; peft's settings are looked for in it.
        file: For messages.

    Returns:
        Entries by stem, and the names that belong to none.

    Raises:
        ModelError: An algorithm that weft does not read, or an entry that lacks a half.
    """
    names = list(names)
    # (IA)^3 calls its factors "weight", which alone would mean nothing.
    factors = {f"{n.removesuffix('.on_input')}.weight" for n in names if n.endswith(".on_input")}
    found = _Sorting()
    for name in names:
        if name in factors:
            stem = name.removesuffix(".weight")
            found.fields.setdefault(stem, {})["factors"] = name
            continue
        plain = _ADAPTER_NAME.sub(r".\1\2", name)
        suffix = next((s for s in _BY_LENGTH if plain.endswith(s)), None)
        if suffix is None:
            _refuse_unread(name, file)
            found.unknown.append(name)
            continue
        stem = plain.removesuffix(suffix)
        if suffix == "_norm.scale":
            stem += "_norm"
        elif suffix.startswith("_lora"):
            stem = _xlabs(stem, suffix) or _old_processor(stem)
        found.fields.setdefault(stem, {})[_SUFFIXES[suffix]] = name
    scales = _Scales(metadata)
    entries = {
        stem: LoraEntry(stem, fields, scales.of(stem))
        for stem, fields in found.fields.items()
        if fields.keys() - {"alpha"}
    }
    for entry in entries.values():
        _check_whole(entry, file)
    return entries, tuple(found.unknown)


def is_old_glora(shapes: Mapping[str, Sequence[int]]) -> bool:
    """Whether the factors of a GLoRA stand in the order of LyCORIS before 3: rank first.

    Args:
        shapes: Of "a1", "a2", "b1" and "b2". Square weights fit both orders; the rank is small.
    """
    a1, a2, b1, b2 = (shapes[name] for name in ("a1", "a2", "b1", "b2"))
    new = b1[1] == b2[0] == a1[1] == a2[0]
    old = b2[1] == b1[0] == a1[0] == a2[1]
    return old and not (new and b1[1] <= b1[0])


def _xlabs(stem: str, suffix: str) -> str | None:
    """ "double_blocks.0.processor.qkv" of "_lora2..." -> "double_blocks.0.txt_attn.qkv"."""
    found = _XLABS.match(stem)
    if found is None:
        return None
    if found[2] == "single":
        return f"{found[1]}.{found[3]}"
    half = "txt_attn" if suffix.startswith("_lora2") else "img_attn"
    return f"{found[1]}.{half}.{found[3]}"


def _old_processor(stem: str) -> str:
    """ "attn1.processor.to_q" -> "attn1.to_q": diffusers once kept LoRAs in the processors."""
    stem = stem.replace(".processor.", ".")
    if ".self_attn." in stem:
        head, _, last = stem.rpartition(".")
        return f"{head}.{ {'to_out': 'out_proj'}.get(last, last.removeprefix('to_') + '_proj') }"
    return stem + ".0" if stem.endswith(".to_out") else stem


def _check_whole(entry: LoraEntry, file: str) -> None:
    for options in _NEEDED.get(entry.algorithm, ()):
        if not any(option in entry.fields for option in options):
            raise ModelError(
                "lora.incomplete",
                f'In "{file}" the {entry.algorithm} of layer "{entry.stem}" is incomplete.',
                expected=" or ".join(options),
                got=", ".join(sorted(entry.fields)),
                hint="The file is truncated or damaged: download or copy it again.",
            )


def _refuse_unread(name: str, file: str) -> None:
    for suffix, algorithm in _UNREAD.items():
        if name.endswith(suffix):
            raise ModelError(
                "lora.unsupported_algorithm",
                f'"{file}" is a {algorithm} file, which weft does not support.',
                expected="LoRA, LoHa, LoKr, DoRA, GLoRA, OFT, BOFT, (IA)^3 or full differences",
                got=f'{algorithm} ("{name}")',
                hint="Convert it to a LoRA with the tool that made it.",
            )


class _Scales:
    """alpha / rank as peft's settings in the header give them, by component and layer."""

    def __init__(self, metadata: Mapping[str, str]) -> None:
        self._settings: dict[str, dict[str, Any]] = {}
        try:
            stored = json.loads(metadata.get("lora_adapter_metadata", "{}"))
        except (ValueError, RecursionError):
            stored = {}
        for key, value in stored.items() if isinstance(stored, dict) else ():
            component, _, name = str(key).partition(".")
            self._settings.setdefault(component, {})[name] = value

    def of(self, stem: str) -> float | None:
        component, _, layer = stem.partition(".")
        settings = self._settings.get(component)
        if settings is None or "r" not in settings or "lora_alpha" not in settings:
            return None
        rank = _pattern(settings, "rank_pattern", layer, settings["r"])
        alpha = _pattern(settings, "alpha_pattern", layer, settings["lora_alpha"])
        if not rank or not math.isfinite(alpha):
            return None
        return alpha / (math.sqrt(rank) if settings.get("use_rslora") else rank)


def _pattern(settings: Mapping[str, Any], name: str, layer: str, default: Any) -> float:
    """A layer's own value: patterns match the end of its name, as peft has them."""
    patterns = settings.get(name) or {}
    for ending, value in patterns.items() if isinstance(patterns, dict) else ():
        if layer == ending or layer.endswith("." + ending):
            return float(value)
    return float(default)

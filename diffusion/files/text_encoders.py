"""Text encoders in files: where they lie, which encoder each is, and their tokenizers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from ..families import NAMES, family_named
from ..families.family import Family
from ..formats.folder import read_json
from ..formats.gguf_header import is_gguf
from ..formats.plans import network_plan
from ..formats.words import family_words
from ..text.tokenizers.packed import packed_tokenizer_text
from ..types import Clip
from .opening import ModelSource, weights_of

if TYPE_CHECKING:
    from ..types import Model
    from ..weights.handle import Weights

_ROLES: Mapping[int, str] = {768: "CLIP-L", 1024: "CLIP-H", 1280: "CLIP-G"}
"""Width -> which CLIP text encoder it is, for those that families were trained with."""
_USUAL: Mapping[tuple[str, ...], str] = {
    ("CLIP-L",): "sd1",
    ("CLIP-H",): "sd2",
    ("CLIP-G",): "sdxl_refiner",
    ("CLIP-G", "CLIP-L"): "sdxl",
    ("CLIP-L", "T5"): "flux",
    ("T5",): "pixart_sigma",
    ("CLIP-G", "CLIP-L", "T5"): "sd3",
    ("CLIP-G", "T5"): "sd3",
    ("BERT",): "sd1",
}
"""Encoders, sorted -> the family they belong to when nobody says."""


def role_of(source: ModelSource, plan: Mapping[str, Any]) -> str | None:
    """Which encoder a file holds: "CLIP-L", "CLIP-G", "CLIP-H", "T5", "BERT"; None if unclear."""
    from ..formats.pieces import planned_shapes

    shapes = planned_shapes(plan, source.shapes)
    if any(name.startswith("encoder.block.") for name in shapes):
        return "T5"
    if "embeddings.word_embeddings.weight" in shapes:
        return "BERT"
    width = shapes.get("embeddings.token_embedding.weight", (0, 0))[1]
    return _ROLES.get(width)


def file_texts(source: ModelSource, family: Family) -> list[Weights]:
    """The text encoders of a full checkpoint, in the family's order; SD3 files may lack one.

    Raises:
        ModelError: There is none, or one that the family cannot do without is missing.
    """
    found: list[Weights] = []
    for number, (role, places) in enumerate(
        zip(family.encoders, family.text_places, strict=True), start=1
    ):
        prefix = next((p for p in places if any(n.startswith(p) for n in source.shapes)), None)
        if prefix is None:
            continue
        layout = _layout(source, prefix)
        plan = network_plan("text_encoder", layout, prefix, source.shapes)
        kind = "text_encoder" if number == 1 else f"text_encoder_{number}"
        tokenizer = _stored_tokenizer(source, number, role)
        extras = {"role": "BERT" if layout == "bert" else role, "tokenizer": tokenizer}
        # OpenCLIP's own text encoders all have gelu, whatever their width.
        stated = {"hidden_act": "gelu"} if layout == "open_clip" else None
        found.append(
            weights_of(source, kind, plan, family=family.name, extras=extras, stated=stated)
        )
    missing = len(family.encoders) - len(found)
    if not found or (missing and not family.may_lack_encoders):
        raise ModelError(
            "model.missing_part",
            f'"{source.path.name}" lacks {missing} of the text encoders of {family.words}.',
            expected=", ".join(family.encoders),
            got=", ".join(str(weights.extras["role"]) for weights in found) or "none",
            hint="Load its denoising network with LoadDiffusionModel, and text encoders with "
            "LoadCLIP.",
        )
    return found


def text_weights(
    source: ModelSource,
    kind: str,
    family: Family,
    position: int,
    *,
    digest: str | None = None,
    tokenizer: Path | None = None,
    dtype: str | None = None,
) -> Weights:
    """One text encoder of a folder or a file of its own.

    Args:
        source: Where it is.
        kind: "text_encoder", "text_encoder_2" or "text_encoder_3".
        family: Whose text it encodes.
        position: Which of the family's encoders it is, unless its width says otherwise.
        digest: Of the whole that it is a part of.
        tokenizer: The folder of its tokenizer.
        dtype: As in `opening.weights_of`.
    """
    layout = source.identity.layout
    if source.identity.kind != "text_encoder":
        from .opening import require

        require(source, "text_encoder")
    plan = network_plan("text_encoder", layout, source.identity.prefix, source.shapes)
    role = role_of(source, plan)
    if role not in family.encoders:
        role = family.encoders[min(position, len(family.encoders) - 1)] if role is None else role
    stored = _folder_tokenizer(tokenizer) if tokenizer else None
    if stored is None:
        stored = _stored_tokenizer(source, int(kind[-1]) if kind[-1].isdigit() else 1, role)
    extras: dict[str, Any] = {"role": role, "tokenizer": stored}
    if role == "BERT" and tokenizer is not None:
        extras["text_length"] = _text_length(tokenizer, source)
    return weights_of(
        source, kind, plan, family=family.name, extras=extras, digest=digest, dtype=dtype
    )


def clip_from(
    sources: Sequence[ModelSource],
    family: str | None,
    dtype: str | None = None,
    device: str | None = None,
) -> Clip:
    """Text encoders of files of their own, put in the family's order.

    Raises:
        ModelError: They are not the encoders of the family; both lists are named.
    """
    plans = [
        network_plan("text_encoder", s.identity.layout, s.identity.prefix, s.shapes)
        for s in sources
    ]
    roles = [role_of(source, plan) for source, plan in zip(sources, plans, strict=True)]
    if family is None:
        known = tuple(sorted(role for role in roles if role is not None))
        family = _USUAL.get(known if len(known) == len(roles) else (), "")
        if not family:
            raise ModelError(
                "model.unknown_text_encoders",
                "The text encoders do not belong to one model family.",
                expected="those of " + ", ".join(family_words(name) for name in NAMES),
                got=", ".join(role or "an unknown encoder" for role in roles),
                hint="Set the type to their model family.",
            )
    chosen = family_named(family)
    wanted = list(chosen.encoders)
    # What no width tells is given by order, to the places that are still free.
    free = [role for role in wanted if role not in roles]
    filled = [role if role is not None else (free.pop(0) if free else "?") for role in roles]
    fits = sorted(filled) == sorted(wanted) or (
        chosen.may_lack_encoders and set(filled) < set(wanted) and len(set(filled)) == len(filled)
    )
    if filled == ["BERT"] and wanted == ["CLIP-L"]:
        fits = True
    if not fits:
        raise ModelError(
            "model.wrong_text_encoders",
            f"{chosen.words} uses other text encoders than these files hold.",
            expected=", ".join(wanted),
            got=", ".join(
                f'{role} ("{source.path.name}")'
                for role, source in zip(filled, sources, strict=True)
            ),
            hint="Choose the files of this family's text encoders, or another type.",
        )
    order = sorted(
        range(len(filled)), key=lambda i: wanted.index(filled[i]) if filled[i] in wanted else 0
    )
    encoders = []
    for number, index in enumerate(order, start=1):
        source, role = sources[index], filled[index]
        stored = source.metadata.get("tokenizer") or _tokenizer_beside(source.path)
        if stored is None and is_gguf(source.path):
            stored = packed_tokenizer_text(source.path)
        encoders.append(
            weights_of(
                source,
                "text_encoder" if number == 1 else f"text_encoder_{number}",
                plans[index],
                family=chosen.name,
                extras={"role": role, "tokenizer": stored},
                dtype=dtype,
                device=device,
            )
        )
    return Clip(chosen.name, encoders[0], others=tuple(encoders[1:]))


def check_text_fits(model: Model, clip: Clip) -> None:
    """Refuse text encoders whose widths the network does not take.

    Raises:
        ModelError: Widths differ.
    """
    family = family_named(model.family)
    wanted, found = family.text_width(model), family.width_of(clip)
    if wanted is not None and found is not None and wanted != found:
        raise ModelError(
            "model.widths_do_not_fit",
            f'In "{model.weights.path.name}" the text encoders do not match the cross-attention '
            "of the denoising network.",
            expected=f"width {wanted}",
            got=str(found),
            hint="Load components of one model.",
        )


def _layout(source: ModelSource, prefix: str) -> str:
    for layout, mark in (
        ("open_clip", "transformer.resblocks."),
        ("t5", "encoder.block."),
        ("bert", "embeddings.word_embeddings."),
        ("bert", "bert.embeddings.word_embeddings."),
    ):
        if any(name.startswith(prefix + mark) for name in source.shapes):
            return layout
    return "diffusers"


def _stored_tokenizer(source: ModelSource, number: int, role: str) -> str | None:
    """The text of a tokenizer.json in a file's metadata; CLIP encoders share the first's."""
    own = source.metadata.get("tokenizer" if number == 1 else f"tokenizer_{number}")
    if own is None and role.startswith("CLIP"):
        own = source.metadata.get("tokenizer")
    return own


def _text_length(tokenizer: Path, source: ModelSource) -> int | None:
    """Tokens of a text as a tokenizer's folder states them; None if it does not."""
    stated = read_json(tokenizer / "tokenizer_config.json").get("model_max_length")
    positions = source.stated.get("max_position_embeddings", 512)
    return stated if isinstance(stated, int) and 0 < stated <= positions else None


def _tokenizer_beside(path: Path) -> str | None:
    """The tokenizer of a lone encoder: NAME.tokenizer.json, else tokenizer.json in its folder."""
    own = path.with_name(f"{path.stem}.tokenizer.json")
    if own.is_file():
        return own.read_text("utf-8")
    return _folder_tokenizer(path if path.is_dir() else path.parent)


def _folder_tokenizer(folder: Path) -> str | None:
    """A folder's tokenizer as the text of a tokenizer.json; None if it holds none."""
    from ..text.tokenizers.stored import tokenizer_text

    return tokenizer_text(folder)

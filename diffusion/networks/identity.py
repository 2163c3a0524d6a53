"""The recognised kind of a file. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import ModelError
from ..formats.network_facts import NetworkFacts
from ..formats.words import family_words

if TYPE_CHECKING:
    from .kind import NetworkKind


@dataclass(frozen=True, slots=True)
class Identity:
    """The kind of a file.

    Attributes:
        kind: A key of `networks.KINDS`.
        family: A key of `FAMILY_WORDS`.
        layout: "ldm" or "diffusers" for networks that exist in both, else "".
        prefix: What stands in front of the names of a single network, often "".
        variant: A key of the kind's `variants`: "inpaint" or "edit" for networks that see a picture
            beside the noise, "unclip" for those that are told one, "union" or "promax" for
            ControlNets of several kinds of pictures; or "".
        facts: What the tensors of a denoising network or ControlNet tell.
    """

    kind: str
    family: str
    layout: str = ""
    prefix: str = ""
    variant: str = ""
    facts: NetworkFacts | None = None

    def words(self) -> str:
        """For messages: "a VAE (SD1.x)"."""
        family = family_words(self.family) if self.family != "unknown" else None
        kind = kind_named(self.kind)
        told = " ".join(filter(None, (family, kind.variants.get(self.variant))))
        found = kind.words + (f" ({told})" if told else "")
        return found if kind.usable else f"{found}: known, not usable yet"


def wrong_kind(name: str, found: Identity, *kinds: str) -> ModelError:
    """The refusal of a file that holds something else; both kinds are named.

    Args:
        name: Of the file.
        found: What it holds.
        kinds: What would have been right.
    """
    wanted = " or ".join(kind_named(kind).words for kind in kinds)
    return ModelError(
        "model.wrong_kind",
        f'"{name}" is not {wanted}: it holds {found.words()}.',
        expected=wanted,
        got=found.words(),
        hint="Choose another file, or load this one with the loader for its kind."
        if kind_named(found.kind).usable
        else "Choose another file.",
    )


def kind_named(name: str) -> NetworkKind:
    """A row of `networks.KINDS`."""
    from . import KINDS  # its rows give identities

    return KINDS[name]

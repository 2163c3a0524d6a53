"""Reference images that a network sees as further tokens (Flux Kontext).

Source: black-forest-labs/flux (Kontext); places of several images as in ComfyUI.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import ModelError, ShapeError
from ..families.call import Call, Handler, each_item
from ..families.family import even
from ..families.flux_tokens import patches, places
from ..types import Conditioning, ConditioningEntry, Latent, References
from ..vae.format import FLUX

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ..types.control import ReferencePlaces


def add_reference(conditioning: Conditioning, latent: Latent) -> Conditioning:
    """Add a reference image, beside those that a prompt has.

    Args:
        conditioning: The prompt.
        latent: The image, encoded with the VAE of the model that is sampled; of any size.
    """

    def added(entry: ConditioningEntry) -> ConditioningEntry:
        old = entry.attachment(References) or References()
        return entry.attach(replace(old, latents=(*old.latents, latent.samples)))

    return Conditioning(tuple(added(entry) for entry in conditioning.entries))


def set_places(conditioning: Conditioning, where: ReferencePlaces) -> Conditioning:
    """Say where the reference images of a prompt are to the network, see `References`."""

    def placed_so(entry: ConditioningEntry) -> ConditioningEntry:
        old = entry.attachment(References) or References()
        return entry.attach(replace(old, places=where))

    return Conditioning(tuple(placed_so(entry) for entry in conditioning.entries))


class ReferenceHandler(Handler):
    """Reference images as further tokens of Flux."""

    kinds = (References,)

    def prepare(self, call: Call) -> None:
        shown = [row.entry.attachment(References) for row in call.rows]
        if shown[0] is None or not shown[0].latents:
            return
        if call.model.family != "flux":
            raise ModelError(
                "model.no_references",
                f'"{call.model.weights.path.name}" ({call.family.words}) takes no reference '
                "images.",
                expected="a model such as Flux Kontext",
                got=call.family.words,
                hint="Remove ReferenceLatent, or sample another model.",
            )
        call.inputs.tokens = references([each for each in shown if each], call.shape, call.like)


def references(
    rows: Sequence[References], shape: torch.Size, like: Tensor
) -> tuple[Tensor, Tensor]:
    """Reference images as tokens, (N, T, 4C), and the places of these, (T, 3).

    Args:
        rows: Of each entry of one call, with images of the same sizes and places.
        shape: (B, C, h, w) of x.
        like: Device and type of the network.

    Raises:
        ShapeError: An image is a latent of another VAE.
    """
    import torch

    tokens, ids = [], []
    first = rows[0]
    laid = placed(first.places, [each.shape[-2:] for each in first.latents], shape[-2:])
    for number, place in enumerate(laid):
        latents = [row.latents[number] for row in rows]
        for latent in latents:
            if latent.shape[1] != FLUX.channels:
                raise ShapeError(
                    "references.does_not_fit",
                    "A reference image is a latent of another VAE.",
                    expected=f"{FLUX.channels} channels",
                    got=str(latent.shape[1]),
                    hint="Encode it with the VAE of the model that is sampled.",
                )
        whole = torch.cat([each_item(FLUX.to_network(each), shape[0]) for each in latents])
        padded = even(whole.to(like))
        tokens.append(patches(padded))
        height, width = (side // 2 for side in padded.shape[-2:])
        ids.append(places(height, width, *place))
    return torch.cat(tokens, dim=1), torch.cat(ids).to(like)


def placed(
    how: ReferencePlaces, sizes: Sequence[Sequence[int]], run: Sequence[int]
) -> list[tuple[int, int, int]]:
    """Number, row and column (in tokens) of the first token of each reference image.

    Args:
        how: As `References.places`. "offset": each lies where it lengthens the
            shorter side of all before it.
        sizes: (height, width) of each in cells.
        run: (height, width) of the image that is sampled, in cells.
    """
    found = []
    tall = wide = 0  # cells that are taken
    for count, (height, width) in enumerate(sizes, 1):
        number, down, right = 1, 0, 0
        if how == "index":
            number = count
        elif how == "diagonal":
            number, down, right = 0, tall + run[0] + run[0] % 2, wide + run[1] + run[1] % 2
            tall, wide = tall + height, wide + width
        else:
            if height + tall > width + wide:
                right = wide
            else:
                down = tall
            tall, wide = max(tall, height + down), max(wide, width + right)
        found.append((number, (down + 1) // 2, (right + 1) // 2))
    return found

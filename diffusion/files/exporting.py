"""Models as single files in the layout of first publication: whole checkpoints, or one part.

What is written is what is sampled with: LoRAs and merges are in it. Tensors are computed and
written one by one, each in the type in which it was stored; what GGUF files hold in blocks of few
bits, and fp8 weights that have a scale or that a LoRA or merge changed, are written in the type
that sums are done in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, BinaryIO

from ..families import family_named
from ..formats.fp8_names import FP8
from ..formats.gguf_header import is_gguf
from ..formats.network_facts import MARKERS
from ..formats.safetensors_header import TensorInfo
from ..formats.single_file import (
    DENOISER,
    VAE,
    Joined,
    TensorPart,
    text_layout,
    unet_layout,
    vae_layout,
)
from ..formats.transformer_layout import transformer_layout
from ..formats.transformer_names import UNREAD
from ..networks.configuring import network_class, untold_config
from ..types import Clip, Model, Vae
from ..weights.derived import DerivedWeights
from .number_types import torch_types
from .tensor_writer import Planned, write_tensors

if TYPE_CHECKING:
    from torch import Tensor

    from ..weights.handle import Weights

DTYPES: Mapping[str, str] = {"fp32": "F32", "fp16": "F16", "bf16": "BF16"}
_PREDICTIONS = {"eps": "epsilon", "v_prediction": "v", "x0": "sample"}


class SingleFile:
    """A single file to be written.

    Args:
        dtype: A key of `DTYPES`: the type of all tensors; None = each as it was stored.
    """

    def __init__(self, dtype: str | None = None) -> None:
        self._dtype = None if dtype is None else DTYPES[dtype]
        self._layout: dict[str, tuple[Weights, Joined]] = {}
        self._metadata: dict[str, str] = {"modelspec.sai_model_spec": "1.0.0"}
        self._config: dict[str, dict[str, object]] = {}
        self._marks: dict[str, tuple[Weights, TensorInfo, str]] = {}

    def add_model(self, model: Model) -> None:
        """Put a denoising network in.

        Raises:
            ModelError: Its layout cannot be written.
        """
        weights = model.weights
        self._put(weights, model_layout(model))
        self._metadata["modelspec.architecture"] = model.family
        self._metadata["modelspec.title"] = weights.label
        prediction = _PREDICTIONS.get(family_named(model.family).sampling_of(model).prediction)
        if prediction is not None:
            self._metadata["modelspec.prediction_type"] = prediction
        self._keep_marks(weights)

    def add_clip(self, clip: Clip) -> None:
        """Put all text encoders in, where checkpoints of their family keep them."""
        family = family_named(clip.family)
        for number, weights in enumerate(clip.encoders):
            role = str(weights.extras.get("role"))
            place = family.encoders.index(role) if role in family.encoders else number
            self._put_text(weights, family.text_places[place][0], place + 1)

    def add_text_encoder(self, weights: Weights) -> None:
        """Put one text encoder in by itself, with transformers' names."""
        self._put(weights, text_file_layout(weights))
        self._keep_tokenizer(weights, 1)

    def add_vae(self, vae: Vae, prefix: str = VAE) -> None:
        """Put a VAE in; "" as prefix for a file of its own."""
        self._put(vae.weights, vae_layout(vae.weights.shapes, prefix))

    def write(self, stream: BinaryIO, metadata: Mapping[str, str] | None = None) -> None:
        """Write it.

        Args:
            stream: Where to.
            metadata: More text for the header.
        """
        header = {**self._metadata, **(metadata or {})}
        if self._config:
            header["config"] = json.dumps(self._config, sort_keys=True)
        planned = {
            name: Planned(self._type(weights, joined), joined.shape)
            for name, (weights, joined) in self._layout.items()
        }
        planned |= {name: Planned(i.dtype, i.shape) for name, (_, i, _) in self._marks.items()}
        write_tensors(stream, planned, self._tensor, header)

    def _put(self, weights: Weights, layout: Mapping[str, Joined]) -> None:
        self._layout |= {name: (weights, joined) for name, joined in layout.items()}
        told = untold_config(weights.kind, weights.shapes, weights.config)
        if told:
            self._config[weights.kind] = told

    def _put_text(self, weights: Weights, prefix: str, number: int) -> None:
        self._put(weights, text_layout(weights.shapes, prefix))
        self._keep_tokenizer(weights, number)

    def _keep_tokenizer(self, weights: Weights, number: int) -> None:
        tokenizer = weights.extras.get("tokenizer")
        if tokenizer:
            self._metadata["tokenizer" if number == 1 else f"tokenizer_{number}"] = str(tokenizer)

    def _keep_marks(self, weights: Weights) -> None:
        """Tensors beside the network that it does not read, from its file: how it is sampled, and
        what others expect in PixArt's."""
        stored = weights.stored
        if stored is None or not weights.path.is_file() or is_gguf(weights.path):
            return
        for name, info in stored.tensors.items():
            bare = name.removeprefix(DENOISER)
            if name in MARKERS:
                self._marks[name] = (weights, info, name)
            elif bare in UNREAD and network_class(weights.kind, weights.shapes) == "pixart":
                self._marks[DENOISER + bare] = (weights, info, name)

    def _type(self, weights: Weights, joined: Joined) -> str:
        if self._dtype is not None:
            return self._dtype
        name = joined.parts[0].name
        stored = weights.stored.dtype(name) if weights.stored else None
        types = torch_types()
        as_stored = not (stored in FP8 and _is_not_as_stored(weights, name))
        if stored is not None and stored in types and as_stored:
            return stored
        return next(name for name, dtype in types.items() if dtype == weights.dtype)

    def _tensor(self, name: str) -> Tensor:
        from safetensors import safe_open

        if name in self._marks:
            weights, _, stored = self._marks[name]
            weights.check_files()
            with safe_open(weights.path, framework="pt", device="cpu") as file:
                mark: Tensor = file.get_tensor(stored)
            return mark
        weights, joined = self._layout[name]
        return joined_tensor(joined, weights.tensor)


def _is_not_as_stored(weights: Weights, name: str) -> bool:
    """Whether a tensor's numbers are others than those of its file, for which fp8 is too coarse."""
    if isinstance(weights, DerivedWeights) and name in weights.changed:
        return True
    pieces = weights.stored.plan.get(name, ()) if weights.stored else ()
    return any(weights.stored and piece.name in weights.stored.scales for piece in pieces)


def joined_tensor(joined: Joined, read: Callable[[str], Tensor]) -> Tensor:
    """A tensor of a file from those of a network."""
    import torch

    rows = []
    for part in joined.parts:
        tensor = read(part.name)
        rows.append(tensor if part.stop is None else tensor[part.start : part.stop])
        if part.turned:
            rows[-1] = rows[-1].T
    whole = rows[0] if len(rows) == 1 else torch.cat(rows)
    return whole.reshape(joined.shape)


def text_file_layout(weights: Weights) -> dict[str, Joined]:
    """A text encoder in a file of its own, with transformers' names."""
    found = {}
    for name, shape in weights.shapes.items():
        bare = name.startswith(("encoder.block.", "encoder.final", "shared.", "text_projection."))
        found[name if bare else f"text_model.{name}"] = Joined((TensorPart(name),), tuple(shape))
    return found


def model_layout(model: Model, prefix: str = DENOISER) -> dict[str, Joined]:
    """A denoising network in the layout of first publication.

    Raises:
        ModelError: A tensor that has no place in it.
    """
    weights = model.weights
    if weights.kind == "unet":
        return unet_layout(weights.shapes, prefix)
    body = network_class(weights.kind, weights.shapes)
    return transformer_layout(body, weights.shapes, prefix)

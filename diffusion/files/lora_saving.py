"""Differences of models as LoRA files: low rank, or whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Literal

from ..errors import ModelError, ParameterError
from ..patches.lora.extract import denoiser_stem, factors, suffixes, text_stem
from ..types import Clip, Model
from ..weights.derived import DerivedWeights
from .exporting import DTYPES
from .tensor_writer import Planned, write_tensors

if TYPE_CHECKING:
    from torch import Tensor

    from ..weights.handle import Weights

Kind = Literal["standard", "full_diff"]


class LoraExtraction:
    """A LoRA file that is made of differences.

    Args:
        rank: Singular values that are kept of each difference, from 1 up; a layer with a smaller
            side keeps as many as that has.
        kind: "standard" = factors of that rank; "full_diff" = the differences themselves.
        biases: Whether differences of biases and norms are kept, which have no rank.
        dtype: A key of `exporting.DTYPES`, the type of the tensors.
        on_layer: Told after each tensor: how many are done, and of how many; may raise to stop.

    Attributes:
        left_out: Names of changed tensors that a LoRA file has no words for.

    Raises:
        ParameterError: The rank is below 1.
    """

    def __init__(
        self,
        rank: int,
        kind: Kind = "standard",
        *,
        biases: bool = True,
        dtype: str = "fp16",
        on_layer: Callable[[int, int], None] | None = None,
    ) -> None:
        if rank < 1:
            raise ParameterError(
                "lora.bad_rank", "rank is out of range.", expected="1 or more", got=str(rank)
            )
        self.left_out: list[str] = []
        self._rank, self._kind, self._biases = rank, kind, biases
        self._dtype = DTYPES[dtype]
        self._on_layer = on_layer
        self._read: dict[str, Callable[[], Tensor]] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}

    def add_model(self, model: Model) -> None:
        """Put the difference of two denoising networks in (`merge.subtract_models`).

        Raises:
            ModelError: It is a model itself, no difference; or it is not finite.
        """
        weights = model.weights
        self._add(weights, partial(denoiser_stem, weights.kind))

    def add_clip(self, clip: Clip) -> None:
        """Put the differences of text encoders in (`merge.subtract_clips`).

        Raises:
            ModelError: As `add_model`.
        """
        count = len(clip.encoders)
        for number, weights in enumerate(clip.encoders):
            role = str(weights.extras.get("role"))
            self._add(weights, partial(text_stem, number, role, count))

    def write(self, stream: BinaryIO, metadata: Mapping[str, str] | None = None) -> None:
        """Write it.

        Raises:
            ModelError: There is no difference at all.
        """
        if not self._read:
            raise ModelError(
                "lora.no_difference",
                "The two models are equal, so there is no difference to save.",
                hint="Subtract the base model, not the model itself.",
            )
        header = {"ss_network_dim": str(self._rank)} if self._kind == "standard" else {}
        planned = {name: Planned(self._dtype, shape) for name, shape in self._shapes.items()}
        write_tensors(
            stream, planned, lambda name: self._read[name](), {**header, **(metadata or {})}
        )

    def _add(self, weights: Weights, stem: Callable[[str], str]) -> None:
        if not isinstance(weights, DerivedWeights):
            raise ModelError(
                "lora.is_no_difference",
                f'"{weights.label}" is a model, not the difference of two models.',
                expected="a difference, from ModelMergeSubtract or CLIPMergeSubtract",
                got="a model",
                hint="Subtract the base model with ModelMergeSubtract, and link the result.",
            )
        names = sorted(weights.changed)
        for done, name in enumerate(names, 1):
            self._add_tensor(weights, name, stem)
            if self._on_layer is not None:
                self._on_layer(done, len(names))

    def _add_tensor(self, weights: Weights, name: str, stem: Callable[[str], str]) -> None:
        import torch

        difference = weights.tensor(name)
        if not bool(difference.any()):
            return
        if not bool(difference.isfinite().all()):
            raise ModelError(
                "lora.not_finite",
                f'The difference "{weights.label}" is not finite in "{name}".',
                hint="One of the two models is damaged; download it again.",
            )
        layer, _, field = name.rpartition(".")
        called = stem(layer)
        if field not in ("weight", "bias"):
            self.left_out.append(name)
        elif self._kind == "full_diff" or difference.ndim < 2:
            if (field == "weight" and difference.ndim >= 2) or self._biases:
                end = "diff" if field == "weight" else "diff_b"
                self._put(f"{called}.{end}", difference.shape, partial(weights.tensor, name))
        else:
            pair = [part.cpu() for part in factors(difference, self._rank)]
            for end, part in zip(suffixes(called), pair, strict=True):
                self._put(called + end, part.shape, partial(_itself, part))
            if not called.startswith("transformer."):  # there peft's rule: 1 unless said otherwise
                alpha = torch.tensor(float(pair[1].shape[0]))
                self._put(f"{called}.alpha", (), partial(_itself, alpha))

    def _put(self, name: str, shape: tuple[int, ...], read: Callable[[], Tensor]) -> None:
        self._shapes[name] = tuple(shape)
        self._read[name] = read


def _itself(tensor: Tensor) -> Tensor:
    return tensor

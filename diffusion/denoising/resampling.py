"""Models sampled in another way than their family is: new descriptions over the same weights."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from ..errors import ModelError

if TYPE_CHECKING:
    from ..prediction.model_sampling import Levels, ModelSampling, Prediction
    from ..types import Model


def discrete(model: Model, prediction: str, *, zero_snr: bool = False) -> Model:
    """Whole timesteps with another prediction; the betas stay.

    Args:
        model: The model.
        prediction: "eps", "v_prediction", "x0" or "lcm".
        zero_snr: Whether the levels end in pure noise.

    Raises:
        ModelError: A flow model.
    """
    sampling = _not_a_flow(model)
    levels: Levels = "distilled" if prediction == "lcm" else "discrete"
    return replace(
        model,
        sampling=replace(
            sampling,
            prediction=cast("Prediction", prediction),
            levels=levels,
            zero_snr=zero_snr,
            sigma_data=1.0,
        ),
    )


def continuous(
    model: Model, prediction: str, low: float, high: float, *, angle: bool = False
) -> Model:
    """Continuous noise levels.

    Args:
        model: The model.
        prediction: "eps", "v_prediction" or "edm".
        low, high: The bounds, 0 < low < high.
        angle: Whether the network is told an angle in place of a logarithm.

    Raises:
        ModelError: A flow model.
        ParameterError: The bounds are none.
    """
    return replace(
        model,
        sampling=replace(
            _not_a_flow(model),
            prediction=cast("Prediction", prediction),
            levels="angle" if angle else "edm",
            bounds=(low, high),
            zero_snr=False,
            sigma_data=0.5 if prediction == "edm" else 1.0,
        ),
    )


def shifted_flow(model: Model, shift: float, multiplier: float | None = None) -> Model:
    """A flow model with another shift.

    Args:
        model: The model.
        shift: Above 0; 1 = none.
        multiplier: What the network is told is sigma times this; None = as it was.

    Raises:
        ModelError: The model is no flow model.
        ParameterError: The shift is not above 0.
    """
    sampling = _flow(model)
    told = sampling.multiplier if multiplier is None else multiplier
    return replace(model, sampling=replace(sampling, shift=shift, multiplier=told))


def flux_flow(model: Model, high: float, low: float, width: int, height: int) -> Model:
    """A flow model with the shift that Flux has for a size: exp of a line in the number of cells.

    Args:
        model: The model.
        high, low: Logarithm of the shift at 4096 and at 256 cells of 16 x 16 pixels.
        width, height: Of the picture in pixels.

    Raises:
        ModelError: The model is no flow model.
    """
    cells = width * height / 256
    return shifted_flow(model, math.exp(low + (high - low) * (cells - 256) / (4096 - 256)))


def _flow(model: Model) -> ModelSampling:
    from ..families import sampling_of

    found = sampling_of(model)
    if not found.is_flow:
        raise ModelError(
            "model_sampling.not_a_flow",
            f'Only flow models have a shift, and "{model.weights.path.name}" is no flow model.',
            expected="a model such as SD3 or Flux",
            got=f"{model.family}, prediction {found.prediction}",
            hint="Remove this node.",
        )
    return found


def _not_a_flow(model: Model) -> ModelSampling:
    from ..families import sampling_of

    found = sampling_of(model)
    if found.is_flow:
        raise ModelError(
            "model_sampling.is_a_flow",
            f'"{model.weights.path.name}" is a flow model, which has other sampling settings.',
            expected="a model such as SD1.x, SD2.x or SDXL",
            got=model.family,
            hint="Use ModelSamplingSD3 or ModelSamplingFlux.",
        )
    return found

"""What a network predicts, and at which noise levels: the bridge from its output to clean pictures.

`ModelSampling` is the description, plain values on a `Model`; `Parametrization` does the sums.

Source: Karras et al. 2022 (preconditioning), Salimans & Ho 2022 (v), Luo et al. 2023 (LCM), Esser
et al. 2024 (flow matching).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..errors import ParameterError

if TYPE_CHECKING:
    from torch import Tensor

    from .sigmas import Sigmas

Prediction: TypeAlias = Literal["eps", "v_prediction", "x0", "lcm", "edm", "flow"]
Levels: TypeAlias = Literal["discrete", "distilled", "flow", "edm", "angle"]


@dataclass(frozen=True, slots=True)
class ModelSampling:
    """How a model is sampled; a family has its own, a node may lay another over it.

    Attributes:
        prediction: What the network gives: the noise (eps), the velocity of the angle
            (v_prediction), the clean picture (x0; lcm: with a skip around the network; edm: with
            Karras' preconditioning), or the flow noise - picture (flow).
        levels: Which noise levels it knows: whole timesteps (discrete), the 50 of a latent
            consistency model (distilled), the times of a flow, or any sigma, told to the network as
            its logarithm (edm) or as an angle.
        betas: First and last beta of discrete levels.
        linear: Whether beta grows linearly; False: its square root does.
        zero_snr: Whether discrete levels are stretched to end in pure noise.
        shift: Of flow levels, towards more noise; 1 = none.
        multiplier: What the network of a flow is told is sigma times this.
        count: Number of levels of a flow.
        bounds: Lowest and highest sigma of continuous levels (edm, angle).
        sigma_data: Standard deviation of clean latents that the preconditioning assumes.
    """

    prediction: Prediction = "eps"
    levels: Levels = "discrete"
    betas: tuple[float, float] = (0.00085, 0.012)
    linear: bool = False
    zero_snr: bool = False
    shift: float = 1.0
    multiplier: float = 1000.0
    count: int = 1000
    bounds: tuple[float, float] = (0.002, 120.0)
    sigma_data: float = 1.0

    @property
    def is_flow(self) -> bool:
        """Whether noise replaces the image (sigma up to 1) instead of being added to it."""
        return self.prediction == "flow"

    def table(self) -> Sigmas:
        """Its noise levels."""
        from .sigmas import ContinuousSigmas, DiscreteSigmas, DistilledSigmas, FlowSigmas

        match self.levels:
            case "discrete":
                return DiscreteSigmas(*self.betas, linear=self.linear, zero_snr=self.zero_snr)
            case "distilled":
                return DistilledSigmas(zero_snr=self.zero_snr)
            case "flow":
                return FlowSigmas(self.shift, self.multiplier, self.count)
            case "edm" | "angle":
                return ContinuousSigmas(*self.bounds, angle=self.levels == "angle")

    def __post_init__(self) -> None:
        low, high = self.bounds
        if not (0.0 < low < high and math.isfinite(high)):
            raise ParameterError(
                "model_sampling.bad_bounds",
                "sigma_min and sigma_max are out of order.",
                expected="0 < sigma_min < sigma_max",
                got=f"{low}, {high}",
            )
        if not (self.shift > 0 and math.isfinite(self.shift)):
            raise ParameterError(
                "model_sampling.bad_shift",
                "The shift is out of range.",
                expected="above 0",
                got=str(self.shift),
                hint="1 is no shift; SD3 was trained for 3.",
            )


SD1 = ModelSampling()
"""SD1.x and SDXL: noise prediction, scaled-linear betas."""
SD2_V = ModelSampling("v_prediction")
"""SD2.x at 768 pixels."""
SD3 = ModelSampling("flow", "flow", shift=3.0)
"""SD3 and 3.5."""
FLUX = ModelSampling("flow", "flow", shift=math.exp(1.15), multiplier=1.0, count=10_000)
"""Flux dev at 1024 x 1024; schnell: shift 1."""
PIXART = ModelSampling(betas=(0.0001, 0.02), linear=True)
"""PixArt: noise prediction, linear betas."""
PLAYGROUND_V2_5 = ModelSampling("edm", "edm", bounds=(0.002, 80.0), sigma_data=0.5)
"""Playground v2.5."""


class Parametrization:
    """The sums of one `ModelSampling`, for the noise levels of one run.

    Attributes:
        sampling: The description.
        table: Its noise levels.
    """

    def __init__(self, sampling: ModelSampling) -> None:
        self.sampling = sampling
        self.table = sampling.table()

    def network_input(self, x: Tensor, sigma: float) -> Tensor:
        """x as the network was trained to see it: of unit variance, or a flow's x itself."""
        if self.sampling.is_flow:
            return x
        return x / math.sqrt(sigma**2 + self.sampling.sigma_data**2)

    def denoised(self, x: Tensor, output: Tensor, sigma: float) -> Tensor:
        """The denoised prediction that a network output stands for.

        Args:
            x: What the sampler holds at this noise level (not scaled), float32.
            output: What the network said, same shape, float32.
            sigma: Noise level, above 0.
        """
        data = self.sampling.sigma_data
        whole = sigma**2 + data**2
        match self.sampling.prediction:
            case "eps" | "flow":
                return x - sigma * output
            case "x0":
                return output
            case "v_prediction":
                return x * (data**2 / whole) - output * (sigma * data / math.sqrt(whole))
            case "edm":
                return x * (data**2 / whole) + output * (sigma * data / math.sqrt(whole))
            case "lcm":
                skip, out = _consistency(self.table.timestep(sigma))
                return (x - sigma * output) * out + x * skip

    def noised(self, latent: Tensor, noise: Tensor, sigma: float) -> Tensor:
        """Where a run starts: a clean latent with unit noise at this level."""
        if self.sampling.is_flow:
            return sigma * noise + (1.0 - sigma) * latent
        return latent + noise * self._start_scale(sigma)

    def mixed(self, latent: Tensor, noise: Tensor, sigma: float) -> Tensor:
        """A clean latent at this level, also where it is the largest: what a mask keeps."""
        if self.sampling.is_flow:
            return self.noised(latent, noise, sigma)
        return latent + noise * sigma

    def finished(self, x: Tensor, sigma: float) -> Tensor:
        """The result of a run that ends at this sigma; a flow's latent is scaled back."""
        if self.sampling.is_flow and 0.0 < sigma < 1.0:
            return x / (1.0 - sigma)
        return x

    def _start_scale(self, sigma: float) -> float:
        """The whole variance at the model's largest sigma, else sigma."""
        high = self.table.sigma_max
        if sigma > high or math.isclose(sigma, high, rel_tol=1e-5):
            return math.sqrt(1.0 + sigma**2)
        return sigma


def _consistency(timestep: float) -> tuple[float, float]:
    """Weights of x and of the network's picture. Source: Luo et al. 2023, section 4.1."""
    time, data = timestep * 10.0, 0.5
    whole = time**2 + data**2
    return data**2 / whole, time / math.sqrt(whole)

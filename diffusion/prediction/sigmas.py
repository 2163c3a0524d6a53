"""Noise levels a model knows: timestep <-> sigma. Tables of the kinds of model in use.

Sigma is the standard deviation of the noise relative to a unit-variance signal (Karras et al.), for
flow models the share of noise in the mixture (0 to 1). float32 tables and rules as ComfyUI has
them, since the same schedule must come out to the last bit.

Source: Ho et al. 2020 (beta schedule), Karras et al. 2022 (sigma), k-diffusion (interpolation), Lin
et al. 2023 (zero terminal SNR), Esser et al. 2024 (shift of flow models).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

BEFORE_ALL = 999_999_999.9
"""Sigma above every schedule's: a window that starts at fraction 0 contains it."""


class Sigmas(ABC):
    """Noise levels of a model.

    Attributes:
        sigmas: (N,) float32, rising; the levels by which schedules count.
    """

    sigmas: Tensor

    @property
    def sigma_min(self) -> float:
        return float(self.sigmas[0])

    @property
    def sigma_max(self) -> float:
        return float(self.sigmas[-1])

    def __len__(self) -> int:
        return len(self.sigmas)

    @abstractmethod
    def sigma(self, timestep: float | Tensor) -> float:
        """Sigma at a timestep, in the network's unit of time."""

    @abstractmethod
    def timestep(self, sigma: float) -> float:
        """The network's timestep for a sigma."""

    @abstractmethod
    def at_fraction(self, fraction: float) -> float:
        """Sigma after a fraction of the schedule: 0 = before the start, 1 = the end (0)."""


class DiscreteSigmas(Sigmas):
    """Sigmas of a model trained on whole timesteps; by default those of SD1.x (and SDXL).

    Args:
        first, last: Beta of the first and the last timestep.
        count: Number of timesteps.
        linear: Whether beta grows linearly; False: its square root does ("scaled linear").
        zero_snr: Whether the table is stretched so that the last step holds no signal at all.
    """

    def __init__(
        self,
        first: float = 0.00085,
        last: float = 0.012,
        count: int = 1000,
        *,
        linear: bool = False,
        zero_snr: bool = False,
    ) -> None:
        import torch

        if linear:
            betas = torch.linspace(first, last, count, dtype=torch.float64)
        else:
            betas = torch.linspace(first**0.5, last**0.5, count, dtype=torch.float64) ** 2
        signal = torch.cumprod(1.0 - betas, dim=0)
        self.sigmas = ((1.0 - signal) / signal).sqrt().float()
        if zero_snr:
            self.sigmas = stretch_to_zero_snr(self.sigmas)
        self._log: Tensor = self.sigmas.log()

    def sigma(self, timestep: float | Tensor) -> float:
        """Sigma at a timestep in [0, count - 1], log-linear between the integers."""
        import torch

        t = torch.as_tensor(timestep, dtype=torch.float32).clamp(0, len(self) - 1)
        low, high, part = t.floor().long(), t.ceil().long(), t.frac()
        return float(((1 - part) * self._log[low] + part * self._log[high]).exp())

    def timestep(self, sigma: float) -> int:
        """The integer timestep whose log sigma is nearest."""
        import torch

        log = torch.tensor(sigma, dtype=torch.float32).log()
        return int((log - self._log).abs().argmin())

    def at_fraction(self, fraction: float) -> float:
        """Sigma after a fraction of the schedule: 0 = before the start (huge), 1 = the end (0)."""
        if fraction <= 0.0:
            return BEFORE_ALL
        if fraction >= 1.0:
            return 0.0
        return self.sigma((1.0 - fraction) * 999.0)


class DistilledSigmas(DiscreteSigmas):
    """The 50 of 1000 timesteps that a latent consistency model was distilled on: 19, 39, ... 999.

    Source: Luo et al. 2023, "Latent Consistency Models".
    """

    def __init__(self, *, kept: int = 50, zero_snr: bool = False) -> None:
        super().__init__(zero_snr=zero_snr)
        self._stride = len(self.sigmas) // kept
        self.sigmas = self.sigmas[self._stride - 1 :: self._stride].clone()
        self._log = self.sigmas.log()

    def sigma(self, timestep: float | Tensor) -> float:
        """Sigma at a timestep of the 1000."""
        import torch

        t = torch.as_tensor(timestep, dtype=torch.float32)
        return super().sigma((t - (self._stride - 1)) / self._stride)

    def timestep(self, sigma: float) -> int:
        """The nearest timestep that was kept."""
        return super().timestep(sigma) * self._stride + self._stride - 1


class FlowSigmas(Sigmas):
    """Sigmas of a flow model in (0, 1]: time itself, shifted towards more noise.

    Args:
        shift: 1 = none; s gives s t / (1 + (s - 1) t). SD3: 3.
        multiplier: What the network is told is sigma times this. SD3: 1000; AuraFlow, Flux: 1.
        count: Number of levels by which schedules count. SD3: 1000, Flux: 10000.
    """

    def __init__(self, shift: float = 1.0, multiplier: float = 1000.0, count: int = 1000) -> None:
        import torch

        self._shift = shift
        self._multiplier = multiplier
        times = torch.arange(1, count + 1) / count
        self.sigmas = shift * times / (1 + (shift - 1) * times) if shift != 1.0 else times

    def sigma(self, timestep: float | Tensor) -> float:
        """Sigma of a time between 0 and the multiplier."""
        return shifted(self._shift, float(timestep) / self._multiplier)

    def timestep(self, sigma: float) -> float:
        """Sigma times the multiplier."""
        return sigma * self._multiplier

    def at_fraction(self, fraction: float) -> float:
        """Sigma after a fraction of the schedule: 0 = the start (1), 1 = the end (0)."""
        return shifted(self._shift, 1.0 - min(max(fraction, 0.0), 1.0))


class ContinuousSigmas(Sigmas):
    """Sigmas of a model trained on continuous noise levels (EDM), even in the logarithm.

    Args:
        low, high: The bounds.
        angle: How the network is told: False: log(sigma) / 4 (EDM), True: atan(sigma) 2 / pi.
        count: Number of levels by which schedules count.
    """

    def __init__(
        self, low: float = 0.002, high: float = 120.0, *, angle: bool = False, count: int = 1000
    ) -> None:
        import torch

        self._angle = angle
        self.sigmas = torch.linspace(math.log(low), math.log(high), count).exp()

    def sigma(self, timestep: float | Tensor) -> float:
        """The sigma of the network's timestep."""
        t = float(timestep)
        return math.tan(t * math.pi / 2) if self._angle else math.exp(4.0 * t)

    def timestep(self, sigma: float) -> float:
        """log(sigma) / 4, or the angle."""
        return math.atan(sigma) * 2 / math.pi if self._angle else 0.25 * math.log(sigma)

    def at_fraction(self, fraction: float) -> float:
        """Sigma after a fraction of the schedule: 0 = before the start (huge), 1 = the end (0)."""
        if fraction <= 0.0:
            return BEFORE_ALL
        if fraction >= 1.0:
            return 0.0
        low, high = math.log(self.sigma_min), math.log(self.sigma_max)
        return math.exp(low + (high - low) * (1.0 - fraction))


def shifted(shift: float, time: float) -> float:
    """A flow's time moved towards more noise; 0 and 1 stay. Source: Esser et al. 2024, eq. 23."""
    return shift * time / (1.0 + (shift - 1.0) * time)


def stretch_to_zero_snr(sigmas: Tensor) -> Tensor:
    """A table whose last level holds (next to) no signal, and whose first stays.

    Source: Lin et al. 2023, "Common Diffusion Noise Schedules and Sample Steps are Flawed",
    algorithm 1. The last signal is 4.9e-8 in place of 0, so that sigma stays finite (4518).
    """
    root = (1.0 / (sigmas**2 + 1.0)).sqrt()
    first, last = root[0].clone(), root[-1].clone()
    signal = ((root - last) * (first / (first - last))) ** 2
    signal[-1] = 4.8973451890853435e-08
    return ((1.0 - signal) / signal).sqrt()

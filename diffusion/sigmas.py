"""Noise levels of a discrete-time model: timestep <-> sigma.

Sigma is the standard deviation of the noise relative to a unit-variance signal (Karras et al.).
float32 tables and rules as ComfyUI has them, since the same schedule must come out to the last bit.

Source: Ho et al. 2020 (beta schedule), Karras et al. 2022 (sigma), k-diffusion (interpolation).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class DiscreteSigmas:
    """Sigmas of the 1000 training timesteps, scaled-linear betas .00085 to .012 (SD1.x).

    Attributes:
        sigmas: (1000,) float32, rising.
    """

    def __init__(self, first: float = 0.00085, last: float = 0.012, count: int = 1000) -> None:
        import torch

        betas = torch.linspace(first**0.5, last**0.5, count, dtype=torch.float64) ** 2
        signal = torch.cumprod(1.0 - betas, dim=0)
        exact = ((1.0 - signal) / signal) ** 0.5
        self.sigmas: Tensor = exact.float()
        self._log: Tensor = self.sigmas.log()

    @property
    def sigma_min(self) -> float:
        return float(self.sigmas[0])

    @property
    def sigma_max(self) -> float:
        return float(self.sigmas[-1])

    def __len__(self) -> int:
        return len(self.sigmas)

    def sigma(self, timestep: float | Tensor) -> float:
        """Sigma at a timestep in [0, 999], log-linear between the integers."""
        import torch

        t = torch.as_tensor(timestep, dtype=torch.float32).clamp(0, len(self) - 1)
        low, high, part = t.floor().long(), t.ceil().long(), t.frac()
        return float(((1 - part) * self._log[low] + part * self._log[high]).exp())

    def timestep(self, sigma: float) -> int:
        """The integer timestep whose log sigma is nearest; what the network is told."""
        import torch

        log = torch.tensor(sigma, dtype=torch.float32).log()
        return int((log - self._log).abs().argmin())

    def at_fraction(self, fraction: float) -> float:
        """Sigma after a fraction of the schedule: 0 = before the start (huge), 1 = the end (0)."""
        if fraction <= 0.0:
            return 999999999.9
        if fraction >= 1.0:
            return 0.0
        return self.sigma((1.0 - fraction) * (len(self) - 1))

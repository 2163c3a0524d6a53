"""SA-Solver: stochastic Adams steps, a predictor and a corrector that share their noise.

In lambda = -log sigma a step of length h goes to
    x' = (following / sigma) exp(-tau**2 h) x + sum of b_k m_k + noise of variance
    following**2 (1 - exp(-2 tau**2 h)),
where m_k are the clean pictures seen at several places and b_k the integrals of the Lagrange
polynomials through these places against (1 + tau**2) exp(-(1 + tau**2)(lambda' - lambda)).

Source: Xue et al. 2023, "SA-Solver: Stochastic Adams Solver for Fast Sampling of Diffusion Models",
data prediction. tau is eta in a window of noise levels and 0 outside; orders fall at the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .protocol import AfterStep, Noise, Predict
from .quadrature import lagrange_integrals

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor


def sa_solver(
    predict: Predict,
    x: Tensor,
    sigmas: Sequence[float],
    *,
    noise: Noise,
    after_step: AfterStep,
    flow: bool = False,
    eta: float = 1.0,
    sde_start_sigma: float | None = None,
    sde_end_sigma: float | None = None,
    s_noise: float = 1.0,
    predictor_order: int = 3,
    corrector_order: int = 4,
    use_pece: bool = False,
    simple_order_2: bool = False,
) -> Tensor:
    """SA-Solver (PEC): one evaluation and at most one draw per step.

    Fresh noise is added between two noise levels; None leaves that end open.
    """
    high = math.inf if sde_start_sigma is None else sde_start_sigma
    low = 0.0 if sde_end_sigma is None else sde_end_sigma
    steps = len(sigmas) - 1
    seen: list[Tensor] = []  # clean pictures at sigmas[0], sigmas[1], ...
    ahead = x  # as predicted; x itself is as corrected
    tau, drawn = 0.0, None
    for i, (sigma, following) in enumerate(pairwise(sigmas)):
        seen.append(predict(ahead, sigma))
        left = steps - i if sigmas[-1] == 0 else steps + 1
        order = min(corrector_order, i + 1, left)
        if i > 0 and order > 0 and (following > 0 or use_pece):
            x = _adams(x, seen, sigmas, i - 1, i, order, tau, simple_order_2)
            x = x if drawn is None else x + drawn
            if use_pece:
                seen[-1] = predict(x, sigma)
        else:
            x = ahead
        if following == 0:
            ahead = seen[-1]
        else:
            tau, drawn = (eta if low <= following <= high else 0.0), None
            order = max(1, min(predictor_order, i + 1, left - 1))
            ahead = _adams(x, seen, sigmas, i, i, order, tau, simple_order_2)
            if tau > 0 and s_noise > 0:
                spread = following * math.sqrt(1.0 - (following / sigma) ** (2.0 * tau**2))
                drawn = noise(x, sigma, following) * (spread * s_noise)
                ahead = ahead + drawn
        after_step(i, sigma, seen[-1], ahead)
    return ahead


def sa_solver_pece(
    predict: Predict,
    x: Tensor,
    sigmas: Sequence[float],
    *,
    noise: Noise,
    after_step: AfterStep,
    flow: bool = False,
    **options: Any,
) -> Tensor:
    """SA-Solver (PECE): evaluates again after the correction, two evaluations per step."""
    return sa_solver(
        predict,
        x,
        sigmas,
        noise=noise,
        after_step=after_step,
        flow=flow,
        **{**options, "use_pece": True},
    )


def _adams(
    x: Tensor,
    seen: Sequence[Tensor],
    sigmas: Sequence[float],
    begin: int,
    newest: int,
    order: int,
    tau: float,
    simple: bool,
) -> Tensor:
    """x at step `begin` taken one step on, by clean pictures seen up to step `newest`."""
    sigma, following = sigmas[begin], sigmas[begin + 1]
    chosen = range(newest, newest - order, -1)
    places = [sigmas[k] for k in chosen]
    weigh = simple_weights if simple and order == 2 else adams_weights
    weights = weigh(sigma, following, places, tau)
    x = (following / sigma) ** (1.0 + tau**2) * x
    for k, weight in zip(chosen, weights, strict=True):
        x = x + weight * seen[k]
    return x


def adams_weights(
    sigma: float, following: float, places: Sequence[float], tau: float
) -> list[float]:
    """The b_k above."""
    import numpy as np

    speed = 1.0 + tau**2
    start, end = -math.log(sigma), -math.log(following)

    def kernel(t: NDArray[np.float64]) -> NDArray[np.float64]:
        faded: NDArray[np.float64] = speed * np.exp(-speed * (end - t))
        return faded

    return lagrange_integrals([-math.log(place) for place in places], start, end, kernel)


def simple_weights(
    sigma: float, following: float, places: Sequence[float], tau: float
) -> list[float]:
    """Two weights equal to the exact ones to second order, as in the authors' code."""
    h = math.log(sigma / following)
    whole = (1.0 + tau**2) * h
    # The step from the place it begins at to the other one, in units of its length.
    other = next(place for place in places if place != sigma)
    share = 0.5 * whole * h / math.log(sigma / other)
    rest = -math.expm1(-whole) - share
    return [rest, share] if places[0] == sigma else [share, rest]

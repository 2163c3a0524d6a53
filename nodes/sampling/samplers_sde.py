"""The stochastic solvers ER-SDE and SA-Solver as values, with their options."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.sampling.samplers.er_sde import SOLVERS
from weft.diffusion.types import Model, SamplerChoice
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Choice, Range

from .samplers import CATEGORY


@node("SamplerER_SDE", category=CATEGORY, lane="inline")
def sampler_er_sde(
    *,
    solver_type: Annotated[str, Choice(SOLVERS)] = "ER-SDE",
    max_stage: Annotated[int, Range(1, 3)] = 3,
    eta: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
    s_noise: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
) -> SamplerChoice:
    """ER-SDE: a solver of the extended reverse-time SDE.

    Args:
        solver_type: The noise scale: the authors' (ER-SDE), that of the reverse-time SDE with
            `eta`, or none (ODE).
        max_stage: The highest order.
        eta: Strength of the noise of the reverse-time SDE. The authors' scale ignores it.
        s_noise: Factor on the added noise. 1 leaves it unchanged.

    Returns:
        The sampler.

    Source: Cui et al. 2023.
    """
    return SamplerChoice(
        "er_sde",
        (
            ("solver_type", solver_type),
            ("max_stage", max_stage),
            ("eta", eta),
            ("s_noise", s_noise),
        ),
    )


@node("SamplerSASolver", category=CATEGORY, lane="inline")
def sampler_sa_solver(
    model: Model,
    *,
    eta: Annotated[float, Range(0, 10, step=0.01)] = 1.0,
    sde_start_percent: Annotated[float, Range(0, 1, step=0.001)] = 0.2,
    sde_end_percent: Annotated[float, Range(0, 1, step=0.001)] = 0.8,
    s_noise: Annotated[float, Range(0, 100, step=0.01)] = 1.0,
    predictor_order: Annotated[int, Range(1, 6)] = 3,
    corrector_order: Annotated[int, Range(0, 6)] = 4,
    use_pece: bool = False,
    simple_order_2: bool = False,
) -> SamplerChoice:
    """SA-Solver: a stochastic Adams method with a predictor and a corrector.

    Args:
        model: The model whose schedule the fractions refer to.
        eta: Strength of the noise of the SDE. 0 is none (ODE), 1 is the full equation.
        sde_start_percent: Where noise starts being added, as a fraction of the schedule: 0 is the
            start.
        sde_end_percent: Where noise stops being added, as a fraction of the schedule: 1 is the end.
        s_noise: Factor on the added noise. 1 leaves it unchanged.
        predictor_order: Order of the predictor: the number of earlier predictions it uses.
        corrector_order: Order of the corrector: the number of earlier predictions it uses. 0 is no
            corrector.
        use_pece: Whether the model is evaluated again after the correction, which doubles the time.
        simple_order_2: Whether the second-order weights are the simpler ones of the authors' code.

    Returns:
        The sampler.

    Source: Xue et al. 2023.
    """
    from weft.diffusion.families import sampling_of
    from weft.diffusion.sampling.samplers.added_noise import level_of

    sampling = sampling_of(model)
    table = sampling.table()
    start, end = (table.at_fraction(part) for part in (sde_start_percent, sde_end_percent))
    if sampling.is_flow:
        start, end = (level_of(min(share, 1.0 - 1e-9)) for share in (start, end))
    return SamplerChoice(
        "sa_solver",
        (
            ("eta", eta),
            ("sde_start_sigma", start),
            ("sde_end_sigma", end),
            ("s_noise", s_noise),
            ("predictor_order", predictor_order),
            ("corrector_order", corrector_order),
            ("use_pece", use_pece),
            ("simple_order_2", simple_order_2),
        ),
    )

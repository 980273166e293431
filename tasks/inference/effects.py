"""Effects of actions with credible intervals, pooled over table > column > value range."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import arviz as az
import numpy as np
import numpy.typing as npt

from tasks.bayes.gated_fit import fit_through_gate
from tasks.bayes.posterior_diagnostics import Verdict
from tasks.bayes.stan_model import sample
from tasks.domain import Level
from tasks.errors import InputError
from tasks.inference.effects_data import effects_data
from tasks.inference.effects_posterior import named_draws, sampling_record
from tasks.inference.pooling_tree import PoolingTree, canonical_order, pooling_tree
from tasks.intervention.replicate_cells import Action, ReplicateCells
from tasks.locations import resource

PROGRAM = "intervention_effects.stan"


@dataclass(frozen=True)
class EffectsFit:
    """Posterior of the effects of K actions.

    Attributes
    ----------
    actions
        The actions, in the order in which they came.
    draws
        Effects in per cent, shape (S, K): chain after chain.
    fit
        All draws. The posterior holds by ``action`` the ``effect`` of doing it, which is one draw
        of the values that it puts in, and ``mean_effect`` over all such draws, by ``table`` the
        ``table_effect``, all in per cent, as are the sds: ``sigma`` between the effects of a
        ``level``, and of an action's cells ``sigma_a`` between sub-ensembles, ``sigma_r`` between
        row blocks, ``sigma_s`` between draws and ``sigma_e``, the rest. Where tails are heavy,
        ``nu`` are their degrees of freedom, and ``weight`` says how much each ``node`` is pooled.
    verdict
        What the diagnostics say; the gate is passed.
    adapt_delta
        Acceptance rate at which it was.
    """

    actions: tuple[Action, ...]
    draws: npt.NDArray[np.float64]
    fit: az.InferenceData
    verdict: Verdict
    adapt_delta: float

    @property
    def diagnostics(self) -> dict[str, float | int | str]:
        """How the draws were made, and the worst of the diagnostics, for JSON."""
        return sampling_record(self.fit)


def fit_effects(
    cells: ReplicateCells,
    *,
    seed: int,
    heavy_tails: Collection[Level] = (),
    chains: int = 4,
    warmup: int = 1000,
    draws: int = 1000,
    timeout: float | None = None,
) -> EffectsFit:
    """Fit the effects model by NUTS; a fit that misses the gate is repeated once.

    That is with smaller steps and chains twice as long.

    Parameters
    ----------
    cells
        Effects of the actions in every replicate cell.
    seed
        0 to 2**32 - 1. The same seed and cells give the same draws, whatever the actions' order.
    heavy_tails
        Levels at which effects are pooled by Student-t laws, not normal ones.
    chains, warmup, draws
        Number of chains, and of iterations of each.
    timeout
        Seconds after which a fit is stopped; None waits for ever.

    Returns
    -------
    EffectsFit
        Its verdict has passed.

    Raises
    ------
    InputError
        If there is no action, J or V is below 2, a cell is not finite, an action's variance is
        not assessable, an action comes twice, or a value range lacks its column's action.
    RunError
        If the second fit misses the gate too, with the parameter and its number, or the time is
        up.

    References
    ----------
    Gelman (2006), Prior distributions for variance parameters in hierarchical models, Bayesian
    Analysis 1, 515-534.
    """
    passed = fit_through_gate(
        lambda adapt_delta, times: sample_effects(
            cells,
            seed=seed,
            heavy_tails=heavy_tails,
            chains=chains,
            warmup=times * warmup,
            draws=times * draws,
            adapt_delta=adapt_delta,
            timeout=timeout,
        ),
        "The effects model",
    )
    effect = passed.fit.posterior["effect"].values.reshape(-1, len(cells.actions))
    return EffectsFit(cells.actions, effect, passed.fit, passed.verdict, passed.adapt_delta)


def sample_effects(
    cells: ReplicateCells,
    *,
    seed: int,
    heavy_tails: Collection[Level] = (),
    chains: int,
    warmup: int,
    draws: int,
    adapt_delta: float,
    timeout: float | None = None,
) -> az.InferenceData:
    """Draw from the effects model once, whatever the diagnostics say.

    Parameters
    ----------
    cells, seed, heavy_tails, chains, warmup, draws, timeout
        As `fit_effects` takes them.
    adapt_delta
        Acceptance rate that warm-up aims at, in (0, 1).

    Returns
    -------
    arviz.InferenceData
        As `EffectsFit.fit`.

    Raises
    ------
    InputError, RunError
        As `fit_effects` does, but for the gate.
    """
    order, ordered, tree = _in_order(cells)
    data = effects_data(ordered.actions, ordered.effects, tree, heavy_tails, nested=ordered.nested)
    drawn = sample(
        resource("stan", PROGRAM),
        data,
        seed=seed,
        chains=chains,
        warmup=warmup,
        draws=draws,
        adapt_delta=adapt_delta,
        timeout=timeout,
    )
    weighted = np.flatnonzero(data["heavy_tails"][data["pooled_by"] - 1])
    nodes = [tree.names(ordered.actions)[n] for n in weighted]
    return named_draws(drawn, ordered.actions, tree.tables, nodes, np.argsort(order))


def program_data(cells: ReplicateCells, heavy_tails: Collection[Level] = ()) -> dict[str, Any]:
    """What the program is given: design and sufficient statistics of the cells.

    Raises
    ------
    InputError
        As `fit_effects` does.
    """
    _, ordered, tree = _in_order(cells)
    return effects_data(ordered.actions, ordered.effects, tree, heavy_tails, nested=ordered.nested)


def _in_order(
    cells: ReplicateCells,
) -> tuple[npt.NDArray[np.intp], ReplicateCells, PoolingTree]:
    """The order that a fit sees, the cells in it, and their pooling tree."""
    if not cells.actions:
        raise InputError("The effects model needs at least 1 action, got none.")
    order = canonical_order(cells.actions)
    ordered = cells.take(order)
    return order, ordered, pooling_tree(ordered.actions, ordered.row_fraction)

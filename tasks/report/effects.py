"""Effects of interventions, as scored again and as fitted anew, put side by side."""

import numpy as np
import numpy.typing as npt

from tasks.attribution.crossed import CrossedStatistics, crossed_statistics
from tasks.bayes.interval import intervals
from tasks.intervention.replicate_cells import Action, ReplicateCells
from tasks.intervention.retrained_cells import RetrainedCells
from tasks.report.effect_record import Change, Effect, Retrained

Draws = npt.NDArray[np.float64]


def effects_of(
    cells: ReplicateCells,
    draws: Draws,
    retrained: RetrainedCells | None,
    retrained_draws: Draws,
) -> list[Effect]:
    """What each intervention does.

    Parameters
    ----------
    cells, draws
        K interventions by scoring rows again, and posterior draws of their effects, shape (S, K).
    retrained, retrained_draws
        Some of them by fitting members anew, likewise.

    Returns
    -------
    list of Effect
        In the order of the cells.
    """
    raw = crossed_statistics(cells.effects, cells.drawn)
    posterior = intervals(draws)
    likelihood = crossed_statistics(cells.nll_changes)
    anew = _retrained(retrained, retrained_draws) if retrained else {}
    worsened = retrained.worsened if retrained else frozenset()
    effects = []
    for k, action in enumerate(cells.actions):
        known, found = action.keeps_target, anew.get(action)
        change, error = float(likelihood.mean[k]), float(likelihood.standard_error[k])
        gains = posterior[k].mean < 0
        effects.append(
            Effect(
                node=action.node,
                intervention=action.intervention,
                changed=int(cells.changed[k]),
                effect=posterior[k],
                raw=float(raw.mean[k]),
                raw_error=float(raw.standard_error[k]),
                nll_change=change if known else None,
                nll_change_error=error if known else None,
                illusory=(gains or found.effect.mean < 0) and action in worsened
                if found
                else known and gains and change > 0,
                retrained=found,
            )
        )
    return effects


def counted_draws(
    cells: ReplicateCells,
    draws: Draws,
    retrained: RetrainedCells | None,
    retrained_draws: Draws,
) -> Draws:
    """Draws of the effects that count for the ranking, shape (S, K).

    They are those of members fitted anew where there are such. The two fits have no parameter in
    common: draws of one are joined to those of the other at random, as they came.
    """
    if retrained is None:
        return draws
    counted = draws.copy()
    place = {action: k for k, action in enumerate(cells.actions)}
    chosen = np.resize(np.arange(len(retrained_draws)), len(draws))
    for action, own in zip(retrained.cells.actions, retrained_draws.T, strict=True):
        counted[:, place[action]] = own[chosen]
    return counted


def _retrained(found: RetrainedCells, draws: Draws) -> dict[Action, Retrained]:
    cells = found.cells
    raw = crossed_statistics(cells.effects, cells.drawn, nested=True)
    nll = crossed_statistics(cells.nll_changes, cells.drawn, nested=True)
    crps = crossed_statistics(found.crps_after - found.crps_before, cells.drawn, nested=True)
    return {
        action: Retrained(
            effect=effect,
            raw=float(raw.mean[k]),
            raw_error=float(raw.standard_error[k]),
            nll=_change(nll, k),
            crps=_change(crps, k),
            gap_before=float(found.gap_before.mean()),
            gap_after=float(found.gap_after[k].mean()),
        )
        for k, (action, effect) in enumerate(zip(cells.actions, intervals(draws), strict=True))
    }


def _change(found: CrossedStatistics, k: int) -> Change:
    return Change(value=float(found.mean[k]), error=float(found.standard_error[k]))

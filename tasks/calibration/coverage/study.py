"""One database of a coverage study: told effects beside true ones."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from tasks.attribution.members import split_members
from tasks.calibration.coverage.database import (
    CUSTOMERS,
    TEST_ROWS,
    TRAIN_ROWS,
    draw_items,
    draw_law,
    draw_sales,
    study_contract,
)
from tasks.calibration.coverage.more_rows import MoreRows, more_rows
from tasks.calibration.coverage.scene import set_scene
from tasks.calibration.coverage.told import Told, recommended, tell
from tasks.calibration.coverage.truth import Effect, Population
from tasks.domain import PLACEBO
from tasks.intervention.refitting import Recipe
from tasks.intervention.replicate_cells import Action, FloatArray
from tasks.seeds import child_seed, generator
from tasks.uncertainty.boosting import BoostingSettings

Reading = Literal["rescored", "retrained", "more rows"]
QUANTILES = (0.025, 0.1, 0.25, 0.75, 0.9, 0.975)
MEMBER = BoostingSettings(iterations=30, learning_rate=0.15, max_leaf_nodes=8)
"""Members are small, so that hundreds of databases can be looked at."""


class Settings(BaseModel):
    """Sizes of a study.

    Attributes
    ----------
    members, replicates
        Of the ensemble on each database, and J = V.
    leading
        Interventions for which members are fitted anew.
    truth_members, truth_rows
        Of the large ensembles, and the rows that they are looked at on, about as many customers.
    seed
        Of the study.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    members: int = 24
    replicates: int = 8
    leading: int = 3
    truth_members: int = 100
    truth_rows: int = 4000
    seed: int = 1


class Held(BaseModel):
    """A told effect and the true one, in per cent.

    Attributes
    ----------
    level
        ``table``, ``column``, ``range``, or ``placebo``.
    mean, quantiles
        Of the posterior; the quantiles are those of `QUANTILES`.
    truth, truth_error
        True effect, with its Monte Carlo standard error.
    measured
        Quantiles of the posterior of what the true effect is measured to be: with that error.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reading: Reading
    level: Literal["table", "column", "range", "placebo"]
    action: str
    mean: float
    quantiles: tuple[float, ...]
    truth: float
    truth_error: float
    measured: tuple[float, ...]


class Choice(BaseModel):
    """An intervention of the recommended list with its true effect."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: str
    mean: float
    truth: float
    anew: bool


class Outcome(BaseModel):
    """What one database gave.

    Attributes
    ----------
    effects
        Told and true.
    ranking
        The recommended list, best first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    effects: tuple[Held, ...]
    ranking: tuple[Choice, ...]


@dataclass(frozen=True)
class _Truths:
    rescored: dict[Action, Effect]
    retrained: dict[Action, Effect]


def study_database(number: int, settings: Settings) -> Outcome:
    """Generate a database, tell the effects of interventions on it, and compute the true ones.

    Parameters
    ----------
    number
        Of the database: it depends on this and the study's seed alone.
    settings
        Sizes.
    """
    rng = generator(settings.seed, f"database {number}")
    law = draw_law(rng)
    items = draw_items(law, rng)
    own = draw_sales(law, items, rng, (TRAIN_ROWS, TEST_ROWS), 0, CUSTOMERS)
    more = draw_sales(law, items, rng, (0, settings.truth_rows), CUSTOMERS, settings.truth_rows)
    contract = study_contract()
    seed = int(child_seed(settings.seed, f"fits {number}").generate_state(1)[0])
    recipe = Recipe(
        "boosting", seed, split_members(settings.members, settings.replicates), 1, MEMBER
    )
    scene = set_scene(
        contract,
        own.faulty,
        contract.tasks["days"],
        recipe,
        most_rows=TEST_ROWS,
        blocks=settings.replicates,
    )
    told = tell(
        scene, recipe, leading=settings.leading, blocks=settings.replicates, most_rows=TEST_ROWS
    )
    population = Population(scene, own, more, MEMBER, settings.truth_members, seed + 1)
    truths = _truths(told, population)
    further = more_rows(
        scene,
        recipe,
        told.cells.u_before,
        population,
        law,
        generator(settings.seed, f"more rows {number}"),
    )
    return Outcome(effects=_held(told, truths, further, rng), ranking=_choices(told, truths))


def _truths(told: Told, population: Population) -> _Truths:
    rescored: dict[Action, Effect] = {}
    for action in told.cells.actions:
        if action.node.level != "range":
            rescored |= population.rescored(action)
    retrained: dict[Action, Effect] = {}
    if told.retrained:
        tried = told.retrained.cells.actions
        rows = ~np.any([population.touched(action) for action in tried], axis=0)
        retrained = {action: population.retrained(action, rows) for action in tried}
    return _Truths(rescored, retrained)


def _held(
    told: Told, truths: _Truths, further: MoreRows, rng: np.random.Generator
) -> tuple[Held, ...]:
    listed: list[tuple[Reading, Action, FloatArray, Effect]] = [
        ("rescored", action, draws, truths.rescored[action])
        for action, draws in zip(told.cells.actions, told.draws.T, strict=True)
    ]
    if told.retrained:
        listed += [
            ("retrained", action, draws, truths.retrained[action])
            for action, draws in zip(
                told.retrained.cells.actions, told.retrained_draws.T, strict=True
            )
        ]
    listed.append(("more rows", further.action, further.draws, further.truth))
    return tuple(
        Held(
            reading=reading,
            level="placebo" if action.node.table == PLACEBO else action.node.level,
            action=str(action),
            mean=float(draws.mean()),
            quantiles=_quantiles(draws),
            truth=truth.value,
            truth_error=truth.error,
            measured=_quantiles(draws + truth.error * rng.standard_normal(len(draws))),
        )
        for reading, action, draws, truth in listed
    )


def _quantiles(draws: FloatArray) -> tuple[float, ...]:
    return tuple(np.quantile(draws, QUANTILES).tolist())


def _choices(told: Told, truths: _Truths) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            action=str(action),
            mean=mean,
            truth=(truths.retrained if anew else truths.rescored)[action].value,
            anew=anew,
        )
        for action, mean, anew in recommended(told)
    )

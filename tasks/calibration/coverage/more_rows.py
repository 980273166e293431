"""What further training rows in a value range bring: told by the learning curve, and really."""

from dataclasses import dataclass, replace

import numpy as np

from tasks.attribution.database import range_node
from tasks.attribution.ranges import MISSING
from tasks.bayes.posterior_diagnostics import check
from tasks.bayes.stan_model import sample
from tasks.calibration.coverage.database import SALES_A_CUSTOMER, TRAIN_ROWS, Law, sell
from tasks.calibration.coverage.scene import RANGES, Scene, direct_features
from tasks.calibration.coverage.told import ADAPT_DELTA, CHAINS, DRAWS, WARMUP
from tasks.calibration.coverage.truth import Effect, Population
from tasks.errors import InputError
from tasks.inference.acquisition_curve import PROGRAM
from tasks.inference.acquisition_data import acquisition_data
from tasks.inference.acquisition_posterior import AcquisitionCurve
from tasks.intervention.acquisition_cells import AcquisitionCells, acquisition_cells
from tasks.intervention.data_at_hand import ranges_of
from tasks.intervention.refitting import Recipe
from tasks.intervention.replicate_cells import Action, FloatArray
from tasks.locations import resource
from tasks.relations.events import LABEL
from tasks.relations.features import add_placebo
from tasks.relations.task_rows import ENTITY
from tasks.uncertainty.model_data import TrainingRows

COLUMNS = (("items", "category"), ("customers", "segment"), ("sales", "quantity"))
FEWEST = 64
"""Training rows of a range for which a curve can be fitted."""
BATCHES = 2
"""New rows are taken from so many times as many sales as are trained on."""

Column = tuple[str, str]


@dataclass(frozen=True)
class MoreRows:
    """Further rows of a value range, as many as there are.

    Attributes
    ----------
    action
        ``add_samples`` at the range.
    draws
        Of their effect as it is told, in per cent, shape (S,).
    truth
        What they bring.
    """

    action: Action
    draws: FloatArray
    truth: Effect


def more_rows(
    scene: Scene,
    recipe: Recipe,
    u_before: FloatArray,
    population: Population,
    law: Law,
    rng: np.random.Generator,
) -> MoreRows:
    """Tell and find out what further rows of one value range bring, as many as there are now.

    They are sales to the same customers, in the time of the training rows: rows of the same kind,
    as a learning curve takes them to be.

    Parameters
    ----------
    scene, recipe
        The database, and how members are fitted.
    u_before
        Mean epistemic uncertainty of each cell now, shape (J, V).
    population
        Whose rows true effects are measured on.
    law
        How further rows come about, with faults of their own.
    rng
        Of the range and the rows.

    Raises
    ------
    InputError
        If no range holds enough training rows, or the curve cannot be fitted.
    """
    column, code = _any_range(scene, rng)
    label, in_range = _in_range(scene, column, code, scene.data.training.x)
    evaluation = scene.evaluation
    cells = acquisition_cells(
        scene.data.training,
        in_range,
        u_before,
        evaluation.x,
        evaluation.y,
        evaluation.blocks,
        recipe,
        seed=recipe.seed,
    )
    new = further_rows(scene, population, law, rng)
    new = new.take(np.flatnonzero(_in_range(scene, column, code, new.x)[1])[: cells.n_now])
    return MoreRows(
        Action(range_node(column, label), "add_samples"),
        fit_curve(cells, recipe.seed).effect(len(new.y)),
        population.with_more(new),
    )


def further_rows(
    scene: Scene, population: Population, law: Law, rng: np.random.Generator
) -> TrainingRows:
    """More sales to the customers of the training rows, as members are fitted to them."""
    database, data = scene.database, scene.data
    sales = sell(law, population.own, rng, (BATCHES * TRAIN_ROWS, 0), SALES_A_CUSTOMER)
    table = direct_features(database.contract, sales.faulty, database.task)
    table = add_placebo(table, population.seed + 1)
    return replace(
        data.training,
        x=data.encoder.transform(table),
        y=table.rows[LABEL].to_numpy(),
        entities=table.rows[ENTITY].to_numpy(),
    )


def fit_curve(cells: AcquisitionCells, seed: int) -> AcquisitionCurve:
    """The learning curve from shorter chains than the main job's, whatever the diagnostics say."""
    fit = sample(
        resource("stan", PROGRAM),
        acquisition_data(cells),
        seed=seed,
        chains=CHAINS,
        warmup=WARMUP,
        draws=DRAWS,
        adapt_delta=ADAPT_DELTA,
    )
    return AcquisitionCurve(cells.n_now, fit, check(fit), ADAPT_DELTA)


def _any_range(scene: Scene, rng: np.random.Generator) -> tuple[Column, int]:
    ranges = ranges_of(scene.data, scene.data.training.x, RANGES)
    found = [
        (column, code)
        for column in COLUMNS
        for code, label in enumerate(ranges[column].labels)
        if label != MISSING and (ranges[column].codes == code).sum() >= FEWEST
    ]
    if not found:
        raise InputError(
            f"More rows need a value range with at least {FEWEST} training rows, none of "
            f"{', '.join('.'.join(column) for column in COLUMNS)} has one: train on more rows."
        )
    return found[rng.integers(len(found))]


def _in_range(
    scene: Scene, column: Column, code: int, x: FloatArray
) -> tuple[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    ranges = ranges_of(scene.data, x, RANGES)[column]
    return ranges.labels[code], ranges.codes == code

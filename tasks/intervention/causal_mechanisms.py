"""Mechanisms of single columns: fitted, tested, and asked what rows would be under other causes.

Imports DoWhy, which takes seconds: import it where something follows from an action.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from tasks.errors import InputError, RunError
from tasks.intervention.causal_traces import mechanism_traces, trace_columns
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.structural.causal_graph import CausalGraph
from tasks.intervention.structural.column_values import column_values
from tasks.intervention.structural.propagation import Columns, parent_values, propagate
from tasks.intervention.structural.settings import FitSettings
from tasks.intervention.structural.validation import Validation
from tasks.intervention.structural_model import (
    FittedModel,
    StructuralModel,
    fit_structural_model,
)
from tasks.seeds import child_seed

FIT_SECONDS = 60.0
"""That the fit of one mechanism may take."""


def fit_mechanisms(
    database: FaultyDatabase, graph: CausalGraph, names: Sequence[str], seed: int
) -> dict[str, FittedModel | str]:
    """Fit a mechanism to each of some columns, each on the rows of its own table.

    Parameters
    ----------
    database
        The database before.
    graph
        Causes and effects.
    names
        Columns with causes.
    seed
        Of all random numbers. Those of a mechanism depend on this and its name alone.

    Returns
    -------
    dict
        Of each column a model of it and its causes alone; or a sentence why there is none.
    """
    return {name: _fit(database, graph, name, seed) for name in names}


def _fit(database: FaultyDatabase, graph: CausalGraph, name: str, seed: int) -> FittedModel | str:
    rows, mechanism = child_seed(seed, f"mechanism of {name}").spawn(2)
    settings = FitSettings(seed=int(mechanism.generate_state(1)[0]), time_limit=FIT_SECONDS)
    try:
        star, traces = mechanism_traces(database, graph, name, np.random.default_rng(rows))
        return fit_structural_model(star, traces, settings)
    except (InputError, RunError) as reason:
        return f"{name} has no mechanism: {reason}"


def gate(fits: Mapping[str, FittedModel]) -> Validation:
    """The verdict on some mechanisms together: each must hold on the rows that it has not seen."""
    settings = FitSettings()
    scores = {name: fitted.validation.r2_scores[name] for name, fitted in fits.items()}
    return Validation(scores, settings.r2_threshold, settings.scope)


def counterfactual(
    model: StructuralModel, name: str, before: pl.DataFrame, after: pl.DataFrame
) -> pl.Series:
    """What a column would hold if its causes held other values, each row's noise kept.

    Parameters
    ----------
    model
        The column and its causes alone, as `fit_mechanisms` gives it.
    name
        The column, of numbers.
    before
        N rows with a column for each node of the model.
    after
        The same rows with other values of the causes.

    Returns
    -------
    polars.Series
        N numbers; null where a value is missing, or a label was not among those fitted to. A row
        whose causes do not move keeps its number.

    Raises
    ------
    InputError
        If a number grows too large to compute with.

    References
    ----------
    .. [1] J. Pearl, Causality, 2nd edition (2009), theorem 7.1.7: abduction, action, prediction.
    """
    is_told = pl.all_horizontal(_is_told(model))
    rows = before.select(is_told).to_series() & after.select(is_told).to_series()
    found = np.full(before.height, np.nan)
    if not rows.any():
        return pl.Series(name, found).fill_nan(None)
    factual, changed = _as_columns(before.filter(rows)), _as_columns(after.filter(rows))
    causes = model.graph.parents(name)
    mechanism = model.causal_model.causal_mechanism(name)
    noise = mechanism.estimate_noise(factual[name], parent_values(model, factual, name))
    given = {cause: changed[cause] for cause in causes} | {name: noise.reshape(-1)}
    computed = propagate(model, given, ())[name]
    moves = np.any([factual[cause] != changed[cause] for cause in causes], axis=0)
    found[rows.to_numpy()] = np.where(moves, computed, factual[name])
    return pl.Series(name, found).fill_nan(None)


def _is_told(model: StructuralModel) -> Iterator[pl.Expr]:
    """Whether a row holds a value at a node, and where that is a label, one that was seen."""
    for node, kind in model.kinds.items():
        yield pl.col(node).is_not_null()
        if kind == "categorical":
            seen = sorted(set(model.train[node]))
            yield pl.col(node).cast(pl.String).is_in(seen)


def _as_columns(frame: pl.DataFrame) -> Columns:
    return {name: column_values(name, column) for name, column in trace_columns(frame).items()}

"""Columns that follow from one that is acted on: counterfactuals of whole tables.

Imports DoWhy, which takes seconds: import it where something follows from an action.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import polars as pl

from tasks.errors import InputError
from tasks.intervention.causal_action import ActedColumn, over_raw, within_range
from tasks.intervention.causal_mechanisms import counterfactual, gate
from tasks.intervention.causal_reach import node_of
from tasks.intervention.causal_traces import node_values
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.structural.action import extrapolation_warning
from tasks.intervention.structural.validation import Validation
from tasks.intervention.structural_model import FittedModel


@dataclass(frozen=True)
class Following:
    """Columns that follow from an action.

    Attributes
    ----------
    columns
        Their values by table and name, causes before effects.
    r2
        R² on held-out rows of their mechanisms, by ``table.column``.
    remarks
        Sentences: what follows, what keeps its value, and what is suspicious.
    """

    columns: Mapping[tuple[str, str], pl.Series]
    r2: Mapping[str, float]
    remarks: tuple[str, ...]


def follow(
    database: FaultyDatabase, acted: ActedColumn, fits: Mapping[str, FittedModel | str]
) -> Following:
    """Let every column that follows take its paired counterfactual.

    Parameters
    ----------
    database
        The database before.
    acted
        The column that is acted on.
    fits
        Of each column that follows, causes before effects, what `fit_mechanisms` gives.

    Raises
    ------
    InputError
        If one has no mechanism, or one whose R² on held-out rows is below the threshold; no row
        holds all that a mechanism needs; or numbers grow too large to compute with.
    """
    mechanisms, verdict = _required(fits)
    tables = dict(database.known_tables)
    table, column = acted.place
    tables[table] = tables[table].with_columns(acted.known.alias(column))
    columns: dict[tuple[str, str], pl.Series] = {}
    told = ", ".join(f"{name} {r2:.3f}" for name, r2 in verdict.r2_scores.items())
    remarks = [f"What follows keeps each row's own noise; R² on held-out rows: {told}."]
    for name, fitted in mechanisms.items():
        table, column = node_of(name).table, node_of(name).column
        nodes = fitted.model.graph.nodes
        values = counterfactual(
            fitted.model,
            name,
            node_values(database, database.known_tables, table, nodes),
            node_values(database, tables, table, nodes),
        )
        if untold := values.null_count():
            rows = f"{len(values)} rows of {table}"
            if untold == len(values):
                raise InputError(f"None of the {rows} tells all that {name} follows from.")
            remarks.append(f"{untold} of {rows} do not tell all that {name} follows from: kept.")
        values = within_range(values, database.contract.tables[table].columns[column])
        tables[table] = tables[table].with_columns(values.alias(column))
        columns[table, column] = over_raw(database, table, column, values)
    warnings = [*verdict.warnings, *_extrapolations(acted, mechanisms)]
    return Following(columns, verdict.r2_scores, (*remarks, *warnings))


def _required(
    fits: Mapping[str, FittedModel | str],
) -> tuple[dict[str, FittedModel], Validation]:
    """The mechanisms, all of which hold, and the verdict on them."""
    mechanisms: dict[str, FittedModel] = {}
    for name, fitted in fits.items():
        if isinstance(fitted, str):
            raise InputError(fitted)
        mechanisms[name] = fitted
    verdict = gate(mechanisms)
    if not verdict.passed:
        raise InputError(verdict.failure())
    return mechanisms, verdict


def _extrapolations(acted: ActedColumn, mechanisms: Mapping[str, FittedModel]) -> list[str]:
    """Sentences where the action leaves the values to which mechanisms were fitted."""
    node = acted.action.node
    after = pd.DataFrame({node: acted.known.drop_nulls().to_numpy()})
    found = (
        extrapolation_warning(acted.action, fitted.model.train, after)
        for fitted in mechanisms.values()
        if node in fitted.model.train
    )
    return list(dict.fromkeys(warning for warning in found if warning))

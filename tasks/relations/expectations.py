"""The rules of a table as one Great Expectations suite, run whole."""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl

from tasks.relations.rule_answers import Parents, answer, is_asked_beforehand
from tasks.relations.rules import Rule
from tasks.relations.sources import TableData

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation

OF_THE_WHOLE = ("has values", "rows")
LARGEST_FLOAT = 2**53
"""Beyond it not every whole number is a float, which pandas makes of a column with gaps."""


def failing_rows(
    rules: Sequence[Rule], data: TableData, kept: pl.Series, parents: Parents
) -> Iterator[tuple[Rule, pl.Series]]:
    """Say for every rule which rows break it.

    Parameters
    ----------
    rules
        Of one table.
    data
        The table as read, N rows.
    kept
        Which of the N rows to check; the others break no rule.
    parents
        For each foreign key the values of the primary key that it points to.

    Yields
    ------
    tuple of Rule and polars.Series
        The rule and N Booleans. A missing value breaks only the rules that ask for values; those
        about the whole of a column or table are broken by every row checked or by none.
    """
    # Great Expectations never sees the contract's own names, which may be of any kind.
    labels = {name: f"column {place}" for place, name in enumerate(data.frame.columns)}
    table = _as_pandas(rules, data, parents, labels).loc[kept.to_numpy()]
    suite = [_expectation(rule, place, labels) for place, rule in enumerate(rules)]
    for rule, result in zip(rules, _validate(table, suite), strict=True):
        if rule.name in OF_THE_WHOLE:
            failing = pl.repeat(not result.success, len(kept), eager=True) & kept
        else:
            failing = pl.zeros(len(kept), dtype=pl.Int8, eager=True).cast(pl.Boolean)
            failing[result.result["unexpected_index_list"]] = True
        yield rule, failing


def _as_pandas(
    rules: Sequence[Rule], data: TableData, parents: Parents, labels: Mapping[str, str]
) -> pd.DataFrame:
    """The columns that rules speak of, and a Boolean for what cannot be asked of one column."""
    columns = {}
    for place, rule in enumerate(rules):
        if is_asked_beforehand(rule):
            columns[_answer_label(place)] = answer(rule, data, parents)
        else:
            columns |= {labels[name]: data.frame[name] for name in rule.columns}
    return pd.DataFrame({label: _exactly(values) for label, values in columns.items()})


def _exactly(values: pl.Series) -> npt.NDArray[Any]:
    """Values as pandas takes them; whole numbers that floats do not hold stay whole."""
    if values.dtype.is_integer() and values.null_count() and (values.abs() > LARGEST_FLOAT).any():
        return np.array(values.to_list(), dtype=object)
    return values.to_numpy()


def _answer_label(place: int) -> str:
    return f"answer {place}"


def _expectation(rule: Rule, place: int, labels: Mapping[str, str]) -> "Expectation":
    import great_expectations.expectations as gxe

    columns = [labels[name] for name in rule.columns]
    least, most = rule.bounds
    match rule.name:
        case "primary key" if len(columns) > 1:
            return gxe.ExpectCompoundColumnsToBeUnique(column_list=columns)
        case "primary key":
            return gxe.ExpectColumnValuesToBeUnique(column=columns[0])
        case "required":
            return gxe.ExpectColumnValuesToNotBeNull(column=columns[0])
        case "has values":
            return gxe.ExpectColumnProportionOfNonNullValuesToBeBetween(
                column=columns[0], min_value=0, strict_min=True
            )
        case "range":
            return gxe.ExpectColumnValuesToBeBetween(
                column=columns[0], min_value=least, max_value=most
            )
        case "values":
            return gxe.ExpectColumnValuesToBeInSet(column=columns[0], value_set=list(rule.allowed))
        case "rows":
            return gxe.ExpectTableRowCountToBeBetween(min_value=least, max_value=most)
        case _:
            return gxe.ExpectColumnValuesToBeInSet(column=_answer_label(place), value_set=[True])


def _validate(table: pd.DataFrame, suite: Sequence["Expectation"]) -> list[Any]:
    """Results in the order of the suite, with the index of every row that fails."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("tables").add_dataframe_asset("table")
    batch = asset.add_batch_definition_whole_dataframe("rows").get_batch({"dataframe": table})
    expectations = gx.ExpectationSuite(name="contract")
    for position, expectation in enumerate(suite):
        expectation.meta = {"position": position}
        expectations.add_expectation(expectation)
    results = batch.validate(expectations, result_format="COMPLETE").results
    return sorted(results, key=lambda result: result.expectation_config.meta["position"])

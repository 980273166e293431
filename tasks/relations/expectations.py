"""The rules of a table as one Great Expectations suite, run whole."""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl

from tasks.relations.rules import Rule
from tasks.relations.sources import TableData

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation


def failing_rows(
    rules: Sequence[Rule], data: TableData, kept: pl.Series, parents: Mapping[str, pl.Series]
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
        The rule and N Booleans. A missing value breaks only the rule that requires values.
    """
    table = _as_pandas(rules, data, parents).loc[kept.to_numpy()]
    suite = [_expectation(rule) for rule in rules]
    for rule, result in zip(rules, _validate(table, suite), strict=True):
        if rule.name == "has values":
            failing = pl.repeat(not result.success, len(kept), eager=True) & kept
        else:
            failing = pl.zeros(len(kept), dtype=pl.Int8, eager=True).cast(pl.Boolean)
            failing[result.result["unexpected_index_list"]] = True
        yield rule, failing


def _as_pandas(
    rules: Sequence[Rule], data: TableData, parents: Mapping[str, pl.Series]
) -> pd.DataFrame:
    """The columns that rules speak of, and a Boolean for what cannot be asked of one column."""
    columns = {}
    for rule in rules:
        for name in rule.columns:
            columns[name] = data.frame[name]
        helper = _helper(rule)
        if rule.name == "readable":
            columns[helper] = ~data.unreadable[rule.columns[0]]
        elif rule.name == "foreign key":
            key = data.frame[rule.columns[0]]
            known = key.is_in(parents[rule.columns[0]].drop_nulls().implode())
            columns[helper] = known.set(key.is_null(), None)
    return pd.DataFrame({name: values.to_numpy() for name, values in columns.items()})


def _helper(rule: Rule) -> str:
    return f"{rule.columns[0]} | {rule.name}"


def _expectation(rule: Rule) -> "Expectation":
    import great_expectations.expectations as gxe

    column = rule.columns[0]
    match rule.name:
        case "primary key" if len(rule.columns) > 1:
            return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(rule.columns))
        case "primary key":
            return gxe.ExpectColumnValuesToBeUnique(column=column)
        case "required":
            return gxe.ExpectColumnValuesToNotBeNull(column=column)
        case "has values":
            return gxe.ExpectColumnProportionOfNonNullValuesToBeBetween(
                column=column, min_value=0, strict_min=True
            )
        case "range":
            least, most = rule.bounds
            return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=least, max_value=most)
        case "values":
            return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=list(rule.allowed))
        case _:  # what was asked beforehand, as a Boolean
            return gxe.ExpectColumnValuesToBeInSet(column=_helper(rule), value_set=[True])


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

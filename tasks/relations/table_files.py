"""Tables and feature tables as files between steps."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import polars as pl

from tasks.domain import ColumnTask, Domain, Task, WindowTask
from tasks.relations.feature_walk import Feature
from tasks.relations.features import FeatureTable
from tasks.relations.row_sample import Sampled


def write_features(table: FeatureTable, path: Path, sampled: Sampled | None = None) -> None:
    """Write rows and features side by side as Parquet; what each feature is goes to its metadata.

    Parameters
    ----------
    table
        N rows.
    path
        Of the Parquet file.
    sampled
        How the N rows were drawn, where they are not all.
    """
    metadata = {"nodes": json.dumps([asdict(node) for node in table.nodes], ensure_ascii=False)}
    if sampled:
        metadata["sampled"] = sampled.model_dump_json()
    whole = pl.concat([table.rows, table.features], how="horizontal")
    whole.write_parquet(path, metadata=metadata)


def read_features(path: Path) -> FeatureTable:
    """Read what `write_features` wrote."""
    nodes = [
        Feature(**{**entry, "path": tuple(entry["path"])})
        for entry in json.loads(pl.read_parquet_metadata(path)["nodes"])
    ]
    whole = pl.read_parquet(path, glob=False)
    names = [node.name for node in nodes]
    return FeatureTable(whole.drop(names), whole.select(names), nodes)


def read_sampled(path: Path) -> Sampled | None:
    """How the rows that `write_features` wrote were drawn; None where they are all of the task."""
    text = pl.read_parquet_metadata(path).get("sampled")
    return Sampled.model_validate_json(text) if text else None


def read_frames(
    paths: Mapping[str, Path], columns: Mapping[str, Sequence[str]] | None = None
) -> dict[str, pl.DataFrame]:
    """Read Parquet files, by the name of their table; of these all columns, or those named."""
    return {
        name: pl.read_parquet(
            path, columns=None if columns is None else list(columns[name]), glob=False
        )
        for name, path in paths.items()
    }


def needed_columns(contract: Domain, task: Task) -> dict[str, list[str]]:
    """The columns of each table without which neither rows nor features of a task can be told.

    Texts are left out, as they are no features, but not those that are keys or that the task reads.
    Of a table without a primary key all are needed: they tell which rows repeat an earlier one.
    """
    read = {task.column, task.per} if isinstance(task, ColumnTask) else set()
    if isinstance(task, WindowTask) and task.condition is not None:
        read = {task.condition.column}
    return {
        name: [
            column
            for column, entry in table.columns.items()
            if entry.type != "text"
            or not table.primary_key
            or column in {*table.primary_key, *table.foreign_keys, *read}
        ]
        for name, table in contract.tables.items()
    }

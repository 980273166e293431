"""Tables and feature tables as files between steps."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import polars as pl

from tasks.relations.feature_walk import Feature
from tasks.relations.features import FeatureTable


def write_features(table: FeatureTable, path: Path) -> None:
    """Write rows and features side by side as Parquet; what each feature is goes to its metadata.

    Parameters
    ----------
    table
        N rows.
    path
        Of the Parquet file.
    """
    nodes = json.dumps([asdict(node) for node in table.nodes], ensure_ascii=False)
    whole = pl.concat([table.rows, table.features], how="horizontal")
    whole.write_parquet(path, metadata={"nodes": nodes})


def read_features(path: Path) -> FeatureTable:
    """Read what `write_features` wrote."""
    nodes = [
        Feature(**{**entry, "path": tuple(entry["path"])})
        for entry in json.loads(pl.read_parquet_metadata(path)["nodes"])
    ]
    whole = pl.read_parquet(path)
    names = [node.name for node in nodes]
    return FeatureTable(whole.drop(names), whole.select(names), nodes)


def read_frames(paths: Mapping[str, Path]) -> dict[str, pl.DataFrame]:
    """Read Parquet files, by the name of their table."""
    return {name: pl.read_parquet(path) for name, path in paths.items()}

"""Steps of the relations: tables held against the contract, and the feature table."""

import json
from hashlib import file_digest
from pathlib import Path

from prefect import task
from pydantic import BaseModel

from tasks.bayes.digests import digest_of
from tasks.cache import CONTENT
from tasks.domain import Domain, Task
from tasks.relations.features import add_placebo, build_features
from tasks.relations.gate import check_tables, gate_record
from tasks.relations.gate_table import refusal
from tasks.relations.row_sample import sample_rows
from tasks.relations.sources import read_tables, table_files
from tasks.relations.table_files import needed_columns, read_frames, write_features
from tasks.relations.task_rows import drawn_by, task_rows
from tasks.run_store import Artifact, RunStore


class CheckedData(BaseModel):
    """Tables that were held against their contract.

    Attributes
    ----------
    record
        ``contract.json``: every rule and how it came out.
    tables, faults
        Parquet files by the name of their table; faults are Boolean, beside the cells.
    refusal
        Why no run may use these data; empty where one may.
    """

    record: Artifact
    tables: dict[str, Artifact]
    faults: dict[str, Artifact]
    refusal: str


def given_data(contract: Domain, folder: Path | None) -> Artifact | None:
    """The files of a domain as one artifact: where they lie, and the digest of all of them."""
    files = table_files(contract, folder)
    digests = []
    for name, path in files.items():
        with path.open("rb") as content:
            digests += [name, file_digest(content, "sha256").hexdigest()]
    if not files:
        return None
    place = next(iter(files.values())).parent
    return Artifact(path=str(place), sha256=digest_of(*digests))


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def check_data(contract: Domain, source: Artifact | None) -> CheckedData:
    """Read all tables and hold them against the contract."""
    store = RunStore.current()
    tables = read_tables(contract, Path(source.path) if source else None)
    result = check_tables(contract, tables)
    return CheckedData(
        record=store.save_text(
            "contract.json", json.dumps(gate_record(result), indent=1, ensure_ascii=False)
        ),
        tables={
            name: store.save(f"{name}.parquet", data.frame.write_parquet)
            for name, data in tables.items()
        },
        faults={
            name: store.save(f"{name}.faults.parquet", frame.write_parquet)
            for name, frame in result.faults.items()
        },
        refusal=refusal(result),
    )


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def make_features(
    contract: Domain, target: Task, tables: dict[str, Artifact], seed: int, rows: int
) -> Artifact:
    """Build the feature table, with the placebo column, for so many rows of each part at most."""
    store = RunStore.current()
    paths = {name: store.fetch(artifact) for name, artifact in tables.items()}
    frames = read_frames(paths, needed_columns(contract, target))
    found = task_rows(contract, frames, target)
    by = drawn_by(contract, frames, target)
    chosen, sampled = sample_rows(found, target.split, rows, seed, by)
    table = add_placebo(build_features(contract, frames, target, chosen), seed)
    return store.save("features.parquet", lambda path: write_features(table, path, sampled))

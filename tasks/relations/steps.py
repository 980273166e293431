"""Steps of the relations: tables held against the contract, and the feature table."""

import json
import tempfile
from pathlib import Path

from prefect import task
from prefect.blocks.system import Secret
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel

from tasks.cache import CONTENT, has_broken_off
from tasks.domain import Domain, FolderSource, SqlSource, Task
from tasks.errors import InputError
from tasks.relations.catalogue import Catalogue
from tasks.relations.column_facts import described_record
from tasks.relations.features import add_placebo, build_features
from tasks.relations.gate import check_tables
from tasks.relations.gate_table import refusal
from tasks.relations.given_data import GivenData, as_they_lie, file_name, given_tables, keep_tables
from tasks.relations.profiling.database import Database, open_database
from tasks.relations.profiling.database_draft import draft_database
from tasks.relations.rare_classes import without_rare_classes
from tasks.relations.row_sample import Sampled, sample_rows
from tasks.relations.sources import given_location, type_tables
from tasks.relations.table_files import needed_columns, read_frames, write_features
from tasks.relations.task_rows import drawn_by, task_rows
from tasks.run_store import Artifact, RunStore


class CheckedData(BaseModel):
    """Tables that were held against their contract.

    Attributes
    ----------
    record
        ``contract.json``: every rule and how it came out, and what every column holds.
    tables, faults
        Parquet files by the name of their table; faults are Boolean, beside the cells.
    refusal
        Why no run may use these data; empty where one may.
    """

    record: Artifact
    tables: dict[str, Artifact]
    faults: dict[str, Artifact]
    refusal: str


def read_block(name: str) -> str:
    """The URL that a Secret block of Prefect holds.

    Raises
    ------
    InputError
        If there is no such block.
    """
    try:
        return str(Secret.load(name).get())  # type: ignore[union-attr]
    except ValueError as error:
        raise InputError(
            f"There is no Secret block {name!r} in Prefect: make one that holds the URL of the "
            "database."
        ) from error


@task(
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 20],
    retry_condition_fn=has_broken_off,
)
def given_data(contract: Domain, given: str | None) -> GivenData:
    """The tables as they are now; a database that goes away is tried again."""
    location = given_location(contract, given, read_block)
    return given_tables(RunStore.current(), contract, location)


@task(
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 20],
    retry_condition_fn=has_broken_off,
)
def given_database(
    location: str, target: str | None
) -> tuple[GivenData, FolderSource | SqlSource, Catalogue]:
    """Tables of a folder or database that nobody has described, and what it declares."""
    with tempfile.TemporaryDirectory(prefix="whence-") as place:
        found = open_database(location, read_block, Path(place), target)
        if isinstance(found.source, SqlSource):
            given = keep_tables(RunStore.current(), found.place, found.files)
        else:
            given = as_they_lie(found.place, found.files)
    return given, found.source, found.catalogue


class Drafted(BaseModel):
    """A contract that was drafted from tables, and in words what it assumes."""

    contract: Domain
    said: str


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def draft_domain(
    given: GivenData,
    source: FolderSource | SqlSource,
    catalogue: Catalogue,
    name: str,
    target: str | None,
) -> Drafted:
    """Profile tables that nobody has described, and draft their contract."""
    store = RunStore.current()
    files = {table: store.fetch(file) for table, file in given.files.items()}
    place = given.source.path if given.source else ""
    contract, said = draft_database(Database(source, place, files, catalogue), name, target)
    return Drafted(contract=contract, said=said)


@task(cache_policy=CONTENT, persist_result=True, result_serializer="json")
def check_data(contract: Domain, given: GivenData) -> CheckedData:
    """Read all tables and hold them against the contract."""
    store = RunStore.current()
    files = {name: store.fetch(file) for name, file in given.files.items()}
    tables = type_tables(contract, files)
    result = check_tables(contract, tables)
    return CheckedData(
        record=store.save_text(
            "contract.json",
            json.dumps(described_record(result, tables), indent=1, ensure_ascii=False),
        ),
        tables={
            name: store.save(file_name(name), data.frame.write_parquet)
            for name, data in tables.items()
        },
        faults={
            name: store.save(file_name(name, "faults.parquet"), frame.write_parquet)
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
    drawn, sampled = sample_rows(found, target.split, rows, seed, by)
    chosen, rare = without_rare_classes(drawn, target)
    if rare:
        left = {"rare": rare, "of_rare": drawn.height - chosen.height}
        sampled = (sampled or Sampled(by=by, found={}, in_parts=0)).model_copy(update=left)
    table = add_placebo(build_features(contract, frames, target, chosen), seed)
    return store.save("features.parquet", lambda path: write_features(table, path, sampled))

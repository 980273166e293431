"""A draft of a contract for a database that nobody has described."""

from dataclasses import dataclass

from tasks.domain import Column, ColumnTask, Domain, Rows, Table
from tasks.relations.profiling.columns import ColumnProfile
from tasks.relations.profiling.leaks import Leak
from tasks.relations.profiling.profile import DatabaseProfile
from tasks.relations.profiling.row_times import LaterTime, later_times, time_split
from tasks.relations.profiling.targets import find_target, output_of, target_leaks
from tasks.table_checks import NUMERIC

MOST_VALUES = 12
"""Different values of a category, up to which they are named."""


@dataclass(frozen=True)
class Draft:
    """A contract that was drafted for a target.

    Attributes
    ----------
    contract
        With one task.
    target
        ``table.column``.
    task
        That predicts it.
    leaks
        Columns of its table that probably tell it, which the contract keeps from the model.
    later
        Times that were filled in after their rows became known, which it keeps from it, too.
    """

    contract: Domain
    target: str
    task: ColumnTask
    leaks: tuple[Leak, ...]
    later: tuple[LaterTime, ...]


def draft_contract(profile: DatabaseProfile, name: str, target: str) -> Draft:
    """Write a contract for a profiled database and a column to predict.

    Parameters
    ----------
    profile
        Of the database.
    name
        Of the domain.
    target
        ``table.column``.

    Raises
    ------
    InputError
        If there is no such column, nothing tells when its rows became known, it cannot be
        predicted, or its rows do not span three days.
    """
    tables = {table: _table(profile, table) for table in profile.tables}
    drafted = Domain(
        name=name,
        title=name,
        source=profile.source,
        tables=tables,
        tasks={},
    )
    table, column = find_target(profile, target)
    output = output_of(profile, target)
    leaks = target_leaks(profile, target)
    task = ColumnTask(
        kind="column",
        output=output,
        table=table,
        column=column,
        split=time_split(profile, table),
    )
    later = later_times(profile)
    told = dict.fromkeys(f"{table}.{name}" for leak in leaks for name in leak.columns)
    told |= dict.fromkeys(f"{one.table}.{one.column}" for one in later)
    contract = drafted.model_copy(update={"tasks": {column: task}, "leaks": tuple(told)})
    return Draft(contract, target, task, tuple(leaks), later)


def _table(profile: DatabaseProfile, name: str) -> Table:
    keys = [key for key in profile.foreign_keys if key.table == name]
    stands = {
        column: found
        for column, found in profile.tables[name].items()
        if found.distinct > 1 or found.type == "time" or column in profile.keys_of(name)
    }
    return Table(
        columns={column: _column(profile, name, column, found) for column, found in stands.items()},
        primary_key=profile.primary_keys[name],
        foreign_keys={key.column: key.parent for key in keys},
        time=profile.times.get(name, ""),
        expectations=(Rows(kind="rows", least=max(1, profile.rows_of(name) // 2)),),
    )


def _column(profile: DatabaseProfile, table: str, name: str, found: ColumnProfile) -> Column:
    is_key = name in profile.keys_of(table)
    stops = name in profile.primary_keys[table] or profile.times.get(table) == name
    known = found.values.drop_nulls()
    named = found.type == "category" and not is_key and 0 < found.distinct <= MOST_VALUES
    amount = found.type in NUMERIC and not is_key and len(known) > 0 and known.min() >= 0  # type: ignore[operator]
    return Column(
        type=found.type,
        missing=found.markers,
        format=found.format,
        required=found.missing == 0 and found.unreadable == 0,
        range=(0, None) if amount else None,
        values=tuple(known.unique().sort()) if named else None,
        severity="block" if stops else "repairable",
    )

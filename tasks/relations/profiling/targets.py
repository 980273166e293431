"""Which columns of a profiled database could be predicted, how, and what would tell them."""

from tasks.domain_tasks import Output
from tasks.errors import InputError
from tasks.relations.profiling.leaks import Leak, find_leaks
from tasks.relations.profiling.names import sounds_like_key
from tasks.relations.profiling.profile import DatabaseProfile
from tasks.relations.profiling.row_times import can_be_split
from tasks.relations.profiling.times import LEAST_KNOWN
from tasks.table_checks import NUMERIC
from tasks.targets import OUTPUTS

MOST_CLASSES = 10
"""Different whole numbers, up to which a target holds classes."""


def target_candidates(profile: DatabaseProfile) -> list[str]:
    """Columns that could be predicted, of the tables with most foreign keys and rows first.

    Numbers that vary, beside keys and those that are known of a few rows only, in tables that have
    a time by which they can be split and belong to others.
    """
    facts = [
        name
        for name in profile.times
        if len(profile.keys_of(name)) > 1 and can_be_split(profile, name)
    ]
    facts.sort(key=lambda name: (len(profile.keys_of(name)), profile.rows_of(name)), reverse=True)
    return [
        f"{name}.{column}"
        for name in facts
        for column, found in profile.tables[name].items()
        if found.type in NUMERIC
        and column not in profile.keys_of(name)
        and not sounds_like_key(column)
        and found.distinct > 2
        and found.values.is_not_null().mean() >= LEAST_KNOWN  # type: ignore[operator]
    ]


def first_target(profile: DatabaseProfile) -> str:
    """The first of the candidates.

    Raises
    ------
    InputError
        If there is none.
    """
    found = next(iter(target_candidates(profile)), None)
    if found is None:
        raise InputError("Nothing here can be predicted without being told: give --target.")
    return found


def target_leaks(profile: DatabaseProfile, target: str) -> list[Leak]:
    """Columns of the target's table that probably tell it."""
    table, _, column = target.partition(".")
    return find_leaks(
        profile.tables[table],
        column,
        profile.keys_of(table),
        is_class=output_of(profile, target) == "classification",
    )


def find_target(profile: DatabaseProfile, target: str) -> tuple[str, str]:
    """Table and column of a target.

    Parameters
    ----------
    profile
        Of the database.
    target
        ``table.column``.

    Raises
    ------
    InputError
        If there is no such column, or nothing tells when its rows became known.
    """
    table, _, column = target.partition(".")
    if column not in profile.tables.get(table, {}):
        raise InputError(
            f"The target must be TABLE.COLUMN of this database, got {target!r}; its tables are "
            f"{', '.join(profile.tables)}."
        )
    if table not in profile.times:
        raise InputError(
            f"Nothing tells when the rows of {table} became known, so that {target} cannot be "
            "predicted: its table needs a time, or a foreign key to one that has it."
        )
    return table, column


def output_of(profile: DatabaseProfile, target: str) -> Output:
    """Whether a target holds amounts or classes.

    Raises
    ------
    InputError
        If it can be no target.
    """
    table, _, column = target.partition(".")
    found = profile.tables[table][column]
    if column in profile.keys_of(table):
        raise InputError(f"The target must be no key, which {target} is.")
    if found.type not in OUTPUTS or found.distinct < 2:
        raise InputError(
            f"The target must be a number or a category with at least 2 values, {target} is of "
            f"type {found.type} with {found.distinct}."
        )
    classes = found.type == "integer" and found.distinct <= MOST_CLASSES
    return "classification" if classes else OUTPUTS[found.type]

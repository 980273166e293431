"""What a profile found and assumed, in words: for the terminal, and at the head of a draft."""

from collections.abc import Iterator

from tasks.relations.profiling.draft import Draft
from tasks.relations.profiling.foreign_keys import ForeignKey
from tasks.relations.profiling.profile import DatabaseProfile
from tasks.relations.profiling.targets import target_candidates

MOST_CANDIDATES = 10


def summarise_profile(profile: DatabaseProfile) -> str:
    """Tables with their rows, keys and times, foreign keys, and what was left out.

    Parameters
    ----------
    profile
        Of a database.
    """
    return "\n".join(_lines(profile))


def summarise_draft(profile: DatabaseProfile, draft: Draft) -> str:
    """What is predicted, what is kept from the model, and what else could be predicted.

    Parameters
    ----------
    profile, draft
        A database and the contract that was drafted for it.
    """
    target, task = draft.target, draft.task
    lines = [
        f"Predicted is {target} ({task.output}): rows before {task.split.validation} are trained "
        f"on, those from {task.split.test} on are the test."
    ]
    lines += [
        f"Kept from the model: {', '.join(leak.columns)}, by which {100 * leak.share:.1f} % of "
        f"{target} is told. Take them from leaks if they are known before it."
        for leak in draft.leaks
    ]
    if draft.later:
        times = ", ".join(
            f"{one.table}.{one.column} ({100 * one.share:.0f} %)" for one in draft.later
        )
        lines.append(
            "Kept from the model, as they lie after their row's own time in so many rows: "
            f"{times}. Take those from leaks that were known from the first, such as a due date."
        )
    others = [one for one in target_candidates(profile) if one != target][:MOST_CANDIDATES]
    if others:
        lines.append(f"Others that could be predicted: {', '.join(others)}.")
    return "\n".join(lines)


def _lines(profile: DatabaseProfile) -> Iterator[str]:
    for name in profile.tables:
        key = ", ".join(profile.primary_keys[name]) or "none that tells its rows apart"
        time = profile.times.get(name, "")
        known = f", known since {time}" if time else ""
        yield f"{name}: {profile.rows_of(name)} rows, key {key}{known}"
    for foreign in profile.foreign_keys:
        yield f"{foreign.table}.{foreign.column} -> {foreign.parent}{_why(foreign)}"
    yield from profile.notes


def _why(key: ForeignKey) -> str:
    orphans = (
        f", {key.orphans} of {key.rows} rows point to nothing ({100 * key.orphan_share:.1f} %)"
        if key.orphans
        else ""
    )
    by_values = "" if key.words else ", by its values alone: look whether this is so"
    return orphans + by_values

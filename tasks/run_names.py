"""Which run a name means."""

from tasks.errors import InputError


def run_of(name: str, runs: list[str], root: str) -> str:
    """The one of a store's runs that a name means.

    Parameters
    ----------
    name
        ``domain/identifier``, the identifier, or its beginning.
    runs
        To choose from.
    root
        Of the store, for the message.

    Raises
    ------
    InputError
        If it means none, or more than one.

    Examples
    --------
    >>> run_of("2026-01", ["demo/2026-01-03", "f1/2026-02-01"], "runs")
    'demo/2026-01-03'
    """
    fitting = [known for known in runs if name in (known, known.partition("/")[2])]
    fitting = fitting or [known for known in runs if known.partition("/")[2].startswith(name)]
    if len(fitting) != 1:
        some = ", ".join((fitting or runs)[-3:]) or "none"
        count = "no run" if not fitting else f"{len(fitting)} runs"
        raise InputError(f"{name!r} names {count} in {root}; the latest: {some}.")
    return fitting[0]

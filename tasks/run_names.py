"""Which runs there are, and which of them a name means."""

from typing import Any

from tasks.errors import InputError


def runs_below(filesystem: Any, base: str, holding: str) -> list[str]:
    """Every run that shows a file as ``domain/run_id``, oldest first.

    Whole domains are listed, which takes a remote store one request for hundreds of files; what is
    kept beside them, in folders that begin with a dot, is not looked through.

    Parameters
    ----------
    filesystem
        Of fsspec.
    base
        Root of the store there.
    holding
        Name of the file.
    """
    entries = filesystem.ls(base, detail=True) if filesystem.isdir(base) else []
    folders = [str(entry["name"]) for entry in entries if entry["type"] == "directory"]
    domains = [folder for folder in folders if not folder.rpartition("/")[2].startswith(".")]
    files = [str(path) for domain in domains for path in filesystem.find(domain)]
    parts = [path.removeprefix(base).lstrip("/").split("/", 2) for path in files]
    found = [part[:2] for part in parts if part[2:] == [holding]]
    return ["/".join(part) for part in sorted(found, key=lambda part: part[1])]


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

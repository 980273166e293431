"""What changed between two runs before anything was computed: data, contract, code, settings."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from tasks.report.across_runs.changed_data import changed_data
from tasks.report.across_runs.run_record import RunRecord
from tasks.report.frozen import Frozen
from tasks.report.layout import shorten

Kind = Literal["data", "contract", "code", "Stan programs", "seed", "parameters", "versions"]

PLACES = ("domain", "target", "seed")
"""Parameters that are told elsewhere: what is analysed, and the seed."""
NOTHING = "(none)"
LONGEST = 60
"""Most columns of a value."""


class Difference(Frozen):
    """One kind of things that a run is made from.

    Attributes
    ----------
    details
        What differs, each a phrase; empty where nothing does.
    recorded
        Whether both runs say enough for "nothing" to be told.
    """

    kind: Kind
    details: tuple[str, ...]
    recorded: bool = True

    @property
    def changed(self) -> bool:
        """Whether something differs, as far as it is recorded."""
        return bool(self.details)


def what_changed(before: RunRecord, after: RunRecord) -> tuple[Difference, ...]:
    """Hold against each other what two runs were made from, kind by kind."""
    old, new = before.manifest, after.manifest
    data = changed_data(before, after)
    seeds = [run["parameters"].get("seed", NOTHING) for run in (old, new)]
    seed = () if seeds[0] == seeds[1] else (f"{seeds[0]} -> {seeds[1]}",)
    return (
        Difference(kind="data", details=tuple(data or ()), recorded=data is not None),
        Difference(kind="contract", details=_changes(before.contract, after.contract)),
        _files("code", old, new),
        _stan(before, after),
        Difference(kind="seed", details=seed),
        Difference(kind="parameters", details=_changes(_settings(old), _settings(new))),
        Difference(kind="versions", details=_changes(old["versions"], new["versions"])),
    )


def _settings(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {name: of for name, of in manifest["parameters"].items() if name not in PLACES}


def _files(kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any]) -> Difference:
    """Files of another content, by their names."""
    names = {"code": "code", "Stan programs": "stan"}
    before, after = old.get(names[kind]), new.get(names[kind])
    if not before or not after:
        return Difference(kind=kind, details=(), recorded=False)
    details = tuple(
        name if name in before and name in after else f"{name} ({_side(name in after)})"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )
    return Difference(kind=kind, details=details)


def _side(is_new: bool) -> str:
    return "new" if is_new else "gone"


def _stan(before: RunRecord, after: RunRecord) -> Difference:
    """Programs, and the toolchain; of the effects model older runs tell them, too."""
    files = _files("Stan programs", before.manifest, after.manifest)
    names = ("toolchain",) if files.recorded else ("program_digest", "toolchain")
    sampled = [{name: run.diagnostics.get(name) for name in names} for run in (before, after)]
    details = (*files.details, *_changes(*sampled))
    return files.model_copy(update={"details": details})


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Leaves of nested mappings that differ, as ``path: before -> after``."""
    before, after = dict(_leaves(old)), dict(_leaves(new))
    paths = [*before, *(path for path in after if path not in before)]
    return tuple(
        f"{path}: {_told(before, path)} -> {_told(after, path)}"
        for path in paths
        if path not in before or path not in after or before[path] != after[path]
    )


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


def _told(leaves: Mapping[str, Any], path: str) -> str:
    value = leaves.get(path)
    if value is None:
        return NOTHING
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return shorten(text, LONGEST)

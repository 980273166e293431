"""A version tried beside the one that serves, on copies of its databases."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from flows.installation.databases import Database
from flows.installation.migrations import bring_page, bring_registry, registry_rows
from flows.installation.release_state import Release, Version
from flows.installation.service import Service
from flows.release.beside import Beside
from flows.release.checks import check_programs
from flows.release.page import client_of, run_small_job
from flows.release.switched_off import identifiers, switch_off
from flows.release.telling import Tell, timed
from tasks.errors import RunError
from tasks.run_store import RunStore
from tasks.store_check import StoreCheck


def try_beside(service: Service, release: Release, tell: Tell) -> None:
    """Have a version migrate copies of the databases, serve them, and do a small run.

    Parameters
    ----------
    service
        The one that serves, which notices nothing.
    release
        Its copies have been made.
    tell
        Is given a line a check.

    Raises
    ------
    RunError
        If the version fails; nothing of what it did is left.
    """
    beside, before, after = Beside(service), release.before, release.after
    try:
        with timed(tell, "copies of the databases, in which nothing begins by itself"):
            beside.make(Path(release.backup))
            switch_off(beside.page.url)
            there = identifiers(beside.page.url)
        _try_registry(beside.registry, before, after, tell)
        bring_page(beside.page, after, before)
        with ExitStack() as stack:
            with timed(tell, "Prefect's server, a worker and the HTTP service began to work"):
                running, child = stack.enter_context(beside.serving(release))
            sizes = ", ".join(f"{len(ids)} {name}" for name, ids in there.items())
            with timed(tell, f"{sizes} are there after the migrations"):
                _check_kept(there, identifiers(beside.page.url))
            check_programs(running, after, tell)
            with timed(tell, "a small run of the main job completed and is whole"):
                _try_run(running.page, beside.runs, lambda: child.code is not None)
    finally:
        beside.remove()


def _try_registry(registry: Database, before: Version, after: Version, tell: Tell) -> None:
    if registry.file is not None and not registry.file.is_file():
        return
    with timed(tell, "the registry of beliefs is migrated, and holds what it held"):
        held = registry_rows(before, registry.url)
        bring_registry(registry, after, before)
        holds = registry_rows(after, registry.url)
        lost = [name for name in held.keys() & holds.keys() if held[name] != holds[name]]
        if lost:
            raise RunError(f"The migrations changed the rows of {', '.join(sorted(lost))}.")


def _check_kept(before: Mapping[str, frozenset[str]], after: Mapping[str, frozenset[str]]) -> None:
    lost = [f"{len(before[name] - after[name])} {name}" for name in before]
    if any(before[name] - after[name] for name in before):
        raise RunError(f"The migrations lost {', '.join(lost)}.")


def _try_run(page: str, runs: Path, is_over: Callable[[], bool]) -> None:
    with client_of(page) as client:
        if run_small_job(client, is_over) is None:
            raise RunError("No deployment runs the main job: deploy one of each domain.")
    check = StoreCheck(RunStore(str(runs)))
    for run in check.runs():
        found = check.check(run)
        if found.has_ended and not found.faults:
            return
        raise RunError(f"The small run is not whole: {'; '.join(found.faults) or 'no manifest'}.")
    raise RunError("The small run left nothing in the run store.")

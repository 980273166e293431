"""Events for Prefect's automations: what became of a domain's run."""

from typing import Any, Literal

from prefect.events import emit_event

from flows.artifact_keys import artifact_key
from flows.changed_since import effects_changed
from flows.report_places import place_of
from tasks.report.answer import answer
from tasks.report.schema import Report
from tasks.run_store import RunStore

Happened = Literal["whence.run.finished", "whence.gate.failed", "whence.effects.changed"]


def tell(happened: Happened, domain: str, run: str, **payload: Any) -> None:
    """Emit an event about a domain; Prefect relates it to the flow run that goes on.

    Parameters
    ----------
    happened
        What.
    domain
        The resource: ``whence.domain.`` and the key that its artifacts have.
    run
        As ``domain/run_id``.
    payload
        A few plain values for a notification.
    """
    resource = {
        "prefect.resource.id": f"whence.domain.{artifact_key(domain)}",
        "prefect.resource.name": domain,
    }
    emit_event(happened, resource, payload={"run": run, **payload})


def tell_of_run(store: RunStore, run: str, report: Report) -> None:
    """Tell that a main job has finished, and which effects changed since the one before it.

    Parameters
    ----------
    store
        That holds the run.
    run
        As ``domain/run_id``.
    report
        Of the run.
    """
    said = answer(report)
    told = {"task": report.task, "report": place_of(store, run, "report.html")}
    tell("whence.run.finished", report.domain, run, repair=said.repair, sound=said.sound, **told)
    changed = effects_changed(store, run)
    if changed is not None:
        tell("whence.effects.changed", report.domain, run, **changed, **told)

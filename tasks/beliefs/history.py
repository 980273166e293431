"""Every prior that a client has stated or accepted, and every recommendation, in words."""

from collections.abc import Iterator, Sequence

from tasks.beliefs.belief import Belief
from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_findings import StoredRecommendation
from tasks.beliefs.registry_priors import current_priors, history, sessions_of
from tasks.beliefs.registry_records import StoredPrior
from tasks.beliefs.registry_updates import recommendations_of
from tasks.errors import InputError


def history_lines(registry: Registry, client: str) -> list[str]:
    """A client's priors by model and quantity, oldest first, each with what became of it.

    Raises
    ------
    InputError
        If the client has stated none.
    """
    sessions = sessions_of(registry, client)
    if not sessions:
        raise InputError(
            f"Client {client!r} has stated no belief: record some first "
            "(whence beliefs elicit FILE.yaml)."
        )
    lines = [
        f"Session {session.id}, {session.created_at:%Y-%m-%d %H:%M}, {session.model_id}"
        + (f": {session.note}" if session.note else "")
        for session in sessions
    ]
    models = dict.fromkeys(session.model_id for session in sessions)
    recommended = [of for session in sessions for of in recommendations_of(registry, session.id)]
    return lines + [
        line for model in models for line in _of_model(registry, client, model, recommended)
    ]


def _of_model(
    registry: Registry, client: str, model: str, recommended: Sequence[StoredRecommendation]
) -> Iterator[str]:
    for current in current_priors(registry, client, model):
        quantity = current.quantity
        priors = history(registry, client, model, quantity)
        superseded = {prior.supersedes_id for prior in priors}
        yield from ("", f"{model}, {quantity}")
        for prior in priors:
            yield _line(prior, is_current=prior.id not in superseded)
            yield from (_recommendation(of) for of in recommended if of.prior_id == prior.id)


def _line(prior: StoredPrior, *, is_current: bool) -> str:
    made = "accepted update" if prior.method == "update" else prior.method.replace("_", " and ")
    return (
        f"  {prior.created_at:%Y-%m-%d %H:%M}  prior {prior.id}  "
        f"{Belief.model_validate(prior.belief)}, confidence {prior.confidence:g}, {made}, "
        f"{'current' if is_current else 'superseded'}"
    )


def _recommendation(recommended: StoredRecommendation) -> str:
    what = f"becomes {Belief.model_validate(recommended.new_belief)}"
    decided = (
        f"{recommended.status} by {recommended.decided_by} on {recommended.decided_at:%Y-%m-%d}"
        if recommended.decided_at
        else "not decided"
    )
    return (
        f"    {recommended.created_at:%Y-%m-%d %H:%M}  recommendation {recommended.id} "
        f"({recommended.strategy}): {what if recommended.is_change else 'stands'}, {decided}"
    )

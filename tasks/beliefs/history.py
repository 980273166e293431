"""Every prior that a client has stated or accepted, in words."""

from collections.abc import Iterator

from tasks.beliefs.belief import Belief
from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_priors import current_priors, history, sessions_of
from tasks.beliefs.registry_records import StoredPrior
from tasks.errors import InputError


def history_lines(registry: Registry, client: str) -> list[str]:
    """A client's priors by model and quantity, oldest first, each with its fate.

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
    return lines + [line for model in models for line in _of_model(registry, client, model)]


def _of_model(registry: Registry, client: str, model: str) -> Iterator[str]:
    for current in current_priors(registry, client, model):
        quantity = current.quantity
        priors = history(registry, client, model, quantity)
        superseded = {prior.supersedes_id for prior in priors}
        yield from ("", f"{model}, {quantity}")
        for prior in priors:
            yield _line(prior, is_current=prior.id not in superseded)


def _line(prior: StoredPrior, *, is_current: bool) -> str:
    made = "accepted update" if prior.method == "update" else prior.method.replace("_", " and ")
    return (
        f"  {prior.created_at:%Y-%m-%d %H:%M}  prior {prior.id}  "
        f"{Belief.model_validate(prior.belief)}, confidence {prior.confidence:g}, {made}, "
        f"{'current' if is_current else 'superseded'}"
    )

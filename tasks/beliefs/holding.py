"""Beliefs held against their sides, kept so that an update can follow."""

from collections.abc import Callable, Sequence
from functools import partial

from pydantic import BaseModel

from tasks.beliefs.bayes_factor import Bridged
from tasks.beliefs.conflict_record import Conflict, Decision, Number, Strategy, Update
from tasks.beliefs.data_side import DataSide, load_side, save_side
from tasks.beliefs.held import HeldPrior
from tasks.beliefs.update import update
from tasks.errors import InputError
from tasks.progress import track
from tasks.run_store import Artifact, RunStore


class HeldBelief(BaseModel):
    """A belief held against data.

    Attributes
    ----------
    conflict
        What came of it.
    decision
        What hangs on the quantity.
    side
        The data's side.
    log_bayes_factor, client_side
        By bridge sampling, and draws under the belief; None where none was needed.
    """

    conflict: Conflict
    decision: Decision | None
    side: Artifact
    log_bayes_factor: Number | None = None
    client_side: Artifact | None = None


class Held(BaseModel):
    """Beliefs held against data.

    Attributes
    ----------
    beliefs
        Those that could be.
    not_assessable
        Why another one could not, by its quantity.
    """

    beliefs: list[HeldBelief]
    not_assessable: dict[str, str]


def hold(
    store: RunStore,
    priors: Sequence[HeldPrior],
    level: float,
    sides: Callable[[HeldPrior], tuple[DataSide, Bridged | None]],
) -> Held:
    """Hold each belief against its side; one that has none is left out, and it is said why.

    Parameters
    ----------
    store
        Keeps the sides.
    priors
        The beliefs.
    level
        Probability of intervals.
    sides
        Gives the data's side of a belief, and what was bridged; raises an InputError where there is
        none.
    """
    held: list[HeldBelief] = []
    left: dict[str, str] = {}
    for prior in track(priors, "beliefs"):
        try:
            side, bridged = sides(prior)
            found = prior.against(side, level, bridged)
        except InputError as error:
            left[prior.quantity] = str(error)
            continue
        held.append(
            HeldBelief(
                conflict=found,
                decision=prior.decision,
                side=_save(store, side),
                log_bayes_factor=bridged.log_bayes_factor if bridged else None,
                client_side=_save(store, bridged.draws) if bridged else None,
            )
        )
    return Held(beliefs=held, not_assessable=left)


def _save(store: RunStore, side: DataSide) -> Artifact:
    return store.save("side.npz", partial(save_side, side=side))


def update_of(
    store: RunStore, held: HeldBelief, strategy: Strategy, min_evidence_strength: float
) -> Update:
    """Recommend a prior for a belief that was held; arguments as `update` takes them."""
    found = held.conflict
    bridged = None
    if held.log_bayes_factor and held.client_side:
        bridged = Bridged(held.log_bayes_factor, load_side(store.fetch(held.client_side)))
    return update(
        found.quantity,
        load_side(store.fetch(held.side)),
        found.client,
        found.confidence,
        strategy,
        min_evidence_strength,
        decision=held.decision,
        level=found.from_reference.level,
        bridged=bridged,
    )

"""Beliefs that are held against data, and what comes of it, ready to be kept."""

from typing import Annotated, Any

from pydantic import Field

from tasks.beliefs.bayes_factor import Bridged
from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict import conflict
from tasks.beliefs.conflict_record import Conflict, Decision
from tasks.beliefs.data_side import DataSide
from tasks.beliefs.quantities import parse_quantity
from tasks.domain import Domain
from tasks.domain_tables import Frozen


class HeldPrior(Frozen):
    """A belief on one quantity, and what hangs on it.

    Attributes
    ----------
    quantity
        Its name, as of `tasks.beliefs.quantities.parse_quantity`.
    belief
        What is believed of it.
    confidence
        Of the client in the belief.
    decision
        What hangs on the quantity.
    """

    quantity: str
    belief: Belief
    confidence: Annotated[float, Field(gt=0, lt=1)]
    decision: Decision | None = None

    def against(self, side: DataSide, level: float, bridged: Bridged | None = None) -> Conflict:
        """Hold the belief against the data's side; arguments as `conflict` takes them."""
        return conflict(
            self.quantity,
            side,
            self.belief,
            self.confidence,
            level=level,
            decision=self.decision,
            bridged=bridged,
        )


def contract_priors(contract: Domain) -> tuple[HeldPrior, ...]:
    """The priors of a contract, each cut to the bounds of its quantity.

    Raises
    ------
    InputError
        If a name is that of no quantity.
    """
    held: list[HeldPrior] = []
    for name, prior in contract.priors.items():
        low, high = parse_quantity(name).bounds
        belief: dict[str, Any] = {
            "laws": ({"family": prior.family, "parameters": prior.parameters},),
            "low": low,
            "high": high,
        }
        held.append(
            HeldPrior(
                quantity=name,
                belief=Belief.model_validate(belief),
                confidence=prior.confidence,
            )
        )
    return tuple(held)

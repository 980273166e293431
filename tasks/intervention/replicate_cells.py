"""Uncertainty before and after each intervention, in every replicate cell."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tasks.attribution.relative_change import relative_change
from tasks.domain import PLACEBO, Node
from tasks.errors import InputError

FloatArray = npt.NDArray[np.float64]


DRAWN = frozenset({"impute_missing", "correct", "improve_quality"})
"""Interventions that put in drawn values, which stand for true ones that nobody knows."""
DO = "do"
"""A change of the world, not of its record: what follows from it changes too."""


FEWEST_CELLS = 0.5
"""Share of the cells in which an action must change the uncertainty to be told."""


@dataclass(frozen=True)
class Action:
    """An intervention at a node, such as ``impute_missing`` at ``items.weight``."""

    node: Node
    intervention: str

    @property
    def is_drawn(self) -> bool:
        """Whether the values that it puts in are drawn."""
        return self.intervention in DRAWN

    @property
    def keeps_target(self) -> bool:
        """Whether the targets that were observed say how good predictions are after it.

        Not where drawn values stand for true ones that brought these targets about, nor where the
        world itself changes.
        """
        return not self.is_drawn and self.intervention != DO

    def __str__(self) -> str:
        """Name as a reader knows it."""
        return f"{self.intervention} {self.node}"


def too_little(action: Action, u_after: FloatArray, u_before: FloatArray) -> str:
    """Why an action is not told: it changes U in fewer than half of the cells; else empty.

    The placebo is told wherever it changes anything.

    Parameters
    ----------
    action
        Of which the cells are.
    u_after, u_before
        Shape (J, V).
    """
    share = float((u_after != u_before).mean())
    if share >= FEWEST_CELLS or (action.node.table == PLACEBO and share > 0):
        return ""
    return (
        f"{action} changes the uncertainty in {share:.0%} of the replicate cells: its effect is "
        "next to nothing."
    )


@dataclass(frozen=True)
class ReplicateCells:
    """K actions in J x V cells: sub-ensemble j of the members, block v of the evaluation rows.

    What an action draws, it draws for the whole database, a few times: the cells see the draws as
    `draw_of_cells` says, so that the variance between draws can be told from the others. The real
    repair is one more draw.

    Attributes
    ----------
    actions
        The K actions.
    changed
        Cells of the database that each action changes, a row that it drops counted as one; for a
        range, the evaluation rows in it whose features change. Shape (K,).
    row_fraction
        Part of its parent's effect that is to be expected of each action, by the rows that they
        change (`expected_parts`), shape (K,).
    u_before, u_after
        Mean epistemic uncertainty of the rows of a cell, shapes (J, V) and (K, J, V). An action at
        a range changes the rows of the range alone: the effects of a column's ranges sum to the
        column's.
    nll_before, nll_after
        Mean held-out negative log likelihood of the rows of a cell, in nats, the same shapes.
    nested
        Whether sub-ensembles are nested in draws, as `nested_draws` says: members that are fitted
        anew see one draw of the training rows.
    """

    actions: tuple[Action, ...]
    changed: npt.NDArray[np.int64]
    row_fraction: FloatArray
    u_before: FloatArray
    u_after: FloatArray
    nll_before: FloatArray
    nll_after: FloatArray
    nested: bool = False

    def __post_init__(self) -> None:
        if not (self.u_before > 0).all():
            raise InputError(
                "Effects are relative to the uncertainty before, which must be above 0 in every "
                f"cell; the smallest is {self.u_before.min():g}: take fewer blocks."
            )

    def take(self, chosen: npt.NDArray[np.intp]) -> "ReplicateCells":
        """The cells of some of the K actions, in the order given."""
        return replace(
            self,
            actions=tuple(self.actions[k] for k in chosen),
            changed=self.changed[chosen],
            row_fraction=self.row_fraction[chosen],
            u_after=self.u_after[chosen],
            nll_after=self.nll_after[chosen],
        )

    @property
    def drawn(self) -> npt.NDArray[np.bool_]:
        """Whether each action puts in drawn values, shape (K,)."""
        return np.array([action.is_drawn for action in self.actions], dtype=bool)

    @property
    def effects(self) -> FloatArray:
        """Effect of each action as each cell sees it, in per cent, shape (K, J, V).

        The mean over the cells, 100 (U_after - U_before) / U_before of the means over all of them,
        is the effect; see `relative_change`.
        """
        return relative_change(self.u_before, self.u_after)

    @property
    def nll_changes(self) -> FloatArray:
        """Change of the mean negative log likelihood, in nats a row, shape (K, J, V)."""
        return self.nll_after - self.nll_before

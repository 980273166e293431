"""What is recommended: which interventions are listed, and which of their effects counts."""

import numpy as np
import numpy.typing as npt
import pytest

from tasks.calibration.coverage.told import Told, recommended
from tasks.domain import Node
from tasks.intervention.changes import PLACEBO_ACTIONS
from tasks.intervention.replicate_cells import Action, ReplicateCells
from tasks.intervention.retrained_cells import RetrainedCells

Floats = npt.NDArray[np.float64]

MEND = Action(Node(table="items"), "improve_quality")
FILL = Action(Node(table="items", column="weight"), "impute_missing")
PART = Action(Node(table="items", column="weight", range="missing"), "impute_missing")
MEAN = Action(Node(table="items", column="weight"), "impute_mean")
SMOOTH = Action(Node(table="sales", column="quantity"), "reduce_variance")
ACTIONS = (MEND, FILL, PART, MEAN, SMOOTH, PLACEBO_ACTIONS[0])
MEANS = np.array([-5.0, -4.0, -3.0, -9.0, 2.0, -1.0])
WORSENING = np.array([0.0, 0.3, 0.0, 0.2, 0.2, 0.0])
J, V = 4, 4


def cells_of(actions: tuple[Action, ...], likelihood: Floats, *, nested: bool) -> ReplicateCells:
    rng = np.random.default_rng(1)
    before = rng.uniform(1.0, 2.0, (J, V))
    effects = np.array([MEANS[ACTIONS.index(of)] for of in actions])
    return ReplicateCells(
        actions=actions,
        changed=np.ones(len(actions), dtype=np.int64),
        row_fraction=np.ones(len(actions)),
        u_before=before,
        u_after=before * (1 + effects[:, None, None] / 100),
        nll_before=np.ones((J, V)),
        nll_after=1 + likelihood[:, None, None] + 0.01 * rng.normal(size=(len(actions), J, V)),
        nested=nested,
    )


def told(retrained: dict[Action, tuple[float, float]]) -> Told:
    """Effects when members are fitted anew, and by how much the likelihood is worse then."""
    cells = cells_of(ACTIONS, WORSENING, nested=False)
    draws = MEANS + np.array([[-1.0], [1.0]])
    if not retrained:
        return Told(cells, draws, None, np.empty((0, 0)))
    means, worse = np.array(list(retrained.values())).T
    anew = cells_of(tuple(retrained), worse, nested=True)
    same = np.zeros((J, V))
    more = np.zeros((len(retrained), J, V))
    found = RetrainedCells(anew, same, more, same, more, training_rows=9, held_out_rows=9)
    return Told(cells, draws, found, means + np.array([[-1.0], [1.0]]))


def test_repairs_at_tables_and_columns_are_listed_best_first() -> None:
    """A likelihood that is worse makes a gain illusory only where nothing was drawn."""
    assert recommended(told({})) == [(MEND, -5.0, False), (FILL, -4.0, False), (SMOOTH, 2.0, False)]


def test_the_effect_of_members_fitted_anew_counts() -> None:
    anew = {FILL: (-7.0, 0.0), PLACEBO_ACTIONS[0]: (-8.0, 0.0)}
    assert recommended(told(anew)) == [
        (FILL, -7.0, True),
        (MEND, -5.0, False),
        (SMOOTH, 2.0, False),
    ]


@pytest.mark.parametrize(("worse", "listed"), [(0.5, [MEND, SMOOTH]), (-0.5, [FILL, MEND, SMOOTH])])
def test_what_worsens_the_likelihood_then_is_not_listed(worse: float, listed: list[Action]) -> None:
    assert [action for action, *_ in recommended(told({FILL: (-7.0, worse)}))] == listed

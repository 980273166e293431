"""By which law each level's effects are pooled, chosen by a comparison of models."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from tasks.attribution.crossed import crossed_statistics
from tasks.domain import Node
from tasks.errors import InputError
from tasks.inference.comparison.settings import ComparisonSettings
from tasks.inference.effects_pooling import choose_pooling, heavy_levels, level_deviations
from tasks.inference.level_pooling import LevelPooling
from tasks.intervention.replicate_cells import Action, ReplicateCells

Floats = npt.NDArray[np.float64]
CellsOf = Callable[[list[Action], Floats, Floats], ReplicateCells]

COLUMNS = [Action(Node(table="주문", column=f"열 {k}"), "correct") for k in range(16)]


def chosen(cells: ReplicateCells) -> dict[str, LevelPooling]:
    found = choose_pooling(cells, ComparisonSettings(), seed=1, workers=2)
    return {of.level: of for of in found}


def test_a_deviation_is_from_its_part_of_the_action_above(cells: ReplicateCells) -> None:
    found = level_deviations(cells)
    statistics = crossed_statistics(cells.effects, cells.drawn)
    mean, error = statistics.mean, statistics.error_of_mean
    by_name = {str(action): (y, sigma) for of in found.values() for action, y, sigma in of}
    names = [str(action) for action in cells.actions]

    def expected(name: str, above: str, part: float) -> tuple[float, float]:
        k, j = names.index(name), names.index(above)
        return mean[k] - part * mean[j], np.hypot(error[k], part * error[j])

    low, column = "correct items.weight [무게 < 1]", "correct items.weight"
    assert by_name[low] == pytest.approx(expected(low, column, 0.3))
    table, amount = "improve_quality 주문", "mend 주문.금액"
    assert by_name[amount] == pytest.approx(expected(amount, table, 1.0))
    for alone in (table, column, "reduce items.weight"):  # a table, of a latent one, no part of it
        k = names.index(alone)
        assert by_name[alone] == pytest.approx((mean[k], error[k]))
    assert {level: len(of) for level, of in found.items()} == {"table": 2, "column": 5, "range": 3}


def test_heavy_tails_are_chosen_where_an_effect_lies_far_out(cells_of: CellsOf) -> None:
    rng = np.random.default_rng(4)
    means, sds = rng.normal(-2, 1, 16), rng.uniform(6, 12, 16)
    quiet = chosen(cells_of(COLUMNS, means, sds))
    assert not heavy_levels(quiet.values())
    assert quiet["column"].recommended in ("hierarchical_noncentered", "complete_pooling")
    means[5] += 40
    far = chosen(cells_of(COLUMNS, means, sds))
    assert heavy_levels(far.values()) == ("column",)
    assert far["column"].recommended == "hierarchical_student_t"
    assert "Student-t" in far["column"].conclusion


def test_the_order_of_actions_does_not_matter(cells_of: CellsOf) -> None:
    rng = np.random.default_rng(5)
    means, sds, order = rng.normal(-2, 3, 5), rng.uniform(4, 8, 5), [3, 0, 4, 1, 2]
    cells = cells_of(COLUMNS[:5], means, sds)
    assert chosen(cells) == chosen(cells.take(np.array(order)))


def test_too_few_effects_are_not_compared(cells_of: CellsOf) -> None:
    found = chosen(cells_of(COLUMNS[:2], np.array([1.0, 2.0]), np.ones(2)))
    assert [(of.units, of.recommended, of.heavy_tails) for of in found.values()] == [
        (0, None, False),
        (2, None, False),
        (0, None, False),
    ]
    assert found["column"].conclusion == (
        "Not compared: the spread of 2 cannot be told, at least 3 are needed."
    )


def test_cells_that_do_not_vary_are_refused(cells_of: CellsOf) -> None:
    cells = cells_of(COLUMNS[:3], np.zeros(3), np.zeros(3))
    with pytest.raises(InputError, match=r"variance of 'correct 주문.열 0' is not assessable"):
        chosen(cells)

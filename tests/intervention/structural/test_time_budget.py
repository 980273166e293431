"""The time of a fit: foreseen from its first nodes, and held."""

from time import monotonic

import pytest

from tasks.errors import RunError
from tasks.intervention.structural.time_budget import START_SECONDS, TimeBudget


def after(seconds: float, nodes: int, limit: float = 1000.0, workers: int = 1) -> TimeBudget:
    return TimeBudget(nodes, limit, workers, _began=monotonic() - seconds)


def test_all_nodes_are_foreseen_to_take_as_long_as_the_first() -> None:
    budget = after(2.0, nodes=10)
    budget.tick()
    assert budget.foreseen == pytest.approx(20, rel=0.01)


def test_processes_share_the_nodes_left_and_take_time_to_start() -> None:
    budget = after(2.0, nodes=11, workers=4)
    budget.tick()
    assert budget.useful_workers == 4
    assert budget.foreseen == pytest.approx(2 + 20 / 4 + START_SECONDS, rel=0.01)


def test_processes_are_not_started_for_little_work() -> None:
    budget = after(1.5, nodes=4, workers=4)
    for _ in range(2):
        budget.tick()
    assert budget.useful_workers == 1
    assert budget.foreseen == pytest.approx(6, rel=0.01)


def test_nothing_is_foreseen_before_a_second_has_passed() -> None:
    budget = after(0.0, nodes=10)
    budget.tick()
    assert budget.foreseen is None


def test_a_fit_that_would_take_too_long_is_refused_at_once() -> None:
    budget = after(2.0, nodes=100, limit=30)
    with pytest.raises(RunError, match=r"of 100 nodes would take about 200 s, .* limit is 30 s"):
        budget.tick()


def test_the_deadline_is_the_limit_after_the_beginning() -> None:
    budget = after(2.0, nodes=3, limit=7)
    assert budget.deadline - monotonic() == pytest.approx(5, abs=0.1)
    assert "time limit of 7 s after 0 of 3 nodes" in str(budget.refuse())

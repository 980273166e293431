"""Shares of two runs held against each other."""

from typing import Any

import pytest
from scipy import stats

from tasks.domain import Node
from tasks.report.across_runs.changed_shares import changed_shares
from tasks.report.across_runs.two_groups import fit_two_groups
from tasks.report.schema import Report, Share
from tests.report.diff_runs import run_record

REPLICATES = 8


def share(name: str, fraction: float, error: float | None = 0.03) -> Share:
    table, column, label = (*name.split("."), "", "")[:3]
    return Share(
        node=Node(table=table, column=column, range=label),
        fraction=fraction,
        monte_carlo_error=0.01,
        standard_error=error,
    )


def changes(report: Report, before: list[Share], after: list[Share]) -> dict[str, Any]:
    settings = {"replicates": REPLICATES}
    runs = [
        run_record(report.model_copy(update={"shares": tuple(of), "settings": settings}))
        for of in (before, after)
    ]
    return {str(of.node): of for of in changed_shares(*runs)}


def z_of(difference: float, error: float) -> float:
    """As far out in a normal law as the t-score is in a Student-t one."""
    t = stats.t(2 * (REPLICATES - 1)).cdf(difference / error)
    return float(stats.norm.ppf(t))


def test_shares_of_a_level_are_held_against_each_other(report: Report) -> None:
    found = changes(
        report,
        [share("a", 0.6, 0.03), share("b", 0.3, 0.03), share("c", 0.1, 0.06)],
        [share("a", 0.5, 0.04), share("b", 0.4, 0.04), share("c", 0.1, 0.08)],
    )
    assert list(found) == ["a", "b", "c"]
    assert (found["a"].before, found["a"].after) == (0.6, 0.5)
    assert found["a"].error == pytest.approx(0.05)
    z = z_of(-0.1, 0.05)
    model = fit_two_groups([z, -z], [0.5, 0.5])  # c did not move; two that sum to 1 move as one
    assert found["a"].probability == pytest.approx(model.probability(z))
    assert found["b"].probability == pytest.approx(model.probability(z))
    assert found["c"].probability == 0


def test_tables_and_columns_are_told_apart(report: Report) -> None:
    quiet = [share("a", 0.5), share("b", 0.5)]
    columns = [share("a.x", 0.5), share("b.y", 0.5)]
    moved = [share("a.x", 0.9), share("b.y", 0.1)]
    found = changes(report, quiet + columns, quiet + moved)
    assert found["a"].probability == 0
    assert found["a.x"].probability > 0.95


def test_only_leading_ranges_are_told_and_are_not_assessable(report: Report) -> None:
    before = [share("a.x.low", 0.4, None), share("a.x.high", 0.3, None), share("a.x.no", 0.1, None)]
    after = [share("a.x.high", 0.5, None), share("a.x.low", 0.2, None), share("a.x.no", 0.1, None)]
    found = changes(report, before, after)
    assert list(found) == ["a.x [high]", "a.x [low]"]
    high = found["a.x [high]"]
    assert (high.before, high.after, high.error, high.probability) == (0.3, 0.5, None, None)


def test_a_node_of_one_run_alone_has_one_side(report: Report) -> None:
    found = changes(report, [share("a", 1.0, 0.0)], [share("a", 0.9), share("b", 0.1)])
    assert (found["b"].before, found["b"].after, found["b"].probability) == (None, 0.1, None)
    assert found["a"].error == 0.03


def test_without_an_error_nothing_is_assessed(report: Report) -> None:
    exact = changes(report, [share("a", 1.0, 0.0)], [share("a", 0.9, 0.0)])
    assert exact["a"].probability is None
    unknown = changes(report, [share("a", 1.0, None)], [share("a", 0.9, None)])
    assert unknown["a"].probability is None


def test_a_huge_difference_stays_finite(report: Report) -> None:
    found = changes(report, [share("a", 1.0, 1e-30)], [share("a", 0.0, 1e-30)])
    assert found["a"].probability == pytest.approx(1)

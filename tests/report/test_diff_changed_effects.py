"""Effects of two runs held against each other."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tasks.bayes.interval import Interval
from tasks.report.across_runs.changed_effects import changed_effects
from tasks.report.across_runs.run_record import RunRecord
from tasks.report.across_runs.two_groups import fit_two_groups
from tasks.report.effect_record import Change, Effect, Ranked, Retrained
from tasks.report.schema import Report
from tests.report.diff_runs import run_record

Ranking = Callable[[list[Effect]], tuple[Ranked, ...]]
RunOf = Callable[..., RunRecord]


@pytest.fixture
def run_of(report: Report, ranking: Ranking) -> RunOf:
    """A run with some effects, whose means have the given standard errors."""

    def make(
        effects: list[Effect],
        errors: Mapping[str, float],
        retrained_errors: Mapping[str, float] | None = None,
    ) -> RunRecord:
        places = [effect for effect in effects if effect.node.level != "range"]
        changed = {"effects": tuple(effects), "ranking": ranking(places) if places else ()}
        return run_record(
            report.model_copy(update=changed),
            errors=errors,
            retrained_errors=retrained_errors or {},
        )

    return make


def retrained(mean: float) -> Retrained:
    change = Change(value=0, error=1)
    return Retrained(
        effect=Interval(mean=mean, low=mean - 1, high=mean + 1),
        raw=mean,
        raw_error=1,
        nll=change,
        crps=change,
        gap_before=0,
        gap_after=0,
    )


def test_means_are_held_against_each_other_with_both_errors(run_of: RunOf, effect_at: Any) -> None:
    names = ("a.x", "a.y", "b")
    errors = {f"impute_missing {name}": error for name, error in zip(names, (3, 1, 1), strict=True)}
    later = {name: 4 * error / 3 for name, error in errors.items()}
    before = run_of([effect_at(name, -10) for name in names], errors)
    after = run_of(
        [effect_at(name, mean) for name, mean in zip(names, (-15, -9, -20), strict=True)], later
    )
    found = {of.name: of for of in changed_effects(before, after)}
    assert list(found) == list(errors)
    first = found["impute_missing a.x"]
    assert (first.before.mean, first.after.mean, first.difference, first.error) == (-10, -15, -5, 5)
    model = fit_two_groups([-1.0, 0.6, -6.0], [1, 1, 1])
    assert [of.probability for of in found.values()] == [
        pytest.approx(model.probability(z)) for z in (-1.0, 0.6, -6.0)
    ]
    last = found["impute_missing b"]
    assert last.probability > 0.95
    assert -10 < last.change.mean < -9
    assert last.change.high < 0
    assert (last.rank_before, last.rank_after) == (3, 1)


def test_what_is_told_the_very_same_has_not_changed(run_of: RunOf, effect_at: Any) -> None:
    errors = {"impute_missing a.x": 0.001, "impute_missing a.y": 1.0}
    before = run_of([effect_at("a.x", -10), effect_at("a.y", -4)], errors)
    same = changed_effects(before, before)
    assert [of.probability for of in same] == [0, 0]
    assert {of.change for of in same} == {Interval(mean=0, low=0, high=0)}
    after = run_of([effect_at("a.x", -10), effect_at("a.y", -24)], errors)
    assert [of.probability > 0.99 for of in changed_effects(before, after)] == [False, True]


def test_what_one_run_alone_simulated_is_left_out(run_of: RunOf, effect_at: Any) -> None:
    errors = {"impute_missing a.x": 1.0, "impute_missing b": 1.0}
    before, after = run_of([effect_at("a.x", -10)], errors), run_of([effect_at("b", -10)], errors)
    assert changed_effects(before, after) == []
    assert changed_effects(run_of([], {}), run_of([], {})) == []


def test_members_fitted_anew_are_held_against_members_fitted_anew(
    run_of: RunOf, effect_at: Any
) -> None:
    errors, anew = {"impute_missing a.x": 1.0}, {"impute_missing a.x": 2.0}
    with_it = effect_at("a.x", -10, retrained=retrained(-30))
    twice = changed_effects(
        run_of([with_it], errors, anew),
        run_of([effect_at("a.x", -10, retrained=retrained(-36))], errors, anew),
    )
    assert (twice[0].reading, twice[0].difference) == ("retrained", -6)
    assert twice[0].error == pytest.approx(8**0.5)
    once = changed_effects(run_of([with_it], errors, anew), run_of([effect_at("a.x", -13)], errors))
    assert (once[0].reading, once[0].difference) == ("re-scored", -3)


def test_value_ranges_of_one_column_count_as_one(run_of: RunOf, effect_at: Any) -> None:
    names = ["a.x", "a.x.low", "a.x.high", "b"]
    effects = [effect_at(name, -10) for name in names]
    errors = {f"impute_missing {effect.node}": 1.0 for effect in effects}
    before = run_of(effects, errors)
    after = run_of([effect_at(name, -14) for name in names], errors)
    z = -4 / 2**0.5
    model = fit_two_groups([z] * 4, [1 / 3, 1 / 3, 1 / 3, 1])
    for found in changed_effects(before, after):
        assert found.probability == pytest.approx(model.probability(z))

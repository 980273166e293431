"""A coverage study is judged rightly where it is known what it should say."""

import numpy as np
import pytest
from scipy.stats import norm

from tasks.calibration.coverage.clustered import Measure
from tasks.calibration.coverage.ranking_summary import summarise_ranking
from tasks.calibration.coverage.records import Studied
from tasks.calibration.coverage.study import Choice, Outcome
from tasks.calibration.coverage.summary import INTERVALS, summarise
from tasks.calibration.coverage.summary_record import LevelSummary, Summary
from tasks.errors import RunError
from tasks.intervention.changes import PLACEBO_ACTIONS

from .conftest import KINDS, TINY, Drawn, record_of

MANY = 500


@pytest.fixture(scope="module")
def calibrated(drawn: Drawn) -> Summary:
    return summarise(record_of(drawn(MANY)))


def level(summary: Summary, reading: str, name: str) -> LevelSummary:
    (found,) = [of for of in summary.levels if (of.reading, of.level) == (reading, name)]
    return found


def within(measure: Measure, expected: float, errors: float = 4) -> bool:
    assert measure.error is not None
    return abs(measure.value - expected) < errors * measure.error


def test_intervals_are_those_of_50_80_and_95_per_cent() -> None:
    assert INTERVALS == ((0.5, 2), (0.8, 1), (0.95, 0))


def test_calibrated_effects_are_found_to_be_so(calibrated: Summary) -> None:
    for of in calibrated.levels:
        for share in of.coverage:
            assert within(share, share.level)
        assert within(of.bias, 0)
        assert of.verdict in ("holds", "open")
    for name in ("column", "range"):
        assert level(calibrated, "rescored", name).verdict == "holds"


def test_counts_are_those_of_the_effects_and_of_the_databases(calibrated: Summary) -> None:
    assert [(of.reading, of.level, of.effects, of.databases) for of in calibrated.levels] == [
        (reading, name, MANY * count, MANY) for reading, name, count in KINDS
    ]


def test_intervals_that_are_too_narrow_do_not_hold(drawn: Drawn) -> None:
    found = summarise(record_of(drawn(200, narrow=0.7)))
    for of in found.levels:
        for share in of.coverage:
            assert within(share, 2 * norm.cdf(0.7 * norm.ppf(0.5 + share.level / 2)) - 1)
        assert of.verdict == "too few"


def test_intervals_that_are_too_wide_do_not_hold_either(drawn: Drawn) -> None:
    found = summarise(record_of(drawn(200, narrow=2)))
    assert {of.verdict for of in found.levels} <= {"too many", "open"}
    assert level(found, "rescored", "column").verdict == "too many"


def test_few_databases_leave_it_open(drawn: Drawn) -> None:
    found = summarise(record_of(drawn(4)))
    assert {of.verdict for of in found.levels} == {"open"}
    assert {of.verdict for of in found.placebo} == {"open"}


def test_the_error_of_true_effects_is_allowed_for(drawn: Drawn) -> None:
    """Where it is not, as by the quantiles that were told, intervals hold too few."""
    outcomes = drawn(MANY)
    blind = tuple(
        of.model_copy(
            update={
                "effects": tuple(e.model_copy(update={"measured": e.quantiles}) for e in of.effects)
            }
        )
        for of in outcomes
    )
    assert level(summarise(record_of(blind)), "rescored", "range").verdict == "too few"


def test_bias_and_size_of_errors_are_found(drawn: Drawn) -> None:
    found = level(summarise(record_of(drawn(MANY, shift=2.0))), "rescored", "column")
    sd = np.random.default_rng(0).uniform(0.5, 3.0, 10**5)
    error = np.random.default_rng(1).uniform(0.1, 1.0, 10**5)
    assert within(found.bias, 2.0)
    assert within(found.rmse, float(np.sqrt(4 + np.mean(sd**2 + error**2))))
    assert found.told_sd == pytest.approx(sd.mean(), rel=0.03)
    assert found.truth_error == pytest.approx(error.mean(), rel=0.03)


def test_a_placebo_is_recommended_where_an_interval_lies_below_0(drawn: Drawn) -> None:
    calibrated = summarise(record_of(drawn(MANY))).placebo
    assert [of.reading for of in calibrated] == ["rescored", "retrained"]
    for of in calibrated:
        assert within(of.runs, 0.025)
        assert of.databases == MANY
        assert of.verdict in ("holds", "open")
    biased = summarise(record_of(drawn(200, shift=-3.0))).placebo
    assert {of.verdict for of in biased} == {"too many"}


def test_noise_that_is_smoothed_is_no_placebo(drawn: Drawn) -> None:
    """However far below 0 its effect may lie."""
    smoothed = str(next(of for of in PLACEBO_ACTIONS if not of.is_drawn))
    outcomes = drawn(60)
    below = tuple(
        of.model_copy(
            update={
                "effects": tuple(
                    e.model_copy(update={"quantiles": (-2.0,) * len(e.quantiles)})
                    if e.action == smoothed
                    else e
                    for e in of.effects
                )
            }
        )
        for of in outcomes
    )
    assert summarise(record_of(below)).placebo == summarise(record_of(outcomes)).placebo


def test_failures_are_counted_with_their_reasons(drawn: Drawn) -> None:
    record = record_of(drawn(3))
    failed = Studied(number=3, failure="The range has too few rows.")
    found = summarise(record.model_copy(update={"databases": (failed, *record.databases)}))
    assert found.databases == 3
    assert [(of.number, of.reason) for of in found.failures] == [(3, "The range has too few rows.")]
    assert found.levels == summarise(record).levels


def test_a_study_whose_databases_all_failed_is_an_error() -> None:
    record = record_of(()).model_copy(
        update={"databases": (Studied(number=0, failure="No rows."),)}
    )
    with pytest.raises(RunError, match=r"All 1 databases failed, the first so: No rows\."):
        summarise(record)


def test_a_summary_is_the_same_after_it_was_written(calibrated: Summary) -> None:
    assert Summary.model_validate_json(calibrated.model_dump_json()) == calibrated


def ranked(*pairs: tuple[float, float]) -> Outcome:
    choices = tuple(
        Choice(action=f"mend {k}", mean=mean, truth=truth, anew=False)
        for k, (mean, truth) in enumerate(pairs)
    )
    return Outcome(effects=(), ranking=choices)


def with_rescored(outcome: Outcome, *means: float, like: Outcome) -> Outcome:
    held = like.effects[0]
    effects = tuple(
        held.model_copy(update={"action": f"mend {k}", "mean": mean})
        for k, mean in enumerate(means)
    )
    return outcome.model_copy(update={"effects": effects})


def test_regret_and_order_of_two_lists_by_hand(drawn: Drawn) -> None:
    (like,) = drawn(1)
    right = with_rescored(ranked((-5, -4), (-3, -6), (1, -2)), -5.0, -8.0, 1.0, like=like)
    idle = with_rescored(ranked((1, -1), (2, 3)), 1.0, 2.0, like=like)
    found = summarise_ranking((right, idle))
    assert found is not None
    assert found.databases == 2
    assert found.correlation is not None
    assert found.correlation.value == pytest.approx((0.5 + 1.0) / 2)
    assert found.first.value == pytest.approx((2 + 1) / 2)
    assert found.rescored_first.value == pytest.approx((0 + 1) / 2)
    assert found.random.value == pytest.approx((2 + 2) / 2)
    assert found.nothing.value == pytest.approx((6 + 1) / 2)


def test_a_list_that_only_harms_gives_regret_to_whoever_acts(drawn: Drawn) -> None:
    (like,) = drawn(1)
    found = summarise_ranking((with_rescored(ranked((-2, 3)), 1.0, like=like),))
    assert found is not None
    assert found.correlation is None
    assert (found.first.value, found.rescored_first.value, found.nothing.value) == (3, 0, 0)


def test_no_list_no_ranking() -> None:
    assert summarise_ranking((ranked(),)) is None


def test_settings_are_no_part_of_the_numbers(drawn: Drawn) -> None:
    record = record_of(drawn(3))
    other = record.model_copy(update={"settings": TINY.model_copy(update={"seed": 9})})
    assert summarise(other) == summarise(record)

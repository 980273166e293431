"""The verdict's words, counts and limits, on simulations that are made up."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.calibration.ecdf_bands import ecdf_statistic, p_value
from tasks.calibration.simulations import LOG_LIKELIHOOD, Simulations, Status
from tasks.calibration.uniformity import holm
from tasks.calibration.verdict import CalibrationVerdict, QuantityVerdict, judge
from tasks.errors import InputError

NAMES = ("mu", "tau", LOG_LIKELIHOOD)
N_RANKS = 50


def simulations(n: int = 400, seed: int = 1) -> Simulations:
    """Uniform ranks, standard normal truths and posteriors of half their width."""
    rng = np.random.default_rng(seed)
    shape = (n, len(NAMES))
    truth = rng.normal(size=shape)
    return Simulations(
        names=NAMES,
        n_ranks=N_RANKS,
        ranks=rng.integers(0, N_RANKS, shape, dtype=np.int32),
        truth=truth,
        mean=truth + 0.5 * rng.normal(size=shape),
        sd=np.full(shape, 0.5),
        iqr=np.full(shape, 0.5 * 1.349),
        status=np.zeros(n, dtype=np.int8),
        ess=np.full(n, 400.0),
        iterations=np.full(n, 1000, dtype=np.int32),
        divergences=np.zeros(n, dtype=np.int32),
        saturated=np.zeros(n, dtype=np.int32),
    )


def with_ranks(sims: Simulations, q: int, exponent: float) -> Simulations:
    """Ranks of one quantity with density u ** (1 / exponent - 1): low above 1, high below."""
    u = np.random.default_rng(2).random(len(sims.status)) ** exponent
    ranks = sims.ranks.copy()
    ranks[:, q] = u * sims.n_ranks
    return replace(sims, ranks=ranks)


def with_failed(sims: Simulations, count: int) -> Simulations:
    """The last fits failed."""
    status, ranks = sims.status.copy(), sims.ranks.copy()
    status[-count:], ranks[-count:] = Status.FAILED, -1
    parts = {name: getattr(sims, name).copy() for name in ("mean", "sd", "iqr")}
    for part in parts.values():
        part[-count:] = np.nan
    return replace(sims, status=status, ranks=ranks, **parts)


def with_short(sims: Simulations, count: int) -> Simulations:
    status = sims.status.copy()
    status[:count] = Status.SHORT
    return replace(sims, status=status)


def quantity(verdict: CalibrationVerdict, name: str) -> QuantityVerdict:
    return next(q for q in verdict.quantities if q.name == name)


def test_uniform_ranks_are_calibrated() -> None:
    verdict = judge(simulations())
    assert verdict.status == "calibrated"
    assert [q.name for q in verdict.quantities] == list(NAMES)
    assert not any(q.is_rejected or q.meaning for q in verdict.quantities)
    (reason,) = verdict.reasons
    least = min(verdict.quantities, key=lambda q: q.adjusted_p_value)
    assert f"{least.adjusted_p_value:.2g}, of {least.name}" in reason
    assert verdict.notes == ()


def test_p_values_are_those_of_the_parts() -> None:
    sims = simulations()
    verdict = judge(sims)
    raw = [p_value(gamma, 400, N_RANKS) for gamma in ecdf_statistic(sims.ranks, N_RANKS).tolist()]
    assert [q.p_value for q in verdict.quantities] == raw
    assert [q.adjusted_p_value for q in verdict.quantities] == holm(np.array(raw)).tolist()
    assert all(0 < q.chi_square_p_value <= 1 for q in verdict.quantities if q.chi_square_p_value)
    assert all(len(q.coverage) == 3 for q in verdict.quantities)


def test_contraction_is_the_part_of_the_variance_removed_and_none_for_the_likelihood() -> None:
    verdict = judge(simulations(20_000))
    assert quantity(verdict, "mu").contraction == pytest.approx(0.75, abs=0.02)
    assert quantity(verdict, LOG_LIKELIHOOD).contraction is None
    assert quantity(verdict, "tau").z_score == pytest.approx(0.6745, abs=0.02)


def test_contraction_exists_under_a_cauchy_prior_and_may_be_far_below_zero() -> None:
    sims = simulations(20_000)
    cauchy = np.random.default_rng(3).standard_cauchy(sims.truth.shape)  # iqr 2
    verdict = judge(replace(sims, truth=cauchy, iqr=np.full(sims.iqr.shape, 1.0)))
    assert quantity(verdict, "mu").contraction == pytest.approx(0.75, abs=0.03)
    wide = judge(replace(sims, iqr=np.full(sims.iqr.shape, 5 * 1.349)))
    assert quantity(wide, "mu").contraction == pytest.approx(-24, abs=1)


def test_a_quantity_without_spread_has_no_contraction() -> None:
    sims = simulations()
    constant = replace(sims, truth=np.ones_like(sims.truth), sd=np.zeros_like(sims.sd))
    assert quantity(judge(constant), "mu").contraction is None


@pytest.mark.parametrize(
    ("name", "exponent", "words"),
    [
        ("mu", 1.5, "biased upwards: true values rank too low"),
        ("mu", 0.7, "biased downwards: true values rank too high"),
        (LOG_LIKELIHOOD, 1.5, "follows the data more closely than it should: it is too narrow"),
        (LOG_LIKELIHOOD, 0.7, "the model ignores (part of) its data"),
    ],
)
def test_only_the_wrong_quantity_is_rejected_and_named(
    name: str, exponent: float, words: str
) -> None:
    verdict = judge(with_ranks(simulations(), NAMES.index(name), exponent))
    assert verdict.status == "not calibrated"
    assert [q.name for q in verdict.quantities if q.is_rejected] == [name]
    (meaning,) = quantity(verdict, name).meaning
    assert words in meaning
    (reason,) = verdict.reasons  # not the whole model: the parameters contract
    assert reason.startswith(f"{name}: {meaning}")


@pytest.mark.parametrize("q", [0, 2])
def test_a_failure_without_a_known_shape_is_of_another_shape(q: int) -> None:
    sims = simulations()
    ranks = sims.ranks.copy()
    ranks[:, q] = np.repeat([0, 21, 28, 49], [66, 134, 134, 66])
    (meaning,) = judge(replace(sims, ranks=ranks)).quantities[q].meaning
    assert meaning == "the ranks deviate in another shape"


@pytest.mark.parametrize(("width", "ignores"), [(1.0, True), (0.5, False), (3.0, False)])
def test_the_model_ignores_its_data_only_if_no_parameter_contracts(
    width: float, ignores: bool
) -> None:
    sims = with_ranks(simulations(), 2, 0.7)
    iqr = sims.iqr.copy()
    iqr[:, 0] = 1.349
    iqr[:, 1] = 1.349 * width
    reasons = judge(replace(sims, iqr=iqr)).reasons
    assert any(r.startswith("The model ignores its data") for r in reasons) == ignores


def test_a_p_value_is_told_to_two_digits_or_as_below_its_rounding() -> None:
    sims = with_ranks(simulations(), 0, 1.25)
    p = judge(sims).quantities[0].adjusted_p_value
    assert judge(sims).reasons[0].endswith(f"(adjusted p-value {p:.2g}).")
    hopeless = with_ranks(simulations(), 0, 9.0)
    assert judge(hopeless).reasons[0].endswith("(adjusted p-value below 1e-10).")


def test_without_a_failed_likelihood_no_contraction_means_nothing() -> None:
    sims = simulations()
    wide = replace(sims, iqr=np.full(sims.iqr.shape, 1.349))
    assert judge(wide).status == "calibrated"
    (reason,) = judge(with_ranks(wide, 0, 1.5)).reasons
    assert reason.startswith("mu: ")


def test_fewer_than_twenty_fits_are_not_assessable() -> None:
    assert judge(simulations(20)).status == "calibrated"
    few = judge(simulations(19))
    assert few.status == "not assessable"
    assert few.reasons == ("Only 19 of 19 simulations were fitted, 20 needed.",)
    assert judge(with_failed(simulations(20), 1)).status == "not assessable"
    assert judge(with_ranks(simulations(19), 0, 5.0)).status == "not assessable"


def test_nothing_is_said_of_quantities_if_every_fit_failed() -> None:
    verdict = judge(with_failed(simulations(30), 30))
    assert verdict.status == "not assessable"
    assert verdict.quantities == ()
    assert verdict.notes == ("30 of 30 fits failed and have no ranks",)


def test_too_many_failed_fits_are_not_assessable_unless_something_is_rejected() -> None:
    sims = simulations(400)
    assert judge(with_failed(sims, 8)).status == "calibrated"  # 2 %
    many = judge(with_failed(sims, 9))
    assert many.status == "not assessable"
    assert many.reasons == (
        "9 of 400 fits failed, more than 2 %: the others are no random choice.",
    )
    rejected = judge(with_failed(with_ranks(sims, 0, 1.5), 9))
    assert rejected.status == "not calibrated"
    assert rejected.notes == ("9 of 400 fits failed and have no ranks",)


def test_failed_fits_take_no_part() -> None:
    sims = simulations(400)
    first = {
        name: getattr(sims, name)[:392]
        for name in vars(sims)
        if isinstance(getattr(sims, name), np.ndarray)
    }
    assert judge(with_failed(sims, 8)).quantities == judge(replace(sims, **first)).quantities


def test_autocorrelated_fits_keep_their_ranks_and_are_blamed_only_where_they_are_many() -> None:
    sims = with_ranks(simulations(400), 0, 1.5)
    alone = judge(sims).quantities
    few, many = judge(with_short(sims, 20)), judge(with_short(sims, 21))
    assert few.quantities == alone
    assert few.notes == ("20 of 400 fits kept autocorrelated draws",)
    assert many.quantities[0].p_value == alone[0].p_value
    assert many.quantities[0].meaning[-1] == (
        "autocorrelated draws alone can do this: those of 21 of 400 fits are"
    )
    assert many.quantities[1].meaning == ()


def test_divergences_and_saturated_trees_are_notes() -> None:
    sims = simulations(100)
    divergences, saturated = sims.divergences.copy(), sims.saturated.copy()
    divergences[:3], saturated[:1] = 7, 2
    verdict = judge(replace(sims, divergences=divergences, saturated=saturated))
    assert verdict.notes == (
        "3 of 100 fits had divergent iterations",
        "1 of 100 fits had iterations that reached the tree depth limit",
    )
    assert verdict.status == "calibrated"


def test_the_level_decides_and_nothing_else_changes() -> None:
    sims = with_ranks(simulations(), 0, 1.13)
    p = judge(sims).quantities[0].adjusted_p_value
    assert 1e-6 < p < 0.5
    loose, strict = judge(sims, alpha=p), judge(sims, alpha=0.99 * p)
    assert (loose.quantities[0].is_rejected, strict.quantities[0].is_rejected) == (True, False)
    assert loose.alpha == p


def test_simulations_are_not_changed() -> None:
    sims, same = with_failed(simulations(), 9), with_failed(simulations(), 9)
    judge(sims)
    for name, value in vars(same).items():
        np.testing.assert_array_equal(getattr(sims, name), value)


def test_what_is_out_of_range_is_refused() -> None:
    for alpha in (0.0, 1.0):
        with pytest.raises(InputError, match="level of a verdict"):
            judge(simulations(), alpha=alpha)
    sims = simulations()
    with pytest.raises(InputError, match=r"0\.\.9"):
        judge(replace(sims, n_ranks=10))

"""The data's side: quadrature against closed forms, draws, files, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.beliefs.belief import Belief, Law
from tasks.beliefs.cumulative import cumulative, quantile, summary
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import DataSide, from_draws, from_log_likelihood, load_side, save_side
from tasks.beliefs.jackknife import replicates
from tasks.errors import InputError

FLAT = Belief.of("uniform", {"low": 0.0, "high": 1.0}, 0, 1)
WIDE = Belief.of("normal", {"mean": 0.0, "sd": 100.0})


def normal_side(estimate: float, se: float, reference: Belief, *covering: Belief) -> DataSide:
    return from_log_likelihood(
        lambda x: -0.5 * ((x - estimate) / se) ** 2, reference, list(covering)
    )


def integral(side: DataSide, belief: Belief) -> float:
    return float(np.exp(side.log_rule + belief.log_density(side.values)).sum())


@pytest.mark.parametrize("se", [0.3, 0.05, 1e-3, 1e-6])
@pytest.mark.parametrize("estimate", [0.25, 0.0, 0.9999])
def test_posterior_of_a_normal_estimate_is_a_cut_normal(estimate: float, se: float) -> None:
    side = normal_side(estimate, se, FLAT)
    law = stats.truncnorm(-estimate / se, (1 - estimate) / se)
    rows = replicates(side, side.log_weights)
    found = summary(side, rows, 0.9, estimate + se / 3)
    assert found.mean.value == pytest.approx(estimate + se * law.mean(), abs=1e-8 * se)
    if se > 1e-5:  # the moments of SciPy's cut normal lose their digits there
        assert found.sd.value == pytest.approx(se * law.std(), rel=1e-7)
    np.testing.assert_allclose(
        [found.low, found.high], estimate + se * law.ppf([0.05, 0.95]), atol=1e-6 * se
    )
    assert found.above
    assert found.above.value == pytest.approx(law.sf(1 / 3), abs=1e-8)
    z = law.ppf(np.linspace(0.001, 0.999, 99))
    np.testing.assert_allclose(cumulative(side, rows)(estimate + se * z)[0], law.cdf(z), atol=1e-6)


@pytest.mark.filterwarnings("ignore:Error in function boost")  # far quantiles of a beta law
@pytest.mark.parametrize(
    "belief",
    [
        Belief.of("normal", {"mean": 0.5, "sd": 0.001}, 0, 1),
        Belief.of("normal", {"mean": 0.05, "sd": 0.1}, 0, 1),
        Belief.of("beta", {"alpha": 0.5, "beta": 3.0}, 0, 1),
        Belief.of("student_t", {"df": 1.0, "location": 0.9, "scale": 1e-4}, 0, 1),
        Belief.of("uniform", {"low": 0.2, "high": 0.2001}, 0, 1),
    ],
    ids=str,
)
@pytest.mark.parametrize("se", [0.05, 1e-4])
def test_nodes_resolve_a_covered_belief_however_narrow(belief: Belief, se: float) -> None:
    side = normal_side(0.25, se, FLAT, belief)
    assert integral(side, belief) == pytest.approx(1, abs=1e-8)
    assert np.exp(side.log_weights).sum() == pytest.approx(1, abs=1e-12)
    assert (np.diff(side.values) > 0).all()


def test_a_belief_that_was_not_covered_is_missed() -> None:
    narrow = Belief.of("normal", {"mean": 0.7123, "sd": 1e-5}, 0, 1)
    assert integral(normal_side(0.25, 0.05, FLAT), narrow) != pytest.approx(1, abs=1e-3)


def test_two_narrow_peaks_far_apart_are_both_climbed() -> None:
    def log_likelihood(x: Floats) -> Floats:
        peaks = [-0.5 * ((x - at) / 1e-4) ** 2 for at in (0.1234, 0.8765)]
        return np.logaddexp(*peaks)

    side = from_log_likelihood(log_likelihood, FLAT, [])
    weights = np.exp(side.log_weights)
    assert weights @ side.values == pytest.approx((0.1234 + 0.8765) / 2, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 400), st.integers(0, 400))
def test_posterior_of_a_share_is_a_beta_law(true: int, false: int) -> None:
    side = from_log_likelihood(lambda p: true * np.log(p) + false * np.log1p(-p), FLAT, [FLAT])
    law = stats.beta(true + 1, false + 1)
    found = summary(side, replicates(side, side.log_weights), 0.95)
    assert (found.mean.value, found.sd.value) == pytest.approx((law.mean(), law.std()), rel=1e-9)
    assert quantile(side, side.log_weights, 0.3) == pytest.approx(law.ppf(0.3), abs=1e-8)


def test_log_likelihood_of_millions_of_rows_keeps_its_posterior() -> None:
    true, false = 3e6, 7e6
    side = from_log_likelihood(lambda p: true * np.log(p) + false * np.log1p(-p), FLAT, [FLAT])
    found = summary(side, replicates(side, side.log_weights), 0.95)
    law = stats.beta(true + 1, false + 1)
    assert (found.mean.value, found.sd.value) == pytest.approx((law.mean(), law.std()), rel=1e-6)


def test_likelihood_is_relative_to_the_evidence() -> None:
    side = normal_side(1.0, 0.5, Belief.of("normal", {"mean": 0.0, "sd": 2.0}))
    evidence = stats.norm.pdf(1.0, 0.0, np.hypot(2.0, 0.5))
    expected = stats.norm.logpdf(side.values, 1.0, 0.5) - np.log(evidence)
    np.testing.assert_allclose(side.log_likelihood, expected, rtol=1e-9, atol=1e-9)


def test_a_likelihood_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InputError, match="must be finite"):
        from_log_likelihood(lambda x: np.where(x > 0.5, -np.inf, 0.0), FLAT, [])


def test_sides_survive_a_file(tmp_path: Path) -> None:
    mixture = Belief(
        laws=(
            Law(family="normal", parameters={"mean": 0.1, "sd": 0.2}, weight=0.25),
            Law(family="beta", parameters={"alpha": 2, "beta": 3}, weight=0.75),
        ),
        low=0.0,
        high=1.0,
    )
    draws = np.random.default_rng(1).uniform(size=(2, 60))
    for place, side in enumerate((normal_side(0.3, 0.1, mixture), from_draws(draws, -draws, FLAT))):
        path = tmp_path / f"{place}.npz"
        save_side(path, side)
        again = load_side(path)
        assert (again.reference, again.is_quadrature) == (side.reference, side.is_quadrature)
        for name in ("values", "log_weights", "log_likelihood", "chain", "log_rule"):
            np.testing.assert_array_equal(getattr(again, name), getattr(side, name))


def test_a_file_with_an_object_inside_is_not_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", values=np.array([object()]))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load_side(tmp_path / "bad.npz")


def test_draws_are_taken_chain_by_chain() -> None:
    draws = np.arange(200.0).reshape(4, 50)
    kept = draws.copy()
    side = from_draws(draws, -draws, Belief.of("uniform", {"low": -1.0, "high": 201.0}))
    assert side.chain.tolist() == sorted(side.chain.tolist())
    assert side.values[side.chain == 2].tolist() == draws[2].tolist()
    assert np.exp(side.log_weights).sum() == pytest.approx(1)
    np.testing.assert_array_equal(draws, kept)


@pytest.mark.parametrize(
    ("draws", "log_likelihood", "what"),
    [
        (np.full((4, 50), 0.5), np.zeros((4, 50)), "all draws equal 0.5"),
        (np.linspace(0, 1, 200), np.zeros(200), "same shape"),
        (np.linspace(0, 1, 200).reshape(4, 50), np.zeros((4, 49)), "same shape"),
        (np.linspace(0, 1, 40).reshape(4, 10), np.zeros((4, 10)), "at least 100 draws"),
        (np.linspace(0, 2, 200).reshape(4, 50), np.zeros((4, 50)), "leave the support"),
        (np.linspace(0, 1, 200).reshape(4, 50), np.full((4, 50), np.nan), "must be finite"),
    ],
)
def test_draws_that_say_nothing_are_refused(
    draws: Floats, log_likelihood: Floats, what: str
) -> None:
    with pytest.raises(InputError, match=what):
        from_draws(draws, log_likelihood, FLAT)


def test_distribution_function_of_draws_is_a_step_function() -> None:
    draws = np.tile([0.1, 0.2, 0.3, 0.4], (4, 25))
    side = from_draws(draws, draws, FLAT)
    below = cumulative(side, side.log_weights[None])(np.array([0.05, 0.1, 0.15, 0.3999, 0.4, 0.9]))
    np.testing.assert_allclose(below[0], [0, 0.25, 0.25, 0.75, 1, 1], atol=1e-12)
    assert quantile(side, side.log_weights, 0.5) == pytest.approx(0.25, abs=0.05)

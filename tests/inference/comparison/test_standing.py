"""Stage 3: differences of log predictive density, Pareto k, and weights."""

import numpy as np
import pytest
from scipy import stats

from tasks.inference.comparison.findings import at_most
from tasks.inference.comparison.judging import Judged
from tasks.inference.comparison.predictive import leave_one_out
from tasks.inference.comparison.record import ModelName
from tasks.inference.comparison.settings import ComparisonSettings
from tasks.inference.comparison.standing import standings

from .conftest import Floats, made_draws

Y = np.array([0.5, -1.0, 2.0, 0.0, -0.5])
SETTINGS = ComparisonSettings()


def judged(name: ModelName, centre: float, spread: float = 0.01, *, fails: bool = False) -> Judged:
    """A model that predicts every unit as N(centre, 1)."""
    mu = stats.norm(centre, spread).ppf((np.arange(1000) + 0.5) / 1000)
    mu = np.random.default_rng(1).permutation(mu).reshape(2, 500)
    location: Floats = np.repeat(mu[..., None], Y.size, axis=-1)
    draws = made_draws(location, mu=mu, tau=np.zeros(mu.shape), location=location)
    finding = at_most("outliers", 2, 1.0, 0.0 if fails else 2.0, "")
    left_out = leave_one_out(draws, Y, np.ones(Y.size))
    return Judged(name, draws, {}, None, None, left_out, (finding,))


def log_density(centre: float) -> Floats:
    return np.asarray(stats.norm.logpdf(Y, centre, 1))


def test_a_model_is_behind_by_the_sum_over_the_units() -> None:
    found = standings(
        [judged("hierarchical_noncentered", 0.2), judged("hierarchical_skeptical", 1.2)], SETTINGS
    )
    best, other = found["hierarchical_noncentered"], found["hierarchical_skeptical"]
    gaps = log_density(0.2) - log_density(1.2)
    assert (best.difference, best.difference_se) == (0, 0)
    assert other.difference == pytest.approx(gaps.sum(), abs=0.01)
    assert other.difference_se == pytest.approx(np.sqrt(5) * gaps.std(ddof=1), abs=0.01)
    assert best.weight + other.weight == pytest.approx(1)
    assert best.weight > 0.9
    assert (best.finding.check, best.finding.stage) == ("elpd", 3)


@pytest.mark.parametrize(("limit", "status"), [(2.4, "fail"), (2.6, "pass")])
def test_a_model_too_far_behind_fails(limit: float, status: str) -> None:
    """Centres 0.2, the mean, and 1.2: 5 / 2 between them."""
    models = [judged("hierarchical_noncentered", 0.2), judged("hierarchical_skeptical", 1.2)]
    found = standings(models, ComparisonSettings(most_elpd_behind=limit))
    assert found["hierarchical_skeptical"].finding.status == status
    assert found["hierarchical_skeptical"].finding.value == pytest.approx(2.5, abs=0.01)
    assert found["hierarchical_noncentered"].finding.status == "pass"


def test_models_that_are_falsified_are_no_standard() -> None:
    models = [
        judged("hierarchical_noncentered", 0.2, fails=True),
        judged("hierarchical_skeptical", 1.2),
    ]
    found = standings(models, SETTINGS)
    assert found["hierarchical_skeptical"].difference == 0
    ahead = found["hierarchical_noncentered"]
    assert ahead.difference == pytest.approx(-2.5, abs=0.01)
    assert "2.5 ± " in ahead.finding.sentence
    assert "ahead of" in ahead.finding.sentence


def test_the_best_of_all_is_the_standard_where_all_are_falsified() -> None:
    models = [
        judged("hierarchical_noncentered", 0.2, fails=True),
        judged("hierarchical_skeptical", 1.2, fails=True),
    ]
    found = standings(models, SETTINGS)
    assert found["hierarchical_noncentered"].difference == 0
    assert found["hierarchical_skeptical"].difference > 2


def test_a_large_pareto_k_makes_the_difference_not_assessable() -> None:
    unsure = judged("hierarchical_skeptical", 0.0, spread=6.0)
    assert unsure.left_out.pareto_k.max() > 0.7
    models = [judged("hierarchical_noncentered", 0.2), unsure]
    found = standings(models, SETTINGS)
    assert found["hierarchical_skeptical"].finding.status == "not assessable"
    assert found["hierarchical_noncentered"].finding.status == "pass"
    tolerant = standings(models, ComparisonSettings(most_pareto_k=99))
    assert tolerant["hierarchical_skeptical"].finding.status != "not assessable"


def test_a_large_pareto_k_of_the_best_makes_all_differences_not_assessable() -> None:
    models = [
        judged("hierarchical_noncentered", 0.2, fails=True),
        judged("hierarchical_skeptical", 0.0, spread=6.0),
    ]
    found = standings(models, SETTINGS)
    assert {of.finding.status for of in found.values()} == {"not assessable"}

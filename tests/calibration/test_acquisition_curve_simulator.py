"""Prior and cells of the generator of learning curves."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from tasks.calibration.simulators.acquisition_curve import AcquisitionCurve
from tasks.calibration.simulators.lkj import covariance, lkj_correlations

Floats = npt.NDArray[np.float64]

LEAST_P = 1e-3
MOST_STANDARD_ERRORS = 4.5
DRAWS = 4000


def follows(values: Floats, law: Any) -> bool:
    return bool(stats.kstest(values, law.cdf).pvalue > LEAST_P)


@pytest.fixture(scope="module")
def prior() -> dict[str, Floats]:
    model, rng = AcquisitionCurve(), np.random.default_rng(1)
    drawn = [model.draw_parameters(rng) for _ in range(DRAWS)]
    return {name: np.array([one[name] for one in drawn]) for name in drawn[0]}


def test_every_parameter_has_its_prior(prior: dict[str, Floats]) -> None:
    assert follows(prior["phi"], stats.truncnorm(-np.inf, 1.4, loc=0.3, scale=0.5))
    assert follows(np.log(prior["lambda"] / 400), stats.norm(-0.5, 1.75))
    inside = (prior["lambda"] > 400 / 51) & (prior["lambda"] < 400 * 19)
    assert inside.mean() == pytest.approx(0.95, abs=0.02)
    assert follows(prior["deviation"], stats.norm())
    assert follows(prior["sigma_s"], stats.halfnorm(scale=25))
    for part in "are":
        for f in range(3):
            assert follows(prior[f"sigma_{part}"][:, f], stats.halfnorm(scale=25))
            law = stats.beta(2.5, 2.5, loc=-1, scale=2)  # of each correlation of three by LKJ(2)
            assert follows(prior[f"corr_{part}"][:, f], law)


def test_correlations_have_the_joint_law_of_their_determinant() -> None:
    """Of LKJ(eta) of three the determinant is a product of independent beta laws."""
    rng = np.random.default_rng(2)
    below = np.array([lkj_correlations(3, 2.0, rng) for _ in range(DRAWS)])
    found = np.linalg.det(covariance(np.ones((DRAWS, 3)), below))
    partial = (2 * rng.beta(b, b, DRAWS) - 1 for b in (2.5, 2.5, 2.0))
    expected = math.prod(1 - one**2 for one in partial)
    assert stats.ks_2samp(found, expected).pvalue > LEAST_P
    assert (found > 0).all()


def cells_given(seed: int, **changes: float | list[float]) -> Floats:
    """Many cells of one truth, shape (2000, F, J, V)."""
    model, rng = AcquisitionCurve(), np.random.default_rng(seed)
    truth = {"phi": 0.4, "lambda": 120.0, "sigma_s": 0.0}
    for part in "are":
        truth |= {f"sigma_{part}": [1e-9] * 3, f"corr_{part}": [0.0] * 3}  # type: ignore[dict-item]
    given = {name: np.asarray(value) for name, value in (truth | changes).items()}
    return np.array([model.draw_cells(given, rng) for _ in range(2000)])


def test_cells_lie_on_the_curve() -> None:
    found = cells_given(3)
    for f, n in enumerate((50, 100, 200)):
        np.testing.assert_allclose(found[:, f], 40 * (400 - n) / (n + 120), atol=1e-6)


def test_which_rows_are_kept_is_a_brownian_motion_that_the_sub_ensembles_of_an_order_share() -> (
    None
):
    found = cells_given(4, sigma_s=3.0)
    first = found[:, :, 0, 0]
    assert found[:, :, 1, 5] == pytest.approx(first, abs=1e-6)  # of the same order
    other = found[:, :, 2, 0]
    time = np.array([7.0, 3.0, 1.0])
    expected = 9 * np.minimum.outer(time, time)
    error = np.sqrt((expected**2 + np.outer(9 * time, 9 * time)) / 2000)
    assert (np.abs(np.cov(first.T) - expected) < MOST_STANDARD_ERRORS * error).all()
    cross = stats.zscore(first).T @ stats.zscore(other) / 2000
    assert np.abs(cross).max() < MOST_STANDARD_ERRORS / math.sqrt(2000)


@pytest.mark.parametrize(("part", "same", "apart"), [("a", (0, 5), (5, 0)), ("r", (5, 0), (0, 5))])
def test_sub_ensembles_and_row_blocks_share_what_is_theirs(
    part: str, same: tuple[int, int], apart: tuple[int, int]
) -> None:
    sd = [3.0, 2.0, 1.0]
    changes: dict[str, float | list[float]] = {
        f"sigma_{part}": sd,
        f"corr_{part}": [0.5, 0.0, 0.0],
    }
    found = cells_given(5, **changes)
    first = found[:, :, 0, 0]
    assert np.abs(found[:, :, same[0], same[1]] - first).max() < 1e-6
    assert np.corrcoef(found[:, 0, apart[0], apart[1]], first[:, 0])[0, 1] == pytest.approx(
        0, abs=MOST_STANDARD_ERRORS / math.sqrt(2000)
    )
    np.testing.assert_allclose(first.std(axis=0), sd, rtol=0.08)
    assert np.corrcoef(first[:, 0], first[:, 1])[0, 1] == pytest.approx(0.5, abs=0.08)


def test_the_rest_is_each_cells_own() -> None:
    found = cells_given(6, sigma_e=[3.0, 2.0, 1.0], corr_e=[0.5, 0.0, 0.0]).reshape(2000, 3, -1)
    of_fit = stats.zscore(found[:, 0])
    off_diagonal = (of_fit.T @ of_fit / 2000)[~np.eye(64, dtype=bool)]
    assert np.abs(off_diagonal).max() < 5 / math.sqrt(2000)
    assert np.corrcoef(found[:, 0].ravel(), found[:, 1].ravel())[0, 1] == pytest.approx(
        0.5, abs=0.02
    )

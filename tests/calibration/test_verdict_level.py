"""The verdict on posteriors that are known exactly: its level, and wrong posteriors caught."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from tasks.calibration.ranks import rank_of
from tasks.calibration.sequential import plan
from tasks.calibration.simulations import LOG_LIKELIHOOD, Simulations, Status
from tasks.calibration.verdict import CalibrationVerdict, judge

NAMES = ("theta[1]", "theta[2]", "theta[3]", LOG_LIKELIHOOD)
NOISE_SD = 0.7
IQR_OF_NORMAL = 1.3489795
AUTOCORRELATION = 0.95

Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Posterior:
    """How the draws' law differs from the exact one, which is N(mean, sd)."""

    shift: float = 0.0  # in posterior sds
    scale: float = 1.0
    is_prior: bool = False
    is_autocorrelated: bool = False

    def law(self, y: Doubles) -> tuple[Doubles, Doubles]:
        """Mean and sd of theta given y, for theta ~ N(0, 1) and y ~ N(theta, NOISE_SD)."""
        if self.is_prior:
            return np.zeros_like(y), np.ones_like(y)
        variance = NOISE_SD**2 / (1 + NOISE_SD**2)
        sd = np.full_like(y, np.sqrt(variance))
        return y / (1 + NOISE_SD**2) + self.shift * sd, self.scale * sd

    def normals(self, shape: tuple[int, ...], rng: np.random.Generator) -> Singles:
        """Standard normal numbers, along the first axis independent or AR(1)."""
        z = rng.standard_normal(shape, dtype=np.float32)
        if not self.is_autocorrelated:
            return z
        z[1:] *= np.sqrt(1 - AUTOCORRELATION**2)
        chain: Singles = lfilter([1.0], [1.0, -AUTOCORRELATION], z, axis=0).astype(np.float32)
        return chain


def simulate(rng: np.random.Generator, n: int, n_draws: int, posterior: Posterior) -> Simulations:
    """Truths from the prior, data from them, and draws from the given law."""
    theta = rng.normal(size=(n, 3))
    y = theta + NOISE_SD * rng.normal(size=(n, 3))
    mean, sd = posterior.law(y)
    draws = mean + sd * posterior.normals((n_draws, n, 3), rng)

    def append_log_likelihood(values: Doubles) -> Doubles:
        residual = (y - values) / NOISE_SD
        log_likelihood = -0.5 * np.square(residual).sum(axis=-1, keepdims=True)
        return np.concatenate([values, log_likelihood], axis=-1)

    truth, all_draws = append_log_likelihood(theta), append_log_likelihood(draws)
    ranks = rank_of(truth.ravel(), all_draws.reshape(n_draws, -1), rng).reshape(truth.shape)
    last = all_draws[..., -1:]
    full_sd = np.concatenate([sd, last.std(axis=0)], axis=-1)
    status = Status.SHORT if posterior.is_autocorrelated else Status.OK
    nothing = np.zeros(n, dtype=np.int32)
    return Simulations(
        names=NAMES,
        n_ranks=n_draws + 1,
        ranks=ranks,
        truth=truth,
        mean=np.concatenate([mean, last.mean(axis=0)], axis=-1),
        sd=full_sd,
        iqr=IQR_OF_NORMAL * full_sd,
        status=np.full(n, status, dtype=np.int8),
        ess=np.full(n, float(n_draws)),
        iterations=nothing + n_draws,
        divergences=nothing,
        saturated=nothing,
    )


def first(sims: Simulations, n: int) -> Simulations:
    arrays: dict[str, Any] = {
        name: value[:n] for name, value in vars(sims).items() if isinstance(value, np.ndarray)
    }
    return replace(sims, **arrays)


def repetitions(count: int, seed: int) -> Iterator[Simulations]:
    """Of the exact posterior: N = 200 simulations of L = 39 draws."""
    for stream in np.random.default_rng(seed).spawn(count):
        yield simulate(stream, 200, 39, Posterior())


def is_not_calibrated(sims: Simulations, alpha: float = 0.05) -> bool:
    return judge(sims, alpha=alpha).status == "not calibrated"


def stops_at(sims: Simulations, chunk: int, alpha: float) -> int | None:
    """Number of simulations at the first look that rejects."""
    looks = plan(len(sims.status), chunk, alpha)
    return next(
        (k.simulations for k in looks if is_not_calibrated(first(sims, k.simulations), k.alpha)),
        None,
    )


def meanings(verdict: CalibrationVerdict) -> list[str]:
    """Of the three parameters, each in one line."""
    return ["; ".join(quantity.meaning) for quantity in verdict.quantities[:3]]


def test_the_verdict_rejects_an_exact_posterior_in_one_of_twenty_repetitions() -> None:
    assert 0.04 < np.mean([is_not_calibrated(sims) for sims in repetitions(10_000, 1)]) < 0.06


def test_the_group_sequential_rule_keeps_its_level_and_looks_at_the_full_level_do_not() -> None:
    count, sizes = 1000, [look.simulations for look in plan(200, 25, 0.05)]
    most = 0.05 + 3 * np.sqrt(0.05 * 0.95 / count)
    stopped, stopped_naively = [], []
    for sims in repetitions(count, 2):
        stopped.append(stops_at(sims, 25, 0.05) is not None)
        stopped_naively.append(any(is_not_calibrated(first(sims, size)) for size in sizes))
    assert 0.02 < np.mean(stopped) <= most
    assert np.mean(stopped_naively) > most


def judged(posterior: Posterior) -> CalibrationVerdict:
    return judge(simulate(np.random.default_rng(3), 1000, 99, posterior))


def test_an_exact_posterior_passes() -> None:
    verdict = judged(Posterior())
    assert verdict.status == "calibrated"
    for quantity in verdict.quantities[:3]:
        assert quantity.contraction == pytest.approx(1 / (1 + NOISE_SD**2), abs=0.06)
        assert quantity.z_score == pytest.approx(0.6745, abs=0.08)


@pytest.mark.parametrize(
    ("posterior", "words", "likelihood"),
    [
        (Posterior(scale=0.5), "too narrow", "more closely than it should"),
        (Posterior(scale=2.0), "too wide", "does not use the data fully"),
        (Posterior(shift=0.5), "biased upwards", ""),
        (Posterior(shift=-0.5), "biased downwards", ""),
    ],
)
def test_a_wrong_posterior_is_caught_and_named(
    posterior: Posterior, words: str, likelihood: str
) -> None:
    verdict = judged(posterior)
    assert verdict.status == "not calibrated"
    for meaning in meanings(verdict):
        assert words in meaning
        assert ";" not in meaning
    assert likelihood in " ".join(verdict.quantities[3].meaning)
    assert not any("ignores its data" in reason for reason in verdict.reasons)


def test_draws_from_the_prior_pass_on_the_parameters_but_ignore_the_data() -> None:
    verdict = judged(Posterior(is_prior=True))
    assert [q.is_rejected for q in verdict.quantities] == [False, False, False, True]
    assert verdict.status == "not calibrated"
    assert verdict.reasons[0].startswith("The model ignores its data")
    assert "the model ignores (part of) its data" in verdict.quantities[3].meaning[0]


def test_autocorrelated_draws_are_caught_and_blamed() -> None:
    verdict = judged(Posterior(is_autocorrelated=True))
    assert verdict.status == "not calibrated"
    for meaning in meanings(verdict):
        assert "too narrow" in meaning
        assert "autocorrelated draws alone can do this: those of 1000 of 1000 fits" in meaning
    assert verdict.notes == ("1000 of 1000 fits kept autocorrelated draws",)


@pytest.mark.parametrize("posterior", [Posterior(scale=0.5), Posterior(is_prior=True)])
def test_a_strong_failure_stops_at_the_first_look(posterior: Posterior) -> None:
    for stream in np.random.default_rng(4).spawn(10):
        assert stops_at(simulate(stream, 1000, 99, posterior), 25, 0.05) == 125

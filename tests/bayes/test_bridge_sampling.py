"""Bridge sampling: known integrals, honest errors, and marginal likelihoods by Stan."""

from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from scipy.signal import lfilter
from scipy.special import gammaln

from tasks.bayes.bridge_sampling import LogEvidence, Method, bridge_sampling
from tasks.bayes.evidence import log_evidence, refuse_dropped_constants
from tasks.bayes.stan_model import sample
from tasks.bayes.stan_program import StanProgram
from tasks.errors import InputError, RunError
from tasks.locations import resource

Floats = npt.NDArray[np.float64]

METHODS: tuple[Method, ...] = ("normal", "warp3")
PROGRAMS = Path(__file__).parent / "programs"
SCHOOLS = resource("stan", "hierarchical_noncentered.stan")
EIGHT = {
    **{"J": 8, "y": [28, 8, -3, 7, -1, 1, 18, 12], "sigma": [15, 10, 16, 11, 9, 11, 10, 18]},
    **{"mu_mean": 0, "mu_sd": 5, "tau_family": 1, "tau_scale": 5, "likelihood": 1, "integrated": 0},
}
TRIO = {"N": 3, "y": [0.4, 1.9, 1.1], "t": [0.2, 0.9, 0.4], "counts": [4, 2, 5]}
MOST_STANDARD_ERRORS = 3


def standard_normal(x: Floats) -> Floats:
    return np.asarray(-0.5 * (x**2).sum(axis=1))


def log_exponential(x: Floats) -> Floats:
    """Of logarithms of exponential variates: skewed to the left, with the integral 1."""
    return np.asarray((x - np.exp(x)).sum(axis=1))


def autoregressive(
    rng: np.random.Generator, shape: tuple[int, int, int], correlation: float
) -> Floats:
    """Exact draws of a standard normal law, each correlated with the one before it."""
    steps = rng.standard_normal(shape) * np.sqrt(1 - correlation**2)
    steps[:, 0] = rng.standard_normal((shape[0], shape[2]))
    return np.asarray(lfilter([1], [1, -correlation], steps, axis=1))


def standard_errors(estimate: LogEvidence, exact: float) -> float:
    return abs(estimate.value - exact) / estimate.mcse


@pytest.mark.parametrize("method", METHODS)
def test_a_normal_density_integrates_to_its_constant(method: Method) -> None:
    rng = np.random.default_rng(1)
    draws = rng.standard_normal((4, 2000, 2))
    got = bridge_sampling(standard_normal, draws, method=method, rng=rng)
    assert standard_errors(got, np.log(2 * np.pi)) < MOST_STANDARD_ERRORS
    assert got.mcse < 0.001
    assert got.ess == pytest.approx(4000, rel=0.1)
    assert got.relative_error == pytest.approx(got.mcse, rel=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_scales_that_differ_and_correlations_are_taken_in(method: Method) -> None:
    rng = np.random.default_rng(2)
    factor = np.array([[1e-3, 0, 0], [5.0, 2.0, 0], [-300.0, 100.0, 40.0]])
    location = np.array([1e4, 0, -2])

    def density(x: Floats) -> Floats:
        return standard_normal(np.linalg.solve(factor, (x - location).T).T) + 700

    draws = location + rng.standard_normal((4, 2000, 3)) @ factor.T
    got = bridge_sampling(density, draws, method=method, rng=rng)
    exact = 700 + 1.5 * np.log(2 * np.pi) + np.log(1e-3 * 2 * 40)
    assert standard_errors(got, exact) < MOST_STANDARD_ERRORS
    assert got.mcse < 0.002


@pytest.mark.parametrize("method", METHODS)
def test_a_change_of_scale_changes_the_integral_by_its_volume(method: Method) -> None:
    draws = np.random.default_rng(3).standard_normal((2, 200, 2))
    factor, shift = np.array([[3.0, 0], [-1.0, 0.5]]), np.array([7.0, -2.0])
    plain, moved = (
        bridge_sampling(density, of, method=method, rng=np.random.default_rng(4))
        for density, of in (
            (standard_normal, draws),
            (
                lambda x: standard_normal(np.linalg.solve(factor, (x - shift).T).T),
                draws @ factor.T + shift,
            ),
        )
    )
    assert moved.value - plain.value == pytest.approx(np.log(1.5), abs=1e-9)
    assert moved.mcse == pytest.approx(plain.mcse, rel=1e-6)


def test_warping_a_skewed_law_makes_the_error_smaller() -> None:
    rng = np.random.default_rng(5)
    errors: dict[Method, list[float]] = {method: [] for method in METHODS}
    claimed: dict[Method, list[float]] = {method: [] for method in METHODS}
    for _ in range(60):
        draws = np.log(rng.exponential(size=(4, 500, 3)))
        for method in METHODS:
            got = bridge_sampling(log_exponential, draws, method=method, rng=rng)
            errors[method].append(got.value)
            claimed[method].append(got.mcse)
    actual = {method: np.sqrt(np.mean(np.square(of))) for method, of in errors.items()}
    assert actual["warp3"] < 0.8 * actual["normal"]
    assert np.mean(claimed["warp3"]) < 0.8 * np.mean(claimed["normal"])


@pytest.mark.parametrize("method", METHODS)
def test_a_law_with_a_bound_is_integrated(method: Method) -> None:
    rng = np.random.default_rng(6)

    def exponential(x: Floats) -> Floats:
        return np.where(x[:, 0] > 0, -x[:, 0], -np.inf)

    draws = rng.exponential(size=(4, 2000, 1))
    got = bridge_sampling(exponential, draws, method=method, rng=rng)
    assert standard_errors(got, 0) < MOST_STANDARD_ERRORS
    assert got.mcse < 0.03


def covered(
    method: Method, law: str, correlation: float, runs: int, shuffled: bool = False
) -> float:
    """Part of repeated runs in which the interval of 1.96 standard errors holds the truth."""
    rng = np.random.default_rng(7)
    hits = []
    for _ in range(runs):
        draws = autoregressive(rng, (4, 500, 2), correlation)
        if shuffled:
            draws[:, 250:] = rng.permutation(draws[:, 250:], axis=1)
        if law == "normal":
            got = bridge_sampling(standard_normal, draws, method=method, rng=rng)
            hits.append(standard_errors(got, np.log(2 * np.pi)) < 1.96)
        else:
            skewed = np.log(-stats.norm.logsf(draws))
            got = bridge_sampling(log_exponential, skewed, method=method, rng=rng)
            hits.append(standard_errors(got, 0) < 1.96)
    return float(np.mean(hits))


def most_by_chance(runs: int) -> float:
    """Three standard errors of a coverage of 95 % in so many runs."""
    return float(3 * np.sqrt(0.95 * 0.05 / runs))


@pytest.mark.parametrize(
    ("method", "law", "correlation"),
    [
        ("normal", "normal", 0.8),
        ("normal", "skewed", 0.0),
        ("warp3", "normal", 0.0),
        ("warp3", "skewed", 0.8),
    ],
)
def test_intervals_cover_the_truth_as_often_as_they_say(
    method: Method, law: str, correlation: float
) -> None:
    assert abs(covered(method, law, correlation, runs=200) - 0.95) < most_by_chance(200)


def test_without_regard_to_autocorrelation_they_would_not() -> None:
    coverage = covered("normal", "normal", 0.9, runs=100, shuffled=True)
    assert coverage < 0.95 - most_by_chance(100)


def test_the_standard_error_is_that_of_the_bridge_s_weights() -> None:
    """Computed anew from the densities that were asked for, autocorrelation by batch means."""
    rng = np.random.default_rng(12)
    draws = np.log(-stats.norm.logsf(autoregressive(rng, (4, 20_000, 1), 0.95)))
    asked = {}

    def density(x: Floats) -> Floats:
        asked["points"] = x[:, 0]
        return log_exponential(x)

    got = bridge_sampling(density, draws, method="normal", rng=rng)
    first = draws[:, :10_000]
    x = asked["points"]
    proposal = stats.norm.pdf(x, first.mean(), first.std(ddof=1))
    posterior = np.exp(log_exponential(x[:, None]) - got.value)
    share = got.ess / (got.ess + 40_000)
    mixture = share * posterior + (1 - share) * proposal
    at_draws, at_proposals = (proposal / mixture)[:40_000], (posterior / mixture)[40_000:]
    assert at_draws.mean() == pytest.approx(at_proposals.mean(), rel=1e-9)
    batches = at_draws.reshape(-1, 500).mean(axis=1)
    of_draws = batches.std(ddof=1) / np.sqrt(len(batches)) / at_draws.mean()
    of_proposals = at_proposals.std(ddof=1) / 200 / at_proposals.mean()
    assert np.sqrt(got.mcse**2 - of_proposals**2) == pytest.approx(of_draws, rel=0.25)


def test_the_same_seed_gives_the_same_number_and_draws_are_not_mutated() -> None:
    draws = np.random.default_rng(8).standard_normal((2, 100, 2))
    before = draws.copy()
    one, two, other = (
        bridge_sampling(standard_normal, draws, rng=np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert one == two
    assert one != other
    np.testing.assert_array_equal(draws, before)


def fill(shape: tuple[int, ...], change: dict[tuple[int, ...], float]) -> Floats:
    draws = np.random.default_rng(9).standard_normal(shape)
    for index, value in change.items():
        draws[index] = value
    return draws


@pytest.mark.parametrize(
    ("draws", "said"),
    [
        (fill((100, 2), {}), r"shape \(chains, draws, dimensions\), got \(100, 2\)"),
        (fill((2, 100, 0), {}), r"shape \(chains, draws, dimensions\), got \(2, 100, 0\)"),
        (fill((4, 1, 2), {}), "at least 8 draws a chain, got 1"),
        (fill((4, 7, 2), {}), "at least 8 draws a chain, got 7"),
        (fill((2, 100, 2), {(0, 3, 1): np.nan}), "draws must be finite, got nan"),
        (fill((1, 8, 4), {}), "must span all 4 dimensions, these 4 do not"),
        (fill((1, 8, 6), {}), "must span all 6 dimensions, these 4 do not"),
        (1e6 + np.ones((1, 100, 2)), "must span all 2 dimensions, these 50 do not"),
        (fill((2, 100, 1), {}) * [1.0, 1e6], "must span all 2 dimensions, these 100 do not"),
    ],
)
def test_draws_that_cannot_be_used_are_refused(draws: Floats, said: str) -> None:
    with pytest.raises(InputError, match=said):
        bridge_sampling(standard_normal, draws, rng=np.random.default_rng(1))


@pytest.mark.parametrize(
    ("density", "said"),
    [
        (
            lambda x: np.where(x[:, 0] > 1.5, -np.inf, 0.0),
            r"finite at every draw, it is not at \d+ of 100",
        ),
        (lambda x: np.where(x[:, 0] > 3.5, np.nan, 0.0), r"is NaN or infinite at \d of 400"),
        (lambda x: np.where(x[:, 0] > 3.5, np.inf, 0.0), r"is NaN or infinite at \d of 400"),
    ],
)
def test_densities_that_are_no_numbers_are_refused(density: Any, said: str) -> None:
    draws = np.random.default_rng(10).uniform(-3, 3, (2, 100, 1))
    with pytest.raises(InputError, match=said):
        bridge_sampling(density, draws, rng=np.random.default_rng(2))


def test_a_law_that_the_proposal_does_not_meet_is_a_failed_run() -> None:
    rng = np.random.default_rng(11)
    draws = rng.choice([-1.0, 1.0], (2, 100, 1)) + 1e-7 * rng.standard_normal((2, 100, 1))

    def narrow(x: Floats) -> Floats:
        return np.asarray(-0.5 * ((np.abs(x[:, 0]) - 1) / 1e-7) ** 2)

    with pytest.raises(RunError, match="has not converged after 1000 iterations"):
        bridge_sampling(narrow, draws, rng=rng)

    def bounded(x: Floats) -> Floats:
        return np.where(np.abs(np.abs(x[:, 0]) - 1) < 1e-6, 0.0, -np.inf)

    with pytest.raises(RunError, match="no density at any of its 100 proposals"):
        bridge_sampling(bounded, draws, rng=rng)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("integrated", [0, 1])
def test_eight_schools_agrees_with_quadrature(
    method: Method, integrated: int, programs: dict[str, StanProgram]
) -> None:
    got, passed = log_evidence(SCHOOLS, EIGHT | {"integrated": integrated}, seed=1, method=method)
    assert passed.verdict.passed
    assert got.mcse < 0.01
    assert standard_errors(got, -31.3113) < MOST_STANDARD_ERRORS
    half_cauchy_without_its_constant = -32.0045
    assert standard_errors(got, half_cauchy_without_its_constant) > MOST_STANDARD_ERRORS


def test_eight_schools_with_wide_priors_agrees_with_quadrature(
    programs: dict[str, StanProgram],
) -> None:
    got, _ = log_evidence(SCHOOLS, EIGHT | {"mu_sd": 20, "tau_scale": 10}, seed=2)
    assert standard_errors(got, -32.1715) < MOST_STANDARD_ERRORS


def trio_evidence() -> float:
    y, counts = np.array(TRIO["y"]), np.array(TRIO["counts"])
    concentration = np.array([1.5, 1.0, 2.0])
    n, waited, total = len(y), np.array(TRIO["t"]).sum(), counts.sum()
    normal = stats.multivariate_normal(np.zeros(n), np.eye(n) + 4).logpdf(y)
    exponential = gammaln(2 + n) - gammaln(2) + 2 * np.log(3) - (2 + n) * np.log(3 + waited)
    ways = gammaln(total + 1) - gammaln(counts + 1).sum()
    posterior = concentration + counts
    multinomial = ways + gammaln(concentration.sum()) - gammaln(concentration).sum()
    multinomial += gammaln(posterior).sum() - gammaln(posterior.sum())
    return float(normal + exponential + multinomial)


@pytest.mark.parametrize("method", METHODS)
def test_conjugate_pairs_agree_with_their_closed_form(
    method: Method, programs: dict[str, StanProgram]
) -> None:
    got, _ = log_evidence(PROGRAMS / "conjugate_trio.stan", TRIO, seed=3, method=method)
    assert got.mcse < 0.01
    assert standard_errors(got, trio_evidence()) < MOST_STANDARD_ERRORS


def test_the_same_seed_gives_the_same_evidence(programs: dict[str, StanProgram]) -> None:
    calls: tuple[tuple[int, Method], ...] = (
        (4, "warp3"),
        (4, "warp3"),
        (5, "warp3"),
        (4, "normal"),
    )
    one, two, seeded, normal = (
        log_evidence(PROGRAMS / "conjugate_trio.stan", TRIO, seed=seed, method=method, draws=500)[0]
        for seed, method in calls
    )
    assert one == two
    assert one not in (seeded, normal)


def test_a_fit_that_misses_its_gate_is_repeated_twice_as_long(
    programs: dict[str, StanProgram], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[float, int, int]] = []

    def sample_with_a_divergence_at_first(*arguments: Any, **settings: Any) -> az.InferenceData:
        fit = sample(*arguments, **settings)
        fit.sample_stats["diverging"][0, 0] = not asked
        asked.append((settings["adapt_delta"], settings["warmup"], settings["draws"]))
        return fit

    monkeypatch.setattr("tasks.bayes.evidence.sample", sample_with_a_divergence_at_first)
    _, passed = log_evidence(
        PROGRAMS / "conjugate_trio.stan", TRIO, seed=6, chains=2, warmup=600, draws=700
    )
    assert asked == [(0.9, 600, 700), (0.99, 1200, 1400)]
    assert passed.fit.unconstrained_posterior["values"].shape == (2, 1400, 4)


def test_a_program_that_drops_constants_is_refused() -> None:
    with pytest.raises(InputError, match=r"kid_score drops some in 'sigma ~ cauchy\(0, 2.5\);'"):
        log_evidence(PROGRAMS / "kid_score.stan", {}, seed=1)


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("target += std_normal_lpdf(x);", False),
        ("target += std_normal_lupdf(x); // no", True),
        ("target += poisson_lupmf(1 | x);", True),
        ("// x ~ std_normal();", False),
        ("/* x ~ a();\n x ~ b(); */ target += std_normal_lpdf(x);", False),
        ('print("x ~ normal", x); target += std_normal_lpdf(x);', False),
        ('print("//"); x ~ std_normal();', True),
    ],
)
def test_what_drops_constants_is_told_from_what_only_looks_so(
    line: str, refused: bool, tmp_path: Path
) -> None:
    program = tmp_path / "one.stan"
    program.write_text(f"parameters {{ real x; }}\nmodel {{ {line} }}\n", encoding="utf-8")
    if not refused:
        refuse_dropped_constants(program)
    else:
        with pytest.raises(InputError, match="needs every constant, one drops some in"):
            refuse_dropped_constants(program)

"""Fits of the media mix model: known shares come back, beliefs count for what they are."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy import stats

from tasks.bayes.gated_fit import GatedFit
from tasks.bayes.stan_model import sample
from tasks.beliefs.belief import Belief, Law
from tasks.beliefs.media_mix import PROGRAM, fit_media_mix, program_data, quantity_draws
from tasks.beliefs.media_mix_data import MediaMixData, media_mix_data
from tasks.beliefs.predictive_checks import predictive_checks
from tasks.calibration.simulators.media_mix import MediaMix as Generator
from tasks.contract import load_contract
from tasks.domain import MediaMix
from tasks.errors import InputError, RunError
from tasks.locations import resource
from tasks.relations.sources import read_tables
from tests.conftest import shared_folder

Floats = npt.NDArray[np.float64]
BLOCK = MediaMix(
    table="weeks",
    time="day",
    sales="sold",
    channels={"tv": "tv_spend", "web": "web_spend"},
    controls=("price",),
    harmonics=1,
)
TRUTH = {
    "level": np.array(1.0),
    "share": np.array([0.30, 0.12]),
    "decay": np.array([0.4, 0.1]),
    "half": np.array([1.5, 1.0]),
    "beta": np.array([0.1, 0.1, -0.1, -0.1]),
    "sigma": np.array(0.05),
    "shock_probability": np.array(0.05),
    "shock_sd": np.array(0.4),
}
PARAMETERS = (set(TRUTH) - {"beta", "share"}) | {"basis_weight", "strength"}
WRONG = Belief.of("normal", {"mean": 0.6, "sd": 0.05}, 0, 1)
LEAST_P = 1e-3


def table(sales: npt.ArrayLike) -> pl.DataFrame:
    """117 weeks, the last 104 of which are the period: sales are of these alone."""
    rng, weeks = np.random.default_rng(5), np.arange(117)
    return pl.DataFrame(
        {
            "day": [date(2021, 1, 4) + timedelta(weeks=int(week)) for week in weeks],
            "sold": np.concatenate([np.ones(13), np.broadcast_to(sales, 104)]),
            "tv_spend": np.where(weeks % 7 < 3, rng.gamma(2.0, 40.0, size=117), 0.0),
            "web_spend": rng.gamma(2.0, 10.0, size=117),
            "price": rng.normal(10.0, 1.0, size=117),
        }
    )


def simulated(truth: dict[str, Floats] = TRUTH, seed: int = 1) -> MediaMixData:
    design = program_data(media_mix_data(table(5000.0), BLOCK), {})
    drawn = Generator.from_data(design).draw_data(truth, np.random.default_rng(seed))
    return media_mix_data(table(drawn["y"]), BLOCK)


@pytest.fixture(scope="module")
def data() -> MediaMixData:
    return simulated()


@pytest.fixture(scope="module")
def reference_fit(data: MediaMixData) -> GatedFit:
    return fit_media_mix(program_data(data, {}), seed=1)[1]


@pytest.fixture(scope="module")
def draws(reference_fit: GatedFit, data: MediaMixData) -> dict[str, Floats]:
    return quantity_draws(reference_fit.fit, data.channels)


def test_known_shares_are_inside_of_narrow_intervals(draws: dict[str, Floats]) -> None:
    for name, truth in (("share[tv]", 0.30), ("share[web]", 0.12), ("baseline", 0.58)):
        low, high = np.quantile(draws[name], [0.01, 0.99])
        assert low < truth < high, name
    assert draws["share[tv]"].std() < 0.1  # the uniform prior's is 0.29


def test_quantities_are_what_their_names_say(draws: dict[str, Floats], data: MediaMixData) -> None:
    mean_sales, spend = (
        data.program["y_scale"] * draws["level"],
        data.weeks.spends[13:].mean(axis=0),
    )
    for place, channel in enumerate(data.channels):
        contribution = mean_sales * draws[f"share[{channel}]"]
        np.testing.assert_allclose(draws[f"contribution[{channel}]"], contribution, rtol=1e-9)
        returned = draws[f"return_on_spend[{channel}]"]
        np.testing.assert_allclose(returned, contribution / spend[place], rtol=1e-9)
    shares = draws["share[tv]"] + draws["share[web]"]
    np.testing.assert_allclose(draws["baseline"], 1 - shares, atol=1e-12)


def test_expected_sales_are_those_of_the_generator(
    reference_fit: GatedFit, data: MediaMixData
) -> None:
    posterior = reference_fit.fit.posterior
    values = {name: posterior[name].values.reshape(4000, -1) for name in TRUTH}
    values = {
        name: array[:, 0] if TRUTH[name].ndim == 0 else array for name, array in values.items()
    }
    expected = Generator.from_data(program_data(data, {})).expected_sales(values)
    np.testing.assert_allclose(posterior["mu"].values.reshape(4000, -1), expected, rtol=1e-8)


def test_the_density_keeps_every_constant(reference_fit: GatedFit, data: MediaMixData) -> None:
    """What is left of the log density without the likelihood: priors with their Jacobians."""
    posterior = reference_fit.fit.posterior
    level, decay, half = (posterior[name].values for name in ("level", "decay", "half"))
    share, sigma, shock_sd = (posterior[name].values for name in ("share", "sigma", "shock_sd"))
    shock = posterior["shock_probability"].values
    triangle = np.linalg.qr(data.program["x"], mode="r") / np.sqrt(103)
    expected = (
        stats.lognorm(0.2).logpdf(level)
        + np.log(level)
        + np.log(share * (1 - share)).sum(axis=-1)
        + (stats.beta(1, 3).logpdf(decay) + np.log(decay * (1 - decay))).sum(axis=-1)
        + (stats.lognorm(1).logpdf(half) + np.log(half)).sum(axis=-1)
        + stats.norm(0, data.program["beta_sd"]).logpdf(posterior["beta"].values).sum(axis=-1)
        - np.log(np.abs(np.linalg.det(triangle)))
        + stats.halfnorm(scale=0.3).logpdf(sigma)
        + np.log(sigma)
        + stats.beta(1, 9).logpdf(shock)
        + np.log(shock * (1 - shock))
        + stats.halfnorm(scale=0.5).logpdf(shock_sd)
        + np.log(shock_sd)
    )
    log_likelihood = reference_fit.fit.log_likelihood["log_lik"].values.sum(axis=-1)
    found = reference_fit.fit.sample_stats["lp"].values - log_likelihood
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-7)


def test_the_number_of_parameters_is_that_of_the_program(
    reference_fit: GatedFit, data: MediaMixData
) -> None:
    posterior = reference_fit.fit.posterior
    sizes = [posterior[name][0, 0].size for name in PARAMETERS]
    assert data.n_parameters == sum(sizes) == 14


def test_the_likelihood_passes_its_predictive_checks(reference_fit: GatedFit) -> None:
    assert predictive_checks(reference_fit.fit).is_adequate


def test_a_belief_pulls_its_own_share_towards_it(
    draws: dict[str, Floats], data: MediaMixData
) -> None:
    believed = quantity_draws(
        fit_media_mix(program_data(data, {"tv": WRONG}), seed=1)[1].fit, data.channels
    )
    without, with_it = draws["share[tv]"], believed["share[tv]"]
    assert without.mean() + 0.3 * without.std() < with_it.mean() < 0.6
    # Both are normal enough to be combined by their precisions, to within the likelihood's tail.
    weights = np.array([without.var() ** -1, 0.05**-2])
    combined = weights @ [without.mean(), 0.6] / weights.sum()
    assert abs(with_it.mean() - combined) < 0.05


def prior_draws(data: MediaMixData, beliefs: dict[str, Belief]) -> Any:
    values = program_data(data, beliefs) | {"likelihood": 0}
    return sample(resource("stan", PROGRAM), values, seed=3, chains=2, draws=1500).posterior


BELIEFS = {
    "narrow": Belief.of("uniform", {"low": 0.1, "high": 0.4}, 0, 1),
    "mixture": Belief(
        laws=(
            Law(family="normal", parameters={"mean": 0.5, "sd": 0.1}, weight=0.4),
            Law(family="uniform", parameters={"low": 0.0, "high": 1.0}, weight=0.6),
        ),
        low=0,
        high=1,
    ),
    "at the bound": Belief.of("gamma", {"shape": 0.7, "rate": 1.0}, 0, 1),
    "beta": Belief.of("beta", {"alpha": 2.0, "beta": 6.0}, 0, 1),
}


@pytest.mark.parametrize(("tv", "web"), [("narrow", "mixture"), ("at the bound", "beta")])
def test_without_the_likelihood_shares_have_exactly_the_laws_of_the_beliefs(
    tv: str, web: str, data: MediaMixData
) -> None:
    beliefs = {"tv": BELIEFS[tv], "web": BELIEFS[web]}
    drawn = prior_draws(data, beliefs)
    for place, belief in enumerate(beliefs.values()):
        share = drawn["share"].values[:, ::6, place].ravel()
        assert stats.kstest(share, belief.cdf).pvalue > LEAST_P
        assert stats.kstest(share, "uniform").pvalue < LEAST_P
    decay = drawn["decay"].values[:, ::6, 0].ravel()
    assert stats.kstest(decay, stats.beta(1, 3).cdf).pvalue > LEAST_P


def test_a_spend_that_never_changes_tells_nothing_of_its_share(data: MediaMixData) -> None:
    frame = table(data.weeks.sales).with_columns(tv_spend=pl.lit(50.0))
    _, passed = fit_media_mix(
        program_data(media_mix_data(frame, BLOCK), {"tv": BELIEFS["beta"]}), seed=1
    )
    share = quantity_draws(passed.fit, data.channels)["share[tv]"][:, ::10].ravel()
    assert stats.kstest(share, BELIEFS["beta"].cdf).pvalue > LEAST_P


def test_a_belief_on_no_channel_is_refused_before_anything_runs(data: MediaMixData) -> None:
    with pytest.raises(InputError, match="no channel 'radio'"):
        program_data(data, {"radio": WRONG})


def test_chains_that_are_too_short_miss_the_gate(data: MediaMixData) -> None:
    with pytest.raises(
        RunError, match="The posterior of media_mix given these data misses its gate"
    ):
        fit_media_mix(program_data(data, {}), seed=1, chains=2, warmup=30, draws=20)


def test_on_24_months_of_robyns_data_television_has_a_few_per_cent() -> None:
    """The data are simulated with little noise; holidays are shocks."""
    contract = load_contract("media_mix")
    assert contract.media_mix is not None
    frame = read_tables(contract, shared_folder("media_mix") / "robyn")["dt_simulated_weekly"].frame
    data = media_mix_data(frame, contract.media_mix)
    assert (len(data.weeks.sales), data.weeks.known_before, data.n_parameters) == (104, 13, 26)
    _, passed = fit_media_mix(program_data(data, {}), seed=1)
    share = quantity_draws(passed.fit, data.channels)["share[tv]"]
    assert 0.02 < np.quantile(share, 0.025) < np.quantile(share, 0.975) < 0.05
    assert predictive_checks(passed.fit).is_adequate

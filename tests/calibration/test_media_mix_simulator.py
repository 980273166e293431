"""Prior, expected sales and noise of the media mix generator; and that a wrong one is caught."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from tasks.bayes.batch import BatchSettings
from tasks.bayes.stan_program import compile_program
from tasks.calibration.runner import Calibration, run_calibration
from tasks.calibration.simulator import Values
from tasks.calibration.simulators.media_mix import MediaMix
from tasks.calibration.simulators.media_mix_design import default_design
from tasks.errors import InputError
from tasks.locations import resource

Floats = npt.NDArray[np.float64]
LEAST_P = 1e-3
DRAWS = 3000


def drawn(model: MediaMix, n: int = DRAWS) -> dict[str, Floats]:
    rng = np.random.default_rng(1)
    rows = [model.draw_parameters(rng) for _ in range(n)]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@pytest.fixture(scope="module")
def prior() -> dict[str, Floats]:
    return drawn(MediaMix())


def one_channel(**changes: Any) -> dict[str, Any]:
    """Three weeks after one, a channel, and no coefficient but one that can be set to 0."""
    design = default_design() | {"T": 3, "L": 1, "C": 1, "K": 1, "y_scale": 10.0}
    design |= {"spend": np.array([[8.0], [0.0], [4.0], [2.0]]), "beta_sd": np.array([0.5])}
    design |= {"x": np.array([[-1.0], [0.0], [1.0]])}
    for name in ("low", "high", "family", "parameters", "log_mass", "weight"):
        design[f"share_{name}"] = design[f"share_{name}"][1:]
    return design | changes


def test_every_parameter_has_its_prior(prior: dict[str, Floats]) -> None:
    laws = {
        "level": stats.lognorm(0.2).cdf,
        "decay": stats.beta(1, 3).cdf,
        "half": stats.lognorm(1.0).cdf,
        "sigma": stats.halfnorm(scale=0.3).cdf,
        "shock_probability": stats.beta(1, 9).cdf,
        "shock_sd": stats.halfnorm(scale=0.5).cdf,
    }
    for name, cdf in laws.items():
        assert stats.kstest(prior[name].ravel(), cdf).pvalue > LEAST_P, name
    for k, sd in enumerate((0.5, 0.3, 0.3)):
        assert stats.kstest(prior["beta"][:, k], stats.norm(0, sd).cdf).pvalue > LEAST_P


def test_a_share_comes_from_its_mixture_of_a_law_and_the_uniform_one(
    prior: dict[str, Floats],
) -> None:
    law = stats.truncnorm(-2, 8, loc=0.2, scale=0.1)
    mixed = stats.kstest(prior["share"][:, 0], lambda x: 0.7 * law.cdf(x) + 0.3 * x)
    assert mixed.pvalue > LEAST_P
    assert stats.kstest(prior["share"][:, 0], law.cdf).pvalue < 1e-9  # the test sees the weight
    assert stats.kstest(prior["share"][:, 1], "uniform").pvalue > LEAST_P


@pytest.mark.parametrize(
    ("family", "parameters", "law"),
    [
        (1, (-3.0, 0.5, 0.0), stats.norm(-3, 0.5)),  # all but 1e-9 of it lies below 0
        (2, (3.0, 0.4, 0.2), stats.t(3, 0.4, 0.2)),
        (2, (1.0, -0.2, 1.0), stats.t(1, -0.2, 1.0)),  # more of it lies above 1 than within
        (3, (-1.0, 0.7, 0.0), stats.lognorm(0.7, scale=math.exp(-1))),
        (4, (2.0, 6.0, 0.0), stats.beta(2, 6)),
        (5, (3.0, 4.0, 0.0), stats.gamma(3, scale=0.25)),
        (6, (0.1, 0.4, 0.0), stats.uniform(0.1, 0.3)),
    ],
)
def test_a_share_comes_from_each_family_cut_at_0_and_1(
    family: int, parameters: tuple[float, float, float], law: Any
) -> None:
    design = one_channel(
        share_family=np.array([family]),
        share_parameters=np.array([parameters]),
        share_weight=np.ones(1),
    )
    share = drawn(MediaMix(design), 1000)["share"][:, 0]
    total = law.sf(0) - law.sf(1)
    assert stats.kstest(share, lambda x: (law.sf(0) - law.sf(x)) / total).pvalue > LEAST_P
    assert ((share >= 0) & (share <= 1)).all()


def test_expected_sales_are_those_of_a_sum_by_hand() -> None:
    truth = {
        "level": np.array(2.0),
        "share": np.array([0.25]),
        "decay": np.array([0.5]),
        "half": np.array([2.0]),
        "beta": np.array([0.3]),
    }
    stock = np.array([0 + 0.5 * 8, 4 + 0.5 * 0, 2 + 0.5 * 4])  # all 4: no week differs
    assert stock.tolist() == [4.0, 4.0, 4.0]
    flat = MediaMix(one_channel()).expected_sales(truth)
    np.testing.assert_allclose(flat, 10 * (2.0 + 0.3 * np.array([-1, 0, 1])))
    spends = np.array([[0.0], [0.0], [4.0], [2.0]])
    stock = np.array([0.0, 4.0, 4.0]) / (8 / 3)
    effect = stock / (stock + 2.0)
    lift = effect / effect.mean() - 1
    found = MediaMix(one_channel(spend=spends)).expected_sales(truth)
    np.testing.assert_allclose(found, 10 * (2 * (1 + 0.25 * lift) + 0.3 * np.array([-1, 0, 1])))


def test_a_share_is_the_channels_part_of_mean_expected_sales(prior: dict[str, Floats]) -> None:
    """Without the channel, and with all else as it was, its share of the mean is gone."""
    model = MediaMix()
    mean = model.expected_sales(prior).mean(axis=1)
    np.testing.assert_allclose(mean, 1000.0 * prior["level"], rtol=1e-9)
    np.testing.assert_allclose(prior["contribution"], mean[:, None] * prior["share"], rtol=1e-9)
    np.testing.assert_allclose(prior["baseline"], 1 - prior["share"].sum(axis=1))


def test_noise_is_normal_but_for_weeks_with_a_shock(prior: dict[str, Floats]) -> None:
    model, rng = MediaMix(), np.random.default_rng(3)
    changed = {
        "sigma": np.array(0.1),
        "shock_probability": np.array(0.3),
        "shock_sd": np.array(1.0),
    }
    truth = {name: values[0] for name, values in prior.items()} | changed
    noise = [model.draw_data(truth, rng)["y"] - model.expected_sales(truth) for _ in range(100)]
    usual, shocked = stats.norm(0, 100.0), stats.norm(0, 1000.0 * math.hypot(0.1, 1.0))
    mixed = stats.kstest(np.ravel(noise), lambda x: 0.7 * usual.cdf(x) + 0.3 * shocked.cdf(x))
    assert mixed.pvalue > LEAST_P


def test_the_design_is_taken_from_data_and_checked() -> None:
    design = default_design() | {"y": np.zeros(52), "further": 1}
    assert "y" not in MediaMix.from_data(design).design
    for change, said in (
        ({"spend": design["spend"][1:]}, "'spend' must have the shape"),
        ({"share_family": np.array([1, 7])}, "share_family must be from 1 to 6, got 7"),
        ({"share_weight": np.array([1.5, 0.0])}, "share_weight must be from 0 to 1"),
        ({"y_scale": 0.0}, "y_scale must be > 0"),
        ({"spend": -design["spend"]}, "spend must be >= 0"),
    ):
        with pytest.raises(InputError, match=said.replace("(", r"\(")):
            MediaMix.from_data(design | change)


@dataclass(frozen=True)
class SlowerDecay(MediaMix):
    """Draws sales of channels whose memory is longer than the parameters say."""

    def draw_data(self, parameters: Values, rng: np.random.Generator) -> dict[str, Any]:
        longer = dict(parameters) | {"decay": np.sqrt(parameters["decay"])}
        return super().draw_data(longer, rng)


@dataclass(frozen=True)
class PriorDropped(MediaMix):
    """Data that tell the program the reference prior in place of the beliefs."""

    def draw_data(self, parameters: Values, rng: np.random.Generator) -> dict[str, Any]:
        return super().draw_data(parameters, rng) | {"share_weight": np.zeros(2)}


def believed() -> dict[str, Any]:
    """A firm belief on the steady channel, of whose share the data tell least."""
    parameters = np.array([[0.0, 1.0, 0.0], [0.1, 0.03, 0.0]])
    changed = {"share_family": np.array([6, 1]), "share_weight": np.ones(2)}
    mass = stats.norm(0.1, 0.03).sf(0)
    changed |= {"share_parameters": parameters, "share_log_mass": np.array([0, np.log(mass)])}
    return default_design() | changed


@pytest.mark.parametrize("wrong", [SlowerDecay, PriorDropped])
def test_a_generator_of_another_model_is_caught(wrong: type[MediaMix], tmp_path: Path) -> None:
    program = compile_program(resource("stan", MediaMix.program), many_fits=True)
    calibration = Calibration(wrong(believed()), program, BatchSettings(seed=1))
    _, verdict = run_calibration(calibration, 200, root=tmp_path, workers=2, stop_early=True)
    assert verdict.status == "not calibrated"
    rejected = {quantity.name for quantity in verdict.quantities if quantity.is_rejected}
    assert rejected & (
        {"share[2]", "baseline"} if wrong is PriorDropped else {"decay[1]", "decay[2]"}
    )

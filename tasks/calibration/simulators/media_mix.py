"""Generator for ``stan/media_mix.stan``: weekly sales from the spends of channels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import stats

from tasks.calibration.simulator import FloatArray, Values
from tasks.calibration.simulators.media_mix_design import (
    default_design,
    media_mix_design,
    share_law,
)

LEVEL_LOG_SD = 0.2
DECAY_ALPHA, DECAY_BETA = 1.0, 3.0
HALF_LOG_SD = 1.0
SIGMA_SD = 0.3
SHOCK_ALPHA, SHOCK_BETA = 1.0, 9.0
SHOCK_SD_SD = 0.5


@dataclass(frozen=True)
class MediaMix:
    """Sales of T weeks, each channel's part of them with carry-over and saturation.

    Some weeks have a shock on top of the usual noise.

    Attributes
    ----------
    design
        As `default_design` and `media_mix_design` give it: spends, trend, season and controls, and
        the priors of the shares.

    References
    ----------
    Jin, Wang, Sun, Chan & Koehler (2017), Bayesian methods for media mix modeling with carryover
    and shape effects, Google Research.

    Examples
    --------
    >>> model, rng = MediaMix(), np.random.default_rng(1)
    >>> truth = model.draw_parameters(rng)
    >>> model.draw_data(truth, rng)["y"].shape
    (52,)
    """

    design: Mapping[str, Any] = field(default_factory=default_design)

    program: ClassVar[str] = "media_mix.stan"

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "MediaMix":
        """Take design and priors from the program's data, whose y is not looked at.

        Raises
        ------
        InputError
            If a variable is missing, has the wrong size or is out of its bounds.
        """
        return cls(media_mix_design(data))

    def draw_parameters(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """One draw from the prior: what the program samples, the baseline and contributions."""
        design, n_channels = self.design, self.design["C"]
        level = rng.lognormal(0.0, LEVEL_LOG_SD)
        share = np.array([self._draw_share(c, rng) for c in range(n_channels)])
        return {
            "level": np.array(level),
            "share": share,
            "decay": rng.beta(DECAY_ALPHA, DECAY_BETA, size=n_channels),
            "half": rng.lognormal(0.0, HALF_LOG_SD, size=n_channels),
            "beta": rng.normal(0.0, design["beta_sd"]),
            "sigma": np.array(abs(rng.normal(0.0, SIGMA_SD))),
            "shock_probability": np.array(rng.beta(SHOCK_ALPHA, SHOCK_BETA)),
            "shock_sd": np.array(abs(rng.normal(0.0, SHOCK_SD_SD))),
            "baseline": np.array(1 - share.sum()),
            "contribution": design["y_scale"] * level * share,
        }

    def _draw_share(self, channel: int, rng: np.random.Generator) -> float:
        """Uniform on [0, 1], or from the channel's law between 0 and 1."""
        if rng.uniform() >= self.design["share_weight"][channel]:
            return rng.uniform()
        law = share_law(self.design, channel)
        if law.cdf(0) > 0.5:  # the mass lies above: from there on to be exact
            return float(law.isf(rng.uniform(law.sf(1), law.sf(0))))
        return float(law.ppf(rng.uniform(law.cdf(0), law.cdf(1))))

    def expected_sales(self, values: Values) -> FloatArray:
        """Expected sales in each week, shape (T,) for one draw, (S, T) for S draws."""
        design = self.design
        lags = np.arange(design["L"] + 1)
        channels = np.zeros((*np.shape(values["level"]), design["T"]))
        for c in range(design["C"]):
            windows = sliding_window_view(design["spend"][:, c], len(lags))[:, ::-1]
            adstock = np.power(values["decay"][..., c, None], lags) @ windows.T
            relative = adstock / adstock.mean(axis=-1, keepdims=True)
            effect = relative / (relative + values["half"][..., c, None])
            lift = effect / effect.mean(axis=-1, keepdims=True) - 1
            channels += values["share"][..., c, None] * lift
        mean = values["level"][..., None] * (1 + channels)
        return np.asarray(design["y_scale"] * (mean + values["beta"] @ design["x"].T))

    def draw_data(self, parameters: Values, rng: np.random.Generator) -> dict[str, Any]:
        """Sales y of each week, with the design."""
        n_weeks = self.design["T"]
        noise = rng.normal(0.0, parameters["sigma"], size=n_weeks)
        shock = rng.normal(0.0, parameters["shock_sd"], size=n_weeks)
        is_shocked = rng.uniform(size=n_weeks) < parameters["shock_probability"]
        disturbance = self.design["y_scale"] * (noise + is_shocked * shock)
        return {**self.design, "y": self.expected_sales(parameters) + disturbance}

    def log_likelihood(self, draws: Values, data: Mapping[str, Any]) -> FloatArray:
        """Log density of the sales given each draw, shape (S,)."""
        expected, y_scale = self.expected_sales(draws), self.design["y_scale"]
        sigma, probability = draws["sigma"][:, None], draws["shock_probability"][:, None]
        shocked_sigma = np.sqrt(sigma**2 + draws["shock_sd"][:, None] ** 2)
        usual = stats.norm.logpdf(data["y"], expected, y_scale * sigma)
        shocked = stats.norm.logpdf(data["y"], expected, y_scale * shocked_sigma)
        both = np.logaddexp(np.log1p(-probability) + usual, np.log(probability) + shocked)
        return np.asarray(both.sum(axis=-1))

    def quantities(self, draws: Values, data: Mapping[str, Any]) -> dict[str, FloatArray]:
        """Quantities that depend on the data, each of shape (S,).

        Expected sales in the week of the most sales, and the expected sales' product with the
        sales around their mean.
        """
        expected, y = self.expected_sales(draws), np.asarray(data["y"])
        return {
            "mu of the largest y": expected[:, y.argmax()],
            "product of mu and y": expected @ (y - y.mean()),
        }

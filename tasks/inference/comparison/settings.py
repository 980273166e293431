"""Priors of the competing models, and the thresholds at which a model is falsified."""

from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tasks.errors import InputError
from tasks.inference.comparison.exploration import explore
from tasks.inference.comparison.units import Units

Positive = Annotated[float | None, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]

SCHOOLS_SPREAD = 11.0
"""Median standard error of the eight schools, for which the models were designed."""


class Priors(BaseModel):
    """Priors, in the data's unit.

    Attributes
    ----------
    unit
        What one point is on the scale of the eight schools, for which the design's numbers were
        chosen; every length below is a multiple of it where nothing else is given.
    mu_mean, mu_sd
        Normal prior of mu; of every model but the skeptical.
    tau_scale
        Scale of tau's half-Cauchy prior; of every model but the skeptical.
    skeptical_mean, skeptical_sd, skeptical_tau_scale
        Normal prior of mu and half-normal prior of tau of the skeptical model.
    threshold, sigma_pooled
        Of the adaptive model.
    beta_sd
        Sd of the normal prior of a coefficient.
    """

    model_config = ConfigDict(frozen=True)

    unit: float
    mu_mean: float
    mu_sd: float
    tau_scale: float
    skeptical_mean: float
    skeptical_sd: float
    skeptical_tau_scale: float
    threshold: float
    sigma_pooled: float
    beta_sd: float


class ComparisonSettings(BaseModel):
    """Settings of a comparison; lengths without a value follow from the data's unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Annotated[
        Positive,
        Field(
            description="What one point of the eight schools is in these data: the larger of the "
            "estimates' sd and the median standard error, over 11, where nothing is given."
        ),
    ] = None
    mu_mean: Annotated[float, Field(description="Prior mean of mu.")] = 0.0
    mu_sd: Annotated[
        Positive, Field(description="Its sd: 20 units, or the pooled estimate's distance.")
    ] = None
    tau_scale: Annotated[
        Positive, Field(description="Scale of tau's half-Cauchy prior: 10 units.")
    ] = None
    skeptical_mean: Annotated[
        float | None,
        Field(description="Skeptical prior mean of mu: pooled estimate, to a whole unit."),
    ] = None
    skeptical_sd: Annotated[Positive, Field(description="Its sd: 5 units.")] = None
    skeptical_tau_scale: Annotated[
        Positive, Field(description="Scale of tau's skeptical half-normal prior: 5 units.")
    ] = None
    most_divergences: Annotated[
        Fraction, Field(description="Share of divergent transitions beyond which a fit fails.")
    ] = 0.01
    most_r_hat: Annotated[float, Field(ge=1, description="R-hat beyond which a fit fails.")] = 1.01
    least_ess: Annotated[float, Field(gt=0, description="ESS of tau below which it fails.")] = 100
    target_ess: Annotated[float, Field(gt=0, description="ESS of tau that it should reach.")] = 400
    most_tau: Annotated[
        float, Field(gt=0, description="Units of tau's median beyond which it is implausible.")
    ] = 15
    least_tau: Annotated[
        float, Field(gt=0, description="Units of tau's median below which it has collapsed.")
    ] = 0.1
    least_covered: Annotated[
        Fraction, Field(description="Share of estimates that 95 % predictive intervals must hold.")
    ] = 0.9
    theta_low: Annotated[
        float | None, Field(description="Lowest plausible effect: data's range widened by half.")
    ] = None
    theta_high: Annotated[float | None, Field(description="Highest plausible effect.")] = None
    least_divergence: Annotated[
        float, Field(ge=0, description="KL of mu's posterior from its prior, in nats.")
    ] = 0.1
    most_skeptical_tau: Annotated[
        float, Field(gt=0, description="Units that tau's 95 % quantile may reach if skeptical.")
    ] = 10
    most_elpd_behind: Annotated[
        float, Field(gt=0, description="ELPD by which a model may be behind the best.")
    ] = 5
    least_gain: Annotated[
        float, Field(ge=0, description="Gain in ESS and time that the adaptive model must bring.")
    ] = 0.1
    most_change: Annotated[
        float, Field(gt=0, description="Relative change over the adaptive model's thresholds.")
    ] = 0.1
    most_valley: Annotated[
        Fraction, Field(description="Depth of a valley between two modes of tau.")
    ] = 0.1
    most_tau_ratio: Annotated[
        float, Field(gt=1, description="Ratio of tau's medians beyond which priors matter.")
    ] = 2
    alpha: Annotated[
        float, Field(gt=0, lt=0.5, description="Level of the tests for outliers and for trends.")
    ] = 0.01
    most_pareto_k: Annotated[
        float, Field(gt=0, description="Pareto k beyond which leaving one out is not assessable.")
    ] = 0.7

    @model_validator(mode="after")
    def _range_is_one(self) -> Self:
        low, high = self.theta_low, self.theta_high
        if low is not None and high is not None and low >= high:
            raise ValueError(f"theta_low must be below theta_high, got {low:g} and {high:g}")
        return self

    def priors(self, units: Units) -> Priors:
        """Priors for these units, once all settings are known to suit them.

        Raises
        ------
        InputError
            As `theta_range` does: before anything is fitted.

        Examples
        --------
        >>> y, sigma = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), [15, 10, 16, 11, 9, 11, 10, 18]
        >>> priors = ComparisonSettings().priors(Units(tuple("ABCDEFGH"), y, np.array(sigma)))
        >>> priors.unit, priors.mu_sd, priors.tau_scale, priors.skeptical_mean
        (1.0, 20.0, 10.0, 8.0)
        """
        self.theta_range(units)
        explored = explore(units)
        spread = max(explored.spread, float(np.median(units.sigma)))
        unit = self.unit or spread / SCHOOLS_SPREAD
        distance = abs(explored.pooled - self.mu_mean)
        skeptical = self.skeptical_mean
        return Priors(
            unit=unit,
            mu_mean=self.mu_mean,
            mu_sd=self.mu_sd or max(20 * unit, distance),
            tau_scale=self.tau_scale or 10 * unit,
            skeptical_mean=unit * round(explored.pooled / unit) if skeptical is None else skeptical,
            skeptical_sd=self.skeptical_sd or 5 * unit,
            skeptical_tau_scale=self.skeptical_tau_scale or 5 * unit,
            threshold=3 * unit,
            sigma_pooled=4 * unit,
            beta_sd=10 * unit,
        )

    def theta_range(self, units: Units) -> tuple[float, float]:
        """Lowest and highest plausible effect: as given, else the data's range widened by half.

        On each side by the pooled estimate's standard error at least, as all may be equal.

        Raises
        ------
        InputError
            If only one end is given, and the other, from the data, is not beyond it.
        """
        low, high = float(units.y.min()), float(units.y.max())
        margin = max((high - low) / 4, explore(units).pooled_se)
        lowest = low - margin if self.theta_low is None else self.theta_low
        highest = high + margin if self.theta_high is None else self.theta_high
        if lowest >= highest:
            given, other = ("low", "high") if self.theta_high is None else ("high", "low")
            raise InputError(
                f"The plausible effects must go from a lower to a higher end, got {lowest:g} to "
                f"{highest:g}, where theta_{other} follows from the data: move theta_{given}, or "
                f"give theta_{other} too."
            )
        return lowest, highest

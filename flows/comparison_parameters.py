"""Parameters of a model comparison: what Prefect's page asks for and the command line sets."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from flows.form import TAG, form
from tasks.inference.comparison.settings import ComparisonSettings

TITLES = {
    "data": "Estimates and standard errors",
    "unit": "Unit of length",
    "mu_mean": "Prior: mean of mu",
    "mu_sd": "Prior: standard deviation of mu",
    "tau_scale": "Prior: scale of tau",
    "skeptical_mean": "Skeptical prior: mean of mu",
    "skeptical_sd": "Skeptical prior: standard deviation of mu",
    "skeptical_tau_scale": "Skeptical prior: scale of tau",
    "most_divergences": "Most divergent transitions",
    "most_r_hat": "Largest R-hat",
    "least_ess": "Least ESS",
    "target_ess": "ESS to aim at",
    "most_tau": "Largest tau",
    "least_tau": "Smallest tau",
    "least_covered": "Least coverage",
    "theta_low": "Lowest plausible effect",
    "theta_high": "Highest plausible effect",
    "least_divergence": "Least to learn of mu",
    "most_skeptical_tau": "Largest tau if skeptical",
    "most_elpd_behind": "Most ELPD behind the best",
    "least_gain": "Least gain of the adaptive model",
    "most_change": "Most change over thresholds",
    "most_valley": "Deepest valley of tau",
    "most_tau_ratio": "Largest ratio of taus",
    "alpha": "Level of the tests",
    "most_pareto_k": "Largest Pareto k",
}


class ComparisonParameters(ComparisonSettings):
    """One comparison of hierarchical models; all further parameters are priors and thresholds."""

    model_config = form("data", "seed", titles=TITLES)

    data: Annotated[
        str,
        Field(
            description="CSV file with the columns label, y (estimated effect) and sigma (its "
            "standard error); all other columns are covariates."
        ),
    ] = "stan/examples/eight_schools.csv"
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Of all random numbers.")] = 1

    @property
    def run_title(self) -> str:
        """Name of the data."""
        return Path(self.data).stem

    @property
    def tags(self) -> tuple[str, ...]:
        """As `JobParameters` has it."""
        return TAG, "compare", Path(self.data).stem

    @property
    def settings(self) -> ComparisonSettings:
        """Priors and thresholds alone."""
        return ComparisonSettings.model_validate(self.model_dump(exclude={"data", "seed"}))

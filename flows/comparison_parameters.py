"""Parameters of a model comparison: what Prefect's page asks for and the command line sets."""

from typing import Annotated

from pydantic import Field

from tasks.inference.comparison.settings import ComparisonSettings


class ComparisonParameters(ComparisonSettings):
    """One comparison of hierarchical models; all further parameters are priors and thresholds."""

    data: Annotated[
        str,
        Field(
            description="CSV file with the columns label, y (estimated effect) and sigma (its "
            "standard error); all other columns are covariates."
        ),
    ] = "stan/examples/eight_schools.csv"
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Of all random numbers.")] = 1

    @property
    def settings(self) -> ComparisonSettings:
        """Priors and thresholds alone."""
        return ComparisonSettings.model_validate(self.model_dump(exclude={"data", "seed"}))

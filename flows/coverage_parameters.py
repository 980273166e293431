"""Parameters of a coverage study: what Prefect's page asks for and the command line sets."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from flows.ensemble_rules import check_members
from flows.form import TAG, form
from tasks.calibration.coverage.run import FEWEST
from tasks.calibration.coverage.study import Settings
from tasks.calibration.coverage.truth import GROUPS

DEFAULTS = Settings()
TITLES = {
    "members": "Members of the ensemble",
    "leading": "Retrain: interventions",
    "truth_members": "Truth: members",
    "truth_rows": "Truth: rows",
}


class CoverageParameters(BaseModel):
    """One study of whether told effects are true ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", **form(titles=TITLES))

    databases: Annotated[
        int, Field(ge=FEWEST, le=100_000, description="Databases to generate.")
    ] = 200
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Of all random numbers.")] = 1
    members: Annotated[
        int,
        Field(
            ge=8,
            le=1000,
            description="Of the ensemble on each database: at least twice replicates.",
        ),
    ] = DEFAULTS.members
    replicates: Annotated[
        int,
        Field(
            ge=4,
            le=100,
            multiple_of=2,
            description="Groups of members, and blocks of evaluation rows: an even number, at "
            "most half of members.",
        ),
    ] = DEFAULTS.replicates
    leading: Annotated[
        int,
        Field(
            ge=0,
            le=20,
            description="Leading interventions for which members are fitted anew; the placebo "
            "comes on top.",
        ),
    ] = DEFAULTS.leading
    truth_members: Annotated[
        int,
        Field(
            ge=2 * GROUPS,
            le=10_000,
            description="Members of the large ensembles that tell true effects.",
        ),
    ] = DEFAULTS.truth_members
    truth_rows: Annotated[
        int,
        Field(ge=100, le=1_000_000, description="Rows on which true effects are measured."),
    ] = DEFAULTS.truth_rows

    @model_validator(mode="after")
    def _members_suffice(self) -> Self:
        check_members(self.members, self.replicates)
        return self

    @property
    def run_title(self) -> str:
        """How many databases."""
        return f"{self.databases:,} databases"

    @property
    def tags(self) -> tuple[str, ...]:
        """As `JobParameters` has it; the study is of no domain."""
        return TAG, "coverage"

    @property
    def settings(self) -> Settings:
        """What decides each database's outcome: all but their number."""
        return Settings.model_validate(self.model_dump(exclude={"databases"}))

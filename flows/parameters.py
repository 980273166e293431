"""Parameters of the main job: what Prefect's page asks for and what the command line sets."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from flows.analysis_names import DRAFT, domain_name, target_name
from flows.ensemble_rules import check_members
from flows.form import TAG, form
from flows.refusal import refusal
from flows.source_parameter import PLACES, Location
from tasks.calibration.essential import CheckModel
from tasks.calibration.sequential import FEWEST
from tasks.contract import known_domains
from tasks.errors import InputError
from tasks.uncertainty.backbone import Backbone

P = TypeVar("P", bound=BaseModel)
TITLES = {
    "source": "Where the tables lie",
    "target": "What to predict",
    "rows": "Rows, at most",
    "members": "Members of the ensemble",
    "evaluation_rows": "Evaluation rows, at most",
    "ranges": "Ranges of a number",
    "retrain": "Retrain: interventions",
    "retrain_rows": "Retrain: rows, at most",
    "acquire": "Acquire: value ranges",
    "worth": "Acquire: reduction worth having, %",
    "budget": "Budget for repairs",
    "interactions": "Interactions between tables",
    "check_model": "Check the effects model",
    "simulations": "Check: simulated data sets",
    "documents": "Documents of the demo",
}


def _offer_domains(schema: dict[str, Any]) -> None:
    known = {"enum": [*known_domains(), DRAFT], "title": "known", "type": schema.pop("type")}
    schema["anyOf"] = [known, {"title": "path of a contract", "type": "string"}]


class AnalysisParameters(BaseModel):
    """One analysis of a domain."""

    model_config = ConfigDict(frozen=True, extra="forbid", **form(titles=TITLES))

    domain: Annotated[
        str,
        Field(
            description="Name of a domain, path of a data contract in YAML, or 'draft': the "
            "contract is drafted from the tables of the source.",
            json_schema_extra=_offer_domains,
        ),
    ] = "demo"
    source: Annotated[
        Location | None,
        Field(
            description=f"Where the tables lie: {PLACES}; the contract's own where nothing is "
            "given."
        ),
    ] = None
    target: Annotated[
        str | None,
        Field(
            description="Name of a task of the contract, or table.column to predict; the "
            "contract's first task where nothing is given."
        ),
    ] = None
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Of all random numbers.")] = 1
    backbone: Annotated[
        Backbone,
        Field(
            description="What the members of the ensemble are; the last three are networks and "
            "need PyTorch (pip install 'whence[neural]')."
        ),
    ] = "boosting"
    rows: Annotated[
        int,
        Field(
            ge=1000,
            description="Most rows of each part (training, validation, test) for which features "
            "are built: whole entities, drawn at random where there are more.",
        ),
    ] = 100_000
    members: Annotated[
        int,
        Field(
            ge=8,
            le=1000,
            description="Models whose disagreement is the epistemic uncertainty: at least twice "
            "replicates.",
        ),
    ] = 24
    replicates: Annotated[
        int,
        Field(
            ge=4,
            le=100,
            description="Groups of members, blocks of evaluation rows, and draws of mended "
            "values: effects are simulated in as many by as many cells. At most half of members, "
            "and even unless retrain is 0.",
        ),
    ] = 8
    evaluation_rows: Annotated[
        int, Field(ge=100, description="Most held-out rows on which uncertainty is attributed.")
    ] = 1000
    top_columns: Annotated[
        int, Field(ge=1, le=100, description="Columns with the largest shares to intervene on.")
    ] = 6
    ranges: Annotated[
        int, Field(ge=1, le=20, description="Value ranges into which a number is cut.")
    ] = 4
    retrain: Annotated[
        int,
        Field(
            ge=0,
            le=100,
            description="Leading interventions that are made to the training rows too, with the "
            "members fitted anew; 0 for none.",
        ),
    ] = 4
    retrain_rows: Annotated[
        int,
        Field(
            ge=100,
            description="Most training rows that members are fitted anew to: whole entities, drawn "
            "at random where there are more.",
        ),
    ] = 4000
    acquire: Annotated[
        int,
        Field(
            ge=0,
            le=100,
            description="Value ranges whose learning curves are fitted, those with the largest "
            "shares first: what more training rows there would be worth. Each takes three fits of "
            "all members.",
        ),
    ] = 0
    worth: Annotated[
        float,
        Field(
            gt=0,
            lt=100,
            description="Reduction of the uncertainty in per cent for which rows are asked.",
        ),
    ] = 5.0
    budget: Annotated[
        float | None,
        Field(
            gt=0,
            allow_inf_nan=False,
            description="What repairs may cost together, in the unit of the contract's costs: the "
            "set that lowers the uncertainty most is told.",
        ),
    ] = None
    interactions: Annotated[
        bool, Field(description="Whether to measure interactions between tables too.")
    ] = False
    check_model: Annotated[
        CheckModel,
        Field(
            description="Simulation-based calibration of the effects model: auto runs it where "
            "two or more reasons make it essential, such as many parameters and the contract's "
            "decision_worth."
        ),
    ] = "auto"
    simulations: Annotated[
        int, Field(ge=FEWEST, le=100_000, description="Data sets that check_model simulates.")
    ] = 200
    documents: Annotated[
        int | None,
        Field(ge=100, description="Of the demo alone: number of sales documents to generate."),
    ] = None

    @model_validator(mode="after")
    def _members_suffice(self) -> Self:
        check_members(self.members, self.replicates)
        return self

    @model_validator(mode="after")
    def _replicates_are_even(self) -> Self:
        if self.retrain and self.replicates % 2:
            raise ValueError(
                "replicates must be even where members are fitted anew, got "
                f"{self.replicates}: take another number, or retrain 0"
            )
        return self

    @property
    def run_title(self) -> str:
        """Domain and target, such as ``f1: driver-position``."""
        target = target_name(self.domain, self.target)
        return ": ".join(filter(None, (domain_name(self.domain), target)))

    @property
    def tags(self) -> tuple[str, ...]:
        """As `JobParameters` has it; the domain by its name."""
        return TAG, "analysis", domain_name(self.domain)

    def shaping(self) -> dict[str, float | int | str]:
        """The parameters that shape the numbers, for the report: no place and no name."""
        names = ("seed", "backbone", "members", "replicates", "evaluation_rows", "top_columns")
        more = ("ranges", "rows", "retrain", "retrain_rows")
        return {name: getattr(self, name) for name in (*names, *more)}


def parse_settings(entries: Iterable[str]) -> dict[str, str]:
    """Words ``NAME=VALUE`` of the command line, as values by name.

    Raises
    ------
    InputError
        If one has no equals sign.
    """
    values = {}
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not equals:
            raise InputError(f"--set must be NAME=VALUE, got {entry!r}.")
        values[name.strip()] = value.strip()
    return values


def parse_parameters(kind: type[P], values: Mapping[str, object]) -> P:
    """Parameters from words of the command line.

    Parameters
    ----------
    kind
        Of which flow.
    values
        By name.

    Raises
    ------
    InputError
        If a name is unknown or a value breaks its bounds.

    Examples
    --------
    >>> parse_parameters(AnalysisParameters, {"domain": "f1", "members": "32"}).members
    32
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise InputError(refusal(kind, error)) from error

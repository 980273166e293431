"""Parameters of structural models: what Prefect's page asks for and the command line sets."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from flows.form import TAG, form
from tasks.intervention.structural.questions import Question
from tasks.intervention.structural.settings import FitSettings

FIT_TITLES = {
    "graph": "Causal graph",
    "validate_r2": "Refuse where R² is too low",
    "r2_threshold": "Least R²",
    "test_size": "Part held out",
    "missing": "Missing values",
    "time_limit": "Time limit, seconds",
}
QUERY_TITLES = {
    "model": "Model, by its run",
    "data": "Units of a counterfactual",
    "samples": "Units to draw",
    "replicates": "Refits",
}


class ScmFitParameters(FitSettings):
    """One fit of a structural model."""

    model_config = form("graph", "traces", titles=FIT_TITLES)

    graph: Annotated[
        str,
        Field(
            description="Causal graph: JSON with nodes and edges, or a text with an edge a line, "
            "cause,effect."
        ),
    ] = "data_contracts/examples/line_graph.json"
    traces: Annotated[
        str,
        Field(description="Observations of its nodes: CSV, Parquet or JSON, a column a node."),
    ] = "data_contracts/examples/line_traces.csv"

    @property
    def run_title(self) -> str:
        """Name of the traces."""
        return Path(self.traces).stem

    @property
    def tags(self) -> tuple[str, ...]:
        """As `JobParameters` has it."""
        return TAG, "scm", Path(self.traces).stem

    @property
    def settings(self) -> FitSettings:
        """Quality, test and limits alone."""
        return FitSettings.model_validate(self.model_dump(exclude={"graph", "traces"}))


class ScmQueryParameters(Question):
    """One question to a structural model."""

    model_config = form("model", "kind", "actions", "data", titles=QUERY_TITLES)

    model: Annotated[
        str,
        Field(
            description="Run of the fit, or how its name begins; or the folder of its runs, such "
            "as scm-line, for the latest."
        ),
    ] = "scm-line_traces"
    data: Annotated[
        str | None,
        Field(
            description="CSV, Parquet or JSON, a column a node: needed by a counterfactual, and by "
            "it alone."
        ),
    ] = None

    @property
    def run_title(self) -> str:
        """The model, and what is asked of it."""
        return f"{self.model}: {self.kind} {', '.join(self.actions)}"

    @property
    def tags(self) -> tuple[str, ...]:
        """As `JobParameters` has it."""
        return TAG, "scm", self.model

    @property
    def question(self) -> Question:
        """The question alone."""
        return Question.model_validate(self.model_dump(exclude={"model", "data"}))

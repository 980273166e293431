"""Parameters of structural models: what Prefect's page asks for and the command line sets."""

from typing import Annotated

from pydantic import Field

from tasks.intervention.structural.questions import Question
from tasks.intervention.structural.settings import FitSettings


class ScmFitParameters(FitSettings):
    """One fit of a structural model."""

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
    def settings(self) -> FitSettings:
        """Quality, test and limits alone."""
        return FitSettings.model_validate(self.model_dump(exclude={"graph", "traces"}))


class ScmQueryParameters(Question):
    """One question to a structural model."""

    model: Annotated[
        str,
        Field(
            description="Run of the fit, or how its name begins; or the folder of its runs, such "
            "as scm-line, for the latest."
        ),
    ] = "scm-line_traces"
    data: Annotated[
        str | None,
        Field(description="Units of a counterfactual: CSV, Parquet or JSON, a column a node."),
    ] = None

    @property
    def question(self) -> Question:
        """The question alone."""
        return Question.model_validate(self.model_dump(exclude={"model", "data"}))

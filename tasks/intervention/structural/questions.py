"""Questions to a structural model: what if, drawn anew or for given units."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from tasks.errors import InputError
from tasks.intervention.structural.action import extrapolation_warning
from tasks.intervention.structural.action_grammar import parse_actions
from tasks.intervention.structural.column_values import Column
from tasks.intervention.structural.effect_intervals import (
    REPLICATES,
    counterfactual_effects,
    interventional_effects,
)
from tasks.intervention.structural.queries import counterfactual_samples, interventional_samples
from tasks.intervention.structural.units import make_units
from tasks.intervention.structural_model import StructuralModel
from tasks.seeds import generator


class Question(BaseModel):
    """What a structural model is asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[
        Literal["do", "counterfactual"],
        Field(description="Units drawn anew (do), or what given units would have been."),
    ] = "do"
    actions: Annotated[
        tuple[str, ...],
        Field(
            min_length=1,
            description="X=5 sets, X=+1 or X+=1 shifts up, X-=1 down, X*=2 scales, valid=true sets "
            "a label.",
        ),
    ]
    samples: Annotated[int, Field(ge=100, le=1_000_000, description="Units that do draws.")] = 1000
    replicates: Annotated[
        int,
        Field(ge=20, le=1000, description="Refits on resampled rows, from which intervals come."),
    ] = REPLICATES
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Of all random numbers.")] = 1


@dataclass(frozen=True)
class Answered:
    """The answer.

    Attributes
    ----------
    before, after
        The same units without and with the actions.
    record
        Question, warnings and the effect on each node, ready for JSON.
    """

    before: pd.DataFrame
    after: pd.DataFrame
    record: dict[str, Any]


def ask(
    model: StructuralModel,
    question: Question,
    data: Mapping[str, Column] | None = None,
    workers: int = 1,
) -> Answered:
    """Answer a question.

    Parameters
    ----------
    model
        Fitted mechanisms.
    question
        What if.
    data
        Given units, for a counterfactual and only then.
    workers
        Number of processes; the answer does not depend on it.

    Raises
    ------
    InputError
        If an action or the data do not fit the model, or the counterfactual is not identified.
    """
    if (data is None) == (question.kind == "counterfactual"):
        raise InputError("A counterfactual needs data, and do takes none: it draws units itself.")
    actions = parse_actions(question.actions, model)
    rng = generator(question.seed, "replicates")
    sizes = {"replicates": question.replicates, "workers": workers}
    if data is None:
        draws = generator(question.seed, "units")
        before, after = interventional_samples(model, actions, question.samples, draws)
        effects = interventional_effects(model, actions, before, after, rng=rng, **sizes)
    else:
        before = make_units(data, model)
        after = counterfactual_samples(model, before, actions)
        effects = counterfactual_effects(model, actions, before, after, rng=rng, **sizes)
    warnings = [extrapolation_warning(action, model.train, after) for action in actions]
    record = {
        "question": question.kind,
        "actions": [str(action) for action in actions],
        "units": len(before),
        "replicates": question.replicates,
        "seed": question.seed,
        "warnings": [warning for warning in warnings if warning],
        "effects": [effect.as_record() for effect in effects],
    }
    return Answered(before, after, record)

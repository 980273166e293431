"""Questions to a structural model: units that are given, and answers ready for JSON."""

import json

import numpy as np
import pandas as pd
import pytest

from tasks.errors import InputError
from tasks.intervention.structural.questions import Question, ask
from tasks.intervention.structural.units import make_units
from tasks.intervention.structural_model import StructuralModel

from .hand_built import mixed


@pytest.fixture(scope="module")
def model() -> StructuralModel:
    return mixed()


def given(model: StructuralModel, **changes: object) -> dict[str, object]:
    columns: dict[str, object] = {
        node: model.train[node].head(4).tolist() for node in model.graph.nodes
    }
    return columns | changes


def test_given_units_come_back_as_the_model_knows_them(model: StructuralModel) -> None:
    units = make_units(given(model), model)  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(units, model.train.head(4))


def of_kind(model: StructuralModel, kind: str) -> str:
    return next(node for node in model.graph.nodes if model.kinds[node] == kind)


@pytest.mark.parametrize(
    ("kind", "values", "sentence"),
    [
        ("continuous", [1.0, None, 2.0, 3.0], "misses the one in row 1"),
        ("continuous", ["a", "b", "c", "d"], "knows numbers at"),
        ("categorical", [1, 2, 3, 4], "knows labels at"),
        ("categorical", ["never seen"] * 4, "has not seen the label 'never seen'"),
        ("discrete", [0.5, 1, 2, 3], "knows whole numbers at"),
        ("continuous", [1.0], "All columns must be of one length"),
    ],
)
def test_units_of_another_kind_are_refused(
    kind: str, values: list[object], sentence: str, model: StructuralModel
) -> None:
    with pytest.raises(InputError, match=sentence):
        make_units(given(model, **{of_kind(model, kind): values}), model)  # type: ignore[arg-type]


def test_no_unit_and_strange_columns_are_refused(model: StructuralModel) -> None:
    with pytest.raises(InputError, match="must have a row"):
        make_units({node: [] for node in model.graph.nodes}, model)
    with pytest.raises(InputError, match="must be a node"):
        make_units(given(model, stranger=[1, 2, 3, 4]), model)  # type: ignore[arg-type]


def question(model: StructuralModel, **changes: object) -> Question:
    node = of_kind(model, "continuous")
    values = {"actions": [f"{node}=+1"], "samples": 200, "replicates": 20}
    return Question.model_validate(values | changes)


def test_an_answer_is_ready_for_json_and_repeats_itself(model: StructuralModel) -> None:
    first, second = (ask(model, question(model)) for _ in range(2))
    assert json.loads(json.dumps(first.record, allow_nan=False)) == first.record
    assert first.record == second.record
    assert first.record["units"] == len(first.before) == len(first.after) == 200
    assert [of["node"] for of in first.record["effects"]] == list(model.graph.order)
    pd.testing.assert_frame_equal(first.after, second.after)
    other = ask(model, question(model, seed=2))
    assert not np.array_equal(first.before.to_numpy(), other.before.to_numpy())


def test_an_action_out_of_the_range_of_the_training_values_is_warned_of(
    model: StructuralModel,
) -> None:
    node = of_kind(model, "continuous")
    far = ask(model, question(model, actions=[f"{node}=1e6"]))
    assert any("extrapolate" in warning for warning in far.record["warnings"])


def test_do_takes_no_data_and_a_counterfactual_needs_some(model: StructuralModel) -> None:
    with pytest.raises(InputError, match="do takes none"):
        ask(model, question(model), given(model))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="needs data"):
        ask(model, question(model, kind="counterfactual"))

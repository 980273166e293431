"""Actions read from text, checked, and applied."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import InputError
from tasks.intervention.structural.action import ActionKind, NodeAction, extrapolation_warning
from tasks.intervention.structural.action_grammar import parse_action, parse_actions
from tasks.intervention.structural_model import StructuralModel

from .hand_built import hand_built, mixed

FINITE = st.floats(allow_nan=False, allow_infinity=False)


MIXED = mixed()


@pytest.fixture
def model() -> StructuralModel:
    return MIXED


@pytest.fixture(scope="module")
def odd_names() -> StructuralModel:
    names = ["a", "a=", "a+", "a =b", "수온 (°C)"]
    columns = {name: np.random.default_rng(0).normal(size=20) for name in names}
    return hand_built([("a", "a="), ("a+", "a =b")], columns)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("load=5", "set", 5.0),
        ("load=-5", "set", -5.0),
        ("load = 1e3 ", "set", 1000.0),
        ("load=+1", "shift", 1.0),
        ("load= +1", "shift", 1.0),
        ("load+=1", "shift", 1.0),
        ("load+=-1", "shift", -1.0),
        ("load-=1.5", "shift", -1.5),
        ("load*=1.1", "scale", 1.1),
        ("load*=+2", "scale", 2.0),
        ("errors=3", "set", 3.0),
        ("errors*=2", "scale", 2.0),
        ("alarm=true", "set", "true"),
        ("site = west", "set", "west"),
    ],
)
def test_each_form_of_the_grammar_is_read(
    model: StructuralModel, text: str, kind: ActionKind, value: float | str
) -> None:
    action = parse_action(text, model)
    assert (action.kind, action.value) == (kind, value)
    assert text.startswith(action.node)
    assert type(action.value) is type(value)


@given(value=FINITE)
def test_any_finite_number_is_set_exactly_unless_a_plus_stands_before_it(value: float) -> None:
    model = MIXED
    assert parse_action(f"load={value!r}", model) == NodeAction("load", "set", value)
    assert parse_action(f"load+={value!r}", model) == NodeAction("load", "shift", value)
    assert parse_action(f"load-={value!r}", model) == NodeAction("load", "shift", -value)
    assert parse_action(f"load=+{abs(value)!r}", model) == NodeAction("load", "shift", abs(value))


@pytest.mark.parametrize(
    ("text", "node", "kind"),
    [
        ("a=1", "a", "set"),
        ("a==1", "a=", "set"),
        ("a+=1", "a+", "set"),
        ("a-=1", "a", "shift"),
        ("a =b=1", "a =b", "set"),
        ("a =1", "a", "set"),
        ("수온 (°C)*=2", "수온 (°C)", "scale"),
    ],
)
def test_the_longest_name_that_an_operator_follows_is_the_node(
    odd_names: StructuralModel, text: str, node: str, kind: str
) -> None:
    action = parse_action(text, odd_names)
    assert (action.node, action.kind) == (node, kind)


def test_no_shorter_name_is_tried_where_the_longest_is_given_nonsense(
    odd_names: StructuralModel,
) -> None:
    with pytest.raises(InputError, match=r"'a\+==1': a\+ takes numbers, got '=1'"):
        parse_action("a+==1", odd_names)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("load", "must look like .* got 'load'"),
        ("laod=1", "no node 'laod'; it has 'load'"),
        ("laod += 1", "no node 'laod'; it has 'load'"),
        ("?=1", "no node '\\?'; it has 'alarm', 'delay', 'errors', 'load', 'site', 'temperature'"),
        ("=1", "no node ''"),
        ("load=", "load takes numbers, got ''"),
        ("load=west", "load takes numbers, got 'west'"),
        ("load=+-1", "load takes numbers"),
        ("load=nan", "finite numbers, got 'nan'"),
        ("load*=inf", "finite numbers, got 'inf'"),
        ("load=+1e999", "finite numbers, got '\\+1e999'"),
        ("errors=1.5", "errors is discrete .* got '1.5'"),
        ("errors*=0.5", "errors is discrete"),
        ("errors=3e9", "whole numbers of 32 bits"),
        ("site=east", "got 'east'; it takes 'west'"),
        ("site=3", "got '3'; it takes 'north', 'south', 'west'"),
        ("site=West", "got 'West'; it takes 'west'"),
        ("site+=1", "site is categorical and can only be set"),
        ("site*=north", "site is categorical and can only be set"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_one_sentence(
    model: StructuralModel, text: str, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        parse_action(text, model)


def test_many_labels_are_cut_short(model: StructuralModel) -> None:
    labels = [f"label {number:02}" for number in range(len(model.train))]
    crowded = replace(model, train=model.train.assign(site=labels))
    with pytest.raises(InputError, match=r"'label 07' and 392 more\.$"):
        parse_action("site=?", crowded)


def test_a_label_is_meant_as_written_before_one_with_spaces(model: StructuralModel) -> None:
    train = model.train.assign(site=[" west", "west "] * 200)
    assert parse_action("site=west", replace(model, train=train)).value == " west"
    train = train.assign(site=[" west", "west"] * 200)
    assert parse_action("site=west", replace(model, train=train)).value == "west"


def test_a_node_takes_one_action(model: StructuralModel) -> None:
    actions = parse_actions(["load=+1", "site=west"], model)
    assert [action.node for action in actions] == ["load", "site"]
    with pytest.raises(InputError, match=r"got load\+=1 and load\*=2"):
        parse_actions(["load=+1", "site=west", "load*=2"], model)


@pytest.mark.parametrize("text", ["load=5", "load+=2.5", "load-=3", "load*=1.1", "site=west"])
def test_an_action_is_written_as_it_is_read(model: StructuralModel, text: str) -> None:
    action = parse_action(text, model)
    assert str(action) == text
    assert json.loads(json.dumps(action.as_record())) == {
        "node": action.node,
        "kind": action.kind,
        "value": action.value,
    }


def test_actions_set_shift_and_scale_without_changing_what_they_are_given() -> None:
    values = np.array([1.0, -2.0, 4.0])
    given_values = values.copy()
    assert NodeAction("X", "set", 7.0).apply(values).tolist() == [7, 7, 7]
    assert NodeAction("X", "shift", -1.0).apply(values).tolist() == [0, -3, 3]
    assert NodeAction("X", "scale", 2.0).apply(values).tolist() == [2, -4, 8]
    label = NodeAction("X", "set", "longer than before").apply(np.array(["a", "b"], dtype=object))
    assert label.dtype == object
    assert label.tolist() == ["longer than before"] * 2
    np.testing.assert_array_equal(values, given_values)


def test_values_out_of_the_training_range_are_told_with_their_share() -> None:
    train = pd.DataFrame({"X": [0.0, 10.0]})
    after = pd.DataFrame({"X": [-0.5, 0.0, 10.0, 11.0]})
    sentence = extrapolation_warning(NodeAction("X", "shift", 1.0), train, after)
    assert sentence is not None
    assert "X+=1" in sentence
    assert "0 to 10, in 2 of 4 rows (50.0%)" in sentence
    assert extrapolation_warning(NodeAction("X", "set", 3.0), train, after.iloc[1:3]) is None
    many = pd.DataFrame({"X": [11.0] + [5.0] * 99})
    assert extrapolation_warning(NodeAction("X", "shift", 1.0), train, many) is None
    assert extrapolation_warning(NodeAction("X", "shift", 1.0), train, many.head(99)) is not None
    labels = pd.DataFrame({"X": ["a", "b"]}, dtype=object)
    assert extrapolation_warning(NodeAction("X", "set", "a"), labels, labels) is None

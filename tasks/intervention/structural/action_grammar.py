"""Actions read from short texts and checked against a structural model."""

import math
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from tasks.errors import InputError
from tasks.intervention.structural.action import NodeAction
from tasks.intervention.structural_model import StructuralModel

GRAMMAR = "X=5 sets, X=+1, X+=1 and X-=1 shift, X*=1.1 scales, valid=true sets a label"
MOST_NAMES = 8

_OPERATION = re.compile(r"\s*([-+*]?=)(.*)", re.DOTALL)
_WHOLE = np.iinfo(np.int32)


def parse_actions(texts: Sequence[str], model: StructuralModel) -> tuple[NodeAction, ...]:
    """Read actions on different nodes.

    Raises
    ------
    InputError
        If one breaks a rule of `parse_action`, or two act on the same node.
    """
    actions = tuple(parse_action(text, model) for text in texts)
    first: dict[str, NodeAction] = {}
    for action in actions:
        if action.node in first:
            raise InputError(
                f"A node takes one action, got {first[action.node]} and {action}: join them to one."
            )
        first[action.node] = action
    return actions


def parse_action(text: str, model: StructuralModel) -> NodeAction:
    """Read an action.

    Parameters
    ----------
    text
        ``X=5`` and ``X=-5`` set a number, ``valid=true`` sets a label; ``X=+1``, ``X+=1`` and
        ``X-=1`` shift; ``X*=1.1`` scales. The node is the longest name of the model's with which
        the text begins and after which an operator comes: names may hold any character.
    model
        Whose nodes, kinds and training values the action must suit.

    Raises
    ------
    InputError
        If there is no such node, a categorical node is given what is none of its training labels
        or is to be shifted or scaled, a number is not finite or no number at all, or a discrete
        node is given what is no whole number of 32 bits.
    """
    node, operator, operand = _split(text, model.graph.nodes)
    if model.kinds[node] == "categorical":
        if operator != "=":
            raise InputError(
                f"{text!r}: {node} is categorical and can only be set to a label, as {node}=label."
            )
        return NodeAction(node, "set", _label(text, operand, model.train[node]))
    value = _number(text, node, operand)
    if model.kinds[node] == "discrete" and not (
        value.is_integer() and _WHOLE.min <= value <= _WHOLE.max
    ):
        raise InputError(
            f"{text!r}: {node} is discrete and takes whole numbers of 32 bits, got {operand!r}."
        )
    if operator == "*=":
        return NodeAction(node, "scale", value)
    if operator == "-=":
        return NodeAction(node, "shift", -value)
    shifts = operator == "+=" or operand.startswith("+")
    return NodeAction(node, "shift" if shifts else "set", value)


def _split(text: str, nodes: Sequence[str]) -> tuple[str, str, str]:
    """Node, operator and operand."""
    for node in sorted(nodes, key=len, reverse=True):
        found = _OPERATION.fullmatch(text, len(node)) if text.startswith(node) else None
        if found is not None:
            return node, found[1], found[2].strip()
    found = _OPERATION.search(text)
    if found is None:
        raise InputError(f"An action must look like one of these: {GRAMMAR}; got {text!r}.")
    name = text[: found.start()]
    raise InputError(
        f"{text!r}: the model has no node {name!r}; it has "
        f"{_some(get_close_matches(name, nodes, MOST_NAMES) or nodes)}."
    )


def _label(text: str, operand: str, train: "pd.Series[Any]") -> str:
    labels = sorted(set(train))
    if found := [label for label in labels if label.strip() == operand]:
        return str(min(found, key=lambda label: label != operand))
    raise InputError(
        f"{text!r}: a label must be one that {train.name} takes in the training rows, got "
        f"{operand!r}; it takes {_some(get_close_matches(operand, labels, MOST_NAMES) or labels)}."
    )


def _number(text: str, node: str, operand: str) -> float:
    try:
        value = float(operand)
    except ValueError:
        raise InputError(f"{text!r}: {node} takes numbers, got {operand!r}.") from None
    if not math.isfinite(value):
        raise InputError(f"{text!r}: {node} takes finite numbers, got {operand!r}.")
    return value


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:MOST_NAMES]))
    return f"{shown} and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else shown

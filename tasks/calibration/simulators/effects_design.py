"""Designs of the effects model: its data but for the statistics of the cells."""

from collections.abc import Mapping
from math import gcd
from typing import Any

import numpy as np

from tasks.bayes.arguments import require
from tasks.bayes.stan_data import prepare_data
from tasks.bayes.stan_source import Declaration
from tasks.domain import Node
from tasks.errors import InputError
from tasks.inference.effects_data import effects_data
from tasks.inference.pooling_tree import canonical_order, pooling_tree
from tasks.intervention.replicate_cells import Action

VARIABLES = {
    **dict.fromkeys(("K", "J", "V", "D", "nested", "T", "N"), Declaration("int", 0)),
    "scale": Declaration("real", 0),
    **dict.fromkeys(("level", "node", "parent", "pooled_by", "heavy_tails"), Declaration("int", 1)),
    **dict.fromkeys(("drawn", "fraction"), Declaration("real", 1)),
}
LEVEL_NUMBERS = (1, 2, 3)
DEFAULT_SCALE = 5.0  # per cent
DEFAULT_CELLS = (8, 8)
ACTIONS = {
    ("improve_quality", "orders", "", ""): 1.0,
    ("correct", "orders", "amount", ""): 1.0,
    ("correct", "orders", "amount", "low"): 0.3,
    ("correct", "orders", "amount", "high"): 0.7,
    ("reduce_variance", "orders", "amount", ""): 0.0,
    ("remove_outliers", "orders", "date", ""): 1.0,
    ("reduce_variance", "items", "weight", ""): 1.0,
    ("reduce_variance", "items", "weight", "light"): 0.4,
    ("reduce_variance", "items", "weight", "heavy"): 0.6,
    ("impute_missing", "items", "price", ""): 1.0,
    ("improve_quality", "returns", "", ""): 1.0,
    ("impute_mean", "returns", "", ""): 1.0,
}
"""Intervention, table, column and value range of each default action: its part of its parent's."""


def effects_design(data: Mapping[str, Any]) -> dict[str, Any]:
    """Take the design from data of ``stan/intervention_effects.stan``.

    Parameters
    ----------
    data
        As `effects_data` gives them; the means and the sums of squares are not looked at.

    Returns
    -------
    dict of str to Any
        ``K``, ``J``, ``V``, ``D``, ``nested``, ``scale``, ``level``, ``T``, ``N``, ``node``,
        ``parent``, ``fraction``, ``pooled_by``, ``heavy_tails`` and ``drawn``, counted from 1 as
        in the program.

    Raises
    ------
    InputError
        If a variable is missing, has the wrong size or is out of its bounds, or D is not the
        number of draws that cells of J sub-ensembles and V row blocks see.
    """
    design = prepare_data(VARIABLES, data)
    for name in ("level", "node", "drawn"):
        _check_size(name, design[name].size, "K", design["K"])
    for name in ("parent", "pooled_by", "fraction"):
        _check_size(name, design[name].size, "N", design["N"])
    _check_size("heavy_tails", design["heavy_tails"].size, "levels", len(LEVEL_NUMBERS))
    numbers = np.arange(1, design["N"] + 1)
    for name, is_good, rule in (
        ("J", lambda value: value >= 2, "at least 2"),
        ("V", lambda value: value >= 2, "at least 2"),
        ("scale", lambda value: (value > 0) & np.isfinite(value), "finite and > 0"),
        ("T", lambda value: np.isin(value, numbers), "from 1 to N"),
        ("level", lambda value: np.isin(value, LEVEL_NUMBERS), "1, 2 or 3"),
        ("pooled_by", lambda value: np.isin(value, LEVEL_NUMBERS), "1, 2 or 3"),
        ("node", lambda value: np.isin(value, numbers), "from 1 to N"),
        ("parent", lambda value: (value >= 0) & (value < numbers), "0 or before its child"),
        ("fraction", lambda value: (value >= 0) & (value <= 1), "from 0 to 1"),
        ("heavy_tails", lambda value: np.isin(value, (0, 1)), "0 or 1"),
        ("drawn", lambda value: np.isin(value, (0, 1)), "1 for actions that draw, else 0"),
        ("nested", lambda value: np.isin(value, (0, 1)), "0 or 1"),
    ):
        values = np.asarray(design[name])
        require(name, values, np.asarray(is_good(values)), rule)
    _check_draws(design)
    return design


def _check_size(name: str, size: int, size_name: str, expected: int) -> None:
    if size != expected:
        raise InputError(
            f"Data variable {name!r} must have the size {size_name} = {expected}, got {size}."
        )


def _check_draws(design: Mapping[str, Any]) -> None:
    many = design["J"] // 2 if design["nested"] else gcd(design["J"], design["V"])
    expected = many if design["drawn"].any() else 1
    if design["D"] != expected:
        raise InputError(
            f"Cells of {design['J']} sub-ensembles and {design['V']} row blocks see {expected} "
            f"draw(s), got D = {design['D']}."
        )


def default_design() -> dict[str, Any]:
    """Twelve actions, half of which draw: a table with one action, one with none, one with two."""
    actions = [
        Action(Node(table=table, column=column, range=span), intervention)
        for intervention, table, column, span in ACTIONS
    ]
    order = canonical_order(actions)
    ordered = [actions[k] for k in order]
    tree = pooling_tree(ordered, np.array(list(ACTIONS.values()))[order])
    any_cells = np.random.default_rng(0).normal(size=(len(actions), *DEFAULT_CELLS))
    return effects_design(effects_data(ordered, any_cells, tree) | {"scale": DEFAULT_SCALE})

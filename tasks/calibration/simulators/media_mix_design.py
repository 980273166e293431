"""Designs of the media mix model: its data but for the sales."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from tasks.bayes.arguments import require
from tasks.bayes.stan_data import prepare_data
from tasks.bayes.stan_source import Declaration
from tasks.errors import InputError

SIZES = {
    "spend": ("L + T", "C"),
    "x": ("T", "K"),
    "beta_sd": ("K",),
    **dict.fromkeys(("share_low", "share_high", "share_log_mass", "share_weight"), ("C",)),
    "share_family": ("C",),
    "share_parameters": ("C", "three"),
}
VARIABLES = {
    **dict.fromkeys(("T", "L", "C", "K"), Declaration("int", 0)),
    "y_scale": Declaration("real", 0),
    **{name: Declaration("real", len(sizes)) for name, sizes in SIZES.items()},
    "share_family": Declaration("int", 1),
}
LAWS: dict[int, Any] = {
    1: lambda p: stats.norm(p[0], p[1]),
    2: lambda p: stats.t(p[0], p[1], p[2]),
    3: lambda p: stats.lognorm(p[1], scale=np.exp(p[0])),
    4: lambda p: stats.beta(p[0], p[1]),
    5: lambda p: stats.gamma(p[0], scale=1 / p[1]),
    6: lambda p: stats.uniform(p[0], p[1] - p[0]),
}
"""Laws of a share by their number in the data, given their parameters."""


def default_design() -> dict[str, Any]:
    """A year of two channels: bursts, whose share is believed to be small, and a steady one."""
    n_weeks, n_before = 52, 4
    week = np.arange(-n_before, n_weeks)
    bursts = np.where(week % 9 < 4, 10.0 + 5.0 * (week % 3), 0.0)
    steady = 6.0 + 3.0 * np.sin(week) + week % 5
    waves = 2 * np.pi * week[n_before:] / n_weeks
    x = np.column_stack([np.linspace(-0.5, 0.5, n_weeks), np.sin(waves), np.cos(waves)])
    belief = stats.norm(0.2, 0.1)
    return {
        "T": n_weeks,
        "L": n_before,
        "C": 2,
        "K": 3,
        "y_scale": 1000.0,
        "spend": np.column_stack([bursts, steady]),
        "x": x - x.mean(axis=0),
        "beta_sd": np.array([0.5, 0.3, 0.3]),
        "share_low": np.zeros(2),
        "share_high": np.ones(2),
        "share_family": np.array([1, 6]),
        "share_parameters": np.array([[0.2, 0.1, 0.0], [0.0, 1.0, 0.0]]),
        "share_log_mass": np.array([np.log(belief.cdf(1) - belief.cdf(0)), 0.0]),
        "share_weight": np.array([0.7, 1.0]),
        "likelihood": 1,
    }


def media_mix_design(data: Mapping[str, Any]) -> dict[str, Any]:
    """Take the design from data of ``stan/media_mix.stan``.

    Parameters
    ----------
    data
        Of the program; the sales are not looked at.

    Raises
    ------
    InputError
        If a variable is missing, has the wrong size or is out of its bounds.
    """
    design = prepare_data(VARIABLES, data)
    numbers = {name: design[name] for name in ("T", "L", "C", "K")}
    numbers |= {"L + T": design["L"] + design["T"], "three": 3}
    for name, sizes in SIZES.items():
        expected = tuple(numbers[size] for size in sizes)
        if design[name].shape != expected:
            raise InputError(
                f"Data variable {name!r} must have the shape {expected}, got {design[name].shape}."
            )
    for name, is_good, rule in (
        ("y_scale", lambda value: value > 0, "> 0"),
        ("spend", lambda value: value >= 0, ">= 0"),
        ("beta_sd", lambda value: value > 0, "> 0"),
        ("share_family", lambda value: np.isin(value, list(LAWS)), "from 1 to 6"),
        ("share_weight", lambda value: (value >= 0) & (value <= 1), "from 0 to 1"),
    ):
        values = np.asarray(design[name])
        require(name, values, np.asarray(is_good(values)), rule)
    return design | {"likelihood": 1}


def share_law(design: Mapping[str, Any], channel: int) -> Any:
    """Law of a channel's share, not cut to [0, 1], as a frozen distribution of SciPy."""
    return LAWS[int(design["share_family"][channel])](design["share_parameters"][channel])

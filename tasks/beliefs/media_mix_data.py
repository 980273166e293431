"""Weeks and beliefs as the data of ``stan/media_mix.stan``."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from tasks.beliefs.belief import Belief, Law
from tasks.beliefs.cut_law import cut_law
from tasks.beliefs.media_mix_weeks import Floats, Weeks, weeks_of_period
from tasks.contract_checks import PARAMETERS
from tasks.domain import MediaMix
from tasks.errors import InputError

FAMILIES = tuple(PARAMETERS)
"""In the order of their numbers in the program, from 1 on."""
DAYS_A_YEAR = 365.25
TREND_SD = 0.5
SEASON_SD = 0.3
CONTROL_SD = 0.3
"""Prior sds in units of mean sales: of the trend from the first week to the last, of a wave's
amplitudes, and of what a control's standard deviation does. Half or a third of all sales is much
for each, so that the data decide."""
REFERENCE = Belief.of("uniform", {"low": 0.0, "high": 1.0}, 0.0, 1.0)
"""Prior of a share where nothing is believed of it."""


@dataclass(frozen=True)
class MediaMixData:
    """What the program is given but for the priors of the shares.

    Attributes
    ----------
    program
        By the names of its data block.
    channels
        In the order of the program's columns.
    columns
        Names of trend, season and controls, in the order of the program's columns.
    weeks
        As read; ``known_before`` of them says how much of the memory is filled with mean spends.
    """

    program: dict[str, Any]
    channels: tuple[str, ...]
    columns: tuple[str, ...]
    weeks: Weeks

    @property
    def n_parameters(self) -> int:
        """Of the program: share, decay, half of each channel, a coefficient a column, and four."""
        return 3 * len(self.channels) + len(self.columns) + 4


def media_mix_data(
    frame: pl.DataFrame, block: MediaMix, *, months: int = 24, until: date | None = None
) -> MediaMixData:
    """Data of the program from a table of weeks.

    Parameters
    ----------
    frame, block, months, until
        As of `tasks.beliefs.media_mix_weeks.weeks_of_period`.

    Raises
    ------
    InputError
        As `weeks_of_period` does, or if a control is constant or follows from trend, season and
        the controls before it.
    """
    weeks = weeks_of_period(frame, block, months=months, until=until)
    columns, x, beta_sd = _linear_part(weeks, block)
    program = {
        "T": len(weeks.sales),
        "L": len(weeks.spends) - len(weeks.sales),
        "C": len(block.channels),
        "K": len(columns),
        "y": weeks.sales,
        "y_scale": float(weeks.sales.mean()),
        "spend": weeks.spends,
        "x": x,
        "beta_sd": beta_sd,
        "likelihood": 1,
    }
    return MediaMixData(program, tuple(block.channels), columns, weeks)


def share_priors(channels: Sequence[str], beliefs: Mapping[str, Belief]) -> dict[str, Any]:
    """Priors of the shares as data of the program.

    Parameters
    ----------
    channels
        Names in the order of the program's columns.
    beliefs
        By channel; a channel without one has the uniform reference prior. A belief is one law
        between 0 and 1, or a mixture of one and of the uniform law.

    Raises
    ------
    InputError
        If a belief is on no channel, is not bounded by 0 and 1, or is another mixture.

    Examples
    --------
    >>> share_priors(["tv"], {"tv": Belief.of("beta", {"alpha": 2.0, "beta": 6.0}, 0, 1)})[
    ...     "share_parameters"
    ... ]
    array([[2., 6., 0.]])
    """
    unknown = [name for name in beliefs if name not in channels]
    if unknown:
        raise InputError(
            f"There is no channel {unknown[0]!r} to have a belief on; choose one of "
            f"{', '.join(channels)}."
        )
    priors = [_share_prior(name, beliefs.get(name, REFERENCE)) for name in channels]
    return {name: np.array([prior[name] for prior in priors]) for name in priors[0]}


def _share_prior(channel: str, belief: Belief) -> dict[str, Any]:
    if belief.bounds != (0.0, 1.0):
        raise InputError(f"A share lies between 0 and 1: bound the belief on {channel} so.")
    (uniform,) = REFERENCE.laws
    own: list[Law] = [law for law in belief.laws if law.parameters != uniform.parameters]
    if len(own) > 1 or len(belief.laws) > 2:
        raise InputError(
            "The belief on a share must be one law, or a mixture of one and of the uniform law "
            f"between 0 and 1; that on {channel} is {belief}."
        )
    law = own[0] if own else uniform
    low, high = belief.support()
    parameters = [law.parameters[name] for name in PARAMETERS[law.family]]
    mass = cut_law(law.family, law.parameters, 0.0, 1.0).mass
    return {
        "share_low": low,
        "share_high": high,
        "share_family": FAMILIES.index(law.family) + 1,
        "share_parameters": [*parameters, *[0.0] * (3 - len(parameters))],
        "share_log_mass": min(math.log(mass), 0.0),
        "share_weight": law.weight if own else 1.0,
    }


def _linear_part(weeks: Weeks, block: MediaMix) -> tuple[tuple[str, ...], Floats, Floats]:
    """Names, values (T, K) and prior sds (K,) of trend, season and standardised controls."""
    n_weeks = len(weeks.begin)
    phase = 2 * np.pi * weeks.begin.astype("datetime64[D]").astype(np.float64) / DAYS_A_YEAR
    terms = [("trend", np.linspace(-0.5, 0.5, n_weeks), TREND_SD)]
    for wave in range(1, block.harmonics + 1):
        terms.append((f"season sine {wave}", np.sin(wave * phase), SEASON_SD))
        terms.append((f"season cosine {wave}", np.cos(wave * phase), SEASON_SD))
    for name, values in zip(block.controls, weeks.controls.T, strict=True):
        spread = values.std(ddof=1)
        if not spread > 0:
            raise InputError(
                f"Control {name} is {values[0]:g} in all {n_weeks} weeks and tells nothing: leave "
                "it out, or choose another period."
            )
        terms.append((f"control {name}", values / spread, CONTROL_SD))
    names, columns, sds = zip(*terms, strict=True)
    x = np.column_stack(columns)
    x -= x.mean(axis=0)
    for last in range(1, len(names) + 1):
        if np.linalg.matrix_rank(x[:, :last]) < last:
            raise InputError(
                f"{names[last - 1].capitalize()} follows from trend, season and the controls "
                "before it: leave it out."
            )
    return names, x, np.array(sds)

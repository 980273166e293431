"""Sufficient statistics of a table's columns, streamed, and the likelihood they imply."""

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Literal

import numpy as np
import polars as pl
from pydantic import Field, FiniteFloat

from tasks.beliefs.belief import Belief
from tasks.beliefs.cut_law import Floats
from tasks.domain_tables import Frozen
from tasks.errors import InputError

Kind = Literal["number", "boolean"]
LEAST = {"number": 4, "boolean": 2}
"""Rows from which a mean can be assessed: of 3 numbers its likelihood has no variance yet."""


class Moments(Frozen):
    """Sufficient statistics of a column for its mean.

    Attributes
    ----------
    n
        Rows that count.
    missing
        Rows that do not: empty, NaN or infinite.
    mean, variance
        Of the rows that count, the variance with the divisor n - 1; None where there are too few.
    kind
        Of a boolean the mean is the share of true.
    """

    n: Annotated[int, Field(ge=0)]
    missing: Annotated[int, Field(ge=0)]
    mean: FiniteFloat | None
    variance: Annotated[FiniteFloat, Field(ge=0)] | None
    kind: Kind

    def __str__(self) -> str:
        """How many rows count, and how many do not."""
        left_out = f", {self.missing:,} missing or not finite left out" if self.missing else ""
        return f"{self.n:,} rows{left_out}"


def sufficient_statistics(
    frame: pl.LazyFrame,
    columns: Sequence[str],
    time: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> dict[str, Moments]:
    """Count, mean and variance of columns in one streamed pass over a table.

    Each part of the table gives squares about its own mean, so a large mean takes nothing away
    from the variance.

    Parameters
    ----------
    frame
        Scan of a file, say; never held in memory as a whole.
    columns
        Numbers or booleans.
    time
        Column of dates or moments that the period is taken by.
    since, until
        First and last day of the period, both inside; None leaves an end open. A row without a
        time is in no period.

    Raises
    ------
    InputError
        If a column is missing or of another type, or a period is given without a time column.

    References
    ----------
    Chan, Golub & LeVeque (1983), Algorithms for Computing the Sample Variance, American
    Statistician 37, 242-247.

    Examples
    --------
    >>> frame = pl.LazyFrame({"price": [1.0, 2.0, None, 6.0], "sold": [True, False, True, True]})
    >>> found = sufficient_statistics(frame, ["price", "sold"])
    >>> print(found["price"].mean, found["price"].variance, "from", found["price"])
    3.0 7.0 from 3 rows, 1 missing or not finite left out
    >>> found["sold"].mean
    0.75
    """
    schema = frame.collect_schema()
    kinds = {name: _kind(schema, name) for name in columns}
    period = _in_period(frame, schema, time, since, until)
    values = {name: _finite(name) for name in columns}
    counts = (
        expression.alias(f"{what} {name}")
        for name, value in values.items()
        for what, expression in (("n", value.count()), ("mean", value.mean()), ("var", value.var()))
    )
    row = (
        period.select(pl.len().alias("rows"), *counts)
        .collect(engine="streaming")
        .row(0, named=True)
    )
    return {
        name: Moments(
            n=row[f"n {name}"],
            missing=row["rows"] - row[f"n {name}"],
            mean=row[f"mean {name}"],
            variance=row[f"var {name}"],
            kind=kind,
        )
        for name, kind in kinds.items()
    }


def log_likelihood_of(moments: Moments) -> Callable[[Floats], Floats]:
    """Log likelihood of a column's mean, up to a constant.

    Of a number with unknown variance, that integrated out under Jeffreys' prior: with n rows, mean
    m and variance s2, ``-n / 2 * log(1 + n * (m - mu)**2 / ((n - 1) * s2))``. Of a boolean that of
    independent cases.

    Raises
    ------
    InputError
        If there are fewer than 4 numbers (2 booleans), or the numbers are all equal.

    References
    ----------
    Box & Tiao (1973), Bayesian Inference in Statistical Analysis, 2.4.
    """
    n, mean, variance = _assessable(moments)
    if moments.kind == "boolean":
        true = n * mean
        return lambda p: true * np.log(p) + (n - true) * np.log1p(-p)
    scale = (n - 1) * variance / n
    return lambda mu: -n / 2 * np.log1p((mean - mu) ** 2 / scale)


def reference_prior(
    of: Moments | tuple[float, float], low: float | None = None, high: float | None = None
) -> Belief:
    """Prior that stands for knowing little: uniform between bounds, else of unit information.

    Parameters
    ----------
    of
        Moments of the data, or an estimate and the standard deviation of one observation.
    low, high
        Bounds of the quantity; a share of true lies between 0 and 1 in any case.

    Raises
    ------
    InputError
        If the moments do not say enough (`log_likelihood_of`), or as of `unit_information`.

    Examples
    --------
    >>> print(reference_prior((0.3, 0.2), 0, 1), "|", reference_prior((0.3, 0.2), low=0))
    uniform(low 0, high 1) between 0 and 1 | normal(mean 0.3, sd 0.2) above 0
    """
    if isinstance(of, Moments):
        _, estimate, variance = _assessable(of)
        if of.kind == "boolean":
            low, high = 0.0 if low is None else low, 1.0 if high is None else high
        of = estimate, math.sqrt(variance)
    if low is not None and high is not None:
        return Belief.of("uniform", {"low": low, "high": high}, low, high)
    return unit_information(*of, low, high)


def unit_information(
    estimate: float, unit_sd: float, low: float | None = None, high: float | None = None
) -> Belief:
    """Normal prior that knows as much as one observation, cut to the bounds of the quantity.

    Raises
    ------
    InputError
        If the standard deviation of one observation is not above 0.

    References
    ----------
    Kass & Wasserman (1995), A Reference Bayesian Test for Nested Hypotheses and its Relationship to
    the Schwarz Criterion, Journal of the American Statistical Association 90, 928-934.
    """
    if not unit_sd > 0:
        raise InputError(f"the deviation of one observation must be above 0, got {unit_sd:g}")
    return Belief.of("normal", {"mean": estimate, "sd": unit_sd}, low, high)


def _assessable(moments: Moments) -> tuple[int, float, float]:
    """Count, mean and variance, or an InputError where they say nothing of the mean."""
    least = LEAST[moments.kind]
    if moments.n < least or moments.mean is None or moments.variance is None:
        raise InputError(
            f"the mean cannot be assessed: at least {least} {moments.kind}s are needed, got "
            f"{moments}"
        )
    if moments.kind == "number" and moments.variance == 0:
        raise InputError(
            f"the mean cannot be assessed: all numbers equal {moments.mean:g} ({moments})"
        )
    return moments.n, moments.mean, moments.variance


def _kind(schema: pl.Schema, name: str) -> Kind:
    dtype = schema.get(name)
    if dtype is None:
        raise InputError(f"there is no column {name!r}; there are {', '.join(schema.names())}")
    if dtype == pl.Boolean:
        return "boolean"
    if not dtype.is_numeric():
        raise InputError(f"column {name!r} must hold numbers or booleans, got {dtype}")
    return "number"


def _finite(name: str) -> pl.Expr:
    value = pl.col(name).cast(pl.Float64)
    return pl.when(value.is_finite()).then(value)


def _in_period(
    frame: pl.LazyFrame, schema: pl.Schema, time: str | None, since: date | None, until: date | None
) -> pl.LazyFrame:
    if since is None and until is None:
        return frame
    dtype = None if time is None else schema.get(time)
    if time is None or dtype is None or not dtype.is_temporal():
        raise InputError(f"a period needs a column of dates or moments, got {time!r} of {dtype}")
    day = pl.col(time).cast(pl.Date)
    if since is not None:
        frame = frame.filter(day >= since)
    return frame if until is None else frame.filter(day <= until)

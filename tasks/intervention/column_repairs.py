"""Repairs of a column that leave nothing to chance: the column before, the column after."""

import numpy as np
import polars as pl

SHRINKAGE = 0.5
FENCE = 1.5


def impute_mean(values: pl.Series, clean: pl.Series) -> pl.Series:
    """Replace every cell by the mean of the clean ones, or by their most frequent value.

    Parameters
    ----------
    values
        The column. Texts and Booleans have no mean; of values that are equally frequent the first
        in order is taken.
    clean
        Which of its cells are clean: at least one.

    Returns
    -------
    polars.Series
        The column after; a column of numbers is Float64.

    Examples
    --------
    >>> clean = pl.Series([True, True, False, False])
    >>> impute_mean(pl.Series([1, 3, None, 99]), clean).to_list()
    [2.0, 2.0, 2.0, 2.0]
    """
    known = values.filter(clean)
    if values.dtype.is_numeric():
        return pl.repeat(known.mean(), len(values), dtype=pl.Float64, eager=True)
    typical = known.mean() if values.dtype.is_temporal() else known.mode().sort()[0]
    return pl.repeat(typical, len(values), dtype=values.dtype, eager=True)


def reduce_variance(values: pl.Series, clean: pl.Series) -> pl.Series:
    """Bring every number halfway to the mean of the clean ones.

    Parameters
    ----------
    values
        The column; a missing value stays missing.
    clean
        Which of its cells are clean: at least one.

    Returns
    -------
    polars.Series
        The column after, Float64.

    Examples
    --------
    >>> reduce_variance(pl.Series([1, 3, None]), pl.Series([True, True, False])).to_list()
    [1.5, 2.5, None]
    """
    centre = float(values.filter(clean).to_numpy().mean())
    return (values.cast(pl.Float64) - centre) * SHRINKAGE + centre


def remove_outliers(values: pl.Series, clean: pl.Series) -> pl.Series:
    """Clip every number to [Q1 - 1.5 IQR, Q3 + 1.5 IQR] of the clean ones.

    Parameters
    ----------
    values
        The column; a missing value stays missing.
    clean
        Which of its cells are clean: at least one.

    Returns
    -------
    polars.Series
        The column after, Float64.

    References
    ----------
    Tukey (1977), Exploratory Data Analysis, for the fences.

    Examples
    --------
    >>> remove_outliers(pl.Series([1, 2, 3, 4, 5, 90]), pl.Series([True] * 5 + [False])).to_list()
    [1.0, 2.0, 3.0, 4.0, 5.0, 7.0]
    """
    low, high = np.quantile(values.filter(clean).to_numpy(), [0.25, 0.75])
    fence = FENCE * (high - low)
    return values.cast(pl.Float64).clip(low - fence, high + fence)

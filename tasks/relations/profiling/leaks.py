"""Columns that probably tell the target: alone, or a few of them by a sum."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tasks.relations.profiling.columns import ColumnProfile
from tasks.table_checks import NUMERIC

FloatArray = npt.NDArray[np.float64]

MOST_ROWS = 20_000
"""Rows that are looked at, evenly over the table."""
LEAST_ROWS = 50
LEAF = 5
"""Rows that must agree before a value counts as telling."""
FOLDS = 5
TELLS = 0.9
"""Share of the target's variance, or of the best constant's errors, from which a column leaks."""
EXACT = 0.9999
"""The same for a sum of columns."""
MOST_TERMS = 3


@dataclass(frozen=True)
class Leak:
    """Columns of the target's own table that tell it.

    Attributes
    ----------
    columns
        Names.
    share
        Of the target's variance that they tell in rows that were left out, or of the errors of the
        best constant.
    """

    columns: tuple[str, ...]
    share: float


def find_leaks(
    columns: Mapping[str, ColumnProfile], target: str, keys: tuple[str, ...], *, is_class: bool
) -> list[Leak]:
    """Find columns beside the target that determine it, or were computed from it.

    Parameters
    ----------
    columns
        Of the target's table.
    target
        Its name.
    keys
        Columns that only name rows or others' rows.
    is_class
        Whether the target is a class.
    """
    known = columns[target].values.is_not_null().arg_true()
    rows = known.gather(np.unique(np.linspace(0, len(known) - 1, MOST_ROWS).astype(np.int64)))
    if len(rows) < LEAST_ROWS:
        return []
    y = _codes(columns[target].values.gather(rows))
    others = {
        name: _codes(found.values.gather(rows))
        for name, found in columns.items()
        if name not in (target, *keys) and found.distinct > 1
    }
    shares = {name: _told_alone(x, y, is_class) for name, x in others.items()}
    leaks = [Leak((name,), share) for name, share in shares.items() if share >= TELLS]
    if not is_class:
        alone = {name for leak in leaks for name in leak.columns}
        numbers = {
            name: x
            for name, x in others.items()
            if columns[name].type in NUMERIC and name not in alone and not np.isnan(x).any()
        }
        leaks += _sums(numbers, y)
    return leaks


def _codes(values: pl.Series) -> FloatArray:
    """Numbers as they are, others by the order of their values; NaN where missing."""
    ordered = values if values.dtype.is_numeric() else values.rank("dense")
    return ordered.cast(pl.Float64).to_numpy()


def _told_alone(x: FloatArray, y: FloatArray, is_class: bool) -> float:
    """What a tree makes of one column in rows that it was not fitted to."""
    make = DecisionTreeClassifier if is_class else DecisionTreeRegressor
    tree = make(min_samples_leaf=LEAF, random_state=0)
    folds = KFold(FOLDS, shuffle=True, random_state=0)
    told = cross_val_predict(tree, x[:, None], y, cv=folds)
    if is_class:
        _, counts = np.unique(y, return_counts=True)
        return float(1 - (told != y).mean() / max(1 - counts.max() / len(y), 1 / len(y)))
    return _share(y, told)


def _share(y: FloatArray, told: FloatArray) -> float:
    return float(1 - np.square(y - told).sum() / np.square(y - y.mean()).sum())


def _sums(numbers: Mapping[str, FloatArray], y: FloatArray) -> list[Leak]:
    """The fewest numbers whose weighted sum is the target, added one by one."""
    chosen: list[str] = []
    while len(chosen) < min(MOST_TERMS, len(numbers)):
        shares = {
            name: _told_by_sum([*(numbers[one] for one in chosen), x], y)
            for name, x in numbers.items()
            if name not in chosen
        }
        chosen.append(max(shares, key=lambda name: shares[name]))
        if shares[chosen[-1]] >= EXACT:
            return [Leak(tuple(chosen), shares[chosen[-1]])]
    return []


def _told_by_sum(terms: list[FloatArray], y: FloatArray) -> float:
    design = np.column_stack([np.ones_like(y), *terms])
    weights, *_ = np.linalg.lstsq(design, y, rcond=None)
    return _share(y, design @ weights)

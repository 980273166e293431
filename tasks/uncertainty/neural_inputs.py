"""Rows with gaps and category codes as the numbers that a neural network takes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.uncertainty.protocol import FloatArray, IntArray

FloatArray32 = npt.NDArray[np.float32]

SMALLEST_SPREAD = 1e-12  # share of a column's largest value: below it, a spread is rounding
FURTHEST = 1e6  # standard deviations; n rows hold none beyond sqrt(n)


@dataclass(frozen=True)
class InputCoding:
    """How a row of p features becomes d inputs: numbers, then gaps, then categories.

    Attributes
    ----------
    n_columns
        p.
    numbers
        The columns that hold numbers, shape (k,).
    means, spreads
        Of these in the training rows, shape (k,); a spread is 1 where a column does not vary.
    gaps
        The columns of numbers with missing values in the training rows.
    categorical
        The columns that hold category codes.
    codes
        The codes of each of these in the training rows, ascending.
    """

    n_columns: int
    numbers: IntArray
    means: FloatArray
    spreads: FloatArray
    gaps: IntArray
    categorical: tuple[int, ...]
    codes: tuple[FloatArray, ...]

    @property
    def n_inputs(self) -> int:
        """d, the number of inputs."""
        return len(self.numbers) + len(self.gaps) + sum(len(codes) for codes in self.codes)

    def transform(self, x: FloatArray) -> FloatArray32:
        """Inputs of a network.

        Parameters
        ----------
        x
            Rows, shape (N, p); NaN is missing.

        Returns
        -------
        numpy.ndarray
            Shape (N, d): standardised numbers, 0 where missing; for each column of `gaps`, 1 where
            it is missing, else 0; for each code, 1 where a row has it, else 0, so that a missing
            category and one that the training rows lack are all zeros.
        """
        scaled = x[:, self.numbers] / self.spreads - self.means / self.spreads
        numbers = np.clip(np.nan_to_num(scaled), -FURTHEST, FURTHEST)
        gaps = np.isnan(x[:, self.gaps])
        one_hot = [
            x[:, [column]] == codes
            for column, codes in zip(self.categorical, self.codes, strict=True)
        ]
        return np.concatenate([numbers, gaps, *one_hot], axis=1, dtype=np.float32)


def fit_inputs(x: FloatArray, categorical: Sequence[int]) -> InputCoding:
    """Learn the coding from training rows.

    Parameters
    ----------
    x
        Rows, shape (N, p); NaN is missing.
    categorical
        The columns that hold category codes.

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [3.0, 2.0], [np.nan, 2.0]])
    >>> fit_inputs(rows, categorical=(1,)).transform(rows)
    array([[-1.,  0.,  1.,  0.],
           [ 1.,  0.,  0.,  1.],
           [ 0.,  1.,  0.,  1.]], dtype=float32)
    """
    numbers = np.setdiff1d(np.arange(x.shape[1]), np.asarray(categorical, dtype=np.int64))
    moments = [_mean_and_spread(x[:, column]) for column in numbers]
    present = [x[~np.isnan(x[:, column]), column] for column in categorical]
    return InputCoding(
        n_columns=x.shape[1],
        numbers=numbers,
        means=np.array([mean for mean, _ in moments], dtype=np.float64),
        spreads=np.array([spread for _, spread in moments], dtype=np.float64),
        gaps=numbers[np.isnan(x[:, numbers]).any(axis=0)],
        categorical=tuple(int(column) for column in categorical),
        codes=tuple(np.unique(codes) for codes in present),
    )


def _mean_and_spread(column: FloatArray) -> tuple[float, float]:
    """Of the values that are there, in units of the largest: squares do not overflow."""
    values = column[~np.isnan(column)]
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0:
        return 0.0, 1.0
    relative = values / largest
    spread = float(relative.std())
    varies = spread > SMALLEST_SPREAD
    return float(relative.mean()) * largest, spread * largest if varies else 1.0

"""Units with an estimated effect and its known standard error: read from a CSV file, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from tasks.errors import InputError
from tasks.relations.csv_files import read_csv

FloatArray = npt.NDArray[np.float64]

FEWEST, MOST = 3, 1000
"""Units: below the first nothing can be said of their spread; above the second draws fill GBs."""
COLUMNS = ("label", "y", "sigma")
LOG_PRECISION = "log precision"
"""Name of the regressor that the standard errors make; no covariate may have it."""
SHOWN = 5


@dataclass(frozen=True)
class Units:
    """J units.

    Attributes
    ----------
    labels
        Their names.
    y
        Estimated effects, shape (J,).
    sigma
        Standard errors, shape (J,), in the unit of `y`.
    covariates
        Further numbers of each unit, shape (J,), by name.
    """

    labels: tuple[str, ...]
    y: FloatArray
    sigma: FloatArray
    covariates: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not FEWEST <= len(self.labels) <= MOST:
            raise InputError(
                f"A comparison needs {FEWEST} to {MOST} units, got {len(self.labels)}: "
                + (
                    "their spread cannot be told from fewer."
                    if len(self.labels) < FEWEST
                    else "pool neighbouring units into one estimate, or take a sample of them."
                )
            )
        _check_labels(self.labels)
        for name, values in self.columns.items():
            _check_finite(name, values, self.labels)
        _check(
            self.sigma > 0, self.labels, self.sigma, "Every standard error sigma must be above 0"
        )
        if LOG_PRECISION in self.covariates:
            raise InputError(
                f"No covariate may be named {LOG_PRECISION!r}, as that of the standard errors is: "
                "rename the column."
            )
        for name, values in self.covariates.items():
            if np.ptp(values) == 0:
                raise InputError(
                    f"Covariate {name!r} must differ between units, got {values[0]:g} for all."
                )
        if len(self.covariates) > len(self.labels) - 2:
            raise InputError(
                f"{len(self.labels)} units can tell of at most {len(self.labels) - 2} covariates, "
                f"got {len(self.covariates)}."
            )

    @property
    def columns(self) -> dict[str, FloatArray]:
        """All numbers by name."""
        return {"y": self.y, "sigma": self.sigma, **self.covariates}

    @property
    def log_precision(self) -> FloatArray | None:
        """Logarithm of 1 / sigma^2, standardised; None where all standard errors are equal."""
        return None if np.ptp(self.sigma) == 0 else standardised(-2 * np.log(self.sigma))


def standardised(values: FloatArray) -> FloatArray:
    """Values less their mean, over their standard deviation (J - 1), shape (J,)."""
    return np.asarray((values - values.mean()) / values.std(ddof=1))


def read_units(path: Path) -> Units:
    """Read units from a CSV file with the columns label, y, sigma; all others are covariates.

    Raises
    ------
    InputError
        If the file is missing or no CSV, a column is missing or not numeric, there are fewer than
        3 units or more than 1000, a label is empty or comes twice, a value is missing or not
        finite, a standard error is not above 0, or a covariate is constant or named log precision.
    """
    if not path.is_file():
        raise InputError(f"There is no data file {str(path)!r}.")
    frame = read_csv(path, COLUMNS)
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise InputError(
            f"{path} must have the columns label, y and sigma; it lacks {', '.join(missing)} and "
            f"has {', '.join(frame.columns)}."
        )
    labels = tuple(frame["label"].fill_null("").str.strip_chars().to_list())
    names = ["y", "sigma", *(name for name in frame.columns if name not in COLUMNS)]
    numbers = {name: _numbers(frame[name], labels) for name in names}
    return Units(labels, numbers.pop("y"), numbers.pop("sigma"), numbers)


def _numbers(texts: pl.Series, labels: tuple[str, ...]) -> FloatArray:
    numbers = texts.str.strip_chars().cast(pl.Float64, strict=False)
    wrong = (numbers.is_null() & texts.is_not_null()).arg_true()
    if len(wrong):
        raise InputError(
            f"Column {texts.name!r} must hold numbers, got {texts[wrong[0]]!r} for "
            f"{labels[wrong[0]]!r}."
        )
    return numbers.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _check_labels(labels: tuple[str, ...]) -> None:
    if "" in labels:
        raise InputError(f"Every unit must have a label, row {labels.index('') + 1} has none.")
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        more = f" and {len(twice) - SHOWN} more" if len(twice) > SHOWN else ""
        raise InputError(
            f"Every label must come once, got {', '.join(map(repr, twice[:SHOWN]))}{more} more "
            "than once: combine its estimates, or name them apart."
        )


def _check_finite(name: str, values: FloatArray, labels: tuple[str, ...]) -> None:
    if values.shape != (len(labels),):
        raise InputError(
            f"Column {name!r} must have one number a unit, got the shape {values.shape} for "
            f"{len(labels)} units."
        )
    _check(np.isfinite(values), labels, values, f"Every value of {name} must be a finite number")


def _check(good: npt.NDArray[np.bool_], labels: tuple[str, ...], of: FloatArray, rule: str) -> None:
    wrong = np.flatnonzero(~good)
    if len(wrong):
        more = f" and {len(wrong) - 1} more are wrong" if len(wrong) > 1 else ""
        what = "none" if np.isnan(of[wrong[0]]) else f"{of[wrong[0]]:g}"
        raise InputError(f"{rule}, got {what} for {labels[wrong[0]]!r}{more}.")

"""How often the comparison recommends the model that made the data, and how often a check errs.

Run as ``python tests/benchmarks/comparison_confusion.py [SETS [UNITS]]``; it prints two tables:
recommendations by truth, and the share of data sets on which each criterion fails a model on data
from that very model. About 5 s of a core a data set.
"""

import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from tasks.inference.comparison.candidates import CANDIDATES
from tasks.inference.comparison.compare import compare_models
from tasks.inference.comparison.record import ModelName
from tasks.inference.comparison.settings import ComparisonSettings
from tasks.inference.comparison.units import FloatArray, Units, standardised
from tasks.seeds import generator

MU, SPREAD = 8.0, 3.0
SLOPE = 12.0
OUTLIER = 90.0
WORKERS = 2

Effects = Callable[[FloatArray, FloatArray, np.random.Generator], FloatArray]


@dataclass(frozen=True)
class Truth:
    """A way to make true effects from standard errors and a covariate, and its model."""

    model: ModelName
    effects: Effects
    has_covariate: bool = False


def homogeneous(sigma: FloatArray, x: FloatArray, rng: np.random.Generator) -> FloatArray:
    return np.full(sigma.size, MU)


def heterogeneous(sigma: FloatArray, x: FloatArray, rng: np.random.Generator) -> FloatArray:
    return rng.normal(MU, 25.0, sigma.size)


def with_outlier(sigma: FloatArray, x: FloatArray, rng: np.random.Generator) -> FloatArray:
    theta = rng.normal(MU, SPREAD, sigma.size)
    theta[rng.integers(sigma.size)] += OUTLIER
    return theta


def by_precision(sigma: FloatArray, x: FloatArray, rng: np.random.Generator) -> FloatArray:
    return rng.normal(MU - SLOPE * standardised(-2 * np.log(sigma)), SPREAD)


def by_covariate(sigma: FloatArray, x: FloatArray, rng: np.random.Generator) -> FloatArray:
    return rng.normal(MU + SLOPE * x, SPREAD)


TRUTHS = {
    "homogeneity": Truth("complete_pooling", homogeneous),
    "strong heterogeneity": Truth("hierarchical_noncentered", heterogeneous),
    "one outlier": Truth("hierarchical_student_t", with_outlier),
    "precision": Truth("precision_regression", by_precision),
    "covariate": Truth("hierarchical_covariates", by_covariate, has_covariate=True),
}


@dataclass(frozen=True)
class Outcome:
    """What came of one data set: the recommendation, and which criteria the true model failed."""

    truth: str
    recommended: str
    checks: dict[str, str]
    held: float


def data_set(truth: str, number: int, n_units: int) -> tuple[Units, FloatArray]:
    """Units of one data set with their true effects."""
    rng = generator(number, truth)
    sigma = np.exp(rng.normal(np.log(11), 0.4, n_units))
    x = standardised(rng.normal(size=n_units))
    made = TRUTHS[truth]
    theta = made.effects(sigma, x, rng)
    labels = tuple(f"unit {j}" for j in range(n_units))
    covariates = {"x": x} if made.has_covariate else {}
    return Units(labels, rng.normal(theta, sigma), sigma, covariates), theta


def outcome(n_units: int, truth: str, number: int) -> Outcome:
    """Compare the models on one data set."""
    units, theta = data_set(truth, number, n_units)
    found, _ = compare_models(units, ComparisonSettings(), seed=number, workers=1)
    models = {model.name: model for model in found.models}
    own = models.get(TRUTHS[truth].model)
    best = models.get(found.recommended) if found.recommended else None
    held = (
        [of.theta.low <= true <= of.theta.high for of, true in zip(best.units, theta, strict=True)]
        if best
        else []
    )
    return Outcome(
        truth,
        found.recommended or "none",
        {of.check: of.status for of in own.findings} if own else {},
        float(np.mean(held)) if held else float("nan"),
    )


def main(n_sets: int, n_units: int) -> None:
    """Run and print."""
    with ProcessPoolExecutor(WORKERS) as pool:
        for truth in TRUTHS:
            found = list(pool.map(partial(outcome, n_units, truth), range(n_sets)))
            chosen = Counter(of.recommended for of in found)
            row = ", ".join(
                f"{name} {chosen[name]}" for name in [*CANDIDATES, "none"] if chosen[name]
            )
            held = np.nanmean([of.held for of in found])
            print(
                f"{truth} ({TRUTHS[truth].model}): {row}; 95 % intervals of theta hold "
                f"{100 * held:.1f} %",
                flush=True,
            )
            own = [of.checks for of in found if of.checks]
            failed = Counter(
                check for checks in own for check, status in checks.items() if status == "fail"
            )
            told = ", ".join(f"{check} {n}" for check, n in failed.most_common())
            print(
                f"    true model fitted {len(own)} times; failed: {told or 'nothing'}", flush=True
            )


if __name__ == "__main__":
    main(*(int(word) for word in (*sys.argv[1:], *("100", "24")[len(sys.argv) - 1 :])))

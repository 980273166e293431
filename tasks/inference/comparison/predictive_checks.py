"""Stage 2: do predictions hold the estimates? Coverage, outliers, trends that a model misses."""

import numpy as np
from scipy import stats

from tasks.inference.comparison.findings import at_least, not_assessable
from tasks.inference.comparison.predictive import LeftOut
from tasks.inference.comparison.record import Finding
from tasks.inference.comparison.settings import ComparisonSettings
from tasks.inference.comparison.units import FloatArray, Units, standardised

TOO_ALIKE = "The estimates differ by less than their errors: there is no trend to be told."


def predictive_interval(y_rep: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ends of the 95 % predictive interval of each unit, shape (J,) each, from (C, S, J)."""
    low, high = np.quantile(y_rep, [0.025, 0.975], axis=(0, 1))
    return low, high


def covered(y_rep: FloatArray, y: FloatArray) -> float:
    """Share of the estimates inside of their 95 % predictive intervals."""
    low, high = predictive_interval(y_rep)
    return float(((low <= y) & (y <= high)).mean())


def coverage_finding(y_rep: FloatArray, units: Units, settings: ComparisonSettings) -> Finding:
    """Posterior predictive intervals hold most estimates."""
    share = covered(y_rep, units.y)
    return at_least(
        "coverage",
        2,
        share,
        settings.least_covered,
        f"{round(share * len(units.y))} of {len(units.y)} estimates lie inside of their 95 % "
        "posterior predictive intervals.",
    )


def outlier_finding(
    left_out: LeftOut, units: Units, settings: ComparisonSettings, *, heavy_tails: bool
) -> Finding:
    """Fail where a unit lies where none should; the p-value is adjusted for their number.

    A normal model is asked by the prediction from the other units, which an outlier cannot widen.
    Heavy tails are learnt from the outlier itself, so that a model that has them is asked by the
    prediction from all units.
    """
    p_values = 2 * (left_out.tail if heavy_tails else stats.norm.sf(np.abs(left_out.z)))
    worst = int(p_values.argmin())
    p_value = float(min(1.0, p_values[worst] * len(units.y)))
    source = "all units" if heavy_tails else "the others"
    return at_least(
        "outliers",
        2,
        p_value,
        settings.alpha,
        f"The unit farthest from what {source} predict is {units.labels[worst]!r}; adjusted "
        f"p-value {p_value:.2g}.",
    )


def trend_finding(
    name: str, regressor: FloatArray | None, left_out: LeftOut, settings: ComparisonSettings
) -> Finding:
    """What the predictions miss is not correlated with a regressor.

    A correlation does not know that the scores should differ by about 1. Where they differ by less
    than chance would have it, as those of equal estimates do, what is left is the pull of the
    prior, and its correlation with the errors tells nothing of the units.

    Parameters
    ----------
    name
        Of the regressor.
    regressor
        Shape (J,); None where it is the same for all units.
    """
    check = f"trend:{name}"
    if regressor is None:
        return not_assessable(check, 2, f"The {name} is the same for all units.")
    variation = (len(left_out.z) - 1) * left_out.z.var(ddof=1)
    if stats.chi2.cdf(variation, len(left_out.z) - 1) < settings.alpha:
        return not_assessable(check, 2, TOO_ALIKE)
    tested = stats.pearsonr(standardised(regressor), left_out.z)
    return at_least(
        check,
        2,
        float(tested.pvalue),
        settings.alpha,
        f"What the prediction from other units misses has the correlation "
        f"{tested.statistic:+.2f} with {name}, p-value {tested.pvalue:.2g}.",
    )

"""Means and shares of values that depend on each other inside of clusters, with their errors."""

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from scipy import stats

FloatArray = npt.NDArray[np.float64]
TAIL = 0.025


class Measure(BaseModel):
    """A value with its standard error, which one cluster does not tell."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float
    error: float | None


class Share(Measure):
    """A share with its standard error, and the ends of its 95 % interval."""

    low: float
    high: float


def clustered_mean(values: FloatArray, clusters: npt.NDArray[np.int64]) -> Measure:
    """Mean of values, of which those in a cluster depend on each other.

    It is the ratio of the sum of the clusters' sums to that of their sizes, and its error that of a
    ratio, by linearisation.

    Parameters
    ----------
    values
        Shape (n,), n >= 1.
    clusters
        Number of each one's cluster, shape (n,).

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd edition, chapter 6 and section 9A.1.

    Examples
    --------
    >>> clustered_mean(np.array([0.0, 0.0, 2.0, 2.0]), np.array([1, 1, 2, 2]))
    Measure(value=1.0, error=1.0)
    """
    _, cluster = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(cluster)
    mean = float(values.mean())
    if len(sizes) < 2:
        return Measure(value=mean, error=None)
    residuals = np.bincount(cluster, weights=values) - mean * sizes
    scale = len(sizes) / (len(sizes) - 1)
    return Measure(
        value=mean, error=float(np.sqrt(scale * np.square(residuals).sum()) / sizes.sum())
    )


def clustered_share(held: npt.NDArray[np.bool_], clusters: npt.NDArray[np.int64]) -> Share:
    """Share of what is so, with a 95 % interval that lies inside of 0 to 1.

    It is the Jeffreys interval of as many independent trials as have the same error, fewer where
    the error is known from few clusters. Where all or none is so, a cluster counts as one trial.

    Parameters
    ----------
    held
        What is so, shape (n,), n >= 1.
    clusters
        Number of each one's cluster, shape (n,).

    References
    ----------
    Korn & Graubard (1998), Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data, Survey Methodology 24, 193-201. Franco, Little,
    Louis & Slud (2019), Comparative study of confidence intervals for proportions in complex sample
    surveys, Journal of Survey Statistics and Methodology 7, 334-364.

    Examples
    --------
    >>> found = clustered_share(np.ones(200, dtype=bool), np.arange(200))
    >>> found.value, found.error, round(found.low, 4), found.high
    (1.0, 0.0, 0.9874, 1.0)
    """
    mean = clustered_mean(held.astype(np.float64), clusters)
    n_clusters = len(np.unique(clusters))
    if mean.error is None:
        return Share(value=mean.value, error=None, low=0.0, high=1.0)
    share = mean.value
    trials = float(n_clusters)
    if 0 < share < 1:
        trials = min(share * (1 - share) / max(mean.error, 1e-9) ** 2, len(held))
    trials *= (stats.norm.ppf(TAIL) / stats.t.ppf(TAIL, n_clusters - 1)) ** 2
    so = share * trials
    low, high = stats.beta.ppf([TAIL, 1 - TAIL], so + 0.5, trials - so + 0.5)
    return Share(
        value=share,
        error=mean.error,
        low=0.0 if share == 0 else float(low),
        high=1.0 if share == 1 else float(high),
    )

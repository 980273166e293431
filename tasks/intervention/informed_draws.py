"""Draws of mended cells of training rows, given the targets of these rows too."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.intervention.changes import Change
from tasks.intervention.feature_rows import FeatureRows
from tasks.intervention.replicate_cells import FloatArray
from tasks.relations.features import Links
from tasks.uncertainty.decomposition import split_variance
from tasks.uncertainty.model_data import TrainingRows
from tasks.uncertainty.protocol import Ensemble

CANDIDATES = 32
"""Draws without a look at the target, among which those that suit it are chosen."""
JUDGES = 8
"""Members that say how well a candidate suits the target, at most."""
LEAST = 1e-12

Ints = npt.NDArray[np.intp]


def informed_draws(
    change: Change,
    table: str,
    given: FeatureRows,
    training: TrainingRows,
    links: Links,
    ensemble: Ensemble,
    seeds: Sequence[np.random.SeedSequence],
) -> list[FloatArray]:
    """Features of training rows after several draws of a change.

    Values of training rows that are drawn without a look at their target are too weakly related to
    it, and so is what a model learns from them (Meng 1994). So candidates are drawn from the
    conditional distribution given the other columns, and for each row of the mended table one of
    them is chosen with a probability proportional to the likelihood of the targets of all training
    rows that lead to it, as the members that were fitted before the change predict them. This is
    sampling-importance-resampling (Rubin 1987) from the distribution given the target too.
    Rows that reach the table only by aggregates take what the first candidate gives.

    Parameters
    ----------
    change
        What is drawn.
    table
        Of the database, in which it is.
    given, training
        N rows, and their targets.
    links
        Where they lead to.
    ensemble
        Fitted to these rows before the change.
    seeds
        One for each of D draws.

    Returns
    -------
    list of numpy.ndarray
        D matrices of features, shape (N, p).

    References
    ----------
    Meng (1994), Multiple-imputation inferences with uncongenial sources of input, Statistical
    Science 9, 538-573. Rubin (1987), The calculation of posterior distributions by data
    augmentation: comment, Journal of the American Statistical Association 82, 543-546.
    """
    candidates = _candidates(change, given, seeds[0])
    owner = _owners(links, table, len(given.x))
    scores = _log_likelihood(candidates, given, training, ensemble, owner)
    return [candidates.features(given.x, _choose(scores, owner, seed)) for seed in seeds]


@dataclass(frozen=True)
class _Candidates:
    """Features of the n rows that a change touches, in M draws.

    Attributes
    ----------
    rows
        Which of the N rows, shape (n,).
    places
        The q features that change.
    values
        Shape (M, n, q).
    """

    rows: Ints
    places: Ints
    values: FloatArray

    def features(self, x: FloatArray, chosen: Ints) -> FloatArray:
        """Features of all rows where each takes one candidate, shape (N, p)."""
        after = x.copy()
        own = self.values[chosen[self.rows], np.arange(len(self.rows))]
        after[np.ix_(self.rows, self.places)] = own
        return after


def _candidates(change: Change, given: FeatureRows, seed: np.random.SeedSequence) -> _Candidates:
    every_row = np.arange(len(given.x))
    first, *others = [np.random.default_rng(child) for child in seed.spawn(CANDIDATES)]
    places, values = change.features(every_row, first)
    before = given.x[:, places]
    same = (before == values) | (np.isnan(before) & np.isnan(values))
    rows = np.flatnonzero(~same.all(axis=1))
    drawn = [change.features(rows, rng)[1] for rng in others] if len(rows) else []
    return _Candidates(rows, places, np.stack([values[rows], *drawn]))


def _owners(links: Links, table: str, n_rows: int) -> Ints:
    """Row of a table that each of N rows leads to by the shortest way; -1 where to none."""
    leading = [r for r in links.reaches if r.table == table and r.past is None]
    if not leading:
        return np.full(n_rows, -1, dtype=np.intp)
    shortest = min(leading, key=lambda reach: len(reach.path))
    return shortest.rows.cast(int).fill_null(-1).to_numpy().astype(np.intp)


def _log_likelihood(
    candidates: _Candidates,
    given: FeatureRows,
    training: TrainingRows,
    ensemble: Ensemble,
    owner: Ints,
) -> FloatArray:
    """Of the targets of the rows of each of the K owners, under each candidate, shape (M, K)."""
    rows, owners = candidates.rows, np.unique(owner[owner >= 0])
    scores = np.zeros((len(candidates.values), len(owners)))
    known = owner[rows] >= 0
    places = np.searchsorted(owners, owner[rows][known])
    if not known.any():
        return scores
    judges = ensemble.subset(range(min(JUDGES, ensemble.n_members)))
    y, x = training.y[rows], given.x[rows].copy()
    variance = None
    for score, values in zip(scores, candidates.values, strict=True):
        x[:, candidates.places] = values
        predictions = judges.predict_members(x)
        mean = predictions.mean(axis=0)
        if predictions.ndim == 3:
            told = np.log(np.maximum(mean[np.arange(len(y)), y.astype(np.intp)], LEAST))
        else:
            if variance is None:
                variance = split_variance(predictions, judges.predict_noise(x)).total
            told = -0.5 * np.square(y - mean) / variance
        np.add.at(score, places, told[known])
    return scores


def _choose(scores: FloatArray, owner: Ints, seed: np.random.SeedSequence) -> Ints:
    """A candidate for each of N rows, the same for all that have the same owner (Gumbel-max)."""
    rng = np.random.default_rng(seed.spawn(1)[0])
    owners, places = np.unique(owner[owner >= 0], return_inverse=True)
    highest, best = np.full(len(owners), -np.inf), np.zeros(len(owners), dtype=np.intp)
    for candidate, score in enumerate(scores):
        # A number for each row of the table: an owner's do not depend on which others there are.
        told = score + rng.gumbel(size=int(owner.max(initial=-1)) + 1)[owners]
        best[told > highest] = candidate
        highest = np.maximum(highest, told)
    chosen = np.zeros(len(owner), dtype=np.intp)
    chosen[owner >= 0] = best[places]
    return chosen

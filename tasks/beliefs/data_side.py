"""What data say of one quantity: a weighted sample from its posterior under a reference prior."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from tasks.beliefs.belief import Belief
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.families import scipy_law
from tasks.beliefs.quadrature import adaptive_rule
from tasks.errors import InputError

Ints = npt.NDArray[np.int64]
ARRAYS = ("values", "log_weights", "log_likelihood", "chain", "log_rule")
LEAST_DRAWS = 100
TAILS = np.array([1e-13, 1e-9, 1e-6, 1e-4, 1e-2, 0.1, 0.3])
LANDMARKS = np.concatenate([TAILS, [0.5], 1 - TAILS[::-1]])
"""Probabilities whose quantiles show where a law has its mass."""
POWERS = (1 / 16, 1 / 4, 1.0)
"""Of a covered belief: a quadrature resolves the likelihood times each of these powers of it."""


@dataclass(frozen=True, eq=False)
class DataSide:
    """The data's side of one quantity.

    Attributes
    ----------
    values
        Nodes of a quadrature, increasing, or draws; shape (S,).
    log_weights
        Logs of their weights in the posterior under the reference prior, shape (S,); the weights
        sum to 1.
    log_likelihood
        Of all data given the node or draw, up to a constant, shape (S,). Of a quadrature the
        constant is such that p(data | reference) = 1.
    chain
        Number of the chain of each draw, shape (S,).
    reference
        The reference prior.
    log_rule
        Logs of the nodes' weights in the integral over the quantity, shape (S,); of draws (0,).
    """

    values: Floats
    log_weights: Floats
    log_likelihood: Floats
    chain: Ints
    reference: Belief
    log_rule: Floats

    @property
    def is_quadrature(self) -> bool:
        """Whether the values are nodes, without Monte Carlo error."""
        return bool(len(self.log_rule))


def from_log_likelihood(
    log_likelihood: Callable[[Floats], Floats], reference: Belief, covering: Sequence[Belief]
) -> DataSide:
    """The data's side by quadrature, from the log likelihood of one quantity.

    Parameters
    ----------
    log_likelihood
        Values (X,) -> log likelihood up to a constant, (X,); finite inside of the reference's
        support.
    reference
        The reference prior.
    covering
        Beliefs that it is to be held against: the nodes resolve them too, and the likelihood times
        each of them.

    Raises
    ------
    InputError
        If the log likelihood is not finite somewhere in the reference's support.

    Examples
    --------
    >>> flat = Belief.of("uniform", {"low": 0.0, "high": 1.0}, 0, 1)
    >>> side = from_log_likelihood(lambda x: 3 * np.log(x) + 7 * np.log1p(-x), flat, [])
    >>> round(float(np.exp(side.log_weights) @ side.values), 10)  # (3 + 1) / (10 + 2)
    0.3333333333
    """

    def log_targets(x: Floats) -> Floats:
        likelihood = np.asarray(log_likelihood(x), dtype=np.float64)
        if not np.isfinite(likelihood).all():
            where = x[~np.isfinite(likelihood)][0]
            raise InputError(
                "the log likelihood must be finite inside of the reference prior's support; "
                f"at {where:g} it is {likelihood[~np.isfinite(likelihood)][0]:g}"
            )
        prior = reference.log_density(x)
        rows = [prior, prior + likelihood, likelihood]
        for belief in covering:
            log_density = belief.log_density(x)
            rows += [log_density, *(power * log_density + likelihood for power in POWERS)]
        return np.array(rows)

    values, log_rule = adaptive_rule(log_targets, _edges([reference, *covering], reference))
    likelihood = np.asarray(log_likelihood(values), dtype=np.float64)
    log_weights = log_rule + likelihood + reference.log_density(values)
    log_evidence = logsumexp(log_weights)
    return DataSide(
        values=values,
        log_weights=log_weights - log_evidence,
        log_likelihood=likelihood - log_evidence,
        chain=np.zeros(len(values), dtype=np.int64),
        reference=reference,
        log_rule=log_rule,
    )


def from_draws(draws: npt.ArrayLike, log_likelihood: npt.ArrayLike, reference: Belief) -> DataSide:
    """The data's side by Markov chain Monte Carlo.

    Parameters
    ----------
    draws
        Of the quantity from its posterior under the reference prior, shape (C, D).
    log_likelihood
        Joint log likelihood of all data at each draw, shape (C, D).
    reference
        Prior of the quantity under which the draws were made, all else of the model aside.

    Raises
    ------
    InputError
        If the shapes differ, there are fewer than 100 draws, one is not finite or lies outside of
        the reference's support, or all are equal.
    """
    values = np.asarray(draws, dtype=np.float64)
    likelihood = np.asarray(log_likelihood, dtype=np.float64)
    if values.ndim != 2 or values.shape != likelihood.shape:
        raise InputError(
            "draws and log_likelihood must have the same shape (chains, draws), "
            f"got {values.shape} and {likelihood.shape}"
        )
    if values.size < LEAST_DRAWS:
        raise InputError(f"at least {LEAST_DRAWS} draws are needed, got {values.size}")
    if not (np.isfinite(values).all() and np.isfinite(likelihood).all()):
        raise InputError("draws and log_likelihood must be finite; look at the fit")
    if np.ptp(values) == 0:
        raise InputError(f"all draws equal {values.flat[0]:g}: the quantity is not a random one")
    low, high = reference.support()
    if values.min() < low or values.max() > high:
        raise InputError(
            f"draws between {values.min():g} and {values.max():g} leave the support of the "
            f"reference prior {reference}"
        )
    return DataSide(
        values=values.ravel(),
        log_weights=np.full(values.size, -np.log(values.size)),
        log_likelihood=likelihood.ravel(),
        chain=np.repeat(np.arange(len(values)), values.shape[1]),
        reference=reference,
        log_rule=np.empty(0),
    )


def save_side(path: Path, side: DataSide) -> None:
    """Write a side as a compressed .npz file, its reference prior as JSON inside."""
    arrays = {name: getattr(side, name) for name in ARRAYS}
    reference = json.dumps(side.reference.model_dump(mode="json"))
    np.savez_compressed(path, allow_pickle=False, reference=np.array(reference), **arrays)


def load_side(path: Path) -> DataSide:
    """Read what `save_side` wrote; nothing in the file is executed."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in ARRAYS}
        reference = Belief.model_validate(json.loads(str(file["reference"])))
    return DataSide(reference=reference, **arrays)


def _edges(beliefs: Sequence[Belief], reference: Belief) -> Floats:
    """Ends of the first panels: landmarks of all beliefs, and ends of supports that are finite."""
    low, high = reference.support()
    marks = np.concatenate([belief.law_quantiles(LANDMARKS).ravel() for belief in beliefs])
    supports = [scipy_law(law.family, law.parameters).support() for b in beliefs for law in b.laws]
    limits = np.array([*supports, *(belief.bounds for belief in beliefs)]).ravel()
    # Where a density may jump or have a pole a panel ends: no node falls on it.
    ends = np.unique(np.clip(limits[np.isfinite(limits)], low, high))
    ends = ends[np.isfinite(ends)]
    tolerance = 1e-12 * np.abs(marks).max()
    marks = np.unique(np.clip(marks, low, high))
    is_apart = np.diff(marks, prepend=-np.inf) > tolerance
    if len(ends):
        is_apart &= np.abs(marks[:, None] - ends).min(axis=1) > tolerance
    return np.unique(np.append(marks[is_apart], ends))

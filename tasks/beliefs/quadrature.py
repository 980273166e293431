"""Nodes that resolve several functions on an interval at once, however narrow their peaks."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from tasks.beliefs.cut_law import Floats

PANEL_NODES = 16
NODES, WEIGHTS = np.polynomial.legendre.leggauss(PANEL_NODES)
TOLERANCE = 1e-11
"""Error of a panel that is let stand, as a share of the whole integral."""
MUCH = 1e-9
"""Share of a target from which on a panel is halved once more in the end: between its nodes a
polynomial is less exact than its integral."""
ROUNDS = 100
NARROWEST = 1e-13
"""Width of a panel, relative to its distance from 0, that is not halved again."""

STEEPEST = 5
"""Most that a panel may be as wide as the one beside it."""

Bools = npt.NDArray[np.bool_]
LogTargets = Callable[[Floats], Floats]
"""Values (X,) -> logs of K positive functions there, (K, X)."""


def adaptive_rule(log_targets: LogTargets, edges: Floats) -> tuple[Floats, Floats]:
    """Composite Gauss-Legendre rule, refined until it integrates all targets.

    A panel is halved as long as that changes one of the targets' integrals by more than `TOLERANCE`
    of that target's whole integral; a peak between coarse nodes is climbed in this way because the
    highest node seen so far outweighs all others. A panel is also halved beside one that is much
    narrower, so that no flank of a peak is lost between its last node and its end.

    Parameters
    ----------
    log_targets
        Logs of the functions, finite or -inf.
    edges
        Ends of the first panels, increasing, shape (P + 1,).

    Returns
    -------
    values, log_weights
        Nodes in increasing order, panel by panel with `PANEL_NODES` each, and the logs of their
        weights; shape (panels * PANEL_NODES,).

    Examples
    --------
    >>> def log_peak(x):
    ...     return -0.5 * ((x - 0.3) / 1e-4)[None] ** 2
    >>> x, log_weights = adaptive_rule(log_peak, np.linspace(0, 1, 3))
    >>> round(float(np.exp(log_peak(x) + log_weights).sum() / 1e-4), 10)
    2.5066282746
    """
    left, right = edges[:-1], edges[1:]
    integral, error, size = _measured(log_targets, left, right)
    for _ in range(ROUNDS):
        is_rough = _is_rough(left, right, integral, error, size)
        if not is_rough.any():
            break
        halves = _halved(left[is_rough], right[is_rough])
        left, right = np.append(left[~is_rough], halves[0]), np.append(right[~is_rough], halves[1])
        order = np.argsort(left)
        left, right = left[order], right[order]
        integral, error, size = (
            np.append(old[:, ~is_rough], fresh, axis=1)[:, order]
            for old, fresh in zip(
                (integral, error, size), _measured(log_targets, *halves), strict=True
            )
        )
    holds_much = (integral - _total(integral) > np.log(MUCH)).any(axis=0)
    halves = _halved(left[holds_much], right[holds_much])
    left, right = np.append(left[~holds_much], halves[0]), np.append(right[~holds_much], halves[1])
    order = np.argsort(left)
    values, log_weights = _rule(left[order], right[order])
    return values.ravel(), log_weights.ravel()


def _halved(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Ends of both halves of each panel, (2 P,)."""
    middle = (left + right) / 2
    return np.append(left, middle), np.append(middle, right)


def _total(integral: Floats) -> Floats:
    """Log of the whole integral of each target, (K, 1)."""
    return np.asarray(logsumexp(integral, axis=1, keepdims=True))


def _is_rough(left: Floats, right: Floats, integral: Floats, error: Floats, size: Floats) -> Bools:
    """Which panels are to be halved, shape (P,)."""
    tolerance = np.maximum(TOLERANCE, 64 * np.finfo(np.float64).eps * size)
    is_rough = (error - _total(integral) > np.log(tolerance)).any(axis=0)
    width = right - left
    beside = np.minimum(np.append(np.inf, width[:-1]), np.append(width[1:], np.inf))
    is_wide = width > NARROWEST * np.maximum(np.abs(left), np.abs(right))
    return np.asarray(is_wide & (is_rough | (width > STEEPEST * beside)))


def _rule(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Nodes and log weights of each panel, shape (P, PANEL_NODES)."""
    half = (right - left)[:, None] / 2
    inside = np.clip(
        (left + right)[:, None] / 2 + half * NODES,
        np.nextafter(left, right)[:, None],
        np.nextafter(right, left)[:, None],
    )
    return inside, np.log(half * WEIGHTS)


def _measured(
    log_targets: LogTargets, left: Floats, right: Floats
) -> tuple[Floats, Floats, Floats]:
    """Log integrals, their log errors and the least size of the logs in each panel; all (K, P).

    Of logs of size 1e6 no integral comes nearer than 1e-10: that is no roughness.
    """
    middle = (left + right) / 2
    starts, stops = np.concatenate([left, left, middle]), np.concatenate([right, middle, right])
    values, log_weights = _rule(starts, stops)
    logs = log_targets(values.ravel())
    logs = logs.reshape(len(logs), *values.shape)
    whole, low, high = np.split(logsumexp(logs + log_weights, axis=2), 3, axis=1)
    halves = np.logaddexp(low, high)
    top = np.maximum(whole, halves)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        error = top + np.log(np.abs(np.exp(whole - top) - np.exp(halves - top)))
    size = np.abs(logs).min(axis=2).reshape(len(logs), 3, -1).min(axis=1)
    return halves, error, size

"""Effects of actions: how the nodes of a structural model change, and how sure that is."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.intervention.structural.propagation import Columns
from tasks.intervention.structural_model import StructuralModel

FloatArray = npt.NDArray[np.float64]

LEVEL = 0.95
"""Of intervals, and the part of the units between the quantiles."""


@dataclass(frozen=True)
class MeanChange:
    """Change of a mean over units.

    Attributes
    ----------
    before, after
        Means of the same units without and with the actions.
    change
        Mean of the units' changes.
    low, high
        95 % interval of the expected change: it holds what the training rows leave uncertain of
        the mechanisms, and the Monte Carlo error.
    monte_carlo_error
        Standard error of the change that the number of units drawn leaves, under the mechanisms as
        they are; None where the units are given.
    """

    before: float
    after: float
    change: float
    low: float
    high: float
    monte_carlo_error: float | None


@dataclass(frozen=True)
class NumberEffect:
    """Effect on a node that holds numbers.

    Attributes
    ----------
    node
        Its name.
    mean
        Change of its mean, in the node's unit.
    unit_low, unit_high
        Quantiles of the changes of single units, 2.5 % and 97.5 %.
    """

    node: str
    mean: MeanChange
    unit_low: float
    unit_high: float

    def as_record(self) -> dict[str, Any]:
        """The effect in JSON's types."""
        return asdict(self)


@dataclass(frozen=True)
class LabelEffect:
    """Effect on a categorical node.

    Attributes
    ----------
    node
        Its name.
    shares
        Change of the share of units with each label of the training rows, labels sorted.
    """

    node: str
    shares: Mapping[str, MeanChange]

    def as_record(self) -> dict[str, Any]:
        """The effect in JSON's types."""
        return asdict(self)


NodeEffect = NumberEffect | LabelEffect


def labels_of(model: StructuralModel) -> dict[str, list[str]]:
    """Labels of each categorical node in the training rows, sorted."""
    return {
        node: sorted(set(model.train[node]))
        for node in model.graph.order
        if model.kinds[node] == "categorical"
    }


def mean_changes(
    before: Columns, after: Columns, nodes: Iterable[str], labels: Mapping[str, list[str]]
) -> dict[str, FloatArray]:
    """Mean change of some nodes: of a number, shape (1,), or of the share of each label."""
    return {
        node: np.mean(
            _scores(after[node], labels.get(node)) - _scores(before[node], labels.get(node)), axis=0
        )
        for node in nodes
    }


def summarise(
    before: Columns,
    after: Columns,
    labels: Mapping[str, list[str]],
    half_widths: Mapping[str, FloatArray],
    units_are_drawn: bool,
) -> tuple[NodeEffect, ...]:
    """Effect on each node.

    Parameters
    ----------
    before, after
        Values of each node of the same n units, shapes (n,), without and with the actions.
    labels
        Of each categorical node.
    half_widths
        Of the intervals of the mean change of each affected node, or of the share of each of its
        labels; the others changed by exactly 0.
    units_are_drawn
        Whether there is a Monte Carlo error.
    """
    effects: list[NodeEffect] = []
    for node in before:
        known = labels.get(node)
        scores = _scores(before[node], known), _scores(after[node], known)
        half = half_widths.get(node, np.zeros(scores[0].shape[1]))
        means = _means_of(*scores, half, units_are_drawn)
        if known is not None:
            effects.append(LabelEffect(node, dict(zip(known, means, strict=True))))
        else:
            tail = (1 - LEVEL) / 2
            low, high = np.quantile(scores[1] - scores[0], [tail, 1 - tail])
            effects.append(NumberEffect(node, means[0], float(low), float(high)))
    return tuple(effects)


def _means_of(
    before: FloatArray, after: FloatArray, half_widths: FloatArray, units_are_drawn: bool
) -> list[MeanChange]:
    changes = after - before
    means = changes.mean(axis=0)
    errors = changes.std(axis=0, ddof=1) / np.sqrt(len(changes)) if units_are_drawn else None
    return [
        MeanChange(
            before=float(before[:, place].mean()),
            after=float(after[:, place].mean()),
            change=float(mean),
            low=float(mean - half),
            high=float(mean + half),
            monte_carlo_error=None if errors is None else float(errors[place]),
        )
        for place, (mean, half) in enumerate(zip(means, half_widths, strict=True))
    ]


def _scores(values: npt.NDArray[Any], labels: list[str] | None) -> FloatArray:
    """What is averaged: the numbers themselves, or indicators of the labels, shape (n, scores)."""
    if labels is None:
        return np.asarray(values, dtype=np.float64)[:, np.newaxis]
    return np.stack([values == label for label in labels], axis=1).astype(np.float64)

"""Mechanisms held against rows that they have not seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from dowhy.gcm.causal_mechanisms import ClassifierFCM
from sklearn.metrics import r2_score

Scope = Literal["every_node", "mean"]

NEARLY_EXACT = 0.9999
"""R² above which a node is suspected to be a copy of its parents."""
MOST_NAMED = 5


@dataclass(frozen=True)
class Validation:
    """The verdict on a model.

    Attributes
    ----------
    r2_scores
        R² of every node with parents on held-out rows, by node in causal order; NaN where the node
        takes one value there.
    threshold, scope
        What is asked of the R² of every node, or of their mean.
    """

    r2_scores: Mapping[str, float]
    threshold: float
    scope: Scope

    @property
    def mean_r2(self) -> float:
        """Mean of all R²."""
        return float(np.mean(list(self.r2_scores.values())))

    @property
    def failed_nodes(self) -> tuple[str, ...]:
        """Nodes that fail: below the threshold, or where the mean counts, no better than none."""
        return tuple(node for node, r2 in self.r2_scores.items() if not r2 >= self._least)

    @property
    def _least(self) -> float:
        return self.threshold if self.scope == "every_node" else 0.0

    @property
    def passed(self) -> bool:
        """Whether the mechanisms hold."""
        return not self.failed_nodes and self.mean_r2 >= self.threshold

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is suspicious without being wrong."""
        return tuple(
            f"R² of {node} is {r2:.6f}: it follows from its parents without noise; make sure that "
            "it is no copy of them, or of what is to be predicted."
            for node, r2 in self.r2_scores.items()
            if r2 > NEARLY_EXACT
        )

    def failure(self) -> str:
        """One sentence that names what fails, with its number."""
        failed = self.failed_nodes
        if not failed:
            return f"Mean R² on held-out rows is {self.mean_r2:.3f}, below {self.threshold:g}."
        told = ", ".join(f"{node} {_told(self.r2_scores[node])}" for node in failed[:MOST_NAMED])
        more = f" and {len(failed) - MOST_NAMED} more" if len(failed) > MOST_NAMED else ""
        return f"R² on held-out rows is below {self._least:g}: {told}{more}."


def _told(r2: float) -> str:
    return "not assessable (it takes one value there)" if np.isnan(r2) else f"{r2:.3f}"


def held_out_r2(mechanism: Any, parents: npt.NDArray[Any], values: npt.NDArray[Any]) -> float:
    """Part of a node's variance that the expectation under its mechanism explains.

    Parameters
    ----------
    mechanism
        A fitted (discrete) additive noise model, or a classifier.
    parents
        Values of its n parents, shape (rows, n).
    values
        Of the node, shape (rows,).

    Returns
    -------
    float
        R². Of a category it is that of the indicators of its labels, all together: the Brier skill
        score against the frequencies of the labels, which does not depend on their order as that
        of label codes would. NaN where the node takes one value.

    References
    ----------
    .. [1] T. Gneiting and A. E. Raftery, "Strictly proper scoring rules, prediction, and
       estimation", Journal of the American Statistical Association 102, 359-378 (2007).
    """
    if len(set(values)) == 1:
        return float("nan")
    if isinstance(mechanism, ClassifierFCM):
        model = mechanism.classifier_model
        probabilities = pd.DataFrame(model.predict_probabilities(parents), columns=model.classes)
        indicators = pd.get_dummies(pd.Series(values)).astype(float)
        labels = indicators.columns.union(probabilities.columns)
        truth = indicators.reindex(columns=labels, fill_value=0.0).to_numpy()
        expected = probabilities.reindex(columns=labels, fill_value=0.0).to_numpy()
        return float(1 - ((truth - expected) ** 2).sum() / ((truth - truth.mean(0)) ** 2).sum())
    noise = float(mechanism.noise_model.data.mean())
    expectation = mechanism.evaluate(parents, np.zeros(len(values))).reshape(-1) + noise
    return float(r2_score(values.astype(np.float64), expectation.astype(np.float64)))

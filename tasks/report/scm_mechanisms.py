"""Mechanisms of a structural causal model in words, and as equations where these are short."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from tasks.report.layout import display_width
from tasks.report.numerals import MINUS, number
from tasks.report.text import WIDTH

Record = Mapping[str, Any]

MOST_TERMS = 6
"""Of an equation."""

ROOT = "EmpiricalDistribution"

MODELS = {
    "LinearRegression": "linear in",
    "RidgeCV": "linear (ridge) in",
    "LassoCV": "linear (lasso) in",
    "PolynomialFeatures + LinearRegression": "polynomial in",
    "LogisticRegression": "logistic in",
    "PolynomialFeatures + LogisticRegression": "logistic, polynomial in",
    "GaussianNB": "naive Bayes on",
}
FAMILIES = {
    "HistGradientBoosting": "boosting on",
    "AdaBoost": "AdaBoost on",
    "RandomForest": "random forest on",
    "ExtraTrees": "extra trees on",
    "DecisionTree": "decision tree on",
    "KNeighbors": "nearest neighbours on",
    "SV": "support vectors on",
}
"""By the beginning of the name of a regressor or classifier."""


def kind_words(mechanism: Record) -> str:
    """Kind of a node's values.

    Examples
    --------
    >>> kind_words({"kind": "categorical", "labels": ["a", "b"]})
    'categorical, 2 labels'
    """
    labels = mechanism.get("labels")
    return f"{mechanism['kind']}, {len(labels)} labels" if labels else str(mechanism["kind"])


def mechanism_words(mechanism: Record) -> str:
    """What gives a node its values.

    Examples
    --------
    >>> mechanism_words({"model": "LinearRegression", "parents": ["X", "Z"]})
    'linear in X, Z'
    >>> mechanism_words({"type": "EmpiricalDistribution"})
    'as in the rows'
    """
    if "model" not in mechanism:
        kind = mechanism["type"]
        return "as in the rows" if kind == ROOT else str(kind)
    model = mechanism["model"]
    family = (words for start, words in FAMILIES.items() if model.startswith(start))
    words = MODELS.get(model) or next(family, f"{model} on")
    return f"{words} {', '.join(mechanism['parents'])}"


def equation(node: str, mechanisms: Mapping[str, Record]) -> str | None:
    """Give the equation of a number that is linear in its causes, their squares and products.

    Parameters
    ----------
    node
        Whose equation it is.
    mechanisms
        Of all nodes.

    Returns
    -------
    str or None
        None where there is none, or one of more than `MOST_TERMS` terms or `WIDTH` columns. Terms
        of coefficient 0 are left out.

    Examples
    --------
    >>> linear = {"parents": ["X"], "intercept": 0.1, "coefficients": {"X": -1.984}}
    >>> equation("Y", {"X": {}, "Y": {"type": "AdditiveNoiseModel", **linear}})
    'Y = 0.1 − 1.98 X + noise'
    """
    mechanism = mechanisms[node]
    intercept = mechanism.get("intercept")
    if intercept is None or isinstance(intercept, Mapping):
        return None
    factors = {name: factor for name, factor in mechanism["coefficients"].items() if factor != 0}
    if len(factors) > MOST_TERMS:
        return None
    names = dict(_products(list(_features(mechanism["parents"], mechanisms))))
    terms = [
        f" {MINUS if factor < 0 else '+'} {number(abs(factor))} {names.get(feature, feature)}"
        for feature, factor in factors.items()
    ]
    expectation = f"{number(intercept)}{''.join(terms)}"
    if mechanism["type"].startswith("Discrete"):
        expectation = f"round({expectation})"
    told = f"{node} = {expectation} + noise"
    return told if display_width(told) <= WIDTH else None


def _features(
    parents: list[str], mechanisms: Mapping[str, Record]
) -> Iterator[tuple[str, str, str]]:
    """Name in the record, name in an equation, and its square there."""
    for parent in parents:
        yield parent, parent, f"{parent}²"
        for label in mechanisms[parent].get("labels", ()):
            indicator = f"[{parent}={label}]"
            yield f"{parent}={label}", indicator, indicator


def _products(features: list[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    """Features, their squares and products by the names that scikit-learn gives them."""
    for known, name, square in features:
        yield known, name
        yield f"{known}^2", square
    for (known, name, _), (other, factor, _) in combinations(features, 2):
        yield f"{known} {other}", f"{name}·{factor}"

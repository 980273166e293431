"""A fitted structural model in words and numbers: what JSON can hold of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from dowhy.gcm.causal_mechanisms import ClassifierFCM
from sklearn.pipeline import Pipeline

from tasks.intervention.structural.validation import Validation
from tasks.intervention.structural_model import FittedModel, StructuralModel

Record = dict[str, Any]


def model_record(fitted: FittedModel) -> Record:
    """Graph, mechanisms and verdict, ready for JSON.

    Returns
    -------
    dict
        ``scm`` with the graph and, by node in causal order, the type of its mechanism, the model
        in it, and where that is linear its intercept and coefficients;
        ``validation`` with the R² of each node with parents.
    """
    model = fitted.model
    return {
        "scm": {
            "graph": {
                "nodes": list(model.graph.nodes),
                "edges": [list(edge) for edge in model.graph.edges],
            },
            "mechanisms": {node: _mechanism(model, node) for node in model.graph.order},
        },
        "validation": validation_record(fitted.validation),
    }


def validation_record(validation: Validation) -> Record:
    """The verdict; an R² that cannot be told is null."""
    mean = validation.mean_r2
    return {
        "r2_scores": {
            node: None if np.isnan(r2) else r2 for node, r2 in validation.r2_scores.items()
        },
        "mean_r2": None if np.isnan(mean) else mean,
        "passed": validation.passed,
        "r2_threshold": validation.threshold,
        "scope": validation.scope,
        "failed_nodes": list(validation.failed_nodes),
        "warnings": list(validation.warnings),
    }


def _mechanism(model: StructuralModel, node: str) -> Record:
    mechanism = model.causal_model.causal_mechanism(node)
    record: Record = {"type": type(mechanism).__name__, "kind": model.kinds[node]}
    if model.kinds[node] == "categorical":
        record["labels"] = sorted(model.train[node].unique())
    parents = model.graph.parents(node)
    if not parents:
        return record
    classifies = isinstance(mechanism, ClassifierFCM)
    estimator = (
        mechanism.classifier_model if classifies else mechanism.prediction_model
    ).sklearn_model
    record |= {"model": _name(estimator), "parents": list(parents)}
    if not classifies:
        record["noise_sd"] = float(np.std(mechanism.noise_model.data))
    return record | _linear(estimator, _features(model, parents, estimator.n_features_in_))


def _name(estimator: Any) -> str:
    """Name of its class; of a pipeline those of its steps."""
    if isinstance(estimator, Pipeline):
        return " + ".join(type(step).__name__ for _, step in estimator.steps)
    return type(estimator).__name__


def _features(model: StructuralModel, parents: Sequence[str], count: int) -> list[str]:
    """Names of a model's features: DoWhy gives each label one, or where they are many none."""
    if count == len(parents):
        return list(parents)
    names = []
    for parent in parents:
        if model.kinds[parent] == "categorical":
            names += [f"{parent}={label}" for label in sorted(model.train[parent].unique())]
        else:
            names.append(parent)
    return names


def _linear(estimator: Any, features: Sequence[str]) -> Record:
    """Intercept and coefficients of a model that is linear in its features or their products."""
    if isinstance(estimator, Pipeline):
        products, last = (step for _, step in estimator.steps)
        return _linear(last, list(products.get_feature_names_out(features)))
    if not hasattr(estimator, "coef_"):
        return {}
    rows = np.atleast_2d(estimator.coef_)
    intercepts = np.atleast_1d(estimator.intercept_)
    coefficients = [dict(zip(features, map(float, row), strict=True)) for row in rows]
    if not hasattr(estimator, "classes_"):
        return {"intercept": float(intercepts[0]), "coefficients": coefficients[0]}
    told = estimator.classes_[-len(rows) :]
    return {
        "intercept": dict(zip(told, map(float, intercepts), strict=True)),
        "coefficients": dict(zip(told, coefficients, strict=True)),
    }

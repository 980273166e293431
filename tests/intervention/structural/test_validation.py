"""Mechanisms held against unseen rows: R² of numbers and of categories, and the verdict."""

import numpy as np
import pytest
from dowhy import gcm
from dowhy.gcm.ml import create_linear_regressor, create_logistic_regression_classifier
from sklearn.metrics import r2_score

from tasks.intervention.structural.validation import Validation, held_out_r2

NAN = float("nan")


def verdict(scope: str = "every_node", **scores: float) -> Validation:
    return Validation(scores, 0.7, scope)  # type: ignore[arg-type]


def test_the_r2_of_a_number_is_that_of_its_expectation() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 2))
    y = x @ [1.0, 2.0] + rng.normal(size=400)
    mechanism = gcm.AdditiveNoiseModel(create_linear_regressor())
    mechanism.fit(x[:300], y[:300])
    expected = r2_score(y[300:], mechanism.prediction_model.predict(x[300:]))
    assert held_out_r2(mechanism, x[300:], y[300:]) == pytest.approx(expected)


def test_the_noise_of_a_whole_number_counts_in_its_expectation() -> None:
    """Rounded predictions alone would be 0 everywhere, which tells less than the mean."""
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 0.4, size=(4000, 1))
    y = rng.poisson(x[:, 0]).astype(float)
    mechanism = gcm.DiscreteAdditiveNoiseModel(create_linear_regressor())
    mechanism.fit(x[:3000], y[:3000])
    assert held_out_r2(mechanism, x[3000:], y[3000:]) == pytest.approx(0, abs=0.01)
    assert r2_score(y[3000:], mechanism.evaluate(x[3000:], np.zeros(1000))) < -0.1


def labels(seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(600, 1))
    noisy = x[:, 0] + 0.5 * rng.normal(size=600)
    names = np.array(["low", "middle", "high"], dtype=object)
    return x, names[np.digitize(noisy, [-0.5, 0.5])]


def classified(x: np.ndarray, y: np.ndarray) -> float:
    mechanism = gcm.ClassifierFCM(create_logistic_regression_classifier())
    mechanism.fit(x[:400], y[:400])
    return held_out_r2(mechanism, x[400:], y[400:])


def test_the_r2_of_a_category_does_not_depend_on_names_as_label_codes_do() -> None:
    x, y = labels()
    renamed = np.array([{"low": "b", "middle": "c", "high": "a"}[name] for name in y], object)
    assert classified(x, renamed) == pytest.approx(classified(x, y), abs=1e-4)
    assert classified(x, y) > 0.4

    def of_codes(order: list[str]) -> float:
        codes = np.array([order.index(name) for name in y], dtype=float)
        mechanism = gcm.DiscreteAdditiveNoiseModel(create_linear_regressor())
        mechanism.fit(x[:400], codes[:400])
        return held_out_r2(mechanism, x[400:], codes[400:])

    assert of_codes(["low", "middle", "high"]) - of_codes(["high", "low", "middle"]) > 0.3


def test_the_r2_of_two_labels_is_that_of_their_indicator() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(500, 1))
    y = np.where(x[:, 0] + rng.normal(size=500) > 0, "yes", "no").astype(object)
    mechanism = gcm.ClassifierFCM(create_logistic_regression_classifier())
    mechanism.fit(x[:300], y[:300])
    column = list(mechanism.classifier_model.classes).index("yes")
    probability = mechanism.classifier_model.predict_probabilities(x[300:])[:, column]
    expected = r2_score(y[300:] == "yes", probability)
    assert held_out_r2(mechanism, x[300:], y[300:]) == pytest.approx(expected)


def test_an_unknown_label_counts_against_the_mechanism() -> None:
    x, y = labels()
    mechanism = gcm.ClassifierFCM(create_logistic_regression_classifier())
    mechanism.fit(x[:400], y[:400])
    strange = y[400:].copy()
    strange[:100] = "new"
    assert held_out_r2(mechanism, x[400:], strange) < held_out_r2(mechanism, x[400:], y[400:])


def test_the_r2_of_one_value_cannot_be_told_and_fails() -> None:
    mechanism = gcm.AdditiveNoiseModel(create_linear_regressor())
    x = np.arange(20.0)[:, None]
    mechanism.fit(x, x[:, 0])
    r2 = held_out_r2(mechanism, x[:5], np.ones(5))
    assert np.isnan(r2)
    failed = verdict(Y=0.9, Z=r2)
    assert (failed.passed, failed.failed_nodes) == (False, ("Z",))
    assert "Z not assessable" in failed.failure()
    assert not verdict("mean", Y=0.9, Z=NAN).passed


def test_every_node_or_the_mean_decides_and_a_negative_r2_fails_in_either() -> None:
    assert verdict(Y=0.7, Z=0.9).passed
    assert verdict(Y=0.69, Z=0.9).failed_nodes == ("Y",)
    assert verdict("mean", Y=0.5, Z=0.95).passed
    assert not verdict("mean", Y=0.5, Z=0.6).passed
    assert "Mean R² on held-out rows is 0.550, below 0.7" in verdict("mean", Y=0.5, Z=0.6).failure()
    assert verdict("mean", A=-0.01, B=1, C=1, D=1).failed_nodes == ("A",)
    assert "below 0: A -0.010" in verdict("mean", A=-0.01, B=1, C=1, D=1).failure()


def test_a_failure_names_a_few_nodes_and_counts_the_others() -> None:
    sentence = verdict(**{f"N{place}": 0.1 for place in range(8)}).failure()
    assert sentence.endswith("N4 0.100 and 3 more.")


def test_an_exact_mechanism_is_warned_of() -> None:
    assert len(verdict(Y=0.99991, Z=0.9999).warnings) == 1

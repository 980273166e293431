"""Structural models: the cases of the design, kinds of nodes, seeds, time and what is refused."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from dowhy import gcm
from dowhy.gcm.ml import create_linear_regressor

from tasks.errors import InputError, RunError
from tasks.intervention.structural.causal_graph import make_graph
from tasks.intervention.structural.column_values import Column
from tasks.intervention.structural.model_keeping import MechanismsError, require_mechanisms
from tasks.intervention.structural.model_record import model_record
from tasks.intervention.structural.settings import FitSettings
from tasks.intervention.structural.traces import make_traces
from tasks.intervention.structural.validation import held_out_r2
from tasks.intervention.structural_model import FittedModel, fit_structural_model, split_rows

CHAIN = [("X", "Y"), ("Y", "Z")]
Edges = list[tuple[str, str]]


def fit(
    edges: Edges, columns: Mapping[str, Column], settings: FitSettings | None = None
) -> FittedModel:
    settings = settings or FitSettings()
    graph = make_graph(sorted({end for edge in edges for end in edge}), edges)
    return fit_structural_model(graph, make_traces(columns, graph, settings.missing), settings)


def chain(rows: int, seed: int = 1, noise: float = 0.3) -> dict[str, Column]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    y = 2 * x + noise * rng.normal(size=rows)
    return {"X": x, "Y": y, "Z": 3 * y + noise * rng.normal(size=rows)}


def test_a_chain_holds() -> None:
    fitted = fit(CHAIN, chain(1000))
    assert min(fitted.validation.r2_scores.values()) > 0.95
    assert list(fitted.validation.r2_scores) == ["Y", "Z"]
    assert fitted.validation.passed
    record = model_record(fitted)["scm"]["mechanisms"]
    assert record["Y"]["coefficients"]["X"] == pytest.approx(2, abs=0.05)
    assert record["Z"]["coefficients"]["Y"] == pytest.approx(3, abs=0.05)
    assert record["Z"]["noise_sd"] == pytest.approx(0.3, abs=0.03)


def test_two_parents_hold() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 800))
    columns = {"X": x, "Y": y, "Z": x - 2 * y + 0.2 * rng.normal(size=800)}
    fitted = fit([("X", "Z"), ("Y", "Z")], columns)
    assert fitted.validation.r2_scores["Z"] > 0.95


def test_a_parabola_needs_more_than_a_line() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=600)
    columns = {"X": x, "Y": x**2 + 0.2 * rng.normal(size=600)}
    fitted = fit([("X", "Y")], columns)
    assert fitted.validation.r2_scores["Y"] > 0.8
    line = gcm.AdditiveNoiseModel(create_linear_regressor())
    train, test = split_rows(pd.DataFrame(columns), FitSettings())
    line.fit(train[["X"]].to_numpy(), train["Y"].to_numpy())
    assert held_out_r2(line, test[["X"]].to_numpy(), test["Y"].to_numpy()) < 0.2


def test_fifty_rows_are_too_few() -> None:
    with pytest.raises(InputError, match="at least 100 rows without a missing value, got 50"):
        fit(CHAIN, chain(50))


def test_too_much_noise_is_refused_with_node_and_number() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(0, 3, size=1000)
    columns = {"X": x, "Y": x + rng.normal(0, 5, size=1000)}
    fitted = fit([("X", "Y")], columns)
    r2 = fitted.validation.r2_scores["Y"]
    assert 0.1 < r2 < 0.5
    with pytest.raises(MechanismsError, match=rf"below 0.7: Y {r2:.3f}\.") as caught:
        require_mechanisms(fitted.validation, FitSettings())
    assert caught.value.details["failed_nodes"] == ["Y"]
    assert caught.value.details["r2_scores"] == {"Y": r2}
    require_mechanisms(fitted.validation, FitSettings(validate_r2=False))


def test_an_exact_copy_is_warned_of() -> None:
    x = np.random.default_rng(6).normal(size=200)
    fitted = fit([("X", "Y")], {"X": x, "Y": 2 * x})
    assert fitted.validation.passed
    (warning,) = fitted.validation.warnings
    assert "R² of Y is 1.000000" in warning
    assert not fit([("X", "Y")], {"X": x, "Y": 2 * x + np.roll(x, 1)}).validation.warnings


def test_traces_of_a_function_that_doubles_are_whole_numbers() -> None:
    inputs = list(range(-60, 60)) * 2
    fitted = fit([("input", "output")], {"input": inputs, "output": [2 * x for x in inputs]})
    assert fitted.model.kinds == {"input": "discrete", "output": "discrete"}
    mechanism = fitted.model.causal_model.causal_mechanism("output")
    assert isinstance(mechanism, gcm.DiscreteAdditiveNoiseModel)
    assert fitted.validation.r2_scores["output"] == 1
    assert len(fitted.validation.warnings) == 1


def test_missing_outputs_are_refused_or_left_out_with_a_count() -> None:
    rng = np.random.default_rng(8)
    inputs = rng.normal(size=400)
    valid = inputs > -0.5
    output = np.where(valid, 3 * inputs + 0.1 * rng.normal(size=400), np.nan)
    edges = [("input", "valid"), ("valid", "output"), ("input", "output")]
    columns: dict[str, Column] = {"input": inputs, "valid": list(valid), "output": output}
    missing = int((~valid).sum())
    with pytest.raises(InputError, match=f"missing in 'output', in {missing} of 400 rows"):
        fit(edges, columns)
    left_out = FitSettings(missing="listwise")
    with pytest.raises(InputError, match=r"'valid' takes one value.*'output' and were left out"):
        fit(edges, columns, left_out)
    del columns["valid"]
    graph = make_graph(["input", "output"], [("input", "output")])
    assert make_traces(columns, graph, "listwise").left_out == missing
    assert fit([("input", "output")], columns, left_out).validation.passed


def test_categories_are_chosen_judged_and_not_inverted() -> None:
    rng = np.random.default_rng(9)
    city = rng.choice(["서울", "부산", "대구"], 900)
    x = rng.normal(size=900) + 4 * (city == "서울")
    sure = np.where(x > 2, "large", np.where(x < -0.5, "small", "middle"))
    fitted = fit([("도시", "X"), ("X", "size")], {"도시": list(city), "X": x, "size": list(sure)})
    assert isinstance(fitted.model.causal_model.causal_mechanism("size"), gcm.ClassifierFCM)
    assert not isinstance(fitted.model.causal_model, gcm.InvertibleStructuralCausalModel)
    assert fitted.validation.r2_scores["size"] > 0.9
    record = model_record(fitted)["scm"]["mechanisms"]
    assert record["도시"] == {
        "type": "EmpiricalDistribution",
        "kind": "categorical",
        "labels": ["대구", "부산", "서울"],
    }
    assert "도시=서울" in record["X"]["coefficients"]
    assert isinstance(
        fit(CHAIN, chain(200)).model.causal_model, gcm.InvertibleStructuralCausalModel
    )


def test_a_rare_label_does_no_harm() -> None:
    rng = np.random.default_rng(10)
    x = rng.normal(size=300)
    label = np.where(x > 0, "yes", "no").astype(object)
    label[7] = "once"
    fitted = fit([("X", "Y")], {"X": x, "Y": list(label)})
    assert fitted.validation.r2_scores["Y"] > 0.8


def test_whole_numbers_beyond_32_bits_are_not_cut() -> None:
    rng = np.random.default_rng(11)
    x = rng.integers(0, 10**12, 300)
    fitted = fit([("X", "Y")], {"X": x, "Y": 2 * x + rng.integers(0, 10**10, 300)})
    assert not isinstance(
        fitted.model.causal_model.causal_mechanism("Y"), gcm.DiscreteAdditiveNoiseModel
    )
    assert fitted.validation.r2_scores["Y"] > 0.99


def test_a_seed_and_the_order_of_columns_and_edges_decide_nothing_else() -> None:
    columns = chain(300)
    first = fit(CHAIN, columns)
    second = fit(CHAIN[::-1], dict(reversed(columns.items())))
    other = fit(CHAIN, columns, FitSettings(seed=2))
    assert first.validation.r2_scores == second.validation.r2_scores
    assert first.races == second.races
    assert first.validation.r2_scores != other.validation.r2_scores


def test_the_state_of_the_caller_is_left_alone() -> None:
    columns = chain(200)
    before = {name: np.copy(column) for name, column in columns.items()}
    state = np.random.get_state()[1]
    fit(CHAIN, columns)
    assert (np.random.get_state()[1] == state).all()
    for name, column in columns.items():
        np.testing.assert_array_equal(column, before[name])


def test_the_mean_may_count_instead_of_each_node() -> None:
    rng = np.random.default_rng(13)
    x = rng.normal(size=500)
    columns = {
        "X": x,
        "Y": x + 0.1 * rng.normal(size=500),
        "Z": x + 1.1 * rng.normal(size=500),
    }
    edges = [("X", "Y"), ("X", "Z")]
    assert fit(edges, columns).validation.failed_nodes == ("Z",)
    by_mean = fit(edges, columns, FitSettings(scope="mean")).validation
    assert by_mean.passed
    assert by_mean.r2_scores["Z"] < 0.7 < by_mean.mean_r2
    noise = fit(edges, columns | {"Z": rng.normal(size=500)}, FitSettings(scope="mean"))
    assert not noise.validation.passed


def test_a_fit_that_takes_too_long_is_refused() -> None:
    with pytest.raises(RunError, match=r"time limit of 0.0001 s after 0 of 2 nodes"):
        fit(CHAIN, chain(200), FitSettings(time_limit=0.0001))


def test_the_quality_that_cannot_be_had_is_refused() -> None:
    with pytest.raises(InputError, match=r"'best' is AutoGluon.* choose 'good' or 'better'"):
        fit(CHAIN, chain(200), FitSettings(quality="best"))


def test_better_quality_tries_more_models() -> None:
    fitted = fit(
        [("X", "Y")], {name: chain(150)[name] for name in "XY"}, FitSettings(quality="better")
    )
    assert len(fitted.races["Y"].losses) == 10
    assert fitted.validation.passed

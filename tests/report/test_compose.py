"""A report says what the steps found, each number at its own node."""

import copy
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tasks.attribution.crossed import crossed_statistics
from tasks.bayes.interval import Interval
from tasks.contract import load_contract
from tasks.domain import PLACEBO, Costs, Node
from tasks.intervention.replicate_cells import Action, ReplicateCells
from tasks.intervention.retrained_cells import RetrainedCells
from tasks.report.compose import Findings, compose
from tasks.report.effect_record import Effect
from tasks.report.evidence import CalibrationPoint, GateCheck, ModelCheck, Score
from tasks.report.further_replicates import further_replicates
from tasks.report.report_json import as_json, read_report
from tasks.report.schema import KeyImportance, Share

DEMO = load_contract("demo").model_copy(update={"costs": Costs()})
WEIGHT, CAPACITY = Node(table="items", column="weight"), Node(table="plants", column="capacity")
ACTIONS = (
    Action(WEIGHT, "impute_mean"),
    Action(WEIGHT, "impute_missing"),
    Action(Node(table=PLACEBO, column="noise"), "reduce_variance"),
    Action(CAPACITY, "reduce_variance"),
    Action(WEIGHT.model_copy(update={"range": "missing"}), "impute_missing"),
    Action(Node(table="plants"), "improve_quality"),
    Action(WEIGHT, "remove_outliers"),
)
MEANS = np.array([-5.0, -6.0, 0.1, -8.0, -3.0, 2.0, 1.5])
LIKELIHOOD = np.array([0.1, 0.2, -0.01, -0.3, 0.2, 0.3, 0.4])
REST = [k for k in range(len(ACTIONS)) if k != 2]
S, J, V = 500, 4, 4


def cells_of(likelihood: np.ndarray) -> ReplicateCells:
    """Raw effects are 2 above the posterior ones; random effects of both factors."""
    rng = np.random.default_rng(1)
    effects = rng.normal(0, 0.3, (7, J, 1)) + rng.normal(0, 0.2, (7, 1, V))
    effects = effects + rng.normal(0, 0.5, (7, J, V)) + MEANS[:, None, None] + 2
    nll_before = rng.normal(2, 0.1, (J, V))
    before = rng.uniform(1, 2, (J, V))
    changes = likelihood[:, None, None] + rng.normal(0, 0.01, (7, J, V))
    return ReplicateCells(
        actions=ACTIONS,
        changed=np.arange(10, 17),
        row_fraction=np.ones(7),
        u_before=before,
        u_after=before * (1 + effects / 100),
        nll_before=nll_before,
        nll_after=nll_before + changes,
    )


def share(
    fraction: float, table: str, column: str | None = None, label: str | None = None, **more: float
) -> dict[str, Any]:
    names = {"table": table, "column": column, "range": label}
    return {
        "node": {part: name for part, name in names.items() if name is not None},
        "value": 3 * fraction,
        "monte_carlo_error": 0.3,
        "fraction": fraction,
        "fraction_monte_carlo_error": 0.01 * fraction,
        **more,
    }


SHARES: dict[str, Any] = {
    "tables": [
        share(0.4, "plants", standard_error=0.04),
        share(0.6, "품목 <b>", standard_error=0.06),
    ],
    "columns": [
        share(0.1, "plants", "age", standard_error=0.01, extrapolated=0.3),
        share(0.6, "품목 <b>", "weight", standard_error=0.06, extrapolated=0.0),
        share(0.3, "plants", "capacity", standard_error=0.03, extrapolated=0.2),
    ],
    "ranges": [
        share(-0.1, "품목 <b>", "weight", "< 2"),
        share(0.7, "품목 <b>", "weight", "missing"),
        share(0.3, "plants", "capacity", "any"),
    ],
    "total": 3.0,
    "rounds": 8,
    "orders": 16,
    "converged": True,
}
QUALITY: dict[str, Any] = {
    "scores": {"r2": {"value": 0.5, "standard_error": 0.01}},
    "calibration": [
        [0.5, {"count": 110, "n": 200, "low": 0.48, "high": 0.62}],
        [0.95, {"count": 190, "n": 200, "low": 0.91, "high": 0.97}],
    ],
    "not_assessable": [],
    "uncertainty": {"epistemic": 1.0, "aleatoric": 2.0, "total": 3.0},
    "model": "24 bagged boosting members on 63 features",
    "classes": [],
    "rows": {"train": 10, "validation": 5, "test": 6, "evaluated": 4},
}


def check(rule: str, failing: int) -> dict[str, Any]:
    return {
        "table": "items",
        "rule": rule,
        "column": "weight",
        "severity": "repairable",
        "rows": 80,
        "failing": failing,
        "examples": ["row 3"] * bool(failing),
        "blocks": False,
        "share": failing / 80,
    }


GATE = {
    "counts": {"rules": 41, "broken": 2, "blocking": 0, "faults": 23},
    "checks": [check("required", 20), check("range", 0), check("unique <b>", 3)],
}
DIAGNOSTICS = {
    "chains": 4,
    "draws": 1000,
    "adapt_delta": 0.9,
    "worst_r_hat": 1.003,
    "least_ess_bulk": 1700.0,
    "least_ess_tail": 1500.0,
    "divergences": 0,
    "least_e_bfmi": 0.9,
    "program": "not for the report",
}

POOLING = {
    "level": "column",
    "units": 7,
    "recommended": "hierarchical_student_t",
    "heavy_tails": True,
    "conclusion": "Use Student-t effects.",
}
MODEL_CHECK = {
    "need": "essential",
    "decision": "Simulation-based calibration is essential: two reasons.",
    "status": "not calibrated",
    "reasons": ["The first reason.", "The second <b>reason</b>."],
    "simulations": 200,
}


@pytest.fixture
def found() -> Findings:
    rng = np.random.default_rng(2)
    spread = np.array([0.5, 1.0, 0.1, 2.0, 0.7, 1.5, 0.2])
    draws = MEANS + spread * rng.normal(size=(S, len(ACTIONS)))
    return Findings(
        contract=DEMO,
        name="lead-time",
        task=DEMO.tasks["lead-time"],
        settings={"seed": 1, "members": 24},
        gate=GATE,
        quality=QUALITY,
        shares=SHARES,
        pooling=[POOLING],
        diagnostics=DIAGNOSTICS,
        model_check=MODEL_CHECK,
        keys=[
            {"key": "->item", "mean": 0.2, "share": None, "reduction": 0.4},
            {"key": "->customer", "mean": -0.1, "share": None, "reduction": 0.3},
            {
                "key": "(own)",
                "mean": 0.9,
                "share": {"mean": 0.81, "low": 0.7, "high": 0.9},
                "reduction": 0.45,
            },
        ],
        cells=cells_of(LIKELIHOOD),
        draws=draws,
        left_out={},
        not_retrained={},
        real_changes={},
        retrained=None,
        retrained_draws=np.empty((0, 0)),
    )


def test_what_is_told_of_the_run(found: Findings) -> None:
    report = compose(found)
    assert (report.domain, report.title, report.task) == (DEMO.name, DEMO.title, "lead-time")
    assert (report.target, report.unit) == ("documents.lead_time", "day")
    assert (report.output, report.tables, report.keys) == ("regression", 4, 3)
    assert report.rules == 41
    assert report.settings == {"seed": 1, "members": 24}
    assert report.rows == QUALITY["rows"]
    assert report.model == QUALITY["model"]
    assert report.uncertainty == QUALITY["uncertainty"]
    assert report.quality == (Score(name="r2", value=0.5, standard_error=0.01),)
    assert report.calibration == (
        CalibrationPoint(said=0.5, observed=0.55, low=0.48, high=0.62, rows=200),
        CalibrationPoint(said=0.95, observed=0.95, low=0.91, high=0.97, rows=200),
    )
    told = report.diagnostics.model_dump()
    assert told == {name: DIAGNOSTICS[name] for name in DIAGNOSTICS if name != "program"}
    assert [of.model_dump() for of in report.pooling] == [POOLING]
    assert report.notes == ()


def test_a_report_can_be_written_and_nothing_is_mutated(found: Findings) -> None:
    before = copy.deepcopy((found.gate, found.quality, found.shares, found.keys, found.draws))
    report = compose(found)
    assert read_report(as_json(report)) == report
    after = (found.gate, found.quality, found.shares, found.keys, found.draws)
    np.testing.assert_equal(after, before)


def test_what_the_check_of_the_effects_model_said_is_carried(found: Findings) -> None:
    assert compose(found).model_check == ModelCheck(
        need="essential",
        decision="Simulation-based calibration is essential: two reasons.",
        status="not calibrated",
        reasons=("The first reason.", "The second <b>reason</b>."),
        simulations=200,
    )


def test_a_status_of_the_check_that_nobody_knows_is_refused(found: Findings) -> None:
    with pytest.raises(ValueError, match="status"):
        compose(replace(found, model_check=MODEL_CHECK | {"status": "good"}))


def test_every_effect_has_its_own_cells_and_draws(found: Findings) -> None:
    report = compose(found)
    effects = [*report.effects[:2], *report.placebo, *report.effects[2:]]
    raw = crossed_statistics(found.cells.effects, found.cells.drawn)
    for k, (effect, action) in enumerate(zip(effects, ACTIONS, strict=True)):
        assert (effect.node, effect.intervention) == (action.node, action.intervention)
        assert effect.changed == 10 + k
        of = effect.effect
        np.testing.assert_allclose(
            [of.low, of.mean, of.high],
            np.insert(np.quantile(found.draws[:, k], [0.025, 0.975]), 1, found.draws[:, k].mean()),
        )
        assert effect.raw == pytest.approx(found.cells.effects[k].mean())
        assert effect.raw_error == pytest.approx(float(raw.standard_error[k]))


def test_the_placebo_is_set_apart(found: Findings) -> None:
    report = compose(found)
    assert [effect.node.table for effect in report.placebo] == [PLACEBO]
    listed = [*report.effects, *(entry.effect for entry in report.ranking)]
    assert PLACEBO not in {effect.node.table for effect in listed}
    assert len(report.effects) == len(ACTIONS) - 1


def test_the_ranking_has_the_draws_of_its_own_effects(found: Findings) -> None:
    """The placebo stands in the middle, so that all columns after it would move."""
    report = compose(found)
    candidates = [1, 3, 5, 6]
    draws = found.draws[:, candidates]
    best = np.minimum(draws.min(axis=1), 0)
    by_hand = {
        ACTIONS[k]: ((column < 0).mean(), (column == draws.min(axis=1)).mean(), column - best)
        for k, column in zip(candidates, draws.T, strict=True)
    }
    assert {Action(one.effect.node, one.effect.intervention) for one in report.ranking} == set(
        by_hand
    )
    for one in report.ranking:
        reduces, is_best, loss = by_hand[Action(one.effect.node, one.effect.intervention)]
        assert one.effect in report.effects
        assert one.p_reduces == pytest.approx(reduces)
        assert one.p_best == pytest.approx(is_best)
        assert one.cost == 1
        assert one.per_cost.mean == pytest.approx(one.effect.effect.mean)
        assert one.regret == pytest.approx(loss.mean())
    assert all(one.per_cost.mean < two.per_cost.mean for one, two in pairwise(report.ranking))


def test_costs_are_those_of_the_contract(found: Findings) -> None:
    costs = Costs(nodes={"plants.capacity": 4.0})
    report = compose(replace(found, contract=DEMO.model_copy(update={"costs": costs})))
    by_node = {one.effect.node: one for one in report.ranking}
    assert by_node[CAPACITY].cost == 4
    assert by_node[CAPACITY].per_cost.mean == pytest.approx(found.draws[:, 3].mean() / 4)
    assert by_node[CAPACITY].rank == 2


def test_further_replicates_are_counted_from_those_there_are(found: Findings) -> None:
    (entry,) = (one for one in compose(found).ranking if one.confidence == "needs more data")
    assert entry.effect.node == Node(table="plants")
    effect, variance = entry.effect, float(found.draws[:, 5].var(ddof=1))
    counted = [further_replicates(effect.effect, variance, effect.raw_error, n) for n in (J * V, J)]
    assert entry.further_replicates == counted[0] != counted[1]


def illusory(found: Findings) -> set[Action]:
    report = compose(found)
    ranked = [one.effect for one in report.ranking]
    marked = [effect for effect in (*report.effects, *report.placebo) if effect.illusory]
    assert not any(effect in ranked for effect in marked)
    return {Action(effect.node, effect.intervention) for effect in marked}


def test_what_lowers_uncertainty_and_worsens_the_likelihood_is_illusory(found: Findings) -> None:
    """Drawn values, better likelihoods and rising uncertainty are not."""
    assert illusory(found) == {ACTIONS[0]}
    better = replace(found, cells=cells_of(np.full(7, -0.5)))
    assert illusory(better) == set()
    worse = replace(found, cells=cells_of(np.full(7, 0.5)))
    assert illusory(worse) == {ACTIONS[0], ACTIONS[3]}


def test_the_posterior_says_whether_uncertainty_falls(found: Findings) -> None:
    """The raw effect of the placebo is above 0, and its draws may lie below."""
    low = found.draws - 5 * (np.arange(7) == 2)
    worse = replace(found, draws=low, cells=cells_of(np.full(7, 0.5)))
    assert illusory(worse) == {ACTIONS[0], ACTIONS[2], ACTIONS[3]}


def test_the_likelihood_is_told_unless_values_were_drawn(found: Findings) -> None:
    report = compose(found)
    told: dict[Action, Effect] = {
        Action(effect.node, effect.intervention): effect
        for effect in (*report.effects, *report.placebo)
    }
    for k, action in enumerate(ACTIONS):
        change, error = told[action].nll_change, told[action].nll_change_error
        if action.intervention in ("impute_missing", "improve_quality"):
            assert (change, error) == (None, None)
        else:
            changes = found.cells.nll_after[k] - found.cells.nll_before
            assert change == pytest.approx(changes.mean())
            assert change == pytest.approx(LIKELIHOOD[k], abs=0.02)
            assert error == pytest.approx(float(crossed_statistics(changes).standard_error))


def test_only_rules_that_the_data_break_are_told(found: Findings) -> None:
    gate = compose(found).gate
    assert [(check.rule, check.failing) for check in gate] == [("required", 20), ("unique <b>", 3)]
    assert gate[0] == GateCheck(
        table="items",
        column="weight",
        rule="required",
        severity="repairable",
        rows=80,
        failing=20,
        examples=("row 3",),
    )


def test_shares_stand_level_by_level_from_large_to_small(found: Findings) -> None:
    shares = compose(found).shares
    assert [(str(one.node), one.fraction) for one in shares] == [
        ("품목 <b>", 0.6),
        ("plants", 0.4),
        ("품목 <b>.weight", 0.6),
        ("plants.capacity", 0.3),
        ("plants.age", 0.1),
        ("품목 <b>.weight [missing]", 0.7),
        ("plants.capacity [any]", 0.3),
        ("품목 <b>.weight < 2", -0.1),
    ]
    assert shares[3] == Share(
        node=Node(table="plants", column="capacity"),
        fraction=0.3,
        monte_carlo_error=0.003,
        standard_error=0.03,
        extrapolated=0.2,
    )
    assert [one.extrapolated for one in shares] == [None, None, 0.0, 0.2, 0.3, None, None, None]
    assert [one.standard_error is None for one in shares] == [False] * 5 + [True] * 3


def test_keys_stand_from_large_to_small(found: Findings) -> None:
    assert compose(found).key_importance == (
        KeyImportance(key="(own)", share=Interval(mean=0.81, low=0.7, high=0.9), reduction=0.45),
        KeyImportance(key="->item", share=None, reduction=0.4),
        KeyImportance(key="->customer", share=None, reduction=0.3),
    )


@pytest.fixture
def noted(found: Findings) -> Callable[..., tuple[str, ...]]:
    def notes(**changes: Any) -> tuple[str, ...]:
        return compose(replace(found, **changes)).notes

    return notes


def test_notes_say_what_a_reader_must_know(noted: Callable[..., tuple[str, ...]]) -> None:
    reason = "AUC needs rows of each class."
    assert noted(quality=QUALITY | {"not_assessable": [reason]}) == (reason,)
    (precision,) = noted(shares=SHARES | {"converged": False})
    assert precision.startswith("The shares did not reach the precision asked for")
    (counted,) = noted(left_out={"correct items.weight": "no rule", "impute_mean x.y": "same"})
    assert counted.startswith("2 interventions at the nodes looked at change nothing")


def test_a_placebo_that_is_left_out_is_told_with_its_reason(
    noted: Callable[..., tuple[str, ...]],
) -> None:
    left_out = {
        "correct items.weight": "No rule is broken.",
        f"impute_mean {PLACEBO}.noise": "No member looks at the noise.",
    }
    first, second = noted(left_out=left_out)
    assert first == "No member looks at the noise."
    assert second.startswith("2 interventions")


@pytest.fixture(scope="module")
def anew() -> tuple[RetrainedCells, np.ndarray]:
    """Two leading actions and the placebo, fitted anew: the draws of 50 lie far from all others."""
    chosen = np.array([3, 1, 2])
    cells = replace(cells_of(LIKELIHOOD).take(chosen), nested=True)
    before = cells.nll_before
    found = RetrainedCells(
        cells=cells,
        crps_before=before,
        crps_after=np.stack([before - 0.1, before + 0.2, before]),
        gap_before=np.zeros((J, V)),
        gap_after=np.full((3, J, V), 0.05),
        training_rows=1234,
        held_out_rows=567,
    )
    draws = np.array([-40.0, 3.0, 0.0]) + np.random.default_rng(3).normal(size=(50, 3))
    return found, draws


def test_what_was_fitted_anew_stands_at_its_own_effect_and_counts(
    found: Findings, anew: tuple[RetrainedCells, np.ndarray]
) -> None:
    cells, draws = anew
    report = compose(replace(found, retrained=cells, retrained_draws=draws))
    assert report.retraining == {"training_rows": 1234, "held_out_rows": 567}
    tried = {
        Action(effect.node, effect.intervention): effect.retrained
        for effect in (*report.effects, *report.placebo)
        if effect.retrained
    }
    assert set(tried) == set(cells.cells.actions)
    for k, action in enumerate(cells.cells.actions):
        assert tried[action].effect.mean == pytest.approx(draws[:, k].mean())
    assert report.ranking[0].effect.node == CAPACITY
    assert report.ranking[0].per_cost.mean == pytest.approx(draws[:, 0].mean())
    (illusion,) = (
        one for one in report.effects if one.intervention == "impute_missing" and one.retrained
    )
    assert illusion.illusory
    assert illusion not in [one.effect for one in report.ranking]
    assert read_report(as_json(report)) == report


def test_where_no_member_was_fitted_anew_nothing_is_said_of_it(found: Findings) -> None:
    report = compose(found)
    assert report.retraining == {}
    assert not any(effect.retrained for effect in (*report.effects, *report.placebo))


def test_why_members_were_not_fitted_anew_is_told(noted: Callable[..., tuple[str, ...]]) -> None:
    assert noted(not_retrained={"correct items.weight": "Too few rows."}) == ("Too few rows.",)

"""The ranking against closed forms, loops over draws, and choices whose answer is plain."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from tasks.bayes.interval import Interval, intervals
from tasks.domain import PLACEBO, Costs, Node
from tasks.errors import InputError
from tasks.report.effect_record import Effect, Ranked
from tasks.report.further_replicates import further_replicates
from tasks.report.ranking import confidence_of, rank

EffectAt = Callable[..., Effect]
S = 200_000
FREE = Costs()


@pytest.fixture
def ranked(effect_at: EffectAt) -> Callable[..., dict[str, Ranked]]:
    """The ranking of effects at a.x, b.x, ... from their draws, by table."""

    def make(draws: Any, costs: Costs = FREE) -> dict[str, Ranked]:
        names = "abcdefgh"[: np.shape(draws)[1]]
        effects = [
            effect_at(f"{name}.x", of.mean, effect=of)
            for name, of in zip(names, intervals(draws), strict=True)
        ]
        found = rank(effects, draws, costs, cells=64)
        assert [entry.rank for entry in found] == list(range(1, len(names) + 1))
        return {entry.effect.node.table: entry for entry in found}

    return make


def test_two_independent_normals(ranked: Callable[..., dict[str, Ranked]]) -> None:
    draws = np.random.default_rng(2).normal([-5, -3], [2, 1.5], size=(S, 2))
    found = ranked(draws)
    best = norm.cdf(2 / 2.5)
    assert found["a"].p_best == pytest.approx(best, abs=0.004)
    assert found["b"].p_best == pytest.approx(1 - best, abs=0.004)
    assert found["b"].p_reduces == pytest.approx(norm.cdf(3 / 1.5), abs=0.003)


def test_costs_turn_the_order(ranked: Callable[..., dict[str, Ranked]]) -> None:
    draws = np.random.default_rng(2).normal([-5, -3], [2, 1.5], size=(S, 2))
    found = ranked(draws, Costs(default=1, nodes={"a.x": 4}))
    assert list(found) == ["b", "a"]
    assert found["a"].cost == 4
    assert found["a"].per_cost.mean == pytest.approx(-5 / 4, abs=0.01)
    assert found["a"].per_cost.low == pytest.approx((-5 - 1.96 * 2) / 4, abs=0.02)
    assert found["a"].p_best == pytest.approx(norm.cdf(-1.75 / np.hypot(0.5, 1.5)), abs=0.004)
    assert found["a"].effect.effect.mean == pytest.approx(-5, abs=0.03)


def test_the_draws_are_taken_jointly(ranked: Callable[..., dict[str, Ranked]]) -> None:
    rng = np.random.default_rng(3)
    first = rng.normal(-5, 3, 4000)
    together = np.column_stack([first, first + 0.1])
    apart = np.column_stack([first, rng.permutation(first + 0.1)])
    assert ranked(together)["a"].p_best == 1
    assert ranked(apart)["a"].p_best < 0.6
    assert ranked(together)["b"].regret == pytest.approx(ranked(together)["a"].regret + 0.1)


def test_regret_of_a_normal_choice(ranked: Callable[..., dict[str, Ranked]]) -> None:
    """One action against doing nothing: E max(b, 0) - E b = sd phi(m / sd) - m Phi(-m / sd)."""
    mean, sd = 1.0, 2.0
    draws = np.random.default_rng(4).normal(-mean, sd, size=(S, 1))
    known = sd * norm.pdf(mean / sd) - mean * norm.cdf(-mean / sd)
    assert ranked(draws)["a"].regret == pytest.approx(known, abs=0.01)


def test_doing_nothing_is_better_than_harm(ranked: Callable[..., dict[str, Ranked]]) -> None:
    found = ranked(np.array([[1.0, 4.0], [3.0, 8.0]]), Costs(default=2))
    assert (found["a"].regret, found["b"].regret) == (1.0, 3.0)
    assert (found["a"].p_best, found["a"].p_reduces) == (1.0, 0.0)


def test_a_single_sure_gain_has_no_regret(ranked: Callable[..., dict[str, Ranked]]) -> None:
    found = ranked(np.array([[-4.0], [-2.0], [-3.0]]))["a"]
    assert (found.regret, found.p_best, found.p_reduces) == (0.0, 1.0, 1.0)


def test_those_that_tie_divide_the_draw_and_stand_by_name(effect_at: EffectAt) -> None:
    draws = np.array([[-1.0, -1.0, 5.0], [-2.0, -2.0, -2.0]])
    effects = [effect_at("b", -1.5), effect_at("a", -1.5), effect_at("c", 1.5)]
    found = rank(effects, draws, FREE, cells=8)
    assert [str(entry.effect.node) for entry in found] == ["a", "b", "c"]
    assert [entry.p_best for entry in found] == pytest.approx([5 / 12, 5 / 12, 1 / 6])


@settings(max_examples=60, deadline=None)
@given(
    draws=arrays(
        np.float64, st.tuples(st.integers(2, 12), st.integers(1, 5)), elements=st.floats(-50, 50)
    ),
    costs=st.lists(st.floats(0.1, 10), min_size=5, max_size=5),
)
def test_against_a_loop_over_draws(
    effect_at: EffectAt, draws: np.ndarray, costs: list[float]
) -> None:
    names = "abcde"[: draws.shape[1]]
    effects = [effect_at(name, -2) for name in names]
    kept = draws.copy()
    price = Costs(nodes=dict(zip("abcde", costs, strict=True)))
    found = {entry.effect.node.table: entry for entry in rank(effects, draws, price, cells=8)}
    assert (draws == kept).all()
    for k, name in enumerate(names):
        lost, best = 0.0, 0.0
        for row in draws:
            gains = [-change / cost for change, cost in zip(row, costs, strict=False)]
            lost += max(*gains, 0.0) - gains[k]
            best += (gains[k] == max(gains)) / gains.count(max(gains))
        assert found[name].regret == pytest.approx(lost / len(draws), abs=1e-9)
        assert found[name].p_best == pytest.approx(best / len(draws), abs=1e-12)
        assert found[name].p_reduces == np.mean(draws[:, k] < 0)
    regrets = [entry.regret for entry in found.values()]
    assert min(regrets) >= -1e-12
    assert all(a <= b + 1e-9 for a, b in pairwise(regrets))
    assert sum(entry.p_best for entry in found.values()) == pytest.approx(1)


def test_ranges_placebo_and_illusory_gains_are_left_out(effect_at: EffectAt) -> None:
    effects = [
        effect_at("a.x.missing", -90),
        effect_at(f"{PLACEBO}.noise", -80),
        effect_at("b.x", -70, illusory=True),
        effect_at("c.x", -5),
        effect_at("c", -4),
    ]
    draws = np.tile([effect.effect.mean for effect in effects], (3, 1))
    found = rank(effects, draws, FREE, cells=8)
    assert [entry.effect for entry in found] == effects[3:]
    assert (found[0].regret, found[0].p_best) == (0.0, 1.0)
    assert rank(effects[:3], draws[:, :3], FREE, cells=8) == ()
    assert rank([], np.empty((3, 0)), FREE, cells=8) == ()


def test_a_column_does_not_cost_what_its_table_does() -> None:
    costs = Costs(default=2, nodes={"items": 9, "items.price": 0.5})
    nodes = [Node(table="items"), Node(table="items", column="price")]
    nodes.append(Node(table="items", column="weight"))
    assert [costs.of(node) for node in nodes] == [9, 0.5, 2]


@pytest.mark.parametrize(
    ("low", "high", "confidence"),
    [
        (-12.4, -7.6, "high"),
        (-12.5, -7.5, "medium"),
        (-20.0, -1e-9, "medium"),
        (-20.0, 0.0, "needs more data"),
        (-20.0, 3.0, "needs more data"),
    ],
)
def test_boundaries_of_confidence(low: float, high: float, confidence: str) -> None:
    assert confidence_of(Interval(mean=-10, low=low, high=high)) == confidence
    assert confidence_of(Interval(mean=10, low=-high, high=-low)) == confidence


def test_only_open_questions_ask_for_replicates(effect_at: EffectAt) -> None:
    draws = np.random.default_rng(6).normal([-9, -1.5], [1, 1.1], size=(4000, 2))
    effects = [
        effect_at(name, 0, effect=of, raw_error=1.4)
        for name, of in zip(("sure.x", "open.x"), intervals(draws), strict=True)
    ]
    sure, open_question = rank(effects, draws, FREE, cells=64)
    assert (sure.confidence, sure.further_replicates) == ("high", None)
    assert open_question.confidence == "needs more data"
    variance = float(draws[:, 1].var(ddof=1))
    known = further_replicates(effects[1].effect, variance, 1.4, 64)
    assert known is not None
    assert open_question.further_replicates == known


@pytest.mark.parametrize("shape", [(5, 2), (5,), (5, 1, 1)])
def test_refuses_draws_of_another_shape(effect_at: EffectAt, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="one column for each of 1 effects"):
        rank([effect_at("a", -1)], np.zeros(shape), FREE, cells=8)


def test_refuses_draws_that_are_not_finite(effect_at: EffectAt) -> None:
    with pytest.raises(InputError, match="must be finite, got 1"):
        rank([effect_at("a", -1)], np.array([[1.0], [np.nan]]), FREE, cells=8)

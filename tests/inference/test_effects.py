"""Fitting: names and units, pooling in the right direction, the gate, what is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import numpy.typing as npt
import pytest

from tasks.attribution.crossed import crossed_statistics
from tasks.bayes import gated_fit
from tasks.bayes.posterior_diagnostics import GATE, Finding, Verdict, check
from tasks.domain import Node
from tasks.errors import InputError, RunError
from tasks.inference.effects import EffectsFit, fit_effects, sample_effects
from tasks.inference.effects_data import checked_statistics, overall_sd
from tasks.intervention.replicate_cells import Action, ReplicateCells

from .known_effects import after_effects

Floats = npt.NDArray[np.float64]

MOST_STANDARD_ERRORS = 4.5


def with_effects(cells: ReplicateCells, effects: Floats) -> ReplicateCells:
    return replace(cells, u_after=after_effects(cells.u_before, effects))


def pick(cells: ReplicateCells, *chosen: int) -> ReplicateCells:
    return cells.take(np.array(chosen, dtype=np.intp))


def test_draws_are_in_per_cent_and_in_the_order_of_the_actions(
    cells: ReplicateCells, fitted: EffectsFit
) -> None:
    assert fitted.actions == cells.actions
    effect = fitted.fit.posterior["effect"]
    assert effect.dims == ("chain", "draw", "action")
    assert effect["action"].values.tolist() == [str(action) for action in cells.actions]
    assert fitted.draws.shape == (4000, 10)
    np.testing.assert_array_equal(fitted.draws[1000:2000], effect.values[1])
    raw = cells.effects.mean(axis=(1, 2))
    assert np.corrcoef(fitted.draws.mean(axis=0), raw)[0, 1] > 0.98
    assert np.abs(fitted.draws.mean(axis=0) - raw).max() < 1.5


def test_sds_of_the_cells_are_in_per_cent(cells: ReplicateCells, fitted: EffectsFit) -> None:
    """The rest has at least 18 degrees of freedom an action: its sd is known to a sixth."""
    sd = fitted.fit.posterior["sigma_e"].mean(("chain", "draw")).values
    rest = crossed_statistics(cells.effects, cells.drawn).ms_rest
    np.testing.assert_allclose(sd, np.sqrt(rest), rtol=0.2)


def test_a_tables_effect_is_its_only_actions(cells: ReplicateCells, fitted: EffectsFit) -> None:
    table = fitted.fit.posterior["table_effect"]
    assert table["table"].values.tolist() == ["items", "returns", "주문"]
    own = fitted.fit.posterior["mean_effect"].sel(action="improve_quality 주문")
    np.testing.assert_array_equal(table.sel(table="주문"), own)
    assert (table.sel(table="items").values[..., None] != fitted.fit.posterior["mean_effect"]).all()
    assert fitted.fit.posterior["sigma"]["level"].values.tolist() == ["table", "column", "range"]


def test_the_record_tells_how_it_was_sampled(fitted: EffectsFit) -> None:
    record = json.loads(json.dumps(fitted.diagnostics))
    assert (record["program"], record["seed"], record["chains"]) == ("intervention_effects", 1, 4)
    assert (record["warmup"], record["draws"], record["adapt_delta"]) == (1000, 1000, 0.9)
    assert len(record["program_digest"]) == 64
    assert 1 <= record["worst_r_hat"] < GATE.r_hat
    assert GATE.ess < min(record["least_ess_bulk"], record["least_ess_tail"]) < 4000
    assert record["least_ess_bulk"] == az.ess(fitted.fit).to_array().min()
    assert record["divergences"] == 0
    assert GATE.e_bfmi < record["least_e_bfmi"] < 2
    assert fitted.verdict.passed
    assert fitted.adapt_delta == 0.9


def test_the_fit_survives_a_file(fitted: EffectsFit, tmp_path: Path) -> None:
    fitted.fit.to_netcdf(str(tmp_path / "posterior.nc"))
    kept = az.from_netcdf(str(tmp_path / "posterior.nc"))
    for group in ("posterior", "log_likelihood", "sample_stats"):
        assert kept[group].equals(fitted.fit[group])


def test_the_order_of_actions_does_not_matter_and_the_seed_does(cells: ReplicateCells) -> None:
    order = [3, 7, 0, 9, 1, 8, 6, 4, 2, 5]
    settings: dict[str, Any] = {"warmup": 200, "draws": 50, "chains": 2, "adapt_delta": 0.9}
    one, again, shuffled, other = (
        sample_effects(of, seed=seed, **settings).posterior["effect"].values
        for of, seed in ((cells, 1), (cells, 1), (pick(cells, *order), 1), (cells, 2))
    )
    np.testing.assert_array_equal(one, again)
    np.testing.assert_array_equal(one[..., order], shuffled)
    assert (one != other).all()


def test_inputs_are_not_mutated(cells: ReplicateCells) -> None:
    arrays = {name: of for name, of in vars(cells).items() if isinstance(of, np.ndarray)}
    assert len(arrays) == 6
    before = {name: value.copy() for name, value in arrays.items()}
    settings: dict[str, Any] = {"warmup": 100, "draws": 10, "chains": 1, "adapt_delta": 0.9}
    sample_effects(cells, seed=1, **settings)
    for name, value in arrays.items():
        np.testing.assert_array_equal(value, before[name])


def test_another_unit_changes_the_unit_alone(cells: ReplicateCells, fitted: EffectsFit) -> None:
    scaled = fit_effects(with_effects(cells, cells.effects / 50), seed=2)
    for draws in (lambda d: d, np.square):
        here, there = draws(fitted.draws), draws(50 * scaled.draws)
        error = np.sqrt((here.var(axis=0) + there.var(axis=0)) / 1000)  # ESS of 1000 at least
        assert (np.abs(here.mean(axis=0) - there.mean(axis=0)) < MOST_STANDARD_ERRORS * error).all()


SIBLINGS = [Action(Node(table="t", column=name), "mend") for name in "abcdefg"]


def rough_cells(
    like: ReplicateCells, actions: list[Action], means: Floats, sds: Floats, fraction: Floats
) -> ReplicateCells:
    """Cells with exactly these means; their spread is the same pattern times each sd."""
    pattern = np.random.default_rng(1).normal(size=like.u_before.shape)
    pattern = (pattern - pattern.mean()) / pattern.std()
    effects = means[:, None, None] + sds[:, None, None] * pattern
    return ReplicateCells(
        tuple(actions),
        np.ones(len(actions), dtype=np.int64),
        fraction,
        like.u_before,
        after_effects(like.u_before, effects),
        like.nll_before,
        np.tile(like.nll_before, (len(actions), 1, 1)),
    )


def test_what_is_known_badly_is_pulled_towards_the_others(cells: ReplicateCells) -> None:
    """Two columns lie 4 above the other five; only one of the two is measured well."""
    means = np.array([-9.0, -10.0, -11.0, -9.5, -10.5, -6.0, -6.0])
    sds = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 20.0])
    found = fit_effects(rough_cells(cells, SIBLINGS, means, sds, np.ones(7)), seed=1)
    effect = found.draws.mean(axis=0)
    assert effect[5] == pytest.approx(-6, abs=0.3)
    assert -10 < effect[6] < -7.5
    assert found.draws[:, 6].std() < 20 / np.sqrt(30)  # narrower than by itself
    assert found.draws[:, 6].std() > 2 * found.draws[:, 5].std()


def test_a_range_is_pooled_towards_its_fraction_of_the_column(cells: ReplicateCells) -> None:
    """Four ranges follow their fractions well, one says nothing: it takes its own fraction."""
    fraction = np.array([1.0, 0.1, 0.2, 0.15, 0.25, 0.3])
    column = Node(table="t", column="a")
    actions = [Action(column, "mend")] + [
        Action(column.model_copy(update={"range": str(k)}), "mend") for k in range(5)
    ]
    means, sds = -20 * fraction, np.ones(6)
    means[5], sds[5] = 0.0, 50.0
    found = fit_effects(rough_cells(cells, actions, means, sds, fraction), seed=1)
    assert found.draws[:, 5].mean() == pytest.approx(-20 * 0.3, abs=1.5)
    swapped = np.array([1.0, 0.1, 0.2, 0.15, 0.25, 0.05])
    other = fit_effects(rough_cells(cells, actions, means, sds, swapped), seed=1)
    assert other.draws[:, 5].mean() == pytest.approx(-20 * 0.05, abs=1.5)


def test_one_action_alone_keeps_its_mean(cells: ReplicateCells) -> None:
    found = fit_effects(pick(cells, 2), seed=1)
    error = cells.effects[2].std() / np.sqrt(30)
    assert found.draws.mean() == pytest.approx(cells.effects[2].mean(), abs=2 * error)
    assert found.draws.std() > error


def test_a_fit_that_misses_the_gate_is_repeated_with_smaller_steps(
    cells: ReplicateCells, monkeypatch: pytest.MonkeyPatch
) -> None:
    divergence = Finding("sampler", "number of divergent transitions", 1, "0")

    def check_strictly(fit: az.InferenceData) -> Verdict:
        verdict = check(fit)
        return (
            verdict
            if fit.posterior.adapt_delta == 0.99
            else replace(verdict, failures=(divergence,))
        )

    monkeypatch.setattr(gated_fit, "check", check_strictly)
    found = fit_effects(pick(cells, 2, 3), seed=1)
    assert found.adapt_delta == 0.99
    assert found.diagnostics["adapt_delta"] == 0.99
    assert found.verdict.passed


def test_a_fit_that_still_misses_it_ends_the_run(cells: ReplicateCells) -> None:
    said = (
        r"misses its gate, at adapt_delta 0\.99 and twice as long too: sigma_scaled\[table\]: "
        r"(bulk ESS|R-hat) is [\d.]+, must be [<>] [\d.]+, and \d+ more; run longer chains\.$"
    )
    with pytest.raises(RunError, match=said):
        fit_effects(cells, seed=1, warmup=20, draws=20)


def test_a_fit_that_takes_too_long_is_stopped(cells: ReplicateCells) -> None:
    with pytest.raises(RunError, match=r"stopped after 0\.01 s"):
        fit_effects(cells, seed=1, timeout=0.01)


def without_rest(effects: Floats) -> Floats:
    additive = effects.copy()
    additive[1] = np.arange(8.0)[:, None] + np.arange(4.0)
    return additive


def with_equal_cells(effects: Floats) -> Floats:
    equal = effects.copy()
    equal[1] = -3.3
    return equal


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            with_equal_cells,
            r"variance of 'correct items\.weight' is not assessable, as its cells \(mean -3\.3 %\)",
        ),
        (without_rest, r"variance of 'correct items\.weight' is not assessable"),
    ],
)
def test_cells_without_an_assessable_variance_are_refused_by_action(
    change: Callable[[Floats], Floats], said: str, cells: ReplicateCells
) -> None:
    with pytest.raises(InputError, match=said):
        fit_effects(with_effects(cells, change(cells.effects)), seed=1)


def test_cells_that_are_not_finite_are_refused_by_action(cells: ReplicateCells) -> None:
    infinite = cells.effects.copy()
    infinite[1, 2, 3] = np.inf
    with pytest.raises(InputError, match=r"'correct items\.weight' has 1 cells of 32 that are not"):
        checked_statistics(cells.actions, infinite)


def cut(cells: ReplicateCells, part: tuple[slice, slice]) -> ReplicateCells:
    return replace(
        cells,
        u_before=cells.u_before[part],
        u_after=cells.u_after[:, *part],
        nll_before=cells.nll_before[part],
        nll_after=cells.nll_after[:, *part],
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda cells: pick(cells), "at least 1 action, got none"),
        (lambda cells: cut(cells, np.s_[:1, :]), r"at least 2 sub-ensembles.*\(10, 1, 4\)"),
        (lambda cells: cut(cells, np.s_[:, :1]), r"at least 2 sub-ensembles.*\(10, 8, 1\)"),
        (lambda cells: pick(cells, 2, 2), "must come once, got 'improve_quality 주문' twice"),
        (lambda cells: pick(cells, 0, 4), r"add 'correct items\.weight' to the actions"),
        (lambda cells: replace(cells, row_fraction=np.zeros(10)), r"in \(0, 1\]"),
    ],
)
def test_bad_designs_are_refused(
    change: Callable[[ReplicateCells], ReplicateCells], said: str, cells: ReplicateCells
) -> None:
    with pytest.raises(InputError, match=said):
        fit_effects(change(cells), seed=1)


def test_the_overall_sd_is_around_zero() -> None:
    """Else one action alone, or effects that are all alike, would have no scale."""
    assert overall_sd(np.full((1, 2, 2), -7.0)) == 7

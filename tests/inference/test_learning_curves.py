"""What is told of a learning curve's posterior, and which ranges get a curve, from which rows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import arviz as az
import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy import stats

from tasks.attribution.cells import cell_means
from tasks.attribution.database import ROWS, ColumnRanges
from tasks.attribution.members import split_members
from tasks.bayes.posterior_diagnostics import Verdict
from tasks.bayes.posterior_summary import summarize
from tasks.domain import PLACEBO, Node
from tasks.errors import InputError
from tasks.inference.acquisition_curve import fit_acquisition
from tasks.inference.acquisition_posterior import AcquisitionCurve
from tasks.inference.learning_curves import LearningCurve, curve_of, learning_curves
from tasks.intervention.acquisition_cells import acquisition_cells
from tasks.intervention.refitting import Recipe
from tasks.intervention.rescoring import Evaluation
from tasks.relations.encoding import Encoder
from tasks.relations.feature_walk import Feature
from tasks.uncertainty.backbones import fit_members
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.model_data import TrainingRows

Found = tuple[list[LearningCurve], dict[str, str]]

N_TRAINING, N_ROWS, N_LOW, N_FEW = 400, 60, 128, 63
RECIPE = Recipe(
    "boosting",
    seed=1,
    members=split_members(8, 4),
    workers=1,
    settings=BoostingSettings(iterations=10, max_leaf_nodes=4, min_samples_leaf=5),
)
LOW, HIGH = (Node(table="t", column="a", range=label) for label in ("낮음", "<i>high</i>"))
TWIN = Node(table="t", column="a too", range="낮음")
FEW, MANY = (Node(table="t", column="b", range=label) for label in ("few", "many"))
NO_RANGES = (
    Node(table=PLACEBO, column="noise", range="< 0"),
    Node(table="t", column=ROWS, range="< 0"),
    Node(table="t", column="a", range="no such range"),
    Node(table="t", column="unknown", range="few"),
)


def rows_of(seed: int, n: int) -> TrainingRows:
    """A number of which the first of two features tells."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, (n, 2))
    return TrainingRows(x, np.sin(6 * x[:, 0]) + rng.normal(0, 0.3, n), np.arange(n), None, ())


TRAINING = rows_of(1, N_TRAINING)
PLACES = np.argsort(np.argsort(TRAINING.x, axis=0), axis=0)
OF_A = ColumnRanges(0, (LOW.range, HIGH.range), (PLACES[:, 0] >= N_LOW).astype(np.intp))
RANGES: Mapping[tuple[str, str], ColumnRanges] = {
    ("t", "a"): OF_A,
    ("t", "a too"): OF_A,
    (PLACEBO, "noise"): ColumnRanges(0, ("< 0",), np.zeros(N_TRAINING, dtype=np.intp)),
    ("t", ROWS): ColumnRanges(0, ("< 0",), np.zeros(N_TRAINING, dtype=np.intp)),
    ("t", "b"): ColumnRanges(1, (FEW.range, MANY.range), (PLACES[:, 1] >= N_FEW).astype(np.intp)),
}


MADE = {"program": "known", "program_digest": "0", "toolchain": "none", "seed": 7, "chains": 2}
SETTINGS = {"iter_warmup": 3, "iter_sampling": 50, "adapt_delta": 0.9}


def posterior_of(
    n_now: int,
    phi: npt.ArrayLike,
    lam: float,
    sigma_s: float = 0.0,
    deviation: npt.ArrayLike = 0.0,
) -> AcquisitionCurve:
    """A posterior of 100 known draws in two chains, without a divergence."""
    given = {"phi": phi, "lambda": lam, "sigma_s": sigma_s, "deviation": deviation}
    draws = {name: np.broadcast_to(values, 100).reshape(2, 50) for name, values in given.items()}
    energy = np.random.default_rng(1).normal(size=(2, 50))
    sampled = {"diverging": np.zeros((2, 50), dtype=bool), "energy": energy}
    fit = az.from_dict(posterior=draws, sample_stats=sampled)
    fit.posterior.attrs |= MADE | SETTINGS
    return AcquisitionCurve(n_now, fit, Verdict((), (), ()), 0.9)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    scored = rows_of(2, N_ROWS)
    ensemble = fit_members(
        TRAINING, "boosting", seed=1, members=8, workers=1, settings=RECIPE.settings
    )
    nodes = tuple(Feature((), "t", name, "value", "number") for name in "ab")
    return Evaluation(
        rows=pl.DataFrame({"row": np.arange(N_ROWS)}),
        encoder=Encoder(nodes, {}),
        x=scored.x,
        y=scored.y,
        ensemble=ensemble,
        members=RECIPE.members,
        blocks=np.arange(N_ROWS) % 4,
    )


def curves_of(evaluation: Evaluation, leading: Sequence[Node], **changes: Any) -> Found:
    asked = {"most": 9, "worth": 10.0, "row_cost": 3.0, "seed": 5} | changes
    return learning_curves(TRAINING, evaluation, RANGES, leading, RECIPE, **asked)


@pytest.fixture(scope="module")
def found(evaluation: Evaluation) -> Found:
    """Three curves of ranges among which stand some that can have none."""
    return curves_of(evaluation, [*NO_RANGES, MANY, FEW, LOW, TWIN, HIGH], most=3)


def test_a_curve_tells_the_known_answer_of_its_posterior() -> None:
    """N = lambda = 128 and phi = 0.5: as many more rows change U by -50 · 128 / 384 per cent."""
    curve = curve_of(LOW, posterior_of(128, 0.5, 128), 10.0, 3.0)
    assert (curve.node, curve.rows, curve.more, curve.worth) == (LOW, 128, 128, 10.0)
    for told, value in ((curve.effect, -50 / 3), (curve.reducible, 50)):
        assert (told.mean, told.low, told.high) == pytest.approx((value, value, value))
    # 50 dn / (256 + dn) = 10 at dn = 64; a cost of 3 · 128 is spent for 50 / 3 per cent.
    assert curve.rows_for == curve.rows_for_sure == 64
    assert curve.cost_per_unit == pytest.approx(3 * 128 * 3 / 50)


def test_the_draws_that_there_are_decide_how_sure_it_is() -> None:
    """Where phi is 0.2, 20 dn / (256 + dn) = 10 at dn = 256; where it is 0.5, at dn = 64."""
    phi = np.repeat([0.2, 0.5], [8, 92])
    curve = curve_of(LOW, posterior_of(128, phi, 128), 10.0, 3.0)
    assert curve.rows_for is not None
    assert curve.rows_for_sure == 256
    assert 64 < curve.rows_for < 80
    assert curve.effect.low < curve.effect.mean < curve.effect.high
    assert (curve.reducible.low, curve.reducible.high) == pytest.approx((20, 50))
    assert curve.reducible.mean == pytest.approx(47.6)
    less_doubt = np.repeat([0.2, 0.5], [4, 96])
    assert curve_of(LOW, posterior_of(128, less_doubt, 128), 10.0, 3.0).rows_for_sure == 64


def test_which_rows_come_makes_the_effect_less_sure_and_nothing_else() -> None:
    """sigma_s = 6: the sd of what N more rows bring is 6 / sqrt(2)."""
    deviation = stats.norm.ppf((np.arange(100) + 0.5) / 100)
    known = curve_of(LOW, posterior_of(128, 0.5, 128), 10.0, 3.0)
    chance = curve_of(LOW, posterior_of(128, 0.5, 128, 6.0, deviation), 10.0, 3.0)
    low, high = -50 / 3 + 6 / np.sqrt(2) * np.quantile(deviation, [0.025, 0.975])
    told = (chance.effect.mean, chance.effect.low, chance.effect.high)
    assert told == pytest.approx((-50 / 3, low, high))
    others = {"reducible", "worth", "rows_for", "rows_for_sure", "cost_per_unit"}
    assert chance.model_dump(include=others) == known.model_dump(include=others)


def test_what_is_never_reached_and_what_costs_nothing_known() -> None:
    hurts = curve_of(LOW, posterior_of(128, -0.3, 128), 10.0, 3.0)
    assert (hurts.rows_for, hurts.rows_for_sure, hurts.cost_per_unit) == (None, None, None)
    assert hurts.effect.mean == pytest.approx(10)
    unpriced = curve_of(LOW, posterior_of(128, 0.5, 128), 10.0, None)
    assert unpriced.cost_per_unit is None
    assert unpriced.rows_for == 64


def test_how_it_was_sampled_is_told_too() -> None:
    phi = np.random.default_rng(2).normal(0.4, 0.1, 100)
    curve = posterior_of(128, phi, 128)
    told = curve_of(LOW, curve, 10.0, 3.0).diagnostics
    expected = MADE | {"warmup": 3, "draws": 50, "adapt_delta": 0.9, "divergences": 0}
    assert {name: told[name] for name in expected} == expected
    worst = float(summarize(curve.fit.posterior)["r_hat"].max())
    assert told["worst_r_hat"] == pytest.approx(worst)


@pytest.mark.parametrize(
    ("phi", "worth", "said"), [(0.5, 0.0, "worth must be"), (np.nan, 10.0, "must be finite")]
)
def test_what_tells_nothing_is_refused(phi: float, worth: float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        curve_of(LOW, posterior_of(128, phi, 128), worth, 3.0)


def test_the_posterior_is_not_mutated() -> None:
    curve = posterior_of(128, np.linspace(0.1, 0.5, 100), 128, 6.0, np.linspace(-2, 2, 100))
    before = curve.fit.copy()
    curve_of(LOW, curve, 10.0, 3.0)
    for group in ("posterior", "sample_stats"):
        assert curve.fit[group].identical(before[group])


def test_the_most_promising_ranges_of_values_come_first(found: Found) -> None:
    """A range with 63 rows has too few, and takes the place of no other."""
    curves, left_out = found
    assert [curve.node for curve in curves] == [MANY, LOW, TWIN]
    assert [(curve.rows, curve.more) for curve in curves] == [(337, 337), (128, 128), (128, 128)]
    assert list(left_out) == [str(FEW)]
    assert left_out[str(FEW)].startswith(f"No learning curve of {FEW}: A learning curve needs")
    assert "of 63: take a wider range" in left_out[str(FEW)]


def test_curves_can_be_trusted_and_survive_their_file(found: Found) -> None:
    for curve in found[0]:
        assert curve.worth == 10
        assert curve.effect.low < curve.effect.mean < curve.effect.high
        assert curve.reducible.low < curve.reducible.mean < curve.reducible.high
        assert curve.diagnostics["divergences"] == 0
        assert LearningCurve.model_validate_json(curve.model_dump_json()) == curve


def uncertainty_now(evaluation: Evaluation) -> npt.NDArray[np.float64]:
    """U of 4 sub-ensembles by 4 blocks: the mean variance of a block's rows over two members."""
    rows = np.arange(N_ROWS)
    u = np.stack([evaluation.score(j, rows, evaluation.x)[0] for j in range(4)], axis=1)
    found = cell_means(u, evaluation.blocks)
    predicted = evaluation.ensemble.predict_members(evaluation.x)
    for j, v in np.ndindex(4, 4):
        cell = predicted[2 * j : 2 * j + 2, evaluation.blocks == v]
        assert found[j, v] == pytest.approx(cell.var(axis=0, ddof=1).mean(), rel=1e-9)
    return found


@pytest.mark.parametrize(
    ("which", "inside"), [(0, PLACES[:, 1] >= N_FEW), (1, PLACES[:, 0] < N_LOW)]
)
def test_a_curve_is_that_of_refits_to_fewer_rows_of_its_range(
    which: int, inside: npt.NDArray[np.bool_], evaluation: Evaluation, found: Found
) -> None:
    """The seed that is told is that of the subsets and of the draws."""
    told = found[0][which]
    seed = int(told.diagnostics["seed"])
    now = uncertainty_now(evaluation)
    rows = (evaluation.x, evaluation.y, evaluation.blocks)
    cells = acquisition_cells(TRAINING, inside, now, *rows, RECIPE, seed=seed)
    assert told == curve_of(told.node, fit_acquisition(cells, seed=seed), 10.0, 3.0)
    other = acquisition_cells(TRAINING, inside, now, *rows, RECIPE, seed=seed - 1)
    assert (cells.u_kept != other.u_kept).any()  # control: the seed decides which rows are kept


def test_the_worth_and_the_cost_asked_for_are_those_told(found: Found) -> None:
    """Control of the test before: there is a curve of which both say something."""
    many = found[0][0]
    assert many.rows_for is not None
    assert many.cost_per_unit is not None


def test_a_range_has_the_same_chance_whatever_else_is_asked(
    evaluation: Evaluation, found: Found
) -> None:
    """And ranges after the last curve are not looked at."""
    inputs = (evaluation.x, evaluation.y, evaluation.blocks, RANGES["t", "b"].codes)
    arrays = (TRAINING.x, TRAINING.y, TRAINING.entities, *inputs)
    before, leading = [array.copy() for array in arrays], [MANY, FEW]
    unpriced = found[0][0].model_copy(update={"cost_per_unit": None})
    assert curves_of(evaluation, leading, most=1, row_cost=None) == ([unpriced], {})
    assert leading == [MANY, FEW]
    for array, kept in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_each_range_and_each_seed_has_a_chance_of_its_own(
    evaluation: Evaluation, found: Found
) -> None:
    """Two columns of the same ranges, and the same range again."""
    _, low, twin = found[0]
    (other,), left_out = curves_of(evaluation, [LOW], seed=6)
    assert left_out == {}
    for one in (twin, other):
        assert one.rows == low.rows
        assert one.diagnostics["seed"] != low.diagnostics["seed"]
        assert one.effect != low.effect


def test_no_curve_is_fitted_where_none_is_asked_for(evaluation: Evaluation) -> None:
    assert curves_of(evaluation, [FEW, MANY], most=0) == ([], {})


def test_a_range_whose_fit_is_refused_is_left_out_and_the_next_is_tried(
    evaluation: Evaluation,
) -> None:
    one_block = replace(evaluation, blocks=np.zeros(N_ROWS, dtype=np.intp))
    curves, left_out = curves_of(one_block, [HIGH, LOW], most=1)
    assert curves == []
    assert list(left_out) == [str(HIGH), str(LOW)]
    for node in (HIGH, LOW):
        assert left_out[str(node)].startswith(f"No learning curve of {node}: A learning curve")
        assert "got 4, 1 and 2" in left_out[str(node)]

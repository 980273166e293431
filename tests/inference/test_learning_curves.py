"""Which ranges get a learning curve, from which rows and cells, and what is told of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import arviz as az
import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from tasks.attribution.database import ROWS, ColumnRanges
from tasks.attribution.members import split_members
from tasks.bayes.posterior_diagnostics import Verdict
from tasks.domain import PLACEBO, Node
from tasks.errors import InputError
from tasks.inference import learning_curves as module
from tasks.inference.acquisition_posterior import AcquisitionCurve
from tasks.inference.learning_curves import LearningCurve, learning_curves
from tasks.intervention.acquisition_cells import AcquisitionCells
from tasks.intervention.refitting import Recipe
from tasks.intervention.rescoring import Evaluation
from tasks.relations.encoding import Encoder
from tasks.relations.feature_walk import Feature
from tasks.uncertainty.backbones import fit_members
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.model_data import TrainingRows

Floats = npt.NDArray[np.float64]

N_TRAINING, N_ROWS, N_LOW, N_FEW = 400, 60, 128, 63
RECIPE = Recipe(
    "boosting",
    seed=1,
    members=split_members(8, 4),
    workers=1,
    settings=BoostingSettings(iterations=10, max_leaf_nodes=4, min_samples_leaf=5),
)
LOW, HIGH = (Node(table="t", column="a", range=label) for label in ("낮음", "<i>high</i>"))
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
RANGES: Mapping[tuple[str, str], ColumnRanges] = {
    ("t", "a"): ColumnRanges(0, (LOW.range, HIGH.range), (PLACES[:, 0] >= N_LOW).astype(np.intp)),
    (PLACEBO, "noise"): ColumnRanges(0, ("< 0",), np.zeros(N_TRAINING, dtype=np.intp)),
    ("t", ROWS): ColumnRanges(0, ("< 0",), np.zeros(N_TRAINING, dtype=np.intp)),
    ("t", "b"): ColumnRanges(1, (FEW.range, MANY.range), (PLACES[:, 1] >= N_FEW).astype(np.intp)),
}


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


class Sure(AcquisitionCurve):
    """A posterior without doubt of which nobody asks how it was sampled."""

    @property
    def diagnostics(self) -> dict[str, float | int | str]:
        return {"chains": 4}


def sure(n_now: int, phi: Sequence[float], lam: float) -> Sure:
    same = np.ones((1, len(phi)))
    draws = {"phi": same * phi, "lambda": lam * same, "sigma_s": 0 * same, "deviation": same}
    return Sure(n_now, az.from_dict(posterior=draws), Verdict((), (), ()), 0.9)


class Spy:
    """Stands for cells and fit, and keeps what they were asked."""

    def __init__(self, phi: Sequence[float] = (0.5, 0.5)) -> None:
        self.phi = phi
        self.inside: list[npt.NDArray[np.bool_]] = []
        self.before: list[Floats] = []
        self.seeds: list[tuple[int, int]] = []

    def cells(
        self, training: TrainingRows, inside: Any, before: Any, *rest: Any, seed: int
    ) -> AcquisitionCells:
        assert training is TRAINING
        n_now = int(inside.sum())
        if n_now < 64:
            raise InputError("There are too few.")
        self.inside.append(inside)
        self.before.append(before)
        self.cell_seed = seed
        return AcquisitionCells(n_now, np.array([8]), 2, before, before[None])

    def fit(self, cells: AcquisitionCells, *, seed: int) -> AcquisitionCurve:
        self.seeds.append((self.cell_seed, seed))
        return sure(cells.n_now, self.phi, lam=cells.n_now)


def spied(
    monkeypatch: pytest.MonkeyPatch,
    evaluation: Evaluation,
    leading: Sequence[Node],
    spy: Spy,
    **changes: Any,
) -> tuple[list[LearningCurve], dict[str, str]]:
    monkeypatch.setattr(module, "acquisition_cells", spy.cells)
    monkeypatch.setattr(module, "fit_acquisition", spy.fit)
    asked = {"most": 9, "worth": 10.0, "row_cost": 3.0, "seed": 5} | changes
    return learning_curves(TRAINING, evaluation, RANGES, leading, RECIPE, **asked)


def test_a_curve_tells_the_known_answer_of_its_posterior(
    monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation
) -> None:
    """N = lambda = 128 and phi = 0.5: as many more rows change U by -50 · 128 / 384 per cent."""
    (curve,), left_out = spied(monkeypatch, evaluation, [LOW], Spy())
    assert left_out == {}
    assert (curve.node, curve.rows, curve.more, curve.worth) == (LOW, N_LOW, N_LOW, 10.0)
    for told, value in ((curve.effect, -50 / 3), (curve.reducible, 50)):
        assert (told.mean, told.low, told.high) == pytest.approx((value, value, value))
    # 50 dn / (256 + dn) = 10 at dn = 64; a cost of 3 · 128 is spent for 50 / 3 per cent.
    assert curve.rows_for == curve.rows_for_sure == 64
    assert curve.cost_per_unit == pytest.approx(3 * N_LOW * 3 / 50)
    assert curve.diagnostics == {"chains": 4}


def test_to_be_sure_takes_more_rows_than_to_expect(
    monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation
) -> None:
    phi = [0.2] * 8 + [0.5] * 92
    (curve,), _ = spied(monkeypatch, evaluation, [LOW], Spy(phi))
    assert curve.rows_for is not None
    assert curve.rows_for_sure == 256  # where phi is 0.2: 20 dn / (256 + dn) = 10
    assert 64 < curve.rows_for < 80
    assert curve.effect.low < curve.effect.mean < curve.effect.high
    assert (curve.reducible.low, curve.reducible.high) == pytest.approx((20, 50))
    assert curve.reducible.mean == pytest.approx(47.6)


def test_what_is_never_reached_and_what_costs_nothing_known(
    monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation
) -> None:
    (hurts,), _ = spied(monkeypatch, evaluation, [LOW], Spy((-0.3, -0.3)))
    assert (hurts.rows_for, hurts.rows_for_sure, hurts.cost_per_unit) == (None, None, None)
    assert hurts.effect.mean == pytest.approx(10)
    (unpriced,), _ = spied(monkeypatch, evaluation, [LOW], Spy(), row_cost=None)
    assert unpriced.cost_per_unit is None
    assert unpriced.rows_for == 64


def test_rows_of_the_range_and_the_uncertainty_now_are_handed_on(
    monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation
) -> None:
    spy = Spy()
    spied(monkeypatch, evaluation, [HIGH, MANY], spy)
    np.testing.assert_array_equal(spy.inside[0], PLACES[:, 0] >= N_LOW)
    np.testing.assert_array_equal(spy.inside[1], PLACES[:, 1] >= N_FEW)
    predicted = evaluation.ensemble.predict_members(evaluation.x)
    for before in spy.before:
        for j, v in ((0, 0), (3, 1)):
            cell = predicted[2 * j : 2 * j + 2, evaluation.blocks == v]
            assert before[j, v] == pytest.approx(cell.var(axis=0, ddof=1).mean(), rel=1e-9)


def test_the_most_promising_ranges_of_values_come_first(
    monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation
) -> None:
    leading = [*NO_RANGES, MANY, FEW, LOW, HIGH]
    curves, left_out = spied(monkeypatch, evaluation, leading, Spy(), most=2)
    assert [curve.node for curve in curves] == [MANY, LOW]
    assert left_out == {str(FEW): f"No learning curve of {FEW}: There are too few."}
    everything, _ = spied(monkeypatch, evaluation, leading, Spy())
    assert [curve.node for curve in everything] == [MANY, LOW, HIGH]


def test_ranges_after_the_last_curve_are_not_looked_at(
    monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation
) -> None:
    curves, left_out = spied(monkeypatch, evaluation, [MANY, FEW], Spy(), most=1)
    assert [curve.node for curve in curves] == [MANY]
    assert left_out == {}
    assert spied(monkeypatch, evaluation, [FEW, MANY], Spy(), most=0) == ([], {})


def test_a_range_has_the_same_chance_whatever_else_is_asked(
    monkeypatch: pytest.MonkeyPatch, evaluation: Evaluation
) -> None:
    together, alone, other = Spy(), Spy(), Spy()
    spied(monkeypatch, evaluation, [LOW, MANY], together)
    spied(monkeypatch, evaluation, [MANY], alone)
    spied(monkeypatch, evaluation, [MANY], other, seed=6)
    assert together.seeds[1:] == alone.seeds
    for which in range(2):  # of the subsets of rows, and of the draws
        assert together.seeds[0][which] != together.seeds[1][which]
        assert other.seeds[0][which] != alone.seeds[0][which]


def test_a_curve_is_fitted_and_nothing_is_mutated(evaluation: Evaluation) -> None:
    arrays = (TRAINING.x, TRAINING.y, evaluation.x, evaluation.y, RANGES["t", "a"].codes)
    before = [array.copy() for array in arrays]
    curves, left_out = learning_curves(
        TRAINING,
        evaluation,
        RANGES,
        [FEW, LOW],
        RECIPE,
        most=1,
        worth=10,
        row_cost=None,
        seed=5,
    )
    (curve,) = curves
    assert list(left_out) == [str(FEW)]
    assert left_out[str(FEW)].startswith(f"No learning curve of {FEW}: A learning curve needs")
    assert (curve.node, curve.rows) == (LOW, N_LOW)
    assert curve.effect.low < curve.effect.mean < curve.effect.high
    assert curve.diagnostics["divergences"] == 0
    assert LearningCurve.model_validate_json(curve.model_dump_json()) == curve
    for array, kept in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, kept)

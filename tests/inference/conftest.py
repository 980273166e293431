"""Replicate cells of ten actions, their fit, and the benchmark's synthetic databases."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest

from tasks.attribution.cells import draw_of_cells, nested_draws
from tasks.domain import Node
from tasks.inference.effects import EffectsFit, fit_effects
from tasks.intervention.replicate_cells import Action, ReplicateCells

from .known_effects import after_effects

Floats = npt.NDArray[np.float64]

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "effects_coverage.py"

# In no particular order: one table with an action, one with none, one with two.
NODES = [
    (Node(table="items", column="weight", range="무게 < 1"), "correct", 0.3),
    (Node(table="items", column="weight"), "correct", 1.0),
    (Node(table="주문"), "improve_quality", 1.0),
    (Node(table="주문", column="금액"), "mend", 1.0),
    (Node(table="items", column="weight"), "reduce", 0.0),
    (Node(table="items", column="weight", range="[1, 2)"), "correct", 0.7),
    (Node(table="returns"), "improve_quality", 1.0),
    (Node(table="returns"), "relink", 1.0),
    (Node(table="returns", column="reason"), "mend", 1.0),
    (Node(table="returns", column="reason", range="<b>"), "mend", 0.5),
]
TRUTH = np.array([-1.0, -4.0, -12.0, -10.0, 2.0, -3.0, -7.0, 1.0, -3.0, -1.5])


@pytest.fixture(scope="session")
def cells() -> ReplicateCells:
    """J = 8, V = 4, and four draws; every action has sds of its own."""
    return make_cells(draw_of_cells(8, 4))


@pytest.fixture(scope="session")
def nested_cells() -> ReplicateCells:
    """The same with the four draws that two sub-ensembles each are fitted to."""
    sees = np.broadcast_to(nested_draws(8)[:, None], (8, 4))
    return replace(make_cells(sees), nested=True)


def make_cells(sees: npt.NDArray[np.intp]) -> ReplicateCells:
    """Cells by which of four draws each sees."""
    rng = np.random.default_rng(5)
    n_actions = len(NODES)
    sd_a, sd_r, sd_s, sd_e = (
        np.exp(rng.normal(m, 0.7, (n_actions, 1, 1))) for m in (-0.3, 0.0, -0.5, 0.5)
    )
    effects = TRUTH[:, None, None] + sd_a * rng.normal(size=(n_actions, 8, 1))
    effects = effects + sd_r * rng.normal(size=(n_actions, 1, 4))
    effects = effects + sd_e * rng.normal(size=(n_actions, 8, 4))
    actions = tuple(Action(node, intervention) for node, intervention, _ in NODES)
    drawn = np.array([action.is_drawn for action in actions])
    draws = sd_s[:, :, 0] * rng.normal(size=(n_actions, 4)) * drawn[:, None]
    effects = effects + draws[:, sees]
    before = rng.uniform(0.5, 1.5, (8, 4))
    return ReplicateCells(
        actions=actions,
        changed=np.ones(n_actions, dtype=np.int64),
        row_fraction=np.array([fraction for _, _, fraction in NODES]),
        u_before=before,
        u_after=after_effects(before, effects),
        nll_before=before,
        nll_after=np.tile(before, (n_actions, 1, 1)),
    )


@pytest.fixture(scope="session")
def cells_of() -> Callable[[list[Action], Floats, Floats], ReplicateCells]:
    """Cells of actions by their means and by the sds of noise, J = V = 8."""

    def cells(actions: list[Action], means: Floats, sds: Floats) -> ReplicateCells:
        noise = np.random.default_rng(6).normal(size=(len(actions), 8, 8))
        noise -= noise.mean(axis=(1, 2), keepdims=True)
        effects = means[:, None, None] + sds[:, None, None] * noise
        before = np.ones((8, 8))
        return ReplicateCells(
            actions=tuple(actions),
            changed=np.ones(len(actions), dtype=np.int64),
            row_fraction=np.ones(len(actions)),
            u_before=before,
            u_after=after_effects(before, effects),
            nll_before=before,
            nll_after=np.tile(before, (len(actions), 1, 1)),
        )

    return cells


@pytest.fixture(scope="session")
def fitted(cells: ReplicateCells) -> EffectsFit:
    return fit_effects(cells, seed=1)


@pytest.fixture(scope="session")
def benchmark() -> ModuleType:
    """``tests/benchmarks/effects_coverage.py``."""
    spec = importlib.util.spec_from_file_location("effects_coverage", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["effects_coverage"] = module  # where its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module

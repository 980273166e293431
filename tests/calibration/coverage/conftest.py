"""Outcomes of databases that are drawn, not computed: effects whose posteriors are known."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pytest
from scipy.special import erfinv

from tasks.attribution.members import split_members
from tasks.calibration.coverage.database import (
    CUSTOMERS,
    Law,
    Pair,
    draw_items,
    draw_law,
    draw_sales,
    study_contract,
)
from tasks.calibration.coverage.records import Studied, StudyRecord
from tasks.calibration.coverage.scene import Scene, set_scene
from tasks.calibration.coverage.study import (
    MEMBER,
    QUANTILES,
    Choice,
    Held,
    Outcome,
    Reading,
    Settings,
)
from tasks.calibration.coverage.summary_record import Level
from tasks.calibration.coverage.truth import Population
from tasks.intervention.changes import PLACEBO_ACTIONS
from tasks.intervention.refitting import Recipe

KINDS: tuple[tuple[Reading, Level, int], ...] = (
    ("rescored", "table", 3),
    ("rescored", "column", 6),
    ("rescored", "range", 8),
    ("rescored", "placebo", 2),
    ("retrained", "column", 2),
    ("retrained", "placebo", 1),
    ("more rows", "range", 1),
)
TINY = Settings(members=8, replicates=4, leading=1, truth_members=20, truth_rows=300)
"""Of the smallest databases that are really studied."""


class Drawn(Protocol):
    """Draws outcomes of databases; told sds are `narrow` of the real ones."""

    def __call__(
        self, databases: int, *, narrow: float = 1.0, shift: float = 0.0, seed: int = 1
    ) -> tuple[Outcome, ...]: ...


def draw_outcome(rng: np.random.Generator, narrow: float, shift: float) -> Outcome:
    """Effects of a database have a third of the variance of their errors in common."""
    z = [float(value) for value in np.sqrt(2) * erfinv(2 * np.array(QUANTILES) - 1)]
    effects, choices = [], []
    shared = rng.normal()
    for reading, level, count in KINDS:
        for number in range(count):
            real = 0.0 if level == "placebo" else rng.normal(-5, 4)
            sd, truth_error = rng.uniform(0.5, 3.0), rng.uniform(0.1, 1.0)
            error = np.sqrt(1 / 3) * shared + np.sqrt(2 / 3) * rng.normal()
            mean, truth = real + sd * error + shift, real + truth_error * rng.normal()
            told, measured = narrow * sd, narrow * np.hypot(sd, truth_error)
            effects.append(
                Held(
                    reading=reading,
                    level=level,
                    action=str(PLACEBO_ACTIONS[number])
                    if level == "placebo"
                    else f"mend {level} {number}",
                    mean=mean,
                    quantiles=tuple(mean + told * of for of in z),
                    truth=truth,
                    truth_error=truth_error,
                    measured=tuple(mean + measured * of for of in z),
                )
            )
            if reading == "rescored" and level in ("table", "column"):
                choice = Choice(action=effects[-1].action, mean=mean, truth=truth, anew=False)
                choices.append(choice)
    return Outcome(effects=tuple(effects), ranking=tuple(sorted(choices, key=lambda of: of.mean)))


@pytest.fixture(scope="session")
def drawn() -> Drawn:
    def draw(
        databases: int, *, narrow: float = 1.0, shift: float = 0.0, seed: int = 1
    ) -> tuple[Outcome, ...]:
        rng = np.random.default_rng(seed)
        return tuple(draw_outcome(rng, narrow, shift) for _ in range(databases))

    return draw


def record_of(outcomes: tuple[Outcome, ...]) -> StudyRecord:
    databases = tuple(Studied(number=k, outcome=of) for k, of in enumerate(outcomes))
    return StudyRecord(settings=TINY, databases=databases)


@dataclass(frozen=True)
class Looked:
    """A small database that was looked at."""

    law: Law
    items: Pair
    own: Pair
    scene: Scene
    recipe: Recipe
    population: Population


@pytest.fixture(scope="session")
def looked() -> Looked:
    rng, contract = np.random.default_rng(5), study_contract()
    law = draw_law(rng)
    items = draw_items(law, rng)
    own = draw_sales(law, items, rng, (500, 200), 0, CUSTOMERS)
    more = draw_sales(law, items, rng, (0, 400), CUSTOMERS, 200)
    recipe = Recipe("boosting", 3, split_members(8, 4), 1, MEMBER)
    task = contract.tasks["days"]
    scene = set_scene(contract, own.faulty, task, recipe, most_rows=200, blocks=4)
    return Looked(law, items, own, scene, recipe, Population(scene, own, more, MEMBER, 40, 4))

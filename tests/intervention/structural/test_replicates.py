"""Replicates of a bootstrap: random numbers of their own, on one core or several."""

import numpy as np
import pytest

from tasks.errors import InputError
from tasks.intervention.structural.replicates import Statistics, run_replicates


def draw(rng: np.random.Generator) -> Statistics:
    return {"Y": rng.normal(size=2)}


def runs(workers: int, worth_processes: float = 15.0) -> list[list[float]]:
    rng = np.random.default_rng(1)
    done = run_replicates(draw, rng, 4, workers, worth_processes)
    return [one["Y"].tolist() for one in done]


def test_processes_change_nothing() -> None:
    assert runs(1) == runs(2) == runs(2, worth_processes=0)


def test_each_replicate_draws_for_itself() -> None:
    drawn = runs(1)
    assert len({tuple(one) for one in drawn}) == 4


def test_one_replicate_tells_no_spread() -> None:
    with pytest.raises(InputError, match="at least 2 replicates, got 1"):
        run_replicates(draw, np.random.default_rng(1), 1, 1)

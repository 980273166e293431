"""Importance of keys: quadrature against Stan's program of the same model, in one run.

Run: python tests/benchmarks/key_importance_speed.py
"""

import time
from collections.abc import Callable

import numpy as np

from tasks.bayes.key_importance import (
    ImportancePosterior,
    draw_importance,
    importance_posterior,
)
from tasks.bayes.stan_model import sample
from tasks.bayes.stan_program import StanProgram, compile_program
from tasks.locations import resource

KEYS = (5, 20, 50, 100)
DRAWS = 4000
REPETITIONS = {"quadrature": 200, "with draws": 20, "Stan": 5}


def median_ms(run: Callable[[], object], repetitions: int) -> float:
    run()
    times = np.empty(repetitions)
    for repetition in range(repetitions):
        started = time.perf_counter()
        run()
        times[repetition] = time.perf_counter() - started
    return 1000 * float(np.median(times))


def compare(program: StanProgram, keys: int, rng: np.random.Generator) -> dict[str, float]:
    n = rng.integers(1, 50, keys)
    ybar = rng.normal(0, np.sqrt(1 + 2.0 / n))
    data = {"K": keys, "ybar": ybar, "n": n, "sigma2_obs": 2.0, "a0": 2.0, "b0": 1.0}

    def quadrature() -> ImportancePosterior:
        return importance_posterior(ybar, n, 2.0, 2.0, 1.0)

    runs: dict[str, Callable[[], object]] = {
        "quadrature": quadrature,
        "with draws": lambda: draw_importance(quadrature(), DRAWS, rng),
        "Stan": lambda: sample(program, data, seed=1),
    }
    return {name: median_ms(run, REPETITIONS[name]) for name, run in runs.items()}


def main() -> None:
    program = compile_program(resource("stan", "key_importance.stan"))
    rng = np.random.default_rng(1)
    print(f"median ms; {DRAWS} draws, Stan's in 4 chains of 1000 + 1000; ratios of Stan to each")
    print(f"{'keys':>6}{'quadrature':>12}{'with draws':>12}{'Stan':>10}{'ratios':>16}")
    for keys in KEYS:
        bare, drawn, stan = compare(program, keys, rng).values()
        ratios = f"{stan / bare:>8.0f}{stan / drawn:>8.0f}"
        print(f"{keys:>6}{bare:>12.3f}{drawn:>12.2f}{stan:>10.0f}{ratios}")


if __name__ == "__main__":
    main()

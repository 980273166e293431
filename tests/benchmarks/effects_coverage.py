"""Coverage of the effects model's 95 % intervals over synthetic databases with known effects.

Run: python tests/benchmarks/effects_coverage.py [databases, default 300]
"""

import logging
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.attribution.cells import draw_of_cells
from tasks.attribution.crossed import crossed_statistics
from tasks.domain import PLACEBO, Node
from tasks.errors import RunError
from tasks.inference.effects import fit_effects, sample_effects
from tasks.inference.pooling_tree import LEVELS
from tasks.intervention.replicate_cells import Action, ReplicateCells

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

TABLES, COLUMNS, RANGES = 4, 3, 3
J = V = D = 8
SIGMA = np.array([8.0, 4.0, 2.0])  # per cent, between tables, columns, value ranges
NORMAL = 1.96


@dataclass(frozen=True)
class Database:
    """Cells whose true effects are known, shape (K,)."""

    cells: ReplicateCells
    truth: Floats

    @property
    def kinds(self) -> npt.NDArray[np.str_]:
        """Level of each action, or ``placebo``."""
        nodes = [action.node for action in self.cells.actions]
        return np.array(["placebo" if n.table == PLACEBO else n.level for n in nodes])


@dataclass(frozen=True)
class Truth:
    """How effects and cells come about.

    Attributes
    ----------
    deviation
        Draws so many deviations of effects from their parents', of unit scale.
    ratios
        Draws so many logarithms of sigma_a / sigma_e, of sigma_r / sigma_e or of
        sqrt(V) sigma_s / sigma_e; sigma_s is that between draws.
    shared
        Correlation of the random effects of different actions.
    huge
        An effect of one table in per cent, in place of its own.
    """

    deviation: Callable[[np.random.Generator, int], Floats]
    ratios: Callable[[np.random.Generator, int], Floats]
    shared: float = 0.0
    huge: float | None = None


def _normal(rng: np.random.Generator, count: int) -> Floats:
    return rng.normal(size=count)


def _like(rng: np.random.Generator, count: int) -> Floats:
    return rng.normal(-0.5, 0.5, count)


def _with_zeros(rng: np.random.Generator, count: int) -> Floats:
    return np.where(rng.random(count) < 0.25, -np.inf, rng.normal(-0.5, 1.5, count))


TRUTHS = {
    "nested normal effects": Truth(_normal, _like),
    "one huge effect, most tiny": Truth(
        lambda rng, n: 0.1 * rng.standard_t(1.5, n), _with_zeros, huge=-60.0
    ),
    "random effects shared by the actions": Truth(_normal, _like, shared=0.7),
}


def nodes() -> tuple[list[Action], list[int]]:
    """Actions of every database, and the index of each one's parent (-1: none is measured).

    The last table has no action of its own; two columns of each table have value ranges, one of
    them under an action that draws; a third has two actions. The placebo is drawn.
    """
    actions: list[Action] = []
    parents: list[int] = []

    def add(node: Node, parent: int, intervention: str = "mend") -> int:
        actions.append(Action(node, intervention))
        parents.append(parent)
        return len(actions) - 1

    for t in range(TABLES):
        name = f"table {t}"
        table = add(Node(table=name), -1, "improve_quality") if t < TABLES - 1 else -1
        for c in range(COLUMNS):
            drawn = "correct" if c == 1 else "mend"
            column = add(Node(table=name, column=f"c{c}"), table, drawn)
            if c == 0:
                add(Node(table=name, column=f"c{c}"), table, "reduce_variance")
                continue
            for r in range(RANGES):
                add(Node(table=name, column=f"c{c}", range=f"r{r}"), column, drawn)
    add(Node(table=PLACEBO, column="noise"), -1, "correct")
    return actions, parents


def simulate(rng: np.random.Generator, how: Truth) -> Database:
    """One database with its own effects, sds and cells."""
    actions, parents = nodes()
    n_actions = len(actions)
    level = np.array([LEVELS.index(action.node.level) for action in actions])
    fraction = np.ones(n_actions)
    fraction[level == 2] = rng.dirichlet(np.ones(RANGES), (level == 2).sum() // RANGES).ravel()
    deviation = SIGMA[level] * how.deviation(rng, n_actions)
    latent = SIGMA[0] * how.deviation(rng, 1)[0]
    truth = np.empty(n_actions)
    for k, parent in enumerate(parents):
        above = fraction[k] * truth[parent] if parent >= 0 else latent * (level[k] == 1)
        truth[k] = above + deviation[k]
        if k == 0 and how.huge is not None:
            truth[k] = how.huge
    log_e = rng.normal(0.5, 1.0, n_actions)
    truth[-1], log_e[-1] = rng.normal(0, 0.01), -4.0
    sd_e = np.exp(log_e)
    sd_a, sd_r, sd_s = (sd_e * np.exp(how.ratios(rng, n_actions)) for _ in range(3))
    sd_s *= np.array([action.is_drawn for action in actions]) / np.sqrt(V)

    def random_effects(shape: tuple[int, int]) -> Floats:
        own, common = rng.normal(size=(n_actions, *shape)), rng.normal(size=(1, *shape))
        mixed: Floats = np.sqrt(how.shared) * common + np.sqrt(1 - how.shared) * own
        return mixed

    y = truth[:, None, None] + sd_e[:, None, None] * rng.normal(size=(n_actions, J, V))
    y += sd_a[:, None, None] * random_effects((J, 1))
    y += sd_r[:, None, None] * random_effects((1, V))
    draws = rng.normal(size=(n_actions, D))
    y += sd_s[:, None, None] * draws[:, draw_of_cells(J, V)]
    truth += sd_s * rng.normal(size=n_actions)  # the real repair is one more draw
    before = rng.uniform(0.5, 1.5, (J, V))
    likelihood = np.zeros((J, V))
    cells = ReplicateCells(
        actions=tuple(actions),
        changed=np.ones(n_actions, dtype=np.int64),
        row_fraction=fraction,
        u_before=before,
        u_after=before * (1 + y / 100),
        nll_before=likelihood,
        nll_after=np.tile(likelihood, (n_actions, 1, 1)),
    )
    return Database(cells, truth)


def model_interval(database: Database, seed: int) -> tuple[Floats, Floats]:
    """95 % interval of each effect by the model, from one chain of 400 + 1000."""
    fit = sample_effects(
        database.cells, seed=seed, chains=1, warmup=400, draws=1000, adapt_delta=0.9
    )
    lower, upper = np.quantile(fit.posterior["effect"].values[0], [0.025, 0.975], axis=0)
    return lower, upper


def around_mean(database: Database, error: Floats) -> tuple[Floats, Floats]:
    mean = crossed_statistics(database.cells.effects).mean
    return mean - NORMAL * error, mean + NORMAL * error


def crossed_interval(database: Database) -> tuple[Floats, Floats]:
    """Each action by itself, with its own crossed variance components."""
    cells = database.cells
    return around_mean(database, crossed_statistics(cells.effects, cells.drawn).standard_error)


def draw_blind_interval(database: Database) -> tuple[Floats, Floats]:
    """Control: what differs from draw to draw is averaged away, as if no draw were the real one."""
    return around_mean(database, crossed_statistics(database.cells.effects).standard_error)


def independent_interval(database: Database) -> tuple[Floats, Floats]:
    """Control: the cells taken as independent."""
    y = database.cells.effects
    return around_mean(database, y.std(axis=(1, 2), ddof=1) / np.sqrt(J * V))


def common_sigma_interval(database: Database) -> tuple[Floats, Floats]:
    """Control: all actions of a level with the same crossed variance components."""
    own = crossed_statistics(database.cells.effects).standard_error ** 2
    level = np.array([action.node.level for action in database.cells.actions])
    error = np.sqrt([own[level == name].mean() for name in level])
    return around_mean(database, error)


def holds(database: Database, interval: tuple[Floats, Floats]) -> Bools:
    lower, upper = interval
    held: Bools = (lower <= database.truth) & (database.truth <= upper)
    return held


def coverage(held: Bools, chosen: Bools) -> tuple[float, float]:
    """Share of intervals that hold their truth, and its error; databases are independent.

    Parameters
    ----------
    held, chosen
        By database and action, shape (D, K).
    """
    n_chosen = chosen.sum(axis=1)
    share = (held & chosen).sum() / n_chosen.sum()
    residuals = (held & chosen).sum(axis=1) - share * n_chosen
    return float(share), float(np.sqrt(np.square(residuals).sum()) / n_chosen.sum())


def model_holds(databases: Sequence[Database]) -> Bools:
    """For each database and action whether the model's interval holds the truth."""
    with ThreadPoolExecutor(2) as pool:
        intervals = pool.map(model_interval, databases, range(len(databases)))
        return np.array([holds(d, i) for d, i in zip(databases, intervals, strict=True)])


def report(databases: Sequence[Database]) -> None:
    kinds = np.array([database.kinds for database in databases])
    spread = np.array([crossed_statistics(d.cells.effects).standard_error for d in databases])
    limits = np.quantile(spread[kinds != "placebo"], [0.25, 0.75])
    drawn = np.array([database.cells.drawn for database in databases])
    groups = {name: kinds == name for name in (*LEVELS, "placebo")} | {
        "drawn": drawn,
        "small error": (spread <= limits[0]) & (kinds != "placebo"),
        "large error": (spread >= limits[1]) & (kinds != "placebo"),
    }
    methods = {
        "model": model_holds(databases),
        "own crossed": np.array([holds(d, crossed_interval(d)) for d in databases]),
        "draw-blind": np.array([holds(d, draw_blind_interval(d)) for d in databases]),
        "common sigma": np.array([holds(d, common_sigma_interval(d)) for d in databases]),
        "independent": np.array([holds(d, independent_interval(d)) for d in databases]),
    }
    print("".join(f"{name:>15}" for name in ("", *groups)))
    for method, held in methods.items():
        shown = [coverage(held, chosen) for chosen in groups.values()]
        print(f"{method:>15}" + "".join(f"{100 * c:9.1f} ± {100 * e:3.1f}" for c, e in shown))


def report_gate(databases: Sequence[Database]) -> None:
    """How many full fits pass the gate at once, and how long they take."""
    seconds, refitted, failed = [], 0, 0
    for seed, database in enumerate(databases):
        started = time.perf_counter()
        try:
            refitted += fit_effects(database.cells, seed=seed).adapt_delta > 0.9
        except RunError:
            failed += 1
        seconds.append(time.perf_counter() - started)
    print(
        f"{len(databases)} fits of 4 chains of 1000 + 1000: {refitted} passed the gate only at "
        f"the second try, {failed} never; median {np.median(seconds):.1f} s"
    )


def main() -> None:
    logging.getLogger("cmdstanpy").setLevel(logging.WARNING)  # its threads' news
    n_databases = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print(f"coverage in per cent, {n_databases} databases of {len(nodes()[0])} actions each")
    for name, how in TRUTHS.items():
        rng = np.random.default_rng(1)
        databases = [simulate(rng, how) for _ in range(n_databases)]
        print(f"\n{name}")
        report(databases)
        report_gate(databases[:10])


if __name__ == "__main__":
    main()

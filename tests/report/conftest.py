"""Synthetic reports: a usual one, a large one with long and Korean names, a tiny one."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import pytest

from tasks.bayes.interval import Interval, intervals
from tasks.domain import PLACEBO, Costs, Node
from tasks.inference.level_pooling import LevelPooling
from tasks.report.effect_record import Effect, Ranked
from tasks.report.evidence import CalibrationPoint, Diagnostics, GateCheck, ModelCheck, Score
from tasks.report.ranking import rank
from tasks.report.schema import KeyImportance, Report, Share

CELLS = 64
POOLING = (
    ("table", 2, None),
    ("column", 12, "hierarchical_student_t"),
    ("range", 9, "hierarchical_noncentered"),
)
RANGES = ("missing", "below 2", "2 to 5", "5 to 9", "9 and above")
HOSTILE = ("<script>alert(1)</script>", "a & b", '"quoted"', "it's", "$x_1$", "<b>bold</b>")


class Checked(Protocol):
    """Outcome of the calibration of the effects model, recommended unless said otherwise."""

    def __call__(self, status: str, *reasons: str, need: str = "recommended") -> ModelCheck: ...


@pytest.fixture(scope="session")
def checked() -> Checked:
    def make(status: str, *reasons: str, need: str = "recommended") -> ModelCheck:
        return ModelCheck.model_validate(
            {
                "need": need,
                "decision": f"Simulation-based calibration is {need}: so it was decided.",
                "status": status,
                "reasons": reasons,
                "simulations": 0 if status == "skipped" else 1200,
            }
        )

    return make


class EffectAt(Protocol):
    """An effect at a node given as table, table.column or table.column.range."""

    def __call__(
        self, name: str, mean: float, half: float = 1.0, raw_error: float = 1.0, **changes: Any
    ) -> Effect: ...


@pytest.fixture(scope="session")
def effect_at() -> EffectAt:
    def make(
        name: str, mean: float, half: float = 1.0, raw_error: float = 1.0, **changes: Any
    ) -> Effect:
        table, column, label = (*name.split("."), "", "")[:3]
        whole = Effect(
            node=Node(table=table, column=column, range=label),
            intervention="impute_missing",
            changed=80,
            effect=Interval(mean=mean, low=mean - half, high=mean + half),
            raw=1.2 * mean,
            raw_error=raw_error,
            nll_change=-0.013,
            nll_change_error=0.011,
            illusory=False,
        )
        return whole.model_copy(update=changes)

    return make


@pytest.fixture(scope="session")
def ranking() -> Callable[[list[Effect]], tuple[Ranked, ...]]:
    """Rank effects, each with three draws (its ends and its mean), at a cost of 2."""

    def make(effects: list[Effect]) -> tuple[Ranked, ...]:
        draws = [(of.effect.low, of.effect.mean, of.effect.high) for of in effects]
        return rank(effects, np.transpose(draws), Costs(default=2), CELLS)

    return make


def _shares(rng: np.random.Generator, columns: Sequence[Node]) -> tuple[Share, ...]:
    """Shares of tables, columns and ranges that add up, each level from large to small."""
    weights = rng.dirichlet(np.full(len(columns), 0.5))
    parts = rng.dirichlet(np.ones(len(RANGES)), size=len(columns))
    tables = {node.table: 0.0 for node in columns}
    for node, weight in zip(columns, weights, strict=True):
        tables[node.table] += float(weight)
    of_tables = [
        Share(node=Node(table=name), fraction=of, monte_carlo_error=0.004, standard_error=0.021)
        for name, of in tables.items()
    ]
    of_columns = [
        Share(
            node=node,
            fraction=float(weight),
            monte_carlo_error=0.004,
            standard_error=0.017,
            extrapolated=float(rng.uniform(0, 0.4)),
        )
        for node, weight in zip(columns, weights, strict=True)
    ]
    of_ranges = [
        Share(
            node=node.model_copy(update={"range": label}),
            fraction=float(weight * part),
            monte_carlo_error=0.003,
        )
        for node, weight, row in zip(columns, weights, parts, strict=True)
        for label, part in zip(RANGES, row, strict=True)
    ]
    return tuple(
        share
        for level in (of_tables, of_columns, of_ranges)
        for share in sorted(level, key=lambda share: -share.fraction)
    )


def make_report(columns: Sequence[tuple[str, str]], title: str = "Manufacturing demo") -> Report:
    """A report on the columns given as (table, column), with two effects at each."""
    rng = np.random.default_rng(5)
    nodes = [Node(table=table, column=column) for table, column in columns]
    tables = [Node(table=name) for name in dict.fromkeys(table for table, _ in columns)]
    actions = [(node, "improve_quality") for node in tables]
    actions += [(node, kind) for node in nodes for kind in ("impute_missing", "reduce_variance")]
    actions += [
        (node.model_copy(update={"range": label}), "impute_missing")
        for node in nodes
        for label in RANGES[:2]
    ]
    noise = Node(table=PLACEBO, column="noise")
    actions += [(noise, "impute_mean"), (noise, "reduce_variance")]
    mean = rng.normal(-6, 8, len(actions))
    mean[-2:] = (0.1, -0.2)
    spread = rng.uniform(0.4, 5, len(actions))
    draws = mean + spread * (
        rng.normal(size=(1000, len(actions))) + 0.3 * rng.normal(size=(1000, 1))
    )
    every = [
        Effect(
            node=node,
            intervention=kind,
            changed=int(rng.integers(1, 3000)),
            effect=interval,
            raw=float(interval.mean * rng.uniform(1, 1.6)),
            raw_error=float(of * 1.2),
            nll_change=0.07 if illusory else -0.013,
            nll_change_error=0.011,
            illusory=illusory,
        )
        for place, ((node, kind), interval, of) in enumerate(
            zip(actions, intervals(draws), spread, strict=True)
        )
        for illusory in [place % 9 == 4 and node != noise and interval.mean < 0]
    ]
    costs = Costs(default=1, nodes={str(nodes[0]): 2.5, str(tables[0]): 4})
    return Report(
        domain="demo",
        title=title,
        task="lead-time",
        target="documents.lead_time",
        output="regression",
        unit="day",
        tables=len(tables),
        keys=3,
        rules=41,
        gate=(
            GateCheck(
                table=columns[0][0],
                column=columns[0][1],
                rule="is not missing",
                severity="repairable",
                rows=20_412,
                failing=80,
                examples=("document 17", "document 4030"),
            ),
        ),
        rows={"train": 14_020, "validation": 2_960, "test": 3_432, "evaluated": 2_048},
        settings={"seed": 1, "members": 24, "sub_ensembles": 8, "learning_rate": 0.05},
        model="24 bagged boosting members on 63 features",
        quality=(
            Score(name="r2", value=0.5321, standard_error=0.0123),
            Score(name="nll", value=2.214, standard_error=0.034),
        ),
        calibration=tuple(
            CalibrationPoint(said=said, observed=seen, low=seen - 0.02, high=seen + 0.02, rows=3432)
            for said, seen in ((0.5, 0.48), (0.8, 0.81), (0.9, 0.885), (0.95, 0.93))
        ),
        uncertainty={"epistemic": 0.713, "aleatoric": 4.92, "total": 5.633},
        shares=_shares(rng, nodes),
        key_importance=(
            KeyImportance(key="->item", share=intervals([[0.5], [0.6], [0.7]])[0], reduction=0.31),
            KeyImportance(key="(own)", share=None, reduction=0.47),
        ),
        effects=tuple(every[:-2]),
        ranking=rank(every, draws, costs, CELLS),
        placebo=tuple(every[-2:]),
        pooling=tuple(
            LevelPooling.model_validate(
                {
                    "level": level,
                    "units": units,
                    "recommended": recommended,
                    "heavy_tails": recommended == "hierarchical_student_t",
                    "conclusion": "Not compared." if recommended is None else "Use it.",
                }
            )
            for level, units, recommended in POOLING
        ),
        diagnostics=Diagnostics(
            chains=4,
            draws=1000,
            adapt_delta=0.9,
            worst_r_hat=1.0031,
            least_ess_bulk=1712.3,
            least_ess_tail=1533.9,
            divergences=0,
            least_e_bfmi=0.871,
        ),
        model_check=ModelCheck(
            need="recommended",
            decision="Simulation-based calibration is recommended: the model has 81 parameters, "
            "more than 10.",
            status="skipped",
            reasons=(),
            simulations=0,
        ),
        notes=("Effects are re-scored; retraining was not asked for.",),
    )


@pytest.fixture(scope="session")
def report() -> Report:
    """Three tables with four columns each."""
    names = {
        "items": ("weight", "price", "category", "age"),
        "plants": ("capacity", "efficiency", "region", "shift"),
        "documents": ("quantity", "lot", "day", "무게"),
    }
    return make_report([(table, column) for table, of in names.items() for column in of])


@pytest.fixture(scope="session")
def large() -> Report:
    """12 tables, 60 columns, 300 ranges, long names in two scripts."""
    tables = [f"constructor_championship_standings_{k}" for k in range(6)]
    tables += [f"생산계획_실적_테이블_{k}" for k in range(6)]
    ends = ("weight", "무게_측정값_kg", "a_very_long_column_name_indeed", "가격", "x")
    return make_report([(t, f"{end}_{k}") for k, t in enumerate(tables) for end in ends])


@pytest.fixture(scope="session")
def hostile() -> Report:
    """Names that are HTML, mathematics and quotes."""
    return make_report([(name, other) for name in HOSTILE[:3] for other in HOSTILE], HOSTILE[0])


@pytest.fixture(scope="session")
def tiny() -> Report:
    """One table, one column, a class, and nothing that could be ranked."""
    whole = make_report([("t", "x")])
    return whole.model_copy(
        update={
            "output": "classification",
            "unit": "",
            "gate": (),
            "calibration": (),
            "uncertainty": {"aleatoric": 0.41, "epistemic": 0.02, "label_variance": 0.013},
            "shares": tuple(
                Share(node=of, fraction=1.0, monte_carlo_error=0.0)
                for of in (Node(table="t"), Node(table="t", column="x"))
            ),
            "key_importance": (),
            "effects": (),
            "ranking": (),
            "placebo": (),
            "notes": (),
        }
    )

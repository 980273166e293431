"""How the effects model pools: by which law each level's effects spread."""

from tasks.inference.comparison.candidates import CANDIDATES
from tasks.inference.level_pooling import LevelPooling
from tasks.report.schema import Report
from tasks.report.section import Section, table


def pooling_section(report: Report) -> Section:
    """By which law each level's effects are pooled."""
    doubted = [of.level for of in report.pooling if of.is_compared and not of.recommended]
    levels = " and ".join(doubted)
    caution = f"No model fits the effects of level {levels}: take their intervals with care."
    return Section(
        "Pooling of the effects",
        (
            "An effect is drawn towards its part of the effect above it, by a normal law; where "
            "hierarchical models compared on the effects call for heavy tails, by a Student-t law, "
            "which leaves those far out where they are. Those of tables, and of what is done to a "
            "column but is no part of its table's repair, are drawn towards 0 together.",
            *([caution] if doubted else []),
        ),
        table(
            ["level", ">effects", "comparison recommends", "pooled by"],
            (
                [
                    of.level,
                    str(of.units),
                    _recommendation(of),
                    "Student-t law" if of.heavy_tails else "normal law",
                ]
                for of in report.pooling
            ),
        ),
    )


def _recommendation(pooling: LevelPooling) -> str:
    if pooling.recommended:
        return CANDIDATES[pooling.recommended].title
    return "none is adequate" if pooling.is_compared else "nothing: too few effects"

"""Real changes are told apart from repairs."""

from typing import Any

import numpy as np

from tasks.bayes.interval import Interval
from tasks.domain import Costs, Node
from tasks.report.effect_record import Effect
from tasks.report.ranking import rank
from tasks.report.real_changes_section import real_changes_section
from tasks.report.schema import Report
from tasks.report.sections import sections
from tasks.report.share_sections import best_effect

NODE = Node(table="items", column="weight")


def effect(intervention: str, mean: float) -> Effect:
    values: dict[str, Any] = {"raw": mean, "raw_error": 1.0, "nll_change": None}
    return Effect(
        node=NODE,
        intervention=intervention,
        changed=12,
        effect=Interval(mean=mean, low=mean - 2, high=mean + 2),
        nll_change_error=None,
        illusory=False,
        **values,
    )


CHANGE, REPAIR = effect("do", -9.0), effect("impute_missing", -4.0)


def test_they_have_a_section_of_their_own(report: Report) -> None:
    told = real_changes_section(report.model_copy(update={"effects": (REPAIR, CHANGE)}))
    assert told is not None
    (table,) = told.tables
    assert table.rows == (("really change items.weight (12 cells)", "−9.0", "[−11.0, −7.0]"),)


def test_without_any_there_is_none(report: Report) -> None:
    assert real_changes_section(report) is None
    assert "Real changes" not in [section.title for section in sections(report)]


def test_they_are_not_ranked_among_repairs() -> None:
    draws = np.random.default_rng(1).normal([-9.0, -4.0], 1.0, (100, 2))
    (only,) = rank([CHANGE, REPAIR], draws, Costs(), 64)
    assert only.effect == REPAIR


def test_they_are_no_repair_of_a_node() -> None:
    assert best_effect([CHANGE, REPAIR], NODE) == REPAIR

"""What a budget buys, in words."""

import pytest

from tasks.bayes.interval import Interval
from tasks.domain import Node
from tasks.intervention.budget_record import BudgetedRepair, BudgetRecord, RepairSet
from tasks.report.budget_section import TITLE, budget_section

from .conftest import EffectAt

WEIGHT, PRICE = Node(table="items", column="weight"), Node(table="items", column="price")
FOUND = BudgetRecord(
    budget=5,
    chosen=(
        BudgetedRepair(node=WEIGHT, intervention="impute_missing", cost=1, effect=-3.04),
        BudgetedRepair(node=PRICE, intervention="impute_missing", cost=2.5, effect=0.26),
    ),
    cost=3.5,
    effect=Interval(mean=-12.31, low=-15.2, high=-9.4),
    sum_of_singles=-2.78,
    interaction=Interval(mean=-9.53, low=-11.1, high=-7.9),
    considered=6,
    next_best=(
        RepairSet(actions=("impute_missing items.weight",), cost=1, effect=-3.04),
        RepairSet(actions=("correct a.b", "correct c.d"), cost=4, effect=1.2),
    ),
)


def told(record: BudgetRecord, effect_at: EffectAt) -> tuple[str, ...]:
    effects = [effect_at("items.weight", -3, changed=80), effect_at("items.price", 0.3, changed=7)]
    return budget_section(record, effects).paragraphs


def test_the_answer_is_told_beside_the_sum_of_the_single_effects(effect_at: EffectAt) -> None:
    assert told(FOUND, effect_at) == (
        "Of a budget of 5 spend 3.5 on 2 repairs; 1.5 is left. The expected change of U is −12.3 % "
        "[−15.2, −9.4], corrected for the choice of the best of several sets.",
        "The single effects sum to −2.8 %; made together the repairs differ from that by −9.5 % "
        "[−11.1, −7.9]: they do more together.",
        "6 sets were simulated, all that the candidates and the budget admit, the repairs of each "
        "made together.",
    )


def test_tables_list_the_repairs_and_the_next_sets(effect_at: EffectAt) -> None:
    effects = [effect_at("items.weight", -3, changed=80), effect_at("items.price", 0.3, changed=7)]
    section = budget_section(FOUND, effects)
    repairs, others = section.tables
    assert section.title == TITLE
    assert repairs.rows == (
        ("fill the 80 missing cells of items.weight", "1", "−3.0"),
        ("fill the 7 missing cells of items.price", "2.5", "+0.3"),
    )
    assert others.rows == (
        ("impute_missing items.weight", "1", "−3.0"),
        ("correct a.b + correct c.d", "4", "+1.2"),
    )
    assert repairs.numeric == others.numeric == (False, True, True)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-2.0, -1.0, "they do more together"),
        (1.0, 2.0, "they do less together"),
        (-1.0, 1.0, "no clear difference"),
    ],
)
def test_the_interaction_is_called_by_its_interval(
    low: float, high: float, verdict: str, effect_at: EffectAt
) -> None:
    interaction = Interval(mean=(low + high) / 2, low=low, high=high)
    record = FOUND.model_copy(update={"interaction": interaction})
    assert told(record, effect_at)[1].endswith(f": {verdict}.")


def test_a_single_repair_is_compared_with_nothing(effect_at: EffectAt) -> None:
    record = FOUND.model_copy(
        update={
            "chosen": FOUND.chosen[:1],
            "interaction": None,
            "exhaustive": False,
            "passed_over": ("correct a.b", "correct c.d"),
        }
    )
    first, *others = told(record, effect_at)
    assert "on 1 repair;" in first
    assert others == [
        "6 sets were simulated, the most promising of more, the repairs of each made together.",
        "Not combined: correct a.b, correct c.d.",
    ]


def test_where_nothing_is_chosen_the_reason_stands_alone(effect_at: EffectAt) -> None:
    record = BudgetRecord(budget=2, passed_over=("correct a.b",), reason="There is no money.")
    section = budget_section(record, [effect_at("items.weight", -3)])
    assert section.paragraphs == ("There is no money.",)
    assert section.tables == ()


def test_a_record_is_read_back_as_it_was_written() -> None:
    assert BudgetRecord.model_validate_json(FOUND.model_dump_json()) == FOUND

"""What a run predicts."""

import pytest

from tasks.contract import load_contract
from tasks.domain import ColumnTask
from tasks.errors import InputError
from tasks.targets import describe_target, find_task

F1, DEMO = load_contract("f1"), load_contract("demo")


def test_the_first_task_is_the_default() -> None:
    assert find_task(F1, None) == ("driver-position", F1.tasks["driver-position"])
    assert find_task(F1, "driver-dnf") == ("driver-dnf", F1.tasks["driver-dnf"])


@pytest.mark.parametrize(
    ("target", "output"),
    [("documents.quantity", "regression"), ("documents.lead_time", "regression")],
)
def test_a_column_is_a_target(target: str, output: str) -> None:
    name, task = find_task(DEMO, target)
    assert name == target
    assert isinstance(task, ColumnTask)
    assert (task.table, task.column, task.output) == (*target.split("."), output)
    assert task.split == DEMO.tasks["lead-time"].split


def test_a_category_is_classified() -> None:
    tables = DEMO.tables | {
        "items": DEMO.tables["documents"].model_copy(
            update={"columns": DEMO.tables["items"].columns}
        )
    }
    task = find_task(DEMO.model_copy(update={"tables": tables}), "items.category")[1]
    assert task.output == "classification"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("documents.nothing", r"There is no target 'documents.nothing' in demo: .*lead-time"),
        ("lead time", "There is no target 'lead time'"),
        ("documents", "There is no target 'documents'"),
        ("documents.item", "must be a number, category or boolean and no key, it is a key"),
        ("documents.day", "and no key, it is time"),
        ("items.price", "needs a time in its table, items has none"),
    ],
)
def test_what_cannot_be_predicted_is_refused(target: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_task(DEMO, target)


def test_a_target_in_words() -> None:
    assert describe_target(DEMO, DEMO.tasks["lead-time"]) == ("documents.lead_time", "day")
    count = F1.tasks["driver-position"].model_copy(update={"aggregate": "count", "column": None})
    assert describe_target(F1, count) == ("count results over the next 60 days", "row")
    none = F1.tasks["driver-dnf"].model_copy(update={"aggregate": "none", "idle": "zero"})
    assert describe_target(F1, none) == ("no results with statusId != 1 over the next 30 days", "")
    left = none.model_copy(update={"condition": None})
    assert describe_target(F1, left) == ("no results over the next 30 days", "")

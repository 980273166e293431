"""What is predicted: a task of the contract by its name, or any column of a table with a time."""

from tasks.domain import ColumnTask, ColumnType, Domain, Task
from tasks.domain_tasks import Output
from tasks.errors import InputError

OUTPUTS: dict[ColumnType, Output] = {
    "integer": "regression",
    "number": "regression",
    "category": "classification",
    "boolean": "classification",
}


def find_task(contract: Domain, target: str | None) -> tuple[str, Task]:
    """The task that is asked for, with its name.

    Parameters
    ----------
    contract
        The domain.
    target
        Name of a task; or ``table.column``, which is predicted with the split of the contract's
        first task; the first task if None.

    Raises
    ------
    InputError
        If the contract has neither such a task nor such a column, or the column cannot be
        predicted.
    """
    first = next(iter(contract.tasks))
    if target is None or target in contract.tasks:
        name = target or first
        return name, contract.tasks[name]
    table, _, column = target.partition(".")
    entry = contract.tables[table].columns.get(column) if table in contract.tables else None
    if entry is None:
        raise InputError(
            f"There is no target {target!r} in {contract.name}: it must be one of the tasks "
            f"{', '.join(contract.tasks)}, or a table.column."
        )
    holder = contract.tables[table]
    if column in (*holder.primary_key, *holder.foreign_keys) or entry.type not in OUTPUTS:
        raise InputError(
            f"The target {target} must be a number, category or boolean and no key, it is "
            f"{'a key' if entry.type in OUTPUTS else entry.type}."
        )
    if not holder.time:
        raise InputError(f"The target {target} needs a time in its table, {table} has none.")
    task = ColumnTask.model_validate(
        {
            "kind": "column",
            "output": OUTPUTS[entry.type],
            "table": table,
            "column": column,
            "split": contract.tasks[first].split,
        }
    )
    return target, task


def describe_target(contract: Domain, task: Task) -> tuple[str, str]:
    """What is predicted, in words, and its unit (empty for a class).

    Examples
    --------
    >>> from tasks.contract import load_contract
    >>> f1 = load_contract("f1")
    >>> describe_target(f1, f1.tasks["driver-position"])
    ('mean results.positionOrder over the next 60 days', 'place')
    >>> describe_target(f1, f1.tasks["driver-dnf"])
    ('any results with statusId != 1 over the next 30 days', '')
    >>> shop = load_contract("adventureworks")
    >>> describe_target(shop, shop.tasks["fill-rate"])
    ('PurchaseOrderDetail.StockedQty per OrderQty', '')
    """
    if isinstance(task, ColumnTask):
        return _describe_column(contract, task)
    when = f"over the next {task.window_days} days"
    if task.aggregate in ("any", "none", "count"):
        condition, which = task.condition, ""
        if condition is not None:
            which = f" with {condition.column} {condition.compare} {_plain(condition.value)}"
        unit = "row" if task.aggregate == "count" else ""
        what = "no" if task.aggregate == "none" else task.aggregate
        return f"{what} {task.events}{which} {when}", unit
    unit = contract.tables[task.events].columns[str(task.column)].unit
    return f"{task.aggregate} {task.events}.{task.column} {when}", unit


def _describe_column(contract: Domain, task: ColumnTask) -> tuple[str, str]:
    columns, name = contract.tables[task.table].columns, f"{task.table}.{task.column}"
    if task.condition is not None:
        return f"{name} {task.condition.compare} {_plain(task.condition.value)}", ""
    unit = columns[task.column].unit if task.output == "regression" else ""
    if not task.per:
        return name, unit
    other = columns[task.per].unit
    return f"{name} per {task.per}", "" if unit == other else f"{unit} per {other}"


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"

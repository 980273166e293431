"""Tasks of small contracts, as tests of several rooms write them."""

from typing import Any

Entry = dict[str, Any]


def column_task(column: str, output: str, split: dict[str, str]) -> Entry:
    """To predict a column of the sales."""
    return {
        "kind": "column",
        "output": output,
        "table": "sales",
        "column": column,
        "split": dict(split),
    }


def window_task(entity: str, key: str, days: int, split: dict[str, str], **what: Any) -> Entry:
    """To predict something of an entity's sales in the days to come."""
    return {
        "kind": "window",
        "entity": entity,
        "events": "sales",
        "key": key,
        "window_days": days,
        "step_days": days,
        "active_days": 90,
        "split": dict(split),
        **what,
    }

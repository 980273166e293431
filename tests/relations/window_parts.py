"""Which windows of a task end in a later part of its split than they begin in."""

from datetime import datetime, timedelta

from tasks.domain import WindowTask


def reaches_over(t: datetime, task: WindowTask) -> bool:
    """Whether the window of t ends after the first time of the next part of the split."""
    midnight = datetime.min.time()
    for date in (task.split.validation, task.split.test):
        begin = datetime.combine(date, midnight)
        first = datetime.combine(task.start, midnight)
        while first < begin:
            first += timedelta(days=task.step_days)
        if t < begin and t + timedelta(days=task.window_days) > first:
            return True
    return False

"""A report as JSON, and back."""

import json

from pydantic import ValidationError

from tasks.errors import InputError
from tasks.report.schema import VERSION, Report


def as_json(report: Report) -> str:
    """Give the report as indented JSON; equal reports give equal texts.

    Keys stand in the order of `tasks.report.schema`, those of free mappings by name; numbers are
    written with all digits that tell them from their neighbours.
    """
    return json.dumps(report.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n"


def read_report(text: str) -> Report:
    """Read what `as_json` wrote.

    Raises
    ------
    InputError
        If it is no report, or one with other keys than this version's.
    """
    try:
        report = Report.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the text"
        raise InputError(
            f"A report must have the keys of version {VERSION}, but {place} breaks them: "
            f"{first['msg']}; make the report again."
        ) from error
    if report.version != VERSION:
        raise InputError(
            f"A report must be of version {VERSION}, got {report.version}: make it again."
        )
    return report

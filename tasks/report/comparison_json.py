"""A model comparison as a record for JSON."""

import json

from tasks.inference.comparison.record import Comparison


def comparison_json(title: str, comparison: Comparison) -> str:
    """Give a comparison as indented JSON; the same comparison gives the same text.

    Parameters
    ----------
    title
        Of the comparison.
    comparison
        What was found.

    Returns
    -------
    str
        An object with ``title`` and the attributes of `comparison`; null for NaN and infinity.
    """
    record = {"title": title, **json.loads(comparison.model_dump_json())}
    return json.dumps(record, ensure_ascii=False, allow_nan=False, indent=2) + "\n"

"""A simulation-based calibration as a record for JSON."""

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tasks.calibration.simulations import Simulations
from tasks.calibration.verdict import CalibrationVerdict
from tasks.report.calibration_sections import Settings


def calibration_record(
    title: str, verdict: CalibrationVerdict, simulations: Simulations, settings: Settings
) -> dict[str, Any]:
    """Give a calibration as plain values: lists, strings, numbers, and None for NaN and infinity.

    Parameters
    ----------
    title
        Of the model.
    verdict
        Of these simulations.
    simulations
        Those that were judged; they are counted here.
    settings
        How they were made, such as the seed.

    Returns
    -------
    dict
        ``title``, ``settings``, ``simulations`` (counts), and the attributes of `verdict`, with all
        quantities in the simulations' order.
    """
    record: dict[str, Any] = _plain(
        {
            "title": title,
            **dataclasses.asdict(verdict),
            "simulations": {
                "made": len(simulations.status),
                "fitted": int(np.count_nonzero(simulations.is_fitted)),
                "draws_kept": simulations.n_ranks - 1,
            },
            "settings": settings,
        }
    )
    return record


def calibration_json(
    title: str, verdict: CalibrationVerdict, simulations: Simulations, settings: Settings
) -> str:
    """Give `calibration_record` as indented JSON; the same calibration gives the same text."""
    record = calibration_record(title, verdict, simulations, settings)
    return json.dumps(record, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(of) for name, of in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(of) for of in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

"""Under which names the folder of a main job's run shows what its steps found."""

from tasks.report.records import Records
from tasks.run_store import Artifact

FILES = {
    "gate": "contract.json",
    "quality": "quality.json",
    "shares": "shares.json",
    "key_importance": "keys.json",
    "effects": "effects.parquet",
    "left_out": "left_out.json",
    "pooling": "pooling.json",
    "posterior": "posterior.nc",
    "diagnostics": "diagnostics.json",
    "model_check": "model_check.json",
    "not_retrained": "not_retrained.json",
    "real_changes": "real_changes.json",
    "curves": "learning_curves.json",
    "budget": "budget.json",
    "retrained": "retrained.parquet",
    "retrained_posterior": "retrained_posterior.nc",
    "beliefs": "beliefs.json",
}
"""Of each of `Records`."""


def record_files(records: Records) -> dict[str, Artifact]:
    """The records of a run by their path in its folder; those that it does not have are left out.

    Parameters
    ----------
    records
        What the steps found.
    """
    found = {FILES[name]: getattr(records, name) for name in type(records).model_fields}
    return {file: artifact for file, artifact in found.items() if artifact is not None}

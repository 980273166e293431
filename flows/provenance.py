"""Versions of what a run was made with."""

import platform
from importlib.metadata import version

LIBRARIES = (
    "whence",
    "prefect",
    "polars",
    "numpy",
    "scipy",
    "scikit-learn",
    "arviz",
    "cmdstanpy",
    "httpstan",
    "great-expectations",
)


def versions() -> dict[str, str]:
    """Python, and the libraries whose versions matter for the numbers."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}

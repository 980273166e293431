"""What the steps of a main job hand on to its report."""

from pydantic import BaseModel

from tasks.run_store import Artifact


class Records(BaseModel):
    """What the steps before found, by the names of their files."""

    gate: Artifact
    quality: Artifact
    shares: Artifact
    key_importance: Artifact
    effects: Artifact
    left_out: Artifact
    pooling: Artifact
    posterior: Artifact
    diagnostics: Artifact
    model_check: Artifact
    not_retrained: Artifact
    real_changes: Artifact
    curves: Artifact | None = None
    budget: Artifact | None = None
    retrained: Artifact | None = None
    retrained_posterior: Artifact | None = None
    beliefs: Artifact | None = None

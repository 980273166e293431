"""Names of the kinds of ensembles."""

from typing import Literal

OfTrees = Literal["boosting", "random_forest", "extra_trees"]
OfNetworks = Literal["deep_ensemble", "mc_dropout", "bayesian"]
Backbone = Literal[OfTrees, OfNetworks]

MEMBERS: dict[Backbone, str] = {
    "boosting": "bagged boosting members",
    "random_forest": "bagged random forests",
    "extra_trees": "bagged forests of extremely randomised trees",
    "deep_ensemble": "networks of a deep ensemble",
    "mc_dropout": "dropout masks of a network",
    "bayesian": "draws of a network's Bayesian last layer",
}
"""What the members of each are, for the report."""

"""The kinds of ensembles that can be fitted to a feature table."""

from tasks.uncertainty.backbone import Backbone, OfTrees
from tasks.uncertainty.bagging import MemberSettings, fit_bagged
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.forest import ForestSettings
from tasks.uncertainty.model_data import TrainingRows
from tasks.uncertainty.neural import fit_neural
from tasks.uncertainty.neural_ensemble import NeuralEnsemble
from tasks.uncertainty.tree_ensemble import TreeEnsemble

OF_TREES: dict[OfTrees, MemberSettings] = {
    "boosting": BoostingSettings(),
    "random_forest": ForestSettings(),
    "extra_trees": ForestSettings(is_extra=True),
}


def fit_members(
    training: TrainingRows,
    backbone: Backbone,
    *,
    seed: int,
    members: int,
    workers: int,
    first: int = 0,
    settings: MemberSettings | None = None,
) -> TreeEnsemble | NeuralEnsemble:
    """Fit an ensemble.

    Parameters
    ----------
    training
        The rows.
    backbone
        What the members are.
    seed, members, first
        As for `fit_bagged`.
    workers
        Number of processes that fit trees.
    settings
        Of members that are trees, where they are not the backbone's own.

    Raises
    ------
    InputError
        If the rows break a rule of the members, or PyTorch is needed and missing.
    """
    match backbone:
        case "boosting" | "random_forest" | "extra_trees":
            return fit_bagged(
                training.x,
                training.y,
                seed=seed,
                n_classes=training.n_classes,
                categorical=training.categorical,
                groups=training.entities,
                members=members,
                first=first,
                settings=settings or OF_TREES[backbone],
                workers=workers,
            )
        case _:
            return fit_neural(
                training.x,
                training.y,
                seed=seed,
                kind=backbone,
                n_classes=training.n_classes,
                categorical=training.categorical,
                groups=training.entities,
                members=members,
                first=first,
            )

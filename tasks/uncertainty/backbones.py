"""The kinds of ensembles that can be fitted to a feature table."""

from tasks.uncertainty.backbone import Backbone, OfTrees
from tasks.uncertainty.bagging import MemberSettings, fit_bagged
from tasks.uncertainty.boosting import BoostingSettings
from tasks.uncertainty.forest import ForestSettings
from tasks.uncertainty.model_data import ModelData
from tasks.uncertainty.neural import fit_neural
from tasks.uncertainty.neural_ensemble import NeuralEnsemble
from tasks.uncertainty.tree_ensemble import TreeEnsemble

OF_TREES: dict[OfTrees, MemberSettings] = {
    "boosting": BoostingSettings(),
    "random_forest": ForestSettings(),
    "extra_trees": ForestSettings(is_extra=True),
}


def fit_members(
    data: ModelData, backbone: Backbone, *, seed: int, members: int, workers: int
) -> TreeEnsemble | NeuralEnsemble:
    """Fit an ensemble to the train rows.

    Parameters
    ----------
    data
        The rows.
    backbone
        What the members are.
    seed, members
        As for `fit_bagged`.
    workers
        Number of processes that fit trees.

    Raises
    ------
    InputError
        If the rows break a rule of the members, or PyTorch is needed and missing.
    """
    x, y, groups = data.x[data.train], data.y[data.train], data.entities[data.train]
    n_classes, categorical = len(data.classes) or None, data.encoder.categorical
    match backbone:
        case "boosting" | "random_forest" | "extra_trees":
            return fit_bagged(
                x,
                y,
                seed=seed,
                n_classes=n_classes,
                categorical=categorical,
                groups=groups,
                members=members,
                settings=OF_TREES[backbone],
                workers=workers,
            )
        case _:
            return fit_neural(
                x,
                y,
                seed=seed,
                kind=backbone,
                n_classes=n_classes,
                categorical=categorical,
                groups=groups,
                members=members,
            )

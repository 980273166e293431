"""Neural ensembles: networks in bags, dropout at prediction, or a Bayesian last layer."""

from collections.abc import Sequence
from typing import get_args

import numpy as np
import numpy.typing as npt

from tasks.cores import one_thread
from tasks.errors import InputError
from tasks.uncertainty.backbone import OfNetworks
from tasks.uncertainty.bags import MOST_DRAWS, draw_bag, poisson_counts
from tasks.uncertainty.ensemble_checks import check_fit
from tasks.uncertainty.neural_ensemble import NeuralEnsemble
from tasks.uncertainty.neural_inputs import FloatArray32, fit_inputs
from tasks.uncertainty.neural_members import bayesian_members, dropout_members
from tasks.uncertainty.neural_settings import DEFAULT_SETTINGS, NeuralSettings, load_torch
from tasks.uncertainty.neural_training import train_networks
from tasks.uncertainty.noise_model import NoiseModel, fit_noise, smallest_noise
from tasks.uncertainty.protocol import FloatArray, IntArray, TargetArray

BoolArray = npt.NDArray[np.bool_]


def fit_neural(
    x: FloatArray,
    y: TargetArray,
    *,
    seed: int,
    kind: OfNetworks,
    n_classes: int | None = None,
    categorical: Sequence[int] = (),
    groups: IntArray | None = None,
    members: int = 20,
    first: int = 0,
    settings: NeuralSettings = DEFAULT_SETTINGS,
) -> NeuralEnsemble:
    """Fit B members, and in a regression their noise models on rows that the networks lack.

    A `deep_ensemble` is B networks of different first weights, each fitted to its own bag, that
    stops by the rows out of the bag. The other kinds train one network on about three quarters
    of the entities and stop by the others. A member of `mc_dropout` is this network without some
    of its hidden units: how far members differ is set by the share of units left out too, and
    falls less than in the other kinds as rows are added. A member of `bayesian` is this network
    with a draw from the posterior of its last layer: only the last layer is uncertain, the hidden
    layers are taken as known, and in a regression the posterior holds the noise to be the same
    for every row.

    Member b depends on the seed, on b and on the data: not on the number of members, but for
    rounding. Bags and held-out rows depend on the seed and the entities alone.

    Parameters
    ----------
    x, y, seed, n_classes, categorical, groups, members, first
        As for `tasks.uncertainty.bagging.fit_bagged`.
    kind
        Of the members.
    settings
        Size and training of each network.

    Raises
    ------
    InputError
        If rows, target, categories or groups break a rule of `training_data`, if there are fewer
        than 2 members, or if PyTorch is not installed.

    References
    ----------
    Lakshminarayanan, Pritzel & Blundell (2017), Simple and scalable predictive uncertainty
    estimation using deep ensembles, NIPS 30.
    Gal & Ghahramani (2016), Dropout as a Bayesian approximation, ICML, 1050-1059.
    Kristiadi, Hein & Hennig (2020), Being Bayesian, even just a bit, fixes overconfidence in ReLU
    networks, ICML, 5436-5446.
    """
    if kind not in get_args(OfNetworks):
        raise InputError(f"kind must be one of {', '.join(get_args(OfNetworks))}, got {kind}.")
    entities = check_fit(
        x,
        y,
        seed=seed,
        n_classes=n_classes,
        categorical=categorical,
        groups=groups,
        members=members,
    )
    load_torch()
    common, *own = np.random.SeedSequence(seed).spawn(1 + first + members)
    order_seed, split_seed, first_seed, trees_seed = common.spawn(4)
    bag_seeds, member_seeds = zip(*(child.spawn(2) for child in own[first:]), strict=True)
    classes = None if n_classes is None else y
    if kind == "deep_ensemble":
        counts = np.stack([draw_bag(entities, child, classes) for child in bag_seeds])
    else:
        counts = _kept_rows(entities, split_seed, classes)[None].astype(np.int64)

    coding = fit_inputs(x, categorical)
    inputs = coding.transform(x)
    center, spread = (float(np.mean(y)), float(np.std(y))) if n_classes is None else (0.0, 1.0)
    target: TargetArray = (y - center) / spread if n_classes is None else y
    networks = train_networks(
        inputs,
        target,
        counts,
        n_classes=n_classes,
        dropout=settings.dropout if kind == "mc_dropout" else 0.0,
        settings=settings,
        seeds=member_seeds if kind == "deep_ensemble" else [first_seed],
        order_seed=order_seed,
    )
    fitted = networks
    if kind == "mc_dropout":
        fitted = dropout_members(networks, settings.dropout, member_seeds)
    if kind == "bayesian":
        kept = counts[0] > 0
        fitted, networks = bayesian_members(
            networks, inputs[kept], target[kept], n_classes, member_seeds
        )
    noise_models: tuple[NoiseModel, ...] = ()
    if n_classes is None:
        means = center + spread * networks.outputs(inputs)[:, :, 0]
        noise_models = _fit_noise_models(inputs, y, means, counts, trees_seed)
    return NeuralEnsemble(coding, fitted, noise_models, center, spread, n_classes)


def _kept_rows(
    entities: IntArray, seed: np.random.SeedSequence, classes: TargetArray | None
) -> BoolArray:
    """Rows of the entities of which a bag has none or one: 2 / e of them; the others are held out.

    A function of the seed and the entity's id alone, as `draw_bag`.
    """
    keys = np.random.default_rng(seed)
    labels = np.zeros(len(entities), dtype=np.int64) if classes is None else classes
    n_labels = len(np.unique(labels))
    for _ in range(MOST_DRAWS):
        kept = poisson_counts(entities, keys.integers(2**64, dtype=np.uint64)) <= 1
        holds_all = len(np.unique(labels[kept])) == n_labels
        if holds_all and kept.sum() >= 2 and (~kept).sum() >= 2:
            return kept
    raise InputError(
        f"Rows must be held out and rows of every class kept, got no such part in {MOST_DRAWS} "
        "draws: merge rare classes, or give more entities."
    )


def _fit_noise_models(
    inputs: FloatArray32,
    y: TargetArray,
    means: FloatArray,
    counts: IntArray,
    seed: np.random.SeedSequence,
) -> tuple[NoiseModel, ...]:
    """Of each network, from the rows that it lacks; inputs have no gaps and no codes."""
    smallest = smallest_noise(y)
    rows = inputs.astype(np.float64)
    state = int(seed.generate_state(1)[0])
    with one_thread():
        return tuple(
            fit_noise(rows[count == 0], squared[count == 0], smallest, (), state)
            for count, squared in zip(counts, (y - means) ** 2, strict=True)
        )

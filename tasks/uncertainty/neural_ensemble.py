"""The fitted members of a neural ensemble and how they predict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.special import softmax

from tasks.cores import one_thread
from tasks.errors import InputError
from tasks.uncertainty.ensemble_checks import check_columns, check_members
from tasks.uncertainty.hybrids import edited_copies
from tasks.uncertainty.neural_inputs import InputCoding
from tasks.uncertainty.neural_network import Networks
from tasks.uncertainty.noise_model import NoiseModel
from tasks.uncertainty.protocol import FloatArray, Hybrids


@dataclass(frozen=True)
class NeuralEnsemble:
    """What `fit_neural` returns; an `Ensemble`.

    Attributes
    ----------
    coding
        Of rows as inputs of the networks.
    networks
        The members, B of them.
    noise_models
        One for each member, or one for all; none where the target is a class.
    center, spread
        Of the target, in its unit: outputs are standardised by them; 0 and 1 for classes.
    n_classes
        C, or None for a regression.
    """

    coding: InputCoding
    networks: Networks
    noise_models: tuple[NoiseModel, ...]
    center: float
    spread: float
    n_classes: int | None

    @property
    def n_members(self) -> int:
        """B, the number of members."""
        return self.networks.n_members

    def predict_members(self, x: FloatArray) -> FloatArray:
        """As `Ensemble.predict_members`; float32 within the networks."""
        check_columns(x, self.coding.n_columns)
        outputs = self.networks.outputs(self.coding.transform(x))
        if self.n_classes is None:
            return self.center + self.spread * outputs[:, :, 0]
        return np.asarray(softmax(outputs, axis=2))

    def predict_noise(self, x: FloatArray) -> FloatArray:
        """As `Ensemble.predict_noise`."""
        check_columns(x, self.coding.n_columns)
        if self.n_classes is not None:
            raise InputError("Noise variances are those of a regression, got a class target.")
        inputs = self.coding.transform(x).astype(np.float64)
        with one_thread():
            variances = np.stack([model.predict(inputs) for model in self.noise_models])
        return np.broadcast_to(variances, (self.n_members, len(x))).copy()

    def hybrids(self, x: FloatArray) -> Hybrids:
        """As `Ensemble.hybrids`: by edited copies of the rows."""
        return edited_copies(self.predict_members, x)

    def subset(self, members: Sequence[int]) -> Self:
        """As `Ensemble.subset`; the same to the rounding of float32."""
        chosen = check_members(members, self.n_members)
        shared = len(self.noise_models) <= 1
        return replace(
            self,
            networks=self.networks.subset(chosen),
            noise_models=self.noise_models
            if shared
            else tuple(self.noise_models[b] for b in chosen),
        )

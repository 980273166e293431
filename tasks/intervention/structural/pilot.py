"""A short run of gradient boosting that tells whether the long one can win."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor

from tasks.intervention.structural.folds import FloatArray, Fold, squared_errors
from tasks.intervention.structural.foresight import is_behind

ITERATIONS = 30
"""Of a pilot; scikit-learn's boosting has 100."""
OVERFITTING = 1.2
"""Factor by which the loss of the long run may exceed that of its pilot."""
LEARNING = 1.1
"""Factor by which the loss of the long run may fall below those of its pilot."""

Verdict = Literal["behind", "ahead", "open"]


@dataclass
class Pilot:
    """Squared errors of a few iterations of boosting, as they are and as they may become.

    Attributes
    ----------
    model
        The long run, not fitted.
    losses
        Squared errors of the short run, one array a fold.
    promised
        Those of the short run without its shrinkage: after m iterations at learning rate e a
        signal has been fitted to 1 - (1 - e)^m of its height; the rest is added.
    """

    model: HistGradientBoostingRegressor
    losses: list[FloatArray] = field(default_factory=list)
    promised: list[FloatArray] = field(default_factory=list)

    def run(self, fold: Fold) -> None:
        """Fit and predict a fold."""
        short = clone(self.model).set_params(max_iter=ITERATIONS, random_state=0)
        predicted = short.fit(fold.x_train, fold.y_train).predict(fold.x_test)
        start = float(fold.y_train.mean())
        height = 1 - (1 - self.model.learning_rate) ** ITERATIONS
        whole = start + (predicted - start) / height
        self.losses.append(squared_errors(fold, predicted))
        self.promised.append(squared_errors(fold, whole))

    def verdict(self, leading: FloatArray, total: int) -> Verdict:
        """Say whether the long run is behind or ahead of the best other model.

        Parameters
        ----------
        leading
            The other model's squared errors in the folds of the pilot.
        total
            Number of rows of all folds. Where all are seen, only what the long run may change is
            open.
        """
        losses, promised = np.concatenate(self.losses), np.concatenate(self.promised)
        if len(leading) == total:
            means, best = (losses.mean(), promised.mean()), leading.mean()
            if min(means) > LEARNING * best:
                return "behind"
            return "ahead" if OVERFITTING * max(means) < best else "open"
        if is_behind(losses - leading, total) and is_behind(promised - leading, total):
            return "behind"
        return "ahead" if is_behind(leading - OVERFITTING * losses, total) else "open"

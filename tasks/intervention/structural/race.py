"""A race of models over the folds of a cross-validation: who cannot win drops out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.pipeline import Pipeline

from tasks.intervention.structural.folds import FloatArray, Fold, fitted_losses
from tasks.intervention.structural.foresight import is_behind, resembles_the_rest
from tasks.intervention.structural.pilot import Pilot, Verdict


@dataclass(frozen=True)
class Outcome:
    """How a race ended.

    Attributes
    ----------
    winner
        Place of the model with the least mean loss; None if the time was up before.
    losses
        Mean of the mean losses of the folds that each model ran; None where it ran none.
    folds
        How many folds each model ran.
    """

    winner: int | None
    losses: tuple[float | None, ...]
    folds: tuple[int, ...]


def race(
    models: Sequence[Any],
    seeds: Sequence[int],
    folds: Sequence[Fold],
    classifies: bool,
    deadline: float = np.inf,
) -> Outcome:
    """Choose the model with the least cross-validated loss.

    Models are compared on the same rows. Linear models take next to no time and run all folds.
    After each fold another model drops out when its mean loss over all folds, foreseen from the
    rows seen so far, is clearly above that of the model in the lead. Of boosting a `Pilot` runs,
    and the model itself only where that leaves it open who wins. The race ends when one model is
    left; those that stay to the end are compared as in a full cross-validation.

    Parameters
    ----------
    models
        Estimators that are not fitted.
    seeds
        Of each model's random numbers, which go on from fold to fold.
    folds
        Of the cross-validation.
    classifies
        Whether the loss is the log loss of the probabilities; else it is the squared error.
    deadline
        On the clock of `time.monotonic`.

    References
    ----------
    .. [1] O. Maron and A. W. Moore, "The racing algorithm: model selection for lazy learners",
       Artificial Intelligence Review 11, 193-225 (1997).
    """
    used = [fold for fold in folds if not classifies or fold.has_labels]
    total = sum(len(fold.y_test) for fold in used)
    runners = [
        _Runner(model, np.random.RandomState(seed), classifies)
        for model, seed in zip(models, seeds, strict=True)
    ]
    quick = [runner for runner in runners if runner.is_quick]
    if not all(runner.run(used, deadline) for runner in quick):
        return _outcome(runners, None)
    racing = list(runners)
    for lap in range(1, len(used) + 1):
        under_way = [runner for runner in racing if not runner.pilot]
        if not all(runner.run(used[:lap], deadline) for runner in under_way):
            return _outcome(runners, None)
        leader = min(under_way, key=lambda runner: runner.loss_until(lap))
        tells = not leader.is_quick or resembles_the_rest(used, leader.losses, lap)
        for runner in list(racing):
            verdict = runner.verdict(used[:lap], leader, total)
            if tells and verdict == "behind":
                racing.remove(runner)
            elif tells and verdict == "ahead":
                racing = [runner]
        if len(racing) == 1:
            break
    if len(racing) > 1 and not all(runner.run(used, deadline) for runner in racing):
        return _outcome(runners, None)
    return _outcome(runners, min(racing, key=lambda runner: runner.loss))


@dataclass
class _Runner:
    """A model in a race, and what it has lost so far."""

    model: Any
    stream: np.random.RandomState
    classifies: bool
    losses: list[FloatArray] = field(default_factory=list)
    pilot: Pilot | None = None

    def __post_init__(self) -> None:
        if isinstance(self.model, HistGradientBoostingRegressor):
            self.pilot = Pilot(self.model)

    @property
    def is_quick(self) -> bool:
        """Whether its fit takes next to no time."""
        last = self.model[-1] if isinstance(self.model, Pipeline) else self.model
        return isinstance(last, LinearRegression | RidgeCV)

    @property
    def loss(self) -> float:
        """Mean of the folds' mean losses; inf before the first."""
        return float(np.mean([fold.mean() for fold in self.losses])) if self.losses else np.inf

    def run(self, folds: Sequence[Fold], deadline: float) -> bool:
        """Run the folds that are still to be run; False where the time is up."""
        for fold in folds[len(self.losses) :]:
            if monotonic() > deadline:
                return False
            model = with_seed(clone(self.model), self.stream)
            self.losses.append(fitted_losses(model, fold, self.classifies))
        return True

    def loss_until(self, lap: int) -> float:
        """Mean of the mean losses of the first folds."""
        return float(np.mean([fold.mean() for fold in self.losses[:lap]]))

    def verdict(self, folds: Sequence[Fold], leader: "_Runner", total: int) -> Verdict:
        """Say how it stands after some folds, of which a pilot runs the last."""
        leading = np.concatenate(leader.losses[: len(folds)])
        if self.pilot:
            self.pilot.run(folds[-1])
            return self.pilot.verdict(leading, total)
        if self is leader or (self.is_quick and leader.is_quick):
            return "open"
        own = np.concatenate(self.losses[: len(folds)])
        return "behind" if is_behind(own - leading, total) else "open"


def _outcome(runners: Sequence[_Runner], winner: _Runner | None) -> Outcome:
    return Outcome(
        winner=None if winner is None else runners.index(winner),
        losses=tuple(runner.loss if runner.losses else None for runner in runners),
        folds=tuple(len(runner.losses) for runner in runners),
    )


def with_seed(model: Any, seed: np.random.RandomState | int) -> Any:
    """The model itself, its random numbers drawn from `seed` where it draws any."""
    names = [name for name in model.get_params() if name.split("__")[-1] == "random_state"]
    return model.set_params(**dict.fromkeys(names, seed))

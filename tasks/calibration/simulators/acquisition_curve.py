"""Generator for ``stan/acquisition_curve.stan``: learning curves of a range, from cells."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import stats

from tasks.bayes.arguments import positive, require
from tasks.bayes.stan_data import prepare_data
from tasks.bayes.stan_source import Declaration
from tasks.calibration.simulator import FloatArray, Values
from tasks.calibration.simulators.lkj import covariance, lkj_correlations
from tasks.errors import InputError
from tasks.inference.acquisition_data import nested_statistics

PHI_MEAN, PHI_SD = 0.3, 0.5
"""Of the normal prior of phi, cut at 1."""
LOG_RATIO_MEAN, LOG_RATIO_SD = -0.5, 1.75
"""Of the normal prior of log lambda / N."""
LKJ_SHAPE = 2.0
"""Of the prior of the correlations between fits."""
DESIGN = {
    **dict.fromkeys(("N", "J", "V", "D"), Declaration("int", 0)),
    "n": Declaration("int", 1),
    "scale": Declaration("real", 0),
}


@dataclass(frozen=True)
class AcquisitionCurve:
    """Change of uncertainty with fewer rows of a range, in F x J x V cells.

    A replicate of the cells cannot be joined to them in one balanced design, so that this
    generator is not `Joinable`.

    Attributes
    ----------
    n_now
        Rows of the range.
    kept
        Rows of it that each of the F fits kept.
    sub_ensembles, blocks, orders
        J, V and D; D divides J.
    scale
        Of the half-normal priors of the sds, in per cent: a constant here, which a run takes from
        its cells.

    Examples
    --------
    >>> model, rng = AcquisitionCurve(), np.random.default_rng(1)
    >>> truth = model.draw_parameters(rng)
    >>> model.draw_data(truth, rng)["y_mean"].shape
    (3,)
    """

    n_now: int = 400
    kept: tuple[int, ...] = (50, 100, 200)
    sub_ensembles: int = 8
    blocks: int = 8
    orders: int = 4
    scale: float = 25.0

    program: ClassVar[str] = "acquisition_curve.stan"

    def __post_init__(self) -> None:
        kept, size = np.array(self.kept), len(self.kept)
        positive("scale", self.scale)
        require("n", kept, (kept > 0) & (kept < self.n_now), f"from 1 to N - 1 = {self.n_now - 1}")
        if not size or (np.diff(kept) <= 0).any():
            raise InputError(f"Rows kept must increase from fit to fit, got {self.kept}.")
        if min(self.sub_ensembles, self.blocks) < 2:
            raise InputError(
                f"J and V must be at least 2, got {self.sub_ensembles} and {self.blocks}."
            )
        if self.orders < 2 or self.sub_ensembles % self.orders:
            raise InputError(
                f"D must be at least 2 and divide J = {self.sub_ensembles}, got {self.orders}."
            )

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "AcquisitionCurve":
        """Take the design from the program's data, whose cells are not looked at.

        Raises
        ------
        InputError
            If a variable is missing or out of its bounds.
        """
        given = prepare_data(DESIGN, data)
        kept = tuple(given["n"].tolist())
        return cls(given["N"], kept, given["J"], given["V"], given["D"], float(given["scale"]))

    def draw_parameters(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """One draw from the prior.

        ``phi``, ``lambda``, ``sigma_s`` and ``deviation``; ``sigma_a``, ``sigma_r``
        and ``sigma_e`` (F,); ``corr_a``, ``corr_r`` and ``corr_e`` (F (F - 1) / 2,).
        """
        size = len(self.kept)
        most = stats.norm.cdf(1, PHI_MEAN, PHI_SD)
        phi = stats.norm.ppf(most * rng.uniform(), PHI_MEAN, PHI_SD)
        ratio = rng.lognormal(LOG_RATIO_MEAN, LOG_RATIO_SD)
        drawn = {
            "phi": np.array(phi),
            "lambda": np.array(self.n_now * ratio),
            "sigma_s": np.array(self.scale * abs(rng.normal())),
        }
        for part in "are":
            drawn[f"sigma_{part}"] = self.scale * np.abs(rng.normal(size=size))
            drawn[f"corr_{part}"] = lkj_correlations(size, LKJ_SHAPE, rng)
        return {**drawn, "deviation": np.array(rng.normal())}

    def draw_cells(self, parameters: Values, rng: np.random.Generator) -> FloatArray:
        """Cells in per cent, shape (F, J, V)."""
        size, groups, blocks = len(self.kept), self.sub_ensembles, self.blocks
        time = self.n_now / np.array(self.kept[::-1]) - 1
        steps = np.sqrt(np.diff(time, prepend=0))[:, None] * rng.normal(size=(size, self.orders))
        path = parameters["sigma_s"] * np.cumsum(steps, axis=0)[::-1]
        a, r, e = (
            np.linalg.cholesky(covariance(parameters[f"sigma_{part}"], parameters[f"corr_{part}"]))
            @ rng.normal(size=(size, count))
            for part, count in (("a", groups), ("r", blocks), ("e", groups * blocks))
        )
        of_group = a + path.repeat(groups // self.orders, axis=1)
        cells = of_group[:, :, None] + r[:, None, :] + e.reshape(size, groups, blocks)
        return np.asarray(self._curve(parameters)[:, None, None] + cells)

    def draw_data(self, parameters: Values, rng: np.random.Generator) -> dict[str, Any]:
        """Mean and sums of squares and products of simulated cells, with the design."""
        found = nested_statistics(self.draw_cells(parameters, rng), self.orders)
        return {
            "F": len(self.kept),
            "N": self.n_now,
            "n": np.array(self.kept),
            "J": self.sub_ensembles,
            "V": self.blocks,
            "D": self.orders,
            "y_mean": found.mean,
            "ss_s": found.between_orders,
            "ss_a": found.between_sub_ensembles,
            "ss_r": found.between_blocks,
            "ss_e": found.rest,
            "scale": self.scale,
        }

    def log_likelihood(self, draws: Values, data: Mapping[str, Any]) -> FloatArray:
        """Log density of all statistics given each draw, shape (S,), up to a constant.

        By the sampling laws of `NestedStatistics`.
        """
        groups, blocks, orders = data["J"], data["V"], data["D"]
        s, a, r, e = self._covariances(draws)
        of_matrices = sum(
            freedom * np.linalg.slogdet(scale)[1]
            + np.trace(np.linalg.solve(scale, data[name]), axis1=-2, axis2=-1)
            for name, freedom, scale in (
                ("ss_s", orders - 1, groups * blocks / orders * s + blocks * a + e),
                ("ss_a", groups - orders, blocks * a + e),
                ("ss_r", blocks - 1, groups * r + e),
                ("ss_e", (groups - 1) * (blocks - 1), e),
            )
        )
        of_mean = np.linalg.slogdet(self._mean_covariance(draws))[1] + self._misfit(draws, data)
        return np.asarray(-0.5 * (of_matrices + of_mean))

    def quantities(self, draws: Values, data: Mapping[str, Any]) -> dict[str, FloatArray]:
        """What is predicted, and how far the mean is from the curve, each of shape (S,)."""
        doubled = -100 * draws["phi"] / (2 + draws["lambda"] / self.n_now)
        chance = draws["sigma_s"] * draws["deviation"] / math.sqrt(2)
        return {
            "effect of as many rows again": np.asarray(doubled + chance),
            "discrepancy of the mean": self._misfit(draws, data),
        }

    def _curve(self, draws: Values) -> FloatArray:
        """Change where the rows kept are n, in per cent: U(n) / U(N) of the formula, less 1."""
        phi, lam = draws["phi"][..., None], draws["lambda"][..., None]
        ratio = 1 - phi + phi * (self.n_now + lam) / (np.array(self.kept) + lam)
        return np.asarray(100 * (ratio - 1))

    def _covariances(self, draws: Values) -> tuple[FloatArray, ...]:
        """Covariances of s, a, r and e, shape (S, F, F) each."""
        kept = np.array(self.kept)
        path = self.n_now / np.maximum.outer(kept, kept) - 1
        of_rows = np.square(draws["sigma_s"])[..., None, None] * path
        return of_rows, *(
            covariance(draws[f"sigma_{part}"], draws[f"corr_{part}"]) for part in "are"
        )

    def _mean_covariance(self, draws: Values) -> FloatArray:
        s, a, r, e = self._covariances(draws)
        groups, blocks = self.sub_ensembles, self.blocks
        return s / self.orders + a / groups + r / blocks + e / (groups * blocks)

    def _misfit(self, draws: Values, data: Mapping[str, Any]) -> FloatArray:
        """Squared Mahalanobis distance of the mean from the curve, shape (S,)."""
        away = (data["y_mean"] - self._curve(draws))[..., None]
        solved = np.linalg.solve(self._mean_covariance(draws), away)
        return np.asarray((away * solved).sum(axis=(-2, -1)))

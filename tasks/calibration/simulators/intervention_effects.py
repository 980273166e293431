"""Generator for ``stan/intervention_effects.stan``: effects of actions, from simulated cells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tasks.attribution.cells import draw_of_cells, nested_draws
from tasks.attribution.crossed import crossed_statistics
from tasks.calibration.simulator import FloatArray, Values
from tasks.calibration.simulators.effects_design import default_design, effects_design
from tasks.calibration.simulators.partial_pooling import NU_RATE, NU_SHAPE

SIGMA_UNIT = np.array([2.5, 2.0, 1.5])
"""Median of the prior of sigma by level, over the scale of the effects."""
SIGMA_LOG_SD = np.array([0.5, 0.75, 0.75])
"""Of the lognormal prior of sigma by level."""
LOCATION_MEAN, LOCATION_SD = np.array([0.0, 0.0, -1.0, -1.0]), np.array([1.0, 1.0, 1.0, 2.0])
"""Of the normal prior of location by column: sigma_a, sigma_r, sigma_s over sigma_e, sigma_e."""
NESTED_MEAN = np.array([0.0, 0.0, -2.5, -1.0])
"""`LOCATION_MEAN` where sub-ensembles are nested in draws."""
SPREAD_E_LOG_SD = 0.5
"""Of the lognormal prior of the last column of spread; the others are half-normal(1)."""
PARTS = "a", "r", "s", "e"
"""Of a cell: by sub-ensemble, row block, draw, and the rest."""


@dataclass(frozen=True, eq=False)
class InterventionEffects:
    """Effects of K actions, pooled over table > column > value range, and their J x V cells.

    A replicate of the cells cannot be joined to them in one balanced design, so that this
    generator is not `Joinable`.

    Attributes
    ----------
    design
        The program's data but for the cells' statistics, as `effects_design` gives them. `scale`,
        in per cent, is a constant here; a run takes it from its cells.

    References
    ----------
    Searle, Casella & McCulloch (1992), Variance Components, chapter 4.

    Examples
    --------
    >>> model, rng = InterventionEffects(), np.random.default_rng(1)
    >>> truth = model.draw_parameters(rng)
    >>> model.draw_data(truth, rng)["y_mean"].shape
    (12,)
    """

    design: Mapping[str, Any] = field(default_factory=default_design)

    program: ClassVar[str] = "intervention_effects.stan"

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "InterventionEffects":
        """Take the design from the program's data; raises InputError as `effects_design` does."""
        return cls(effects_design(data))

    def draw_parameters(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        """One draw of the sds, their pooling and the effects from the prior.

        ``sigma`` (3,), ``location`` and ``spread`` (3, 4), ``sigma_a``, ``sigma_r``, ``sigma_s``
        and ``sigma_e`` (K,), ``mean_effect`` and ``effect`` (K,), and ``table_effect`` (T,). Where
        nothing is drawn sigma_s is 0, and an action's effect is its mean effect. Where tails are
        heavy, ``nu`` (1,) and the ``weight`` (H,) of the nodes in them.
        """
        scale, drawn, level = (self.design[name] for name in ("scale", "drawn", "level"))
        sigma = scale * SIGMA_UNIT * rng.lognormal(0, SIGMA_LOG_SD)
        mean = NESTED_MEAN if self.design["nested"] else LOCATION_MEAN
        location = rng.normal(mean, LOCATION_SD, (3, 4))
        spread = np.abs(rng.normal(size=(3, 4)))
        spread[:, 3] = rng.lognormal(0, SPREAD_E_LOG_SD, 3)
        *ratios, unit_e = np.exp(rng.normal(location[level - 1], spread[level - 1])).T
        sigma_e = scale * unit_e
        sigma_a, sigma_r, sigma_s = (ratio * sigma_e for ratio in ratios)
        tails = self._draw_tails(rng)
        of_node = self._node_effects(sigma, tails, rng)
        mean_effect = of_node[self.design["node"] - 1]
        return {
            "sigma": sigma,
            **tails,
            "location": location,
            "spread": spread,
            "sigma_a": sigma_a,
            "sigma_r": sigma_r,
            "sigma_s": drawn * sigma_s,
            "sigma_e": sigma_e,
            "mean_effect": mean_effect,
            "effect": mean_effect + drawn * sigma_s * rng.normal(size=len(level)),
            "table_effect": of_node[: self.design["T"]],
        }

    @property
    def _has_heavy_tail(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.design["heavy_tails"][self.design["pooled_by"] - 1] > 0)

    def _draw_tails(self, rng: np.random.Generator) -> dict[str, FloatArray]:
        n_weights = int(self._has_heavy_tail.sum())
        if not n_weights:
            return {}
        nu = rng.gamma(NU_SHAPE, 1 / NU_RATE)
        return {"nu": np.array([nu]), "weight": rng.gamma(nu / 2, 2 / nu, size=n_weights)}

    def _node_effects(
        self, sigma: FloatArray, tails: Values, rng: np.random.Generator
    ) -> FloatArray:
        """Effect of each node: its part of its parent's, and a deviation, shape (N,)."""
        sd = sigma[self.design["pooled_by"] - 1]
        if tails:
            sd[self._has_heavy_tail] /= np.sqrt(tails["weight"])
        effect = sd * rng.normal(size=self.design["N"])
        for n, parent in enumerate(self.design["parent"]):
            if parent > 0:
                effect[n] += self.design["fraction"][n] * effect[parent - 1]
        return np.asarray(effect)

    def draw_cells(self, parameters: Values, rng: np.random.Generator) -> FloatArray:
        """Cells of all actions in per cent, shape (K, J, V)."""
        n_actions, n_a, n_r, n_draws = (self.design[name] for name in ("K", "J", "V", "D"))
        effect, a, r, s, e = (
            parameters[name][:, None, None]
            for name in ("mean_effect", "sigma_a", "sigma_r", "sigma_s", "sigma_e")
        )
        cells = effect + a * rng.normal(size=(n_actions, n_a, 1))
        cells = cells + r * rng.normal(size=(n_actions, 1, n_r))
        if self.design["drawn"].any():
            draws = rng.normal(size=(n_actions, n_draws))
            nested = self.design["nested"]
            sees = nested_draws(n_a)[:, None] if nested else draw_of_cells(n_a, n_r)
            cells = cells + s * draws[:, sees]
        return np.asarray(cells + e * rng.normal(size=(n_actions, n_a, n_r)))

    def draw_data(self, parameters: Values, rng: np.random.Generator) -> dict[str, Any]:
        """Means and sums of squares of simulated cells, with the design."""
        found = crossed_statistics(
            self.draw_cells(parameters, rng),
            self.design["drawn"],
            nested=bool(self.design["nested"]),
        )
        return {
            **self.design,
            "y_mean": found.mean,
            "ss_a": found.ss_sub_ensembles,
            "ss_r": found.ss_blocks,
            "ss_s": found.ss_draws,
            "ss_e": found.ss_rest,
        }

    def log_likelihood(self, draws: Values, data: Mapping[str, Any]) -> FloatArray:
        """Log density of all statistics given each draw, shape (S,), up to a constant.

        By the sampling laws of `CrossedStatistics`: a normal mean, and scaled chi-squares.
        """
        n_a, n_r, n_draws = data["J"], data["V"], data["D"]
        var_a, var_r, var_s, var_e = (np.square(draws[f"sigma_{name}"]) for name in PARTS)
        of_draws, nested = (n_draws - 1) * np.asarray(data["drawn"]), bool(data["nested"])
        of_a = n_r * var_a + var_e
        laws = (
            ("ss_a", n_a - 1 - nested * of_draws, of_a),
            ("ss_r", n_r - 1, n_a * var_r + var_e),
            ("ss_s", of_draws, n_a * n_r / n_draws * var_s + (of_a if nested else var_e)),
            ("ss_e", (n_a - 1) * (n_r - 1) - (not nested) * of_draws, var_e),
        )
        of_sums = sum(freedom * np.log(scale) + data[name] / scale for name, freedom, scale in laws)
        variance = _mean_variance(draws, data)
        of_means = np.log(variance) + _squared_distance(draws, data) / variance
        return np.asarray(-0.5 * (of_sums + of_means).sum(axis=-1))

    def quantities(self, draws: Values, data: Mapping[str, Any]) -> dict[str, FloatArray]:
        """What a ranking looks at, and how far the means are from the effects, shape (S,)."""
        effect = draws["effect"]
        discrepancy = _squared_distance(draws, data) / _mean_variance(draws, data)
        return {
            "lowest effect": effect.min(axis=-1),
            "effect of the lowest mean": effect[..., np.argmin(data["y_mean"])],
            "discrepancy of the means": discrepancy.sum(axis=-1),
        }


def _mean_variance(draws: Values, data: Mapping[str, Any]) -> FloatArray:
    """Variance of the mean of each action's cells, shape (S, K)."""
    counts = data["J"], data["V"], data["D"], data["J"] * data["V"]
    parts = (np.square(draws[f"sigma_{name}"]) / n for name, n in zip(PARTS, counts, strict=True))
    return np.asarray(sum(parts))


def _squared_distance(draws: Values, data: Mapping[str, Any]) -> FloatArray:
    """Of each mean from its mean effect, shape (S, K)."""
    return np.asarray(np.square(data["y_mean"] - draws["mean_effect"]))

"""Depth of a valley between two modes: of known densities, and over many samples of one mode."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from tasks.inference.comparison.adaptive_checks import valley_depth
from tasks.inference.comparison.settings import ComparisonSettings

from .conftest import Floats

CHANCES = (np.arange(4000) + 0.5) / 4000
THRESHOLD = 3.0


def two_modes(first: float, second: float, sd: float = 0.4) -> Floats:
    half = CHANCES[::2]
    parts = [stats.norm.ppf(half, centre, sd) for centre in (first, second)]
    return np.asarray(np.abs(np.concatenate(parts)))


UNIMODAL = {
    "half-normal": stats.halfnorm.ppf(CHANCES, scale=4),
    "half-Cauchy": stats.halfcauchy.ppf(CHANCES, scale=3)[:-40],
    "gamma": stats.gamma.ppf(CHANCES, 3, scale=1.5),
    "normal": stats.norm.ppf(CHANCES, 6, 1),
}


@pytest.mark.parametrize("name", UNIMODAL)
def test_a_sample_of_one_mode_has_no_valley(name: str) -> None:
    assert valley_depth(UNIMODAL[name], THRESHOLD) == pytest.approx(0, abs=0.02)


def false_alarms(draw: Callable[[np.random.Generator], Floats]) -> float:
    """Share of 200 samples in which a valley is found at the default setting."""
    most = ComparisonSettings().most_valley
    rngs = [np.random.default_rng(seed) for seed in range(200)]
    return float(np.mean([valley_depth(draw(rng), THRESHOLD) > most for rng in rngs]))


@pytest.mark.parametrize("scale", [1.0, 2.0, 4.0, 10.0])
def test_false_alarms_over_half_normal_samples_are_rare(scale: float) -> None:
    """With a scale of 1 the threshold lies where hardly a draw does."""
    assert false_alarms(lambda rng: np.abs(rng.normal(0, scale, 4000))) < 0.02


@pytest.mark.parametrize(("shape", "scale"), [(1, 1.5), (3, 0.7), (3, 1.5), (5, 0.2), (20, 0.15)])
def test_false_alarms_over_gamma_samples_are_rare(shape: float, scale: float) -> None:
    assert false_alarms(lambda rng: rng.gamma(shape, scale, 4000)) < 0.02


@dataclass(frozen=True)
class Mixture:
    """Of two normals folded at 0."""

    weight: float
    means: tuple[float, float]
    sds: tuple[float, float]

    def depth(self) -> float:
        """Of the valley between its modes, by its density."""
        grid = np.linspace(0, 12, 12_001)
        parts = [
            stats.norm.pdf(grid, mean, sd) + stats.norm.pdf(-grid, mean, sd)
            for mean, sd in zip(self.means, self.sds, strict=True)
        ]
        density = self.weight * parts[0] + (1 - self.weight) * parts[1]
        first, second = (int(np.abs(grid - mean).argmin()) for mean in self.means)
        bottom = first + int(density[first:second].argmin())
        return float(1 - density[bottom] / min(density[:bottom].max(), density[bottom:].max()))

    def draw(self, rng: np.random.Generator, size: int = 4000) -> Floats:
        is_first = rng.random(size) < self.weight
        parts = [rng.normal(mean, sd, size) for mean, sd in zip(self.means, self.sds, strict=True)]
        return np.abs(np.where(is_first, *parts))


@pytest.mark.parametrize(
    "mixture",
    [
        Mixture(0.4, (1.5, 4.4), (0.8, 1.1)),
        Mixture(0.4, (2.0, 4.5), (0.7, 1.0)),
        Mixture(0.5, (1.8, 4.2), (0.7, 0.9)),
        Mixture(0.5, (2.0, 4.0), (0.6, 0.8)),
        Mixture(0.6, (1.5, 4.4), (0.8, 1.1)),
        Mixture(0.7, (1.2, 5.0), (0.9, 1.2)),
    ],
    ids=lambda mixture: f"{mixture.depth():.2f}",
)
def test_a_valley_is_found_about_as_deep_as_it_is(mixture: Mixture) -> None:
    """A density that is too smooth takes most of it away."""
    found = [valley_depth(mixture.draw(np.random.default_rng(k)), THRESHOLD) for k in range(50)]
    assert 0.2 < mixture.depth() < 0.5
    assert np.mean(found) == pytest.approx(mixture.depth(), abs=0.1)
    assert np.mean(np.array(found) > ComparisonSettings().most_valley) > 0.85


def test_two_modes_about_the_threshold_have_a_valley() -> None:
    assert valley_depth(two_modes(1.5, 4.5), THRESHOLD) > 0.7


def test_a_valley_is_measured_against_the_lower_of_its_modes() -> None:
    """The higher mode is about ten times as high as the valley, the lower one about twice."""
    rng = np.random.default_rng(1)
    parts = rng.normal(1.5, 0.4, 12_000), rng.normal(5.5, 0.4, 2000), rng.uniform(2, 5, 3000)
    tau = np.abs(np.concatenate(parts))
    assert 0.2 < valley_depth(tau, THRESHOLD) < 0.7


def test_a_valley_far_from_the_threshold_is_none_of_its_doing() -> None:
    assert valley_depth(two_modes(9.0, 18.0), THRESHOLD) < 0.02
    assert valley_depth(two_modes(9.0, 18.0), 12.0) > 0.5


def test_the_depth_of_a_valley_does_not_depend_on_the_unit() -> None:
    tau = two_modes(1.2, 4.8, 0.9)
    assert valley_depth(tau, THRESHOLD) == pytest.approx(valley_depth(100 * tau, 300), abs=1e-6)
    assert 0.1 < valley_depth(tau, THRESHOLD) < 0.9

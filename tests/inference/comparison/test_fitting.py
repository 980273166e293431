"""How a fit is made: its effects sampled or integrated out, and once more where it fails."""

from typing import Any

import arviz as az
import pytest

from tasks.inference.comparison import fitting
from tasks.inference.comparison.fitting import ITERATIONS, Fit, Problem, fit_all
from tasks.inference.comparison.record import ModelName
from tasks.inference.comparison.settings import ComparisonSettings
from tasks.inference.comparison.units import Units

NAME: ModelName = "hierarchical_noncentered"
Made = tuple[int, int, float, int, int]


def made(
    fit: Fit, units: Units, *, integrated: bool, passes: bool, monkeypatch: pytest.MonkeyPatch
) -> list[Made]:
    """Flags of likelihood and integration, acceptance rate and lengths of all that is sampled."""
    found: list[Made] = []

    def sample(program: Any, data: dict[str, Any], **given: Any) -> az.InferenceData:
        flags = data["likelihood"], data["integrated"]
        found.append((*flags, given["adapt_delta"], given["warmup"], given["draws"]))
        return az.InferenceData()

    monkeypatch.setattr(fitting, "sample", sample)
    monkeypatch.setattr(fitting, "is_computed", lambda *_: passes)
    settings = ComparisonSettings()
    problem = Problem(units, settings.priors(units), settings, integrated, seed=1, workers=1)
    fit_all(problem, [fit])
    return found


FIRST, SECOND = (0.9, *2 * (ITERATIONS[0],)), (0.99, *2 * (ITERATIONS[1],))


@pytest.mark.parametrize(
    ("fit", "integrated", "passes", "expected"),
    [
        (Fit(NAME), False, True, [(1, 0, *FIRST)]),
        (Fit(NAME), False, False, [(1, 0, *FIRST), (1, 1, *SECOND)]),
        (Fit(NAME), True, True, [(1, 1, *FIRST)]),
        (Fit(NAME), True, False, [(1, 1, *FIRST), (1, 1, *SECOND)]),
        (Fit(NAME, tau_scale=2.0), False, False, [(1, 1, *FIRST), (1, 1, *SECOND)]),
        (Fit(NAME, likelihood=False), False, False, [(0, 1, *FIRST)]),
    ],
)
def test_a_fit_that_fails_is_repeated_with_its_effects_integrated_out(
    fit: Fit,
    integrated: bool,
    passes: bool,
    expected: list[Made],
    schools: Units,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = made(fit, schools, integrated=integrated, passes=passes, monkeypatch=monkeypatch)
    assert found == expected

"""What to do about each way in which a calibration fails."""

from collections.abc import Iterator

import numpy as np

from tasks.calibration.simulations import Simulations, Status
from tasks.calibration.uniformity import Shape
from tasks.calibration.verdict import (
    FEWEST_FITTED,
    OF_ANOTHER_SHAPE,
    OF_LOG_LIKELIHOOD,
    OF_PARAMETER,
    CalibrationVerdict,
)
from tasks.report.section import Section

BIASED = (
    "Where the posterior is biased, compare the program with the simulator term by term, the prior "
    "and the constraint of that parameter first: a shift, a scale or a Jacobian differs."
)
OF_MEANING = {
    OF_PARAMETER[Shape.LOW]: BIASED,
    OF_PARAMETER[Shape.HIGH]: BIASED,
    OF_PARAMETER[Shape.BOTH_ENDS]: (
        "Where the posterior is too narrow, look for data that count more than once, a noise that "
        "is too small, or a part of the posterior that the sampler does not reach."
    ),
    OF_PARAMETER[Shape.MIDDLE]: (
        "Where the posterior is too wide, look for data that the program leaves out, or for a "
        "noise or a prior that is wider than the simulator's."
    ),
    OF_LOG_LIKELIHOOD[Shape.LOW]: (
        "Where the posterior follows the data too closely, look for observations that enter the "
        "likelihood more than once, or a noise that is too small."
    ),
    OF_LOG_LIKELIHOOD[Shape.HIGH]: (
        "Where data are not used, check that every observation enters the likelihood of the "
        "program, and that it is the observation that was simulated."
    ),
    OF_ANOTHER_SHAPE: (
        "Where ranks deviate in another shape, see in the figure of rank differences at which "
        "ranks the curve leaves the band, and look there for what the program does differently."
    ),
}
"""One sentence for what `QuantityVerdict.meaning` may hold."""

TOO_FEW = "Run more simulations: too few were fitted for a verdict."
FAILED = (
    "Fit a simulation that failed once more, by its number, and mend what stops it: the starting "
    "point, a constraint, or a likelihood that is not finite."
)
SHORT = (
    "Where the kept draws are autocorrelated, allow more iterations, keep fewer draws, or "
    "parametrise the model so that the sampler mixes."
)
DIVERGENT = (
    "Where iterations diverge, raise adapt_delta or parametrise the model anew (non-centred for "
    "weak data): the sampler leaves out a part of the posterior."
)
SATURATED = (
    "Where iterations reach the tree depth limit, raise it or bring the parameters to one scale; "
    "this costs time and autocorrelation but no bias."
)
NOTHING = "Nothing: no quantity deviates and no fit is to be distrusted."


def advice_section(verdict: CalibrationVerdict, simulations: Simulations) -> Section:
    """One sentence for each kind of failure that occurred."""
    return Section("What to do", tuple(_advice(verdict, simulations)) or (NOTHING,))


def _advice(verdict: CalibrationVerdict, simulations: Simulations) -> Iterator[str]:
    found = {meaning for of in verdict.quantities for meaning in of.meaning}
    yield from dict.fromkeys(advice for meaning, advice in OF_MEANING.items() if meaning in found)
    failed, short = (simulations.status == of for of in (Status.FAILED, Status.SHORT))
    occurred = {
        TOO_FEW: np.count_nonzero(~failed) < FEWEST_FITTED,
        FAILED: failed.any(),
        SHORT: short.any(),
        DIVERGENT: simulations.divergences.any(),
        SATURATED: simulations.saturated.any(),
    }
    yield from (advice for advice, is_so in occurred.items() if is_so)

"""What tells one design that is calibrated from another: sizes, priors and what is not observed."""

from dataclasses import asdict
from typing import Any, cast

from tasks.bayes.digests import digest_of
from tasks.bayes.stan_data import data_json
from tasks.calibration.simulator import Simulator


def design_digest(simulator: Simulator) -> str:
    """Digest of a simulator's program and design, which hold nothing that was observed.

    Parameters
    ----------
    simulator
        A data class whose fields are its design.

    Examples
    --------
    >>> from tasks.calibration.models import simulator_of
    >>> own = design_digest(simulator_of("key_importance"))
    >>> len(own), own == design_digest(simulator_of("complete_pooling"))
    (64, False)
    """
    fields = asdict(cast(Any, simulator))
    return digest_of(simulator.program, data_json(fields))

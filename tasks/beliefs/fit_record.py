"""What is kept of a fitted media mix model beside its draws."""

from datetime import date, timedelta

import arviz as az

from tasks.bayes.bridge_sampling import LogEvidence
from tasks.beliefs.conflict_record import Number
from tasks.beliefs.media_mix_data import MediaMixData
from tasks.beliefs.media_mix_weeks import REMEMBERED_WEEKS, WEEK
from tasks.beliefs.predictive_checks import predictive_checks
from tasks.beliefs.run_records import Check
from tasks.domain_tables import Frozen
from tasks.inference.effects_posterior import sampling_record


class FitRecord(Frozen):
    """A fitted media mix model.

    Attributes
    ----------
    channels
        In the order of the program's columns.
    weeks, parameters
        How many.
    first_day, last_day
        Of the period.
    evidence
        Log marginal likelihood, in nats.
    checks
        Posterior predictive checks of the likelihood.
    sampling
        How the draws were made, and the worst of their diagnostics.
    notes
        What a reader must know of the data.
    """

    channels: tuple[str, ...]
    weeks: int
    parameters: int
    first_day: date
    last_day: date
    evidence: Number
    checks: tuple[Check, ...]
    sampling: dict[str, float | int | str]
    notes: tuple[str, ...]

    @property
    def is_adequate(self) -> bool:
        """Whether the likelihood passes every check."""
        return not any(check.is_rejected for check in self.checks)

    @property
    def diagnostics(self) -> dict[str, float]:
        """Numbers among `sampling`, by their names in words."""
        return {
            name.replace("_", " "): float(value)
            for name, value in self.sampling.items()
            if isinstance(value, int | float) and name != "seed"
        }


def fit_record(data: MediaMixData, evidence: LogEvidence, fit: az.InferenceData) -> FitRecord:
    """Sum up a fit.

    Parameters
    ----------
    data
        What was fitted.
    evidence
        Of the fit.
    fit
        Its draws.
    """
    weeks = data.weeks
    begin = weeks.begin.astype("datetime64[D]").tolist()
    unknown = REMEMBERED_WEEKS - weeks.known_before
    notes = (
        f"The spends of {unknown} of the {REMEMBERED_WEEKS} weeks before the period are not known: "
        "their means stand for them.",
    )
    return FitRecord(
        channels=data.channels,
        weeks=len(begin),
        parameters=data.n_parameters,
        first_day=begin[0],
        last_day=begin[-1] + WEEK - timedelta(days=1),
        evidence=Number(value=evidence.value, mcse=evidence.mcse),
        checks=tuple(
            Check(
                name=check.name,
                observed=check.observed,
                p_value=check.p_value,
                mcse=check.mcse,
                is_rejected=check.is_rejected,
            )
            for check in predictive_checks(fit).checks
        ),
        sampling=sampling_record(fit),
        notes=notes if unknown else (),
    )

"""What a whole run on beliefs tells: every belief of a client held against data, or updated."""

from datetime import date
from typing import Literal

from tasks.beliefs.conflict_record import Conflict, Number, Update
from tasks.beliefs.registry_types import SbcStatus
from tasks.domain_tables import Frozen


class Check(Frozen):
    """A posterior predictive check of the likelihood.

    Attributes
    ----------
    name
        Of the statistic.
    observed
        Its value in the data.
    p_value, mcse
        Posterior predictive p-value and its Monte Carlo standard error.
    is_rejected
        Whether the likelihood fails the check.
    """

    name: str
    observed: float
    p_value: float
    mcse: float
    is_rejected: bool


class Calibration(Frozen):
    """What is known of a model's calibration by simulation.

    Attributes
    ----------
    need, fired, unknown
        As of `tasks.calibration.essential.Decision`.
    status
        ``missing``, or the status of the newest one, as of
        `tasks.calibration.verdict.CalibrationVerdict`.
    run
        Where the newest one is kept; empty where it is missing.
    status_elsewhere, run_elsewhere
        The same of the newest one with another design, such as other weeks or priors: it speaks
        for the program, and does not count for this design.
    command
        That calibrates the model; empty for a model without a program.
    """

    need: Literal["not needed", "recommended", "essential"]
    fired: tuple[str, ...]
    unknown: tuple[str, ...]
    status: SbcStatus
    run: str = ""
    status_elsewhere: SbcStatus = "missing"
    run_elsewhere: str = ""
    command: str = ""


class ConflictRun(Frozen):
    """Every belief of a client on a model's quantities held against data.

    Attributes
    ----------
    client, model, title
        Whose beliefs they are, the model whose quantities they speak of, and its title.
    kind
        Shares of a media mix, or statistics of columns.
    period
        First and last day of the data; None where they have no days.
    rows, parameters
        Numbers of rows of the data and of parameters of the model.
    level
        Probability of intervals; a tail below 1 - level is a conflict.
    checks
        Of the likelihood; empty for statistics.
    is_adequate
        Whether the likelihood fits the data.
    diagnostics
        Smallest effective sample size, largest R-hat, divergences and the like; empty for
        statistics.
    calibration
        Of the model.
    joint_log_bayes_factor
        Log of p(data | reference) / p(data | all beliefs at once), in nats; None where it was not
        computed.
    conflicts
        One a belief.
    not_assessable
        Why a belief could not be held against the data, by quantity.
    notes
        Whatever else a reader has to know.
    """

    client: str
    model: str
    kind: Literal["media_mix", "statistics"]
    title: str
    period: tuple[date, date] | None
    rows: int
    parameters: int
    level: float
    checks: tuple[Check, ...]
    is_adequate: bool
    diagnostics: dict[str, float]
    calibration: Calibration
    joint_log_bayes_factor: Number | None
    conflicts: tuple[Conflict, ...]
    not_assessable: dict[str, str]
    notes: tuple[str, ...]


class UpdateRun(Frozen):
    """What is recommended for every belief of a session.

    Attributes
    ----------
    client, model, session, title
        Whose beliefs they are, the model, the session that they were elicited in, and the model's
        title.
    updates
        One a belief.
    recommendations
        Their ids in the registry, as long as `updates`.
    calibration
        Of the model.
    left
        Why no update was made, by quantity.
    notes
        Whatever else a reader has to know.
    """

    client: str
    model: str
    session: str
    title: str
    updates: tuple[Update, ...]
    recommendations: tuple[str, ...]
    calibration: Calibration
    left: dict[str, str]
    notes: tuple[str, ...]

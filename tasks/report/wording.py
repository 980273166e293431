"""Words for nodes, actions and scores."""

from tasks.report.effect_record import Effect
from tasks.report.evidence import ModelCheck, Score
from tasks.report.layout import LEAST, display_width, shorten
from tasks.report.numerals import count
from tasks.report.schema import Report

ACTIONS = {
    "impute_mean": "replace {cells} of {node} by a typical value",
    "impute_missing": "fill the {missing} of {node}",
    "reduce_variance": "measure {node} better ({cells})",
    "remove_outliers": "clip the {outliers} of {node}",
    "correct": "correct the {faulty} of {node}",
    "do": "really change {node} ({cells})",
    "improve_quality": "mend the {faults} and gaps of {node}",
}
"""What a person would do; `cells` and its kin are the number of what is changed."""

SCORES = {
    "r2": "R²",
    "rmse": "RMSE",
    "nll": "negative log likelihood",
    "crps": "CRPS",
    "log_loss": "log loss",
    "brier": "Brier score",
    "auc": "AUC",
}


def printable(text: str) -> str:
    r"""Replace characters that would break a line or steer a terminal.

    Examples
    --------
    >>> printable("a\x1b[2Jb")
    'a�[2Jb'
    """
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def action_sentence(effect: Effect, width: int | None = None) -> str:
    """Say what to do, and to how much.

    Parameters
    ----------
    effect
        Of the action.
    width
        Most columns of a terminal; a name for which there is no room is cut in its middle.

    Examples
    --------
    >>> from tasks.domain import Node
    >>> from tasks.bayes.interval import Interval
    >>> action_sentence(
    ...     Effect(
    ...         node=Node(table="items", column="weight"), intervention="impute_missing",
    ...         changed=80, effect=Interval(mean=-9, low=-12, high=-6), raw=-9, raw_error=2,
    ...         nll_change=0, nll_change_error=0.1, illusory=False,
    ...     )
    ... )
    'fill the 80 missing cells of items.weight'
    """
    if width is not None:
        bare = display_width(_sentence(effect, ""))
        return _sentence(effect, shorten(str(effect.node), max(width - bare, LEAST)))
    return _sentence(effect, str(effect.node))


def score_name(score: Score) -> str:
    """Name of a score as the literature has it, else its key."""
    return SCORES.get(score.name, score.name)


def uncertainty_unit(report: Report, name: str) -> str:
    """Unit of an entry of `Report.uncertainty`: the target's squared, or nats for a class.

    The label-wise variance of a class is a bare number.
    """
    if report.output == "classification":
        return "" if name == "label_variance" else "nats"
    simple = report.unit.replace(" ", "").isalnum()
    return f"{report.unit}²" if simple else f"({report.unit or 'unit of the target'})²"


def _sentence(effect: Effect, name: str) -> str:
    changed = effect.changed
    return ACTIONS.get(effect.intervention, "{intervention} on {cells} of {node}").format(
        intervention=effect.intervention,
        node=name,
        cells=count(changed, "cell"),
        missing=count(changed, "missing cell"),
        outliers=count(changed, "outlier"),
        faulty=count(changed, "faulty cell"),
        faults=count(changed, "fault"),
    )


def model_check_sentences(check: ModelCheck) -> tuple[str, ...]:
    """Whether the effects model was tested by simulation and held: first in short, then why.

    Examples
    --------
    >>> model_check_sentences(
    ...     ModelCheck(
    ...         need="not needed",
    ...         decision="Simulation-based calibration is not needed: no trigger fires.",
    ...         status="skipped",
    ...         reasons=(),
    ...         simulations=0,
    ...     )
    ... )[0]
    'The effects model was not tested by simulation; for this design that is not needed.'
    """
    if check.status == "skipped":
        told = (
            "; for this design that is not needed."
            if check.need == "not needed"
            else f", although that is {check.need} for this design: run again with "
            "--set check_model=always."
        )
        return f"The effects model was not tested by simulation{told}", check.decision
    if check.status == "calibrated":
        made = count(check.simulations, "simulated data set")
        told = f"The effects model is calibrated: {made} of this design show no deviation."
        return told, check.decision, *check.reasons
    told = (
        "The effects model is NOT calibrated for this design: do not trust its intervals."
        if check.status == "not calibrated"
        else "Whether the effects model is calibrated for this design is not assessable."
    )
    first, *others = check.reasons
    return f"{told} Reason: {first}", check.decision, *others

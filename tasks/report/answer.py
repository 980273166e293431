"""The answer in some sentences: where it comes from, what to do first, and the controls."""

from dataclasses import dataclass

from tasks.domain import Level
from tasks.intervention.retrained_cells import ONE_SIDED
from tasks.report.effect_record import Effect, Ranked
from tasks.report.evidence import ModelCheck
from tasks.report.numerals import (
    NOT_ASSESSABLE,
    count,
    ends_of,
    estimate,
    mean_of,
    number,
    percentage,
    probability,
)
from tasks.report.schema import Report, Share
from tasks.report.wording import action_sentence, model_check_sentences, score_name

CONSTANT = {"r2": 0.0, "auc": 0.5}
"""What a constant reaches."""


@dataclass(frozen=True)
class Answer:
    """Sentences; `sound` is whether nothing in them is a reason for doubt.

    `fit` is empty unless what predicts is worse than a constant.
    """

    cause: str
    repair: str
    placebo: str
    model: str
    fit: str
    sound: bool

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """The sentences under their names."""
        lines = (
            ("Source", self.cause),
            ("Repair", self.repair),
            ("Placebo", self.placebo),
            ("Model", self.model),
        )
        return (("Fit", self.fit), *lines) if self.fit else lines


def answer(report: Report) -> Answer:
    """Sum up a report."""
    best = report.ranking[0] if report.ranking else None
    clean, fit = placebo_is_clean(report), _fit(report)
    return Answer(
        cause=_cause(report),
        repair=_repair(report, best),
        placebo=_placebo(report, clean),
        model=model_check_sentences(report.model_check)[0],
        fit=fit,
        sound=bool(
            clean
            and not fit
            and best
            and _helps(best)
            and best.confidence != "needs more data"
            and not model_is_doubtful(report.model_check)
        ),
    )


def holds_zero(effect: Effect) -> bool:
    """Whether the 95 % interval holds 0."""
    return effect.effect.low <= 0 <= effect.effect.high


def placebo_is_clean(report: Report) -> bool | None:
    """Whether the interval of every placebo holds 0; None where none was simulated."""
    return all(map(holds_zero, report.placebo)) if report.placebo else None


def error_of(share: Share) -> float:
    """The standard error that holds most: Monte Carlo alone where no other was assessed."""
    return share.monte_carlo_error if share.standard_error is None else share.standard_error


def model_is_doubtful(check: ModelCheck) -> bool:
    """Whether calibration speaks against the effects model, or is essential and was not done."""
    if check.status == "skipped":
        return check.need == "essential"
    return check.status != "calibrated"


def _fit(report: Report) -> str:
    """Said where held-out rows are told worse than by a constant, and that beyond chance."""
    for score in report.quality:
        constant = CONSTANT.get(score.name)
        if constant is not None and score.value + ONE_SIDED * score.standard_error < constant:
            return (
                "What predicts is worse than a constant on held-out rows "
                f"({score_name(score)} {estimate(score.value, score.standard_error)}): mend the "
                "model, the features or the split before anything below is acted on."
            )
    return ""


def _cause(report: Report) -> str:
    largest: dict[Level, Share] = {}
    for share in report.shares:
        largest.setdefault(share.node.level, share)
    if not largest:
        return f"Where the uncertainty comes from is {NOT_ASSESSABLE}: there are no shares."
    told = (
        f"{level} {share.node} ({percentage(share.fraction, error_of(share))} %)"
        for level, share in largest.items()
    )
    return f"The largest parts of epistemic uncertainty: {', '.join(told)}."


def _repair(report: Report, best: Ranked | None) -> str:
    if best is None:
        illusory = sum(effect.illusory for effect in report.effects)
        reason = (
            f"{count(illusory, 'simulated gain is', 'simulated gains are')} illusory"
            if illusory
            else "none was simulated at a table or column"
        )
        return f"No repair is recommended: {reason}."
    told = f"{action_sentence(best.effect)}: {change(best.effect)} of U"
    if not _helps(best):
        return (
            f"No repair is expected to lower the uncertainty; the first of the list is to {told}."
        )
    if best.confidence == "needs more data":
        return (
            f"The first to try is to {told}, but that includes 0: P(effect < 0) is "
            f"{probability(best.p_reduces)} %, more replicates are needed."
        )
    per_cost = "" if best.cost == 1 else f" at a cost of {number(best.cost)}"
    return f"First {told}{per_cost}, confidence {best.confidence}."


def change(effect: Effect) -> str:
    """Give the expected effect with its interval."""
    return f"{mean_of(effect.counted)} % {ends_of(effect.counted)}"


def _placebo(report: Report, clean: bool | None) -> str:
    if clean is None:
        return f"Whether the placebo is clean is {NOT_ASSESSABLE}: none was simulated."
    if clean:
        total = len(report.placebo)
        which = "the interval" if total == 1 else f"each of {total} intervals"
        return f"The placebo is clean: {which} of the column of pure noise holds 0."
    wrong = [effect for effect in report.placebo if not holds_zero(effect)]
    worst = max(wrong, key=lambda effect: abs(effect.effect.mean))
    return (
        f"The placebo is NOT clean: {len(wrong)} of {len(report.placebo)} intervals of the column "
        f"of pure noise exclude 0, the largest effect being {change(worst)}; distrust effects of "
        "that size."
    )


def _helps(best: Ranked) -> bool:
    return best.effect.counted.mean < 0

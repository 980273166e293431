"""Which model to use, if any: three stages, each of which leaves fewer."""

from collections.abc import Mapping, Sequence

from tasks.inference.comparison.candidates import CANDIDATES
from tasks.inference.comparison.heterogeneity import HETEROGENEITY, UNIT_INTERVALS
from tasks.inference.comparison.record import Estimate, Finding, Flag, ModelName, ModelRecord, Stage

STAGES = ((1, "computation"), (2, "falsification"), (3, "comparison"))


def decide(
    models: Sequence[ModelRecord], flags: Sequence[Flag], *, prior_decides: bool
) -> tuple[tuple[Stage, ...], ModelName | None, str]:
    """Go through the stages.

    Parameters
    ----------
    models
        All fitted models with their findings.
    flags
        The red flags.
    prior_decides
        Whether the answer depends on the prior of tau critically.

    Returns
    -------
    stages : tuple of Stage
        What each leaves.
    recommended : str or None
        The simplest model that all three leave.
    conclusion : str
        What to use and why.
    """
    left = {model.name: model for model in models}
    stages = []
    for number, name in STAGES:
        rejected = {
            model.name: "; ".join(f"{of.check}: {of.sentence}" for of in failures)
            for model in left.values()
            if (failures := _counting(model, number, left))
        }
        left = {of: model for of, model in left.items() if of not in rejected}
        stages.append(Stage(name=name, left=tuple(left), rejected=rejected))
    if not left:
        return tuple(stages), None, _refusal(models)
    recommended = next(name for name in CANDIDATES if name in left)
    too_sure = any(of.check == UNIT_INTERVALS for model in models for of in model.failures)
    conclusion = _recommendation(left[recommended], list(left.values()), flags, too_sure)
    if prior_decides:
        conclusion += (
            " The prior of tau decides much of this: report the results under each prior, or "
            "collect more units."
        )
    return tuple(stages), recommended, conclusion


def _counting(
    model: ModelRecord, stage: int, left: Mapping[ModelName, ModelRecord]
) -> list[Finding]:
    """Failures that reject a model at a stage; none is too rich where nothing simpler will do."""
    simple = left.get("complete_pooling")
    will_do = simple is not None and all(of.stage != stage for of in simple.failures)
    return [
        of for of in model.failures if of.stage == stage and (of.check != HETEROGENEITY or will_do)
    ]


def _recommendation(
    model: ModelRecord, left: Sequence[ModelRecord], flags: Sequence[Flag], too_sure: bool
) -> str:
    raised = [of.name for of in flags if of.is_raised and of.pivot == model.name]
    why = f", as {' and '.join(raised)} ruled out the models tried at first" if raised else ""
    others = [of.title for of in left if of.name != model.name]
    alike = (
        f" {_listed(others).capitalize()} would do as well; this is the simplest." if others else ""
    )
    rich = next((of for of in model.failures if of.check == HETEROGENEITY), None)
    told = [f"mu is {_interval(model.mu)}"]
    told += [f"tau {_interval(model.tau)}"] if model.tau else []
    told += [f"{name} {_interval(of)}" for name, of in model.beta.items()]
    sure = f" The data do not show that the units differ (t{rich.sentence[1:-1]})" if rich else ""
    if rich:
        sure += ", but complete pooling would be too sure of each." if too_sure else "."
    no_criterion = "no criterion by which a model is rejected" if rich else "no criterion"
    return (
        f"Use {model.title}: it fails {no_criterion}{why}.{sure}{alike} "
        f"{_listed(told).capitalize()} (95 % intervals)."
    )


def _refusal(models: Sequence[ModelRecord]) -> str:
    reasons = "; ".join(
        f"{model.title} fails {', '.join(of.check for of in model.failures)}" for model in models
    )
    return f"No model is adequate, so none of their effects should be acted on: {reasons}."


def _interval(of: Estimate) -> str:
    return f"{of.mean:.3g} [{of.low:.3g}, {of.high:.3g}]"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

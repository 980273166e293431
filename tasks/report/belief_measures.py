"""Further measures of how far a belief is from the data, and the posteriors of both sides."""

from collections.abc import Sequence

from tasks.beliefs.conflict_record import Conflict, Number, Posterior
from tasks.report.belief_numerals import (
    factor_with_error,
    is_share,
    number_text,
    posterior_interval,
    probability_text,
    value_text,
)
from tasks.report.section import Section, table

DISTANCES = ("quantity", ">tail, %", ">Wasserstein", ">point Bayes factor")
DIVERGENCES = ("quantity", ">KL, nats", ">KL tail, %")
SENSITIVITIES = ("quantity", ">prior", ">likelihood", "verdict", "Bayes factor by")
POSTERIORS = ("quantity", "prior", ">posterior", ">sd", ">above, %")
INFINITE = "infinite"
"""A divergence from a belief that rules out what the data leave possible."""
DISTANCE_LEGEND = (
    "Tail: as above. Wasserstein: distance of the posterior under the reference prior from the "
    "belief, in standard deviations of the belief. Point Bayes factor: as the Bayes factor, for "
    "the one value that the data favour most in place of the reference prior; no prior can do "
    "better"
)
DIVERGENCE_LEGEND = (
    "KL: Kullback-Leibler divergence of the posterior under the reference prior from the belief; "
    "its tail is how often the belief expects one as large or larger"
)
SENSITIVITY_LEGEND = (
    "How much the posterior under the belief moves when prior or likelihood weighs more or less; "
    "where both move it they disagree, where only the prior does it is strong or the data are weak"
)


def measures_section(conflicts: Sequence[Conflict]) -> Section:
    """Distances of belief and data, and what the posterior is sensitive to."""
    distances = table(
        DISTANCES,
        (
            (
                of.quantity,
                probability_text(of.tail),
                _known(of.wasserstein),
                factor_with_error(of.log_point_bayes_factor),
            )
            for of in conflicts
        ),
        DISTANCE_LEGEND,
    )
    divergences = table(
        DIVERGENCES,
        (
            (
                of.quantity,
                number_text(of.kl) if of.kl else INFINITE,
                probability_text(of.kl_tail) if of.kl_tail else "-",
            )
            for of in conflicts
        ),
        DIVERGENCE_LEGEND,
    )
    sensitivities = table(
        SENSITIVITIES,
        (
            (
                of.quantity,
                number_text(of.prior_sensitivity),
                number_text(of.likelihood_sensitivity),
                of.sensitivity,
                of.method,
            )
            for of in conflicts
        ),
        SENSITIVITY_LEGEND,
    )
    return Section("Further measures", (), (*distances, *divergences, *sensitivities))


def posteriors_section(conflicts: Sequence[Conflict]) -> Section:
    """Posterior of each quantity under the reference prior and under the belief."""
    rows = [
        (name, prior, *_posterior_cells(posterior, is_share(of.client)))
        for of in conflicts
        for name, prior, posterior in (
            (of.quantity, "reference", of.from_reference),
            ("", "belief", of.from_client),
        )
    ]
    caption = "Above: posterior probability that the quantity lies above the decision's threshold"
    return Section("Posteriors", (), table(POSTERIORS, rows, caption))


def _posterior_cells(posterior: Posterior, in_per_cent: bool) -> tuple[str, str, str]:
    return (
        posterior_interval(posterior, in_per_cent),
        value_text(posterior.sd.value, in_per_cent),
        "-" if posterior.above is None else probability_text(posterior.above),
    )


def _known(of: Number | None) -> str:
    return "-" if of is None else number_text(of)

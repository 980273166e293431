"""Reports on beliefs: numbers are those of the record, and doubts stand before verdicts."""

import io
import math
import re
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.image import imread

from tasks.beliefs.bayes_factor import BOUNDS, severity
from tasks.beliefs.belief import Belief
from tasks.beliefs.conflict_record import Conflict, Curves, Decision, Number, Posterior, Update
from tasks.beliefs.elicitation_record import Answer, Elicitation, ElicitedPrior
from tasks.beliefs.run_records import Calibration, Check, ConflictRun, UpdateRun
from tasks.report.belief_conflict_sections import belief_section
from tasks.report.belief_figures import conflict_figures, elicitation_figures, update_figures
from tasks.report.belief_numerals import factor_text, interval_text
from tasks.report.belief_page import conflict_page, elicitation_page, update_page
from tasks.report.belief_panels import CLIENT, DATA, RESULT, shown_range
from tasks.report.belief_severity import CLASSES, severity_text
from tasks.report.belief_text import conflict_text, elicitation_text, update_text
from tasks.report.drawing import as_png
from tasks.report.layout import display_width
from tasks.report.text import WIDTH

Floats = npt.NDArray[np.float64]
HOSTILE = (
    "<b>bold</b>",
    "$x_1$ & y",
    "share[무게의 평균값]",
    "a_rather_long_name" * 9,
    "x\x1b[2Jy",
)
LEVEL = 0.95
FIRED = (
    "the model has 27 parameters, more than 10",
    "the decision is worth 2,000,000, more than 1,000,000",
)


def share(alpha: float, beta: float) -> Belief:
    return Belief.of("beta", {"alpha": alpha, "beta": beta}, low=0, high=1)


def normal(mean: float, sd: float) -> Belief:
    return Belief.of("normal", {"mean": mean, "sd": sd})


REFERENCE = share(1, 1)


def posterior(prior: Belief, x: Floats, likelihood: Floats) -> tuple[Posterior, Floats, float]:
    """Posterior on a grid, its density, and the log of the evidence."""
    joint = np.exp(prior.log_density(x)) * likelihood
    evidence = float(np.trapezoid(joint, x))
    density = joint / evidence
    cdf = np.concatenate([[0], np.cumsum(np.diff(x) * (density[1:] + density[:-1]) / 2)])
    mean = float(np.trapezoid(x * density, x))
    sd = math.sqrt(float(np.trapezoid((x - mean) ** 2 * density, x)))
    low, high = np.interp([(1 - LEVEL) / 2, (1 + LEVEL) / 2], cdf, x)
    told = Posterior(
        mean=Number(value=mean), sd=Number(value=sd), low=low, high=high, level=LEVEL,
        above=Number(value=float(np.interp(0.2, x, 1 - cdf))),
    )  # fmt: skip
    return told, density, math.log(evidence)


def held(
    quantity: str, client: Belief, y: float, error: float, mcse: float = 0.0, **changes: Any
) -> Conflict:
    """A belief held against one normal observation."""
    reference = REFERENCE if client.low == 0 else normal(client.mean(), 100 * client.sd())
    ends = (1e-6, 1 - 1e-6) if client.low == 0 else (y - 60 * error, y + 60 * error)
    x = np.linspace(*ends, 4001)
    likelihood = np.exp(-0.5 * ((x - y) / error) ** 2) + 1e-300
    data, data_density, log_reference = posterior(reference, x, likelihood)
    kept, kept_density, log_client = posterior(client, x, likelihood)
    log_factor = log_reference - log_client
    every = slice(None, None, 10)
    known: dict[str, Any] = {
        "quantity": quantity,
        "client": client,
        "confidence": 0.83,
        "reference": reference,
        "method": "quadrature",
        "from_reference": data,
        "from_client": kept,
        "log_bayes_factor": Number(value=log_factor, mcse=mcse),
        "severity": severity(log_factor),
        "severity_is_certain": True,
        "log_point_bayes_factor": Number(value=log_factor + 1.5, mcse=mcse),
        "kl": Number(value=2.345),
        "kl_tail": Number(value=0.0345, mcse=0.0012),
        "wasserstein": Number(value=1.789),
        "tail": Number(value=0.0123 if log_factor > 1 else 0.456),
        "prior_sensitivity": Number(value=0.111),
        "likelihood_sensitivity": Number(value=0.222),
        "sensitivity": "prior-data conflict",
        "is_conflict": log_factor > 1,
        "sentence": f"What is told of {quantity}.",
        "curves": Curves(
            x=tuple(x[every]),
            client=tuple(np.exp(client.log_density(x[every]))),
            reference_posterior=tuple(data_density[every]),
            client_posterior=tuple(kept_density[every]),
        ),
    }
    return Conflict(**(known | changes))


def calibration(
    need: Literal["not needed", "recommended", "essential"] = "recommended",
    status: str = "missing",
    run: str = "",
    command: str = "whence sbc media_mix",
) -> Calibration:
    return Calibration(
        need=need,
        fired=FIRED,
        unknown=("Bayes factor",),
        status=status,
        run=run,
        command=command,
    )


def media(conflicts: Sequence[Conflict], **changes: Any) -> ConflictRun:
    known: dict[str, Any] = {
        "client": "Kim",
        "model": "demo",
        "kind": "media_mix",
        "title": "Ovens",
        "period": ("2024-01-01", "2025-12-31"),
        "rows": 1234,
        "parameters": 27,
        "level": LEVEL,
        "checks": (
            Check(name="autocorrelation", observed=0.071, p_value=0.41, mcse=0, is_rejected=False),
            Check(
                name="largest residual", observed=3.21, p_value=0.2, mcse=0.01, is_rejected=False
            ),
        ),
        "is_adequate": True,
        "diagnostics": {"smallest ESS": 812.3, "largest R-hat": 1.003, "divergences": 0.0},
        "calibration": calibration(),
        "joint_log_bayes_factor": Number(value=12.3, mcse=0.2),
        "conflicts": tuple(conflicts),
        "not_assessable": {},
        "notes": ("A note.",),
    }
    return ConflictRun(**(known | changes))


def usual() -> ConflictRun:
    return media(
        [
            held("share[tv]", share(12, 24), 0.30, 0.05),
            held("share[radio]", share(40, 20), 0.40, 0.06, mcse=0.12),
            held("share[print]", share(3, 60), 0.35, 0.06),
            held("mean[orders.weight]", normal(12, 3), 20.2, 1.1),
            held("share[web]", share(2, 2), 0.22, 0.09),
        ]
    )


def updated(found: Conflict, is_change: bool = True, **changes: Any) -> Update:
    new = (
        Belief(
            laws=(
                found.client.laws[0].model_copy(update={"weight": 0.3}),
                found.reference.laws[0].model_copy(update={"weight": 0.7}),
            ),
            low=found.client.low,
            high=found.client.high,
        )
        if is_change
        else found.client
    )
    x = np.array(found.curves.x)
    known: dict[str, Any] = {
        "quantity": found.quantity,
        "strategy": "evidence_weighted",
        "min_evidence_strength": 10.0,
        "log_bayes_factor": found.log_bayes_factor,
        "is_change": is_change,
        "client_probability": 0.037,
        "old": found.client,
        "new": new,
        "reason": f"Why {found.quantity} is updated.",
        "decision": Decision(threshold=0.2, worth=2e6, action="keep the budget"),
        "before": found.from_client,
        "after": found.from_reference,
        "decision_change": "The budget is kept in place of cut.",
        "expected_gain": 54321.0 if is_change else None,
        "x": found.curves.x,
        "old_density": found.curves.client,
        "data_density": found.curves.reference_posterior,
        "new_density": tuple(np.exp(new.log_density(x))),
    }
    return Update(**(known | changes))


def updates(run: ConflictRun, n_changed: int = 2, **changes: Any) -> UpdateRun:
    made = tuple(updated(of, place < n_changed) for place, of in enumerate(run.conflicts))
    known: dict[str, Any] = {
        "client": run.client,
        "model": run.model,
        "session": "session-7",
        "title": run.title,
        "updates": made,
        "recommendations": tuple(f"rec-{place}" for place in range(len(made))),
        "calibration": run.calibration,
        "left": {},
        "notes": (),
    }
    return UpdateRun(**(known | changes))


def by_chips(quantity: str, counts: Sequence[int], belief: Belief, **changes: Any) -> ElicitedPrior:
    edges, total = np.linspace(0, 0.1 * len(counts), len(counts) + 1).round(6), sum(counts)
    answers = [
        Answer(
            said=f"chips between {low:g} and {high:g}",
            stated=count / total,
            fitted=float(belief.cdf(high) - belief.cdf(low)),
            low=low,
            high=high,
        )
        for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True)
    ]
    return elicited(quantity, "chips", belief, answers, **changes)


def by_quantiles(
    quantity: str, said: dict[float, float], belief: Belief, **changes: Any
) -> ElicitedPrior:
    answers = [
        Answer(said=f"P({quantity} < {at:g})", stated=p, fitted=float(belief.cdf(at)), high=at)
        for p, at in said.items()
    ]
    return elicited(quantity, "quantiles", belief, answers, **changes)


def elicited(
    quantity: str,
    how: Literal["stated", "mean_sd", "quantiles", "chips"],
    belief: Belief,
    answers: Sequence[Answer],
    **changes: Any,
) -> ElicitedPrior:
    square = [(of.stated - of.fitted) ** 2 for of in answers]
    known: dict[str, Any] = {
        "quantity": quantity,
        "belief": belief,
        "confidence": 0.83,
        "how": how,
        "answers": tuple(answers),
        "residual": math.sqrt(sum(square) / len(square)) if how in ("chips", "quantiles") else None,
        "others": {"normal": 0.031, "lognormal": 0.012},
    }
    return ElicitedPrior(**(known | changes))


def session() -> Elicitation:
    """Chips that fit, quantiles that fit, quantiles that do not, and a mean with its sd."""
    mean_sd = [Answer(said="mean", stated=12, fitted=12), Answer(said="sd", stated=3, fitted=3)]
    worth = Decision(threshold=0.2, worth=2e6, action="keep the budget")
    return Elicitation(
        client="Kim",
        model="demo",
        note="By telephone.",
        priors=(
            by_chips("share[tv]", [0, 2, 6, 8, 3, 1], share(6, 13), decision=worth),
            by_quantiles("share[radio]", {0.25: 0.10, 0.5: 0.15, 0.75: 0.21}, share(3, 16)),
            by_quantiles("share[print]", {0.1: 0.3, 0.5: 0.35, 0.9: 0.8}, share(4, 5)),
            elicited("mean[orders.weight]", "mean_sd", normal(12, 3), mean_sd, note="As usual."),
        ),
    )


def hostile() -> ConflictRun:
    """Names of all kinds, laws with spikes and large numbers."""
    found = [held(name, share(0.6, 3), 0.5, 0.05, mcse=0.2) for name in HOSTILE]
    found.append(held("mean[매출]", normal(1.2e6, 3e5), 1.9e6, 1.1e5))
    return media(
        found,
        client="<i>Kim<i>",
        title="긴 제목 " * 30,
        not_assessable={HOSTILE[0]: f"no spend on {HOSTILE[3]}"},
        notes=(f"Of {HOSTILE[0]}.",),
        calibration=calibration("essential"),
        is_adequate=False,
        checks=(Check(name=HOSTILE[0], observed=1e9, p_value=0, mcse=0, is_rejected=True),),
    )


def hostile_session() -> Elicitation:
    priors = [by_quantiles(name, {0.1: 0.3, 0.5: 0.35}, share(4, 5)) for name in HOSTILE]
    return Elicitation(client="<i>Kim<i>", model="demo", note="<b>x</b>", priors=tuple(priors))


def many(n: int) -> ConflictRun:
    return media(
        [held(f"share[{k}]", share(4, 4 + k), 0.5, 0.05, mcse=0.1) for k in range(n)],
    )


def part(text: str, title: str) -> list[str]:
    """The lines of one section, their gaps made single."""
    (found,) = re.findall(rf"\n{re.escape(title)}\n-+\n(.*?)(?:\n\n\n|\Z)", text, flags=re.DOTALL)
    return [re.sub(r"\s+", " ", line).strip() for line in found.splitlines()]


def joined(text: str) -> str:
    return " ".join(text.split())


def test_beliefs_are_told_by_their_bayes_factors() -> None:
    text = conflict_text(usual())
    assert text.startswith(
        "Ovens: beliefs of Kim\n=====================\n\n2 OF 5 BELIEFS CONFLICT WITH THE DATA\n\n"
        "The data speak most strongly against the belief on share[print]: Bayes factor 1,910, very "
    )
    lines = part(text, "BELIEFS")
    assert lines[lines.index("quantity belief data Bayes factor severity tail, %") + 1 :] == [
        "share[print] 4.8 [1.0, 11.2] % 35 [23, 47] % 1,910 very strong 1.2 *",
        "share[radio] 67 [54, 78] % 40 [28, 52] % 24 ± 12 % strong 1.2 *",
        "share[web] 50 [9, 91] % 22 [5, 40] % 1.0 weak 45.6",
        "mean[orders.weight] 12.0 [6.1, 17.9] 20.2 [18.0, 22.4] 1/3.5 none 45.6",
        "share[tv] 33 [19, 49] % 30.0 [20.2, 39.8] % 1/4.1 none 45.6",
    ]
    order = ["share[print]", "share[radio]", "share[web]", "mean[orders.weight]", "share[tv]"]
    assert part(text, "WHAT THE DATA SAY") == [f"{of}: What is told of {of}." for of in order]
    shuffled = media(usual().conflicts[::-1])
    assert conflict_text(shuffled) == text


def test_a_belief_is_told_in_full() -> None:
    number = Number(value=2.0)
    found = held(
        "share[tv]",
        share(12, 24),
        0.3,
        0.05,
        confidence=0.77,
        log_bayes_factor=Number(value=math.log(345.0), mcse=0.013),
        log_point_bayes_factor=Number(value=math.log(678.0), mcse=0.014),
        kl=Number(value=1.23, mcse=0.015),
        kl_tail=Number(value=0.0456, mcse=0.0016),
        wasserstein=Number(value=3.45, mcse=0.017),
        tail=Number(value=0.0678, mcse=0.0018),
        prior_sensitivity=Number(value=0.091, mcse=0.0019),
        likelihood_sensitivity=Number(value=0.082),
        sensitivity="strong prior or weak data",
        method="bridge",
    )
    text = conflict_text(media([found]))
    assert part(text, "BELIEFS")[-1].endswith("345 ± 1.3 % none 6.8")
    measures = part(text, "FURTHER MEASURES")
    assert "share[tv] 6.78 ± 0.18 3.450 ± 0.017 678 ± 1.4 %" in measures
    assert "share[tv] 1.230 ± 0.015 4.56 ± 0.16" in measures
    assert measures[-1] == "share[tv] 0.0910 ± 0.0019 0.082 strong prior or weak data bridge"
    assert part(text, "POSTERIORS")[-2:] == [
        "share[tv] reference 30.0 [20.2, 39.8] % 5 % 97.7",
        "belief 30.8 [22.7, 39.1] % 4.19 % 99.6",
    ]
    assert joined(" ".join(part(text, "PRIORS"))) == (
        "share[tv]: beta(alpha 12, beta 24) between 0 and 1, confidence 77 %; reference beta(alpha "
        "1, beta 1) between 0 and 1."
    )
    unknown = conflict_text(media([held("x", normal(0, 1), 0, 1, wasserstein=None, kl=number)]))
    assert "x 45.6 - " in joined(unknown)
    assert "x 2 3.45 ± 0.12 " in joined(unknown)


def test_rows_of_long_numbers_stay_on_one_line() -> None:
    found = held(
        "share[an advertising channel of a long name]",
        share(12, 24),
        0.3,
        0.05,
        log_point_bayes_factor=Number(value=14.7, mcse=0.019),
        kl=Number(value=14.197, mcse=0.00017),
        kl_tail=Number(value=0.00199, mcse=0.00041),
        wasserstein=Number(value=4.63419, mcse=0.00027),
        tail=Number(value=0.021281, mcse=0.000068),
        prior_sensitivity=Number(value=0.01385, mcse=0.00044),
        likelihood_sensitivity=Number(value=0.187, mcse=0.014),
    )
    lines = part(conflict_text(media([found])), "FURTHER MEASURES")
    of_rows = [line.rpartition("] ")[2] for line in lines if line.startswith("share[")]
    assert of_rows[:2] == [
        "2.1281 ± 0.0068 4.63419 ± 0.00027 2.4e+06 ± 1.9 %",
        "14.19700 ± 0.00017 0.199 ± 0.041",
    ]
    assert of_rows[2].startswith("0.01385 ± 0.00044 0.187 ± 0.014 ")


def test_the_run_is_told_in_full() -> None:
    run = media(
        usual().conflicts,
        not_assessable={"share[mail]": "no spend in 24 months."},
        calibration=calibration("recommended", "not assessable", "sbc-media_mix/7"),
    )
    text = conflict_text(run)
    assert "Bayes factor 2.2e+05 ± 20 % (logarithm 12.30 ± 0.20)." in joined(text)
    assert "1 belief could not be held against the data: see below why." in text
    assert part(text, "NOT ASSESSABLE") == ["share[mail]: no spend in 24 months."]
    assert part(text, "CHECKS OF THE LIKELIHOOD") == [
        "The model fits the data.",
        "",
        "check observed p-value verdict",
        "autocorrelation 0.071 0.410 fits",
        "largest residual 3.21 0.200 ± 0.010 fits",
    ]
    told = joined(" ".join(part(text, "CALIBRATION OF THE MODEL")))
    assert told == (
        "Simulation-based calibration is recommended: the model has 27 parameters, more than 10 "
        "and the decision is worth 2,000,000, more than 1,000,000; not known: Bayes factor. The "
        "newest one says: not assessable. It is kept in sbc-media_mix/7."
    )
    assert part(text, "HOW IT WAS COMPUTED") == [
        "A note.",
        "",
        "setting value",
        "client Kim",
        "model demo",
        "kind media mix",
        "period 2024-01-01 to 2025-12-31",
        "rows 1,234",
        "parameters 27",
        "Bayes factors by quadrature",
        "level 95 %",
        "smallest ESS 812.3",
        "largest R-hat 1.003",
        "divergences 0",
    ]
    page = conflict_page(run)
    for line in ("no spend in 24 months.", "largest R-hat", "1.003", "0.200 ± 0.010", "A note."):
        assert line in page


@pytest.mark.parametrize(
    ("in_conflict", "headline"),
    [
        ((), "NO BELIEF COULD BE HELD AGAINST THE DATA"),
        ((False, False), "NO BELIEF CONFLICTS WITH THE DATA"),
        ((True,), "1 OF 1 BELIEF CONFLICTS WITH THE DATA"),
        ((False, True, True), "2 OF 3 BELIEFS CONFLICT WITH THE DATA"),
    ],
)
def test_the_headline_counts_conflicts(in_conflict: Sequence[bool], headline: str) -> None:
    found = [held(f"x{k}", normal(0, 1), 0, 1, is_conflict=of) for k, of in enumerate(in_conflict)]
    run = media(found)
    assert conflict_text(run).splitlines()[3] == headline
    assert f"<dt>{headline}</dt>" in conflict_page(run)
    assert ("The data speak most strongly" in conflict_text(run)) == any(in_conflict)
    assert ('class="answer doubt"' in conflict_page(run)) == any(in_conflict)
    assert conflict_text(run).count(" *\n") == sum(in_conflict)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("missing", "missing"),
        ("not calibrated", "the newest one says: not calibrated"),
        ("not assessable", "the newest one says: not assessable"),
    ],
)
def test_essential_calibration_that_is_not_there_is_the_first_line(status: str, told: str) -> None:
    run = media(usual().conflicts, calibration=calibration("essential", status))
    why = f"({'; '.join(FIRED)})"
    first = f"CALIBRATE FIRST: simulation-based calibration of {run.model} is essential and {told} "
    text = conflict_text(run)
    expected = f"{first}{why}; the verdicts below are provisional. Command: whence sbc media_mix"
    assert joined(text).startswith(f"{expected} Ovens: beliefs of Kim ====")
    page = conflict_page(run)
    assert f"<dt>{first}{why}; the verdicts below are provisional.</dt>" in page
    assert "<dd>Command: whence sbc media_mix</dd>" in page
    assert page.index("<dt>CALIBRATE FIRST") < page.index("<dt>2 OF 5")
    assert belief_section(run).paragraphs[0] == f"{first}{why}; the verdicts below are provisional."
    recommended = update_text(updates(run))
    assert joined(recommended).startswith(
        f"CALIBRATE FIRST: simulation-based calibration of demo is essential and {told} {why}; the "
        "recommendations below are provisional. Command: whence sbc media_mix "
        "Ovens: beliefs of Kim ===="
    )


def test_calibration_that_is_not_essential_or_there_is_not_the_first_line() -> None:
    for known in (
        calibration("not needed"),
        calibration("recommended", "not calibrated"),
        calibration("essential", "calibrated"),
    ):
        run = media(usual().conflicts, calibration=known)
        text = conflict_text(run)
        assert text.startswith("Ovens: beliefs of Kim\n====")
        for told in (
            text,
            update_text(updates(run)),
            *belief_section(run).paragraphs,
        ):
            assert "CALIBRATE FIRST" not in told
            assert "provisional" not in told


def test_a_calibration_with_another_design_is_told_and_does_not_count() -> None:
    run = media(usual().conflicts, calibration=calibration("essential"))
    told = "None has been made with this design."
    assert told in joined(conflict_text(run))
    assert "another design" not in joined(conflict_text(run))
    elsewhere = run.calibration.model_copy(
        update={"status_elsewhere": "calibrated", "run_elsewhere": "sbc-media_mix/2026-x"}
    )
    text = joined(conflict_text(run.model_copy(update={"calibration": elsewhere})))
    assert text.startswith("CALIBRATE FIRST")
    assert f"{told} With another design (other weeks, spends or priors) the newest one says: " in (
        text
    )
    assert "calibrated, kept in sbc-media_mix/2026-x." in text


def test_statistics_have_no_program_to_calibrate() -> None:
    run = media(
        usual().conflicts,
        kind="statistics",
        checks=(),
        calibration=calibration("essential", command=""),
    )
    text = conflict_text(run)
    assert "calibration of demo is essential and missing" in joined(text)
    assert "whence sbc" not in text
    assert "LIKELIHOOD" not in text


def test_a_likelihood_that_does_not_fit_is_told_before_the_headline() -> None:
    checks = (
        Check(name="autocorrelation", observed=0.621, p_value=0.0021, mcse=0.001, is_rejected=True),
        Check(name="skewness", observed=0.1, p_value=0.4, mcse=0, is_rejected=False),
    )
    run = media(usual().conflicts, is_adequate=False, checks=checks)
    text = conflict_text(run)
    doubt = (
        "THE MODEL DOES NOT FIT THE DATA in 1 check: autocorrelation is 0.621 (p-value 0.0021 ± "
        "0.0010). The conclusions below rest on a model that does not fit."
    )
    assert f"==== {doubt} 2 OF 5 BELIEFS" in joined(text)
    assert "autocorrelation 0.621 0.0021 ± 0.0010 REJECTED" in joined(text)
    assert f"<dt>{doubt}</dt>" in conflict_page(run)
    assert doubt in belief_section(run).paragraphs
    essential = media(
        run.conflicts, is_adequate=False, checks=checks, calibration=calibration("essential")
    )
    told = conflict_text(essential)
    page = conflict_page(essential)
    for words in (told, page[page.index("<main>") :]):
        places = [words.index(of) for of in ("CALIBRATE FIRST", "DOES NOT FIT", "2 OF 5")]
        assert places == sorted(places)
    assert "DOES NOT FIT" not in conflict_text(usual()).upper()


@pytest.mark.parametrize(
    ("factor", "mcse", "expected"),
    [
        (9.5, 0.1, "moderate or strong"),
        (2.9, 0.1, "weak or moderate"),
        (5.0, 2.0, "none to very strong"),
        (5.0, 0.1, "moderate"),
        (95.0, 0.3, "strong or very strong"),
    ],
)
def test_an_uncertain_class_is_told_as_all_that_it_may_be(
    factor: float, mcse: float, expected: str
) -> None:
    log_factor = Number(value=math.log(factor), mcse=mcse)
    known: dict[str, Any] = {"log_bayes_factor": log_factor, "severity": "moderate"}
    found = held("x", normal(0, 1), 0, 1, severity_is_certain=False, **known)
    assert severity_text(found) == expected
    assert expected in joined(conflict_text(media([found])))
    certain = held("x", normal(0, 1), 0, 1, **known)
    assert severity_text(certain) == "moderate"


def test_classes_are_drawn_where_they_are_told() -> None:
    for low, high, bound in zip(CLASSES[:-1], CLASSES[1:], BOUNDS.values(), strict=True):
        assert severity(math.log(bound) - 1e-9) == low
        assert severity(math.log(bound) + 1e-9) == high


@given(st.floats(-6000, 6000))
def test_a_bayes_factor_of_any_size_is_near(log_factor: float) -> None:
    shown = factor_text(log_factor)
    size = shown.removeprefix("1/").replace(",", "")
    digits, _, power = size.partition("e+")
    log_size = math.log(float(digits)) + int(power or 0) * math.log(10)
    assert abs(log_size - abs(log_factor)) < 0.052
    assert shown.startswith("1/") == (log_factor < 0 and log_size > 0)
    assert len(shown) <= 11


@given(
    st.floats(-1e12, 1e12).filter(lambda x: x == 0 or abs(x) > 1e-12),
    st.floats(1e-12, 1e12),
)
def test_an_interval_of_any_size_is_near(mean: float, half: float) -> None:
    half = max(half, abs(mean) / 1e4)
    shown = interval_text(mean, mean - half, mean + half, in_per_cent=False).replace("−", "-")
    numbers, _, power = shown.partition("×10")
    scale = 10.0 ** int((power or "⁰").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
    read = [scale * float(of) for of in re.findall(r"[-\d.]+(?:e\+\d+)?", numbers)]
    np.testing.assert_allclose(read, [mean, mean - half, mean + half], atol=half / 15)


def test_the_section_of_another_report_is_short() -> None:
    section = belief_section(usual())
    assert section.title == "Beliefs"
    assert section.paragraphs[0] == "2 OF 5 BELIEFS CONFLICT WITH THE DATA."
    assert section.paragraphs[-1] == "share[tv]: What is told of share[tv]."
    (shown,) = section.tables
    assert [row[0] for row in shown.rows][:2] == ["share[print]", "share[radio]"]
    assert belief_section(media([])).tables == ()


def test_updates_are_told_in_full() -> None:
    decision = Decision(threshold=0.2, worth=2e6, action="keep the budget")
    found = held("share[tv]", share(12, 24), 0.6, 0.05, mcse=0.1)
    changed = updated(found, decision=decision, power=0.123)
    run = updates(media([found]), updates=(changed,), recommendations=("17",))
    text = update_text(run)
    assert text.startswith(
        "Ovens: beliefs of Kim\n=====================\n\n1 OF 1 BELIEF SHOULD CHANGE"
    )
    assert part(text, "SHARE[TV]") == [
        "Quantity: share[tv]",
        "Old prior: beta(alpha 12, beta 24) between 0 and 1",
        "New prior: 0.3 x beta(alpha 12, beta 24) + 0.7 x beta(alpha 1, beta 1) between 0 and 1",
        "Reason: Why share[tv] is updated.",
        "Probability of the belief after the data: 3.7 %",
        "Power of the belief: 0.123",
        "Posterior before: 52.9 [44.5, 61.2] %, sd 4.28 %; above the threshold with probability > "
        "99.9 %",
        "Posterior after: 60.0 [50.2, 69.8] %, sd 5 %; above the threshold with probability > 99.9 "
        "%",
        "Decision: keep the budget if above 20 %, worth 2,000,000",
        "Change of the decision: The budget is kept in place of cut.",
        "Expected gain: 54,321",
        "To accept: whence beliefs accept 17",
        "To reject: whence beliefs reject 17",
    ]
    asked = part(text, "WHAT WAS ASKED")
    assert asked[-3:] == [
        "session session-7",
        "strategy evidence_weighted",
        "least Bayes factor of a change 10",
    ]
    page = update_page(run)
    assert "To accept: whence beliefs accept 17" in page
    assert "New prior: 0.3 x beta(alpha 12, beta 24)" in page


@pytest.mark.parametrize(
    ("n_changed", "headline"),
    [(0, "EVERY BELIEF STANDS"), (3, "3 OF 5 BELIEFS SHOULD CHANGE")],
)
def test_commands_are_those_of_changes_and_each_has_its_own_id(
    n_changed: int, headline: str
) -> None:
    run = updates(usual(), n_changed)
    text = update_text(run)
    assert text.splitlines()[3] == headline
    assert f"<dt>{headline}</dt>" in update_page(run)
    assert text.count("beliefs accept") == text.count("beliefs reject") == n_changed
    for k, of in enumerate(run.updates):
        lines = part(text, of.quantity.upper())
        assert (f"To accept: whence beliefs accept rec-{k}" in lines) == of.is_change
        assert ("New prior: the same" in lines) == (not of.is_change)
    overview = part(text, "BELIEFS")[-5:]
    assert overview[0].startswith("share[print] ")
    assert sum(" changes " in line for line in overview) == n_changed


def test_what_is_left_is_told_and_ids_must_be_as_many() -> None:
    empty = update_text(updates(media([]), left={"share[mail]": "it has no conflict."}))
    assert empty.splitlines()[3] == "NO BELIEF COULD BE UPDATED"
    assert "1 belief was left as it is: see below why." in empty
    assert part(empty, "LEFT AS THEY ARE") == ["share[mail]: it has no conflict."]
    assert update_figures(updates(media([]))) == {}
    with pytest.raises(ValueError, match="shorter"):
        update_text(updates(usual(), recommendations=("1",)))


def test_elicited_priors_are_told_beside_the_answers() -> None:
    text = elicitation_text("session-7", session())
    assert text.startswith(
        "demo: beliefs of Kim\n====================\n\n1 OF 4 PRIORS DOES NOT FIT THE ANSWERS\n\n"
        "share[print]: the law misses the answers by 0.141 in probability"
    )
    assert "the family lognormal misses them by 0.012." in text
    assert part(text, "PRIORS")[-4:] == [
        "share[tv] 32 [13, 53] % 83 chips 0.035 fits",
        "share[radio] 16 [4, 35] % 83 quantiles 0.016 fits",
        "share[print] 44 [16, 76] % 83 quantiles 0.141 BAD",
        "mean[orders.weight] 12.0 [6.1, 17.9] 83 mean and sd - -",
    ]
    assert part(text, "SHARE[TV]") == [
        "Quantity: share[tv]",
        "Prior: beta(alpha 6, beta 13) between 0 and 1",
        "Confidence: 83 %",
        "Residual: 0.035",
        "Residual of other families: lognormal 0.012, normal 0.031",
        "Decision: keep the budget if above 20 %, worth 2,000,000",
        "",
        "what was said stated fitted difference",
        "chips between 0 and 0.1 0 0.00642 0.00642",
        "chips between 0.1 and 0.2 0.1 0.127 0.0265",
        "chips between 0.2 and 0.3 0.3 0.333 0.0327",
        "chips between 0.3 and 0.4 0.4 0.326 −0.0744",
        "chips between 0.4 and 0.5 0.15 0.161 0.0106",
        "chips between 0.5 and 0.6 0.05 0.0424 −0.00762",
    ]
    assert "Note: As usual." in part(text, "MEAN[ORDERS.WEIGHT]")
    assert "session session-7" in part(text, "SESSION")
    assert "By telephone." in elicitation_page("session-7", session())


@pytest.mark.parametrize(("residual", "is_bad"), [(0.05, False), (0.0501, True), (None, False)])
def test_a_warning_stands_where_the_residual_is_above_a_twentieth(
    residual: float | None, is_bad: bool
) -> None:
    prior = by_quantiles("x", {0.5: 1.0}, normal(1, 1), residual=residual, others={"gamma": 0.2})
    told = Elicitation(client="Kim", model="demo", priors=(prior,))
    text, page = elicitation_text("s", told), elicitation_page("s", told)
    headline = "1 OF 1 PRIOR DOES NOT FIT THE ANSWERS" if is_bad else "1 PRIOR ELICITED"
    assert text.splitlines()[3] == headline
    assert ("more than 0.05; no other family fits: ask again." in joined(text)) == is_bad
    assert ('class="answer doubt"' in page) == is_bad


def check_text(text: str) -> None:
    assert max(map(display_width, text.splitlines())) <= WIDTH
    assert re.findall(r" $|\n\n\Z", text, flags=re.MULTILINE) == []
    assert text.endswith("\n")
    assert "\x1b" not in text


def test_no_line_is_too_wide_and_none_ends_in_a_space() -> None:
    for run in (usual(), hostile(), many(30), media([])):
        check_text(conflict_text(run))
        check_text(update_text(updates(run)))
    for told in (session(), hostile_session()):
        check_text(elicitation_text("s" * 300, told))


def test_rows_of_large_numbers_are_whole() -> None:
    found = held(
        "mean[orders.revenue]",
        normal(123456, 3210),
        127890.0,
        4321.0,
        severity="very strong",
        tail=Number(value=0.00001),
        is_conflict=True,
        log_bayes_factor=Number(value=40.0),
    )
    run = media([found])
    row = "123.5 [117.2, 129.7]×10³ 127.9 [119.4, 136.4]×10³ 2.4e+17 very strong < 0.1 *"
    assert part(conflict_text(run), "BELIEFS")[-1].endswith(row)
    row = "changes 2.4e+17 125.0 [120.0, 130.1]×10³ 127.9 [119.4, 136.4]×10³ 54,321"
    assert part(update_text(updates(run)), "BELIEFS")[-1].endswith(row)


def check_page(page: str, n_figures: int) -> None:
    assert page.count("<svg") == page.count("<figcaption>") == n_figures
    assert re.findall(r"<(?:script|b>|i>|link|img|iframe|image)|url\((?!#)|@import", page) == []
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:xlink:href="|url\()#([^")]+)', page)) <= set(ids)


def test_pages_tell_all_escaped_and_fetch_nothing() -> None:
    run = hostile()
    pages = {
        conflict_page(run): 2,
        update_page(updates(run)): 1,
        elicitation_page("<b>", hostile_session()): 1,
    }
    for page, n_figures in pages.items():
        check_page(page, n_figures)
        assert "beliefs of &lt;i&gt;Kim&lt;i&gt;</h1>" in page
        assert "<td>&lt;b&gt;bold&lt;/b&gt;</td>" in page
        assert "무게의 평균값" in page
    assert conflict_page(media([])).count("<svg") == 0


def test_the_same_record_gives_the_same_bytes() -> None:
    run = hostile()
    copy = ConflictRun.model_validate_json(run.model_dump_json())
    assert conflict_text(copy) == conflict_text(run)
    assert conflict_page(copy) == conflict_page(run)


def panels(figure: Figure) -> list[Any]:
    return list(figure.axes)


def lines_of(axes: Any, color: str) -> list[Any]:
    return [line for line in axes.lines if line.get_color() == color]


def texts_of(figure: Figure) -> list[str]:
    legends = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    return [*legends, *titles, *(text.get_text() for text in figure.texts)]


def test_a_panel_shows_belief_data_and_posterior() -> None:
    run = usual()
    figure = conflict_figures(run)["beliefs"]
    ordered = sorted(run.conflicts, key=lambda of: -of.log_bayes_factor.value)
    assert len(figure.axes) == 5
    for axes, found in zip(figure.axes, ordered, strict=True):
        curves = found.curves
        for color, density in (
            (CLIENT, curves.client),
            (DATA, curves.reference_posterior),
            (RESULT, curves.client_posterior),
        ):
            (line,) = lines_of(axes, color)
            np.testing.assert_array_equal(line.get_xdata(), curves.x)
            np.testing.assert_array_equal(line.get_ydata(), density)
            assert np.isfinite(line.get_ydata()).all()
        low, high = axes.get_xlim()
        assert low < found.from_reference.low < found.from_reference.high < high
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[:2] == [
        "share[print]\nseverity: very strong (BF 1,910)",
        "share[radio]\nseverity: strong (BF 24)",
    ]
    form = [axes.xaxis.get_major_formatter()(0.2, 0) for axes in figure.axes]
    assert [of == "20 %" for of in form] == [True, True, True, False, True]


def test_of_many_beliefs_twelve_are_drawn_and_the_others_counted() -> None:
    for n, drawn in ((1, 1), (3, 3), (12, 12), (14, 12)):
        run = many(n)
        figures = conflict_figures(run) | update_figures(updates(run))
        for name in ("beliefs", "updates"):
            assert len(figures[name].axes) == drawn
            note = "12 of 14 beliefs: those with the largest Bayes factors"
            assert (note in texts_of(figures[name])) == (n == 14)
        assert "share[13]" in figures["beliefs"].axes[0].get_title(loc="left") or n < 14


def test_bayes_factors_lie_over_their_classes() -> None:
    run = usual()
    (axes,) = panels(conflict_figures(run)["bayes_factors"])
    ordered = sorted((of.log_bayes_factor for of in run.conflicts), key=lambda of: -of.value)
    marked = [line for line in axes.lines if line.get_marker() not in ("None", None)]
    dots = sorted(
        (float(y), float(x)) for line in marked for x, y in zip(*line.get_data(), strict=True)
    )
    np.testing.assert_allclose([x for _, x in dots], [of.value / math.log(10) for of in ordered])
    (bar,) = [
        line
        for line in axes.lines
        if len(set(line.get_ydata())) == 1 and line.get_ydata()[0] == 1 and line not in marked
    ]
    radio = ordered[1]
    np.testing.assert_allclose(
        bar.get_xdata(), [(radio.value + k * radio.mcse) / math.log(10) for k in (-2, 2)]
    )
    edges = sorted(
        {
            round(x, 6)
            for patch in axes.patches
            for x in (patch.get_x(), patch.get_x() + patch.get_width())
        }
    )
    np.testing.assert_allclose(edges[1:-1], np.log10(list(BOUNDS.values())), atol=1e-6)
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names[0] == "share[print]"
    (beside,) = axes.child_axes
    assert [text.get_text() for text in beside.get_yticklabels()][:2] == ["1,910", "24 ± 12 %"]


def test_a_bayes_factor_out_of_sight_is_drawn_at_the_edge() -> None:
    found = held("x", normal(0, 1), 0, 1, log_bayes_factor=Number(value=4000.0))
    figure = conflict_figures(media([found]))["bayes_factors"]
    dots = [line for line in panels(figure)[0].lines if line.get_marker() == "o"]
    assert dots[0].get_xdata()[0] == 6
    assert any("drawn at the edge: 1" in text for text in texts_of(figure))
    usual_texts = texts_of(conflict_figures(usual())["bayes_factors"])
    assert not any("at the edge" in text for text in usual_texts)
    assert len(conflict_figures(many(70))["bayes_factors"].axes[0].get_yticklabels()) == 60


def test_updates_show_the_new_prior_only_where_there_is_one() -> None:
    run = updates(usual(), 2)
    figure = update_figures(run)["updates"]
    by_name = {axes.get_title(loc="left").splitlines()[0]: axes for axes in panels(figure)}
    for of in run.updates:
        axes = by_name[of.quantity]
        np.testing.assert_array_equal(lines_of(axes, CLIENT)[0].get_ydata(), of.old_density)
        np.testing.assert_array_equal(lines_of(axes, DATA)[0].get_ydata(), of.data_density)
        new = lines_of(axes, RESULT)
        assert len(new) == of.is_change
        for line in new:
            np.testing.assert_array_equal(line.get_ydata(), of.new_density)
        assert any(list(line.get_xdata()) == [0.2, 0.2] for line in axes.lines)
    assert "decision's threshold" in texts_of(figure)


def test_priors_show_chips_as_areas_and_quantiles_as_lines() -> None:
    figure = elicitation_figures("s", session())["priors"]
    chips, radio, _, mean = panels(figure)
    areas = [patch.get_width() * patch.get_height() for patch in chips.patches]
    np.testing.assert_allclose(areas, np.array([0, 2, 6, 8, 3, 1]) / 20)
    said = [line.get_xdata()[0] for line in lines_of(radio, CLIENT)]
    np.testing.assert_allclose(said, [0.10, 0.15, 0.21])
    dots = [line for line in radio.lines if line.get_marker() == "o"]
    expected = share(3, 16).quantile([0.25, 0.5, 0.75])
    np.testing.assert_allclose([line.get_xdata()[0] for line in dots], expected)
    assert [text.get_text() for text in radio.texts] == ["25 %", "50 %", "75 %"]
    curve = lines_of(mean, DATA)[0]
    np.testing.assert_allclose(
        curve.get_ydata(), np.exp(normal(12, 3).log_density(curve.get_xdata()))
    )
    assert not lines_of(mean, CLIENT)
    assert "does NOT fit (residual 0.141)" in " ".join(texts_of(figure))


def test_a_panel_holds_nearly_all_of_each_density_and_cuts_spikes() -> None:
    x = np.linspace(-1000, 1000, 20001)
    narrow, broad = (np.exp(-0.5 * ((x - at) / sd) ** 2) / sd for at, sd in ((0, 1), (100, 10)))
    low, high = shown_range(x, [narrow, broad, np.zeros_like(x)])
    assert -5 < low < -2.5
    assert 125 < high < 135
    assert shown_range(x, [np.zeros_like(x)]) == (-1000, 1000)
    spike = held("x", share(0.6, 3), 0.5, 0.1)
    curves = spike.curves.model_copy(update={"client": (1e9, *spike.curves.client[1:])})
    figure = conflict_figures(media([spike.model_copy(update={"curves": curves})]))["beliefs"]
    top = max(spike.curves.reference_posterior)
    assert top < figure.axes[0].get_ylim()[1] < 15 * top


def test_nothing_sticks_out_of_a_figure() -> None:
    for run in (usual(), hostile()):
        drawn = conflict_figures(run) | update_figures(updates(run))
        told = session() if run.is_adequate else hostile_session()
        for figure in (drawn | elicitation_figures("s", told)).values():
            pixels = imread(io.BytesIO(as_png(figure, dpi=50)))[..., :3]
            for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
                assert (edge == 1).all()

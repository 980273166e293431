"""What a client says becomes priors that say it too, or is refused with its place in the file."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tasks.beliefs.answers import SpokenBelief
from tasks.beliefs.conflict_record import Decision
from tasks.beliefs.elicitation import elicit
from tasks.beliefs.elicitation_record import Elicitation, ElicitedPrior
from tasks.beliefs.prior_fit import fit_prior
from tasks.errors import InputError
from tasks.locations import resource

EXAMPLE = resource("data_contracts", "examples", "beliefs.yaml")
GOOD: dict[str, Any] = {
    "client": "acme",
    "model": "media_mix",
    "confidence": 0.7,
    "beliefs": {
        "share[tv]": {"mean": 0.5, "sd": 0.1, "family": "normal", "confidence": 0.8},
        "share[검색]": {"quantiles": {0.05: 0.02, 0.5: 0.06, 0.95: 0.15}},
        "share[search]": {"chips": {"edges": [0, 0.05, 0.1, 0.15, 0.2], "counts": [2, 9, 6, 3]}},
        "share[print]": {"family": "gamma", "parameters": {"shape": 4, "rate": 40}},
        "mean[orders.weight]": {"quantiles": {0.25: 9.5, 0.75: 10.5}, "bounds": [0, None]},
    },
}


def written(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "answers.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def belief_file(tmp_path: Path, spoken: object, quantity: str = "share[tv]") -> Path:
    return written(tmp_path, {**GOOD, "beliefs": {quantity: spoken}})


def only_prior(tmp_path: Path, spoken: object, quantity: str = "share[tv]") -> ElicitedPrior:
    (prior,) = elicit(belief_file(tmp_path, spoken, quantity)).priors
    return prior


def family_of(prior: ElicitedPrior) -> str:
    return prior.belief.laws[0].family


def test_every_way_to_say_it_becomes_a_prior_with_its_confidence(tmp_path: Path) -> None:
    session = elicit(written(tmp_path, GOOD))
    assert (session.client, session.model, session.note) == ("acme", "media_mix", "")
    assert [of.quantity for of in session.priors] == list(GOOD["beliefs"])
    assert [of.how for of in session.priors] == [
        *("mean_sd", "quantiles", "chips", "stated", "quantiles")
    ]
    assert [of.confidence for of in session.priors] == [0.8, 0.7, 0.7, 0.7, 0.7]
    assert [(of.belief.low, of.belief.high) for of in session.priors] == [
        *((0, 1), (0, 1), (0, 1), (0, 1), (0, None))
    ]
    assert Elicitation.model_validate_json(session.model_dump_json()) == session


def test_the_example_elicits_five_channels_in_every_way() -> None:
    session = elicit(EXAMPLE)
    channels = {"tv", "ooh", "print", "facebook", "search"}
    assert {of.quantity for of in session.priors} == {f"share[{name}]" for name in channels}
    assert {of.how for of in session.priors} == {"mean_sd", "quantiles", "chips", "stated"}
    assert all(of.residual is None or of.residual < 0.02 for of in session.priors)
    tv = session.priors[0]
    worth = Decision(threshold=0.3, worth=2_000_000, action="keep the budget of TV")
    assert (tv.decision, tv.note) == (worth, "TV has always carried the brand")


def test_the_cut_law_has_the_mean_and_the_sd_that_were_said(tmp_path: Path) -> None:
    prior = only_prior(tmp_path, {"family": "normal", "mean": 0.05, "sd": 0.045})
    draws = prior.belief.sample(np.random.default_rng(1), 200_000)
    assert (draws.mean(), draws.std()) == pytest.approx((0.05, 0.045), abs=3e-4)
    assert draws.min() > 0
    assert [(of.said, of.stated) for of in prior.answers] == [("mean", 0.05), ("sd", 0.045)]
    assert [of.fitted for of in prior.answers] == pytest.approx([0.05, 0.045], rel=1e-6)
    assert (prior.residual, prior.others) == (None, {})


def test_the_residual_is_the_root_mean_square_of_what_quantiles_miss(tmp_path: Path) -> None:
    quantiles = {0.05: 0.02, 0.5: 0.06, 0.95: 0.15}
    prior = only_prior(tmp_path, {"family": "beta", "quantiles": quantiles})
    missed = [of.fitted - of.stated for of in prior.answers]
    assert prior.residual == pytest.approx(np.sqrt(np.mean(np.square(missed))))
    assert missed[0] > 0.01
    assert (prior.answers[0].said, prior.answers[0].high) == ("P(share[tv] < 0.02)", 0.02)
    assert [of.stated for of in prior.answers] == list(quantiles)
    np.testing.assert_allclose(
        prior.belief.cdf(list(quantiles.values())), [of.fitted for of in prior.answers]
    )


def test_without_a_family_the_nearest_is_taken_and_the_others_are_told(tmp_path: Path) -> None:
    spoken = {"quantiles": {0.05: 0.02, 0.5: 0.06, 0.95: 0.15}}
    prior = only_prior(tmp_path, spoken)
    alone = {
        family: only_prior(tmp_path, {**spoken, "family": family}).residual or 0.0
        for family in ("normal", "beta", "gamma", "lognormal", "student_t")
    }
    best = min(alone, key=lambda family: alone[family])
    assert family_of(prior) == best
    assert prior.residual == alone.pop(best)
    assert prior.others == alone


def test_where_several_families_say_it_the_first_is_taken(tmp_path: Path) -> None:
    for low, high in [(0.08, 0.14), (0.2, 0.5), (0.31, 0.62), (0.11, 0.13), (0.4, 0.77)]:
        prior = only_prior(tmp_path, {"quantiles": {0.25: low, 0.75: high}})
        assert family_of(prior) == "normal"
        assert max(prior.others.values()) < 1e-6
    assert family_of(only_prior(tmp_path, {"mean": 0.2, "sd": 0.05})) == "normal"
    assert family_of(only_prior(tmp_path, {"mean": 0.05, "sd": 0.05})) == "beta"


def test_a_uniform_law_is_for_those_who_ask_for_it(tmp_path: Path) -> None:
    chips = {"chips": {"edges": [0.1, 0.2, 0.3, 0.4], "counts": [5, 5, 5]}}
    assert "uniform" not in {*(prior := only_prior(tmp_path, chips)).others, family_of(prior)}
    asked = only_prior(tmp_path, {**chips, "family": "uniform"})
    assert asked.belief.laws[0].parameters == pytest.approx({"low": 0.1, "high": 0.4}, abs=1e-4)


def test_bounds_that_are_said_take_the_place_of_those_of_the_name(tmp_path: Path) -> None:
    spoken = {"family": "normal", "mean": 0.5, "sd": 0.1}
    wide = only_prior(tmp_path, {**spoken, "bounds": [None, None]}).belief
    assert (wide.low, wide.high) == (None, None)
    assert wide.laws[0].parameters == {"mean": 0.5, "sd": 0.1}
    assert only_prior(tmp_path, spoken, "effect[ads]").belief.high is None
    assert only_prior(tmp_path, spoken, "mean[주문.무게]").belief.high is None
    assert only_prior(tmp_path, spoken, "rate[orders.late]").belief.high == 1


def test_a_student_t_has_3_degrees_of_freedom_or_those_that_are_said(tmp_path: Path) -> None:
    spoken = {"family": "student_t", "quantiles": {0.1: 3, 0.9: 7}}
    assert only_prior(tmp_path, spoken, "mean[a.x]").belief.laws[0].parameters["df"] == 3
    prior = only_prior(tmp_path, {**spoken, "df": 8}, "mean[a.x]")
    assert prior.belief.laws[0].parameters["df"] == 8


def test_a_stated_law_stays_and_what_the_cut_takes_from_it_is_told(tmp_path: Path) -> None:
    stated = {"family": "normal", "parameters": {"mean": 0, "sd": 0.1}}
    prior = only_prior(tmp_path, stated)
    assert prior.belief.laws[0].parameters == {"mean": 0, "sd": 0.1}
    (told,) = prior.answers
    assert (told.said, told.stated) == ("P(0 < share[tv] < 1) before the law is cut", 1)
    assert told.fitted == pytest.approx(0.5)
    stated["parameters"] = {"mean": 0.5, "sd": 0.1}
    assert only_prior(tmp_path, stated).answers == ()


REFUSED: list[tuple[object, str, str]] = [
    ({"mean": 0.5}, "", "sd is missing"),
    ({"sd": 0.5}, "", "mean is missing"),
    ({}, "", "exactly one of mean and sd, quantiles, chips, parameters; got none"),
    ({"mean": 0.5, "sd": 0.1, "quantiles": {0.1: 0.2, 0.9: 0.4}}, "", "got mean and sd, quantiles"),
    ({"mean": 50, "sd": 10}, ".mean", "must lie inside the bounds 0 and 1"),
    ({"mean": 0.5, "sd": 0}, ".sd", "greater than 0"),
    ({"mean": 0.5, "sd": 0.5}, ".sd", "must be below 0.5, the largest"),
    ({"mean": 0.5, "sd": 1e-9}, ".sd", "at least 1e-06 of the mean"),
    ({"mean": "0.5", "sd": 0.1}, ".mean", "must be a number, got the text '0.5'"),
    ({"mean": True, "sd": 0.1}, ".mean", "valid number"),
    ({"mean": float("nan"), "sd": 0.1}, ".mean", "finite number"),
    ({"mean": 0.5, "sd": 1e-20}, ".sd", "must be 0 or between 1e-12 and 1e+15 in size"),
    (
        {"family": "normal", "mean": 0.05, "sd": 0.05},
        "",
        "no normal law between 0 and 1 has mean 0.05 and sd 0.05; these families have one that "
        "does: beta, gamma, lognormal, student_t",
    ),
    ({"mean": 3.5, "sd": 1.49, "bounds": [2, 5]}, "", "no law of any family between 2 and 5"),
    ({"quantiles": {0.5: 0.2}}, ".quantiles", "at least 2 probabilities, got 1"),
    ({"quantiles": {0: 0.2, 0.5: 0.3}}, ".quantiles.0", "strictly between 0 and 1"),
    ({"quantiles": {0.5: 0.2, 0.4: 0.3}}, ".quantiles", "probabilities must increase"),
    ({"quantiles": {0.4: 0.3, 0.5: 0.3}}, ".quantiles", "values must increase"),
    ({"quantiles": {0.4: 0.3, 0.5: 1.0}}, ".quantiles.0.5", "inside the bounds 0 and 1"),
    ({"quantiles": {0.4: 0.3, "half": 0.5}}, ".quantiles.half", "must be a number"),
    ({"quantiles": [0.1, 0.2]}, ".quantiles", "valid dictionary"),
    (
        {"family": "beta", "quantiles": {0.1: 0.5, 0.9: 1.5}, "bounds": [None, None]},
        "",
        "no beta law reaches all values that were said; these families have one that does: "
        "normal, student_t",
    ),
    ({"chips": {"edges": [0, 0.1, 0.2], "counts": [3]}}, ".chips.counts", "one number fewer"),
    ({"chips": {"edges": [0, 0.2, 0.1], "counts": [3, 4]}}, ".chips.edges", "must increase"),
    ({"chips": {"edges": [-1, 0.2], "counts": [3]}}, ".chips.edges.0", "inside the bounds"),
    ({"chips": {"edges": [0, 0.1, 0.2, 0.3], "counts": [1, 1, 0]}}, ".chips.counts", "3 chips"),
    ({"chips": {"edges": [0, 0.1, 0.2, 0.3], "counts": [5, 0, 9]}}, ".chips.counts", "3 bins"),
    ({"chips": {"edges": [0, 0.1], "counts": [-1]}}, ".chips.counts.0", "greater than or equal"),
    ({"chips": {"edges": [0, 0.1], "counts": [2.5]}}, ".chips.counts.0", "valid integer"),
    ({"chips": {"edges": [0, 0.1]}}, ".chips.counts", "Field required"),
    ({"parameters": {"mean": 0, "sd": 1}}, ".family", "parameters belong to a family"),
    ({"family": "normal", "parameters": {"mean": 0}}, ".parameters", "has the parameters mean, sd"),
    (
        {"family": "normal", "parameters": {"mean": 0, "sd": -1}},
        ".parameters.sd",
        "must be > 0",
    ),
    (
        {"family": "uniform", "parameters": {"low": 2, "high": 3}},
        "",
        "the stated uniform law holds nothing between 0 and 1",
    ),
    (
        {"family": "lognormal", "parameters": {"log_mean": 1e6, "log_sd": 1}},
        "",
        "no law can be computed with numbers of such sizes",
    ),
    ({"family": "cauchy", "mean": 0.5, "sd": 0.1}, ".family", "Input should be 'normal'"),
    ({"mean": 0.5, "sd": 0.1, "df": 3}, ".df", "belongs to a student_t"),
    ({"family": "student_t", "mean": 0.5, "sd": 0.1, "df": 2}, ".df", "must be > 2"),
    ({"mean": 0.5, "sd": 0.1, "bounds": [1, 0]}, ".bounds", "low must lie below high"),
    ({"mean": 0.5, "sd": 0.1, "bounds": [0]}, ".bounds.1", "Field required"),
    ({"mean": 0.5, "sd": 0.1, "confidence": 1}, ".confidence", "less than 1"),
    ({"mean": 0.5, "sd": 0.1, "confidence": 0}, ".confidence", "greater than 0"),
    ({"mean": 0.5, "sd": 0.1, "decision": {"threshold": 30}}, ".decision.threshold", "bounds"),
    ({"mean": 0.5, "sd": 0.1, "decision": {"threshold": "0.3"}}, ".decision.threshold", "number"),
    ({"mean": 0.5, "sd": 0.1, "decision": {"treshold": 0.3}}, ".decision.treshold", "Extra"),
    ({"mean": 0.5, "sd": 0.1, "sdd": 0.1}, ".sdd", "Extra inputs"),
    ({"mean": 0.5, "sd": 0.1, "note": 3}, ".note", "valid string"),
    (None, "", "valid dictionary"),
]


@pytest.mark.parametrize(("spoken", "where", "what"), REFUSED)
def test_a_belief_that_breaks_a_rule_is_refused_with_its_place(
    tmp_path: Path, spoken: object, where: str, what: str
) -> None:
    with pytest.raises(InputError) as refusal:
        elicit(belief_file(tmp_path, spoken))
    lines = str(refusal.value).splitlines()
    assert lines[0] == f"The answers in {tmp_path / 'answers.yaml'} break these rules:"
    matching = [line for line in lines if line.startswith(f"  beliefs.share[tv]{where}: ")]
    assert any(what in line for line in matching), lines


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"client": ""}, "client: "),
        ({"client": "a/b"}, "client: "),
        ({"model": None}, "model: "),
        ({"beliefs": {}}, "beliefs: "),
        ({"beliefs": None}, "beliefs: "),
        ({"beliefs": {" ": GOOD["beliefs"]["share[tv]"]}}, "beliefs. : "),
        ({"beliefs": {"Share[tv]": GOOD["beliefs"]["share[tv]"]}}, "beliefs.Share[tv]: A quantity"),
        ({"budget": 3}, "budget: Extra"),
        ({"confidence": "0.7"}, "confidence: must be a number"),
        ({"confidence": None}, "beliefs.share[검색]: needs a confidence"),
    ],
)
def test_an_interview_that_breaks_a_rule_is_refused_with_its_place(
    tmp_path: Path, changes: dict[str, object], line: str
) -> None:
    with pytest.raises(InputError) as refusal:
        elicit(written(tmp_path, {**GOOD, **changes}))
    assert any(told.startswith(f"  {line}") for told in str(refusal.value).splitlines())


def test_all_broken_rules_are_told_at_once(tmp_path: Path) -> None:
    content = copy.deepcopy(GOOD)
    content["beliefs"]["share[tv]"]["mean"] = 5
    content["beliefs"]["share[search]"]["chips"]["counts"] = [1, 1, 1]
    with pytest.raises(InputError) as refusal:
        elicit(written(tmp_path, content))
    assert len(str(refusal.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("client: a\nclient: b\n", "'client' is written twice"),
        ("beliefs:\n  x: {mean: 1, sd: 1}\n  x: {mean: 2, sd: 1}\n", "'x' is written twice"),
        ("beliefs: {x: {quantiles: {0.5: 1, 0.50: 2}}}", "0.5 is written twice"),
        ("beliefs: [unclosed", "must be YAML"),
        ("note: !!python/object/apply:os.getcwd []", "must be YAML"),
        ("[" * 600, "must be YAML"),
        ("note: 2024-13-45", "must be YAML"),
        ("? [a]\n: b", "must be YAML"),
        ("", "is empty"),
        ("# nothing\n", "is empty"),
        ("just words", "(top): "),
    ],
)
def test_a_file_that_is_no_sound_yaml_is_refused(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"answers\.yaml") as refusal:
        elicit(path)
    assert what in str(refusal.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        elicit(tmp_path / "absent.yaml")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        elicit(tmp_path)
    path = tmp_path / "latin.yaml"
    path.write_bytes("client: Müller\n".encode("latin-1"))
    with pytest.raises(InputError, match="must be in UTF-8"):
        elicit(path)


def test_a_byte_order_mark_and_names_of_any_script_are_read(tmp_path: Path) -> None:
    content = {**GOOD, "client": "한국전자", "note": "전화로"}
    path = written(tmp_path, content)
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    session = elicit(str(path))
    assert (session.client, session.note) == ("한국전자", "전화로")
    assert session.priors[1].quantity == "share[검색]"


def test_a_spoken_belief_is_left_as_it_was() -> None:
    spoken = SpokenBelief.model_validate(GOOD["beliefs"]["share[search]"])
    before = spoken.model_dump()
    fit_prior("share[search]", spoken, 0.5)
    assert spoken.model_dump() == before

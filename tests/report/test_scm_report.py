"""The report of a structural causal model: numbers are the record's, what fails is said first."""

import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dowhy.gcm import auto
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from tasks.intervention.structural.action_grammar import parse_actions
from tasks.intervention.structural.causal_graph import make_graph
from tasks.intervention.structural.effect_intervals import interventional_effects
from tasks.intervention.structural.model_keeping import keep_model
from tasks.intervention.structural.queries import interventional_samples
from tasks.intervention.structural.settings import FitSettings
from tasks.intervention.structural.traces import make_traces
from tasks.intervention.structural_model import fit_structural_model
from tasks.report.comparison_style import BAD, FINE
from tasks.report.drawing import as_png, as_svg
from tasks.report.layout import display_width
from tasks.report.scm_changes_figure import SURE, UNSURE
from tasks.report.scm_effect_rows import (
    change_text,
    effect_rows,
    interval_text,
    level_text,
    units_text,
)
from tasks.report.scm_figures import query_figures, scm_figures
from tasks.report.scm_mechanisms import equation, mechanism_words
from tasks.report.scm_page import query_page, scm_page
from tasks.report.scm_scores import r2_text
from tasks.report.scm_sections import verdict
from tasks.report.scm_text import query_text, scm_text
from tasks.report.text import WIDTH
from tasks.run_store import RunStore

Record = dict[str, Any]

HOSTILE = ("<b>bold</b>", "$x_1$ & y", "무게의 평균값", "a_rather_long_name" * 9, "x\x1b[2Jy")
ROOT: Record = {"type": "EmpiricalDistribution", "kind": "continuous"}


def linear(intercept: float, noise_sd: float = 0.5, **coefficients: float) -> Record:
    return {
        "type": "AdditiveNoiseModel",
        "kind": "continuous",
        "model": "LinearRegression",
        "parents": list(coefficients),
        "noise_sd": noise_sd,
        "intercept": intercept,
        "coefficients": coefficients,
    }


def fit_record(
    mechanisms: Mapping[str, Record],
    scores: Mapping[str, float | None],
    failed: Sequence[str] = (),
    **validation: Any,
) -> Record:
    edges = [[cause, name] for name, of in mechanisms.items() for cause in of.get("parents", ())]
    known = [score for score in scores.values() if score is not None]
    return {
        "scm": {
            "graph": {"nodes": sorted(mechanisms), "edges": sorted(edges)},
            "mechanisms": dict(mechanisms),
        },
        "validation": {
            "r2_scores": dict(scores),
            "mean_r2": sum(known) / len(known) if len(known) == len(scores) else None,
            "passed": not failed,
            "r2_threshold": 0.7,
            "scope": "every_node",
            "failed_nodes": list(failed),
            "warnings": [],
        }
        | validation,
        "metadata": {
            "num_samples": 500,
            "num_fitted": 400,
            "num_left_out": 0,
            "dowhy_version": "0.14",
            "digest": "ab" * 32,
        },
    }


def small_fit() -> Record:
    """Site and load cause the heat, which causes an alarm; the alarm's mechanism does not hold."""
    site = {"type": "EmpiricalDistribution", "kind": "categorical", "labels": ["남", "북"]}
    heat = linear(0.104, 0.2896, **{"site=남": -1.25, "site=북": 1.25, "load": 1.9816})
    alarm: Record = {
        "type": "ClassifierFCM",
        "kind": "categorical",
        "labels": ["false", "true"],
        "model": "HistGradientBoostingClassifier",
        "parents": ["heat"],
    }
    mechanisms = {
        "load": ROOT,
        "site": site,
        "heat": heat | {"parents": ["load", "site"]},
        "alarm": alarm,
    }
    return fit_record(mechanisms, {"heat": 0.98812, "alarm": 0.6739}, ["alarm"])


def chain_fit(n: int, name: str = "node_{}", r2: float = 0.9) -> Record:
    names = [name.format(k) for k in range(n)]
    mechanisms = {names[0]: ROOT} | {
        effect: linear(0.0, **{cause: 1.0}) for cause, effect in pairwise(names)
    }
    scores = {effect: r2 + k / 1e6 for k, effect in enumerate(names[1:])}
    return fit_record(mechanisms, scores, [] if r2 >= 0.7 else names[1:])


def change(before: float, by: float, half: float) -> Record:
    return {
        "before": before,
        "after": before + by,
        "change": by,
        "low": by - half,
        "high": by + half,
        "monte_carlo_error": None,
    }


def number_effect(node: str, before: float, by: float, half: float, spread: float) -> Record:
    units = {"unit_low": by - spread, "unit_high": by + spread}
    return {"node": node, "mean": change(before, by, half), **units}


def query_record(effects: Sequence[Record], **changes: Any) -> Record:
    known = {
        "question": "do",
        "actions": ["load=5", "site=북"],
        "units": 1000,
        "replicates": 50,
        "seed": 1,
        "model": "cd" * 32,
        "warnings": [],
        "effects": list(effects),
    }
    return known | changes


def small_query(**changes: Any) -> Record:
    shares = {"false": change(0.7, -0.25, 0.034), "true": change(0.3, 0.25, 0.034)}
    effects = [
        number_effect("load", 0.013, 4.987, 0.0, 2.0),
        number_effect("heat", 0.88, 7.056, 0.264, 4.9),
        {"node": "alarm", "shares": shares},
        number_effect("delay", 100.0, -0.5, 1.5, 20.0),
        number_effect("price", 3.0, 0.0, 0.0, 0.0),
        {"node": "season", "shares": {"cold": change(0.4, 0, 0), "warm": change(0.6, 0, 0)}},
    ]
    return query_record(effects, **changes)


def hostile_fit() -> Record:
    mechanisms = {HOSTILE[0]: ROOT} | {
        effect: linear(1.0, **{cause: 2.0}) for cause, effect in pairwise(HOSTILE)
    }
    scores = {HOSTILE[1]: 0.9, HOSTILE[2]: None, HOSTILE[3]: -7.5, HOSTILE[4]: 0.8}
    return fit_record(mechanisms, scores, HOSTILE[2:4], warnings=[f"Beware of {HOSTILE[3]}."])


def hostile_query() -> Record:
    effects = [number_effect(name, 1.0, 2.0, 0.5, 1.0) for name in HOSTILE]
    shares = {label: change(0.2, 0.1, 0.2) for label in HOSTILE}
    effects.append({"node": "labels", "shares": shares})
    return query_record(effects, actions=[f"{HOSTILE[0]}=1"], warnings=[f"<i>{HOSTILE[3]}</i>"])


def many_query(n: int) -> Record:
    effects = [number_effect(f"node_{k}", 1.0, 2.0 + k, 1.0, 1.0) for k in range(n)]
    shares = {f"label_{k}": change(0.0, k / 1e4, 0.001) for k in range(n)}
    return query_record([*effects, {"node": "kind", "shares": shares}])


FITS = {
    "small": small_fit(),
    "hostile": hostile_fit(),
    "two": chain_fit(2),
    "forty": chain_fit(40, "무게의_평균값_{}"),
    "many": chain_fit(500, r2=0.3),
}
QUERIES = {
    "small": small_query(),
    "hostile": hostile_query(),
    "many": many_query(300),
    "one": query_record([number_effect("x", 0.0, 1.0, 0.5, 1.0)]),
}
EVERY_FIT = pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
EVERY_QUERY = pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)


def part(text: str, title: str) -> list[str]:
    """The lines of one section, their gaps made single."""
    (found,) = re.findall(rf"\n{title}\n-+\n(.*?)(?:\n\n\n|\Z)", text, flags=re.DOTALL)
    return [re.sub(r"\s+", " ", line).strip() for line in found.splitlines()]


def texts_of(figure: Figure) -> list[str]:
    """What is written in a figure, its legends included."""
    legends = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    inside = [text.get_text() for axes in figure.axes for text in axes.texts]
    return [*legends, *inside, *(text.get_text() for text in figure.texts)]


def test_a_fit_is_told_with_its_numbers() -> None:
    text = scm_text("Oven", small_fit())
    assert text.startswith("Oven\n====\n\nMECHANISMS DO NOT HOLD\n\n1 of 2 mechanisms do not hold ")
    assert "an R² of at least 0.7 is asked of every node: alarm 0.674." in " ".join(text.split())
    assert part(text, "MECHANISMS") == [
        "node kind mechanism R² holds noise sd",
        "load continuous as in the rows - - -",
        "site categorical, 2 labels as in the rows - - -",
        "heat continuous linear in load, site 0.988 yes 0.29",
        "alarm categorical, 2 labels boosting on heat 0.674 NO -",
    ]
    assert part(text, "EQUATIONS")[-1] == (
        "heat = 0.104 − 1.25 [site=남] + 1.25 [site=북] + 1.98 load + noise"
    )
    assert part(text, "WARNINGS") == ["None."]
    rows = part(text, "ROWS")
    assert rows[0] == "500 rows: 400 fitted, 100 held out for the test."
    assert rows[-2:] == ["DoWhy 0.14", f"SHA-256 of the model {'ab' * 32}"]


def test_rows_left_out_are_counted_and_warnings_are_cut() -> None:
    record = small_fit()
    record["metadata"]["num_left_out"] = 1
    record["validation"]["warnings"] = [f"Warning {k}." for k in range(30)]
    text = scm_text("Oven", record)
    assert "1 more row left out, as values are missing there." in text
    assert part(text, "WARNINGS")[-2:] == ["Warning 9.", "And 20 warnings more."]
    assert scm_page("Oven", record).count("Warning ") == 10


@pytest.mark.parametrize(
    ("scores", "failed", "validation", "expected"),
    [
        (
            {"a": 0.91, "b": 0.71},
            [],
            {},
            "All 2 mechanisms hold on held-out rows, where an R² of at least 0.7 is asked of every "
            "node; the lowest: b 0.710.",
        ),
        (
            {"a": 0.69996},
            ["a"],
            {},
            "The only mechanism does not hold on held-out rows, where an R² of at least 0.7 is "
            "asked of every node: a 0.69996.",
        ),
        (
            {"a": 0.91, "b": 0.71},
            [],
            {"scope": "mean"},
            "The mechanisms hold on held-out rows: their mean R² is 0.810, where at least 0.7 is "
            "asked.",
        ),
        (
            {"a": 0.91, "b": -0.4, "c": None},
            ["b", "c"],
            {"scope": "mean"},
            "The mechanisms do not hold on held-out rows: their mean R² is not assessable, where "
            "at least 0.7 is asked; of these it is below 0 or cannot be told: c not assessable, "
            "b −0.400.",
        ),
        (
            {"a": 0.5, "b": 0.4},
            [],
            {"scope": "mean", "passed": False},
            "The mechanisms do not hold on held-out rows: their mean R² is 0.450, where at least "
            "0.7 is asked.",
        ),
    ],
)
def test_the_verdict_says_what_was_asked_and_what_fails(
    scores: dict[str, float | None], failed: list[str], validation: Record, expected: str
) -> None:
    mechanisms = {"x": ROOT} | {node: linear(0, x=1) for node in scores}
    assert verdict(fit_record(mechanisms, scores, failed, **validation)) == expected


def test_a_verdict_names_the_ten_lowest_and_counts_the_others() -> None:
    told = verdict(chain_fit(31, r2=0.3))
    assert told.count("node_") == 10
    assert "node_1 0.300, node_2 0.300, " in told
    assert told.endswith("node_10 0.300 and 20 more.")


@pytest.mark.parametrize("unknown", [None, math.nan])
def test_an_r2_that_cannot_be_told_is_not_assessable(unknown: float | None) -> None:
    record = small_fit()
    record["validation"]["r2_scores"]["heat"] = unknown
    record["validation"]["failed_nodes"] = ["heat", "alarm"]
    text = scm_text("Oven", record)
    assert "heat not assessable, alarm 0.674." in " ".join(text.split())
    assert "heat continuous linear in load, site not assessable NO 0.29" in part(text, "MECHANISMS")
    assert "nan" not in text.lower()
    drawn = scm_figures(record)
    assert "R² not assessable" in texts_of(drawn["graph"])
    assert "not assessable" in values_beside(drawn["r2"])
    assert dots(drawn["r2"]) == [(0.6739, 1)]
    assert "not assessable" in scm_page("Oven", record)


@given(st.floats(-1e9, 1), st.sampled_from([0.0, 0.5, 0.7, 0.95]))
def test_no_r2_is_shown_on_the_other_side_of_the_threshold(r2: float, threshold: float) -> None:
    shown = read(r2_text(r2, threshold))
    assert abs(shown - r2) <= max(0.0005, 0.0005 * abs(r2))
    if not threshold - 1e-6 < r2 < threshold:
        assert (shown >= threshold) == (r2 >= threshold)


@pytest.mark.parametrize(
    ("mechanism", "expected"),
    [
        (linear(0.1, X=1.984), "Y = 0.1 + 1.98 X + noise"),
        (linear(-2.0, X=0.0, Z=-12345.6), "Y = −2 − 12,346 Z + noise"),
        (linear(1, X=0.0), "Y = 1 + noise"),
        (
            linear(2.768, X=0.9247) | {"type": "DiscreteAdditiveNoiseModel"},
            "Y = round(2.77 + 0.925 X) + noise",
        ),
        (
            linear(0, **{"X": 1, "X^2": 2, "X c=서울": 3, "c=서울": 4}) | {"parents": ["X", "c"]},
            "Y = 0 + 1 X + 2 X² + 3 X·[c=서울] + 4 [c=서울] + noise",
        ),
        (linear(0, **{f"x{k}": 1 for k in range(7)}), None),
        (linear(0, **{"x" * 90: 1}), None),
        ({"model": "LogisticRegression", "intercept": {"t": 0}, "coefficients": {"t": {}}}, None),
        ({"type": "AdditiveNoiseModel", "model": "SVR", "parents": ["X"]}, None),
        (ROOT, None),
    ],
)
def test_an_equation_stands_where_it_is_linear_and_short(
    mechanism: Record, expected: str | None
) -> None:
    causes = dict.fromkeys(mechanism.get("parents", ()), ROOT)
    labels = {"c": ROOT | {"labels": ["부산", "서울"]}}
    assert equation("Y", causes | labels | {"Y": mechanism}) == expected


def test_every_model_that_may_be_chosen_has_words() -> None:
    regressors = auto._LIST_OF_POTENTIAL_REGRESSORS_BETTER
    classifiers = auto._LIST_OF_POTENTIAL_CLASSIFIERS_BETTER
    for make in (*regressors, *classifiers):
        model = type(make().sklearn_model).__name__
        words = mechanism_words({"model": model, "parents": ["X", "Z"]})
        assert model not in words
        assert words.endswith((" in X, Z", " on X, Z"))
    assert mechanism_words({"model": "New", "parents": ["X"]}) == "New on X"
    polynomial = {"model": "PolynomialFeatures + LinearRegression", "parents": ["X"]}
    assert mechanism_words(polynomial) == "polynomial in X"


def test_a_query_is_told_with_its_numbers() -> None:
    text = query_text("Oven", small_query())
    assert text.startswith(
        "Oven\n====\n\nWhat if load=5 and site=북?\n\n1,000 units drawn from the"
    )
    assert "each without and with the actions: 4 of 6 nodes change, 3 surely " in " ".join(
        text.split()
    )
    lines = part(text, "EFFECTS")
    assert "50 fits to resampled rows, and the Monte Carlo error." in " ".join(lines)
    assert "2 nodes do not change." in lines
    start = lines.index("node before after change 95 % interval 95 % of units")
    assert lines[start + 1 : start + 4] == [
        "load 0.013 5.000 +4.987 [+4.987, +4.987] [+3.0, +7.0]",
        "heat 0.88 7.94 +7.06 [+6.79, +7.32] [+2.2, +12.0]",
        "delay 100.0 99.5 −0.5 [−2.0, +1.0] [−20, +20]",
    ]
    assert lines[-3:] == [
        "node label before, % after, % change, points 95 % interval",
        "alarm false 70.0 45.0 −25.0 [−28.4, −21.6]",
        "alarm true 30.0 55.0 +25.0 [+21.6, +28.4]",
    ]
    assert not any("price" in line or "season" in line for line in lines)
    settings_told = part(text, "HOW IT WAS ASKED")
    assert "actions load=5, site=북" in settings_told
    assert "seed 1" in settings_told
    assert f"SHA-256 of the model {'cd' * 32}" in settings_told


def test_a_counterfactual_is_asked_of_given_units_without_monte_carlo_error() -> None:
    asked = {"question": "counterfactual", "actions": ["x=1"], "units": 1}
    text = query_text("Oven", small_query(**asked))
    assert "What would have been if x=1?\n\n1 unit given, each as it is and as it would" in text
    assert "Monte Carlo" not in text
    effects = [number_effect("price", 3.0, 0.0, 0.0, 0.0)]
    unchanged = query_record(effects, **asked)
    assert "as it would have been: 0 of 1 node change." in query_text("Oven", unchanged)
    assert part(query_text("Oven", unchanged), "EFFECTS") == ["1 node does not change."]
    assert query_figures(unchanged) == {}
    assert "<svg" not in query_page("Oven", unchanged)


def test_warnings_stand_before_the_effects_and_are_cut() -> None:
    many = small_query(warnings=[f"Warning {k}." for k in range(12)])
    text, page = query_text("Oven", many), query_page("Oven", many)
    for told in (text, page):
        assert told.index("What if") < told.index("Warning 0.") < told.index("Warning 9.")
        assert told.index("And 2 warnings more.") < told.lower().index("effects")
        assert "Warning 10." not in told


def test_a_node_whose_mean_stays_while_its_units_change_is_listed() -> None:
    effects = [number_effect("x", 1.0, 0.0, 0.0, 2.0), number_effect("y", 1.0, 0.0, 0.5, 0.0)]
    text = query_text("Oven", query_record(effects))
    assert "2 of 2 nodes change, 0 surely" in " ".join(text.split())
    assert part(text, "EFFECTS")[-2:] == [
        "x 1.000 1.000 0 [0, 0] [−2.0, +2.0]",
        "y 1.00 1.00 0 [−0.50, +0.50] [0, 0]",
    ]


def test_of_many_labels_those_that_change_most_are_shown_in_their_order() -> None:
    lines = part(query_text("Oven", many_query(300)), "EFFECTS")
    assert [line.split()[1] for line in lines[-12:]] == [f"label_{k}" for k in range(288, 300)]
    assert any("more than 12 labels" in line for line in lines)
    assert "(288 left out)" in " ".join(lines)
    assert "left out" not in query_text("Oven", small_query())


def in_figures(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-60)


@given(in_figures(-1e60, 1e60), in_figures(-1e60, 1e60), in_figures(0, 1e60), in_figures(0, 1e60))
def test_numbers_of_any_size_are_near_and_fit_in_a_line(
    before: float, by: float, half: float, spread: float
) -> None:
    effect = number_effect("a_name_of_a_node", before, by, half, spread)
    record = query_record([effect, number_effect("other", 0.0, 1.0, 0.5, 0.0)])
    row = effect_rows(record)[0]
    text = query_text("Oven", record)
    assert max(map(display_width, text.splitlines())) <= WIDTH
    cells = level_text(row, before), change_text(row), interval_text(row), units_text(row)
    if row.is_changed:
        assert all(cell in part(text, "EFFECTS")[-2] for cell in cells)
    tolerance = max(half, abs(by) / 100) / 10 + 1e-15
    assert abs(read(cells[1]) - by) <= tolerance
    for end, known in zip(cells[2].strip("[]").split(", "), (row.low, row.high), strict=True):
        assert abs(read(end) - known) <= tolerance + abs(known) / 1000
    assert abs(read(cells[0]) - before) <= tolerance + max(abs(before) / 1000, 1e-5)


def read(shown: str) -> float:
    return float(shown.replace("−", "-"))


@EVERY_FIT
def test_no_line_of_a_fit_is_too_wide_and_none_ends_in_a_space(fit: Record) -> None:
    for title in ("Oven", "긴 제목 " * 30 + "a" * 300):
        check_text(scm_text(title, fit))


@EVERY_QUERY
def test_no_line_of_a_query_is_too_wide_and_none_ends_in_a_space(query: Record) -> None:
    for title in ("Oven", "긴 제목 " * 30 + "a" * 300):
        check_text(query_text(title, query))


def check_text(text: str) -> None:
    assert max(map(display_width, text.splitlines())) <= WIDTH
    assert re.findall(r" $|\n\n\Z", text, flags=re.MULTILINE) == []
    assert text.endswith("\n")
    assert "\x1b" not in text


def check_page(page: str, n_figures: int) -> None:
    assert page.count("<svg") == page.count("<figcaption>") == n_figures
    assert re.findall(r"<(?:script|b>|i>|link|img|iframe|image)|url\((?!#)|@import", page) == []
    targets = re.findall(r'(?:xlink:href="|url\()#([^")]+)', page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert targets
    assert set(targets) <= set(ids)


def test_pages_tell_all_escaped_and_fetch_nothing() -> None:
    page = scm_page("<b>Oven</b>", hostile_fit())
    check_page(page, 2)
    assert "<h1>&lt;b&gt;Oven&lt;/b&gt;</h1>" in page
    assert page.count("<td>&lt;b&gt;bold&lt;/b&gt;</td>") == 1
    assert "무게의 평균값" in page
    assert "MECHANISMS DO NOT HOLD</dt>" in page
    asked = query_page("<b>Oven</b>", hostile_query())
    check_page(asked, 1)
    assert "What if &lt;b&gt;bold&lt;/b&gt;=1?</dt>" in asked
    assert f"<dd>&lt;i&gt;{HOSTILE[3]}&lt;/i&gt;</dd>" in asked
    assert "<td>무게의 평균값</td>" in asked


def test_doubt_is_marked_only_where_there_is_some() -> None:
    doubt = 'class="answer doubt"'
    effects = [number_effect("x", 0.0, 1.0, 0.5, 1.0)]
    assert doubt not in scm_page("Oven", chain_fit(2))
    assert doubt in scm_page("Oven", chain_fit(2, r2=0.3))
    assert doubt not in query_page("Oven", query_record(effects))
    assert doubt in query_page("Oven", query_record(effects, warnings=["Beware."]))


def test_the_same_record_gives_the_same_bytes_and_is_left_alone() -> None:
    fit, query = hostile_fit(), hostile_query()
    before = deepcopy((fit, query))
    for give, record in (
        (scm_text, fit),
        (scm_page, fit),
        (query_text, query),
        (query_page, query),
    ):
        assert give("Oven", record) == give("Oven", deepcopy(record))
    assert (fit, query) == before


def test_nothing_sticks_out_of_a_figure() -> None:
    names = "small", "hostile"
    drawn = [scm_figures(FITS[name]) | query_figures(QUERIES[name]) for name in names]
    for figure in (figure for figures in drawn for figure in figures.values()):
        pixels = imread(io.BytesIO(as_png(figure, dpi=50)))[..., :3]
        for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
            assert (edge == 1).all()


def boxes(figure: Figure) -> dict[str, FancyBboxPatch]:
    """Nodes of a drawn graph by name."""
    (axes,) = figure.axes
    found = {}
    for box in (patch for patch in axes.patches if isinstance(patch, FancyBboxPatch)):
        (name, *_) = sorted(
            (text for text in axes.texts if box.get_path().contains_point(text.get_position())),
            key=lambda text: -text.get_position()[1],
        )
        found[name.get_text()] = box
    return found


def test_the_graph_shows_nodes_arrows_and_what_holds() -> None:
    figure = scm_figures(small_fit())["graph"]
    drawn = boxes(figure)
    assert set(drawn) == {"load", "site", "heat", "alarm"}
    edges = {name: box.get_edgecolor() for name, box in drawn.items()}
    assert edges["load"] == edges["site"]
    assert len(set(edges.values())) == 3
    assert [line.get_linewidth() for line in drawn.values()].count(2.0) == 1
    assert drawn["alarm"].get_linewidth() == 2.0
    x = {name: box.get_x() for name, box in drawn.items()}
    assert x["load"] == x["site"] < x["heat"] < x["alarm"]
    arrows = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]
    assert len(arrows) == 3
    texts = texts_of(figure)
    assert {"R² 0.988", "R² 0.674", "mechanism holds", "mechanism does not hold"} <= set(texts)
    fine = texts_of(scm_figures(chain_fit(3))["graph"])
    assert "mechanism does not hold" not in fine


@pytest.mark.parametrize("n", [2, 3, 40])
def test_nodes_of_a_graph_lie_apart_and_each_effect_beyond_its_causes(n: int) -> None:
    rng = np.random.default_rng(n)
    mechanisms: dict[str, Record] = {"노드 0": ROOT}
    for k in range(1, n):
        causes = rng.choice(k, size=min(k, int(rng.integers(1, 3))), replace=False)
        mechanisms[f"노드 {k}"] = linear(0, **{f"노드 {cause}": 1.0 for cause in causes})
    record = fit_record(mechanisms, dict.fromkeys(list(mechanisms)[1:], 0.9))
    drawn = boxes(scm_figures(record)["graph"])
    assert len(drawn) == n
    corners = {name: (box.get_x(), box.get_y()) for name, box in drawn.items()}
    size = next((box.get_width(), box.get_height()) for box in drawn.values())
    places = list(corners.values())
    for k, (x, y) in enumerate(places):
        assert all(
            abs(x - a) >= size[0] - 1e-9 or abs(y - b) >= size[1] - 1e-9 for a, b in places[:k]
        )
    for cause, effect in record["scm"]["graph"]["edges"]:
        (x, y), (a, b) = corners[cause], corners[effect]
        assert a >= x + size[0] or b <= y - size[1]


def test_a_graph_that_cannot_be_read_is_left_out() -> None:
    assert list(scm_figures(chain_fit(40))) == ["graph", "r2"]
    assert list(scm_figures(chain_fit(41))) == ["r2"]
    names = [f"x{k}" for k in range(14)]
    dense = {name: linear(0, **dict.fromkeys(names[:k], 1.0)) for k, name in enumerate(names)}
    record = fit_record(dense, dict.fromkeys(names[1:], 0.9))
    assert len(record["scm"]["graph"]["edges"]) == 91
    assert list(scm_figures(record)) == ["r2"]


def dots(figure: Figure, place: int = 0) -> list[tuple[float, float]]:
    """Marks of a panel, from the top down."""
    lines: list[Any] = list(figure.axes[place].lines)
    marked = [line for line in lines if line.get_marker() != "None"]
    points = [point for line in marked for point in zip(*line.get_data(), strict=True)]
    return sorted(((float(x), float(y)) for x, y in points), key=lambda point: point[1])


def names_beside(figure: Figure, place: int = 0) -> list[str]:
    return [label.get_text() for label in figure.axes[place].get_yticklabels()]


def values_beside(figure: Figure) -> list[str]:
    (right,) = figure.axes[0].child_axes
    return [label.get_text() for label in right.get_yticklabels()]


def test_r2_shows_each_mechanism_the_lowest_first_against_the_threshold() -> None:
    figure = scm_figures(small_fit())["r2"]
    assert names_beside(figure) == ["alarm", "heat"]
    assert values_beside(figure) == ["0.674", "0.988"]
    assert dots(figure) == [(0.6739, 0), (0.98812, 1)]
    lines: list[Any] = list(figure.axes[0].lines)
    (threshold,) = [line for line in lines if line.get_linestyle() == "--"]
    assert set(threshold.get_xdata()) == {0.7}
    colors = {line.get_color(): list(line.get_xdata()) for line in lines if line is not threshold}
    assert colors == {FINE[0]: [0.98812], BAD[0]: [0.6739]}
    assert "asked of every node: 0.7" in texts_of(figure)


def test_r2_of_a_mean_shows_the_mean() -> None:
    mechanisms = {"x": ROOT, "a": linear(0, x=1), "b": linear(0, x=1)}
    record = fit_record(mechanisms, {"a": 0.91, "b": 0.71}, scope="mean")
    told = texts_of(scm_figures(record)["r2"])
    assert {"asked of the mean: 0.7", "mean: 0.810"} <= set(told)
    record["validation"]["mean_r2"] = None
    assert not any(text.startswith("mean:") for text in texts_of(scm_figures(record)["r2"]))


def test_r2_of_many_shows_the_sixty_lowest_and_what_lies_beyond_the_edge() -> None:
    record = chain_fit(500)
    scores = record["validation"]["r2_scores"]
    scores["node_7"], scores["node_9"] = -50.0, None
    record["validation"]["failed_nodes"] = ["node_7", "node_9"]
    figure = scm_figures(record)["r2"]
    assert names_beside(figure)[:3] == ["node_9", "node_7", "node_1"]
    assert len(names_beside(figure)) == 60
    assert dots(figure)[0] == (-1.0, 1.0)
    assert len(dots(figure)) == 59
    assert values_beside(figure)[:2] == ["not assessable", "−50.000"]
    notes = " ".join(texts_of(figure))
    assert "60 of 499 mechanisms: those with the lowest R²" in notes
    assert "below −1 and drawn at the edge: 1" in notes
    assert scm_figures(chain_fit(61))["r2"].texts == []


def test_changes_show_direction_sureness_and_numbers() -> None:
    figure = query_figures(small_query())["changes"]
    assert names_beside(figure) == ["load", "heat", "delay"]
    assert names_beside(figure, 1) == ["alarm = false", "alarm = true"]
    expected = [1.0, 7.056 / 7.32, -0.5 / 2.0]
    np.testing.assert_allclose([x for x, _ in dots(figure)], expected)
    np.testing.assert_allclose([x for x, _ in dots(figure, 1)], [-25, 25])
    lines: list[Any] = list(figure.axes[0].lines)
    marks = {line.get_ydata()[0]: line.get_color() for line in lines if line.get_marker() != "None"}
    assert marks == {0: SURE[0], 1: SURE[0], 2: UNSURE[0]}
    ends = [line.get_xdata() for line in lines if len(line.get_xdata()) == 2][1:]
    np.testing.assert_allclose(ends[1], [6.792 / 7.32, 1])
    np.testing.assert_allclose(ends[2], [-1, 0.5])
    assert {"0.88 → 7.94", "+7.06", "[+6.79, +7.32]", "70.0 → 45.0", "−25.0"} <= set(
        texts_of(figure)
    )
    assert {SURE[2], UNSURE[2]} <= set(texts_of(figure))


def test_of_many_changes_the_surest_are_drawn_in_causal_order() -> None:
    figure = query_figures(many_query(300))["changes"]
    assert names_beside(figure) == [f"node_{k}" for k in range(260, 300)]
    assert names_beside(figure, 1) == [f"kind = label_{k}" for k in range(260, 300)]
    notes = " ".join(texts_of(figure))
    assert "40 of 300 nodes that change: those that change most surely" in notes
    assert "40 of 300 labels whose shares change" in notes
    assert not any(
        "most surely" in text for text in texts_of(query_figures(small_query())["changes"])
    )


def test_names_are_drawn_as_they_are() -> None:
    svg = as_svg(scm_figures(hostile_fit())["graph"])
    for name in ("&lt;b&gt;bold&lt;/b&gt;", "$x_1$ &amp; y", "무게의 평균값"):
        assert f">{name}</text>" in svg


def test_what_is_fitted_and_asked_can_be_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=200)
    site = rng.choice(list("abcd"), 200)
    y = x**2 + 0.1 * rng.normal(size=200)
    w = 3.0 * (site == "b") + x + y + 0.1 * rng.normal(size=200)
    alarm = np.where(y + w + 0.1 * rng.normal(size=200) > 2, "yes", "no")
    edges = [("x", "y"), ("x", "w"), ("y", "w"), ("곳", "w"), ("y", "alarm"), ("w", "alarm")]
    columns = {"x": x, "곳": list(site), "y": y, "w": w, "alarm": list(alarm)}
    graph = make_graph(list(columns), edges)
    traces = make_traces(columns, graph)
    fitted = fit_structural_model(graph, traces, FitSettings(validate_r2=False))
    _, kept = keep_model(fitted, traces, RunStore(str(tmp_path)))
    record = json.loads(kept)
    text = scm_text("Plant", record)
    r2 = fitted.validation.r2_scores["y"]
    assert f"y continuous polynomial in x {r2:.3f} yes" in " ".join(text.split())
    equations = {line.split()[0]: line for line in part(text, "EQUATIONS")}
    assert re.fullmatch(r"y = \S+ . \S+ x \+ \S+ x² \+ noise", equations["y"])
    assert re.findall(r"\[곳=(.)\]", equations["w"]) == list("abcd")
    assert "200 rows: 160 fitted, 40 held out for the test." in text
    actions = parse_actions(["x=1"], fitted.model)
    before, after = interventional_samples(fitted.model, actions, 100, rng)
    effects = interventional_effects(fitted.model, actions, before, after, rng=rng, replicates=3)
    query = query_record([of.as_record() for of in effects], actions=["x=1"], units=100)
    query = json.loads(json.dumps(query))
    told = query_text("Plant", query)
    assert "4 of 5 nodes change" in told
    assert "alarm yes" in " ".join(told.split())
    check_page(scm_page("Plant", record), 2)
    check_page(query_page("Plant", query), 1)

"""Figures and page of a comparison: artists hold the draws and the records that they should.

Chains are exact draws from normal posteriors, so that no program is compiled; all models are
fitted, as if every red flag were raised.
"""

import io
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, get_args

import arviz as az
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from tasks.bayes.inference_data import group_dataset
from tasks.inference.comparison.candidates import CANDIDATES, COMPETING, regressors
from tasks.inference.comparison.compare import conclude
from tasks.inference.comparison.draws import draws_of
from tasks.inference.comparison.empirical_bayes import empirical_bayes
from tasks.inference.comparison.exploration import explore
from tasks.inference.comparison.fitting import Fit, Problem, fits_of, with_prior
from tasks.inference.comparison.judging import judge
from tasks.inference.comparison.marginal_normal import effects_given
from tasks.inference.comparison.record import Comparison, Flag, ModelName, ModelRecord
from tasks.inference.comparison.sensitivity import sensitivity
from tasks.inference.comparison.settings import ComparisonSettings
from tasks.inference.comparison.units import FloatArray, Units
from tasks.report.comparison_figures import ComparisonPicture, comparison_figures
from tasks.report.comparison_loo_figure import MOST_K
from tasks.report.comparison_page import PLACES, comparison_page
from tasks.report.comparison_pairs_figure import MOST_ALTOGETHER, MOST_POINTS
from tasks.report.comparison_shrinkage_figure import MOST_LABELS
from tasks.report.comparison_style import BAD, FINE
from tasks.report.comparison_trace_figure import MOST_POINTS as MOST_OF_A_CHAIN
from tasks.report.comparison_unit_rows import MOST_SHOWN, SURPRISING
from tasks.report.drawing import as_png, as_svg

PICTURES: tuple[ComparisonPicture, ...] = get_args(ComparisonPicture)
FALLBACKS = tuple(name for name in CANDIDATES if name not in COMPETING)
ALL = (*COMPETING, *FALLBACKS)
CHAINED = [name for name in ALL if name != "empirical_bayes"]
WITH_FUNNEL = [name for name in CHAINED if name != "complete_pooling"]
HOSTILE = ("<script>x</script>", "$a_1$ & b", "서울 강남구 매장 무게", "a\x1b[2Jb", "long_" * 30)
N_DIVERGED = 7

Case = tuple[Comparison, dict[ModelName, az.InferenceData]]


def exact_fit(problem: Problem, fit: Fit, n: int) -> az.InferenceData:
    """Four chains of n draws that need no sampler; some transitions are said to have diverged."""
    units, rng = problem.units, np.random.default_rng(len(str(fit)))
    if CANDIDATES[fit.model].program is None:
        return empirical_bayes(units, rng)
    shape = (4, n)
    tau = np.abs(rng.normal(size=shape)) * 3.0 + 0.1
    mu, x = rng.normal(5, 2, size=shape), regressors(fit.model, units)
    beta = rng.normal(size=(*shape, x.shape[1]))
    at = mu[..., None] + beta @ x.T
    mean, sd = effects_given(np.zeros(shape), tau, units.y - at, units.sigma)
    theta = at + (
        rng.normal(mean, sd) if fit.likelihood else tau[..., None] * rng.normal(size=at.shape)
    )
    posterior = {"mu": mu, "tau": tau, "theta": theta, "tau_effective": 1.5 * tau}
    if fit.model == "complete_pooling":
        theta = at
        posterior = {"mu": mu, "theta": theta}
    if fit.model == "hierarchical_student_t":
        posterior["nu"] = tau + 3
    if x.shape[1]:
        posterior |= {"beta": beta, "location": at}
    diverging = np.arange(4 * n).reshape(shape) % (4 * n // N_DIVERGED) == 1
    statistics = {
        "diverging": diverging & (fit.model == "hierarchical_noncentered"),
        "energy": rng.normal(size=shape),
        "n_steps": np.full(shape, 7),
    }
    y_rep = rng.normal(theta, units.sigma)
    return az.InferenceData(
        posterior=group_dataset(posterior, {}),
        posterior_predictive=group_dataset({"y_rep": y_rep}, {}),
        sample_stats=group_dataset(statistics, {"adapt_delta": 0.9}),
    )


def units_of(labels: Sequence[str]) -> Units:
    rng = np.random.default_rng(len(labels))
    sigma = np.exp(rng.normal(0.5, 0.6, len(labels)))
    y = rng.normal(5, 3, len(labels)) + sigma * rng.normal(size=len(labels))
    return Units(tuple(labels), y, sigma, {"인구": rng.normal(size=len(labels))})


def compared(labels: Sequence[str], n: int, fallbacks: Sequence[ModelName] = FALLBACKS) -> Case:
    """A comparison of the competing models and fallbacks with n draws a chain."""
    units, settings = units_of(labels), ComparisonSettings()
    explored, priors = explore(units), settings.priors(units)
    problem = Problem(units, priors, settings, integrated=False, seed=1, workers=1)
    rows, names = sensitivity(units, priors), (*COMPETING, *fallbacks)
    fits = {fit: exact_fit(problem, fit, n) for name in names for fit in fits_of(name)}
    judged = [judge(name, fits, problem, explored, rows) for name in names]
    flags = tuple(
        Flag(name=f"to {of}", is_raised=True, evidence="So.", pivot=of) for of in fallbacks
    )
    found = conclude(judged, flags, problem, explored, rows)
    return found, {name: with_prior(name, fits) for name in names}


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    return {
        "few": compared("ABCDEFGH", 350),
        "hostile": compared(HOSTILE, 60, FALLBACKS[-1:]),
        "many": compared([f"unit {number}" for number in range(320)], 30, FALLBACKS[:1]),
    }


@pytest.fixture(scope="module")
def page(cases: dict[str, Case]) -> str:
    return comparison_page("<b>Schools</b>", *cases["hostile"])


@pytest.fixture(scope="module")
def drawn(cases: dict[str, Case]) -> dict[str, dict[ComparisonPicture, Figure]]:
    return {name: comparison_figures(*case) for name, case in cases.items()}


Drawn = Mapping[str, Mapping[ComparisonPicture, Figure]]
EVERY = pytest.mark.parametrize("name", ["few", "hostile", "many"])


def titles(figure: Figure) -> list[str]:
    found = [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes]
    return [title for title in found if title]


def panels(figure: Figure, models: Sequence[ModelName]) -> list[tuple[ModelName, Any]]:
    assert titles(figure) == [CANDIDATES[name].title for name in models]
    return list(zip(models, figure.axes, strict=True))


def marks(axes: Any, color: str | None = None) -> list[tuple[float, float]]:
    """Points of the lines that are drawn as marks alone, of one colour or of all."""
    lines = [of for of in axes.lines if of.get_linestyle() == "None"]
    own = [of for of in lines if color is None or of.get_color() == color]
    return sorted(point for of in own for point in zip(*of.get_data(), strict=True))


def segments(axes: Any) -> FloatArray:
    """Ends of the intervals of a path that is broken by NaN, shape (n, 2), sorted."""
    (path,) = [of for of in axes.lines if np.isnan(np.asarray(of.get_data())).any()]
    return np.array(sorted(map(tuple, np.reshape(path.get_xdata(), (-1, 3))[:, :2])))


def by_name(case: Case) -> dict[ModelName, ModelRecord]:
    return {of.name: of for of in case[0].models}


def note(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.texts)


def test_all_nine_are_drawn_in_the_order_of_the_protocol(drawn: Drawn) -> None:
    for figures in drawn.values():
        assert tuple(figures) == PICTURES
    assert set(by_name_of_places()) == set(PICTURES)


def by_name_of_places() -> list[ComparisonPicture]:
    return [name for names in PLACES.values() for name in names]


def test_what_has_nothing_to_show_is_not_drawn(cases: dict[str, Case]) -> None:
    told, fits = cases["few"]
    alone = {"models": told.models[-1:], "sensitivity": ()}
    assert told.models[-1].name == "empirical_bayes"
    assert list(comparison_figures(told.model_copy(update=alone), fits)) == list(PICTURES[4:8])
    pooled = [of for of in told.models if of.name == "complete_pooling"]
    figures = comparison_figures(told.model_copy(update={"models": tuple(pooled)}), fits)
    assert set(PICTURES) - set(figures) == {"pairs"}


def test_prior_intervals_hold_95_per_cent_of_the_priors_replicates(
    drawn: Drawn, cases: dict[str, Case]
) -> None:
    told, fits = cases["few"]
    y = sorted(of.y for of in told.models[0].units)
    for name, axes in panels(drawn["few"]["prior_predictive"], CHAINED):
        replicates = fits[name].prior_predictive["y_rep"].values
        ends = np.quantile(replicates, [0.025, 0.975], axis=(0, 1)).T
        np.testing.assert_allclose(segments(axes), sorted(map(tuple, ends)))
        assert [x for x, _ in marks(axes)] == y
        held = [
            (low <= of.y <= high)
            for of, (low, high) in zip(told.models[0].units, ends, strict=True)
        ]
        assert len(marks(axes, FINE[0])) == sum(held)


def test_estimates_outside_of_their_posterior_intervals_stand_out(
    drawn: Drawn, cases: dict[str, Case]
) -> None:
    models = by_name(cases["few"])
    n_outside = 0
    for name, axes in panels(drawn["few"]["posterior_predictive"], ALL):
        units = models[name].units
        ends = sorted((of.y_low, of.y_high) for of in units)
        np.testing.assert_allclose(segments(axes), ends)
        outside = sorted(of.y for of in units if not of.y_low <= of.y <= of.y_high)
        assert [x for x, _ in marks(axes, BAD[0])] == outside
        assert len(marks(axes, FINE[0])) == len(units) - len(outside)
        n_outside += len(outside)
    assert 0 < n_outside < 64


def test_labels_stand_at_their_units_by_rising_estimate(
    drawn: Drawn, cases: dict[str, Case]
) -> None:
    rising = sorted(cases["few"][0].models[0].units, key=lambda of: of.y)
    for name in ("prior_predictive", "posterior_predictive", "loo"):
        axes = drawn["few"][name].axes[0]
        ticks = dict(
            zip(axes.get_yticks(), [of.get_text() for of in axes.get_yticklabels()], strict=True)
        )
        assert [ticks[row] for row in range(8)] == [of.label for of in rising]
        assert drawn["many"][name].axes[0].get_yticks().size == 0


def test_traces_are_the_draws_of_each_chain_in_their_order(
    drawn: Drawn, cases: dict[str, Case]
) -> None:
    _, fits = cases["few"]
    axes: list[Any] = list(drawn["few"]["trace"].axes)
    assert len(axes) == 2 * len(CHAINED) - 1
    for name in CHAINED:
        draws = draws_of(name, fits[name])
        for values in (draws.mu, draws.tau) if name in WITH_FUNNEL else (draws.mu,):
            lines = axes.pop(0).lines
            assert len(lines) == 4
            for line, chain in zip(lines, values, strict=True):
                at = np.asarray(line.get_xdata())
                np.testing.assert_array_equal(line.get_ydata(), chain[at])
                assert 100 < len(at) <= MOST_OF_A_CHAIN
                assert (at[0], at[-1]) == (0, 348)


def test_every_divergence_and_some_other_draws_are_shown(
    drawn: Drawn, cases: dict[str, Case]
) -> None:
    _, fits = cases["few"]
    for name, axes in panels(drawn["few"]["pairs"], WITH_FUNNEL):
        draws, bad = draws_of(name, fits[name]), fits[name].sample_stats["diverging"].values
        points = np.stack([draws.mu, np.log(draws.tau)], axis=-1)
        assert marks(axes, BAD[0]) == sorted(map(tuple, points[bad]))
        assert (bad.sum() >= N_DIVERGED) == (name == "hierarchical_noncentered")
        others = set(marks(axes, FINE[0]))
        assert others <= set(map(tuple, points[~bad]))
        assert 300 < len(others) <= min(MOST_POINTS, MOST_ALTOGETHER // len(WITH_FUNNEL))


def test_energies_are_histograms_with_the_e_bfmi_of_each_chain(
    drawn: Drawn, cases: dict[str, Case]
) -> None:
    _, fits = cases["few"]
    for name, axes in panels(drawn["few"]["energy"], CHAINED):
        energy = fits[name].sample_stats["energy"].values
        change = np.square(np.diff(energy, axis=1)).sum(axis=1)
        around = np.square(energy - energy.mean(axis=1, keepdims=True)).sum(axis=1)
        told = re.findall(r"\d\.\d\d", axes.get_xlabel())
        np.testing.assert_allclose(np.array(told, dtype=float), change / around, atol=0.0051)
        for values, patch in zip(
            (energy - energy.mean(), np.diff(energy, axis=1)), axes.patches, strict=True
        ):
            density, edges, _ = patch.get_data()
            assert (density @ np.diff(edges)) == pytest.approx(1)
            middle = (edges[1:] + edges[:-1]) / 2
            spread = np.sqrt((density * np.diff(edges)) @ np.square(middle))
            assert spread == pytest.approx(values.std(), rel=0.02)


def test_shrinkage_leads_from_each_estimate_to_its_mean(
    drawn: Drawn, cases: dict[str, Case]
) -> None:
    models = by_name(cases["few"])
    for name, axes in panels(drawn["few"]["shrinkage"], ALL):
        units = models[name].units
        known = [(of.sigma, at) for of in units for at in (of.y, of.theta.mean)]
        np.testing.assert_allclose(marks(axes), sorted(known))
        (level,) = [of.get_ydata()[0] for of in axes.lines if of.get_label() == "mu"]
        assert level == models[name].mu.mean
        (way,) = [of for of in axes.lines if len(of.get_xdata()) == 24]
        np.testing.assert_allclose(
            np.reshape(way.get_ydata(), (-1, 3))[:, :2],
            [(of.y, of.theta.mean) for of in sorted(units, key=lambda of: of.y)],
        )
        names = [text.get_text() for text in axes.texts]
        assert set(names) <= {of.label for of in units}
        farthest = max(units, key=lambda of: abs(of.y - of.theta.mean))
        assert names[:1] in ([], [farthest.label])
        assert len(names) <= MOST_LABELS
        assert names or name != "complete_pooling"
    assert all(axes.texts[:] == [] for axes in drawn["many"]["shrinkage"].axes)


def test_pareto_k_stands_against_its_limit(cases: dict[str, Case]) -> None:
    told, fits = cases["few"]
    first = told.models[0]
    values = (0.1, 0.7, 0.71, 9.0, 0.2, 0.3, 0.4, 0.5)
    units = tuple(
        of.model_copy(update={"pareto_k": k}) for of, k in zip(first.units, values, strict=True)
    )
    models = (first.model_copy(update={"units": units}),)
    figure = comparison_figures(told.model_copy(update={"models": models}), fits)["loo"]
    (axes,) = figure.axes
    assert [x for x, _ in marks(axes, BAD[0])] == [0.71, MOST_K]
    assert [x for x, _ in marks(axes, FINE[0])] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.7]
    lines: list[Any] = [of for of in axes.lines if of.get_label() == "limit 0.7"]
    (limit,) = [list(of.get_xdata()) for of in lines]
    assert limit == [0.7, 0.7]
    assert "k above 0.7: C, D" in note(figure)
    assert "drawn at their edge: 1" in note(figure)


def test_weights_and_differences_stand_beside_their_models(cases: dict[str, Case]) -> None:
    told, fits = cases["few"]
    far = told.models[1].model_copy(update={"elpd_difference": 7.5})
    models = (told.models[0], far, *told.models[2:])
    figure = comparison_figures(told.model_copy(update={"models": models}), fits)["weights"]
    of_weight, of_elpd = figure.axes
    assert [text.get_text() for text in of_weight.get_yticklabels()] == [of.title for of in models]
    bars: Any = of_weight.patches
    assert [bar.get_width() for bar in bars] == [of.weight for of in models]
    dots = {row: x for x, row in marks(of_elpd)}
    assert [dots[row] for row in range(len(models))] == [of.elpd_difference for of in models]
    assert (7.5, 1) in marks(of_elpd, BAD[0])
    ends = [
        (of.elpd_difference - of.elpd_difference_se, of.elpd_difference + of.elpd_difference_se)
        for of in models
    ]
    np.testing.assert_allclose(segments(of_elpd), sorted(ends))
    assert of_weight.get_ylim() == of_elpd.get_ylim()


def test_grids_show_medians_intervals_and_what_was_used(
    drawn: Drawn, cases: dict[str, Case]
) -> None:
    told, _ = cases["few"]
    axes: list[Any] = list(drawn["few"]["sensitivity"].axes)
    for quantity in ("mu", "tau"):
        for varied, used in (
            ("tau_scale", [told.priors.skeptical_tau_scale, told.priors.tau_scale]),
            ("threshold", [told.priors.threshold]),
        ):
            here, rows = axes.pop(0), [of for of in told.sensitivity if of.varied == varied]
            known = [getattr(of, quantity) for of in rows]
            assert sorted(y for _, y in marks(here)) == sorted(of.median for of in known)
            near = 0.02 * max(of.value for of in rows)
            at = sorted(x for x, _ in marks(here))
            np.testing.assert_allclose(at, sorted(of.value for of in rows), atol=near)
            bars = [segment[:, 1] for of in here.collections for segment in of.get_segments()]
            ends = sorted((of.low, of.high) for of in known)
            np.testing.assert_allclose(sorted(map(tuple, bars)), ends)
            dotted = [of.get_xdata()[0] for of in here.lines if of.get_linestyle() == ":"]
            np.testing.assert_allclose(sorted(dotted), used, atol=near)


def test_many_units_are_thinned_but_for_the_worst_predicted(
    drawn: Drawn, cases: dict[str, Case]
) -> None:
    units = [model.units for model in cases["many"][0].models]
    worst = np.max([[abs(of.loo_z) for of in own] for own in units], axis=0)
    surprising = {units[0][j].y for j in np.argsort(-worst)[:SURPRISING]}
    for name in ("posterior_predictive", "loo", "prior_predictive"):
        assert f"{MOST_SHOWN} of 320 units" in note(drawn["many"][name])
        assert len(marks(drawn["many"][name].axes[0])) == MOST_SHOWN
    shown = {x for x, _ in marks(drawn["many"]["posterior_predictive"].axes[0])}
    assert surprising <= shown
    assert len(marks(drawn["many"]["shrinkage"].axes[0])) == 2 * MOST_SHOWN
    assert "units" not in note(drawn["few"]["loo"])


@EVERY
def test_nothing_sticks_out_of_a_figure(name: str, drawn: Drawn) -> None:
    for figure in drawn[name].values():
        pixels = imread(io.BytesIO(as_png(figure, dpi=40)))[..., :3]
        for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
            assert (edge == 1).all()


def test_many_units_and_many_models_make_no_large_figure(drawn: Drawn) -> None:
    for figures in (drawn["many"], {"pairs": drawn["few"]["pairs"]}):
        for figure in figures.values():
            assert len(as_svg(figure).encode()) < 1_000_000


def test_the_same_comparison_gives_the_same_bytes_and_is_left_alone(
    cases: dict[str, Case], page: str
) -> None:
    told, fits = cases["hostile"]
    before = deepcopy(fits)
    assert page == comparison_page("<b>Schools</b>", told.model_copy(deep=True), fits)
    assert list(fits) == list(before)
    for name, fit in fits.items():
        assert fit.groups() == before[name].groups()
        assert all(fit[group].identical(before[name][group]) for group in fit.groups())


def test_the_page_tells_all_and_fetches_nothing(cases: dict[str, Case], page: str) -> None:
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert page.count("<svg") == page.count("<figcaption>") == len(PICTURES)
    assert re.findall(r"<(?:link|img|iframe|image)|url\((?!#)|@import", page) == []
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    targets = re.findall(r'(?:xlink:href="|url\()#([^")]+)', page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert targets
    assert set(targets) <= set(ids)
    for model in cases["hostile"][0].models:
        for failure in model.failures:
            assert f"{model.title}, {failure.check} (must be " in page


@pytest.mark.parametrize(
    ("recommended", "is_critical", "is_doubtful"),
    [("complete_pooling", False, False), ("complete_pooling", True, True), (None, False, True)],
)
def test_doubt_is_marked_where_there_is_some(
    recommended: ModelName | None, is_critical: bool, is_doubtful: bool, cases: dict[str, Case]
) -> None:
    told, fits = cases["few"]
    changes = {"recommended": recommended, "sensitivity_is_critical": is_critical, "models": ()}
    models = tuple(of for of in told.models if of.name == recommended)
    page = comparison_page("Schools", told.model_copy(update={**changes, "models": models}), fits)
    assert ('class="answer doubt"' in page) == is_doubtful
    assert (">NO MODEL IS ADEQUATE</dt>" in page) == (recommended is None)
    assert ("is critical" in page) == is_critical

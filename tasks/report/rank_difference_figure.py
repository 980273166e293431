"""Ranks of each quantity against uniform ones, by the difference of their ECDFs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tasks.calibration.ecdf_bands import ecdf_difference, simultaneous_bands
from tasks.calibration.simulations import LOG_LIKELIHOOD, FloatArray, Simulations
from tasks.calibration.verdict import CalibrationVerdict, QuantityVerdict
from tasks.report.calibration_sections import by_evidence, p_text
from tasks.report.calibration_style import HEAD, LINE, MARKS, legend_above, note_below
from tasks.report.drawing import GREY, LIGHT, figure_style, label
from tasks.report.numerals import count

MOST_PANELS = 12
PANEL = 1.45
"""Height of a panel, in inches."""
TITLE, GAP = 2.3 * LINE, 0.22
LEFT, BOTTOM = 0.8, 0.62


@dataclass(frozen=True)
class _Grid:
    """Places of n panels above so many lines of notes, in inches."""

    n: int
    lines: int

    @property
    def columns(self) -> int:
        return {1: 1, 2: 2, 4: 2}.get(self.n, 3)

    @property
    def panel(self) -> float:
        return 4.4 if self.n == 1 else 2.75

    @property
    def width(self) -> float:
        return LEFT + self.columns * (self.panel + GAP)

    @property
    def rows(self) -> int:
        return -(-self.n // self.columns)

    @property
    def bottom(self) -> float:
        return BOTTOM + self.lines * LINE

    @property
    def height(self) -> float:
        return HEAD + self.rows * (TITLE + PANEL + GAP) - GAP + self.bottom

    def rectangle(self, place: int) -> tuple[float, float, float, float]:
        """Left, bottom, width and height as shares of the figure."""
        row, column = divmod(place, self.columns)
        left = LEFT + column * (self.panel + GAP)
        bottom = self.height - HEAD - (row + 1) * (TITLE + PANEL) - row * GAP
        width, height = self.width, self.height
        return left / width, bottom / height, self.panel / width, PANEL / height


def rank_difference_figure(verdict: CalibrationVerdict, simulations: Simulations) -> Figure:
    """ECDF of the ranks minus that of uniform ranks, one panel a quantity, with the band.

    The band is that of the test at the level alpha / Q of Q quantities, which Holm's rule asks of
    the most extreme one: a quantity is rejected if its ranks leave the band, and the first to be
    rejected is one whose ranks do.

    Parameters
    ----------
    verdict
        Of these simulations; of at least one quantity.
    simulations
        Those that were judged.

    References
    ----------
    Säilynoja, Bürkner & Vehtari (2022), Statistics and Computing 32:32.
    """
    shown = shown_quantities(verdict)
    notes = tuple(_notes(verdict, shown))
    grid = _Grid(len(shown), len(notes))
    ranks = simulations.ranks[simulations.is_fitted]
    n_all, n_ranks = len(verdict.quantities), simulations.n_ranks
    band = simultaneous_bands(len(ranks), n_ranks, verdict.alpha / n_all)
    with figure_style():
        figure = Figure(figsize=(grid.width, grid.height))
        for place, quantity in enumerate(shown):
            axes = figure.add_axes(
                grid.rectangle(place), sharey=figure.axes[0] if figure.axes else None
            )
            own = ranks[:, simulations.names.index(quantity.name)]
            _draw(axes, quantity, ecdf_difference(own, n_ranks), band)
            _write_title(axes, quantity, grid.panel)
            axes.tick_params(
                length=3,
                labelleft=place % grid.columns == 0,
                labelbottom=place + grid.columns >= len(shown),
            )
        _write_axes(figure, grid, n_ranks)
        legend_above(figure)
        note_below(figure, *notes)
    return figure


def shown_quantities(verdict: CalibrationVerdict) -> tuple[QuantityVerdict, ...]:
    """At most `MOST_PANELS`: the joint log likelihood, then those with the smallest p-values."""
    first = sorted(by_evidence(verdict), key=lambda of: of.name != LOG_LIKELIHOOD)
    return tuple(first[:MOST_PANELS])


def _draw(
    axes: Any,
    quantity: QuantityVerdict,
    difference: FloatArray,
    band: tuple[FloatArray, FloatArray],
) -> None:
    color, _, name = MARKS[quantity.is_rejected]
    share = np.linspace(0, 1, len(difference) + 2)
    lower, upper, drawn = (np.pad(of, 1) for of in (*band, difference))
    axes.fill_between(share, lower, upper, color=LIGHT, linewidth=0, label="band of the test")
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.plot(share, drawn, color=color, linewidth=1.5, label=name)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "¼", "½", "¾", "1"])
    axes.locator_params(axis="y", nbins=5)


def _write_title(axes: Any, quantity: QuantityVerdict, inches: float) -> None:
    rejected = ", rejected" if quantity.is_rejected else ""
    told = f"{label(quantity.name, inches)}\nadjusted p {p_text(quantity.adjusted_p_value)}"
    axes.set_title(
        told + rejected,
        loc="left",
        color=MARKS[quantity.is_rejected][0],
        fontsize="medium",
        parse_math=False,
        pad=4,
    )


def _write_axes(figure: Figure, grid: _Grid, n_ranks: int) -> None:
    width, height = grid.width, grid.height
    middle = (LEFT / width + 1) / 2, (height - HEAD - TITLE + grid.bottom) / 2 / height
    told = f"rank of the true value, as a share of {n_ranks} ranks"
    figure.text(middle[0], (grid.bottom - 0.48) / height, told, ha="center", va="bottom")
    told = "ECDF − uniform ECDF"
    figure.text(0.12 / width, middle[1], told, rotation=90, ha="left", va="center")


def _notes(verdict: CalibrationVerdict, shown: Sequence[QuantityVerdict]) -> Iterator[str]:
    n_all = len(verdict.quantities)
    each = f" together, {verdict.alpha / n_all:.2g} for each" if n_all > 1 else ""
    told = count(n_all, "quantity", "quantities")
    yield f"band: test at level {verdict.alpha:.2g} for {told}{each}"
    if len(shown) < n_all:
        first = "the log likelihood and " if shown[0].name == LOG_LIKELIHOOD else ""
        yield f"shown: {len(shown)} of {n_all} quantities, {first}those with the smallest p-values"

"""Multiple imputation by trees: a mended cell takes the value of a donor in its leaf."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.tree import DecisionTreeRegressor

from tasks.intervention.faulty_database import FaultyDatabase, NotApplicable
from tasks.intervention.predictors import (
    known_columns,
    pointed_to,
    predictor_matrix,
    response_matrix,
)
from tasks.intervention.replicate_cells import FloatArray
from tasks.seeds import generator

FEWEST_IN_A_LEAF = 5
MOST_ROWS = 5000
MOST_DONORS = 100_000


@dataclass(frozen=True)
class Imputer:
    """Draws of the cells of one column.

    Attributes
    ----------
    values
        The column as it is.
    mended
        Rows whose cells are drawn, shape (m,).
    clean
        Rows that may give their value, shape (n,).
    known
        Predictors of the clean rows, shape (n, q).
    asked
        Predictors of the rows to mend, shape (m, q).
    response
        What the tree predicts, of the clean rows, shape (n, r).
    """

    values: pl.Series
    mended: npt.NDArray[np.intp]
    clean: npt.NDArray[np.intp]
    known: FloatArray
    asked: FloatArray
    response: FloatArray

    def draw(self, rng: np.random.Generator) -> pl.Series:
        """Draw the column with its mended cells.

        The clean rows are drawn with replacement, so that the tree varies as it would between
        samples, and a tree is fitted to them; each mended cell takes the value of a random one of
        them in its leaf.

        References
        ----------
        Burgette & Reiter (2010), Multiple imputation for missing data via sequential regression
        trees, American Journal of Epidemiology 172, 1070-1076. Doove, van Buuren & Dusseldorp
        (2014), Recursive partitioning for missing data imputation in the presence of interaction
        effects, Computational Statistics & Data Analysis 72, 92-104. Rubin (1987), Multiple
        Imputation for Nonresponse in Surveys, for the bootstrap as a draw of the parameters.
        """
        n_clean = len(self.clean)
        sample = rng.integers(n_clean, size=min(n_clean, MOST_ROWS))
        chosen, counts = np.unique(sample, return_counts=True)
        tree = DecisionTreeRegressor(
            min_samples_leaf=FEWEST_IN_A_LEAF, random_state=int(rng.integers(2**31))
        ).fit(self.known[chosen], self.response[chosen], sample_weight=counts)
        leaves = tree.apply(self.known[sample])
        by_leaf = np.argsort(leaves, kind="stable")
        asked = tree.apply(self.asked)
        first = np.searchsorted(leaves[by_leaf], asked, side="left")
        end = np.searchsorted(leaves[by_leaf], asked, side="right")
        donors = self.clean[sample[by_leaf[rng.integers(first, end)]]]
        source = np.arange(len(self.values))
        source[self.mended] = donors
        return self.values.gather(source)


def fit_imputer(
    database: FaultyDatabase,
    name: str,
    column: str,
    mended: pl.Series,
) -> Imputer:
    """Set up the draws of a column's cells given the other columns of the row and its parents.

    Where more than 100,000 rows are clean, so many of them at random may give their value; each
    draw looks at 5,000.

    Parameters
    ----------
    database
        The database as it is.
    name, column
        The column; a foreign key is predicted by its parent's columns, so that an orphan is linked
        to a plausible parent.
    mended
        Which of the column's cells to draw, one Boolean a row.

    Raises
    ------
    NotApplicable
        If no cell of the column is clean in a row from before the task's validation date.
    """
    clean = _some(database.donors(name, column).arg_true(), f"{name}.{column}")
    if clean.is_empty():
        raise NotApplicable(
            f"No cell of {name}.{column} is clean in a row to train on: nothing tells what it may "
            "hold."
        )
    rows = mended.arg_true()
    table = database.contract.tables[name]
    looked_at = pl.int_range(len(mended), dtype=pl.UInt32, eager=True)
    if len(mended) > MOST_DONORS:
        looked_at = looked_at.filter(mended | looked_at.is_in(clean.implode()))
    others = known_columns(database, name, looked_at, column)
    predictors = predictor_matrix(others, len(looked_at))
    if column in table.foreign_keys:
        parents = pointed_to(database, name, column, clean)
        known = known_columns(database, table.foreign_keys[column], parents)
    else:
        known = iter([(table.columns[column], database.tables[name][column].gather(clean))])
    return Imputer(
        values=database.tables[name][column],
        mended=rows.to_numpy(),
        clean=clean.to_numpy(),
        known=predictors[looked_at.search_sorted(clean).to_numpy()],
        asked=predictors[looked_at.search_sorted(rows).to_numpy()],
        response=response_matrix(known, len(clean)),
    )


def _some(rows: pl.Series, purpose: str) -> pl.Series:
    """So many of the rows at random as may be donors, in their order; all where they are few."""
    if len(rows) <= MOST_DONORS:
        return rows
    chosen = generator(0, f"donors of {purpose}").choice(len(rows), MOST_DONORS, replace=False)
    return rows.gather(np.sort(chosen))

"""What the steps of the interventions are given: database, features and ensemble of a run."""

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from tasks.attribution.database import ColumnRanges, column_ranges, database_hierarchy
from tasks.attribution.members import split_members
from tasks.domain import Domain, Task
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.rescoring import Evaluation
from tasks.relations.features import FeatureTable
from tasks.relations.table_files import needed_columns, read_features, read_frames
from tasks.run_store import Artifact, RunStore
from tasks.uncertainty.files import read_ensemble
from tasks.uncertainty.model_data import ModelData, model_data
from tasks.uncertainty.protocol import Ensemble


class DataAtHand(BaseModel):
    """Database, features, ensemble and evaluation rows of a run.

    Attributes
    ----------
    contract, target
        The domain and what is predicted.
    tables, faults
        By name: frames, and which cells and rows break a rule.
    features, ensemble, measured, key_cells
        As the steps before left them.
    replicates
        Number of sub-ensembles.
    """

    contract: Domain
    target: Task
    tables: dict[str, Artifact]
    faults: dict[str, Artifact]
    features: Artifact
    ensemble: Artifact
    measured: Artifact
    key_cells: Artifact
    replicates: int

    def database(self, store: RunStore) -> FaultyDatabase:
        """The tables with their faults; columns that the task does not need are left out."""
        paths = {name: store.fetch(kept) for name, kept in self.tables.items()}
        return FaultyDatabase(
            contract=self.contract,
            tables=read_frames(paths, needed_columns(self.contract, self.target)),
            faults=read_frames({name: store.fetch(kept) for name, kept in self.faults.items()}),
            task=self.target,
        )

    def model(self, store: RunStore) -> tuple[FeatureTable, ModelData, Ensemble]:
        """Features, also as a matrix with targets, and the members fitted to them."""
        table = read_features(store.fetch(self.features))
        return table, model_data(table, self.target), read_ensemble(store.fetch(self.ensemble))

    def evaluation(
        self, store: RunStore, table: FeatureTable, data: ModelData, fitted: Ensemble
    ) -> Evaluation:
        """The evaluation rows in their blocks."""
        rows = np.load(store.fetch(self.measured))["rows"]
        return Evaluation(
            rows=table.rows[rows],
            encoder=data.encoder,
            x=data.x[rows],
            y=data.y[rows],
            ensemble=fitted,
            members=split_members(fitted.n_members, self.replicates),
            blocks=np.load(store.fetch(self.key_cells))["blocks"],
        )


def ranges_of(
    data: ModelData, rows: npt.NDArray[np.float64], n_ranges: int
) -> dict[tuple[str, str], ColumnRanges]:
    """Value ranges by column, learnt from the train rows, with the code of each of some rows.

    Parameters
    ----------
    data
        What columns there are, and the train rows.
    rows
        Features of the rows that get codes, shape (N, p).
    n_ranges
        Into which a number is cut.
    """
    hierarchy = database_hierarchy(data.encoder.nodes)
    cut = column_ranges(data.encoder, hierarchy, data.x[data.train], rows, n_ranges)
    return dict(zip(hierarchy.columns, cut, strict=True))

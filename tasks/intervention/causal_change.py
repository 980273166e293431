"""Features of rows in the database as it would be after a real change."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.intervention.causal_worlds import World
from tasks.intervention.faulty_database import FaultyDatabase
from tasks.intervention.feature_rows import FeatureRows
from tasks.intervention.replicate_cells import FloatArray
from tasks.relations.features import Links, read_features


@dataclass(frozen=True)
class CausalChange:
    """A real change: every feature of the columns that it changes is read anew.

    They are the values along keys and the aggregates over child rows. Aggregates of the target's
    own past stay as they are.

    Attributes
    ----------
    world
        The database after.
    database
        The database before.
    given
        The N rows.
    links
        Their links in it.
    """

    world: World
    database: FaultyDatabase
    given: FeatureRows
    links: Links

    @property
    def changed(self) -> int:
        """As `Change.changed`."""
        return self.world.changed

    @property
    def is_random(self) -> bool:
        """As `Change.is_random`: each row keeps its own noise, and nothing is drawn."""
        return False

    def features(
        self, rows: npt.NDArray[np.intp], rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.intp], FloatArray]:
        """As `Change.features`."""
        tables = self.world.apply(self.database.tables)
        places: list[npt.NDArray[np.intp]] = []
        values: list[FloatArray] = []
        for name in dict.fromkeys(table for table, _ in self.world.columns):
            links = self.links.take(rows, name)
            columns = {place for place in self.world.columns if place[0] == name}
            found = read_features(links, tables, columns)
            held, matrix = self.given.encoder.transform_some(found)
            places.append(held)
            values.append(matrix)
        return np.concatenate(places), np.hstack(values)

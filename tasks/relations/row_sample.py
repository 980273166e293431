"""Rows for which features are built where a task has too many: whole entities, at random."""

import numpy as np
import numpy.typing as npt
import polars as pl

from tasks.domain import Split
from tasks.domain_tables import Frozen
from tasks.relations.encoding import split_rows
from tasks.relations.events import TIME
from tasks.relations.task_rows import ENTITY
from tasks.seeds import generator

PARTS = ("train", "validation", "test")
LARGEST = 10
"""An entity with more than 1 / 10 of the rows wanted is drawn in parts of at most so many rows."""

Ints = npt.NDArray[np.int64]


class Sampled(Frozen):
    """How rows were drawn.

    Attributes
    ----------
    by
        The entity that was drawn, such as ``sales.shop``; empty where each row is its own.
    found
        Rows that a part of the split had, of those that were left with fewer: by ``train``,
        ``validation`` and ``test``.
    in_parts
        Number of entities that were too large to be drawn whole.
    rare, of_rare
        Classes that were left out as too few train rows show them, and the number of their rows.
    """

    by: str
    found: dict[str, int]
    in_parts: int
    rare: tuple[str, ...] = ()
    of_rare: int = 0


def sample_rows(
    rows: pl.DataFrame, split: Split, most: int, seed: int, by: str
) -> tuple[pl.DataFrame, Sampled | None]:
    """Draw the rows of each part of the split where there are too many.

    Every row of a part is about as likely to be drawn as any other. An entity with more than a
    tenth of the rows wanted is first cut at random into parts that are small enough, which are
    drawn as entities are.

    Parameters
    ----------
    rows
        N rows with `TIME` and `ENTITY`, as `task_rows` gives them.
    split
        Dates of the parts.
    most
        Rows of a part at most.
    seed
        Of the draw.
    by
        What the entities are, as of `Sampled`.

    Returns
    -------
    tuple of polars.DataFrame and Sampled
        Some of the rows in their order, and how they were drawn; the rows themselves and None
        where no part has more.
    """
    parts = dict(zip(PARTS, split_rows(rows[TIME], split), strict=True))
    found = {name: int(part.sum()) for name, part in parts.items() if part.sum() > most}
    if not found:
        return rows, None
    entities = rows[ENTITY].to_numpy()
    kept, too_large = np.ones(rows.height, dtype=bool), 0
    for name in found:
        rng = generator(seed, f"rows of {name}")
        places = np.flatnonzero(parts[name])
        units, cut = _units(entities[places], max(most // LARGEST, 1), rng)
        kept[places] = False
        kept[places[entity_sample(units, most, rng)]] = True
        too_large += cut
    return rows.filter(pl.Series(kept)), Sampled(by=by, found=found, in_parts=too_large)


def entity_sample(entities: Ints, most: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Rows where not all are taken: those of whole entities, as long as they fit in.

    Parameters
    ----------
    entities
        Of the rows, shape (n,).
    most
        Rows at most; an entity that is larger is left out.
    rng
        Source of randomness.

    Returns
    -------
    numpy.ndarray
        Indices of rows, in their order; all of them where they are no more than `most`.

    Examples
    --------
    >>> entities = np.repeat([7, 8, 9], [3, 2, 1])
    >>> entities[entity_sample(entities, 4, np.random.default_rng(1))].tolist()
    [7, 7, 7, 9]
    """
    if len(entities) <= most:
        return np.arange(len(entities))
    _, entity, sizes = np.unique(entities, return_inverse=True, return_counts=True)
    kept, left = np.zeros(len(sizes), dtype=bool), most
    for index in rng.permutation(len(sizes)):
        if sizes[index] <= left:
            kept[index] = True
            left -= int(sizes[index])
            if not left:
                break
    return np.flatnonzero(kept[entity])


def _units(entities: Ints, largest: int, rng: np.random.Generator) -> tuple[Ints, int]:
    """Entities, those with too many rows cut at random into parts; and how many these are."""
    _, entity, sizes = np.unique(entities, return_inverse=True, return_counts=True)
    shuffled = rng.permutation(len(entities))
    order = shuffled[np.argsort(entity[shuffled], kind="stable")]
    first = np.cumsum(sizes) - sizes
    part = np.empty(len(entities), dtype=np.int64)
    part[order] = (np.arange(len(entities)) - first[entity[order]]) // largest
    return entity * (int(part.max()) + 1) + part, int((sizes > largest).sum())

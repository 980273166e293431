"""Donor permutations: from which row each row takes the features of a coalition."""

import numpy as np
from numpy.typing import NDArray

from tasks.errors import InputError


def donor_permutation(
    entities: NDArray[np.integer], blocks: NDArray[np.integer], rng: np.random.Generator
) -> NDArray[np.intp]:
    """Draw a donor for each row, of another entity in the same block.

    The rows of a block are laid on a circle, entity by entity in random order, and every row
    takes the row that a random distance ahead of it, at least the largest entity's size. The
    inverse has the same law.

    Parameters
    ----------
    entities
        The parent entity of each row, shape (N,); rows that have no parent in common are entities
        of their own (``np.arange(N)``).
    blocks
        The row block of each row, shape (N,); all zero where there is one. Donors stay inside,
        since an effect that took donors from another block would not be independent of it: the
        variance between blocks would then miss up to three quarters of the variance of their mean.
    rng
        Source of randomness.

    Returns
    -------
    ndarray of shape (N,)
        A permutation of the rows; no row is its own donor.

    Raises
    ------
    InputError
        If one entity holds more than half of a block's rows, or the shapes differ.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> donors = donor_permutation(np.array([0, 0, 1, 1]), np.zeros(4, dtype=int), rng)
    >>> sorted(donors[:2].tolist()), sorted(donors[2:].tolist())
    ([2, 3], [0, 1])
    """
    if entities.ndim != 1 or entities.shape != blocks.shape:
        raise InputError(
            "Entities and blocks must be one code a row each, got shapes "
            f"{entities.shape} and {blocks.shape}."
        )
    donors = np.empty(len(entities), dtype=np.intp)
    for block in np.unique(blocks):
        rows = rng.permutation(np.flatnonzero(blocks == block))
        _, entity, sizes = np.unique(entities[rows], return_inverse=True, return_counts=True)
        most, n_rows = int(sizes.max()), len(rows)
        if 2 * most > n_rows:
            raise InputError(
                "A donor must be of another entity, so no entity may hold more than half of a "
                f"block's rows; in block {block} one holds {most} of {n_rows}: use fewer blocks, "
                "or entities that hold fewer rows."
            )
        circle = rows[np.argsort(rng.permutation(len(sizes))[entity], kind="stable")]
        distance = int(rng.integers(most, n_rows - most + 1))
        donors[circle] = np.roll(circle, -distance)
    return donors

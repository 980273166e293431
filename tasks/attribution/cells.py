"""Replicate cells: means of a per-row quantity for each sub-ensemble and block of rows."""

import heapq
from math import gcd

import numpy as np
from numpy.typing import NDArray

from tasks.errors import InputError


def row_blocks(
    entities: NDArray[np.integer], n_blocks: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Split rows into blocks of about equal size; the rows of an entity stay together.

    Entities go from the largest to the smallest, in random order where equal, each to the block
    that has the fewest rows so far.

    Parameters
    ----------
    entities
        Parent entity of each row, shape (N,).
    n_blocks
        V.
    rng
        Source of randomness.

    Returns
    -------
    ndarray of shape (N,)
        The block of each row, 0 to V - 1.

    Raises
    ------
    InputError
        If there are fewer entities than blocks, or fewer than 2 blocks.

    Examples
    --------
    >>> blocks = row_blocks(np.array([7, 7, 7, 8, 8, 9]), 2, np.random.default_rng(1))
    >>> np.bincount(blocks).tolist()
    [3, 3]
    """
    _, entity, sizes = np.unique(entities, return_inverse=True, return_counts=True)
    if n_blocks < 2 or len(sizes) < n_blocks:
        raise InputError(
            "Rows must be split into at least 2 blocks with an entity in each, got "
            f"{n_blocks} blocks for {len(sizes)} entities."
        )
    shuffled = rng.permutation(len(sizes))
    largest_first = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    filled = [(0, block) for block in range(n_blocks)]
    block_of = np.empty(len(sizes), dtype=np.intp)
    for index in largest_first:
        n_rows, block = filled[0]
        block_of[index] = block
        heapq.heapreplace(filled, (n_rows + int(sizes[index]), block))
    return block_of[entity]


def block_weights(blocks: NDArray[np.intp]) -> NDArray[np.float64]:
    """Each block's part of the rows, shape (V,): cells so weighted average to the rows' mean.

    Examples
    --------
    >>> block_weights(np.array([0, 1, 1, 1])).tolist()
    [0.25, 0.75]
    """
    return np.bincount(blocks) / len(blocks)


def draw_of_cells(groups: int, blocks: int) -> NDArray[np.intp]:
    """Which draw of the mended values each cell sees.

    Parameters
    ----------
    groups, blocks
        J and V.

    Returns
    -------
    numpy.ndarray
        Shape (J, V): a Latin square, so that every sub-ensemble and every block sees each of the D
        draws equally often, D being the greatest common divisor of J and V.

    Raises
    ------
    InputError
        If D is 1, or J and V are 2: what differs from draw to draw could not be told from the rest.

    Examples
    --------
    >>> draw_of_cells(2, 4).tolist()
    [[0, 1, 0, 1], [1, 0, 1, 0]]
    """
    n_draws = gcd(groups, blocks)
    if n_draws < 2 or groups == blocks == 2:
        raise InputError(
            "The numbers of sub-ensembles and of blocks must have a divisor in common, the number "
            f"of draws, and not both be 2; got {groups} and {blocks}: take as many of both."
        )
    return np.add.outer(np.arange(groups), np.arange(blocks)) % n_draws


def nested_draws(groups: int) -> NDArray[np.intp]:
    """Which draw of the mended values each sub-ensemble is fitted to.

    Parameters
    ----------
    groups
        J.

    Returns
    -------
    numpy.ndarray
        Shape (J,): half as many draws as sub-ensembles, each for two that follow each other, so
        that what differs from draw to draw can be told from what differs between sub-ensembles.

    Raises
    ------
    InputError
        If J is odd or below 4.

    Examples
    --------
    >>> nested_draws(6).tolist()
    [0, 0, 1, 1, 2, 2]
    """
    if groups < 4 or groups % 2:
        raise InputError(
            "Fitting anew takes two sub-ensembles for each draw of the mended values: their number "
            f"must be even and at least 4, got {groups}."
        )
    return np.arange(groups) // 2


def cell_means(quantity: NDArray[np.float64], blocks: NDArray[np.intp]) -> NDArray[np.float64]:
    """Mean of a per-row quantity over each block.

    Parameters
    ----------
    quantity
        Per row and sub-ensemble, shape (..., N, J); nodes come first.
    blocks
        The block of each row, shape (N,).

    Returns
    -------
    ndarray of shape (..., J, V)
        y[node, j, v]. Effects are crossed: cells that share j or v are correlated. Blocks are
        independent only if `blocks` also bound the donors.

    Raises
    ------
    InputError
        If a block has no row.
    """
    return np.swapaxes(quantity, -1, -2) @ _averaging(blocks, np.ones(len(blocks), dtype=bool))


def range_cell_means(
    gains: NDArray[np.float64],
    codes: NDArray[np.intp],
    n_ranges: int,
    blocks: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Part of each value range in each cell: sum over the range's rows by the block's row count.

    Parameters
    ----------
    gains
        Gain of one column, shape (N, J).
    codes
        Value range of each row, shape (N,).
    n_ranges
        Number of ranges.
    blocks
        The block of each row, shape (N,).

    Returns
    -------
    ndarray of shape (n_ranges, J, V)
        They sum over ranges to the column's `cell_means`.

    Raises
    ------
    InputError
        If a block has no row.
    """
    return np.stack([gains.T @ _averaging(blocks, codes == code) for code in range(n_ranges)])


def _averaging(blocks: NDArray[np.intp], counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Matrix (N, V) whose product with a row quantity is each block's mean of what is counted."""
    sizes = np.bincount(blocks)
    if not sizes.all():
        raise InputError(f"Every block must have a row, block {int(sizes.argmin())} has none.")
    matrix = np.zeros((len(blocks), len(sizes)))
    matrix[np.arange(len(blocks)), blocks] = counted / sizes[blocks]
    return matrix

"""Monte Carlo error of any function of weighted draws: leave out one block after another."""

import numpy as np

from tasks.beliefs.conflict_record import Number
from tasks.beliefs.cut_law import Floats
from tasks.beliefs.data_side import DataSide, Ints

BLOCKS = 24


def blocks_of(chain: Ints) -> Ints:
    """Number of the block of each draw: 24 contiguous blocks, each within a chain.

    With more than 24 chains a block holds several of them whole.

    Parameters
    ----------
    chain
        Number of the chain of each draw, draws of a chain in their order; shape (S,).

    Examples
    --------
    >>> np.bincount(blocks_of(np.repeat([0, 1, 2, 3], 60))).tolist() == [10] * 24
    True
    """
    names, place = np.unique(chain, return_inverse=True)
    if len(names) > BLOCKS:
        return np.asarray(place * BLOCKS // len(names), dtype=np.int64)
    blocks = np.empty(len(chain), dtype=np.int64)
    for number, mine in enumerate(np.array_split(np.arange(BLOCKS), len(names))):
        (where,) = np.nonzero(place == number)
        blocks[where] = mine[np.arange(len(where)) * len(mine) // len(where)]
    return blocks


def replicates(side: DataSide, log_weights: Floats) -> Floats:
    """Weights of all draws, and with each block left out.

    Parameters
    ----------
    side
        Whose draws are weighted.
    log_weights
        Shape (S,).

    Returns
    -------
    array
        Log weights that sum to 1 in each row, shape (1 + blocks, S); of a quadrature (1, S). A
        function of each row, the first one in front, is what `number` takes.
    """
    if side.is_quadrature:
        return normalised(log_weights)[None]
    is_out = blocks_of(side.chain) == np.arange(-1, BLOCKS)[:, None]
    return normalised(np.where(is_out, -np.inf, log_weights))


def normalised(log_weights: Floats) -> Floats:
    """Log weights whose exponentials sum to 1 along the last axis."""
    return np.asarray(log_weights - log_sum(log_weights)[..., None])


def log_sum(logs: Floats) -> Floats:
    """Log of the sum of exponentials along the last axis, some of them finite in each row.

    Three times as fast as SciPy's, which also takes complex numbers and signs.
    """
    top = logs.max(axis=-1)
    return np.asarray(top + np.log(np.exp(logs - top[..., None]).sum(axis=-1)))


def number(rows: Floats) -> Number:
    """An estimate with its Monte Carlo standard error by the delete-one-block jackknife.

    Parameters
    ----------
    rows
        The estimate from all draws and from all but each block, shape (1 + blocks,); from a
        quadrature (1,), which has no error.

    References
    ----------
    Künsch (1989), The Jackknife and the Bootstrap for General Stationary Observations, Annals of
    Statistics 17, 1217-1241.

    Examples
    --------
    >>> number(np.array([2.5, 3.0, 2.0]))
    Number(value=2.5, mcse=0.5)
    """
    left_out = rows[1:]
    if not len(left_out):
        return Number(value=float(rows[0]))
    variance = (len(left_out) - 1) * float(np.var(left_out))
    return Number(value=float(rows[0]), mcse=float(np.sqrt(variance)))

"""When to look at a running calibration, and how much of its level each look may spend."""

from dataclasses import dataclass

from tasks.errors import InputError

FEWEST = 20
"""Simulations below which nothing can be said."""
PARTS = (8, 4, 2)
"""Looks come after about an eighth, a quarter and a half of the simulations, and after all."""


@dataclass(frozen=True)
class Look:
    """One interim or final test.

    Attributes
    ----------
    simulations
        Number of simulations that it judges: the first so many.
    alpha
        Level of its own test.
    """

    simulations: int
    alpha: float


def plan(n: int, chunk: int, alpha: float) -> tuple[Look, ...]:
    """Looks of a group-sequential test that may stop early on a clear failure.

    By n of N simulations the share ``alpha (n / N)²`` of the level is spent, so that early looks
    stop only on what is beyond doubt and the last one keeps most of the level. What the looks spend
    adds up to alpha; by the union bound a rule that rejects as soon as one look rejects has at most
    the level alpha, however the looks depend on each other.

    Parameters
    ----------
    n
        Number of simulations N in all.
    chunk
        Simulations that end together: looks before the last come at multiples of it.
    alpha
        Level of all looks together.

    Returns
    -------
    tuple of Look
        With about N / 8, N / 4, N / 2 simulations, each rounded up, and N.

    Raises
    ------
    InputError
        If a number is outside of its range.

    References
    ----------
    Lan & DeMets (1983), Discrete sequential boundaries for clinical trials, Biometrika 70, 659-663.

    Examples
    --------
    >>> [(look.simulations, round(look.alpha, 4)) for look in plan(1000, 50, 0.05)]
    [(150, 0.0011), (250, 0.002), (500, 0.0094), (1000, 0.0375)]
    """
    if n < 1 or chunk < 1 or not 0 < alpha < 1:
        raise InputError(
            "A plan needs at least 1 simulation, a chunk of at least 1 and a level between 0 and "
            f"1, got {n}, {chunk} and {alpha}."
        )
    rounded = {chunk * -(-n // (part * chunk)) for part in PARTS}
    sizes = (0, *sorted(size for size in rounded if size < n), n)
    spent = [alpha * (size / n) ** 2 for size in sizes]
    return tuple(
        Look(size, after - before)
        for size, before, after in zip(sizes[1:], spent[:-1], spent[1:], strict=True)
    )

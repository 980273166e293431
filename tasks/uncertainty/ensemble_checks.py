"""The rules that every ensemble keeps, whatever its members are."""

from collections.abc import Sequence

from tasks.errors import InputError
from tasks.uncertainty.protocol import FloatArray, IntArray, TargetArray
from tasks.uncertainty.training_data import check_classes, check_rows, check_values, entities_of


def check_fit(
    x: FloatArray,
    y: TargetArray,
    *,
    seed: int,
    n_classes: int | None,
    categorical: Sequence[int],
    groups: IntArray | None,
    members: int,
) -> IntArray:
    """Refuse what no ensemble can be fitted to.

    Parameters
    ----------
    x, y, seed, n_classes, categorical, groups, members
        As of `tasks.uncertainty.bagging.fit_bagged`.

    Returns
    -------
    numpy.ndarray
        The unit that each row is drawn with, as of `entities_of`.

    Raises
    ------
    InputError
        If rows, target, categories or groups break a rule of `training_data`, there are fewer than
        2 members, or the seed is negative.
    """
    if members < 2:
        raise InputError(f"An ensemble needs at least 2 members, got {members}.")
    if seed < 0:
        raise InputError(f"seed must be >= 0, got {seed}.")
    check_rows(x, categorical)
    entities = entities_of(groups, len(x))
    if n_classes is None:
        check_values(y, len(x))
    else:
        check_classes(y, len(x), n_classes, entities)
    return entities


def check_columns(x: FloatArray, n_columns: int) -> None:
    """Refuse rows that an ensemble was not fitted to the like of."""
    check_rows(x)
    if x.shape[1] != n_columns:
        raise InputError(f"Rows must have {n_columns} columns, got {x.shape[1]}.")


def check_members(members: Sequence[int], n_members: int) -> list[int]:
    """Members of a sub-ensemble: some, distinct, and there.

    Examples
    --------
    >>> check_members((2, 0), 3)
    [2, 0]
    """
    chosen = list(members)
    is_one = bool(chosen) and len(set(chosen)) == len(chosen)
    if not (is_one and set(chosen) <= set(range(n_members))):
        raise InputError(
            f"A sub-ensemble needs distinct members from 0 to {n_members - 1}, got {chosen}."
        )
    return chosen

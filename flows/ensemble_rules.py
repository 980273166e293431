"""Rules that the parameters of more than one flow share."""


def check_members(members: int, replicates: int) -> None:
    """Refuse an ensemble whose sub-ensembles would have fewer than two members each.

    Parameters
    ----------
    members
        Of the ensemble.
    replicates
        Number of its sub-ensembles.

    Raises
    ------
    ValueError
        If there are too few members: pydantic tells it as a rule of the parameters.

    Examples
    --------
    >>> check_members(16, 8)
    >>> check_members(15, 8)
    Traceback (most recent call last):
    ...
    ValueError: members must be at least twice replicates, got 15 for 8
    """
    if members < 2 * replicates:
        raise ValueError(
            f"members must be at least twice replicates, got {members} for {replicates}"
        )

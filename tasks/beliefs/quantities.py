"""Quantities that beliefs speak of, by their names."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from tasks.errors import InputError

Kind = Literal["mean", "rate", "share", "effect"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WITHIN_0_AND_1 = ("rate", "share")
FORM = re.compile(rf"({'|'.join(KINDS)})\[(.+)\]", re.DOTALL)


@dataclass(frozen=True)
class Quantity:
    """A quantity.

    Attributes
    ----------
    kind
        ``mean`` of a column of numbers, ``rate`` of one of truth values, ``share`` of a channel in
        sales or of a node in uncertainty, ``effect`` of an intervention in per cent.
    of
        ``table.column``, channel, node, or ``node: intervention``.
    """

    kind: Kind
    of: str

    def __str__(self) -> str:
        """Its name."""
        return f"{self.kind}[{self.of}]"

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Between which it lies in any data."""
        return (0.0, 1.0) if self.kind in WITHIN_0_AND_1 else (None, None)


def parse_quantity(name: str) -> Quantity:
    """A quantity by its name.

    Raises
    ------
    InputError
        If it has not the form of one.

    Examples
    --------
    >>> parse_quantity("share[tv]").bounds
    (0.0, 1.0)
    >>> parse_quantity("effect[items.weight: impute_missing]").of
    'items.weight: impute_missing'
    """
    found = FORM.fullmatch(name)
    if not found:
        forms = ", ".join(f"{kind}[...]" for kind in KINDS)
        raise InputError(f"A quantity must be one of {forms}, got {name!r}.")
    kind = next(kind for kind in KINDS if kind == found[1])
    return Quantity(kind, found[2])

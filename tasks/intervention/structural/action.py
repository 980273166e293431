"""Actions on the nodes of a structural model: values set, shifted or scaled."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

TOLERATED = 0.01
"""Share of rows out of the range of the training values that needs no warning."""

ActionKind = Literal["set", "shift", "scale"]


@dataclass(frozen=True)
class NodeAction:
    """What is done to a node.

    Attributes
    ----------
    node
        Its name.
    kind
        ``set`` puts the value in place of the node's mechanism; ``shift`` adds it to what the
        mechanism gives; ``scale`` multiplies that by it.
    value
        A number, or a label where the node is categorical.
    """

    node: str
    kind: ActionKind
    value: float | str

    def apply(self, natural: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The node's values under the action.

        Parameters
        ----------
        natural
            What the mechanism gives, shape (n,).

        Examples
        --------
        >>> NodeAction("X", "shift", 1.0).apply(np.array([2.0, 5.0]))
        array([3., 6.])
        """
        if self.kind == "set":
            dtype = object if isinstance(self.value, str) else np.float64
            return np.full(len(natural), self.value, dtype=dtype)
        acted: npt.NDArray[Any] = (
            natural + self.value if self.kind == "shift" else natural * self.value
        )
        return acted

    def as_record(self) -> dict[str, str | float]:
        """The action in JSON's types."""
        return {"node": self.node, "kind": self.kind, "value": self.value}

    def __str__(self) -> str:
        """The action in the form in which it is written."""
        if isinstance(self.value, str):
            return f"{self.node}={self.value}"
        operator = {"set": "=", "shift": "-=" if self.value < 0 else "+=", "scale": "*="}[self.kind]
        number = abs(self.value) if self.kind == "shift" else self.value
        return f"{self.node}{operator}{number:.12g}"


def extrapolation_warning(
    action: NodeAction, train: pd.DataFrame, after: pd.DataFrame
) -> str | None:
    """A sentence if the action takes many rows out of the range of its node's training values.

    Parameters
    ----------
    action
        What is done.
    train
        Rows to which the model was fitted, one column a node.
    after
        The rows acted on, under the action.
    """
    if isinstance(action.value, str):
        return None
    lowest, highest = train[action.node].min(), train[action.node].max()
    outside = int((~after[action.node].between(lowest, highest)).sum())
    if outside <= TOLERATED * len(after):
        return None
    return (
        f"{action} takes {action.node} out of the range of its training values, {lowest:.6g} "
        f"to {highest:.6g}, in {outside} of {len(after)} rows ({outside / len(after):.1%}): "
        "there the mechanisms extrapolate."
    )

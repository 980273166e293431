"""What all parts of a report share: they do not change, and every number in them is finite."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

Value = TypeVar("Value")


def _by_name(mapping: dict[str, Value]) -> dict[str, Value]:
    return dict(sorted(mapping.items()))


ByName = Annotated[dict[str, Value], AfterValidator(_by_name)]
"""A mapping whose order has no meaning: kept by name."""


class Frozen(BaseModel):
    """Every number is finite: what cannot be assessed is None, where a key admits it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

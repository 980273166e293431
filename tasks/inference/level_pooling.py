"""How the effects of a level are pooled, in plain values."""

from pydantic import BaseModel, ConfigDict

from tasks.domain import Level
from tasks.inference.comparison.record import ModelName
from tasks.inference.comparison.units import FEWEST


class LevelPooling(BaseModel):
    """How the effects of a level are pooled, and why.

    Attributes
    ----------
    level
        Which. Columns' actions that are no part of their table's count among the tables.
    units
        Number of actions that it ties to something.
    recommended
        Model that the comparison recommends; None where none is adequate, or nothing was compared.
    heavy_tails
        Whether they spread by a Student-t law; else by a normal one.
    conclusion
        The comparison's last word, or why there was none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Level
    units: int
    recommended: ModelName | None
    heavy_tails: bool
    conclusion: str

    @property
    def is_compared(self) -> bool:
        """Whether there were enough effects to compare models on them."""
        return self.units >= FEWEST

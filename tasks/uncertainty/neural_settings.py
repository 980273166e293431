"""Size and training of a neural network, and the library that it needs."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tasks.errors import InputError


@dataclass(frozen=True)
class NeuralSettings:
    """Size and training of each network.

    Attributes
    ----------
    width
        Units in each of the two hidden layers.
    epochs
        Most passes over the rows.
    patience
        Passes without a smaller held-out loss after which a network is done.
    learning_rate
        Of AdamW.
    weight_decay
        Of AdamW.
    batch
        Most rows in a step.
    dropout
        Share of the hidden units that are left out, in (0, 1); of `mc_dropout` only.
    """

    width: int = 64
    epochs: int = 200
    patience: int = 15
    learning_rate: float = 5e-3
    weight_decay: float = 0.3
    batch: int = 128
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if min(self.width, self.epochs, self.patience, self.batch) < 1:
            raise InputError(
                f"Networks need width, epochs, patience and batch >= 1, got "
                f"{self.width}, {self.epochs}, {self.patience}, {self.batch}."
            )
        if not (self.learning_rate > 0 and self.weight_decay >= 0):
            raise InputError(
                f"learning_rate must be positive and weight_decay not negative, got "
                f"{self.learning_rate} and {self.weight_decay}."
            )
        if not 0 < self.dropout < 1:
            raise InputError(f"dropout must lie between 0 and 1, got {self.dropout}.")


DEFAULT_SETTINGS = NeuralSettings()


def load_torch() -> Any:
    """The module `torch`, which is an optional part of an installation.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return import_module("torch")
    except ModuleNotFoundError as error:
        raise InputError(
            "Neural ensembles need PyTorch, which is not installed: pip install 'whence[neural]'."
        ) from error

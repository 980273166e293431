"""Finished chunks on disk, whole or not at all, and simulations put together from them."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tasks.calibration.simulations import Simulations
from tasks.whole_files import whole_file

CHUNK = 10
"""Simulations that a process takes at a time."""
PER_SIMULATION = tuple(
    field.name
    for field in dataclasses.fields(Simulations)
    if field.name not in ("names", "n_ranks")
)


@dataclass(frozen=True)
class ChunkFolder:
    """The chunks of one calibration.

    Attributes
    ----------
    folder
        Of nothing else.
    """

    folder: Path

    def path(self, numbers: range) -> Path:
        """File of the simulations of these numbers."""
        return self.folder / f"{numbers.start:08d}-{numbers.stop:08d}.npz"

    def missing(self, numbers: range) -> list[range]:
        """Those chunks of the simulations that are not finished yet."""
        return [chunk for chunk in chunks_of(numbers) if not self.path(chunk).exists()]

    def save(self, numbers: range, simulations: Simulations) -> None:
        """Keep a finished chunk."""
        with whole_file(self.path(numbers)) as unfinished:
            save_simulations(unfinished, simulations)

    def load(self, numbers: range) -> Simulations:
        """The simulations of finished chunks, in the order of their numbers."""
        return concatenate([load_simulations(self.path(chunk)) for chunk in chunks_of(numbers)])


def chunks_of(numbers: range) -> list[range]:
    """Cut consecutive numbers at multiples of `CHUNK`.

    Examples
    --------
    >>> chunks_of(range(0, 25))
    [range(0, 10), range(10, 20), range(20, 25)]
    """
    starts = range(numbers.start, numbers.stop, CHUNK)
    return [range(start, min(start + CHUNK, numbers.stop)) for start in starts]


def save_simulations(path: Path, simulations: Simulations) -> None:
    """Write simulations as ``.npz``; the same simulations give the same bytes."""
    arrays = {name: getattr(simulations, name) for name in PER_SIMULATION}
    with path.open("wb") as file:
        np.savez(
            file,
            allow_pickle=False,
            names=np.array(simulations.names),
            n_ranks=np.array(simulations.n_ranks),
            **arrays,
        )


def load_simulations(path: Path) -> Simulations:
    """Read what `save_simulations` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return Simulations(
            names=tuple(arrays["names"].tolist()),
            n_ranks=int(arrays["n_ranks"]),
            **{name: arrays[name] for name in PER_SIMULATION},
        )


def concatenate(parts: Sequence[Simulations]) -> Simulations:
    """One after another; all are of the same quantities."""
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in PER_SIMULATION
    }
    return Simulations(names=parts[0].names, n_ranks=parts[0].n_ranks, **arrays)

"""One of many fits, as the batch command of a Stan program writes it."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import IO

import numpy as np
import numpy.typing as npt

HEAD = struct.Struct("<qiiiiiiqddii")
"""`record_head` of ``stan/toolchain/batch.cpp``."""


class FitStatus(IntEnum):
    """How a fit ended, as the program writes it."""

    OK = 0
    SHORT_OF_ESS = 1
    FAILED = 2
    REFUSED = 3


@dataclass(frozen=True)
class BatchFit:
    """One fit.

    Attributes
    ----------
    number
        Of the data set.
    status
        How it ended; only `OK` and `SHORT_OF_ESS` have draws.
    message
        Why it has none.
    names
        Columns of `draws`: scalars of parameters, transformed parameters and generated
        quantities, as ``theta.3``.
    draws
        Shape (L, P).
    log_density
        Of the unconstrained parameters, up to a constant, shape (L,).
    ess
        Smallest effective sample size of a parameter or of the log density; where it is so small
        that a longer chain would not do either, an upper bound of it.
    iterations, divergences, saturated, leapfrogs
        Iterations after warm-up, those that diverged, those that reached the tree depth limit,
        and leapfrog steps of all.
    step_size
        After adaptation.
    """

    number: int
    status: FitStatus
    message: str
    names: tuple[str, ...]
    draws: npt.NDArray[np.float64]
    log_density: npt.NDArray[np.float64]
    ess: float
    iterations: int
    divergences: int
    saturated: int
    leapfrogs: int
    step_size: float


def read_fit(stream: IO[bytes]) -> BatchFit:
    """Read the next record.

    Raises
    ------
    EOFError
        If the stream ends before it does.
    """
    (
        number,
        status,
        columns,
        kept,
        iterations,
        divergences,
        saturated,
        leapfrogs,
        ess,
        step_size,
        message_bytes,
        names_bytes,
    ) = HEAD.unpack(_read(stream, HEAD.size))
    message = _read(stream, message_bytes).decode(errors="replace")
    names = tuple(_read(stream, names_bytes).decode().split())
    log_density = np.frombuffer(_read(stream, 8 * kept), "<f8")
    draws = np.frombuffer(_read(stream, 8 * kept * columns), "<f8").reshape(kept, columns)
    return BatchFit(
        number=number,
        status=FitStatus(status),
        message=message,
        names=names,
        draws=draws,
        log_density=log_density,
        ess=ess,
        iterations=iterations,
        divergences=divergences,
        saturated=saturated,
        leapfrogs=leapfrogs,
        step_size=step_size,
    )


def _read(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data

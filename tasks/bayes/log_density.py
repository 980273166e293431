"""Log density of a Stan program at given points, by CmdStan's method log_prob."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tasks.bayes.arguments import Floats, finite
from tasks.bayes.inference_data import draw_rows
from tasks.bayes.stan_data import data_json, prepare_data
from tasks.bayes.stan_model import SIGNIFICANT_DIGITS, in_plain_words
from tasks.bayes.stan_program import StanProgram
from tasks.errors import InputError, RunError, last_lines
from tasks.outside import process_error

# A matrix is read by rows. CmdStan before stan-dev/cmdstan#1337 reads it down its columns.
READING_ORDERS: tuple[Literal["C", "F"], ...] = ("C", "F")
WRONG_LENGTH = "Incorrect number of unconstrained parameters"
NO_DENSITY = "Error during log_prob calculation"


def log_density(program: StanProgram, data: Mapping[str, Any], points: npt.ArrayLike) -> Floats:
    """Log density of a program's parameters on the unconstrained scale, the Jacobian included.

    Nothing is dropped from what the program adds by ``target +=`` and ``_lpdf`` or ``_lpmf``; a
    statement with ``~`` drops constants, as it does in CmdStan.

    Parameters
    ----------
    program
        A compiled program.
    data
        Values by name, as `tasks.bayes.stan_model.sample` takes them.
    points
        Unconstrained parameters, shape (S, D); one process evaluates them all.

    Returns
    -------
    numpy.ndarray
        Natural logarithms, shape (S,). It is -inf where the program rejects the point, as the
        sampler takes it, and NaN where the program computes that. An executable that CmdStan
        itself has made does not go on after a rejected point: see Raises.

    Raises
    ------
    InputError
        If the points are not a finite matrix with a column a parameter, or the data do not fit.
    RunError
        If the process fails; also if CmdStan's own executable ends at a point that the program
        rejects.

    References
    ----------
    Stan Development Team, CmdStan User's Guide, "Extracting log probabilities and gradients".
    """
    given = finite("points", points)
    if given.ndim != 2 or 0 in given.shape:
        raise InputError(
            f"Argument points must have the shape (points, parameters), got {given.shape}."
        )
    used = data_json(prepare_data(program.declarations, data))
    # The first point comes again as the last: where the two densities differ, the executable
    # reads a matrix in the other order.
    matrix = np.vstack([given, given[:1]])
    for order in READING_ORDERS:
        values, said = _run(program, used, matrix.reshape(-1).reshape(matrix.shape, order=order))
        if len(values) == len(matrix) and np.array_equal(values[:1], values[-1:], equal_nan=True):
            return values[:-1]
    reason = said or "it gives two densities for one point"
    raise RunError(f"{program.name} gives no log density at these points: {reason}")


def _run(program: StanProgram, data: str, matrix: Floats) -> tuple[Floats, str]:
    """Densities of the rows up to the one at which the process ended, and its last words."""
    with tempfile.TemporaryDirectory(prefix="whence-") as name:
        folder = Path(name)
        (folder / "data.json").write_text(data, encoding="utf-8")
        points = json.dumps({"params_r": matrix.tolist()})
        (folder / "points.json").write_text(points, encoding="utf-8")
        line = (
            "random seed=1 data file=data.json output file=densities.csv "
            f"sig_figs={SIGNIFICANT_DIGITS} log_prob unconstrained_params=points.json jacobian=1"
        )
        done = subprocess.run(
            [str(program.executable), *line.split()],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode < 0:
            doing = "computed log densities"
            raise process_error(program.name, doing, done.returncode, last_lines(done.stderr))
        if done.returncode != 0 and NO_DENSITY not in done.stderr:
            raise _refusal(program, done.stderr)
        rows = draw_rows(folder / "densities.csv")
    densities = np.array([float(row.partition(",")[0]) for row in rows])
    return densities, last_lines(done.stderr, count=2)


def _refusal(program: StanProgram, errors: str) -> InputError | RunError:
    said = last_lines(errors, count=6)
    if WRONG_LENGTH in errors:
        return InputError(
            f"Argument points must have a column for each unconstrained parameter of "
            f"{program.name}: {said}"
        )
    if "Exception:" in errors:
        reason = errors[errors.index("Exception:") :].splitlines()[0]
        return InputError(f"{program.name} refuses its data: {in_plain_words(reason)}")
    return RunError(f"{program.name} failed while its log density was computed:\n{said}")

"""Many fits of one Stan program: a process that answers data sets with draws, in binary."""

import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any, cast

from tasks.bayes.batch_record import BatchFit, FitStatus, read_fit
from tasks.bayes.stan_data import data_json, prepare_data
from tasks.bayes.stan_program import StanProgram
from tasks.errors import InputError, RunError, last_lines
from tasks.outside import process_error

COMMAND = "batch"


@dataclass(frozen=True)
class BatchSettings:
    """How each chain is run.

    Attributes
    ----------
    seed
        0 to 2**32 - 1. Each fit adds its number, as CmdStan's ``id`` does, so that a fit does not
        depend on which others are made.
    warmup, draws
        Iterations of warm-up, and after it. The latter are doubled until `kept` independent draws
        can be taken, but not beyond `most_draws`, nor where these would not suffice either.
    most_draws
        See there.
    kept
        Draws that are handed on, evenly spaced over the chain. The effective sample size of every
        parameter and of the log density must reach it.
    first_warmup, first_draws
        A shorter chain that is tried first, and taken if it reaches the effective sample size, at
        most doubled; 0 for none.
    adapt_delta, max_treedepth
        As of NUTS.
    """

    seed: int
    warmup: int = 1000
    draws: int = 1000
    most_draws: int = 4000
    kept: int = 79
    first_warmup: int = 500
    first_draws: int = 300
    adapt_delta: float = 0.8
    max_treedepth: int = 10

    def arguments(self) -> list[str]:
        """The settings as the program's command line takes them."""
        return [
            f"seed={self.seed}",
            f"num_warmup={self.warmup}",
            f"num_samples={self.draws}",
            f"most_samples={self.most_draws}",
            f"first_warmup={self.first_warmup}",
            f"first_samples={self.first_draws}",
            f"kept={self.kept}",
            f"ess={self.kept}",
            f"delta={self.adapt_delta}",
            f"max_depth={self.max_treedepth}",
        ]


@contextmanager
def batch_process(program: StanProgram, settings: BatchSettings) -> Iterator["BatchProcess"]:
    """A process of a program that waits for data sets; it is killed at the end of the block.

    Parameters
    ----------
    program
        Compiled with ``many_fits``.
    settings
        Of every fit.
    """
    command = [str(program.executable), COMMAND, *settings.arguments()]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        ) as process,
    ):
        try:
            yield BatchProcess(program, process, errors)
        finally:
            process.kill()
            with suppress(BrokenPipeError):  # of a request that nobody read
                cast(IO[bytes], process.stdin).close()


@dataclass(frozen=True)
class BatchProcess:
    """What `batch_process` gives: it fits data sets until the block ends.

    Attributes
    ----------
    program
        The program.
    process
        Its process, with pipes to its standard input and from its standard output.
    errors
        The file that takes its standard error.
    """

    program: StanProgram
    process: subprocess.Popen[bytes]
    errors: IO[bytes]

    def fit(self, data_sets: Iterable[tuple[int, Mapping[str, Any]]]) -> list[BatchFit]:
        """Fit data sets one after another.

        Parameters
        ----------
        data_sets
            Number and data of each; numbers are from 0 to 2**31 - 1.

        Raises
        ------
        InputError
            If the program refuses the data.
        RunError
            If the process has ended.
        """
        return [self._fit(number, data) for number, data in data_sets]

    def _fit(self, number: int, data: Mapping[str, Any]) -> BatchFit:
        prepared = prepare_data(self.program.declarations, data)
        request = f"{number} {data_json(prepared)}\n"
        requests = cast(IO[bytes], self.process.stdin)
        try:
            requests.write(request.encode())
            requests.flush()
            fit = read_fit(cast(IO[bytes], self.process.stdout))
        except (BrokenPipeError, EOFError) as error:
            raise self._ended(number) from error
        if fit.status is FitStatus.REFUSED:
            raise InputError(f"{self.program.name} refuses data set {number}: {fit.message}")
        return fit

    def _ended(self, number: int) -> RunError:
        code = self.process.wait()
        self.errors.seek(0)
        said = last_lines(self.errors.read().decode(errors="replace"), count=6)
        return process_error(self.program.name, f"fitted data set {number}", code, said)

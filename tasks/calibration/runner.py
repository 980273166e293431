"""Run a calibration on all cores: chunk by chunk, each kept as it ends."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from tasks.bayes.batch import BatchSettings, batch_process
from tasks.bayes.digests import digest_of
from tasks.bayes.stan_data import data_json
from tasks.bayes.stan_program import StanProgram, compile_program
from tasks.calibration.chunk import simulate, simulate_chunk
from tasks.calibration.chunk_files import CHUNK, ChunkFolder
from tasks.calibration.models import simulator_of
from tasks.calibration.sequential import FEWEST, plan
from tasks.calibration.simulations import Simulations
from tasks.calibration.simulator import Simulator
from tasks.calibration.verdict import CalibrationVerdict, judge
from tasks.errors import InputError, RunError
from tasks.locations import cache_folder, resource
from tasks.parallel import spread
from tasks.progress import track
from tasks.source_digest import code_digest


@dataclass(frozen=True)
class Calibration:
    """What is to be calibrated, and how.

    Attributes
    ----------
    simulator
        Generator of parameters and data.
    program
        Its program, compiled with ``many_fits``.
    settings
        Of each chain; its seed is that of the simulations too.
    with_further
        Whether the simulator's data-dependent quantities are ranked too.
    """

    simulator: Simulator
    program: StanProgram
    settings: BatchSettings
    with_further: bool = True

    def digest(self) -> str:
        """Changes with all that decides a simulation's result, not with their number."""
        first = simulate(self.simulator, self.settings.seed, 0, with_further=self.with_further)
        return digest_of(
            self.program.digest,
            code_digest(type(self.simulator)),
            code_digest(simulator_of),
            code_digest(simulate_chunk),
            data_json(first.parameters),
            data_json(first.data),
            data_json(asdict(self.settings)),
            *first.names,
        )


def calibrations_folder() -> Path:
    """Where the finished chunks of all calibrations of this machine lie."""
    return cache_folder() / "calibrations"


def calibration_folder(calibration: Calibration, root: Path) -> Path:
    """Where the chunks of a calibration lie below the folder of all, whoever began it."""
    return root / calibration.digest()[:32]


def run_calibration(
    calibration: Calibration,
    n: int,
    *,
    root: Path,
    workers: int,
    alpha: float = 0.05,
    stop_early: bool = False,
) -> tuple[Simulations, CalibrationVerdict]:
    """Simulate, fit, rank and judge; what was finished before is not done again.

    Parameters
    ----------
    calibration
        What is to be calibrated.
    n
        Number of simulations, at least 20.
    root
        Folder of the finished chunks of all calibrations.
    workers
        Fits at the same time. The result does not depend on it.
    alpha
        Level of the verdict.
    stop_early
        Whether to look before the end, at `plan`'s times, and to stop on a clear failure.

    Returns
    -------
    simulations : Simulations
        Fewer than `n` where it stopped early.
    verdict : CalibrationVerdict
        On these.

    Raises
    ------
    InputError
        If `n` is too small, or simulator and program do not fit together.
    RunError
        If a process ends while it fits; finished chunks are kept.

    References
    ----------
    Talts et al. (2018), arXiv:1804.06788. Modrák et al. (2025), Bayesian Analysis 20, 461-488.
    """
    if n < FEWEST:
        raise InputError(
            f"The number of simulations must be at least {FEWEST}, got {n}: fewer say nothing; "
            "1000 is usual."
        )
    folder = ChunkFolder(calibration_folder(calibration, root))
    looks = plan(n, CHUNK, alpha) if stop_early else ()
    for look in looks[:-1]:
        _finish(calibration, folder, range(look.simulations), workers)
        simulations = folder.load(range(look.simulations))
        verdict = judge(simulations, alpha=look.alpha)
        if verdict.status == "not calibrated":
            return simulations, verdict
    _finish(calibration, folder, range(n), workers)
    simulations = folder.load(range(n))
    return simulations, judge(simulations, alpha=looks[-1].alpha if looks else alpha)


def _finish(calibration: Calibration, folder: ChunkFolder, numbers: range, workers: int) -> None:
    """Do the chunks that are missing."""
    missing = folder.missing(numbers)
    total = sum(len(chunk) for chunk in missing)
    for _ in track(_finished(calibration, folder, missing, workers), "simulations", total):
        pass


def _finished(
    calibration: Calibration, folder: ChunkFolder, missing: Sequence[range], workers: int
) -> Iterator[int]:
    """Numbers of the simulations as they end, each chunk kept before its first is told."""
    calls = partial(_simulated, calibration)
    for numbers, done in spread(calls, missing, workers=workers, in_order=False, in_threads=True):
        folder.save(numbers, done)
        yield from numbers


def _simulated(calibration: Calibration, numbers: range) -> tuple[range, Simulations]:
    """A chunk, by a process of its own: that starts within some milliseconds."""
    program = _on_this_machine(calibration)
    with batch_process(program, calibration.settings) as process:
        return numbers, simulate_chunk(
            calibration.simulator,
            process,
            calibration.settings.seed,
            numbers,
            n_ranks=calibration.settings.kept + 1,
            with_further=calibration.with_further,
        )


def _on_this_machine(calibration: Calibration) -> StanProgram:
    """The program, compiled anew where its executable lies on another machine."""
    program = calibration.program
    if program.executable.is_file():
        return program
    here = compile_program(resource("stan", calibration.simulator.program), many_fits=True)
    if here.digest != program.digest:
        raise RunError(
            f"{program.name} is another program here than where the calibration began: install "
            "the same version of whence and of Stan on all machines."
        )
    return here

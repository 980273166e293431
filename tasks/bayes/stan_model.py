"""Sample from a Stan program."""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import arviz as az
import cmdstanpy

from tasks.bayes.inference_data import to_inference_data
from tasks.bayes.stan_data import prepare_data
from tasks.bayes.stan_program import StanProgram, compile_program
from tasks.errors import InputError, RunError, last_lines
from tasks.outside import explain, process_error

WRONG_SIZE = re.compile(r"variable name=(\w+);.* dims declared=(\(.*?\)); dims found=(\(.*?\))")
WRONG_VALUE = re.compile(r"::\w+: (.+ is .+, but must be .+) \(in ('.*', line \d+)")
RETURN_CODES = re.compile(r"retcodes=\[(.+?)\]")
NEVER_ENDED = -1  # what cmdstanpy tells of a chain of which it knows nothing
SIGNIFICANT_DIGITS = 17  # a double survives the CSV unchanged


def sample(
    program: StanProgram | Path,
    data: Mapping[str, Any],
    *,
    seed: int,
    chains: int = 4,
    warmup: int = 1000,
    draws: int = 1000,
    adapt_delta: float = 0.8,
    max_treedepth: int = 10,
    timeout: float | None = None,
    show_progress: bool = False,
    keep_unconstrained: bool = False,
) -> az.InferenceData:
    """Draw from a program's posterior by NUTS, one process a chain, as many at once as cores.

    Parameters
    ----------
    program
        A compiled program, or a ``.stan`` file to compile (kept for the next time).
    data
        Values by name: numbers, nested lists or arrays.
    seed
        0 to 2**32 - 1. The same seed, program and data give the same draws.
    chains, warmup, draws
        Number of chains, and of iterations of each.
    adapt_delta
        Acceptance rate that warm-up aims at, in (0, 1); higher means smaller steps.
    max_treedepth
        At most ``2**max_treedepth`` leapfrog steps an iteration.
    timeout
        Seconds after which the chains are stopped; None waits for ever.
    show_progress
        Whether to draw a bar for each chain on the terminal.
    keep_unconstrained
        Whether to keep the draws on the sampler's own scale, without bounds, too.

    Returns
    -------
    arviz.InferenceData
        Groups ``posterior``, ``sample_stats`` and, where the program generates them,
        ``log_likelihood``, ``posterior_predictive`` and ``observed_data``; where they are kept,
        ``unconstrained_posterior`` with ``values`` (chain, draw, dimension). Attributes tell
        program, its digest, toolchain, seed and settings.

    Raises
    ------
    InputError
        If the program is not valid Stan, the data do not fit it (the message names the variable),
        or a setting is out of its bounds.
    RunError
        If a chain fails or is killed, or the time is up.

    References
    ----------
    Hoffman & Gelman (2014), The No-U-Turn Sampler, JMLR 15, 1593-1623.
    Betancourt (2017), A Conceptual Introduction to Hamiltonian Monte Carlo, arXiv:1701.02434.
    """
    compiled = program if isinstance(program, StanProgram) else compile_program(program)
    used = prepare_data(compiled.declarations, data)
    _check_range("seed", seed, 0, 2**32 - 1)
    _check_range("chains", chains, 1)
    _check_range("warmup", warmup, 1)
    _check_range("draws", draws, 1)
    _check_range("max_treedepth", max_treedepth, 1)
    if not 0 < adapt_delta < 1:
        raise InputError(f"Argument adapt_delta must lie between 0 and 1, got {adapt_delta}.")
    settings: dict[str, Any] = {
        "seed": seed,
        "chains": chains,
        "iter_warmup": warmup,
        "iter_sampling": draws,
        "adapt_delta": adapt_delta,
        "max_treedepth": max_treedepth,
    }
    with tempfile.TemporaryDirectory(prefix="whence-") as folder, cmdstanpy.disable_logging():
        model = cmdstanpy.CmdStanModel(exe_file=compiled.executable)
        try:
            fit = model.sample(
                used,
                **settings,
                output_dir=folder,
                sig_figs=SIGNIFICANT_DIGITS,
                show_progress=show_progress,
                timeout=timeout,
                save_latent_dynamics=keep_unconstrained,
            )
        except TimeoutError as error:
            raise RunError(f"{compiled.name} was stopped after {timeout} s.") from error
        except (RuntimeError, ValueError) as error:  # ValueError: a CSV that is not whole
            raise explain(error) or _explain(compiled, Path(folder), str(error)) from error
        provenance = {
            "program": compiled.name,
            "program_digest": compiled.digest,
            "toolchain": compiled.toolchain,
            **settings,
        }
        return to_inference_data(fit, used, provenance)


def _check_range(name: str, value: int, least: int, most: int = 2**31 - 1) -> None:
    if not least <= value <= most:
        raise InputError(f"Argument {name} must be from {least} to {most}, got {value}.")


def _explain(program: StanProgram, folder: Path, failure: str) -> InputError | RunError:
    """Turn how the chains ended into one error: killed, refused data, or a failed run."""
    codes = RETURN_CODES.search(failure)
    for code in map(int, codes[1].split(",") if codes else []):
        if code < NEVER_ENDED:
            return process_error(f"A chain of {program.name}", "sampled", code, "")
    consoles = sorted(folder.glob("*-stdout*.txt"))
    console = consoles[0].read_text(encoding="utf-8") if consoles else ""
    said = last_lines(console or failure, count=6)
    # Stan reads all data before it takes a first step.
    began = "Gradient evaluation" in console or "initial value" in console.lower()
    if "Exception:" in console and not began:
        reason = console[console.index("Exception:") :].splitlines()[0]
        return InputError(f"{program.name} refuses its data: {in_plain_words(reason)}")
    return RunError(f"{program.name} failed while sampling:\n{said}")


def in_plain_words(reason: str) -> str:
    """What Stan says of data, without its internal names; as it stands where it is not known.

    Examples
    --------
    >>> in_plain_words(
    ...     "Exception: mismatch in dimension declared and found in context; processing "
    ...     "stage=data initialization; variable name=y; position=0; dims declared=(8); "
    ...     "dims found=(7) (in 'm.stan', line 7, column 2 to column 14)"
    ... )
    "'y' must have the size (8), got (7)."
    >>> in_plain_words(
    ...     "Exception: m_model_namespace::m_model: sigma[1] is -1, but must be greater than or "
    ...     "equal to 0.000000 (in 'm.stan', line 8, column 2 to column 27)"
    ... )
    "sigma[1] is -1, but must be greater than or equal to 0.000000 (in 'm.stan', line 8)."
    """
    if size := WRONG_SIZE.search(reason):
        return "{!r} must have the size {}, got {}.".format(*size.groups())
    if value := WRONG_VALUE.search(reason):
        return "{} (in {}).".format(*value.groups())
    return reason

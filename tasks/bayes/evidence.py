"""The log marginal likelihood of a Stan program, from its file to the number."""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tasks.bayes.bridge_sampling import LogEvidence, Method, bridge_sampling
from tasks.bayes.gated_fit import GatedFit, fit_through_gate
from tasks.bayes.inference_data import UNCONSTRAINED
from tasks.bayes.log_density import log_density
from tasks.bayes.stan_model import sample
from tasks.bayes.stan_program import compile_program
from tasks.bayes.stan_source import read_source
from tasks.errors import InputError
from tasks.seeds import generator

COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"[^"\n]*"', re.DOTALL)
DROPS_CONSTANTS = re.compile(r"~|\w+_lup[dm]f\b")


def log_evidence(
    program: Path,
    data: Mapping[str, Any],
    *,
    seed: int,
    method: Method = "warp3",
    chains: int = 4,
    warmup: int = 1000,
    draws: int = 2000,
    timeout: float | None = None,
) -> tuple[LogEvidence, GatedFit]:
    """Sample a posterior and integrate its density by bridge sampling.

    Parameters
    ----------
    program
        A ``.stan`` file that keeps all constants: ``target += normal_lpdf(...)``, never ``~``; a
        prior that is cut must be normalised in it.
    data
        Values by name: numbers, nested lists or arrays.
    seed
        0 to 2**32 - 1: of the chains and of the proposals.
    method
        As `bridge_sampling` takes it.
    chains, warmup, draws
        Number of chains, and of iterations of each.
    timeout
        Seconds after which a fit is stopped; None waits for ever.

    Returns
    -------
    tuple of LogEvidence and GatedFit
        The log marginal likelihood in nats, and the fit that it rests on.

    Raises
    ------
    InputError
        If the program drops constants (the message holds the line), or as `sample` and
        `bridge_sampling` refuse.
    RunError
        If the fit misses its gate, is not ready in time, or the bridge does not converge.
    """
    refuse_dropped_constants(program)
    compiled = compile_program(program)
    passed = fit_through_gate(
        lambda adapt_delta, times: sample(
            compiled,
            data,
            seed=seed,
            chains=chains,
            warmup=times * warmup,
            draws=times * draws,
            adapt_delta=adapt_delta,
            timeout=timeout,
            keep_unconstrained=True,
        ),
        f"The posterior of {compiled.name} given these data",
    )
    evidence = bridge_sampling(
        partial(log_density, compiled, data),
        passed.fit[UNCONSTRAINED]["values"].values,
        method=method,
        rng=generator(seed, "bridge sampling"),
    )
    return evidence, passed


def refuse_dropped_constants(program: Path) -> None:
    """Refuse a program with a statement that leaves constants out of the density.

    Raises
    ------
    InputError
        If the file or one that it includes has a ``~`` or an unnormalised ``_lupdf`` or
        ``_lupmf``; the message holds the line.
    """
    for text in read_source(program).texts:
        code = COMMENT_OR_TEXT.sub(" ", text.decode(errors="replace"))
        for line in code.splitlines():
            if DROPS_CONSTANTS.search(line):
                raise InputError(
                    f"A marginal likelihood needs every constant, {program.stem} drops some in "
                    f"{line.strip()!r}: write `target +=` with `_lpdf` or `_lpmf`."
                )

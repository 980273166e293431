"""`whence fit` and `whence stan`: the Bayesian engine by itself."""

import argparse
import contextlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.errors import InputError
from tasks.locations import resource

if TYPE_CHECKING:
    import pandas as pd

    from tasks.bayes.posterior_diagnostics import Verdict

ROWS_SHOWN = 60
LONGER = "run longer chains (--warmup, --draws), or reparametrise the model"
ADVICE = {
    "R-hat": LONGER,
    "bulk ESS": LONGER,
    "tail ESS": LONGER,
    "number of chains": "run at least 2 chains, better 4 (--chains)",
    "number of divergent transitions": "take smaller steps (--adapt-delta 0.95, then 0.99), "
    "or reparametrise the model",
    "E-BFMI": "reparametrise the model: its tails are too heavy for the sampler",
    "number of draws that are not finite": "mend the program: it computes values that are not "
    "finite",
}

logger = logging.getLogger(__name__)


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands to the parser."""
    fit = subcommands.add_parser(
        "fit",
        help="fit a Stan program to data and judge the fit",
        description="Fit any Stan program by NUTS; print a summary and what the diagnostics say.",
    )
    fit.add_argument("program", type=Path, metavar="PROGRAM.stan")
    fit.add_argument("data", type=Path, metavar="DATA.json")
    fit.add_argument("--chains", type=_whole(1), default=4, help="default %(default)s")
    fit.add_argument("--warmup", type=_whole(1), default=1000, help="default %(default)s")
    fit.add_argument("--draws", type=_whole(4), default=1000, help="default %(default)s")
    fit.add_argument("--seed", type=_whole(0, 2**32 - 1), default=1, help="default %(default)s")
    fit.add_argument("--adapt-delta", type=_rate, default=0.8, help="default %(default)s")
    fit.add_argument("--out", type=Path, metavar="FILE.nc", help="keep all draws as netCDF")
    fit.set_defaults(run=run_fit)

    stan = subcommands.add_parser(
        "stan",
        help="say which Stan is used and what is compiled",
        description="Print the toolchain, its version and place, and the compiled programs.",
    )
    stan.add_argument(
        "--compile",
        nargs="*",
        metavar="PROGRAM",
        help="first build the toolchain and compile the project's programs, or those named, where "
        "missing",
    )
    stan.set_defaults(run=run_stan)


def run_fit(options: argparse.Namespace) -> None:
    """Carry out ``whence fit``."""
    if options.out is not None and not options.out.absolute().parent.is_dir():
        raise InputError(f"--out must lie in a folder that exists, got {str(options.out)!r}.")
    from tasks.bayes.stan_data import read_data
    from tasks.bayes.stan_program import compile_program

    data = read_data(options.data)
    program = compile_program(options.program)
    from tasks.bayes.posterior_diagnostics import check
    from tasks.bayes.posterior_summary import summarize
    from tasks.bayes.stan_model import sample

    with contextlib.redirect_stdout(sys.stderr):  # cmdstanpy's bars write to both
        fit = sample(
            program,
            data,
            seed=options.seed,
            chains=options.chains,
            warmup=options.warmup,
            draws=options.draws,
            adapt_delta=options.adapt_delta,
            show_progress=sys.stderr.isatty(),
        )
    print(f"{program.name}, {options.chains} chains of {options.warmup} + {options.draws}")
    print(f"{program.toolchain}, seed {options.seed}, digest {program.digest[:16]}\n")
    print(format_summary(summarize(fit.posterior)))
    print(f"\n{format_verdict(check(fit))}")
    if options.out is not None:
        unfinished = options.out.with_name(f"{options.out.name}.unfinished")
        fit.to_netcdf(str(unfinished))
        unfinished.replace(options.out)
        print(f"\nAll draws are in {options.out}.")


def run_stan(options: argparse.Namespace) -> None:
    """Carry out ``whence stan``."""
    from tasks.bayes.stan_program import compile_program, compiled_programs, programs_folder
    from tasks.bayes.toolchain import ensure_toolchain, find_toolchain

    if options.compile is not None:
        programs = _named_programs(options.compile)
        ensure_toolchain()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(compile_program, programs))
    toolchain = find_toolchain()
    state = "" if toolchain.is_built else "  (not built yet: it is at the first use)"
    print(f"Toolchain  Stan {toolchain.version} ({toolchain.origin}){state}")
    print(f"Home       {toolchain.home}")
    compiled = compiled_programs()
    print(f"Programs   {len(compiled)} compiled in {programs_folder()}")
    for program in compiled:
        print(f"           {program.name}  {program.digest[:16]}  {program.toolchain}")


def _named_programs(names: Sequence[str]) -> list[Path]:
    """Programs of the project by their names, all of them where none is named."""
    known = {path.stem: path for path in sorted(resource("stan").glob("*.stan"))}
    for name in names:
        if name not in known:
            raise InputError(f"There is no program {name!r}; there are {', '.join(known)}.")
    return [known[name] for name in names] or list(known.values())


def format_summary(table: "pd.DataFrame") -> str:
    """The summary as aligned text, cut where it is long."""
    shown = table.head(ROWS_SHOWN)
    text = shown.to_string(
        float_format="{:.4g}".format,
        formatters={"ess_bulk": _or_dash("{:.0f}"), "ess_tail": _or_dash("{:.0f}")}
        | {"r_hat": _or_dash("{:.3f}"), "mcse_mean": _or_dash("{:.2g}")},
    )
    rest = len(table) - len(shown)
    return text + (f"\n... and {rest} more (--out keeps all draws)" if rest else "")


def format_verdict(verdict: "Verdict") -> str:
    """The verdict as text: one line, a line for each finding, and what to do."""
    count = len(verdict.failures)
    first = (
        "The fit passes: no statistic misses its limit."
        if verdict.passed
        else f"DO NOT TRUST this fit: {count} finding{'s' if count > 1 else ''}."
    )
    lines = [first, *(f"  {finding}" for finding in verdict.failures[:ROWS_SHOWN])]
    if count > ROWS_SHOWN:
        lines.append(f"  ... and {count - ROWS_SHOWN} more")
    statistics = {finding.statistic for finding in verdict.failures}
    advice = dict.fromkeys(ADVICE[name] for name in ADVICE if name in statistics)
    lines += [f"  what to do: {step}" for step in advice]
    lines += [f"  not assessable: {reason}" for reason in verdict.not_assessable]
    lines += [f"  note: {note}" for note in verdict.notes]
    return "\n".join(lines)


def _or_dash(form: str) -> Callable[[float], str]:
    return lambda value: form.format(value) if value == value else "-"


def _whole(least: int, most: int = 2**31 - 1) -> Callable[[str], int]:
    def whole(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"must be a whole number from {least} to {most}, got {text!r}"
            )
        return value

    return whole


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must lie between 0 and 1, got {text!r}")
    return value

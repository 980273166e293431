"""`whence sbc`: whether a Bayesian model's posterior can be trusted."""

import argparse
import json
from pathlib import Path

from flows.parameters import parse_parameters
from tasks.errors import InputError
from tasks.run_store import RunStore

SETTINGS = {
    "num_simulations": "simulations",
    "validation_type": "validation",
    "data": "data",
    "design_of": "of",
    "seed": "seed",
    "adapt_delta": "adapt_delta",
}
"""Parameters of the flow, by the options that set them."""


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    sbc = subcommands.add_parser(
        "sbc",
        help="test by simulation whether a Bayesian model can be trusted",
        description="Simulation-based calibration: draw parameters from the prior and data from "
        "the parameters, fit, and test whether the true values rank uniformly among the draws. "
        "What an earlier run with the same model, design and seed has finished is not done again, "
        "also if it was killed; more simulations extend it.",
    )
    sbc.add_argument(
        "model",
        metavar="MODEL",
        nargs="?",
        help="program in stan/, such as hierarchical_noncentered",
    )
    sbc.add_argument("--simulations", metavar="N", help="data sets to simulate (default: 1000)")
    sbc.add_argument(
        "--validation",
        metavar="TYPE",
        help="quick (stops early on a clear failure), comprehensive (default), or posterior "
        "(around the posterior given --data)",
    )
    sbc.add_argument("--data", metavar="FILE.json", help="design and priors, as data of the model")
    sbc.add_argument(
        "--of", metavar="RUN", help="design of the model that a run has fitted, in place of --data"
    )
    sbc.add_argument("--seed", metavar="N", help="of all random numbers (default: 1)")
    sbc.add_argument("--adapt-delta", metavar="X", help="aim of warm-up (default: 0.8)")
    sbc.add_argument(
        "--resume",
        metavar="RUN",
        help="go on with a run that was killed, or extend one (--simulations)",
    )
    sbc.set_defaults(run=run_sbc)


def run_sbc(options: argparse.Namespace) -> None:
    """Carry out ``whence sbc``."""
    from flows.environment import quiet_environment

    quiet_environment(options.debug)
    from flows.local_run import run_locally
    from flows.sbc_parameters import SbcParameters
    from flows.sbc_validate import sbc_validate

    store = RunStore.current()
    values = _begun(store, options.resume) if options.resume else {"model_id": options.model}
    if not values["model_id"]:
        raise InputError("Name a model to calibrate, or a run to go on with (--resume RUN).")
    if options.model not in (None, values["model_id"]):
        raise InputError(
            f"Run {options.resume} calibrates {values['model_id']}, not {options.model}: leave the "
            "model out."
        )
    given = {name: getattr(options, option) for name, option in SETTINGS.items()}
    values |= {name: value for name, value in given.items() if value is not None}
    if options.data:
        values["data"] = str(Path(options.data).absolute())  # so that it can be found again
    run = run_locally(sbc_validate, parse_parameters(SbcParameters, values))
    print(store.read_file(run, "report.txt"))
    print(f"Run {run.partition('/')[2]}, kept in {store.root.rstrip('/')}/{run}/")


def _begun(store: RunStore, name: str) -> dict[str, object]:
    """Parameters of a run that may have been killed, with its own copy of the data."""
    from flows.sbc_parameters import DATA, PARAMETERS

    run = store.find(name, PARAMETERS)
    values: dict[str, object] = json.loads(store.read_file(run, PARAMETERS))
    kept = Path(store.root) / run / DATA
    if values["data"] and store.is_local and kept.is_file():
        values["data"] = str(kept)
    return values

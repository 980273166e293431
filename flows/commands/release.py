"""`whence release`: another installed version takes the place of the one that serves."""

import argparse
from functools import partial
from pathlib import Path

from tasks.errors import InputError

SECONDS_TO_WAIT = 3600.0


def add_commands(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    release = subcommands.add_parser(
        "release",
        help="serve another installed version, without a failed request",
        description="Try the version in another Python environment beside the one that `whence "
        "serve` serves, on copies of its databases; where it does well, it takes its place on the "
        "same addresses, and where it fails the old one goes on. Exit code 3 if it fails.",
    )
    release.add_argument(
        "environment",
        type=Path,
        nargs="?",
        metavar="ENVIRONMENT",
        help="folder of a Python environment in which the version is installed",
    )
    release.add_argument(
        "--back", action="store_true", help="serve again what served before the last release"
    )
    release.add_argument(
        "--wait",
        type=seconds,
        default=SECONDS_TO_WAIT,
        metavar="SECONDS",
        help="how long to wait for runs under way before the release is given up (default: 3600)",
    )
    release.set_defaults(run=run_release)


def seconds(text: str) -> float:
    """A number of seconds, from the command line."""
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"must be a number of seconds, got {text!r}")
    return float(text)


def run_release(options: argparse.Namespace) -> None:
    """Carry out ``whence release``."""
    if options.back == (options.environment is not None):
        raise InputError("Name the environment to release, or give --back; one of the two.")
    from flows.environment import quiet_environment
    from flows.installation.state import service_folder
    from flows.release.release import find_service, go_back, release

    quiet_environment(options.debug)
    service = find_service(service_folder())
    tell = partial(print, flush=True)
    if options.back:
        go_back(service, options.wait, tell)
    else:
        release(service, options.environment.absolute(), options.wait, tell)

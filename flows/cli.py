"""The command line: `whence COMMAND ...`."""

import argparse
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from flows.commands import (
    api,
    beliefs,
    compare,
    coverage,
    diff,
    domains,
    profile,
    release,
    run,
    runs,
    sbc,
    scm,
    serve,
    stan,
)
from flows.terminal import HarmlessLines, harmless, harmless_output
from tasks.errors import InputError, RunError
from tasks.outside import explaining

BAD_INPUT = 2
FAILED_RUN = 3
NOT_FOR_ALL = 0o007
"""Of what is written others see nothing; one's group sees what the user's own umask lets it."""


def build_parser() -> argparse.ArgumentParser:
    """Parser of all subcommands; each sets ``run``, the function that carries it out."""
    parser = argparse.ArgumentParser(
        prog="whence",
        description="Where in a relational database a model's uncertainty comes from, "
        "and what mending it is worth.",
    )
    _add_debug(parser, default=False)
    subcommands = parser.add_subparsers(metavar="COMMAND", required=True)
    run.add_commands(subcommands)
    runs.add_commands(subcommands)
    diff.add_commands(subcommands)
    domains.add_commands(subcommands)
    profile.add_commands(subcommands)
    sbc.add_commands(subcommands)
    coverage.add_commands(subcommands)
    compare.add_commands(subcommands)
    scm.add_commands(subcommands)
    beliefs.add_commands(subcommands)
    api.add_commands(subcommands)
    serve.add_commands(subcommands)
    release.add_commands(subcommands)
    stan.add_commands(subcommands)
    for subcommand in _below(subcommands):
        _add_debug(subcommand, default=argparse.SUPPRESS)
    return parser


def _below(
    subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> Iterator[argparse.ArgumentParser]:
    """Parsers of all subcommands, and of theirs."""
    for parser in subcommands.choices.values():
        yield parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                yield from _below(action)


def _add_debug(parser: argparse.ArgumentParser, default: object) -> None:
    """Accept ``--debug`` before and after the name of the command."""
    parser.add_argument(
        "--debug", action="store_true", default=default, help="show tracebacks and more log"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments
        Words after ``whence``; those of the process if None.

    Returns
    -------
    int
        0, or 2 for bad input, or 3 for a run that failed; of a worker 1 where it refuses.
    """
    warnings.filterwarnings("ignore", message=r"\s*ArviZ is undergoing", category=FutureWarning)
    options = build_parser().parse_args(arguments)
    before = os.umask(NOT_FOR_ALL)
    os.umask(before | NOT_FOR_ALL)
    try:
        with _own_messages(options.debug), harmless_output(), explaining():
            code = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (InputError, RunError) as error:
        if options.debug:
            print(harmless(traceback.format_exc()), end="", file=sys.stderr)
        print(harmless(f"whence: {error}"), file=sys.stderr)
        return BAD_INPUT if isinstance(error, InputError) else FAILED_RUN
    else:
        return int(code or 0)
    finally:
        os.umask(before)
    return 0


@contextmanager
def _own_messages(debug: bool) -> Iterator[None]:
    """Show the messages of this project, and of no library, on the terminal."""
    handler = logging.StreamHandler()
    handler.setFormatter(HarmlessLines("%(message)s"))
    loggers = [logging.getLogger(package) for package in ("flows", "tasks")]
    for logger in loggers:
        logger.setLevel(logging.DEBUG if debug else logging.INFO)
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


if __name__ == "__main__":
    sys.exit(main())

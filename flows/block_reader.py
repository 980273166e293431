"""Prefect's blocks for commands that need no Prefect otherwise."""

from collections.abc import Callable


def block_reader(*, debug: bool) -> Callable[[str], str]:
    """Gives what reads a Secret block; Prefect is started only if one is read.

    Parameters
    ----------
    debug
        Whether Prefect may speak.
    """

    def read(name: str) -> str:
        from flows.environment import quiet_environment

        quiet_environment(debug)
        from tasks.relations.steps import read_block

        return read_block(name)

    return read

"""Keeps one program: ends it, and all that came of it, when its own parent ends or asks for it.

``python -m flows.service.keeper SECONDS PROGRAM ...``: while standard input stays open, the program
runs. What its descendants leave behind falls to the keeper, which ends it. The first line of
standard output names the program's process; everything else goes to standard error.
"""

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress

from flows.installation.processes import adopt_orphans, children, descendants, end_all, reap

SECONDS_BETWEEN_LOOKS = 1.0
STANDARD_INPUT, STANDARD_ERROR = 0, 2


def main() -> int:
    """Run the program that the command line names.

    Returns
    -------
    int
        Its exit code, or 128 and the number of the signal that ended it.
    """
    seconds, command = float(sys.argv[1]), sys.argv[2:]
    adopt_orphans()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # its parent alone ends it; the program hears them
    program = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=STANDARD_ERROR, close_fds=False
    )
    print(program.pid, flush=True)  # noqa: T201 (the parent reads it)
    _wait(program)
    if program.poll() is None:
        program.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            program.wait(seconds)
    while left := descendants(os.getpid()):
        end_all(left)
        reap(pid for pid in left if pid != program.pid)
        program.poll()
    code = program.wait()
    return code if code >= 0 else 128 - code


def _wait(program: subprocess.Popen[bytes]) -> None:
    """Until the program ends or is to end; what is left behind meanwhile is ended."""
    ended = os.pidfd_open(program.pid)
    try:
        while not select.select([STANDARD_INPUT, ended], [], [], SECONDS_BETWEEN_LOOKS)[0]:
            orphans = [pid for pid in children(os.getpid()) if pid != program.pid]
            end_all(orphans)
            reap(orphans)
    finally:
        os.close(ended)


if __name__ == "__main__":
    sys.exit(main())

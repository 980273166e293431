"""Ends a release that broke off: ``python -m flows.release.broken_off``, run by the supervisor."""

import sys

from filelock import Timeout

from flows.installation.release_state import release_lock
from flows.installation.service import Service, adopt_variables
from flows.installation.state import running_service, service_folder
from flows.release.ending import take_back
from tasks.errors import RunError


def main() -> int:
    """Take back the release that was under way, or finish it where it was confirmed.

    Returns
    -------
    int
        0, or 1 where that failed.
    """
    folder = service_folder()
    running = running_service(folder)
    if running is None:
        return 0
    service = Service(folder, running)
    adopt_variables(service)
    try:
        with release_lock(folder).acquire(timeout=0):
            take_back(service, print)
    except Timeout:  # another release ends it
        return 0
    except RunError as error:
        print(error, file=sys.stderr)  # noqa: T201 (for the log)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""URLs that are shown and kept, so that none may hold a secret."""

import re
from urllib.parse import parse_qsl

from tasks.errors import InputError

SECRET = re.compile("pass|secret|token|key|signature|credential", re.IGNORECASE)
"""In the names of options that hold one."""


def without_secret(url: str) -> str:
    """The root of a run store, if it holds no password or key.

    Raises
    ------
    InputError
        If it holds one. The message does not repeat it.

    Examples
    --------
    >>> without_secret("s3://bucket/runs"), without_secret("sftp://ann@host/runs")
    ('s3://bucket/runs', 'sftp://ann@host/runs')
    """
    _, _, beyond = url.partition("://")
    address, _, options = beyond.partition("?")
    names = [name for name, _ in parse_qsl(options, keep_blank_values=True)]
    if ":" in address.rpartition("@")[0] or any(map(SECRET.search, names)):
        raise InputError(
            "WHENCE_RUNS must hold no password or key, as it is shown and kept: leave that to the "
            "environment, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    return url

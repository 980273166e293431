"""Settings of Prefect and Great Expectations, made before either is imported."""

import os

QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "60",
    # No page of another site may ask the temporary server.
    "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "http://127.0.0.1",
}
NO_CONSOLE = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"}


def quiet_environment(debug: bool) -> None:
    """Send nothing to anybody, and keep Prefect's log off the terminal unless asked for.

    Parameters
    ----------
    debug
        Whether Prefect's log goes to the terminal. A run's log is kept with the run either way.

    Notes
    -----
    What the user has set stays as it is.
    """
    for name, value in (QUIET if debug else QUIET | NO_CONSOLE).items():
        os.environ.setdefault(name, value)

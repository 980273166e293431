"""Copies of databases of PostgreSQL, by the programs that come with it."""

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import URL

from tasks.errors import RunError, last_lines
from tasks.whole_files import whole_file

CONNECTED, MAINTENANCE = "--dbname", "--maintenance-db"
FIRST_DATABASE = "postgres"
EMPTY = """
DO $$ DECLARE found record; BEGIN
  FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('DROP TABLE public.%I CASCADE', found.tablename);
  END LOOP;
  FOR found IN SELECT typname FROM pg_type WHERE typtype = 'e'
      AND typnamespace = 'public'::regnamespace LOOP
    EXECUTE format('DROP TYPE public.%I CASCADE', found.typname);
  END LOOP;
END $$;
"""


def dump(url: URL, copy: Path) -> None:
    """Copy a database into a file, as it is at one moment.

    Raises
    ------
    RunError
        If ``pg_dump`` is not there, or fails.
    """
    with whole_file(copy) as unfinished:
        options = ("--format=custom", "--no-owner", "--no-comments", f"--file={unfinished}")
        _run("pg_dump", url, CONNECTED, *options)


def load(copy: Path, url: URL) -> None:
    """Make a database what its copy is, whole or not at all; what was added since is dropped.

    Raises
    ------
    RunError
        If a program is not there, or fails.
    """
    script = copy.with_suffix(".sql")
    try:
        _run("pg_restore", None, CONNECTED, "--no-owner", f"--file={script}", str(copy))
        options = ("--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
        _run("psql", url, CONNECTED, *options, f"--command={EMPTY}", f"--file={script}")
    finally:
        script.unlink(missing_ok=True)


def make_copy(copy: Path, url: URL) -> None:
    """Make a new database of a copy.

    Parameters
    ----------
    copy
        As of `dump`.
    url
        Of the new database, whose user must be allowed to make one.

    Raises
    ------
    RunError
        If a program is not there, or fails.
    """
    _run("createdb", url.set(database=FIRST_DATABASE), MAINTENANCE, str(url.database))
    _run("pg_restore", url, CONNECTED, "--no-owner", "--exit-on-error", str(copy))


def drop(url: URL) -> None:
    """Remove a database, if it is there.

    Raises
    ------
    RunError
        If a program is not there, or fails.
    """
    options = ("--if-exists", "--force", str(url.database))
    _run("dropdb", url.set(database=FIRST_DATABASE), MAINTENANCE, *options)


def _run(program: str, url: URL | None, where: str, *options: str) -> None:
    """Run a program of PostgreSQL; the password is on no command line."""
    path = shutil.which(program)
    if path is None:
        raise RunError(
            f"A database of PostgreSQL is copied by {program}, which is not on the PATH: install "
            "PostgreSQL's client programs (Debian, Ubuntu: apt-get install postgresql-client)."
        )
    variables = dict(os.environ)
    words = [path]
    if url is not None:
        shown = url.set(drivername="postgresql", password=None)
        words.append(f"{where}={shown.render_as_string(hide_password=False)}")
        if url.password:
            variables["PGPASSWORD"] = str(url.password)
    done = subprocess.run(
        [*words, *options],
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RunError(f"{program} failed: {last_lines(done.stderr, 3)}")

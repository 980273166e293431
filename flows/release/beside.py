"""A second service of another version, beside the one that serves, on copies of its databases."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from flows.installation.databases import Database
from flows.installation.postgresql import drop, make_copy
from flows.installation.release_state import Release, deployments_of
from flows.installation.service import Service, page_database
from flows.installation.state import Running, log_file, read_state
from flows.service.child import Child, Program
from tasks.beliefs.registry_url import VARIABLE as REGISTRY_VARIABLE
from tasks.errors import RunError, last_lines
from tasks.installation_key import KEY

NAME = "beside"
VARIABLE = "WHENCE_BESIDE"
SHOWN = "postgresql"
LONGEST_NAME = 63
SECONDS_TO_START = 900.0
SECONDS_TO_END = 60.0
SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True)
class Beside:
    """Where the second service lies.

    Attributes
    ----------
    service
        The one that serves.
    """

    service: Service

    @property
    def folder(self) -> Path:
        """All that it keeps."""
        return self.service.folder / NAME

    @property
    def page(self) -> Database:
        """The copy of Prefect's database."""
        own = page_database(None, self.folder / "service")
        return own if self.service.page.file else self._named(self.service.page)

    @property
    def registry(self) -> Database:
        """The copy of the registry of beliefs."""
        live = self.service.registry
        url = URL.create(live.url.drivername, database=str(self.folder / "registry.db"))
        return Database(live.name, url) if live.file else self._named(live)

    @property
    def runs(self) -> Path:
        """Its run store."""
        return self.folder / "runs"

    def make(self, backup: Path) -> None:
        """Make the databases from their copies, and a key.

        Raises
        ------
        RunError
            If that is not possible.
        """
        self.remove()
        self.folder.mkdir(mode=0o700)
        for database, live in self._pairs():
            copy = live.copy_in(backup)
            if database.file is None:
                make_copy(copy, database.url)
            elif copy.is_file():
                database.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                shutil.copyfile(copy, database.file)
        key = self.service.folder.parent / KEY
        if key.is_file():
            shutil.copy(key, self.folder / KEY)

    def remove(self) -> None:
        """Remove all of it."""
        for database, _ in self._pairs():
            if database.file is None:
                drop(database.url)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def serving(self, release: Release) -> Iterator[tuple[Running, Child]]:
        """Serve the later version inside the block; its logs are kept.

        Raises
        ------
        RunError
            If it does not begin to work.
        """
        log = log_file(self.service.folder, NAME)
        log.unlink(missing_ok=True)
        child = Child(self._program(release, log))
        try:
            yield self._await(child, log), child
        finally:
            child.end()
            logs = log_file(self.folder / "service", NAME).parent
            if logs.is_dir():
                shutil.copytree(logs, log.with_suffix(""), dirs_exist_ok=True)

    def _program(self, release: Release, log: Path) -> Program:
        python = Path(release.after.environment) / "bin" / "python3"
        own = {"WHENCE_DATA": str(self.folder), "WHENCE_RUNS": str(self.runs)}
        given = Path(self.service.running.deployments)
        deployments = deployments_of(release.after, release.before, given)
        options = ["--deployments", str(deployments)]
        if self.page.file is None:
            own[VARIABLE] = self.page.url.set(drivername=SHOWN).render_as_string(
                hide_password=False
            )
            options += ["--database", f"env:{VARIABLE}"]
        registry = self.registry.url
        own[REGISTRY_VARIABLE] = registry.render_as_string(hide_password=False)
        serve = ("-m", "flows.cli", "serve", "--port", "0", "--api-port", "0")
        return Program(
            name=NAME,
            command=[str(python), *serve, *options],
            environment={**os.environ, **own},
            log=log,
            seconds_to_end=SECONDS_TO_END,
        )

    def _await(self, child: Child, log: Path) -> Running:
        deadline = time.monotonic() + SECONDS_TO_START
        while child.code is None and time.monotonic() < deadline:
            if running := read_state(self.folder / "service"):
                return running
            time.sleep(SECONDS_BETWEEN_LOOKS)
        text = log.read_text(encoding="utf-8", errors="replace")
        raise RunError(f"It did not begin to work; its log ends so ({log}):\n{last_lines(text)}")

    def _pairs(self) -> list[tuple[Database, Database]]:
        return [(self.page, self.service.page), (self.registry, self.service.registry)]

    def _named(self, live: Database) -> Database:
        name = f"{str(live.url.database)[: LONGEST_NAME - len(NAME) - 1]}_{NAME}"
        return Database(live.name, live.url.set(database=name))

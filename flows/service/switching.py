"""A supervisor serves what a release wants: that is read from a file, and answered in another."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from flows.installation.databases import Database
from flows.installation.migrations import bring_page, bring_registry
from flows.installation.plan import Plan
from flows.installation.release_state import (
    RELEASED,
    Answer,
    Release,
    Version,
    deployments_of,
    read_answer,
    read_release,
    served_version,
)
from flows.installation.service import page_database, registry_database
from flows.service.deployment_file import NAME as DEPLOYMENTS
from flows.service.hand_over import HandOver
from flows.service.stack import Stack
from tasks.errors import InputError, RunError
from tasks.locations import resource

Tell = Callable[[str], None]


def first_stack(plan: Plan) -> Stack:
    """What a service begins with: what was released last, else this environment.

    Raises
    ------
    InputError
        If what was released is gone.
    """
    version = served_version(plan.folder)
    if version is None:
        return Stack(Path(sys.prefix), plan)
    if not Path(version.environment).is_dir():
        raise InputError(
            f"{version.version} in {version.environment} was released last, and is gone: install "
            f"it there again, or remove {plan.folder / RELEASED} to serve {sys.prefix}."
        )
    is_own = plan.deployments == resource(DEPLOYMENTS)
    deployments = Path(version.deployments) if is_own else plan.deployments
    return Stack(Path(version.environment), replace(plan, deployments=deployments))


@dataclass(frozen=True)
class Switching:
    """A stack replaced by that of the version that a release wants.

    Attributes
    ----------
    is_over
        Whether nobody wants to be served any more.
    tell
        Is given each line that the user is to read.
    """

    is_over: Callable[[], bool]
    tell: Tell

    def switch(self, stack: Stack) -> tuple[Stack, Answer] | None:
        """Serve what a release wants.

        Parameters
        ----------
        stack
            What serves.

        Returns
        -------
        tuple or None
            What serves now, and how the release is to be answered; None where none wants anything.

        Raises
        ------
        RunError
            If neither what is wanted can serve nor what served before.
        """
        folder = stack.plan.folder
        release = read_release(folder)
        wanted = release.wanted_version if release else None
        if not release or not wanted or release.is_answered_by(read_answer(folder)):
            return None
        done = Answer(backup=release.backup, wanted=wanted.environment)
        if str(stack.environment) == wanted.environment:
            return stack, done
        self.tell(f"Handing over to {wanted.version} in {wanted.environment}")
        later = _stack_of(release, wanted, stack.plan)
        try:
            self._hand_over([stack], later, release, wanted)
        except RunError as error:
            if wanted == release.before:
                raise
            self.tell(f"{wanted.version} cannot serve, back to {release.before.version}: {error}")
            again = _stack_of(release, release.before, later.plan)
            self._hand_over([stack, later], again, release, release.before)
            return again, done.model_copy(update={"error": str(error)})
        return None if self.is_over() else (later, done)

    def _hand_over(self, earlier: list[Stack], later: Stack, release: Release, to: Version) -> None:
        plan = later.plan
        page = page_database(plan.database, plan.folder)
        hand_over = HandOver(
            earlier,
            later,
            lambda: self._bring(bring_registry, registry_database(), release, to),
            lambda: self._bring(bring_page, page, release, to),
            self.is_over,
        )
        try:
            hand_over.carry_out()
        except RunError:
            if to == release.before:  # there is no way further back
                for stack in (*earlier, later):
                    stack.end_all()
            raise

    def settle(self, plan: Plan) -> None:
        """Before anything serves, bring databases back from a release that broke off.

        Raises
        ------
        RunError
            If that is not possible.
        """
        release = read_release(plan.folder)
        if release is not None and release.wanted and not release.is_confirmed:
            self.tell(f"A release of {release.after.version} broke off, and is taken back")
            page = page_database(plan.database, plan.folder)
            self._bring(bring_page, page, release, release.before)
            self._bring(bring_registry, registry_database(), release, release.before)

    def _bring(
        self,
        bring: Callable[[Database, Version, Version], None],
        database: Database,
        release: Release,
        to: Version,
    ) -> None:
        """On the way back, where no migration leads there, the copy is put back."""
        try:
            bring(database, to, release.after if to == release.before else release.before)
        except RunError as error:
            if to != release.before:
                raise
            self.tell(f"{error}; the copy in {release.backup} is put back")
            database.put_back(Path(release.backup))


def _stack_of(release: Release, to: Version, plan: Plan) -> Stack:
    other = release.after if to == release.before else release.before
    deployments = deployments_of(to, other, plan.deployments)
    return Stack(Path(to.environment), replace(plan, deployments=deployments))

"""One workspace under examination: what several checks need is read once, and a fault in one of it stops no other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from newsletter.errors import DatabaseError
from newsletter.senders import registry
from newsletter.senders.provider import Opening
from newsletter.text.mailbox import split_mailbox
from newsletter.text.sentences import said
from newsletter.wiring import WatchedWorkspace
from newsletter.workflows import status
from newsletter.workflows.doctor.hiding import SecretHider, secrets_of
from newsletter.workflows.doctor.models import Instruments, SkippedCheck
from newsletter.workspace.config import FILE, SettingsFound, load_what_can_be

if TYPE_CHECKING:
    from newsletter.senders.provider import Provider
    from newsletter.senders.reports import AccountState
    from newsletter.workflows.status import Finding, WorkspaceState
    from newsletter.workspace.config import Settings

Value = TypeVar("Value")


class _Once(Generic[Value]):
    """A value that several threads want and one of them reads; the others wait, and get its error too.

    Args:
        read: Reads it.
    """

    def __init__(self, read: Callable[[], Value]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._found: Value | None = None
        self._error: BaseException | None = None
        self._done = False

    def __call__(self) -> Value:
        """The value."""
        with self._lock:
            if not self._done:
                try:
                    self._found = self._read()
                except Exception as error:
                    self._error = error
                self._done = True
        if self._error is not None:
            raise self._error
        return self._found  # type: ignore[return-value]  # done without an error


def _settings_of(root: Path, environment: Mapping[str, str]) -> SettingsFound:
    try:
        return load_what_can_be(root, environment)
    except Exception as error:
        # A file made to break its reader, such as one of ten thousand brackets, is a fault of the settings too.
        return SettingsFound(None, (f"{root / FILE}: cannot be read ({type(error).__name__})",))


class Examination:
    """A workspace under examination; it is never changed.

    Args:
        root: The folder that holds newsletter.toml.
        environment: Of the process.
        instruments: What to look with.
        offline: Ask nobody over the network.
        mailbox: The mailbox that answers come to, if somebody names it.
    """

    def __init__(
        self,
        root: Path,
        environment: Mapping[str, str],
        instruments: Instruments,
        *,
        offline: bool = False,
        mailbox: Path | None = None,
    ) -> None:
        self.root = root
        self.environment = environment
        self.instruments = instruments
        self.offline = offline
        self.mailbox = mailbox
        self.found = _settings_of(root, environment)
        self.hide = SecretHider(secrets_of(root, environment, self.found.settings))
        self.state = _Once(self._state)
        self.account = _Once(lambda: self._look(self.settings.sender.kind))
        self.fallback_account = _Once(lambda: self._look(self.settings.sender.fallback))
        self.version = _Once(self._version)
        self._workspace = _Once(self._opened)

    @property
    def settings(self) -> Settings:
        """What could be read of the settings.

        Raises:
            SkippedCheck: Nothing could.
        """
        if self.found.settings is None:
            raise SkippedCheck("the settings cannot be read", "mend them first; the line Settings says what is wrong")
        return self.found.settings

    @property
    def workspace(self) -> WatchedWorkspace:
        """The workspace, opened for looking.

        Raises:
            SkippedCheck: Its settings cannot be read.
        """
        return self._workspace()

    def _opened(self) -> WatchedWorkspace:
        found = WatchedWorkspace(self.root, self.settings, self.environment)
        if self.instruments.now is not None:
            found.now = self.instruments.now  # type: ignore[method-assign]
        return found

    def now(self) -> datetime:
        """The present moment."""
        return self.instruments.now() if self.instruments.now is not None else datetime.now(UTC)

    @property
    def provider(self) -> Provider[Any]:
        """What letters go through."""
        return registry.provider(self.settings.sender.kind)

    @property
    def carries(self) -> bool:
        """Whether letters go through a provider, and not into the outbox of this machine."""
        return self.provider.account is not None

    @cached_property
    def domain(self) -> str:
        """Domain of From, in ASCII."""
        return split_mailbox(self.settings.sender.from_)[1].rpartition("@")[2].lower()

    @property
    def file(self) -> Path | None:
        """The file of the database; None for PostgreSQL."""
        url = self.settings.database_url
        return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None

    @property
    def has_database(self) -> bool:
        """Whether there is one: a workspace that was just made has none."""
        return self.file is None or self.file.exists()

    def _version(self) -> str | None:
        from newsletter.storage.database import version

        self.workspace.memory.expect()  # one that was there before is missed, also where an empty file took its place
        if not self.has_database:
            raise SkippedCheck("there is no database yet; the first command that needs it makes it")
        return version(self.workspace.any_database)

    def _state(self) -> WorkspaceState:
        from newsletter.storage.database import HEAD

        try:
            found = self.version()
        except DatabaseError as error:
            raise SkippedCheck("the database cannot be read; the line Database says why") from error
        if found != HEAD:
            raise SkippedCheck("the database is of another version; the line Database says more")
        return status.workspace_state(self.workspace, disk_usage=self.instruments.disk_usage)

    def findings(self, *kinds: str) -> list[Finding]:
        """What ``newsletter status`` says of some kinds.

        Args:
            kinds: Of ``newsletter.workflows.status.texts``.

        Raises:
            SkippedCheck: The database cannot be read.
        """
        return [one for one in status.findings_of(self.state()) if one.kind in kinds]

    def other_findings(self, kinds: Collection[str]) -> list[Finding]:
        """What ``newsletter status`` says of all other kinds.

        Args:
            kinds: Those that are told elsewhere.

        Raises:
            SkippedCheck: The database cannot be read.
        """
        return [one for one in status.findings_of(self.state()) if one.kind not in kinds]

    def _look(self, name: str) -> AccountState:
        """What a provider says of the account; nobody is sent anything."""
        from newsletter.letters.mime import SLOT_WIDTHS

        sender, provider = self.settings.sender, registry.provider(name)
        if provider.look is None:
            raise SkippedCheck(said("nobody can be asked about {provider}", provider=provider.title))
        if self.offline and provider.account is not None:
            raise SkippedCheck("not asked, as --offline says")
        opening = Opening(self.root, self.settings.outbox, sender.fsync, sender.batch, SLOT_WIDTHS)
        return provider.look(self.settings.options[name], opening)

    def close(self) -> None:
        """Close what was opened."""
        try:
            self.workspace.close()
        except SkippedCheck:
            return

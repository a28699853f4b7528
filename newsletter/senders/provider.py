"""What a provider's entry in the table says: all that the rest of the program asks about one provider."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from newsletter.fields import SettingsSection
    from newsletter.senders import Sender
    from newsletter.senders.reports import AccountState, Authentication, ReportReader, SentMessages, SuppressionLists


LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that are this machine itself: a stand-in there is no provider."""


LOOK_SECONDS: Final = 8.0
"""Seconds that one step of looking at an account may take: somebody waits for it."""

Options = TypeVar("Options")
"""The class of a provider's own section of the settings; None for one without a section."""


def fingerprint(secret: str) -> str:
    """A short name for a key by which nobody can find the key; empty for none.

    Args:
        secret: Made at random by its provider, so that no list of likely ones can be tried.
    """
    return hashlib.sha256(b"nashra account\0" + secret.encode("utf-8")).hexdigest()[:8] if secret else ""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a provider is opened with, besides its own section of the settings."""

    root: Path
    """The workspace; relative paths in the settings start here."""
    outbox: Path
    """``[sender] outbox``."""
    fsync: bool
    """``[sender] fsync``."""
    batch: int
    """``[sender] batch``."""
    widths: Mapping[str, int]
    """Bytes of each slot's value in a letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider(Generic[Options]):
    """Everything that the rest of the program asks about one provider."""

    name: str
    """``[sender] kind``, the section of its settings, and ``/hooks/<name>``."""
    title: str
    """As editors know it."""
    summary: str
    """One line for the comment beside ``kind`` in docs/en/settings.md; empty when the title says enough."""
    options: Callable[[], type[SettingsSection]] | None = None
    """Gives the class of its section; None when ``[sender]`` says all it needs."""
    open: Callable[[Options, Opening], Sender]
    """Makes it ready to be loaded with letters."""
    account: Callable[[Options], str] | None = None
    """Gives what tells this account from another one, without a secret in it: a send goes on with the same alone."""
    lacks: Callable[[Options], str] = lambda _: ""
    """Gives the key of its section without which nothing can go; empty when it is set up."""
    many_at_once: bool = False
    """Whether many letters go in one request, so that making it keeps a core busy, and two do it faster than one."""
    leaves: Callable[[Options], bool]
    """Whether letters leave this machine, so that real people may get them."""
    least_lease: Callable[[Options], float] | None = None
    """Gives the seconds that a lease must last at least: longer than the longest wait between two looks at it."""
    kept: Callable[[Path, str], Mapping[str, str]] | None = None
    """Gives the letters of a send that it keeps on this machine, names of deliveries with addresses, for the path of
    ``[sender] outbox`` and the send's public id; None when it keeps none, and nothing here tells who has had one."""
    authentication: Authentication
    """What DNS must say for its letters to be believed."""
    bounces_to: Callable[[Options], str] = lambda _: ""
    """Gives the address that its section names for bounces; empty for the one in From, or one of the provider's."""
    look: Callable[[Options, Opening], AccountState] | None = None
    """Asks it how the account is, without sending or changing anything; raises SendError or SettingsError when it
    cannot be reached or nothing can go. None when there is nobody to ask."""
    reports: Callable[[Options], ReportReader | None] | None = None
    """Gives what verifies and reads its event reports; None while the settings lack what that needs."""
    reports_clicks: bool = False
    """Whether it reports which links were clicked, of a letter that asks for it."""
    reports_fault: Callable[[Options], str] = lambda _: ""
    """Gives why no report of events can verify with what its section says, in words; empty when one can."""
    suppressions: Callable[[Options], SuppressionLists] | None = None
    """Gives the lists that it keeps itself of addresses it does not mail."""
    ask: Callable[[Options], SentMessages] | None = None
    """Gives what it shows of the messages it took, to be asked about deliveries in doubt; None if it shows nothing."""
    secrets: tuple[str, ...] = ()
    """Keys of its section whose values are never shown; each can stand in a file ``secrets/<name>.<key>``."""
    example: str = ""
    """The lines of its section in the file to copy from of docs/en/settings.md, without the header."""

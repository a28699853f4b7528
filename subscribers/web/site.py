"""What the reader pages are handed: everything they need of the other wing, and must not import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from subscribers.actions.waiting import PENDING_LASTS
from subscribers.models import RHYTHMS, Rhythm
from subscribers.store.limits import Caps
from subscribers.web.places import Places

if TYPE_CHECKING:
    from sqlalchemy import Connection

Page = Callable[[str, Mapping[str, Any]], str]
"""Template name and values in, the finished text out."""

Hook = Callable[[Mapping[str, str], bytes], int]
"""The report of a provider (headers with names in lower case, raw body) in, an HTTP status out."""


class Transactions(Protocol):
    """Transactions of the workspace's database."""

    def read(self) -> AbstractContextManager[Connection]:
        """One reading transaction."""

    def write(self) -> AbstractContextManager[Connection]:
        """One writing transaction, committed at the end of the block."""


@dataclass(frozen=True)
class Site:
    """The reader pages of one workspace."""

    base: str
    """Address of the pages without a slash at its end, for example ``https://news.example.org``."""
    database: Transactions
    link_keys: Mapping[int, bytes]
    """Keys of signed links and form times."""
    address_keys: Mapping[int, bytes]
    """Keys of suppressed addresses and of the counters."""
    page: Page
    say: Callable[[str], str]
    """A text of ours in the language of the pages."""
    now: Callable[[], datetime]
    lists: tuple[str, ...]
    """Names of the lists one can subscribe to, the first is the usual one."""
    home: str = ""
    """Address of the newsroom's own site: the only one that a page leads back to."""
    rhythms: tuple[Rhythm, ...] = RHYTHMS
    default: Rhythm = "weekly"
    """The rhythm of who does not choose."""
    defaults: Mapping[str, Rhythm] = field(default_factory=dict)
    """The same for one list, by its name, where it differs."""
    topics: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Titles of the topics of a list, in the order of their bits; empty where a bit has none."""
    counts_clicks: bool = False
    """Whether letters have links that are counted, which a reader can switch off for theirs."""
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Who may say, in X-Forwarded-For, whom they speak for."""
    frame_ancestors: tuple[str, ...] = ()
    """Origins that may show the embedded form in a frame."""
    keep_client: bool = False
    """Whether network address and browser stand in the record of consent."""
    pace: float = 0.05
    """An answer that must not tell who is subscribed goes out at a whole multiple of so many seconds."""
    caps: Caps = field(default_factory=Caps)
    pending: timedelta = PENDING_LASTS
    """How long a wish waits to be asked about, when too many came at once."""
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    """Name in ``/hooks/<name>`` to whatever reads the reports of that provider."""
    health: Callable[[str], tuple[int, Mapping[str, Any]]] | None = None
    """Whether what runs is well: the header Authorization in, an HTTP status and what is told out; None asks the
    database alone."""
    site_map: str = ""
    """Address of the map of the pages that search engines may know; empty when there is none."""
    erase: Callable[[str], object] | None = None
    """Erases the person who has an address, with what other tables and folders hold of them; None erases them here."""

    writing: Places = field(default_factory=lambda: Places(4))
    """For those who press a button."""
    counting: Places = field(default_factory=lambda: Places(1))
    """For those who are counted, one after the other, so that no cap is passed by two at once."""

    @cached_property
    def path(self) -> str:
        """The path part of the base, without a slash at its end; mostly empty."""
        return urlsplit(self.base).path.rstrip("/")

    @property
    def rhythm(self) -> Rhythm:
        """The rhythm of a subscription that says nothing else."""
        return self.default if self.default in self.rhythms else self.rhythms[0]

    def rhythm_of(self, list_name: str) -> Rhythm:
        """The rhythm of a subscription to a list that says nothing else."""
        own = self.defaults.get(list_name)
        return own if own in self.rhythms else self.rhythm

"""Settings made into every real object of a workspace, opened when first used and closed together.

The only file that knows them all. Whatever a command does not use is never imported.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from newsletter.senders import registry
from newsletter.workspace.config import Settings, find_workspace, load
from newsletter.workspace.folder import Keys, read_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment
    from sqlalchemy import Connection

    from newsletter.check.probe import Resolver
    from newsletter.delivery import DeliverySetup
    from newsletter.delivery.counting import Counting
    from newsletter.ledger import Send
    from newsletter.models import Publication
    from newsletter.senders import Sender
    from newsletter.senders.provider import Provider
    from newsletter.sources.fence import Fence
    from newsletter.sources.http import Fetcher
    from newsletter.sponsors import Booking
    from newsletter.storage.database import Database
    from newsletter.workspace.memory import Memory
    from subscribers.actions import Upkeep
    from subscribers.store.hygiene import StillWanted
    from subscribers.store.limits import Caps


LARGE = 500_000
"""Open letters from which on a second process pays: on two cores it takes about a second to start, and of 200,000 two
processes delivered no more in a second than one (measured)."""

_CORES = 2
"""Cores from which on two processes share a large send by themselves."""


class Workspace:
    """A workspace, open."""

    def __init__(self, root: Path, settings: Settings, environment: Mapping[str, str] = os.environ) -> None:
        self.root = root
        self.settings = settings
        self.environment = environment
        """What the settings were read with, beside the files."""

    def now(self) -> datetime:
        """The one clock of the editors' side."""
        return datetime.now(UTC)

    def new_send_id(self) -> str:
        """The one source of public ids of sends, which also draw the readers that subjects are tried on."""
        from newsletter.delivery.setup import random_id

        return random_id()

    def renew(self) -> None:
        """Take over what the settings say now; the database, and what is under way, stay as they are.

        Raises:
            SettingsError: They are wrong; those of before hold.
        """
        self.settings = load(self.root, self.environment)
        for name in ("sender", "_fallback_sender"):
            self.__dict__.pop(name, None)

    def marker(self) -> str:
        """A marker for one rendering, which nobody can have written into an article."""
        return "n" + secrets.token_hex(10)

    @property
    def publication(self) -> Publication:
        """Who publishes."""
        return self.settings.publication

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the site."""
        return ZoneInfo(self.publication.timezone)

    @property
    def bookings(self) -> tuple[Booking, ...]:
        """What sponsors have booked, as sponsors.toml says now; none without that file.

        Raises:
            SettingsError: The file cannot be understood, or two bookings want one place.
        """
        from newsletter.workspace import sponsors

        return sponsors.read(self.root)

    @cached_property
    def keys(self) -> Keys:
        """The secret keys."""
        return read_keys(self.root)

    @property
    def caps(self) -> Caps:
        """How many confirmation letters may be asked for."""
        from subscribers.store.limits import Caps

        web = self.settings.web
        return Caps(network_an_hour=web.letters_an_hour_per_network, total_an_hour=web.letters_an_hour)

    @property
    def upkeep(self) -> Upkeep:
        """What it takes to ask readers who wait, and to forget what is over."""
        from newsletter.ledger.hygiene import reached_since
        from subscribers.actions import Upkeep

        def reached(connection: Connection, asked: Sequence[StillWanted]) -> set[tuple[int, int]]:
            since = {one.subscriber_id: one.asked or one.created for one in asked}
            there = reached_since(connection, since, now=self.now())
            return {(one.subscriber_id, one.list_id) for one in asked if one.subscriber_id in there}

        pending = timedelta(days=self.settings.web.pending_days)
        return Upkeep(self.keys.suppression, self.caps, pending, reached)

    @cached_property
    def any_database(self) -> Database:
        """The database, whatever state its schema is in."""
        from newsletter.storage.database import open_database

        self.memory.expect()
        return open_database(self.settings.database_url)

    @cached_property
    def database(self) -> Database:
        """The database, with the schema of this version."""
        found = self.ready_database
        self.memory.recognise(found)
        return found

    @property
    def ready_database(self) -> Database:
        """The database with the schema of this version, be it the one that this workspace had or another."""
        from newsletter.storage.database import ready

        ready(self.any_database, now=self.now())
        return self.any_database

    @cached_property
    def memory(self) -> Memory:
        """What is remembered outside the database."""
        from newsletter.workspace.memory import Memory

        return Memory(self.root, self.settings.database_url, self.zone)

    @cached_property
    def templates(self) -> Environment:
        """The templates, the workspace's own first."""
        from newsletter.letters.templates import environment

        return environment(self.root / "templates")

    @cached_property
    def fetcher(self) -> Fetcher:
        """The door to the network."""
        from newsletter import __version__
        from newsletter.sources.http import Fetcher

        agent = f"Nashra/{__version__} (+{self.publication.url})"
        return Fetcher(agent, allow=tuple(self.settings.collect.allow_private_hosts))

    @cached_property
    def fence(self) -> Fence:
        """The processes that sources are read in."""
        from newsletter.sources.fence import Fence

        return Fence()

    @cached_property
    def resolver(self) -> Resolver:
        """What knows the records of names."""
        from newsletter.check.probe import DnsResolver

        return DnsResolver()

    @property
    def provider(self) -> Provider[Any]:
        """What is known of the provider that letters go through, without opening it."""
        return registry.provider(self.settings.sender.kind)

    @cached_property
    def sender(self) -> Sender:
        """The provider that letters go through."""
        return self._opened(self.settings.sender.kind)

    @cached_property
    def _fallback_sender(self) -> Sender:
        return self._opened(self.settings.sender.fallback)

    def _opened(self, name: str) -> Sender:
        from newsletter.letters.mime import SLOT_WIDTHS
        from newsletter.senders.provider import Opening

        said = self.settings.sender
        opening = Opening(self.root, self.settings.outbox, said.fsync, said.batch, SLOT_WIDTHS)
        return registry.provider(name).open(self.settings.options[name], opening)

    @property
    def account(self) -> str:
        """The provider and which account there: what a send is frozen for, without a secret."""
        return self._account(self.settings.sender.kind)

    @property
    def fallback_account(self) -> str:
        """The same for the provider of ``[sender] fallback``; empty without one."""
        return self._account(self.settings.sender.fallback) if self.settings.sender.fallback else ""

    def _account(self, name: str) -> str:
        provider = registry.provider(name)
        told = provider.account(self.settings.options[name]) if provider.account is not None else ""
        return f"{provider.name} {told}".strip()

    def _processes(self, provider: Provider[Any]) -> int:
        """Processes on this machine for one large send through a provider."""
        said = self.settings.sender.processes
        if said != "auto":
            return said
        return 2 if provider.many_at_once and (os.cpu_count() or 1) >= _CORES else 1

    @property
    def helper(self) -> tuple[str, ...]:
        """What starts another process for a send. Empty where it would read other settings, from this process's
        environment, than those that were given here."""
        ours, theirs = (
            {name: value for name, value in one.items() if name.startswith("NASHRA_")}
            for one in (self.environment, os.environ)
        )
        # -P: a folder in which the command was called may have a package of the same name.
        program = (sys.executable, "-P", "-m", "newsletter.workflows.helping", str(self.root.resolve()))
        return program if ours == theirs and sys.executable else ()

    @property
    def delivery_setup(self) -> DeliverySetup:
        """What a delivery needs, through the provider of the settings."""
        return self._setup(self.settings.sender.kind, self.sender, self.account)

    def setup_of(self, send: Send) -> DeliverySetup:
        """What the delivery of this send needs: through ``[sender] fallback``, once that has taken it over.

        Args:
            send: As it is now.

        Raises:
            SendError: The other provider cannot be opened.
        """
        if send.sender and send.sender == self.fallback_account:
            return self._setup(self.settings.sender.fallback, self._fallback_sender, self.fallback_account)
        return self.delivery_setup

    def _setup(self, name: str, sender: Sender, account: str) -> DeliverySetup:
        from newsletter.delivery import DeliverySetup
        from newsletter.ledger import RateLimit

        lease, provider = self.settings.sender.lease, registry.provider(name)
        if provider.least_lease is not None:
            lease = max(lease, provider.least_lease(self.settings.options[name]))
        patience, said = self.settings.sender.patience, self.settings.sender.processes
        rate_limit = RateLimit(self.settings.sender.per_second, self.settings.sender.per_hour)
        return DeliverySetup(
            self.database,
            sender,
            self.keys.tokens,
            lease,
            self.now,
            new_id=self.new_send_id,
            patience=patience,
            rate_limit=rate_limit,
            connections=self.settings.sender.connections,
            first_batch=self.settings.sender.first_batch,
            account=account,
            warm_up=self.settings.sender.warm_up,
            zone=self.zone,
            may_move=bool(self.settings.sender.fallback),
            pace=self.settings.sender.pace,
            durable=self.settings.sender.fsync,
            processes=self._processes(provider),
            helped_from=LARGE if said == "auto" else 2,
            helper=self.helper,
            counting=self._counting(),
            memory=self.memory,
        )

    def _counting(self) -> Counting | None:
        from newsletter.delivery.counting import Counting

        by = self.settings.tracking.clicks
        return None if by == "off" else Counting(by, self.keys.tokens)

    def close(self) -> None:
        """Close what was opened."""
        for name in ("any_database", "fetcher", "fence"):
            if name in self.__dict__:
                self.__dict__[name].close()


def site_fetcher(environment: Mapping[str, str] = os.environ) -> Fetcher:
    """The door to the network for whoever has no workspace yet; whoever opened it closes it.

    Args:
        environment: Hosts that may be fetched although they are not public stand in it as in a workspace's own.
    """
    from newsletter import __version__
    from newsletter.fields import listed
    from newsletter.sources.http import Fetcher

    allowed = listed(environment.get("NASHRA_COLLECT__ALLOW_PRIVATE_HOSTS", ""))
    return Fetcher(f"Nashra/{__version__}", allow=tuple(allowed) if isinstance(allowed, list) else ())


class WatchedWorkspace(Workspace):
    """A workspace for somebody who only looks: its database is never made, upgraded, remembered or written."""

    @cached_property
    def any_database(self) -> Database:
        """The database as it is."""
        from newsletter.storage.database import open_to_look

        return open_to_look(self.settings.database_url)

    @property
    def ready_database(self) -> Database:
        """The database as it is."""
        return self.any_database

    @cached_property
    def database(self) -> Database:
        """The database as it is."""
        return self.any_database


@contextmanager
def open_workspace(start: Path, environment: Mapping[str, str] = os.environ) -> Iterator[Workspace]:
    """The workspace at ``start`` or in a folder above it, closed at the end of the block.

    Raises:
        WorkspaceError: There is none.
        SettingsError: Its settings are wrong.
    """
    root = find_workspace(start)
    workspace = Workspace(root, load(root, environment), environment)
    try:
        yield workspace
    finally:
        workspace.close()

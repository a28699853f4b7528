"""The people of a workspace's lists, for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.wiring import Workspace
    from subscribers.actions.adding import AddedSubscriber
    from subscribers.csvfile import ColumnChoices
    from subscribers.models import ImportReport, List, Rhythm, Subscriber, Subscription, UndoneImport

_PAGE = 1000
"""Subscribers that are read in one transaction while somebody goes through a list."""


class Subscribers:
    """The people of a workspace's lists: ``newsroom.subscribers``.

    Args:
        workspace: As wiring opened it.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def add_list(self, name: str, title: str) -> List:
        """Add a list that people can subscribe to.

        Args:
            name: Short Latin name for commands and files, for example ``sport``.
            title: What readers see.

        Raises:
            ListError: The name is taken or cannot be used.

        Example::

            newsroom.subscribers.add_list("sport", "نشرة الرياضة")
        """
        from subscribers import store

        with self._workspace.database.write() as connection:
            return store.add_list(connection, name, title, now=self._workspace.now())

    def add(
        self,
        address: str,
        *,
        list_name: str = "readers",
        consent: str = "",
        rhythm: Rhythm | None = None,
        restore: bool = False,
    ) -> AddedSubscriber:
        """Add a person who agreed to get the letter; the subscription is confirmed at once, and nothing is mailed.

        Args:
            address: E-mail address, as it was typed.
            list_name: The list.
            consent: How they agreed; kept in the record of consent.
            rhythm: ``instant``, ``daily`` or ``weekly``; None takes ``[rhythms] default``. Who is subscribed
                keeps theirs.
            restore: They had left, and asked to come back.

        Returns:
            The subscriber, and whether they were subscribed ``already``.

        Raises:
            AddressError: Not an address one can write to.
            UnknownList: No such list.
            ConsentError: They left this list, and ``restore`` is not set.
            SuppressedError: The address must not be mailed.

        Example::

            newsroom.subscribers.add("amal@example.net", consent="asked by phone on 3 November")
        """
        from subscribers import actions

        workspace = self._workspace
        with workspace.database.write() as connection:
            return actions.add_subscriber(
                connection,
                address,
                list_name,
                now=workspace.now(),
                keys=workspace.keys.suppression,
                rhythm=rhythm or workspace.settings.rhythm_of(list_name),
                how="program",
                words=consent,
                restore=restore,
            )

    def import_file(
        self,
        path: str | Path,
        *,
        list_name: str = "readers",
        consent: str = "",
        ask: bool = False,
        dry_run: bool = False,
        choices: ColumnChoices | None = None,
    ) -> ImportReport:
        """Add the addresses of a CSV file: all that can be used, each other row in the report with its line.

        Args:
            path: Of the file: our own export, one of Mailchimp, MailPoet, listmonk, Ghost or WordPress.com, or any with
                a column of addresses.
            list_name: The list.
            consent: How these people agreed; kept in the record of consent.
            ask: Subscribe nobody; whom the file would bring in gets a confirmation letter, as ``[web] letters_an_hour``
                allows, from ``newsletter serve``, ``newsletter worker`` or ``newsletter subscribers letters``.
            dry_run: Count everything, and write nothing.
            choices: What you know of its columns: which say nothing, which say how people stand, which names topics,
                or that everybody in it left; see ``subscribers.csvfile.ColumnChoices``.

        Raises:
            ConsentError: Somebody would be confirmed of whom neither ``consent`` nor the file says how they agreed,
                and ``ask`` is not set.
            CsvError: The file cannot be read as a list of addresses.
            UnknownList: No such list.

        Example::

            report = newsroom.subscribers.import_file("readers.csv", consent="form on the site", dry_run=True)
            print(report.added, [(row.line, row.reason) for row in report.rejected])
        """
        from newsletter.workflows import people
        from subscribers.csvfile import NO_CHOICES

        return people.import_file(
            self._workspace,
            Path(path),
            list_name,
            words=consent,
            ask=ask,
            dry_run=dry_run,
            choices=choices or NO_CHOICES,
        )

    def undo_import(self, name: str) -> UndoneImport:
        """Take back an import, as long as no letter went to anybody whom it brought.

        Who was there before, has left or has acted since stays.

        Args:
            name: What ``ImportReport.batch`` said.

        Raises:
            BatchError: No such import, it was taken back before, or a letter went to one of its readers.

        Example::

            report = newsroom.subscribers.import_file("readers.csv", consent="form on the site")
            print(newsroom.subscribers.undo_import(report.batch).taken_back)
        """
        from newsletter.workflows import people

        with self._workspace.database.write() as connection:
            return people.undo_import(connection, self._workspace, name)

    def all(self, list_name: str = "readers") -> Iterator[tuple[Subscriber, Subscription]]:
        """Go through the subscribers of a list, oldest first, also those who wait for confirmation or have left.

        A thousand are read at a time, so a list may have millions.

        Args:
            list_name: The list.

        Raises:
            UnknownList: No such list.

        Example::

            for subscriber, subscription in newsroom.subscribers.all():
                print(subscriber.address, subscription.status, subscription.rhythm)
        """
        from subscribers import store

        last = 0
        while True:
            with self._workspace.database.read() as connection:
                target = store.list_named(connection, list_name)
                page = store.subscribers(connection, target.id, after=last, limit=_PAGE)
            if not page:
                return
            yield from page
            last = page[-1][0].id

    def export_file(self, path: str | Path, *, list_name: str = "readers") -> int:
        """Write a list into a CSV file that ``import_file`` reads back; the file holds addresses, so keep it safe.

        Args:
            path: Of the file to write.
            list_name: The list.

        Returns:
            How many subscribers were written.

        Raises:
            UnknownList: No such list.
            CsvError: The file cannot be written.

        Example::

            newsroom.subscribers.export_file("readers.csv")
        """
        from subscribers import actions

        with self._workspace.database.read() as connection:
            return actions.export_file(connection, Path(path), list_name)

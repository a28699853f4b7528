"""The library without the command line: what other programs call, in a few lines; docs/python.md shows how.

Everything here does what the command of the same name does, through the same workflows, and gives values instead of
printing. What goes wrong is raised as a Complaint, whose text says what, where, and how to mend it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import wiring
from newsletter.errors import IssueError, SendError

if TYPE_CHECKING:
    from newsletter.ledger import Account, Send
    from newsletter.models import Holding, Issue, Problem
    from newsletter.wiring import Workspace
    from newsletter.workflows.collect import Gathered
    from newsletter.workflows.plan import Plan
    from subscribers.actions.adding import AddedSubscriber
    from subscribers.models import ImportReport, List, ListCount, Rhythm, Subscriber, Subscription

__all__ = ["Newsroom", "SendReport", "Subscribers", "make_workspace", "open_workspace"]


def make_workspace(
    directory: str | Path,
    *,
    name: str,
    url: str,
    sender: str,
    web: str = "",
    language: str = "ar",
    timezone: str = "UTC",
) -> Path:
    """Make a workspace, as ``newsletter init`` does: settings, secret keys, a database with the list ``readers``.

    Args:
        directory: The folder; made when it is not there.
        name: Name of the newsletter, as readers know it.
        url: Address of the site.
        sender: Who letters come from, as ``Name <address>``.
        web: Base address of the reader pages, https; empty when there are none.
        language: Language of the letter: ``ar``, ``en``, ``fr``, ``fa``, ``he`` …
        timezone: IANA name of the site's zone, for example ``Africa/Algiers``.

    Returns:
        The folder.

    Raises:
        WorkspaceError: There is a workspace already, or the folder cannot be written.
        SettingsError: An argument that cannot be a setting; one line for each.
        DatabaseError: The database that the environment names cannot be used.

    Example::

        make_workspace("w", name="الموجة", url="https://example.org", sender="الموجة <news@example.org>")
    """
    from newsletter.workflows.create import create

    root = Path(directory)
    create(root, name=name, url=url, sender=sender, web=web, language=language, timezone=timezone)
    return root


@contextmanager
def open_workspace(directory: str | Path = ".", *, environment: Mapping[str, str] = os.environ) -> Iterator[Newsroom]:
    """Open the workspace at a folder or above it; everything it opened is closed at the end of the block.

    Args:
        directory: The workspace's folder, or one inside it.
        environment: Variables that may hold settings, as ``NASHRA_WEB__URL``; an empty mapping leaves those of the
            process out.

    Returns:
        A context manager that gives the Newsroom.

    Raises:
        WorkspaceError: There is no workspace here, nor above.
        SettingsError: Its settings are wrong; one line for each.

    Example::

        with open_workspace("w") as newsroom:
            print(newsroom.send(dry_run=True).audience)
    """
    with wiring.open_workspace(Path(directory), environment) as workspace:
        yield Newsroom(workspace)


@dataclass(frozen=True, slots=True)
class SendReport:
    """What a send did, or in a dry run would do."""

    issue: int
    """Number of the issue."""
    list: str
    """Name of the list, for example ``readers``."""
    rhythm: str
    """Whom it goes to: ``weekly``, ``daily``, ``instant``, or ``all``."""
    state: str
    """``planned`` when nothing is frozen (a dry run); else the state of the send, as docs/words.md draws it:
    ``scheduled``, ``running``, ``paused``, ``finished`` or ``cancelled``."""
    audience: int
    """Subscribers who get a letter."""
    sent_now: int = 0
    """Letters that the provider took during this call."""
    submitted: int = 0
    """Letters that the provider has taken since the send began."""
    refused: int = 0
    """Letters that the provider will not take."""
    unknown: int = 0
    """Letters whose fate nobody knows; they are never sent again by themselves."""
    skipped: int = 0
    """Deliveries that need no letter any more: the person left, paused, or was suppressed meanwhile."""
    open: int = 0
    """Letters that still have to go."""
    send_id: str = ""
    """Public id of the send, as ``newsletter sends`` shows it; empty in a dry run of what has not begun."""
    problems: Sequence[Problem] = field(default=())
    """What the check found; an error among them keeps the issue from going."""

    @property
    def ready(self) -> bool:
        """Whether nothing keeps it from going."""
        return not any(problem.level == "error" for problem in self.problems)


class Newsroom:
    """A workspace, open, with what an editor does in it. ``open_workspace`` gives one.

    An issue is named as on the command line: by its number, the name of its folder, a path, or by the Issue that
    another method gave. Its file is read anew each time, so that what was edited meanwhile counts.

    Args:
        workspace: As wiring opened it.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.subscribers = Subscribers(workspace)

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        return self.workspace.root

    def collect(
        self,
        *sources: str | Path,
        since: date | None = None,
        until: date | None = None,
        most: int | None = None,
        pictures: bool = False,
        progress: Callable[[str, int], None] | None = None,
    ) -> Gathered:
        """Put articles of sites, feeds, pages or files into the library; collecting again adds nothing twice.

        Args:
            sources: Addresses and paths; none takes ``[collect] sources`` of the settings.
            since: Nothing published before this day, in the site's zone.
            until: Nothing published after this day.
            most: Most articles of one address; None takes 50.
            pictures: Ask the pages of articles without a picture for theirs, one request each.
            progress: Called with each source and the number of its articles when it has answered.

        Returns:
            Ids of what is added, updated and known, the articles themselves, and one NashraError in ``troubles`` for
            each source that could not be had: those stop nothing else.

        Raises:
            DatabaseError: The database cannot be written.

        Example::

            gathered = newsroom.collect("https://example.org/feed/", most=10)
            print(len(gathered.added), [str(trouble) for trouble in gathered.troubles])
        """
        from newsletter.workflows.collect import gather

        return gather(
            self.workspace,
            [str(source) for source in sources],
            since=since,
            until=until,
            most=most,
            pictures=pictures,
            progress=progress,
        )

    def articles(self, *, unused: bool = False) -> list[Holding]:
        """List the articles of the library, newest first.

        Args:
            unused: Only those that no issue has carried and no draft holds.

        Raises:
            IssueError: With ``unused``: one of the workspace's issues cannot be understood.

        Example::

            for holding in newsroom.articles(unused=True):
                print(holding.id, holding.article.title)
        """
        from newsletter import issues, library

        with self.workspace.database.read() as connection:
            holdings = library.holdings(connection)
        return library.unused(holdings, issues.every(self.root)) if unused else holdings

    def issues(self) -> list[Issue]:
        """List every issue of the workspace by its number.

        Raises:
            IssueError: One of them cannot be understood.

        Example::

            print([issue.number for issue in newsroom.issues()])
        """
        from newsletter import issues

        return issues.every(self.root)

    def issue(self, name: Issue | int | str = "") -> Issue:
        """Read an issue as its file says now.

        Args:
            name: Number, folder, path, or an Issue; without it the one with the highest number.

        Raises:
            IssueError: There is none, or its file cannot be understood.

        Example::

            issue = newsroom.issue(12)
        """
        from newsletter import issues

        if isinstance(name, (int, str)):
            if str(name):
                return issues.find(self.root, str(name))
            found = issues.every(self.root)
            if not found:
                raise IssueError("there is no issue yet", where=str(self.root), mend="make one with compose()")
            return found[-1]
        return issues.read(Path(name.path))

    def compose(
        self, ids: Sequence[int] | None = None, *, most: int | None = None, list_name: str = "readers", slug: str = ""
    ) -> Issue:
        """Write the draft of a new issue: a folder with an issue.md to edit, whose path is ``issue.path``.

        Args:
            ids: Articles of the library in order, the first leads; None takes what is unused, by the rules of
                ``[compose]`` in the settings.
            most: Stories that it takes by itself; None takes ``[compose] most``.
            list_name: The list it is for.
            slug: Name of its folder; empty makes one of number and date.

        Raises:
            SourceError: An id that the library does not hold, nothing unused, or a picture that is gone.
            IssueError: The folder holds an issue already, or cannot be written.
            UnknownList: No such list.

        Example::

            issue = newsroom.compose(most=5)
        """
        from newsletter.workflows import draft

        rules = draft.rules_of(self.workspace)
        rules = replace(rules, most=rules.most if most is None else most)
        return draft.write(self.workspace, ids, list_name=list_name, rules=rules, slug=slug)

    def check(self, issue: Issue | int | str = "", *, online: bool = False) -> tuple[Problem, ...]:
        """Find what is wrong with an issue and its letter; docs/checks.md explains every code.

        Args:
            issue: Number, folder, path, or an Issue; without it the one with the highest number.
            online: Ask for every link and picture too, and for the sender's DNS records.

        Returns:
            Problems in the order of the issue; ``level`` is ``error`` for what stops a send, else ``warning``.

        Raises:
            IssueError: There is no such issue, or its file cannot be understood.

        Example::

            errors = [problem for problem in newsroom.check() if problem.level == "error"]
        """
        from newsletter.workflows.check import inspect

        return inspect(self.workspace, self.issue(issue), online=online).problems

    def preview(self, issue: Issue | int | str = "") -> tuple[Path, Path]:
        """Write the letter as issue.html and issue.txt beside the issue, as a subscriber would see them.

        Args:
            issue: Number, folder, path, or an Issue; without it the one with the highest number.

        Returns:
            The two paths.

        Raises:
            IssueError: There is no such issue, a picture it names is gone, or the folder cannot be written.
            RenderError: The template gives no letter.

        Example::

            html, text = newsroom.preview(12)
        """
        from newsletter.workflows import letter

        found = self.issue(issue)
        return letter.preview(found, letter.of_issue(self.workspace, found))

    def send_test(self, address: str, issue: Issue | int | str = "") -> str:
        """Send the letter to one address, outside the ledger; its unsubscribe link is nobody's.

        Args:
            address: Where to.
            issue: Number, folder, path, or an Issue; without it the one with the highest number.

        Returns:
            The name of the letter, the left side of its Message-ID.

        Raises:
            AddressError: Not an address one can write to.
            IssueError, RenderError: The issue gives no letter.
            SendError: The provider does not take it.

        Example::

            newsroom.send_test("editor@example.org")
        """
        from newsletter import delivery
        from newsletter.workflows import letter
        from subscribers.addresses import normalise

        made = letter.of_issue(self.workspace, self.issue(issue))
        return delivery.send_test(self.workspace.delivery_setup, made, normalise(address).address)

    def send(
        self,
        issue: Issue | int | str = "",
        *,
        list_name: str = "",
        rhythm: str = "weekly",
        dry_run: bool = False,
        at: datetime | None = None,
        progress: Callable[[str, int], None] | None = None,
    ) -> SendReport:
        """Send an issue to its list: each subscriber gets it once, and a send that was interrupted goes on.

        The letter and its audience are frozen first; nobody is asked. What went already is reported, not sent again.

        Args:
            issue: Number, folder, path, or an Issue; without it the newest that has not gone yet.
            list_name: Another list than the one the issue names.
            rhythm: ``weekly`` for the weekly readers, ``all`` for everybody.
            dry_run: Report what would happen, and write nothing.
            at: An aware moment at which it starts; the letter is frozen now, and a worker or the next ``send`` of
                the issue after that moment delivers it.
            progress: Called with a state (``submitted``, ``refused``, ``unknown``, ``skipped``) and a number of letters
                that reached it; with ``waiting`` and seconds, or ``full``, when it has to wait.

        Returns:
            What it did, or would do.

        Raises:
            IssueError, RenderError: The issue gives no letter.
            UnknownList: No such list.
            SendError: The check found errors, the provider takes nothing more (call it again to go on), or ``at`` is
                not aware or comes for a send that runs already.
            DatabaseError: The ledger cannot be written; call it again to go on.

        Example::

            if newsroom.send(dry_run=True).ready:
                report = newsroom.send()
        """
        from newsletter import delivery, ledger
        from newsletter.check import has_errors
        from newsletter.workflows import plan as plans

        if at is not None and at.tzinfo is None:
            raise SendError("the moment to start has no time zone", mend="give an aware datetime")
        workspace = self.workspace
        if not dry_run:
            with workspace.database.write() as connection:
                ledger.start_due(connection, workspace.now())
        name = "" if issue == "" else self.issue(issue).path
        chosen = plans.choose(workspace, name, list_name=list_name, rhythm=rhythm)
        plan = plans.make(workspace, chosen, list_name=list_name, rhythm=rhythm)
        if dry_run or (plan.earlier is not None and plan.earlier.state != "running"):
            return _report(plan, plan.earlier, plan.account)
        if plan.earlier is not None and at is not None:
            raise SendError(f"issue {chosen.number} is on its way already", mend="send it on without a moment")
        if has_errors(plan.problems):
            codes = ", ".join(dict.fromkeys(one.code for one in plan.problems if one.level == "error"))
            raise SendError(f"cannot go like this: {codes}", where=chosen.path, mend="check() tells each with its mend")
        send = plan.earlier if plan.earlier is not None else plans.freeze(workspace, plan, send_at=at)
        if send.state != "running":
            return _report(plan, send, None)
        settled: dict[str, int] = {}

        def step(state: str, count: int) -> None:
            settled[state] = settled.get(state, 0) + count
            if progress is not None:
                progress(state, count)

        account = delivery.run(workspace.delivery_setup, send, step)
        with workspace.database.read() as connection:
            state = ledger.state_of(connection, send.id)
        return _report(plan, replace(send, state=state), account, sent_now=settled.get("submitted", 0))

    def lists(self) -> list[ListCount]:
        """List the lists with how many subscriptions each has.

        Example::

            print({count.list.name: count.confirmed for count in newsroom.lists()})
        """
        from subscribers import store

        with self.workspace.database.read() as connection:
            return store.lists(connection)


def _report(plan: Plan, send: Send | None, account: Account | None, *, sent_now: int = 0) -> SendReport:
    return SendReport(
        issue=plan.issue.number,
        list=plan.target.name,
        rhythm=plan.rhythm,
        state=send.state if send is not None else "planned",
        audience=send.audience if send is not None else plan.audience,
        sent_now=sent_now,
        submitted=account.submitted if account is not None else 0,
        refused=account.refused if account is not None else 0,
        unknown=account.unknown if account is not None else 0,
        skipped=account.skipped if account is not None else 0,
        open=account.open if account is not None else send.audience if send is not None else 0,
        send_id=send.public_id if send is not None else "",
        problems=tuple(plan.problems),
    )


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
                rhythm=rhythm or workspace.settings.rhythms.default,
                how="program",
                words=consent,
                restore=restore,
            )

    def import_file(
        self, path: str | Path, *, list_name: str = "readers", consent: str = "", dry_run: bool = False
    ) -> ImportReport:
        """Add the addresses of a CSV file: all that can be used, each other row in the report with its line.

        Args:
            path: Of the file: our own export, one of Mailchimp, MailPoet, listmonk, Ghost or WordPress.com, or any with
                a column of addresses.
            list_name: The list.
            consent: How these people agreed; kept in the record of consent.
            dry_run: Count everything, and write nothing.

        Raises:
            CsvError: The file cannot be read as a list of addresses.
            UnknownList: No such list.

        Example::

            report = newsroom.subscribers.import_file("readers.csv", consent="form on the site", dry_run=True)
            print(report.added, [(row.line, row.reason) for row in report.rejected])
        """
        from subscribers import actions

        workspace = self._workspace
        with workspace.database.write() as connection:
            return actions.import_file(
                connection,
                Path(path),
                list_name,
                now=workspace.now(),
                keys=workspace.keys.suppression,
                rhythm=workspace.settings.rhythms.default,
                words=consent,
                dry_run=dry_run,
            )

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

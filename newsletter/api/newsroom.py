"""An open workspace with a method for each thing an editor does, for other programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.api import sending
from newsletter.api.sending import SendReport
from newsletter.api.subscribers import Subscribers
from newsletter.errors import IssueError

if TYPE_CHECKING:
    from newsletter.models import Holding, Issue, Problem
    from newsletter.report.models import NewsroomReport
    from newsletter.wiring import Workspace
    from newsletter.workflows.collect import CollectOutcome
    from subscribers.models import ListCount


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
    ) -> CollectOutcome:
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

            gathered = newsroom.collect("https://example.org/", most=10)
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
            if not unused:
                return holdings
            free = library.unused(connection, holdings, issues.every(self.root))
        return [holding for holding in free if not holding.withdrawn]

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

    def report(self, *issues: Issue | int | str) -> NewsroomReport:
        """Count what became of issues, how they compare with those before, and how the lists grew.

        Args:
            issues: Numbers, ids of sends, keys of letters of the latest posts, or Issues; none takes the last one.

        Returns:
            Frozen dataclasses of ``newsletter.report.models``; ``newsletter.report.plain.plain`` makes them the data of
            ``newsletter report --json``.

        Raises:
            SendError: Nothing was sent, or nothing by one of these names.

        Example::

            total = newsroom.report(12).reports[0].total
            print(total.submitted, total.delivered, total.bounces)
        """
        from newsletter.workflows import reports

        names = [str(one) if isinstance(one, (int, str)) else str(one.number) for one in issues]
        return reports.counted(self.workspace, names)

    def report_page(self, report: NewsroomReport) -> str:
        """Write a report as one HTML page that needs no other file, in the newsroom's language and direction.

        Args:
            report: As ``report`` gives it.

        Raises:
            RenderError: A template or a catalogue of the workspace's own is broken.

        Example::

            Path("report.html").write_text(newsroom.report_page(newsroom.report(11, 12)), "utf-8")
        """
        from newsletter.workflows import reports

        return reports.page_of(self.workspace, report)

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
        """Find what is wrong with an issue and its letter; docs/en/checks.md explains every code.

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

        What keeps the letter from going stands in a box above it; ``check`` gives it as values.

        Args:
            issue: Number, folder, path, or an Issue; without it the one with the highest number.

        Returns:
            The two paths.

        Raises:
            IssueError: There is no such issue, or the folder cannot be written.

        Example::

            html, text = newsroom.preview(12)
        """
        from newsletter.workflows import preview

        return preview.of_issue(self.workspace, self.issue(issue)).paths

    def send_test(self, address: str, issue: Issue | int | str = "") -> str:
        """Send the letter to one address, outside the ledger; it says that it is a test, and its links change nothing.

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

        made = letter.of_issue(self.workspace, self.issue(issue), test=True)
        return delivery.send_test(self.workspace.delivery_setup, made, normalise(address).address)

    def send(
        self,
        issue: Issue | int | str = "",
        *,
        list_name: str = "",
        rhythm: str = "weekly",
        dry_run: bool = False,
        at: datetime | None = None,
        rest: bool = False,
        with_this_sender: bool = False,
        progress: Callable[[str, int], None] | None = None,
    ) -> SendReport:
        """Send an issue to its list: each subscriber gets it once, and a send that was interrupted goes on.

        The letter and its audience are frozen first; nobody is asked. What went already is reported, not sent again.
        Right before, the sites of its stories are looked at: what they took back keeps the issue from going.

        Args:
            issue: Number, folder, path, or an Issue; without it the newest that has not gone yet.
            list_name: Another list than the one the issue names.
            rhythm: ``weekly`` for the weekly readers, ``all`` for everybody.
            dry_run: Report what would happen, and write nothing.
            at: An aware moment at which it starts; the letter is frozen now, and a worker or the next ``send`` of
                the issue after that moment delivers it.
            rest: Of an issue whose send was cancelled: send it, as it stands now, to those who have had none.
            with_this_sender: Go on through the sender of the settings, though the send was begun through another one.
            progress: Called with a state (``submitted``, ``refused``, ``unknown``, ``skipped``) and a number of letters
                that reached it; with ``waiting`` and seconds, or ``full``, when it has to wait.

        Returns:
            What it did, or would do.

        Raises:
            IssueError, RenderError: The issue gives no letter.
            UnknownList: No such list.
            HeldSendError: Something was due and nothing of it went: it was begun through another sender, or the only
                issue that has not gone is older than the last one that went.
            SendError: The check found errors, the provider takes nothing more (call it again to go on), or ``at`` is
                not aware or comes for a send that runs already.
            DatabaseError: The ledger cannot be written; call it again to go on.

        Example::

            if newsroom.send(dry_run=True).ready:
                report = newsroom.send()
        """
        path = "" if issue == "" else self.issue(issue).path
        return sending.send(
            self.workspace,
            path,
            list_name=list_name,
            rhythm=rhythm,
            dry_run=dry_run,
            at=at,
            rest=rest,
            with_this_sender=with_this_sender,
            progress=progress,
        )

    def cancel(self, send_id: str) -> SendReport:
        """End a send for good. What went to nobody is undone: its issue, stories and week are free again.

        Args:
            send_id: The public id of the send, or the number of its issue.

        Returns:
            How it stands then; what is under way is ``unknown``. ``undone`` says whether it went to nobody.

        Raises:
            SendError: None is called so, or it has come to its end already.
            DatabaseRestoredError: The database was restored, and does not know what has gone since.

        Example::

            if newsroom.cancel("12").undone:
                newsroom.send(12)
        """
        return sending.cancel(self.workspace, send_id)

    def refreeze(self, send_id: str, *, dry_run: bool = False) -> SendReport:
        """Freeze an issue anew that was edited since: its letter and its readers as they are now, at the hour it had.

        Only while it waits (``scheduled`` or ``paused``) and nothing of it has gone. The new send has an id of its own,
        and the old one is cancelled in the same step.

        Args:
            send_id: The public id of the send, or the number of its issue.
            dry_run: Write nothing; ``problems`` and ``audience`` are what they would be.

        Raises:
            IssueError, RenderError: The issue gives no letter.
            SendError: None is called so, it does not wait, something of it has gone, or the check finds errors.
            DatabaseError: The ledger cannot be written.

        Example::

            newsroom.send(12, at=tomorrow)
            # … issue.md is edited …
            if newsroom.refreeze("12", dry_run=True).ready:
                newsroom.refreeze("12")
        """
        return sending.refreeze(self.workspace, send_id, dry_run=dry_run)

    def lists(self) -> list[ListCount]:
        """List the lists with how many subscriptions each has.

        Example::

            print({count.list.name: count.confirmed for count in newsroom.lists()})
        """
        from subscribers import store

        with self.workspace.database.read() as connection:
            return store.lists(connection)

"""A sponsor's own report, read from the issues, the ledger and the numbers of links."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter import clicks, ledger
from newsletter.errors import IssueError
from newsletter.report import read
from newsletter.report.models import LinkCounts
from newsletter.report.sponsors import SponsorLetter, SponsorReport, WaitingBooking
from newsletter.sponsors import Booking, named
from newsletter.sponsors.placing import placed
from newsletter.text.tidy import arabic_fold
from newsletter.workflows.snapshot import Snapshot
from newsletter.workflows.sponsors import readable, sends_of
from subscribers import store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy import Connection

    from newsletter.wiring import Workspace


def report_of(workspace: Workspace, name: str) -> SponsorReport:
    """What became of the letters that carried a sponsor's element; numbers alone, and nobody's address.

    An issue carried it when its file has the element, or when its frozen letter had links of the sponsor that are
    counted; of one whose file is gone or broken since, nothing else tells.

    Args:
        workspace: The workspace.
        name: Of the sponsor, spelling of hamza and harakat aside.

    Raises:
        SettingsError: sponsors.toml cannot be understood.
        IssueError: Nobody of that name has booked anything, or stands in any issue.
    """
    snapshot = Snapshot.take(workspace)
    bookings = named(workspace.bookings, name)
    letters: list[SponsorLetter] = []
    spelled = {one.sponsor for one in bookings}
    files = {issue.number: issue for issue in readable(snapshot)}
    lists = {one.id: one.name for one in snapshot.lists}
    without_file = {
        (int(send.issue), lists[send.list_id])
        for send in snapshot.sends
        if not send.undone and send.issue.isdecimal() and int(send.issue) not in files
    }
    with workspace.database.read() as connection:
        for number, list_name in sorted({*((one.number, one.list) for one in files.values()), *without_file}):
            there = [
                one.name
                for one in (placed(files[number]) if number in files else ())
                if arabic_fold(one.name) == arabic_fold(name)
            ]
            spelled.update(there)
            letters += _letter(workspace, connection, number, list_name, name, stands=bool(there))
    if not spelled and not letters:
        known = sorted({one.sponsor for one in workspace.bookings})
        booked = f"booked are {', '.join(known)}" if known else "no sponsor is booked"
        raise IssueError(f"no sponsor is called {name!r}; {booked}", mend="see: newsletter sponsors list")
    now = workspace.now().astimezone(workspace.zone)
    language = next((one.language for one in bookings if one.language), "")
    shown = bookings[0].sponsor if bookings else min(spelled, default=name)
    # An issue that went without the sponsor comes no more.
    gone = [number for number, _ in without_file]
    last = max((*gone, *(one.number for one in files.values() if sends_of(one, snapshot))), default=0)
    ahead = tuple(moment for one in bookings if (moment := _ahead(one, last, now.date())) is not None)
    return SponsorReport(shown, tuple(letters), ahead, now, str(workspace.zone), language)


def page_of(workspace: Workspace, shown: SponsorReport) -> str:
    """The report as one HTML file, in the sponsor's language.

    Args:
        workspace: The workspace.
        shown: The report.

    Raises:
        RenderError: A template or catalogue of the workspace's own is broken.
    """
    from newsletter.report.page.sponsor import sponsor_page

    publication = workspace.publication
    if shown.language:
        publication = replace(publication, language=shown.language)
    return sponsor_page(shown, publication, workspace.templates)


def _letter(
    workspace: Workspace, connection: Connection, number: int, list_name: str, name: str, *, stands: bool
) -> Sequence[SponsorLetter]:
    key = str(number)
    target = next((one.id for one in store.all_lists(connection) if one.name == list_name), None)
    sends = [send for send in ledger.sends_of(connection, key) if send.list_id == target]
    if not sends:
        return ()
    every = [one for one in clicks.of_issue(connection, key) if one.list == list_name]
    own = [one for one in every if arabic_fold(one.sponsor) == arabic_fold(name)]
    if not stands and not own:
        return ()
    counts = read.of_issue(connection, key).by("list").get(list_name)
    # What was cancelled in the middle has gone to some all the same.
    if all(send.state == "cancelled" for send in sends) and not (counts and counts.submitted):
        return ()
    begun = min(one.send_at or one.created for one in sends)
    return (
        SponsorLetter(
            number,
            sends[0].subject,
            list_name,
            begun.astimezone(workspace.zone),
            audience=counts.audience if counts else 0,
            submitted=counts.submitted if counts else 0,
            delivered=counts.delivered if counts else 0,
            told=counts is not None and any((counts.delivered, counts.bounced, counts.deferred, counts.complained)),
            clicks=sum(one.people for one in own) if every else None,
            links=links_of(own),
        ),
    )


def links_of(own: Sequence[clicks.LinkClicks]) -> tuple[LinkCounts, ...]:
    """Each address once, though letters with other subjects have links of their own.

    Args:
        own: Links of one sponsor in the letters of one issue.
    """
    people: dict[str, int] = {}
    machines: dict[str, int] = {}
    for one in own:
        people[one.url] = people.get(one.url, 0) + one.people
        machines[one.url] = machines.get(one.url, 0) + one.machines
    found = [LinkCounts(url, people[url], machines[url], own[0].sponsor) for url in people]
    return tuple(sorted(found, key=lambda one: (-one.people, one.url)))


def _ahead(booking: Booking, last: int, today: date) -> WaitingBooking | None:
    """What of a booking is still to come after the issue that went last; None when nothing is."""
    numbers = tuple(number for number in booking.issues if number > last)
    over = booking.last is not None and booking.last < today
    if not numbers and (booking.last is None or over):
        return None
    return WaitingBooking(booking.place, booking.section, numbers, booking.first, booking.last)

"""Commands for sponsors: list, check, place, report."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.app import FOUND_ERRORS, workspace_of
from newsletter.cli.options import AsJson, IssueName
from newsletter.cli.output import data, json_data, plural, say, shown_path, words
from newsletter.cli.speaking import complained, marked
from newsletter.cli.tables import table
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.report.sponsors import SponsorReport
    from newsletter.sponsors import Booking
    from newsletter.wiring import Workspace

_NONE = "No sponsor is booked. Book one in sponsors.toml; docs/en/sponsors.md shows how."


def _tell_unreadable(workspace: Workspace) -> None:
    """Say which issues' files cannot be understood: what stands in them is in none of the numbers."""
    from newsletter.workflows import sponsors

    for error in sponsors.unreadable(workspace):
        say(said("note: not looked into, since its file cannot be understood: {error}", error=complained(error)))


def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the bookings of sponsors.toml: where, in which letters, and which issues carried them.

    \b
    Examples:
      newsletter sponsors list
      newsletter sponsors list --json
    """
    from newsletter.workflows import sponsors

    with workspace_of(context) as workspace:
        found = sponsors.statuses(workspace)
        _tell_unreadable(workspace)
    if as_json:
        told = [_data(one.booking) | {"state": one.state, "carried": list(one.carried)} for one in found]
        json_data({"bookings": told})
        return
    rows = [
        (
            one.booking.sponsor,
            one.booking.spot,
            one.booking.list,
            one.booking.moments,
            said(one.state),
            _numbers(one.carried),
        )
        for one in found
    ]
    table(("Sponsor", "Place", "List", "Booked for", "State", "Carried by"), rows)
    say(
        said("{bookings}. What is missing tells: newsletter sponsors check", bookings=plural(len(found), "booking"))
        if found
        else _NONE
    )


def check(context: typer.Context, as_json: AsJson = False) -> None:
    """Tell what is wrong with the bookings: pictures that are not there, letters that went without, bookings that end.

    Exit code 3 when a person must do something; a booking that ends soon is only told.

    \b
    Examples:
      newsletter sponsors check
      newsletter sponsors check --json
    """
    from newsletter.workflows import sponsors

    with workspace_of(context) as workspace:
        count = len(workspace.bookings)
        found = sponsors.notes(workspace)
        _tell_unreadable(workspace)
    if as_json:
        told = [_data(one.booking) | {"words": one.words, "mend": one.mend, "wrong": one.wrong} for one in found]
        json_data({"bookings": count, "problems": told})
    else:
        for one in found:
            parts = {"where": one.booking.where, "sponsor": one.booking.sponsor}
            what: str = said("{where}: «{sponsor}»: {what}", **parts, what=marked(one.words))
            if one.mend:
                what = said("{what}; {mend}", what=what, mend=marked(one.mend))
            words(said("error: {line}", line=what) if one.wrong else said("note: {line}", line=what))
    wrong = sum(one.wrong for one in found)
    if not count:
        say(_NONE)
    else:
        say(
            said(
                "{bookings}, {errors}, {notes}.",
                bookings=plural(count, "booking"),
                errors=plural(wrong, "error"),
                notes=plural(len(found) - wrong, "note"),
            )
        )
    if wrong:
        raise typer.Exit(FOUND_ERRORS)


def place(
    context: typer.Context,
    name: IssueName = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put the sponsors that are booked in an issue into its file, where they are missing; with their pictures.

    A draft that is written when the booking stands there has them already. Nothing else in the file changes.

    \b
    Examples:
      newsletter sponsors place
      newsletter sponsors place 12 --dry-run
    """
    from newsletter import issues
    from newsletter.workflows import sponsors

    with workspace_of(context) as workspace:
        found = sponsors.place_missing(workspace, issues.newest(workspace.root, name), dry_run=dry_run)
    number = found.issue.number
    if as_json:
        placed = [_data(one) for one in found.placed]
        json_data({"issue": number, "placed": placed, "notes": list(found.notes), "written": not dry_run})
    else:
        for one in found.placed:
            data(f"{one.sponsor}\t{one.spot}")
    for note in found.notes:
        say(said("note: {line}", line=marked(note)))
    if not found.placed:
        say(said("Nothing is missing: issue {number} has what is booked in it.", number=number))
    elif dry_run:
        say(said("Nothing was written. To write it: newsletter sponsors place {number}", number=number))
    else:
        say(
            said(
                "{sponsors} put into issue {number}. Next: newsletter preview {number}",
                sponsors=plural(len(found.placed), "sponsor"),
                number=number,
            )
        )


def report(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The sponsor, as readers see the name.")],
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write it as one HTML file, in the sponsor's language."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell a sponsor which letters carried it, how many readers they went to, and clicks when they are counted.

    Numbers alone: nothing of it says who got a letter, or who pressed a link. The page can be given away as it is, in
    the language of the booking, or else yours.

    \b
    Examples:
      newsletter sponsors report "مطاحن السهل"
      newsletter sponsors report "مطاحن السهل" --html mill.html
    """
    from newsletter.workflows import sponsor_reports
    from newsletter.workspace import folder

    if html is not None and html.name in {"", "-"}:
        raise typer.BadParameter("--html takes the name of a file to write, such as mill.html")
    with workspace_of(context) as workspace:
        _tell_unreadable(workspace)
        found = sponsor_reports.report_of(workspace, name)
        if html is not None:
            folder.write_page(html, sponsor_reports.page_of(workspace, found))
    if as_json:
        json_data(_report_data(found))
        return
    if html is not None:
        data(shown_path(html))
        return
    rows = [
        (
            one.issue,
            f"{one.begun:%Y-%m-%d}",
            one.submitted,
            one.delivered if one.told else "",
            one.clicks if one.clicks is not None else "",
            one.subject,
        )
        for one in found.letters
    ]
    table(("Issue", "Day", "Submitted", "Delivered", "Clicks", "Subject"), rows, sparse=True)
    went = {"issues": plural(len(rows), "issue"), "letters": plural(found.submitted, "letter")}
    say(
        said("«{sponsor}»: {issues}, {letters} submitted.", sponsor=found.sponsor, **went)
        if found.clicks is None
        else said(
            "«{sponsor}»: {issues}, {letters} submitted, {clicks}.",
            sponsor=found.sponsor,
            **went,
            clicks=plural(found.clicks, "click"),
        )
    )
    say(said("For the sponsor: newsletter sponsors report {sponsor} --html FILE", sponsor=shlex.quote(found.sponsor)))


def _report_data(found: SponsorReport) -> dict[str, Any]:
    letters = [
        {
            "issue": one.issue,
            "subject": one.subject,
            "list": one.list,
            "begun": one.begun.isoformat(),
            "audience": one.audience,
            "submitted": one.submitted,
            "delivered": one.delivered if one.told else None,
            "clicks": one.clicks,
            "links": [{"url": link.url, "people": link.people, "machines": link.machines} for link in one.links],
        }
        for one in found.letters
    ]
    return {
        "sponsor": found.sponsor,
        "made": found.made.isoformat(),
        "issues": len(letters),
        "submitted": found.submitted,
        "delivered": found.delivered if found.told else None,
        "clicks": found.clicks,
        "letters": letters,
        "ahead": [asdict(one) for one in found.ahead],
    }


def _data(booking: Booking) -> dict[str, Any]:
    return {
        "sponsor": booking.sponsor,
        "place": booking.place,
        "section": booking.section or None,
        "list": booking.list,
        "issues": list(booking.issues),
        "from": booking.first,
        "until": booking.last,
        "link": booking.link,
        "label": booking.label or None,
        "where": booking.where,
    }


def _numbers(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))

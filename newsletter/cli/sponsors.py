"""Commands for sponsors: list, check, place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.app import FOUND_ERRORS, workspace_of
from newsletter.cli.options import AsJson, IssueName
from newsletter.cli.output import data, json_data, plural, say, table

if TYPE_CHECKING:
    from newsletter.sponsors import Booking

_NONE = "No sponsor is booked. Book one in sponsors.toml; docs/sponsors.md shows how."


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
    if as_json:
        json_data([_data(one.booking) | {"state": one.state, "carried": list(one.carried)} for one in found])
        return
    rows = [
        (one.booking.sponsor, one.booking.spot, one.booking.list, one.booking.moments, one.state, _numbers(one.carried))
        for one in found
    ]
    table(("Sponsor", "Place", "List", "Booked for", "State", "Carried by"), rows)
    say(f"{plural(len(found), 'booking')}. What is missing tells: newsletter sponsors check" if found else _NONE)


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
    if as_json:
        json_data([_data(one.booking) | {"words": one.words, "mend": one.mend, "wrong": one.wrong} for one in found])
    else:
        for one in found:
            step = f"; {one.mend}" if one.mend else ""
            data(f"{'error' if one.wrong else 'note'}: {one.booking.where}: «{one.booking.sponsor}»: {one.words}{step}")
    wrong = sum(one.wrong for one in found)
    if not count:
        say(_NONE)
    else:
        say(f"{plural(count, 'booking')}, {plural(wrong, 'error')}, {plural(len(found) - wrong, 'note')}.")
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
        say(f"note: {note}")
    if not found.placed:
        say(f"Nothing is missing: issue {number} has what is booked in it.")
    elif dry_run:
        say(f"Nothing was written. To write it: newsletter sponsors place {number}")
    else:
        say(f"{plural(len(found.placed), 'sponsor')} put into issue {number}. Next: newsletter preview {number}")


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

"""Commands about one person or all: show, leave, erase; stats, export, sync."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import completing
from newsletter.cli.acting import at_terminal, note_act
from newsletter.cli.app import workspace_of
from newsletter.cli.holding import tell_held, warn_held
from newsletter.cli.options import AsJson
from newsletter.cli.output import ask, data, json_data, plural, say, shown_path
from newsletter.cli.speaking import marked
from newsletter.cli.tables import fields, table
from newsletter.text.dates import in_zone
from newsletter.text.sentences import said
from subscribers.moments import to_moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="An e-mail address.")]


def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The CSV file to write; it must not exist.")],
    list_name: Annotated[str, typer.Option("--list", help="The list.", autocompletion=completing.lists)] = "readers",
) -> None:
    """Write a list into a CSV file that `import` reads back, safe to open in a spreadsheet.

    \b
    Example:
      newsletter subscribers export readers.csv
    """
    from subscribers import actions

    with workspace_of(context) as workspace:
        with workspace.database.read() as connection:
            count = actions.export_file(connection, file, list_name)
        note_act(workspace, "export", count)
    data(shown_path(file))
    say(
        said(
            "{subscribers} of '{list_name}' written. The file holds addresses: keep it safe.",
            subscribers=plural(count, "subscriber"),
            list_name=list_name,
        )
    )


_MOMENTS = frozenset({"created", "changed", "at", "expires", "paused_until", "recorded", "lease_until"})
"""Columns of the readers' tables that hold Unix seconds."""


def _with_moments(row: Mapping[str, object]) -> dict[str, object]:
    """A row with its moments in ISO 8601, for whoever reads their own data."""
    return {
        name: to_moment(value).isoformat() if name in _MOMENTS and isinstance(value, int) else value
        for name, value in row.items()
    }


def show(context: typer.Context, address: Address, as_json: AsJson = False) -> None:
    """Show how a person stands and what happened with them, oldest first; with --json the full copy they can ask for.

    \b
    Example:
      newsletter subscribers show amal@example.net
    """
    from subscribers import actions

    with workspace_of(context) as workspace, workspace.database.read() as connection:
        person = actions.show(connection, address, keys=workspace.keys.suppression)
        zone = workspace.zone
        happened = [*actions.timeline(person), *_issues(connection, person.subscriber.id)]
    if as_json:
        json_data({table: [_with_moments(row) for row in rows] for table, rows in person.rows.items()})
        return
    fields(said("address"), person.subscriber.address)
    if person.subscriber.name:
        fields(said("name"), person.subscriber.name)
    fields(said("since"), in_zone(person.subscriber.created, zone))
    if person.suppression is not None:
        why = said(person.suppression.reason)
        fields(said("not to be mailed"), why, in_zone(person.suppression.at, zone))
    for one, subscription in person.subscriptions:
        until = subscription.paused_until
        paused = [said("paused until {moment}", moment=in_zone(until, zone))] if until else []
        fields(said("list"), one.name, said(subscription.status), said(subscription.rhythm), *paused)
    if not person.subscriber.count_clicks:
        fields(said("clicks"), said("not counted"))
    for at, what in sorted(happened, key=lambda one: one[0]):
        fields(in_zone(at, zone), marked(what))


def _issues(connection: Connection, subscriber_id: int) -> list[tuple[datetime, str]]:
    """The first and the last issue that went to a person, and what was reported of them."""
    from newsletter import ledger
    from subscribers.display import shown

    sent = ledger.letters_to(connection, subscriber_id)
    told: list[tuple[datetime, str]] = [
        (at, said("a letter {what}, as the provider reports", what=what))
        for at, what in ledger.reports_of(connection, subscriber_id)
    ]
    for number in sorted({1, len(sent)} if sent else ()):
        at, subject, state = sent[number - 1]
        which = (
            said("first and only issue")
            if len(sent) == 1
            else said("first issue")
            if number == 1
            else said("latest of {count} issues", count=f"{len(sent):,}")
        )
        told.append(
            (at, said("{which}, “{subject}”, {state}", which=which, subject=shown(subject, 100), state=said(state)))
        )
    return told


def stats(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, help="How far back 'lately' goes.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Show how each list stands and what came and went lately.

    \b
    Example:
      newsletter subscribers stats --days 7
    """
    from dataclasses import asdict

    from subscribers import actions

    with workspace_of(context) as workspace, workspace.database.read() as connection:
        found = actions.stats(connection, now=workspace.now(), days=days)
        waiting = actions.wishes_waiting(connection)
        warn_held(connection)
    rows: list[dict[str, Any]] = [{**asdict(one), "list": one.list.name, "rhythms": dict(one.rhythms)} for one in found]
    if as_json:
        json_data({"lists": rows})
        return
    for row in rows:
        confirmed = {f"  {rhythm}": count for rhythm, count in row.pop("rhythms").items()}
        before = ("list", "pending", "confirmed")
        ordered = {**{name: row.pop(name) for name in before}, **confirmed, **row}
        table(("What", "Number"), [(said(name), number) for name, number in ordered.items()])
    if waiting.since is not None:
        say(
            said(
                "{signups} from {networks} wait for their letter since {moment}, {of_files} of them from files: they "
                "are asked as [web] letters_an_hour allows.",
                signups=plural(waiting.number, "sign-up"),
                networks=plural(waiting.networks, "network"),
                moment=in_zone(waiting.since, workspace.zone),
                of_files=waiting.of_files,
            )
        )


def leave(
    context: typer.Context,
    address: Address,
    list_name: Annotated[
        str, typer.Option("--list", help="Only this list. [default: every list]", autocompletion=completing.lists)
    ] = "",
    words: Annotated[str, typer.Option(help="How they asked; kept in the record of consent.")] = "",
) -> None:
    """End the subscription of somebody who wrote to you instead of using the link.

    \b
    Example:
      newsletter subscribers leave amal@example.net --words "asked by e-mail on 3 November"
    """
    from newsletter.ledger import activity
    from subscribers import actions

    with workspace_of(context) as workspace, workspace.database.write() as connection:
        left = actions.leave_address(connection, address, list_name or None, now=workspace.now(), words=words)
        if left:
            activity.note(connection, "leave", by=at_terminal(), about=str(len(left)), now=workspace.now())
    say(
        said("{address} left {lists}.", address=address, lists=plural(len(left), "list"))
        if left
        else said("{address} had left already.", address=address)
    )


def erase(
    context: typer.Context,
    address: Address,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Erase a person: no byte of the address stays, only a keyed fingerprint that keeps it from being mailed.

    \b
    Example:
      newsletter subscribers erase amal@example.net
    """
    from newsletter.workflows.erase import erase as erase_person
    from subscribers import actions

    with workspace_of(context) as workspace:
        with workspace.database.read() as connection:
            person = actions.show(connection, address, keys=workspace.keys.suppression)
        lists = ", ".join(one.name for one, _ in person.subscriptions) or said("no list")
        say(
            said(
                "{address} ({lists}) will be erased for good, with their letters in the outbox.",
                address=person.subscriber.address,
                lists=lists,
            )
        )
        if not yes and ask("Type the address to erase it") != person.subscriber.address:
            say("Nothing erased.")
            raise typer.Exit(1)
        erased = erase_person(workspace, address)
        note_act(workspace, "erase")
    say(said("Erased, with {letters} in the outbox.", letters=plural(erased.letters, "letter")))
    if not erased.scrubbed:
        say("Another program has the database open: stop it, and run any command once, to clear the freed pages.")
    for path in erased.left_over:
        say(said("This older copy still holds the address; delete it when you can: {path}", path=path))


def sync(context: typer.Context, as_json: AsJson = False) -> None:
    """Take over what the provider itself keeps of bounces, spam reports, invalid addresses and unsubscribes.

    Only what is new since the last time is asked for.

    \b
    Example:
      newsletter subscribers sync
    """
    from dataclasses import asdict

    from newsletter.events.held import waiting
    from newsletter.workflows.suppressions import run

    with workspace_of(context) as workspace:
        result = run(workspace)
        with workspace.database.read() as connection:
            held = waiting(connection)
    if as_json:
        json_data({**asdict(result), "waiting": held})
        return
    say(
        said(
            "{entries} read: {suppressed} addresses suppressed, {left} people left, {known} known before.",
            entries=plural(result.read, "entry", "entries"),
            suppressed=result.suppressed,
            left=result.left,
            known=result.known,
        )
    )
    tell_held(held)

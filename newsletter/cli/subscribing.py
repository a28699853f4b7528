"""Commands for whoever looks after subscribers: lists, subscribers add, import, list."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli import posting
from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson
from newsletter.cli.output import data, json_data, plural, say, table

ListName = Annotated[str, typer.Option("--list", help="The list.")]


def lists(context: typer.Context, as_json: AsJson = False) -> None:
    """Show the lists with how many subscriptions each has.

    \b
    Example:
      newsletter lists
    """
    from subscribers import store

    with workspace_of(context) as workspace, workspace.database.read() as connection:
        counts = store.lists(connection)
    if as_json:
        json_data(
            [
                {
                    "name": count.list.name,
                    "title": count.list.title,
                    "confirmed": count.confirmed,
                    "pending": count.pending,
                    "left": count.left,
                }
                for count in counts
            ]
        )
        return
    rows = [(count.list.name, count.confirmed, count.pending, count.left, count.list.title) for count in counts]
    table(("List", "Confirmed", "Pending", "Left", "Title"), rows)


def add(
    context: typer.Context,
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS…", help="E-mail addresses.")],
    list_name: ListName = "readers",
    consent: Annotated[str, typer.Option(help="How they agreed; kept in the record of consent.")] = "",
    ask: Annotated[bool, typer.Option("--ask", help="Send a confirmation letter; who answers it is in.")] = False,
    restore: Annotated[bool, typer.Option("--restore", help="They had left, and asked to come back.")] = False,
) -> None:
    """Add people who agreed to get the letter, or ask them. All of them, or nobody when one address is wrong.

    With --ask each gets a confirmation letter and is subscribed by confirming: on the reader pages, or, without
    [web] url, by answering it (`newsletter subscribers inbox` reads the answers). At most one such letter a day, and
    three in 30 days, goes to one person, not counting those that were answered with yes.

    \b
    Examples:
      newsletter subscribers add amal@example.net --consent "asked by phone on 3 November"
      newsletter subscribers add amal@example.net --ask --consent "card at the book fair"
    """
    from subscribers import actions

    if ask:
        _ask(context, addresses, list_name, consent, restore=restore)
        return
    with workspace_of(context) as workspace, workspace.database.write() as connection:
        added = [
            actions.add_subscriber(
                connection,
                address,
                list_name,
                now=workspace.now(),
                keys=workspace.keys.suppression,
                words=consent,
                restore=restore,
                rhythm=workspace.settings.rhythms.default,
            )
            for address in addresses
        ]
    _name_typos(addresses)
    new = sum(not one.already for one in added)
    say(f"{plural(new, 'subscriber')} added to '{list_name}', {len(added) - new} known before.")


def _name_typos(addresses: list[str]) -> None:
    """Say which addresses look like a slip of a large mail domain; they are taken all the same."""
    from subscribers.addresses import likely_typo

    for address in addresses:
        meant = likely_typo(address)
        if meant:
            say(f"{address}: did you mean {meant}? It was taken as it is written.")


def _ask(context: typer.Context, addresses: list[str], list_name: str, words: str, *, restore: bool) -> None:
    from subscribers import actions

    with workspace_of(context) as workspace:
        with workspace.database.write() as connection:
            asked = [
                actions.ask(
                    connection,
                    address,
                    list_name,
                    now=workspace.now(),
                    keys=workspace.keys.suppression,
                    caps=workspace.caps,
                    rhythm=workspace.settings.rhythms.default,
                    words=words,
                    restore=restore,
                )
                for address in addresses
            ]
        told = [f"{plural(asked.count('asked'), 'person', 'people')} asked for '{list_name}'"]
        told += [f"{count:,} subscribed before"] if (count := asked.count("confirmed")) else []
        told += [f"{count:,} asked lately and not again"] if (count := asked.count("lately")) else []
        say(", ".join(told) + ".")
        posting.post(workspace)


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a column of addresses.")],
    list_name: ListName = "readers",
    consent: Annotated[str, typer.Option(help="How these people agreed; kept in the record of consent.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Tell what would happen, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add the addresses of a CSV file; every row that cannot be used is named with its line.

    \b
    Example:
      newsletter subscribers import readers.csv --dry-run
    """
    from subscribers import actions

    with workspace_of(context) as workspace, workspace.database.write() as connection:
        report = actions.import_file(
            connection,
            file,
            list_name,
            now=workspace.now(),
            keys=workspace.keys.suppression,
            words=consent,
            dry_run=dry_run,
            rhythm=workspace.settings.rhythms.default,
        )
    if as_json:
        json_data(asdict(report))
    for row in report.rejected:
        say(f"{file}:{row.line}: {row.value}: {row.reason}")
    if report.rejected_count > len(report.rejected):
        say(f"… and {report.rejected_count - len(report.rejected)} more rows that cannot be used.")
    counts = {
        "known before": report.already,
        "confirmed now": report.confirmed,
        "waiting for confirmation": report.pending,
        "the same address again": report.merged,
        "who left stay out": report.kept_out,
        "marked as left": report.left,
        "not to be mailed": report.suppressed,
        "cannot be used": report.rejected_count,
    }
    told = "".join(f", {count} {words}" for words, count in counts.items() if count)
    say(f"{'Would add' if dry_run else 'Added'} {plural(report.added, 'subscriber')} to '{list_name}'{told}.")
    if report.rows and report.rejected_count == report.rows:
        raise typer.Exit(1)


def list_(
    context: typer.Context,
    list_name: ListName = "readers",
    as_json: AsJson = False,
) -> None:
    """Print the subscribers of a list, one line each.

    \b
    Example:
      newsletter subscribers list --list readers
    """
    from subscribers import store

    with workspace_of(context) as workspace, workspace.database.read() as connection:
        target = store.list_named(connection, list_name)
        last = count = 0
        while page := store.subscribers(connection, target.id, after=last):
            for subscriber, subscription in page:
                row = {
                    "address": subscriber.address,
                    "status": subscription.status,
                    "rhythm": subscription.rhythm,
                    "since": subscription.created.isoformat(),
                }
                # One JSON object a line: a list may have a million of them.
                if as_json:
                    json_data(row, indent=None)
                else:
                    data("\t".join(row.values()))
            count += len(page)
            last = page[-1][0].id
    if not count:
        say(f"Nobody on '{list_name}' yet. Add people with: newsletter subscribers import FILE")

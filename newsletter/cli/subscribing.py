"""Commands for whoever looks after subscribers: subscribers add, list."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli import posting
from newsletter.cli.acting import at_terminal, note_act
from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson, AsJsonLines, ToList, one_form, with_list
from newsletter.cli.output import JsonDocument, data, json_line, plural, say
from newsletter.text.sentences import joined, said


def add(
    context: typer.Context,
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS…", help="E-mail addresses.")],
    list_name: ToList = "readers",
    consent: Annotated[str, typer.Option(help="How they agreed; kept in the record of consent.")] = "",
    ask: Annotated[bool, typer.Option("--ask", help="Send a confirmation letter; who answers it is in.")] = False,
    restore: Annotated[bool, typer.Option("--restore", help="They had left, and asked to come back.")] = False,
    name: Annotated[str, typer.Option(help="What editors call the person; no letter carries it.")] = "",
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
    from newsletter.ledger import activity
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
                rhythm=workspace.settings.rhythm_of(list_name),
                name=name,
            )
            for address in addresses
        ]
        activity.note(connection, "add", by=at_terminal(), about=str(len(added)), now=workspace.now())
    _name_typos(addresses)
    new = sum(not one.already for one in added)
    say(
        said(
            "{subscribers} added to '{list_name}', {added} known before.",
            subscribers=plural(new, "subscriber"),
            list_name=list_name,
            added=len(added) - new,
        )
    )


def _name_typos(addresses: list[str]) -> None:
    """Say which addresses look like a slip of a large mail domain; they are taken all the same."""
    from subscribers.addresses import likely_typo

    for address in addresses:
        meant = likely_typo(address)
        if meant:
            say(said("{address}: did you mean {meant}? It was taken as it is written.", address=address, meant=meant))


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
                    rhythm=workspace.settings.rhythm_of(list_name),
                    words=words,
                    restore=restore,
                )
                for address in addresses
            ]
        note_act(workspace, "add", asked.count("asked"))
        told = [
            said(
                "{people} asked for '{list_name}'",
                people=plural(asked.count("asked"), "person", "people"),
                list_name=list_name,
            )
        ]
        told += [said("{count} subscribed before", count=f"{count:,}")] if (count := asked.count("confirmed")) else []
        told += (
            [said("{count} asked lately and not again", count=f"{count:,}")] if (count := asked.count("lately")) else []
        )
        say(said("{counts}.", counts=joined(told, ", ")))
        posting.post(workspace)


def list_(
    context: typer.Context,
    list_name: ToList = "readers",
    as_json: AsJson = False,
    as_lines: AsJsonLines = False,
) -> None:
    """Print the subscribers of a list, one line each.

    \b
    Examples:
      newsletter subscribers list --list readers
      newsletter subscribers list --jsonl
    """
    from subscribers import store

    one_form(as_json, as_lines)
    with workspace_of(context) as workspace, workspace.database.read() as connection:
        target = store.list_named(connection, list_name)
        # Written piece by piece: a list may have a million of them.
        document = JsonDocument({"list": target.name}, "subscribers")
        last = count = 0
        while page := store.subscribers(connection, target.id, after=last):
            for subscriber, subscription in page:
                row = {
                    "address": subscriber.address,
                    "status": subscription.status,
                    "rhythm": subscription.rhythm,
                    "since": subscription.created.isoformat(),
                }
                if as_lines:
                    json_line(row)
                elif as_json:
                    document.add(row)
                else:
                    data("\t".join(row.values()))
            count += len(page)
            last = page[-1][0].id
        if as_json:
            document.end()
    if not count:
        more = with_list("newsletter subscribers import FILE", list_name)
        say(said("Nobody on '{list_name}' yet. Add people with: {more}", list_name=list_name, more=more))

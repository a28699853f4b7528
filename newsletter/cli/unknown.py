"""The command ``sends unknown``: what is in doubt, request by request, what is known of it, what each choice does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import completing
from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson
from newsletter.cli.output import data, json_data, plural, say
from newsletter.cli.speaking import marked
from newsletter.text.dates import in_zone
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.ledger import DoubtfulRequest, Send
    from newsletter.wiring import Workspace

Doubt = tuple["Send", list["DoubtfulRequest"]]
MOST_SHOWN = 10
"""Requests of a send that are described one by one."""


def unknown(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="SEND",
            help="Its id, or the number of its issue; every send if not given.",
            autocompletion=completing.sends,
        ),
    ] = "",
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask the provider about it now, where it shows what it took.")
    ] = False,
    addresses: Annotated[
        bool, typer.Option("--addresses", help="List the address of each reader it is about, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is unknown, grouped by request: what is known of it, and what each way to settle it would do.

    An unknown delivery is one whose last byte went and whose answer nobody saw. Reports of the provider settle most
    of them. A worker also asks the provider by itself, where it shows what it took: after 5 and 15 minutes, 1 and 6
    hours, then daily for 3 days. A letter that is shown is a proof; one that is not shown proves nothing.

    \b
    Examples:
      newsletter sends unknown
      newsletter sends unknown 12 --ask
    """
    with workspace_of(context) as workspace:
        found = _found(workspace, name)
        told = _ask(workspace, found, aloud=not as_json) if ask else []
        if told:
            found = _found(workspace, name)
        people = _people(workspace, found) if addresses else {}
        if as_json:
            asking = {"asked": told} if ask else {}
            json_data({"sends": [_told(one, people) for one in found], **asking})
            return
        for one in found:
            _say(workspace, one, people)
        if not found:
            say("Nothing is unknown." if not name else said("Nothing of {name} is unknown.", name=name))


def _found(workspace: Workspace, name: str) -> list[Doubt]:
    """What is in doubt of one send, or of every one; when it was seen first is noted, so that its age is known."""
    from newsletter import ledger

    with workspace.database.read() as connection:
        sends = [ledger.named(connection, name)] if name else ledger.sends(connection)
        found = [(one, ledger.in_doubt(connection, one.id)) for one in sends]
    fresh = [request.batch_id for _, requests in found for request in requests if not request.seen]
    if not fresh:
        return [one for one in found if one[1]]
    with workspace.database.write() as connection:
        ledger.note_seen(connection, fresh, int(workspace.now().timestamp()))
        return [one for one in ((send, ledger.in_doubt(connection, send.id)) for send, _ in found) if one[1]]


def _ask(workspace: Workspace, found: list[Doubt], *, aloud: bool) -> list[dict[str, Any]]:
    """Ask about everything, and say what came of it."""
    from newsletter.workflows import asking

    told: list[dict[str, Any]] = []
    failures: list[str] = []
    requests = [request for _, requests in found for request in requests]
    for outcome in asking.ask_now(workspace, requests):
        told.append({"request": outcome.request.request_id, "submitted": outcome.proved, "failure": outcome.failure})
        if outcome.failure and outcome.failure not in failures:
            failures.append(outcome.failure)
            if aloud:
                say(said("error: {line}", line=marked(outcome.failure)))
        elif aloud and not outcome.failure:
            words = (
                said("found; {proved} submitted", proved=f"{outcome.proved:,}") if outcome.proved else said("not found")
            )
            say(said("Asked about {letters}: {words}.", letters=plural(outcome.request.count, "letter"), words=words))
    if aloud and requests and not told:
        names = ", ".join(sorted({_title(one.sender) for one in requests}))
        say(said("{names} cannot be asked: only reports, or your word, settle this.", names=names))
    return told


def _people(workspace: Workspace, found: list[Doubt]) -> dict[int, list[dict[str, str]]]:
    """Whom it is about, by batch."""
    from newsletter import ledger

    with workspace.database.read() as connection:
        return {
            request.batch_id: _readers(connection, send, ledger.doubtful_deliveries(connection, request.batch_id))
            for send, requests in found
            for request in requests
        }


def _readers(connection: Connection, send: Send, ids: list[tuple[int, int]]) -> list[dict[str, str]]:
    from subscribers import store

    people = []
    for delivery, subscriber in ids:
        person = store.find_id(connection, subscriber)
        address = person.address if person is not None else "(erased)"
        people.append({"delivery": f"{send.public_id}.{delivery}", "address": address})
    return people


def _title(sender: str) -> str:
    from newsletter.senders import registry

    return registry.provider(sender).title if sender in registry.names() else sender or said("an older version")


def _told(one: Doubt, people: dict[int, list[dict[str, str]]]) -> dict[str, Any]:
    """A send's doubt as data."""
    from newsletter.workflows import asking

    send, requests = one
    count = sum(request.count for request in requests)
    return {
        "send": send.public_id,
        "issue": send.issue,
        "state": send.state,
        "unknown": count,
        "most_doubled_by_resend": count,
        "most_lost_by_accept": count,
        "requests": [
            {
                "request": request.request_id,
                "provider": request.sender,
                "one_request": request.whole,
                "unknown": request.count,
                "reported": request.told,
                "seen": _moment(request.seen),
                "asked": request.times,
                "last_asked": _moment(request.asked),
                "can_be_asked": asking.asks(request.sender),
                **({"deliveries": people[request.batch_id]} if request.batch_id in people else {}),
            }
            for request in requests
        ],
    }


def _moment(seconds: int) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None


def _say(workspace: Workspace, one: Doubt, people: dict[int, list[dict[str, str]]]) -> None:
    """A send's doubt in words."""
    send, requests = one
    count = sum(request.count for request in requests)
    whole = all(request.whole for request in requests)
    inside = plural(len(requests), "request") if whole else said("letters sent singly")
    say(
        said(
            "Issue {issue} (send {public_id}): {count} unknown, in {inside}.",
            issue=send.issue,
            public_id=send.public_id,
            count=f"{count:,}",
            inside=inside,
        )
    )
    for request in requests[:MOST_SHOWN]:
        for line in _lines(workspace, request):
            say(line)
        for person in people.get(request.batch_id, ()):
            data(f"{person['delivery']}\t{person['address']}")
    for request in requests[MOST_SHOWN:]:
        for person in people.get(request.batch_id, ()):
            data(f"{person['delivery']}\t{person['address']}")
    if len(requests) > MOST_SHOWN:
        say(said("  … and {count} more; all of them with --json", count=f"{len(requests) - MOST_SHOWN:,}"))
    say("  You can wait: a report of the provider settles them. Or decide:")
    whom = plural(count, "reader")
    say(
        said(
            "    newsletter sends resume {public_id} --resend-unknown   at most {whom} get it twice",
            public_id=send.public_id,
            whom=whom,
        )
    )
    say(
        said(
            "    newsletter sends resume {public_id} --accept-unknown   at most {whom} never get it",
            public_id=send.public_id,
            whom=whom,
        )
    )


def _lines(workspace: Workspace, request: DoubtfulRequest) -> list[str]:
    """What is known of one request."""
    from newsletter.workflows import asking

    def moment(seconds: int) -> str:
        return in_zone(datetime.fromtimestamp(seconds, UTC), workspace.zone)

    parts = {
        "letters": plural(request.count, "letter"),
        "provider": _title(request.sender),
        "moment": moment(request.seen),
    }
    lines: list[str] = [
        said(
            "  request {request} of {letters} through {provider}, noticed {moment}",
            request=request.request_id[:8],
            **parts,
        )
        if request.whole
        else said("  each for itself, {letters} through {provider}, noticed {moment}", **parts),
        said(
            "    reports came of {number} others that were in it at an earlier try or singly",
            number=f"{request.told:,}",
        )
        if request.told
        else said("    no report came of any letter in it"),
    ]
    if request.asked:
        hours = max(0, request.asked - request.seen) // asking.HOUR
        after: str = said("{hours} hours", hours=f"{hours:,}") if hours else said("less than an hour")
        if hours * asking.HOUR < asking.SPEAKS_AFTER:
            after = said("{after}, which says nothing yet", after=after)
        lines.append(
            said("    asked {times}: not found after {after}", times=plural(request.times, "time"), after=after)
        )
    elif asking.asks(request.sender):
        lines.append(said("    not asked yet; a worker does it, or now: --ask"))
    else:
        lines.append(said("    {provider} cannot be asked about it", provider=_title(request.sender)))
    return lines

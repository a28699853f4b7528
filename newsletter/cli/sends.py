"""Commands for sends that are there: list, show, pause, resume, and what to do about the unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.accounts import account_data
from newsletter.cli.acting import at_terminal
from newsletter.cli.app import workspace_of
from newsletter.cli.delivering import tell_edited
from newsletter.cli.holding import warn_held
from newsletter.cli.options import AsJson, SendName
from newsletter.cli.output import ask, data, json_data, plural, say
from newsletter.cli.speaking import marked
from newsletter.cli.tables import fields, table
from newsletter.cli.trying import result_data, result_lines, waits_words
from newsletter.errors import SendError
from newsletter.text.dates import in_zone
from newsletter.text.sentences import counted, joined, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from newsletter.ledger import Send, SendCounts
    from newsletter.ledger.activity import Act
    from newsletter.wiring import Workspace


def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List every send with its state and what became of its deliveries.

    \b
    Example:
      newsletter sends list
    """
    from newsletter import ledger
    from newsletter.ledger import trials
    from subscribers import store

    with workspace_of(context) as workspace, workspace.database.read() as connection:
        lists = {count.list.id: count.list.name for count in store.lists(connection)}
        found = [(send, ledger.account(connection, send.id)) for send in ledger.sends(connection)]
        ways = ledger.by_provider(connection)
        tried = {one.send_id: one for one in trials.every(connection)}
    if as_json:
        told = [
            {
                **_told(send, account, lists),
                "by_provider": ways.get(send.id, {}),
                "trial": result_data(tried.get(send.id)),
            }
            for send, account in found
        ]
        json_data({"sends": told})
        return
    rows = [
        (
            send.public_id,
            send.issue,
            lists.get(send.list_id, "?"),
            said(send.state),
            account.submitted,
            account.open,
            account.refused,
            account.unknown,
            account.skipped,
            in_zone(send.created, workspace.zone),
        )
        for send, account in found
    ]
    table(
        ("Send", "Issue", "List", "State", "Submitted", "Open", "Refused", "Unknown", "Skipped", "Frozen"),
        rows,
        sparse=True,
    )
    for send, account in found:
        if send.state == "paused" and send.paused_by == "trial":
            say(waits_words(send, account, workspace.zone))
        elif send.reason:
            say(
                said(
                    "{public_id} is {state}: {reason}",
                    public_id=send.public_id,
                    state=said(send.state),
                    reason=marked(send.reason),
                )
            )
        if send.id in ways:
            each = joined([said("{name}: {words}", name=name, words=words) for name, words in _ways(ways[send.id])])
            say(said("{public_id} went by more than one provider: {each}", public_id=send.public_id, each=each))
    if not rows:
        say("Nothing was sent yet. Send an issue with: newsletter send")


def show(
    context: typer.Context,
    name: SendName,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="List the subscribers of whom nobody knows whether they got it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show one send: its state, its account, and on demand whose delivery is unknown.

    \b
    Example:
      newsletter sends show 12 --unknown
    """
    from newsletter import ledger
    from newsletter.ledger import trials
    from subscribers import store

    with workspace_of(context) as workspace, workspace.database.read() as connection:
        send = ledger.named(connection, name)
        account = ledger.account(connection, send.id)
        lists = {count.list.id: count.list.name for count in store.lists(connection)}
        through = ledger.submitted_through(connection, send.id)
        ways = ledger.by_provider(connection, send.id).get(send.id, {})
        people = _unknown(connection, send) if unknown else []
        tried = trials.of_send(connection, send.id)
        warn_held(connection)
    change = tell_edited(workspace, send) if not unknown or as_json else None
    if as_json:
        files = {"edited": change == "edited", "file_gone": change == "gone"}
        told = {**_told(send, account, lists), "submitted_through": through, "by_provider": ways, **files}
        told["trial"] = result_data(tried)
        json_data({**told, "unknown_deliveries": people} if unknown else told)
        return
    if unknown:
        for person in people:
            data(f"{person['delivery']}\t{person['address']}")
        say(
            said(
                "{deliveries} of issue {issue} unknown.",
                deliveries=plural(len(people), "delivery", "deliveries"),
                issue=send.issue,
            )
        )
        if people:
            say("Events of the provider settle them. If none come: newsletter sends resume --help")
        return
    moments = {
        "frozen": send.created,
        "send_at": send.send_at,
        "tried_again": send.probe_at,
        "finished": send.finished,
    }
    each: dict[str, str] = {said("through {name}", name=name): words for name, words in _ways(ways)}
    for key, value in {**_told(send, account, lists), **each}.items():
        if (moment := moments.get(key)) is not None:
            fields(said(key), in_zone(moment, workspace.zone))
        elif value not in (None, "", {}, 0):
            fields(said(key), said(value) if key in ("state", "rhythm", "paused_by") else str(value))
    for line in result_lines(tried, workspace.zone) if tried is not None else ():
        say(line)
    if account.refused:
        say(
            said(
                "Refused by mistake? See why: newsletter sends resume {public_id} --resend-refused --dry-run",
                public_id=send.public_id,
            )
        )


def pause(context: typer.Context, name: SendName) -> None:
    """Let a running send rest: nothing more goes after the batches that are under way.

    \b
    Example:
      newsletter sends pause 12
    """
    with workspace_of(context) as workspace:
        send = _move(workspace, name, "paused", "pause", reason="by an editor")
    say(
        said(
            "Issue {issue} rests. Go on with: newsletter sends resume {public_id}",
            issue=send.issue,
            public_id=send.public_id,
        )
    )


def resume(
    context: typer.Context,
    name: SendName,
    resend_unknown: Annotated[
        bool, typer.Option("--resend-unknown", help="Send again what is unknown; some may get it twice.")
    ] = False,
    accept_unknown: Annotated[
        bool, typer.Option("--accept-unknown", help="Count what is unknown as submitted; some may never get it.")
    ] = False,
    resend_refused: Annotated[
        bool, typer.Option("--resend-refused", help="Send once more to those whom the provider refused.")
    ] = False,
    reason: Annotated[
        str, typer.Option("--reason", help="With --resend-refused: only those with this text in their reason.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --resend-refused: change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a paused send go on, or settle what is unknown or refused of a send by your word.

    An unknown delivery is one whose last byte went and whose answer nobody saw: the provider may have taken it or not.
    Its events settle it by themselves, mostly within minutes; only when none come should you say which risk you take.

    A refused delivery went to nobody, so that sending it again doubles nothing. It is right when the provider was at
    fault; the reasons are shown first.

    \b
    Examples:
      newsletter sends resume 12
      newsletter sends resume 12 --accept-unknown
      newsletter sends resume 12 --resend-refused --reason "Bad Request"
    """
    from newsletter import ledger

    if resend_unknown + accept_unknown + resend_refused > 1:
        raise typer.BadParameter("say one of --resend-unknown, --accept-unknown and --resend-refused")
    if (reason or dry_run or as_json) and not resend_refused:
        raise typer.BadParameter("--reason, --dry-run and --json go with --resend-refused")
    if resend_refused:
        from newsletter.cli.refusing import resend_refused as resend

        with workspace_of(context) as workspace:
            resend(workspace, name, reason, dry_run=dry_run, yes=yes, as_json=as_json)
        return
    if not (resend_unknown or accept_unknown):
        with workspace_of(context) as workspace:
            with workspace.database.read() as connection:
                send = ledger.named(connection, name)
            if send.state == "paused" and send.send_at is not None and send.send_at > workspace.now():
                _move(workspace, name, "scheduled", "resume")
                say(
                    said(
                        "Issue {issue} starts {moment}, as planned.",
                        issue=send.issue,
                        moment=in_zone(send.send_at, workspace.zone),
                    )
                )
                return
            send = _resumed(workspace, send)
        say(said("Issue {issue} may go on. Deliver it with: newsletter send {issue}", issue=send.issue))
        return
    from newsletter.ledger import activity
    from newsletter.workflows import cancelling

    with workspace_of(context) as workspace:
        with workspace.database.read() as connection:
            send = ledger.named(connection, name)
            count = len(ledger.unknown_deliveries(connection, send.id))
        if not count:
            say(said("Nothing of issue {issue} is unknown.", issue=send.issue))
            return
        whom = plural(count, "subscriber")
        ended = send.state == "cancelled"
        risk = (
            said(
                "{whom} count as having got nothing; the rest of the cancelled issue {issue} goes to them too.",
                whom=whom,
                issue=send.issue,
            )
            if resend_unknown and ended
            else said(
                "{whom} will be sent issue {issue} again; those who have it already get it twice.",
                whom=whom,
                issue=send.issue,
            )
            if resend_unknown
            else said(
                "{whom} count as having got issue {issue}; those who have not will never get it.",
                whom=whom,
                issue=send.issue,
            )
        )
        say(risk)
        if not yes and ask(said("Type {count} to do it, anything else to stop", count=count)) != str(count):
            say("Nothing changed.")
            raise typer.Exit(1)
        with workspace.database.write() as connection:
            act = ledger.resend_unknown if resend_unknown else ledger.accept_unknown
            act(connection, send.id)
            word: Act = "resend" if resend_unknown else "accept-unknown"
            activity.note(connection, word, by=at_terminal(), about=send.issue, now=workspace.now())
        undone = ended and send.id in {one.id for one in cancelling.free_undone(workspace)}
    rest = " --rest" if ended and not undone else ""
    say(
        said("Deliver them with: newsletter send {issue}{rest}", issue=send.issue, rest=rest)
        if resend_unknown
        else "Done."
    )


def _resumed(workspace: Workspace, send: Send) -> Send:
    """Let a paused send run; what waits for the end of its trial runs when that is decided."""
    from newsletter import ledger
    from newsletter.workflows import deciding

    if send.state == "paused" and send.paused_by == "trial":
        if send.id in {one.send_id for one in deciding.decide_due(workspace, say)}:
            return send
        with workspace.database.read() as connection:
            workspace.memory.refuse_behind(connection)
            send = ledger.send(connection, send.id) or send
            account = ledger.account(connection, send.id)
        raise SendError(waits_words(send, account, workspace.zone))
    return _move(workspace, send.public_id, "running", "resume")


def _ways(ways: Mapping[str, Mapping[str, int]]) -> list[tuple[str, str]]:
    """Providers as people call them, each with what became of the deliveries that it had."""
    from newsletter.senders import registry

    titles = {name: registry.provider(name).title for name in registry.names()}
    return [
        (
            titles.get(name, name or said("an older version")),
            joined([counted(f"{{n}} {state}", f"{{n}} {state}", number) for state, number in each.items()], ", "),
        )
        for name, each in ways.items()
    ]


def _move(workspace: Workspace, name: str, to: str, word: Act, *, reason: str = "") -> Send:
    from newsletter import ledger
    from newsletter.ledger import activity

    with workspace.database.write() as connection:
        send = ledger.named(connection, name)
        ledger.move(connection, send, to, reason=reason)
        activity.note(connection, word, by=at_terminal(), about=send.issue, now=workspace.now())
    return send


def _unknown(connection: Connection, send: Send) -> list[dict[str, Any]]:
    from newsletter import ledger
    from subscribers import store

    people = []
    for delivery, subscriber in ledger.unknown_deliveries(connection, send.id):
        person = store.find_id(connection, subscriber)
        address = person.address if person is not None else "(erased)"
        people.append({"delivery": f"{send.public_id}.{delivery}", "address": address})
    return people


def _told(send: Send, account: SendCounts, lists: dict[int, str]) -> dict[str, Any]:
    return {
        "send": send.public_id,
        "issue": send.issue,
        "list": lists.get(send.list_id, "?"),
        "rhythm": send.rhythm,
        "state": send.state,
        "paused_by": send.paused_by,
        "reason": send.reason,
        "tried_again": send.probe_at.isoformat() if send.probe_at else None,
        "undone": send.undone,
        "sender": send.sender,
        "subject": send.subject,
        "audience": send.audience,
        **account_data(account),
        "frozen": send.created.isoformat(),
        "send_at": send.send_at.isoformat() if send.send_at else None,
        "finished": send.finished.isoformat() if send.finished else None,
    }

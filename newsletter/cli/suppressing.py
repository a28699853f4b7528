"""Commands about addresses that must not be mailed, and about bounces that are held as doubtful."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from newsletter.cli.acting import at_terminal, note_act
from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson, Yes, day_of
from newsletter.cli.output import ask, is_yes, json_data, plural, say
from newsletter.cli.tables import table
from newsletter.text.sentences import Sentence, joined, said

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="An e-mail address.")]
OneDomain = Annotated[str, typer.Option("--domain", metavar="DOMAIN", help="Only addresses of this domain.")]
All = Annotated[bool, typer.Option("--all", help="Those of every domain.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Tell what would happen, write nothing.")]


class _LiftableReason(enum.StrEnum):
    """Why an address is suppressed, where an editor may take it back for many at once."""

    HARD = "hard"
    INVALID = "invalid"
    SOFT = "soft"
    BLOCKED = "blocked"
    EDITOR = "editor"
    IMPORT = "import"


def suppress(context: typer.Context, address: Address) -> None:
    """Never mail an address again, whether somebody has it or not.

    \b
    Example:
      newsletter subscribers suppress amal@example.net
    """
    from newsletter.ledger import activity
    from subscribers import actions

    with workspace_of(context) as workspace, workspace.database.write() as connection:
        new = actions.suppress(connection, address, now=workspace.now(), keys=workspace.keys.suppression)
        if new:
            activity.note(connection, "suppress", by=at_terminal(), about="1", now=workspace.now())
    say(
        said("{address} will not be mailed.", address=address)
        if new
        else said("{address} was not to be mailed before either.", address=address)
    )


def unsuppress(
    context: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="An e-mail address. [default: all that the options name]")
    ] = "",
    asked: Annotated[bool, typer.Option("--asked", help="They had complained or were erased, and asked.")] = False,
    domain: OneDomain = "",
    since: Annotated[
        str, typer.Option(metavar="DAY", help="Only those suppressed on this day or later: 2026-11-20.")
    ] = "",
    reason: Annotated[
        list[_LiftableReason] | None, typer.Option("--reason", help="Only those suppressed for this; can be repeated.")
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let an address be mailed again, or many at once; this subscribes nobody.

    Many at once are all those for whom every option holds: of a domain, suppressed since a day, for a reason. Who
    complained or was erased comes back only alone, with --asked.

    \b
    Examples:
      newsletter subscribers unsuppress amal@example.net
      newsletter subscribers unsuppress --domain example.net --since 2026-11-20 --reason hard
    """
    conditions = bool(domain or since or reason)
    if bool(address) == conditions:
        say(
            "Name an address, or else some of --domain, --since and --reason; not both."
            if address
            else "Name an address, or some of --domain, --since and --reason."
        )
        raise typer.Exit(2)
    if address:
        if dry_run or as_json:
            say("--dry-run and --json are for many at once: name --domain, --since or --reason instead of an address.")
            raise typer.Exit(2)
        _unsuppress_one(context, address, asked=asked)
        return
    if asked:
        say("--asked is for one person: name their address.")
        raise typer.Exit(2)
    _unsuppress_many(context, domain, since, [str(one) for one in reason or ()], yes, dry_run, as_json)


def _unsuppress_one(context: typer.Context, address: str, *, asked: bool) -> None:
    from newsletter.ledger import activity
    from subscribers import actions

    with workspace_of(context) as workspace, workspace.database.write() as connection:
        freed = actions.unsuppress(connection, address, keys=workspace.keys.suppression, asked=asked)
        if freed:
            activity.note(connection, "unsuppress", by=at_terminal(), about="1", now=workspace.now())
    say(
        said("{address} may be mailed again.", address=address)
        if freed
        else said("{address} was not suppressed.", address=address)
    )


def _unsuppress_many(
    context: typer.Context, domain: str, since: str, reasons: Sequence[Any], yes: bool, dry_run: bool, as_json: bool
) -> None:
    from dataclasses import asdict

    from subscribers import actions

    day = day_of("--since", since)
    with workspace_of(context) as workspace:
        start = None if day is None else datetime(day.year, day.month, day.day, tzinfo=workspace.zone)

        def lift(*, rehearse: bool) -> Any:
            with workspace.database.read() if rehearse else workspace.database.write() as connection:
                return actions.unsuppress_many(
                    connection, domain=domain or None, since=start, reasons=reasons, dry_run=rehearse
                )

        found = lift(rehearse=True)
        what = plural(found.lifted, "address", "addresses")
        freed = said("{what} may be mailed again", what=what)
        say(_with_reasons(freed, dict(found.reasons)))
        for name, number in found.kept:
            say(
                said(
                    "{number} stay suppressed ({name}): only one by one, with --asked.",
                    number=f"{number:,}",
                    name=said(name),
                )
            )
        if found.untold:
            say(
                said(
                    "{untold} suppressed addresses belong to no subscriber: their domain is not known; they stay.",
                    untold=f"{found.untold:,}",
                )
            )
        if found.lifted and not dry_run:
            _agree(said("Let {what} be mailed again?", what=what), yes=yes)
            found = lift(rehearse=False)
            note_act(workspace, "unsuppress", found.lifted)
            say(said("{addresses} taken back.", addresses=plural(found.lifted, "address", "addresses")))
    if as_json:
        plain = {**asdict(found), "reasons": dict(found.reasons), "kept": dict(found.kept)}
        json_data({**plain, "dry_run": dry_run})


def bounces(context: typer.Context, as_json: AsJson = False) -> None:
    """List bounces that came too many at once to be believed; accept or dismiss them.

    When 20 or more readers of one domain bounce within an hour, and they are 30 % of the readers there or more, its
    server is ill more often than its readers are gone. So nobody is suppressed: they are mailed as before until you
    decide, and who gets a later letter is held no more. Told for each domain: how many, how much of it, why, since
    when.

    \b
    Example:
      newsletter subscribers bounces
    """
    if context.invoked_subcommand is not None:
        return
    from subscribers import actions

    with workspace_of(context) as workspace, workspace.database.read() as connection:
        found = actions.held(connection)
    if as_json:
        told = [
            {
                "domain": one.domain,
                "number": one.number,
                "readers": one.readers,
                "share": one.share,
                "reasons": dict(one.reasons),
                "since": one.since.isoformat(),
            }
            for one in found
        ]
        json_data({"domains": told})
        return
    if not found:
        say("No bounces are held.")
        return
    rows = [
        (
            one.domain,
            one.number,
            "" if one.share is None else f"{one.share:.0%}",
            _reasons(one.reasons),
            one.since.astimezone(workspace.zone).isoformat(timespec="minutes"),
        )
        for one in found
    ]
    table(("Domain", "Held", "Of its readers", "Reasons", "Since"), rows)
    say("Believe them: newsletter subscribers bounces accept --domain DOMAIN")
    say("Forget them:  newsletter subscribers bounces dismiss --domain DOMAIN")


def accept(
    context: typer.Context,
    domain: OneDomain = "",
    everything: All = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Believe held bounces: these addresses are not mailed any more.

    \b
    Example:
      newsletter subscribers bounces accept --domain example.net
    """
    from subscribers import actions

    with workspace_of(context) as workspace:
        number = _held(workspace, domain, everything)
        what = plural(number, "address", "addresses")
        say(
            said("{what} would be suppressed of {domain}.", what=what, domain=domain.removeprefix("@"))
            if domain
            else said("{what} would be suppressed.", what=what)
        )
        counts: Mapping[Any, int] = {}
        if number and not dry_run:
            _agree(said("Suppress {what}?", what=what), yes=yes)
            with workspace.database.write() as connection:
                counts = actions.accept_held(
                    connection, now=workspace.now(), keys=workspace.keys.suppression, domain=domain or None
                )
            done = plural(sum(counts.values()), "address", "addresses")
            say(
                said(
                    "{line} Take it back: newsletter subscribers unsuppress --domain …",
                    line=_with_reasons(said("{done} suppressed", done=done), counts),
                )
            )
    if as_json:
        json_data({"held": number, "suppressed": sum(counts.values()), "reasons": counts, "dry_run": dry_run})


def dismiss(
    context: typer.Context,
    domain: OneDomain = "",
    everything: All = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Forget held bounces: these addresses are as if they had not bounced.

    \b
    Example:
      newsletter subscribers bounces dismiss --all
    """
    from subscribers import actions

    with workspace_of(context) as workspace:
        number = _held(workspace, domain, everything)
        what = plural(number, "held bounce")
        say(
            said("{what} would be forgotten of {domain}.", what=what, domain=domain.removeprefix("@"))
            if domain
            else said("{what} would be forgotten.", what=what)
        )
        forgotten = 0
        if number and not dry_run:
            _agree(said("Forget {what}?", what=what), yes=yes)
            with workspace.database.write() as connection:
                forgotten = actions.dismiss_held(connection, domain=domain or None)
            say(said("{bounces} forgotten.", bounces=plural(forgotten, "held bounce")))
    if as_json:
        json_data({"held": number, "forgotten": forgotten, "dry_run": dry_run})


def _held(workspace: Any, domain: str, everything: bool) -> int:
    """How many are held of what was asked for; exits with 2 when that is not clear."""
    from subscribers import actions

    if bool(domain) == everything:
        say("Name a domain with --domain, or take every domain with --all.")
        raise typer.Exit(2)
    with workspace.database.read() as connection:
        return sum(one.number for one in actions.held(connection, domain or None))


def _with_reasons(what: str, counts: Mapping[Any, int]) -> Sentence:
    """A sentence, with the reasons behind it where there are any."""
    if not counts:
        return said("{what}.", what=what)
    return said("{what} ({reasons}).", what=what, reasons=_reasons(counts.items()))


def _reasons(counts: Iterable[tuple[Any, int]]) -> Sentence:
    """How many for each reason."""
    each = [said("{number} {reason}", number=f"{number:,}", reason=said(str(reason))) for reason, number in counts]
    return joined(each, ", ")


def _agree(question: str, *, yes: bool) -> None:
    if not yes and not is_yes(ask(said("{question} [y/N]", question=question))):
        say("Nothing changed.")
        raise typer.Exit(1)

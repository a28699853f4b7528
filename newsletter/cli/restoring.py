"""What to do after a database was restored, replaced or lost: ``database adopt`` and ``--after-restore``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import workspace_of
from newsletter.cli.moment import WESTERN_DIGITS
from newsletter.cli.options import Yes
from newsletter.cli.output import ask, on_terminal, plural, say
from newsletter.errors import HeldSendError
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.storage.database import Database
    from newsletter.wiring import Workspace
    from newsletter.workflows.plan import Plan
    from newsletter.workflows.restored import AdoptionPlan

AfterRestore = Annotated[
    bool,
    typer.Option("--after-restore", help="The database was restored: see first who has had it already, then go on."),
]


def adopt(
    context: typer.Context,
    new: Annotated[bool, typer.Option("--new", help="Begin with an empty database: the old one is gone.")] = False,
    restored: Annotated[
        bool, typer.Option("--restored", help="The whole folder came from a backup, so that nothing here shows it.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Take the database that is there as this workspace's own: after a restore, a move, or when the old one is lost.

    Nothing is sent again by it. Letters that may have gone since the backup are looked for on this machine; those that
    nobody can tell of become unknown, which the provider's events settle, or you do: newsletter sends resume --help.
    What went of issues that it does not know is asked when they are sent: newsletter send ISSUE --after-restore.

    \b
    Examples:
      newsletter database adopt
      newsletter database adopt --new
    """
    from newsletter.workflows import restored as workflow
    from newsletter.workflows.create import first_list

    with workspace_of(context) as workspace:
        if new:
            _sure(said("an empty database: no readers, nothing of what was sent"), "new", yes=yes)
            workflow.begin_anew(workspace).close()
            first_list(workspace)
            say("Made an empty database. Next: newsletter subscribers import FILE")
            return
        database = workspace.ready_database
        plan = workflow.examine(workspace, database, restored=restored)
        if not plan.reason:
            workspace.memory.recognise(database)
            say("This is the database of this workspace, and it is not behind. Nothing to do.")
            return
        _take(workspace, database, plan, yes=yes)


def take_restored(workspace: Workspace, *, yes: bool, wanted: bool) -> None:
    """Take a database that is behind for what it is, after asking; nothing when it is not, or nobody wants it.

    Args:
        workspace: An open workspace.
        yes: Whether not to ask.
        wanted: Whether the editor said ``--after-restore``.
    """
    from newsletter.workflows import restored as workflow

    if not wanted:
        return
    database = workspace.database
    plan = workflow.examine(workspace, database)
    if plan.reason:
        _take(workspace, database, plan, yes=yes)


def _take(workspace: Workspace, database: Database, plan: AdoptionPlan, *, yes: bool) -> None:
    from newsletter.workflows import restored as workflow

    say(said("About {where}: {reason}.", where=database.where, reason=plan.reason))
    for one in plan.sends:
        whom = plural(one.queued, "letter")
        if one.found:
            say(
                said(
                    "Issue {issue} (send {public_id}): {letters} found here.",
                    issue=one.send.issue,
                    public_id=one.send.public_id,
                    letters=plural(len(one.found), "letter"),
                )
            )
        if one.queued and not one.told:
            say(
                said(
                    "Issue {issue} (send {public_id}): {whom} may have gone since; nothing here can tell. They become "
                    "unknown, and are not sent again unless you say so.",
                    issue=one.send.issue,
                    public_id=one.send.public_id,
                    whom=whom,
                )
            )
    if plan.backup is not None:
        since = workspace.memory.moment(plan.backup)
        say(
            said(
                "What was sent after {since} is not known here: look at your provider's own log before you send an "
                "issue.",
                since=since,
            )
        )
    say("Who left, was suppressed or erased since the backup is not known in it: look at what your provider says.")
    _sure(said("this database, with {letters} in doubt", letters=plural(plan.doubtful, "letter")), "adopt", yes=yes)
    workflow.adopt(workspace, database, plan)
    say("Taken. Issues that it does not know as sent: newsletter send ISSUE --after-restore")
    if workspace.settings.hosts_pictures:
        say("That brings their pictures back to the reader pages, too: letters that went since the backup lack them.")
    if plan.doubtful:
        say("The unknown: newsletter sends list, then newsletter sends resume --help")


def _sure(what: str, word: str, *, yes: bool) -> None:
    if not yes and ask(said("Take {what}? Type {word} to do it, anything else to stop", what=what, word=word)) != word:
        say("Nothing changed.")
        raise typer.Exit(1)


def before_freezing(workspace: Workspace, plan: Plan, *, after_restore: bool, dry_run: bool = False) -> None:
    """Say early that an issue has gone already by a send that the database does not know; or ask how to go on.

    Args:
        workspace: An open workspace.
        plan: Of a send that is not there yet.
        after_restore: Whether the editor said so.
        dry_run: Whether nothing is to be changed; then it is told, not asked.

    Raises:
        DatabaseRestoredError: It has gone, and nobody has said how to go on.
    """
    key, to = str(plan.issue.number), (plan.target.name, plan.rhythm)
    if after_restore and not dry_run:
        _answer(workspace, key, *to)
    with workspace.database.read() as connection:
        workspace.memory.refuse(connection, key, *to)


def _answer(workspace: Workspace, key: str, list_name: str, rhythm: str) -> None:
    """Ask how to go on with an issue of which a send is known outside the database alone; nothing when there is none.

    Args:
        workspace: An open workspace.
        key: Of the issue.
        list_name: The list it is to go to.
        rhythm: In which it is to go.

    Raises:
        HeldSendError: Somebody may get it twice, and nobody is here to ask.
    """
    from newsletter.workflows import restored as workflow

    unknown = workflow.unknown_sends(workspace, key, list_name, rhythm)
    if not unknown.stamps:
        return
    for stamp in unknown.stamps:
        say(said("Issue {key} went already: {words}.", key=key, words=workspace.memory.words(stamp)))
    if unknown.known:
        say(
            said(
                "{readers} had it: the letters are on this machine. They are left out.",
                readers=plural(unknown.known, "reader"),
            )
        )
    whom = plural(unknown.waiting, "reader")
    if unknown.told:
        say(said("{whom} had none: it goes to them.", whom=whom))
    elif unknown.waiting:
        number = str(unknown.waiting)
        say(
            said(
                "Nothing here can tell who else has had it: {whom} may get it twice. Your provider's own log may tell.",
                whom=whom,
            )
        )
        if not on_terminal():
            raise HeldSendError(
                said("{whom} may get issue {key} twice", whom=whom, key=key),
                mend="run the same at a terminal, where it is asked",
            )
        typed = ask(said("Type {number} to send it to all of them, anything else to stop", number=number))
        if typed.translate(WESTERN_DIGITS).replace(",", "") != number:
            say("Nothing sent.")
            raise typer.Exit(1)
    workflow.answer(workspace, unknown)


def pass_restored(workspace: Workspace, list_name: str, rhythm: str) -> None:
    """Count automatic letters that the database does not know as gone.

    Args:
        workspace: An open workspace.
        list_name: Their list.
        rhythm: ``instant`` or ``daily``.
    """
    from newsletter.workflows import restored as workflow

    with workspace.database.read() as connection:
        stamps = workspace.memory.unknown(connection, f"{list_name}/{rhythm}/", list_name, rhythm)
    for stamp in stamps:
        say(said("Counts as gone: {words}.", words=workspace.memory.words(stamp)))
    count = workflow.let_pass(workspace, stamps)
    if stamps:
        say(
            said(
                "{articles} of theirs will not be sent again to '{list_name}'.",
                articles=plural(count, "article"),
                list_name=list_name,
            )
        )

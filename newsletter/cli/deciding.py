"""The command that decides which of the subjects tried the rest of a send gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.acting import note_act
from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson, SendName
from newsletter.cli.output import ask, json_data, say
from newsletter.cli.speaking import marked
from newsletter.cli.trying import result_data, result_lines
from newsletter.errors import SendError
from newsletter.text.sentences import Sentence, said

if TYPE_CHECKING:
    from newsletter.ledger import Send


def decide(
    context: typer.Context,
    name: SendName,
    subject: Annotated[
        int, typer.Option("--subject", metavar="N", help="This one, by its number. [default: the better, or the first]")
    ] = 0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Decide now which of the subjects that are tried goes to the others (A/B test).

    Shows what each subject has brought so far, and how sure that is. The better one goes to everybody who waits, or the
    first one where no difference can be told, unless you name another; also before its hour. It cannot be taken back.

    \b
    Examples:
      newsletter sends decide 12
      newsletter sends decide 12 --subject 2 --yes
    """
    from newsletter import ledger
    from newsletter.ledger import trials
    from newsletter.workflows import deciding

    with workspace_of(context) as workspace:
        with workspace.database.read() as connection:
            send = ledger.named(connection, name)
            workspace.memory.refuse_behind(connection)
            result = trials.of_send(connection, send.id)
        see = said("see: newsletter sends show {public_id}", public_id=send.public_id)
        if result is None:
            raise SendError(said("the send of issue {issue} tries no subjects", issue=send.issue), mend=see)
        for line in result_lines(result, workspace.zone):
            say(line)
        if result.chosen:
            raise SendError(
                said("subject {chosen} of issue {issue} was chosen already", chosen=result.chosen, issue=send.issue),
                mend=see,
            )
        if send.state not in ledger.UNFINISHED:
            raise _ended(send, see)
        if send.state == "scheduled":
            raise SendError(
                said("issue {issue} has not begun to go, so nothing was tried", issue=send.issue),
                mend=said(
                    "write the one subject into issue.md, then: newsletter sends refreeze {public_id}",
                    public_id=send.public_id,
                ),
            )
        if subject and not 1 <= subject <= len(result.subjects):
            raise typer.BadParameter(said("--subject is a number from 1 to {count}", count=len(result.subjects)))
        chosen = subject or result.proposed
        words = result.words_of(chosen)
        if not yes:
            say(said("«{subject}» would go to the other {rest} readers.", subject=words, rest=f"{result.rest:,}"))
            if ask(said("Type {issue} to decide it, anything else to stop", issue=send.issue)) != send.issue:
                say("Nothing changed.")
                raise typer.Exit(1)
        decided = deciding.decide(workspace, send, chosen)
        if decided is not None:
            note_act(workspace, "decide", send.issue)
        with workspace.database.read() as connection:
            result = trials.of_send(connection, send.id) or result
            send = ledger.send(connection, send.id) or send
        if decided is None and not result.chosen:
            raise _ended(send, see)
        if decided is None:
            say(said("Somebody was quicker: «{subject}» was chosen already.", subject=result.words_of(result.chosen)))
        else:
            say(said("Decided: «{subject}» goes to the other {rest} readers.", subject=words, rest=f"{result.rest:,}"))
        if send.state == "paused":
            say(
                said(
                    "The send is paused: {reason}. Go on with: newsletter sends resume {public_id}",
                    reason=marked(send.reason),
                    public_id=send.public_id,
                )
            )
        else:
            say(said("A running worker goes on by itself; without one: newsletter send {issue}", issue=send.issue))
    if as_json:
        json_data({"send": send.public_id, "issue": send.issue, "state": send.state, "trial": result_data(result)})
    if decided is None and subject and result.chosen != subject:
        raise typer.Exit(1)


def _ended(send: Send, see: Sentence) -> SendError:
    words = said(
        "the send of issue {issue} is {state}, and nothing more of it goes", issue=send.issue, state=send.state
    )
    return SendError(words, mend=see)

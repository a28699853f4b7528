"""What is done on the pages of الإرسال. Every deed is written into the log of acts with its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.desk.sending import asked, pages, view
from newsletter.desk.sending.asked import SendChoice
from newsletter.desk.sending.memory import SentTest
from newsletter.errors import NashraError, SendError
from newsletter.ledger import activity
from newsletter.workflows import approving, cancelling, deciding, test_letter
from newsletter.workflows import plan as plans
from newsletter.workflows.check import inspect
from subscribers.addresses import normalise
from subscribers.errors import AddressError

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest
    from newsletter.ledger import Send
    from newsletter.ledger.activity import Act
    from newsletter.models import Issue

_MOST_TESTS = 5
"""Addresses of one test."""


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 12


def _issue(request: DeskRequest) -> Issue:
    return asked.issue_of(request.workspace, asked.slug_of(request))


def _send(request: DeskRequest) -> Send:
    send = asked.send_of(request.workspace, _issue(request))
    if send is None:
        raise SendError(_said(request, "This issue has not begun to go"))
    return send


def _said(request: DeskRequest, words: str) -> str:
    return view.words_of(request).say(words).striptags()


def _back(request: DeskRequest, ending: str = "") -> Response:
    return request.to(f"/send/{asked.slug_of(request)}{ending}")


def test(request: DeskRequest) -> Response:
    """Send the letter as it is to a few addresses, marked as a test."""
    workspace, issue = request.workspace, _issue(request)
    choice = SendChoice.of(request.form)
    written = [one for one in re.split(r"[\s,;،؛]+", request.form.get("to", "")) if one][:_MOST_TESTS]
    try:
        addresses = [normalise(one).address for one in written]
        if not addresses:
            raise SendError(_said(request, "Write an address that the test goes to"))
        mark = approving.fingerprint(workspace, issue, rhythm=choice.rhythm)
        for one in addresses:
            test_letter.send(workspace, issue, one)
    except AddressError:
        return pages.form(request, issue, choice, wrong=_said(request, "This is no mail address"), status=422)
    except NashraError as error:
        return pages.form(request, issue, choice, wrong=error.what, status=422)
    now = workspace.now()
    with workspace.database.write() as connection:
        activity.note(connection, "test", by=request.editor.name, about=str(issue.number), now=now)
    request.desk.sending.tested(request.csrf, issue.slug, SentTest(" ".join(addresses), now, mark))
    return _back(request, f"{choice.query}#test")


def ask(request: DeskRequest) -> Response:
    """Ask the others to approve the letter."""
    workspace, issue = request.workspace, _issue(request)
    with workspace.database.write() as connection:
        key = str(issue.number)
        activity.note(connection, "ask-approval", by=request.editor.name, about=key, now=workspace.now())
    return _back(request, "#approval")


def approve(request: DeskRequest) -> Response:
    """Approve the letter that was shown; one that was changed meanwhile is not."""
    workspace, issue = request.workspace, _issue(request)
    choice = SendChoice.of(request.form)
    plan = asked.plan_of(workspace, issue, choice)
    mark = plans.fingerprint(workspace, plan)
    if not mark or mark != request.form.get("fingerprint"):
        wrong = _said(request, "The letter was changed since this page showed it. Read it again")
        return pages.form(request, issue, choice, wrong=wrong, status=409)
    with workspace.database.read() as connection:
        if approving.writer(workspace, connection, str(issue.number)) == request.editor.name:
            wrong = _said(request, "You wrote at it last: somebody else must approve it")
            return pages.form(request, issue, choice, wrong=wrong, status=422)
    approving.approve(workspace, plan.issue, mark, by=request.editor.name)
    return _back(request, f"{choice.query}#approval")


def online(request: DeskRequest) -> Response:
    """Ask for every link and picture of the letter, and for the sender's DNS."""
    issue = _issue(request)
    found = inspect(request.workspace, issue, online=True)
    request.desk.sending.asked_online(issue.slug, request.workspace.now(), found.problems)
    return _back(request, "#check")


def start(request: DeskRequest) -> Response:
    """Freeze the letter and its readers as the confirmation showed them; once for each confirmation."""
    workspace, issue = request.workspace, _issue(request)
    choice = SendChoice.of(request.form)
    words = view.words_of(request)
    try:
        with request.desk.sending.once(request.form.get("nonce", "")) as first:
            if first:
                cancelling.free_undone(workspace)
                _begin(request, issue, choice)
    except plans.AudienceGrownError:
        told = words.say("More readers would get it by now than you agreed to. Look at the number again").striptags()
        return pages.form(request, issue, choice, wrong=told, status=409)
    except SendError as error:
        send = asked.send_of(workspace, issue)
        if send is None or send.state == "cancelled":
            return pages.form(request, issue, choice, wrong=error.what, status=409)
    request.desk.sending.wake()
    return _back(request)


def _begin(request: DeskRequest, issue: Issue, choice: SendChoice) -> None:
    """Freeze what was confirmed.

    Raises:
        SendError: Something of it is not as it was shown.
    """
    workspace, words = request.workspace, view.words_of(request)
    audience = request.form.get("audience", "")
    if not request.form.get("nonce") or not _is_number(audience):
        raise SendError(_said(request, "Confirm it once more"))
    moment = asked.moment_of(words, workspace, choice) if choice.later else None
    plan = asked.plan_of(workspace, issue, choice)
    pages.refuse(request, plan)
    plan, _, _ = plans.look_again(workspace, plan)
    if not plan.ready:
        raise SendError(_said(request, "The check found errors, and the letter cannot go like this"))
    if plans.fingerprint(workspace, plan) != request.form.get("fingerprint"):
        raise SendError(_said(request, "The letter was changed since this page showed it. Read it again"))
    plans.freeze_plan(
        workspace,
        plan,
        send_at=moment or workspace.now() + view.TAKE_BACK,
        by=request.editor.name,
        most=int(audience),
    )


def _move(request: DeskRequest, to: str, act: Act, reason: str = "") -> Response:
    send, workspace = _send(request), request.workspace
    with workspace.database.write() as connection:
        ledger.move(connection, send, to, reason=reason)
        activity.note(connection, act, by=request.editor.name, about=send.issue, now=workspace.now())
    request.desk.sending.wake()
    return _back(request)


def pause(request: DeskRequest) -> Response:
    """Let a send rest after the letters that are under way."""
    return _move(request, "paused", "pause", "by an editor")


def resume(request: DeskRequest) -> Response:
    """Let a send go on; one whose moment is still to come waits for it again."""
    send = _send(request)
    waits = send.send_at is not None and send.send_at > request.workspace.now()
    return _move(request, "scheduled" if waits else "running", "resume")


def cancel(request: DeskRequest) -> Response:
    """End a send for good; what went to nobody goes back to the editors."""
    ended = cancelling.cancel(request.workspace, _send(request).public_id, by=request.editor.name)
    if ended.undone:
        return request.to(f"/issue/{asked.slug_of(request)}")
    return _back(request)


def _ended(request: DeskRequest) -> Send:
    """The send, when all of it that could go has gone.

    Raises:
        SendError: It is still under way.
    """
    send = _send(request)
    if send.state in ledger.UNFINISHED:
        raise SendError(_said(request, "Wait until the send has come to its end"))
    return send


def resend_unknown(request: DeskRequest) -> Response:
    """Send again what nobody knows of; who has it already gets it twice."""
    send, workspace = _ended(request), request.workspace
    with workspace.database.write() as connection:
        ledger.resend_unknown(connection, send.id)
        activity.note(connection, "resend", by=request.editor.name, about=send.issue, now=workspace.now())
    request.desk.sending.wake()
    return _back(request)


def accept_unknown(request: DeskRequest) -> Response:
    """Count what nobody knows of as taken."""
    send, workspace = _ended(request), request.workspace
    with workspace.database.write() as connection:
        ledger.accept_unknown(connection, send.id)
        activity.note(connection, "accept-unknown", by=request.editor.name, about=send.issue, now=workspace.now())
    return _back(request)


def resend_refused(request: DeskRequest) -> Response:
    """Send once more to those whom the provider refused."""
    send, workspace = _ended(request), request.workspace
    with workspace.database.write() as connection:
        ledger.resend_refused(connection, send)
        activity.note(connection, "resend", by=request.editor.name, about=send.issue, now=workspace.now())
    request.desk.sending.wake()
    return _back(request)


def decide(request: DeskRequest) -> Response:
    """Decide now which of the subjects tried goes to the readers who wait."""
    send, chosen = _send(request), request.form.get("subject", "")
    if not _is_number(chosen):
        raise SendError(_said(request, "Choose one of the subjects"))
    with request.workspace.database.read() as connection:
        request.workspace.memory.refuse_behind(connection)
    if deciding.decide(request.workspace, send, int(chosen)) is not None:
        with request.workspace.database.write() as connection:
            now = request.workspace.now()
            activity.note(connection, "decide", by=request.editor.name, about=send.issue, now=now)
    request.desk.sending.wake()
    return _back(request)

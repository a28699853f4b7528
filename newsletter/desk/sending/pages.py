"""The pages of الإرسال: the form, the confirmation, a send on its way. Nothing here writes."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from newsletter import ledger
from newsletter.desk.sending import asked, view
from newsletter.desk.sending.asked import SendChoice
from newsletter.errors import IssueError, NashraError, SendError
from newsletter.ledger import activity, trials
from newsletter.text.mailbox import split_mailbox
from newsletter.workflows import approving
from newsletter.workflows import plan as plans
from newsletter.workflows.source import changed_since
from newsletter.workflows.status.findings import without_addresses
from subscribers import store

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest
    from newsletter.ledger import Send
    from newsletter.models import Issue
    from newsletter.workflows.plan import Plan

PAGE, CONFIRM = "desk/sending/page.html.j2", "desk/sending/confirm.html.j2"
GOING, SURE, WHO = "desk/sending/going.html.j2", "desk/sending/sure.html.j2", "desk/sending/who.html.j2"
NOTHING = "desk/sending/nothing.html.j2"
STATES = ("submitted", "refused", "unknown", "queued")
"""States of deliveries that have a list of their own."""
SURES = ("cancel", "resend-unknown", "accept-unknown", "resend-refused")
"""What is asked once more before it is done."""
_LISTED = 200
"""Readers of a list; the rest is a number."""


def current(request: DeskRequest) -> Response:
    """The page of the issue that goes next; or that there is none."""
    found = asked.current(request.workspace)
    if found is None:
        return request.page(NOTHING, {}, place="send")
    return request.to(f"/send/{found.slug}")


def shown(request: DeskRequest) -> Response:
    """The page of one issue: its form, or its send."""
    issue = asked.issue_of(request.workspace, asked.slug_of(request))
    choice = SendChoice.of(request.query)
    send = asked.send_of(request.workspace, issue)
    if send is not None and not (send.state == "cancelled" and choice.rest):
        return going(request, issue, send)
    return form(request, issue, choice)


def form(request: DeskRequest, issue: Issue, choice: SendChoice, *, wrong: str = "", status: int = 200) -> Response:
    """The page with to whom, tests and when.

    Args:
        request: What was asked.
        issue: The issue.
        choice: What is chosen so far.
        wrong: Sentence of what was refused just now.
        status: HTTP status.
    """
    return request.page(PAGE, form_values(request, issue, choice, wrong), place="send", status=status)


def form_values(request: DeskRequest, issue: Issue, choice: SendChoice, wrong: str = "") -> dict[str, Any]:
    """What the form shows; an issue that gives no letter shows why."""
    workspace, words = request.workspace, view.words_of(request)
    at = view.proposed(workspace)
    common: dict[str, Any] = {
        "issue": issue,
        "slug": issue.slug,
        "wrong": wrong,
        "choice": choice,
        "days": view.days(words, workspace),
        "hours": view.hours(words),
        "day": choice.day or f"{at:%Y-%m-%d}",
        "hour": choice.hour or f"{at:%H:%M}",
        "zone": view.zone_words(words),
        "until": view.until(words, at, workspace.now()),
        "tests": request.desk.sending.tests(request.csrf, issue.slug),
        "address": request.desk.sending.addresses(request.csrf),
        "online": request.desk.sending.online(issue.slug),
        "stays": view.stays(workspace),
    }
    try:
        plan = asked.plan_of(workspace, issue, choice)
        mark = plans.fingerprint(workspace, plan)
    except NashraError as error:
        told = {"errors": [words.html(error.what)], "warnings": [], "blocked": True}
        return {**common, "plan": None, "rows": [], "nothing": [], "check": told, "approval": None, "outside": 0}
    told = view.problems_told(words, plan)
    return {
        **common,
        "plan": plan,
        "rows": view.audience_rows(words, workspace, plan),
        "nothing": view.nothing_for(words, workspace, plan),
        "outside": view.outside(workspace, plan),
        "check": told,
        "approval": view.approval_values(request, plan, mark),
    }


def confirmation(request: DeskRequest) -> Response:
    """What would happen, in one sentence with its number and moment; a dialog of the form's page, or a page."""
    issue = asked.issue_of(request.workspace, asked.slug_of(request))
    choice = SendChoice.of(request.query)
    words = view.words_of(request)
    try:
        moment = asked.moment_of(words, request.workspace, choice) if choice.later else None
        plan = asked.plan_of(request.workspace, issue, choice)
        refuse(request, plan)
    except SendError as error:
        if request.headers.get("x-part"):
            return request.fragment(
                "desk/sending/refused.html.j2", {"wrong": error.what, "slug": issue.slug}, status=422
            )
        return form(request, issue, choice, wrong=error.what, status=422)
    values = {
        "issue": issue,
        "slug": issue.slug,
        "choice": choice,
        "plan": plan,
        "moment": moment,
        "zone": view.zone_words(words),
        "day": view.day_words(words, moment) if moment is not None else "",
        "from": split_mailbox(request.workspace.settings.sender_of(plan.target.name)),
        "approval": view.approval_values(request, plan, plans.fingerprint(request.workspace, plan)),
        "left_open": view.problems_told(words, plan)["warnings"],
        "nonce": secrets.token_urlsafe(16),
        "part": bool(request.headers.get("x-part")),
        "stays": view.stays(request.workspace),
    }
    if values["part"]:
        return request.fragment("desk/sending/sentence.html.j2", values)
    return request.page(CONFIRM, values, place="send")


def refuse(request: DeskRequest, plan: Plan) -> None:
    """Raise, in the desk's words, when a plan cannot go.

    Raises:
        SendError: It is on its way, has errors, no readers, or no approval.
    """
    words = view.words_of(request)
    if plan.earlier is not None:
        raise SendError(words.say("This issue is on its way already").striptags())
    if not plan.ready:
        raise SendError(words.say("The check found errors, and the letter cannot go like this").striptags())
    if not plan.audience:
        raise SendError(words.say("Nobody would get it").striptags())
    with request.workspace.database.read() as connection:
        key, mark = str(plan.issue.number), plan.fingerprint
        needed = request.workspace.settings.desk.approval
        given = approving.given(request.workspace, connection, key, mark) if needed else None
        # What went by a send that a restored database does not know.
        request.workspace.memory.refuse(connection, key, plan.target.name, plan.rhythm)
    if needed and given is None:
        raise SendError(words.say("Nobody has approved the letter as it is").striptags())


def going(request: DeskRequest, issue: Issue, send: Send) -> Response:
    """A send that is there: planned, leaving, on its way, stopped, or gone."""
    values = {**view.standing(request, send), "issue": issue, "slug": issue.slug, **_more(request, send)}
    return request.page(GOING, values, place="send")


def _more(request: DeskRequest, send: Send) -> dict[str, Any]:
    workspace = request.workspace
    with workspace.database.read() as connection:
        reasons = ledger.refused_reasons(connection, send.id)
        trial = trials.of_send(connection, send.id)
        paused = activity.read(connection, acts=["pause"], about=send.issue, since=send.created, limit=1)
    change = changed_since(workspace, send) if send.state in ledger.UNFINISHED else None
    return {
        "reasons": _told(reasons),
        "trial": trial,
        "paused": next(iter(paused), None),
        "edited": change == "edited",
        "said": without_addresses(send.reason),
        "stays": send.sender.partition(" ")[0] == "outbox" and send.state != "cancelled",
    }


def _told(reasons: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most frequent reasons; servers name the address in theirs, which is not for everybody who may look."""
    counted: Counter[str] = Counter()
    for words, number in reasons.items():
        counted[without_addresses(words)] += number
    return counted.most_common(3)


def state(request: DeskRequest) -> Response:
    """The moving part of a send's page; its header says in which state the send is."""
    issue = asked.issue_of(request.workspace, asked.slug_of(request))
    send = asked.send_of(request.workspace, issue)
    if send is None:
        answer = request.fragment("desk/sending/none.html.j2", {})
        answer.headers["x-state"] = "none"
        return answer
    values = {**view.standing(request, send), "slug": issue.slug}
    answer = request.fragment("desk/sending/numbers.html.j2", values)
    answer.headers["x-state"] = values["state"]
    answer.headers["cache-control"] = "no-store"
    return answer


def who(request: DeskRequest) -> Response:
    """Whose letter is in a state: the first of them, with their addresses covered."""
    found = request.path["state"]
    issue, send = _send(request)
    if found not in STATES:
        raise SendError(f"no letter can be {found!r}")
    with request.workspace.database.read() as connection:
        rows = ledger.deliveries_in(connection, send.id, found, limit=_LISTED)
        people = [(store.find_id(connection, reader), without_addresses(reason)) for _, reader, reason in rows]
        whole = getattr(ledger.account(connection, send.id), found)
    values = {
        "issue": issue,
        "slug": issue.slug,
        "send": send,
        "state": found,
        "people": [(_covered(one.address) if one is not None else "", reason) for one, reason in people],
        "whole": whole,
    }
    return request.page(WHO, values, place="send")


def _covered(address: str) -> str:
    return f"{address.partition('@')[0]}@…"


def sure(request: DeskRequest) -> Response:
    """A question before something that cannot be taken back, with its numbers."""
    act = request.path["act"]
    issue, send = _send(request)
    if act not in SURES:
        raise SendError(f"nothing here is called {act!r}")
    with request.workspace.database.read() as connection:
        account = ledger.account(connection, send.id)
    return request.page(
        SURE, {"issue": issue, "slug": issue.slug, "send": send, "account": account, "act": act}, place="send"
    )


def _send(request: DeskRequest) -> tuple[Issue, Send]:
    issue = asked.issue_of(request.workspace, asked.slug_of(request))
    send = asked.send_of(request.workspace, issue)
    if send is None:
        raise IssueError(f"issue {issue.number} has not begun to go")
    return issue, send


def planned(request: DeskRequest) -> Response:
    """The plan of an issue as JSON."""
    issue = asked.issue_of(request.workspace, asked.slug_of(request))
    plan = asked.plan_of(request.workspace, issue, SendChoice.of(request.query))
    return request.data(view.plan_data(request.workspace, plan))

"""Asking a provider about deliveries in doubt, at growing intervals, so that they are in doubt for less long.

Only what a provider has is a proof. What it does not show proves nothing: its search runs behind its sending, and an
account may not keep or show everything; so nothing is decided by that, it is only told. Whatever goes wrong here holds
nothing up: it is told once, and asked again later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from newsletter import ledger
from newsletter.errors import SendError
from newsletter.senders import registry
from newsletter.senders.reports import Found, NotShownError, Question, SentMessages
from subscribers import store

if TYPE_CHECKING:
    from newsletter.ledger import DoubtfulRequest
    from newsletter.wiring import Workspace

HOUR, DAY = 3600, 86_400
INTERVALS: Final = (300, 900, HOUR, 6 * HOUR, DAY, 2 * DAY, 3 * DAY)
"""Seconds after a request was noticed to be in doubt at which its provider is asked."""
SPEAKS_AFTER = DAY
"""Seconds for which "not found" says nothing at all: what a provider shows runs behind what it took, and its own
reports are repeated for 24 hours (docs/en/operating.md)."""
OLDEST = 30 * DAY
"""Seconds since a send was frozen for which its provider can still know: 30 days are usual."""
NOT_ALLOWED_REST, FAILED_REST = DAY, 600
"""Seconds for which a provider is not asked that shows nothing to us, or that gave no answer."""
_SAMPLE = 5
"""Deliveries of a request that are named in a question."""


@dataclass(frozen=True, slots=True)
class AskingOutcome:
    """What came of a question."""

    request: DoubtfulRequest
    proved: int = 0
    """Deliveries that are submitted now."""
    failure: str = ""
    """Why there was no answer."""


def asks(sender: str) -> bool:
    """Whether a provider can be asked about what it carried, as far as its entry says.

    Args:
        sender: Name of the provider.
    """
    return sender in registry.names() and registry.provider(sender).ask is not None


def ask_due(workspace: Workspace, tell: Callable[[str], None]) -> None:
    """Ask about what is due, a few questions at most; for a worker that comes by again and again.

    Args:
        workspace: An open workspace.
        tell: Told a line of what was found, and once why a provider cannot be asked.
    """
    now = int(workspace.now().timestamp())
    with workspace.database.read() as connection:
        found = ledger.whole_requests_in_doubt(connection, now - OLDEST)
    if not found:
        return
    if fresh := [one.batch_id for one in found if not one.seen]:
        with workspace.database.write() as connection:
            ledger.note_seen(connection, fresh, now)
    due = [one for one in found if one.seen and is_due(one, now)]
    for sender in dict.fromkeys(one.sender for one in due):
        if asks(sender):
            _ask_some(workspace, sender, [one for one in due if one.sender == sender], now, tell)


def is_due(request: DoubtfulRequest, now: int) -> bool:
    """Whether it is time to ask about a request once more.

    Args:
        request: As it was found in doubt.
        now: Unix seconds.
    """
    return request.times < len(INTERVALS) and now >= request.seen + INTERVALS[request.times]


def ask_now(
    workspace: Workspace, requests: Sequence[DoubtfulRequest], *, sleep: Callable[[float], None] = time.sleep
) -> Iterator[AskingOutcome]:
    """Ask about requests by an editor's word, each once, as fast as their providers allow.

    Args:
        workspace: An open workspace.
        requests: In doubt; those whose provider shows nothing are passed over.
        sleep: How to wait.
    """
    opened: dict[str, SentMessages | str] = {}
    asked: dict[str, int] = {}
    for request in requests:
        if not asks(request.sender):
            continue
        if request.sender not in opened:
            opened[request.sender] = _opened(workspace, request.sender)
        messages = opened[request.sender]
        if isinstance(messages, str):
            yield AskingOutcome(request, failure=messages)
            continue
        if asked.get(request.sender, 0) >= messages.a_minute:
            sleep(60 / messages.a_minute)
        asked[request.sender] = asked.get(request.sender, 0) + 1
        try:
            yield AskingOutcome(request, proved=_ask(workspace, messages, request, int(workspace.now().timestamp())))
        except SendError as error:
            opened[request.sender] = str(error)
            yield AskingOutcome(request, failure=str(error))


def _ask_some(
    workspace: Workspace, sender: str, due: Sequence[DoubtfulRequest], now: int, tell: Callable[[str], None]
) -> None:
    """Ask about as much as a provider answers in a minute, if it does not rest and nobody else asks in this minute."""
    rests, hidden = f"asking {sender} rests", f"asking {sender} not shown"
    with workspace.database.read() as connection:
        # A rest that is longer than there is was written before a clock was set back.
        if now < ledger.cursor(connection, rests) <= now + NOT_ALLOWED_REST:
            return
        before = ledger.cursor(connection, hidden)
    with workspace.database.write() as connection:
        if not ledger.take_minute(connection, f"asking {sender} minute", now):
            return
    title, rest, status = registry.provider(sender).title, 0, 0
    messages = _opened(workspace, sender)
    if isinstance(messages, str):
        rest, status, words = NOT_ALLOWED_REST, 1, messages
    else:
        try:
            for request in due[: messages.a_minute]:
                if proved := _ask(workspace, messages, request, now):
                    tell(f"{title} has what was in doubt: {proved:,} unknown deliveries are submitted")
        except NotShownError as error:
            rest, status, words = NOT_ALLOWED_REST, error.status or 1, str(error)
        except SendError:
            rest, status = FAILED_REST, before
    if status > 0 and status != before:
        tell(f"{title} cannot be asked about {sum(one.count for one in due):,} unknown deliveries: {words}")
    if rest or status != before:
        with workspace.database.write() as connection:
            ledger.set_cursor(connection, rests, now + rest)
            ledger.set_cursor(connection, hidden, status)


def _ask(workspace: Workspace, messages: SentMessages, request: DoubtfulRequest, now: int) -> int:
    """Ask about one request, and write down what is proved, or that nothing is; how many deliveries that settles."""
    question, ids = _question(workspace, request)
    found = messages.find(question) if question.deliveries or request.whole else Found()
    named = [ids[name] for name in found.deliveries if name in ids]
    with workspace.database.write() as connection:
        ledger.note_seen(connection, [request.batch_id], now)
        proved = ledger.prove_request(connection, request) if found.request and request.whole else 0
        proved += ledger.prove_deliveries(connection, request.batch_id, named)
        if proved == request.count:
            ledger.forget_doubts(connection, [request.batch_id])
        elif not proved:
            # What is proved in part is asked on at once, a few letters at a time.
            ledger.note_asked(connection, request, now)
    return proved


def _question(workspace: Workspace, request: DoubtfulRequest) -> tuple[Question, dict[str, int]]:
    """What to ask about a request, and the delivery that each name in it means; others are named the next time."""
    with workspace.database.read() as connection:
        send = ledger.send(connection, request.send_id)
        assert send is not None
        every = ledger.doubtful_deliveries(connection, request.batch_id)
        first = request.times * _SAMPLE % max(len(every), 1)
        names: dict[str, int] = {}
        people: list[tuple[str, str]] = []
        for delivery, subscriber in every[first : first + _SAMPLE]:
            person = store.find_id(connection, subscriber)
            if person is not None:
                name = f"{send.public_id}.{delivery}"
                names[name] = delivery
                people.append((name, person.address))
    return Question(request.request_id, people, int(send.created.timestamp())), names


def _opened(workspace: Workspace, sender: str) -> SentMessages | str:
    """What shows a provider's messages, or why it cannot be opened."""
    ask = registry.provider(sender).ask
    assert ask is not None
    try:
        return ask(workspace.settings.options[sender])
    except SendError as error:
        return str(error)

"""What letters ask their readers, and how many gave each answer: a number for each answer, and nobody who gave it.

The words are kept when a letter is frozen, so that the pages ask without the issue at hand. Whoever opens the link of a
letter has counted nothing; the button of its page does. A form counts once, and a network so often within an hour.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from newsletter.models import Poll
from subscribers.store import limits
from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from subscribers.store.limits import Caps

FORMS_KEPT = timedelta(hours=26)
"""How long a form that was counted is known: longer than a page's form may be old (24 hours)."""

Outcome = Literal["counted", "again", "closed", "full"]
"""What became of an answer: counted, counted before by the same form, too late, too many from one network."""

_HOUR = 3600
_TURNED_AWAY = "poll turned away "
"""Before the id of a question: a cursor that counts the answers which a cap kept out."""


@dataclass(frozen=True, slots=True)
class PollResults:
    """A question and what was said to it so far."""

    id: str
    issue: str
    """Key of the issue that asked it."""
    list: str
    question: str
    answers: tuple[tuple[str, int], ...]
    """Words of each answer, and how many gave it."""
    shows_results: bool
    closes: datetime | None

    @property
    def total(self) -> int:
        """Answers of every kind."""
        return sum(number for _, number in self.answers)

    def closed(self, now: datetime) -> bool:
        """Whether it takes no answer any more."""
        return self.closes is not None and now >= self.closes


def freeze(connection: Connection, polls: Iterable[Poll], *, issue: str, list_name: str, now: datetime) -> None:
    """Keep what a letter asks; of a question that is there already the numbers stay, and the rest is as asked now.

    Args:
        connection: In the writing transaction that freezes the letter.
        polls: With their ids.
        issue: Key of the issue.
        list_name: The list it goes to.
        now: When the letter goes, timezone-aware; from then on its days are counted.
    """
    from newsletter.storage.tables import poll as table
    from newsletter.storage.tables import poll_answer

    at = int(now.timestamp())
    asked = {one.id: one for one in polls}
    for name in sorted(asked):  # in one order, so that two at once never wait for each other
        one = asked[name]
        row = insert(connection, table).values(
            name=name,
            issue=issue,
            list=list_name,
            question=one.question,
            shows_results=int(one.shows_results),
            frozen_at=at,
            closes_at=at + one.days * 24 * _HOUR if one.days else None,
        )
        renewed = {name: row.excluded[name] for name in ("shows_results", "frozen_at", "closes_at")}
        connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=renewed))
        for place, words in enumerate(one.answers):
            answer = insert(connection, poll_answer).values(poll=name, place=place, words=words, number=0)
            connection.execute(answer.on_conflict_do_nothing(index_elements=["poll", "place"]))


def get(connection: Connection, poll_id: str) -> PollResults | None:
    """A question by its id, or None when no letter that went out asks it.

    Args:
        connection: A connection in a reading transaction.
        poll_id: 16 hexadecimal digits.
    """
    from newsletter.storage.tables import poll

    return next(iter(_found(connection, poll.c.name == poll_id)), None)


def of_issue(connection: Connection, issue: str) -> list[PollResults]:
    """What the letters of an issue asked.

    Args:
        connection: A connection in a reading transaction.
        issue: Key of the issue.
    """
    from newsletter.storage.tables import poll

    return _found(connection, poll.c.issue == issue)


def count(
    connection: Connection,
    poll_id: str,
    place: int,
    form: str,
    *,
    network: str,
    keys: Mapping[int, bytes],
    caps: Caps,
    now: datetime,
) -> Outcome | None:
    """Count an answer.

    Args:
        connection: In a writing transaction.
        poll_id: Id of the question.
        place: Which of its answers, from 0.
        form: What the page wrote into its form, another for each page.
        network: The network the request came from; a keyed hash of it is kept for an hour, beside no answer.
        keys: Secret keys of the counters.
        caps: How many answers to one question are taken from one network within an hour.
        now: The present moment, timezone-aware.

    Returns:
        What became of it; None when there is no such question or answer.
    """
    from sqlalchemy import delete, select

    from newsletter.storage.tables import poll_answer, poll_form

    found = get(connection, poll_id)
    if found is None or not 0 <= place < len(found.answers):
        return None
    if found.closed(now):
        return "closed"
    limits.lock(connection)  # one after the other: neither a form nor a cap is passed by two at once
    hour = int(now.timestamp()) // _HOUR
    oldest = int((now - FORMS_KEPT).timestamp()) // _HOUR
    connection.execute(delete(poll_form).where(poll_form.c.hour < oldest))
    limits.forget_answers(connection, now=now)
    asked = limits.answer_keys(poll_id, keys, network)
    mark = hashlib.sha256(f"{poll_id}\0{form}".encode("utf-8", "surrogatepass")).digest()[:16]
    if connection.execute(select(poll_form.c.hour).where(poll_form.c.form == mark)).first() is not None:
        return "again"
    if limits.exceeded(connection, asked, caps, now=now):
        _turn_away(connection, poll_id)
        return "full"
    connection.execute(poll_form.insert().values(form=mark, hour=hour))
    limits.add(connection, asked, 1, now=now)
    here = (poll_answer.c.poll == poll_id) & (poll_answer.c.place == place)
    connection.execute(poll_answer.update().where(here).values(number=poll_answer.c.number + 1))
    return "counted"


def turned_away(connection: Connection, issue: str) -> dict[str, int]:
    """How many answers to each question of an issue were not counted since too many came from one network.

    It is one number for a question: of answers, not of people, since who is turned away may press again.

    Args:
        connection: A connection in a reading transaction.
        issue: Key of the issue.

    Returns:
        Id of the question to the number; a question without any is missing.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import cursor, poll

    query = select(poll.c.name, cursor.c.at).join(cursor, cursor.c.name == _TURNED_AWAY + poll.c.name)
    return {name: int(number) for name, number in connection.execute(query.where(poll.c.issue == issue))}


def _turn_away(connection: Connection, poll_id: str) -> None:
    from newsletter.storage.tables import cursor

    row = insert(connection, cursor).values(name=_TURNED_AWAY + poll_id, at=1)
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"at": cursor.c.at + 1}))


def _found(connection: Connection, which: object) -> list[PollResults]:
    from sqlalchemy import select

    from newsletter.storage.tables import poll, poll_answer

    rows = connection.execute(select(poll).where(which).order_by(poll.c.frozen_at, poll.c.name)).all()  # type: ignore[arg-type]
    answers: dict[str, list[tuple[str, int]]] = {row.name: [] for row in rows}
    query = select(poll_answer).where(poll_answer.c.poll.in_(list(answers))).order_by(poll_answer.c.place)
    for one in connection.execute(query):
        answers[one.poll].append((one.words, int(one.number)))
    return [
        PollResults(
            row.name,
            row.issue,
            row.list,
            row.question,
            tuple(answers[row.name]),
            bool(row.shows_results),
            None if row.closes_at is None else datetime.fromtimestamp(row.closes_at, UTC),
        )
        for row in rows
    ]

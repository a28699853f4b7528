"""Each letter of a send twice, where clicks are counted: for whom they are, and for whom they are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from newsletter import clicks, ledger
from newsletter.ledger import Mailing, Send
from newsletter.letters import click_links
from newsletter.letters.mime import from_json, to_json
from subscribers import store

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.ledger.trying import TrialTerms

DIRECT = "direct"
"""Stands in the name of a letter for those whose clicks are not counted."""


LEAST = 5
"""Readers who have a link, for its clicks to be counted: the number of a link that one reader has would be a name."""
_SURE = 4
"""So many times ``LEAST`` are to be expected of a sample that is drawn at random: of an expected 20, fewer than 5 come
in two of 100,000 draws (Poisson's distribution, which is wider than that of a draw without putting back)."""
_ALL = 2**31 - 1
"""Where counting ends when all are counted."""


@dataclass(frozen=True, slots=True)
class Counting:
    """How clicks are counted."""

    by: Literal["stories", "provider"]
    """``[tracking] clicks``."""
    keys: Mapping[int, bytes]
    """Keys of signed links by key id."""


def counted(
    connection: Connection,
    mailings: Iterable[Mailing],
    counting: Counting,
    *,
    issue: str,
    list_name: str,
    trial: TrialTerms | None = None,
) -> list[Mailing]:
    """Make of each letter the one that counts and the one that does not.

    Args:
        connection: In the writing transaction that freezes them.
        mailings: As they are without counting.
        counting: How clicks are counted.
        issue: Key of the issue.
        list_name: The list it goes to.
        trial: How subjects are tried, where the mailings have several.

    Returns:
        The same readers in the same order, with the letters that they get. Nobody's choice costs a second letter as
        long as nobody has made it.
    """
    apart = store.anybody_uncounted(connection)
    mailings = list(mailings)
    reach = _reach(connection, mailings, trial, apart=apart)
    made: list[Mailing] = []
    for mailing in mailings:
        if mailing.skipped:
            made.append(mailing)
            continue
        links = [one for one in mailing.links if reach[mailing.subject, one.url] >= LEAST]
        if not links:  # nothing in it is counted, so it does not say so
            letter = to_json(click_links.direct(from_json(mailing.letter)))
            made.append(replace(mailing, letter=letter, links=()))
            continue
        named = clicks.named(links, issue=issue, list_name=list_name, subject=mailing.subject)
        made += _both(replace(mailing, links=named), counting, apart=apart)
    return made


def _reach(
    connection: Connection, mailings: Sequence[Mailing], trial: TrialTerms | None, *, apart: bool
) -> Counter[tuple[int, str]]:
    """How many readers have each link, by the subject of their letter and its address; `LEAST` stands for more too."""
    reach: Counter[tuple[int, str]] = Counter()
    tried = [one for one in mailings if one.subject == 1 and not (one.held or one.skipped)] if trial else []
    everybody = sum(store.count_up_to(connection, one.audience, _ALL) for one in tried)
    each = trial.readers(everybody) if trial else 0
    most = everybody if each else LEAST
    for one in mailings:
        if one.links and not one.held:  # whoever waits for a subject is in the audience of the tried ones
            who = store.by_counting(one.audience, counted=True) if apart else one.audience
            readers = store.count_up_to(connection, who, most)
            reach.update({(one.subject, link.url): readers for link in one.links})
    if each:
        # Of those who have a link, chance draws some for each subject; of one that all have, the whole sample has it.
        enough = _SURE * LEAST * everybody
        reach = Counter({one: n for one, n in reach.items() if n >= everybody or n * each >= enough})
    return reach


def remember(connection: Connection, mailings: Iterable[Mailing], send: Send, *, list_name: str, now: datetime) -> None:
    """Write down the links of the letters that a send really has, by the subjects that it really tries.

    Args:
        connection: In the writing transaction that froze it.
        mailings: As `counted` made them.
        send: As it was frozen.
        list_name: The list it goes to.
        now: The present moment, timezone-aware.
    """
    tried = ledger.subjects_of_letters(connection, send.id)
    for mailing in mailings:
        # With too few readers nothing is tried, and everybody has the letter with the first subject.
        subject = mailing.subject if mailing.subject in tried else 0
        if mailing.subject <= 1 or subject:
            clicks.freeze(connection, mailing.links, issue=send.issue, list_name=list_name, subject=subject, now=now)


def let_out(connection: Connection, send_id: int) -> int:
    """Give readers who have said no since a send was frozen the letter that does not count them.

    Args:
        connection: A writing transaction.
        send_id: Id of the send; what somebody has in hand, or waits for its subject, stays as it is.

    Returns:
        How many get another letter.
    """
    if not store.anybody_uncounted(connection):
        return 0
    known: dict[int, int | None] = {}

    def direct(text: str) -> str | None:
        letter = from_json(text)
        names = click_links.names_in(letter)
        if not names and not letter.tracked:
            return None
        return to_json(replace(click_links.restored(letter, clicks.urls_of(connection, names)), tracked=False))

    def letter_for(letter_id: int) -> int | None:
        if letter_id not in known:
            known[letter_id] = ledger.letter_beside(connection, letter_id, DIRECT, direct)
        return known[letter_id]

    return ledger.take_apart(connection, send_id, store.uncounted(), letter_for)


def _both(mailing: Mailing, counting: Counting, *, apart: bool) -> Iterator[Mailing]:
    letter = from_json(mailing.letter)
    if apart:
        yield replace(
            mailing,
            letter=to_json(click_links.direct(letter)),
            audience=store.by_counting(mailing.audience, counted=False),
            variant=f"{mailing.variant} {DIRECT}".strip(),
            links=(),
        )
        mailing = replace(mailing, audience=store.by_counting(mailing.audience, counted=True))
    if counting.by == "stories":
        letter = click_links.counted(letter, mailing.links, keys=counting.keys)
    else:
        letter = replace(letter, tracked=True)
    yield replace(mailing, letter=to_json(letter))

"""What happened with one person, in the order of time, in words that an editor reads (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from subscribers.actions.showing import Person
from subscribers.display import shown
from subscribers.models import Consent
from subscribers.moments import to_moment

Happening = tuple[datetime, str]
"""When it was, and what it was in one line."""

_ACTS: Mapping[str, str] = {
    "subscribe": "asked to subscribe",
    "ask": "was asked by an editor",
    "confirm": "confirmed",
    "leave": "left",
    "add": "added by an editor",
    "restore": "brought back by an editor",
    "import": "subscribed by a file",
    "import-pending": "brought in by a file, to be confirmed",
    "import-left": "left, as a file says",
    "address": "changed the address",
}
_MOST = 300
"""Characters of somebody's words that a line shows; the copy in JSON has all."""


def timeline(person: Person) -> list[Happening]:
    """Tell what is known of a person, oldest first: every line of the record of consent, letters, changes, troubles.

    Args:
        person: As `show` found them.
    """
    names = {one.id: one.name for one, _ in person.subscriptions}
    found = [(line.at, f"{names.get(line.list_id, '?')}: {_told(line)}") for line in person.consents]
    found += _letters(person.rows, names)
    found += _choices(person)
    found += _troubles(person)
    return sorted(found, key=lambda one: one[0])


def _told(line: Consent) -> str:
    quoted = {"saying": line.words, "because": line.reason}
    plain = {"from": line.network, "on": line.page}
    told = [_ACTS.get(line.act, line.act), *([f"({shown(line.how, _MOST)})"] if line.how else [])]
    told += [f"{word} {shown(text, _MOST)}" for word, text in plain.items() if text]
    told += [f"{word} “{shown(text, _MOST)}”" for word, text in quoted.items() if text]
    if line.recorded is not None:
        told.append(f"(written here on {line.recorded:%Y-%m-%d} from {shown(line.source, _MOST)})")
    return " ".join(told)


def _letters(rows: Mapping[str, list[dict[str, Any]]], names: Mapping[int, str]) -> Iterator[Happening]:
    for row in rows.get("small_letter", []):
        name = names.get(row["list_id"], "?")
        yield to_moment(row["created"]), f"{name}: {row['kind']} letter, {row['state']}"
    for row in rows.get("kept_wish", []):
        yield to_moment(row["created"]), f"waits to be asked ({shown(row['how'], _MOST)})"
    for row in rows.get("account_request", []):
        wanted = "to be erased" if row["kind"] == "erase" else "another address"
        yield to_moment(row["created"]), f"asked on their page for {wanted}; not confirmed yet"


def _choices(person: Person) -> Iterator[Happening]:
    """The last change of a subscription that no line of the record tells of."""
    told = {(line.list_id, moment) for line in person.consents for moment in (line.at, line.recorded)}
    for one, subscription in person.subscriptions:
        if subscription.changed != subscription.created and (one.id, subscription.changed) not in told:
            paused = f", paused until {subscription.paused_until:%Y-%m-%d}" if subscription.paused_until else ""
            declined = bin(subscription.declined_topics).count("1")
            topics = f", without {declined} of the topics" if declined else ""
            yield subscription.changed, f"{one.name}: changed preferences to {subscription.rhythm}{topics}{paused}"


def _troubles(person: Person) -> Iterator[Happening]:
    for row in person.rows.get("trouble", []):
        yield to_moment(row["at"]), "a letter bounced, for now"
    for row in person.rows.get("held_bounce", []):
        yield to_moment(row["at"]), f"a letter bounced ({row['reason']}); held, since many did at once"
    if person.suppression is not None:
        yield person.suppression.at, f"not to be mailed any more: {person.suppression.reason}"

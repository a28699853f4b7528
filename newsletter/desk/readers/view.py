"""What the pages of readers show, as values in the words of the desk. Pure.

Addresses are masked behind the at sign for everybody; a whole one is shown by a request of its own, which is logged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from newsletter.desk.frame import either
from subscribers.display import shown

if TYPE_CHECKING:
    from newsletter.report.page.wording import PageWords
    from newsletter.rhythms.topics import Topic
    from newsletter.workflows.people import ReaderStory
    from subscribers.models import Consent, ReaderRow, ReaderState, Rhythm, Subscription, SuppressionReason

FEW = 2
"""Topics that are told by what is left out; of more, what is wanted is told."""


@dataclass(frozen=True, slots=True)
class ReaderLine:
    """A row of the list of readers."""

    id: str
    """What their card is asked for by."""
    address: str
    """Masked."""
    name: str
    rhythm: Markup
    topics: Markup
    since: datetime
    state: Markup
    kind: str
    """Class of the state: ``is-ok``, ``is-warn``, ``is-bad`` or ``quiet``."""


def masked(address: str) -> str:
    """An address without what stands behind its at sign.

    Args:
        address: As the reader has it.
    """
    return shown(address.rpartition("@")[0], 64) + "@…"


def line(row: ReaderRow, topics: Sequence[Topic], words: PageWords) -> ReaderLine:
    """A reader as a row of the list.

    Args:
        row: The reader.
        topics: Of the list.
        words: Of the desk.
    """
    gone = row.state == "left"
    state, kind = state_of(row.state, row.paused_until, row.changed, row.stopped, words)
    return ReaderLine(
        row.public_id.hex(),
        masked(row.address),
        row.name,
        Markup() if gone else rhythm(row.rhythm, words),
        Markup() if gone else wanted(row.declined_topics, topics, words),
        row.since,
        state,
        kind,
    )


def state_of(
    state: ReaderState,
    paused_until: datetime | None,
    changed: datetime,
    stopped: SuppressionReason | None,
    words: PageWords,
) -> tuple[Markup, str]:
    """How a reader stands, in words, and the class of it.

    Args:
        state: The state.
        paused_until: Until when they have paused.
        changed: When the subscription changed last.
        stopped: Why their address must not be mailed.
        words: Of the desk.
    """
    if state == "pending":
        return words.say("Waits for confirmation"), "is-warn"
    if state == "paused" and paused_until is not None:
        return words.say("Paused until {day}", day=words.day(paused_until)), "is-warn"
    if state == "left":
        return words.say("Left on {day}", day=words.day(changed)), "quiet"
    if state == "stopped" and stopped is not None:
        return reason(stopped, words), "is-bad"
    return words.say("Subscribed"), "is-ok"


def state_by(subscription: Subscription, stopped: SuppressionReason | None, now: datetime) -> ReaderState:
    """The state of one subscription, by the same rule as the list of readers has it.

    Args:
        subscription: The subscription.
        stopped: Why the address must not be mailed; None when it may.
        now: The present moment, timezone-aware.
    """
    if subscription.status == "left":
        return "left"
    if stopped is not None:
        return "stopped"
    if subscription.status == "pending":
        return "pending"
    return "paused" if subscription.paused_until is not None and subscription.paused_until > now else "subscribed"


def reason(stopped: SuppressionReason, words: PageWords) -> Markup:
    """Why an address must not be mailed."""
    return {
        "hard": words.say("Mail comes back"),
        "invalid": words.say("Mail comes back"),
        "soft": words.say("Mail comes back"),
        "blocked": words.say("Mail comes back"),
        "complained": words.say("Complained of a letter"),
        "erased": words.say("Erased once before"),
        "editor": words.say("Stopped by an editor"),
        "import": words.say("Stopped by an imported file"),
    }[stopped]


def rhythm(chosen: Rhythm, words: PageWords) -> Markup:
    """How often somebody wants letters."""
    return {
        "weekly": words.say("Weekly"),
        "daily": words.say("Daily"),
        "instant": words.say("As it is published"),
    }[chosen]


def wanted(declined: int, topics: Sequence[Topic], words: PageWords) -> Markup:
    """Which topics somebody wants.

    Args:
        declined: Bits of those that are not wanted.
        topics: Of the list.
        words: Of the desk.
    """
    without = [topic.title for topic in topics if topic.bit & declined]
    if not without:
        return words.say("All topics")
    if len(without) == len(topics):
        return words.say("No topic")
    within = [topic.title for topic in topics if not topic.bit & declined]
    comma = str(words.say(", "))
    if len(without) <= FEW and len(within) > len(without):
        return words.say("Without {topics}", topics=either(words, without))
    return words.html(comma.join(within))


def card(story: ReaderStory, topics: Mapping[str, Sequence[Topic]], words: PageWords, now: datetime) -> dict[str, Any]:
    """The values of the card of one reader.

    Args:
        story: Of the reader.
        topics: Of every list by its name.
        words: Of the desk.
        now: The present moment, timezone-aware.
    """
    person = story.person
    stopped = person.suppression.reason if person.suppression else None
    names = {one.id: one.title for one, _ in person.subscriptions}
    lists = []
    for one, held in person.subscriptions:
        state, kind = state_of(state_by(held, stopped, now), held.paused_until, held.changed, stopped, words)
        lists.append(
            {
                "name": one.name,
                "title": one.title,
                "state": state,
                "kind": kind,
                "left": held.status == "left",
                "confirmed": held.status == "confirmed",
                "paused": held.paused_until is not None and held.paused_until > now,
                "rhythm": rhythm(held.rhythm, words),
                "topics": wanted(held.declined_topics, topics.get(one.name, ()), words),
                "since": held.created,
            }
        )
    return {
        "id": person.subscriber.public_id.hex(),
        "address": masked(person.subscriber.address),
        "name": person.subscriber.name,
        "lists": lists,
        "active": [one for one in lists if not one["left"]],
        "any_paused": any(one["paused"] for one in lists),
        "pausable": [one for one in lists if one["confirmed"]],
        "stopped": None if stopped is None else reason(stopped, words),
        "stopped_at": person.suppression.at if person.suppression else None,
        "consents": [_consent(one, names, words) for one in reversed(person.consents)],
        "letters": [
            {"at": one.at, "subject": one.subject, "state": _letter(one.state, words)} for one in story.letters
        ],
        "all_letters": story.all_letters,
        "uncounted": not person.subscriber.count_clicks,
    }


def _consent(one: Consent, names: Mapping[int, str], words: PageWords) -> dict[str, Any]:
    acts = {
        "subscribe": words.say("asked to subscribe"),
        "ask": words.say("was asked by an editor"),
        "confirm": words.say("confirmed"),
        "leave": words.say("left"),
        "add": words.say("added by an editor"),
        "restore": words.say("brought back by an editor, as they asked"),
        "import": words.say("came by a file"),
        "import-pending": words.say("came by a file, to be confirmed"),
        "import-left": words.say("left, as a file says"),
        "address": words.say("changed the address"),
    }
    return {
        "at": one.at,
        "act": acts.get(one.act, words.html(one.act)),
        "list": names.get(one.list_id, "") if len(names) > 1 else "",
        "how": _road(one.how, words),
        "words": shown(one.words, 300),
        "reason": shown(one.reason, 300),
        "page": shown(one.page, 200),
        "network": one.network,
        "recorded": one.recorded,
    }


def _road(how: str, words: PageWords) -> Markup:
    if how.startswith("file "):
        return words.say("file {name}", name=Markup("<bdi>{}</bdi>").format(shown(how.removeprefix("file "), 80)))
    known = {
        "editor": words.say("editor"),
        "form": words.say("form on the site"),
        "embedded form": words.say("form on the site"),
        "page": words.say("page of the reader"),
        "mail": words.say("by mail"),
        "program": words.say("by a program"),
    }
    return known.get(how, Markup("<bdi>{}</bdi>").format(shown(how, 80)))


def _letter(state: str, words: PageWords) -> Markup:
    return {
        "submitted": words.say("the letter: sent"),
        "submitting": words.say("the letter: on its way"),
        "queued": words.say("the letter: waits"),
        "refused": words.say("the letter: refused"),
        "unknown": words.say("the letter: nobody knows what became of it"),
        "skipped": words.say("the letter: not sent"),
    }.get(state, words.html(state))

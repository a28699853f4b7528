"""What the page of the issue says beside its templates: states, keys, elements as they begin, words of its scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from markupsafe import Markup

    from newsletter.ledger import Send
    from newsletter.report.page.wording import PageWords

_PAGE = {
    "saved": "Saved a moment ago",
    "unsaved": "Not saved: what you wrote here stays",
    "gone": "The desk does not answer. Start newsletter desk again; what you wrote here stays",
    "merging": "Waits until it is merged",
    "took": "The file changed outside this page, and is shown as it is now",
    "lifted": "Lifted: {headline}",
    "here": "Here: {place} of {count} in {section}",
    "there": "{headline}: {place} of {count} in {section}",
    "back": "Put back where it was",
    "unnamed": "the beginning",
    "of": "{n} of {most}",
    "large": "The picture is larger than 8 MB",
    "address": "Address of the link",
}
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_KEYS = (
    ("/", "Search the articles"),
    ("1  2  3", "To the articles, the issue, the letter"),
    ("j  k", "Next, previous"),
    ("Enter", "Add it, or open it in place"),
    ("Space", "Lift it; then arrows move it, and escape puts it back"),
    ("Alt ↑ ↓", "Move the open story"),
    ("Alt Shift ↑ ↓", "Move it to the section before, after"),
    ("n", "Next problem"),
    (".", "Mend it"),
    ("t", "Send a test letter"),
    ("Ctrl Z  Ctrl Shift Z", "Undo, redo"),
    ("Ctrl B  Ctrl K", "Bold, link"),
    ("Ctrl Enter", "Review and send"),
    ("Esc", "Close the story, the menu, the dialog"),
    ("?", "This table"),
)


def of_page(words: PageWords) -> dict[str, object]:
    """The words of the page's scripts, by name.

    Args:
        words: Of the desk.
    """
    told: dict[str, object] = {name: _bare(words.say(text)) for name, text in _PAGE.items()}
    told["places"] = [_bare(words.say(one)) for one in _PLACES]
    told["counts"] = [_bare(words.say(one)) for one in _COUNTS]
    return told


def keys(words: PageWords) -> list[tuple[str, Markup]]:
    """Every key and what it does.

    Args:
        words: Of the desk.
    """
    return [(key, words.say(text)) for key, text in _KEYS]


def state(words: PageWords, sends: Sequence[Send]) -> Markup:
    """What became of an issue so far.

    Args:
        words: Of the desk.
        sends: Of the issue, oldest first.
    """
    live = [send for send in sends if send.state != "cancelled"]
    if not live:
        return words.say("Draft")
    last = live[-1]
    if last.state == "scheduled" and last.send_at is not None:
        return words.say("Goes on {day}, {hour}", day=words.day(last.send_at), hour=words.clock(last.send_at))
    return words.say("Sent") if last.state == "finished" else words.say("On its way")


@dataclass(frozen=True, slots=True)
class ElementStart:
    """An element as it begins, for whoever picks it from the menu."""

    name: str
    words: Markup
    title: str
    text: str


_SKELETONS: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = (
    ("callout", "Callout", "Good to know", "{}", ("A sentence or two that nobody should miss.",)),
    ("quote", "Quotation", "Name, role", "{}", ("What they said.",)),
    ("sponsor", "Sponsor", "Who pays", "{} [{}](https://example.org/)", ("A sentence about them.", "Their page")),
    ("video", "Video", "", "[{}](https://example.org/)", ("Title of the film",)),
    ("event", "Event", "Name of the event", "{date} 18:30 {}", ("The place",)),
    ("poll", "Poll", "What do you think?", "- {}\n- {}", ("Yes", "No")),
    ("useful", "Was it useful?", "", "", ()),
    ("figures", "Figures", "", "- **12** {}", ("what it counts",)),
    ("reading", "Further reading", "", "- [{}](https://example.org/) {}", ("Title", "a few words")),
    ("file", "File", "", "[{}](https://example.org/)", ("Name of the file",)),
    ("audio", "Recording", "", "[{}](https://example.org/)", ("Name of the recording",)),
    ("contents", "Contents", "", "", ()),
)
"""Name, what it is called, the words behind its name, and what stands in it with its words."""


def skeletons(words: PageWords, now: datetime) -> list[ElementStart]:
    """The elements of the menu with the words they begin with.

    Args:
        words: Of the desk.
        now: The present moment, timezone-aware.
    """
    date = (now + timedelta(days=7)).date().isoformat()
    return [
        ElementStart(
            name,
            words.say(shown),
            title and _bare(words.say(title)),
            text.replace("{date}", date).format(*(_bare(words.say(one)) for one in inside)),
        )
        for name, shown, title, text, inside in _SKELETONS
    ]


def kind_names(words: PageWords) -> dict[str, Markup]:
    """What the elements are called at the desk, by their English names.

    Args:
        words: Of the desk.
    """
    return {name: words.say(shown) for name, shown, *_ in _SKELETONS} | {
        "columns": words.say("Two columns"),
        "gallery": words.say("Pictures"),
        "author": words.say("Author"),
    }


def _bare(said: Markup) -> str:
    """Plain text of a sentence without anything put into it."""
    return said.unescape()

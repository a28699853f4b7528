"""Letters made of issues: pictures, what they ask, their counted links, and what the checks say of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A local picture of a letter, as it travels: turned upright, in sRGB, without metadata."""

    cid: str
    """Content-ID without angle brackets, for example ``picture-1@example.org``."""
    content_type: str
    """``image/jpeg``, ``image/png`` or ``image/gif``; as the file says before the picture is made for its letter."""
    data: bytes
    """Empty as long as nobody knows how wide the letter shows it."""
    name: str
    """File name shown by mail programs."""
    width: int = 0
    """Pixels as shown, of the data or, while that is empty, of the file; 0 when unknown."""
    height: int = 0

    @property
    def stored_name(self) -> str:
        """What it is called where it is served: its content (SHA-256, 32 hexadecimal digits), and its kind.

        The same bytes have the same name, and other bytes another one, so that it may be kept for ever.
        """
        import hashlib

        return hashlib.sha256(self.data).hexdigest()[:32] + SUFFIXES.get(self.content_type, "")


SUFFIXES: Mapping[str, str] = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "text/calendar": ".ics",
}
"""How the name of a picture ends, by its media type; and that of a calendar file, which is served with them."""


def setting_picture(name: str) -> str:
    """What a picture that the settings name is called among the pictures of a letter, apart from those of its issue.

    Args:
        name: Of the file, relative to the workspace.
    """
    return f"//{name}"


@dataclass(frozen=True, slots=True)
class Poll:
    """A question to the readers with its answers, as an issue asks it."""

    question: str
    """Plain text of one line."""
    answers: tuple[str, ...]
    """Two or more, each plain text of one line."""
    shows_results: bool = False
    """Whether who has answered sees what the others said."""
    days: int = 0
    """Days after the letter was frozen in which it takes answers; 0 for ever."""
    id: str = ""
    """16 hexadecimal digits by which the reader pages know it; empty until it is known which letter asks it."""


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """Something that takes place, as a calendar takes it."""

    title: str
    starts: datetime
    """By the newsroom's clock, without a zone."""
    ends: datetime | None = None
    timed: bool = True
    """Whether an hour was given, and not the day alone."""
    place: str = ""
    url: str = ""
    """Where more is said of it; may be empty."""


@dataclass(frozen=True, slots=True)
class CountedLink:
    """One link of a letter whose clicks are counted: the same for all its readers."""

    name: str
    """20 hexadecimal digits by which the reader pages know it; empty until it is known which letter has it."""
    url: str
    """Absolute http(s) address, as it stands in the letter."""
    story: str
    """Headline of the story it belongs to; empty for every other link."""
    place: int
    """Where it stands first among the links of the letter, from 1."""
    sponsor: str = ""
    """Name of the sponsor who has it; empty for every other link."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """An issue made into a letter: still with markers where each subscriber's parts go."""

    subject: str
    """Plain text, with directional isolates where the text needs them."""
    html: str
    text: str
    pictures: tuple[Picture, ...] = ()
    """Those that travel inside the letter."""
    hosted: tuple[Picture, ...] = ()
    """Those that the reader pages serve: the letter names their addresses, and what freezes it puts them there."""
    polls: tuple[Poll, ...] = ()
    """Those that the reader pages ask: what freezes it puts their words there."""
    links: tuple[CountedLink, ...] = ()
    """Those whose clicks are counted, if any are: what freezes it writes them down."""
    flowed: bool = False
    """Whether lines of the text that end in a space may be joined and wrapped anew (RFC 3676)."""

    @property
    def own_pictures(self) -> tuple[Picture, ...]:
        """Every picture of the newsroom's own that the letter shows, wherever it is loaded from."""
        return (*self.pictures, *self.hosted)


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything of a letter that is the same for all its subscribers; this is what a send freezes."""

    sender: str
    """From, as ``نشرة المؤشر <news@example.org>``."""
    reply_to: str
    """Address or empty."""
    list_id: str
    """``readers.example.org``, without angle brackets (RFC 2919)."""
    rendered: Rendered
    marker: str
    """What stands before every slot in subject, html, text and the unsubscribe addresses."""
    unsubscribe_url: str
    """https address with a slot, or empty when the workspace has no reader pages."""
    unsubscribe_mail: str
    """mailto address with a slot; always there."""
    date: datetime
    language: str = "ar"
    issue: str = ""
    """Key of the issue, for reports on the whole of it; empty for a letter that belongs to none."""
    automatic: bool = False
    """Whether a program wrote it to one person as the answer to something they did (RFC 3834)."""
    tracked: bool = False
    """Whether the provider may lead the links over a server of its own, to report how often each is clicked."""
    own_sender: bool = False
    """Whether its list says itself who it comes from: no provider then puts another name there."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a check found."""

    code: str
    """Stable name, as docs/en/checks.md lists it: ``subject-empty``."""
    level: Level
    words: str
    """What is wrong, in plain language."""
    place: str = ""
    """``path:line`` or the part of the letter."""
    mend: str = ""

"""The ways on from a letter: to its own page, to a friend, to the letters before it, back to the newsroom (pure).

Share addresses are plain links, as each service documents them; nothing of a reader stands in them, and nothing is
loaded before somebody presses one: WhatsApp (faq.whatsapp.com, "How to use click to chat"), Telegram
(core.telegram.org/widgets/share), X (developer.x.com, "Web Intent"), Facebook (developers.facebook.com/docs/sharing,
sharer.php) and mail (RFC 6068).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from newsletter.models import CalendarEvent, Poll

SHARES = ("whatsapp", "telegram", "x", "facebook", "mail", "copy")
"""Ways to share a letter, in the order in which they stand in it."""

STARTS = (
    "https://wa.me/?text=",
    "https://t.me/share/url?url=",
    "https://x.com/intent/post?url=",
    "https://www.facebook.com/sharer/sharer.php?u=",
)
"""How the share addresses begin: no provider's click tracking leads them over its own server."""


@dataclass(frozen=True, slots=True)
class ShareLinks:
    """The addresses that share one page; each is empty when it is not wanted."""

    page: str
    """Address of the page that is shared."""
    words: str
    """What is said of it: a subject or a headline, plain text of one line without signs of direction."""
    wanted: tuple[str, ...] = SHARES

    @property
    def whatsapp(self) -> str:
        """WhatsApp, the words and the page in one message."""
        return self._one("whatsapp", f"{STARTS[0]}{quoted(self.words)}%0A{quoted(self.page)}")

    @property
    def telegram(self) -> str:
        """Telegram, which takes its words from the page."""
        return self._one("telegram", f"{STARTS[1]}{quoted(self.page)}")

    @property
    def x(self) -> str:
        """X, which takes its words from the page."""
        return self._one("x", f"{STARTS[2]}{quoted(self.page)}")

    @property
    def facebook(self) -> str:
        """Facebook, which takes its words from the page."""
        return self._one("facebook", f"{STARTS[3]}{quoted(self.page)}")

    @property
    def mail(self) -> str:
        """A letter to a friend, in the reader's own mail program."""
        return self._one("mail", f"mailto:?subject={quoted(self.words)}&body={quoted(self.page)}")

    @property
    def copy(self) -> str:
        """The page itself, to be copied."""
        return self._one("copy", self.page)

    def _one(self, name: str, address: str) -> str:
        return address if name in self.wanted else ""


@dataclass(frozen=True, slots=True)
class Ways:
    """What a letter offers beyond its stories; empty where a way is not wanted, or leads nowhere."""

    page: str = ""
    """Address of the letter's page, if anybody may open it: what is shared."""
    shares: tuple[str, ...] = SHARES
    subscribe: str = ""
    """https or mailto address by which whoever got the letter from a friend subscribes."""
    archive: str = ""
    """Address of the page with all past letters."""
    previous: tuple[tuple[str, str], ...] = ()
    """Subject and address of the letters before this one, newest first."""
    reply: str = ""
    """mailto address that an answer goes to."""
    test: bool = False
    """Whether the letter goes to an editor alone, and says so."""
    counted: bool = False
    """Whether clicks are counted, which the letter then says at its foot."""
    answer: Callable[[Poll, int], str] | None = None
    """Where an answer to a question of the letter leads to; None where none could arrive."""
    calendar: Callable[[CalendarEvent], str] | None = None
    """Where the calendar file of an event is; None where nobody serves it."""


def quoted(text: str) -> str:
    """Percent-encoded as UTF-8 for a query (RFC 3986 section 3.4), where ``:`` and ``/`` may stand as they are.

    They do stand: the path of the letter's own page may be filled in later, and is looked for as it is.

    Args:
        text: Words, or an address.
    """
    return quote(text, safe=":/[]")

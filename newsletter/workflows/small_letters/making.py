"""Small letters made: the one of a kind and a list once, and from it that of each person."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from newsletter.errors import IssueError
from newsletter.letters import pictures
from newsletter.letters.mime import LEAVE, slot
from newsletter.letters.pictures import LocalPictures
from newsletter.letters.render.small import render_small
from newsletter.models import Letter, Rendered
from newsletter.text.mailbox import ascii_host, split_mailbox
from subscribers import actions, store, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from newsletter.delivery import DeliverySetup
    from newsletter.models import Publication
    from newsletter.web.pages import Pages
    from subscribers.models import AccountRequest, LetterKind, List, SmallLetter

LOG = logging.getLogger("nashra.letters")

CONFIRM, PREFERENCES, ADDRESS, ERASE, STAY = "confirm", "preferences", "address", "erase", "stay"
"""Slots of a small letter beside the one of the link to leave; filled before the letter is cut."""

_REQUESTS: Mapping[str, tuple[str, AccountRequest]] = {"new-address": (ADDRESS, "address"), "erasure": (ERASE, "erase")}
"""The kinds of letters that confirm what a person asked for on their page: their slot, and what it is."""
ASKS = "still-wanted"
"""The kind that asks a reader whether they still want their letters, and until when they can answer."""
STRANGER = "new-address"
"""The kind that may reach somebody else than the person it is about; no link of that person stands in it."""


@dataclass(frozen=True, slots=True)
class SmallLetterSender:
    """Who the small letters come from."""

    sender: str
    """``Name <address>``."""
    reply_to: str = ""


class SmallLetterBuilder:
    """Makes the small letters of a workspace.

    Args:
        setup: What every delivery needs.
        pages: For words, templates and the address of the pages.
        mailbox: Who they come from.
        marker: Makes a fresh marker for each letter.
        of_list: Who publishes a list, by its name, and who its letters come from; None takes those of all.
        root: Folder of the workspace, where the files are that its settings name; None for a newsroom without any.
        own: Subject and words of the newsroom's own, by the kind of letter; None has none.
    """

    def __init__(
        self,
        setup: DeliverySetup,
        pages: Pages,
        mailbox: SmallLetterSender,
        marker: Callable[[], str],
        of_list: Callable[[str], tuple[Publication, SmallLetterSender]] | None = None,
        root: Path | None = None,
        own: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        self._own = own or {}
        self._root = root
        self._of_list = of_list or (lambda _: (pages.publication, mailbox))
        self._setup = setup
        self._pages = pages
        self._from = mailbox
        self._marker = marker
        self._made = lru_cache(maxsize=64)(self._make)

    def prepare(self, kind: LetterKind, listed: List) -> None:
        """Make what all letters of a kind about a list have in common, before one is asked for."""
        self._made(kind, listed.name, listed.title, None)

    def filled(self, letter: SmallLetter) -> Letter:
        """The letter of one person, but for the slot of the link to leave.

        Args:
            letter: What was claimed; what its link needs is made here and kept as a hash.
        """
        made = self._made(letter.kind, letter.list.name, self._title(letter), self._until(letter))
        who = letter.recipient
        values = (
            {}
            if letter.kind == STRANGER
            else {
                PREFERENCES: tokens.make(
                    "preferences", self._setup.keys, public_id=who.public_id, list_id=0, epoch=who.epoch
                )
            }
        )
        if letter.kind == "confirmation":
            with self._setup.database.write() as connection:
                values[CONFIRM] = actions.make_confirmation(
                    connection, who.subscriber_id, letter.list.id, now=self._setup.now(), lasts=self._lasts
                )
        if letter.kind == ASKS:
            values[STAY] = tokens.make(
                "stay", self._setup.keys, public_id=who.public_id, list_id=letter.list.id, epoch=who.epoch
            )
        if letter.kind in _REQUESTS:
            name, asked = _REQUESTS[letter.kind]
            with self._setup.database.write() as connection:
                address = who.address if asked == "address" else ""
                values[name] = actions.make_request(
                    connection, who.subscriber_id, asked, now=self._setup.now(), address=address
                )
        html, text = made.rendered.html, made.rendered.text
        for name, value in values.items():
            mark = slot(made.marker, name)
            html, text = html.replace(mark, value), text.replace(mark, value)
        return replace(made, rendered=replace(made.rendered, html=html, text=text), date=self._setup.now())

    def _until(self, letter: SmallLetter) -> date | None:
        """The last day to answer, where the letter asks whether somebody still wants others."""
        if letter.kind != ASKS:
            return None
        with self._setup.database.read() as connection:
            asked = store.still_wanted_of(connection, letter.recipient.subscriber_id, letter.list.id)
        return None if asked is None or asked.until is None else asked.until.astimezone(self._zone).date()

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._pages.publication.timezone)

    def _title(self, letter: SmallLetter) -> str:
        """What the letter is about: its list, and with a confirmation those that were asked for in the same act."""
        titles = [letter.list.title]
        if letter.kind == "confirmation":
            with self._setup.database.read() as connection:
                others = store.asked_together(
                    connection, letter.recipient.subscriber_id, letter.list.id, at=letter.created
                )
                titles += [store.list_by_id(connection, other).title for other in others]
        comma = "، " if self._pages.publication.language.split("-")[0] in {"ar", "fa", "ur"} else ", "
        return comma.join(titles)

    def _pictures(self, about: Publication, mailbox: SmallLetterSender) -> LocalPictures | None:
        """The files that the settings name; None when one of them cannot travel."""
        if self._root is None:
            return LocalPictures({})
        domain = split_mailbox(mailbox.sender)[1].rpartition("@")[2]
        found = pictures.of_settings(about, domain=domain, root=self._root)
        try:
            pictures.made(Rendered("", "", "", tuple(found.sizes.values())), found.checked())
        except IssueError as error:
            LOG.warning("small letters go without the pictures of the settings: %s", error)
            return None
        return found

    def _make(self, kind: str, list_name: str, title: str, until: date | None = None) -> Letter:
        pages, marker, now = self._pages, self._marker(), self._setup.now()
        (about, mailbox), leave = self._of_list(list_name), self._mail(f"unsubscribe {slot(marker, LEAVE)}")
        urls = self._addresses(marker, list_name) if self._by_mail else self._links(marker)
        found = self._pictures(about, mailbox)
        if found is None:
            # Nobody waits for a confirmation because of a picture: the name stands in its place.
            about, found = _without_pictures(about), LocalPictures({})
        rendered = render_small(
            kind,
            about,
            pages.environment,
            title=title,
            say=pages.text,
            marker=marker,
            urls=urls,
            date=now,
            by_mail=self._by_mail,
            pictures=found.sizes,
            own=self._own.get(kind, ("", "")),
            until=until,
        )
        rendered = pictures.made(rendered, found)
        return Letter(
            sender=mailbox.sender,
            # An answer that confirms must reach the mailbox that is read, the one that the addresses name.
            reply_to=self._read_at(mailbox) if self._by_mail and kind in {"confirmation", ASKS} else mailbox.reply_to,
            own_sender=mailbox.sender != self._from.sender,
            list_id=f"{list_name}.{ascii_host(urlsplit(about.url).hostname or '')}",
            rendered=rendered,
            marker=marker,
            # RFC 8058 section 3.1 wants an https address for one click; without one there is no such header.
            unsubscribe_url="" if self._by_mail or kind == STRANGER else urls["leave_url"],
            unsubscribe_mail=leave,
            date=now,
            language=about.language,
            automatic=True,
        )

    def _links(self, marker: str) -> dict[str, str]:
        """The addresses of pages, with their slots."""
        base = self._pages.address
        return {
            "leave_url": f"{base}/leave/{slot(marker, LEAVE)}",
            "confirm_url": f"{base}/confirm/{slot(marker, CONFIRM)}",
            "preferences_url": f"{base}/preferences/{slot(marker, PREFERENCES)}",
            "address_url": f"{base}/address/{slot(marker, ADDRESS)}",
            "erase_url": f"{base}/erase/{slot(marker, ERASE)}",
            "stay_url": f"{base}/stay/{slot(marker, STAY)}",
            "archive_url": f"{base}/archive",
        }

    def _addresses(self, marker: str, list_name: str) -> dict[str, str]:
        """What stands in their places where there are no pages: letters that are already written."""
        return {
            "leave_url": self._mail(f"unsubscribe {slot(marker, LEAVE)}"),
            "confirm_url": self._mail(f"confirm {slot(marker, CONFIRM)}"),
            "stay_url": self._mail(f"stay {slot(marker, STAY)}"),
            "subscribe_url": self._mail(f"subscribe {list_name}"),
        }

    def _mail(self, subject: str) -> str:
        """A ``mailto:`` address with a subject, percent-encoded (RFC 6068 section 2)."""
        address = split_mailbox(self._from.sender)[1]
        return f"mailto:{quote(address, safe='@')}?subject={quote(subject)}"

    def _read_at(self, mailbox: SmallLetterSender) -> str:
        """Reply-To of a letter whose answer must reach the mailbox that is read; empty when it comes from there."""
        read = split_mailbox(self._from.sender)[1]
        return "" if split_mailbox(mailbox.sender)[1] == read else read

    @property
    def _by_mail(self) -> bool:
        return not self._pages.address

    @property
    def _lasts(self) -> timedelta:
        return actions.CONFIRMATION_BY_MAIL_LASTS if self._by_mail else actions.CONFIRMATION_LASTS

    def any_letter(self) -> Letter:
        """One that goes to nobody: it only tells a sender where letters go."""
        return self._made("goodbye", "any", "any")


def _without_pictures(about: Publication) -> Publication:
    """The newsroom with no picture of its own in its letters."""
    header = "" if about.theme.header == "picture" else about.theme.header
    return replace(about, logo="", theme=replace(about.theme, logo_dark="", portrait="", picture="", header=header))

"""Who sends: the address in From and Reply-To, and the reader pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from newsletter.check.addresses import private
from newsletter.check.context import (
    CheckInput,
    Rule,
    setting,
    shown,
    teller,
)
from newsletter.models import Level, Problem
from newsletter.text.mailbox import split_mailbox
from newsletter.text.sentences import said

CODES: Mapping[str, Level] = {
    "sender-free-mail": "error",
    "sender-unread": "warning",
    "sender-stays-here": "warning",
    "reply-to-elsewhere": "warning",
    "web-url-missing": "warning",
    "web-url-private": "error",
    "web-unknown": "error",
    "web-unreachable": "warning",
}
_tell = teller(CODES)

_FREE = (
    "gmail.com googlemail.com yahoo.com yahoo.fr yahoo.co.uk ymail.com rocketmail.com hotmail.com hotmail.fr "
    "outlook.com outlook.fr outlook.sa live.com live.fr msn.com icloud.com me.com mac.com aol.com gmx.com gmx.net "
    "gmx.de web.de mail.com mail.ru yandex.com yandex.ru proton.me protonmail.com zoho.com tutanota.com "
    "maktoob.com caramail.com laposte.net orange.fr free.fr wanadoo.fr qq.com 163.com 126.com"
)
FREE_MAIL = frozenset(_FREE.split())
_UNREAD = ("noreply", "no-reply", "donotreply", "do-not-reply", "no_reply", "nepasrepondre", "ne-pas-repondre")
# Labels under which countries register names, as in example.com.eg or example.gov.sa.
_SECOND_LEVEL = "co com org net gov edu ac sch mil med nom info biz ltd plc me asso tm gob gouv"
_SECOND = frozenset(_SECOND_LEVEL.split())


def organisation(domain: str) -> str:
    """The part of a domain that somebody registered, as far as it can be told without a list of all suffixes.

    Args:
        domain: In ASCII.
    """
    labels = domain.lower().rstrip(".").split(".")
    long = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND
    return ".".join(labels[-3 if long else -2 :])


def _domain(mailbox: str) -> str:
    return split_mailbox(mailbox)[1].rpartition("@")[2].lower()


def section_of(case: CheckInput) -> str:
    """The section of the settings that says who the letter comes from."""
    return f"lists.{case.issue.list}" if case.letter is not None and case.letter.own_sender else "sender"


def addresses(case: CheckInput) -> Iterator[Problem]:
    """From and Reply-To, as far as they can be judged by looking at them."""
    if case.letter is None:
        return
    sender, reply_to = _domain(case.letter.sender), _domain(case.letter.reply_to)
    if case.known.provider and sender in FREE_MAIL:
        yield _tell(
            "sender-free-mail",
            said(
                "letters from {sender} through {provider} are refused: only {sender} itself may send them",
                sender=sender,
                provider=case.known.provider,
            ),
            setting(section_of(case), "from"),
            "write an address at a domain of your own",
        )
    if reply_to and organisation(reply_to) != organisation(sender):
        yield _tell(
            "reply-to-elsewhere",
            said(
                "answers go to {reply_to}, letters come from {sender}; spam filters count the difference",
                reply_to=reply_to,
                sender=sender,
            ),
            setting(section_of(case), "reply_to"),
            "take an address of the same domain; it can forward to the other",
        )
    name, mailbox = ("reply_to", case.letter.reply_to) if reply_to else ("from", case.letter.sender)
    local = split_mailbox(mailbox)[1].partition("@")[0].lower()
    if local.startswith(_UNREAD):
        yield _tell(
            "sender-unread",
            said(
                "nobody reads {address}; readers answer a letter, also to leave it", address=split_mailbox(mailbox)[1]
            ),
            setting(section_of(case), name),
            "write an address that somebody reads",
        )


def staying(case: CheckInput) -> Iterator[Problem]:
    """Letters that stay in the outbox though a provider is set up."""
    if case.known.idle_providers and not case.known.provider:
        names = " and ".join(f"[{one}]" for one in case.known.idle_providers)
        yield _tell(
            "sender-stays-here",
            said("letters stay in the outbox and reach nobody, though {names} is set up", names=names),
            setting("sender", "kind"),
            said(
                'write kind = "{name}" there, or take the lines of {names} out',
                name=case.known.idle_providers[0],
                names=names,
            ),
        )


def pages(case: CheckInput) -> Iterator[Problem]:
    """The reader pages, which every letter leads to when it goes to real people."""
    url = case.known.web_url
    if case.known.provider and not url:
        yield _tell(
            "web-url-missing",
            "readers can only leave by mail; Gmail and Yahoo ask bulk senders for one click (RFC 8058)",
            setting("web", "url"),
            'add a line url = "https://news.…" where newsletter serve answers',
        )
    elif case.known.provider and (urlsplit(url).scheme != "https" or private(urlsplit(url).hostname or "")):
        yield _tell(
            "web-url-private",
            said("the reader pages are at {url}, which readers cannot open", url=shown(url)),
            setting("web", "url"),
            "write the https address that readers reach",
        )
    web = case.known.found.web if case.known.found is not None else None
    if web is not None and web.trouble:
        yield _tell(
            "web-unknown" if web.gone else "web-unreachable",
            said("the reader pages at {url} do not answer: {fault}", url=shown(url), fault=web.trouble),
            setting("web", "url"),
            "correct the address" if web.gone else "start them with: newsletter serve",
        )


RULES: tuple[Rule, ...] = (addresses, staying, pages)

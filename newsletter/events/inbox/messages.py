"""What a message in the mailbox is (pure): a bounce, a complaint, a wish to leave or to subscribe, a confirmation.

Everything in it comes from strangers. Python's own parser raises LookupError and ValueError on odd headers (measured),
and RecursionError on deep nesting: whatever it raises, the message is ``unreadable`` and nothing else happens.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import Message
from email.utils import getaddresses
from typing import Literal

from newsletter.delivery import names as small_names
from newsletter.events.inbox import failures
from newsletter.events.inbox.answers import (
    own_words,
    plain,
    says_no,
    says_yes,
)
from newsletter.events.inbox.parts import (
    blocks_of,
    decoded_field,
    field_of,
    moment_of,
    parts_of,
    texts_of,
    typed_addresses,
)
from newsletter.events.inbox.receivers import is_own_copy, report_attachments, results_of
from newsletter.events.inbox.statuses import meaning
from newsletter.text.reasons import reason_of
from newsletter.text.refusals import refusal
from subscribers.display import shown
from subscribers.models import BounceKind, EventKind

MOST_BYTES = 300_000
"""Of one message that are looked at; what matters stands at its beginning."""
MOST_TOKENS = 20

NAME = rf"(?:[0-9a-f]{{16}}\.[0-9]{{1,18}}|{small_names.NAME})"
"""The name of a delivery or a small letter, left of the at sign in its Message-ID."""
_NAME = re.compile(rf"(?<![0-9A-Za-z.-])({NAME})(?![0-9A-Za-z.-])")
_MESSAGE_ID = re.compile(rf"^[> \t]*message-id:\s*<({NAME})@", re.IGNORECASE | re.MULTILINE)
_TO = re.compile(r"^[> \t]*to:[ \t]*(\S.*)$", re.IGNORECASE | re.MULTILINE)
"""Lines in the copy of a letter that is returned as text."""
_LEAVE = re.compile(r"\s*unsubscribe\s+([A-Za-z0-9_-]{52})\s*", re.IGNORECASE)
# What the button of the letter writes that asks whether somebody still wants others; answers keep it behind Re:.
_STAY = re.compile(
    r"\s*(?:(?:re|aw|sv|antw|rép|رد|پاسخ|השב)\s*[:：]\s*)*stay(?:\s+|%20)([A-Za-z0-9_-]{52})\s*", re.IGNORECASE
)
# Also as it stands in a mailto address, behind a space that is written %20 there (RFC 6068 section 2).
_TOKEN = re.compile(r"(?:(?<![A-Za-z0-9_-])|(?<=%20))([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])")
_SUBSCRIBE = re.compile(
    r"\s*(?:subscribe|s['’]abonner|abonnez-moi|اشتراك|الاشتراك|اشترك|أشترك)(?:\s+([A-Za-z0-9-]{1,63}))?\s*[.!]?\s*",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"\s*(auto(matic|matische|matique)?[ -]?(reply|response|antwort)|réponse automatique|respuesta automática"
    r"|out of( the)? office|abwesen|away from|vacation|absence|رد تلقائي|ردّ تلقائي|خارج المكتب|إجازة"
    r"|undeliver|delivery (status|failure)|returned mail|mail delivery failed|failure notice)",
    re.IGNORECASE,
)
# What the button of a confirmation letter writes; answers to that message keep it, behind Re: in some language.
_CONFIRM = re.compile(
    r"\s*(?:(?:re|aw|sv|antw|rép|رد|پاسخ|השב)\s*[:：]\s*)*confirm(?:\s+|%20)([A-Za-z0-9_-]{43})\s*",
    re.IGNORECASE,
)
_NO_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"))
"""Marks of direction, which some mail programs put into subjects."""
_DAEMONS = frozenset({"mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "do-not-reply"})

Kind = Literal["report", "dmarc", "leave", "stay", "confirm", "subscribe", "automatic", "other", "unreadable"]


@dataclass(frozen=True, slots=True)
class BounceNotice:
    """What a bounce or a complaint says of one letter."""

    name: str
    """Of the delivery."""
    kind: EventKind
    bounce: BounceKind | None
    reason: str
    addresses: frozenset[str]
    """Whom the letter was for, by every field that says so. Whoever forges a bounce would have to know it."""
    named: str = ""
    """The reason as one of a closed list."""


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """What a message is."""

    kind: Kind
    at: datetime | None = None
    """When it came, by its own words; None when it does not say."""
    notices: tuple[BounceNotice, ...] = ()
    tokens: tuple[str, ...] = ()
    """Of the link to leave, or what may be tokens of a confirmation."""
    pressed: bool = False
    """Its subject is what the button of a confirmation letter writes, whether that still holds or not."""
    letters: tuple[str, ...] = ()
    """Names of the small letters that it answers with a plain yes."""
    sender: str = ""
    """The address that wants to subscribe, as the message says."""
    list: str = ""
    """The name of the list it wants; empty when it names none."""
    words: str = ""
    """Its subject, for the record of consent."""
    attached: tuple[bytes, ...] = ()
    """What may be DMARC reports."""
    results: tuple[tuple[str, str, str], ...] = ()
    """Of a copy of our own letter: server, method and result of its authentication."""


def understand(raw: bytes, own: str, servers: tuple[str, ...] = ()) -> ParsedMessage:
    """Say what a message is; never raises.

    Args:
        raw: The message, or as much of it as was read.
        own: Bare address that our letters come from; what comes from it is a loop.
        servers: Names of the servers whose ``Authentication-Results`` are believed, lower case.
    """
    try:
        message = email.message_from_bytes(raw[:MOST_BYTES])
        found = _dmarc(message, servers) or _understand(message, own)
        return replace(found, results=results_of(message, servers)) if is_own_copy(message, own) else found
    except Exception:
        return ParsedMessage("unreadable")


def _dmarc(message: Message, servers: tuple[str, ...]) -> ParsedMessage | None:
    """A message that brings DMARC reports. Where a server is trusted, it must say that the message is authentic."""
    if message.get_content_type() == "multipart/report" or not (attached := report_attachments(message)):
        return None
    proved = not servers or any(result == "pass" for _, _, result in results_of(message, servers))
    return ParsedMessage("dmarc", moment_of(message), attached=attached if proved else ())


def _understand(message: Message, own: str) -> ParsedMessage:
    at = moment_of(message)
    reports = _believable(_reports(message)) or _believable(_told_to_people(message, own))
    if reports or message.get_content_type() == "multipart/report":
        return ParsedMessage("report", at, reports)
    subject = decoded_field(message, "Subject")
    automatic = _automatic(message, subject, own)
    leave = _LEAVE.fullmatch(subject)
    # A mail program that writes the message for its user may say that it is generated; an answer to a letter is none.
    if leave is not None and automatic in {"", "auto-generated"}:
        return ParsedMessage("leave", at, tokens=(leave[1],), words=shown(subject, 200))
    if (stay := _STAY.fullmatch(subject.translate(_NO_MARKS))) is not None and automatic in {"", "auto-generated"}:
        return _stays(message, stay[1], at, subject)
    if automatic:
        return ParsedMessage("automatic", at)
    words = shown(subject, 200)
    people = getaddresses([field_of(message, "From")])
    subscribe = _SUBSCRIBE.fullmatch(subject)
    if subscribe is not None and len(people) == 1 and "@" in people[0][1]:
        return ParsedMessage("subscribe", at, sender=people[0][1], list=(subscribe[1] or "").lower(), words=words)
    return _answer(message, subject, at)


# ---- reports


def _reports(message: Message) -> Iterator[BounceNotice]:
    """Notices of a bounce (RFC 3464) or a complaint (RFC 5965) for the one letter it is about.

    Whoever forges one must guess which letter went to whom: so a report that names several letters says nothing.
    """
    names = _names(message)
    if len(names) != 1:
        return
    (name,), returned = names, _returned(message)
    told = _told(message)
    for part in parts_of(message):
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            for block in blocks_of(part)[1:]:
                if "Action" not in block:
                    continue
                # Some put what the other server said only into the text for people.
                words = field_of(block, "Diagnostic-Code") or told
                status = field_of(block, "Status")
                event, bounce = meaning(field_of(block, "Action"), status, words)
                people = {
                    *typed_addresses(block, "Original-Recipient"),
                    *typed_addresses(block, "Final-Recipient"),
                    *returned,
                }
                named = reason_of(words, status, bounce) if event in {"bounced", "deferred"} else ""
                yield BounceNotice(name, event, bounce, shown(words, 300), frozenset(people), named)
        elif kind == "message/feedback-report":
            (about, *_) = blocks_of(part)
            sort = field_of(about, "Feedback-Type").strip().lower()
            people = {*typed_addresses(about, "Original-Rcpt-To"), *returned}
            event = "left" if sort.startswith("opt-out") else "unknown" if sort == "not-spam" else "complained"
            yield BounceNotice(name, event, None, shown(sort, 60), frozenset(people))


def _believable(notices: Iterator[BounceNotice]) -> tuple[BounceNotice, ...]:
    """The notices of a message, or none when it tries one address after the other: a letter goes to one."""
    found = tuple(notices)
    addresses = {address.lower() for notice in found for address in notice.addresses}
    return found if len(addresses) <= failures.MOST_ADDRESSES + 1 else ()


def _told(message: Message) -> str:
    """What the text of a report quotes of the server that refused; empty when it quotes nobody."""
    own_part, _ = failures.split(_shown_text(message))
    return failures.quoted(own_part) if failures.quotes(own_part) else ""


def _told_to_people(message: Message, own: str) -> Iterator[BounceNotice]:
    """The notice of a bounce that only people can read, when it names one letter of ours and whom it was for.

    The letter is named by the address it came to (VERP), or by the Message-ID in what is returned. A delivery's name
    can be counted up by every reader of the send, so that the text must name the right address too, in a few guesses.
    """
    if "disposition" in field_of(message, "Content-Type").lower():
        return
    text, copy = failures.split(_shown_text(message))
    if not failures.from_a_server(
        [address or name for name, address in getaddresses([field_of(message, "From")])],
        names_failed="X-Failed-Recipients" in message,
        null_path="Return-Path" in message and field_of(message, "Return-Path").strip() in {"", "<>"},
        text=text,
    ):
        return
    outcome = failures.outcome(decoded_field(message, "Subject"), text)
    names = {*_named_by_path(message), *_named_by_parts(message), *_MESSAGE_ID.findall(copy)}
    if not outcome or len(names) != 1:
        return
    failed = [address for _, address in getaddresses([field_of(message, "X-Failed-Recipients")]) if "@" in address]
    copied = [address for line in _TO.findall(copy) for _, address in getaddresses([line]) if "@" in address]
    people = {*failed[:1], *failures.addresses(text, own), *copied[:1], *_returned(message)}
    words = failures.quoted(text)
    event: EventKind = "bounced" if outcome == "failed" else "deferred"
    bounce = refusal(words) if outcome == "failed" else None
    yield BounceNotice(names.pop(), event, bounce, shown(words, 300), frozenset(people), reason_of(words, kind=bounce))


def _shown_text(message: Message) -> str:
    text, html = texts_of(message)
    # A rule across the page parts the diagnosis from the rest, not a quotation as in an answer.
    return text if text.strip() else plain(re.sub(r"<hr\b", "<br", html, flags=re.IGNORECASE))


def _names(message: Message) -> set[str]:
    """Names of letters: by the return path it came to, the envelope and the letter it returns, or what it refers to."""
    found = [*_named_by_path(message), *_named_by_parts(message)]
    if not found:
        for header in ("In-Reply-To", "References"):
            found += re.findall(rf"<({NAME})@", field_of(message, header))
    return set(found)


def _named_by_path(message: Message) -> list[str]:
    return [
        name
        for header in ("Delivered-To", "X-Original-To", "Envelope-To", "To")
        for _, address in getaddresses([field_of(message, header)])
        for name in re.findall(rf"\+({NAME})@", address)
    ]


def _named_by_parts(message: Message) -> list[str]:
    found: list[str] = []
    for part in parts_of(message):
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            found += _NAME.findall(field_of(blocks_of(part)[0], "Original-Envelope-Id"))
        elif part is not message and kind in {"message/rfc822", "text/rfc822-headers"}:
            for inner in blocks_of(part):
                found += _NAME.findall(field_of(inner, "Message-ID").partition("@")[0].strip(" \t<"))
    return found


def _returned(message: Message) -> set[str]:
    """Addresses that the returned letter was for."""
    return {
        address
        for part in parts_of(message)
        if part is not message and part.get_content_type() in {"message/rfc822", "text/rfc822-headers"}
        for inner in blocks_of(part)
        for _, address in getaddresses([decoded_field(inner, "To")])
        if "@" in address
    }


# ---- messages of people, and of machines that answer


def _automatic(message: Message, subject: str, own: str) -> str:
    """What shows that no person wrote this to us; empty when nothing does."""
    submitted = field_of(message, "Auto-Submitted").split(";")[0].split("(")[0].strip().lower()
    if submitted not in {"", "no", "auto-generated"}:
        return submitted
    precedence = field_of(message, "Precedence").strip().lower()
    if precedence in {"bulk", "junk", "list", "auto_reply", "auto-reply"}:
        return precedence
    for header in (
        "X-Autoreply",
        "X-Autorespond",
        "X-Auto-Response",
        "X-Loop",
        "List-Id",
        "List-Unsubscribe",
        "List-Post",
    ):
        if header in message:
            return header
    if "Return-Path" in message and field_of(message, "Return-Path").strip() in {"", "<>"}:
        return "empty return path"
    for _, address in getaddresses([field_of(message, "From")]):
        local = address.rpartition("@")[0].lower()
        if local in _DAEMONS or address.lower() == own.lower():
            return "its sender"
    return "its subject" if _AWAY.match(subject) else submitted


def _stays(message: Message, token: str, at: datetime | None, subject: str) -> ParsedMessage:
    """An answer to the question whether somebody still wants their letters; a no beside it is for people to read."""
    text, html = texts_of(message)
    if says_no(own_words(text if text.strip() else plain(html))):
        return ParsedMessage("other", at)
    return ParsedMessage("stay", at, tokens=(token,), words=shown(subject, 200))


def _answer(message: Message, subject: str, at: datetime | None) -> ParsedMessage:
    """Whether it confirms: by the subject that a button wrote, or by a plain yes to a letter that it quotes or names.

    In-Reply-To and References name the letter that is answered (RFC 5322 section 3.6.4), and the letter stands in what
    is quoted. Help desks, abuse desks, filters and people who only ask write all of it too, and not every machine says
    that it is one (RFC 3834 section 5): so it counts only beside a yes. Beside the subject, nobody may say no.
    """
    text, html = texts_of(message)
    own = own_words(text if text.strip() else plain(html))
    pressed = _CONFIRM.fullmatch(subject.translate(_NO_MARKS))
    if pressed is not None and says_no(own):
        return ParsedMessage("other", at)
    tokens, letters = [] if pressed is None else [pressed[1]], []
    if says_yes(own):
        # A button of the letter is an address in the HTML that is quoted, and often nothing in its text.
        tokens += [one for where in (subject, text, html) for one in _TOKEN.findall(where)]
        answered = " ".join(field_of(message, header) for header in ("In-Reply-To", "References"))
        letters += re.findall(rf"<({small_names.NAME})@", answered)
    return ParsedMessage(
        "confirm" if tokens or letters else "other",
        at,
        tokens=tuple(dict.fromkeys(tokens))[:MOST_TOKENS],
        pressed=pressed is not None,
        letters=tuple(dict.fromkeys(letters))[:MOST_TOKENS],
        words=shown(subject, 200),
    )

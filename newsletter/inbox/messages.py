"""What a message in the mailbox is (pure): a bounce, a complaint, a wish to leave or to subscribe, a confirmation.

Everything in it comes from strangers. Python's own parser raises LookupError and ValueError on odd headers (measured),
and RecursionError on deep nesting: whatever it raises, the message is ``unreadable`` and nothing else happens.
"""

from __future__ import annotations

import email
import html as escaping
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Literal

from newsletter import small_names
from newsletter.inbox.statuses import meaning
from subscribers.addresses import shown
from subscribers.models import BounceKind, EventKind

MOST_BYTES = 300_000
"""Of one message that are looked at; what matters stands at its beginning."""
MOST_PARTS = 50
MOST_TOKENS = 20
_LONGEST_HEADER = 4000
_LONGEST_TEXT = 100_000

NAME = rf"(?:[0-9a-f]{{16}}\.[0-9]{{1,18}}|{small_names.NAME})"
"""The name of a delivery or a small letter, left of the at sign in its Message-ID."""
_NAME = re.compile(rf"(?<![0-9A-Za-z.-])({NAME})(?![0-9A-Za-z.-])")
_LEAVE = re.compile(r"\s*unsubscribe\s+([A-Za-z0-9_-]{52})\s*", re.IGNORECASE)
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
# Words of one's own with which a reply is no yes, whatever it quotes.
_NO = re.compile(
    r"\b(unsubscribe|stop|remove|spam|no|not|never|cancel|non|pas|désabon\w*)\b|(?<!\w)(لا|لم|لن|ليس|أوقف\w*|إلغاء|ألغ\w*|احذف\w*|مزعج)(?!\w)",
    re.IGNORECASE,
)
# The first line of an answer that is a plain yes; the letter itself asks for such a word.
_YES = re.compile(
    r"\W*(?:(?:نعم|yes|oui)\b.{0,80}"
    r"|(?:أجل|موافق|موافقة|أوافق|أؤكد|ok|okay|confirm|i confirm|je confirme|d['’]accord)\W*)",
    re.IGNORECASE,
)
_QUOTED_HTML = re.compile(r"<(?:blockquote|hr)\b|gmail_quote|divRplyFwdMsg|appendonsend", re.IGNORECASE)
_LINK = re.compile(r"https?://\S+|[^\s@]{1,64}@\S{1,255}")
_QUOTES = re.compile(
    r"\s*>|\s*-{2,} ?\w|\s*_{5,}|\s*(on|le|am|في|كتب)\b.{5,200}:\s*$|\s*(from|من|de|von)\s*:", re.IGNORECASE
)
_LONGEST_LINE = 1000
_DAEMONS = frozenset({"mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "do-not-reply"})

Kind = Literal["report", "leave", "confirm", "subscribe", "automatic", "other", "unreadable"]


@dataclass(frozen=True, slots=True)
class Notice:
    """What a bounce or a complaint says of one letter."""

    name: str
    """Of the delivery."""
    kind: EventKind
    bounce: BounceKind | None
    reason: str
    addresses: frozenset[str]
    """Whom the letter was for, by every field that says so. Whoever forges a bounce would have to know it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a message is."""

    kind: Kind
    at: datetime | None = None
    """When it came, by its own words; None when it does not say."""
    notices: tuple[Notice, ...] = ()
    tokens: tuple[str, ...] = ()
    """Of the link to leave, or what may be tokens of a confirmation."""
    letters: tuple[str, ...] = ()
    """Names of the small letters that it answers with a plain yes."""
    sender: str = ""
    """The address that wants to subscribe, as the message says."""
    list: str = ""
    """The name of the list it wants; empty when it names none."""
    words: str = ""
    """Its subject, for the record of consent."""


def understand(raw: bytes, own: str) -> Found:
    """Say what a message is; never raises.

    Args:
        raw: The message, or as much of it as was read.
        own: Bare address that our letters come from; what comes from it is a loop.
    """
    try:
        return _understand(email.message_from_bytes(raw[:MOST_BYTES]), own)
    except Exception:
        return Found("unreadable")


def _understand(message: Message, own: str) -> Found:
    at = _moment(message)
    reports = tuple(_reports(message))
    if reports or message.get_content_type() == "multipart/report":
        return Found("report", at, reports)
    subject = _decoded(message, "Subject")
    automatic = _automatic(message, subject, own)
    leave = _LEAVE.fullmatch(subject)
    # A mail program that writes the message for its user may say that it is generated; an answer to a letter is none.
    if leave is not None and automatic in {"", "auto-generated"}:
        return Found("leave", at, tokens=(leave[1],), words=shown(subject, 200))
    if automatic:
        return Found("automatic", at)
    words = shown(subject, 200)
    people = getaddresses([_field(message, "From")])
    subscribe = _SUBSCRIBE.fullmatch(subject)
    if subscribe is not None and len(people) == 1 and "@" in people[0][1]:
        return Found("subscribe", at, sender=people[0][1], list=(subscribe[1] or "").lower(), words=words)
    tokens, letters = _confirmations(message, subject)
    return Found("confirm" if tokens or letters else "other", at, tokens=tokens, letters=letters, words=words)


# ---- reports


def _reports(message: Message) -> Iterator[Notice]:
    """Notices of a bounce (RFC 3464) or a complaint (RFC 5965) for the letters it names."""
    names, returned = _names(message), _returned(message)
    for part in _parts(message):
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            about, *recipients = _blocks(part)
            known = [*_NAME.findall(_field(about, "Original-Envelope-Id")), *names]
            for block in recipients:
                if "Action" not in block:
                    continue
                event, bounce = meaning(
                    _field(block, "Action"), _field(block, "Status"), _field(block, "Diagnostic-Code")
                )
                people = {*_typed(block, "Original-Recipient"), *_typed(block, "Final-Recipient"), *returned}
                if known:
                    reason = shown(_field(block, "Diagnostic-Code"), 300)
                    yield Notice(known[0], event, bounce, reason, frozenset(people))
        elif kind == "message/feedback-report" and names:
            (about, *_) = _blocks(part)
            sort = _field(about, "Feedback-Type").strip().lower()
            people = {*_typed(about, "Original-Rcpt-To"), *returned}
            event = "left" if sort.startswith("opt-out") else "unknown" if sort == "not-spam" else "complained"
            yield Notice(names[0], event, None, shown(sort, 60), frozenset(people))


def _names(message: Message) -> list[str]:
    """Names of deliveries by the return path it came to, by the letter it returns, and by what it refers to."""
    found = []
    for header in ("Delivered-To", "X-Original-To", "Envelope-To", "To"):
        for _, address in getaddresses([_field(message, header)]):
            found += re.findall(rf"\+({NAME})@", address)
    for part in _parts(message):
        if part is not message and part.get_content_type() in {"message/rfc822", "text/rfc822-headers"}:
            for inner in _blocks(part):
                found += _NAME.findall(_field(inner, "Message-ID").partition("@")[0].strip(" \t<"))
    for header in ("In-Reply-To", "References"):
        found += re.findall(rf"<({NAME})@", _field(message, header))
    return found


def _returned(message: Message) -> set[str]:
    """Addresses that the returned letter was for."""
    return {
        address
        for part in _parts(message)
        if part is not message and part.get_content_type() in {"message/rfc822", "text/rfc822-headers"}
        for inner in _blocks(part)
        for _, address in getaddresses([_decoded(inner, "To")])
        if "@" in address
    }


def _blocks(part: Message) -> list[Message]:
    """The messages or blocks of fields that a part holds, also where they are encoded, which they should not be."""
    payload = part.get_payload()
    if isinstance(payload, list):
        blocks = [one for one in payload if isinstance(one, Message)]
        if any(block.keys() for block in blocks) or not blocks:
            return blocks or [Message()]
        payload = "\n\n".join(str(block.get_payload()) for block in blocks)
    inner = Message()
    inner["Content-Transfer-Encoding"] = _field(part, "Content-Transfer-Encoding")
    inner.set_payload(str(payload))
    decoded = inner.get_payload(decode=True)
    raw = decoded if isinstance(decoded, bytes) else b""
    blocks = [email.message_from_bytes(block) for block in re.split(rb"\r?\n\r?\n", raw.strip())[:MOST_PARTS]]
    return blocks or [Message()]


def _typed(block: Message, name: str) -> set[str]:
    """The address in a field such as ``rfc822; someone@example.net``."""
    value = _field(block, name)
    address = value.partition(";")[2] or value
    return {address.strip().strip("<>")} if "@" in address else set()


def _parts(message: Message) -> list[Message]:
    """The message and its parts, not those of letters within it."""
    found: list[Message] = []
    waiting = [message]
    while waiting and len(found) < MOST_PARTS:
        part = waiting.pop(0)
        found.append(part)
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting += [one for one in payload if isinstance(one, Message)]
    return found


# ---- messages of people, and of machines that answer


def _automatic(message: Message, subject: str, own: str) -> str:
    """What shows that no person wrote this to us; empty when nothing does."""
    submitted = _field(message, "Auto-Submitted").split(";")[0].split("(")[0].strip().lower()
    if submitted not in {"", "no", "auto-generated"}:
        return submitted
    precedence = _field(message, "Precedence").strip().lower()
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
    if "Return-Path" in message and _field(message, "Return-Path").strip() in {"", "<>"}:
        return "empty return path"
    for _, address in getaddresses([_field(message, "From")]):
        local = address.rpartition("@")[0].lower()
        if local in _DAEMONS or address.lower() == own.lower():
            return "its sender"
    return "its subject" if _AWAY.match(subject) else submitted


def _confirmations(message: Message, subject: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What may be tokens of a confirmation (in the subject, or in a reply that is no refusal), and letters said yes to.

    In-Reply-To and References name the letter that is answered (RFC 5322 section 3.6.4). A machine that answers writes
    them too, and not every one says that it is a machine (RFC 3834 section 5): so they count only beside a plain yes.
    """
    plain, html = _texts(message)
    own = _own_words(plain or _bare(_QUOTED_HTML.split(html, maxsplit=1)[0]))
    if _NO.search(own):
        return (), ()
    # A button of the letter is an address in the HTML that is quoted, and often nothing in its text.
    found = [one for text in (subject, plain, html) for one in _TOKEN.findall(text)]
    answered = " ".join(_field(message, header) for header in ("In-Reply-To", "References"))
    named = re.findall(rf"<({small_names.NAME})@", answered) if _says_yes(own) else []
    return tuple(dict.fromkeys(found))[:MOST_TOKENS], tuple(dict.fromkeys(named))[:MOST_TOKENS]


def _says_yes(own: str) -> bool:
    """Whether the first line that somebody wrote is a yes, with or without vowel signs."""
    line = next((line for line in own.splitlines() if line.strip()), "")
    bare = "".join(sign for sign in line if unicodedata.category(sign) != "Mn")
    return _YES.fullmatch(bare.strip()) is not None


def _texts(message: Message) -> tuple[str, str]:
    """The plain text of a message, and its HTML."""
    texts = {"text/plain": "", "text/html": ""}
    for part in _parts(message):
        kind = part.get_content_type()
        if kind in texts and not texts[kind] and part.get_content_disposition() != "attachment":
            texts[kind] = _decoded_text(part)
    return texts["text/plain"], texts["text/html"]


def _bare(html: str) -> str:
    """The words of HTML, a block on each line."""
    lines = re.sub(r"<(?:br|/p|/div|/li)\b[^<>]*>", "\n", html, flags=re.IGNORECASE)
    return escaping.unescape(re.sub(r"<[^<>]*(?:>|\Z)", " ", lines))


def _decoded_text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload[:_LONGEST_TEXT].decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, ValueError):
        return payload[:_LONGEST_TEXT].decode("utf-8", "replace")


def _own_words(text: str) -> str:
    """What the person wrote above what is quoted; links do not count as words."""
    lines = []
    for line in text.splitlines():
        if _QUOTES.match(line[:_LONGEST_LINE]):
            break
        lines.append(_LINK.sub(" ", line[:_LONGEST_LINE]))
    return "\n".join(lines)


# ---- headers


def _field(message: Message, name: str) -> str:
    """A header as plain text, shortened, also where it is plain UTF-8 (RFC 6532); empty when it is not there."""
    # ``get`` makes question marks of whatever is not ASCII.
    raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    return str(raw)[:_LONGEST_HEADER].encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _decoded(message: Message, name: str) -> str:
    """A header with its encoded words decoded."""
    value = _field(message, name)
    try:
        return " ".join(str(make_header(decode_header(value))).split())
    except Exception:
        return " ".join(value.split())


def _moment(message: Message) -> datetime | None:
    """When it came: as our own server noted at the top, or else as its sender says."""
    stamps = [_field(message, "Received").rpartition(";")[2], _field(message, "Date")]
    for stamp in stamps:
        try:
            moment = parsedate_to_datetime(stamp.strip())
        except Exception:  # noqa: S112  the other one may do
            continue
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return None

"""A strict reader of mail: what a letter breaks of the standards that its receivers may insist on.

Written against the standards alone. It shares no code with the rooms that make mail, and reads bytes by itself: the
standard library's parser forgives too much to be a judge.

RFC 5322 (form of a message), 2045 and 2046 (MIME), 2047 (encoded words), 2231 (parameters), 2369 and 2919 (lists),
2387 and 2392 (pictures inside), 3282 (language), 3676 (flowed text), 3834 (automatic mail), 8058 (one click), and the
vendor's page on Feedback-ID (support.google.com/mail/answer/6254652).
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
DOT_ATOM = rf"{ATOM}(?:\.{ATOM})*"
ADDRESS = rf"{DOT_ATOM}@{DOT_ATOM}"
QUOTED = r'"(?:[^"\\\r\n]|\\[ -~])*"'
WORD = r"=\?[^?\s]+\?[^?\s]+\?[^?\s]*\?="
ENCODED = re.compile(r"=\?(?P<charset>[^?\s]+)\?(?P<way>[^?\s]+)\?(?P<text>[^?\s]*)\?=")
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
TOKEN = r"[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+"

ONCE = ("From", "Date", "Subject", "Message-ID", "To", "MIME-Version", "Content-Type")
AT_MOST_ONCE = (
    "Sender", "Reply-To", "Cc", "Bcc", "In-Reply-To", "References", "List-Id", "List-Unsubscribe", "List-Post",
    "List-Unsubscribe-Post", "List-Help", "List-Archive", "Feedback-ID", "Auto-Submitted", "Content-Language",
    "Content-Transfer-Encoding",
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """A rule that a letter breaks."""

    rule: str
    """Number of the standard and a word, as ``2047-word-long``."""
    words: str


@dataclass
class Entity:
    """A header with its body: the letter, or a part of it."""

    headers: list[tuple[str, str]]
    body: bytes
    kind: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    parts: list[Entity] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        """The values of a header, unfolded."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def one(self, name: str) -> str:
        """The first value of a header, or nothing."""
        return next(iter(self.all(name)), "")

    def walk(self) -> Iterator[Entity]:
        """This and every part in it."""
        yield self
        for part in self.parts:
            yield from part.walk()


Tell = Callable[[str, str], None]


def faults(raw: bytes, *, automatic: bool = False, listed: bool = True) -> list[Fault]:
    """Everything that is wrong with a letter as it goes over the wire.

    Args:
        raw: The whole message.
        automatic: Whether a program wrote it to one person (RFC 3834).
        listed: Whether it goes to a list, whose headers it must then have.
    """
    found: list[Fault] = []

    def tell(rule: str, words: str) -> None:
        found.append(Fault(rule, words))

    _lines(raw, tell)
    letter = _entity(raw, tell, top=True)
    _fields(letter, tell)
    _structure(letter, tell)
    if listed:
        _list(letter, tell)
    _automatic(letter, tell, automatic)
    return found


def _lines(raw: bytes, tell: Tell) -> None:
    if re.search(rb"(?<!\r)\n|\r(?!\n)", raw):
        tell("5322-line-end", "a CR or LF stands alone")
    for line in raw.split(b"\r\n"):
        if len(line) > 998:
            tell("5322-line-long", f"a line of {len(line)} octets")
    if b"\x00" in raw:
        tell("5322-nul", "a NUL")
    if any(line.startswith(b".") for line in raw.split(b"\r\n")):
        tell("5321-dot", "a line begins with a dot, so the same bytes cannot serve SMTP and a file")


def _entity(raw: bytes, tell: Tell, *, top: bool = False) -> Entity:
    head, _, body = raw.partition(b"\r\n\r\n")
    if raw.startswith(b"\r\n"):
        head, body = b"", raw[2:]
    entity = Entity(_headers(head, tell), body)
    value = entity.one("Content-Type")
    if not value:
        entity.kind, entity.parameters = "text/plain", {"charset": "us-ascii"}
    else:
        entity.kind, entity.parameters = _content_type(value, tell)
    if entity.kind.startswith("multipart/"):
        entity.parts = _parts(entity, tell)
    if not top:
        for name in ("From", "Subject", "Date", "Message-ID", "MIME-Version"):
            if entity.all(name):
                tell("2046-part-header", f"{name} stands in a part")
    return entity


def _headers(head: bytes, tell: Tell) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    if not head.isascii():
        tell("5322-header-ascii", "a header is not ASCII")
    text = head.decode("ascii", "replace")
    for line in text.split("\r\n"):
        if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", line):
            tell("5322-header-control", f"a control character in {line[:40]!r}")
        if len(line) > 78 and re.search(r"\S[ \t]+\S", line.partition(":")[2] if line[:1].strip() else line.strip()):
            tell("5322-header-long", f"a header line of {len(line)} that could be folded: {line[:40]!r}")
        if line[:1] in (" ", "\t"):
            if not line.strip():
                tell("5322-fold-empty", "a folded line of nothing but white space")
            if not headers:
                tell("5322-header-form", "the first line is a continuation")
                continue
            name, value = headers[-1]
            headers[-1] = (name, value + "\r\n" + line)
            continue
        match = re.fullmatch(r"([!-9;-~]+):[ \t]?(.*)", line)
        if match is None:
            tell("5322-header-form", f"no header: {line[:40]!r}")
            continue
        headers.append((match[1], match[2]))
    for name, value in headers:
        _encoded(name, value, tell)
    return [(name, re.sub(r"\r\n(?=[ \t])", "", value).strip()) for name, value in headers]


def _encoded(name: str, value: str, tell: Tell) -> None:
    """RFC 2047: how encoded words look, and where they may stand."""
    for line in f"{name}: {value}".split("\r\n"):
        if len(line) > 76 and ENCODED.search(line):
            tell("2047-line-long", f"a line of {len(line)} with an encoded word in {name}")
    if "=?" not in value:
        return
    for match in ENCODED.finditer(value):
        word = match.group()
        if len(word) > 75:
            tell("2047-word-long", f"an encoded word of {len(word)} in {name}")
        if match["way"].upper() not in ("B", "Q") or match["charset"].lower() != "utf-8":
            tell("2047-word-form", f"{word[:30]!r}")
            continue
        _decoded(match["text"], match["way"].upper(), name, tell)
    bare = re.sub(r"\r\n(?=[ \t])", "", value)
    if name.lower() in ("subject", "comments", "content-description"):
        for piece in bare.split(" "):
            if "=?" in piece and not ENCODED.fullmatch(piece):
                tell("2047-place", f"an encoded word grows together with other text in {name}")
    elif name.lower() in ("from", "to", "cc", "reply-to", "sender", "list-id"):
        phrase, _, rest = bare.partition("<")
        if "=?" in rest:
            tell("2047-place", f"an encoded word in the address of {name}")
        if re.search(r'"[^"]*=\?[^"]*"', phrase):
            tell("2047-place", f"an encoded word in a quoted string of {name}")
        if any("=?" in piece and not ENCODED.fullmatch(piece) for piece in phrase.split()):
            tell("2047-place", f"an encoded word grows together with other text in {name}")
    else:
        tell("2047-place", f"an encoded word in {name}")


def _decoded(text: str, way: str, name: str, tell: Tell) -> None:
    try:
        octets = base64.b64decode(text, validate=True) if way == "B" else binascii.a2b_qp(text.encode(), header=True)
        decoded = octets.decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        tell("2047-split", f"an encoded word in {name} that cannot be read by itself")
        return
    if decoded and unicodedata.category(decoded[0]) in ("Mn", "Me", "Mc"):
        tell("2047-split", f"an encoded word in {name} begins with a mark that belongs to the letter before")
    if re.search(r"[\x00-\x1f\x7f-\x9f]", decoded):
        tell("2047-control", f"a control character in an encoded word of {name}")


def _fields(letter: Entity, tell: Tell) -> None:
    for name in ONCE:
        if len(letter.all(name)) != 1:
            tell("5322-once", f"{len(letter.all(name))} x {name}")
    for name in AT_MOST_ONCE:
        if len(letter.all(name)) > 1:
            tell("5322-once", f"{len(letter.all(name))} x {name}")
    _date(letter.one("Date"), tell)
    if not re.fullmatch(rf"<{DOT_ATOM}@{DOT_ATOM}>", letter.one("Message-ID")):
        tell("5322-message-id", letter.one("Message-ID"))
    for name in ("From", "Reply-To", "To"):
        for value in letter.all(name):
            phrase = rf"(?:(?:{ATOM}|{QUOTED}|{WORD})(?:[ \t]+(?:{ATOM}|{QUOTED}|{WORD}))*[ \t]*)?"
            if not re.fullmatch(rf"{phrase}<{ADDRESS}>|{ADDRESS}", value):
                tell("5322-address", f"{name}: {value}")
    if not letter.one("Subject").strip():
        tell("5322-subject", "the subject is empty")
    for value in letter.all("Content-Language"):
        if not re.fullmatch(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*", value):
            tell("3282-language", value)


def _date(value: str, tell: Tell) -> None:
    match = re.fullmatch(
        rf"({'|'.join(DAYS)}), (\d\d?) ({'|'.join(MONTHS)}) (\d{{4}}) (\d\d):(\d\d):(\d\d) ([+-]\d\d[0-5]\d)", value
    )
    if match is None:
        tell("5322-date", value)
        return
    try:
        day = date(int(match[4]), MONTHS.index(match[3]) + 1, int(match[2]))
    except ValueError:
        tell("5322-date", value)
        return
    if DAYS[day.weekday()] != match[1] or int(match[5]) > 23 or int(match[6]) > 59 or int(match[7]) > 60:
        tell("5322-date", value)


def _content_type(value: str, tell: Tell) -> tuple[str, dict[str, str]]:
    kind, _, rest = value.partition(";")
    parameters: dict[str, str] = {}
    if not re.fullmatch(rf"{TOKEN}/{TOKEN}", kind.strip()):
        tell("2045-type", value)
        return "application/octet-stream", {}
    rest = ";" + rest if rest else ""
    while rest.strip():
        match = re.match(rf"\s*;\s*({TOKEN})=({QUOTED}|{TOKEN})", rest)
        if match is None:
            tell("2045-parameter", value)
            break
        parameters[match[1].lower()] = match[2].strip('"')
        rest = rest[match.end() :]
    return kind.strip().lower(), parameters


def _parts(entity: Entity, tell: Tell) -> list[Entity]:
    boundary = entity.parameters.get("boundary", "")
    if not re.fullmatch(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]", boundary):
        tell("2046-boundary", f"{boundary!r}")
        return []
    if entity.one("Content-Transfer-Encoding").lower() not in ("", "7bit", "8bit", "binary"):
        tell("2045-encoding", "an encoded multipart")
    line = b"--" + boundary.encode()
    pieces = re.split(rb"(?:\A|\r\n)" + re.escape(line) + rb"(--)?[ \t]*(?:\r\n|\Z)", entity.body)
    bodies, closings = pieces[::2], pieces[1::2]
    if len(bodies) < 3 or closings[-1] != b"--" or b"--" in closings[:-1]:
        tell("2046-closed", f"the boundary {boundary} is not opened and closed as it should be")
        return []
    if any(line in body for body in bodies):
        tell("2046-boundary", f"{boundary} stands inside a part")
    if bodies[0].strip() or bodies[-1].strip():
        tell("2046-outside", "words before the first part or behind the last")
    return [_entity(body, tell) for body in bodies[1:-1]]


def _structure(letter: Entity, tell: Tell) -> None:
    if letter.one("MIME-Version") != "1.0":
        tell("2045-version", letter.one("MIME-Version"))
    kinds = [part.kind for part in letter.parts]
    if letter.kind != "multipart/alternative" or kinds not in (
        ["text/plain", "text/html"],
        ["text/plain", "multipart/related"],
    ):
        tell("2046-structure", f"{letter.kind} of {kinds}")
    boundaries = [part.parameters.get("boundary") for part in letter.walk() if part.parts]
    if len(set(boundaries)) != len(boundaries):
        tell("2046-boundary", "two multiparts have the same")
    texts: dict[str, str] = {}
    for part in letter.walk():
        if not part.kind.startswith("multipart/"):
            octets = _octets(part, tell)
            if part.kind.startswith("text/"):
                texts[part.kind] = _text(part, octets, tell)
            elif not octets:
                tell("2045-empty", f"an empty {part.kind}")
    if not texts.get("text/plain", "").strip() or not texts.get("text/html", "").strip():
        tell("2046-structure", "one of the two forms is empty")
    for part in letter.walk():
        if part.kind == "multipart/related":
            _related(part, texts.get("text/html", ""), tell)
    if not any(part.kind == "multipart/related" for part in letter.walk()) and "cid:" in texts.get("text/html", ""):
        tell("2392-cid", "a picture inside is named, and none is there")


def _octets(part: Entity, tell: Tell) -> bytes:
    way = part.one("Content-Transfer-Encoding").lower()
    if way == "base64":
        lines = part.body.split(b"\r\n")
        if any(len(line) > 76 for line in lines):
            tell("2045-base64-line", "a line of base64 over 76")
        joined = b"".join(lines)
        if not re.fullmatch(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", joined):
            tell("2045-base64", f"{part.kind} is not base64")
            return b""
        return base64.b64decode(joined)
    if way not in ("", "7bit", "8bit"):
        tell("2045-encoding", f"{part.kind} as {way}")
    if way in ("", "7bit") and not part.body.isascii():
        tell("2045-encoding", f"{part.kind} is not 7bit")
    return part.body


def _text(part: Entity, octets: bytes, tell: Tell) -> str:
    if part.parameters.get("charset", "").lower() != "utf-8":
        tell("2046-charset", f"{part.kind} in {part.parameters.get('charset')}")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        tell("2046-charset", f"{part.kind} is not UTF-8")
        return ""
    if re.search(r"(?<!\r)\n|\r(?!\n)", text):
        tell("2045-canonical", f"{part.kind}: a CR or LF stands alone before encoding")
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ufffd]", text):
        tell("2046-text", f"{part.kind}: a control character or a replaced one")
    if part.parameters.get("format", "").lower() == "flowed":
        for line in text.split("\r\n"):
            if line.startswith("From "):
                tell("3676-stuffing", f"{line[:30]!r} begins without a space before it")
            if line.endswith(" ") and len(line) > 78:
                tell("3676-long", f"a flowed line of {len(line)}")
    return text


def _related(part: Entity, html: str, tell: Tell) -> None:
    if not part.parts or part.parts[0].kind != "text/html" or part.parameters.get("type") != "text/html":
        tell("2387-root", f"type {part.parameters.get('type')}, first part {part.parts and part.parts[0].kind}")
    named = set(re.findall(r"""["'(]cid:([^"')]+)["')]""", html))
    there: list[str] = []
    for picture in part.parts[1:]:
        match = re.fullmatch(rf"<({DOT_ATOM}@{DOT_ATOM})>", picture.one("Content-ID"))
        if match is None:
            tell("2045-content-id", picture.one("Content-ID"))
            continue
        there.append(match[1])
        if not picture.kind.startswith("image/"):
            tell("2387-picture", picture.kind)
        if not re.match(r"inline(?:;|$)", picture.one("Content-Disposition")):
            tell("2183-inline", picture.one("Content-Disposition"))
    if len(set(there)) != len(there):
        tell("2045-content-id", "twice the same")
    if named != set(there):
        tell("2392-cid", f"named {sorted(named)}, there {sorted(there)}")


def _list(letter: Entity, tell: Tell) -> None:
    if not re.fullmatch(
        rf"(?:(?:{ATOM}|{QUOTED}|{WORD})[ \t]+)*<(?=[^>]{{1,255}}>){ATOM}(?:\.{ATOM})+>", letter.one("List-Id")
    ):
        tell("2919-list-id", letter.one("List-Id"))
    value = letter.one("List-Unsubscribe")
    uris = re.findall(r"<([^<>]*)>", value)
    if not re.fullmatch(r"<[^<>\s]+>(?:,\s*<[^<>\s]+>)*", value):
        tell("2369-form", value)
    for uri in uris:
        if not re.fullmatch(r"(?:https://[A-Za-z0-9.-]+(?::\d+)?/|mailto:[^\s@]+@)[!-~]*", uri):
            tell("2369-uri", uri)
    secure = [uri for uri in uris if uri.startswith("https://")]
    post = letter.one("List-Unsubscribe-Post")
    if post and post != "List-Unsubscribe=One-Click":
        tell("8058-post", post)
    if post and len(secure) != 1:
        tell("8058-https", f"{len(secure)} https addresses")
    if secure and not post:
        tell("8058-post", "an https address to leave without List-Unsubscribe-Post")
    feedback = letter.one("Feedback-ID").split(":")
    if len(feedback) != 4 or not 5 <= len(feedback[-1]) <= 15 or not all(re.fullmatch(r"[\w.-]*", f) for f in feedback):
        tell("feedback-id", letter.one("Feedback-ID"))
    elif len({part for part in feedback if part}) != len([part for part in feedback if part]):
        tell("feedback-id", "a word stands in two fields")


def _automatic(letter: Entity, tell: Tell, automatic: bool) -> None:
    value = letter.one("Auto-Submitted")
    if automatic and value not in ("auto-generated", "auto-replied"):
        tell("3834-auto-submitted", value or "missing")
    if not automatic and value not in ("", "no"):
        tell("3834-auto-submitted", f"{value}, on a letter that people wrote")
    if automatic and letter.one("Precedence"):
        tell("3834-precedence", "not for automatic mail")

"""Header lines of a letter: encoded, folded and safe, where CPython's own are too long for the standards.

CPython's email package makes encoded words of 76 and 77 octets on long Arabic subjects (measured on 3.11 to 3.13);
RFC 2047 section 2 allows 75. It also accepts NUL, and shows a subject that looks like an encoded word decoded.
"""

from __future__ import annotations

import base64
import re
import unicodedata

from newsletter.errors import RenderError
from newsletter.text.mailbox import split_mailbox

LINE = 76
"""Octets a header line with an encoded word may have (RFC 2047 section 2)."""
WORD = 75
"""Octets an encoded word may have (RFC 2047 section 2)."""
HARD_LINE = 998
"""Octets any line may have, its line end not counted (RFC 5322 section 2.1.1)."""
FOLD = b"\r\n "

_PREFIX, _SUFFIX = "=?utf-8?B?", "?="
_SPECIALS = re.compile(r'[()<>@,;:\\".\[\]]')


def text_header(name: str, value: str) -> bytes:
    """One header of free text (Subject) as it stands on the wire, folded, without its line end.

    Args:
        name: Name of the header line in ASCII, without its colon.
        value: Any text of one line.

    Raises:
        RenderError: A line break or another control character in the value (header injection).
    """
    _refuse_controls(name, value)
    if _plain(value):
        folded = _fold_plain(f"{name}: {value}")
        if folded is not None:
            return folded
    return f"{name}: ".encode("ascii") + _encoded_words(value, len(name) + 2)


def mailbox_header(name: str, mailbox: str) -> bytes:
    """One header with one mailbox (From, Reply-To), its display name quoted or encoded (RFC 5322 3.4, RFC 2047 5).

    Args:
        name: Name of the header line in ASCII, without its colon.
        mailbox: ``address`` or ``Display Name <address>``; the address is ASCII.

    Raises:
        RenderError: A control character, or an address that is not ASCII.
    """
    _refuse_controls(name, mailbox)
    display, address = split_mailbox(mailbox)
    try:
        ascii_address = address.encode("ascii")
    except UnicodeEncodeError:
        raise RenderError(
            f"the address {address} in {name} is not plain ASCII", mend="write the domain in its xn-- form"
        ) from None
    if not display:
        return f"{name}: ".encode("ascii") + ascii_address
    if _plain(display):
        phrase = '"' + re.sub(r'(["\\])', r"\\\1", display) + '"' if _SPECIALS.search(display) else display
        head = f"{name}: {phrase}".encode("ascii")
    else:
        head = f"{name}: ".encode("ascii") + _encoded_words(display, len(name) + 2)
    last_line = len(head) - (head.rfind(FOLD) + 2 if FOLD in head else 0)
    glue = b" " if last_line + len(ascii_address) + 3 <= LINE else FOLD
    return head + glue + b"<" + ascii_address + b">"


def parameter(name: str, value: str) -> bytes:
    """One parameter of a MIME header on a folded line, ``; name="value"``; RFC 2231's form when it is not ASCII."""
    _refuse_controls(name, value)
    if _plain(value) and '"' not in value and "\\" not in value:
        return f';\r\n {name}="{value}"'.encode("ascii")
    from urllib.parse import quote

    return f";\r\n {name}*=utf-8''{quote(value, safe='')}".encode("ascii")


def _refuse_controls(name: str, value: str) -> None:
    for character in value:
        # Cc holds CR, LF, NUL, NEL; Zl and Zp are the Unicode line and paragraph separators.
        if unicodedata.category(character) in {"Cc", "Zl", "Zp", "Cs"}:
            raise RenderError(
                f"{name} holds the control character U+{ord(character):04X}",
                mend="write it as one plain line of text",
            )


def _plain(value: str) -> bool:
    # Text that looks like an encoded word would be shown decoded, so it is encoded itself.
    return value.isascii() and "=?" not in value and value == value.strip()


def _fold_plain(line: str) -> bytes | None:
    """Fold at spaces to at most LINE octets where words allow it; None when a word is too long for any line."""
    if len(line) <= LINE:
        return line.encode("ascii")
    rows: list[str] = [""]
    for word in re.split(r"(?<=\S)(?= )", line):
        if rows[-1] and len(rows[-1]) + len(word) > LINE:
            rows.append(word)
        else:
            rows[-1] += word
    if any(len(row) > HARD_LINE for row in rows):
        return None
    return "\r\n".join(rows).encode("ascii")


def _encoded_words(value: str, used: int) -> bytes:
    """Encoded words joined by folds; the first line already holds ``used`` octets."""
    words: list[str] = []
    room = LINE - used
    start = 0
    while start < len(value):
        limit = min(room, WORD) - len(_PREFIX) - len(_SUFFIX)
        end = _split(value, start, limit // 4 * 3)
        payload = base64.b64encode(value[start:end].encode("utf-8")).decode("ascii")
        words.append(f"{_PREFIX}{payload}{_SUFFIX}")
        start, room = end, LINE - 1
    return "\r\n ".join(words).encode("ascii")


def _split(value: str, start: int, limit: int) -> int:
    """End of the longest piece from ``start`` of at most ``limit`` octets that parts no letter from its marks."""
    end, size = start, 0
    while end < len(value):
        size += len(value[end].encode("utf-8"))
        if size > limit:
            break
        end += 1
    if end == len(value):
        return end
    whole = end
    # A haraka, joiner or variation selector belongs to the letter before it.
    while whole > start + 1 and unicodedata.category(value[whole]) in {"Mn", "Me", "Cf"}:
        whole -= 1
    return whole if whole > start + 1 else max(end, start + 1)

"""What must be done to MJML before the compiler sees it (measured on mrml 6.0.1, which mjml-python 1.4.2 bundles).

The compiler prints attribute values with Rust's Debug formatter, so that combining marks, direction signs and
special spaces come out as ``\\u{64b}``; it deletes a line break between two tags, so that words fuse; and it
refuses control characters anywhere.
"""

from __future__ import annotations

import re
import unicodedata

# Refused by the compiler wherever they stand: C0 controls but TAB, LF and CR; U+FFFE and U+FFFF; lone surrogates.
# C1 controls pass, but mean nothing in HTML and are refused in headers.
_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]")
_BLANKS = re.compile("[\r\n\t]+")
# Letters that the formatter escapes although their category does not say so (all code points were tried).
_LETTERS = "\u115f\u1160\u3164\uff9e\uff9f\uffa0"
_CATEGORIES = frozenset({"Mn", "Mc", "Me", "Cf", "Cc", "Zl", "Zp", "Zs", "Cn", "Co"})
# All but ASCII and the letters and signs of which most texts are made; those are known to come out as they are.
_DOUBTFUL = re.compile(
    "[^\x00-\x7f\u00a1-\u00ac\u00ae-\u024f\u05d0-\u05ea\u0606-\u060f\u061f-\u064a\u0660-\u066f\u0671-\u06d3\u2010-\u2027]"
)

_INLINE = "a|b|i|em|strong|span|bdi|u|small|sup|sub|mark|time|code|br|img"
_BETWEEN = re.compile(rf"(</?(?:{_INLINE})\b[^<>]*>)[ \t]*[\r\n]\s*(?=</?(?:{_INLINE})\b)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z][^\s/>=]*")
# A start tag whose quotes all stand right behind a sign of equality; every other is read sign by sign.
_TAG = re.compile(r"""<[A-Za-z][^<>"']*+(?:(?<==)(?:"[^"]*+"|'[^']*+')[^<>"']*+)*>""")
_VALUE = re.compile(r"""(?<==)(?:"[^"]*"|'[^']*')""")
# Text and tags that need nothing, taken in one step: no quoted value in them has a sign that the compiler spoils.
_FINE = re.compile(
    r"""(?:[^<]++|</[^<>]*+>|<[A-Za-z][^<>"']*+(?:(?<==)(?:"[\x20-!#-\[\]-~]*+"|'[\x20-&(-\[\]-~]*+')[^<>"']*+)*>)+"""
)
_ATTRIBUTE = re.compile(r"""\s*/?\s*([^\s/>=]+)(\s*=\s*)?""")
_TITLE = re.compile(r"(<mj-title>)(.*?)(</mj-title>)", re.DOTALL)


def printable(text: str) -> str:
    """Take out the characters that the compiler refuses, and other control characters but white space.

    Args:
        text: Plain text, of any length.
    """
    return _REFUSED.sub("", text)


def prepare(mjml: str) -> str:
    """Make MJML safe for the compiler.

    Args:
        mjml: Source as a template gives it, escaped where text was filled in.
    """
    mjml = _BETWEEN.sub(r"\1 ", printable(mjml))
    mjml = "".join(_tags(mjml))
    return _TITLE.sub(lambda match: match[1] + attribute(match[2]).replace('"', "&quot;") + match[3], mjml)


def attribute(value: str) -> str:
    """Write an attribute's value so that the compiler prints it unchanged.

    Args:
        value: The value between its quotes, already escaped for HTML.
    """
    value = _BLANKS.sub(" ", value).replace("\\", "&#92;")
    return value if value.isascii() else _DOUBTFUL.sub(_reference, value)


def _reference(match: re.Match[str]) -> str:
    sign = match.group()
    escaped = unicodedata.category(sign) in _CATEGORIES or sign in _LETTERS
    return f"&#x{ord(sign):X};" if escaped else sign


def _rewritten(match: re.Match[str]) -> str:
    quoted = match.group()
    return quoted[0] + attribute(quoted[1:-1]) + quoted[0]


def _tags(source: str) -> list[str]:
    """Copy the source, with the value of every quoted attribute of a start tag rewritten.

    A scanner rather than a pattern: a ``>`` inside a quoted value does not end the tag.
    """
    out: list[str] = []
    at = 0
    while at < len(source):
        if (fine := _FINE.match(source, at)) is not None:
            out.append(fine.group())
            at = fine.end()
        elif (tag := _TAG.match(source, at)) is not None:
            out.append(_VALUE.sub(_rewritten, tag.group()))
            at = tag.end()
        elif source.startswith("<!--", at):
            start, at = at, _after(source, "-->", at)
            out.append(source[start:at])
        elif (name := _NAME.match(source, at + 1)) is not None:
            out.append(source[at : name.end()])
            at = _attributes(source, name.end(), out)
        else:
            start, at = at, _after(source, ">", at)
            out.append(source[start:at])
    return out


def _after(source: str, sign: str, start: int) -> int:
    end = source.find(sign, start)
    return len(source) if end < 0 else end + len(sign)


def _attributes(source: str, at: int, out: list[str]) -> int:
    """Copy the attributes of the tag whose name ends at ``at``; return the index behind the tag."""
    while at < len(source):
        match = _ATTRIBUTE.match(source, at)
        if match is None:
            end = _after(source, ">", at)
            out.append(source[at:end])
            return end
        out.append(source[at : match.end()])
        at = match.end()
        quote = source[at : at + 1]
        if match[2] and quote in ('"', "'"):
            end = source.find(quote, at + 1)
            if end < 0:
                break
            out.append(quote + attribute(source[at + 1 : end]) + quote)
            at = end + 1
    out.append(source[at:])
    return len(source)

"""JSON that templates and plugins put into pages, read although no strict reader would take it."""

from __future__ import annotations

import html
import json
import re
from typing import Any

_LONGEST = 1_000_000
_MOST_VALUES = 100
_WRAPPING = re.compile(
    r"^\s*(?:<!--|/\*\s*<!\[CDATA\[\s*\*/|//\s*<!\[CDATA\[|<!\[CDATA\[)"
    r"|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>)\s*;?\s*$"
)
_BETWEEN = re.compile(r"[\s,;]*")
# Each pattern also matches what is never closed, up to the end, so that no place is looked at twice.
_STRING = r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)'
_COMMENT = re.compile(rf"{_STRING}|/\*.*?(?:\*/|\Z)|//[^\n]*", re.DOTALL)
_COMMA = re.compile(rf"{_STRING}|,\s*(?=[}}\],])", re.DOTALL)
_UNESCAPED = re.compile(r'"((?:[^"\\]|\\.|"(?!\s*[,:}\]]))*)(?:"|\\?\Z)', re.DOTALL)
_BARE_QUOTE = re.compile(r'\\.|"', re.DOTALL)


def values(text: str) -> list[Any]:
    """Every JSON value of a script, one after the other.

    Forgiven, in time that grows with the length only: comment and CDATA marks around it, comments, commas too many,
    control characters and bare quotation marks in strings, HTML's entities instead of signs, a value after the
    first, and whatever stands after the last that can be read.

    Args:
        text: The script; of one longer than a million characters nothing is read.

    Returns:
        Nothing when none can be read.
    """
    if len(text) > _LONGEST:
        return []
    for _ in range(2):
        text = _WRAPPING.sub("", text.strip())
    for mended in (_as_it_is, _without_extras, _unescaped, _with_quotes_escaped):
        text = mended(text)
        found = _values(text)
        if found:
            return found
    return []


def _values(text: str) -> list[Any]:
    found: list[Any] = []
    decoder, at = json.JSONDecoder(strict=False), 0
    while len(found) < _MOST_VALUES:
        begin = _BETWEEN.match(text, at)
        at = begin.end() if begin else at
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        found.append(value)
    return [value for value in found if isinstance(value, (dict, list))]


def _as_it_is(text: str) -> str:
    return text


def _without_extras(text: str) -> str:
    """Without comments, and without commas that nothing follows."""
    bare = _COMMENT.sub(lambda match: match[0] if match[0].startswith('"') else " ", text)
    return _COMMA.sub(lambda match: match[0] if match[0].startswith('"') else "", bare)


def _unescaped(text: str) -> str:
    return _without_extras(html.unescape(text)) if "&" in text else text


def _with_quotes_escaped(text: str) -> str:
    """A quotation mark ends a string only before a sign of JSON; others are part of it."""

    def escaped(match: re.Match[str]) -> str:
        inner = _BARE_QUOTE.sub(lambda each: '\\"' if each[0] == '"' else each[0], match[1])
        return f'"{inner}"'

    return _UNESCAPED.sub(escaped, text)

"""Bare addresses in running text: where an ``https://…`` or a ``name@example.org`` begins and ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What no address has in it as people write it: space, quotation marks of any kind, and Arabic's own punctuation.
_ADDRESS = re.compile(
    r"""(?<![\w/@.])https://[^\s<>"'`«»“”‘’‹›،؛؟۔…\u2026\u0000-\u001f\ufffc]+"""
    r"""|(?<![\w@.+%/=&?-])(?<![A-Za-z0-9]:)[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![\w@-])""",
    re.IGNORECASE,
)
# Signs behind an address that belong to the sentence (GitHub Flavored Markdown 0.29, section 6.9).
_BEHIND = "?!.,:;*_~-"
_PAIRS = {")": "(", "]": "[", "}": "{"}
_SIGNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+$")


def parts(text: str) -> Iterator[tuple[str, str]]:
    """Cut a text at its bare addresses, as pairs of words and of what they link to (empty for plain words).

    Args:
        text: Plain text, as Markdown gives it between its marks.

    Yields:
        Every piece of the text in order; together they are the text.
    """
    at = 0
    for match in _ADDRESS.finditer(text):
        address = _trimmed(match.group())
        if address.lower() == "https://":
            continue
        if match.start() > at:
            yield text[at : match.start()], ""
        yield address, address if address[:8].lower() == "https://" else f"mailto:{address}"
        at = match.start() + len(address)
    if at < len(text):
        yield text[at:], ""


def may_link(text: str) -> bool:
    """Whether it is worth looking for an address at all.

    Args:
        text: Any text.
    """
    return "://" in text or "@" in text


def _trimmed(address: str) -> str:
    """Without the signs at its end that are the sentence's, among them a bracket that opens before the address."""
    while address:
        address = _SIGNS.sub("", address)
        last = address[-1:]
        unpaired = last in _PAIRS and address.count(last) > address.count(_PAIRS[last])
        if not (last and last in _BEHIND) and not unpaired:
            break
        address = address[:-1]
    return address

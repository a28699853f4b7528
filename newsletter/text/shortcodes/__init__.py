"""Shortcodes of WordPress taken out of a text, and their words left in it.

Page builders and plugins write them in brackets (``[vc_row el_class="x"]``, ``[caption]…[/caption]``); where their
code does not run (the REST interface, feeds, excerpts, titles, a site that changed its builder) they reach us raw.
What is a shortcode is told by its shape, since nobody can list them all:

- its name is a builder's or plugin's (``vc_…``, ``et_pb_…``, ``contact-form-7``), or in lower case with an underscore;
- it has a closing partner, ``[name]…[/name]``;
- it has a value in quotation marks, of whatever kind wptexturize made them, also as entities;
- it has a value without them under a name that shortcodes use (``id=3``), or its own name has a hyphen or digit;
- it is one of WordPress' own that are ordinary words as well (``[gallery]``, ``[video]``), in small letters, with a
  value or alone in its line.

Everything else in brackets is an editor's: ``[1]``, ``[…]``, ``[sic]``, ``[CNN]``, ``[تحديث]``, ``[Photo: AFP]``. So is
``[[escaped]]``, and whatever stands in ``pre``, ``code`` or the inside of a tag.
"""

from __future__ import annotations

import re

from newsletter.text.shortcodes.names import stands_in_line
from newsletter.text.shortcodes.reading import Reader, Shortcode
from newsletter.text.shortcodes.writing import LONGEST_CODE, ShortcodeWriter, is_only_code

__all__ = ["Shortcode", "as_html", "found", "without"]

_BEGINS = re.compile(r"\[/?[0-9]{0,2}[A-Za-z]")
_CUT_OFF = re.compile(
    r"\s*\[(?:[a-z0-9]+_[a-z0-9_]+|[a-z]+-[a-z0-9-]+)\s[^\[\]]{0,100}=[^\[\]]{0,600}?"
    r"((?:\[?(?:…|\.\.\.|&hellip;|&#8230;)\]?)?\s*)$"
)


def found(text: str) -> list[Shortcode]:
    """The shortcodes of a text, in order.

    Args:
        text: Plain text or HTML.
    """
    return list(Reader(text)) if _BEGINS.search(text) else []


def without(text: str) -> str:
    """A line of text, such as a headline or an excerpt, without its shortcodes; what they hold stays.

    A shortcode that a machine cut off at the end of an excerpt goes as well.

    Args:
        text: Plain text or HTML.
    """
    if not _BEGINS.search(text):
        return text
    pieces: list[str] = []
    done = 0
    reader = Reader(text)
    for shortcode in reader:
        pieces.append(text[done : shortcode.start])
        pieces.append("" if stands_in_line(shortcode.name) else " ")
        inside = None if shortcode.closes else reader.inside(shortcode, LONGEST_CODE)
        if inside and is_only_code(shortcode.name, inside):
            reader.take(shortcode, LONGEST_CODE)
        done = reader.at
    pieces.append(text[done:])
    left = "".join(pieces)
    tail = max(0, len(left) - 1000)
    return left[:tail] + _CUT_OFF.sub(r" \1", left[tail:], count=1)


def as_html(html: str) -> str:
    """The body of an article without its shortcodes: what they hold stays, and what has a twin in HTML becomes it.

    A caption becomes ``figure`` and ``figcaption``, a player an ``iframe``, ``video`` or ``audio`` with its address, a
    picture with an address ``img``, a button a link, the title of a builder's heading or tab a heading. Blocks of a
    layout part the words around them.

    Args:
        html: A document or fragment, with its shortcodes as they were saved or as wptexturize left them.
    """
    return ShortcodeWriter(html).written() if _BEGINS.search(html) else html

"""What a reader sees of a text with two directions: the glyphs of one line, from left to right, as FriBidi places them.

A test compares pictures, not cuts: the text as the product wrote it and the same text as an editor marked it must look
alike. ``(⟦5G⟧)`` and ``⟦(5G)⟧`` are one picture, so neither is asked for.

FriBidi (the library of Pango and GTK; isolates and paired brackets of UAX #9 since 1.0) is called through ctypes: the
kept binding on PyPI, python-bidi, does not mirror brackets (L4), and the two cuts above would then look unlike.
"""

from __future__ import annotations

import ctypes
import html
import os
import re
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest

from newsletter.text.bidi import Direction

LRI, RLI, FSI, PDI, LRO, PDF = "\u2066", "\u2067", "\u2068", "\u2069", "\u202d", "\u202c"
LIBRARY = "libfribidi.so.0"

# Signs without a glyph; whatever stands between two letters, they do.
_UNSEEN = re.compile("[\u200b\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]")
# FRIBIDI_PAR_RTL and FRIBIDI_PAR_LTR (fribidi-bidi-types.h).
_PARAGRAPH = {"rtl": 0x111, "ltr": 0x110}
# An override shows any left-to-right token in the order of its characters. A plain isolate does not suffice: digits
# of the Arabic-Indic kind count as right-to-left for what stands between them (UAX #9, N1).
_MARKS = str.maketrans({"⟦": LRI + LRO, "⟧": PDF + PDI, "⦅": RLI, "⦆": PDI})


@cache
def _library() -> Any:
    """FriBidi; in CI it must be there."""
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{LIBRARY} is not installed, and in CI the order of mixed text must be looked at")
        pytest.skip(f"{LIBRARY} is not installed: apt-get install libfribidi0")
    text, length = ctypes.c_char_p, ctypes.c_int
    library.fribidi_get_bidi_types.argtypes = [text, length, text]
    library.fribidi_get_bracket_types.argtypes = [text, length, text, text]
    library.fribidi_get_par_embedding_levels_ex.argtypes = [text, text, length, ctypes.c_void_p, text]
    library.fribidi_shape_mirroring.argtypes = [text, length, text]
    library.fribidi_reorder_line.argtypes = [
        *(ctypes.c_uint32, text, length, length, ctypes.c_uint32, text, text, ctypes.c_void_p)
    ]
    library.fribidi_reorder_line.restype = ctypes.c_int8
    library.fribidi_get_par_embedding_levels_ex.restype = ctypes.c_int8
    return library


def visual(text: str, base: Direction) -> str:
    """The glyphs of one line from left to right, brackets mirrored, unseen signs left out.

    Args:
        text: One line; isolates in it count.
        base: Direction of the paragraph.
    """
    return _UNSEEN.sub("", _reordered(text, base, None).decode("utf-32-le"))


def order(text: str, base: Direction) -> list[int]:
    """Where each glyph of a line comes from: positions in the text, from left to right.

    Args:
        text: One line; isolates in it count.
        base: Direction of the paragraph.
    """
    positions = (ctypes.c_int * len(text))(*range(len(text)))
    _reordered(text, base, positions)
    return list(positions)


def _reordered(text: str, base: Direction, positions: Any) -> bytes:
    library = _library()
    length = len(text)
    characters = ctypes.create_string_buffer(text.encode("utf-32-le"), length * 4 + 4)
    types, brackets = ctypes.create_string_buffer(length * 4 + 4), ctypes.create_string_buffer(length * 4 + 4)
    levels = ctypes.create_string_buffer(length + 1)
    paragraph = ctypes.c_uint32(_PARAGRAPH[base])
    library.fribidi_get_bidi_types(characters, length, types)
    library.fribidi_get_bracket_types(characters, length, types, brackets)
    made = library.fribidi_get_par_embedding_levels_ex(types, brackets, length, ctypes.byref(paragraph), levels)
    assert made or not length, "FriBidi had no memory"
    library.fribidi_shape_mirroring(levels, length, characters)
    library.fribidi_reorder_line(0, types, length, 0, paragraph, levels, characters, positions)
    return characters.raw[: length * 4]


def marked(form: str) -> str:
    """What an editor marked, as isolates: ``⟦…⟧`` reads from left to right, ``⦅…⦆`` from right to left."""
    return form.translate(_MARKS)


def unmarked(form: str) -> str:
    """The same without its marks: what the editor typed."""
    return re.sub("[⟦⟧⦅⦆]", "", form)


def from_spans(markup: str) -> str:
    """HTML of ``to_html`` as text with isolates, as a browser's own style sheet treats ``dir`` on a span."""
    text = re.sub(r'<span dir="(ltr|rtl)"[^>]*>', lambda match: LRI if match[1] == "ltr" else RLI, markup)
    return html.unescape(text.replace("</span>", PDI))


class Reading(HTMLParser):
    """A page as text with isolates: links by their address, pictures by what stands in for them."""

    EMPTY = frozenset({"br", "img", "wbr", "hr", "input", "meta", "link"})

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: dict[str, list[str]] = {}
        self.paragraphs: list[str] = []
        self.alts: list[str] = []
        self._open: list[tuple[str, str]] = []
        self._address = ""
        self._link: list[str] = []
        self._words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "img":
            self.alts.append(values.get("alt") or "")
        if tag in self.EMPTY:
            return
        inline = tag in ("span", "bdi", "strong", "a", "em", "b")
        sign = {"ltr": LRI, "rtl": RLI, "auto": FSI}.get(values.get("dir") or "", "") if inline else ""
        if tag == "a":
            self._address, self._link = values.get("href") or "", []
        if not inline:
            self._paragraph()
        self._write(sign)
        self._open.append((tag, sign))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            name, sign = self._open.pop()
            self._write(PDI if sign else "")
            if name == tag:
                break
        if tag == "a":
            self.links.setdefault(self._address, []).append("".join(self._link).strip())
            self._address = ""
        elif tag in ("p", "div", "td", "h1", "h2", "h3", "h4"):
            self._paragraph()

    def handle_data(self, data: str) -> None:
        self._write(re.sub(r"[ \t\n\r]+", " ", data))

    def _write(self, text: str) -> None:
        self._words.append(text)
        if self._address:
            self._link.append(text)

    def _paragraph(self) -> None:
        text = "".join(self._words).strip()
        if text:
            self.paragraphs.append(text)
        self._words = []

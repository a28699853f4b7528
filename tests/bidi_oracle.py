"""What a reader sees of a text with two directions: the glyphs of one line, from left to right, as ICU places them.

A test compares pictures, not cuts: the text as the product wrote it and the same text as an editor marked it must look
alike. ``(⟦5G⟧)`` and ``⟦(5G)⟧`` are one picture, so neither is asked for.

ICU is the reference implementation of the bidirectional algorithm, and Chromium's. It is called through ctypes: the
kept binding on PyPI, python-bidi, does not mirror brackets (UAX #9, L4), so that the two cuts above look unlike.
FriBidi does, but 1.0.8 carries the last letter of one isolate into the next one of the same depth (W2): after an
isolate that ends in Arabic it shows ``⟦10-15⟧`` as 15-10, where ICU and Chromium do not (measured).
"""

from __future__ import annotations

import ctypes
import ctypes.util
import html
import os
import re
from functools import cache
from html.parser import HTMLParser

import pytest

from newsletter.text.bidi import Direction

LRI, RLI, FSI, PDI, LRO, PDF = "\u2066", "\u2067", "\u2068", "\u2069", "\u202d", "\u202c"

# Signs without a glyph; whatever stands between two letters, they do.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]")
# UBIDI_KEEP_BASE_COMBINING and UBIDI_DO_MIRRORING (unicode/ubidi.h).
_OPTIONS = 1 | 2
_MARKS = str.maketrans({"⟦": LRI, "⟧": PDI, "⦅": RLI, "⦆": PDI})
_LEFT_TO_RIGHT = re.compile("⟦([^⟦⟧\u0590-\u065f\u066e-\u06ef\u06fa-\u06ff\u0700-\u08ff]*)⟧")


class _Icu:
    """The part of ICU that orders a line. Its functions carry the number of its version in their names."""

    def __init__(self, name: str) -> None:
        library = ctypes.CDLL(name)
        version = name.rpartition(".")[2]
        pointer, count = ctypes.c_void_p, ctypes.c_int32
        self.set_paragraph = library[f"ubidi_setPara_{version}"]
        self.set_paragraph.argtypes = [pointer, ctypes.c_char_p, count, ctypes.c_uint8, pointer, pointer]
        self.write = library[f"ubidi_writeReordered_{version}"]
        self.write.argtypes = [pointer, pointer, count, ctypes.c_uint16, pointer]
        self.visual_map = library[f"ubidi_getVisualMap_{version}"]
        self.visual_map.argtypes = [pointer, pointer, pointer]
        opened = library[f"ubidi_open_{version}"]
        opened.restype = pointer
        self.line = pointer(opened())

    def read(self, text: bytes, base: Direction) -> None:
        """Order a line, in UTF-16."""
        # ICU keeps the address, not the text.
        self.text = text + b"\0\0"
        error = ctypes.c_int(0)
        self.set_paragraph(self.line, self.text, len(text) // 2, int(base == "rtl"), None, ctypes.byref(error))
        assert error.value <= 0, f"ICU: error {error.value}"


@cache
def _icu() -> _Icu:
    """ICU; in CI it must be there."""
    name = ctypes.util.find_library("icuuc")
    if name is None or not name.rpartition(".")[2].isdigit():
        if os.environ.get("CI") == "true":
            pytest.fail("ICU (libicuuc) is not installed, and in CI the order of mixed text must be looked at")
        pytest.skip("ICU (libicuuc) is not installed: on Debian the package libicu with its number, such as libicu72")
    return _Icu(name)


def visual(text: str, base: Direction) -> str:
    """The glyphs of one line from left to right, brackets mirrored, unseen signs left out.

    Args:
        text: One line; isolates in it count.
        base: Direction of the paragraph.
    """
    icu, characters = _icu(), text.encode("utf-16-le")
    icu.read(characters, base)
    seen, error = ctypes.create_string_buffer(len(characters) + 2), ctypes.c_int(0)
    length = icu.write(icu.line, seen, len(characters) // 2 + 1, _OPTIONS, ctypes.byref(error))
    assert error.value <= 0, f"ICU: error {error.value}"
    return _UNSEEN.sub("", seen.raw[: length * 2].decode("utf-16-le"))


def order(text: str, base: Direction) -> list[int]:
    """Where each glyph of a line comes from: positions in the text, from left to right.

    Args:
        text: One line; isolates in it count.
        base: Direction of the paragraph.
    """
    icu, characters = _icu(), text.encode("utf-16-le")
    icu.read(characters, base)
    # A character beyond U+FFFF has two units; the place of the first one is its own.
    units = [at for at, sign in enumerate(text) for _ in range(1 + (sign > "\uffff"))]
    found, error = (ctypes.c_int32 * len(units))(), ctypes.c_int(0)
    icu.visual_map(icu.line, found, ctypes.byref(error))
    assert error.value <= 0, f"ICU: error {error.value}"
    return list(dict.fromkeys(units[at] for at in found))


def marked(form: str) -> str:
    """What an editor marked, as isolates: ``⟦…⟧`` reads from left to right, ``⦅…⦆`` from right to left.

    Without a right-to-left letter in it ``⟦…⟧`` becomes an override, which shows its characters in their order. A plain
    isolate would not suffice: Arabic-Indic digits count as right-to-left for what stands between them (UAX #9, N1).
    """
    return _LEFT_TO_RIGHT.sub(rf"{LRI}{LRO}\1{PDF}{PDI}", form).translate(_MARKS)


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

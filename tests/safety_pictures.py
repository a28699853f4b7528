"""The drawings of nothing-is-lost.md in both languages: ``PYTHONPATH=$PWD python tests/safety_pictures.py``.

Their words stand in ``safety_words.py``. Each is one SVG with a ground of its own, so that it can be read on a light
page and on a dark one; its text is text. The Arabic ones are the same drawings from right to left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

import safety_words

DOCS = Path(__file__).resolve().parents[1] / "docs"
WIDTH = 480
Kind = Literal["plain", "good", "doubt", "bad", "note"]
"""``good``: nothing went or all is known; ``doubt``: nobody knows; ``bad``: something died; ``note``: words alone."""
Words = Mapping[str, Sequence[str]]
"""The lines of each box of a drawing."""

_STYLE = """\
.g{fill:#fbfaf7;stroke:#d8d4ca}text{fill:#1f2328;font:15px system-ui,"Segoe UI","Noto Sans Arabic",Tahoma,sans-serif}
.t{font-weight:700;font-size:16px}.plain{fill:#fff;stroke:#8b949e}.good{fill:#dff3e4;stroke:#2c8a4b}
.doubt{fill:#fff0c9;stroke:#b07a00}.bad{fill:#fde3e0;stroke:#c0392b}.l{stroke:#57606a;stroke-width:2;fill:none}
.d{stroke-dasharray:5 5}.h{fill:#57606a}
@media(prefers-color-scheme:dark){.g{fill:#1c2026;stroke:#3d444d}text{fill:#e6edf3}.plain{fill:#2a3038;stroke:#768390}
.good{fill:#173a25;stroke:#4fb477}.doubt{fill:#45370c;stroke:#d8a628}.bad{fill:#4a2220;stroke:#ef7b70}
.l{stroke:#9aa4af}.h{fill:#9aa4af}}"""


class Drawing:
    """One drawing, with places as from left to right; from right to left they are mirrored.

    Args:
        height: Of the whole.
        words: Of its boxes.
        language: ``en`` or ``ar``.
    """

    def __init__(self, height: int, words: Words, language: str) -> None:
        self._height, self._words, self._mirrored = height, words, language == "ar"
        self._language = language
        self._parts: list[str] = []

    def box(self, name: str, kind: Kind, left: int, top: int, width: int, height: int) -> None:
        """A box with its words in the middle, the first line in bold.

        Args:
            name: Of its words.
            kind: What it says by its colour.
            left: Pixels, and so the others.
            top: Likewise.
            width: Likewise.
            height: Likewise.
        """
        x = WIDTH - left - width if self._mirrored else left
        if kind != "note":
            self._parts.append(f'<rect class="{kind}" x="{x}" y="{top}" width="{width}" height="{height}" rx="8"/>')
        lines = self._words[name]
        first = top + height / 2 - (len(lines) - 1) * 10 + 5
        for at, line in enumerate(lines):
            bold = ' class="t"' if at == 0 and kind != "note" else ""
            self._parts.append(
                f'<text{bold} x="{x + width / 2:g}" y="{first + at * 20:g}" text-anchor="middle">{escape(line)}</text>'
            )

    def arrow(self, *points: tuple[int, int], broken: bool = False) -> None:
        """A line with a head at its end.

        Args:
            points: Where it goes through.
            broken: Whether it is of dashes: what did not happen.
        """
        places = [(WIDTH - x if self._mirrored else x, y) for x, y in points]
        way = "M" + "L".join(f"{x} {y}" for x, y in places)
        (x0, y0), (x1, y1) = places[-2:]
        self._parts.append(f'<path class="l{" d" if broken else ""}" d="{way}"/>')
        dx, dy = (x1 > x0) - (x1 < x0), (y1 > y0) - (y1 < y0)
        one, two = (x1 - 9 * dx - 5 * dy, y1 - 9 * dy - 5 * dx), (x1 - 9 * dx + 5 * dy, y1 - 9 * dy + 5 * dx)
        self._parts.append(f'<path class="h" d="M{x1} {y1}L{one[0]} {one[1]}L{two[0]} {two[1]}z"/>')

    def line(self, x: int, top: int, bottom: int, *, broken: bool = False) -> None:
        """A line downwards."""
        at = WIDTH - x if self._mirrored else x
        self._parts.append(f'<path class="l{" d" if broken else ""}" d="M{at} {top}V{bottom}"/>')

    def text(self) -> str:
        """The SVG."""
        title = escape(" ".join(self._words["title"]))
        direction = ' direction="rtl"' if self._mirrored else ""
        size = f'width="{WIDTH}" height="{self._height}" viewBox="0 0 {WIDTH} {self._height}"'
        ground = f'<rect class="g" x=".5" y=".5" width="{WIDTH - 1}" height="{self._height - 1}" rx="12"/>'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" xml:lang="{self._language}"{direction}>\n'
            f"<title>{title}</title>\n<style>\n{_STYLE}\n</style>\n{ground}\n" + "\n".join(self._parts) + "\n</svg>\n"
        )


def frozen(words: Words, language: str) -> str:
    """Letter and audience are written down in one piece before the first letter goes."""
    one = Drawing(440, words, language)
    one.box("issue", "plain", 20, 20, 205, 64)
    one.box("readers", "plain", 255, 20, 205, 64)
    one.arrow((122, 84), (122, 130))
    one.arrow((357, 84), (357, 130))
    one.box("frozen", "good", 20, 132, 440, 108)
    one.arrow((240, 240), (240, 284))
    one.box("goes", "plain", 20, 286, 440, 44)
    one.box("note", "note", 20, 340, 440, 86)
    return one.text()


def steps(words: Words, language: str) -> str:
    """What a batch goes through, and what a kill at each step leaves."""
    one = Drawing(576, words, language)
    for at, name in enumerate(("claim", "hand", "mark", "last", "record")):
        kind: Kind = "doubt" if name in ("mark", "last") else "plain"
        one.box(name, kind, 20, 56 + at * 106, 220, 78)
        if at:
            one.arrow((130, 28 + at * 106), (130, 54 + at * 106))
    one.box("head", "note", 20, 14, 220, 32)
    one.box("kill", "note", 256, 14, 208, 32)
    one.box("nothing", "good", 256, 56, 204, 184)
    one.box("doubt", "doubt", 256, 268, 204, 184)
    one.box("known", "good", 256, 480, 204, 78)
    return one.text()


def doubt(words: Words, language: str) -> str:
    """What settles a letter of which nobody knows whether it went."""
    one = Drawing(470, words, language)
    one.box("unknown", "doubt", 20, 20, 440, 66)
    for at, name in enumerate(("report", "ask", "word")):
        top = 118 + at * 116
        one.box(name, "good" if name != "word" else "plain", 70, top, 390, 96)
        one.arrow((38, 86), (38, top + 48), (68, top + 48))
    return one.text()


def two(words: Words, language: str) -> str:
    """Two workers at one batch: only who holds the lease can let the last byte go."""
    one = Drawing(500, words, language)
    one.box("first", "plain", 20, 16, 210, 40)
    one.box("second", "plain", 250, 16, 210, 40)
    one.line(125, 56, 484)
    one.line(355, 56, 484)
    one.box("claims", "plain", 20, 76, 210, 60)
    one.box("stops", "bad", 20, 156, 210, 60)
    one.box("over", "plain", 250, 196, 210, 78)
    one.box("sends", "good", 250, 294, 210, 60)
    one.box("wakes", "plain", 20, 330, 210, 60)
    one.box("closes", "good", 20, 408, 210, 78)
    return one.text()


def fallback(words: Words, language: str) -> str:
    """Which letters of a send go on through a second provider."""
    one = Drawing(400, words, language)
    one.box("stops", "bad", 20, 20, 440, 60)
    for name, kind, top in (("taken", "good", 106), ("unknown", "doubt", 190), ("queued", "plain", 274)):
        one.box(name, kind, 20, top, 190, 64)  # type: ignore[arg-type]  # the kinds are those above
        one.box(f"{name}-goes", "note" if name != "queued" else "good", 262, top, 198, 64)
        one.arrow((212, top + 32), (258, top + 32), broken=name != "queued")
    one.box("note", "note", 20, 346, 440, 44)
    return one.text()


def restored(words: Words, language: str) -> str:
    """What happens when a backup is put back that was made in the middle of a send."""
    one = Drawing(560, words, language)
    rows: Sequence[tuple[str, Kind, int]] = (
        ("send", "plain", 48),
        ("backup", "plain", 64),
        ("lost", "bad", 48),
        ("back", "doubt", 84),
        ("adopt", "plain", 84),
        ("on", "good", 84),
    )
    top = 20
    for at, (name, kind, height) in enumerate(rows):
        one.box(name, kind, 40, top, 400, height)
        if at < len(rows) - 1:
            one.arrow((240, top + height), (240, top + height + 20))
        top += height + 22
    return one.text()


DRAWINGS: Mapping[str, Callable[[Words, str], str]] = {
    "frozen": frozen,
    "steps": steps,
    "doubt": doubt,
    "two": two,
    "fallback": fallback,
    "restored": restored,
}


def drawn() -> dict[Path, str]:
    """Every drawing by its path."""
    return {
        DOCS / language / "pictures" / f"nothing-lost-{name}.svg": draw(said[name], language)
        for language, said in safety_words.WORDS.items()
        for name, draw in DRAWINGS.items()
    }


if __name__ == "__main__":
    for path, text in drawn().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")

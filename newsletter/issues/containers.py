"""Elements: what an editor types between two lines of colons, their names, and the parser's rules that read them.

``::: callout`` begins one and ``:::`` ends it (the containers of markdown-it, as Pandoc's fenced divs write them).
Elements nest with as many colons as the editor likes: each ``:::`` ends the innermost that is open. Footnotes
(``[^1]`` and ``[^1]: …``) are read here as well, and stay where they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter.text.tidy import arabic_fold

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline

MOST_COLUMNS = 6
"""Columns of a table that a telephone of 375 pixels can still show."""
DEEPEST = 2
"""Elements within one another: columns or a box, and what stands in them."""

_COLONS = re.compile(r"[ \t]*(:{3,})(.*)", re.DOTALL)
_UNSEEN = (
    "".join(
        map(chr, [*range(9, 14), 0x20, 0xA0, 0x61C, 0x1680, *range(0x2000, 0x2010), *range(0x2028, 0x2030), 0x205F])
    )
    + "\u2060\u2066\u2067\u2068\u2069\u3000\ufeff"
)
"""Spaces of any kind and signs that nobody sees, as word processors leave them."""
_CODE = re.compile(r"[ \t]*(`{3,}|~{3,})(.*)$")
_DEFINITION = re.compile(r"^[ \t]{0,3}\[\^([^\[\]\s]+)\]:", re.MULTILINE)
UNDEFINED = re.compile(r"\[\^([^\[\]\s]+)\]")
"""A reference to a footnote that has no words."""


@dataclass(frozen=True, slots=True)
class MarkdownFault:
    """Something in the editor's Markdown that cannot stand in a letter."""

    line: int
    """1-based line of the file it was read from."""
    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class ElementKind:
    """One kind of element: its two names, and how it is written."""

    name: str
    arabic: str
    example: str
    """What a fault tells the editor to write instead, on one line."""
    holds: bool = False
    """Whether other elements can stand in it."""
    titled: bool = True
    """Whether words may stand behind its name."""


NESTING = 20
"""How deep quotations, lists and brackets may be nested: each bracket costs the parser as many looks."""

KINDS: tuple[ElementKind, ...] = (
    ElementKind("callout", "تنبيه", "::: callout and a title, then the words", holds=True),
    ElementKind("sponsor", "إعلان", "::: sponsor and who pays, then a picture, words and a link", holds=True),
    ElementKind("columns", "عمودان", "two parts with a line --- between them", holds=True, titled=False),
    ElementKind("gallery", "صور", "2 to 4 pictures, each on a line of its own: ![what it shows](file)"),
    ElementKind("video", "فيديو", "[title](https://address), and a picture if there is one: ![what it shows](file)"),
    ElementKind("audio", "صوت", "[name](https://address), then its kind and length"),
    ElementKind("file", "ملف", "[name](https://address), then its kind and size"),
    ElementKind("quote", "اقتباس", "::: quote name, role, then the words, and a portrait if there is one"),
    ElementKind("author", "كاتب", "::: author name, role, then a portrait and some words"),
    ElementKind("event", "فعالية", "::: event title, then 2026-12-05 18:30 and the place"),
    ElementKind("figures", "أرقام", "a list of 1 to 4 points such as: - **12.5%** what it counts"),
    ElementKind("reading", "قراءات", "a list of links: - [title](https://address) a few words"),
    ElementKind("contents", "محتويات", "::: contents and ::: on the next line; it fills itself"),
    ElementKind("poll", "استطلاع", "::: poll and the question, then a list of 2 to 6 answers"),
    ElementKind("useful", "تقييم", "::: useful and ::: on the next line, or a question and a list of 2 to 6 answers"),
)
_BY_NAME = {arabic_fold(name): kind for kind in KINDS for name in (kind.name, kind.arabic)}
NAMES = ", ".join(f"{kind.name} ({kind.arabic})" for kind in KINDS)


def opened(info: str) -> tuple[ElementKind | None, str]:
    """The kind that a line of colons names, and the words behind its name.

    Args:
        info: What stands behind the colons.
    """
    name, _, title = info.strip().partition(" ")
    return _BY_NAME.get(arabic_fold(name)), title.strip()


def is_sponsors(markdown: str) -> bool:
    """Whether a passage is the element of a sponsor and nothing else.

    Args:
        markdown: Of the passage.
    """
    lines = [line for line in markdown.strip().splitlines() if line.strip()]
    colons = [found[2].strip(_UNSEEN) for line in lines if (found := _COLONS.fullmatch(line)) is not None]
    if not colons or not lines[0].strip().startswith(":::") or not lines[-1].strip().startswith(":::"):
        return False
    kind = opened(colons[0])[0]
    depth = 0
    for at, words in enumerate(colons):
        depth += 1 if words else -1
        if not depth and at < len(colons) - 1:
            return False
    return kind is not None and kind.name == "sponsor" and not depth


def enable(parser: MarkdownIt) -> None:
    """Teach a parser elements, footnotes and tables; what is wrong with elements is left in ``env["faults"]``.

    Args:
        parser: Any of ours; its block rules are those of CommonMark.
    """
    from mdit_py_plugins.container import container_plugin
    from mdit_py_plugins.footnote import footnote_plugin

    container_plugin(parser, "element", validate=_begins)
    footnote_plugin(parser, inline=False, move_to_end=False)
    parser.enable("table")
    parser.core.ruler.before("block", "elements", _match)
    parser.inline.ruler.before("link", "open_bracket", _open_bracket)


def notes_of(texts: Iterable[str]) -> dict[str, Any]:
    """What a parser must be told (its ``env``) so that it knows the footnotes that other passages define.

    Args:
        texts: Markdown of all passages of an issue.
    """
    labels = [label for text in texts if "[^" in text for label in _DEFINITION.findall(text)]
    return {"footnotes": {"refs": {f":{label}": -1 for label in labels}, "list": {}}} if labels else {}


def _begins(params: str, _markup: str) -> bool:
    return bool(params.strip())


def _open_bracket(state: StateInline, silent: bool) -> bool:
    """A bracket that nothing closes is a sign; the parser would look for its end as often as brackets may be nested."""
    sign = "![" if state.src.startswith("![", state.pos) else "["
    if not state.src.startswith(sign, state.pos) or state.src.find("]", state.pos, state.posMax) >= 0:
        return False
    if not silent:
        state.pending += sign
    state.pos += len(sign)
    return True


def _match(state: StateCore) -> None:
    """Rewrite the colons so that each pair has its own number of them, as the container rule wants it."""
    if ":::" not in state.src or state.inlineMode:
        return
    lines, faults = matched(state.src.split("\n"))
    state.src = "\n".join(lines)
    state.env["faults"] = faults


def matched(lines: Sequence[str]) -> tuple[list[str], list[MarkdownFault]]:
    """The lines with colons that tell which closing line belongs to which opening one, and what has no partner.

    The outermost pair has the most colons. What cannot be matched or named becomes text, and a fault.

    Args:
        lines: Of Markdown, without line ends.

    Returns:
        As many lines, and faults whose lines are counted from 0.
    """
    out, faults = list(lines), []
    open_at: list[int] = []
    heights: dict[int, int] = {}
    found = list(_colon_lines(lines))
    # The rule of the parser takes colons in code for an end too, if they are enough.
    taken = {at for at, _, _ in found}
    in_code = [_COLONS.match(line) for at, line in enumerate(lines) if at not in taken]
    least = max((len(one[1]) + 1 for one in in_code if one is not None), default=3)
    for at, line, words in found:
        if words:
            fault = _opening_fault(words, [_words(lines[before]) for before in open_at[-DEEPEST:]])
            faults += [MarkdownFault(at, *fault)] if fault else []
            open_at.append(at)
            heights[at] = 0
        elif open_at:
            begun = open_at.pop()
            if open_at:
                heights[open_at[-1]] = max(heights[open_at[-1]], heights[begun] + 1)
            colons = ":" * (least + heights[begun])
            out[begun] = re.sub(":{3,}", colons, out[begun], count=1)
            out[at] = line[: line.index(":")] + colons  # what else stands there, nobody sees
        else:
            faults.append(MarkdownFault(at, "::: ends an element that nothing begins", _AS_TEXT))
            out[at] = line.replace(":", "\\:", 1)
    for at in open_at:
        what = f"the element that begins here has no end: ::: {_words(lines[at])[:60]}"
        faults.append(MarkdownFault(at, what, "write ::: on the line where it ends"))
        out[at] = lines[at].replace(":", "\\:", 1)
    return out, sorted(faults, key=lambda fault: fault.line)


_AS_TEXT = "delete it, write a name behind it, or \\::: for the colons themselves"


def _colon_lines(lines: Sequence[str]) -> Iterable[tuple[int, str, str]]:
    """Each line of colons outside of code: its number, itself, and the words behind the colons."""
    code = ""
    for at, line in enumerate(lines):
        if (fence := _CODE.match(line)) is not None:
            if not code and "`" not in fence[2]:
                code = fence[1]
                continue
            if code and fence[1].startswith(code) and not fence[2].strip():
                code = ""
        elif not code and _COLONS.match(line) is not None:
            yield at, line, _words(line)


def _words(line: str) -> str:
    """What stands behind the colons of a line."""
    found = _COLONS.match(line)
    return found[2].strip(_UNSEEN) if found is not None else ""


def _opening_fault(words: str, around: Sequence[str]) -> tuple[str, str] | None:
    """What is wrong with a line that begins an element, as (what, mend).

    ``around`` are the words behind the colons of the innermost that are still open, ``DEEPEST`` at most.
    """
    from difflib import get_close_matches

    kind, title = opened(words)
    name = words.split(maxsplit=1)[0]
    if kind is None:
        near = get_close_matches(arabic_fold(name), _BY_NAME, n=1, cutoff=0.6)
        mend = f"did you mean {_BY_NAME[near[0]].name}? Known are {NAMES}" if near else f"known are {NAMES}"
        return f"no element is called {name[:40]!r}", mend
    if title and not kind.titled:
        return f"{kind.name} takes no words behind its name: {title[:60]}", "write them below it"
    if "](" in title:
        return f"a link or picture stands behind the name {kind.name}", "write it on a line below"
    if len(around) >= DEEPEST:
        return f"{kind.name} stands {len(around)} elements deep", "one element may stand in another, and no deeper"
    outer = opened(around[-1])[0] if around else None
    if outer is not None and (not outer.holds or kind.name in ("columns", "contents", "sponsor", "poll", "useful")):
        return f"{kind.name} stands within {outer.name}", f"end {outer.name} with ::: before it"
    return None

"""The editor's Markdown as parts of a letter: HTML with inline styles, and plain text for the twin.

CommonMark without raw HTML and without code by indenting (pasted text is often indented). ``[words](address){.button}``
alone in its paragraph is a button, ``---`` between words a divider. Links lead to https or mailto only, and every run
that would read wrong in the paragraph's direction is isolated, across bold and links as well.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from newsletter.text import bidi

if TYPE_CHECKING:
    from markdown_it.token import Token
    from markupsafe import Markup

# Arabic and Hebrew have no italics; a slanted letter is a made-up one.
_UPRIGHT = {"em": "font-style:normal;font-weight:700;"}

# LRM, RLM, ALM; embeddings and overrides; isolates.
_SIGNS = dict.fromkeys((0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))

# One line in which nothing means anything to CommonMark, as most summaries are; the parser would give it back.
_PLAIN = re.compile(r"[^\s\d\\`*_\[\]<>&#+=~{\x00-\x20-][^\\`*_\[\]<>&{\x00-\x1f\x85\u2028\u2029]*")

BUTTON = "{.button}"
"""Behind a link that is alone in its paragraph: the link is a button."""
_BUTTON = re.compile(re.escape(BUTTON))
_CURLY = re.compile(r"\{[.#:][^}\s]*\}")

_LINE = re.compile(r"[^\W\d_][^\x00-\x1f\x85\u2028\u2029]*")

OBJECT = "\ufffc"
"""Stands for a picture among text, as in UAX #9 section 6.1."""
_SPLIT = re.compile(f"([{OBJECT}\n])")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the editor's Markdown that cannot stand in a letter."""

    line: int
    """1-based line of the file it was read from."""
    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Where a picture is loaded from, and its size in pixels (0 when unknown)."""

    src: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Mark:
    """A tag round some text; two marks are the same only when they are the same tag of the source."""

    tag: str
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Inline:
    """The text of one paragraph, with the marks over each piece of it."""

    pieces: list[tuple[str, tuple[_Mark, ...]]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    """Label and address of each link, in order."""
    pictures: list[tuple[Shown, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(piece for piece, _ in self.pieces)


@dataclass(frozen=True, slots=True)
class _Block:
    """``p``, ``h``, ``ul``, ``ol``, ``li``, ``blockquote``, ``pre``, ``button`` or ``hr``.

    A leaf has inline, a branch children; a button's inline is one link.
    """

    kind: str
    inline: _Inline | None = None
    children: tuple[_Block, ...] = ()
    start: int = 1
    level: int = 0


@dataclass(frozen=True, slots=True)
class Passage:
    """Some of the editor's Markdown, read."""

    blocks: tuple[_Block, ...]
    base: bidi.Direction
    rank: int = 4
    """Of its headings, which stand below the letter's title, sections and stories."""
    faults: tuple[Fault, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.blocks)

    @property
    def divides(self) -> bool:
        """Whether it is a divider and nothing else."""
        return bool(self.blocks) and all(block.kind == "hr" for block in self.blocks)

    def html(self, styles: Mapping[str, str] | None = None) -> Markup:
        """The passage as HTML that can stand inside mj-text, without a line break between tags.

        Args:
            styles: CSS by element name (``p``, ``h``, ``a``, ``ul``, ``ol``, ``li``, ``blockquote``, ``hr``, ``img``,
                ``code``, ``pre``, ``strong``, ``button``, ``button a``, ``blockquote p`` for the last paragraph of a
                quotation, ``cite`` when that says who said it), and as ``"<element>.class"`` its class.
        """
        from markupsafe import Markup

        upright = _UPRIGHT if self.base == "rtl" else {}
        writer = _Html({**upright, **(styles or {})}, self.base, self.rank)
        return Markup("".join(writer.blocks(self.blocks)))  # noqa: S704 - the writer escapes every text

    def text(self) -> str:
        """The passage as plain text: a line for each paragraph, not wrapped, links on lines of their own."""
        return "\n\n".join(_plain(self.blocks)).strip()

    def words(self) -> str:
        """Its words alone on one line, without links, marks or lists (for a preheader)."""
        return " ".join(" ".join(_words(self.blocks)).replace(OBJECT, " ").split())


def read(
    markdown: str,
    *,
    line: int = 1,
    base: bidi.Direction = "rtl",
    rank: int = 4,
    picture: Callable[[str], Shown | None] | None = None,
) -> Passage:
    """Read Markdown of an issue.

    Args:
        markdown: CommonMark; HTML in it is text.
        line: Line of the file it starts on, 1-based, for faults.
        base: Direction of the letter.
        rank: Of the headings in it.
        picture: Gives for a picture's address where it is loaded from, or None when it cannot be shown.
    """
    if _PLAIN.fullmatch(markdown):
        return Passage((_Block("p", _Inline([(markdown.strip(), ())])),), base, rank)
    faults: list[Fault] = []
    reader = _Reader(max(line, 1), picture, faults)
    # A line that begins with a letter is a paragraph, whatever stands in it.
    tokens = _parser().parseInline(markdown.strip()) if _LINE.fullmatch(markdown) else _parser().parse(markdown)
    blocks = reader.blocks(iter(tokens))
    return Passage(tuple(blocks), base, rank, tuple(faults))


@cache
def _parser() -> Any:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20})
    # Every address is let through here and judged in _Reader, which can tell the editor about it.
    # An indented paragraph is a paragraph; a letter of words has no use for code by indenting.
    parser.disable("code")
    parser.validateLink = _any_link  # type: ignore[method-assign]
    parser.normalizeLink = str  # type: ignore[method-assign, assignment]
    return parser


def _any_link(url: str) -> bool:
    return bool(url)


def link_fault(url: str) -> tuple[str, str] | None:
    """Say what is wrong with a link's address, as (what, mend), or None for https and mailto.

    Args:
        url: As it was written.
    """
    if any(sign.isspace() or ord(sign) < 0x20 for sign in url):
        return "a link's address has a space or line break in it", "write it without"
    lower = url.lower()
    if lower.startswith("mailto:") and "@" in url:
        return None
    if lower.startswith("https://") and len(url) > len("https://"):
        return None
    if lower.startswith("http://"):
        return f"the link {url[:80]} is not encrypted", "write it with https://"
    return f"the link {url[:80]!r} leads nowhere a reader can follow", "write a whole address that starts with https://"


class _Reader:
    """Tokens of markdown-it to blocks, collecting faults on the way."""

    def __init__(self, line: int, picture: Callable[[str], Shown | None] | None, faults: list[Fault]) -> None:
        self.line = line
        self.picture = picture
        self.faults = faults

    def blocks(self, tokens: Iterator[Token], until: str = "") -> list[_Block]:
        found: list[_Block] = []
        for token in tokens:
            if token.type == until:
                break
            if token.type in ("bullet_list_open", "ordered_list_open", "list_item_open", "blockquote_open"):
                children = tuple(self.blocks(tokens, token.type.replace("_open", "_close")))
                found.append(_Block(token.tag, children=children, start=int(token.attrGet("start") or 1)))
            elif token.type == "inline":
                buttons = _buttons(token)
                if buttons:
                    found += [_Block("button", self.inline(button)) for button in buttons]
                else:
                    found.append(_Block("p", self.inline(token)))
            elif token.type == "heading_open":
                inline = next(tokens)
                next(tokens)
                found.append(_Block("h", self.inline(inline), level=int(token.tag[1])))
            elif token.type == "fence":
                found.append(_Block("pre", _Inline([(token.content.rstrip("\n"), ())])))
            elif token.type == "hr":
                found.append(_Block("hr"))
        return found

    def inline(self, token: Token) -> _Inline:
        found = _Inline()
        marks: list[_Mark] = []
        before = ""
        line = self.line + (token.map[0] if token.map else 0)
        labels: list[int] = []
        for child in token.children or []:
            if child.type in ("softbreak", "hardbreak"):
                line += 1
                found.pieces.append((" " if child.type == "softbreak" else "\n", tuple(marks)))
            elif child.type in ("text", "text_special"):
                wrong = _BUTTON.search(child.content)
                if wrong is None and before == "link_close":
                    wrong = _CURLY.match(child.content)
                if wrong is not None:
                    self.faults.append(Fault(line, *_misplaced(wrong.group())))
                found.pieces.append((child.content, tuple(marks)))
            elif child.type == "code_inline":
                found.pieces.append((child.content, (*marks, _Mark("code"))))
            elif child.type == "image":
                self.image(child, found, tuple(marks), line)
            elif child.type == "link_open":
                marks.append(self.link(str(child.attrGet("href") or ""), line))
                labels.append(len(found.pieces))
            elif child.type == "link_close":
                mark = marks.pop()
                label = "".join(text for text, _ in found.pieces[labels.pop() :])
                if mark.attributes:
                    found.links.append((label.replace(OBJECT, "").strip(), mark.attributes[0][1]))
            elif child.nesting == 1:
                marks.append(_Mark("strong" if child.tag == "strong" else "em"))
            elif child.nesting == -1:
                marks.pop()
            before = child.type
        found.pieces = [(text, over) for text, over in found.pieces if text]
        return found

    def link(self, url: str, line: int) -> _Mark:
        fault = link_fault(url)
        if fault is not None:
            self.faults.append(Fault(line, *fault))
            return _Mark("span")
        return _Mark("a", (("href", bidi_free(url)),))

    def image(self, token: Token, found: _Inline, marks: tuple[_Mark, ...], line: int) -> None:
        src = str(token.attrGet("src") or "")
        shown = self.picture(src) if self.picture is not None else None
        if shown is None:
            what = f"the picture {src[:80]!r} cannot be shown here"
            self.faults.append(Fault(line, what, "give an https address, or put the file into the issue's folder"))
            return
        found.pictures.append((shown, token.content))
        found.pieces.append((OBJECT, marks))


def _buttons(token: Token) -> list[Token]:
    """The links of a paragraph that holds nothing but buttons, each as a paragraph of its own; else nothing."""
    found: list[Token] = []
    link: list[Token] = []
    line = token.map[0] if token.map else 0
    inside = False
    for child in token.children or []:
        if inside or (child.type == "link_open" and not link):
            link.append(child)
            inside = child.type != "link_close"
        elif link and child.type == "text" and child.content.rstrip() == BUTTON:
            found.append(replace(token, children=link, map=[line, line + 1]))
            link = []
        elif not link and (child.type == "softbreak" or (child.type == "text" and not child.content.strip())):
            line += child.type == "softbreak"
        else:
            return []
    return [] if link else found


def _misplaced(written: str) -> tuple[str, str]:
    if written == BUTTON:
        return "a button stands among other words", f"write [words](https://address){BUTTON} between two empty lines"
    return f"{written} behind a link means nothing", f"only {BUTTON} can stand there"


def bidi_free(url: str) -> str:
    """An address without direction signs, which would make two addresses that look the same.

    Args:
        url: Any address.
    """
    return url.translate(_SIGNS)


class _Html:
    """Blocks to HTML."""

    def __init__(self, styles: Mapping[str, str], base: bidi.Direction, rank: int) -> None:
        self.styles = styles
        self.base = base
        self.rank = rank

    def open(self, tag: str, key: str = "", **attributes: object) -> str:
        key = key or tag
        given = {name: value for name, value in attributes.items() if value != ""}
        if self.styles.get(f"{key}.class"):
            given["class"] = self.styles[f"{key}.class"]
        if self.styles.get(key):
            given["style"] = self.styles[key]
        return f"<{tag}" + "".join(f' {name}="{html.escape(str(value))}"' for name, value in given.items()) + ">"

    def blocks(self, blocks: tuple[_Block, ...], within: str = "") -> Iterator[str]:
        for block in blocks:
            if block.kind == "hr":
                # Not the element of that name, which Outlook on Windows draws as it likes.
                yield self.open("p", "hr", role="separator") + "&#160;</p>"
            elif block.kind == "button" and block.inline is not None:
                yield from self.button(block.inline)
            elif block.kind == "pre":
                yield self.open("pre", dir="ltr") + html.escape(block.inline.text if block.inline else "") + "</pre>"
            elif block.inline is not None:
                tag = f"h{self.rank}" if block.kind == "h" else "p"
                key = self.quoted(block, blocks) if within == "blockquote" else block.kind
                yield self.open(tag, key) + "".join(self.inline(block.inline)) + f"</{tag}>"
            else:
                number = block.start if block.kind == "ol" and block.start != 1 else ""
                yield self.open(block.kind, start=number)
                only = block.children[0].inline if block.kind == "li" and block.children else None
                # A short item needs no paragraph of its own, which would bring the paragraph's margin.
                if only is not None and block.children[0].kind == "p":
                    yield from self.inline(only)
                    yield from self.blocks(block.children[1:])
                else:
                    yield from self.blocks(block.children, block.kind)
                yield f"</{block.kind}>"

    def quoted(self, block: _Block, blocks: tuple[_Block, ...]) -> str:
        """The style of a paragraph of a quotation: who said it stands last, in bold or behind a dash."""
        if block.kind != "p" or block is not blocks[-1]:
            return block.kind
        first, marks = block.inline.pieces[0] if block.inline and block.inline.pieces else ("", ())
        names = len(blocks) > 1 and (first.startswith(("—", "–", "-")) or any(mark.tag == "strong" for mark in marks))
        key = "cite" if names else "blockquote p"
        return key if key in self.styles else "p"

    def button(self, inline: _Inline) -> Iterator[str]:
        # Outlook on Windows keeps the padding of a cell, and drops that of a link (caniemail.com).
        yield self.open("table", "button.table", role="presentation", border=0, cellpadding=0, cellspacing=0)
        yield f"<tr>{self.open('td', 'button')}"
        styles = {**self.styles, "a": self.styles.get("button a", ""), "a.class": ""}
        yield from _Html(styles, self.base, self.rank).inline(inline)
        yield "</td></tr></table>"

    def inline(self, inline: _Inline) -> Iterator[str]:
        if len(inline.pieces) == 1 and not inline.pieces[0][1] and not _SPLIT.search(inline.pieces[0][0]):
            yield bidi.to_html(bidi.strip(inline.pieces[0][0]), self.base)
            return
        stack: list[_Mark] = []
        pictures = iter(inline.pictures)
        for text, marks in _isolated(inline.pieces, self.base):
            kept = 0
            while kept < min(len(stack), len(marks)) and stack[kept] is marks[kept]:
                kept += 1
            yield from (f"</{mark.tag}>" for mark in reversed(stack[kept:]))
            yield from (self.open(mark.tag, **dict(mark.attributes)) for mark in marks[kept:])
            stack = list(marks)
            for part in _SPLIT.split(text):
                if not part:
                    continue
                if part == "\n":
                    yield "<br />"
                elif part == OBJECT and (shown := next(pictures, None)) is not None:
                    yield self.picture(*shown)
                else:
                    yield html.escape(part)
        yield from (f"</{mark.tag}>" for mark in reversed(stack))

    def picture(self, shown: Shown, alt: str) -> str:
        width = str(shown.width) if shown.width else ""
        return self.open("img", src=shown.src, alt=bidi.isolate(alt, self.base) or " ", width=width)[:-1] + " />"


def _isolated(
    pieces: list[tuple[str, tuple[_Mark, ...]]], base: bidi.Direction
) -> Iterator[tuple[str, tuple[_Mark, ...]]]:
    """Lay the runs that must be isolated over the marks; a run that crosses marks gets one span round all of them."""
    whole = "".join(text for text, _ in pieces)
    # Signs of the editor's own would open in one tag and close in another; the runs are isolated here anyway.
    pieces = [(bidi.strip(text), marks) for text, marks in pieces]
    away = "ltr" if base == "rtl" else "rtl"
    left = [piece for piece in pieces if piece[0]]
    for run, needed in bidi.runs(bidi.strip(whole), base):
        taken = _taken(left, len(run))
        if not needed:
            yield from taken
            continue
        common = 0
        while all(len(marks) > common and marks[common] is taken[0][1][common] for _, marks in taken):
            common += 1
        style = (("style", bidi.WHOLE),) if bidi.whole(run) else ()
        outer, span = taken[0][1][:common], _Mark("span", (("dir", away), *style))
        within = [(bidi.grouped(text) if away == "ltr" else text, marks[common:]) for text, marks in taken]
        # Inside a right-to-left run a score or a name needs a span of its own.
        for text, marks in within if away == "ltr" else _isolated(within, "rtl"):
            yield text, (*outer, span, *marks)


def _taken(left: list[tuple[str, tuple[_Mark, ...]]], length: int) -> list[tuple[str, tuple[_Mark, ...]]]:
    """Take so many characters off the pieces that are left."""
    taken: list[tuple[str, tuple[_Mark, ...]]] = []
    while length and left:
        text, marks = left[0]
        taken.append((text[:length], marks))
        left[:1] = [(text[length:], marks)] if len(text) > length else []
        length -= len(taken[-1][0])
    return taken


def _plain(blocks: tuple[_Block, ...]) -> Iterator[str]:
    for block in blocks:
        if block.kind == "hr":
            yield "* * *"
        elif block.inline is not None:
            yield _plain_inline(block.inline)
        elif block.kind == "blockquote":
            yield "\n".join(f"> {line}".rstrip() for line in "\n\n".join(_plain(block.children)).split("\n"))
        elif block.kind in ("ul", "ol"):
            items = []
            for number, item in enumerate(block.children, block.start):
                head = f"{number}. " if block.kind == "ol" else "• "
                body = "\n".join(_plain(item.children))
                items.append(head + body.replace("\n", "\n" + " " * len(head)))
            yield "\n".join(items)


def _plain_inline(inline: _Inline) -> str:
    text = inline.text.replace(OBJECT, "").strip()
    alts = [alt for _, alt in inline.pictures if alt]
    lines = [text, *(f"[{alt}]" for alt in alts)]
    lines += [url.removeprefix("mailto:") for label, url in inline.links if label != url]
    return "\n".join(line for line in lines if line)


def _words(blocks: tuple[_Block, ...]) -> Iterator[str]:
    for block in blocks:
        if block.inline is not None:
            yield block.inline.text
        yield from _words(block.children)

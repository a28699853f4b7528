"""Markdown to blocks, collecting what cannot stand in a letter on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from newsletter.issues import containers
from newsletter.issues.prose import linking
from newsletter.issues.prose.elements import reading as elements
from newsletter.issues.prose.parts import (
    BUTTON,
    OBJECT,
    PLAIN,
    Block,
    Inline,
    Mark,
    MarkdownFault,
    PictureAddress,
    ProseSetup,
)

if TYPE_CHECKING:
    from markdown_it.token import Token

# LRM, RLM, ALM; embeddings and overrides; isolates.
_SIGNS = dict.fromkeys((0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
# One line in which nothing means anything to CommonMark, as most summaries are; the parser would give it back.
_PLAIN = re.compile(r"[^\s\d\\`*_\[\]<>&#+=~{\x00-\x20-][^\\`*_\[\]<>&{\x00-\x1f\x85\u2028\u2029]*")
# One line that begins with a letter: a paragraph.
_LINE = re.compile(r"[^\W\d_][^\x00-\x1f\x85\u2028\u2029]*")
_BUTTON = re.compile(re.escape(BUTTON))
_AMONG_WORDS = "a picture with a caption stands among other words", "give it a line of its own between two empty lines"
_CURLY = re.compile(r"\{[.#:][^}\s]*\}")


def blocks(
    markdown: str,
    line: int,
    picture: Callable[[str], PictureAddress | None] | None,
    setup: ProseSetup = PLAIN,
) -> tuple[list[Block], list[MarkdownFault]]:
    """Read Markdown; arguments as for ``newsletter.issues.prose.read``."""
    if _PLAIN.fullmatch(markdown) and not linking.may_link(markdown):
        return [Block("p", Inline([(markdown.strip(), ())]))], []
    faults: list[MarkdownFault] = []
    env: dict[str, Any] = {"footnotes": {"refs": {f":{label}": -1 for label in setup.notes}, "list": {}}}
    if _LINE.fullmatch(markdown):
        tokens = _parser().parseInline(markdown.strip(), env)
    else:
        tokens = _parser().parse(markdown, env)
    reader = _Reader(max(line, 1), picture, faults, setup)
    faults += [replace(fault, line=reader.line + fault.line) for fault in env.get("faults", ())]
    return reader.blocks(iter(tokens)), faults


@cache
def _parser() -> Any:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": containers.NESTING})
    # An indented paragraph is a paragraph; a letter of words has no use for code by indenting.
    parser.disable("code")
    containers.enable(parser)
    # Every address is let through here and judged in _Reader, which can tell the editor about it.
    parser.validateLink = _any_link  # type: ignore[method-assign]
    parser.normalizeLink = str  # type: ignore[method-assign, assignment]
    return parser


def numbered(texts: Sequence[str]) -> dict[str, int]:
    """Number of each footnote by its label; arguments as for ``newsletter.issues.prose.numbered``."""
    found: dict[str, int] = {}
    if not any("[^" in text for text in texts):
        return found
    env = containers.notes_of(texts)
    for text in texts:
        for token in _parser().parse(text, env) if "[^" in text else ():
            for child in token.children or ():
                if child.type == "footnote_ref":
                    found.setdefault(str(child.meta["label"]), len(found) + 1)
    return found


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

    def __init__(
        self,
        line: int,
        picture: Callable[[str], PictureAddress | None] | None,
        faults: list[MarkdownFault],
        setup: ProseSetup,
    ) -> None:
        self.line = line
        self.picture = picture
        self.faults = faults
        self.setup = setup

    def blocks(self, tokens: Iterator[Token], until: str = "") -> list[Block]:
        found: list[Block] = []
        for token in tokens:
            if token.type == until:
                break
            if token.type in ("bullet_list_open", "ordered_list_open", "list_item_open", "blockquote_open"):
                children = tuple(self.blocks(tokens, token.type.replace("_open", "_close")))
                found.append(Block(token.tag, children=children, start=int(token.attrGet("start") or 1)))
            elif token.type == "inline":
                buttons = _buttons(token)
                if buttons:
                    found += [Block("button", self.inline(button)) for button in buttons]
                elif pictures := _pictures(token):
                    found += [self.picture_line(picture) for picture in pictures]
                else:
                    found.append(Block("p", self.inline(token)))
            elif token.type == "heading_open":
                inline = next(tokens)
                next(tokens)
                found.append(Block("h", self.inline(inline), level=int(token.tag[1])))
            elif token.type == "fence":
                found.append(Block("pre", Inline([(token.content.rstrip("\n"), ())])))
            elif token.type == "hr":
                found.append(Block("hr"))
            elif token.type == "container_element_open":
                found += self.element(token, self.blocks(tokens, "container_element_close"), until)
            elif token.type == "footnote_reference_open":
                children = tuple(self.blocks(tokens, "footnote_reference_close"))
                found.append(Block("note", children=children, title=str(token.meta["label"])))
            elif token.type in ("th_open", "td_open"):
                align = str(token.attrGet("style") or "").removeprefix("text-align:")
                found.append(Block(token.tag, self.inline(next(tokens)), title=align))
                next(tokens)
            elif token.type in ("table_open", "tr_open"):
                children = tuple(self.blocks(tokens, token.type.replace("_open", "_close")))
                found.append(Block(token.tag, children=children))
        return found

    def element(self, token: Token, children: list[Block], within: str) -> list[Block]:
        """A block of an element; ``within`` is the type of the token that ends what is around it."""
        kind, title = containers.opened(token.info)
        if kind is None:
            return children  # told already, where the colons were matched
        line = self.line + (token.map[0] if token.map else 0)
        if within not in ("", "container_element_close"):
            what = f"{kind.name} stands in a list, a quotation or a footnote"
            self.faults.append(MarkdownFault(line, what, "let ::: begin a line of its own, behind an empty one"))
        block, faults = elements.element(kind, title, children, line)
        self.faults += faults
        if block is not None and block.poll is not None and self.setup.answer is None and self.setup is not PLAIN:
            what = f"no answer to the {kind.name} could arrive: there are no reader pages, and no address for answers"
            self.faults.append(MarkdownFault(line, what, "set [web] url, or [sender] reply_to, in newsletter.toml"))
        return [block] if block is not None else []

    def picture_line(self, token: Token) -> Block:
        """A picture that is alone in its line: it may have a caption."""
        inline = self.inline(token, alone=True)
        captioned = any(shown.caption for shown, _ in inline.pictures)
        return Block("captioned" if captioned else "p", inline)

    def inline(self, token: Token, *, alone: bool = False) -> Inline:
        found = Inline()
        marks: list[Mark] = []
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
                    self.faults.append(MarkdownFault(line, *_misplaced(wrong.group())))
                self.words(child.content, found, tuple(marks))
            elif child.type == "code_inline":
                found.pieces.append((child.content, (*marks, Mark("code"))))
            elif child.type == "image":
                self.image(child, found, tuple(marks), line)
                if child.attrGet("title") and not alone:
                    self.faults.append(MarkdownFault(line, *_AMONG_WORDS))
            elif child.type == "footnote_ref":
                found.pieces.append(self.note(str(child.meta["label"]), tuple(marks)))
            elif child.type == "link_open":
                marks.append(self.link(str(child.attrGet("href") or ""), line))
                labels.append(len(found.pieces))
            elif child.type == "link_close":
                mark = marks.pop()
                label = "".join(text for text, _ in found.pieces[labels.pop() :])
                if mark.attributes:
                    found.links.append((label.replace(OBJECT, "").strip(), mark.attributes[0][1]))
            elif child.nesting == 1:
                marks.append(Mark("strong" if child.tag == "strong" else "em"))
            elif child.nesting == -1:
                marks.pop()
            before = child.type
        found.pieces = [(text, over) for text, over in found.pieces if text]
        return found

    def words(self, text: str, found: Inline, marks: tuple[Mark, ...]) -> None:
        """Words as they stand; an address among them that is no link yet becomes one."""
        if not linking.may_link(text) or any(mark.tag == "a" for mark in marks):
            found.pieces.append((text, marks))
            return
        for piece, url in linking.parts(text):
            if url and link_fault(url) is None:
                found.links.append((piece, bidi_free(url)))
                found.pieces.append((piece, (*marks, Mark("a", (("href", bidi_free(url)),)))))
            else:
                found.pieces.append((piece, marks))

    def note(self, label: str, marks: tuple[Mark, ...]) -> tuple[str, tuple[Mark, ...]]:
        """The number of a footnote, which leads to its words; within another link it leads nowhere."""
        number = self.setup.notes.get(label, 1)
        leads = () if any(mark.tag == "a" for mark in marks) else (Mark("a", (("href", f"#note-{number}"),)),)
        return f"[{self.setup.digits(str(number))}]", (*marks, Mark("sup"), *leads)

    def link(self, url: str, line: int) -> Mark:
        fault = link_fault(url)
        if fault is not None:
            self.faults.append(MarkdownFault(line, *fault))
            return Mark("span")
        return Mark("a", (("href", bidi_free(url)),))

    def image(self, token: Token, found: Inline, marks: tuple[Mark, ...], line: int) -> None:
        src = str(token.attrGet("src") or "")
        shown = self.picture(src) if self.picture is not None else None
        if shown is None:
            what = f"the picture {src[:80]!r} cannot be shown here"
            self.faults.append(
                MarkdownFault(line, what, "give an https address, or put the file into the issue's folder")
            )
            return
        shown = replace(shown, caption=" ".join(str(token.attrGet("title") or "").split()))
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


def _pictures(token: Token) -> list[Token]:
    """The pictures of a paragraph that holds nothing else, one in each line, each as a paragraph; else nothing.

    A picture may be a link.
    """
    found: list[Token] = []
    line = token.map[0] if token.map else 0
    children: list[Token] = []
    for child in [*(token.children or []), None]:
        if child is not None and child.type not in {"softbreak", "hardbreak"}:
            children.append(child)
            continue
        kinds = [one.type for one in children if one.type != "text" or one.content.strip()]
        if kinds not in (["image"], ["link_open", "image", "link_close"]):
            return []
        found.append(replace(token, children=[one for one in children if one.type != "text"], map=[line, line + 1]))
        children = []
        line += 1
    return found


def _misplaced(written: str) -> tuple[str, str]:
    if written == BUTTON:
        return "a button stands among other words", f"write [words](https://address){BUTTON} between two empty lines"
    return f"{written} behind a link means nothing", f"only {BUTTON} can stand there"


def bidi_free(url: str) -> str:
    """An address without direction signs, which would make two addresses that look the same.

    Args:
        url: An address as text, whole or not.
    """
    return url.translate(_SIGNS)

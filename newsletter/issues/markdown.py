"""Markdown as we write it: one parser for all, and an article's HTML turned into it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from newsletter.issues.escaping import escape

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_UNWRITTEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def parser() -> MarkdownIt:
    """The one Markdown parser: HTML is off, so what is pasted is text and cannot become markup."""
    from markdown_it import MarkdownIt

    return MarkdownIt("js-default", {"linkify": False, "typographer": False})


def one_line(text: str) -> str:
    """Plain text as a heading can hold it: line breaks and control characters are spaces, none at its ends.

    The file is UTF-8 (no lone surrogates), and CommonMark shows NUL as a replacement character (0.31 section 2.3).
    """
    return _UNWRITTEN.sub(" ", text).strip()


def from_html(body: str) -> str:
    """Sanitised HTML of an article as Markdown: paragraphs, sub-headings, lists, quotes, links, bold."""
    reader = _Reader()
    reader.feed(body)
    reader.close()
    return reader.markdown()


class _Reader(HTMLParser):
    """Collects blocks; inside a story a sub-heading becomes a bold line, since headings structure the issue."""

    _BLOCKS = frozenset({"p", "h2", "h3", "h4", "li", "blockquote", "figcaption", "div", "ul", "ol", "figure"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._done: list[tuple[str, str]] = []
        self._text = ""
        self._prefix = ""
        self._lists: list[int | None] = []
        self._quote = 0
        self._heading = False
        self._href = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._BLOCKS:
            self._end_block()
        match tag:
            case "ul" | "ol":
                self._lists.append(None if tag == "ul" else 0)
            case "li":
                self._prefix = self._marker()
            case "blockquote":
                self._quote += 1
            case "h2" | "h3" | "h4":
                self._heading = True
            case "br":
                self._text += "\n"
            case "strong" | "b":
                self._text += "**"
            case "a":
                self._href = dict(attrs).get("href") or ""
                self._text += "[" if self._href else ""
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "strong" | "b":
                self._text += "**"
            case "a":
                self._text += f"](<{self._href}>)" if self._href else ""
                self._href = ""
            case _ if tag in self._BLOCKS:
                self._end_block()
                if tag in {"ul", "ol"} and self._lists:
                    self._lists.pop()
                elif tag == "blockquote":
                    self._quote = max(0, self._quote - 1)
                elif tag in {"h2", "h3", "h4"}:
                    self._heading = False
            case _:
                pass

    def handle_data(self, data: str) -> None:
        begins = not self._text.strip() or self._text.endswith("\n")
        self._text += escape(re.sub(r"\s+", " ", data), "begin" if begins else "part")

    def markdown(self) -> str:
        self._end_block()
        text, before = "", ""
        for kind, block in self._done:
            between = "\n" if kind == before == "item" else "\n\n"
            text += between + block if text else block
            before = kind
        return text

    def _marker(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number + 1}. "

    def _end_block(self) -> None:
        text = re.sub(r" *\n *", "  \n", self._text.strip())
        # Empty emphasis and links are left by pictures that stood inside them.
        text = re.sub(r"\*\*\s*\*\*|\[\s*\]\(<[^>]*>\)", "", text)
        if text:
            if self._heading:
                text = f"**{text.replace('**', '')}**"
            quote = "> " * min(self._quote, 1)
            self._done.append(("item" if self._prefix else "block", f"{quote}{self._prefix}{text}"))
        self._text = self._prefix = ""

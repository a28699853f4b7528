"""Markdown as we write it: one parser for all, and an article's HTML turned into it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from newsletter.issues import containers
from newsletter.issues.escaping import escape
from newsletter.issues.targets import one_line, picture
from newsletter.text.sizes import whole_size

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


_LINK_ALONE = re.compile(r"\[[^\n]+\]\(<([^<>\n]+)>\)")
_AUDIO = re.compile(
    r"^https://(?:[\w-]+\.)*(?:soundcloud\.com|spotify\.com)/|\.(?:mp3|m4a|oga|ogg|opus|wav|aac)(?:[?#]|$)",
    re.IGNORECASE,
)
_VIDEO = re.compile(
    r"^https://(?:[\w-]+\.)*(?:youtube\.com|youtube-nocookie\.com|youtu\.be|vimeo\.com|dailymotion\.com|dai\.ly|x\.com"
    r"|twitter\.com|facebook\.com|fb\.watch|instagram\.com|tiktok\.com|t\.me|telegram\.me)/"
    r"|\.(?:mp4|m4v|webm|ogv|mov)(?:[?#]|$)",
    re.IGNORECASE,
)
"""Services whose films and posts articles show; the same as in ``newsletter.sources.clean.players``."""


@cache
def parser(*without: str) -> MarkdownIt:
    """The one Markdown parser: HTML is off, so what is pasted is text and cannot become markup.

    It knows elements, tables and footnotes; to know those of other passages too, it is given ``containers.notes_of``.
    It is made once, since that takes longer than reading a paragraph: do not change it.

    Args:
        without: Rules of it that are off, such as ``code`` (indented code).
    """
    from markdown_it import MarkdownIt

    made = MarkdownIt("js-default", {"linkify": False, "typographer": False, "maxNesting": containers.NESTING})
    containers.enable(made)
    made.disable(without)
    # It gathers its rules at the first use, which several threads may not do at once.
    made.parse("a")
    return made


def from_html(body: str, *, without: str = "") -> str:
    """Sanitised HTML of an article as Markdown: paragraphs, sub-headings, lists, quotes, links, bold, code, pictures.

    Lists keep their numbers and what is nested in them; a film, a recording or a post of another site is a card that
    leads there; what stands below a picture in its figure is its caption. Tables stay tables. Footnotes get names that
    no other story of the issue has, such as ``[^7f3a-1]``: they hold a checksum of the body.

    Args:
        body: As it was collected.
        without: Address of a picture that the story shows already, in whatever size.
    """
    reader = _Reader(without, f"{zlib.crc32(body.encode()) & 0xFFFF:04x}")
    reader.feed(body)
    reader.close()
    return reader.markdown()


def _played_by(address: str) -> str:
    """Name of the element that shows what plays at an address; empty when nothing is known to play there."""
    if not address.startswith("https://"):
        return ""
    return "audio" if _AUDIO.search(address) else "video" if _VIDEO.search(address) else ""


@dataclass(slots=True)
class _List:
    """A list under way. Another sign after its numbers, or for its points, begins another list of CommonMark."""

    number: int | None
    """Of the next item; None for points."""
    step: int
    signs: str
    """The sign in use, then the other one."""
    is_begun: bool = False

    def swap(self) -> None:
        self.signs = self.signs[::-1]
        self.is_begun = False


class _Reader(HTMLParser):
    """Collects blocks; inside a story a sub-heading becomes a bold line, since headings structure the issue."""

    _BLOCKS = frozenset({"p", "h2", "h3", "h4", "li", "blockquote", "figcaption", "div", "ul", "ol", "figure", "pre"})

    def __init__(self, without: str = "", notes: str = "note") -> None:
        super().__init__(convert_charrefs=True)
        self._notes = notes
        """What the names of footnotes begin with."""
        self._signs: dict[str, str] = {}
        """What stands in the site's own text for each footnote that was led to, by its name."""
        self._sign: list[str] | None = None
        """Of the sign of a footnote that is open: its name, and what the site shows for it."""
        self._note = ""
        """Name of the footnote whose words are open."""
        self._told: set[str] = set()
        """Names of the footnotes that have words."""
        self._table: list[list[str]] | None = None
        self._has_head = False
        self._shown = {whole_size(without)}
        """Pictures that stand in the story already."""
        self._figure = 0
        self._picture: tuple[str, str] | None = None
        """Words and address of the picture of the figure that is open."""
        self._player: tuple[str, str] | None = None
        """Name of the element and link of what plays in the figure that is open."""
        self._caption: list[str] | None = None
        self._done: list[tuple[str, str, int]] = []
        """Kind and text of each block, and the number of the quotation it stands in."""
        self._text = ""
        self._markers: list[str] = []
        """Of the items that are open, from the outermost."""
        self._unwritten = ""
        """Markers whose item has no word yet."""
        self._lists: list[_List] = []
        self._ended: dict[int, str] = {}
        """Sign of the list that ended last, by its depth, while no other block has come between."""
        self._parts_lists = False
        self._quote = 0
        self._quotations = 0
        self._heading = False
        self._href = ""
        self._code: list[str] | None = None
        self._pre = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._code is not None:
            self._code += ["\n"] if tag == "br" else []
            return
        if self._caption is not None:
            self._caption += [" "] if tag in {"br", "p"} else []
            return
        if tag == "figcaption":
            self._end_block()
            if self._picture is not None or self._player is not None:
                self._caption = []
                return
        values = dict(attrs)
        if self._table is not None:
            if tag == "tr":
                self._table.append([])
            elif tag in {"th", "td"}:
                self._has_head |= tag == "th"
                self._text = ""
            if tag not in {"a", "strong", "b", "code"}:
                return
        if tag in self._BLOCKS:
            self._end_block()
        name = self._note_name(values.get("id"))
        if name in self._signs and name not in self._told and not self._markers and not self._quote:
            self._note = name
            self._markers += [""] if tag == "li" else []
            return
        match tag:
            case "table":
                self._end_block()
                self._table, self._has_head = [], False
            case "a" if leads := self._note_name((values.get("href") or "").removeprefix("#")):
                self._sign = [leads]
            case "ul" | "ol":
                self._begin_list(tag, values)
            case "li":
                self._begin_item(values.get("value") or "")
            case "blockquote":
                self._quotations += not self._quote
                self._quote += 1
            case "h2" | "h3" | "h4":
                self._heading = True
            case "br":
                self._text += "\n"
            case "strong" | "b":
                self._text += "**"
            case "a":
                self._href = values.get("href") or ""
                if self._href:
                    # Behind an exclamation mark a link would be a picture.
                    self._text = re.sub(r"!$", r"\!", self._text)
                self._text += "[" if self._href else ""
            case "img" if self._href:
                self._text += escape(one_line(values.get("alt") or ""))
            case "img":
                self._add_picture(values.get("alt") or "", values.get("src") or "")
            case "figure":
                self._figure += 1
            case "pre" | "code":
                self._code, self._pre = [], tag == "pre"
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        if self._code is not None:
            if tag == ("pre" if self._pre else "code"):
                self._end_code("".join(self._code))
            return
        if self._caption is not None:
            if tag == "figcaption":
                self._end_picture("".join(self._caption))
                self._caption = None
            return
        if self._table is not None and tag not in {"a", "strong", "b"}:
            self._end_table_part(tag)
            return
        match tag:
            case "strong" | "b":
                self._text += "**"
            case "a" if self._sign is not None:
                name, *shown = self._sign
                self._signs.setdefault(name, "".join(shown))
                self._text += f"[^{name}]"
                self._sign = None
            case "a":
                self._text += f"](<{self._href}>)" if self._href else ""
                self._href = ""
            case _ if tag in self._BLOCKS:
                self._end_block()
                if tag in {"ul", "ol"} and self._lists:
                    depth = len(self._lists)
                    self._ended[depth] = self._lists.pop().signs[0]
                elif tag == "li" and self._markers:
                    self._unwritten = self._unwritten.removesuffix(self._markers.pop())
                    self._note = self._note if self._markers else ""
                elif tag == "p" and not self._markers:
                    self._note = ""
                elif tag == "blockquote":
                    self._quote = max(0, self._quote - 1)
                elif tag in {"h2", "h3", "h4"}:
                    self._heading = False
                elif tag == "figure":
                    self._figure = max(0, self._figure - 1)
                    self._end_picture()
            case _:
                pass

    def handle_data(self, data: str) -> None:
        if self._code is not None:
            self._code.append(data)
            return
        if self._caption is not None:
            self._caption.append(data)
            return
        if self._sign is not None:
            self._sign.append(data)
            return
        if self._table == [] or (self._table is not None and not data.strip() and not self._text):
            return
        begins = not self._text.strip() or self._text.endswith("\n")
        text = escape(re.sub(r"\s+", " ", data), "begin" if begins else "part")
        self._text += f"\\{text}" if self._would_be_more(text) else text

    def _would_be_more(self, text: str) -> bool:
        """Whether a text makes more of a footnote's name that it follows: a link, or in front of a line its words."""
        if not text.startswith(("(", ":")) or not re.search(rf"\[\^{self._notes}-[0-9]+\]$", self._text[-20:]):
            return False
        begun = self._text.rpartition("\n")[2].strip()
        return text.startswith("(") or re.fullmatch(r"\[\^[^]]*\]", begun) is not None

    def markdown(self) -> str:
        if self._code is not None:
            self._end_code("".join(self._code))
        self._end_block()
        self._end_picture("".join(self._caption or ()))
        text, before, within = "", "", 0
        for kind, block, quotation in self._done:
            between = "\n\n" if not quotation or quotation != within else "\n>\n"
            if kind == "item" and before in {"item", "first"}:
                between = "\n"
            text += between + block if text else block
            before, within = kind, quotation
        for name in self._signs.keys() - self._told:
            text = text.replace(f"[^{name}]", f"[{self._signs[name]}]")
        return text

    def _note_name(self, place: str | None) -> str:
        found = re.fullmatch(r"note-([0-9]{1,5})", place or "")
        return f"{self._notes}-{found[1]}" if found is not None else ""

    def _end_table_part(self, tag: str) -> None:
        assert self._table is not None
        if tag in {"th", "td"} and self._table:
            # A bar parts cells wherever it stands, also in code (GitHub's tables).
            self._table[-1].append(re.sub(r"\s+", " ", self._text.strip()).replace("|", "\\|"))
            self._text = ""
        elif tag == "table":
            rows, self._table = [row for row in self._table if row], None
            if not rows:
                return
            head = rows.pop(0) if self._has_head else [""] * len(rows[0])
            lines = [head, ["---"] * len(head), *rows]
            self._write("\n".join(f"| {' | '.join(line)} |" for line in lines))

    def _add_picture(self, words: str, address: str) -> None:
        """A picture of the web; mail programs load none that is not encrypted."""
        whole = whole_size(address)
        if not address.startswith("https://") or whole in self._shown:
            return
        self._shown.add(whole)
        self._end_block()
        self._end_picture()
        self._picture = words, address
        if not self._figure:
            self._end_picture()

    def _end_picture(self, caption: str = "") -> None:
        """Write the picture, or what plays, that waits for its caption."""
        if self._player is not None:
            (name, link), self._player = self._player, None
            said = escape(one_line(" ".join(caption.split())))
            self._write("\n".join(part for part in (f"::: {name}", link, said, ":::") if part))
        if self._picture is not None:
            (words, address), self._picture = self._picture, None
            self._write(picture(escape(one_line(" ".join(words.split())), "link"), address, " ".join(caption.split())))

    def _begin_list(self, tag: str, values: Mapping[str, str | None]) -> None:
        start = values.get("start") or "1"
        number = int(start) if tag == "ol" and start.isdecimal() else (1 if tag == "ol" else None)
        one = _List(number, -1 if "reversed" in values else 1, "-*" if number is None else ".)")
        if self._ended.get(len(self._lists) + 1) == one.signs[0]:
            one.swap()
        self._lists.append(one)

    def _begin_item(self, value: str) -> None:
        depth = len(self._lists)
        self._ended = {level: sign for level, sign in self._ended.items() if level <= depth}
        if not self._lists:
            self._lists.append(_List(None, 1, "-*"))
        one = self._lists[-1]
        if one.number is None:
            marker = f"{one.signs[0]} "
        else:
            number = int(value) if value.isdecimal() else one.number
            if one.is_begun and (number != one.number or one.step < 0):
                one.swap()  # CommonMark counts upwards from the first number of a list
            marker = f"{number}{one.signs[0]} "
            one.number = max(0, number + one.step)
        # Only a list that begins with 1 may follow a paragraph without an empty line between.
        self._parts_lists |= not one.is_begun and (depth <= 1 or not marker.startswith(("-", "*", "1")))
        one.is_begun = True
        self._markers.append(marker)
        self._unwritten += marker

    def _end_code(self, code: str) -> None:
        was_block, self._code, self._pre = self._pre, None, False
        longest = max((len(run) for run in re.findall("`+", code)), default=0)
        if not code.strip():
            return
        if was_block:
            fence = "`" * max(3, longest + 1)
            self._write(f"{fence}\n{code.strip(chr(10))}\n{fence}")
            return
        words = " ".join(code.split())
        fence, pad = "`" * (longest + 1), " " if "`" in (words[0], words[-1]) else ""
        self._text += f"{fence}{pad}{words}{pad}{fence}"

    def _end_block(self) -> None:
        text = re.sub(r" *\n *", "  \n", self._text.strip())
        # Empty emphasis and links are left by pictures that stood inside them.
        text = re.sub(r"\*\*\s*\*\*|\[\s*\]\(<[^>]*>\)", "", text)
        self._text = ""
        plays = _LINK_ALONE.fullmatch(text) if self._figure and not self._markers and not self._quote else None
        if plays is not None and (name := _played_by(plays[1])):
            self._end_picture()
            self._player = name, text
        elif text:
            self._write(f"**{text.replace('**', '')}**" if self._heading else text)

    def _write(self, block: str) -> None:
        quote = "> " * min(self._quote, 1)
        inner = " " * sum(map(len, self._markers))
        outer = inner[len(self._unwritten) :] + self._unwritten
        kind = "block" if not self._unwritten else "first" if self._parts_lists else "item"
        if kind == "block" and not self._markers:
            self._ended = {}
        lines = block.split("\n")
        written = [f"{quote}{outer}{lines[0]}", *(f"{quote}{inner if line else ''}{line}" for line in lines[1:])]
        if self._note:
            # What belongs to the words of a footnote is indented by four.
            name = "" if self._note in self._told else f"[^{self._note}]: "
            written = [f"    {line}" if line else line for line in written]
            written[0] = f"{name}{written[0].lstrip()}" if name else written[0]
            self._told.add(self._note)
        self._done.append((kind, "\n".join(written), self._quotations if self._quote else 0))
        self._unwritten, self._parts_lists = "", False

"""An issue as its readers and its links see it: every text, link, picture and heading, with its line in issue.md.

The lines come from the Markdown parser itself, so a rule that finds a sign in the third line of a summary names
that line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from newsletter.models import Issue, Prose, Story

if TYPE_CHECKING:
    from markdown_it.token import Token

Kind = Literal["subject", "preheader", "section", "headline", "text", "alt"]
FENCE = "+++"
OBJECT = "\ufffc"
"""Stands in a text for what is no text: a picture, a piece of code (as in UAX #9 section 6.1)."""


@dataclass(frozen=True, slots=True)
class Run:
    """The text of one line, or of one part of a line."""

    text: str
    line: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the issue."""

    address: str
    """As the parser understands it: percent-encoded."""
    words: str
    line: int
    story: bool = False
    """It is the headline of a story."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of the issue."""

    address: str
    """http(s) address, or a name relative to the issue's folder."""
    alt: str
    line: int
    story: Story | None = None
    """The story it belongs to, if it is a story's picture."""
    lead: bool = False
    """It belongs to the first story."""

    @property
    def remote(self) -> bool:
        """Whether it is loaded from a server."""
        return self.address.lower().startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: ``##`` is level 2."""

    level: int
    text: str
    line: int


@dataclass(slots=True)
class Reading:
    """What stands in an issue, in the order of the file."""

    runs: list[Run] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)


def read(issue: Issue, source: str = "") -> Reading:
    """Read an issue.

    Args:
        issue: As ``newsletter.issues`` understood it.
        source: The text of its file. Without it the blocks of the issue are read, and the lines inside a summary
            are counted from the line under its headline or picture.
    """
    reading = Reading()
    for name in ("subject", "preheader"):
        text = getattr(issue, name)
        if text:
            reading.runs.append(Run(text, issue.lines.get(name, 0), "subject" if name == "subject" else "preheader"))
    body = _body(source) if source else None
    if body is not None:
        _walk(body[1], body[0], reading, headings=True)
    else:
        _walk_blocks(issue, reading)
    reading.images = [_placed(image, issue) for image in reading.images]
    return reading


def _body(source: str) -> tuple[int, str] | None:
    """Line of the first line behind the front matter, and the text from there on."""
    lines = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    fences = [at for at, line in enumerate(lines) if line.strip() == FENCE][:2]
    if len(fences) < 2 or fences[0]:
        return None
    return fences[1] + 2, "\n".join(lines[fences[1] + 1 :])


def _walk_blocks(issue: Issue, reading: Reading) -> None:
    for prose in issue.opening:
        _walk(prose.markdown, prose.line, reading)
    for section in issue.sections:
        if section.title:
            reading.runs.append(Run(section.title, section.line, "section"))
            reading.headings.append(Heading(2, section.title, section.line))
        for block in section.blocks:
            if isinstance(block, Prose):
                _walk(block.markdown, block.line, reading)
            else:
                _story(block, reading)


def _story(story: Story, reading: Reading) -> None:
    reading.runs.append(Run(story.headline, story.line, "headline"))
    reading.headings.append(Heading(3, story.headline, story.line))
    if story.url:
        reading.links.append(Link(story.url, story.headline, story.line, story=True))
    if story.image:
        reading.images.append(Image(story.image, story.image_alt, story.image_line))
        if story.image_alt:
            reading.runs.append(Run(story.image_alt, story.image_line, "alt"))
    above = story.image_line or story.line
    _walk(story.summary, above + 1 if above else 0, reading)


def _walk(markdown: str, first: int, reading: Reading, *, headings: bool = False) -> None:
    """Read Markdown whose first line is the file's line ``first`` (0: nobody knows).

    Args:
        markdown: The text.
        first: Line number.
        reading: Where what is found goes.
        headings: Whether ``##`` and ``###`` are sections and stories here.
    """
    from newsletter.markdown import parser

    tokens = parser().parse(markdown)
    for at, token in enumerate(tokens):
        if token.type != "inline":
            continue
        before = tokens[at - 1]
        level = int(before.tag[1]) if before.type == "heading_open" else 0
        kind: Kind = "text"
        if headings and before.level == 0 and level in {2, 3}:
            kind = "section" if level == 2 else "headline"
        line = first + (token.map or before.map or [0])[0] if first else 0
        _inline(token.children or [], line, kind, reading)
        if level:
            reading.headings.append(Heading(level, plain(token.children or []), line))


def _inline(children: Sequence[Token], line: int, kind: Kind, reading: Reading) -> None:
    text = ""
    labels: list[tuple[str, int, int]] = []
    story = kind == "headline"
    for child in children:
        if child.type in {"softbreak", "hardbreak"}:
            if text.strip():
                reading.runs.append(Run(text, line, kind))
            # Labels of links run on over the line; what they said before is kept.
            labels = [(href, at, start - len(text) - 1) for href, at, start in labels]
            text = ""
            line += 1 if line else 0
        elif child.type == "link_open":
            labels.append((str(child.attrGet("href") or ""), line, len(text)))
        elif child.type == "link_close" and labels:
            href, at, start = labels.pop()
            # The headline of a story is the one link of its heading; others in it lead nowhere of their own.
            reading.links.append(Link(href, text[max(start, 0) :].replace(OBJECT, "").strip(), at, story))
            story = False
        elif child.type == "image":
            alt = plain(child.children or [])
            source = str(child.attrGet("src") or "")
            remote = source.lower().startswith(("http://", "https://"))
            reading.images.append(Image(source if remote else unquote(source), alt, line))
            if alt.strip():
                reading.runs.append(Run(alt, line, "alt"))
            text += OBJECT
        elif child.type == "code_inline":
            text += OBJECT
        else:
            text += child.content
    if text.strip():
        reading.runs.append(Run(text, line, kind))


def plain(tokens: Sequence[Token]) -> str:
    """The text of inline tokens alone."""
    return "".join(_contents(tokens)).strip()


def _contents(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"}:
            yield " "
        elif token.type == "image":
            yield plain(token.children or [])
        else:
            yield token.content


def _placed(image: Image, issue: Issue) -> Image:
    for at, story in enumerate(issue.stories):
        if story.image == image.address and story.image_line == image.line:
            return Image(image.address, image.alt, image.line, story, at == 0)
    return image

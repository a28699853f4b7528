"""An issue as its readers and its links see it: every text, link, picture and heading, with its line in issue.md.

The lines come from the Markdown parser itself, so a rule that finds a sign in the third line of a summary names
that line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from newsletter.check.arabic_script import OBJECT
from newsletter.issues import containers
from newsletter.models import Issue, Prose, Story

if TYPE_CHECKING:
    from markdown_it.token import Token

Kind = Literal["subject", "preheader", "section", "headline", "text", "alt"]


@dataclass(frozen=True, slots=True)
class TextRun:
    """The text of one line, or of one part of a line."""

    text: str
    line: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class IssueLink:
    """A link of the issue."""

    address: str
    """As the parser understands it: percent-encoded."""
    words: str
    line: int
    story: bool = False
    """It is the headline of a story."""


@dataclass(frozen=True, slots=True)
class IssuePicture:
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
class IssueContent:
    """What stands in an issue, in the order of the file."""

    runs: list[TextRun] = field(default_factory=list)
    links: list[IssueLink] = field(default_factory=list)
    images: list[IssuePicture] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What the parser must know of the footnotes, wherever they are defined."""


def read(issue: Issue) -> IssueContent:
    """Read an issue.

    Args:
        issue: As ``newsletter.issues`` understood it, with its lines; texts of an issue without them have line 0.
    """
    blocks = [*issue.opening, *(block for section in issue.sections for block in section.blocks)]
    texts = (block.markdown if isinstance(block, Prose) else block.summary for block in blocks)
    reading = IssueContent(notes=containers.notes_of(texts))
    for subject in issue.subjects or (issue.subject,):
        if subject:
            line = issue.lines.get("subjects" if issue.subjects else "subject", 0)
            reading.runs.append(TextRun(subject, line, "subject"))
    if issue.preheader:
        reading.runs.append(TextRun(issue.preheader, issue.lines.get("preheader", 0), "preheader"))
    for prose in issue.opening:
        _walk(prose.markdown, prose.line, reading)
    for section in issue.sections:
        if section.title:
            reading.runs.append(TextRun(section.title, section.line, "section"))
            reading.headings.append(Heading(2, section.title, section.line))
        for block in section.blocks:
            if isinstance(block, Prose):
                _walk(block.markdown, block.line, reading)
            else:
                _story(block, reading, lead=block is issue.stories[0])
    return reading


def _story(story: Story, reading: IssueContent, *, lead: bool) -> None:
    reading.runs.append(TextRun(story.headline, story.line, "headline"))
    reading.headings.append(Heading(3, story.headline, story.line))
    if story.url:
        reading.links.append(IssueLink(story.url, story.headline, story.line, story=True))
    if story.image:
        reading.images.append(IssuePicture(story.image, story.image_alt, story.image_line, story, lead))
        if story.image_alt.strip():
            reading.runs.append(TextRun(story.image_alt, story.image_line, "alt"))
    _walk(story.summary, story.summary_line, reading)


def _walk(markdown: str, first: int, reading: IssueContent) -> None:
    """Read Markdown whose first line is the file's line ``first`` (0: nobody knows)."""
    tokens = parse(markdown, reading.notes)
    for at, token in enumerate(tokens):
        if token.type == "container_element_open":
            _title(token, first, reading)
        if token.type != "inline":
            continue
        before, children = tokens[at - 1], token.children or []
        line = first + (token.map or before.map or [0])[0] if first else 0
        _inline(children, line, reading)
        if before.type == "heading_open":
            reading.headings.append(Heading(int(before.tag[1]), plain(children), line))


def _title(token: Token, first: int, reading: IssueContent) -> None:
    """The words behind the name of an element, which stand in its line of colons."""
    title = containers.opened(token.info)[1]
    if title:
        line = first + (token.map or [0])[0] if first else 0
        reading.runs.append(TextRun(title, line, "text"))


def parse(markdown: str, notes: Mapping[str, Any] | None = None) -> list[Token]:
    """The tokens of the editor's Markdown as a letter reads it: an indented paragraph is a paragraph, and no code.

    Args:
        markdown: Of a passage, or of a whole issue.
        notes: What ``containers.notes_of`` says of the footnotes that other passages define.
    """
    from newsletter.issues.markdown import parser

    return parser("code").parse(markdown, deepcopy(dict(notes or {})))


def _inline(children: Sequence[Token], line: int, reading: IssueContent) -> None:
    text = ""
    labels: list[tuple[str, int, int]] = []
    for child in children:
        if child.type in {"softbreak", "hardbreak"}:
            if text.strip():
                reading.runs.append(TextRun(text, line, "text"))
            # The words of a link run on over the line; those on the line before are not kept.
            labels = [(href, at, 0) for href, at, _ in labels]
            text = ""
            line += 1 if line else 0
        elif child.type == "link_open":
            labels.append((str(child.attrGet("href") or ""), line, len(text)))
        elif child.type == "link_close":
            href, at, start = labels.pop()
            reading.links.append(IssueLink(href, text[start:].replace(OBJECT, "").strip(), at))
        elif child.type == "image":
            _image(child, line, reading)
            text += OBJECT
        elif child.type == "code_inline":
            text += OBJECT
        else:
            text += child.content
    if text.strip():
        reading.runs.append(TextRun(text, line, "text"))


def _image(token: Token, line: int, reading: IssueContent) -> None:
    alt, source = plain(token.children or []), str(token.attrGet("src") or "")
    remote = source.lower().startswith(("http://", "https://"))
    reading.images.append(IssuePicture(source if remote else unquote(source), alt, line))
    if alt.strip():
        reading.runs.append(TextRun(alt, line, "alt"))


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

"""The text of an issue.md understood: front matter, sections, stories and the editor's words, each with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from newsletter.errors import IssueError
from newsletter.issues.body_faults import (
    BodyFaults,
    refuse_broken,
    refuse_endless,
    refuse_headings,
    refuse_notes,
    refuse_wide,
)
from newsletter.issues.front import front_matter
from newsletter.issues.lines import lines_of, visible, without_comments
from newsletter.issues.markdown import parser
from newsletter.issues.targets import one_line
from newsletter.models import Issue, Prose, Section, Story

if TYPE_CHECKING:
    from markdown_it.token import Token


@dataclass(frozen=True, slots=True)
class LineSpan:
    """The lines that one part of an issue takes up, 1-based, both included."""

    kind: Literal["section", "story", "prose", "rule"]
    """A section is its heading alone; a story has its picture and its summary."""
    first: int
    last: int


def parse(text: str, path: Path, faults: list[IssueError] | None = None) -> Issue:
    """Understand the text of an issue.md.

    Args:
        text: The text of the whole file.
        path: Where it stands; its folder names the issue.
        faults: For a check or a preview: what is wrong with the body is added here, and what can be understood of it
            is given. None gives nothing then.

    Raises:
        IssueError: As for ``read``; of everything that is wrong with the body at once.
    """
    lines = lines_of(text)
    front, lines_of_keys, body_at = front_matter(lines, path)
    told: list[IssueError] = []
    # Empty lines in the place of the front matter: as ``spans_of`` is asked, which shares what is parsed.
    body = [""] * body_at + without_comments(visible(lines), body_at, path)[body_at:]
    opening, sections = _body(body, BodyFaults(path, 0, told))
    if told and faults is None:
        raise IssueError.of(told)
    if faults is not None:
        faults += told
    return Issue(
        **{"template": "", **front},
        opening=opening,
        sections=sections,
        slug=path.parent.name,
        path=str(path),
        lines=lines_of_keys,
    )


def spans(text: str, path: Path, faults: list[IssueError] | None = None) -> tuple[LineSpan, ...]:
    """Where the sections, stories and passages of an issue.md stand, in order.

    Args:
        text: The text of the whole file.
        path: Where it stands, for messages.
        faults: As for ``parse``.

    Raises:
        IssueError: As for ``parse``.
    """
    lines = lines_of(text)
    _, _, body_at = front_matter(lines, path)
    lines = without_comments(visible(lines), body_at, path)
    return spans_of([""] * body_at + lines[body_at:], path, faults)


def spans_of(
    lines: Sequence[str], path: Path, faults: list[IssueError] | None = None, *, offset: int = 0
) -> tuple[LineSpan, ...]:
    """Where sections, stories and passages stand in lines that have no front matter, counted from the first line.

    Args:
        lines: Without their line ends.
        path: Path of the file, for messages only.
        faults: As for ``parse``.
        offset: Lines of the file before them.

    Raises:
        IssueError: As for ``parse``.
    """
    found: list[LineSpan] = []
    for block in _blocks(lines, BodyFaults(path, offset, faults)):
        end = block.end + offset
        if isinstance(block.made, Story):
            found.append(LineSpan("story", block.made.line, end))
        elif isinstance(block.made, Section):
            found.append(LineSpan("section", block.made.line, end))
        elif block.kind == "rule":
            found.append(LineSpan("rule", block.made.line, end))
        elif found and found[-1].kind == "story":
            found[-1] = replace(found[-1], last=end)
        else:
            found.append(LineSpan("prose", block.made.line, end))
    return tuple(found)


def begin(text: str, path: Path) -> int:
    """How many lines the front matter takes up.

    Raises:
        IssueError: There is none, or it cannot be understood.
    """
    return front_matter(lines_of(text), path)[2]


def body_of(
    lines: Sequence[str], path: Path, faults: list[IssueError] | None = None, *, offset: int = 0
) -> tuple[tuple[Prose, ...], tuple[Section, ...]]:
    """Opening words and sections of lines that have no front matter; line numbers count from the first.

    Args:
        lines: The lines of the file, without their line ends.
        path: Path of the file, for messages only.
        faults: As for ``parse``.
        offset: Lines of the file before them.

    Raises:
        IssueError: As for ``parse``.
    """
    return _body(lines, BodyFaults(path, offset, faults))


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of the body."""

    kind: Literal["section", "story", "picture", "rule", "prose"]
    made: Section | Story | Prose
    end: int
    """Lines of the body up to its last one."""


def _body(lines: Sequence[str], place: BodyFaults) -> tuple[tuple[Prose, ...], tuple[Section, ...]]:
    sections = [Section("")]
    for block in _blocks(lines, place):
        current = sections[-1]
        last = current.blocks[-1] if current.blocks else None
        if isinstance(block.made, Section):
            sections.append(block.made)
            continue
        if isinstance(block.made, Story):
            more: tuple[Story | Prose, ...] = (*current.blocks, block.made)
        elif isinstance(last, Story):
            # A rule ends the story and is shown only where it divides the editor's own words.
            grown = Prose("", block.made.line) if block.kind == "rule" else None
            more = (*current.blocks, grown) if grown else (*current.blocks[:-1], _grown(last, block, lines, place))
        else:
            more = (*current.blocks, block.made)
        sections[-1] = replace(current, blocks=more)
    head, *rest = [
        replace(section, blocks=tuple(b for b in section.blocks if isinstance(b, Story) or b.markdown))
        for section in sections
    ]
    opening = []
    for one in head.blocks:
        if isinstance(one, Story):
            break
        opening.append(one)
    unnamed = replace(head, blocks=head.blocks[len(opening) :])
    return tuple(opening), (*((unnamed,) if unnamed.blocks else ()), *rest)


def _grown(story: Story, block: _Block, lines: Sequence[str], place: BodyFaults) -> Story:
    assert isinstance(block.made, Prose), "sections and stories never grow another story"
    if block.kind == "picture" and not story.image and not story.summary:
        image, alt, caption = _image(block.made.markdown)
        return replace(story, image=image, image_alt=alt, image_caption=caption, image_line=block.made.line)
    first = story.summary_line or block.made.line
    # The very lines of the file, so that a fault in any of them can be told with its number.
    summary = "\n".join(lines[first - place.offset - 1 : block.end]).strip("\n")
    return replace(story, summary=summary, summary_line=first)


def _blocks(lines: Sequence[str], place: BodyFaults) -> Iterator[_Block]:
    """The blocks of the body, in order."""
    # Unjoined, an escaped bracket is told from one that the editor meant for a link. As in the letter, an indented
    # heading is a heading, and no code.
    tokens, faults = _parsed("\n".join(lines))
    for fault in faults:
        place.tell(IssueError(fault.what, where=place.where(fault.line), mend=fault.mend))
    refuse_notes(tokens, lines, place)
    refuse_endless(tokens, lines, place)
    for at, token in enumerate(tokens):
        if token.level or token.nesting < 0 or token.map is None:
            continue
        start, end = token.map
        if token.type == "container_element_open":
            refuse_headings(tokens, at, place)
            end += 1  # the line of colons that ends it
        for inner in tokens[at:]:
            if inner.type == "inline":
                refuse_broken(inner, lines, place)
            if inner.level == 0 and inner.nesting <= 0:
                break
        if token.type == "heading_open" and token.tag in {"h1", "h2", "h3"}:
            made = _heading(token, tokens[at + 1], place)
            if made is not None:
                yield made
                continue
        if token.type in ("table_open", "container_element_open"):
            refuse_wide(tokens, at, place)
        while end > start and not lines[end - 1].strip():
            end -= 1
        source = "\n".join(lines[start:end])
        if token.type == "hr":
            yield _Block("rule", Prose(source, place.line(start)), end)
            continue
        children = [child.type for child in tokens[at + 1].children or ()] if token.type == "paragraph_open" else []
        if children[:1] == ["image"] and children[1:2] in ([], ["softbreak"]):
            first, source = first_picture(source)
            if not _is_picture(first):
                where = place.where(start)
                place.tell(IssueError("a picture by reference", where=where, mend="write ![what it shows](file)"))
                yield _Block("prose", Prose("\n".join((first, source)).strip(), place.line(start)), end)
                continue
            yield _Block("picture", Prose(first, place.line(start)), start + first.count("\n") + 1)
            start += first.count("\n") + 1
        if source:
            yield _Block("prose", Prose(source, place.line(start)), end)


@lru_cache(maxsize=8)
def _parsed(text: str) -> tuple[Sequence[Token], tuple[Any, ...]]:
    """The tokens of a text, which nobody changes, and what is wrong with its elements.

    One issue is asked for its blocks and for where they stand, and its candidates once more; while somebody writes in
    it most of that is the same text as before.
    """
    env: dict[str, Any] = {}
    return parser("code", "text_join").parse(text, env), tuple(env.get("faults", ()))


def _heading(token: Token, inline: Token, place: BodyFaults) -> _Block | None:
    """The section or story that a heading begins; None for one that nobody means, whose lines are words then."""
    start, end = token.map or [0, 0]
    title = _plain(inline.children or ())
    if token.markup in {"-", "="}:
        # Markdown's other kind of heading, which nobody means: the editor wants a divider.
        place.tell(
            IssueError(
                f"the line below it makes a heading of: {title[:80]}",
                where=place.where(end - 1),
                mend=f"leave an empty line above {token.markup * 3}",
            )
        )
        return None
    if token.tag == "h1":
        place.tell(
            IssueError(
                f"a heading of the first level: {title}",
                where=place.where(start),
                mend="## begins a section, ### a story; the letter's title is its subject",
            )
        )
    if token.tag in {"h1", "h2"}:
        return _Block("section", Section(title, line=place.line(start)), end)
    links = [child for child in inline.children or () if child.type == "link_open"]
    url = str(links[0].attrGet("href") or "") if links else ""
    return _Block("story", Story(title, url=url, line=place.line(start)), end)


def _plain(tokens: Sequence[Token]) -> str:
    words = {"text", "text_special", "code_inline"}
    parts = [token.content if token.type in words else " " if token.type == "softbreak" else "" for token in tokens]
    return "".join(parts).strip()


def _is_picture(source: str) -> bool:
    """Whether a passage is one picture by itself, and not by an address that stands elsewhere."""
    children = parser("text_join").parseInline(source)[0].children or ()
    return [child.type for child in children] == ["image"]


def first_picture(source: str) -> tuple[str, str]:
    """A paragraph that begins with a picture, parted behind it; its words or caption may run over several lines.

    Args:
        source: Its lines as they stand, visible signs only.
    """
    lines = source.split("\n")
    for count in range(1, len(lines)):
        first = "\n".join(lines[:count])
        if _is_picture(first):
            return first, "\n".join(lines[count:])
    return source, ""


def _image(markdown: str) -> tuple[str, str, str]:
    """Target, alt text and caption of a passage that is one picture."""
    from urllib.parse import unquote

    image = next(token for token in parser().parseInline(markdown)[0].children or () if token.type == "image")
    source = str(image.attrGet("src") or "")
    # Addresses stay encoded; a file on the disk has the name that the editor sees.
    address = source if re.match(r"https?://", source) else unquote(source)
    return address, _plain(image.children or ()), one_line(str(image.attrGet("title") or ""))

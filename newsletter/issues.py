"""An issue is a folder with an issue.md: read it, write it, find it, and tell where it is wrong.

The file is Markdown with TOML front matter between ``+++`` lines. ``##`` is a section, ``###`` a story; a picture
alone in its paragraph under a story's headline is the story's picture, and everything up to the next heading or a
``---`` line is its summary. All else is the editor's own text.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter.errors import IssueError
from newsletter.markdown import escape, parser
from newsletter.models import Issue, Prose, Section, Story

if TYPE_CHECKING:
    from markdown_it.token import Token

FILE = "issue.md"
FOLDER = "issues"
FENCE = "+++"
_KEYS: Mapping[str, type] = {"number": int, "subject": str, "preheader": str, "list": str, "template": str}
_REQUIRED = ("number", "subject")
_SLUG = re.compile(r"[\w][\w.-]{0,99}")


def folder_of(root: Path, slug: str) -> Path:
    """The folder of the issue with this name in a workspace.

    Raises:
        IssueError: A name that is no plain folder name.
    """
    if not _SLUG.fullmatch(slug):
        raise IssueError(f"{slug!r} cannot name a folder", mend="use letters, digits, dots and hyphens")
    return root / FOLDER / slug


def read(path: Path) -> Issue:
    """Read an issue.md.

    Raises:
        IssueError: Its file and line, what is wrong and what to write instead.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise IssueError("is not UTF-8 text", where=f"{path}:{line}", mend="save it as UTF-8") from None
    except OSError as error:
        raise IssueError(f"cannot be read ({error.strerror})", where=str(path)) from None
    return parse(text, path)


def parse(text: str, path: Path) -> Issue:
    """Understand the text of an issue.md.

    Args:
        text: The whole file.
        path: Where it stands; its folder names the issue.

    Raises:
        IssueError: As for ``read``.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    front, lines_of_keys, body_at = _front_matter(lines, path)
    opening, sections = _body(lines[body_at:], _Place(path, body_at))
    return Issue(
        **front,
        opening=opening,
        sections=sections,
        slug=path.parent.name,
        path=str(path),
        lines=lines_of_keys,
    )


def find(root: Path, name: str) -> Issue:
    """The issue that an editor means by a number, a folder's name, or a path.

    Raises:
        IssueError: There is none, or it cannot be understood.
    """
    path = Path(name)
    for candidate in (path, path / FILE, root / FOLDER / name / FILE):
        if candidate.name == FILE and candidate.is_file():
            return read(candidate)
    if name.isdecimal():
        for issue in every(root):
            if issue.number == int(name):
                return issue
    known = ", ".join(issue.slug for issue in every(root)) or "none yet; make one with: newsletter compose"
    raise IssueError(f"no issue is called {name!r}", mend=f"issues here: {known}")


def every(root: Path) -> list[Issue]:
    """Every issue of a workspace, by number.

    Raises:
        IssueError: One of them cannot be understood.
    """
    issues = [read(path) for path in sorted((root / FOLDER).glob(f"*/{FILE}"))]
    return sorted(issues, key=lambda issue: issue.number)


def write(issue: Issue, folder: Path, *, pictures: Mapping[str, Path] | None = None) -> Path:
    """Write a new issue into a folder of its own, as a whole or not at all.

    Args:
        issue: What to write.
        folder: The issue's folder; it must not hold an issue yet.
        pictures: Paths relative to the folder, to the local files that are copied there.

    Raises:
        IssueError: The folder holds an issue already, or the disk does not take it.
    """
    import shutil

    path = folder / FILE
    if path.exists():
        raise IssueError("there is an issue here already", where=str(path), mend="choose another name with --slug")
    unfinished = folder / f".{FILE}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for relative, source in (pictures or {}).items():
            (folder / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / relative)
        unfinished.write_text(to_text(issue), "utf-8")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise IssueError(f"cannot be written ({error.strerror})", where=str(path), mend="check the disk") from None
    return path


def to_text(issue: Issue) -> str:
    """The issue.md of an issue."""
    front = [FENCE, f"number = {issue.number}"]
    front += [
        f"{key} = {json.dumps(getattr(issue, key), ensure_ascii=False)}"
        for key in ("subject", "preheader", "list", "template")
    ]
    blocks = ["\n".join([*front, FENCE]), *(prose.markdown for prose in issue.opening)]
    for section in issue.sections:
        if section.title:
            blocks.append(f"## {escape(section.title)}")
        story_open = False
        for block in section.blocks:
            if isinstance(block, Prose):
                # A rule ends the story before, so that the editor's words stay the editor's.
                blocks += ["---", block.markdown] if story_open else [block.markdown]
                story_open = False
            else:
                blocks.append(_story_text(block))
                story_open = True
    return "\n\n".join(block for block in blocks if block) + "\n"


def _story_text(story: Story) -> str:
    headline = escape(story.headline)
    lines = [f"### [{headline}]({_target(story.url)})" if story.url else f"### {headline}"]
    if story.image:
        lines.append(f"![{escape(story.image_alt)}]({_target(story.image)})")
    if story.summary:
        lines.append(story.summary)
    return "\n".join(lines)


def _target(address: str) -> str:
    if re.search(r"[\s()<>]", address):
        return "<" + address.replace("<", "%3C").replace(">", "%3E") + ">"
    return address


def _front_matter(lines: Sequence[str], path: Path) -> tuple[dict[str, Any], dict[str, int], int]:
    """The checked values, the line of each key, and the index of the first line of the body."""
    if not lines or lines[0].strip() != FENCE:
        raise IssueError(
            f"does not begin with {FENCE}",
            where=f"{path}:1",
            mend=f'begin with a line {FENCE}, then number = 1 and subject = "…", then a line {FENCE}',
        )
    end = next((at for at, line in enumerate(lines[1:], 1) if line.strip() == FENCE), None)
    if end is None:
        raise IssueError(
            f"the front matter that begins with {FENCE} has no end", where=f"{path}:1", mend=f"close it with {FENCE}"
        )
    try:
        values = tomllib.loads("\n".join(lines[1:end]))
    except tomllib.TOMLDecodeError as error:
        match = re.search(r"at line (\d+)", str(error))
        line = int(match[1]) + 1 if match else end
        wrong = lines[line - 1].strip() if line <= len(lines) else ""
        raise IssueError(
            f"the front matter is not valid TOML: {wrong}",
            where=f"{path}:{line}",
            mend='text stands in quotes, for example: subject = "أخبار الأسبوع"',
        ) from None
    where = {
        found[1]: at
        for at, line in enumerate(lines[1:end], 2)
        if (found := re.match(r"\s*([\w-]+)\s*=", line)) is not None
    }
    for key, value in values.items():
        place = f"{path}:{where.get(key, 1)}"
        if key not in _KEYS:
            raise IssueError(f"{key!r} is not known here", where=place, mend=f"known are {', '.join(_KEYS)}")
        if type(value) is not _KEYS[key]:
            wanted = "a whole number" if _KEYS[key] is int else "text in quotes"
            raise IssueError(f"{key} is {value!r}, but {wanted} is wanted", where=place)
    for key in _REQUIRED:
        if key not in values:
            raise IssueError(f"the front matter has no {key}", where=f"{path}:1", mend=f"add a line {key} = …")
    if values["number"] < 1:
        raise IssueError("number must be 1 or more", where=f"{path}:{where['number']}")
    return values, where, end + 1


@dataclass(frozen=True, slots=True)
class _Place:
    path: Path
    offset: int
    """Lines of the file before the body."""

    def line(self, index: int) -> int:
        return self.offset + index + 1

    def where(self, index: int) -> str:
        return f"{self.path}:{self.line(index)}"


def _body(lines: Sequence[str], place: _Place) -> tuple[tuple[Prose, ...], tuple[Section, ...]]:
    sections = [Section("")]
    for kind, block in _blocks(lines, place):
        current = sections[-1]
        last = current.blocks[-1] if current.blocks else None
        if isinstance(block, Section):
            sections.append(block)
        elif isinstance(block, Story):
            sections[-1] = replace(current, blocks=(*current.blocks, block))
        elif kind == "rule":
            # The rule itself is shown only where it divides the editor's own words.
            end = Prose("", block.line) if isinstance(last, Story) else block
            sections[-1] = replace(current, blocks=(*current.blocks, end))
        elif isinstance(last, Story):
            sections[-1] = replace(current, blocks=(*current.blocks[:-1], _grown(last, kind, block)))
        else:
            sections[-1] = replace(current, blocks=(*current.blocks, block))
    head, *rest = [
        replace(section, blocks=tuple(b for b in section.blocks if isinstance(b, Story) or b.markdown))
        for section in sections
    ]
    opening = []
    for block in head.blocks:
        if isinstance(block, Story):
            break
        opening.append(block)
    unnamed = replace(head, blocks=head.blocks[len(opening) :])
    return tuple(opening), (*((unnamed,) if unnamed.blocks else ()), *rest)


def _grown(story: Story, kind: str, block: Prose) -> Story:
    if kind == "picture" and not story.image and not story.summary:
        image, alt = _image(block.markdown)
        return replace(story, image=image, image_alt=alt, image_line=block.line)
    return replace(story, summary=f"{story.summary}\n\n{block.markdown}" if story.summary else block.markdown)


def _blocks(lines: Sequence[str], place: _Place) -> Iterator[tuple[str, Section | Story | Prose]]:
    """The blocks of the body, in order, each with its kind: section, story, picture, rule or prose."""
    tokens = parser().parse("\n".join(lines))
    for at, token in enumerate(tokens):
        if token.level or token.nesting < 0 or token.map is None:
            continue
        start, end = token.map
        for inner in tokens[at:]:
            if inner.type == "inline":
                _refuse_broken(inner, lines, place)
            if inner.level == 0 and inner.nesting <= 0:
                break
        if token.type == "heading_open" and token.tag in {"h1", "h2", "h3"}:
            yield _heading(token, tokens[at + 1], place)
            continue
        source = "\n".join(lines[start:end]).strip("\n")
        if token.type == "hr":
            yield "rule", Prose(source, place.line(start))
            continue
        children = [child.type for child in tokens[at + 1].children or ()] if token.type == "paragraph_open" else []
        if children[:1] == ["image"] and children[1:2] in ([], ["softbreak"]):
            first, _, source = source.partition("\n")
            yield "picture", Prose(first, place.line(start))
            start += 1
        if source:
            yield "prose", Prose(source, place.line(start))


def _heading(token: Token, inline: Token, place: _Place) -> tuple[str, Section | Story]:
    start = (token.map or [0])[0]
    title = _plain(inline.children or ())
    if token.tag == "h1":
        raise IssueError(
            f"a heading of the first level: {title}",
            where=place.where(start),
            mend="## begins a section, ### a story; the letter's title is its subject",
        )
    if token.tag == "h2":
        return "section", Section(title, line=place.line(start))
    links = [child for child in inline.children or () if child.type == "link_open"]
    url = str(links[0].attrGet("href") or "") if links else ""
    return "story", Story(title, url=url, line=place.line(start))


def _plain(tokens: Sequence[Token]) -> str:
    parts = [
        token.content if token.type in {"text", "code_inline"} else " " if token.type == "softbreak" else ""
        for token in tokens
    ]
    return "".join(parts).strip()


def _refuse_broken(inline: Token, lines: Sequence[str], place: _Place) -> None:
    """A link that Markdown did not take for one, or that leads nowhere, with its line."""
    start, end = inline.map or [0, 0]

    def at(sign: str) -> str:
        return place.where(next((i for i in range(start, end) if sign in lines[i]), start))

    for child in inline.children or ():
        if child.type == "text" and "](" in child.content:
            raise IssueError(
                f"a broken link: {child.content.strip()[:80]}",
                where=at("]("),
                mend="write [words](https://address); an address with spaces or brackets stands in <…>",
            )
        if child.type == "link_open":
            href = str(child.attrGet("href") or "")
            if not re.match(r"(https?://[^/\s]+|mailto:[^@\s]+@)", href):
                raise IssueError(
                    f"a link that leads nowhere: {href or 'empty'}",
                    where=at("]("),
                    mend="write a whole address that begins with https://",
                )


def _image(markdown: str) -> tuple[str, str]:
    """Target and alt text of a line that is one picture."""
    from urllib.parse import unquote

    image = next(token for token in parser().parseInline(markdown)[0].children or () if token.type == "image")
    source = str(image.attrGet("src") or "")
    # Addresses stay encoded; a file on the disk has the name that the editor sees.
    return source if re.match(r"https?://", source) else unquote(source), _plain(image.children or ())

"""What cannot stand in the body of an issue, each told with its line and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import IssueError
from newsletter.issues.containers import MOST_COLUMNS, UNDEFINED
from newsletter.issues.escaping import INVISIBLE

if TYPE_CHECKING:
    from markdown_it.token import Token

_LINK = re.compile(r"\]\(")
# What stands where a picture's caption would, in quotation marks of whatever kind.
_BROKEN_CAPTION = re.compile(r"!\[[^\]]*\]\((?:<[^>]*>|[^\s()]+)\s+[\"'“”„«‘’(]")
_BROKEN_LINK = re.compile(rf"\]\(|\][{INVISIBLE}]+\((?=<?(?:https?:|mailto:))")
_SPACED_NOTE = re.compile(r"(?<!\\)\[\^([^\[\]\s]+\s[^\[\]]*)\]")
_IN_CODE = re.compile(r"`[^`]*`")


@dataclass(frozen=True, slots=True)
class BodyFaults:
    """Where the body stands in its file, and who is told what is wrong with it."""

    path: Path
    offset: int
    """Lines of the file before the body."""
    faults: list[IssueError] | None = None
    """Takes what is wrong, where that is wanted all at once."""

    def tell(self, fault: IssueError) -> None:
        """Keep what is wrong for later, or raise it where nobody keeps it."""
        if self.faults is None:
            raise fault
        self.faults.append(fault)

    def line(self, index: int) -> int:
        """The line of the file that holds a line of the body, counted from 1; ``index`` from 0."""
        return self.offset + index + 1

    def where(self, index: int) -> str:
        """``path:line`` of a line of the body, counted from 0."""
        return f"{self.path}:{self.line(index)}"


def refuse_headings(tokens: Sequence[Token], at: int, place: BodyFaults) -> None:
    """Sections and stories do not begin within an element: most often its end is missing."""
    begun = tokens[at].map or [0, 0]
    for token in takewhile(lambda one: one.level or one.nesting >= 0, tokens[at:]):
        if token.type == "heading_open" and token.tag in {"h1", "h2", "h3"}:
            under = token.markup in {"-", "="}
            mend = f"leave an empty line above {token.markup * 3}" if under else "end it with ::: before, or write ####"
            place.tell(
                IssueError(
                    f"a heading stands within the element that begins in line {place.line(begun[0])}",
                    where=place.where((token.map or begun)[under] - under),
                    mend=mend,
                )
            )


def refuse_wide(tokens: Sequence[Token], at: int, place: BodyFaults) -> None:
    """A table of more columns than a telephone shows."""
    start = columns = 0
    for token in takewhile(lambda one: one.level or one.nesting >= 0, tokens[at:]):
        if token.type == "table_open":
            start, columns = (token.map or [0])[0], 0
        columns += token.type == "th_open"
        if token.type == "th_open" and columns == MOST_COLUMNS + 1:
            place.tell(
                IssueError(
                    f"a table of more than {MOST_COLUMNS} columns, and a telephone shows no more",
                    where=place.where(start),
                    mend="make two tables of it, turn it so that its rows become columns, or write it as a list",
                )
            )


def refuse_endless(tokens: Sequence[Token], lines: Sequence[str], place: BodyFaults) -> None:
    """Code whose end was forgotten: everything behind it would be code too."""
    for token in tokens:
        if token.type != "fence" or token.map is None:
            continue
        start, end = token.map
        last = lines[end - 1].strip(" \t>")
        if end - start < 2 or not last.startswith(token.markup) or last.strip(token.markup[0]):
            place.tell(
                IssueError(
                    "the code that begins here has no end",
                    where=place.where(start),
                    mend=f"write {token.markup} alone on the line where it ends",
                )
            )


def _refuse_names_with_spaces(tokens: Sequence[Token], lines: Sequence[str], place: BodyFaults) -> None:
    """Names of footnotes are one word; with a space they would stand in the letter as they were typed."""
    code = {line for token in tokens if token.type == "fence" and token.map for line in range(*token.map)}
    for at, line in enumerate(lines):
        found = _SPACED_NOTE.search(_IN_CODE.sub("", line)) if "[^" in line and at not in code else None
        if found is not None:
            mend = f"write [^{'-'.join(found[1].split())}]"
            place.tell(IssueError(f"the name of a footnote has a space: {found[0]}", where=place.where(at), mend=mend))


def refuse_notes(tokens: Sequence[Token], lines: Sequence[str], place: BodyFaults) -> None:
    """Footnotes without words, words that nothing leads to, and two of one name."""
    used = {
        str(child.meta["label"])
        for before, token in pairwise(tokens)
        if before.type != "heading_open"
        for child in token.children or ()
        if child.type == "footnote_ref"
    }
    known: dict[str, int] = {}
    _refuse_names_with_spaces(tokens, lines, place)
    for token in tokens:
        if token.type == "inline":
            for child in token.children or ():
                missing = UNDEFINED.search(child.content) if child.type == "text" else None
                if missing is not None:
                    start, end = token.map or [0, 0]
                    at = next((i for i in range(start, end) if missing[0] in lines[i]), start)
                    place.tell(
                        IssueError(
                            f"the footnote {missing[0]} has no words",
                            where=place.where(at),
                            mend=f"write them on a line of their own: {missing[0]}: …",
                        )
                    )
        if token.type != "footnote_reference_open":
            continue
        label, line = str(token.meta["label"]), (token.map or [0])[0]
        if label in known:
            place.tell(
                IssueError(
                    f"the footnote [^{label}] has words twice, and first in line {place.line(known[label])}",
                    where=place.where(line),
                    mend="give one of them another name",
                )
            )
        known[label] = line
        if label not in used:
            place.tell(
                IssueError(
                    f"nothing leads to the footnote [^{label}]",
                    where=place.where(line),
                    mend=f"write [^{label}] behind the words that it is about, or delete it",
                )
            )


def refuse_broken(inline: Token, lines: Sequence[str], place: BodyFaults) -> None:
    """A link that Markdown did not take for one, or that leads nowhere, with its line."""
    start, end = inline.map or [0, 0]

    def at(sign: re.Pattern[str], words: str = "") -> str:
        found = [i for i in range(start, end) if sign.search(lines[i])]
        return place.where(next((i for i in found if words in lines[i]), found[0] if found else start))

    for index in range(start, min(end, len(lines))):
        if (unspaced := re.match(r" {0,3}(#{2,6})(?=[^#\s])", lines[index])) is not None:
            place.tell(
                IssueError(
                    f"a heading without a space: {lines[index].strip()[:80]}",
                    where=place.where(index),
                    mend=f"write {unspaced[1]}, a space, and then the words",
                )
            )
    for child in inline.children or ():
        if child.type == "text" and _BROKEN_CAPTION.search(child.content):
            place.tell(
                IssueError(
                    f"a picture whose caption is not understood: {child.content.strip()[:80]}",
                    where=at(_BROKEN_CAPTION),
                    mend='write ![what it shows](file "caption | credit"); '
                    "a quotation inside the caption stands in «…»",
                )
            )
        elif child.type == "text" and _BROKEN_LINK.search(child.content):
            place.tell(
                IssueError(
                    f"a broken link: {child.content.strip()[:80]}",
                    where=at(_BROKEN_LINK),
                    mend="write [words](https://address); an address with spaces or brackets stands in <…>",
                )
            )
        if child.type == "link_open":
            href = str(child.attrGet("href") or "")
            if not re.match(r"(https?://[^/\s]+|mailto:[^@\s]+@)", href):
                place.tell(
                    IssueError(
                        f"a link that leads nowhere: {href or 'empty'}",
                        where=at(_LINK, href),
                        mend="write a whole address that begins with https://",
                    )
                )

"""The lines of an issue.md as they are read: without comments, and without what nobody sees before a sign of Markdown.

Word processors and telephones put direction marks, hard spaces and long dashes where an editor sees nothing or a plain
hyphen. What is certain is understood; what could be two things is an error with its line. Above all, nothing that this
program writes into a draft for its editor ever becomes part of a letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from newsletter.errors import IssueError
from newsletter.issues.escaping import DASHES, INVISIBLE

FENCE = "+++"
COMMENT_END = "-->"
CANDIDATES = "candidates"
"""First word of the comment that holds what waits to be chosen."""
HEAD = re.compile(rf"[ \t{INVISIBLE}]*<!--[\s{INVISIBLE}]*{CANDIDATES}\b[\s{INVISIBLE}]*(\d*)")
HINT = "Nothing here goes out. Cut a story from here and paste it above; newsletter collect adds what is new."
UNSHOWN = "Not shown here: {count}. See them with: newsletter articles --unused"
REPEATS = "Left out, since each repeats another: {pairs}. Look at them with: newsletter articles"
TOOL_TEXT = re.compile(
    r"Nothing\s+here\s+goes\s+out\.|Not\s+shown\s+here:\s+[\d,]+\.\s+See|Left\s+out,\s+since\s+each\s+repeats\s+another:"
)
"""What this program writes beside candidates, and no reader is ever to see."""

_HIDDEN = re.compile(
    rf"^[ \t]*+[{INVISIBLE}][ \t{INVISIBLE}]*+"
    rf"(?=\#{{1,6}}(?:[ \t{INVISIBLE}]|$)|\#{{2}}|>|!\[[^\]]*\]\(|<!|[-+*][ \t]|[0-9]{{1,9}}[.)][ \t]|```|~~~|:::"
    rf"|([-*_])(?:[ \t]*\1){{2,}}[ \t]*$)"
)
_UNSPACED = re.compile(rf"^([ \t]*#{{1,6}})[{INVISIBLE}]+[ \t]*")
_COMMENT = re.compile(r"[ \t]*<!--")
_DAMAGED_BEGIN = re.compile(rf"[ \t]*<[ ]?![ ]?[{DASHES}][ {DASHES}]*")
_DAMAGED_END = re.compile(rf"[ \t{INVISIBLE}]*([{DASHES}]{{1,3}}[ ]?>)[ \t{INVISIBLE}]*$")
_DAMAGED_HEAD = re.compile(
    rf"[^\w#\\]{{0,8}}{CANDIDATES}\s+\d+\W{{0,4}}$|[^\w#\\]{{0,8}}[<!][^\w#\\]{{0,8}}{CANDIDATES}\W{{0,8}}$"
)


def lines_of(text: str) -> list[str]:
    """The lines of a text, with line ends of any kind, as they are.

    Args:
        text: Of the whole file.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def visible(lines: Sequence[str]) -> list[str]:
    """The lines without what nobody sees before a heading, a quotation, a picture, a list or a comment.

    Args:
        lines: Of the body of an issue, or of the whole file.
    """
    return [_visible(line) for line in lines]


@lru_cache(maxsize=4096)
def _visible(line: str) -> str:
    """One of them, remembered: an editor changes one line at a time, and each is asked for many times."""
    return _UNSPACED.sub(r"\1 ", _HIDDEN.sub(_plain_lead, line))


def is_fence(line: str) -> bool:
    """Whether a line is the ``+++`` around the front matter, whatever white or invisible stands beside it.

    Args:
        line: With or without its line end.
    """
    return re.sub(rf"[\s{INVISIBLE}]+", "", line) == FENCE


def comments(lines: Sequence[str], body_at: int, path: Path) -> Iterator[tuple[int, int]]:
    """First and last line of every comment, counted from 0.

    Args:
        lines: Of the whole file, as ``visible`` gives them.
        body_at: The line behind the front matter.
        path: Path of the file, for messages only.

    Raises:
        IssueError: A comment without an end, which would swallow all that follows; or candidates that are not to be
            told from a comment of the editor.
    """
    at, candidates = body_at, -1
    while at < len(lines):
        begun = _COMMENT.match(lines[at])
        if begun is None:
            at += 1
            continue
        rest = [lines[at][begun.end() :], *lines[at + 1 :]]
        last = next((at + n for n, line in enumerate(rest) if COMMENT_END in line), None)
        behind = len(lines) if last is None else last + 1
        nested = next((n for n in range(at + 1, behind) if _COMMENT.match(lines[n])), None)
        if last is None or nested is not None:
            raise _endless(lines, at, nested, path)
        if HEAD.match(lines[at]) is None:
            _refuse_hint(lines, at, last, path)
        elif candidates >= 0:
            raise IssueError(
                f"candidates stand here a second time, and first in line {candidates + 1}",
                where=f"{path}:{at + 1}",
                mend="put those of one part into the other, and delete the comment that is left",
            )
        else:
            candidates = at
        yield at, last
        at = last + 1


def without_comments(lines: Sequence[str], body_at: int, path: Path) -> list[str]:
    """The lines with nothing where comments stand; what follows one on its last line stays.

    Args:
        lines: Of the whole file, as ``visible`` gives them.
        body_at: The line behind the front matter.
        path: Path of the file, for messages only.

    Raises:
        IssueError: As for ``comments``; or what is left was meant for the editor alone.
    """
    left = list(lines)
    for first, last in comments(lines, body_at, path):
        begun = _COMMENT.match(lines[first])
        end = lines[last].index(COMMENT_END, begun.end() if begun and first == last else 0) + len(COMMENT_END)
        left[first:last] = [""] * (last - first)
        left[last] = lines[last][end:]
    for at in range(body_at, len(left)):
        _refuse_tool_text(left[at], f"{path}:{at + 1}")
    return left


def _plain_lead(match: re.Match[str]) -> str:
    """The indentation that is seen: what stands before the first of them."""
    return re.match(r"[ \t]*", match[0])[0]  # type: ignore[index]  # it matches anything


def _endless(lines: Sequence[str], at: int, nested: int | None, path: Path) -> IssueError:
    damaged = next((n for n in range(at + 1, nested or len(lines)) if _DAMAGED_END.match(lines[n])), None)
    mend = f"close it with {COMMENT_END}"
    if damaged is not None:
        mend = f"write {COMMENT_END} in line {damaged + 1}"
    before = f" before another one begins in line {nested + 1}" if nested is not None else ""
    return IssueError(f"a comment that begins here has no end{before}", where=f"{path}:{at + 1}", mend=mend)


def _refuse_hint(lines: Sequence[str], first: int, last: int, path: Path) -> None:
    """A comment of candidates whose first line was translated or mistyped: nobody would find them there."""
    if any(TOOL_TEXT.search(line) for line in lines[first : last + 1]):
        raise IssueError(
            "candidates stand in this comment, and its first line does not say so",
            where=f"{path}:{first + 1}",
            mend=f"write <!-- {CANDIDATES} and the number that stood there",
        )


def _refuse_tool_text(line: str, where: str) -> None:
    """A line outside of comments that this program wrote for the editor, or that began or ended such a comment."""
    if (damaged := _DAMAGED_BEGIN.match(line)) is not None:
        raise IssueError(
            f"{damaged[0].strip()} begins no comment, and readers would see it", where=where, mend="write <!--"
        )
    if TOOL_TEXT.search(line) or _DAMAGED_HEAD.match(line):
        raise IssueError(
            f"this is for the editor, and readers would see it: {line.strip()[:80]}",
            where=where,
            mend=f"delete it, or put it and the candidates below it between <!-- {CANDIDATES} and {COMMENT_END}",
        )
    if (end := _DAMAGED_END.match(line)) is not None:
        raise IssueError(
            f"{end[1]} ends a comment that nothing begins",
            where=where,
            mend=f"delete it, or begin the comment with <!-- (candidates with <!-- {CANDIDATES})",
        )

"""What ``check --fix`` mends by itself: signs whose right form is certain, traces in addresses. Nothing else changes.

Every line is mended where only text stands: addresses, code and escapes are left alone, and a mended line counts
only when the file then reads as before, with the same blocks, links, pictures and code.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.check import addresses
from newsletter.check.arabic_script import OBJECT
from newsletter.check.links import HTTPS_ANSWERS
from newsletter.check.reading import parse
from newsletter.check.typing_habits import HABITS, TypingHabit, fixed
from newsletter.errors import IssueError
from newsletter.issues import Manuscript
from newsletter.issues.lines import is_fence
from newsletter.models import Problem

if TYPE_CHECKING:
    from markdown_it.token import Token

_BY_CODE: Mapping[str, TypingHabit] = {habit.code: habit for habit in HABITS if habit.mended}
_ADDRESSES = frozenset({"link-tracking", "link-hidden-characters", "link-http"})
FIXES = frozenset(_BY_CODE) | _ADDRESSES
"""The codes of what can be mended here; an http address only when its https form was asked and answers."""
_KEYS = ("subject", "preheader")

# In a line of Markdown: code, the address of a link or picture, an address in angle brackets, a bare one, an escape,
# a character reference.
_PROTECTED = re.compile(
    r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)"
    r"|(?<=\])\((?:<[^<>\n]*>|(?:[^\s()\\]|\\.|\([^\s()]*\))*)(?:[ \t]+(?:\"[^\"]*\"|'[^']*'))?\)"
    r"|<(?:https?|mailto):[^<>\s]*>|(?:https?://|www\.)[^\s<>«»)\]]+|(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]+(?:\.[\w-]+)+|\\."
    r"|(?<![\w.@/-])(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}/[^\s<>«»)\]]+"
    r"|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
)
_HEAD = re.compile(r"(?:[ \t]|:{3,}[ \t]*\S+|>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])|#{1,6}(?=[ \t]))*")
_TARGET = re.compile(r"(?<=\]\()<?(?P<address>https?://[^\s<>]+?)>?(?=[\s)])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fixed:
    """One line that was mended."""

    line: int
    codes: tuple[str, ...]
    before: str
    after: str


def fix(path: Path, problems: Collection[Problem], language: str = "") -> list[Fixed]:
    """Mend an issue.md in place, as a whole or not at all.

    Args:
        path: Path of the issue.md.
        problems: What the check found; only these are mended, where they were found.
        language: Of the publication, as a language tag.

    Raises:
        IssueError: The file cannot be read, was changed by somebody else meanwhile, or cannot be written.
    """
    manuscript = Manuscript.read(path)
    changed, done = rewritten(manuscript, problems, language)
    if done:
        changed.save()
    return done


def rewritten(
    manuscript: Manuscript, problems: Collection[Problem], language: str = ""
) -> tuple[Manuscript, list[Fixed]]:
    """An issue.md without what can be mended.

    Args:
        manuscript: The text of the issue.md.
        problems: What the check found in it.
        language: Of the publication, as a language tag.
    """
    wanted: dict[int, list[str]] = {}
    for problem in problems:
        line = _line(problem, manuscript.path)
        if line and problem.code in FIXES and (problem.code != "link-http" or HTTPS_ANSWERS in problem.mend):
            wanted.setdefault(line, []).append(problem.code)
    keys = {line: key for key, line in manuscript.draft[0].lines.items() if key in _KEYS}
    done: list[Fixed] = []
    for line, codes in sorted(wanted.items()):
        before, mended_codes = manuscript, []
        # One habit may hide behind another: a Latin comma behind a space is seen when the space is gone.
        habits = (*_BY_CODE, *_BY_CODE) if set(codes) & set(_BY_CODE) else ()
        for code in (*codes, *habits):
            if line in keys:
                changed = _value(manuscript, keys[line], code, language)
            else:
                changed = _text(manuscript, line, code, language)
            if changed.text != manuscript.text:
                mended_codes.append(code)
                manuscript = changed
        if mended_codes:
            old, new = (one.lines[line - 1].rstrip("\r\n") for one in (before, manuscript))
            done.append(Fixed(line, tuple(dict.fromkeys(mended_codes)), old, new))
    return manuscript, done


def _line(problem: Problem, path: Path) -> int:
    place, _, line = problem.place.rpartition(":")
    return int(line) if line.isdecimal() and place == str(path) else 0


def _value(manuscript: Manuscript, key: str, code: str, language: str) -> Manuscript:
    """A line of the front matter: its value is mended and written again, comments and spaces stay."""
    habit = _BY_CODE.get(code)
    value = str(getattr(manuscript.draft[0], key))
    better = fixed(habit, value, language) if habit is not None else value
    if better == value:
        return manuscript
    try:
        return manuscript.with_value(key, better)
    except IssueError:
        return manuscript  # written in a way that only its editor can change


def _text(manuscript: Manuscript, line: int, code: str, language: str) -> Manuscript:
    """A line of the body."""
    old = manuscript.lines[line - 1].rstrip("\r\n")
    new = _with_addresses(old, code) if code in _ADDRESSES else _with_habit(old, _BY_CODE[code], language)
    if new == old:
        return manuscript
    candidate = manuscript.with_lines(line, line, new)
    same = _shape(candidate, code) == _shape(manuscript, code)
    return candidate if same else manuscript


def _with_habit(line: str, habit: TypingHabit, language: str) -> str:
    """The line with a habit mended wherever text stands; what is protected is one sign to it, whatever it holds."""
    kept: list[str] = []

    def taken(match: re.Match[str]) -> str:
        kept.append(match[0])
        return OBJECT

    if OBJECT in line:
        return line
    # Spaces before the text and behind its sign belong to a list, a quotation or a heading; two at the end to a break.
    head = _HEAD.match(line)
    indent = head[0] if head is not None else ""
    body = line[len(indent) :]
    tail = body[len(body.rstrip(" ")) :]
    text = fixed(habit, _PROTECTED.sub(taken, body[: len(body) - len(tail)]), language)
    parts = text.split(OBJECT)
    if len(parts) != len(kept) + 1:
        return line
    return indent + "".join(part + piece for part, piece in zip(parts, [*kept, ""], strict=True)) + tail


def _with_addresses(line: str, code: str) -> str:
    def better(match: re.Match[str]) -> str:
        address = match["address"]
        if code == "link-http":
            new = re.sub("^http:", "https:", address, flags=re.IGNORECASE)
        elif code == "link-tracking":
            new = addresses.without_parameters(address, addresses.tracking(address.replace("&amp;", "&")))
        else:
            new = addresses.without_hidden(address)
        return match[0].replace(address, new)

    return _TARGET.sub(better, line)


def _shape(manuscript: Manuscript, code: str) -> list[tuple[str, ...]]:
    """What must not change: blocks, links, pictures, code and marks in their order; addresses only as the mend says."""
    lines = manuscript.text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    fences = [at for at, line in enumerate(lines) if is_fence(line)][:2]
    tokens = parse("\n".join(lines[fences[1] + 1 :]))
    shape: list[tuple[str, ...]] = []
    for token in tokens:
        for one in (token, *(token.children or ())):
            if one.type not in {"text", "inline"}:
                shape.append((one.type, one.tag, _target(one, code), one.content if "code" in one.type else ""))
    return shape


def _target(token: Token, code: str) -> str:
    address = str(token.attrGet("href") or token.attrGet("src") or "")
    if code == "link-http":
        return re.sub("^https?:", "", address, flags=re.IGNORECASE)
    if code == "link-tracking":
        return addresses.without_parameters(address, addresses.tracking(address))
    return addresses.without_hidden(address) if code == "link-hidden-characters" else address

"""The front matter of an issue.md: TOML between two ``+++`` lines, with the line of each key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from newsletter.errors import IssueError
from newsletter.issues import own_values, theming
from newsletter.issues.escaping import INVISIBLE
from newsletter.issues.lines import FENCE, is_fence
from newsletter.text.tidy import arabic_fold
from newsletter.text.toml import duplicate_in

KEYS: Mapping[str, type] = {
    "number": int,
    "subject": str,
    "subjects": list,
    "preheader": str,
    "list": str,
    "template": str,
    "theme": dict,
    "extra": dict,
}
_REQUIRED = ("number", "subject")
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Signs that no line of text has."""
_TRIED = (2, 4)
"""How many subjects can be tried."""
_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'")
_CURLY = re.compile("[\u00ab\u00bb\u2018-\u201f\u2032-\u2036\u2039\u203a\uff02\uff07]")


def front_matter(lines: Sequence[str], path: Path) -> tuple[dict[str, Any], dict[str, int], int]:
    """The checked values, the line of each key, and the index of the first line of the body.

    Args:
        lines: Of the whole file, without their line ends.
        path: Path of the file, for messages only.

    Raises:
        IssueError: There is none, or it cannot be understood.
    """
    if not lines or not is_fence(lines[0]):
        raise IssueError(
            f"does not begin with {FENCE}",
            where=f"{path}:1",
            mend=f'begin with a line {FENCE}, then number = 1 and subject = "…", then a line {FENCE}',
        )
    end = next((at for at, line in enumerate(lines[1:], 1) if is_fence(line)), None)
    if end is None:
        raise IssueError(
            f"the front matter that begins with {FENCE} has no end", where=f"{path}:1", mend=f"close it with {FENCE}"
        )
    values = _values(lines[1:end], path)
    where = theming.lines_of_keys(lines[1:end], 2)
    for key, value in values.items():
        place = f"{path}:{where.get(key, 1)}"
        if key not in KEYS:
            raise IssueError(f"{key!r} is not known here", where=place, mend=f"known are {', '.join(KEYS)}")
        if type(value) is not KEYS[key]:
            wanted = {
                int: "a whole number",
                str: "text in quotes",
                list: 'a list such as ["…", "…"]',
                dict: f'a table such as {key}.style = "classic"',
            }[KEYS[key]]
            raise IssueError(f"{key} is {value!r}, but {wanted} is wanted", where=place)
    if "subjects" in values:
        values["subjects"] = _tried(values, where, path)
        # Wherever one is wanted, and nothing is decided yet, it is the first.
        values["subject"] = values["subjects"][0]
    for key in _REQUIRED:
        if key not in values:
            raise IssueError(f"the front matter has no {key}", where=f"{path}:1", mend=f"add a line {key} = …")
    if values["number"] < 1:
        raise IssueError("number must be 1 or more", where=f"{path}:{where['number']}")
    if "theme" in values:
        values["theme"] = theming.theme(values["theme"], where, path)
    if "extra" in values:
        values["extra"] = own_values.own_values(values["extra"], where, path)
    return values, where, end + 1


def _tried(values: Mapping[str, Any], where: Mapping[str, int], path: Path) -> tuple[str, ...]:
    """The subjects that are to be tried, checked."""
    place = f"{path}:{where.get('subjects', 1)}"
    if "subject" in values:
        lines = " and ".join(str(where[key]) for key in sorted(("subject", "subjects"), key=where.__getitem__))
        raise IssueError(
            f"subject and subjects stand together (lines {lines})",
            where=place,
            mend="keep one of them: subjects are tried on a part of the readers, and the first of them is the subject",
        )
    given = values["subjects"]
    if not all(isinstance(one, str) and one.strip() and not _BREAKS.search(one) for one in given):
        raise IssueError("subjects holds something else than texts of one line", where=place, mend=_EXAMPLE)
    if not _TRIED[0] <= len(given) <= _TRIED[1]:
        mend = f"for one alone write subject = …; else {_EXAMPLE}"
        raise IssueError(f"subjects has {len(given)}, but two, three or four are tried", where=place, mend=mend)
    same = [one for at, one in enumerate(given) if arabic_fold(one) in map(arabic_fold, given[:at])]
    if same:
        raise IssueError(f"subjects says the same twice: «{same[0]}»", where=place, mend="take one out")
    return tuple(given)


_EXAMPLE = 'subjects = ["أخبار الأسبوع", "ميناء جديد"]'


def _values(lines: Sequence[str], path: Path) -> dict[str, Any]:
    """What the lines between the fences say."""
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        # Hard spaces and direction marks beside a key or a value mean nothing; within quotes they are text.
        seen = [_outside_of_strings(line) for line in lines]
        if seen != list(lines):
            return _values(seen, path)
        raise _fault(lines, error, path) from None


def _outside_of_strings(line: str) -> str:
    """The line with a plain space for every invisible sign that stands outside of its texts."""
    texts = _STRING.findall(line)
    between = [re.sub(f"[{INVISIBLE}]+", " ", part) for part in _STRING.split(line)]
    return "".join(part + text for part, text in zip(between, [*texts, ""], strict=True))


def _fault(lines: Sequence[str], error: tomllib.TOMLDecodeError, path: Path) -> IssueError:
    text = "\n".join(lines)
    if (again := duplicate_in(text, error)) is not None:
        return IssueError(
            f"{again.name} stands twice, first in line {again.first + 1}",
            where=f"{path}:{again.second + 1}",
            mend=again.mend,
        )
    match = re.search(r"at line (\d+)", str(error))
    at = int(match[1]) if match else max(len(lines), 1)
    wrong = lines[at - 1].strip() if at <= len(lines) else ""
    before = lines[at - 2].strip() if 2 <= at <= len(lines) + 1 else ""
    outside = _STRING.sub("", before)
    if outside.count("[") > outside.count("]") and "=" in outside:
        wrong, at = before, at - 1
    return IssueError(f"the front matter is not valid TOML: {wrong}", where=f"{path}:{at + 1}", mend=_mend(wrong))


def _mend(line: str) -> str:
    """What to do about a line that is no TOML."""
    key = line.partition("=")[0].strip() or "subject"
    outside = _STRING.sub("", line)
    if _CURLY.search(outside):
        return f'quotation marks around a text are straight ones: {key} = "…" («» may stand within)'
    if "=" in outside and outside.count("[") > outside.count("]") and not re.search("[،؛]", outside):
        return f'a list ends with ]: {key} = ["…", "…"]'
    if re.search(r"=\s*$", line):
        return "write something behind the =, or take the line out"
    if re.search("[،؛]", outside) and "[" in outside:
        return f'commas of a list are Latin ones: {key} = ["…", "…"]'
    if outside.rstrip().endswith("]") and "," not in outside and line.count('"') == 4:
        return f'a comma stands between the texts of a list: {key} = ["…", "…"]'
    if line.count('"') > 2:
        return 'quotation marks within a text are «…», or each is written \\"'
    if outside.count('"') == 1:
        return f'a text ends with the mark it begins with: {key} = "…"'
    if re.search("[،؛,;]", outside):
        return "no comma ends a line here: take it out"
    if re.search(r"[^\W\d_]", outside.partition("=")[0]) and re.search(r"[^\x00-\x7f]", key):
        return f"known are {', '.join(KEYS)}"
    if re.fullmatch(r"\s*\d+\s*", outside.partition("=")[2]):
        return "write the number with the digits 0 to 9"
    return 'text stands in quotes, for example: subject = "أخبار الأسبوع"'

"""What somebody changed in a post, as a person reads it: without the marks of HTML where words have changed. Pure."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Literal

_FIELDS = {"title": "Title", "excerpt": "Summary", "featured picture": "Picture"}
"""As the first lines of a difference name what is no text, and as the desk does."""
_NAMED = re.compile(rf"({'|'.join(_FIELDS)}): (.*)")
_PICTURE = re.compile(r'<img\b[^>]*\balt="([^"]*)"[^>]*>')
_MARKS = re.compile(r"<!--.*?-->|<[^>]*>")


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One line of a difference."""

    kind: Literal["gone", "new", "same"]
    text: str
    field: str = ""
    """What it is of the post; empty for a line of its text."""
    is_code: bool = False
    """Whether it is shown as it stands in the file, since its words are the same."""


def rows(difference: str, most: int) -> list[DifferenceRow]:
    """The lines of a difference.

    Args:
        difference: As ``newsletter.publish.wordpress.posts.difference`` makes it.
        most: How many signs of it are looked at.
    """
    found: list[tuple[Literal["gone", "new", "same"], str]] = []
    for line in difference[:most].split("\n")[2:]:  # the first two say what is compared
        if line and not line.startswith("@@"):
            found.append(("gone" if line[0] == "-" else "new" if line[0] == "+" else "same", line[1:]))
    words = {kind: {_words(line) for one, line in found if one == kind} for kind in ("gone", "new", "same")}
    told = []
    for kind, line in found:
        named, text = _NAMED.fullmatch(line), _words(line)
        if named is not None:
            told.append(DifferenceRow(kind, html.unescape(named[2]), _FIELDS[named[1]]))
        elif kind != "same" and (not text or text in words["gone"] & words["new"]):
            told.append(DifferenceRow(kind, line, is_code=True))
        elif text:
            told.append(DifferenceRow(kind, text))
    return told


def _words(line: str) -> str:
    """What a reader sees of a line."""
    return " ".join(html.unescape(_MARKS.sub(" ", _PICTURE.sub(r" \1 ", line))).split())

"""What a complaint of the code says, in the language of the desk; the code itself speaks to a terminal. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

    from newsletter.report.page.wording import PageWords
    from subscribers.errors import Complaint

KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        r"the front matter is not valid TOML: (?P<line>.*)",
        "A line of the issue's head cannot be read: {line}",
        "Each line is a name, =, and a text between straight marks, for example: {code}",
    ),
    (
        r"(?P<key>\S+) stands twice, first in line (?P<n>\d+)",
        "{key} stands twice, first in line {n}",
        "Take one of them out.",
    ),
    (r"'(?P<key>.+)' is not known here", "{key} is no name that the issue's head knows", "Take the line out."),
    (
        r"the front matter has no (?P<key>\w+)",
        "The issue's head has no {key}",
        "Add a line for it between the two lines of +++, for example: {code}",
    ),
    (r"number must be 1 or more", "The number of an issue is 1 or more", "Mend this line of issue.md: {code}"),
    (
        r"does not begin with \+\+\+",
        "The file does not begin with a line of +++",
        "It begins with +++, then lines such as {code}, then +++ again.",
    ),
    (
        r"the front matter that begins with \+\+\+ has no end",
        "The issue's head has no end",
        "Write a line of +++ behind it.",
    ),
    (
        r"no element is called '(?P<name>.+)'",
        "There is no element of the name {name}",
        "Choose one of the menu of elements, or take its lines of ::: out.",
    ),
    (
        r"a comment that begins here has no end",
        "A comment that begins here has no end",
        "Write --> where it ends.",
    ),
    (
        r"no list is called '(?P<name>[^']*)'",
        "There is no list of the name {name}",
        "Mend this line of issue.md, or make the list: {code}",
    ),
    (
        r"the file of this issue is not there|.*is not there any more|no issue is called",
        "The issue's file is gone.",
        "Put it back, or open another issue.",
    ),
    (
        r"the library holds nothing new|what is new repeats a story",
        "Nothing new was collected since the last issue.",
        "Collect from the site beside an issue, or set its address under Sources in the settings.",
    ),
    (r"no picture came|the picture is empty", "This file is empty", "Choose another file."),
    (
        r"the picture has more than 8 MB|the picture has more pixels",
        "The picture is too large",
        "Save it as {kind}, 2000 pixels across.",
    ),
    (
        r"the picture is (?:an SVG|a HEIC)",
        "Mail programs do not show pictures of this kind",
        "Save it as {kind}.",
    ),
    (r"the picture ", "This file is no picture that a letter can show.", "Save it as {kind}."),
)
"""How a complaint begins, what the desk says of it, and how it is mended."""
_SAMPLES = {"number": "number = 14", "subject": 'subject = "…"'}
"""A line as it should be, by its key."""


def spoken(words: PageWords, error: Complaint) -> tuple[Markup, Markup] | None:
    """What is wrong and how to mend it; None where the desk has no words for it.

    Args:
        words: Of the desk.
        error: As the code told it.
    """
    for pattern, what, mend in KNOWN:
        found = re.match(pattern, error.what)
        if found is not None:
            named = found.groupdict()
            code = _code(_SAMPLES.get(named.get("key", ""), _sample(what)))
            parts = {name: _code(one) if name == "line" else one for name, one in named.items()}
            return words.say(what, **parts), words.say(mend, code=code, kind="JPEG")
    return None


def _code(line: str) -> Markup:
    """A line of the file as it stands there, from the left, whatever is beside it."""
    from markupsafe import Markup

    return Markup("<code>{}</code>").format(line)


def _sample(what: str) -> str:
    """A line as it should be, where the complaint names none."""
    if what.startswith("There is no list"):
        return 'list = "…"'
    return "number = 14" if "number" in what or "+++" in what else 'subject = "…"'


def as_data(words: PageWords, error: Complaint) -> dict[str, str]:
    """The same as plain text for JavaScript, as the code said it where the desk has no words.

    Args:
        words: Of the desk.
        error: As the code told it.
    """
    found = spoken(words, error)
    what, mend = (error.what, error.mend) if found is None else (words.plain(one) for one in found)
    return {"what": what, "where": error.where, "mend": mend}


def as_html(words: PageWords, error: Complaint) -> tuple[Markup, Markup]:
    """The same for a page.

    Args:
        words: Of the desk.
        error: As the code told it.
    """
    return spoken(words, error) or (words.html(error.what), words.html(error.mend))

"""What a complaint of the code says, in the language of the desk; the code itself speaks to a terminal. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.desk.site_refusals import REFUSALS
from newsletter.errors import RenderError
from newsletter.text.sentences import Sentence, said

if TYPE_CHECKING:
    from markupsafe import Markup

    from newsletter.report.page.wording import PageWords
    from subscribers.errors import Complaint

KNOWN: tuple[tuple[str, str, str], ...] = (
    *REFUSALS,  # before the pictures of an issue: a site may show one, too
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
    (
        r"nobody would be left who may send",
        "Nobody would be left who may send.",
        "Give somebody else the role first.",
    ),
    (r"there is somebody called (?P<name>.+) already", "{name} is at the desk already.", "Choose another name."),
    (
        r"a name is wanted|a name of \d+ signs|one line of text|a text is wanted$",
        "This cannot be a name.",
        "Write a name of one line, and no address.",
    ),
    (r"nobody at the desk is called", "Nobody at the desk is called so.", "Load the page again."),
    (r"nobody signs in at this desk", "Nobody signs in at this desk.", "Set [desk] url in newsletter.toml first."),
    (
        r"the element that begins here has no end",
        "The element that begins here has no end.",
        "Write ::: alone on the line where it ends.",
    ),
    (
        r"::: ends an element that nothing begins",
        "A line of ::: ends an element here, and nothing begins one.",
        "Take the line out, or write the name of an element behind the ::: of its first line.",
    ),
    (
        r"a heading stands within the element that begins in line (?P<n>\d+)",
        "A heading stands within the element that begins in line {n}.",
        "End the element with ::: before it, or write #### for a heading within it.",
    ),
    (
        r"(?P<name>\w+) takes no words behind its name|a link or picture stands behind the name (?P<other>\w+)",
        "This does not belong behind the name of the element.",
        "Write it on the line below.",
    ),
    (
        r"(?P<name>\w+) stands \d+ elements deep|(?P<inner>\w+) stands within (?P<outer>\w+)$",
        "An element stands within another one that cannot hold it.",
        "End the outer one with ::: before it.",
    ),
    (
        r"a table of more than (?P<n>\d+) columns",
        "A table of more than {n} columns, and a telephone shows no more.",
        "Make two tables of it, or write it as a list.",
    ),
    (
        r"the code that begins here has no end",
        "The code that begins here has no end.",
        "Write its three signs once more, alone on the line where it ends.",
    ),
    (
        r"the name of a footnote has a space: (?P<name>.+)",
        "The name of a footnote has a space: {name}",
        "Write a hyphen in its place.",
    ),
    (
        r"the footnote (?P<name>\S+) has no words",
        "The footnote {name} has no words.",
        "Write them on a line of their own that begins with its name and a colon.",
    ),
    (
        r"the footnote (?P<name>\S+) has words twice, and first in line (?P<n>\d+)",
        "The footnote {name} has words twice, and first in line {n}.",
        "Give one of them another name.",
    ),
    (
        r"nothing leads to the footnote (?P<name>\S+)",
        "Nothing leads to the footnote {name}.",
        "Write its name behind the words that it is about, or take it out.",
    ),
    (
        r"a heading without a space: (?P<name>.+)",
        "A heading without a space: {name}",
        "Write a space behind the signs of #.",
    ),
    (
        r"a picture whose caption is not understood",
        "The caption of a picture is not understood.",
        "It stands between two straight marks behind the file's name; a quotation inside it stands in «…».",
    ),
    (
        r"a broken link: (?P<name>.+)|the links? .*nowhere a reader can follow",
        "A link that is not whole.",
        "The words stand in [ ], the whole address right behind them in ( ).",
    ),
    (
        r"a link that leads nowhere: (?P<name>.+)",
        "A link leads nowhere: {name}",
        "Write a whole address that begins with https://",
    ),
    (
        r".* is no name of a template",
        "The template has a name that none can have.",
        "Mend this line of issue.md, or take it out.",
    ),
    (
        r"the subject or the preheader has this letter's marker|the issue's text has this letter's marker",
        "Something in the issue looks like a place that is filled for each reader.",
        "Load the page again; if it stays, take the long row of letters out.",
    ),
    (
        r"the address (?P<name>\S+) in \S+ is not plain ASCII",
        "The address {name} has letters that mail cannot carry.",
        "Write its domain as it is registered, beginning with xn--.",
    ),
    (
        r"\S+ holds the control character (?P<name>\S+)",
        "An invisible control character stands in a line of the letter's head: {name}",
        "Write the line anew.",
    ),
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
            named = {name: value or "" for name, value in found.groupdict().items()}
            code = _code(_SAMPLES.get(named.get("key", ""), _sample(what)))
            parts = {name: _code(one) if name == "line" else one for name, one in named.items()}
            return words.say(what, **parts), words.say(mend, code=code, kind="JPEG")
    return None


def told_of(what: str) -> tuple[Sentence, Sentence] | None:
    """The same for a terminal: sentences of the desk's catalogue, with their parts; None where it has no words for it.

    Args:
        what: What is wrong, as the code told it.
    """
    for pattern, sentence, mend in KNOWN:
        found = re.match(pattern, what)
        if found is not None:
            named = {name: value or "" for name, value in found.groupdict().items()}
            code = _SAMPLES.get(named.get("key", ""), _sample(sentence))
            return said(sentence, **named), said(mend, code=code, kind="JPEG")
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
    found = spoken(words, error)
    if found is None and isinstance(error, RenderError):
        return words.say("The letter cannot be made: {name}", name=error.what), words.html(error.mend)
    return found or (words.html(error.what), words.html(error.mend))

"""What is wrong with a setting, in the language of the desk; the schema itself speaks to a terminal. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

    from newsletter.errors import SettingsError
    from newsletter.report.page.wording import PageWords

_FOUND = re.compile(r"(?P<place>.*): found (?P<value>.*?), but (?P<wanted>.*)", re.DOTALL)
_MISSING = re.compile(r"(?P<place>.*): (?P<name>[\w.]+) is missing; add it")
_UNKNOWN = re.compile(r"(?P<place>.*?) is not a setting;")
WANTED: tuple[tuple[str, str], ...] = (
    (r"input should be greater than or equal to (?P<n>[\d.]+)", "{n} or more is wanted"),
    (r"input should be less than or equal to (?P<n>[\d.]+)", "{n} or less is wanted"),
    (r"input should be greater than (?P<n>[\d.]+)", "more than {n} is wanted"),
    (r"input should be less than (?P<n>[\d.]+)", "less than {n} is wanted"),
    (r"input should be a valid (?:integer|number)", "a number is wanted"),
    (r"input should be a valid boolean", "yes or no is wanted"),
    (r"input should be a valid string", "a text is wanted"),
    (r"input should be a valid (?:list|tuple)", "several values are wanted, each on a line of its own"),
    (r"input should be (?P<several>'.+)", "one of these is wanted: {several}"),
    (r"a number from (?P<n>\d+) to (?P<most>\d+) is wanted", "a number from {n} to {most} is wanted"),
    (r"(?:one line of text|a text|text in quotes) is wanted", "a text is wanted"),
    (r"an https address is wanted", "an address that begins with https:// is wanted"),
    (r"[^;]*such as (?P<sample>[^;]+?) (?:is|are) wanted", "something such as this is wanted: {sample}"),
    (r"string should have at least", "a longer text is wanted"),
    (r"string should have at most", "a shorter text is wanted"),
)
"""What the schema wants, and what the desk says of it."""
OTHERS: tuple[tuple[str, str], ...] = (
    (r"a number is wanted, and (?P<value>.+) is none", "A number is wanted, and {value} is none."),
    (
        r"each line is written NAME = VALUE, and (?P<value>.+) is not",
        "Each line is a name, =, and a value, and this one is not: {value}",
    ),
    (
        r"from here only addresses of the web can be added",
        "From here only addresses of the web can be added; files are written into newsletter.toml.",
    ),
    (
        r".*is not (?:valid TOML|UTF-8 text)",
        "newsletter.toml itself cannot be read: it was changed by hand, and must be mended by hand.",
    ),
    (
        r".* stands there in a way that a program cannot change alone",
        "This stands in newsletter.toml in a way that only a person can change, in the file.",
    ),
    (r"was changed by somebody else", "The file was changed by somebody else meanwhile. Look at it, and save again."),
    (r"cannot be (?:read|written)", "The disk does not let the file be read or written."),
)


def spoken_of(words: PageWords, error: SettingsError) -> list[Markup]:
    """What is wrong, each in a sentence; where the desk has no words, which setting it is and what stands there.

    Args:
        words: Of the desk.
        error: As the code told it.
    """
    for pattern, sentence in OTHERS:
        found = re.match(pattern, error.what)
        if found is not None:
            return [words.say(sentence, **found.groupdict())]
    return [_line(words, line) for line in error.what.split("\n") if line.strip()]


def _line(words: PageWords, line: str) -> Markup:
    unknown = _UNKNOWN.match(line)
    if unknown is not None:
        return words.say("{name} is not among the settings.", name=_key(unknown["place"]))
    missing = _MISSING.match(line)
    if missing is not None:
        return words.say("{name} is missing.", name=_key(missing["name"]))
    found = _FOUND.fullmatch(line)
    if found is None:
        return words.say("This does not hold: {name}", name=_key(line.partition(": ")[2] or line))
    for pattern, sentence in WANTED:
        wanted = re.match(pattern, found["wanted"])
        if wanted is not None:
            said = words.say(sentence, **wanted.groupdict())
            break
    else:
        said = words.say("this is wanted: {several}", several=found["wanted"])
    return words.say(
        "{name}: {value} does not fit; {wanted}.", name=_key(found["place"]), value=found["value"], wanted=said
    )


def _key(place: str) -> str:
    """A setting without the file that it stands in."""
    return place.rpartition(": ")[2]

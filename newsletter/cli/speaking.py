"""The language that commands speak: English as it stands in the code, or a catalogue's, put in where it is printed.

What is said is a ``Sentence`` of ``newsletter.text.sentences`` (``said``, ``counted``, ``joined``), which keeps its
pattern and its parts; the catalogues are asked for the pattern. What comes as a plain text, as from the readers' side,
is found by the patterns of the catalogue. Data is never translated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from newsletter.text.languages import base
from newsletter.text.sentences import PARTS_OF_OURS, Moment, Sentence, joined, said

if TYPE_CHECKING:
    from gettext import NullTranslations

    from subscribers.errors import Complaint

CATALOGUES = ("cli", "doctor", "alerts", "report", "desk")
"""Those that are asked, in this order: what the doctor, the alerts, the report and the desk say is said once."""
SPOKEN = ("en", "ar")
"""Languages of commands; English is that of the code."""
VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""What gettext goes by, the first that is set."""
LEFT_TO_RIGHT_ISOLATE, RIGHT_TO_LEFT_ISOLATE, POP_ISOLATE = "\u2066", "\u2067", "\u2069"
_SIGNS = "\u200e\u200f\u061c\u2066\u2067\u2068\u2069"
_PART = re.compile(r"\{(\w+)\}")
_FROM_THE_RIGHT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_LETTERS = re.compile(r"[A-Za-z]")
_WORD_BEFORE = re.compile("(?:[A-Za-z][A-Za-z0-9.+-]*|\u2066[A-Za-z][^\u2066-\u2069 ]*\u2069) $")
_LEAST_LETTERS = 9
"""Letters that a pattern must have of its own before a plain text is taken for one of its sentences."""

_chosen = {"language": "en"}
"""Of this process: a command line has one."""


def choose(arguments: Sequence[str], variables: Mapping[str, str]) -> None:
    """Settle the language of this command.

    Args:
        arguments: Behind the name of the program; ``--lang`` stands before the command.
        variables: Of the environment.
    """
    _chosen["language"] = asked_for(arguments) or of_environment(variables)


def typed(arguments: Sequence[str]) -> list[str]:
    """Arguments without the signs of direction that a terminal copies with a command, where nothing else needs them.

    Args:
        arguments: As they came.
    """
    return [bare if (bare := one.strip(_SIGNS)).isascii() else one for one in arguments]


def asked_for(arguments: Sequence[str]) -> str:
    """The language that ``--lang`` names, if it is one that commands speak; empty when it names none.

    Args:
        arguments: Behind the name of the program.
    """
    wanted = ""
    waiting = iter(arguments)
    for one in waiting:
        if one == "--lang":
            wanted = next(waiting, "")
        elif one.startswith("--lang="):
            wanted = one.partition("=")[2]
        elif one in ("-C", "--directory"):
            next(waiting, "")
        elif not one.startswith("-"):
            break
    return base(wanted) if base(wanted) in SPOKEN else ""


def of_environment(variables: Mapping[str, str]) -> str:
    """The language that the environment names, as gettext reads it; English when it names none that is spoken.

    Args:
        variables: Of the environment.
    """
    named = next((variables[name] for name in VARIABLES if variables.get(name)), "")
    for one in named.split(":"):
        tag = base(re.split(r"[.@]", one)[0])
        if tag in ("c", "posix"):
            return "en"
        if tag in SPOKEN:
            return tag
    return "en"


def language() -> str:
    """The language of this command, as a tag."""
    return _chosen["language"]


def from_right() -> bool:
    """Whether it is written from right to left."""
    return language() == "ar"


def told(text: str) -> str:
    """A text in the language of this command; as it is where nothing knows it.

    Args:
        text: A sentence, or plain words; a line for a person, not data.
    """
    if language() == "en" or not text:
        return text
    from newsletter.text import bidi

    lines = [text] if isinstance(text, Sentence) else text.split("\n")
    lines = "\n".join(line if (known := _known(line)) is None else filled(*known) for line in lines).split("\n")
    return "\n".join(bidi.isolate(line, "rtl") if _FROM_THE_RIGHT.search(line) else line for line in lines)


def complaint_lines(complaint: Complaint) -> Sequence[str]:
    """What is wrong, where, and how to mend it, a line for each, to be said; in the desk's words where it has some.

    Args:
        complaint: As the code told it; in English its own words.
    """
    if language() == "en":
        return str(complaint).splitlines()
    return [_complaint(one) for one in (complaint, *getattr(complaint, "others", ()))]


def complained(complaint: Complaint) -> str:
    """The same as a part of a sentence, of as many lines."""
    return joined(complaint_lines(complaint), "\n")


def _complaint(complaint: Complaint) -> Sentence:
    what, mend = complaint.what, complaint.mend
    if _known(what) is None and (found := _of_the_desk(what)) is not None:
        what, mend = found
    pattern = "{where}: {what}" if complaint.where else "{what}"
    return said(pattern + "; {mend}" if mend else pattern, what=what, where=complaint.where, mend=mend)


def is_known(text: str) -> bool:
    """Whether a catalogue has this text, or its pattern.

    Args:
        text: As the code says it.
    """
    return _known(text) is not None


def marked(text: str) -> Sentence:
    """A plain text as a sentence, so that the catalogues are asked for it.

    Args:
        text: Ours, or made of ours; a sentence stays as it is.
    """
    return text if isinstance(text, Sentence) else Sentence("{plain}", "", 0, {"plain": text})


def _of_the_desk(text: str) -> tuple[Sentence, Sentence] | None:
    """What the desk says of this complaint, and how it is mended."""
    from newsletter.desk.complaints import told_of

    return told_of(text)


def _told(text: str) -> str:
    """A text in the language of this command, its parts isolated."""
    known = _known(text)
    if known is None:
        return _part(text)
    pattern, parts = known
    return filled(pattern, parts)


def _known(text: str) -> tuple[str, Mapping[str, str]] | None:
    """The pattern of a text in the language of this command, and what is put into it; None where none is known."""
    if isinstance(text, Sentence):
        if text.pattern == "{plain}":
            return _known(text.parts["plain"])
        pattern = _pattern(text.pattern, text.many, text.number)
        if pattern is None and _LETTERS.search(_PART.sub("", text.pattern)):
            return None
        number = {"n": f"{text.number:,}"} if text.many else {}
        return pattern or text.pattern, {**number, **text.parts}
    if (whole := _pattern(text, "", 0)) is not None:
        return whole, {}
    return _found(text)


def _pattern(one: str, many: str, number: int) -> str | None:
    # Asked for nothing, gettext gives the head of the file.
    for catalogue in _catalogues(language()) if one else ():
        found = catalogue.ngettext(one, many, number) if many else catalogue.gettext(one)
        if found not in (one, many):
            return found
    return None


@cache
def _catalogues(tag: str) -> list[NullTranslations]:
    from newsletter.letters import catalogue, templates

    environment = templates.environment()
    return [catalogue.words(environment, tag, name) for name in CATALOGUES]


@cache
def _patterns(tag: str) -> list[tuple[int, list[str], str]]:
    """The patterns of the first catalogue with parts in them: letters of their own, their pieces, themselves."""
    from newsletter.letters import catalogue, templates

    found = []
    for text in catalogue.texts(templates.environment(), tag, CATALOGUES[0]):
        letters = len(_LETTERS.findall(_PART.sub("", text)))
        if _PART.search(text) and letters >= _LEAST_LETTERS:
            found.append((letters, _PART.split(text), text))
    return sorted(found, key=lambda one: -one[0])


def _found(text: str) -> tuple[str, Mapping[str, str]] | None:
    """The pattern that made a plain text, and its parts: the one with the most letters of its own."""
    for _, pieces, pattern in _patterns(language()):
        parts = _parts_of(text, pieces)
        if parts is not None and (said := _pattern(pattern, "", 0)) is not None:
            return said, parts
    return None


def _parts_of(text: str, pieces: Sequence[str]) -> dict[str, str] | None:
    """What stands between the pieces of a pattern; None when they do not stand in the text in this order."""
    if not text.startswith(pieces[0]) or not text.endswith(pieces[-1]):
        return None
    parts: dict[str, str] = {}
    at, end = len(pieces[0]), len(text) - len(pieces[-1])
    for place in range(1, len(pieces), 2):
        follows = pieces[place + 1]
        last = place + 2 == len(pieces)
        until = end if last else text.find(follows, at + 1, end) if follows else at + 1
        if until <= at:
            return None
        if parts.setdefault(pieces[place], text[at:until]) != text[at:until]:
            return None
        at = until + len(follows)
    return parts


def filled(pattern: str, parts: Mapping[str, str]) -> str:
    """A pattern with its parts; what stands between two backquotes is a command or a name, one piece from the left.

    Args:
        pattern: In the language of the command.
        parts: What stands in it.
    """
    made = ""
    for at, piece in enumerate(pattern.split("`")):
        if at % 2:
            made += (
                LEFT_TO_RIGHT_ISOLATE + _PART.sub(lambda found: str(parts.get(found[1], found[0])), piece) + POP_ISOLATE
            )
            continue
        for place, words in enumerate(_PART.split(piece)):
            if place % 2 == 0:
                made += words
            elif words not in parts:
                made += f"{{{words}}}"
            else:
                made = _joined(made, _part_told(words, parts[words]))
    return made


def _joined(made: str, part: str) -> str:
    """A line with its next part; a word of other letters right before a number or name is one piece with it."""
    before = _WORD_BEFORE.search(made)
    bare = part.strip(LEFT_TO_RIGHT_ISOLATE + POP_ISOLATE)
    if before is None or not (_NUMBER.fullmatch(part) or part == f"{LEFT_TO_RIGHT_ISOLATE}{bare}{POP_ISOLATE}"):
        return made + part
    if before[0][0] == LEFT_TO_RIGHT_ISOLATE and not bare[:1].isdigit():
        return made + part  # two names
    word = before[0].strip(f"{LEFT_TO_RIGHT_ISOLATE}{POP_ISOLATE} ")
    return f"{made[: before.start()]}{LEFT_TO_RIGHT_ISOLATE}{word} {bare}{POP_ISOLATE}"


def _part_told(name: str, part: str) -> str:
    """A part of a sentence: a sentence of its own, a moment, or data, which stays as it is whatever it says."""
    if isinstance(part, Moment):
        return part.in_language(language())
    return _told(part) if isinstance(part, Sentence) or name in PARTS_OF_OURS else _part(part)


def _part(text: str) -> str:
    """A name, number or foreign words, so that they neither move nor are moved."""
    if not text or _NUMBER.fullmatch(text):
        return text
    from newsletter.text import bidi

    if not _FROM_THE_RIGHT.search(text):
        return LEFT_TO_RIGHT_ISOLATE + text + POP_ISOLATE if text.strip(" .,;:") else text
    if text[0] in bidi.OPENING and len(bidi.outermost(bidi.clean(text))) == 1:
        return text  # who says it has isolated it
    side = bidi.first_strong(text, "rtl")
    return (RIGHT_TO_LEFT_ISOLATE if side == "rtl" else LEFT_TO_RIGHT_ISOLATE) + bidi.isolate(text, side) + POP_ISOLATE

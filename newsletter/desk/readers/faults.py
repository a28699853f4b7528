"""Why a row of a file cannot be used, in the words of the desk. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from newsletter.report.page.wording import PageWords

_UNKNOWN = re.compile(r"its (status|rhythm) '(.*)' is none we know")


def told(fault: str, words: PageWords) -> Markup:
    """The reason for a row that cannot be used.

    Args:
        fault: As the reader of files says it.
        words: Of the desk.
    """
    known = {
        "there is nothing here": words.say("there is no address in it"),
        "it has characters that no address can have": words.say("it has characters that no address can have"),
        "write it without mailto:": words.say("write it without {word}", word=Markup("<bdi>mailto:</bdi>")),
        "it has no @": words.say("it has no {sign}", sign=Markup("<bdi>@</bdi>")),
        "write the address alone, without a name and angle brackets": words.say("write the address alone"),
        "it has more than one @": words.say("it has more than one {sign}", sign=Markup("<bdi>@</bdi>")),
        "it has a space in it": words.say("it has a space in it"),
        "it has a comma or semicolon in it": words.say("it has a comma in it"),
        "there is more than one thing on this line": words.say("there is more than one thing on this line"),
        "it is not ASCII and the file is not UTF-8; save the file as UTF-8": words.say(
            "save the file in {name}", name=Markup("<bdi>UTF-8</bdi>")
        ),
    }
    if fault in known:
        return known[fault]
    unknown = _UNKNOWN.fullmatch(fault)
    if unknown is not None:
        cell = Markup("<bdi>{}</bdi>").format(unknown[2])
        if unknown[1] == "status":
            return words.say("its state “{cell}” is none we know", cell=cell)
        return words.say("its rhythm “{cell}” is none we know", cell=cell)
    if fault.startswith("its status is empty"):
        return words.say("it does not say how they stand, and silence is no consent")
    if fault.startswith("its "):
        return words.say("a cell of it cannot be read")
    return words.say("no address that one can write to")

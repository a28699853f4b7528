"""The quick exit: most texts need nothing, and one pattern tells so."""

from __future__ import annotations

import re
from typing import Literal

Direction = Literal["rtl", "ltr"]

# Neither a digit nor a left-to-right letter, and nothing that steers direction: signs, spaces, Arabic and Hebrew.
_STILL = (
    r"[\t\n\r -/:-@\[-`{-~\u00a0-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7"
    r"\u0590-\u065f\u066a-\u06ef\u06fa-\u06ff\u0750-\u077f\u08a0-\u08ff"
    r"\u2000-\u2027\u202f-\u2064\u20a0-\u20c0\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc]"
)
# A number between words, as in a date, that the algorithm shows right as well.
_STILL_NUMBER = r"(?:\A|(?<=[\u0620-\u064a·،:] ))[0-9]++(?=\Z| [\u0620-\u064a]|، [\u0620-\u064a])"
# No possessive group anywhere here: Python before 3.11.5 matches one wrongly when something in it can give way.
_QUIET = re.compile(rf"(?:{_STILL}++|{_STILL_NUMBER})*")
# Every block with right-to-left letters in it, and every sign that steers direction but for the single marks.
_LOUD = re.compile(
    "[\u0590-\u08ff\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff]"
)


def quiet(text: str, base: Direction) -> bool:
    """Tell quickly of most texts that nothing in them needs isolating: no letter, digit or sign that could.

    Args:
        text: Plain text, of any length.
        base: Direction of the paragraph it will stand in.
    """
    if base == "rtl":
        return _QUIET.fullmatch(text) is not None
    return _LOUD.search(text) is None

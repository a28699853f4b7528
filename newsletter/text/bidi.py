"""Mixed directions: which runs of a text must be isolated so that they read right, and how that is written down.

The Unicode bidirectional algorithm (UAX #9) orders a run by its neighbours. In right-to-left text that turns
``3-1`` into ``1-3``, ``C++`` into ``++C`` and a phone number back to front. Isolating those runs mends it:
in HTML with ``<span dir="ltr">`` (Gmail, Outlook and Yahoo drop ``<bdi>``, caniemail.com), in subjects and plain
text with the isolate characters of UAX #9 section 2.4.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

Direction = Literal["rtl", "ltr"]

LRI, RLI, FSI, PDI = "\u2066", "\u2067", "\u2068", "\u2069"
RLM, LRM = "\u200f", "\u200e"

# Embeddings and overrides: they leak past the run they were meant for, and overrides disguise text.
_EMBEDDINGS = re.compile("[\u202a-\u202e]")
# What ends a paragraph ends every isolate in it (UAX #9, BD1 and X8).
_PARAGRAPHS = re.compile("([\n\r\x1c\x1d\x1e\x85\u2029]+)")

_NAMES_WITH_A_SIGN = ("Yahoo!", "Yum!", "Joomla!", "Kahoot!", "Jeopardy!")
_UNITS = (
    "km/h|km²|km2|km|kg|cm|mm|m²|m³|m|mg|ml|kWh|MWh|GWh|kW|MW|GW|KB|kB|MB|GB|TB|Kbps|Mbps|Gbps|Hz|kHz|MHz|GHz|"
    "USD|EUR|GBP|DZD|MAD|TND|LYD|EGP|SAR|AED|QAR|KWD|JOD|IQD|°C|°F|am|pm|AM|PM"
)

_GAP = "[ \u00a0\u202f]"
_LTR = r"[\p{L}&&\p{bc=L}]"
_RTL = r"[[\p{bc=R}\p{bc=AL}]--[\u200f\u061c]]"
_INSIDE = rf"(?:{_LTR}|[0-9\u00b2\u00b3\u00b9\u2070-\u209c]|\p{{M}}|_|[.&/:@'’\-–+](?:{_LTR}|[0-9]))"
_MONEY = "[$€£¥₪﷼]"
_PAIRS = {"(": ")", "[": "]", "“": "”", "«": "»", "‹": "›"}
_CLOSING = {closing: opening for opening, closing in _PAIRS.items()}

# Stands for an isolate that was there already: its neighbours must be read as beside a letter.
_ISOLATED = "\ufdd0"
_NO_RTL = r"[^\n\p{bc=R}\p{bc=AL}\u2066-\u2069\ufdd0%s]"
# Quoted or bracketed words without one right-to-left letter are one run, their own "?" or "!" included.
_QUOTED = "|".join(
    rf"(?<={left})(?!\s){_NO_RTL % (left + right)}*?{_LTR}{_NO_RTL % (left + right)}*(?<!\s)(?={right})"
    for left, right in (("«", "»"), ("“", "”"), ("‹", "›"), (r"\(", r"\)"), (r"\[", r"\]"), ('"', '"'))
)
_PHONE = r"""
    (?<![\p{L}\p{N}\ufdd0]) (?: \(\+\p{Nd}{1,4}\) | \+\p{Nd}{1,4} | 00[0-9]{1,3} )
        (?: [ \u00a0\u202f.\-]? \(?\p{Nd}{1,4}\)? ){2,7} (?![\p{L}\p{N}\ufdd0])
  | (?<![\p{L}\p{N}\ufdd0]) \p{Nd}{2,3} (?: [ \u00a0\u202f] \p{Nd}{2,3} ){2,6} (?![\p{L}\p{N}\ufdd0])
  | (?<![\p{L}\p{N}\ufdd0]) \p{Nd}{1,3} (?: [ \u00a0\u202f] \p{Nd}{3} )+ (?![\p{L}\p{N}\ufdd0])
"""
_WORD = rf"""
    (?: [@\#] | (?<!\S)\. | (?<![\p{{L}}\p{{N}}.,\ufdd0])[0-9]+[.\-]? )? {_LTR} {_INSIDE}*
    (?: \+{{1,2}} | \# | [®™©] | (?<=\.\p{{L}})\. | (?<={"|".join(name[:-1] for name in _NAMES_WITH_A_SIGN)})! )?
"""
_COUNT = rf"""
    (?: (?<![\p{{L}}\p{{M}}\p{{N}}\ufdd0])[+\-−±~≈]? {_MONEY}? | \# )? [0-9]+ (?: [.,:/\-–−×'’][0-9]+ )*
    (?: {_GAP}? (?: [%‰] | {_MONEY} | (?:{_UNITS})(?![\p{{L}}\p{{N}}\ufdd0]) ) | \+(?![\p{{L}}\p{{N}}\ufdd0]) )?
"""
_ATOMS = rf"""(?xV1)
  (?P<link> (?:https?://|mailto:|www\.) [^\s<>"«»“”،؛؟\u2066-\u2069]+
          | [A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+ )
| (?P<quoted> {_QUOTED} )
| (?P<phone> {_PHONE} )
| (?P<word> {_WORD} )
| (?P<count> {_COUNT} )
| (?P<rtl> {_RTL} (?: {_RTL} | [\p{{M}}\u200c\u200d'’_] )* )
| (?P<other> {_GAP}+ | [\s\S] )
"""

# A number that the algorithm shows right by itself: digits, one decimal part, or grouped by commas.
_PLAIN_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_SHORT = re.compile(r"[0-9]{1,2}")
_YEAR = re.compile(r"[0-9]{4}")
_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}")
_RANGE_SIGN = re.compile(rf"{_GAP}[-–×]{_GAP}")

# What may stand between two words of one left-to-right phrase: a space, a comma, a dash, a bracket, a quote.
_LTR_JOINT = re.compile(rf"(?:{_GAP}|[,:&/+|×·–—\-]|[()\[\]\"“”'’]){{1,4}}")
# A number belongs to the name before it (iPhone 15, Apple: 3) but not over a sign that parts a line's fields.
_NUMBER_JOINT = re.compile(rf"{_GAP}?[(\[]|:?{_GAP}|[\-–/#:]")
_RTL_JOINT = re.compile(rf"(?:{_GAP}|[،؛,:.\-–—/%٪]|[()\[\]\"“”'’«»]|\d){{1,16}}")
_SENTENCE_JOINT = re.compile(rf"[.!?;…][\"”’)]?{_GAP}")
_ABBREVIATION = re.compile(r"\w{1,3}")
_LINK_TAIL = ".,:;!?'’\"*…"


@dataclass(frozen=True, slots=True)
class _Atom:
    kind: str
    text: str


@cache
def _atoms() -> Any:
    import regex

    return regex.compile(_ATOMS)


@cache
def _letters(direction: Direction) -> Any:
    import regex

    return regex.compile(rf"(?V1){_RTL if direction == 'rtl' else _LTR}")


def has_letters(text: str, direction: Direction) -> bool:
    """Tell whether a strong letter of this direction stands in the text.

    Args:
        text: Any text.
        direction: ``rtl`` (bidi classes R and AL) or ``ltr`` (letters of class L).
    """
    return _letters(direction).search(text) is not None


def clean(text: str) -> str:
    """Take out embeddings, overrides and every isolate that is not closed in its own paragraph.

    Args:
        text: Any text.
    """
    text = _EMBEDDINGS.sub("", text)
    if not any(sign in text for sign in (LRI, RLI, FSI, PDI)):
        return text
    return "".join(_balanced(part) for part in _PARAGRAPHS.split(text))


def _balanced(paragraph: str) -> str:
    open_at: list[int] = []
    drop: set[int] = set()
    for at, sign in enumerate(paragraph):
        if sign in (LRI, RLI, FSI):
            open_at.append(at)
        elif sign == PDI:
            if open_at:
                open_at.pop()
            else:
                drop.add(at)
    drop.update(open_at)
    return "".join(sign for at, sign in enumerate(paragraph) if at not in drop)


def strip(text: str) -> str:
    """Take out every isolate, embedding and override; the single marks LRM, RLM and ALM stay.

    Args:
        text: Any text.
    """
    return re.sub("[\u2066-\u2069]", "", _EMBEDDINGS.sub("", text))


def runs(text: str, base: Direction = "rtl") -> list[tuple[str, bool]]:
    """Cut a text into runs and say which must be isolated; joined again they are ``clean(text)``.

    Args:
        text: Any text; runs that carry their own isolates already are left as they are.
        base: Direction of the paragraph it will stand in.

    Returns:
        Pairs of a run and whether it must be isolated.
    """
    found: list[tuple[str, bool]] = []
    for part in _PARAGRAPHS.split(clean(text)):
        pieces = _outside_isolates(part)
        isolated = [piece for piece in pieces if piece[0] in (LRI, RLI, FSI, _ISOLATED)]
        text_around = "".join(_ISOLATED if piece[0] in (LRI, RLI, FSI) else piece for piece in pieces)
        found.extend(_restored(_cut(text_around, base), iter(isolated)))
    return _merged(found)


def _restored(found: list[tuple[str, bool]], isolated: Iterator[str]) -> Iterator[tuple[str, bool]]:
    for run, needed in found:
        yield "".join(next(isolated) if sign == _ISOLATED else sign for sign in run), needed


def isolate(text: str, base: Direction = "rtl") -> str:
    """Put isolate characters round every run that needs them (for subjects, preheaders and plain text).

    Args:
        text: Any text; done twice it stays the same.
        base: Direction of the paragraph it will stand in.
    """
    return "".join(_signed(run, base) if needed else run for run, needed in runs(text, base))


def _signed(run: str, base: Direction) -> str:
    # Inside a right-to-left run of a left-to-right paragraph a score would turn round again.
    return f"{LRI}{run}{PDI}" if base == "rtl" else f"{RLI}{isolate(run, 'rtl')}{PDI}"


def to_html(text: str, base: Direction = "rtl") -> Markup:
    """Escape a text for HTML and wrap every run that needs it in ``<span dir=…>``.

    Args:
        text: Any text; isolates in it become spans too.
        base: Direction of the element it will stand in.
    """
    from markupsafe import Markup

    return Markup("".join(_spans(text, base)))  # noqa: S704 - every part is escaped in _spans


def _spans(text: str, base: Direction) -> list[str]:
    away = "ltr" if base == "rtl" else "rtl"
    parts: list[str] = []
    for run, needed in runs(text, base):
        if needed:
            inside = [html.escape(run)] if away == "ltr" else _spans(run, "rtl")
            parts += [f'<span dir="{away}">', *inside, "</span>"]
            continue
        for piece in _outside_isolates(run):
            if piece[:1] not in (LRI, RLI, FSI):
                parts.append(html.escape(piece))
                continue
            inner = piece[1:-1]
            side = {LRI: "ltr", RLI: "rtl"}.get(piece[0]) or _first_strong(inner, base)
            direction: Direction = "rtl" if side == "rtl" else "ltr"
            parts += [f'<span dir="{direction}">', *_spans(inner, direction), "</span>"]
    return parts


def _first_strong(text: str, base: Direction) -> Direction:
    rtl, ltr = _letters("rtl").search(text), _letters("ltr").search(text)
    if rtl is None or ltr is None:
        return "rtl" if rtl else "ltr" if ltr else base
    return "rtl" if rtl.start() < ltr.start() else "ltr"


def _outside_isolates(text: str) -> list[str]:
    """Cut at the outermost isolates; each of them is one piece, with its own signs."""
    pieces: list[str] = []
    depth = start = 0
    for at, sign in enumerate(text):
        if depth == 0 and sign in (LRI, RLI, FSI, _ISOLATED):
            pieces.append(text[start:at])
            start = at
        depth += (sign in (LRI, RLI, FSI)) - (sign == PDI)
        if depth == 0 and sign in (PDI, _ISOLATED):
            pieces.append(text[start : at + 1])
            start = at + 1
    return [piece for piece in [*pieces, text[start:]] if piece]


def _merged(found: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    merged: list[tuple[str, bool]] = []
    for run, needed in found:
        if merged and not needed and not merged[-1][1]:
            merged[-1] = (merged[-1][0] + run, False)
        elif run:
            merged.append((run, needed))
    return merged


def _cut(text: str, base: Direction) -> list[tuple[str, bool]]:
    away: Direction = "ltr" if base == "rtl" else "rtl"
    if has_letters(text, away) and not has_letters(text, base) and _ISOLATED not in text:
        # Not a letter of the paragraph's own direction: its signs belong to it as well.
        body = text.strip()
        before, _, after = text.partition(body)
        return [(before, False), (body, True), (after, False)]
    atoms = _read(text)
    found: list[tuple[str, bool]] = []
    at = 0
    while at < len(atoms):
        end = _phrase(atoms, at, base)
        if end > at:
            found.append(("".join(atom.text for atom in atoms[at:end]), True))
            at = end
        else:
            found.append((atoms[at].text, False))
            at += 1
    return _sentences(found) if base == "rtl" else found


def _read(text: str) -> list[_Atom]:
    atoms: list[_Atom] = []
    at = 0
    while match := _atoms().match(text, at):
        kind, value = match.lastgroup, match.group()
        if kind == "link":
            value = _without_tail(value)
        if not value:
            kind, value = "other", text[at]
        atoms.append(_Atom(kind, value))
        at += len(value)
    return atoms


def _without_tail(link: str) -> str:
    """A link without the sentence's signs behind it; a bracket stays when it was opened in the link."""
    while link and (
        link[-1] in _LINK_TAIL or (link[-1] in ")]" and link.count(link[-1]) > link.count(_CLOSING[link[-1]]))
    ):
        link = link[:-1]
    return link


def _phrase(atoms: list[_Atom], at: int, base: Direction) -> int:
    """Index behind the run that starts here, or ``at`` itself when none does."""
    first = atoms[at]
    if base == "ltr":
        return _grow(atoms, at, ("rtl",), _RTL_JOINT) if first.kind == "rtl" else at
    if first.kind in ("link", "phone"):
        return at + 1
    if first.kind == "count":
        end = _range_end(atoms, at)
        return end if end > at + 1 or not _PLAIN_NUMBER.fullmatch(first.text) else at
    if first.kind in ("word", "quoted"):
        return _grow(atoms, at, ("word", "quoted", "count", "phone", "link"), _LTR_JOINT)
    return at


def _range_end(atoms: list[_Atom], at: int) -> int:
    """A range or score written with spaces: ``3 - 1``, ``2023 – 2024``, ``14:30 - 16:00``."""
    sign = "".join(atom.text for atom in atoms[at + 1 : at + 4])
    if at + 4 < len(atoms) and _RANGE_SIGN.fullmatch(sign) and atoms[at + 4].kind == "count":
        for shape in (_SHORT, _YEAR, _TIME):
            if shape.fullmatch(atoms[at].text) and shape.fullmatch(atoms[at + 4].text):
                return at + 5
    return at + 1


def _grow(atoms: list[_Atom], at: int, kinds: tuple[str, ...], joint: re.Pattern[str]) -> int:
    """Go on over joints as long as more words of the run follow and its brackets and quotes close."""
    end = at + 1
    open_signs: list[tuple[str, int]] = []
    while True:
        following = end
        while following < len(atoms) and atoms[following].kind not in kinds and following - end < 16:
            if atoms[following].kind not in ("other", "count", "phone"):
                break
            following += 1
        if following >= len(atoms) or atoms[following].kind not in kinds:
            break
        between = "".join(atom.text for atom in atoms[end:following])
        fits = _NUMBER_JOINT if atoms[following].kind in ("count", "phone") and joint is _LTR_JOINT else joint
        if not _joins(between, atoms[end - 1].text, fits) or not _pair(between, open_signs, end):
            break
        end = following + 1
    return _closed(atoms, end, open_signs)


def _joins(between: str, before: str, joint: re.Pattern[str]) -> bool:
    if not between:
        return True
    if between == ". ":
        return _ABBREVIATION.fullmatch(before) is not None
    return joint.fullmatch(between) is not None


def _pair(between: str, open_signs: list[tuple[str, int]], end: int) -> bool:
    """Keep count of brackets and quotes; False when one closes that was not opened in this run."""
    for at, sign in enumerate(between):
        if sign in _PAIRS:
            open_signs.append((sign, end))
        elif sign in _CLOSING or (sign == '"' and at == 0):
            wanted = _CLOSING.get(sign, sign)
            if not open_signs or open_signs[-1][0] != wanted:
                return False
            open_signs.pop()
        elif sign == '"':
            open_signs.append((sign, end))
    return True


def _closed(atoms: list[_Atom], end: int, open_signs: list[tuple[str, int]]) -> int:
    """Take the closing signs that follow, or go back before the first one that stays open."""
    while open_signs and end < len(atoms) and atoms[end].text == _PAIRS.get(open_signs[-1][0], open_signs[-1][0]):
        open_signs.pop()
        end += 1
    return open_signs[0][1] if open_signs else end


def _sentences(found: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Join two left-to-right runs over a full stop when both are long enough to be a quotation."""
    joined: list[tuple[str, bool]] = []
    for run, needed in _merged(found):
        long_enough = needed and len(run.split()) >= 3
        if (
            long_enough
            and len(joined) >= 2
            and joined[-2][1]
            and len(joined[-2][0].split()) >= 3
            and _SENTENCE_JOINT.fullmatch(joined[-1][0])
        ):
            (before, _), (sign, _) = joined[-2:]
            joined[-2:] = [(before + sign + run, True)]
        else:
            joined.append((run, needed))
    return joined

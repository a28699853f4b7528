"""What stands between two lines of colons becomes one block: its title, its link, its pictures, its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.issues.containers import ElementKind
from newsletter.issues.prose.parts import OBJECT, PAID, Block, ElementDate, Inline, Mark, MarkdownFault, PictureAddress
from newsletter.models import Poll

_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
# 2026-12-05, or with an hour, or from one hour to another.
_WHEN = re.compile(
    r"\s*(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[\s،,]+(\d{1,2}):(\d{2})(?:\s*[-\u2010-\u2015\u2212]\s*(\d{1,2}):(\d{2}))?)?[\s،,.]*"
)
_SECOND_DAY = re.compile(r"(?:[-\u2010-\u2015\u2212]|to\b|till\b|until\b|إلى|حتى|تا|עד|à|au)?\s*\d{4}-\d{1,2}-\d{1,2}")
_DATE_MEND = "write the day as 2026-12-05, with its hours behind it if they matter: 2026-12-05 18:30-20:00"
_EARLIEST, _LATEST = 1900, 2200
MOST_PICTURES, MOST_FIGURES = 4, 4
FEWEST_ANSWERS, MOST_ANSWERS, LONGEST_ANSWER = 2, 6, 80
MOST_DAYS = 365
_CHOICE = r"\s*(results|النتائج|closes|تغلق|يغلق)\s*:\s*(\w+)(?:\s*(?:days?|يوم[اًا]*|أيام))?(?!\w)"
_CHOICES = re.compile(rf"(?:{_CHOICE})+\s*", re.IGNORECASE)
_AT_END = re.compile(rf"(?<=\S)\s+(?:{_CHOICE})+\s*$", re.IGNORECASE)
_ONE_CHOICE = re.compile(_CHOICE, re.IGNORECASE)
_YES, _NO = frozenset({"yes", "true", "نعم", "oui", "بله", "כן"}), frozenset({"no", "false", "لا", "non", "نه", "לא"})


@dataclass(frozen=True, slots=True)
class _Given:
    """What an editor wrote into an element."""

    kind: ElementKind
    title: str
    blocks: tuple[Block, ...]


class _WrongError(Exception):
    """What stands in an element is not what it needs: what, mend."""


def element(
    kind: ElementKind, title: str, blocks: Sequence[Block], line: int
) -> tuple[Block | None, list[MarkdownFault]]:
    """One element as a block.

    Args:
        kind: Which of the elements it is.
        title: The words behind its name; may be empty.
        blocks: What stands in it, read.
        line: Of its beginning, for faults.

    Returns:
        The block, or None with what is wrong.
    """
    try:
        return _SHAPES[kind.name](_Given(kind, title, tuple(blocks))), []
    except _WrongError as wrong:
        what, mend = wrong.args
        return None, [MarkdownFault(line, what, mend)]


def _box(given: _Given) -> Block:
    if not given.blocks and not (given.title and given.kind.name == "author"):
        raise _wrong(given, "is empty")
    return Block(given.kind.name, children=given.blocks, title=given.title)


def _sponsor(given: _Given) -> Block:
    whole = _box(given)
    return replace(whole, children=tuple(_sponsored(block) for block in whole.children))


def _sponsored(block: Block) -> Block:
    """The same, each of its links marked as paid for, as search engines and browsers read it."""
    inline = block.inline
    if inline is not None:
        marks: dict[int, Mark] = {}

        def paid(mark: Mark) -> Mark:
            if not _leads_out(mark):
                return mark
            return marks.setdefault(id(mark), Mark("a", (*mark.attributes, ("rel", PAID))))

        pieces = [(text, tuple(paid(mark) for mark in over)) for text, over in inline.pieces]
        inline = Inline(pieces, inline.links, inline.pictures)
    return replace(block, inline=inline, paid=True, children=tuple(_sponsored(child) for child in block.children))


def _leads_out(mark: Mark) -> bool:
    """Whether it is a link, and not one to a footnote."""
    return mark.tag == "a" and not mark.attributes[0][1].startswith("#")


def _columns(given: _Given) -> Block:
    cells: list[list[Block]] = [[]]
    for block in given.blocks:
        if block.kind == "hr":
            cells.append([])
        else:
            cells[-1].append(block)
    if len(cells) != 2 or not all(cells):
        raise _wrong(given, f"has {len([cell for cell in cells if cell])} parts, and two are wanted")
    return Block("columns", children=tuple(Block("column", children=tuple(cell)) for cell in cells))


def _gallery(given: _Given) -> Block:
    pictures: list[tuple[PictureAddress, str]] = []
    words: list[Block] = []
    for block in given.blocks:
        inline = block.inline
        if inline is not None and inline.pictures and not inline.text.replace(OBJECT, "").strip():
            pictures += inline.pictures
        elif inline is not None and inline.pictures:
            raise _wrong(given, "has a picture among words")
        else:
            words.append(block)
    if not 2 <= len(pictures) <= MOST_PICTURES:
        raise _wrong(given, f"has {len(pictures)} pictures, and 2 to {MOST_PICTURES} are wanted")
    return Block("gallery", children=tuple(words), title=given.title, pictures=tuple(pictures))


def _card(given: _Given) -> Block:
    """A film, a recording or a file: one link, a picture if there is one, and words about it."""
    link, label, blocks = _without_link(given.blocks)
    if not link:
        raise _wrong(given, "has no link")
    pictures, blocks = _without_picture(blocks)
    title = given.title or label or next((alt for _, alt in pictures), "")
    if not title:
        raise _wrong(given, "has no title")
    return Block(given.kind.name, children=blocks, title=title, pictures=pictures, link=link)


def _person(given: _Given) -> Block:
    pictures, blocks = _without_picture(given.blocks)
    if not blocks and given.kind.name == "quote":
        raise _wrong(given, "has no words")
    if not given.title and given.kind.name == "author":
        raise _wrong(given, "has no name")
    return Block(given.kind.name, children=blocks, title=given.title, pictures=pictures)


def _event(given: _Given) -> Block:
    if not given.title:
        raise _wrong(given, "has no title")
    first = given.blocks[0] if given.blocks else Block("p")
    text = first.inline.text if first.inline is not None else ""
    found = _WHEN.match(text.translate(_DIGITS))
    if found is None or first.inline is None:
        raise _WrongError("the event does not begin with its day", _DATE_MEND)
    if _SECOND_DAY.match(text.translate(_DIGITS), found.end()):
        mend = "write one event for each day, or the last day in words behind the first: 2026-12-05, three days"
        raise _WrongError("the event has a second day", mend)
    rest = replace(first, inline=_cut(first.inline, found.end()))
    blocks = (*((rest,) if _says(rest) else ()), *given.blocks[1:])
    return Block("event", children=blocks, title=given.title, scheduled=_scheduled(found))


def _scheduled(found: re.Match[str]) -> ElementDate:
    year, month, day, hour, minute, till_hour, till_minute = (int(part) if part else 0 for part in found.groups())
    if not _EARLIEST <= year <= _LATEST:
        raise _WrongError(f"the event's day is in the year {year}", f"{_DATE_MEND}; the year is the Gregorian one")
    try:
        starts = datetime(year, month, day, hour, minute)  # noqa: DTZ001 - by the newsroom's clock, as it was written
        ends = starts.replace(hour=till_hour, minute=till_minute) if found[6] else None
    except ValueError:
        raise _WrongError(f"there is no such day or hour: {found[0].strip()}", _DATE_MEND) from None
    if ends is not None and ends <= starts:
        from datetime import timedelta

        ends += timedelta(days=1)
    return ElementDate(starts, ends, bool(found[4]))


def _figures(given: _Given) -> Block:
    items = [item for block in given.blocks if block.kind in ("ul", "ol") for item in block.children]
    if any(block.kind not in ("ul", "ol") for block in given.blocks) or not 1 <= len(items) <= MOST_FIGURES:
        raise _wrong(given, f"has {len(items)} figures, and a list of 1 to {MOST_FIGURES} is wanted")
    figures = []
    for item in items:
        inline = item.children[0].inline if item.children else None
        if inline is None or len(item.children) > 1 or not inline.pieces or not _strong(inline.pieces[0][1]):
            raise _wrong(given, "has a point without its number in bold")
        end = next((at for at, (_, marks) in enumerate(inline.pieces) if not _strong(marks)), len(inline.pieces))
        number = "".join(text for text, _ in inline.pieces[:end]).strip()
        words = _trimmed(Inline(inline.pieces[end:], inline.links, inline.pictures))
        figures.append(Block("figure", inline=words, title=number))
    return Block("figures", children=tuple(figures), title=given.title)


def _strong(marks: tuple[Mark, ...]) -> bool:
    return any(mark.tag == "strong" for mark in marks)


def _reading(given: _Given) -> Block:
    items = [item for block in given.blocks if block.kind in ("ul", "ol") for item in block.children]
    if any(block.kind not in ("ul", "ol") for block in given.blocks) or not items:
        raise _wrong(given, "is no list of links")
    inlines = [item.children[0].inline for item in items if item.children]
    if len(inlines) < len(items) or any(inline is None or not inline.links for inline in inlines):
        raise _wrong(given, "has a point without a link")
    return Block("reading", children=tuple(items), title=given.title)


def _contents(given: _Given) -> Block:
    if given.blocks:
        raise _wrong(given, "has words of its own")
    return Block("contents", title=given.title)


def _poll(given: _Given) -> Block:
    items = [item for block in given.blocks if block.kind in ("ul", "ol") for item in block.children]
    words = [block for block in given.blocks if block.kind not in ("ul", "ol")]
    question = given.title
    if not question and words and words[0].kind == "p" and not _CHOICES.fullmatch(_text(words[0])):
        question = _text(words.pop(0))
    choices = "".join(_text(block) + " " for block in words if _CHOICES.fullmatch(_text(block)))
    shown = tuple(block for block in words if not _CHOICES.fullmatch(_text(block)))
    answers = [_answer(given, item) for item in items]
    # Without an empty line between them, the parser takes what follows a list for words of its last point.
    if answers and (found := _AT_END.search(answers[-1])) is not None:
        choices += found[0]
        answers[-1] = answers[-1][: found.start()]
    asks = given.kind.name == "poll"
    if asks and not question:
        raise _wrong(given, "asks nothing")
    if (asks or answers) and not FEWEST_ANSWERS <= len(answers) <= MOST_ANSWERS:
        raise _wrong(given, f"has {len(answers)} answers, and {FEWEST_ANSWERS} to {MOST_ANSWERS} are wanted")
    if len(set(answers)) < len(answers):
        raise _wrong(given, "has the same answer twice")
    results, days = _chosen(choices)
    return Block(given.kind.name, children=shown, poll=Poll(question, tuple(answers), results, days))


def _answer(given: _Given, item: Block) -> str:
    text = _text(item.children[0]) if len(item.children) == 1 else ""
    if not text or OBJECT in text:
        raise _wrong(given, "has an answer that is no line of words")
    if len(text) > LONGEST_ANSWER and not _AT_END.search(text):
        raise _wrong(given, f"has an answer of {len(text)} signs, and a button takes {LONGEST_ANSWER}")
    return text


def _text(block: Block) -> str:
    return " ".join(block.inline.text.split()) if block.inline is not None else ""


def _chosen(choices: str) -> tuple[bool, int]:
    """Whether results are shown, and in how many days a poll closes."""
    results, days = False, 0
    for name, value in _ONE_CHOICE.findall(choices):
        said = value.translate(_DIGITS).lower()
        if name.lower() in ("results", "النتائج"):
            if said not in _YES | _NO:
                raise _WrongError(f"nobody knows what results: {value} means", "write results: yes, or results: no")
            results = said in _YES
        elif said.isascii() and said.isdecimal() and 1 <= int(said[:4]) <= MOST_DAYS:
            days = int(said[:4])
        else:
            raise _WrongError(
                f"closes: {value} is no number of days", f"write closes: 7, for a week; {MOST_DAYS} at most"
            )
    return results, days


_SHAPES: Mapping[str, Callable[[_Given], Block]] = {
    "callout": _box,
    "sponsor": _sponsor,
    "columns": _columns,
    "gallery": _gallery,
    "video": _card,
    "audio": _card,
    "file": _card,
    "quote": _person,
    "author": _person,
    "event": _event,
    "figures": _figures,
    "reading": _reading,
    "contents": _contents,
    "poll": _poll,
    "useful": _poll,
}


def _wrong(given: _Given, what: str) -> _WrongError:
    return _WrongError(f"{given.kind.name} {what}", f"write {given.kind.example}")


def _without_picture(blocks: tuple[Block, ...]) -> tuple[tuple[tuple[PictureAddress, str], ...], tuple[Block, ...]]:
    """The first picture that begins a paragraph, and the blocks without it."""
    for at, block in enumerate(blocks):
        inline = block.inline
        if inline is None or not inline.pictures or not inline.text.lstrip().startswith(OBJECT):
            continue
        cut = _cut(inline, inline.text.index(OBJECT) + 1)
        rest = replace(block, inline=Inline(cut.pieces, cut.links, inline.pictures[1:]))
        return (inline.pictures[0],), (*blocks[:at], *((rest,) if _says(rest) else ()), *blocks[at + 1 :])
    return (), blocks


def _without_link(blocks: tuple[Block, ...]) -> tuple[str, str, tuple[Block, ...]]:
    """Address and words of the first link, and the blocks without it."""
    for at, block in enumerate(blocks):
        inline = block.inline
        if inline is None or not inline.links:
            continue
        label, address = inline.links[0]
        mark = next((m for _, marks in inline.pieces for m in marks if _leads_out(m)), None)
        pieces = [
            (OBJECT if mark in marks else text, () if mark in marks else marks)
            for text, marks in inline.pieces
            if mark not in marks or OBJECT in text  # a picture that is linked is a picture
        ]
        kind = "p" if block.kind == "button" else block.kind
        rest = replace(block, kind=kind, inline=_trimmed(Inline(pieces, inline.links[1:], inline.pictures)))
        return address, label, (*blocks[:at], *((rest,) if _says(rest) else ()), *blocks[at + 1 :])
    return "", "", blocks


def _cut(inline: Inline, signs: int) -> Inline:
    """The text without so many signs at its beginning."""
    pieces = []
    for text, marks in inline.pieces:
        pieces.append((text[signs:], marks))
        signs = max(0, signs - len(text))
    return _trimmed(Inline([piece for piece in pieces if piece[0]], inline.links, inline.pictures))


def _trimmed(inline: Inline) -> Inline:
    """The text without what only parted it from what stood before: white space, a dash, a dot, a comma."""
    pieces = list(inline.pieces)
    while pieces and not (rest := re.sub(r"^[\s·:،,;؛|–—-]+", "", pieces[0][0])):
        pieces.pop(0)
    if pieces:
        pieces[0] = (rest, pieces[0][1])
    return Inline(pieces, inline.links, inline.pictures)


def _says(block: Block) -> bool:
    return block.inline is None or bool(block.inline.pieces)

"""Elements as HTML: tables whose cells have the padding, since Word drops that of everything else.

Every colour that must change in the dark carries a class beside its style; both come from the template, by the keys of
``templates/email/look.mjml.j2``. Nothing floats, nothing lies over a picture, and no width depends on a style sheet.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence

from newsletter.issues.prose.elements import shapes, tables
from newsletter.issues.prose.elements.phrases import event_of, name_and_role, payer_and_label, poll_of, sign, when
from newsletter.issues.prose.elements.shapes import BOX, BlockHtml
from newsletter.issues.prose.parts import PAID, Block, Inline, PictureAddress
from newsletter.issues.targets import split_caption
from newsletter.text import bidi

PORTRAIT, SMALL_PORTRAIT = 72, 56
"""Pixels of the portrait of an author, and of a person who is quoted."""
_GAP = 16
"""Pixels between columns or pictures."""
_LONGEST_ENDING = 4
_NOTE = 30
"""Pixels for the number of a footnote; Word breaks it letter by letter where its cell has no width."""
_BESIDE, _SHORT = 3, 12
"""Answers of so many signs stand beside one another, when there are no more than so many."""


def element(writer: BlockHtml, block: Block) -> Iterator[str]:
    """The HTML of one element.

    Args:
        writer: Of the passage it stands in.
        block: An element; a table, a note.
    """
    yield from _WRITERS[block.kind](writer, block)


def _line(writer: BlockHtml, key: str, text: str) -> str:
    """A line of plain text as a paragraph; nothing when it is empty."""
    return f"{writer.open('p', key)}{bidi.to_html(text, writer.base)}</p>" if text else ""


def _image(writer: BlockHtml, shown: PictureAddress, alt: str, key: str, width: int = 0, **more: object) -> str:
    """A picture no wider than its place and no larger than it is."""
    most = width or writer.room
    wide = min(shown.width, most) if shown.width and not width else most
    return (
        writer.open("img", key, src=shown.src, alt=bidi.isolate(alt, writer.base) or " ", width=wide, **more)[:-1]
        + " />"
    )


def _anchor(writer: BlockHtml, href: str, key: str, *, paid: bool = False) -> str:
    return writer.open("a", key, href=href, **({"rel": PAID} if paid else {}))


def _callout(writer: BlockHtml, block: Block) -> Iterator[str]:
    def inside() -> Iterator[str]:
        yield _line(writer, "callout title", block.title)
        yield from writer.blocks(block.children)

    yield from shapes.boxed(writer, "callout", inside())


def _sponsor(writer: BlockHtml, block: Block) -> Iterator[str]:
    def inside() -> Iterator[str]:
        name, own = payer_and_label(block.title)
        label = own or str(writer.setup.say("Advertisement"))
        yield _line(writer, "sponsor label", f"{label} · {name}" if name else label)
        yield from writer.blocks(block.children)

    yield from shapes.boxed(writer, "sponsor", inside())


def _columns(writer: BlockHtml, block: Block) -> Iterator[str]:
    def inside() -> Iterator[str]:
        yield f"{shapes.table(writer)}<tr>"
        for at, column in enumerate(block.children):
            yield shapes.cell(writer, f"column {'second' if at else 'first'}", width="50%")
            yield from shapes.within(writer, (writer.room - _GAP) // 2, writer.blocks(column.children))
            yield "</td>"
        yield "</tr></table>"

    yield from shapes.apart(writer, inside())


def _gallery(writer: BlockHtml, block: Block) -> Iterator[str]:
    def inside() -> Iterator[str]:
        yield _line(writer, "element title", block.title)
        shown = block.pictures
        for row in (shown,) if len(shown) < 4 else (shown[:2], shown[2:]):
            yield f"{shapes.table(writer)}<tr>"
            # Each cell gives up the same, so that all pictures are as wide as one another.
            width = writer.room // len(row) - _GAP // 2
            for at, (picture, alt) in enumerate(row):
                place = "first" if not at else "last" if at == len(row) - 1 else "middle"
                yield shapes.cell(writer, f"gallery {len(row)} {place}", width=f"{100 // len(row)}%")
                yield _image(writer, picture, alt, "gallery img", width)
                yield _line(writer, "caption", " · ".join(part for part in split_caption(picture.caption) if part))
                yield "</td>"
            yield "</tr></table>"
        yield from writer.blocks(block.children)

    yield from shapes.apart(writer, inside())


def _film(writer: BlockHtml, block: Block) -> Iterator[str]:
    """A picture that leads to a film, and under it a bar with a play sign: no program lays one over the other."""
    if not block.pictures:
        yield from _row(writer, block)
        return

    def inside() -> Iterator[str]:
        picture, alt = block.pictures[0]
        wide = min(picture.width, writer.room) if picture.width else writer.room
        yield f"{shapes.table(writer, 'film')}<tr>{shapes.cell(writer, 'film picture')}"
        words = alt or block.title
        yield (
            _anchor(writer, block.link, "film a", paid=block.paid)
            + _image(writer, picture, words, "film img", wide)
            + "</a></td></tr>"
        )
        yield f"<tr>{shapes.cell(writer, 'film bar')}{_anchor(writer, block.link, 'film a', paid=block.paid)}"
        yield f"{writer.open('span', 'film sign')}{sign('video', '')}</span>&#160; "
        yield str(bidi.to_html(block.title, writer.base))
        yield "</a></td></tr></table>"
        yield from _small(writer, block.children, "card caption")

    yield from shapes.apart(writer, inside())


def _row(writer: BlockHtml, block: Block) -> Iterator[str]:
    """A film without a picture, a recording, a file: a disc with a sign, and words beside it."""

    def inside() -> Iterator[str]:
        yield f"{shapes.table(writer)}<tr>{shapes.cell(writer, 'card sign', width=BOX + _GAP)}"
        yield f"{shapes.table(writer, 'disc.table', width=str(BOX))}<tr>"
        yield writer.open("td", "disc", align="center", valign="middle", width=BOX, height=BOX)
        yield f"{_anchor(writer, block.link, 'disc a', paid=block.paid)}{html.escape(_sign(block))}</a>"
        yield "</td></tr></table></td>"
        yield shapes.cell(writer, "card words", valign="middle")
        yield f"{writer.open('p', 'card title')}{_anchor(writer, block.link, 'card a', paid=block.paid)}"
        yield f"{bidi.to_html(block.title, writer.base)}</a></p>"
        yield from _small(writer, block.children, "card caption")
        yield "</td></tr></table>"

    yield from shapes.boxed(writer, "card", inside())


def _sign(block: Block) -> str:
    """What a card shows in its disc: of a file the ending of its name."""
    from urllib.parse import urlsplit

    name = urlsplit(block.link).path.rpartition("/")[2] if block.kind == "file" else ""
    ending = name.rpartition(".")[2] if "." in name else ""
    known = ending.isascii() and ending.isalnum() and len(ending) <= _LONGEST_ENDING
    return ending.upper() if ending and known else sign(block.kind, block.link)


def _small(writer: BlockHtml, blocks: Sequence[Block], key: str = "caption") -> Iterator[str]:
    """The words beside a card or person, set small."""
    for block in blocks:
        if block.kind == "p" and block.inline is not None:
            yield writer.open("p", key) + "".join(writer.inline(block.inline)) + "</p>"
        else:
            yield from writer.blocks((block,))


def _person(writer: BlockHtml, block: Block, size: int, words: Iterator[str]) -> Iterator[str]:
    """A portrait if there is one, and beside it a name, a role and some words."""
    name, role = name_and_role(block.title)
    if block.pictures:
        picture, alt = block.pictures[0]
        yield f"{shapes.table(writer)}<tr>{shapes.cell(writer, 'portrait cell', width=size + _GAP)}"
        yield _image(writer, picture, alt or name, "portrait" if size == PORTRAIT else "portrait small", size)
        yield f"</td>{shapes.cell(writer, 'person', valign='middle' if size == SMALL_PORTRAIT else 'top')}"
    yield _line(writer, "name", name) + _line(writer, "role", role)
    yield from words
    if block.pictures:
        yield "</td></tr></table>"


def _quote(writer: BlockHtml, block: Block) -> Iterator[str]:
    def inside() -> Iterator[str]:
        for at, one in enumerate(block.children):
            last = at == len(block.children) - 1
            if one.kind == "p" and one.inline is not None:
                key = "quote last" if last else "quote p"
                yield writer.open("p", key) + "".join(writer.inline(one.inline)) + "</p>"
            else:
                yield from writer.blocks((one,))
        if block.title or block.pictures:
            yield from _person(writer, block, SMALL_PORTRAIT, iter(()))

    yield from shapes.boxed(writer, "quote", inside())


def _author(writer: BlockHtml, block: Block) -> Iterator[str]:
    yield from shapes.boxed(writer, "author", _person(writer, block, PORTRAIT, _small(writer, block.children)))


def _event(writer: BlockHtml, block: Block) -> Iterator[str]:
    def inside() -> Iterator[str]:
        yield _line(writer, "event title", block.title)
        if block.scheduled is not None:
            yield _line(writer, "event when", when(block.scheduled, writer.setup))
        place, *rest = block.children or (None,)
        if place is not None and place.kind == "p" and place.inline is not None:
            yield writer.open("p", "event place") + "".join(writer.inline(place.inline)) + "</p>"
        elif place is not None:
            rest = [place, *rest]
        yield from writer.blocks(tuple(one for one in rest if one is not None))
        event, calendar = event_of(block), writer.setup.calendar
        if event is not None and calendar is not None:
            yield writer.open("p", "event calendar") + _anchor(writer, calendar(event), "a")
            yield f"{bidi.to_html(str(writer.setup.say('Add to calendar')), writer.base)}</a></p>"

    yield from shapes.boxed(writer, "event", inside())


def _poll(writer: BlockHtml, block: Block) -> Iterator[str]:
    poll, leads = poll_of(block, writer.setup), writer.setup.answer
    beside = len(poll.answers) <= _BESIDE and all(len(one) <= _SHORT for one in poll.answers)

    def inside() -> Iterator[str]:
        yield _line(writer, "poll title", poll.question)
        for one in block.children:
            if one.kind == "p" and one.inline is not None:
                yield writer.open("p", "poll p") + "".join(writer.inline(one.inline)) + "</p>"
            else:
                yield from writer.blocks((one,))
        # The room between buttons is that of the cells: Word knows it, and no table stands in another for it.
        yield writer.open("table", "answers", role="presentation", border=0, cellpadding=0, cellspacing=8, width="100%")
        yield "<tr>" if beside else ""
        for at, answer in enumerate(poll.answers):
            yield "" if beside else "<tr>"
            words = bidi.to_html(answer, writer.base)
            yield (
                shapes.cell(writer, "answer", align="center", valign="middle", width=f"{100 // len(poll.answers)}%")
                if beside
                else shapes.cell(writer, "answer")
            )
            yield f"{_anchor(writer, leads(poll, at), 'answer a')}{words}</a></td>" if leads else f"{words}</td>"
            yield "" if beside else "</tr>"
        yield "</tr></table>" if beside else "</table>"

    yield from shapes.boxed(writer, "poll", inside())


def _figures(writer: BlockHtml, block: Block) -> Iterator[str]:
    def inside() -> Iterator[str]:
        yield _line(writer, "element title", block.title)
        shown = block.children
        for row in (shown,) if len(shown) < 4 else (shown[:2], shown[2:]):
            yield f"{shapes.table(writer)}<tr>"
            for figure in row:
                yield shapes.cell(writer, "figure", width=f"{100 // len(row)}%") + _line(writer, "number", figure.title)
                if figure.inline is not None and figure.inline.pieces:
                    yield writer.open("p", "figure words") + "".join(writer.inline(figure.inline)) + "</p>"
                yield "</td>"
            yield "</tr></table>"

    yield from shapes.apart(writer, inside())


def _reading(writer: BlockHtml, block: Block) -> Iterator[str]:
    def inside() -> Iterator[str]:
        yield _line(writer, "element title", block.title or str(writer.setup.say("Worth reading")))
        for item in block.children:
            first = item.children[0].inline
            if first is not None:
                yield writer.open("p", "reading p") + "".join(writer.inline(first)) + "</p>"
            yield from writer.blocks(item.children[1:])

    yield from shapes.boxed(writer, "reading", inside())


def _contents(writer: BlockHtml, block: Block) -> Iterator[str]:
    if not writer.setup.contents:
        return

    def inside() -> Iterator[str]:
        yield _line(writer, "element title", block.title or str(writer.setup.say("In this letter")))
        for title, anchor in writer.setup.contents:
            yield f"{writer.open('p', 'reading p')}{_anchor(writer, f'#{anchor}', 'contents a')}"
            yield f"{bidi.to_html(title, writer.base)}</a></p>"

    yield from shapes.boxed(writer, "reading", inside())


def _data_table(writer: BlockHtml, block: Block) -> Iterator[str]:
    """A real table: programs that read letters aloud say the head of each column.

    On a telephone that would tear its words, each row becomes a list; every cell has the name of its column for that.
    """
    head, size = (block.children[0].children if block.children else ()), tables.size_of(block)
    named = tables.stacks(block)

    def inside() -> Iterator[str]:
        shape = {"class": "stack"} if named else {}
        yield writer.open("table", "data", role="table", border=0, cellpadding=0, cellspacing=0, width="100%", **shape)
        for at, row in enumerate(block.children):
            if not at and not any(cell.inline and cell.inline.text for cell in row.children):
                continue  # Markdown has no table without a head; one without words is none
            yield ('<tr class="line">' if at else '<tr class="tops">') if named else "<tr>"
            for number, cell in enumerate(row.children):
                yield from _data_cell(
                    writer, cell, f"data {'td' if at else 'th'}{size}", bool(named and at and number), head[number:]
                )
            yield "</tr>"
        yield "</table>"

    yield from shapes.apart(writer, inside())


def _data_cell(writer: BlockHtml, cell: Block, key: str, named: bool, head: Sequence[Block]) -> Iterator[str]:
    """A cell; ``head`` begins with the one over it."""
    tag = "td" if key.startswith("data td") else "th"
    side = "right" if writer.base == "rtl" else "left"
    scope = {"scope": "col"} if tag == "th" else {}
    yield writer.open(tag, key, **scope, align=cell.title or side, valign="top")
    if named and head and head[0].inline is not None and head[0].inline.text and cell.inline is not None:
        # The first cell is what its row is about, and needs no name.
        yield '<span class="col-name" style="display:none;mso-hide:all;">'
        yield f"{bidi.to_html(head[0].inline.text, writer.base)}:&#160;</span>"
    yield from writer.inline(cell.inline or Inline())
    yield f"</{tag}>"


def _note(writer: BlockHtml, block: Block) -> Iterator[str]:
    number = writer.setup.notes.get(block.title, 1)
    place = shapes.cell(writer, "note number", id=f"note-{number}", nowrap="nowrap", width=_NOTE)
    yield f"{shapes.table(writer)}<tr>{place}"
    yield f"[{html.escape(writer.setup.digits(str(number)))}]</td>{shapes.cell(writer, 'note')}"
    for one in block.children:
        if one.kind == "p" and one.inline is not None:
            yield writer.open("p", "note p") + "".join(writer.inline(one.inline)) + "</p>"
        else:
            yield from writer.blocks((one,))
    yield "</td></tr></table>"


_WRITERS: Mapping[str, Callable[[BlockHtml, Block], Iterator[str]]] = {
    "callout": _callout,
    "sponsor": _sponsor,
    "columns": _columns,
    "gallery": _gallery,
    "video": _film,
    "audio": _row,
    "file": _row,
    "quote": _quote,
    "author": _author,
    "event": _event,
    "figures": _figures,
    "reading": _reading,
    "contents": _contents,
    "poll": _poll,
    "useful": _poll,
    "table": _data_table,
    "note": _note,
}

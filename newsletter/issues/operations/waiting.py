"""What goes to the candidates of an issue, as lines: in front of what waits there, under its section's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.issues.candidates import Candidates
from newsletter.issues.lines import CANDIDATES, COMMENT_END, HINT
from newsletter.issues.manuscript import Manuscript
from newsletter.issues.operations.cutting import RULE, put_before
from newsletter.issues.writing import blocks_of
from newsletter.models import Section

if TYPE_CHECKING:
    from newsletter.issues.operations.layout import Layout

Told = tuple[str, ...]


def hidden(text: str) -> str:
    """Lines as they may stand in a comment: an escaped bracket reads back as the same bracket.

    Args:
        text: What goes there.
    """
    return text.replace(COMMENT_END, "--\\>")


def with_waiting(
    layout: Layout, title: str, text: str, parts: list[Told], newest: int
) -> tuple[Manuscript, list[Told]]:
    """The file with more among its candidates, and what they say then.

    Args:
        layout: Of the file, without what goes there.
        title: Of the section it comes from; empty for none.
        text: Its lines.
        parts: What they say.
        newest: Id of the newest article of the library, for a file that has no candidates yet.
    """
    manuscript = layout.manuscript
    there = [(one.kind, *one.told) for one in layout.waiting]
    # The last thing that a part says are its very lines; a heading is its words.
    new = [(*said[:-1], said[-1] if said[0] == "section" else hidden(said[-1])) for said in parts]
    heading = hidden(blocks_of(Section(title))[0]) if title else ""
    if layout.candidates is None:
        number = f" {newest}" if newest else ""
        block = "\n\n".join(one for one in (heading, hidden(text)) if one)
        end = len(manuscript.lines)
        blank = "\n" if end and manuscript.lines[-1].strip() else ""
        whole = f"{blank}<!-- {CANDIDATES}{number}\n{HINT}\n\n{block}\n\n{COMMENT_END}"
        return manuscript.with_lines(end + 1, end, whole), [*([("section", title)] if title else []), *new]
    manuscript = _opened(manuscript, layout.candidates)
    layout = layout.again(manuscript)
    assert layout.candidates is not None, "they were there before"
    parts_there = layout.waiting
    same = next((at for at, one in enumerate(parts_there) if one.kind == "section" and one.told[0] == title), None)
    if title and same is not None:
        at, lead = same + 1, ""
    elif title:
        at = next((n for n, one in enumerate(parts_there) if one.kind == "section"), len(parts_there))
        lead = heading + "\n\n"
    else:
        at, lead = 0, ""
    line = parts_there[at].line if at < len(parts_there) else layout.candidates.last
    # Words right below the heading stay words, and do not become the story's.
    swallows = new[-1][0] == "story" and not lead and at < len(there) and there[at][0] == "prose"
    made, _ = put_before(manuscript, line, lead + hidden(text) + (f"\n\n{RULE}" if swallows else ""))
    row = [*([("section", title)] if lead else []), *new]
    return made, [*there[:at], *row, *there[at:]]


def _opened(manuscript: Manuscript, there: Candidates) -> Manuscript:
    """The file with the beginning and the end of its candidates on lines of their own."""
    if there.first != there.last:
        return manuscript
    line = manuscript.lines[there.first - 1].rstrip("\r\n")
    cut = line.index(COMMENT_END)
    return manuscript.with_lines(there.first, there.first, f"{line[:cut].rstrip()}\n\n{line[cut:]}")

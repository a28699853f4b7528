"""What the page of the doctor shows: groups, and in each its rows; what was not looked at stands folded away. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from newsletter.desk.examining.words import DoctorWords
from newsletter.workflows.doctor import GROUPS, LINES, DoctorState

if TYPE_CHECKING:
    from markupsafe import Markup

    from newsletter.desk.examining.run import DoctorView
    from newsletter.desk.frame import DeskPages
    from newsletter.workflows.doctor import Examined


@dataclass(frozen=True, slots=True)
class DoctorRow:
    """One line of the doctor, in the language of the desk."""

    name: str
    state: DoctorState
    title: Markup
    words: Markup
    mend: Markup | str
    record: str


@dataclass(frozen=True, slots=True)
class DoctorGroup:
    """Rows of one heading."""

    name: str
    title: Markup
    rows: tuple[DoctorRow, ...]
    skipped: tuple[DoctorRow, ...]


def page_values(
    view: DoctorView, pages: DeskPages, now: datetime, *, stays: bool = False, copied_here: bool = True
) -> dict[str, Any]:
    """The values of the template.

    Args:
        view: What is known.
        pages: Of the desk.
        now: The present moment.
        stays: Whether letters stay on this machine, which is no success though all of it works.
        copied_here: Whether a press can copy the database, which is a file then.
    """
    words = DoctorWords(pages)
    counts = Counter(line.state for line in view.lines)
    minutes = int((now - view.ended).total_seconds() // 60) if view.ended is not None else None
    return {
        "view": view,
        "groups": [_group(name, view.lines, words) for name in GROUPS if any(one.group == name for one in view.lines)],
        "fails": counts["fail"],
        "warns": counts["warn"],
        "stays": stays,
        "copied_here": copied_here,
        "minutes": minutes,
        "waits_for": words.html(view.waits_for),
        "most": len(LINES),
    }


def _group(name: str, lines: tuple[Examined, ...], words: DoctorWords) -> DoctorGroup:
    rows = [
        DoctorRow(
            line.name, line.state, words.html(line.title), words.html(line.words), words.html(line.mend), line.record
        )
        for line in lines
        if line.group == name
    ]
    told = tuple(row for row in rows if row.state != "skipped")
    return DoctorGroup(name, words.html(GROUPS[name]), told, tuple(row for row in rows if row.state == "skipped"))

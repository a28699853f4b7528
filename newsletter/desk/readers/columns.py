"""The columns of a file as an editor sees them: what each was taken for, and what they say instead. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from subscribers.csvfile import ColumnChoices, CsvOpening
from subscribers.csvfile.columns import concern_of
from subscribers.folding import fold

if TYPE_CHECKING:
    from markupsafe import Markup

    from newsletter.desk.readers.files import WaitingFile
    from newsletter.report.page.wording import PageWords
    from subscribers.models import ImportReport

AUTOMATIC = "auto"
"""What the import itself takes a column for."""
OPEN = "open"
"""Nobody knows what the column says, and it must be told."""
CHOICES = ("address", "name", "status", "topics", "ignore")
"""What an editor can say of a column."""


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """A column as the page shows it."""

    at: int
    name: str
    options: tuple[tuple[str, Markup, bool], ...]
    """Value, words, and whether it is the chosen one."""
    open: bool
    """Whether the editor must say what it is."""


def columns_of(begins: CsvOpening, kept: WaitingFile, report: ImportReport | None, words: PageWords) -> list[ColumnRow]:
    """The columns of a file.

    Args:
        begins: How the file begins.
        kept: With what the editor said of it.
        report: Of the dry run; None when the file was not understood.
        words: Of the desk.
    """
    header = begins.header or tuple("" for _ in (begins.rows[0][1] if begins.rows else ("",)))
    found = _found(header, report)
    columns = []
    for at, name in enumerate(header):
        said = kept.roles.get(str(at), "")
        doubt = report is None and not said and concern_of(fold(name)) is not None
        first = OPEN if doubt else AUTOMATIC
        label = words.say("Choose …") if doubt else _label(found.get(at, ""), words)
        options = [(first, label, said not in CHOICES)]
        options += [
            (one, _label(one, words), said == one)
            for one in CHOICES
            if said == one or (one != found.get(at) and not (one == "ignore" and not found.get(at) and not doubt))
        ]
        columns.append(ColumnRow(at, name, tuple(options) if begins.header else tuple(options[:1]), doubt))
    return columns


def _found(header: Sequence[str], report: ImportReport | None) -> dict[int, str]:
    """Index of a column to what the import took it for."""
    if report is None:
        return {}
    if not report.columns:
        return {0: "address"}
    left = list(report.columns)
    found = {}
    for at, name in enumerate(header):
        hit = next((one for one in left if one[0] == name or fold(one[0]) == fold(name)), None)
        if hit is not None:
            found[at] = hit[1]
            left.remove(hit)
    return found


def _label(role: str, words: PageWords) -> Markup:
    return {
        "address": words.say("Address of mail"),
        "name": words.say("Name"),
        "status": words.say("State"),
        "rhythm": words.say("How often"),
        "topics": words.say("Topics"),
        "pause": words.say("Pause"),
        "consent": words.say("Consent: when, where"),
        "count_clicks": words.say("Counting of clicks"),
        "ignore": words.say("Says nothing, leave it out"),
        "": words.say("Not used"),
    }.get(role, words.html(role))


def chosen(header: Sequence[str], roles: Mapping[str, str]) -> ColumnChoices:
    """What the editor said, as the import takes it.

    Args:
        header: Names of the columns.
        roles: Number of a column to one of ``CHOICES``.
    """
    named: dict[str, list[str]] = {one: [] for one in CHOICES}
    for at, role in sorted(roles.items(), key=lambda one: int(one[0])):
        if role in named and int(at) < len(header):
            named[role].append(_name(header, int(at)))

    def first(role: str) -> str:
        return next(iter(named[role]), "")

    return ColumnChoices(
        ignore=tuple(named["ignore"]),
        status=tuple(named["status"]),
        topics=first("topics"),
        name=first("name"),
        address=first("address"),
    )


def _name(header: Sequence[str], at: int) -> str:
    """The name that means this column alone: with its number where several have one name."""
    same = [other for other, name in enumerate(header) if fold(name) == fold(header[at])]
    return header[at] if len(same) == 1 else f"{header[at]}:{same.index(at) + 1}"

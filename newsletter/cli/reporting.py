"""The command report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli import cells, completing
from newsletter.cli.app import workspace_of
from newsletter.cli.holding import warn_held
from newsletter.cli.options import AsJson
from newsletter.cli.output import csv_data, data, json_data, paint, say, screen_width, shown
from newsletter.cli.speaking import from_right, marked
from newsletter.cli.tables import cell
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.report.models import NewsroomReport
    from newsletter.report.sections import ReportSection

_BAR = 30
"""Characters of the longest bar."""
_BEFORE = 22
"""Characters of a number, a share and the spaces around the bar."""
_LEAST_LABEL = 20
_EIGHTHS = " ▏▎▍▌▋▊▉"


def report(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ISSUE",
            help="Numbers, or ids of sends. [default: the last that went]",
            autocompletion=completing.issues,
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write it as one HTML page with charts, for people."),
    ] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print a table as CSV: a row for each issue and each of its letters.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what became of issues, how they compare with those before, and how the lists grew.

    What happens after the provider took a letter is known as far as its events came in; an outbox tells nothing.
    Opened letters are not counted; links are, as numbers alone, where [tracking] clicks says so. A pipe gets one
    line for each number: issue or list, heading, label, number, share, and words, with tabs between them.

    \b
    Examples:
      newsletter report
      newsletter report 11 12 --html report.html
      newsletter report 12 --json
      newsletter report 10 11 12 --csv > issues.csv
    """
    from newsletter.report import plain
    from newsletter.workflows import reports
    from newsletter.workspace import folder

    if html is not None and html.name in {"", "-"}:
        raise typer.BadParameter("--html takes the name of a file to write, such as report.html")
    if as_csv and as_json:
        raise typer.BadParameter("--csv and --json each fill stdout: take one of them")
    with workspace_of(context) as workspace:
        found = reports.counted(workspace, names or ())
        page = reports.page_of(workspace, found) if html is not None else ""
        with workspace.database.read() as connection:
            warn_held(connection)
    if html is not None:
        folder.write_page(html, page)
    if as_json:
        json_data(plain.plain(found))
    elif as_csv:
        csv_data((*plain.COLUMNS, *plain.NUMBERS), (list(row.values()) for row in plain.table_rows(found)))
    elif html is None:
        _tell(found)
    if html is not None:
        say(said("Written: {html}. Open it in a browser; it needs nothing else, and prints.", html=html))


def _tell(found: NewsroomReport) -> None:
    from newsletter.report.counts import lines
    from newsletter.report.sections import sections

    for one in found.reports:
        told = lines(one)
        for line in told[:1] if sys.stdout.isatty() else told:  # what follows is drawn there
            say(line)
    if not sys.stdout.isatty():
        data("about\theading\tlabel\tnumber\tshare\twords")
    for section in sections(found):
        if sys.stdout.isatty():
            _draw(section)
        else:
            _list(section)


def _list(section: ReportSection) -> None:
    """One line for each number, each with all of its labels."""
    for row in section.rows:
        share = f"{row.number / row.whole:.4f}" if row.whole else ""
        _line(section.about, section.title, row.label, str(row.number), share, row.more)
    if section.note:
        _line(section.about, section.title, "note", "", "", section.note)


def _line(*values: str) -> None:
    data("\t".join(" ".join(value.split()) for value in values))


def _draw(section: ReportSection) -> None:
    """Bars and numbers first and the words last, so that no Arabic title moves them."""

    if from_right():
        heading = said("{about}: {title}", about=marked(section.about), title=marked(section.title))
        paint(shown(heading, sys.stdout), "bold")
    else:
        paint(f"{cell(section.about)}: {cell(section.title)}", "bold")
    width = max(min(_BAR, screen_width() // 4), 5)
    room = max(screen_width() - width - _BEFORE, _LEAST_LABEL)
    for row in section.rows:
        bar = _bar(row.number, section.most, width)
        share = f"{row.number / row.whole:7.1%}" if row.whole else " " * 7
        more = f"  ({cell(marked(row.more))})" if row.more else ""
        begun, label = f"{row.number:>11,} {share} ", f" {cell(marked(row.label), room)}"
        if from_right() and cells.width(begun + bar + label + more) > screen_width():
            # A row that the terminal breaks by itself is broken within an isolate.
            paint(begun, "", bar, label)
            paint(" " * min(cells.width(begun + bar), max(screen_width() - cells.width(more), 0)) + more, "")
        else:
            paint(begun, "", bar, label + more)
    if section.note:
        paint(shown("  " + marked(section.note), sys.stdout), "")
    paint("", "")


def _bar(number: int, most: int, width: int) -> str:
    """A bar of full, and then of an eighth of, characters; in letters where the terminal has no blocks."""
    eighths = round(8 * width * number / most) if most else 0
    if number and not eighths:
        eighths = 1
    if not (sys.stdout.encoding or "").lower().startswith("utf"):
        return ("#" * -(-eighths // 8)).ljust(width)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()).ljust(width)

"""Importing readers in steps: a file, what its columns are, how they agreed, what will happen, and taking it back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from newsletter.desk.readers.columns import AUTOMATIC, ColumnRow, chosen, columns_of
from newsletter.desk.readers.faults import told
from newsletter.desk.readers.files import LARGEST, WaitingFile, WaitingFiles
from newsletter.desk.readers.pages import list_of
from newsletter.errors import NashraError
from newsletter.ledger import activity
from newsletter.workflows import people, small_letters
from subscribers.csvfile import beginning
from subscribers.display import shown
from subscribers.errors import BatchError, ConsentError, CsvError

if TYPE_CHECKING:
    from markupsafe import Markup
    from sqlalchemy import Connection
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest
    from subscribers.models import ImportReport

ROWS, BAD = 4, 3
"""Rows of the file that are shown, and rows among those that cannot be used."""
MOST_TOLD = 100
"""Rows that cannot be used, told one by one."""


class _NumberChanged(Exception):  # noqa: N818  never leaves this module
    """Readers came or left while the page stood open: the button named another number."""


def start(request: DeskRequest) -> Response:
    """Choose a file; and the last imports, which may be taken back."""
    return _start(request)


def upload(request: DeskRequest) -> Response:
    """Keep a file, and look at it."""
    words, file = request.desk.pages.words, request.files.get("file")
    if file is None or not file.content:
        return _start(request, wrong=words.say("Choose a file first."))
    if len(file.content) > LARGEST:
        return _start(request, wrong=words.say("This file is larger than 64 MB: divide it."))
    files = WaitingFiles(request.workspace.root)
    request.desk.at_end(files.sweep, "uploads")
    kept = files.keep(file.name, file.content, list_of(request).name, now=request.workspace.now())
    try:
        beginning(kept.path, 1)
    except CsvError as error:
        files.forget(kept.id)
        return _start(request, wrong=words.say("This file cannot be read as a list of addresses."), error=error)
    return request.to(f"/readers/import/{kept.id}")


def look(request: DeskRequest) -> Response:
    """What is in the file and what would happen; it only reads."""
    return _look(request, _waiting(request))


def choose(request: DeskRequest) -> Response:
    """Keep what the editor says of the columns and of the consent, and count anew."""
    kept = _said(request)
    return request.to(f"/readers/import/{kept.id}")


def run(request: DeskRequest) -> Response:
    """Import it, if as many come in as the button named."""
    kept, words = _said(request), request.desk.pages.words
    if not kept.words:
        wrong = {"words": words.say("Say where their consent comes from: it is kept with each reader.")}
        return _look(request, kept, wrong=wrong)
    expected = request.form.get("number", "")

    def note(connection: Connection, report: ImportReport) -> None:
        if str(_number(report)) != expected:
            raise _NumberChanged
        by = request.editor.name
        activity.note(connection, "import", by=by, about=str(_number(report)), now=request.workspace.now())

    try:
        report = _read(request, kept, dry_run=False, note=note)
    except _NumberChanged:
        wrong = {"number": words.say("The numbers are others than before: look at them, and press again.")}
        return _look(request, kept, wrong=wrong)
    except (CsvError, ConsentError) as error:
        return _look(request, kept, wrong={"file": words.html(error.what)})
    WaitingFiles(request.workspace.root).forget(kept.id)
    if report.asked:
        with suppress(NashraError):  # who cannot be asked now is asked with the next ones
            small_letters.of_workspace(request.workspace).drain()
    listed = people.list_called(request.workspace, kept.list)
    values = {"report": report, "list": listed, "number": _number(report), "file": kept.path.name}
    return request.page("desk/readers/imported.html.j2", values, place="readers")


def undo(request: DeskRequest) -> Response:
    """Take an import back by its name."""
    workspace, words = request.workspace, request.desk.pages.words
    try:
        with workspace.database.write() as connection:
            done = people.undo_import(connection, workspace, request.path["id"], by=request.editor.name)
            about = str(done.taken_back)
            activity.note(connection, "import-undone", by=request.editor.name, about=about, now=workspace.now())
    except BatchError:
        why = words.say("This import cannot be taken back: a letter went to one of its readers, or it was done before.")
        return _start(request, wrong=why)
    return _start(request, undone=done)


def _start(
    request: DeskRequest,
    *,
    wrong: Markup | None = None,
    error: CsvError | None = None,
    undone: Any = None,
) -> Response:
    listed = list_of(request)
    values = {
        "list": listed,
        "lists": people.lists_of(request.workspace),
        "batches": people.last_imports(request.workspace, listed.id),
        "wrong": wrong,
        "error": error,
        "undone": undone,
        "cap": LARGEST // 1_000_000,
    }
    return request.page("desk/readers/import.html.j2", values, place="readers", status=422 if wrong else 200)


def _waiting(request: DeskRequest) -> WaitingFile:
    return WaitingFiles(request.workspace.root).find(request.path["id"], now=request.workspace.now())


def _said(request: DeskRequest) -> WaitingFile:
    """The file with what the form says of it, which is kept."""
    form = request.form
    roles = {name.removeprefix("column-"): value for name, value in form.items() if name.startswith("column-")}
    kept = replace(
        _waiting(request),
        roles={at: role for at, role in roles.items() if at.isdecimal() and role != AUTOMATIC},
        words=shown(form.get("words", ""), 500),
        ask=form.get("how") == "ask",
    )
    WaitingFiles(request.workspace.root).update(kept)
    return kept


def _read(request: DeskRequest, kept: WaitingFile, *, dry_run: bool, note: Any = None) -> ImportReport:
    return people.import_file(
        request.workspace,
        kept.path,
        kept.list,
        words=kept.words,
        ask=kept.ask,
        dry_run=dry_run,
        choices=chosen(beginning(kept.path, 0).header, kept.roles),
        by=request.editor.name,
        also=note,
    )


def _number(report: ImportReport) -> int:
    """How many come in, or are asked."""
    return report.asked + report.added + report.pending + report.confirmed


def _look(request: DeskRequest, kept: WaitingFile, *, wrong: dict[str, Any] | None = None) -> Response:
    """The page of the steps. Its counting is rolled back by itself: a dry run writes nothing."""
    words, problem = request.desk.pages.words, None
    report: ImportReport | None = None
    try:
        report = _read(request, kept, dry_run=True)
    except CsvError as error:
        problem = error
    bad = {} if report is None else {row.line: told(row.reason, words) for row in report.rejected}
    begins = beginning(kept.path, ROWS, sorted(bad)[:BAD])
    columns = columns_of(begins, kept, report, words)
    values = {
        "waiting": kept,
        "list": people.list_called(request.workspace, kept.list),
        "begins": begins,
        "columns": columns,
        "cells": [(at, _cells(cells, columns), bad.get(at, "")) for at, cells in begins.rows],
        "separator": {",": words.say("comma"), "\t": words.say("tab")}.get(begins.delimiter, f"«{begins.delimiter}»"),
        "report": report,
        "number": 0 if report is None else _number(report),
        "faults": () if report is None else [(row, bad[row.line]) for row in report.rejected[:MOST_TOLD]],
        "problem": problem,
        "wrong": wrong or {},
    }
    status = 422 if wrong else 200
    return request.page("desk/readers/look.html.j2", values, place="readers", status=status)


def _cells(cells: tuple[str, ...], columns: list[ColumnRow]) -> list[str]:
    return [*cells[: len(columns)], *[""] * (len(columns) - len(cells))]

"""The command subscribers import: a file of people read, told, agreed to, and taken back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from newsletter.cli import posting
from newsletter.cli.acting import at_terminal, note_act
from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson, ToList
from newsletter.cli.output import ask as question
from newsletter.cli.output import is_yes, json_data, on_terminal, plural, say
from newsletter.text.dates import in_zone
from newsletter.text.sentences import Sentence, counted, joined, said

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from subscribers.models import ImportReport


def import_(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="CSV with a column of addresses.", show_default=False)
    ] = None,
    list_name: ToList = "readers",
    consent: Annotated[str, typer.Option(help="How these people agreed; kept in the record of consent.")] = "",
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore-column", metavar="NAME", help="A column that says nothing of who may be mailed."),
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option("--status-column", metavar="NAME", help="A column that says how people stand: subscribed, no …"),
    ] = None,
    everybody: Annotated[
        Literal["left", "suppressed"] | None,
        typer.Option("--as", help="Everybody in the file left, or must never be mailed."),
    ] = None,
    topics: Annotated[
        str, typer.Option("--topics-column", metavar="NAME", help="A column with the topics that people want.")
    ] = "",
    names: Annotated[
        str, typer.Option("--name-column", metavar="NAME", help="A column of names, kept so that editors find people.")
    ] = "",
    ask: Annotated[bool, typer.Option("--ask", help="Subscribe nobody; ask each by a confirmation letter.")] = False,
    undo: Annotated[
        str, typer.Option("--undo", metavar="BATCH", help="Take back the import that printed this name.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --ask: do not ask me first.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Tell what would happen, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add the addresses of a CSV file; every row that cannot be used is named with its line.

    Nobody is subscribed of whom nothing says how they agreed: state it with --consent, or have each of them asked with
    --ask. Files that tell it themselves, as our own export does, need neither. With --ask the letters go out as [web]
    letters_an_hour allows; who is subscribed, left, was asked before or must not be mailed gets none.

    Until a letter went to somebody whom a file brought, --undo takes the import back by the name that it printed: who
    was there before, has left or has acted since stays, and so does what the file said that keeps letters away.

    \b
    Examples:
      newsletter subscribers import readers.csv --dry-run
      newsletter subscribers import readers.csv --consent "form on the site, 2019 to 2026"
      newsletter subscribers import old-list.csv --ask
      newsletter subscribers import unsubscribed.csv --as left
      newsletter subscribers import --undo 3f9a2c1b
    """
    if undo or file is None:
        _undo(context, undo, file)
        return
    from newsletter.workflows import people
    from subscribers.csvfile import ColumnChoices

    with workspace_of(context) as workspace:
        choices = ColumnChoices(tuple(ignore or ()), tuple(status or ()), everybody, topics, names)

        def read(*, dry_run: bool) -> ImportReport:
            return people.import_file(
                workspace,
                file,
                list_name,
                words=consent,
                ask=ask,
                dry_run=dry_run,
                choices=choices,
                by=at_terminal(),
            )

        if not dry_run and ((ask and not yes) or (not ask and not consent.strip() and on_terminal())):
            consent = _agreed(read(dry_run=True), consent, list_name, workspace.zone)
        report = read(dry_run=dry_run)
        if not dry_run and report.rejected_count < report.rows:
            note_act(workspace, "import", report.added + report.asked)
        if as_json:
            json_data(asdict(report))
        _tell(report, file, list_name, workspace.settings.web.pending_days, workspace.zone)
        if report.asked and not dry_run:
            posting.post(workspace)
    if report.rows and report.rejected_count == report.rows:
        raise typer.Exit(1)


def _undo(context: typer.Context, name: str, file: Path | None) -> None:
    if not name or file is not None:
        raise typer.BadParameter(
            "give a FILE to import, or --undo with the name that an import printed", param_hint="FILE"
        )
    from newsletter.ledger import activity
    from newsletter.workflows import people

    with workspace_of(context) as workspace, workspace.database.write() as connection:
        done = people.undo_import(connection, workspace, name, by=at_terminal())
        about = str(done.taken_back)
        activity.note(connection, "import-undone", by=at_terminal(), about=about, now=workspace.now())
    stay = (
        said("; {people} of it left or acted since, and stay", people=plural(done.kept, "person", "people"))
        if done.kept
        else ""
    )
    say(
        said("{people} of this import taken back{stay}.", people=plural(done.taken_back, "person", "people"), stay=stay)
    )


def _agreed(seen: ImportReport, consent: str, list_name: str, zone: ZoneInfo) -> str:
    """How the people of a file agreed, as the person at the terminal states it; or that they are to be asked."""
    if seen.asked:
        say(
            said(
                "{people} of the file will be mailed a question{pace}.",
                people=plural(seen.asked, "person", "people"),
                pace=_pace(seen, zone),
            )
        )
        if not is_yes(question(said("Type yes to ask them"))):
            say("Nothing imported, nobody asked.")
            raise typer.Exit(1)
    if not seen.unstated:
        return consent
    say(
        said(
            "{people} will be subscribed to '{list_name}' and mailed.",
            people=plural(seen.unstated, "person", "people"),
            list_name=list_name,
        )
    )
    stated = question("How did these people agree? (nothing: stop here)")
    if not stated:
        say("Nothing imported. To have each of them asked by a letter: --ask")
        raise typer.Exit(1)
    return stated


def _pace(report: ImportReport, zone: ZoneInfo) -> str:
    until = said(", until about {moment}", moment=in_zone(report.asked_until, zone)) if report.asked_until else ""
    return said(
        ", at most {letters_an_hour} an hour{until}", letters_an_hour=f"{report.letters_an_hour:,}", until=until
    )


def _tell(report: ImportReport, file: Path, list_name: str, pending_days: int, zone: ZoneInfo) -> None:
    for row in report.rejected:
        say(said("{file}:{line}: {value}: {reason}", file=file, line=row.line, value=row.value, reason=row.reason))
    if report.rejected_count > len(report.rejected):
        say(
            said(
                "… and {rejected_count} more rows that cannot be used.",
                rejected_count=report.rejected_count - len(report.rejected),
            )
        )
    for line in _understood(report):
        say(line)
    counts = {
        "known before": report.already,
        "confirmed now": report.confirmed,
        "waiting for confirmation": report.pending,
        "the same address again": report.merged,
        "who left stay out": report.kept_out,
        "marked as left": report.left,
        "not to be mailed": report.suppressed,
        "cannot be used": report.rejected_count,
    }
    told = joined(
        [counted(f", {{n}} {words}", f", {{n}} {words}", count) for words, count in counts.items() if count] or [""], ""
    )
    say(
        said(
            "{added} {subscribers} to '{list_name}'{told}.",
            added=said("Would add" if report.dry_run else "Added"),
            subscribers=plural(report.added, "subscriber"),
            list_name=list_name,
            told=told,
        )
    )
    if report.batch:
        back = f"newsletter subscribers import --undo {report.batch}"
        say(said("Until a letter went to one of them, this takes it back: {back}", back=back))
    if report.pending:
        say(
            said(
                "Who waits for confirmation gets no letter by this and is forgotten after {days} ([web] "
                "pending_days). To ask them: --ask",
                days=plural(pending_days, "day"),
            )
        )
    if report.asked:
        will = said("would be" if report.dry_run else "will be")
        say(
            said(
                "{people} {will} asked by a letter{pace}.",
                people=plural(report.asked, "person", "people"),
                will=will,
                pace=_pace(report, zone),
            )
        )
    if report.unstated:
        say(
            said(
                "Nothing says how {unstated} of them agreed: the import will ask for it. "
                'State it with --consent "form on the site", or have each of them asked with --ask.',
                unstated=f"{report.unstated:,}",
            )
        )


def _unused(column: str) -> Sentence:
    """A column of which nothing is taken."""
    name, of_person, more = column.partition(_A_NAME)
    if of_person and not more:
        return said(f"{{name}}{_A_NAME}", name=name)
    return said("{name}", name=column)


_A_NAME = " (a name; letters carry none)"
"""What is said behind the name of a column with names of people."""


def _understood(report: ImportReport) -> list[str]:
    """How the file was read, where there was anything to understand, and what to know of the program it is from."""
    lines: list[str] = []
    if report.layout or report.encoding != "utf-8" or len(report.columns) > 1:
        program = said("an export of {layout}", layout=report.layout) if report.layout else said("a table")
        signs = {",": said("commas"), ";": said("semicolons"), "\t": said("tabs")}
        between = signs.get(report.delimiter) or f"'{report.delimiter}'"
        columns = [said("'{name}' as {role}", name=name, role=said(role)) for name, role in report.columns]
        used = said("; its columns {columns}", columns=joined(columns, ", ")) if columns else ""
        lines.append(
            said(
                "Read as {program}, {encoding}, with {between} between the cells{used}.",
                program=program,
                encoding=report.encoding,
                between=between,
                used=used,
            )
        )
    if report.unused:
        lines.append(
            said(
                "Nothing is taken from {columns}: {names}.",
                columns=plural(len(report.unused), "column"),
                # Names of the file's own: one that is also a word of the catalogue is none of ours.
                names=joined([_unused(one) for one in report.unused], ", "),
            )
        )
    if report.note:
        lines.append(f"Note: {report.note}.")
    return lines

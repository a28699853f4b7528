"""Command for what inbox lists show: subjects."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson, IssueName
from newsletter.cli.output import data, json_data, plural, say, shown_path
from newsletter.cli.tables import cell, isolated, table
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.subjects import SubjectProposal


def subjects(
    context: typer.Context,
    name: IssueName = "",
    use: Annotated[
        int | None, typer.Option("--use", metavar="N", min=1, help="Write the Nth proposal into issue.md.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Propose subjects and preheaders for an issue, made of its own headlines.

    Nothing is asked of anybody: headlines are taken whole, cut where a clause ends, joined or counted, by the grammar
    of Arabic, Persian, Hebrew, English and French. What newsletter check would tell is not proposed, no word comes
    twice, and the preheader repeats no word of the subject. Below a subject stand its preheader and, where it is
    longer, what a narrow phone shows of it. A pipe gets a line for each: number, kind, columns, subject, preheader,
    phone, with tabs between them.

    \b
    Examples:
      newsletter subjects
      newsletter subjects 12 --json
      newsletter subjects 12 --use 2
    """
    from newsletter import issues
    from newsletter.workflows import subjects as proposing

    with workspace_of(context) as workspace:
        issue = issues.newest(workspace.root, name)
        found = proposing.proposals(workspace, issue)
        if use is not None and use > len(found):
            raise typer.BadParameter(
                said("--use takes a number from 1 to {count}", count=len(found))
                if found
                else "nothing is proposed for this issue"
            )
        written = proposing.use(issue, found[use - 1]) if use is not None else None
    if as_json:
        rows = [
            {
                "number": at,
                "kind": one.kind,
                "subject": one.subject,
                "preheader": one.preheader,
                "columns": one.width,
                "phone": one.phone,
                "desktop": one.desktop,
                "written": at == use,
            }
            for at, one in enumerate(found, 1)
        ]
        json_data({"issue": issue.number, "subject": issue.subject, "proposals": rows})
    elif written is not None:
        data(shown_path(written.path))
    else:
        _show(found)
    if written is not None:
        say(
            said(
                "Issue {number} has the subject «{subject}». Next: newsletter check {number}",
                number=written.number,
                subject=written.subject,
            )
        )
    elif found:
        say(
            said(
                "{proposals}. To take one: newsletter subjects {number} --use N",
                proposals=plural(len(found), "proposal"),
                number=issue.number,
            )
        )
    elif issue.stories:
        say("Nothing to propose: every headline is cut off, repeats a word, or says what newsletter check would tell.")
    else:
        say(said("Issue {number} has no story yet. Next: newsletter compose --refresh", number=issue.number))


def _show(found: Sequence[SubjectProposal]) -> None:
    """Every proposal whole: two subjects that begin alike look the same in a table."""
    if not sys.stdout.isatty():
        rows = [(at, one.kind, one.width, one.subject, one.preheader, one.phone) for at, one in enumerate(found, 1)]
        table(("No", "Kind", "Columns", "Subject", "Preheader", "Phone"), rows)
        return
    for at, one in enumerate(found, 1):
        data(f"{at:>2}  {isolated(one.subject)}")
        if one.preheader:
            data(f"    {isolated(one.preheader)}")
        line = said("{kind}, {columns}", kind=said(one.kind), columns=plural(one.width, "column"))
        if one.phone != one.subject:
            line = said("{line}  ·  phone: {phone}", line=line, phone=one.phone)
        data(f"    {cell(line)}\n")

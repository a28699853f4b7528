"""Commands for editors: collect, articles, compose, check, preview."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.app import FOUND_ERRORS, App, house
from newsletter.cli.output import data, json_data, plural, say

if TYPE_CHECKING:
    from newsletter.models import Holding, Issue, Problem
    from newsletter.wiring import House

PANEL = "Making an issue"
MOST_OF_A_CODE = 5
AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON on stdout.")]
IssueName = Annotated[
    str, typer.Argument(metavar="[ISSUE]", help="Its number, the name of its folder, or a path. [default: the newest]")
]


def add_to(app: App) -> None:
    """Add these commands to the application."""
    from newsletter.cli import composing

    for command in (collect, composing.articles, composing.compose, check, preview):
        app.add(command, PANEL)


def collect(
    context: typer.Context,
    targets: Annotated[
        list[str], typer.Argument(metavar="PATH_OR_URL…", help="Text, Markdown, HTML or feed: files or addresses.")
    ],
    as_json: AsJson = False,
) -> None:
    """Put articles into the library. Collecting again adds nothing twice.

    \b
    Examples:
      newsletter collect https://example.org/feed/
      newsletter collect article.txt notes/*.md https://example.org/2026/11/some-article/
    """
    from newsletter import drafts, library
    from newsletter.collect import collect

    with house(context) as workspace:
        now = workspace.now()
        collected = collect(targets, fetcher=workspace.fetcher, now=now)
        with workspace.database.write() as connection:
            shelved = library.shelve(connection, collected.articles, now=now)
            ids = [*shelved.added, *shelved.updated, *shelved.known]
            holdings = library.holdings(connection, ids=ids)
        grown, broken = drafts.grow(workspace, shelved.added)
    if as_json:
        status = {
            **dict.fromkeys(shelved.added, "added"),
            **dict.fromkeys(shelved.updated, "updated"),
            **dict.fromkeys(shelved.known, "known"),
        }
        json_data(
            {
                "articles": [article_data(holding) | {"status": status[holding.id]} for holding in holdings],
                "troubles": [
                    {"where": trouble.where, "what": trouble.what, "mend": trouble.mend}
                    for trouble in collected.troubles
                ],
            }
        )
    else:
        for holding in holdings:
            data(f"{holding.id}\t{holding.article.title}")
    for trouble in (*collected.troubles, *broken):
        say(f"trouble: {trouble}")
    if not collected.articles:
        raise typer.Exit(1)
    say(
        f"{plural(len(shelved.added), 'article')} added, {len(shelved.updated)} updated, "
        f"{len(shelved.known)} known before."
    )
    for draft in grown:
        say(f"Issue {draft.issue.number} has {plural(draft.waiting, 'candidate')}, {draft.added} of them new.")
    if shelved.added and not grown:
        say("Next: newsletter compose")


def check(
    context: typer.Context,
    name: IssueName = "",
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend in issue.md what is safe to mend, and tell the rest.")
    ] = False,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask for every link and picture, and for the sender's DNS.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what is wrong with an issue and its letter; exit code 3 when something must be mended first.

    docs/checks.md explains every code. What --fix mends it names, line by line; it changes nothing else in the file.

    \b
    Examples:
      newsletter check 12
      newsletter check --fix --online
    """
    from pathlib import Path

    from newsletter import issues
    from newsletter.check import has_errors
    from newsletter.inspection import inspect
    from newsletter.mend import MENDS, mend

    with house(context) as workspace:
        issue = newest(workspace, name)
        if online:
            say("Asking for links, pictures and DNS …")
        inspected = inspect(workspace, issue, online=online)
        mended = mend(Path(issue.path), inspected.problems) if fix else []
        if mended:
            issue = issues.read(Path(issue.path))
            inspected = inspect(workspace, issue, found=inspected.found)
        problems = inspected.problems
    if as_json:
        found: dict[str, Any] = {"issue": issue.number, "problems": [asdict(problem) for problem in problems]}
        json_data(found | ({"mended": [asdict(one) for one in mended]} if fix else {}))
    else:
        for line in problem_lines(problems):
            data(line)
    for one in mended:
        say(f"mended {', '.join(one.codes)}: {issue.path}:{one.line}: {one.after.strip()}")
    errors = sum(problem.level == "error" for problem in problems)
    say(
        f"Issue {issue.number}: {plural(errors, 'error')}, {plural(len(problems) - errors, 'warning')}."
        if problems
        else f"Issue {issue.number} is ready."
    )
    if not fix and (count := sum(problem.code in MENDS for problem in problems)):
        say(f"{count:,} of these can be mended with: newsletter check --fix")
    if has_errors(problems):
        raise typer.Exit(FOUND_ERRORS)


def preview(context: typer.Context, name: IssueName = "") -> None:
    """Write the letter as issue.html and issue.txt beside the issue; prints their paths.

    \b
    Example:
      newsletter preview
    """
    from newsletter.letters import of_issue
    from newsletter.letters import preview as write

    with house(context) as workspace:
        issue = newest(workspace, name)
        for path in write(issue, of_issue(workspace, issue)):
            data(str(path))


def newest(workspace: House, name: str) -> Issue:
    """The issue an editor names, or the one with the highest number."""
    from newsletter import issues
    from newsletter.errors import IssueError

    if name:
        return issues.find(workspace.root, name)
    found = issues.every(workspace.root)
    if not found:
        raise IssueError("there is no issue yet", where=str(workspace.root), mend="make one with: newsletter compose")
    return found[-1]


def problem_line(problem: Problem) -> str:
    """A problem as one line: level, code, place, what, mend."""
    place = f"{problem.place}: " if problem.place else ""
    mend = f"; {problem.mend}" if problem.mend else ""
    return f"{problem.level} {problem.code}: {place}{problem.words}{mend}"


def problem_lines(problems: Sequence[Problem]) -> Iterator[str]:
    """Problems as lines; of one code the first few, so that a text full of one habit does not hide the rest."""
    told: dict[str, int] = {}
    levels = {problem.code: problem.level for problem in problems}
    for problem in problems:
        told[problem.code] = told.get(problem.code, 0) + 1
        if problem.level == "error" or told[problem.code] <= MOST_OF_A_CODE:
            yield problem_line(problem)
    for code, count in told.items():
        more = count - MOST_OF_A_CODE
        if more > 0 and levels[code] == "warning":
            yield f"warning {code}: and {plural(more, 'more of these', 'more of these')}; --json tells them all"


def article_data(holding: Holding) -> dict[str, Any]:
    """An article of the library as data for programs."""
    from newsletter.sources.clean import paragraphs

    article = holding.article
    return {
        "id": holding.id,
        **asdict(article),
        "published": article.published.isoformat() if article.published else None,
        "paragraphs": paragraphs(article.body),
        "collected": holding.collected.isoformat(),
        "carried_in": list(holding.carried_in),
    }

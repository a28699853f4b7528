"""Commands for editors: collect, articles, compose, check, preview."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.accounts import article_data, problem_lines, tell_repeats
from newsletter.cli.app import FOUND_ERRORS, workspace_of
from newsletter.cli.options import AsJson, IssueName, day_of
from newsletter.cli.output import data, json_data, plural, progress_bar, say, shown, shown_path, words
from newsletter.cli.speaking import complained
from newsletter.cli.tables import fields
from newsletter.text.sentences import counted, joined, said

if TYPE_CHECKING:
    from newsletter.library.shelving import State
    from newsletter.models import Issue
    from newsletter.wiring import Workspace
    from newsletter.workflows.collect import CollectOutcome, SourceReport
    from newsletter.workflows.copying import CopiedPicture


def collect(
    context: typer.Context,
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH_OR_URL",
            help="A site's front page; sections, feeds, sitemaps, articles; files of text, Markdown, HTML, lists of "
            "links, Telegram exports. "
            "[default: [collect] sources]",
        ),
    ] = None,
    since: Annotated[
        str,
        typer.Option(metavar="DAY", help="Nothing published before, as 2026-11-20."),
    ] = "",
    until: Annotated[str, typer.Option(metavar="DAY", help="Nothing published after.")] = "",
    most: Annotated[int | None, typer.Option(metavar="N", min=1, help="Most of one address. [default: 50]")] = None,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Look on their pages for the pictures of articles that have none.")
    ] = False,
    moved: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--moved", metavar="OLD NEW", help="The site has another host now: know all it has published by both."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put articles into the library. Collecting again adds nothing twice.

    An article stays the same one when its address, the structure of all addresses or the domain of its site changes.

    Give the front page of the site: it finds all the rest, pictures too. A WordPress site and its feeds are asked
    through the REST interface, by the feed when that is closed. What cannot be had is told in one line and stops
    nothing else; exit code 1 only when nothing could be had at all. Of a Telegram channel, the
    result.json of Telegram Desktop is read; named @channel.json, its posts get their addresses.

    \b
    Examples:
      newsletter collect
      newsletter collect https://example.org/ --since 2026-11-20
      newsletter collect article.txt notes/*.md https://example.org/2026/11/some-article/
      newsletter collect --moved old.example.org example.org
    """
    from newsletter.workflows.collect import gather, move, sources_of

    first, last = day_of("--since", since), day_of("--until", until)
    with workspace_of(context) as workspace:
        if moved:
            there = move(workspace, *moved)
            say(
                said(
                    "{articles} of {old} known at {new} too.",
                    articles=plural(len(there.articles), "article"),
                    old=there.old,
                    new=there.new,
                )
            )
            for source in there.sources:
                say(said("note: [collect] sources in newsletter.toml still names {source}", source=source))
            if not targets:
                raise typer.Exit(0)
        if not targets and not sources_of(workspace):
            say(
                "Nothing to collect from: name files or addresses, or set [collect] sources in newsletter.toml, "
                "best to the site's front page."
            )
            raise typer.Exit(2)
        with _asking(len(targets or sources_of(workspace))) as progress:
            found = gather(
                workspace,
                targets or (),
                since=first,
                until=last,
                most=most,
                pictures=pictures,
                progress=progress,
            )
    alike = found.alike or {}
    if as_json:
        json_data(_gathered(found))
    else:
        for holding in found.holdings:
            same = [said("the same story as {alike}", alike=alike[holding.id])] if holding.id in alike else []
            fields(str(holding.id), holding.article.title, *same)
    for report in found.sources:
        if report.trouble is None:
            say(_told(report))
    for trouble in found.troubles:
        say(said("trouble: {line}", line=complained(trouble)))
    for note in found.notes:
        say(said("note: {line}", line=note))
    if not found.holdings and found.troubles:
        raise typer.Exit(1)
    say(
        said(
            "{articles} added, {updated} updated, {known} known before.",
            articles=plural(len(found.added), "article"),
            updated=len(found.updated),
            known=len(found.known),
        )
    )
    for draft in found.grown:
        more = (
            said("; {unshown} more in: newsletter articles --unused", unshown=f"{draft.unshown:,}")
            if draft.unshown
            else ""
        )
        say(
            said(
                "Issue {number} has {candidates}, {added} of them new{more}.",
                number=draft.issue.number,
                candidates=plural(draft.waiting, "candidate"),
                added=draft.added,
                more=more,
            )
        )
        tell_repeats(draft.repeats)
    if found.added and not found.grown:
        say("Next: newsletter compose")


@contextmanager
def _asking(total: int) -> Iterator[Callable[[str, int], None]]:
    """A bar on stderr that shows how many sources have answered."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

    with progress_bar(
        TextColumn(shown(said("asking"), sys.stderr)),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
    ) as bar:
        task = bar.add_task("", total=total)
        yield lambda target, count: bar.update(
            task,
            advance=1,
            description=shown(said("{count} from {target}", count=count, target=target[-60:]), sys.stderr),
        )


def _gathered(found: CollectOutcome) -> dict[str, Any]:
    status = {
        **dict.fromkeys(found.added, "added"),
        **dict.fromkeys(found.updated, "updated"),
        **dict.fromkeys(found.known, "known"),
    }
    alike = found.alike or {}
    return {
        "articles": [
            article_data(holding) | {"status": status[holding.id], "same_story_as": alike.get(holding.id)}
            for holding in found.holdings
        ],
        "troubles": [
            {"where": trouble.where, "what": trouble.what, "mend": trouble.mend} for trouble in found.troubles
        ],
        "notes": list(found.notes),
        "sources": [_source_data(report) for report in found.sources],
    }


def _told(report: SourceReport) -> str:
    """What became of all that a source has, in one line."""
    if report.unchanged:
        return said("{target}: nothing has changed since it was read last.", target=report.target)
    states: tuple[State, ...] = ("new", "updated", "known", "merged")
    counts = [counted(f"{{n}} {state}", f"{{n}} {state}", len(some)) for state in states if (some := report.of(state))]
    reasons = Counter(one.reason for one in report.refused)
    counts += [said("{count} not taken ({reason})", count=count, reason=reason) for reason, count in reasons.items()]
    if not counts:
        return said("{target}: {seen} seen.", target=report.target, seen=report.seen)
    return said("{target}: {seen} seen: {counts}.", target=report.target, seen=report.seen, counts=joined(counts, ", "))


def _source_data(report: SourceReport) -> dict[str, Any]:
    def told(state: State) -> list[dict[str, Any]]:
        return [{"id": one.id, "reason": one.reason} for one in report.of(state)]

    return {
        "source": report.target,
        "unchanged": report.unchanged,
        "seen": report.seen,
        **{state: told(state) for state in ("new", "updated", "known", "merged")},
        "refused": [asdict(one) for one in report.refused],
        "trouble": str(report.trouble) if report.trouble else None,
    }


HostPictures = Annotated[
    bool,
    typer.Option(
        "--host-pictures",
        help="First take copies of the pictures of other sites into the issue's folder, and name them in issue.md.",
    ),
]


def check(
    context: typer.Context,
    name: IssueName = "",
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend in issue.md what is safe to mend, and tell the rest.")
    ] = False,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask for every link and picture, and for the sender's DNS.")
    ] = False,
    host_pictures: HostPictures = False,
    as_json: AsJson = False,
) -> None:
    """Tell what is wrong with an issue and its letter; exit code 3 when something must be mended first.

    docs/en/checks.md explains every code. What --fix mends it names, line by line; it changes nothing else in the file.
    --host-pictures changes the addresses of pictures alone: descriptions, captions and credits stay.

    \b
    Examples:
      newsletter check 12
      newsletter check --fix --online
      newsletter check --host-pictures
    """
    from pathlib import Path

    from newsletter import issues
    from newsletter.check import has_errors
    from newsletter.check.fix import FIXES
    from newsletter.check.fix import fix as fix_issue
    from newsletter.workflows.check import inspect

    with workspace_of(context) as workspace:
        issue = issues.newest(workspace.root, name)
        issue, copied = _copies(workspace, issue) if host_pictures else (issue, ())
        if online:
            say("Asking for links, pictures and DNS …")
        inspected = inspect(workspace, issue, online=online)
        fixed = fix_issue(Path(issue.path), inspected.problems, workspace.publication.language) if fix else []
        if fixed:
            issue = issues.read(Path(issue.path))
            inspected = inspect(workspace, issue, found=inspected.found)
        problems = inspected.problems
    if as_json:
        found: dict[str, Any] = {"issue": issue.number, "problems": [asdict(problem) for problem in problems]}
        found |= {"pictures": [asdict(one) for one in copied]} if host_pictures else {}
        json_data(found | ({"mended": [asdict(one) for one in fixed]} if fix else {}))
    else:
        for line in problem_lines(problems):
            words(line)
    for one in fixed:
        say(
            said(
                "mended {codes}: {path}:{line}: {text}",
                codes=", ".join(one.codes),
                path=issue.path,
                line=one.line,
                text=one.after.strip(),
            )
        )
    errors = sum(problem.level == "error" for problem in problems)
    say(
        said(
            "Issue {number}: {errors}, {warnings}.",
            number=issue.number,
            errors=plural(errors, "error"),
            warnings=plural(len(problems) - errors, "warning"),
        )
        if problems
        else said("Issue {number} is ready.", number=issue.number)
    )
    if not fix and (count := sum(problem.code in FIXES for problem in problems)):
        say(said("{count} of these can be mended with: newsletter check --fix", count=f"{count:,}"))
    if has_errors(problems) or any(not one.file for one in copied):
        raise typer.Exit(FOUND_ERRORS)


def preview(
    context: typer.Context,
    name: IssueName = "",
    host_pictures: HostPictures = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Show it in the browser instead, anew whenever the file changes.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="With --serve: port of this machine; 0 takes a free one.")
    ] = 0,
) -> None:
    """Write the letter as issue.html and issue.txt beside the issue; prints their paths.

    A draft that could not go yet is written too: what is wrong stands in a box above the letter, and on this screen.
    Exit code 3: it could not go.

    \b
    Examples:
      newsletter preview
      newsletter preview --host-pictures
      newsletter preview 13 --serve
    """
    from newsletter import issues
    from newsletter.cli.living import living
    from newsletter.errors import IssueError
    from newsletter.workflows import preview as previews

    with workspace_of(context) as workspace:
        if serve:
            living(workspace, previews.file_of(workspace, name), port)
            return
        copied: tuple[CopiedPicture, ...] = ()
        if host_pictures:
            try:
                _, copied = _copies(workspace, issues.newest(workspace.root, name))
            except IssueError as error:
                say(said("No picture was copied, since the issue cannot be read: {what}", what=error.what))
        made = previews.of_name(workspace, name)
    for path in made.paths:
        data(shown_path(path))
    for line in problem_lines(made.problems):
        say(line)
    if made.problems:
        say(said("{errors}: mend them, then: newsletter preview", errors=plural(len(made.problems), "error")))
        raise typer.Exit(FOUND_ERRORS)
    if any(not one.file for one in copied):
        raise typer.Exit(FOUND_ERRORS)
    say("Next: to see it as a letter, newsletter send --test ADDRESS; then: newsletter send")


def _copies(workspace: Workspace, issue: Issue) -> tuple[Issue, tuple[CopiedPicture, ...]]:
    """Take copies of the pictures of other sites, and say which; the issue as its file is then."""
    from pathlib import Path

    from newsletter import issues
    from newsletter.workflows.copying import copy_pictures

    say("Looking for pictures of other sites …")
    copied = copy_pictures(workspace, issue)
    taken = [one for one in copied if one.file]
    for one in taken:
        say(
            said(
                "copied: {address} is {file} now ({weight} MB)",
                address=one.address,
                file=one.file,
                weight=f"{one.weight / 1000000.0:.1f}",
            )
        )
    for one in copied:
        if not one.file:
            say(
                said(
                    "not copied: {path}:{line}: {address}: {why}",
                    path=issue.path,
                    line=one.line,
                    address=one.address,
                    why=one.why,
                )
                + (said("; {mend}", mend=one.mend) if one.mend else "")
            )
    say(
        said(
            "{pictures} of other sites copied, {copied} not.",
            pictures=plural(len(taken), "picture"),
            copied=len(copied) - len(taken),
        )
    )
    return issues.read(Path(issue.path)) if taken else issue, copied

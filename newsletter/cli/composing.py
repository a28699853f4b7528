"""Commands for choosing: articles, compose."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import completing
from newsletter.cli.accounts import article_data, tell_repeats
from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson, AsJsonLines, one_form
from newsletter.cli.output import data, json_data, json_line, plural, say, shown_path
from newsletter.cli.tables import table
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.models import Holding
    from newsletter.wiring import Workspace
    from newsletter.workflows.draft import Draft


def articles(
    context: typer.Context,
    unused: Annotated[
        bool, typer.Option("--unused", help="Only those no issue has carried and no draft holds.")
    ] = False,
    section: Annotated[str, typer.Option(help="Only those of this section.", autocompletion=completing.sections)] = "",
    days: Annotated[int | None, typer.Option(metavar="N", min=1, help="Only those of the last N days.")] = None,
    search: Annotated[str, typer.Option(metavar="WORDS", help="Only those that say all these words.")] = "",
    list_name: Annotated[
        str,
        typer.Option(
            "--list",
            help="Only what this list's weekly readers have not had. [default: every list]",
            autocompletion=completing.lists,
        ),
    ] = "",
    as_json: AsJson = False,
    as_lines: AsJsonLines = False,
) -> None:
    """List the articles of the library, newest first, with what helps to choose.

    Age, section, words, minutes of reading, the article whose story one repeats, and where it was sent. A story in
    another source's words is a repeat too; a column that appears every day is none. Words are found in headlines and
    texts, however hamza, harakat, ta marbuta and digits are written.

    \b
    Examples:
      newsletter articles --unused
      newsletter articles --search "ميناء 2026"
      newsletter articles --unused --list sport
      newsletter articles --section رياضة --days 7
      newsletter articles --jsonl | jq .title
    """
    from newsletter import issues, library
    from newsletter.issues.compose import when
    from newsletter.issues.repeats import of as found_repeats
    from newsletter.text.tidy import arabic_fold
    from newsletter.workflows.searching import searched_text

    one_form(as_json, as_lines)
    with workspace_of(context) as workspace:
        now = workspace.now()
        with workspace.database.read() as connection:
            holdings = library.holdings(connection, since=now - timedelta(days=days) if days else None)
            if unused and not list_name:
                free = library.unused(connection, holdings, issues.every(workspace.root))
                holdings = [one for one in free if not one.withdrawn]
        if list_name:
            from newsletter.workflows import draft

            wanted = {one.id for one in draft.unused(workspace, list_name)}
            holdings = [one for one in holdings if one.id in wanted]
        with workspace.database.read() as connection:
            # What repeats another may be far younger than it.
            repeats = found_repeats(library.holdings(connection))
    shown = [
        holding for holding in holdings if not section or arabic_fold(holding.article.section) == arabic_fold(section)
    ]
    if search:
        from newsletter.text.searching import says, search_words

        wanted_words = search_words(search)
        shown = [one for one in shown if wanted_words and says(arabic_fold(searched_text(one.article)), wanted_words)]
    if as_json:
        json_data({"articles": [_help(holding, repeats, now) for holding in shown]})
        return
    if as_lines:
        for holding in shown:
            json_line(_help(holding, repeats, now))
        return
    rows = [
        (
            holding.id,
            _age(when(holding), now),
            holding.article.section,
            words := len(_text(holding).split()),
            _minutes(holding) if words else "",
            holding.article.title,
            f"= {repeats[holding.id]}" if holding.id in repeats else "",
            ", ".join(holding.carried_in),
            holding.withdrawn,
        )
        for holding in shown
    ]
    table(("ID", "Age", "Section", "Words", "Min", "Headline", "Repeats", "Sent in", "Taken back"), rows, sparse=True)
    if not rows:
        filtered = section or days or search
        nothing = (
            "Nothing unused."
            if unused or list_name
            else "The library is empty. Fill it with: newsletter collect PATH_OR_URL"
        )
        say("Nothing like that." if filtered else nothing)


def compose(
    context: typer.Context,
    ids: Annotated[
        list[int] | None,
        typer.Argument(metavar="ID", help="Articles in order; the first leads. [default: all unused]"),
    ] = None,
    more_ids: Annotated[str, typer.Option("--ids", metavar="ID,ID…", help="The same, in one word.")] = "",
    latest: Annotated[int | None, typer.Option(metavar="N", min=1, help="The N newest unused articles.")] = None,
    per_section: Annotated[
        int | None, typer.Option("--per-section", metavar="N", min=1, help="At most N of each section.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="WORD", help="Without this section, tag or ID; can be repeated.")
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Put what is new into the candidates of the current draft.")
    ] = False,
    slug: Annotated[str, typer.Option(help="Name of the issue's folder. [default: number and date]")] = "",
    list_name: Annotated[
        str, typer.Option("--list", help="The list it is for.", autocompletion=completing.lists)
    ] = "readers",
) -> None:
    """Write the draft of an issue, a Markdown file to edit; prints its path.

    Without IDs it takes what is unused, by the rules of [compose] in the settings. What is not taken waits at the end
    of the file as candidates, which go nowhere; cut one from there and paste it above. --refresh adds what is new to
    them and changes nothing else; without a draft it begins one that has only candidates.

    \b
    Examples:
      newsletter compose --latest 5
      newsletter compose --per-section 3 --exclude إعلان
      newsletter compose --ids 12,9,7 --slug elections
      newsletter compose --refresh
    """
    from newsletter.sponsors.placing import placed
    from newsletter.workflows import draft as drafts
    from subscribers import store

    chosen = [*(ids or []), *_numbers(more_ids)]
    if chosen and latest:
        raise typer.BadParameter("give IDs or --latest, not both")
    if refresh and (chosen or latest or per_section or slug):
        raise typer.BadParameter("--refresh goes with --exclude and --list only")
    with workspace_of(context) as workspace:
        with workspace.database.read() as connection:
            store.open_list_named(connection, list_name)
        rules = drafts.rules_of(workspace)
        rules = replace(
            rules,
            most=latest or rules.most,
            per_section=per_section or rules.per_section,
            exclude=(*rules.exclude, *(exclude or [])),
        )
        if refresh:
            draft = _refreshed(workspace, rules, list_name)
            data(shown_path(draft.issue.path))
            say(
                said(
                    "Issue {number}: {candidates}, {ones}.",
                    number=draft.issue.number,
                    candidates=plural(draft.waiting, "candidate"),
                    ones=plural(draft.added, "new one"),
                )
            )
            _tell_left(draft)
            return
        kept = [one for one in chosen if str(one) not in (exclude or [])]
        issue = drafts.write(workspace, kept or None, list_name=list_name, rules=rules, slug=slug)
        left = drafts.waiting(issue)
    data(shown_path(issue.path))
    say(
        said(
            "Issue {number} with {stories}.",
            number=issue.number,
            stories=plural(len(issue.stories), "story", "stories"),
        )
    )
    if sponsors := placed(issue):
        say(
            said(
                "With {sponsors}, who paid for a place (sponsors.toml).",
                sponsors=", ".join(f"«{one.name}»" for one in sponsors),
            )
        )
    if left.waiting:
        say(
            said(
                "{candidates} more at the end of the file: cut what you want, and paste it above.",
                candidates=plural(left.waiting, "candidate"),
            )
        )
    _tell_left(left)
    say(said("Next: newsletter edit, then see it: newsletter open"))


def _refreshed(workspace: Workspace, rules: Any, list_name: str) -> Draft:
    from newsletter.workflows import draft as drafts

    issue = drafts.current(workspace, list_name)
    if issue is not None:
        return drafts.refresh(workspace, issue, rules=rules)
    issue = drafts.write(workspace, list_name=list_name, rules=rules, empty=True)
    made = drafts.waiting(issue)
    return replace(made, added=made.waiting)


def _tell_left(draft: Draft) -> None:
    """Say what a draft does not show: nobody reads a thousand candidates, or one story twice."""
    if draft.unshown:
        say(said("{unshown} more are not in the file: newsletter articles --unused", unshown=f"{draft.unshown:,}"))
    tell_repeats(draft.repeats)


def _numbers(words: str) -> list[int]:
    parts = [part.strip().removeprefix("#") for part in words.replace("،", ",").split(",") if part.strip()]
    if not all(part.isdecimal() for part in parts):
        raise typer.BadParameter("--ids takes numbers with commas, as newsletter articles shows them: 12,9,7")
    return [int(part) for part in parts]


def _text(holding: Holding) -> str:
    from newsletter.sources.clean import paragraphs

    article = holding.article
    return "\n".join(paragraphs(article.body)) or article.summary


def _minutes(holding: Holding) -> int:
    from newsletter.text.tidy import reading_minutes

    return reading_minutes(_text(holding))


def _age(moment: datetime, now: datetime) -> str:
    passed = max(now - moment, timedelta())
    return plural(passed.days, "d", "d") if passed.days else plural(passed.seconds // 3600, "h", "h")


def _help(holding: Holding, repeats: dict[int, int], now: datetime) -> dict[str, Any]:
    from newsletter.issues.compose import when

    return article_data(holding) | {
        "age_hours": max(int((now - when(holding)).total_seconds() // 3600), 0),
        "words": len(_text(holding).split()),
        "minutes": _minutes(holding),
        "repeats": repeats.get(holding.id),
        "repeated_by": sorted(later for later, first in repeats.items() if first == holding.id),
    }

"""Commands about the lists themselves: show, add, rename, close, open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli import completing
from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson, Yes
from newsletter.cli.output import ask, data, json_data, plural, say
from newsletter.cli.tables import table
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from subscribers.models import ListCount

ListName = Annotated[
    str, typer.Argument(metavar="NAME", help="Short name of the list.", autocompletion=completing.lists)
]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Tell what would happen, write nothing.")]


def lists(context: typer.Context, as_json: AsJson = False) -> None:
    """Lists of the workspace: show them; add, rename, close and open one.

    Without a command it shows the lists with how many subscriptions each has.

    \b
    Examples:
      newsletter lists
      newsletter lists add sport --title "نشرة الرياضة"
    """
    if context.invoked_subcommand is not None:
        return
    from subscribers import store

    with workspace_of(context) as workspace, workspace.database.read() as connection:
        counts = store.lists(connection)
    if as_json:
        json_data({"lists": [_told(count) for count in counts]})
        return
    rows = [(count.list.name, count.confirmed, count.pending, count.left, _title(count)) for count in counts]
    table(("List", "Confirmed", "Pending", "Left", "Title"), rows)


def _title(count: ListCount) -> str:
    title, closed = count.list.title, count.list.closed
    return (
        title if closed is None else said("{title} (closed since {closed})", title=title, closed=f"{closed:%Y-%m-%d}")
    )


def _told(count: ListCount) -> dict[str, Any]:
    one = count.list
    return {
        "name": one.name,
        "title": one.title,
        "confirmed": count.confirmed,
        "pending": count.pending,
        "left": count.left,
        "closed": None if one.closed is None else one.closed.isoformat(),
    }


def add(
    context: typer.Context,
    name: ListName,
    title: Annotated[str, typer.Option("--title", help="What readers see; it may be Arabic.")],
) -> None:
    """Add a list that people can subscribe to.

    \b
    Example:
      newsletter lists add sport --title "نشرة الرياضة"
    """
    from subscribers import store

    with workspace_of(context) as workspace:
        with workspace.database.write() as connection:
            made = store.add_list(connection, name, " ".join(title.split()), now=workspace.now())
        offered = tuple(dict.fromkeys((*workspace.settings.web.lists, made.name)))
    data(made.name)
    shown = ", ".join(f'"{one}"' for one in offered)
    say(
        said(
            "Next: newsletter subscribers import FILE --list {name}; on the form with [web] lists = [{shown}].",
            name=made.name,
            shown=shown,
        )
    )


def rename(
    context: typer.Context,
    name: ListName,
    to: Annotated[str, typer.Option("--to", help="Its new short name.")] = "",
    title: Annotated[str, typer.Option("--title", help="Its new title, as readers see it.")] = "",
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Give a list another title or short name. Links in letters hold its number, and stay good.

    A new short name is written into every issue.md that names the list. Settings that name it must be mended first:
    each is told. With the name the List-Id of its letters changes, by which readers' filters may sort them.

    \b
    Examples:
      newsletter lists rename sport --title "نشرة الملاعب"
      newsletter lists rename sport --to stadium --dry-run
    """
    from newsletter.workflows import lists as workflow
    from newsletter.workspace.folder import FIRST_LIST

    if not to and not title.strip():
        raise typer.BadParameter("give --to, --title or both")
    with workspace_of(context) as workspace:
        plan = workflow.plan_renaming(workspace, name, to=to, title=" ".join(title.split()))
        for path in plan.files:
            say(said('{path}: list = "{name}"', path=path, name=plan.name))
        if plan.name != name:
            say("The List-Id of its letters changes: filters that readers made for it no longer match.")
            say(
                said(
                    "Forms and buttons on other sites that name '{name}' must be made again: newsletter embed",
                    name=name,
                )
            )
        if plan.name != name and name == FIRST_LIST:
            say(
                said(
                    "Commands without --list mean '{first_list}': from now on give --list {name}",
                    first_list=FIRST_LIST,
                    name=plan.name,
                )
            )
        if dry_run:
            say("Nothing was written.")
            return
        if (
            plan.name != name
            and not yes
            and ask(said("Type {name} to rename '{before}'", name=plan.name, before=name)) != plan.name
        ):
            say("Nothing was done.")
            raise typer.Exit(1)
        workflow.rename(workspace, plan)
    say(said("'{before}' is now '{name}', «{title}».", before=name, name=plan.name, title=plan.title))


def close(context: typer.Context, name: ListName, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Close a list: nobody can join it any more, and nothing goes out to it.

    Who is on it stays on it and is told nothing; links to leave and to the preferences keep working.

    \b
    Examples:
      newsletter lists close sport --dry-run
      newsletter lists close sport
    """
    from newsletter.workflows import lists as workflow

    with workspace_of(context) as workspace:
        count = workflow.count_of(workspace, name)
        if count.list.closed is not None:
            say(said("'{name}' is closed already, since {closed}.", name=name, closed=f"{count.list.closed:%Y-%m-%d}"))
            return
        readers = plural(count.confirmed, "reader")
        say(
            said(
                "{readers} of '{name}' will get nothing more of it, and {pending} who have not confirmed cannot any "
                "more.",
                readers=readers,
                name=name,
                pending=f"{count.pending:,}",
            )
            if count.pending
            else said("{readers} of '{name}' will get nothing more of it.", readers=readers, name=name)
        )
        for place in ("[web] lists", "[schedule] lists"):
            if place in workflow.mentions(workspace, name):
                say(said("{place} in newsletter.toml still names it: take it out.", place=place))
        if dry_run:
            say("Nothing was written.")
            return
        if not yes and ask(said("Type {name} to close it", name=name)) != name:
            say("Nothing was done.")
            raise typer.Exit(1)
        workflow.close(workspace, name)
    say(said("'{name}' is closed. To undo it: newsletter lists open {name}", name=name))


def open_(context: typer.Context, name: ListName) -> None:
    """Open a list that was closed; everybody who was on it is still on it.

    \b
    Example:
      newsletter lists open sport
    """
    from newsletter.workflows import lists as workflow

    with workspace_of(context) as workspace:
        changed = workflow.reopen(workspace, name)
    say(said("'{name}' is open again.", name=name) if changed else said("'{name}' was open.", name=name))

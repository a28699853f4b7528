"""Commands for whoever sets a workspace up: init, demo, database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import workspace_of
from newsletter.cli.output import ask, data, on_terminal, plural, progress_bar, say, shown_path
from newsletter.errors import SettingsError
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.storage.database import Database


def init(
    context: typer.Context,
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="The folder to make; it may exist. [default: asked]")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the newsletter, as readers know it. [default: the site's]")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Address of the site.")] = None,
    sender: Annotated[
        str, typer.Option("--from", help="Who letters come from, as 'Name <address>'. [default: news@ the site's host]")
    ] = "",
    web: Annotated[str, typer.Option(help="Base address of the reader pages (unsubscribing), https.")] = "",
    language: Annotated[
        str, typer.Option(help="Language of the letter: ar, en, fr, fa, he … [default: the site's, else ar]")
    ] = "",
    timezone: Annotated[
        str,
        typer.Option(help="Zone of the site, for example Africa/Algiers. [default: the site's, else this machine's]"),
    ] = "",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: look at the site, and take what is found there.")
    ] = False,
) -> None:
    """Make a workspace: settings, secret keys, an empty database with the list 'readers'.

    On a terminal it asks for what is missing: the site's address, then what that did not tell, each with an answer
    that Enter takes. Ctrl-C leaves, and nothing is made. With DIR, --name, --url and --timezone it asks nothing and
    looks nowhere.

    \b
    Examples:
      newsletter init
      newsletter init --url https://example.org --yes
      newsletter init w --name "المؤشر" --url https://example.org \\
          --from "نشرة المؤشر <news@example.org>" --web https://news.example.org
    """
    from newsletter.cli import beginning

    here = Path(context.obj or "")
    given = beginning.BeginningOptions(directory, name or "", url or "", sender, web, language, timezone)
    if yes:
        beginning.take_found(given, here)
    elif directory is not None and name is not None and url is not None:
        _as_told(directory, name=name, url=url, sender=sender, web=web, language=language or "ar", timezone=timezone)
    elif on_terminal():
        beginning.converse(given, here)
    else:
        wanted = {"DIR": directory is not None, "--name": name is not None, "--url": url is not None}
        missing = ", ".join(one for one, there in wanted.items() if not there)
        raise typer.BadParameter(
            said("nobody is here to ask; add {missing}, or --yes to take what the site says", missing=missing)
        )


def _as_told(directory: Path, *, name: str, url: str, sender: str, web: str, language: str, timezone: str) -> None:
    from shlex import quote

    from newsletter.workflows.create import create
    from newsletter.workspace.folder import FIRST_LIST

    try:
        sender = sender or _sender(name, url)
        timezone, taken = (timezone, "") if timezone else _zone()
        create(directory, name=name, url=url, sender=sender, web=web, language=language, timezone=timezone)
    except SettingsError as error:
        raise SettingsError("\n".join(_as_option(line, web) for line in str(error).splitlines())) from None
    say(
        said(
            "Made the workspace {directory} with the list '{list}'. Letters go into its outbox for now.",
            directory=shown_path(directory),
            list=FIRST_LIST,
        )
    )
    if taken:
        say(taken)
    say(
        said(
            "Next: cd {folder}, then: newsletter collect {url}/",
            folder=quote(shown_path(directory)),
            url=url.rstrip("/"),
        )
    )


def _zone() -> tuple[str, str]:
    """The zone of a site whose editor named none, and what to say of it.

    A machine that says UTC is mostly one that was never told, so at a terminal that is asked.
    """
    from newsletter.workspace import zones

    name, why = zones.of_machine()
    change = said("another one: timezone in newsletter.toml")
    if name and name not in zones.UTC_NAMES:
        return name, said(
            "The site's zone is {name}, as this machine says ({why}); {change}.", name=name, why=why, change=change
        )
    if on_terminal():
        asked = ask("Zone of the site, for example Africa/Algiers (nothing for UTC)")
        return asked or "UTC", said("The site's zone is {name}; {change}.", name=asked or "UTC", change=change)
    return "UTC", (
        "The site's zone is UTC, since this machine names no other; if that is wrong, set timezone in newsletter.toml "
        '(timezone = "Africa/Algiers") before anything is scheduled.'
    )


def _sender(name: str, url: str) -> str:
    """Who letters come from when nobody says: news@ the site's host, if mail can have an address there.

    Raises:
        SettingsError: It cannot: a machine's number, or a name of this network alone.
    """
    from urllib.parse import urlsplit

    try:
        host = (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        host = ""
    if host and ("." not in host or ":" in host or host.rpartition(".")[2].isdigit()):
        raise SettingsError(
            said("no address for letters can be made of {host}", host=host),
            where="--from",
            mend=said('add --from "{name} <news@example.org>"', name=name),
        )
    # An address that is none at all is told when the settings are checked; here any host will do.
    return f"{name} <news@{host or 'example.org'}>"


def _as_option(line: str, web: str) -> str:
    """A complaint about a settings file that is not there yet, as one about the option that was given."""
    told = re.match(r".*:\d+: (name|url|language|timezone|from): (.*)", line)
    if told is None:
        return line
    of_web = told[1] == "url" and bool(web) and told[2].startswith(f"found {web!r}")
    return f"--{'web' if of_web else told[1]}: {told[2]}"


def demo(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")] = Path("demo"),
) -> None:
    """Go the whole way once, on built-in sample articles, into an outbox.

    \b
    Example:
      newsletter demo /tmp/first
    """
    from newsletter.workflows.demo import run

    result = run(directory, tell=say)
    say()
    say(
        said(
            "Sent {letters} of issue {number}. Look at:", letters=plural(result.letters, "letter"), number=result.number
        )
    )
    for path in (result.html, result.text, result.outbox, result.issue):
        data(shown_path(path))


def upgrade(context: typer.Context) -> None:
    """Bring the database to the schema of this version; a SQLite file is copied first.

    \b
    Example:
      newsletter database upgrade
    """
    from newsletter.storage.database import (
        HEAD,
        backup,
        upgrade,
        version,
    )
    from newsletter.workflows.create import first_list

    with workspace_of(context) as folder:
        database = folder.any_database
        found = version(database)
        if found == HEAD:
            say(said("The database is up to date ({HEAD}).", HEAD=HEAD))
            _jobs(database)
            return
        if found is not None and database.is_sqlite:
            say(said("Copied to {backup}.", backup=backup(database, now=folder.now())))
        upgrade(database)
        if found is None:
            first_list(folder)
        say(said("The database is now at {HEAD}.", HEAD=HEAD))
        _jobs(database)


def _jobs(database: Database) -> None:
    from newsletter.delivery import jobs

    if jobs.make_ready(database):
        say("Made the tables of Procrastinate, which hands sends to workers.")


def copy(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", metavar="URL", help="sqlite:///PATH or postgresql://USER@HOST/NAME.")],
) -> None:
    """Copy everything into another database: from SQLite to PostgreSQL, or back. All of it arrives, or nothing.

    Stop the reader pages and every send first; what happens here meanwhile is not in the copy. A password is better
    left to ~/.pgpass than written here.

    \b
    Example:
      newsletter database copy --to postgresql://nashra@db.example.org/nashra
    """
    from newsletter.storage.database import open_database
    from newsletter.storage.transfer import copy
    from newsletter.workspace.config import database_url

    with workspace_of(context) as folder:
        target = open_database(database_url(to, folder.root))
        try:
            with _bar("copying") as tell:
                counts = copy(folder.database, target, tell)
        finally:
            target.close()
    say(
        said(
            "Copied {rows} of {tables}.", rows=plural(sum(counts.values()), "row"), tables=plural(len(counts), "table")
        )
    )
    say("Nothing has changed here yet. Let the workspace use the copy: write its URL into secrets/database.url")


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, at a terminal."""
    with progress_bar() as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)

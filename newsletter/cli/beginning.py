"""The first minute: the conversation in which a workspace is made, and what the command says alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, TypeVar

import typer

from newsletter.cli.output import ask, is_no, on_terminal, say, shown_path
from newsletter.cli.tables import isolated
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.text.sentences import Sentence
    from newsletter.workflows.beginning import Beginning
    from newsletter.workflows.front_page import FoundSite
    from newsletter.workspace.folder import FirstLook

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class BeginningOptions:
    """What was said as options; empty is asked, or taken as it is found."""

    directory: Path | None = None
    name: str = ""
    url: str = ""
    sender: str = ""
    web: str = ""
    language: str = ""
    timezone: str = ""


def introduce(here: Path) -> None:
    """Say what this is and what to do next, where there is no workspace.

    Args:
        here: Where somebody stands.
    """
    say(said("Nashra makes the letter of a newsroom: it collects articles, composes an issue, checks and sends it."))
    say(said("There is no newsletter in {folder} yet, nor in a folder above.", folder=here.absolute()))
    say()
    say(said("  newsletter init      begin one: a few questions, each with an answer to accept"))
    say(said("  newsletter desk      the same in the browser"))
    say(said("  newsletter demo      see the whole way once, on sample articles; nothing leaves this machine"))
    say(said("  newsletter --help    every command"))


def alone(here: Path) -> None:
    """What the command says without a command: how it stands here and what comes next, or how to begin.

    Args:
        here: Where somebody stands.
    """
    from newsletter.errors import WorkspaceError
    from newsletter.workspace.config import find_workspace

    try:
        root = find_workspace(here)
    except WorkspaceError:
        if not here.is_dir():
            raise
        offer(here)
        return
    tell_waiting(root)


def tell_waiting(root: Path) -> None:
    """Say how a workspace stands, and what comes next.

    Args:
        root: Its folder.
    """
    from newsletter.wiring import open_workspace
    from newsletter.workflows import next_step

    with open_workspace(root) as workspace:
        about = next_step.waiting(workspace)
        name = workspace.publication.name
    say(said("{name} ({folder})", name=isolated(name), folder=shown_path(root)))
    for line in next_step.lines(about):
        say(said("  {line}", line=line))
    say()
    for number, step in enumerate(next_step.next_steps(about)):
        say(said("Next: {command}", command=step) if not number else said("then: {command}", command=step))
    say(said("Every command: newsletter --help"))


def offer(here: Path) -> None:
    """Say what this is, and begin if somebody is there who wants it; exit code 2 where nobody can be asked.

    Args:
        here: Where somebody stands.
    """
    introduce(here)
    if not on_terminal():
        raise typer.Exit(2)
    say()
    with _nothing_made():
        answer = ask(said("Begin now? Enter begins, n leaves"))
    if is_no(answer):
        return
    converse(BeginningOptions(), here)


def converse(given: BeginningOptions, here: Path) -> None:
    """Ask for what was not said, check each answer at once, and make the workspace when all of them are there.

    Args:
        given: Not asked any more.
        here: What a folder's name is relative to.
    """
    _refuse_taken(given)
    given = _checked(given)
    with _nothing_made():
        say(said("Enter takes what stands in brackets. Ctrl-C leaves, and nothing is made."))
        say()
        wanted = _asked(given, here)
        _make(wanted)
    _tell(wanted, here)


def take_found(given: BeginningOptions, here: Path) -> None:
    """Make the workspace of what was said and what the site says, without a question.

    Args:
        given: What was said.
        here: What a folder's name is relative to.
    """
    from newsletter.workflows import beginning, first

    _refuse_taken(given)
    given = _checked(given)
    site = _look(given.url) if given.url else None
    if not given.name and site is None:
        raise typer.BadParameter(said("no site told a name: add --name"))
    offered = beginning.offers(site, _machine_zone())
    name = given.name or offered.name
    url = (site.url if site is not None else given.url) or first.PLACE
    wanted = beginning.Beginning(
        directory=given.directory or here / beginning.folder_for(url, here),
        name=name,
        url=url,
        sender=given.sender or offered.sender(name),
        language=given.language or offered.language,
        timezone=given.timezone or offered.timezone,
        web=given.web,
        look=_look_of(offered.logo, offered.colours),
        sources=(url,) if given.url else (),
    )
    _make(wanted)
    _tell(wanted, here)


def _asked(given: BeginningOptions, here: Path) -> Beginning:
    from newsletter.workflows import beginning, first

    url, site = given.url, None
    if not url:
        words = said("Address of your site, such as example.org")
        url = _question(words, "", beginning.site_or_none, empty=said("no site yet"))
    if url:
        site = _look(url)
        url = site.url if site is not None else url
    offered = beginning.offers(site, _machine_zone())
    name = given.name or _question(said("Name of the newsletter, as readers see it"), offered.name, beginning.name)
    language = given.language or _question(
        said("Language of the letter (ar, fa, he, fr, en …)"), offered.language, beginning.language
    )
    timezone = given.timezone or _question(
        said("Zone of the site, such as Africa/Algiers"), offered.timezone, beginning.zone
    )
    logo = colours = ""
    if offered.logo:
        logo = _question(said("Logo at the head of the letter (- for none)"), offered.logo, beginning.logo)
    if offered.colours:
        colours = _question(said("Colours of the letter (- for the usual ones)"), offered.colours, beginning.colours)
    sender = given.sender or _question(said("Who letters come from"), offered.sender(name), beginning.sender)
    title = _question(said("What readers call the list they subscribe to"), name, beginning.name)
    directory = given.directory
    if directory is None:
        offered_folder = beginning.folder_for(url or first.PLACE, here)
        directory = _question(said("Folder to make it in"), offered_folder, partial(beginning.folder, here=here))
    return beginning.Beginning(
        directory=directory,
        name=name,
        url=url or first.PLACE,
        sender=sender,
        language=language,
        timezone=timezone,
        web=given.web,
        look=_look_of(logo, colours),
        list_title=title,
        sources=(url,) if url else (),
    )


def _checked(given: BeginningOptions) -> BeginningOptions:
    """What was said as options, in its one spelling.

    Raises:
        BadParameter: One of them cannot be used.
    """
    from newsletter.workflows import beginning

    def one(option: str, value: str, check: Callable[[str], str]) -> str:
        try:
            return check(value) if value else value
        except ValueError as error:
            raise typer.BadParameter(said("{option}: {why}", option=option, why=error.args[0])) from None

    return replace(
        given,
        url=one("--url", given.url, beginning.site_address),
        name=one("--name", given.name, beginning.name),
        language=one("--language", given.language, beginning.language),
        timezone=one("--timezone", given.timezone, beginning.zone),
        sender=one("--from", given.sender, beginning.sender),
    )


def _question(
    words: Sentence, found: str, check: Callable[[str], _Answer], *, empty: Sentence | None = None
) -> _Answer:
    """What somebody answers, asked until it will do; Enter takes what was found.

    Args:
        words: The question.
        found: What Enter takes.
        check: Gives the answer in its one spelling, or raises ValueError.
        empty: Shown for Enter where nothing was found.
    """
    shown = empty if empty is not None else isolated(found)
    while True:
        try:
            return check(ask(said("{question} [{found}]", question=words, found=shown)) or found)
        except ValueError as error:
            say(said("  {why}", why=error.args[0]))


def _look(url: str) -> FoundSite | None:
    """What a site says; told in a few lines, as why it says nothing."""
    from newsletter.errors import NashraError
    from newsletter.wiring import site_fetcher
    from newsletter.workflows import beginning, first

    say(said("Looking at {url} …", url=url))
    fetcher = site_fetcher(os.environ)
    try:
        site = first.look_closely(fetcher, url)
    except NashraError as error:
        say(said("  It cannot be looked at now: {why}", why=error.what))
        say(said("  Everything goes on without; newsletter collect asks it again."))
        return None
    finally:
        fetcher.close()
    say(said("  Articles: {ways}", ways=beginning.ways(site)))
    return site


def _machine_zone() -> str:
    from newsletter.workspace import zones

    return zones.of_machine()[0]


@contextmanager
def _nothing_made() -> Iterator[None]:
    """Whoever leaves in the middle is told that nothing was made."""
    try:
        yield
    except (typer.Abort, KeyboardInterrupt):
        say()
        say(said("Nothing was made."))
        raise typer.Exit(1) from None


def _refuse_taken(given: BeginningOptions) -> None:
    from newsletter.workspace.folder import refuse_taken

    if given.directory is not None:
        refuse_taken(given.directory)


def _look_of(logo: str, colours: str) -> FirstLook:
    from newsletter.workspace.folder import FirstLook

    accent, _, second = colours.partition(" ")
    return FirstLook(logo, accent, second)


def _make(wanted: Beginning) -> None:
    from newsletter.workflows import beginning

    beginning.make(wanted)


def _tell(wanted: Beginning, here: Path) -> None:
    """Name what was made, and the next command."""
    from newsletter.workflows import beginning

    say()
    say(
        said("Made the newsletter {name} in {folder}:", name=isolated(wanted.name), folder=shown_path(wanted.directory))
    )
    for line in beginning.made(wanted):
        say(said("  {line}", line=line))
    say()
    go = "" if wanted.directory.resolve() == here.resolve() else f"cd {quote(shown_path(wanted.directory))} && "
    if wanted.sources:
        say(
            said(
                "Next: {command}", command=f"{go}newsletter collect && newsletter compose --latest 5 && newsletter open"
            )
        )
    else:
        say(said("Next: {command}", command=f"{go}newsletter collect FILE"))
        say(said("with the address of your site, or files of text in place of FILE; then: newsletter compose"))

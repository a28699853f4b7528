"""A new workspace from a few answers: what is offered for each, whether it will do, and all of it made or none."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import SourceError, WorkspaceError
from newsletter.fields import mailbox, plain_line
from newsletter.text.sentences import Sentence, counted, said
from newsletter.workflows import first
from newsletter.workflows.create import create
from newsletter.workspace import values, zones
from newsletter.workspace.config import FILE
from newsletter.workspace.folder import FIRST_LIST, FirstLook

if TYPE_CHECKING:
    from newsletter.workflows.front_page import FoundSite

NONE = "-"
"""What somebody types who wants nothing where something is offered."""
_MOST_COLOURS = 2


@dataclass(frozen=True, slots=True)
class Beginning:
    """Everything that a new workspace is made of."""

    directory: Path
    name: str
    url: str
    sender: str
    language: str = "ar"
    timezone: str = "UTC"
    web: str = ""
    look: FirstLook | None = None
    list_title: str = ""
    """As readers see the list; empty takes the name."""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BeginningOffer:
    """What Enter takes at each question."""

    name: str
    language: str
    timezone: str
    logo: str
    colours: str
    sender: Callable[[str], str]
    """Who letters come from, for a name."""


def offers(site: FoundSite | None, machine_zone: str) -> BeginningOffer:
    """What is offered: as the site says it, else what is sensible.

    Args:
        site: What was found; None when nobody answered, or there is no site.
        machine_zone: The zone of this machine; empty when nothing says it.
    """
    from newsletter.sources.links import host

    at = host(site.url).removeprefix("www.") if site is not None else ""
    can_mail = "." in at and ":" not in at and not at.rpartition(".")[2].isdigit()
    address = f"news@{at}" if can_mail else first.SENDER

    def sender(name: str) -> str:
        bare = re.sub(r'[<>"\\]', "", name).strip()
        return f"{bare} <{address}>" if bare else address

    return BeginningOffer(
        name=site.name if site is not None else first.NAME,
        language=(site.language if site is not None else "") or "ar",
        timezone=(site.timezone if site is not None else "") or machine_zone or "UTC",
        logo=site.logo if site is not None else "",
        colours=" ".join(filter(None, (site.accent, site.second))) if site is not None else "",
        sender=sender,
    )


def site_address(answer: str) -> str:
    """The address of a site. Raises ValueError for none, in words."""
    try:
        return first.address(answer)
    except SourceError:
        raise ValueError(said("write it as a browser shows it, such as example.org")) from None


def site_or_none(answer: str) -> str:
    """The address of a site, or empty for none. Raises ValueError for anything else, in words."""
    return site_address(answer) if answer.strip() else ""


def name(answer: str) -> str:
    """A name on one line. Raises ValueError for none, in words."""
    return plain_line(answer)


def language(answer: str) -> str:
    """A language. Raises ValueError for none, in words."""
    answer = answer.strip()
    return values.language(answer if "-" in answer else answer.lower())


def zone(answer: str) -> str:
    """A time zone, also by a name that is nearly one. Raises ValueError for none, in words."""
    answer = answer.strip()
    if zones.known(answer):
        return answer
    near = zones.nearest(answer)
    if near and near.casefold().rpartition("/")[2] == answer.casefold().replace(" ", "_"):
        return near  # the city alone
    if near:
        raise ValueError(said("a zone such as Africa/Algiers is wanted; did you mean {near}?", near=near))
    raise ValueError(said("a zone such as Africa/Algiers is wanted"))


def logo(answer: str) -> str:
    """The https address of a logo, or empty for none. Raises ValueError for anything else, in words."""
    answer = answer.strip()
    if answer in ("", NONE):
        return ""
    try:
        return values.page(answer)
    except ValueError:
        raise ValueError(said("an https address is wanted, or {none} for none", none=NONE)) from None


def colours(answer: str) -> str:
    """One or two colours with a space between them, or empty for none. Raises ValueError for others, in words."""
    given = answer.replace(",", " ").split()
    if given in ([], [NONE]):
        return ""
    try:
        found = [values.colour(one) for one in given]
    except ValueError:
        found = []
    if not 1 <= len(found) <= _MOST_COLOURS:
        raise ValueError(said("one or two colours such as #0f766e are wanted, or {none} for none", none=NONE))
    return " ".join(found)


def sender(answer: str) -> str:
    """Who letters come from. Raises ValueError for no such thing, in words."""
    try:
        return mailbox(answer)
    except ValueError:
        raise ValueError(said("write it as: Name <news@example.org>")) from None


def folder(answer: str, here: Path) -> Path:
    """Where a workspace can be made. Raises ValueError for another place, in words.

    Args:
        answer: As it was typed.
        here: Where it is relative to.
    """
    path = here / Path(answer.strip()).expanduser()
    if (path / FILE).exists():
        raise ValueError(said("that is a workspace already; name another folder"))
    there = next(one for one in (path, *path.parents) if one.exists())
    if not there.is_dir():
        raise ValueError(said("there is a file of that name; name another folder"))
    return path


def folder_for(url: str, here: Path) -> str:
    """The folder that is offered: this one when it is empty, else one of the site's name.

    Args:
        url: The site.
        here: Where somebody stands.
    """
    if here.is_dir() and not any(here.iterdir()):
        return "."
    from newsletter.sources.links import host

    parts = host(url).removeprefix("www.").split(".") if url != first.PLACE else []
    plain = re.sub(r"[^\w-]+", "", parts[0]) if len(parts) > 1 else ""
    found = plain or "newsletter"
    number = 2
    while (here / found).exists():
        found, number = f"{plain or 'newsletter'}-{number}", number + 1
    return found


def ways(site: FoundSite) -> Sentence:
    """How the articles of a site are read, in words.

    Args:
        site: What was found.
    """
    if site.is_wordpress:
        return said("WordPress: whole articles through its REST interface")
    if site.feed:
        return said("its feed {feed}", feed=site.feed)
    return said("its front page, article by article")


def make(wanted: Beginning) -> None:
    """Make the workspace, whole or not at all: interrupted, the folder is as it was.

    Args:
        wanted: What it is made of.

    Raises:
        WorkspaceError: There is a workspace already, or the folder cannot be written.
        SettingsError: A value that cannot be a setting; one line for each.
        DatabaseError: The database that the environment names cannot be used.
    """
    root = wanted.directory
    new = [one for one in (root, *root.parents) if not one.exists()]
    before = set(root.iterdir()) if not new else set()
    try:
        create(
            root,
            name=wanted.name,
            url=wanted.url,
            sender=wanted.sender,
            web=wanted.web,
            language=wanted.language,
            timezone=wanted.timezone,
            look=wanted.look,
            sources=wanted.sources,
            list_title=wanted.list_title,
        )
    except WorkspaceError:
        raise  # somebody else's workspace may be there
    except BaseException:
        _take_back(root, new, before)
        raise


def _take_back(root: Path, new: list[Path], before: set[Path]) -> None:
    if new:
        shutil.rmtree(new[-1], ignore_errors=True)
        return
    for one in set(root.iterdir()) - before:
        shutil.rmtree(one, ignore_errors=True) if one.is_dir() else one.unlink(missing_ok=True)


def made(wanted: Beginning) -> tuple[Sentence, ...]:
    """What was made, a line each.

    Args:
        wanted: What it was made of.
    """
    lines = len((wanted.directory / FILE).read_text("utf-8").splitlines())
    return (
        counted("settings in newsletter.toml, {n} line", "settings in newsletter.toml, {n} lines", lines),
        said("secret keys in secrets/keys.toml: keep a copy, links in letters depend on them"),
        said("a database, with the list '{name}' ({title})", name=FIRST_LIST, title=wanted.list_title or wanted.name),
        said("letters go into the folder outbox until another sender is set, and reach nobody"),
    )

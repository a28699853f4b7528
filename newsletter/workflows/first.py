"""The first run: from the address of a site, or files, to the first draft, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from newsletter.errors import SourceError
from newsletter.sources.links import absolute, host, is_web
from newsletter.sources.wordpress.asking import ask
from newsletter.sources.wordpress.signs import signpost
from newsletter.workflows import collect, draft
from newsletter.workflows.create import create
from newsletter.workflows.front_page import FoundSite, site_of
from newsletter.workspace.folder import FIRST_LIST
from newsletter.workspace.settings_file import SettingsFile
from newsletter.workspace.zones import known
from subscribers import store

if TYPE_CHECKING:
    from newsletter.models import Issue
    from newsletter.sources.http import FetcherProtocol
    from newsletter.wiring import Workspace

PLACE = "https://example.org"
"""Address of a site in the settings of a workspace that was made before anybody named one."""
NAME = "نشرتنا"
SENDER = "news@example.org"
_MONTH = timedelta(days=31)
_MOST, _STORIES, _PER_SECTION = 40, 8, 3
"""Articles that are collected, stories of the draft, and those of one section where the settings say nothing else."""
_SAMPLE = Path(__file__).resolve().parents[1] / "sample"


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One step of the first run that is over."""

    kind: Literal["site", "articles", "twins", "draft"]
    count: int = 0
    """Articles collected, articles that tell the story of another, stories of the draft."""
    more: int = 0
    """Articles with a picture; sections of the draft."""
    site: FoundSite | None = None
    seconds: float = 0.0
    """How long it took."""


Tell = Callable[[FirstStep], None]


def begin(directory: Path, *, language: str = "ar", timezone: str = "UTC") -> None:
    """Make a workspace whose site nobody has named so far: the first run puts its name and address in.

    Args:
        directory: The folder.
        language: Language of the letter.
        timezone: IANA name of the site's zone.

    Raises:
        WorkspaceError: There is a workspace already, or the folder cannot be written.
    """
    create(
        directory,
        name=NAME,
        url=PLACE,
        sender=f"{NAME} <{SENDER}>",
        web="",
        language=language,
        timezone=timezone,
    )


def samples() -> list[str]:
    """Paths of the articles of the sample newsroom."""
    return [str(path) for path in sorted(_SAMPLE.glob("*.md"))]


def address(typed: str) -> str:
    """The address that somebody means, with its scheme.

    Args:
        typed: As it was typed: ``almawja.example.org``.

    Raises:
        SourceError: It is none.
    """
    text = "".join(typed.split())
    found = absolute("", text if "://" in text else f"https://{text}")
    if not found or not is_web(found) or not ("." in host(found) or ":" in found.partition("//")[2]):
        raise SourceError("that is no address of a site", mend="write it as example.org")
    return found


def look(workspace: Workspace, url: str) -> FoundSite:
    """Ask a site for its name.

    Args:
        workspace: The workspace.
        url: The address, as ``address`` gives it.

    Raises:
        SourceError: Nothing answers there.
    """
    return site_of(workspace.fetcher.get(url, "any"))


def look_closely(fetcher: FetcherProtocol, url: str) -> FoundSite:
    """Ask a site for all that a new workspace can take from it; its zone by its REST interface, where that is open.

    Args:
        fetcher: The way to the network.
        url: The address, as ``address`` gives it.

    Raises:
        SourceError: Nothing answers there.
    """
    got = fetcher.get(url, "any")
    site = site_of(got)
    way = signpost(got)
    if way is None:
        return replace(site, is_wordpress=False)
    try:
        (said,) = ask(fetcher, way.root, "", {"_fields": "name,timezone_string"}).values
    except (SourceError, ValueError):
        return replace(site, is_wordpress=False)
    zone = said.get("timezone_string")
    return replace(site, is_wordpress=True, timezone=zone if isinstance(zone, str) and known(zone) else "")


def settle(workspace: Workspace, site: FoundSite) -> bool:
    """Write into the settings whose newsletter it is, as far as nobody has; gives whether anything was written.

    Args:
        workspace: The workspace; whoever has it open reads the settings again.
        site: Its site.

    Raises:
        SettingsError: The file cannot be changed.
    """
    said = workspace.settings
    changes: dict[tuple[str, ...], str | list[str]] = {}
    if said.publication.url.rstrip("/") == PLACE:
        changes[("newsletter", "name")] = site.name
        changes[("newsletter", "url")] = site.url
        changes[("sender", "from")] = f"{site.name} <{SENDER}>"
    if not said.collect.sources:
        changes[("collect", "sources")] = [site.url]
    if not changes:
        return False
    SettingsFile.read(workspace.root).changed(changes).save(workspace.environment)
    with workspace.database.write() as connection:
        listed = store.list_or_none(connection, FIRST_LIST)
        if listed is not None and listed.title == NAME:
            store.rename_list(connection, listed.id, name=FIRST_LIST, title=site.name)
    return True


def gather(workspace: Workspace, targets: Sequence[str], tell: Tell) -> None:
    """Collect articles, as ``newsletter collect`` does: of the last month, or the newest ones.

    Args:
        workspace: The workspace.
        targets: Addresses and paths.
        tell: Told of each step when it is over.

    Raises:
        SourceError: Nothing could be collected.
    """
    began = time.monotonic()
    last_month = (workspace.now() - _MONTH).astimezone(workspace.zone).date()
    outcome = collect.gather(workspace, targets, since=last_month, most=_MOST, beside=True)
    if not outcome.holdings:
        # A site that has been quiet for a month has a first issue, too.
        outcome = collect.gather(workspace, targets, most=_MOST, beside=True)
    if not outcome.holdings:
        raise outcome.troubles[0] if outcome.troubles else SourceError("no article was found there")
    pictured = sum(1 for one in outcome.holdings if one.article.image)
    tell(FirstStep("articles", len(outcome.holdings), pictured, seconds=time.monotonic() - began))
    tell(FirstStep("twins", len(outcome.alike or {})))


def write(workspace: Workspace, tell: Tell, *, list_name: str = FIRST_LIST, old: bool = True) -> Issue:
    """Write a draft of what was collected, as ``newsletter compose`` does; it is short, and takes old articles too.

    Args:
        workspace: The workspace.
        tell: Told when it is written.
        list_name: The list that the draft is for.
        old: Take articles of any age, and not only those of the days that the settings say.

    Raises:
        SourceError: Nothing of it is new.
    """
    began = time.monotonic()
    rules = draft.rules_of(workspace)
    most = min(rules.most or _STORIES, _STORIES)
    rules = replace(rules, most=most, per_section=rules.per_section or _PER_SECTION, days=0 if old else rules.days)
    issue = draft.write(workspace, list_name=list_name, rules=rules)
    tell(FirstStep("draft", len(issue.stories), len(issue.sections), seconds=time.monotonic() - began))
    return issue

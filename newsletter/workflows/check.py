"""An issue of the workspace before the rules: its letter, what is known besides, and what is asked of the world."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter import ledger, library, media
from newsletter.check import CheckContext, CheckInput, check, images, links, probe, sender
from newsletter.check.addresses import private
from newsletter.check.found import Findings, LinkResult, PictureResult, SenderSetup
from newsletter.errors import IssueError, NashraError, RenderError
from newsletter.issues import compose, repeats
from newsletter.letters import hosting
from newsletter.models import Issue, Letter, Picture, Problem, Story
from newsletter.senders import registry
from newsletter.senders.reports import Authentication
from newsletter.text.mailbox import split_mailbox
from newsletter.workflows import letter as letters
from newsletter.workflows import renewing
from newsletter.workflows.snapshot import Snapshot
from newsletter.workflows.source import changed_since
from newsletter.workflows.sponsors import booked_in, folded_sponsors

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.models import Holding
    from newsletter.senders.provider import Provider
    from newsletter.wiring import Workspace

_LATELY = timedelta(days=30)
"""How far back an earlier issue may have told a story that is told again."""
_FRONT = 4096
"""Bytes in which the number of an issue.md stands."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of it."""

    letter: Letter | None
    """None when the issue gives none."""
    problems: tuple[Problem, ...]
    failure: RenderError | None = None
    """Why there is no letter; the problems say it too."""
    draft: Letter | None = None
    """The letter as it would be, with something else in the place of what cannot stand in one; for a preview."""
    found: Findings | None = None
    """What the world answered, if it was asked."""
    held: Mapping[Story, Holding] = field(default_factory=dict)
    """What the library holds of its stories."""


def inspect(
    workspace: Workspace,
    issue: Issue,
    *,
    list_name: str = "",
    online: bool = False,
    before_send: bool = False,
    found: Findings | None = None,
    snapshot: Snapshot | None = None,
) -> CheckResult:
    """Make the letter of an issue and look for everything that is wrong with both.

    Args:
        workspace: The workspace.
        issue: As its file says.
        list_name: Another list than the one it names, or empty.
        online: Ask for every link and picture, and for the sender's DNS.
        before_send: Ask for the sender's DNS when a real provider carries the letters.
        found: What was asked a moment ago, so that nobody is asked again.
        snapshot: Of the workspace; None takes one now.
    """
    snapshot = snapshot or Snapshot.take(workspace)
    # The letter says the name of the list it goes to, and comes from whom that list says.
    issue = replace(issue, list=list_name or issue.list)
    with workspace.database.read() as connection:
        held = library.of_stories(connection, issue.stories)
        holdings = {story.url: one for story, one in held.items()}
        known = _known(workspace, issue, connection, held, list_name, snapshot)
    letter: Letter | None = None
    faults: list[NashraError] = []
    try:
        letter = letters.of_issue(workspace, issue, faults=faults, holdings=holdings)
    except (IssueError, RenderError) as error:
        faults += [*letters.pictures_of(workspace, issue).faults, error]
    draft = letter
    if faults:
        letter, known = None, replace(known, failures=tuple(_impossible(issue, fault) for fault in faults))
    enriched = compose.enriched(issue, holdings)
    if found is None and (online or (before_send and known.provider)):
        found = _found(workspace, CheckInput(enriched, letter, known), links_too=online)
    known = replace(known, found=found)
    failure = RenderError.of(faults) if faults else None
    return CheckResult(letter, tuple(check(enriched, letter, known)), failure, draft, found, held)


def _impossible(issue: Issue, fault: NashraError) -> Problem:
    place, mend = fault.where or issue.path, fault.mend or "correct what is told here"
    return Problem("letter-impossible", "error", fault.what, place, mend)


def _known(
    workspace: Workspace,
    issue: Issue,
    connection: Connection,
    held: dict[Story, Holding],
    list_name: str,
    snapshot: Snapshot,
) -> CheckContext:
    holdings = {story.url: one for story, one in held.items()}
    lists = {one.name: one.id for one in snapshot.lists}
    target = lists.get(list_name or issue.list)
    here = [send for send in snapshot.sends if send.list_id == target]
    numbers = {send.issue for send in here}
    others = [send for send in here if send.issue != str(issue.number)]
    own = [send for send in snapshot.sends if send.issue == str(issue.number)]
    went = any(send.state != "cancelled" for send in own)  # what was cancelled on its way may be mended and go on
    frozen = [send for send in own if send.state in ledger.UNFINISHED and changed_since(workspace, send)]
    last = max(others, key=lambda send: (send.created, send.id), default=None)
    provider = workspace.provider if through_a_provider(workspace) else None
    other = _fallback(workspace)
    bookings = workspace.bookings
    found = letters.pictures_of(workspace, issue)  # faults are told by the letter that cannot be made
    return CheckContext(
        publication=workspace.settings.publication_of(issue.list),
        now=workspace.now(),
        lists=tuple(lists),
        carried={url: tuple(key for key in holding.carried_in if key in numbers) for url, holding in holdings.items()},
        told_before=_told_before(workspace, connection, holdings, numbers - {str(issue.number)}),
        retold=_retold(holdings),
        withdrawn={url: holding.withdrawn for url, holding in holdings.items() if holding.withdrawn},
        changes=() if went else tuple(renewing.changes(connection, issue, held)),
        last_subject=last.subject if last is not None else "",
        sent=_sent(connection, str(issue.number), holdings) if went else (),
        frozen=frozen[-1].public_id if frozen else "",
        namesakes=tuple(_namesakes(snapshot, issue)),
        pictures=found.sizes,
        moving=found.moving,
        provider=provider.name if provider is not None else "",
        idle_providers=() if provider is not None else _idle_providers(workspace),
        authentication=provider.authentication if provider is not None else Authentication(),
        fallback=other.name if other is not None else "",
        fallback_authentication=other.authentication if other is not None else Authentication(),
        web_url=workspace.settings.web.url,
        unwanted=frozenset(name for name in ("preferences", "view") if not getattr(workspace.settings.ways, name)),
        booked=booked_in(workspace, issue, snapshot, bookings).booked,
        sponsors=folded_sponsors(bookings, issue.list),
        templates={str(path): _text(path) for path in sorted((workspace.root / "templates").rglob("*.mjml.j2"))},
    )


def _told_before(
    workspace: Workspace, connection: Connection, holdings: dict[str, Holding], numbers: set[str]
) -> dict[str, tuple[str, str]]:
    """What earlier issues of the list told, as far as a story here tells it again under another address."""
    ours = [one for url, one in holdings.items() if url]
    ids = {one.id for one in ours}
    told = library.carried_by(connection, numbers, since=workspace.now() - _LATELY) if ours and numbers else []
    earlier = library.holdings(connection, ids=[one for one in told if one not in ids])
    found = _told_by(tuple(ours), tuple(earlier)) if earlier else {}
    return {
        url: (max(numbers.intersection(found[one.id].carried_in)), found[one.id].article.title)
        for url, one in holdings.items()
        if one.id in found
    }


def _retold(holdings: dict[str, Holding]) -> dict[str, str]:
    addresses = {holding.id: url for url, holding in holdings.items() if url}
    found = _repeats(tuple(holdings.values()))
    return {addresses[later]: addresses[first] for later, first in found.items() if {later, first} <= addresses.keys()}


# Of the same articles for the same answer: an issue at the desk is checked with each word that is typed in it.
_repeats = lru_cache(maxsize=4)(repeats.of)
_told_by = lru_cache(maxsize=4)(repeats.told_by)


def _idle_providers(workspace: Workspace) -> tuple[str, ...]:
    """Providers that somebody has set up and no letter goes through, as long as letters stay in the outbox."""
    if workspace.provider.kept is None:
        return ()
    known = [registry.provider(name) for name in registry.names()]
    return tuple(
        one.name for one in known if one.options is not None and workspace.settings.options[one.name] != one.options()()
    )


def through_a_provider(workspace: Workspace) -> bool:
    """Whether letters leave this machine: not into an outbox, and not to a stand-in on this machine itself."""
    return workspace.provider.leaves(workspace.settings.provider_options)


def _fallback(workspace: Workspace) -> Provider[Any] | None:
    """The provider of ``[sender] fallback``, if letters would leave this machine through it."""
    name = workspace.settings.sender.fallback
    provider = registry.provider(name) if name else None
    return provider if provider is not None and provider.leaves(workspace.settings.options[name]) else None


def _sent(connection: Connection, key: str, holdings: dict[str, Holding]) -> tuple[tuple[str, str], ...]:
    """The articles that went out under a number. Rare enough to look through the whole library for them.

    A story may stand in the file with an address that its article had before.
    """
    carried = [holding.article for holding in library.holdings(connection) if key in holding.carried_in]
    named = [(url, one.article.title) for url, one in holdings.items() if key in one.carried_in]
    return (*((article.url, article.title) for article in carried), *named)


def _namesakes(snapshot: Snapshot, issue: Issue) -> list[str]:
    """Other issues of the same number; their files are not understood, since a broken one is not this one's fault."""
    found = []
    for file in snapshot.files:
        number = re.search(r"(?m)^\s*number\s*=\s*(\d+)\s*(?:#.*)?$", file.text[:_FRONT])
        if number is not None and int(number[1]) == issue.number and file.path.resolve() != Path(issue.path).resolve():
            found.append(str(file.path))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return ""


def _hosted(workspace: Workspace, pictures: Iterable[Picture]) -> PictureResult:
    """Whether the reader pages give a picture of the letter that they have by now, or else the one they always have."""
    with workspace.database.read() as connection:
        shown = (one for one in pictures if one.content_type.startswith("image/"))  # and no calendar file
        one = next((one for one in shown if media.get(connection, one.stored_name) is not None), media.PROBE)
    return probe.hosted(hosting.address(workspace.settings.web.url, one), one.data, workspace.fetcher)


def _pages(workspace: Workspace, pictures: Sequence[Picture]) -> tuple[LinkResult | None, PictureResult | None]:
    """What the reader pages answer, and whether they give a picture; None for what nobody could ask."""
    web = urlsplit(workspace.settings.web.url)
    if web.scheme != "https" or private(web.hostname or ""):
        return None, None
    pages = probe.pages(workspace.settings.web.url, workspace.fetcher, workspace.resolver)
    return pages, _hosted(workspace, pictures) if pictures and not pages.trouble else None


def unserved(workspace: Workspace, pictures: Sequence[Picture]) -> list[Problem]:
    """What is wrong with the reader pages for letters that name their pictures there; nothing where none does.

    For letters that go by themselves: those of an issue have it among everything else that ``inspect`` finds.

    Args:
        workspace: The workspace.
        pictures: What the letters name at the reader pages.
    """
    if not pictures or not through_a_provider(workspace):
        return []
    pages, hosted = _pages(workspace, pictures)
    known = CheckContext(web_url=workspace.settings.web.url, found=Findings(web=pages, hosted=hosted))
    case = CheckInput(Issue(0, ""), None, known)
    return [*images.image_unserved(case), *sender.pages(case)]


def _found(workspace: Workspace, case: CheckInput, *, links_too: bool) -> Findings:
    settings = workspace.settings

    def asked(authentication: Authentication) -> SenderSetup:
        return probe.sender_setup(
            split_mailbox(settings.sender_of(case.issue.list))[1].rpartition("@")[2],
            workspace.resolver,
            reply_domain=settings.reply_to_of(case.issue.list).rpartition("@")[2].rstrip(">"),
            selectors=authentication.selectors or tuple(settings.sender.dkim_selectors),
        )

    setup = asked(workspace.provider.authentication)
    other = asked(case.known.fallback_authentication) if case.known.fallback else None
    pages, hosted = _pages(workspace, case.letter.rendered.hosted if case.letter is not None else ())
    found = Findings(sender=setup, fallback=other, web=pages, hosted=hosted)
    if not links_too:
        return found
    addresses = [(address, what == "the picture") for address, _, what in links.addresses(case)]
    return replace(
        found,
        links=probe.links((one for one, picture in addresses if not picture), workspace.fetcher, workspace.resolver),
        pictures=probe.pictures((one for one, picture in addresses if picture), workspace.fetcher, workspace.resolver),
    )

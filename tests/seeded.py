"""Issues with a fault sown into them, one folder each under tests/data/checks, checked as a workspace would.

``issue.md`` and ``expected.json`` stand in every folder; beside them may stand ``known.json`` (what is known besides),
``site.json`` (what addresses answer; all others answer well), ``zone.json`` (what name servers say; null is silence)
``sponsors.toml`` (what is booked) and ``templates/`` (a workspace's own).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment

from newsletter import issues
from newsletter.check import CheckContext, CheckInput, check, links, probe
from newsletter.check.found import Findings, SenderSetup
from newsletter.check.probe.dns import Kind as RecordKind
from newsletter.errors import RenderError
from newsletter.letters.render import render
from newsletter.letters.templates import environment
from newsletter.models import Article, Holding, Issue, Letter, Picture, Problem, Publication, StoryChange
from newsletter.senders import registry
from newsletter.sources.http import Fetched, FetchError, Kind
from newsletter.text.tidy import arabic_fold
from newsletter.workspace import sponsors

ROOT = Path(__file__).parent / "data" / "checks"
FOLDERS = sorted(path.name for path in ROOT.iterdir())
MARKER = "n0123456789abcdef"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
PUBLICATION = Publication(
    "الموجة", "https://almawja.example.org", timezone="Africa/Algiers", postal_address="14 نهج الميناء، مرسى الريحان"
)


def png(width: int, height: int, weight: int = 60_000) -> bytes:
    """As much of a PNG as tells its size, and as many bytes as it shall weigh."""
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII5B", 13, b"IHDR", width, height, 8, 2, 0, 0, 0)
    return head + bytes(weight - len(head))


class Site:
    """A fake of the web: what it was not told of answers well."""

    def __init__(self, answers: Mapping[str, Mapping[str, Any]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str]] = []

    def ask(
        self,
        method: Literal["GET", "HEAD"],
        url: str,
        kind: Kind = "any",
        *,
        headers: Mapping[str, str] | None = None,
        statuses: Collection[int] = (),
    ) -> Fetched:
        self.asked.append((method, url))
        answer = self.answers.get(url, {})
        status = int(answer.get("head", 200) if method == "HEAD" else answer.get("status", 200))
        if "trouble" in answer:
            raise FetchError(answer["trouble"], where=url, status=0, passing=answer.get("passing", True))
        if status >= 300 and status not in statuses:
            raise FetchError(f"the site answered {status}", where=url, status=status)
        if kind == "image":
            content_type = answer.get("type", "image/png")
            if content_type.startswith("text/"):
                raise FetchError(f"this is {content_type}, not a picture", where=url, status=200)
            data = png(*answer.get("picture", (1200, 800))) if content_type == "image/png" else b"<svg/>"
            return Fetched(url, data, content_type)
        return Fetched(answer.get("to", url), b"", "text/html", status=status)


class Zone:
    """A fake of DNS: what it was not told of does not exist."""

    def __init__(self, records: Mapping[str, list[str] | None]) -> None:
        self.records = records
        self.asked: list[tuple[str, str]] = []

    def ask(self, name: str, kind: RecordKind) -> tuple[str, ...] | None:
        self.asked.append((name, kind))
        if name in self.records and self.records[name] is None:
            return None
        found = self.records.get(f"{name} {kind}", [])
        return None if found is None else tuple(found)


def stored(folder: Path, name: str) -> Any:
    path = folder / name
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


@cache
def _shipped() -> Environment:
    return environment()


def made(issue: Issue, publication: Publication, known: Mapping[str, Any], folder: Path, pictures: Any) -> Letter:
    """The letter of an issue, as letters.py makes it in a workspace."""
    templates = folder / "templates"
    env = environment(templates) if templates.is_dir() else _shipped()
    rendered = render(
        issue,
        publication,
        env,
        marker=MARKER,
        leave_url=f"https://news.example.org/leave/{MARKER}-leave-",
        preferences_url=f"https://news.example.org/preferences/{MARKER}-preferences-",
        view_url="https://news.example.org/letters/12",
        date=NOW,
        pictures=pictures,
    )
    if "lost" in known:  # as if a renderer had dropped it
        rendered = replace(rendered, html=rendered.html.replace(f"{MARKER}-leave-", known["lost"]))
    return Letter(
        sender=known.get("from", "نشرة الموجة <news@almawja.example.org>"),
        reply_to=known.get("reply_to", ""),
        list_id="readers.almawja.example.org",
        rendered=rendered,
        marker=MARKER,
        unsubscribe_url=f"https://news.example.org/leave/{MARKER}-leave-",
        unsubscribe_mail=f"mailto:news@almawja.example.org?subject=unsubscribe%20{MARKER}-leave-",
        date=NOW,
    )


def inspected(folder: Path) -> list[Problem]:
    """What the check finds in a folder."""
    facts = stored(folder, "known.json") or {}
    bookings = sponsors.read(folder)
    path = folder / "issue.md"
    issue = issues.read(path)
    publication = replace(PUBLICATION, **facts.get("publication", {}))
    pictures = {
        name: Picture(f"p{at}@example.org", kind, bytes(weight), name, width, height)
        for at, (name, (kind, width, height, weight)) in enumerate(facts.get("pictures", {}).items())
    }
    known = CheckContext(
        publication=publication,
        now=NOW,
        lists=("readers",),
        carried={url: tuple(numbers) for url, numbers in facts.get("carried", {}).items()},
        withdrawn=facts.get("withdrawn", {}),
        changes=tuple(
            StoryChange(story := issue.stories[at], field, str(getattr(story, field)), theirs)
            for at, field, theirs in facts.get("changes", ())
        ),
        last_subject=facts.get("last_subject", ""),
        sent=tuple((url, headline) for url, headline in facts.get("sent", ())),
        frozen=facts.get("frozen", ""),
        namesakes=tuple(facts.get("namesakes", ())),
        pictures=pictures,
        moving=frozenset(facts.get("moving", ())),
        provider=facts.get("provider", ""),
        idle_providers=tuple(facts.get("idle_providers", ())),
        authentication=registry.provider(facts.get("provider") or "outbox").authentication,
        fallback=facts.get("fallback", ""),
        fallback_authentication=registry.provider(facts.get("fallback") or "outbox").authentication,
        web_url=facts.get("web_url", ""),
        booked=tuple(booking for booking in bookings if booking.covers(issue.number, NOW.date())),
        sponsors=frozenset(arabic_fold(booking.sponsor) for booking in bookings),
        templates={
            str(file.relative_to(folder)): file.read_text("utf-8")
            for file in sorted((folder / "templates").rglob("*.mjml.j2"))
        },
    )
    published = {url: datetime.fromisoformat(moment) for url, moment in facts.get("published", {}).items()}
    from newsletter.issues.compose import enriched

    holdings = {url: Holding(1, Article("", url=url, published=moment), NOW) for url, moment in published.items()}
    issue = enriched(issue, holdings)
    letter = None
    try:
        letter = made(issue, publication, facts, folder, pictures)
    except RenderError as error:
        failure = Problem("letter-impossible", "error", error.what, error.where or issue.path, error.mend)
        known = replace(known, failures=(failure,))
    known = replace(known, found=found(folder, CheckInput(issue, letter, known), facts))
    return check(issue, letter, known)


def found(folder: Path, case: CheckInput, facts: Mapping[str, Any]) -> Findings | None:
    """What probe finds in the folder's own world; None when it has none."""
    site, zone = stored(folder, "site.json"), stored(folder, "zone.json")
    if site is None and zone is None:
        return None
    resolver = Zone(zone) if zone is not None else None
    result = Findings()
    if site is not None:
        addresses = [(address, what == "the picture") for address, _, what in links.addresses(case)]
        asker = Site(site)
        web = case.known.web_url
        result = Findings(
            links=probe.links((one for one, picture in addresses if not picture), asker, resolver),
            pictures=probe.pictures((one for one, picture in addresses if picture), asker, resolver),
            web=probe.pages(web, asker, resolver) if web else None,
            hosted=probe.hosted(facts["hosted"], b"its bytes", asker) if "hosted" in facts else None,
        )
    if resolver is not None:

        def asked(selectors: Sequence[str]) -> SenderSetup:
            return probe.sender_setup(
                facts.get("from", "news@almawja.example.org").rpartition("@")[2].rstrip(">"),
                resolver,
                reply_domain=facts.get("reply_to", "").rpartition("@")[2],
                selectors=selectors,
            )

        sender = asked(facts.get("selectors", registry.provider("sendgrid").authentication.selectors))
        other = asked(facts.get("fallback_selectors", ())) if facts.get("fallback") else None
        result = replace(result, sender=sender, fallback=other)
    return result


def told(problems: list[Problem], folder: Path) -> list[dict[str, Any]]:
    """Problems as expected.json writes them: a line of issue.md by its number, other places by their words."""
    rows = []
    for problem in problems:
        row: dict[str, Any] = {"code": problem.code, "level": problem.level}
        place, _, line = problem.place.rpartition(":")
        if place == str(folder / "issue.md") and line.isdecimal():
            row["line"] = int(line)
        else:
            row["place"] = problem.place.replace(str(folder) + "/", "")
        rows.append(row)
    return rows

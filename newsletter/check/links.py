"""Where the links lead: whole, public, encrypted addresses that open the page they promise."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from newsletter.check.addresses import bare, hidden, page, parts_of, private, tracking, without_hidden
from newsletter.check.context import (
    CheckInput,
    Rule,
    in_line,
    setting,
    shown,
    teller,
)
from newsletter.check.reading import IssueLink
from newsletter.models import Level, Problem
from newsletter.text.tidy import arabic_fold

CODES: Mapping[str, Level] = {
    "link-private": "error",
    "link-draft": "error",
    "link-hidden-characters": "error",
    "link-credentials": "error",
    "link-http": "warning",
    "link-home": "warning",
    "link-shortener": "warning",
    "link-tracking": "warning",
    "link-punctuation": "warning",
    "link-vague": "warning",
    "link-text-differs": "warning",
    "story-twice": "warning",
    "story-address-twice": "warning",
    "utm-mixed": "warning",
    "link-dead": "error",
    "link-unsure": "warning",
    "link-redirected": "warning",
}
_tell = teller(CODES)

_SHORT = (
    "bit.ly t.co tinyurl.com goo.gl ow.ly is.gd buff.ly lnkd.in rb.gy cutt.ly shorturl.at dlvr.it fb.me wp.me tiny.cc "
    "rebrand.ly bl.ink t.ly v.gd shorte.st adf.ly soo.gd s.id"
)
_SHORTENERS = frozenset(_SHORT.split())
HTTPS_ANSWERS = "which answers there"
"""How the mend of an http link says that its https form was asked and is good."""
_VAGUE = frozenset(
    map(
        arabic_fold,
        (
            *("هنا", "من هنا", "اضغط هنا", "انقر هنا", "اضغط", "الرابط", "رابط", "هذا الرابط", "على هذا الرابط"),
            *("here", "click here", "click", "link", "this link", "this", "more"),
            *("ici", "cliquez ici", "lien", "ce lien"),
        ),
    )
)
_DRAFT = re.compile(
    r"[?&](?:preview=true|preview_id=|preview_nonce=|_thumbnail_id=)|/wp-admin/|/wp-login\.php|/ghost/#"
)
_DOCUMENT = re.compile(r"^(?:docs|drive)\.google\.com$")
_FILE_ENDINGS = frozenset({"js", "ts", "py", "rs", "md", "cs", "sh", "pl", "php", "html", "pdf", "txt"})
_WORDS_ARE_ADDRESS = re.compile(r"^(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})(?:[/?#]\S*)?$", re.IGNORECASE)


def _own_host(case: CheckInput) -> str:
    about = case.known.publication
    return bare(urlsplit(about.url).hostname or "") if about is not None else ""


def addresses(case: CheckInput) -> Iterator[tuple[str, str, str]]:
    """Every web address of the issue and its settings, with its place and what it is called."""
    for link in case.reading.links:
        yield link.address, case.at(link.line), "the link"
    for image in case.reading.images:
        if image.remote:
            yield image.address, case.at(image.line), "the picture"
    about = case.known.publication
    if about is not None:
        yield about.url, setting("newsletter", "url"), "the site"
        if about.logo.startswith(("http://", "https://")):
            yield about.logo, setting("letter", "logo"), "the logo"
        for _, url in about.links:
            yield url, setting("letter", "links"), "the link"


def address_form(case: CheckInput) -> Iterator[Problem]:
    """What can be seen in an address without asking for it."""
    for address, place, what in addresses(case):
        parts = parts_of(address)
        if parts is None:
            continue
        host = parts.hostname or ""
        seen = shown(unquote(address))
        if hidden(address):
            yield _tell(
                "link-hidden-characters",
                f"invisible characters stand in the address of {what}: {shown(without_hidden(address))}",
                place,
                "type the address again",
            )
        if private(host):
            yield _tell(
                "link-private",
                f"{what} leads to {host}, which only this house can reach",
                place,
                "write the public address",
            )
            continue
        if parts.username or parts.password:
            yield _tell("link-credentials", f"{what} holds a name and a password for {host}", place, "take them out")
        if parts.scheme.lower() == "http" and what != "the picture":
            reached = case.known.found.links.get(address) if case.known.found is not None else None
            answers = reached is not None and reached.secure
            yield _tell(
                "link-http",
                f"{what} is not encrypted: {seen}",
                place,
                f"write https://, {HTTPS_ANSWERS}" if answers else "write https:// if the site answers there",
            )
        if bare(host) in _SHORTENERS:
            yield _tell(
                "link-shortener",
                f"{what} is shortened by {host}, which spam filters distrust and which may end one day",
                place,
                "write the address it leads to",
            )
        if _DRAFT.search(address) or (_DOCUMENT.match(host) and parts.path.rstrip("/").endswith("/edit")):
            yield _tell(
                "link-draft",
                f"{what} leads to a draft or an editor's page, which readers cannot open: {seen}",
                place,
                "publish the page and write its own address",
            )
        names = tracking(address)
        if names:
            yield _tell(
                "link-tracking",
                f"{what} carries the trace of whoever copied it: {', '.join(names)}",
                place,
                "take these parameters out of the address",
            )
        if re.search(r"[.,;:!'\"»،؛؟]$", unquote(address)) and what == "the link":
            yield _tell(
                "link-punctuation",
                f"the address ends with a sign of the sentence around it: {shown(unquote(address)[-20:])}",
                place,
                "take the sign out of the address",
            )


def story_home(case: CheckInput) -> Iterator[Problem]:
    """A story that leads to the home page of a site, and not to itself."""
    for link in case.reading.links:
        parts = parts_of(link.address)
        if link.story and parts is not None and parts.path in {"", "/"} and not parts.query and not parts.fragment:
            yield _tell(
                "link-home",
                f"the story «{shown(link.words)}» leads to the home page of {parts.hostname}",
                case.at(link.line),
                "write the address of the story itself",
            )


def link_words(case: CheckInput) -> Iterator[Problem]:
    """Words of a link that do not say where it leads, or say another place."""
    for link in case.reading.links:
        if link.story:
            continue
        if arabic_fold(link.words) in _VAGUE:
            yield _tell(
                "link-vague",
                f"the words of a link, «{shown(link.words)}», do not say where it leads",
                case.at(link.line),
                "link the words that name the page (WCAG 2.2, 2.4.4)",
            )
        named, parts = _address_shown(link.words), parts_of(link.address)
        if named and parts is not None and not _same_site(named, parts.hostname or ""):
            yield _tell(
                "link-text-differs",
                f"a link shows {named} and leads to {parts.hostname}, as forged letters do",
                case.at(link.line),
                "show the address it leads to, or words",
            )


def _address_shown(words: str) -> str:
    """The host that the words of a link name; nothing for Node.js, ASP.NET or main.py, which only look like one."""
    match = _WORDS_ARE_ADDRESS.match(words)
    if match is None:
        return ""
    sure = words.lower().startswith(("http://", "https://", "www."))
    name = match[1]
    return name if sure or (name == name.lower() and name.rpartition(".")[2] not in _FILE_ENDINGS) else ""


def _same_site(one: str, other: str) -> bool:
    one, other = bare(one), bare(other)
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def repeated_stories(case: CheckInput) -> Iterator[Problem]:
    """One address under two stories: the same story twice, or two stories of which one has the other's link."""
    seen: dict[str, IssueLink] = {}
    for link in case.reading.links:
        key = page(link.address) if link.story else ""
        if not key:
            continue
        first = seen.setdefault(key, link)
        if first is link:
            continue
        if arabic_fold(first.words) == arabic_fold(link.words):
            yield _tell(
                "story-twice",
                f"the story «{shown(link.words)}» is there already{in_line(first.line)}",
                case.at(link.line),
                "take one of them out",
            )
        else:
            yield _tell(
                "story-address-twice",
                f"«{shown(link.words, 40)}» has the address of «{shown(first.words, 40)}»{in_line(first.line)}",
                case.at(link.line),
                "write the address of this story",
            )


def utm_mixed(case: CheckInput) -> Iterator[Problem]:
    """Campaign parameters on some links to one's own site only, or not the same on all: nothing can be counted so."""
    own = _own_host(case)
    tagged: list[tuple[IssueLink, tuple[str, ...]]] = []
    for link in case.reading.links:
        parts = parts_of(link.address)
        if parts is None or not own or not _same_site(parts.hostname or "", own):
            continue
        values = {name.lower(): value for name, value in parse_qsl(parts.query)}
        tagged.append((link, tuple(values.get(name, "") for name in ("utm_source", "utm_medium", "utm_campaign"))))
    if not any(any(tags) for _, tags in tagged):
        return
    usual, _ = Counter(tags for _, tags in tagged if any(tags)).most_common(1)[0]
    for link, tags in tagged:
        if tags != usual:
            yield _tell(
                "utm-mixed",
                f"the campaign parameters are {_utm(tags)} here and {_utm(usual)} elsewhere",
                case.at(link.line),
                "write the same on every link to your own site, or none",
            )


def _utm(tags: tuple[str, ...]) -> str:
    return "/".join(tag or "-" for tag in tags) if any(tags) else "missing"


def asked(case: CheckInput) -> Iterator[Problem]:
    """What the addresses answered."""
    if case.known.found is None:
        return
    told = set()
    for address, place, what in addresses(case):
        reached = case.known.found.links.get(address)
        if reached is None or (address, place) in told:
            continue
        told.add((address, place))
        seen = shown(unquote(address))
        if reached.trouble:
            yield _tell(
                "link-dead" if reached.gone else "link-unsure",
                f"{what} {seen} gives no page: {reached.trouble}",
                place,
                "correct the address" if reached.gone else "open it in a browser and see",
            )
        elif _elsewhere(address, reached.url):
            yield _tell(
                "link-redirected",
                f"{what} {seen} leads on to {shown(unquote(reached.url))}",
                place,
                "open it; if that is the page you mean, write its own address",
            )


def _elsewhere(address: str, end: str) -> bool:
    """Whether a redirect leads to another site, or from a page to a home page, where deleted pages end."""
    before, after = parts_of(address), parts_of(end)
    if before is None or after is None:
        return False
    home = after.path.strip("/") == "" and not after.query
    return not _same_site(before.hostname or "", after.hostname or "") or (home and before.path.strip("/") != "")


RULES: tuple[Rule, ...] = (
    address_form,
    story_home,
    link_words,
    repeated_stories,
    utm_mixed,
    asked,
)

"""The reader pages, asked from where the doctor is: whether readers reach them, and can leave by one click."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter import media
from newsletter.check import probe
from newsletter.check.addresses import private
from newsletter.letters import click_links, hosting
from newsletter.text.sentences import said
from newsletter.workflows.doctor.models import Check, Examined, SkippedCheck
from subscribers import test_link

if TYPE_CHECKING:
    from newsletter.check.probe import PageReply
    from newsletter.workflows.doctor.examination import Examination

ONE_CLICK: Mapping[str, str] = {"List-Unsubscribe": "One-Click"}
"""What a mail program posts (RFC 8058 section 3.2)."""
NO_LINK = "doctor"
"""Stands where the name of a counted link would; nobody signed it."""
SOON, VERY_SOON = 14, 3
"""Days left of a certificate after which something is wrong with its renewal: they are renewed a month before."""
_START = "start them with: newsletter serve; or look at what stands before them"


def _base(case: Examination) -> str:
    url = case.settings.web.url
    if not url:
        raise SkippedCheck("there are no reader pages")
    return url


def _asked(case: Examination, path: str, form: Mapping[str, str] | None = None) -> PageReply:
    """One request to the pages; skips the line when they cannot be reached, which the line Pages tells."""
    url = f"{_base(case)}{path}"
    got = probe.request(url, form=form, connect=case.instruments.connect, context=case.instruments.certificates)
    if got.trouble:
        raise SkippedCheck("the pages do not answer; the line Pages says more")
    return got


def pages(case: Examination) -> Iterator[Examined]:
    """The address and its certificate."""
    url = case.settings.web.url
    if not url:
        mend = 'add url = "https://news.…" under [web], where newsletter serve answers'
        if case.carries:
            words = "there are none, and readers can only leave by mail; Gmail and Yahoo ask bulk senders for one click"
            yield Examined("pages", "warn", words, mend)
        else:
            yield Examined("pages", "skipped", "there are none; letters stay on this machine", mend)
        yield Examined("certificate", "skipped", "there are no reader pages")
        return
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    reached = case.provider.leaves(case.settings.provider_options)
    if reached and (not secure or private(host)):
        words = said("they are at {url}, which readers cannot open", url=url)
        yield Examined("pages", "fail", words, "write the https address that readers reach as [web] url")
        yield Examined("certificate", "skipped", "the address is none that readers reach")
        return
    got = probe.request(f"{url}/health", connect=case.instruments.connect, context=case.instruments.certificates)
    if got.trouble and not got.certificate and not case.carries:
        yield Examined(
            "pages",
            "skipped",
            said("{url} does not answer; letters stay on this machine, so nobody needs it yet", url=url),
        )
    else:
        yield _health(url, got)
    yield _certificate(case, got) if secure else Examined("certificate", "skipped", "the address is no https address")


def _health(url: str, got: PageReply) -> Examined:
    if got.certificate:
        return Examined(
            "pages",
            "fail",
            said("{url} cannot be opened safely: {fault}", url=url, fault=got.certificate),
            "renew the certificate",
        )
    if got.trouble:
        return Examined("pages", "fail", said("{url} does not answer: {fault}", url=url, fault=got.trouble), _START)
    if 300 <= got.status < 400:
        words = said(
            "{url} leads elsewhere ({status}); mail programs follow nothing when somebody leaves",
            url=url,
            status=got.status,
        )
        return Examined("pages", "fail", words, "write the address that answers itself as [web] url")
    try:
        told = json.loads(got.body)
    except ValueError:
        told = None
    if not isinstance(told, dict) or "ok" not in told:
        words = said("something else answers at {url} ({status})", url=url, status=got.status)
        return Examined("pages", "fail", words, "let its server hand requests on to newsletter serve")
    if not told["ok"]:
        return Examined("pages", "warn", "they answer, and say that the program is not well", "newsletter status")
    return Examined("pages", "ok", said("{url} answers", url=url))


def _certificate(case: Examination, got: PageReply) -> Examined:
    if got.certificate:
        words = said("it is not to be trusted: {fault}", fault=got.certificate)
        return Examined("certificate", "fail", words, "renew it, for the name under [web] url, with its chain")
    if not got.valid_until:
        return Examined("certificate", "skipped", "there was no connection to see it on")
    days = int((got.valid_until - case.now().timestamp()) // 86_400)
    until = f"{datetime.fromtimestamp(got.valid_until, UTC):%Y-%m-%d}"
    if days < SOON:
        words = said("it ends on {until}, in {days} days, and nobody has renewed it", until=until, days=days)
        return Examined("certificate", "fail" if days < VERY_SOON else "warn", words, "see why it is not renewed")
    return Examined("certificate", "ok", said("good until {until}, {days} days more", until=until, days=days))


def one_click(case: Examination) -> Iterator[Examined]:
    """Leave as a mail program does, with the link of a test letter, which changes nothing."""
    got = _asked(case, f"/leave/{test_link.NOBODY}", ONE_CLICK)
    mend = "let its server hand POST …/leave/… on to newsletter serve as it comes"
    if 300 <= got.status < 400:
        words = said(
            "it leads elsewhere ({status}), and RFC 8058 lets nobody follow: readers' clicks are lost",
            status=got.status,
        )
        yield Examined(
            "one-click", "fail", words, said("{mend}; or write the address it leads to as [web] url", mend=mend)
        )
    elif got.status != 200:
        yield Examined(
            "one-click", "fail", said("a mail program that leaves for a reader gets {status}", status=got.status), mend
        )
    else:
        yield Examined("one-click", "ok", "a POST of a test link is answered at once; it changed nothing")


def pictures(case: Examination) -> Iterator[Examined]:
    """Whether the pages serve pictures, for letters that name theirs there."""
    if not case.settings.hosts_pictures:
        raise SkippedCheck("letters carry their pictures themselves")
    url = hosting.address(_base(case), media.PROBE)
    got = _asked(case, url.removeprefix(_base(case)))
    if got.status != 200 or got.body != media.PROBE.data:
        words: str = "something else comes where a picture of a letter is"
        if got.status != 200:
            words = said("a picture of a letter does not come ({status})", status=got.status)
        yield Examined("media", "fail", words, "let its server hand …/media/… on to newsletter serve unchanged")
    else:
        yield Examined("media", "ok", "the pages serve them unchanged")


def hook_route(case: Examination) -> Iterator[Examined]:
    """Whether the provider's news find their way; nothing is posted, since that would count as a forged report."""
    provider = case.provider
    if provider.reports is None or provider.reports(case.settings.provider_options) is None:
        raise SkippedCheck("no news of delivery are awaited there")
    got = _asked(case, f"/hooks/{provider.name}")
    if got.status == 405:
        yield Examined(
            "hook-route", "ok", said("…/hooks/{name} is there and wants to be posted to", name=provider.name)
        )
        return
    words = said(
        "…/hooks/{name} answers {status}, where 405 to a question would say that it is there",
        name=provider.name,
        status=got.status,
    )
    mend = "start newsletter serve anew, so that it knows the key; or let its server hand …/hooks/… on to it"
    yield Examined("hook-route", "fail" if got.status == 404 else "warn", words, mend)


def counted_links(case: Examination) -> Iterator[Examined]:
    """Whether the links of letters, which lead over the pages where clicks are counted, find them."""
    if case.settings.tracking.clicks != "stories":
        raise SkippedCheck("links lead where they say, over no page of yours")
    got = _asked(case, f"/{click_links.FOLDER}/{NO_LINK}")
    # A signed link that is none: our pages say so, with the headers that all of them have; nothing is counted.
    if got.status == 404 and "no-referrer" in got.headers.get("referrer-policy", ""):
        yield Examined("counted-links", "ok", "the pages answer for them")
        return
    words = said(
        "links of letters lead to …/{folder}/…, and something else answers there ({status})",
        folder=click_links.FOLDER,
        status=got.status,
    )
    mend = said("let its server hand …/{folder}/… on to newsletter serve unchanged", folder=click_links.FOLDER)
    yield Examined("counted-links", "fail", words, mend)


CHECKS = (
    Check(("pages", "certificate"), pages, ("web", "sender", "provider"), online=True, late="fail"),
    Check(("one-click",), one_click, ("web",), online=True),
    Check(("media",), pictures, ("web", "letter"), online=True),
    Check(("hook-route",), hook_route, ("web", "sender", "provider"), online=True),
    Check(("counted-links",), counted_links, ("web", "tracking"), online=True),
)

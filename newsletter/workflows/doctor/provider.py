"""The provider: whether letters would be taken, and whether its news arrive. It knows no provider by its name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from newsletter.check import probe
from newsletter.check.authentication import domain_setup
from newsletter.ledger.cursors import cursors_named
from newsletter.senders import registry
from newsletter.text.dates import in_zone
from newsletter.text.sentences import joined, said
from newsletter.workflows.doctor.models import Check, DoctorState, Examined, SkippedCheck

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.models import Problem
    from newsletter.senders.provider import Provider
    from newsletter.senders.reports import AccountState, Authentication
    from newsletter.workflows.doctor.examination import Examination

NEWS_WAIT = timedelta(days=2)
"""How long after a send its first report may take: events come up to a day late, and are repeated for another."""


def sender(case: Examination) -> Iterator[Examined]:
    """Whether the way out is set up, answers, and takes letters."""
    provider, settings = case.provider, case.settings
    options = settings.provider_options
    if lacking := provider.lacks(options):
        words = said(
            "letters are to go through {title}, and [{name}] has no {lacking}",
            title=provider.title,
            name=provider.name,
            lacking=lacking,
        )
        mend = said("write it into the file secrets/{name}.{lacking}", name=provider.name, lacking=lacking)
        if lacking not in provider.secrets:
            mend = said("write it into newsletter.toml under [{name}]", name=provider.name)
        yield Examined("sender", "fail", words, mend)
        return
    idle = [
        one.name
        for one in registry.providers()
        if one.options is not None and settings.options[one.name] != one.options()()
    ]
    if not case.carries and idle:
        words = said("letters stay in the outbox and reach nobody, though [{name}] is set up", name=idle[0])
        yield Examined(
            "sender",
            "warn",
            words,
            said('write kind = "{name}" under [sender], or take those lines out', name=idle[0]),
        )
        return
    yield from _told("sender", case.account(), provider)


def _told(line: str, state: AccountState, provider: Provider[Any]) -> Iterator[Examined]:
    faults = sorted(state.faults, key=lambda one: not one.is_grave)
    if not faults:
        yield Examined(line, "ok", said("{provider}: {words}", provider=provider.title, words=state.words))
        return
    worst: DoctorState = "fail" if faults[0].is_grave else "warn"
    words = joined(one.words for one in faults)
    yield Examined(line, worst, said("{provider}: {words}", provider=provider.title, words=words), faults[0].mend)


def fallback(case: Examination) -> Iterator[Examined]:
    """The same for what takes over when the way out is closed."""
    name = case.settings.sender.fallback
    if not name:
        raise SkippedCheck("none is named; with [sender] fallback a send can go on through another provider")
    provider = registry.provider(name)
    told = list(_told("fallback", case.fallback_account(), provider))

    def problems(authentication: Authentication) -> list[Problem]:
        selectors = authentication.selectors or tuple(case.settings.sender.dkim_selectors)
        setup = probe.sender_setup(case.domain, case.instruments.resolver, selectors=selectors)
        return list(domain_setup(setup, authentication))

    mine = {one.words for one in problems(case.provider.authentication)}
    others = [one for one in problems(provider.authentication) if one.words not in mine]
    if told[0].state == "ok" and others:
        words = said("should a send go on through {title}: {words}", title=provider.title, words=others[0].words)
        told = [Examined("fallback", "warn", words, others[0].mend)]
    yield from told


def webhook(case: Examination) -> Iterator[Examined]:
    """Whether what verifies the provider's news can verify any, and when the last did."""
    provider, options = case.provider, case.settings.provider_options
    if provider.reports is None:
        mend = "read the mailbox that bounces come to: newsletter subscribers inbox MAILBOX" if case.carries else ""
        raise SkippedCheck(said("{title} sends no news of its own", title=provider.title), mend)
    section = f"[{provider.name}]"
    if provider.reports(options) is None:
        words = said(
            "bounces and complaints do not come back: {section} does not say how its news verify", section=section
        )
        mend = said(
            "see docs/en/{name}.md on {title}'s webhook; it is pointed at …/hooks/{name}",
            title=provider.title,
            name=provider.name,
        )
        yield Examined("webhook", "warn", words, mend)
        return
    if fault := provider.reports_fault(options):
        yield Examined(
            "webhook",
            "fail",
            said("no news can ever verify: {fault}", fault=fault),
            said("copy the key into {section} again", section=section),
        )
        return
    for one in case.findings("webhook"):
        yield Examined("webhook", "fail", one.told, one.next)
        return
    yield _news(case, provider)


def _news(case: Examination, provider: Provider[Any]) -> Examined:
    state = case.state()
    good = next((one.good for one in state.hooks if one.provider == provider.name), None)
    gone = [one.send.finished for one in state.sends if one.send.state == "finished" and one.send.finished is not None]
    last: datetime | None = max(gone, default=None)
    if last is not None and state.now - last > NEWS_WAIT and (good is None or good < last):
        ever = (
            said("the last came {when}", when=in_zone(good, case.workspace.zone))
            if good is not None
            else "none ever came"
        )
        words = said(
            "letters went {when}, and no news of them verified since: {ever}",
            when=in_zone(last, case.workspace.zone),
            ever=ever,
        )
        mend = said(
            "see at {title} whether its webhook is on and points at …/hooks/{name}",
            title=provider.title,
            name=provider.name,
        )
        return Examined("webhook", "warn", words, mend)
    for one in case.findings("unknown-sends"):
        return Examined("webhook", "warn", one.told, one.next)
    if good is None:
        return Examined("webhook", "ok", "the key is one; nothing has gone yet of which there could be news")
    return Examined("webhook", "ok", said("the last verified {when}", when=in_zone(good, case.workspace.zone)))


def suppressions(case: Examination) -> Iterator[Examined]:
    """Whether the lists that the provider keeps were ever taken over."""
    provider = case.provider
    if provider.suppressions is None:
        raise SkippedCheck(said("{title} keeps no lists of addresses", title=provider.title))
    if provider.lacks(case.settings.provider_options):
        raise SkippedCheck("the account is not set up; the line Way out says more")
    names = provider.suppressions(case.settings.provider_options).names
    sent = bool(case.state().sends)
    with case.workspace.database.read() as connection:
        missing = [one for one in names if not cursors_named(connection, f"{provider.name} {one}")]
    if missing and sent:
        words = said(
            "whom {title} mails no more was never taken over ({lists})", title=provider.title, lists=", ".join(missing)
        )
        yield Examined("suppressions", "warn", words, "newsletter subscribers sync")
    elif missing:
        yield Examined("suppressions", "ok", "no letter has gone yet; take them over after the first: subscribers sync")
    else:
        yield Examined("suppressions", "ok", "were taken over; news of delivery keep them up to date")


CHECKS = (
    Check(("sender",), sender, ("sender", "provider"), late="fail", seconds=40),
    Check(("fallback",), fallback, ("sender", "provider"), online=True, seconds=40),
    Check(("webhook",), webhook, ("sender", "provider", "database")),
    Check(("suppressions",), suppressions, ("sender", "provider", "database")),
)

"""The provider: whether letters would be taken, and whether its news arrive. It knows no provider by its name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from newsletter.check import probe
from newsletter.check.sender import domain_setup
from newsletter.ledger.cursors import cursors_named
from newsletter.senders import registry
from newsletter.text.dates import in_zone
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
        words = f"letters are to go through {provider.title}, and [{provider.name}] has no {lacking}"
        mend = f"write it into the file secrets/{provider.name}.{lacking}"
        if lacking not in provider.secrets:
            mend = f"write it into newsletter.toml under [{provider.name}]"
        yield Examined("sender", "fail", words, mend)
        return
    idle = [
        one.name
        for one in registry.providers()
        if one.options is not None and settings.options[one.name] != one.options()()
    ]
    if not case.carries and idle:
        words = f"letters stay in the outbox and reach nobody, though [{idle[0]}] is set up"
        yield Examined("sender", "warn", words, f'write kind = "{idle[0]}" under [sender], or take those lines out')
        return
    yield from _told("sender", case.account(), provider)


def _told(line: str, state: AccountState, provider: Provider[Any]) -> Iterator[Examined]:
    faults = sorted(state.faults, key=lambda one: not one.is_grave)
    if not faults:
        yield Examined(line, "ok", f"{provider.title}: {state.words}")
        return
    worst: DoctorState = "fail" if faults[0].is_grave else "warn"
    words = "; ".join(one.words for one in faults)
    yield Examined(line, worst, f"{provider.title}: {words}", faults[0].mend)


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
        words = f"should a send go on through {provider.title}: {others[0].words}"
        told = [Examined("fallback", "warn", words, others[0].mend)]
    yield from told


def webhook(case: Examination) -> Iterator[Examined]:
    """Whether what verifies the provider's news can verify any, and when the last did."""
    provider, options = case.provider, case.settings.provider_options
    if provider.reports is None:
        mend = "read the mailbox that bounces come to: newsletter subscribers inbox MAILBOX" if case.carries else ""
        raise SkippedCheck(f"{provider.title} sends no news of its own", mend)
    section = f"[{provider.name}]"
    if provider.reports(options) is None:
        words = f"bounces and complaints do not come back: {section} does not say how its news verify"
        mend = f"see docs/operating.md on {provider.title}'s webhook; it is pointed at …/hooks/{provider.name}"
        yield Examined("webhook", "warn", words, mend)
        return
    if fault := provider.reports_fault(options):
        yield Examined("webhook", "fail", f"no news can ever verify: {fault}", f"copy the key into {section} again")
        return
    for one in case.findings("webhook"):
        yield Examined("webhook", "fail", one.words.partition(";")[0], one.next)
        return
    yield _news(case, provider)


def _news(case: Examination, provider: Provider[Any]) -> Examined:
    state = case.state()
    good = next((one.good for one in state.hooks if one.provider == provider.name), None)
    gone = [one.send.finished for one in state.sends if one.send.state == "finished" and one.send.finished is not None]
    last: datetime | None = max(gone, default=None)
    if last is not None and state.now - last > NEWS_WAIT and (good is None or good < last):
        ever = f"the last came {in_zone(good, case.workspace.zone)}" if good is not None else "none ever came"
        words = f"letters went {in_zone(last, case.workspace.zone)}, and no news of them verified since: {ever}"
        mend = f"see at {provider.title} whether its webhook is on and points at …/hooks/{provider.name}"
        return Examined("webhook", "warn", words, mend)
    for one in case.findings("unknown-sends"):
        return Examined("webhook", "warn", one.words.partition(";")[0], one.next)
    if good is None:
        return Examined("webhook", "ok", "the key is one; nothing has gone yet of which there could be news")
    return Examined("webhook", "ok", f"the last verified {in_zone(good, case.workspace.zone)}")


def suppressions(case: Examination) -> Iterator[Examined]:
    """Whether the lists that the provider keeps were ever taken over."""
    provider = case.provider
    if provider.suppressions is None:
        raise SkippedCheck(f"{provider.title} keeps no lists of addresses")
    if provider.lacks(case.settings.provider_options):
        raise SkippedCheck("the account is not set up; the line Way out says more")
    names = provider.suppressions(case.settings.provider_options).names
    sent = bool(case.state().sends)
    with case.workspace.database.read() as connection:
        missing = [one for one in names if not cursors_named(connection, f"{provider.name} {one}")]
    if missing and sent:
        words = f"whom {provider.title} mails no more was never taken over ({', '.join(missing)})"
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

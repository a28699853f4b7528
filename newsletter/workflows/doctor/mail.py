"""Your mail in your name: what DNS says of the domain that letters come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter.check import policies, probe
from newsletter.check.authentication import MOST_QUESTIONS, domain_setup
from newsletter.check.records import dkim_key, dmarc_policy, spf_terms, tags
from newsletter.check.sender import FREE_MAIL, organisation
from newsletter.text.mailbox import split_mailbox
from newsletter.text.sentences import counted, joined, said
from newsletter.workflows.doctor.models import Check, DoctorState, Examined, SkippedCheck
from newsletter.workflows.status.texts import RECEIVERS_SAY

if TYPE_CHECKING:
    from newsletter.check.found import DkimRecord, DmarcPolicy, SenderSetup, SpfRecord
    from newsletter.models import Problem
    from newsletter.workflows.doctor.examination import Examination

_LINES = {"sender-domain-without-mail": "domain", "dns-silent": "domain"}
"""Problems of a domain whose code does not begin with the name of its line."""
MOST_DOMAINS = 5
"""Domains of lists that are looked at, and findings that are told."""


def _goes_out(case: Examination) -> None:
    if not case.carries:
        raise SkippedCheck("letters stay on this machine, so nobody asks DNS about them")


def _selectors(case: Examination) -> Sequence[str]:
    return case.provider.authentication.selectors or tuple(case.settings.sender.dkim_selectors)


def domain(case: Examination) -> Iterator[Examined]:
    """From, SPF, DKIM and DMARC, as ``newsletter check --online`` judges them."""
    _goes_out(case)
    name, authentication = case.domain, case.provider.authentication
    if name in FREE_MAIL:
        words = said(
            "letters from {name} through {title} are refused: only {name} itself may send them",
            name=name,
            title=case.provider.title,
        )
        yield Examined("domain", "fail", words, "write an address at a domain of your own as [sender] from")
        for line in ("spf", "dkim", "dmarc"):
            yield Examined(line, "skipped", said("{name} is not yours, and says nothing of your letters", name=name))
        return
    reply_to = case.settings.sender.reply_to.rpartition("@")[2].rstrip(">").lower()
    setup = probe.sender_setup(name, case.instruments.resolver, reply_domain=reply_to, selectors=_selectors(case))
    problems: dict[str, list[Problem]] = {}
    for problem in domain_setup(setup, authentication):
        problems.setdefault(_LINES.get(problem.code, problem.code.partition("-")[0]), []).append(problem)
    good = {
        "domain": Examined("domain", "ok", said("{name} takes mail, so that answers and bounces arrive", name=name)),
        "spf": _spf(setup, needed=not authentication.own_bounces),
        "dkim": _dkim(setup.dkim, name, known=bool(_selectors(case))),
        "dmarc": _dmarc(setup, name),
    }
    for line, found in good.items():
        yield _judged(line, problems[line], setup) if line in problems else found
    yield from _of_lists(case)


def _of_lists(case: Examination) -> Iterator[Examined]:
    """Domains that the letters of single lists come from, as far as something is wrong with them."""
    settings = case.settings
    froms = {settings.sender_of(one) for one in settings.lists}
    domains = {split_mailbox(one)[1].rpartition("@")[2].lower() for one in froms} - {case.domain}
    for name in sorted(domains)[:MOST_DOMAINS]:
        setup = probe.sender_setup(name, case.instruments.resolver, selectors=_selectors(case))
        found = list(domain_setup(setup, case.provider.authentication))
        for problem in found:
            line = _LINES.get(problem.code, problem.code.partition("-")[0])
            yield replace(_judged(line, [problem], setup), about=name)
        if not found:
            yield Examined("domain", "ok", said("{name}, of a list, takes mail and is set up", name=name), about=name)


def _judged(line: str, problems: Sequence[Problem], setup: SenderSetup) -> Examined:
    """One line for all problems of its kind, the worst first."""
    ranked = sorted(problems, key=lambda one: one.level != "error")
    state: DoctorState = "fail" if ranked[0].level == "error" else "warn"
    words, mend = joined(one.words for one in ranked), ranked[0].mend
    if ranked[0].place:
        mend = said("{mend} ({place})", mend=mend, place=ranked[0].place)
    return Examined(line, state, words, mend, record=_record(line, ranked[0].code, setup))


def _record(line: str, code: str, setup: SenderSetup) -> str:
    """What is to stand in DNS, where it can be told without knowing the provider's part."""
    if line != "dmarc":
        return ""
    home = organisation(setup.domain)
    if code == "dmarc-missing":
        return f'_dmarc.{home} TXT "v=DMARC1; p=none; rua=mailto:dmarc@{home}"'
    if code == "dmarc-without-reports" and setup.dmarc is not None:
        place = setup.dmarc.domain
        return f'_dmarc.{place} TXT "{setup.dmarc.record.rstrip("; ")}; rua=mailto:dmarc@{place}"'
    return ""


def _spf(setup: SenderSetup, *, needed: bool) -> Examined:
    spf: SpfRecord | None = setup.spf
    if spf is None:
        return Examined("spf", "skipped", "no name server answered")
    if not spf.records:
        why = "bounces go to a name that the provider looks after" if not needed else "it is not asked for"
        return Examined("spf", "ok", said("not needed: {why}", why=why))
    ends = next((term.sign for term in spf_terms(spf.records[0])[0] if term.name == "all"), "")
    told = said(
        "says who sends for {domain}, in {number} of at most {most} questions",
        domain=setup.domain,
        number=spf.lookups,
        most=MOST_QUESTIONS,
    )
    closed = {"-": "and for nobody else", "~": "and others count as doubtful"}.get(ends)
    return Examined("spf", "ok", joined((told, closed), ", ") if closed else told)


def _dkim(keys: Sequence[DkimRecord] | None, domain_name: str, *, known: bool) -> Examined:
    if not known:
        mend = 'name the keys that sign, [sender] dkim_selectors = ["…"], so that they can be looked at'
        return Examined("dkim", "skipped", "nobody said which DKIM keys sign", mend)
    if keys is None:
        return Examined("dkim", "skipped", "no name server answered")
    there = [read for one in keys if (read := dkim_key(one.record)) is not None]
    bits = dict.fromkeys(said("{bits} bits", bits=one.bits) if one.kind == "rsa" else one.kind for one in there)
    one, many = "one key for {domain}: {kinds}", "{n} keys for {domain}: {kinds}"
    name = keys[0].domain if keys else domain_name
    return Examined("dkim", "ok", counted(one, many, len(there), domain=name, kinds=joined(bits or [""], ", ")))


def _dmarc(setup: SenderSetup, name: str) -> Examined:
    found: DmarcPolicy | None = setup.dmarc
    if found is None:
        return Examined("dmarc", "skipped", "no name server answered")
    policy = dmarc_policy(found.record, inherited=found.domain != name)
    told = {"none": "asks receivers to let all mail through", "quarantine": "forgeries go to spam"}
    words = told.get(policy, "forgeries are refused")
    return Examined(
        "dmarc",
        "ok",
        said("p={policy} at {domain}: {words}, and reports come", policy=policy, domain=found.domain, words=words),
    )


def bounces(case: Examination) -> Iterator[Examined]:
    """Whether the address that bounces go to aligns with From (RFC 9989 section 4.4.2) and takes mail."""
    _goes_out(case)
    options, authentication = case.settings.provider_options, case.provider.authentication
    if authentication.own_bounces:
        yield Examined(
            "bounces",
            "ok",
            said("{title} looks after them, at a name of its own or below yours", title=case.provider.title),
        )
        return
    place = case.provider.bounces_to(options).rpartition("@")[2].lower() or case.domain
    if place == case.domain:
        yield Examined("bounces", "ok", said("bounces go to {place}, the domain of From", place=place))
        return
    setup = probe.sender_setup(place, case.instruments.resolver)
    if not setup.hosts[0].mail:
        words = said("{place} takes no mail, so that no bounce ever arrives", place=place)
        yield Examined("bounces", "fail", words, "correct the address that bounces go to, or add an MX record")
    elif setup.spf is not None and len(setup.spf.records) != 1:
        words = said("receivers ask {place} who may send (SPF), and it has no record", place=place)
        if number := len(setup.spf.records):
            one = "receivers ask {place} who may send (SPF), and it has {number} records"
            words = said(one, place=place, number=number)
        yield Examined(
            "bounces", "warn", words, said("add one TXT record to {place}, beginning with v=spf1", place=place)
        )
    elif organisation(place) != organisation(case.domain) and not case.settings.sender.dkim_selectors:
        words = said(
            "bounces go to {place}, which is no part of {organisation}: for DMARC, SPF counts for nothing",
            place=place,
            organisation=organisation(case.domain),
        )
        mend = "take an address of the same domain for bounces, or sign with DKIM and name the key, dkim_selectors"
        yield Examined("bounces", "warn", words, mend)
    else:
        yield Examined("bounces", "ok", said("bounces go to {place}, which takes mail", place=place))


def transport(case: Examination) -> Iterator[Examined]:
    """MTA-STS and TLS-RPT: how answers and bounces come to the domain."""
    _goes_out(case)
    ask = case.instruments.resolver.ask
    records = ask(f"_mta-sts.{case.domain}", "TXT")
    sts = Examined("mta-sts", "skipped", "no name server answered")
    if records is not None:
        sts = _mta_sts(case, policies.mta_sts_fault(records))
    yield sts
    reports = ask(f"_smtp._tls.{case.domain}", "TXT")
    if reports is None:
        yield Examined("tls-rpt", "skipped", "no name server answered")
        return
    fault = policies.tls_rpt_fault(reports)
    record = f'_smtp._tls.{case.domain} TXT "v=TLSRPTv1; rua=mailto:tls@{case.domain}"'
    if fault is None and sts.state in {"ok", "fail"}:
        words = "nobody is told when mail to you fails because of MTA-STS"
        yield Examined("tls-rpt", "warn", words, "add the record", record)
    elif fault is None:
        yield Examined("tls-rpt", "skipped", "not published, and not needed without MTA-STS")
    elif fault:
        yield Examined(
            "tls-rpt",
            "warn",
            said("receivers cannot use the record: {fault} (RFC 8460)", fault=fault),
            "correct it",
            record,
        )
    else:
        yield Examined("tls-rpt", "ok", "reports of failed encryption come")


def _mta_sts(case: Examination, fault: str | None) -> Examined:
    if fault is None:
        return Examined("mta-sts", "skipped", "not published; it would protect mail that comes to you (RFC 8461)")
    place = f"_mta-sts.{case.domain}"
    if fault:
        return Examined(
            "mta-sts",
            "warn",
            said("the record at {place} is of no use: {fault} (RFC 8461)", place=place, fault=fault),
            "correct it",
        )
    if case.offline:
        return Examined("mta-sts", "skipped", "the policy file was not asked for, as --offline says")
    url = f"https://mta-sts.{case.domain}/.well-known/mta-sts.txt"
    got = probe.request(url, connect=case.instruments.connect, context=case.instruments.certificates)
    mend = said("serve the policy at {url}, or take the record {place} away", url=url, place=place)
    if got.trouble or got.status != 200:
        # RFC 8461 section 3.3: nothing is followed, and nothing but 200 counts.
        why = got.trouble or said("it answers {status}, where only 200 counts", status=got.status)
        return Examined("mta-sts", "warn", said("there is a record, and no policy: {why}", why=why), mend)
    policy, wrong = policies.mta_sts_policy(got.body.decode("utf-8", "replace"))
    if policy is None:
        return Examined(
            "mta-sts",
            "warn",
            said("the policy at {url} counts as none: {wrong}", url=url, wrong=wrong),
            "correct the file",
        )
    if policy.mode == "none":
        return Examined("mta-sts", "ok", "the policy says that none applies")
    exchangers = case.instruments.resolver.ask(case.domain, "MX") or ()
    strange = [host for one in exchangers if not policy.covers(host := one.split()[-1].rstrip("."))]
    if strange:
        words = said("the policy does not name the mail server {server}", server=strange[0])
        if policy.mode == "enforce":
            words = said("{words}: mail to you is refused by those who keep to it", words=words)
        mend = said("add a line mx: {server} to {url}, and give the record a new id=", server=strange[0], url=url)
        return Examined("mta-sts", "fail" if policy.mode == "enforce" else "warn", words, mend)
    return Examined("mta-sts", "ok", said("mode {mode}, and the policy names your mail servers", mode=policy.mode))


def bimi(case: Examination) -> Iterator[Examined]:
    """The sign beside letters (BIMI)."""
    _goes_out(case)
    records = case.instruments.resolver.ask(f"default._bimi.{case.domain}", "TXT")
    if records is None:
        raise SkippedCheck("no name server answered")
    dmarc = probe.sender_setup(case.domain, case.instruments.resolver).dmarc  # each question is asked once
    policy = dmarc_policy(dmarc.record, inherited=dmarc.domain != case.domain) if dmarc is not None else "none"
    fault = policies.bimi_fault(records, policy=policy)
    if fault is None:
        raise SkippedCheck("not published; with it some mailboxes show your sign beside letters")
    if fault:
        yield Examined(
            "bimi",
            "warn",
            said("no mailbox shows your sign: {fault}", fault=fault),
            said("correct default._bimi.{domain}", domain=case.domain),
        )
        return
    proof = any(tags(one).get("a") for one in records)
    words = "the record names a sign and its certificate"
    yield Examined("bimi", "ok", words if proof else "the record names a sign; Gmail and Apple want a certificate too")


def reputation(case: Examination) -> Iterator[Examined]:
    """Complaints, blocklists and refusals, as ``newsletter status`` judges them."""
    found = case.findings(*RECEIVERS_SAY)
    for one in found[:MOST_DOMAINS]:
        yield Examined("reputation", "warn", one.told, one.next)
    if not found:
        yield Examined("reputation", "ok", "no complaint, blocklist or refusal beyond what is usual")


CHECKS = (
    Check(("domain", "spf", "dkim", "dmarc"), domain, ("sender", "provider", "lists"), online=True, seconds=25),
    Check(("bounces",), bounces, ("sender", "provider"), online=True),
    Check(("mta-sts", "tls-rpt"), transport, ("sender", "provider"), online=True, seconds=25),
    Check(("bimi",), bimi, ("sender", "provider"), online=True),
    Check(("reputation",), reputation, ("database",)),
)

"""What DNS says of the sender: whether its domain takes mail, and whether its letters are proved to be its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from newsletter.check.context import (
    CheckInput,
    Rule,
    setting,
    shown,
    teller,
)
from newsletter.check.found import DkimRecord, DmarcPolicy, SenderSetup, SpfRecord
from newsletter.check.records import dkim_key, dmarc_policy, reports_to, spf_terms, tags
from newsletter.check.sender import organisation, section_of
from newsletter.models import Level, Problem
from newsletter.senders.reports import Authentication
from newsletter.text.sentences import said

CODES: Mapping[str, Level] = {
    "sender-domain-without-mail": "error",
    "spf-missing": "warning",
    "spf-several": "error",
    "spf-faulty": "error",
    "spf-too-many-questions": "error",
    "spf-open": "error",
    "dkim-missing": "warning",
    "dkim-revoked": "error",
    "dkim-weak": "warning",
    "dkim-testing": "warning",
    "dmarc-missing": "warning",
    "dmarc-several": "warning",
    "dmarc-without-policy": "warning",
    "dmarc-without-reports": "warning",
    "dmarc-old": "warning",
    "dmarc-fails": "error",
    "fallback-unauthenticated": "warning",
    "dns-silent": "warning",
}
_tell = teller(CODES)

MOST_QUESTIONS, MOST_VOID = 10, 2
"""RFC 7208 section 4.6.4."""
LEAST_BITS, GOOD_BITS = 1024, 2048
"""Gmail's sender rules ask for 1024 and advise 2048; RFC 8301 section 3.2 the same."""


def setup(case: CheckInput) -> Iterator[Problem]:
    """What DNS says of the sender's domain, for the provider that letters go through, and for its fallback."""
    found = case.known.found
    if found is None or found.sender is None:
        return
    told = list(domain_setup(found.sender, case.known.authentication, section_of(case)))
    yield from told
    if found.fallback is None or not case.known.fallback:
        return
    known = {(problem.code, problem.words) for problem in told}
    for problem in domain_setup(found.fallback, case.known.fallback_authentication, section_of(case)):
        if (problem.code, problem.words) not in known:
            yield _tell(
                "fallback-unauthenticated",
                said(
                    "should a send go on through [sender] fallback, {fallback}: {words}",
                    fallback=case.known.fallback,
                    words=problem.words,
                ),
                problem.place,
                problem.mend,
            )


def domain_setup(found: SenderSetup, authentication: Authentication, section: str = "sender") -> Iterator[Problem]:
    """What DNS says of a sender's domain, judged.

    Args:
        found: As it was asked.
        authentication: How the provider signs.
        section: Of the settings, which names the sender.
    """
    for host in found.hosts:
        if not host.mail:
            yield _tell(
                "sender-domain-without-mail",
                said(
                    "{domain} in {use} takes no mail; many receivers refuse letters from such a domain",
                    domain=host.domain,
                    use=host.use,
                ),
                setting(section, "from" if host.use == "From" else "reply_to"),
                "correct the address, or add an MX record",
            )
    if found.silent:
        yield _tell(
            "dns-silent",
            said(
                "no name server answered for {names}; what it says could not be checked",
                names=", ".join(found.silent[:3]),
            ),
            setting(section, "from"),
            "check the connection and try again",
        )
    if found.spf is not None:
        yield from _spf(found.domain, found.spf, needed=not (authentication.own_bounces and _signs(found.dkim)))
    if found.dkim is not None:
        yield from _dkim(found.domain, found.dkim)
    if found.dmarc is not None:
        yield from _dmarc(found, found.dmarc, dkim_alone=authentication.aligns_by_dkim)


def _signs(keys: tuple[DkimRecord, ...] | None) -> bool:
    """Whether one of the keys can sign."""
    return any((key := dkim_key(one.record)) is not None and not key.revoked for one in keys or ())


def _spf(domain: str, spf: SpfRecord, *, needed: bool) -> Iterator[Problem]:
    """SPF of the domain itself; not needed when bounces go to a name that the provider looks after."""
    place = f"DNS of {domain}"
    if not spf.records and not needed:
        return
    if not spf.records:
        yield _tell(
            "spf-missing",
            said("{domain} says nowhere which servers send for it (SPF, RFC 7208)", domain=domain),
            place,
            "add the TXT record that your provider names, beginning with v=spf1",
        )
        return
    if len(spf.records) > 1:
        yield _tell(
            "spf-several",
            said(
                "{domain} has {number} SPF records, and receivers take that for an error (RFC 7208 section 4.5)",
                domain=domain,
                number=len(spf.records),
            ),
            place,
            "put their terms into one record",
        )
        return
    if spf.faults:
        yield _tell(
            "spf-faulty",
            said(
                "receivers cannot read the SPF record of {domain}: {fault}",
                domain=domain,
                fault=shown(", ".join(spf.faults)),
            ),
            place,
            "correct the record",
        )
    if spf.lookups > MOST_QUESTIONS or spf.voids > MOST_VOID:
        words = (
            said(
                "asks {number} questions, more than {most}",
                number=spf.lookups,
                most=MOST_QUESTIONS,
            )
            if spf.lookups > MOST_QUESTIONS
            else said("asks {number} questions without an answer, more than {most}", number=spf.voids, most=MOST_VOID)
        )
        yield _tell(
            "spf-too-many-questions",
            said(
                "the SPF record of {domain} {words}, and receivers give up (RFC 7208 section 4.6.4)",
                domain=domain,
                words=words,
            ),
            place,
            "take out what no longer sends for you",
        )
    if any(term.name == "all" and term.sign == "+" for term in spf_terms(spf.records[0])[0]):
        yield _tell(
            "spf-open",
            said("the SPF record of {domain} lets the whole world send in its name (+all)", domain=domain),
            place,
            "end it with ~all or -all",
        )


def _dkim(domain: str, keys: tuple[DkimRecord, ...]) -> Iterator[Problem]:
    there = [(key, read) for key in keys if (read := dkim_key(key.record)) is not None]
    names = ", ".join(f"{key.selector}._domainkey.{key.domain}" for key in keys if key.domain == domain)
    if keys and not there:
        yield _tell(
            "dkim-missing",
            said("there is no DKIM key for {domain} (asked for {names})", domain=domain, names=names),
            f"DNS of {domain}",
            "authenticate the domain at your provider, and add the records it names",
        )
        return
    for key, read in there:
        place = f"DNS of {key.selector}._domainkey.{key.domain}"
        if read.revoked:
            yield _tell(
                "dkim-revoked", "the DKIM key is revoked (p= is empty)", place, "publish the key that signs now"
            )
        elif read.kind == "rsa" and 0 < read.bits < GOOD_BITS:
            words = (
                "receivers ignore it"
                if read.bits < LEAST_BITS
                else said("{number} are advised (RFC 8301)", number=GOOD_BITS)
            )
            yield _tell(
                "dkim-weak",
                said("the DKIM key has {bits} bits; {words}", bits=read.bits, words=words),
                place,
                "make a new one",
            )
        if read.testing:
            yield _tell(
                "dkim-testing",
                "the DKIM key says that it is only a test (t=y), and receivers may ignore it",
                place,
                "take t=y out of the record",
            )


def _dmarc(found: SenderSetup, dmarc: DmarcPolicy, *, dkim_alone: bool) -> Iterator[Problem]:
    domain = found.domain
    for where in dmarc.several:
        yield _tell(
            "dmarc-several",
            said("_dmarc.{where} has several DMARC records, which count as none (RFC 9989 section 4.10)", where=where),
            f"DNS of {where}",
            "leave one",
        )
    if not dmarc.record:
        yield _tell(
            "dmarc-missing",
            said(
                "{domain} and the domains above it have no DMARC record; Gmail, Yahoo and Microsoft want one",
                domain=domain,
            ),
            f"DNS of _dmarc.{organisation(domain)}",
            said(
                'add a TXT record there: "v=DMARC1; p=none; rua=mailto:…@{domain}"',
                domain=organisation(domain),
            ),
        )
        return
    place, read = f"DNS of _dmarc.{dmarc.domain}", tags(dmarc.record)
    inherited = dmarc.domain != domain
    policy = dmarc_policy(dmarc.record, inherited=inherited)
    if read.get("p", "").lower() not in {"none", "quarantine", "reject"}:
        wrong = (
            said("p={value} is none of none, quarantine, reject", value=shown(read["p"]))
            if read.get("p")
            else "it has no p="
        )
        yield _tell(
            "dmarc-without-policy",
            said(
                "the DMARC record does not say what to do: {wrong}; older receivers take that for no record",
                wrong=wrong,
            ),
            place,
            "add p=none, p=quarantine or p=reject",
        )
    if not reports_to(read):
        yield _tell(
            "dmarc-without-reports",
            "nobody gets the DMARC reports (rua=), so that nobody sees who sends in your name",
            place,
            "add rua=mailto:… with an address of yours",
        )
    old = [name for name in ("pct", "rf", "ri") if name in read]
    if old:
        yield _tell(
            "dmarc-old",
            said(
                "{tags} is no longer part of DMARC since RFC 9989",
                tags=", ".join(f"{name}={read[name]}" for name in old),
            ),
            place,
            "take it out; t=y asks receivers not to apply the policy yet" if "pct" in old else "take it out",
        )
    keys, signs = found.dkim or (), _signs(found.dkim)
    if dkim_alone and policy != "none" and read.get("t", "").lower() != "y" and keys and not signs:
        yield _tell(
            "dmarc-fails",
            said(
                "the DMARC policy of {name} is {policy}, and no DKIM key of {domain} can sign: letters would be {fate}",
                name=dmarc.domain,
                policy=policy,
                domain=domain,
                fate="refused" if policy == "reject" else "filed as spam",
            ),
            place,
            "authenticate the domain at your provider first",
        )


RULES: tuple[Rule, ...] = (setup,)

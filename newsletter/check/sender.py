"""Who sends: the address in From and Reply-To, the reader pages, and what DNS says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from newsletter.check.addresses import private
from newsletter.check.context import (
    CheckInput,
    Rule,
    setting,
    shown,
    teller,
)
from newsletter.check.found import DkimRecord, DmarcPolicy, SenderSetup, SpfRecord
from newsletter.check.records import dkim_key, dmarc_policy, reports_to, spf_terms, tags
from newsletter.models import Level, Problem
from newsletter.senders.reports import Authentication
from newsletter.text.mailbox import split_mailbox
from newsletter.text.sentences import said

CODES: Mapping[str, Level] = {
    "sender-free-mail": "error",
    "sender-unread": "warning",
    "sender-stays-here": "warning",
    "reply-to-elsewhere": "warning",
    "web-url-missing": "warning",
    "web-url-private": "error",
    "web-unknown": "error",
    "web-unreachable": "warning",
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

_FREE = (
    "gmail.com googlemail.com yahoo.com yahoo.fr yahoo.co.uk ymail.com rocketmail.com hotmail.com hotmail.fr "
    "outlook.com outlook.fr outlook.sa live.com live.fr msn.com icloud.com me.com mac.com aol.com gmx.com gmx.net "
    "gmx.de web.de mail.com mail.ru yandex.com yandex.ru proton.me protonmail.com zoho.com tutanota.com "
    "maktoob.com caramail.com laposte.net orange.fr free.fr wanadoo.fr qq.com 163.com 126.com"
)
FREE_MAIL = frozenset(_FREE.split())
_UNREAD = ("noreply", "no-reply", "donotreply", "do-not-reply", "no_reply", "nepasrepondre", "ne-pas-repondre")
# Labels under which countries register names, as in example.com.eg or example.gov.sa.
_SECOND_LEVEL = "co com org net gov edu ac sch mil med nom info biz ltd plc me asso tm gob gouv"
_SECOND = frozenset(_SECOND_LEVEL.split())


def organisation(domain: str) -> str:
    """The part of a domain that somebody registered, as far as it can be told without a list of all suffixes.

    Args:
        domain: In ASCII.
    """
    labels = domain.lower().rstrip(".").split(".")
    long = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND
    return ".".join(labels[-3 if long else -2 :])


def _domain(mailbox: str) -> str:
    return split_mailbox(mailbox)[1].rpartition("@")[2].lower()


def _section(case: CheckInput) -> str:
    """The section of the settings that says who the letter comes from."""
    return f"lists.{case.issue.list}" if case.letter is not None and case.letter.own_sender else "sender"


def addresses(case: CheckInput) -> Iterator[Problem]:
    """From and Reply-To, as far as they can be judged by looking at them."""
    if case.letter is None:
        return
    sender, reply_to = _domain(case.letter.sender), _domain(case.letter.reply_to)
    if case.known.provider and sender in FREE_MAIL:
        yield _tell(
            "sender-free-mail",
            said(
                "letters from {sender} through {provider} are refused: only {sender} itself may send them",
                sender=sender,
                provider=case.known.provider,
            ),
            setting(_section(case), "from"),
            "write an address at a domain of your own",
        )
    if reply_to and organisation(reply_to) != organisation(sender):
        yield _tell(
            "reply-to-elsewhere",
            said(
                "answers go to {reply_to}, letters come from {sender}; spam filters count the difference",
                reply_to=reply_to,
                sender=sender,
            ),
            setting(_section(case), "reply_to"),
            "take an address of the same domain; it can forward to the other",
        )
    name, mailbox = ("reply_to", case.letter.reply_to) if reply_to else ("from", case.letter.sender)
    local = split_mailbox(mailbox)[1].partition("@")[0].lower()
    if local.startswith(_UNREAD):
        yield _tell(
            "sender-unread",
            said(
                "nobody reads {address}; readers answer a letter, also to leave it", address=split_mailbox(mailbox)[1]
            ),
            setting(_section(case), name),
            "write an address that somebody reads",
        )


def staying(case: CheckInput) -> Iterator[Problem]:
    """Letters that stay in the outbox though a provider is set up."""
    if case.known.idle_providers and not case.known.provider:
        names = " and ".join(f"[{one}]" for one in case.known.idle_providers)
        yield _tell(
            "sender-stays-here",
            said("letters stay in the outbox and reach nobody, though {names} is set up", names=names),
            setting("sender", "kind"),
            said(
                'write kind = "{name}" there, or take the lines of {names} out',
                name=case.known.idle_providers[0],
                names=names,
            ),
        )


def pages(case: CheckInput) -> Iterator[Problem]:
    """The reader pages, which every letter leads to when it goes to real people."""
    url = case.known.web_url
    if case.known.provider and not url:
        yield _tell(
            "web-url-missing",
            "readers can only leave by mail; Gmail and Yahoo ask bulk senders for one click (RFC 8058)",
            setting("web", "url"),
            'add a line url = "https://news.…" where newsletter serve answers',
        )
    elif case.known.provider and (urlsplit(url).scheme != "https" or private(urlsplit(url).hostname or "")):
        yield _tell(
            "web-url-private",
            said("the reader pages are at {url}, which readers cannot open", url=shown(url)),
            setting("web", "url"),
            "write the https address that readers reach",
        )
    web = case.known.found.web if case.known.found is not None else None
    if web is not None and web.trouble:
        yield _tell(
            "web-unknown" if web.gone else "web-unreachable",
            said("the reader pages at {url} do not answer: {fault}", url=shown(url), fault=web.trouble),
            setting("web", "url"),
            "correct the address" if web.gone else "start them with: newsletter serve",
        )


def setup(case: CheckInput) -> Iterator[Problem]:
    """What DNS says of the sender's domain, for the provider that letters go through, and for its fallback."""
    found = case.known.found
    if found is None or found.sender is None:
        return
    told = list(domain_setup(found.sender, case.known.authentication, _section(case)))
    yield from told
    if found.fallback is None or not case.known.fallback:
        return
    known = {(problem.code, problem.words) for problem in told}
    for problem in domain_setup(found.fallback, case.known.fallback_authentication, _section(case)):
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


RULES: tuple[Rule, ...] = (addresses, staying, pages, setup)

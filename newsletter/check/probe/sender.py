"""What DNS says of the domain that letters come from: SPF, DKIM, DMARC, and whether it takes mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from newsletter.check.found import DkimRecord, DmarcPolicy, MailHost, SenderSetup, SpfRecord
from newsletter.check.probe.dns import Kind, Records, Resolver
from newsletter.check.records import ASKING, dkim_key, is_dmarc, spf_terms, tags
from newsletter.check.sender import organisation

_MOST_QUESTIONS = 40
"""Where counting a hopeless SPF record ends."""
_LONGEST_WALK = 8
"""Labels from which the tree walk jumps to the last seven (RFC 9989 section 4.10)."""


def sender_setup(
    domain: str, resolver: Resolver, *, reply_domain: str = "", selectors: Sequence[str] = ()
) -> SenderSetup:
    """Ask everything that receivers ask about a sender.

    Args:
        domain: Of From, in ASCII.
        resolver: Knows the records.
        reply_domain: Of Reply-To, if it is another one.
        selectors: Names of the DKIM keys that sign; without them DKIM is not looked at.
    """
    asker = _Asker(resolver)
    hosts = [(domain, "From")]
    if reply_domain and reply_domain != domain:
        hosts.append((reply_domain, "Reply-To"))
    return SenderSetup(
        domain=domain,
        hosts=tuple(MailHost(name, use, _takes_mail(name, asker)) for name, use in hosts),
        spf=_spf(domain, asker),
        dkim=_dkim(domain, selectors, asker) if selectors else None,
        dmarc=_dmarc(domain, asker),
        silent=tuple(asker.silent),
    )


class _Asker:
    """A resolver that notes what nobody answered."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self.silent: list[str] = []

    def __call__(self, name: str, kind: Kind) -> Records | None:
        answer = self._resolver.ask(name, kind)
        if answer is None and name not in self.silent:
            self.silent.append(name)
        return answer


def _takes_mail(domain: str, ask: _Asker) -> bool:
    exchangers = ask(domain, "MX")
    if exchangers:
        # "0 ." says that the domain takes no mail at all (RFC 7505).
        return any(exchanger.split()[-1] != "." for exchanger in exchangers)
    if exchangers is None:
        return True
    addresses = [ask(domain, "A"), ask(domain, "AAAA")]
    return any(found is None or found for found in addresses)


def _spf(domain: str, ask: _Asker) -> SpfRecord | None:
    answer = ask(domain, "TXT")
    if answer is None:
        return None
    records = _spf_records(answer)
    if len(records) != 1:
        return SpfRecord(records)
    count = _Count()
    _follow(domain, records[0], ask, count, ())
    return SpfRecord(records, count.lookups, count.voids, tuple(dict.fromkeys(count.faults)))


class _Count:
    def __init__(self) -> None:
        self.lookups = self.voids = 0
        self.faults: list[str] = []


def _spf_records(answer: Records) -> Records:
    return tuple(text for text in answer if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 "))


def _follow(domain: str, record: str, ask: _Asker, count: _Count, above: tuple[str, ...]) -> None:
    """Count the questions of a record and of those it includes (RFC 7208 section 4.6.4), and note what is broken."""
    terms, faults = spf_terms(record)
    count.faults += [f"{fault} in {domain}" if above else fault for fault in faults]
    ends = any(term.name == "all" for term in terms)
    for term in terms:
        if term.name not in ASKING or (term.name == "redirect" and ends):
            continue
        count.lookups += 1
        target = term.value.lower().rstrip(".") or domain
        if count.lookups > _MOST_QUESTIONS or "%" in target:
            continue  # macros are filled with the letter's own sender
        if term.name not in {"include", "redirect"}:
            count.voids += _void(target, term.name, ask)
            continue
        answer = ask(target, "TXT")
        inner = _spf_records(answer) if answer is not None else ()
        if target in (*above, domain):
            count.faults.append(f"{term.name} of {target} leads back to itself")
        elif answer is not None and len(inner) != 1:
            count.voids += not answer
            count.faults.append(f"{term.name} of {target}, which has {'no' if not inner else 'several'} SPF records")
        elif inner:
            _follow(target, inner[0], ask, count, (*above, domain))


def _void(target: str, name: str, ask: _Asker) -> bool:
    if name == "ptr":
        return False
    if name == "mx":
        return ask(target, "MX") == ()
    return ask(target, "A") == () and ask(target, "AAAA") == ()


def _dkim(domain: str, selectors: Sequence[str], ask: _Asker) -> tuple[DkimRecord, ...] | None:
    """The keys of the first domain that has one, from the sender's upwards to its organisation's."""
    unanswered = False
    for place in _upwards(domain):
        keys = []
        for selector in selectors:
            answer = ask(f"{selector}._domainkey.{place}", "TXT")
            unanswered |= answer is None
            record = next((text for text in answer or () if "p" in tags(text)), "")
            keys.append(DkimRecord(place, selector, record))
        if any(dkim_key(key.record) is not None for key in keys):
            return tuple(keys)
    return None if unanswered else tuple(DkimRecord(domain, selector) for selector in selectors)


def _upwards(domain: str) -> Iterator[str]:
    top = organisation(domain)
    yield domain
    while domain != top and "." in domain:
        domain = domain.partition(".")[2]
        yield domain


def walk(domain: str) -> Iterator[str]:
    """The domains that a receiver asks for a DMARC record, from the sender's own to the last label.

    Args:
        domain: Of From. At most eight questions are asked: a longer name goes on with its last seven labels (RFC 9989
            section 4.10).
    """
    yield domain
    labels = domain.split(".")
    labels = labels[1:] if len(labels) < _LONGEST_WALK else labels[-(_LONGEST_WALK - 1) :]
    while labels:
        yield ".".join(labels)
        labels = labels[1:]


def _dmarc(domain: str, ask: _Asker) -> DmarcPolicy | None:
    """The policy for a domain: its own, or that of its organisational domain, or that of a public suffix above it."""
    found: list[tuple[str, str, str]] = []
    several: list[str] = []
    for name in walk(domain):
        answer = ask(f"_dmarc.{name}", "TXT")
        if answer is None:
            return None
        records = [text for text in answer if is_dmarc(text)]
        if len(records) > 1:
            several.append(name)
        if len(records) != 1:
            continue
        if name == domain:
            return DmarcPolicy(domain, records[0], tuple(several))
        suffix = tags(records[0]).get("psd", "u").lower()
        found.append((name, records[0], suffix))
        if suffix in {"n", "y"}:
            break
    if not found:
        return DmarcPolicy(several=tuple(several))
    # Organisational domain (RFC 9989 section 4.10.2): psd=n names it; psd=y stands one label above it; else it is the
    # shortest name with a record. What a public suffix says goes for an organisation that says nothing.
    name, record, suffix = found[-1]
    if suffix == "y":
        below = domain.split(".")[-name.count(".") - 2 :]
        name, record = next(((n, r) for n, r, _ in found if n == ".".join(below)), (name, record))
    return DmarcPolicy(name, record, tuple(several))

"""One aggregate report understood: RFC 9990 and RFC 7489, and what receivers make of them (pure).

Elements are found by their name alone: RFC 9990 has the namespace ``urn:ietf:params:xml:ns:dmarc-2.0``, RFC 7489 named
one of dmarc.org, and most receivers write none. A document type is refused whatever it holds: no report has one, and
entities are the way to fill the memory of whoever reads XML.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from newsletter.errors import SourceError
from newsletter.ledger.dmarc import DmarcReport, DmarcRow
from subscribers.display import shown

if TYPE_CHECKING:
    from lxml.etree import _Element

MOST_ROWS = 20_000
LONGEST = timedelta(days=32)
"""What one report may be about. RFC 9990 asks for a day; some receivers write one a week."""
OLDEST = timedelta(days=400)
AHEAD = timedelta(days=2)
"""How far after now a report may end: receivers end the day in their own zone."""
MOST_LETTERS = 10**12

DISPOSITIONS = frozenset({"none", "quarantine", "reject", "pass"})
RESULTS = frozenset({"none", "pass", "fail", "policy", "neutral", "temperror", "permerror", "softfail"})
"""Of RFC 8601, and of RFC 7208 for SPF."""
_RESULT_NAMES = {"hardfail": "fail", "error": "temperror", "unknown": "permerror"}
"""What some receivers write instead, after older drafts."""
_DOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_-]{1,63})*")
_DECLARED = re.compile(rb"\A\s*<\?xml[^>]{0,200}\?>")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_MEND = "leave this file out; if it comes from a receiver that you know, tell its postmaster"


def understand_report(data: bytes, where: str, own: tuple[str, ...], now: datetime) -> DmarcReport:
    """Understand the XML of one report.

    Args:
        data: XML, as `newsletter.events.dmarc.unpacking` bounds it.
        where: Where it came from, for messages.
        own: Domains that our letters come from, in A-labels and lower case.
        now: The present moment, timezone-aware.

    Raises:
        SourceError: It is no report, or one of another domain, or of a time that cannot be.
    """
    root = _root(data, where)
    if _name(root) != "feedback":
        raise _refused("is XML, but no DMARC aggregate report (its first element is not feedback)", where)
    about, policy = _child(root, "report_metadata"), _child(root, "policy_published")
    if about is None or policy is None:
        raise _refused("is no whole report: report_metadata or policy_published is missing", where)
    domain = _domain(_text(policy, "domain"))
    if not domain:
        raise _refused("does not say of which domain it is", where)
    if not any(related(domain, one) for one in own):
        raise SourceError(
            f"is about {domain}, which is not ours",
            where=where,
            mend="only reports about the domain of [sender] from are kept",
        )
    begins, ends = _times(about, where, now)
    org = shown(_text(about, "org_name") or _text(about, "email").rpartition("@")[2], 100).strip().lower()
    report_id = shown(_text(about, "report_id"), 200).strip()
    if not org or not report_id:
        raise _refused("does not say who wrote it, or what it is called", where)
    published = _text(policy, "p").lower()
    return DmarcReport(
        org=org,
        report_id=report_id,
        domain=domain,
        policy=published if published in {"none", "quarantine", "reject"} else "none",
        begins=begins,
        ends=ends,
        rows=_rows(root, where),
    )


def related(domain: str, own: str) -> bool:
    """Whether a policy of one domain speaks of letters of another: the same, or one within the other.

    A policy is found at the From domain or above it (RFC 9989, tree walk); one below it is ours too. A top-level
    domain has none of ours.

    Args:
        domain: That a report is about.
        own: That our letters come from.
    """
    if domain == own or domain.endswith(f".{own}"):
        return True
    return "." in domain and own.endswith(f".{domain}")


def _root(data: bytes, where: str) -> _Element:
    from lxml import etree

    root: _Element | None
    # Said in other encodings it is found below, once it is parsed.
    if re.search(rb"<!\s*(?:DOCTYPE|ENTITY)", data, re.IGNORECASE):
        raise _refused("holds a document type, which no report has", where)
    try:
        root = etree.fromstring(data.strip(b" \t\r\n"), _parser())
    except (etree.XMLSyntaxError, ValueError, LookupError):
        # Declared as what it is not, bytes of another code page, signs that XML forbids: all of these come.
        text = _CONTROLS.sub("", _DECLARED.sub(b"", data).decode("utf-8-sig", "replace")).strip()
        try:
            root = etree.fromstring(text.encode("utf-8"), _parser("utf-8"))
        except (etree.XMLSyntaxError, ValueError) as error:
            raise _refused(f"is no XML (line {getattr(error, 'lineno', None) or 1})", where) from None
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        raise _refused("holds a document type, which no report has", where)
    return root


def _parser(encoding: str | None = None) -> Any:
    from lxml import etree

    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _times(about: _Element, where: str, now: datetime) -> tuple[datetime, datetime]:
    span = _child(about, "date_range")
    begins, ends = (_moment(_text(span, name)) if span is not None else None for name in ("begin", "end"))
    if begins is None or ends is None or ends < begins:
        raise _refused("does not say which time it is about", where)
    if ends - begins > LONGEST:
        raise _refused(f"is about more than {LONGEST.days} days", where)
    if ends > now + AHEAD:
        raise _refused(f"is about a time to come ({ends:%Y-%m-%d})", where)
    if ends < now - OLDEST:
        raise SourceError(
            f"is older than {OLDEST.days} days ({ends:%Y-%m-%d})", where=where, mend="nothing to do: it is not kept"
        )
    return begins, ends


def _moment(text: str) -> datetime | None:
    """Unix seconds as both RFCs say; some write thousandths, some ISO 8601."""
    try:
        seconds = float(text) if re.fullmatch(r"[0-9]{1,16}(?:\.[0-9]{1,9})?", text) else None
        if seconds is None:
            moment = datetime.fromisoformat(text)
            seconds = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    seconds = seconds / 1000 if seconds > 1e11 else seconds
    return datetime.fromtimestamp(int(seconds), UTC) if 1e9 < seconds < 1e10 else None


def _rows(root: _Element, where: str) -> tuple[DmarcRow, ...]:
    counts: Counter[DmarcRow] = Counter()
    for number, record in enumerate(one for one in root if _name(one) == "record"):
        if number >= MOST_ROWS:
            raise _refused(f"has more than {MOST_ROWS:,} rows", where)
        found = _row(record)
        if found is not None:
            counts[found[0]] += found[1]
    return tuple(row.counted(min(letters, MOST_LETTERS)) for row, letters in counts.items())


def _row(record: _Element) -> tuple[DmarcRow, int] | None:
    """One record without its number, and that; None for one that tells of no server or no letter."""
    row, seen = _child(record, "row"), _child(record, "auth_results")
    if row is None:
        return None
    source, letters = _address(_text(row, "source_ip")), _number(_text(row, "count"))
    if not source or not letters:
        return None
    judged, names = _child(row, "policy_evaluated"), _child(record, "identifiers")
    dkim = _best(seen, "dkim", "domain")
    spf = _best(seen, "spf", "domain")
    disposition = _text(judged, "disposition").lower()
    return DmarcRow(
        source=source,
        letters=0,
        disposition=disposition if disposition in DISPOSITIONS else "none",
        dkim="pass" if _text(judged, "dkim").lower() == "pass" else "fail",
        spf="pass" if _text(judged, "spf").lower() == "pass" else "fail",
        header_from=_domain(_text(names, "header_from")),
        dkim_domain=dkim[0],
        dkim_result=dkim[1],
        spf_domain=spf[0],
        spf_result=spf[1],
    ), letters


def _best(seen: _Element | None, name: str, domain: str) -> tuple[str, str]:
    """Domain and result of a signature or return path: one that passed before the others."""
    found = [(_domain(_text(one, domain)), _result(_text(one, "result"))) for one in _children(seen, name)]
    return next((one for one in found if one[1] == "pass"), found[0] if found else ("", "none"))


def _result(text: str) -> str:
    name = text.lower()
    name = _RESULT_NAMES.get(name, name)
    return name if name in RESULTS else "none"


def _number(text: str) -> int:
    return min(int(text), MOST_LETTERS) if re.fullmatch(r"[0-9]{1,15}", text) else 0


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        return ""


def _domain(text: str) -> str:
    name = text.strip().rstrip(".").lower()
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    return name if _DOMAIN.fullmatch(name) else ""


def _name(element: _Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _children(element: _Element | None, name: str) -> Iterator[_Element]:
    return (one for one in element if _name(one) == name) if element is not None else iter(())


def _child(element: _Element | None, name: str) -> _Element | None:
    return next(_children(element, name), None)


def _text(element: _Element | None, name: str) -> str:
    found = _child(element, name)
    text = "" if found is None else found.text
    return " ".join(str(text or "")[:1000].split())


def _refused(what: str, where: str) -> SourceError:
    return SourceError(what, where=where, mend=_MEND)

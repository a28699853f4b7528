"""The records of SPF, DKIM and DMARC, read as the standards say; pure text, no question to any server."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

# RFC 7208 section 4.6.4: each of these costs the receiver a question.
ASKING = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_MECHANISMS = frozenset({"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"})
_TERM = re.compile(r"(?P<sign>[+?~-]?)(?P<name>[A-Za-z][A-Za-z0-9_.-]*)(?P<join>[:=/]?)(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SpfTerm:
    """A mechanism or modifier of an SPF record: ``include:spf.example.net`` or ``-all``."""

    sign: str
    """``+``, ``-``, ``~`` or ``?``; empty for a modifier."""
    name: str
    value: str
    """What follows the colon or equals sign; empty when nothing does."""


def spf_terms(record: str) -> tuple[list[SpfTerm], list[str]]:
    """The terms of an SPF record, and those that are none (RFC 7208 sections 4.6.1 and 12).

    Args:
        record: Text that begins with ``v=spf1``.
    """
    terms: list[SpfTerm] = []
    faults: list[str] = []
    for word in record.split()[1:]:
        match = _TERM.fullmatch(word)
        if match is None:
            faults.append(word)
            continue
        name = match["name"].lower()
        if match["join"] == "=" and not match["sign"]:
            terms.append(SpfTerm("", name, match["value"]))  # a modifier; unknown ones are ignored
        elif name not in _MECHANISMS or (match["join"] == "=") or not _argument_fits(name, match):
            faults.append(word)
        else:
            value = match["value"] if match["join"] == ":" else ""
            terms.append(SpfTerm(match["sign"] or "+", name, value.partition("/")[0]))
    return terms, faults


def _argument_fits(name: str, match: re.Match[str]) -> bool:
    import ipaddress

    join, value = match["join"], match["value"]
    if name in {"ip4", "ip6"}:
        try:
            network = ipaddress.ip_network(value, strict=False)
        except ValueError:
            return False
        return join == ":" and network.version == (4 if name == "ip4" else 6)
    if name in {"include", "exists"}:
        return join == ":" and bool(value)
    if name == "all":
        return not join
    return join != ":" or bool(value)


def tags(record: str) -> dict[str, str]:
    """The tags of a DKIM or DMARC record, ``a=b; c=d`` (RFC 6376 section 3.2); names in lower case.

    Args:
        record: The text of the record.
    """
    found: dict[str, str] = {}
    for part in record.split(";"):
        name, sign, value = part.partition("=")
        if sign and name.strip():
            found.setdefault(name.strip().lower(), value.strip())
    return found


def is_dmarc(record: str) -> bool:
    """Whether a TXT record is one of DMARC: ``v=DMARC1`` comes first (RFC 9989 section 4.7)."""
    return re.match(r"\s*v\s*=\s*DMARC1\s*(?:;|$)", record) is not None


def dmarc_policy(record: str, *, inherited: bool) -> str:
    """What the domain's owner asks for: ``none``, ``quarantine`` or ``reject``.

    Args:
        record: The text of a DMARC record.
        inherited: It stands at a domain above the sender's, so that ``sp`` goes before ``p``.
    """
    found = tags(record)
    wanted = (found.get("sp", "") if inherited else "") or found.get("p", "")
    wanted = wanted.lower()
    # RFC 9989 section 4.7: without a policy, or with one nobody knows, the record asks for none.
    return wanted if wanted in {"none", "quarantine", "reject"} else "none"


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A DKIM key as its record says."""

    kind: str
    """``rsa`` or ``ed25519``."""
    bits: int
    """Length of an RSA modulus; 0 when it cannot be told."""
    revoked: bool
    testing: bool


def dkim_key(record: str) -> DkimKey | None:
    """The key of a DKIM record, or None when it holds none (RFC 6376 section 3.6.1).

    Args:
        record: The text, its strings joined.
    """
    found = tags(record)
    if "p" not in found or found.get("v", "DKIM1") != "DKIM1":
        return None
    kind = found.get("k", "rsa").lower()
    data = re.sub(r"\s+", "", found["p"])
    testing = "y" in found.get("t", "").replace(" ", "").split(":")
    try:
        der = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    return DkimKey(kind, _modulus_bits(der) if kind == "rsa" else 256, not data, testing)


def _modulus_bits(der: bytes) -> int:
    """Bits of the modulus in a SubjectPublicKeyInfo (RFC 3279 section 2.3.1) or a bare RSAPublicKey."""
    try:
        kind, body, _ = _element(der)
        first_kind, first, rest = _element(body)
        if kind == 0x30 and first_kind == 0x30:
            bits_kind, bits, _ = _element(rest)
            if bits_kind != 0x03:
                return 0
            _, body, _ = _element(bits[1:])
            first_kind, first, _ = _element(body)
    except IndexError:
        return 0
    return int.from_bytes(first, "big").bit_length() if first_kind == 0x02 else 0


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """Tag, content and rest of the first DER element."""
    size, start = data[1], 2
    if size & 0x80:
        count = size & 0x7F
        size, start = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    if len(data) < start + size:
        raise IndexError("cut off")
    return data[0], data[start : start + size], data[start + size :]


def reports_to(found: Mapping[str, str]) -> bool:
    """Whether a DMARC record asks for aggregate reports."""
    return "mailto:" in found.get("rua", "").lower()

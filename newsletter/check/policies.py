"""What a domain says of mail that comes to it, and of its sign beside letters: MTA-STS, TLS-RPT and BIMI. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.check.records import tags
from newsletter.text.sentences import said

LONGEST_AGE = 31_557_600
"""Seconds; RFC 8461 section 3.2."""


@dataclass(frozen=True, slots=True)
class MtaStsPolicy:
    """How servers that bring mail to a domain are to reach it (RFC 8461 section 3.2)."""

    mode: str
    """``enforce``, ``testing`` or ``none``."""
    hosts: tuple[str, ...]
    """Names of mail servers, in lower case; one may begin with ``*.``."""
    max_age: int
    """Seconds for which it may be kept."""

    def covers(self, host: str) -> bool:
        """Whether it lets mail be brought to a server; a star stands for exactly one label (section 4.1).

        Args:
            host: Name of the server, without a dot at its end.
        """
        host = host.lower()
        return any(
            host.partition(".")[2] == one.removeprefix("*.") if one.startswith("*.") else host == one
            for one in self.hosts
        )


def mta_sts_fault(records: Sequence[str]) -> str | None:
    """What is wrong with the TXT records of ``_mta-sts.<domain>``; None when there is no policy.

    Args:
        records: All of them; those of other uses are passed over (RFC 8461 section 3.1).

    Returns:
        Words; empty when they are good.
    """
    ours = [one for one in records if re.match(r"v=STSv1\s*(;|$)", one)]
    if not ours:
        return None
    if len(ours) > 1:
        return said("there are {number} records, which count as none", number=len(ours))
    return (
        ""
        if re.fullmatch(r"[A-Za-z0-9]{1,32}", tags(ours[0]).get("id", ""))
        else "id= is not 1 to 32 letters or digits"
    )


def mta_sts_policy(text: str) -> tuple[MtaStsPolicy | None, str]:
    """The policy of a file ``mta-sts.txt``, or what is wrong with it.

    Args:
        text: Of the file.
    """
    pairs = [
        (name.strip(), value.strip()) for name, sign, value in (x.partition(":") for x in text.splitlines()) if sign
    ]
    first: dict[str, str] = {}
    for name, value in pairs:
        first.setdefault(name, value)
    hosts = tuple(value.lower() for name, value in pairs if name == "mx")
    if first.get("version") != "STSv1":
        return None, "it does not say version: STSv1"
    if first.get("mode") not in {"enforce", "testing", "none"}:
        return None, "mode is none of enforce, testing, none"
    if not re.fullmatch(r"[0-9]{1,10}", first.get("max_age", "")) or int(first["max_age"]) > LONGEST_AGE:
        return None, said("max_age is no number of seconds up to {most}", most=LONGEST_AGE)
    if not hosts and first["mode"] != "none":
        return None, "it names no mx"
    return MtaStsPolicy(first["mode"], hosts, int(first["max_age"])), ""


def tls_rpt_fault(records: Sequence[str]) -> str | None:
    """What is wrong with the TXT records of ``_smtp._tls.<domain>`` (RFC 8460 section 3); None when there are none.

    Args:
        records: All of them.
    """
    ours = [one for one in records if re.match(r"v=TLSRPTv1\s*(;|$)", one)]
    if not ours:
        return None
    if len(ours) > 1:
        return said("there are {number} records, which count as none", number=len(ours))
    places = [one.strip() for one in tags(ours[0]).get("rua", "").split(",")]
    good = all(re.match(r"(?:mailto:[^@\s]+@[^@\s]+|https://\S+)$", one) for one in places)
    return "" if good else "rua= names no mailto: or https: address"


def bimi_fault(records: Sequence[str], *, policy: str) -> str | None:
    """What is wrong with the TXT records of ``default._bimi.<domain>``; None when there are none.

    Args:
        records: All of them.
        policy: What DMARC asks for: ``none``, ``quarantine`` or ``reject``. A sign is shown with the latter two alone
            (BIMI Group, "Brand Indicators for Message Identification", draft 12, section 7.1).
    """
    ours = [one for one in records if re.match(r"v=BIMI1\s*(;|$)", one)]
    if not ours:
        return None
    if len(ours) > 1:
        return said("there are {number} records, which count as none", number=len(ours))
    found = tags(ours[0])
    place, proof = found.get("l", ""), found.get("a", "")
    if not place and not proof:
        return ""  # said on purpose: no sign
    if place and not re.match(r"https://[^\s/]+/\S+\.svgz?$", place, re.IGNORECASE):
        return "l= is no https address of an SVG file"
    if proof and not proof.lower().startswith("https://"):
        return "a= is no https address of a certificate"
    return (
        ""
        if policy in {"quarantine", "reject"}
        else said("the DMARC policy is {policy}, and no sign is shown with that", policy=policy)
    )

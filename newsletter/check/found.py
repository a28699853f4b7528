"""What probe found out about the world: the answers of addresses and name servers, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LinkResult:
    """What became of asking for one address."""

    url: str = ""
    """Where it answered in the end; empty when nothing did."""
    trouble: str = ""
    """Why there is no good answer, in a few words."""
    gone: bool = False
    """Whether the trouble is for certain the address's own: nothing is there, or its host does not exist."""
    secure: bool = False
    """For an http address: whether the same one answers over https."""


@dataclass(frozen=True, slots=True)
class PictureResult:
    """What became of asking for one picture."""

    content_type: str = ""
    """``image/jpeg``; as its bytes say, or else as its server does."""
    width: int = 0
    """Pixels; 0 when they cannot be told."""
    height: int = 0
    weight: int = 0
    """Bytes."""
    trouble: str = ""
    gone: bool = False
    secure: bool = False
    """For an http address: whether the same one answers over https."""
    unencrypted: str = ""
    """For an https address: the http one that it leads to; empty as a rule."""


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """The SPF policy of a domain (RFC 7208)."""

    records: tuple[str, ...] = ()
    """Its TXT records that begin with ``v=spf1``."""
    lookups: int = 0
    """DNS questions that a receiver must ask to evaluate it (section 4.6.4)."""
    voids: int = 0
    """Those of them that have no answer."""
    faults: tuple[str, ...] = ()
    """Terms that are none, and records that lead nowhere, in words."""


@dataclass(frozen=True, slots=True)
class DkimRecord:
    """A DKIM key of a domain (RFC 6376 section 3.6)."""

    domain: str
    """The sender's, or one above it, which may sign for it as well (relaxed alignment, RFC 9989 section 4.4.1)."""
    selector: str
    record: str = ""
    """Its TXT record; empty when there is none."""


@dataclass(frozen=True, slots=True)
class DmarcPolicy:
    """The DMARC policy that applies to a domain (RFC 9989 section 4.10)."""

    domain: str = ""
    """Where it stands; empty when there is none up to the root."""
    record: str = ""
    several: tuple[str, ...] = ()
    """Domains on the way that publish more than one, which counts as none."""


@dataclass(frozen=True, slots=True)
class MailHost:
    """Whether a domain takes mail."""

    domain: str
    use: str
    """``From`` or ``Reply-To``."""
    mail: bool = True
    """It has an MX, or an address record in its place (RFC 5321 section 5.1), and no null MX (RFC 7505)."""


@dataclass(frozen=True, slots=True)
class SenderSetup:
    """What DNS says about the sender."""

    domain: str
    """Domain of From."""
    spf: SpfRecord | None = None
    """None here and below: no name server answered."""
    dkim: tuple[DkimRecord, ...] | None = None
    dmarc: DmarcPolicy | None = None
    hosts: tuple[MailHost, ...] = ()
    silent: tuple[str, ...] = ()
    """Names that no server answered for."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that was asked; what was not asked stays empty."""

    links: Mapping[str, LinkResult] = field(default_factory=dict)
    pictures: Mapping[str, PictureResult] = field(default_factory=dict)
    sender: SenderSetup | None = None
    fallback: SenderSetup | None = None
    """The same with the keys of the provider of ``[sender] fallback``, if there is one."""
    web: LinkResult | None = None
    """The reader pages."""
    hosted: PictureResult | None = None
    """A picture that those pages should serve; None when letters carry theirs."""

"""The questions of ``check --online``: do the links answer, do the pictures come, what does DNS say of the sender.

Whoever asks brings what asks for him: a fetcher, which vets every address, and a resolver. What comes back are the
plain values of ``newsletter.check.found``.
"""

from __future__ import annotations

from newsletter.check.probe.dns import DnsResolver, Resolver
from newsletter.check.probe.links import (
    LinkFetcher,
    hosted,
    links,
    pages,
    pictures,
)
from newsletter.check.probe.reply import Connect, PageReply, connection, request
from newsletter.check.probe.sender import sender_setup

__all__ = [
    "Connect",
    "DnsResolver",
    "LinkFetcher",
    "PageReply",
    "Resolver",
    "connection",
    "hosted",
    "links",
    "pages",
    "pictures",
    "request",
    "sender_setup",
]

"""Letters over SMTP: an own client that keeps its connections, writes ahead, and holds every final dot back.

``replies`` understands what a server says and ``meaning`` what that makes of a letter, ``wire`` carries bytes,
``opening`` makes a connection ready, ``session`` takes letters over it, ``round`` takes a batch over several of them
with few commits, ``carrier`` is what ``delivery`` sees. This file is its entry in the table of providers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from newsletter.senders.provider import LOOPBACK, Opening, Provider
from newsletter.senders.reports import Authentication

if TYPE_CHECKING:
    from newsletter.senders.reports import AccountState
    from newsletter.senders.smtp.options import SmtpOptions
    from newsletter.senders.smtp.sender import Smtp

MAIL_PORTS = frozenset({0, 25, 465, 587})
"""Ports where mail servers listen (RFC 5321, RFC 8314); 0 takes the usual one."""


def _options() -> type[SmtpOptions]:
    from newsletter.senders.smtp.options import SmtpOptions

    return SmtpOptions


def _open(options: SmtpOptions, opening: Opening) -> Smtp:
    from newsletter.senders.smtp.sender import Smtp

    if options.ca:
        options = options.model_copy(update={"ca": str(opening.root / options.ca)})
    return Smtp(options, opening.widths)


def _look(options: SmtpOptions, opening: Opening) -> AccountState:
    return _open(options, opening).look()


PROVIDER: Final[Provider[SmtpOptions]] = Provider(
    name="smtp",
    title="an SMTP server",
    summary="",
    options=_options,
    open=_open,
    lacks=lambda options: "" if options.host else "host",
    account=lambda options: f"{options.user}@{options.where}" if options.user else options.where,
    # The machine's own mail server relays to the world; a stand-in listens on another port.
    leaves=lambda options: options.host not in LOOPBACK or options.port in MAIL_PORTS,
    authentication=Authentication(),
    bounces_to=lambda options: options.return_path,
    look=_look,
    secrets=("password",),
    example="""\
# host = "smtp.example.org"
# user = "news@example.org"  # its password stands in the file secrets/smtp.password
# security = "starttls"      # or tls, or none for a server on this machine
# port = 587                 # without it the usual one: starttls 587, tls 465, none 25
# ca = "ca.pem"              # certificates to trust instead of the system's, relative to this file
# return_path = "bounces@example.org"   # where bounces go; without it the address in from
# verp = true                # bounces+NAME@…: every bounce names its delivery; the mailbox must take addresses with +
# connections = 4            # at once from each process; many servers take no more than ten from one client
# letters = 100              # over one connection, then a new one
# pipelining = false         # should the server offer it and not be able to (RFC 2920)
# batch = 200                # letters that one process takes at a time
# timeout = 60               # seconds for each step; ten times as long for the answer to a whole letter
""",
)

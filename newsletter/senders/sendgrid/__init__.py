"""Letters through SendGrid, a thousand subscribers in one request, and what SendGrid reports of them.

``body`` writes a request, ``request`` carries it, ``answers`` understands what comes back, ``events`` reads reports,
``suppressions`` its lists, ``activity`` what it shows of messages it took. This file
is its entry in the table of providers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from newsletter.senders.provider import LOOPBACK, Opening, Provider, fingerprint
from newsletter.senders.reports import Authentication

if TYPE_CHECKING:
    from newsletter.senders.reports import AccountState, ReportReader, SentMessages, SuppressionLists
    from newsletter.senders.sendgrid.options import SendGridOptions
    from newsletter.senders.sendgrid.sender import SendGrid


def _options() -> type[SendGridOptions]:
    from newsletter.senders.sendgrid.options import SendGridOptions

    return SendGridOptions


def _open(options: SendGridOptions, _opening: Opening) -> SendGrid:
    from newsletter.senders.sendgrid.sender import SendGrid

    return SendGrid(options)


def _reports(options: SendGridOptions) -> ReportReader | None:
    if not options.webhook_key:
        return None
    from newsletter.senders.sendgrid.events import SignedReports

    return SignedReports(options.webhook_key)


def _reports_fault(options: SendGridOptions) -> str:
    from newsletter.senders.sendgrid.events import key_fault

    return key_fault(options.webhook_key) if options.webhook_key else ""


def _suppressions(options: SendGridOptions) -> SuppressionLists:
    from newsletter.senders.sendgrid.sender import SendGrid

    return SendGrid(options).suppressions()


def _ask(options: SendGridOptions) -> SentMessages:
    from newsletter.senders.sendgrid.sender import SendGrid

    return SendGrid(options).sent_messages()


def _look(options: SendGridOptions, _opening: Opening) -> AccountState:
    from newsletter.senders.sendgrid.sender import SendGrid

    return SendGrid(options).look()


PROVIDER: Final[Provider[SendGridOptions]] = Provider(
    name="sendgrid",
    title="SendGrid",
    summary="",
    options=_options,
    open=_open,
    lacks=lambda options: "" if options.key else "key",
    account=lambda options: f"{options.host or options.region} {fingerprint(options.key)}".strip(),
    many_at_once=True,
    leaves=lambda options: urlsplit(options.host).hostname not in LOOPBACK,
    # A lease outlives the longest wait there is between two looks at it: connecting and handing over.
    least_lease=lambda options: 2 * options.timeout + 5,
    authentication=Authentication(
        # Its automated security signs with these two in turn (its domain authentication pages), and lets bounces come
        # to a name below the sender's domain; without it they come to a domain of its own, which never aligns.
        selectors=("s1", "s2"),
        own_bounces=True,
        aligns_by_dkim=True,
    ),
    look=_look,
    reports=_reports,
    reports_clicks=True,
    reports_fault=_reports_fault,
    suppressions=_suppressions,
    ask=_ask,
    secrets=("key",),
    example="""\
# The key stands in the file secrets/sendgrid.key
# webhook_key = "MFkw…"      # verification key of its event webhook; then point that at https://…/hooks/sendgrid
# region = "global"          # or eu
# from_name = "Al-Muashir"   # should SendGrid not take the name in from as it is
# categories = ["weekly"]
# sandbox = true             # SendGrid checks everything and sends nothing
# batch = 1000               # subscribers in one request; fewer leave less in doubt should a request be cut off
# connections = 4            # requests under way at once
# timeout = 20               # seconds for each step of a request
""",
)

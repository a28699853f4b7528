"""Letters through Postmark, up to 500 messages in one request, each with an answer of its own.

``body`` writes a request, ``request`` carries it, ``answers`` understands what comes back, ``events`` reads reports,
``suppressions`` its lists, ``search`` what it shows of messages it took. This file is its
entry in the table of providers. What is said of Postmark here stands in its developer documentation
(https://postmarkapp.com/developer, read in November 2026); no live account was used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from newsletter.senders.provider import LOOPBACK, Opening, Provider, fingerprint
from newsletter.senders.reports import Authentication

if TYPE_CHECKING:
    from newsletter.senders.postmark.options import PostmarkOptions
    from newsletter.senders.postmark.sender import Postmark
    from newsletter.senders.reports import AccountState, ReportReader, SentMessages, SuppressionLists


def _options() -> type[PostmarkOptions]:
    from newsletter.senders.postmark.options import PostmarkOptions

    return PostmarkOptions


def _open(options: PostmarkOptions, _opening: Opening) -> Postmark:
    from newsletter.senders.postmark.sender import Postmark

    return Postmark(options)


def _reports(options: PostmarkOptions) -> ReportReader | None:
    if not (options.webhook_password or options.webhook_token):
        return None
    from newsletter.senders.postmark.events import GuardedReports

    return GuardedReports(options)


def _suppressions(options: PostmarkOptions) -> SuppressionLists:
    from newsletter.senders.postmark.sender import Postmark

    return Postmark(options).suppressions()


def _ask(options: PostmarkOptions) -> SentMessages:
    from newsletter.senders.postmark.sender import Postmark

    return Postmark(options).sent_messages()


def _look(options: PostmarkOptions, _opening: Opening) -> AccountState:
    from newsletter.senders.postmark.sender import Postmark

    return Postmark(options).look()


PROVIDER: Final[Provider[PostmarkOptions]] = Provider(
    name="postmark",
    title="Postmark",
    summary="",
    options=_options,
    open=_open,
    lacks=lambda options: "" if options.token else "token",
    account=lambda options: f"{options.host} {options.message_stream} {fingerprint(options.token)}".strip(),
    many_at_once=True,
    leaves=lambda options: urlsplit(options.host).hostname not in LOOPBACK,
    # A lease outlives the longest wait there is between two looks at it: connecting and handing over.
    least_lease=lambda options: 2 * options.timeout + 5,
    # Its DKIM selectors are made for each domain. Bounces come to a name of its own, or to one below the sender's
    # domain that leads to it; then SPF aligns too, so that DKIM is not the only way.
    authentication=Authentication(own_bounces=True),
    look=_look,
    reports=_reports,
    reports_clicks=True,
    suppressions=_suppressions,
    ask=_ask,
    secrets=("token", "webhook_password", "webhook_token"),
    example="""\
# The server's API token stands in the file secrets/postmark.token; user and password that its webhooks bring to
# https://USER:PASSWORD@…/hooks/postmark in secrets/postmark.webhook_user and secrets/postmark.webhook_password
# message_stream = "broadcast"          # of the issues
# transactional_stream = "outbound"     # of confirmation, welcome and goodbye letters
# from_name = "Al-Muashir"   # should the name in from not do
# batch = 100                # messages in one request, 500 at most; each carries the whole letter
# connections = 4            # requests under way at once
# timeout = 60               # seconds for each step of a request
""",
)

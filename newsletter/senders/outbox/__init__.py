"""The default sender: letters as files in a Maildir on this machine, no account needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from newsletter.senders.provider import Opening, Provider
from newsletter.senders.reports import Authentication

if TYPE_CHECKING:
    from newsletter.senders.outbox.maildir import Outbox


def _open(_options: None, opening: Opening) -> Outbox:
    from newsletter.senders.outbox.maildir import Outbox

    return Outbox(opening.outbox, fsync=opening.fsync, batch_size=opening.batch, widths=opening.widths)


PROVIDER: Final[Provider[None]] = Provider(
    name="outbox",
    title="the outbox",
    summary="real letters as .eml files in a Maildir, nothing leaves this machine",
    open=_open,
    leaves=lambda _options: False,
    authentication=Authentication(),
)

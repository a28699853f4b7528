"""The default sender: letters as files in a Maildir on this machine, no account needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from newsletter.senders.provider import Opening, Provider
from newsletter.senders.reports import Authentication
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.senders.outbox.maildir import Outbox
    from newsletter.senders.reports import AccountState


def _open(_options: None, opening: Opening) -> Outbox:
    from newsletter.senders.outbox.maildir import Outbox

    return Outbox(opening.outbox, fsync=opening.fsync, batch_size=opening.batch, widths=opening.widths)


def _kept(outbox: Path, public_id: str) -> Mapping[str, str]:
    from newsletter.senders.outbox.kept import kept

    return kept(outbox, public_id)


def _look(_options: None, opening: Opening) -> AccountState:
    from newsletter.senders.outbox.maildir import look

    return look(opening.outbox)


PROVIDER: Final[Provider[None]] = Provider(
    name="outbox",
    title=said("the outbox"),
    summary="real letters as .eml files in a Maildir, nothing leaves this machine",
    open=_open,
    leaves=lambda _options: False,
    kept=_kept,
    look=_look,
    authentication=Authentication(),
)

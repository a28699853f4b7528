"""What a worker and the pages log: lines for people, or one JSON object a line for a program that collects them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from newsletter.workflows.status.findings import without_addresses

ABOUT_SEND: ContextVar[str] = ContextVar("about_send", default="")
"""Public id of the send that this thread is at work on; empty when it is at none."""
ROOT = "nashra"
"""The logger above all of ours."""


_MOST = 4000
"""Characters of a line's words."""


@contextmanager
def about_send(public_id: str) -> Iterator[None]:
    """Let every line that is logged inside, by this thread, name a send.

    Args:
        public_id: Of the send.
    """
    token = ABOUT_SEND.set(public_id)
    try:
        yield
    finally:
        ABOUT_SEND.reset(token)


class JsonLines(logging.Formatter):
    """One JSON object a line: ``time`` (RFC 3339, UTC), ``level``, ``event``, ``words``, and ``send`` of one.

    ``event`` is the part of the program that says it. No mail address is in ``words``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line of one record."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.name.removeprefix(f"{ROOT}."),
            "words": without_addresses(record.getMessage(), _MOST),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["fault"] = record.exc_info[0].__name__
        if send := ABOUT_SEND.get():
            line["send"] = send
        return json.dumps(line, ensure_ascii=False)


def log_to_stderr(*, as_json: bool) -> None:
    """Let our loggers write to stderr from information on, and the server's from warnings on.

    Args:
        as_json: As ``JsonLines``; else for people.
    """
    handler = logging.StreamHandler()
    plain = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonLines() if as_json else plain)
    for name, level in ((ROOT, logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(handler)
            logger.setLevel(level)
            logger.propagate = False

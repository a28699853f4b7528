"""The command that works by itself: worker."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from newsletter.cli.app import workspace_of
from newsletter.cli.output import say


def worker(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Do what there is to do now, then end (for cron).")] = False,
    concurrency: Annotated[
        int, typer.Option(min=1, max=32, help="Sends at once, each with the connections of its sender.")
    ] = 1,
) -> None:
    """Deliver what is to be sent, send small letters and keep the schedule, until a signal ends it.

    On SQLite one machine works on the file; on PostgreSQL any number of machines share everything. What is under way
    when a TERM signal or Ctrl-C comes goes first; what dies in the middle is taken up by another.

    \b
    Examples:
      newsletter worker
      newsletter worker --once
    """
    from datetime import UTC, datetime

    from newsletter.workflows.worker import Worker

    def tell(line: str) -> None:
        say(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ} {line}")

    with workspace_of(context) as workspace:
        working = Worker(workspace, concurrency=concurrency, tell=tell)

        def stop(_number: int, _frame: object) -> None:
            working.over.set()

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            if once:
                working.once()
            else:
                tell("Working. A TERM signal or Ctrl-C ends it.")
                working.run()
                tell("Ended; nothing was left in the middle.")
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

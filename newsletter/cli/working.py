"""The command that works by itself: worker."""

from __future__ import annotations

import contextlib
import signal
from typing import Annotated

import typer

from newsletter.cli.app import workspace_of
from newsletter.cli.options import LogAs, LogForm, json_log
from newsletter.cli.output import say
from newsletter.cli.speaking import marked
from newsletter.text.sentences import said


def worker(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Do what there is to do now, then end (for cron).")] = False,
    concurrency: Annotated[
        int, typer.Option(min=1, max=32, help="Sends at once, each with the connections of its sender.")
    ] = 1,
    health: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            min=0,
            max=65535,
            help="Answer GET /health at this port of this machine; 0 takes a free one.",
        ),
    ] = None,
    log: LogAs = LogForm.TEXT,
) -> None:
    """Deliver what is to be sent, send small letters and keep the schedule, until a signal ends it.

    On SQLite one machine works on the file; on PostgreSQL any number of machines share everything. What is under way
    when a TERM signal or Ctrl-C comes goes first; what dies in the middle is taken up by another.

    \b
    Examples:
      newsletter worker
      newsletter worker --once
      newsletter worker --health 8001 --log json
    """
    from datetime import UTC, datetime

    from newsletter.workflows.worker import Worker

    def plain(line: str) -> None:
        say(said("{now} {line}", now=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}", line=marked(line)))

    tell = json_log("worker") if log is LogForm.JSON else plain
    with workspace_of(context) as workspace, contextlib.ExitStack() as stack:
        working = Worker(workspace, concurrency=concurrency, tell=tell)
        if health is not None:
            from newsletter.workflows.health import HealthServer

            server = HealthServer("127.0.0.1", health, working.ill)
            stack.callback(server.stop)
            server.start()
            tell(said("health at http://127.0.0.1:{port}/health", port=server.port))

        def stop(_number: int, _frame: object) -> None:
            working.over.set()

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            if once:
                working.once()
            else:
                tell(said("Working. A TERM signal or Ctrl-C ends it."))
                working.run()
                tell(said("Ended; nothing was left in the middle."))
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

"""Which worker does what: jobs of Procrastinate in the same PostgreSQL, behind this one room.

A job says only "deliver send S": running it twice, late or never does no harm, since the ledger's leases decide who
delivers what. No other file knows Procrastinate; without it workers look into the ledger by themselves.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.storage.database import Database

LOG = logging.getLogger("nashra.jobs")

TASK, QUEUE = "nashra.deliver", "nashra"
STALLED = 30.0
"""Seconds without a sign of life after which a worker is taken for dead."""


def installed() -> bool:
    """Whether Procrastinate is there."""
    return importlib.util.find_spec("procrastinate") is not None


def there(connection: Connection) -> bool:
    """Whether this database has the tables and the function that jobs need (Procrastinate 3.10)."""
    from sqlalchemy import text

    if connection.dialect.name != "postgresql":
        return False
    name = "procrastinate_defer_jobs_v1(procrastinate_job_to_defer_v1[])"
    if connection.execute(text("SELECT to_regtype('procrastinate_job_to_defer_v1')")).scalar_one() is None:
        return False
    return connection.execute(text("SELECT to_regprocedure(:name)"), {"name": name}).scalar_one() is not None


def make_ready(database: Database) -> bool:
    """Make the tables of Procrastinate, if it is installed and they are not there; whether that was done."""
    if database.is_sqlite or not installed():
        return False
    from procrastinate.schema import SchemaManager

    with database.write() as connection:
        if there(connection):
            return False
        # Straight to psycopg, since the text is many statements, with percent signs.
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute(SchemaManager.get_schema())
    return True


def enqueue(connection: Connection, send_id: int) -> bool:
    """Ask a worker to deliver a send, in the caller's transaction; False when one is asked already, or cannot be."""
    from sqlalchemy import text

    if not there(connection):
        return False
    values = {"queue": QUEUE, "task": TASK, "arguments": json.dumps({"send_id": send_id})}
    waits = text(
        "SELECT 1 FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = :queue AND task_name = :task "
        "AND args = CAST(:arguments AS jsonb) LIMIT 1"
    )
    if connection.execute(waits, values).first() is not None:
        return False
    # Its own function, so that its triggers and notifications are its own business too.
    defer = text(
        "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(:queue, :task, 0, NULL, NULL, CAST(:arguments AS jsonb), NULL)"
        "::procrastinate_job_to_defer_v1])"
    )
    connection.execute(defer, values)
    return True


def work(
    database: Database, deliver: Callable[[int], None], over: threading.Event, *, concurrency: int, name: str = "nashra"
) -> None:
    """Do jobs until it is over; when the server breaks off, come back to it again and again.

    Args:
        database: The workspace's.
        deliver: Delivers the send with this id; what it raises is its own business.
        over: Set when nothing new is to be begun.
        concurrency: Jobs at once.
        name: Of this worker, for people.
    """
    pause = 0.5
    while not over.is_set():
        try:
            asyncio.run(_work(_conninfo(database), deliver, over, concurrency, name))
            # It leaves without an error too when PostgreSQL restarts.
            pause = 0.5
        except Exception as error:
            LOG.warning("jobs: %s; again in %.1f s", str(error).partition("\n")[0], pause)
        if over.wait(pause):
            return
        pause = min(pause * 2, 10.0)


async def _work(
    conninfo: str, deliver: Callable[[int], None], over: threading.Event, concurrency: int, name: str
) -> None:
    import procrastinate

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=conninfo, min_size=1, max_size=4))

    @app.task(name=TASK, queue=QUEUE)
    def _deliver(send_id: int) -> None:
        deliver(send_id)

    async with app.open_async():
        task = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                name=name,
                concurrency=concurrency,
                install_signal_handlers=False,
                fetch_job_polling_interval=2.0,
                update_heartbeat_interval=5.0,
                stalled_worker_timeout=STALLED,
                delete_jobs="successful",
            )
        )
        upkeep = 0.0
        try:
            while not task.done() and not over.is_set():
                await asyncio.wait([task], timeout=0.2)
                upkeep -= 0.2
                if upkeep <= 0:
                    upkeep = STALLED / 3
                    await _revive(app)
        finally:
            # Cancelled once it ends gracefully: the jobs at hand come to their end, and those see that it is over.
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def _revive(app: Any) -> None:
    """Put back the jobs of workers that died."""
    for job in await app.job_manager.get_stalled_jobs(queue=QUEUE, task_name=TASK, seconds_since_heartbeat=STALLED):
        await app.job_manager.retry_job(job)
        LOG.info("a worker went silent; its job is done by another")


def _conninfo(database: Database) -> str:
    return database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

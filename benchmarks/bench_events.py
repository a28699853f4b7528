"""Events of SendGrid's webhook stored in a second: signed, in reports of a thousand, beside bare inserts.

python benchmarks/bench_events.py [--events 20000]
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from test_events import KEYS, PUBLIC, signed
from test_ledger import claim

from newsletter import ledger
from newsletter.events.hook import report_hook
from newsletter.senders.sendgrid.events import SignedReports
from newsletter.storage import tables
from newsletter.storage.database import open_database
from subscribers import store
from subscribers.store import tables as readers

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
REPORT = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    count = parser.parse_args().events
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{folder}/newsletter.db")
        with database.write() as connection:
            readers.metadata.create_all(connection)
            tables.metadata.create_all(connection)
            store.add_list(connection, "readers", "الموجة", now=NOW)
            driver = connection.connection.driver_connection
            driver.executemany(
                "INSERT INTO subscriber (address, address_key, public_id, needs_smtputf8, created) "
                "VALUES (?1, ?1, randomblob(16), 0, 0)",
                ((f"reader{number}@example.net",) for number in range(count)),
            )
            driver.execute(
                "INSERT INTO subscription (list_id, subscriber_id, status, rhythm, created, changed) "
                "SELECT 1, id, 'confirmed', 'weekly', 0, 0 FROM subscriber"
            )
            mailing = ledger.Mailing("letter", store.audience(1, rhythms=("weekly",), now=NOW))
            send = ledger.write_send(
                connection, [mailing], key="1", list_id=1, rhythm="weekly", subject="x", batch_size=count, now=NOW
            )
            batch = claim(connection, send)
            assert ledger.mark_submitting(connection, batch, skipped={}, lease=30)
            ledger.record(connection, batch, "submitted", {})
        hook = report_hook(SignedReports(PUBLIC), database, link_keys=KEYS, suppression_keys=KEYS, now=lambda: NOW)
        bodies = []
        for start in range(0, count, REPORT):
            items = [
                {
                    "event": "bounce" if number % 50 == 0 else "delivered",
                    "timestamp": int(NOW.timestamp()),
                    "nashra_delivery": f"{send.public_id}.{number + 1}",
                    "nashra_request": batch.request_id,
                    "email": f"reader{number}@example.net",
                }
                for number in range(start, min(start + REPORT, count))
            ]
            bodies.append(json.dumps(items).encode())
        headers = [signed(body) for body in bodies]
        start_time, start_work = time.perf_counter(), time.process_time()
        assert all(hook(head, body) == 200 for head, body in zip(headers, bodies, strict=True))
        ours = count / (time.perf_counter() - start_time)
        work = (time.process_time() - start_work) / count
        again = time.perf_counter()
        assert all(hook(head, body) == 200 for head, body in zip(headers, bodies, strict=True))
        repeated = count / (time.perf_counter() - again)
        database.close()
        floor = sqlite3.connect(f"{folder}/floor.db")
        floor.execute("PRAGMA journal_mode=WAL")
        floor.execute(
            "CREATE TABLE event (delivery_id, kind, at, url, bounce, PRIMARY KEY (delivery_id, kind, at, url))"
        )
        start_time = time.perf_counter()
        for start in range(0, count, REPORT):
            with floor:
                floor.executemany(
                    "INSERT INTO event VALUES (?, 'delivered', 1, '', NULL)",
                    ((n,) for n in range(start, start + REPORT)),
                )
        bare = count / (time.perf_counter() - start_time)
        floor.close()
    print(f"{count:,} events in reports of {REPORT:,}: {ours:,.0f} events/s stored, {repeated:,.0f}/s told again")
    print(f"  {work * 1e6:,.0f} µs of processor time for each event; the ratio below is of time on the clock")
    print(f"  bare inserts of the same rows: {bare:,.0f}/s; ours is {ours / bare:.3f} x it")


if __name__ == "__main__":
    main()

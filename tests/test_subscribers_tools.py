"""Exports of other programs: their columns are known, who left stays out, and who bounced is suppressed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from shutil import copy

import pytest
from sqlalchemy import Connection

from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.csvfile import look
from subscribers.errors import SecretError

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEYS = {1: bytes(range(32))}
DATA = Path(__file__).parent / "data" / "csv"


@pytest.mark.parametrize(
    ("file", "tool", "columns", "after", "counts"),
    [
        (
            "mailchimp-subscribed.csv",
            "Mailchimp",
            {
                "Email Address": "address",
                "OPTIN_TIME": "consent",
                "OPTIN_IP": "consent",
                "CONFIRM_TIME": "status",
                "CONFIRM_IP": "consent",
            },
            {"salma": "confirmed", "nader": "confirmed"},
            {"added": 2},
        ),
        (
            "mailchimp-unsubscribed.csv",
            "Mailchimp",
            {
                "Email Address": "address",
                "OPTIN_TIME": "consent",
                "CONFIRM_TIME": "status",
                "UNSUB_TIME": "status",
            },
            {"layla": "left"},
            {"left": 1},
        ),
        (
            "mailchimp-cleaned.csv",
            "Mailchimp",
            {
                "Email Address": "address",
                "OPTIN_TIME": "consent",
                "CONFIRM_TIME": "status",
                "CLEAN_TIME": "status",
            },
            {"hadi": "suppressed"},
            {"suppressed": 1},
        ),
        (
            "mailpoet.csv",
            "MailPoet",
            {"Email": "address", "List status": "status", "Global status": "status"},
            {"salma": "left", "nader": "confirmed", "layla": "pending", "hadi": "suppressed", "+rima": "confirmed"},
            {"left": 1, "added": 2, "pending": 1, "suppressed": 1, "merged": 1},
        ),
        (
            "listmonk.csv",
            "listmonk",
            {"email": "address", "status": "status"},
            {"salma": "confirmed", "nader": "left", "hadi": "suppressed", "layla": None},
            {"added": 1, "left": 1, "suppressed": 1, "rejected_count": 1},
        ),
        (
            "ghost.csv",
            "Ghost",
            {"email": "address", "subscribed_to_emails": "status", "deleted_at": "status"},
            {"salma": "confirmed", "nader": "left", "layla": "left"},
            {"added": 1, "left": 2},
        ),
        ("wordpress-com.csv", "", {"Email": "address"}, {"salma": "confirmed", "nader": "confirmed"}, {"added": 2}),
        (
            "wordpress-com-states.csv",
            "WordPress.com",
            {"Email": "address", "Email subscription": "status"},
            {"salma": "confirmed", "nader": "pending", "layla": "left", "hadi": "left"},
            {"added": 1, "pending": 1, "left": 2},
        ),
    ],
)
def test_an_export_is_known_shown_and_taken_for_what_it_says(
    connection: Connection,
    file: str,
    tool: str,
    columns: dict[str, str],
    after: dict[str, str | None],
    counts: dict[str, int],
) -> None:
    readers = store.add_list(connection, "readers", "نشرة القراء", now=NOW)
    layout = look(DATA / file)
    assert (layout.tool.name, dict(layout.columns)) == (tool, columns)

    report = actions.import_file(connection, DATA / file, "readers", now=NOW, keys=KEYS)

    zero = dict.fromkeys(("added", "pending", "left", "suppressed", "merged", "already", "rejected_count"), 0)
    assert {name: getattr(report, name) for name in zero} == zero | counts
    assert report.layout == tool
    found: dict[str, str | None] = {}
    for name in after:
        address = normalise(f"{name}@example.org")
        person = store.find(connection, address)
        theirs = store.subscription_of(connection, person.id, readers.id) if person else None
        stopped = store.suppression_of(connection, address.key, KEYS)
        found[name] = "suppressed" if stopped else theirs.status if theirs else None
    assert found == after


@pytest.mark.parametrize(("name", "status"), [("unsubscribed_members_export_1.csv", "left"), ("cleaned_x.csv", None)])
def test_the_name_of_a_mailchimp_file_speaks_for_rows_without_a_moment(
    connection: Connection, tmp_path: Path, name: str, status: str | None
) -> None:
    readers = store.add_list(connection, "readers", "نشرة القراء", now=NOW)
    path = tmp_path / name
    copy(DATA / "mailchimp-subscribed.csv", path)

    report = actions.import_file(connection, path, "readers", now=NOW, keys=KEYS)

    assert (report.left, report.suppressed) == ((2, 0) if status else (0, 2))
    assert {theirs.status for _, theirs in store.subscribers(connection, readers.id)} == ({status} if status else set())


def test_bounced_addresses_need_the_secret_and_nothing_is_written_without_it(connection: Connection) -> None:
    store.add_list(connection, "readers", "نشرة القراء", now=NOW)
    with pytest.raises(SecretError, match="the secret key for suppressed addresses is missing"):
        actions.import_file(connection, DATA / "mailchimp-cleaned.csv", "readers", now=NOW)
    # A dry run only counts.
    connection.rollback()


def test_a_dry_run_suppresses_nobody(connection: Connection) -> None:
    store.add_list(connection, "readers", "نشرة القراء", now=NOW)
    report = actions.import_file(connection, DATA / "mailpoet.csv", "readers", now=NOW, keys=KEYS, dry_run=True)

    assert (report.suppressed, report.added, report.left) == (1, 2, 1)
    assert store.suppressions(connection) == {}
    assert store.lists(connection)[0].confirmed == 0

"""The reason of a bounce is one of a closed list: what servers write, blocklists by name, none of their words kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from test_ledger import claim, freeze

from newsletter.events import apply
from newsletter.senders.reports import EventReport
from newsletter.storage.database import Database
from newsletter.text.reasons import BLOCKLISTS, MENDS, REASONS, blocklist_of, is_reason, meaning_of, mend_of, reason_of
from newsletter.text.refusals import refusal
from subscribers.models import BounceKind, Event

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)

WORDS: list[tuple[str, str]] = [
    ("550 5.1.1 The email account that you tried to reach does not exist", "no-mailbox"),
    ("550 5.1.2 domain not found", "no-domain"),
    ("501 5.1.3 Bad recipient address syntax", "bad-address"),
    ("452 4.2.2 The recipient's inbox is out of storage space", "full"),
    ("450 4.2.1 The user you are trying to contact is receiving mail too quickly", "busy"),
    ("421 4.7.28 Our system has detected an unusual rate of mail", "pace"),
    ("550 5.7.26 Unauthenticated email is not accepted due to domain's DMARC policy", "authentication"),
    ("550 5.7.515 Access denied, sending domain does not meet the required authentication level", "authentication"),
    ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", "blocklist spamhaus"),
    (
        "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider"
        " since part of their network is on our block list (S3140).",
        "blocklist microsoft",
    ),
    ("554 Service unavailable; Client host blocked using Barracuda Reputation", "blocklist barracuda"),
    ("550 5.7.606 Access denied, banned sending IP [192.0.2.1]", "blocklist microsoft"),
    ("554 5.7.1 Your IP is listed in bl.example.net, a DNSBL", "blocklist other"),
    ("550 5.7.1 poor sender reputation", "reputation"),
    ("550 5.7.25 The IP address does not have a PTR record", "server-name"),
    ("552 5.3.4 Message size exceeds fixed limit", "size"),
    ("421 4.3.0 Temporary System Problem. Try again later", "moment"),
    ("550 5.4.5 Daily sending quota exceeded", "sender-limit"),
    ("554 5.6.0 message content rejected as spam", "content"),
    ("550 no", "refused"),
    # Whose server or filter it is says nothing of a list.
    (
        "host mx0a-1.pphosted.com[192.0.2.1] said: 550 5.7.26 rejected per DMARC policy of example.org (in reply to end"
        " of DATA command)",
        "authentication",
    ),
    ("550 5.7.1 SPF check failed; generating server: d1.a.ess.uk.barracudanetworks.com", "authentication"),
    ("host in.hes.trendmicro.com said: 550 5.7.1 recipient policy forbids it", "rule"),
    ("550 5.7.20 DKIM signature validity period expired", "authentication"),
    ("550 5.7.1 rejected by local policy, contact delist@example.net", "rule"),
    ("550 5.7.1 blocked by local policy; see ipcheck.proofpoint.com/?ip=192.0.2.1", "blocklist proofpoint"),
    ("550 5.7.1 blocked by policy, look it up at csi.cloudmark.com", "blocklist cloudmark"),
    ("550 5.7.1 access denied by policy; listed in sip.invaluement.com", "blocklist invaluement"),
    ("550 5.7.511 Access denied, banned sender; ask delist@microsoft.com", "blocklist microsoft"),
]


@pytest.mark.parametrize(("words", "reason"), WORDS)
def test_what_servers_write_has_a_name(words: str, reason: str) -> None:
    assert reason_of(words, kind=refusal(words)) == reason


def test_each_reason_has_its_meaning_and_its_mend() -> None:
    assert set(REASONS) == set(MENDS)
    for name in BLOCKLISTS:
        assert name in meaning_of(f"blocklist {name}")
        assert "taken off" in mend_of(f"blocklist {name}")
    assert meaning_of("") == "not told"
    assert mend_of("") == ""
    assert blocklist_of("full") == ""


@given(st.text(), st.text(max_size=20), st.sampled_from(["hard", "invalid", "soft", "blocked", "policy", None]))
def test_whatever_a_server_writes_only_a_name_is_kept(words: str, status: str, kind: BounceKind | None) -> None:
    assert is_reason(reason_of(words, status, kind))


def test_a_provider_that_knows_better_is_believed() -> None:
    """SendGrid drops a letter to an address that bounced before: its words speak of a policy, the address is gone."""
    assert reason_of("550 5.7.1 blocked using zen.spamhaus.org", kind="hard") == "no-mailbox"


def test_the_reason_is_kept_and_the_words_are_not(database: Database) -> None:
    with database.write() as connection:
        send = freeze(connection, audience=range(1, 4))
        claim(connection, send)
    names = [f"{send.public_id}.{number}" for number in (1, 2, 3)]
    words = "554 5.7.1 <reader0@example.net> blocked using zen.spamhaus.org"
    told = [
        Event("bounced", NOW, names[0], bounce="policy", reason=words),
        Event("deferred", NOW, names[1], reason="452 4.2.2 mailbox full"),
        Event("delivered", NOW, names[2], reason="250 OK reader2@example.net"),
        # What a translation says itself is believed only when it is of the list.
        Event("deferred", NOW, names[0], named="reader2@example.net"),
    ]
    apply.receive(
        database, [EventReport(one, "") for one in told], now=NOW, link_keys={}, suppression_keys={1: bytes(32)}
    )
    from newsletter.storage.tables import event

    with database.read() as connection:
        kept = {(row.kind, row.reason) for row in connection.execute(select(event))}
    assert kept == {
        ("bounced", "blocklist spamhaus"),
        ("deferred", "full"),
        ("delivered", ""),
        ("deferred", "moment"),
    }

"""How letters reach readers: figures against an independent count, limits, DMARC sources, alerts, and the mailbox."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from command import here, make_workspace
from test_dmarc import DATA, PLAIN, zipped
from test_inbox import LINKS, NOW, SUPPRESSIONS
from test_ledger import claim, freeze, query

from newsletter import ledger
from newsletter.cli.deliverability import _tell_reasons, plain
from newsletter.events import apply, inbox
from newsletter.events.inbox.messages import understand
from newsletter.ledger import Mailing
from newsletter.ledger import deliverability as rows
from newsletter.ledger.dmarc import DmarcReport, DmarcRow, authentication_since, keep_report, reports_since
from newsletter.report.deliverability import (
    ComplaintRate,
    DeliverabilityReport,
    DomainLetters,
    TroubleCount,
    complaint_rates,
    dmarc_summary,
    family_of,
)
from newsletter.senders.reports import EventReport
from newsletter.storage.database import Database
from newsletter.wiring import open_workspace
from newsletter.workflows import status
from newsletter.workflows.deliverability import read
from newsletter.workflows.status.reading import OF_US
from subscribers import actions, store
from subscribers.models import Event

DOMAINS = ("gmail.com", "googlemail.com", "yahoo.com", "example.net")
WORDS = {
    "full": "452 4.2.2 mailbox full",
    "blocklist spamhaus": "554 5.7.1 blocked using zen.spamhaus.org",
    "pace": "421 4.7.28 unusual rate of mail",
}
OWN = ("example.org",)


# ---- figures


def told(database: Database, events: list[Event]) -> None:
    apply.receive(
        database,
        [EventReport(one, "") for one in events],
        now=NOW,
        link_keys=LINKS,
        suppression_keys=SUPPRESSIONS,
    )


def test_figures_equal_an_independent_count(database: Database) -> None:
    """Late, doubled, out of order; each letter once for each reason, by the domain of the address now."""
    chance = random.Random(7)
    with database.write() as connection:
        store.add_list(connection, "readers", "نشرة", now=NOW)
        for number in range(40):
            actions.add_subscriber(connection, f"reader{number}@{DOMAINS[number % 4]}", "readers", now=NOW)
        send = freeze(connection, audience=range(1, 41), size=100)
        batch = claim(connection, send)
        assert ledger.mark_submitting(connection, batch, skipped={}, lease=30)
        ledger.record(connection, batch, "submitted", {2: ("refused", "550 5.7.1 poor sender reputation")})
    told_of: dict[tuple[str, str], set[int]] = defaultdict(set)
    events = []
    for _ in range(150):
        number, reason = chance.randrange(3, 41), chance.choice(list(WORDS))
        at = NOW - timedelta(minutes=chance.randrange(600))
        events.append(Event("deferred", at, f"{send.public_id}.{number}", reason=WORDS[reason]))
        told_of["deferred", reason].add(number)
    for number in range(3, 9):
        events.append(
            Event("bounced", NOW, f"{send.public_id}.{number}", bounce="policy", reason=WORDS["blocklist spamhaus"])
        )
        told_of["bounced", "blocklist spamhaus"].add(number)
    for number in range(9, 30):
        events.append(Event("delivered", NOW, f"{send.public_id}.{number}"))
    events += events[:40]
    chance.shuffle(events)
    for start in range(0, len(events), 30):
        told(database, events[start : start + 30])
    with database.read() as connection:
        since = NOW - timedelta(days=30)
        domains = store.reader_domains(connection)
        found = list(rows.troubles(connection, since, domains))
        letters = {one.domain: one for one in rows.letters(connection, since, domains)}
        refused = list(rows.refused(connection, since, domains))
        signs = rows.signs(connection, since, domains, kinds=OF_US)
    sums: Counter[tuple[str, str]] = Counter()
    by_domain: Counter[str] = Counter()
    for one in found:
        sums[one.kind, one.reason] += one.letters
        by_domain[one.domain] += one.letters
    assert sums == {key: len(numbers) for key, numbers in told_of.items()}
    domain_of = {number: DOMAINS[(number - 1) % 4].replace("googlemail", "gmail") for number in range(1, 41)}
    expected: Counter[str] = Counter()
    for numbers in told_of.values():
        expected.update(domain_of[number] for number in numbers)
    assert by_domain == expected
    for kind in ("deferred", "bounced"):
        numbers = set().union(*(told_of[key] for key in told_of if key[0] == kind))
        for domain in ("gmail.com", "yahoo.com", "example.net"):
            assert getattr(letters[domain], kind) == sum(domain_of[number] == domain for number in numbers)
    assert {name: (one.submitted, one.delivered) for name, one in letters.items()} == {
        name: (
            sum(domain_of[number] == name for number in range(1, 41) if number != 2),
            sum(domain_of[number] == name for number in range(9, 30)),
        )
        for name in ("gmail.com", "yahoo.com", "example.net")
    }
    assert [(one.domain, one.letters) for one in refused] == [("gmail.com", 1)]
    listed = told_of["deferred", "blocklist spamhaus"] | told_of["bounced", "blocklist spamhaus"]
    assert signs.blocklists == (("blocklist spamhaus", len(listed)),)
    ours = listed | told_of["deferred", "pace"]
    gmail = {number for number in ours if domain_of[number] == "gmail.com"}
    assert len(gmail) < 20 or signs.domains == (("gmail.com", len(gmail), 19),)


def test_no_number_is_larger_than_the_letters_it_is_a_share_of(tmp_path: Path) -> None:
    """Spam reports of letters before the time that is looked at, letters that bounced twice, a batch refused whole."""
    with open_workspace(make_workspace(tmp_path / "w")) as workspace:
        now = workspace.now()
        with workspace.database.write() as connection:
            for number in range(8):
                actions.add_subscriber(connection, f"reader{number}@yahoo.com", "readers", now=NOW)
            sends = []
            for key, who, at in (("1", range(4, 12), now - timedelta(days=60)), ("2", range(4, 9), now)):
                send = ledger.write_send(
                    connection,
                    [Mailing("{}", query(who))],
                    key=key,
                    list_id=1,
                    rhythm="weekly",
                    subject="أسبوع",
                    batch_size=3,
                    now=at,
                )
                ledger.record(connection, claim(connection, send), "submitted", {})
                ledger.record(connection, claim(connection, send), "refused" if key == "2" else "submitted", {})
                sends.append(send.public_id)
        first, second = (f"{one}." for one in sends)
        events = [Event("complained", now - timedelta(days=1), f"{first}{number}") for number in range(1, 6)]
        events += [Event("delivered", now, f"{second}9"), Event("complained", now, f"{second}10")]
        events += [
            Event("complained", now, f"{second}11"),
            Event("complained", now - timedelta(hours=1), f"{second}11"),
        ]
        events += [
            Event("bounced", now - timedelta(hours=hours), f"{second}10", bounce, reason=words)
            for hours, bounce, words in ((5, "soft", WORDS["full"]), (1, "hard", "550 5.1.1 no such user"))
        ]
        told(workspace.database, events)
        found = read(workspace, days=30)
    assert found.domains == (DomainLetters("yahoo.com", 3, delivered=1, bounced=1, refused=2, complained=2),)
    assert sum(one.letters for one in found.troubles if one.kind == "bounced") == 2  # once for each reason
    assert sum(one.letters for one in found.troubles if one.kind == "refused") == 2
    for rate in found.complaints:
        low, high = rate.interval
        assert (rate.complained, rate.letters) == (2, 2)
        assert 0 <= low <= rate.rate <= high <= 1


def test_a_letter_that_came_back_in_two_kinds_for_one_reason_counts_once(tmp_path: Path) -> None:
    """And one that was put off and then came back counts once for the blocklist that both name."""
    listed = WORDS["blocklist spamhaus"]
    with open_workspace(make_workspace(tmp_path / "w")) as workspace:
        now = workspace.now()
        with workspace.database.write() as connection:
            send = freeze(connection, audience=range(1, 4), size=10)
            ledger.record(connection, claim(connection, send), "submitted", {3: ("refused", listed)})
        hour = timedelta(hours=1)
        name = f"{send.public_id}.1"
        events = [
            Event("bounced", now - bounced * hour, name, kind, reason=WORDS["full"])
            for bounced, kind in enumerate(("soft", "blocked", None))
        ]
        events += [
            Event("deferred", now - hour, f"{send.public_id}.2", reason=listed),
            Event("bounced", now, f"{send.public_id}.2", "policy", reason=listed),
        ]
        told(workspace.database, events)
        found = read(workspace, days=900)
    assert {(kind, reason): number for kind, reason, number, _ in found.by_reason()} == {
        ("bounced", "full"): 1,
        ("bounced", "blocklist spamhaus"): 1,
        ("deferred", "blocklist spamhaus"): 1,
        ("refused", "blocklist spamhaus"): 1,
    }
    assert plain(found)["blocklists"] == {"blocklist spamhaus": 2}


def test_letters_of_erased_readers_have_a_name_of_their_own(database: Database) -> None:
    with database.write() as connection:
        send = freeze(connection, audience=range(1, 3), size=10)
        batch = claim(connection, send)
        assert ledger.mark_submitting(connection, batch, skipped={}, lease=30)
        ledger.record(connection, batch, "submitted", {})
    told(database, [Event("deferred", NOW, f"{send.public_id}.1", reason=WORDS["full"])])
    with database.read() as connection:
        found = list(rows.troubles(connection, NOW - timedelta(days=1), store.reader_domains(connection)))
    assert [(one.domain, one.reason, one.letters) for one in found] == [("", "full", 1)]


def test_more_complaints_than_letters_count_as_all() -> None:
    # A complaint about a letter of which nobody told that it came.
    assert ComplaintRate("all", 2, 3).interval == ComplaintRate("all", 2, 2).interval
    assert ComplaintRate("all", 2, 3).rate == 1


@pytest.mark.parametrize(
    ("receiver", "complained", "letters", "verdict"),
    [
        ("all", 0, 10_000, "good"),
        ("all", 0, 50, "unsure"),
        ("all", 1, 200, "unsure"),
        ("all", 30, 20_000, "high"),
        ("all", 100, 20_000, "above"),
        ("gmail", 0, 20_000, "untold"),
        ("gmail", 100, 20_000, "above"),
    ],
)
def test_complaints_against_the_limits(receiver: str, complained: int, letters: int, verdict: str) -> None:
    assert ComplaintRate(receiver, letters, complained).verdict == verdict


def test_complaints_by_receiver() -> None:
    found = complaint_rates(
        [
            DomainLetters("yahoo.co.uk", 10, delivered=8, complained=1),
            DomainLetters("aol.com", 5),
            DomainLetters("gmail.com", 7, delivered=7),
            DomainLetters("example.net", 3),
        ]
    )
    assert [(one.receiver, one.letters, one.complained) for one in found] == [
        ("all", 23, 1),
        ("gmail", 7, 0),
        ("yahoo", 13, 1),
        ("others", 3, 0),
    ]
    assert family_of("notgmail.com") == family_of("yahoo-mail.example") == "others"


# ---- who sends in our name


def row(source: str, letters: int, dkim: str, spf: str, signed: str = "", result: str = "none") -> DmarcRow:
    return DmarcRow(source, letters, "none", dkim, spf, "example.org", signed, result, "", "none")


def report(*found: DmarcRow, day: int = 0, policy: str = "none") -> DmarcReport:
    ends = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day)
    return DmarcReport("post.example", f"r{day}", "example.org", policy, ends - timedelta(days=1), ends, found)


def week(*found: DmarcRow, policy: str = "none") -> list[DmarcReport]:
    return [report(*found, day=day, policy=policy) for day in range(7)]


OURS = row("192.0.2.1", 100, "pass", "fail", "example.org", "pass")


@pytest.mark.parametrize(
    ("reports", "words"),
    [
        (week(OURS), "p=quarantine"),
        (week(OURS, policy="quarantine"), "p=reject"),
        (week(OURS, policy="reject"), "nothing to do"),
        (week(OURS, row("203.0.113.9", 50, "fail", "fail", "evil.example", "pass")), "a program of yours"),
        (week(OURS, row("192.0.2.2", 4, "fail", "fail", "mail.example.org", "fail")), "28 letters that look like ours"),
        (week(OURS, row("192.0.2.1", 1, "fail", "fail")), "7 letters that look like ours"),
        ([report(OURS)], "wait: 100 letters"),
        (week(row("203.0.113.9", 500, "fail", "fail")), "wait: 0 letters"),
    ],
)
def test_a_stricter_policy_is_advised_only_when_all_of_ours_pass(reports: list[DmarcReport], words: str) -> None:
    advice = dmarc_summary(reports, OWN).advice
    assert words in advice
    assert ("p=quarantine would" in advice) == (words in {"p=quarantine", "a program of yours"})


def test_servers_are_told_apart() -> None:
    found = dmarc_summary(
        week(
            OURS,
            row("192.0.2.2", 4, "fail", "fail", "mail.example.org", "fail"),
            row("203.0.113.9", 50, "fail", "fail", "badexample.org", "fail"),
        ),
        OWN,
    )
    assert [(one.address, one.kind) for one in found.sources] == [
        ("192.0.2.1", "ours"),
        ("203.0.113.9", "other"),
        ("192.0.2.2", "broken"),
    ]
    assert (found.letters, found.passed, found.failing, found.days) == (1078, 700, 28, 7)


# ---- the mailbox


def message(*, subject: str = "Report Domain: example.org", name: str = "post!example.org!1!2.xml.gz") -> EmailMessage:
    found = EmailMessage()
    found["From"] = "noreply@post.example"
    found["To"] = "dmarc@example.org"
    found["Subject"] = subject
    found["Date"] = "Sat, 21 Nov 2026 07:00:00 +0000"
    found.set_content("This is a DMARC aggregate report.")
    found.add_attachment(gzip.compress(PLAIN), maintype="application", subtype="gzip", filename=name)
    return found


def setup(database: Database, *servers: str) -> inbox.InboxSetup:
    return inbox.InboxSetup(
        database,
        "news@example.org",
        LINKS,
        SUPPRESSIONS,
        datetime(2026, 11, 22, 8, 0, tzinfo=UTC),
        servers=servers,
        domains=OWN,
    )


def maildir(root: Path, *messages: EmailMessage) -> Path:
    for name in ("cur", "new", "tmp"):
        (root / "mail" / name).mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(messages):
        (root / "mail" / "new" / f"{number}.mail").write_bytes(one.as_bytes())
    return root / "mail"


def test_reports_come_by_mail(database: Database, tmp_path: Path) -> None:
    other = message(name="again.xml.gz")
    other["X-Again"] = "1"
    foreign = EmailMessage()
    foreign["From"], foreign["Subject"] = "a@post.example", "DMARC report"
    foreign.add_attachment(
        zipped(("r.xml", PLAIN.replace(b"example.org", b"example.com"))),
        maintype="application",
        subtype="zip",
        filename="r.zip",
    )
    ordinary = EmailMessage()
    ordinary["From"], ordinary["Subject"] = "friend@example.net", "صور"
    ordinary.add_attachment(b"PK\3\4", maintype="application", subtype="zip", filename="pictures.zip")
    box = maildir(tmp_path, message(), other, foreign, ordinary)
    assert inbox.read(setup(database), box, dry_run=True).dmarc == 1
    with database.read() as connection:
        assert reports_since(connection, NOW - timedelta(days=60)) == []
    came = inbox.read(setup(database), box)
    assert (came.read, came.dmarc, came.known, came.refused, came.other) == (4, 1, 1, 1, 1)
    assert inbox.read(setup(database), box).read == 0
    with database.read() as connection:
        (kept,) = reports_since(connection, NOW - timedelta(days=60))
    assert kept.letters == 243


def test_where_a_server_is_trusted_a_report_must_be_authentic(database: Database, tmp_path: Path) -> None:
    forged, good = message(), message(name="b.xml")
    forged["Authentication-Results"] = "mx.example.org; dkim=fail header.d=post.example; dmarc=fail"
    good["Authentication-Results"] = "mx.example.org; dkim=pass header.d=post.example"
    box = maildir(tmp_path, forged, good)
    came = inbox.read(setup(database, "mx.example.org"), box)
    assert (came.refused, came.dmarc) == (1, 1)


def copy(*results: str, sender: str = "news@example.org") -> bytes:
    heads = "".join(f"Authentication-Results: {one}\n" for one in results)
    return f"{heads}From: News <{sender}>\nTo: test@example.org\nSubject: 12\n\nx\n".encode()


TRUSTED = ("mx.example.org",)
GOOD = "mx.example.org 1; spf=pass (a (b) c) smtp.mailfrom=b.example.org; dkim=pass header.d=example.org; dmarc=pass"


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (copy(GOOD), {"spf": "pass", "dkim": "pass", "dmarc": "pass"}),
        (copy("MX.example.org;\n dkim=fail (bad); dkim=pass; arc=none"), {"dkim": "pass", "arc": "none"}),
        (copy("mx.example.org; none"), {}),
        (copy("evil.example; dmarc=pass", "mx.example.org; dmarc=fail"), {"dmarc": "fail"}),
        # What a stranger wrote below is not what our server wrote above it.
        (copy("mx.example.org; dmarc=fail", GOOD), {"dmarc": "fail"}),
        (copy("evil.example; dmarc=pass"), {}),
        (copy("(mx.example.org) evil.example; dmarc=pass"), {}),
        (copy("mx.example.org.evil.example; dmarc=pass"), {}),
        (copy("mx.example.org; dmarc=splendid; x-own=pass; spf=pass@example"), {"spf": "pass"}),
        (copy(GOOD, sender="somebody@example.net"), {}),
        (copy("mx.example.org; " + "(" * 5000 + "dmarc=pass"), {}),
    ],
)
def test_results_of_trusted_servers_alone_count(raw: bytes, found: dict[str, str]) -> None:
    told = understand(raw, "news@example.org", TRUSTED).results
    assert {method: result for _, method, result in told} == found
    assert all(server == "mx.example.org" for server, _, _ in told)
    assert understand(raw, "news@example.org").results == ()


def test_copies_of_letters_are_counted_once(database: Database, tmp_path: Path) -> None:
    box = maildir(tmp_path)
    (box / "new" / "1.mail").write_bytes(copy(GOOD))
    (box / "new" / "2.mail").write_bytes(copy("mx.example.org; dmarc=fail"))
    for _ in range(2):
        inbox.read(setup(database, *TRUSTED), box)
    with database.read() as connection:
        assert authentication_since(connection, datetime(2026, 11, 1, tzinfo=UTC)) == [
            ("mx.example.org", "dkim", "pass", 1),
            ("mx.example.org", "dmarc", "fail", 1),
            ("mx.example.org", "dmarc", "pass", 1),
            ("mx.example.org", "spf", "pass", 1),
        ]


# ---- the command, and who is told


@pytest.mark.parametrize("days", [1, 6, 42, 43, 49, 90])
@pytest.mark.parametrize("today", range(7))
def test_weeks_add_up_to_the_letters(days: int, today: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Each day of the time that is looked at is in one column, on whatever day one looks."""
    until = datetime(2026, 11, 23, 1, tzinfo=UTC) + timedelta(days=today)
    mondays = {(at := (until - timedelta(days=back)).date()) - timedelta(days=at.weekday()) for back in range(days + 1)}
    troubles = tuple(TroubleCount(week, "gmail.com", "deferred", "full", 3) for week in sorted(mondays))
    _tell_reasons(DeliverabilityReport(until - timedelta(days=days), until, troubles))
    line = next(one for one in capsys.readouterr().out.splitlines() if one.startswith("deferred"))
    letters, *columns = (int(word) for word in line.split() if word.isdigit())
    assert letters == sum(columns) == 3 * len(mondays)
    assert len(columns) == min(len(mondays), 8)


def test_the_command_takes_reports_in_and_shows_them(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    folder = tmp_path / "reports"
    folder.mkdir()
    for path in DATA.glob("*.xml"):
        text = path.read_text("utf-8")
        # The command has the clock of the machine.
        ends = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        begins = ends - timedelta(days=1)
        for old, new in (
            ("1795132800000", f"{begins.timestamp():.0f}"),
            ("1795132800", f"{begins.timestamp():.0f}"),
            ("1795219199", f"{ends.timestamp():.0f}"),
            ("1795219200", f"{ends.timestamp():.0f}"),
            ("2026-11-20T23:59:59Z", ends.isoformat()),
            ("<domain>news.example.org</domain><p>", "<domain>example.org</domain><p>"),
        ):
            text = text.replace(old, new)
        (folder / path.name).write_text(text, "utf-8")
    (folder / "bad.xml").write_text("<html/>")
    words = ("-C", root, "deliverability", "--dmarc", folder)
    rehearsed = here(*words, "--dry-run", "--json")
    assert json.loads(rehearsed.out)["dmarc"]["reports"] == 0
    assert json.loads(rehearsed.out)["taken"]["new"] == 4
    done = here(*words)
    assert done.code == 4
    assert "4 new DMARC reports of 358 letters, 0 known, 1 refused." in done.err
    assert "bad.xml: is XML, but no DMARC aggregate report" in done.err
    assert "203.0.113.66" in done.out
    again = here(*words, "--json")
    shown = json.loads(again.out)
    assert (shown["taken"]["new"], shown["taken"]["known"]) == (0, 4)
    assert shown["dmarc"]["letters"] == 358
    assert shown["dmarc"]["advice"].startswith("wait: 267 letters")
    assert here("-C", root, "deliverability", "--dmarc", tmp_path / "nothing").code == 1


def test_what_receivers_hold_against_us_is_told_once_and_with_the_mend(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=30)
    with open_workspace(root) as workspace:
        now = workspace.now()
        with workspace.database.write() as connection:
            send = freeze(connection, audience=range(1, 31), size=100)
            from sqlalchemy import update

            from newsletter.storage.tables import send as sends

            batch = claim(connection, send)
            assert ledger.mark_submitting(connection, batch, skipped={}, lease=30)
            ledger.record(connection, batch, "submitted", {})
            connection.execute(
                update(sends).values(answered=20_000, complained=100, created=int(now.timestamp()), state="finished")
            )
            keep_report(connection, recent(now, row("192.0.2.1", 12, "fail", "fail", "example.org", "fail")), now=now)
        events = [
            Event("deferred", now, f"{send.public_id}.{number}", reason=WORDS["blocklist spamhaus"])
            for number in range(1, 26)
        ]
        apply.receive(
            workspace.database,
            [EventReport(one, "") for one in events],
            now=now,
            link_keys=workspace.keys.tokens,
            suppression_keys=workspace.keys.suppression,
        )
        found = {one.key: one for one in status.findings(workspace)}
        assert {"complaints", "blocklist spamhaus", "turned-away example.net", "dmarc"} <= set(found)
        assert "100 of 20,000" in found["complaints"].words
        assert "https://check.spamhaus.org/" in found["blocklist spamhaus"].words
        assert "25 of 30 letters" in found["turned-away example.net"].words
        assert "12 of 12 letters of ours" in found["dmarc"].words
        assert all("@" not in one.words for one in found.values())
        from newsletter.workflows.alerts import memory

        with workspace.database.write() as connection:
            first = memory.due(connection, list(found.values()), int(now.timestamp()))
            memory.told(connection, first, int(now.timestamp()))
            assert {"complaints", "dmarc"} <= {one.key for one in first}
            assert memory.due(connection, status.findings(workspace), int(now.timestamp()) + 60) == []


def recent(now: datetime, *found: DmarcRow) -> DmarcReport:
    ends = now - timedelta(days=1)
    return DmarcReport("post.example", "r", "example.org", "none", ends - timedelta(days=1), ends, found)

"""Small letters: made once, sent once, to the person they are for, and whatever stops halfway is known."""

from __future__ import annotations

import email
import email.policy
import logging
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import smtp_standin
import sqlalchemy as sa
from reader_pages import ADDRESS, ADDRESS_KEYS, BASE, LINK_KEYS, START, Clock

from newsletter import senders
from newsletter.delivery import SLOT_WIDTHS, DeliverySetup
from newsletter.delivery.names import name_of
from newsletter.errors import DatabaseError, SendError
from newsletter.letters.mime import LEAVE, slot
from newsletter.letters.render.small import SUBJECTS
from newsletter.letters.templates import environment
from newsletter.models import Letter, Publication, Theme
from newsletter.senders import Answer, Parcel, UnreachableError
from newsletter.senders.outbox.maildir import Outbox
from newsletter.senders.smtp.options import SmtpOptions
from newsletter.senders.smtp.sender import Smtp
from newsletter.storage.database import Database, DatabaseAwayError
from newsletter.web.pages import Pages
from newsletter.workflows.small_letters import SmallLetterCounts, SmallLetters, SmallLetterSender
from newsletter.workflows.small_letters.thread import LONGEST_REST, SmallLetterThread
from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.models import LETTER_KINDS
from subscribers.store.tables import confirmation, small_letter

MARKER = "n0123456789abcdef0123"


class Provider:
    """A provider that answers as it is told and remembers what it took."""

    name = "provider"
    batch_size = 1000
    connections = 1

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.took: list[tuple[Letter, Parcel]] = []
        self.abandoned = 0
        self.knows = True
        self.on_begin: Any = None

    def load(self, letter: Letter) -> Carrier:
        return Carrier(self, letter)


class Carrier(senders.Carrier):
    def __init__(self, provider: Provider, letter: Letter) -> None:
        self.provider, self.letter = provider, letter
        self.parcels: Sequence[Parcel] = ()

    def begin(self, parcels: Sequence[Parcel], request_id: str) -> Carrier:
        self.parcels = parcels
        if self.provider.on_begin is not None:
            self.provider.on_begin()
        if self.provider.answers and isinstance(self.provider.answers[0], UnreachableError):
            raise self.provider.answers.pop(0)  # type: ignore[misc]
        return self

    def finish(self) -> Answer:
        answer = self.provider.answers.pop(0) if self.provider.answers else Answer()
        if isinstance(answer, Exception):
            raise answer
        if answer.state == "submitted" and not answer.apart:
            self.provider.took += [(self.letter, parcel) for parcel in self.parcels]
        return answer

    def abandon(self) -> None:
        self.provider.abandoned += 1

    def settle(self, names: Collection[str]) -> set[str] | None:
        took = {parcel.name for _, parcel in self.provider.took}
        return took & set(names) if self.provider.knows else None

    def close(self) -> None:
        pass


def office(
    database: Database, sender: Any, clock: Clock, language: str = "ar", base: str = BASE, **more: Any
) -> SmallLetters:
    setup = DeliverySetup(database, sender, LINK_KEYS, 30.0, clock, **more)
    pages = Pages(environment(), Publication("الموجة", "https://example.org", language=language), base)
    return SmallLetters(
        setup, pages, SmallLetterSender("نشرة الموجة <news@example.org>", "editor@example.org"), lambda: MARKER
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def asked(database: Database, clock: Clock) -> Database:
    """Somebody has asked for the letter."""
    with database.write() as connection:
        store.add_list(connection, "readers", "نشرة الموجة", now=START)
        actions.subscribe(
            connection, ADDRESS, "readers", now=START, keys=ADDRESS_KEYS, how="form", words="", rhythm="weekly"
        )
    return database


def states(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as connection:
        rows = connection.execute(sa.select(small_letter).order_by(small_letter.c.id))
        return [(row.kind, row.state, row.reason) for row in rows]


def by_number(outbox: Path) -> list[Path]:
    return sorted((outbox / "new").iterdir(), key=lambda path: int(path.name.split(".")[1]))


def read(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert [part.defects for part in message.walk() if part.defects] == []
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_one_confirmation_names_every_list_that_was_chosen(database: Database, clock: Clock, tmp_path: Path) -> None:
    with database.write() as connection:
        store.add_list(connection, "readers", "نشرة الموجة", now=START)
        store.add_list(connection, "books", "رفّ الكتب", now=START)
        actions.subscribe(
            connection, ADDRESS, "readers", now=START, keys=ADDRESS_KEYS, how="form", words="", also=["books"]
        )
    outbox = Outbox(tmp_path / "outbox", fsync=False, batch_size=10, widths=SLOT_WIDTHS)
    assert office(database, outbox, clock).drain().states == {"submitted": 1}
    confirmation = read(next((tmp_path / "outbox" / "new").iterdir()))
    for kind in ("html", "plain"):
        told = re.sub("[\u2066-\u2069]", "", body(confirmation, kind))
        assert "نشرة الموجة، رفّ الكتب" in told


@pytest.mark.parametrize("broken", [False, True])
def test_a_logo_that_is_a_file_travels_and_a_broken_one_keeps_nobody_waiting(
    asked: Database, clock: Clock, tmp_path: Path, broken: bool, caplog: pytest.LogCaptureFixture
) -> None:
    from odd_pictures import drawing, saved

    data = saved(drawing(300, 100), "PNG")
    (tmp_path / "logo.png").write_bytes(data[:90] if broken else data)
    outbox = Outbox(tmp_path / "outbox", fsync=False, batch_size=10, widths=SLOT_WIDTHS)
    setup = DeliverySetup(asked, outbox, LINK_KEYS, 30.0, clock)
    pages = Pages(environment(), Publication("الموجة", "https://example.org", language="ar", logo="logo.png"), BASE)
    sender = SmallLetterSender("نشرة الموجة <news@example.org>")
    assert SmallLetters(setup, pages, sender, lambda: MARKER, root=tmp_path).drain().states == {"submitted": 1}
    confirmation = read(next((tmp_path / "outbox" / "new").iterdir()))
    pictures = [part for part in confirmation.walk() if part.get_content_maintype() == "image"]
    assert len(pictures) == (0 if broken else 1)
    assert ("cid:" in body(confirmation, "html")) is not broken
    assert ("logo.png is" in caplog.text) is broken
    if pictures:
        assert pictures[0].get_content_type() == "image/png"


@pytest.mark.parametrize(
    "theme",
    [
        Theme(logo_dark="gone.png"),
        Theme(style="signature", editor="سارة", portrait="gone.png"),
        Theme(header="picture", picture="gone.png"),
    ],
)
def test_no_picture_of_the_theme_keeps_anybody_waiting(
    asked: Database, clock: Clock, tmp_path: Path, theme: Theme, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox(tmp_path / "outbox", fsync=False, batch_size=10, widths=SLOT_WIDTHS)
    setup = DeliverySetup(asked, outbox, LINK_KEYS, 30.0, clock)
    pages = Pages(environment(), Publication("الموجة", "https://example.org", language="ar", theme=theme), BASE)
    sender = SmallLetterSender("نشرة الموجة <news@example.org>")
    assert SmallLetters(setup, pages, sender, lambda: MARKER, root=tmp_path).drain().states == {"submitted": 1}
    assert "gone.png" in caplog.text


def test_the_three_letters_of_a_subscription(asked: Database, clock: Clock, tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox", fsync=False, batch_size=10, widths=SLOT_WIDTHS)
    letters = office(asked, outbox, clock)
    assert letters.drain().states == {"submitted": 1}
    (path,) = (tmp_path / "outbox" / "new").iterdir()
    confirmation = read(path)
    assert confirmation["To"] == ADDRESS
    assert confirmation["From"] == "نشرة الموجة <news@example.org>"
    assert confirmation["Reply-To"] == "editor@example.org"
    assert confirmation["Subject"] == "أكّد اشتراكك في «نشرة الموجة»"
    assert confirmation["Auto-Submitted"] == "auto-generated"
    assert confirmation["List-Id"] == "readers <readers.example.org>"
    assert confirmation["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<small-[0-9a-f]{16}\.1@example\.org>", confirmation["Message-ID"])
    html, text = body(confirmation, "html"), body(confirmation, "plain")
    (link,) = set(re.findall(rf"{BASE}/confirm/([\w-]+)", html))
    assert re.findall(rf"{BASE}/confirm/([\w-]+)", text) == [link]
    assert len(link) == 43
    assert 'dir="rtl"' in html
    assert ADDRESS not in html + text
    with asked.write() as connection:
        done = actions.confirm(connection, link, now=clock(), how="page")
        assert done.already is False

    assert letters.drain().states == {"submitted": 1}
    welcome = read(by_number(tmp_path / "outbox")[1])
    assert welcome["Subject"] == "أهلًا بك في «نشرة الموجة»"
    links = dict(re.findall(rf"{BASE}/(preferences|leave)/([\w-]{{52}})", body(welcome, "html")))
    assert dict(re.findall(rf"{BASE}/(preferences|leave)/([\w-]{{52}})", body(welcome, "plain"))) == links
    assert f"{BASE}/leave/{links['leave']}" in welcome["List-Unsubscribe"]
    with asked.write() as connection:
        for purpose, list_id in (("preferences", 0), ("leave", 1)):
            who, about = actions.holder_of(connection, links[purpose], purpose, LINK_KEYS)  # type: ignore[arg-type]
            assert (who.address, about) == (ADDRESS, list_id)
        actions.leave(connection, who.id, 1, now=clock(), how="page")

    assert letters.drain().states == {"submitted": 1}
    goodbye = read(by_number(tmp_path / "outbox")[2])
    assert goodbye["Subject"] == "أُلغي اشتراكك في «نشرة الموجة»"
    assert f"{BASE}/leave/{links['leave']}" in body(goodbye, "html")
    assert letters.drain().states == {}
    for message in (confirmation, welcome, goodbye):
        assert MARKER not in body(message, "html") + body(message, "plain")


@pytest.mark.slow
@pytest.mark.parametrize("language", ["ar", "en", "fr", "sw"])
@pytest.mark.parametrize("kind", LETTER_KINDS)
def test_every_kind_in_every_language(asked: Database, clock: Clock, language: str, kind: str) -> None:
    with asked.write() as connection:
        person = store.find(connection, normalise(ADDRESS))
        assert person is not None
        store.queue_letter(connection, kind, person.id, 1, now=START)
    provider = Provider()
    office(asked, provider, clock, language).drain()
    letter, _ = provider.took[1]
    rtl = language == "ar"
    assert f'dir="{"rtl" if rtl else "ltr"}"' in letter.rendered.html
    assert letter.language == ("en" if language == "sw" else language)
    assert ("نشرة الموجة" in letter.rendered.subject) == ("{list}" in SUBJECTS[kind][0])
    assert "{" not in letter.rendered.subject + letter.rendered.text
    assert (
        bool(re.search("[\u0621-\u064a]", letter.rendered.text.replace("نشرة الموجة", "").replace("الموجة", ""))) == rtl
    )


@pytest.mark.parametrize(("base", "days", "reply_to"), [(BASE, 2, "editor@example.org"), ("", 7, "")])
def test_without_pages_the_letter_is_answered_by_mail(
    asked: Database, clock: Clock, base: str, days: int, reply_to: str
) -> None:
    provider = Provider()
    office(asked, provider, clock, base=base).drain()
    ((letter, _),) = provider.took
    assert letter.reply_to == reply_to
    assert letter.unsubscribe_url.startswith(base)
    assert bool(letter.unsubscribe_url) == bool(base)
    assert letter.unsubscribe_mail == f"mailto:news@example.org?subject=unsubscribe%20{slot(MARKER, LEAVE)}"
    button = re.escape(f"{base}/confirm/" if base else "mailto:news@example.org?subject=confirm%20")
    (token,) = set(re.findall(rf"{button}([\w-]{{43}})", letter.rendered.text))
    assert re.search(rf'href="{button}{token}"', letter.rendered.html)
    with asked.read() as connection:
        (row,) = connection.execute(sa.select(confirmation))
        assert row.expires - row.created == days * 86_400
        assert actions.confirmation_behind(connection, token, now=clock()) == (row.subscriber_id, 1)


def test_what_a_provider_says_is_kept(asked: Database, clock: Clock) -> None:
    said = f"no mailbox {ADDRESS} here"
    office(asked, Provider(Answer("refused", reason=said)), clock).drain()
    assert states(asked) == [("confirmation", "refused", "no mailbox … here")]


@pytest.mark.parametrize("state", ["refused", "unknown"])
def test_what_is_said_of_the_one_letter(asked: Database, clock: Clock, state: str) -> None:
    office(asked, Provider(Answer(apart={1: (state, "why")})), clock).drain()
    assert states(asked) == [("confirmation", state, "why")]


@pytest.mark.parametrize(
    "trouble", [Answer("queued", reason="busy"), UnreachableError("no route"), Answer("queued", stop=True)]
)
def test_what_cannot_go_now_goes_later(asked: Database, clock: Clock, trouble: Answer | Exception) -> None:
    provider = Provider(trouble)
    letters = office(asked, provider, clock)
    assert letters.drain().states == {"queued": 1}
    assert letters.drain().states == {}  # its lease runs
    clock.later(seconds=31)
    assert letters.drain().states == {"submitted": 1}
    assert len(provider.took) == 1
    assert states(asked) == [("confirmation", "submitted", "")]


def test_a_letter_that_waited_too_long_is_not_sent(asked: Database, clock: Clock) -> None:
    clock.later(hours=49)
    provider = Provider()
    office(asked, provider, clock).drain()
    assert provider.took == []
    assert states(asked) == [("confirmation", "refused", "it could not be sent for too long")]


@pytest.mark.parametrize(("knows", "went", "state"), [
    (True, True, "submitted"), (True, False, "queued"), (False, True, "unknown"), (False, False, "unknown"),
])  # fmt: skip
def test_a_letter_in_doubt(asked: Database, clock: Clock, knows: bool, went: bool, state: str) -> None:
    """The process died between the commit of ``submitting`` and the answer."""
    provider = Provider(SendError("the line broke"))
    provider.knows = knows
    letters = office(asked, provider, clock)
    letters.drain()
    assert states(asked) == [("confirmation", "submitting", "")]
    if went:
        provider.took.append((letters._builder.any_letter(), Parcel(1, name_of(1, LINK_KEYS), ADDRESS, {})))
    clock.later(seconds=31)
    if state == "queued":
        provider.answers = [Answer("queued")]
    letters.drain()
    assert [row[1] for row in states(asked)] == [state]
    # And nothing is sent a second time.
    assert len(provider.took) == went


class Failing:
    """The database of the workspace, whose writing transactions fail where and as often as it is told."""

    def __init__(self, database: Database) -> None:
        self.database, self.engine, self.read = database, database.engine, database.read
        self.fails: list[tuple[Exception, bool]] = []
        """What the next transactions fail with, and whether only after they were committed."""

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[sa.Connection]:
        trouble, late = self.fails.pop(0) if self.fails else (None, False)
        if trouble is not None and not late:
            with self.database.write(durable=durable) as connection:
                yield connection
                raise trouble
        with self.database.write(durable=durable) as connection:
            yield connection
        if trouble is not None:
            raise trouble


class Breaks(Provider):
    """Breaks the database at a step of a letter: ``begin`` is just before its mark, ``finish`` before its answer."""

    def __init__(self, database: Failing, step: str, *fails: tuple[Exception, bool]) -> None:
        super().__init__()
        self.database, self.fails, self.step = database, list(fails), step
        self.on_begin = self._break if step == "begin" else None

    def _break(self) -> None:
        self.database.fails, self.fails = self.fails, []

    def load(self, letter: Letter) -> Carrier:
        carrier = super().load(letter)
        if self.step == "finish":
            finish = carrier.finish

            def broken() -> Answer:
                answer = finish()
                self._break()
                return answer

            carrier.finish = broken  # type: ignore[method-assign]
        return carrier


GONE = DatabaseError("the database says: disk I/O error")


@pytest.mark.parametrize("knows", [True, False])
@pytest.mark.parametrize("late", [True, False])
def test_an_answer_that_cannot_be_written_sends_nothing_twice(
    asked: Database, clock: Clock, knows: bool, late: bool
) -> None:
    failing = Failing(asked)
    provider = Breaks(failing, "finish", (GONE, late))
    provider.knows = knows
    letters = office(failing, provider, clock)  # type: ignore[arg-type]
    assert letters.drain().states == {}
    assert len(provider.took) == 1
    assert [row[1] for row in states(asked)] == ["submitted" if late else "submitting"]
    for _ in range(3):
        clock.later(seconds=31)
        letters.drain()
    assert [row[1] for row in states(asked)] == ["submitted" if late or knows else "unknown"]
    assert len(provider.took) == 1


def test_an_answer_waits_for_a_server_that_is_away_a_moment(asked: Database, clock: Clock) -> None:
    failing = Failing(asked)
    away = DatabaseAwayError("the database says: terminating connection")
    provider = Breaks(failing, "finish", (away, False), (away, True))
    letters = office(failing, provider, clock, sleep=lambda _seconds: None)  # type: ignore[arg-type]
    assert letters.drain().states == {"submitted": 1}
    assert states(asked) == [("confirmation", "submitted", "")]


@pytest.mark.parametrize("late", [True, False])
def test_a_mark_that_cannot_be_written_lets_nothing_go(asked: Database, clock: Clock, late: bool) -> None:
    """A commit that breaks does not tell whether it was done; the letter is abandoned, and goes at another try."""
    failing = Failing(asked)
    provider = Breaks(failing, "begin", (GONE, late))
    letters = office(failing, provider, clock)  # type: ignore[arg-type]
    assert letters.drain().states == {"queued": 1}
    assert (provider.took, provider.abandoned) == ([], 1)
    clock.later(seconds=31)
    assert letters.drain().states == {"submitted": 1}
    assert (len(provider.took), provider.abandoned) == (1, 1)


def test_who_lost_the_lease_does_not_send(asked: Database, clock: Clock) -> None:
    provider = Provider()
    provider.on_begin = lambda: clock.later(seconds=31)
    office(asked, provider, clock).drain()
    assert provider.took == []
    assert provider.abandoned >= 1
    provider.on_begin = None
    clock.later(seconds=31)
    office(asked, provider, clock).drain()
    assert len(provider.took) == 1


@pytest.mark.slow
def test_two_offices_send_each_letter_once(database: Database, clock: Clock) -> None:
    import threading

    with database.write() as connection:
        store.add_list(connection, "readers", "نشرة", now=START)
        for n in range(30):
            actions.subscribe(
                connection, f"r{n}@example.net", "readers", now=START, keys=ADDRESS_KEYS, how="form", words=""
            )
    provider = Provider()
    both = [threading.Thread(target=office(database, provider, clock).drain) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(parcel.delivery for _, parcel in provider.took) == list(range(1, 31))


def test_a_suppressed_address_gets_none(asked: Database, clock: Clock) -> None:
    with asked.write() as connection:
        actions.suppress(connection, ADDRESS, now=START, keys=ADDRESS_KEYS)
    provider = Provider()
    office(asked, provider, clock).drain()
    assert provider.took == []
    assert states(asked) == [("confirmation", "refused", "suppressed")]


@pytest.mark.slow
def test_the_postman_goes_on_after_a_fault(asked: Database, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    import time

    provider = Provider()
    letters = office(asked, provider, clock)
    real, calls = letters.drain, []

    def drain(rest: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise SendError(f"cannot write to {ADDRESS}", where="outbox")
        return real(rest)

    letters.drain = drain  # type: ignore[method-assign]
    with caplog.at_level(logging.INFO, "nashra.letters"):
        postman = SmallLetterThread(letters, pause=0.01)
        postman.start()
        until = time.monotonic() + 120
        while not provider.took and time.monotonic() < until:
            time.sleep(0.02)
        postman.stop()
    assert len(provider.took) == 1
    assert "SendError outbox" in caplog.text
    assert ADDRESS not in caplog.text


def test_the_postman_rests_after_each_letter_as_long_as_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those whose page is being made at that moment come first."""
    rested: list[float] = []
    postman = SmallLetterThread(None, pause=0.0)  # type: ignore[arg-type]

    def wait(seconds: float) -> bool:
        rested.append(seconds)
        return len(rested) > 4

    class Letters:
        def drain(self, rest: Any) -> Any:
            for took in (0.004, 0.03, 5.0):
                rest(took)
            return SmallLetterCounts()

    postman._letters = Letters()  # type: ignore[assignment]
    monkeypatch.setattr(postman._over, "wait", wait)
    postman._work()
    assert rested == [0.0, 0.004, 0.03, LONGEST_REST, 0.0]


def test_a_round_rests_after_each_letter(asked: Database, clock: Clock) -> None:
    spent: list[float] = []
    provider = Provider()
    office(asked, provider, clock).drain(spent.append)
    assert len(spent) == len(provider.took) == 1


def test_those_that_wait_together_go_over_one_connection(asked: Database, clock: Clock, tmp_path: Path) -> None:
    with asked.write() as connection:
        for number in range(3):
            actions.subscribe(
                connection,
                f"reader{number}@example.net",
                "readers",
                now=START,
                keys=ADDRESS_KEYS,
                how="form",
                words="",
                rhythm="weekly",
            )
    with smtp_standin.running(tmp_path) as server:
        sender = Smtp(SmtpOptions(host="127.0.0.1", port=server.port, security="none"), SLOT_WIDTHS)
        assert office(asked, sender, clock).drain().states == {"submitted": 4}
        assert server.addresses() == Counter({ADDRESS: 1, **{f"reader{number}@example.net": 1 for number in range(3)}})
        # Each its own letter, all over the first connection, which ends with the round.
        assert len({one["message_id"] for one in server.taken()}) == 4
        (only,) = {one["connection"] for one in server.taken()}
        assert server.said("quit") == [only]
        assert server.faults() == []


@pytest.mark.parametrize(
    ("answers", "tally"),
    [
        ([Answer("queued", reason="greylisted")], {"queued": 1, "submitted": 5}),
        ([Answer("queued", reason="busy")] * 6, {"queued": 3}),
        ([Answer("queued", reason="credits", stop=True)], {"queued": 1}),
        ([Answer("queued", reason="too many", pause=30.0)], {"queued": 1}),
    ],
)
def test_one_reader_who_cannot_get_theirs_now_keeps_nobody_else_waiting(
    asked: Database, clock: Clock, answers: list[Answer], tally: dict[str, int]
) -> None:
    with asked.write() as connection:
        for number in range(5):
            address = f"reader{number}@example.net"
            actions.subscribe(
                connection, address, "readers", now=START, keys=ADDRESS_KEYS, how="form", words="", rhythm="weekly"
            )
    assert office(asked, Provider(*answers), clock).drain().states == tally

"""Questions of letters: what an editor types, the page that asks, numbers and nobody; and calendar files of events."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from command import here, make_workspace
from conftest import MakeDatabase
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import func, inspect, select
from starlette.testclient import TestClient
from test_postgresql import on

from newsletter import issues, polls
from newsletter.issues import prose
from newsletter.letters import answer_links, calendars
from newsletter.models import CalendarEvent, Poll
from newsletter.report import read as reports
from newsletter.report.plain import plain_issue
from newsletter.storage import database as storage
from newsletter.storage import tables
from newsletter.storage.database import Database
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import letter as letters
from newsletter.workflows import plan
from newsletter.workflows.serve import app_of
from subscribers import actions, store, test_link
from subscribers.store.limits import Caps
from subscribers.store.tables import letter_count

BASE = "https://news.example.org"
ANSWER = re.compile(rf'href="({BASE}/polls/[\w-]{{36}})"')
NOW = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
KEYS = {1: bytes(range(32)), 3: bytes(range(32, 64))}
CLOSING = """
::: استطلاع متى؟
- صباحًا
- مساءً

closes: 7
:::
"""
ASKED = """
::: استطلاع كيف تصل إلى الرصيف؟
- مشيًا
- بالحافلة 14

النتائج: نعم
تغلق: ٧ أيام
:::

::: تقييم
:::

::: فعالية أمسية حكايات البحر
2026-12-06 18:30-20:00
دار الثقافة، شارع الميناء؛ القاعة الكبرى

[احجز](https://example.org/tickets)
:::

"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with an issue that asks; to be copied, never changed."""
    root = tmp_path_factory.mktemp("polls") / "w"
    make_workspace(root)
    path = root / "issues" / "first" / "issue.md"
    text = path.read_text("utf-8")
    front, rest = text.split("+++\n")[1:3]
    path.write_text(f"+++\n{front}+++\n{ASKED}{rest}", "utf-8")
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "w")


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, root: Path, ready_urls: MakeDatabase) -> Iterator[Workspace]:
    if request.param == "postgresql":
        on(root, ready_urls("postgresql"))
    with open_workspace(root, {}) as workspace:
        if request.param == "postgresql":
            with workspace.database.write() as connection:
                store.add_list(connection, "readers", "الموجة", now=workspace.now())
                who = {"now": workspace.now(), "keys": workspace.keys.suppression}
                actions.add_subscriber(connection, "reader0@example.net", "readers", **who)
        yield workspace


def client_of(workspace: Workspace) -> TestClient:
    return TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE, follow_redirects=False)


def html_of(workspace: Workspace, *, test: bool = False) -> str:
    issue = issues.find(workspace.root, "1")
    return letters.of_issue(workspace, issue, test=test).rendered.html


def numbers(workspace: Workspace) -> list[list[int]]:
    """How many gave each answer, by question in the order of the letter."""
    with workspace.database.read() as connection:
        found = {one.question: [number for _, number in one.answers] for one in polls.of_issue(connection, "1")}
    return [found["كيف تصل إلى الرصيف؟"], found["هل أفادتك هذه الرسالة؟"]]


def everything(workspace: Workspace) -> list[int]:
    with workspace.database.read() as connection:
        every = (tables.poll, tables.poll_answer, tables.poll_form, letter_count)
        return [connection.execute(select(func.count()).select_from(one)).scalar_one() for one in every]


def fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


# ---- the page


def test_a_letter_asks_the_page_shows_and_only_its_button_counts(either: Workspace) -> None:
    assert here("-C", either.root, "send", "--yes").code == 0
    first, second, *useful = ANSWER.findall(html_of(either))
    assert len(useful) == 3
    client = client_of(either)
    before = everything(either)
    for _ in range(3):
        for url in (first, second, *useful):
            answer = client.get(url)
            assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
            assert "set-cookie" not in answer.headers
            assert client.head(url).status_code == 200
    assert everything(either) == before
    page = client.get(second).text
    assert re.findall(r'value="(\d)" required( checked)?>', page) == [("0", ""), ("1", " checked")]
    assert "style=" not in page
    assert "<script" not in page
    sent = {**fields(page), "answer": "1"}
    thanks = client.post(second, data=sent)
    assert "شكرًا على إجابتك" in thanks.text
    assert 'width="100.0%"' in thanks.text
    assert numbers(either) == [[0, 1], [0, 0, 0]]
    # The same form once more, by a second press or by going back: the same thanks, and no second vote.
    assert "شكرًا على إجابتك" in client.post(second, data=sent).text
    assert numbers(either) == [[0, 1], [0, 0, 0]]
    # The link says one answer, the reader chooses the other.
    client.post(second, data={**fields(client.get(second).text), "answer": "0"})
    silent = client.post(useful[2], data={**fields(client.get(useful[2]).text), "answer": "2"})
    assert "bars" not in silent.text
    assert numbers(either) == [[1, 1], [0, 0, 1]]


def test_what_is_forged_or_unknown_is_not_found_and_what_is_no_form_counts_nothing(either: Workspace) -> None:
    assert here("-C", either.root, "send", "--yes").code == 0
    first, *_ = ANSWER.findall(html_of(either))
    client = client_of(either)
    signed = first.rpartition("/")[2]
    other = answer_links.path("0123456789abcdef", 0, keys=either.keys.tokens)
    beyond = answer_links.path(answer_links.read(signed, keys=either.keys.tokens)[0], 7, keys=either.keys.tokens)  # type: ignore[index]
    foreign = answer_links.path("0123456789abcdef", 0, keys={1: bytes(32)})
    changed = ("B" if signed[20] == "A" else "A").join((signed[:20], signed[21:]))
    for wrong in (other, beyond, foreign, f"polls/{changed}", f"polls/{signed}A", "polls/x", "polls/", "polls"):
        for answer in (client.get(f"/{wrong}"), client.post(f"/{wrong}", data={"answer": "0"})):
            assert answer.status_code in (404, 405), wrong
            assert "location" not in answer.headers
    good = fields(client.get(first).text)
    bad = [
        {},
        good,
        {**good, "answer": "2"},
        {**good, "answer": "-1"},
        {**good, "answer": "٠"},
        {**good, "answer": "00"},
        {**good, "answer": "0", "form": ""},
        {**good, "answer": "0", "form": "x" * 23},
        {**good, "answer": "0", "at": ""},
        {**good, "answer": "0", "at": good["at"][:-1] + ("B" if good["at"][-1] == "A" else "A")},
    ]
    for data in bad:
        page = client.post(first, data=data)
        assert page.status_code in (200, 400)
        assert 'role="alert"' in page.text
    whole = {**good, "answer": "0"}
    elsewhere = client.post(first, data=whole, headers={"sec-fetch-site": "cross-site"})
    assert 'role="alert"' in elsewhere.text
    assert numbers(either) == [[0, 0], [0, 0, 0]]
    client.post(first, data=whole, headers={"sec-fetch-site": "same-origin"})
    assert numbers(either) == [[1, 0], [0, 0, 0]]


def test_a_page_that_was_open_too_long_asks_once_more(either: Workspace) -> None:
    assert here("-C", either.root, "send", "--yes").code == 0
    first, *_ = ANSWER.findall(html_of(either))
    old = {**fields(client_of(either).get(first).text), "answer": "0"}
    later = either.now() + timedelta(hours=25)
    object.__setattr__(either, "now", lambda: later)
    page = client_of(either).post(first, data=old)
    assert "اضغط الزر مرة أخرى" in page.text
    assert numbers(either)[0] == [0, 0]
    client_of(either).post(first, data={**fields(page.text), "answer": "0"})
    assert numbers(either)[0] == [1, 0]


def test_a_closed_question_takes_no_answer(either: Workspace) -> None:
    assert here("-C", either.root, "send", "--yes").code == 0
    first, _, useful, *_ = ANSWER.findall(html_of(either))
    sent = {**fields(client_of(either).get(first).text), "answer": "0"}
    later = either.now() + timedelta(days=7, seconds=5)
    object.__setattr__(either, "now", lambda: later)
    client = client_of(either)
    closed = client.get(first).text
    assert "انتهى استقبال الإجابات" in closed
    assert "<form" not in closed
    assert client.post(first, data=sent).status_code == 200
    assert "<form" in client.get(useful).text
    assert numbers(either) == [[0, 0], [0, 0, 0]]


def test_the_links_of_a_test_letter_count_nothing(root: Path) -> None:
    with open_workspace(root, {}) as workspace:
        html = html_of(workspace, test=True)
        assert ANSWER.findall(html) == []
        assert html.count(f'href="{BASE}/{test_link.POLL}"') == 5
        page = client_of(workspace).get(f"/{test_link.POLL}")
        assert (page.status_code, "هذه رسالة تجريبية" in page.text or "تجربة" in page.text) == (200, True)
        assert here("-C", root, "send", "--test", "editor@example.net").code == 0
        assert everything(workspace)[:3] == [0, 0, 0]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_older_database_gets_the_tables_and_keeps_what_it_has(kind: str, database_urls: MakeDatabase) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = Path(storage.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    with contextlib.closing(storage.open_database(database_urls(kind))) as database:
        with database.write(rebuilds=True) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0005")
            assert "poll" not in inspect(connection).get_table_names()
            connection.execute(tables.cursor.insert().values(name="one", at=7))
        storage.upgrade(database)
        one = frozen(database, Poll("متى؟", ("صباحًا", "مساءً")))
        assert pressed(database, one, "a") == "counted"
        with database.read() as connection:
            kept = select(tables.cursor.c.at).where(tables.cursor.c.name == "one")
            assert connection.execute(kept).scalar_one() == 7


# ---- counting


def frozen(database: Database, poll: Poll, *, now: datetime = NOW) -> Poll:
    known = replace(poll, id=answer_links.id_of("readers", "12", poll))
    with database.write() as connection:
        polls.freeze(connection, [known, known], issue="12", list_name="readers", now=now)
    return known


def pressed(database: Database, poll: Poll, form: str, *, network: str = "203.0.113.0/24", **more: object) -> object:
    usual = {"keys": KEYS, "caps": Caps(answers_an_hour=3), "now": NOW}
    with database.write() as connection:
        return polls.count(connection, poll.id, 0, form, network=network, **{**usual, **more})  # type: ignore[arg-type]


def test_a_network_counts_so_often_an_hour_and_is_forgotten(database: Database) -> None:
    one = frozen(database, Poll("متى؟", ("صباحًا", "مساءً")))
    other = frozen(database, Poll("أين؟", ("هنا", "هناك")))
    assert [pressed(database, one, str(at)) for at in range(4)] == ["counted"] * 3 + ["full"]
    assert pressed(database, one, "0") == "again"  # who pressed twice reads thanks, not a reproach
    assert pressed(database, one, "5", network="203.0.114.0/24") == "counted"
    assert pressed(database, other, "3") == "counted"
    later = NOW + timedelta(hours=1, minutes=20)
    assert pressed(database, one, "3", now=later) == "counted"
    with database.read() as connection:
        rows = connection.execute(select(letter_count).where(letter_count.c.scope != "hold")).all()
        assert {row.scope for row in rows} == {"poll", "poll block"}
        assert min(row.bucket for row in rows) >= (int(later.timestamp()) - 3600) // 600
        assert not any(b"203.0" in bytes(row.key) for row in rows)
        assert [number for _, number in polls.get(connection, one.id).answers] == [5, 0]  # type: ignore[union-attr]
        # A number for the question; a form that was counted before is not turned away.
        assert polls.turned_away(connection, "12") == {one.id: 1}
        assert polls.turned_away(connection, "13") == {}
    assert [pressed(database, one, f"late {at}", now=later) for at in range(4)] == ["counted"] * 2 + ["full"] * 2
    with database.read() as connection:
        assert polls.turned_away(connection, "12") == {one.id: 3}


def test_freezing_again_keeps_the_numbers_and_forms_are_forgotten_after_a_day(database: Database) -> None:
    one = frozen(database, Poll("متى؟", ("صباحًا", "مساءً"), days=3))
    assert pressed(database, one, "a") == "counted"
    assert frozen(database, Poll("متى؟", ("صباحًا", "مساءً"), days=9), now=NOW + timedelta(days=1)).id == one.id
    with database.read() as connection:
        found = polls.get(connection, one.id)
    assert found is not None
    # Asked anew a day later, for nine days: those count, and the answer that was given stays.
    assert (found.total, found.closes) == (1, NOW + timedelta(days=10))
    assert pressed(database, one, "b", now=NOW + timedelta(days=9)) == "counted"
    assert pressed(database, one, "c", now=NOW + timedelta(days=10)) == "closed"
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(tables.poll_form)).scalar_one() == 1


def test_the_days_of_a_scheduled_letter_begin_when_it_goes(root: Path) -> None:
    path = root / "issues" / "first" / "issue.md"
    path.write_text(path.read_text("utf-8").replace("+++\n" + ASKED, "+++\n" + CLOSING), "utf-8")
    with open_workspace(root, {}) as workspace:
        goes = workspace.now().replace(microsecond=0) + timedelta(days=30)
        issue = plan.choose(workspace, "1", list_name="", rhythm="weekly")
        plan.freeze_plan(workspace, plan.make(workspace, issue, list_name="", rhythm="weekly"), send_at=goes)
        with workspace.database.read() as connection:
            (asked,) = polls.of_issue(connection, "1")
    assert asked.closes == goes + timedelta(days=7)


def test_no_table_joins_an_answer_with_anybody(database: Database) -> None:
    with database.read() as connection:
        seen = inspect(connection)
        columns = {name: [one["name"] for one in seen.get_columns(name)] for name in seen.get_table_names()}
        keys = [key for name in columns if name.startswith("poll") for key in seen.get_foreign_keys(name)]
    assert {name: held for name, held in columns.items() if "poll" in name} == {
        "poll": ["name", "issue", "list", "question", "shows_results", "frozen_at", "closes_at"],
        "poll_answer": ["poll", "place", "words", "number"],
        "poll_form": ["form", "hour"],
    }
    assert keys == []
    assert not any("poll" in column for name, held in columns.items() if name != "poll_answer" for column in held)


def test_the_report_tells_what_was_said(root: Path) -> None:
    with open_workspace(root, {}) as workspace:
        assert here("-C", root, "send", "--yes").code == 0
        first, *_ = ANSWER.findall(html_of(workspace))
        client = client_of(workspace)
        client.post(first, data={**fields(client.get(first).text), "answer": "0"})
        with workspace.database.read() as connection:
            plain = plain_issue(reports.of_issue(connection, "1"))
    assert {one["question"]: one["total"] for one in plain["polls"]} == {
        "كيف تصل إلى الرصيف؟": 1,
        "هل أفادتك هذه الرسالة؟": 0,
    }
    told = here("-C", root, "report", "1")
    assert "«كيف تصل إلى الرصيف؟» 1 answered." in told.err
    assert "  1 مشيًا (100.0 %)" in told.err


# ---- addresses


@given(st.text(max_size=40))
def test_no_text_is_an_answer_that_we_signed(text: str) -> None:
    assert answer_links.read(text, keys=KEYS) is None


def test_a_link_says_its_answer_under_any_key_that_is_kept() -> None:
    signed = answer_links.path("0123456789abcdef", 5, keys={1: KEYS[1]}).rpartition("/")[2]
    assert answer_links.read(signed, keys=KEYS) == ("0123456789abcdef", 5)
    assert answer_links.read(signed, keys={3: KEYS[3]}) is None
    assert answer_links.read(signed, keys={1: KEYS[3]}) is None


# ---- without pages


def without_pages(root: Path, reply_to: str = "") -> None:
    settings = root / "newsletter.toml"
    text = re.sub(r'(?m)^(url = )"https://news\.example\.org"', r'\1""', settings.read_text("utf-8"))
    text = re.sub(r"(?m)^reply_to = .*\n", "", text)
    if reply_to:
        text = text.replace("[sender]\n", f'[sender]\nreply_to = "{reply_to}"\n')
    settings.write_text(text, "utf-8")


def test_without_pages_an_answer_is_a_message(root: Path) -> None:
    without_pages(root, "desk@example.org")
    with open_workspace(root, {}) as workspace:
        html = html_of(workspace)
    assert "mailto:desk@example.org?subject=%D9%83%D9%8A%D9%81" in html
    assert html.count("mailto:desk@example.org?subject=") >= 5
    assert ".ics" not in html


def test_without_pages_and_address_the_check_says_so_and_a_preview_shows_it(root: Path) -> None:
    without_pages(root)
    lines = (root / "issues" / "first" / "issue.md").read_text("utf-8").split("\n")
    line = next(at for at, one in enumerate(lines, 1) if one.startswith("::: استطلاع"))
    told = here("-C", root, "check", "1")
    assert told.code != 0
    assert f"issue.md:{line}" in told.out + told.err
    assert "no answer to the poll could arrive" in told.out + told.err
    assert here("-C", root, "preview", "1").code == 3
    drafted = (root / "issues" / "first" / "issue.html").read_text("utf-8")
    assert "كيف تصل إلى الرصيف؟" in drafted
    assert "/polls/" not in drafted


# ---- what an editor types


def read(text: str) -> prose.ParsedMarkdown:
    return prose.read(text)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("::: poll Q?\n- a\n- b\n:::", Poll("Q?", ("a", "b"))),
        ("::: poll\nQ?\n\n1. a\n2. b\n:::", Poll("Q?", ("a", "b"))),
        ("::: poll Q?\n- a\n- b\n\nresults: yes\ncloses: 7 days\n:::", Poll("Q?", ("a", "b"), True, 7)),
        ("::: poll Q?\n- a\n- b\nresults: yes\ncloses: 7\n:::", Poll("Q?", ("a", "b"), True, 7)),
        ("::: poll Q?\nresults: no\n\n- a **very**\n- b\n:::", Poll("Q?", ("a very", "b"))),
        ("::: useful\n:::", Poll("Was this letter useful to you?", ("Yes", "So-so", "No"))),
        ("::: useful\nresults: yes\n:::", Poll("Was this letter useful to you?", ("Yes", "So-so", "No"), True)),
        ("::: useful Well?\n- a\n- b\n:::", Poll("Well?", ("a", "b"))),
    ],
)
def test_what_an_editor_types_is_asked(text: str, asked: Poll) -> None:
    passage = read(text)
    assert passage.faults == ()
    assert passage.polls == (asked,)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("::: poll Q?\n:::", "poll has 0 answers"),
        ("::: poll\n- a\n- b\n:::", "poll asks nothing"),
        ("::: poll Q?\n- a\n:::", "poll has 1 answers"),
        ("::: poll Q?\n" + "- a\n" * 7 + ":::", "poll has 7 answers"),
        ("::: poll Q?\n- a\n- a\n:::", "the same answer twice"),
        ("::: poll Q?\n- a\n-\n:::", "no line of words"),
        ("::: poll Q?\n- a\n- ![x](https://example.org/y.jpg)\n:::", "no line of words"),
        ("::: columns\n::: useful\n:::\n\n---\n\nb\n:::", "useful stands within columns"),
        ("::: poll Q?\n- a\n- " + "b" * 81 + "\n:::", "an answer of 81 signs"),
        ("::: poll Q?\n- a\n- b\n\nresults: maybe\n:::", "nobody knows what results: maybe means"),
        ("::: poll Q?\n- a\n- b\n\ncloses: 0\n:::", "is no number of days"),
        ("::: poll Q?\n- a\n- b\n\ncloses: soon\n:::", "is no number of days"),
        ("::: useful\n- a\n:::", "useful has 1 answers"),
    ],
)
def test_what_cannot_be_asked_is_told_with_its_mend(text: str, what: str) -> None:
    (fault,) = [one for one in read(text).faults if what in one.what]
    assert fault.mend
    assert fault.line <= 2


# ---- the calendar file


def properties(data: bytes) -> list[tuple[str, str]]:
    """Name and value of each line, after RFC 5545 section 3.1, strictly."""
    assert data.endswith(b"\r\n")
    raw = data[:-2].split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in raw)
    assert all(len(line) <= 75 for line in raw)
    for line in raw:
        line.decode("utf-8")  # no fold within a letter
    whole = data[:-2].replace(b"\r\n ", b"").decode("utf-8").split("\r\n")
    found = []
    for line in whole:
        match = re.fullmatch(r"([A-Z-]+(?:;[A-Z]+=[^\";:,]+)*):(.*)", line)
        assert match, line
        found.append((match[1], match[2]))
    return found


def unescaped(text: str) -> str:
    assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", text)
    return re.sub(r"\\([\\;,])", r"\1", text)


def test_an_event_is_a_file_that_calendars_read(root: Path) -> None:
    with open_workspace(root, {}) as workspace:
        assert here("-C", root, "send", "--yes").code == 0
        (url,) = set(re.findall(rf'href="({BASE}/media/[0-9a-f]{{32}}\.ics)"', html_of(workspace)))
        answer = client_of(workspace).get(url)
        zone = ZoneInfo(workspace.publication.timezone)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="event.ics"'
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    found = properties(answer.content)
    assert [name for name, _ in found] == [
        *("BEGIN", "VERSION", "PRODID", "BEGIN", "UID", "DTSTAMP", "DTSTART", "DTEND"),
        *("SUMMARY;LANGUAGE=ar", "LOCATION;LANGUAGE=ar", "URL", "END", "END"),
    ]
    values = dict(found)
    starts = datetime.strptime(values["DTSTART"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert starts == datetime(2026, 12, 6, 18, 30, tzinfo=zone)
    assert unescaped(values["SUMMARY;LANGUAGE=ar"]) == "أمسية حكايات البحر"
    assert unescaped(values["LOCATION;LANGUAGE=ar"]) == "دار الثقافة، شارع الميناء؛ القاعة الكبرى"
    assert values["URL"] == "https://example.org/tickets"


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Cn", "Co")), max_size=120)


@example("حكايات البحر والرصيف، " * 9, "🎣" * 70, datetime(2026, 12, 6), True)  # noqa: DTZ001
@given(WORDS, WORDS, st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)), st.booleans())  # noqa: DTZ001
def test_any_words_make_a_whole_file(title: str, place: str, starts: datetime, timed: bool) -> None:
    event = CalendarEvent(title, starts, None, timed, place, "https://example.org/a")
    made = calendars.calendar_file(event, timezone="Asia/Amman", language="ar", host="example.org", stamp=NOW)
    values = dict(properties(made))
    assert unescaped(values["SUMMARY;LANGUAGE=ar"]) == " ".join(title.split())
    assert unescaped(values.get("LOCATION;LANGUAGE=ar", "")) == " ".join(place.split())
    assert ("DTSTART" in values) == timed


def test_the_same_event_keeps_its_uid_when_its_hour_changes() -> None:
    def uid(event: CalendarEvent) -> str:
        return dict(
            properties(
                calendars.calendar_file(event, timezone="Asia/Amman", language="ar", host="example.org", stamp=NOW)
            )
        )["UID"]

    one = CalendarEvent("أمسية", datetime(2026, 12, 6, 18, 30))  # noqa: DTZ001
    assert uid(one) == uid(replace(one, starts=datetime(2026, 12, 6, 20)))  # noqa: DTZ001
    assert uid(one) != uid(replace(one, title="صباحية"))

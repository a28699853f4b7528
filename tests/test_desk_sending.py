"""الإرسال: what is confirmed is what goes, once; it can be taken back and cancelled; a killed desk loses nothing."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from command import environment
from conftest import MakeDatabase
from desk_visits import DeskVisitor, at_desk
from newsroom import Clock, make, open_newsroom, received, subscribe
from sqlalchemy import text

from newsletter import ledger
from newsletter.desk.sending import view
from newsletter.ledger import activity, approvals
from newsletter.wiring import Workspace
from newsletter.workflows.outgoing import DeliveryThread
from subscribers import actions, store

NOW = datetime(2026, 11, 28, 9, 40, tzinfo=UTC)
FRONT = (
    '+++\nnumber = 1\nsubject = "رصيف جديد ومكتبة لا تنام"\npreheader = "أخبار الساحل هذا الأسبوع"\nlist = "readers"\n'
)
BODY = """+++

## أخبار

### مرسى الريحان يفتح رصيفه الجديد
تسلّم الصيادون رصيفًا يتسع لستين قاربًا.

https://almawja.example.org/1/

## رياضة

### سباق القوارب ينطلق من المرسى
شارك فيه ستون قاربًا من كل الساحل.

https://almawja.example.org/2/
"""
TOPICS = '[topics.readers]\n1 = "أخبار"\n2 = "رياضة"\n'


def newsroom(
    root: Path, *, readers: int = 4, settings: str = TOPICS, front: str = FRONT, zone: str = "Africa/Algiers"
) -> Path:
    made = make(root, readers=readers, settings=settings, timezone=zone)
    folder = made / "issues" / "first"
    folder.mkdir(parents=True)
    (folder / "issue.md").write_text(front + BODY, "utf-8")
    return made


STAYS = "لا يخرج شيء من هذا الجهاز"


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return newsroom(tmp_path / "w")


@pytest.fixture
def workspace(root: Path, clock: Clock) -> Iterator[Workspace]:
    with open_newsroom(root, clock) as opened:
        yield opened


@pytest.fixture
def desk(workspace: Workspace) -> DeskVisitor:
    return at_desk(workspace)


def hidden(page: str) -> dict[str, str]:
    """The fields of the form that a confirmation carries."""
    form = page[page.index('action="/send/first/start"') :].partition("</form>")[0]
    return {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}


def confirmed(desk: DeskVisitor, **chosen: str) -> dict[str, str]:
    answer = desk.get("/send/first/confirm", params={"when": "now", **chosen})
    assert answer.status_code == 200, answer.text
    return hidden(answer.text)


def sends(workspace: Workspace) -> list[ledger.Send]:
    with workspace.database.read() as connection:
        return [one for one in ledger.sends(connection) if not one.undone]


def acts(workspace: Workspace) -> list[tuple[str, str, str]]:
    with workspace.database.read() as connection:
        return [(one.by, one.act, one.about) for one in reversed(activity.read(connection))]


def deliver(workspace: Workspace) -> None:
    """As the desk's own thread does, until nothing is left to do."""
    thread = DeliveryThread(workspace, look_every=0.01)
    thread.start()
    until = time.monotonic() + 60
    while any(_goes(one, workspace.now()) for one in sends(workspace)):
        assert time.monotonic() < until, "it does not end"
        time.sleep(0.01)
    thread.stop()


def _goes(send: ledger.Send, now: datetime) -> bool:
    return send.state == "running" or (send.state == "scheduled" and send.send_at is not None and send.send_at <= now)


def got(root: Path) -> Counter[str]:
    return Counter(one.to for one in received(root))


def test_the_form_says_to_whom_and_the_confirmation_says_the_number(
    workspace: Workspace, desk: DeskVisitor, clock: Clock, root: Path
) -> None:
    with workspace.database.write() as connection:
        actions.prefer(connection, 1, 1, now=NOW, rhythm="weekly", declined_topics=0b10)
        subscribe(connection, workspace, "daily@example.net", NOW, "daily")
    assert desk.get("/send").headers["location"] == "/send/first"
    page = desk.get("/send/first").text
    rows = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td><td class="n">(\d+)</td>', page)
    assert [(words, int(number)) for words, _, number in rows] == [
        ("أسبوعيًا، كل الأقسام", 3),
        ("أسبوعيًا، بلا رياضة", 1),
        ("اختاروا اليومي أو الفوري", 1),
    ]
    assert "فيصير عدد القراء 5" in page
    told = desk.get("/send/first/confirm", params={"when": "now"}).text
    assert "إلى 4 قراء، الآن" in told
    assert "أرسل إلى 4 قراء الآن" in told
    assert STAYS in page
    assert STAYS in told
    left_open = re.findall(r'<li class="is-warn">.*?<span>(.*?)</span>', page)
    assert left_open, "the issue has warnings"
    assert re.findall(r'<li class="is-warn">.*?<span>(.*?)</span>', told) == left_open
    data = desk.get("/issue/first/plan").json()
    assert (data["audience"], data["skipped"], data["by_rhythm"], data["errors"]) == (4, 0, {"weekly": 4}, [])
    assert data["fingerprint"] == hidden(told)["fingerprint"]
    assert sends(workspace) == []
    assert desk.get("/issue/first/plan", params={"rhythm": "all"}).json()["audience"] == 5
    desk.post("/send/first/start", data=hidden(told))
    (send,) = sends(workspace)
    with workspace.database.read() as connection:
        assert ledger.account(connection, send.id).queued == int(hidden(told)["audience"]) == 4
    clock.forward(seconds=11)
    deliver(workspace)
    assert got(root) == Counter({f"reader{n}@example.net": 1 for n in range(4)})


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, ready_urls: MakeDatabase
) -> Iterator[Workspace]:
    """The newsroom with its four readers, on each kind of database."""
    root = newsroom(tmp_path / "w", readers=0)
    url = ready_urls(request.param).replace("postgresql+psycopg", "postgresql")
    (root / "secrets" / "database.url").write_text(url, "utf-8")
    with open_newsroom(root, clock) as opened:
        with opened.database.write() as connection:
            store.add_list(connection, "readers", "الموجة", now=NOW)
            for number in range(4):
                subscribe(connection, opened, f"reader{number}@example.net", NOW)
        yield opened


def test_one_confirmation_sends_once_and_is_written_with_a_name(anywhere: Workspace, clock: Clock) -> None:
    desk = at_desk(anywhere, name="ليلى")
    fields = confirmed(desk)
    answers = [desk.post("/send/first/start", data=fields) for _ in range(2)]
    assert [(one.status_code, one.headers["location"]) for one in answers] == [(303, "/send/first")] * 2
    clock.forward(seconds=11)
    deliver(anywhere)
    assert desk.post("/send/first/start", data=fields).status_code == 303
    (send,) = sends(anywhere)
    assert (send.state, send.audience) == ("finished", 4)
    assert acts(anywhere) == [("ليلى", "schedule", "1")]
    gone = desk.get("/send/first").text
    assert "أُرسل العدد 1" in gone
    assert STAYS in gone
    assert got(anywhere.root) == Counter({f"reader{n}@example.net": 1 for n in range(4)})


def test_with_a_provider_nothing_is_said_to_stay_here(tmp_path: Path, clock: Clock) -> None:
    root = newsroom(tmp_path / "w", settings=TOPICS + '[smtp]\nhost = "127.0.0.1"\n')
    file = root / "newsletter.toml"
    file.write_text(file.read_text("utf-8").replace('kind = "outbox"', 'kind = "smtp"'), "utf-8")
    with open_newsroom(root, clock) as workspace:
        assert not view.stays(workspace)


def test_two_confirmations_at_the_same_moment_send_once(anywhere: Workspace, clock: Clock) -> None:
    desk = at_desk(anywhere)
    two = [confirmed(desk), confirmed(desk)]
    assert two[0]["nonce"] != two[1]["nonce"]
    threads = [threading.Thread(target=desk.post, args=("/send/first/start",), kwargs={"data": one}) for one in two]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(sends(anywhere)) == 1


def test_within_ten_seconds_it_is_taken_back_and_its_confirmation_is_used_up(
    workspace: Workspace, desk: DeskVisitor, clock: Clock, root: Path
) -> None:
    fields = confirmed(desk)
    desk.post("/send/first/start", data=fields)
    page = desk.get("/send/first").text
    assert "العدد 1 على وشك الإرسال" in page
    assert "10 ثوانٍ حتى الإرسال" in page
    assert desk.get("/send/first/state").headers["x-state"] == "leaving"
    clock.forward(seconds=9)
    deliver(workspace)
    assert desk.post("/send/first/cancel").headers["location"] == "/issue/first"
    assert sends(workspace) == []
    clock.forward(minutes=5)
    assert desk.post("/send/first/start", data=fields).status_code == 303
    deliver(workspace)
    assert (sends(workspace), got(root)) == ([], Counter())
    desk.post("/send/first/start", data=confirmed(desk))
    clock.forward(seconds=11)
    deliver(workspace)
    assert sum(got(root).values()) == 4
    assert [act for _, act, _ in acts(workspace)] == ["schedule", "cancel", "schedule"]


def test_more_readers_than_were_shown_or_another_letter_is_refused(
    workspace: Workspace, desk: DeskVisitor, root: Path
) -> None:
    fields = confirmed(desk)
    with workspace.database.write() as connection:
        subscribe(connection, workspace, "late@example.net", NOW)
    answer = desk.post("/send/first/start", data=fields)
    assert answer.status_code == 409
    assert "زاد عدد القراء عمّا أكّدته" in answer.text
    fields = confirmed(desk)
    path = root / "issues" / "first" / "issue.md"
    path.write_text(path.read_text("utf-8").replace("ستون قاربًا", "سبعون قاربًا"), "utf-8")
    answer = desk.post("/send/first/start", data=fields)
    assert answer.status_code == 409
    assert "تغيّرت الرسالة بعد أن عرضتها" in answer.text
    for broken in ({"nonce": ""}, {"audience": "كثير"}, {"fingerprint": "0" * 64}):
        assert desk.post("/send/first/start", data={**confirmed(desk), **broken}).status_code == 409
    assert sends(workspace) == []
    # Fewer readers than were shown keep nobody from getting it.
    fields = confirmed(desk)
    with workspace.database.write() as connection:
        actions.leave_address(connection, "late@example.net", None, now=NOW)
    assert desk.post("/send/first/start", data=fields).status_code == 303
    assert [one.audience for one in sends(workspace)] == [4]


@pytest.mark.parametrize(
    ("zone", "day", "hour", "moment", "words"),
    [
        ("Africa/Algiers", "2026-12-03", "10:00", datetime(2026, 12, 3, 9, tzinfo=UTC), ""),
        ("Asia/Tokyo", "2026-12-03", "10:00", datetime(2026, 12, 3, 1, tzinfo=UTC), ""),
        ("Europe/Paris", "2027-03-28", "02:30", None, "لا تأتي في ذلك اليوم"),
        ("Europe/Paris", "2027-10-31", "02:30", None, "تأتي مرتين في ذلك اليوم"),
        ("Europe/Paris", "2027-10-31", "04:30", datetime(2027, 10, 31, 3, 30, tzinfo=UTC), ""),
        ("Africa/Algiers", "2026-11-28", "10:30", None, "مضى هذا الموعد"),
        ("Africa/Algiers", "2026-13-40", "10:30", None, "اختر يومًا وساعة"),
        ("Africa/Algiers", "", "", None, "اختر يومًا وساعة"),
    ],
)
def test_the_moment_is_that_of_the_site_and_a_doubtful_one_is_refused(
    tmp_path: Path, clock: Clock, zone: str, day: str, hour: str, moment: datetime | None, words: str
) -> None:
    root = newsroom(tmp_path / "w", readers=1, zone=zone)
    with open_newsroom(root, clock) as workspace:
        desk = at_desk(workspace)
        chosen = {"when": "later", "day": day, "hour": hour}
        answer = desk.get("/send/first/confirm", params=chosen)
        if moment is None:
            assert answer.status_code == 422
            assert words in answer.text
            part = desk.get("/send/first/confirm", params=chosen, headers={"x-part": "1"})
            assert (part.status_code, words in part.text) == (422, True)
            assert "<html" not in part.text
            return
        assert f"، {hour}" in answer.text
        desk.post("/send/first/start", data=hidden(answer.text))
        (send,) = sends(workspace)
        assert (send.state, send.send_at) == ("scheduled", moment)
        page = desk.get("/send/first").text
        assert "العدد 1 ينتظر موعده" in page
        assert hour in page


def test_a_test_letter_goes_to_the_editor_and_says_whether_it_is_the_letter_that_would_go(
    workspace: Workspace, desk: DeskVisitor, root: Path
) -> None:
    assert desk.post("/send/first/test", data={"to": "leila@example.org salma@example.org"}).status_code == 303
    assert sorted((one.to, one.subject.startswith("[تجربة]")) for one in received(root)) == [
        ("leila@example.org", True),
        ("salma@example.org", True),
    ]
    page = desk.get("/send/first").text
    assert "وفيها الرسالة نفسها التي سترسل" in page
    assert "leila@example.org" in page
    assert "leila@example.org" not in at_desk(workspace).get("/send/first").text
    path = root / "issues" / "first" / "issue.md"
    path.write_text(path.read_text("utf-8").replace("ستون قاربًا", "سبعون قاربًا"), "utf-8")
    assert "وتغيّرت الرسالة بعدها" in desk.get("/send/first").text
    for wrong, words in (("ليلى", "هذا ليس عنوان بريد"), (" ", "اكتب عنوانًا")):
        answer = desk.post("/send/first/test", data={"to": wrong})
        assert (answer.status_code, words in answer.text) == (422, True)
    assert acts(workspace) == [("سلمى", "test", "1")]
    assert sends(workspace) == []


def test_who_may_only_edit_sees_all_and_sends_nothing(workspace: Workspace, root: Path) -> None:
    desk = at_desk(workspace, "edit")
    page = desk.get("/send/first")
    assert page.status_code == 200
    assert "اطلب الموافقة" in page.text
    assert "إلى المراجعة الأخيرة" not in page.text
    for path in ("test", "approve", "online", "start", "pause", "resume", "cancel"):
        assert desk.post(f"/send/first/{path}", data={"to": "a@example.org", "nonce": "1"}).status_code == 403, path
    for path in ("resend-unknown", "accept-unknown", "resend-refused", "decide"):
        assert desk.post(f"/send/first/{path}").status_code == 403, path
    assert desk.post("/send/first/ask").status_code == 303
    assert acts(workspace) == [("سلمى", "ask-approval", "1")]
    assert (sends(workspace), got(root)) == ([], Counter())
    assert "طلب سلمى الموافقة" in at_desk(workspace, name="ليلى").get("/send/first").text


def test_an_approval_is_asked_for_given_and_voided_by_one_letter(tmp_path: Path, clock: Clock) -> None:
    settings = TOPICS + '[desk]\napproval = true\nurl = "https://desk.example.org"\n'
    root = newsroom(tmp_path / "w", settings=settings)
    with open_newsroom(root, clock) as workspace:
        with workspace.database.write() as connection:
            approvals.note_editor(connection, "1", by="ليلى", now=NOW)
        writer, other = at_desk(workspace, name="ليلى"), at_desk(workspace, name="سلمى")
        page = writer.get("/send/first").text
        assert "لم يوافق عليها أحد بعد" in page
        assert "فليوافق عليها غيرك" in page
        assert re.search(r'form="going" disabled', page)
        assert writer.get("/send/first/confirm", params={"when": "now"}).status_code == 422
        mark = writer.get("/issue/first/plan").json()["fingerprint"]
        assert writer.post("/send/first/approve", data={"fingerprint": mark}).status_code == 422
        assert other.post("/send/first/approve", data={"fingerprint": "0" * 64}).status_code == 409
        assert other.post("/send/first/approve", data={"fingerprint": mark}).status_code == 303
        assert "وافق سلمى على هذه الرسالة بعينها" in writer.get("/send/first").text
        fields = confirmed(writer)
        path = root / "issues" / "first" / "issue.md"
        text = path.read_text("utf-8")
        path.write_text(text.replace("ستون قاربًا", "ستون قاربا"), "utf-8")
        assert "ثم تغيّرت، فسقطت الموافقة" in writer.get("/send/first").text
        assert writer.post("/send/first/start", data={**fields, "fingerprint": mark}).status_code == 409
        assert sends(workspace) == []
        path.write_text(text, "utf-8")
        assert writer.post("/send/first/start", data=confirmed(writer)).status_code == 303
        assert acts(workspace) == [("سلمى", "approve", "1"), ("ليلى", "schedule", "1")]


def test_paused_gone_on_cancelled_and_sent_to_the_others(
    workspace: Workspace, desk: DeskVisitor, clock: Clock, root: Path
) -> None:
    desk.post("/send/first/start", data=confirmed(desk))
    clock.forward(seconds=11)
    with workspace.database.write() as connection:
        ledger.start_due(connection, clock.now)
    assert "العدد 1 في طريقه" in desk.get("/send/first").text
    assert desk.post("/send/first/pause").status_code == 303
    deliver(workspace)
    assert "أُوقف بطلب من سلمى" in desk.get("/send/first").text
    assert got(root) == Counter()
    # One batch of two goes, the rest is cancelled.
    with workspace.database.write() as connection:
        first = connection.execute(text("SELECT min(id) FROM batch")).scalar_one()
        connection.execute(text("UPDATE batch SET state = 'submitted' WHERE id = :id"), {"id": first})
    sure = desk.get("/send/first/sure/cancel").text
    assert "وصلت إلى قارئين وتبقى عندهما" in sure
    assert "رسالتان تنتظران لن تُرسلا" in sure
    assert desk.post("/send/first/cancel").headers["location"] == "/send/first"
    page = desk.get("/send/first").text
    assert "أُلغي العدد 1" in page
    assert "/send/first?rest=1" in page
    told = desk.get("/send/first/confirm", params={"when": "now", "rest": "1"}).text
    assert "إلى قارئين، الآن" in told
    desk.post("/send/first/start", data=hidden(told))
    clock.forward(seconds=11)
    deliver(workspace)
    assert sum(got(root).values()) == 2
    assert [act for _, act, _ in acts(workspace)] == ["schedule", "pause", "cancel", "schedule"]


def test_the_unknown_are_shown_and_go_again_only_after_the_end(
    workspace: Workspace, desk: DeskVisitor, clock: Clock, root: Path
) -> None:
    desk.post("/send/first/start", data=confirmed(desk))
    clock.forward(seconds=11)
    with workspace.database.write() as connection:
        ledger.start_due(connection, clock.now)
        one, other = connection.execute(text("SELECT min(id), max(id) FROM delivery")).one()
        connection.execute(text("UPDATE delivery SET state = 'unknown' WHERE id = :id"), {"id": one})
        refused = "UPDATE delivery SET state = 'refused', reason = '550 no such user' WHERE id = :id"
        connection.execute(text(refused), {"id": other})
    page = desk.get("/send/first").text
    assert "رسالة لا نعرف مصيرها" in page
    assert 'aria-disabled="true">أعد إرسالها…' in page
    assert desk.post("/send/first/resend-unknown").status_code == 422
    assert "reader" in desk.get("/send/first/who/unknown").text
    assert "example.net" not in desk.get("/send/first/who/unknown").text
    deliver(workspace)
    assert sum(got(root).values()) == 2
    assert "أتعيد إرسال رسالة واحدة؟" in desk.get("/send/first/sure/resend-unknown").text
    assert desk.post("/send/first/resend-unknown").status_code == 303
    deliver(workspace)
    assert sum(got(root).values()) == 3
    assert "550 no such user" in desk.get("/send/first").text
    assert desk.post("/send/first/resend-refused").status_code == 303
    deliver(workspace)
    assert got(root) == Counter({f"reader{n}@example.net": 1 for n in range(4)})
    assert [act for _, act, _ in acts(workspace)] == ["schedule", "resend", "resend"]


def test_what_cannot_go_says_why(tmp_path: Path, clock: Clock) -> None:
    root = newsroom(tmp_path / "w", readers=0)
    with open_newsroom(root, clock) as workspace:
        desk = at_desk(workspace)
        page = desk.get("/send/first").text
        assert "لا قارئ يصله بعد" in page
        assert desk.get("/send/first/confirm", params={"when": "now"}).status_code == 422
        with workspace.database.write() as connection:
            subscribe(connection, workspace, "reader@example.net", NOW)
        path = root / "issues" / "first" / "issue.md"
        path.write_text(path.read_text("utf-8").replace("رصيف جديد ومكتبة لا تنام", ""), "utf-8")
        page = desk.get("/send/first").text
        assert re.search(r'form="going" disabled', page)
        assert "وجد الفحص أخطاء" in page
        answer = desk.get("/send/first/confirm", params={"when": "now"})
        assert (answer.status_code, "وجد الفحص أخطاء" in answer.text) == (422, True)
        for path_of in ("..", "%2e%2e", "no-such", "a b"):
            assert desk.get(f"/send/{path_of}/state").status_code in {404, 422}
        path.unlink()
        assert "لا عدد يُرسل بعد" in desk.get("/send").text


def test_two_subjects_are_told_before_they_are_tried(tmp_path: Path, clock: Clock) -> None:
    front = FRONT.replace(
        'subject = "رصيف جديد ومكتبة لا تنام"', 'subjects = ["رصيف جديد ومكتبة لا تنام", "سبعة أخبار من الساحل"]'
    )
    root = newsroom(tmp_path / "w", readers=30, settings=TOPICS + "[ab_test]\nleast = 3\n", front=front)
    with open_newsroom(root, clock) as workspace:
        desk = at_desk(workspace)
        page = desk.get("/send/first").text
        assert "سبعة أخبار من الساحل" in page
        assert "يذهب كل عنوان من هذه أولًا إلى" in page
        told = desk.get("/send/first/confirm", params={"when": "now"}).text
        assert "ويُجرَّب معه عنوان آخر" in told
        desk.post("/send/first/start", data=hidden(told))
        clock.forward(seconds=11)
        deliver(workspace)
        page = desk.get("/send/first").text
        assert "تُجرَّب عناوينه على بعض القراء" in page
        assert desk.post("/send/first/decide", data={"subject": ""}).status_code == 422
        assert desk.post("/send/first/decide", data={"subject": "2"}).status_code == 303
        deliver(workspace)
        subjects = Counter(one.subject for one in received(root))
        assert sum(subjects.values()) == 30
        assert subjects["سبعة أخبار من الساحل"] > subjects["رصيف جديد ومكتبة لا تنام"]
        assert [act for _, act, _ in acts(workspace)] == ["schedule", "decide"]


KILLED = """
import sys
from pathlib import Path
from newsletter.wiring import open_workspace
from newsletter.workflows.outgoing import DeliveryThread
import time

with open_workspace(Path(sys.argv[1]), {}) as workspace:
    thread = DeliveryThread(workspace, look_every=0.01)
    thread.start()
    print("began", flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_a_desk_that_is_killed_in_the_middle_loses_and_doubles_nobody(tmp_path: Path) -> None:
    readers = 60
    root = newsroom(tmp_path / "w", readers=readers)
    began = datetime.now(UTC)
    with open_newsroom(root, lambda: datetime.now(UTC)) as workspace:
        desk = at_desk(workspace)
        desk.post("/send/first/start", data=confirmed(desk))
        with workspace.database.write() as connection:
            (send,) = ledger.sends(connection)
            ledger.start_due(connection, began + timedelta(minutes=1))
        kills = 0
        while sends(workspace)[0].state == "running" and kills < 40:
            command = [sys.executable, "-c", KILLED, str(root)]
            with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == b"began\n"
                before, until = len(list((root / "outbox" / "new").glob("*"))), time.monotonic() + 120
                while len(list((root / "outbox" / "new").glob("*"))) < before + 7 and time.monotonic() < until:
                    if sends(workspace)[0].state != "running":
                        break
                    time.sleep(0.002)
                process.kill()
            kills += 1
        deliver(workspace)
        with workspace.database.read() as connection:
            account = ledger.account(connection, send.id)
    assert kills >= 2
    assert (account.submitted, account.unknown, account.open) == (readers, 0, 0)
    assert got(root) == Counter({f"reader{n}@example.net": 1 for n in range(readers)})


def test_where_a_worker_is_the_desk_leaves_the_letters_to_it(
    workspace: Workspace, desk: DeskVisitor, clock: Clock, root: Path
) -> None:
    from newsletter.ledger.cursors import ALIVE

    desk.post("/send/first/start", data=confirmed(desk))
    clock.forward(seconds=11)
    with workspace.database.write() as connection:
        ledger.set_cursor(connection, ALIVE, int(clock.now.timestamp()))
    thread = DeliveryThread(workspace, look_every=0.01)
    thread.start()
    time.sleep(0.3)
    assert got(root) == Counter()
    clock.forward(minutes=10)
    deliver_until = time.monotonic() + 120
    while sum(got(root).values()) < 4 and time.monotonic() < deliver_until:
        time.sleep(0.02)
    thread.stop()
    assert sum(got(root).values()) == 4


def test_nothing_is_written_by_looking(workspace: Workspace, desk: DeskVisitor) -> None:
    desk.post("/send/first/start", data=confirmed(desk))

    def everything() -> list[Any]:
        with workspace.database.read() as connection:
            names = ("send", "batch", "delivery", "activity", "approval", "issue", "letter")
            return [connection.execute(text(f"SELECT * FROM {name} ORDER BY 1")).all() for name in names]

    before = everything()
    for path in ("/send", "/send/first", "/send/first/state", "/issue/first/plan", "/send/first/sure/cancel"):
        for _ in range(3):
            assert desk.get(path).status_code in {200, 303}
    for state in ("submitted", "refused", "unknown", "queued"):
        assert desk.get(f"/send/first/who/{state}").status_code == 200
    assert everything() == before

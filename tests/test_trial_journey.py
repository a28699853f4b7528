"""An issue that tries its subjects, as an editor and a worker meet it: from issue.md to the last letter."""

from __future__ import annotations

import json
import random
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trial_kills
from command import Done, here
from conftest import MakeDatabase
from newsroom import START, Clock, open_newsroom, received
from settings_text import with_settings
from sqlalchemy import select, update
from test_json_form import wrong
from trial_kills import BEGIN, END, SUBJECTS, newsroom, write_issue

from newsletter import clicks, delivery, issues, ledger
from newsletter.errors import IssueError
from newsletter.ledger import trials
from newsletter.letters import click_links
from newsletter.storage.tables import batch
from newsletter.storage.tables import send as send_table
from newsletter.web import archive
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import deciding
from newsletter.workflows.status import findings_of, workspace_state
from newsletter.workflows.worker import Worker
from subscribers import actions, store
from subscribers.store.tables import subscriber, subscription

READERS, EACH = 24, 4


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return newsroom(tmp_path_factory.mktemp("made") / "w", readers=READERS, least=EACH)


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "w"))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return newsroom(tmp_path_factory.mktemp("large") / "w", readers=100, least=40)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(START)
    monkeypatch.setattr(Workspace, "now", lambda _: clock())
    return clock


def run(root: Path, *words: str, code: int = 0) -> Done:
    done = here("-C", root, *words)
    assert done.code == code, done
    return done


def settings(root: Path, before: str, after: str) -> None:
    path = root / "newsletter.toml"
    text = path.read_text("utf-8")
    if before.startswith("["):
        path.write_text(with_settings(text, after), "utf-8")
        return
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")


def got(root: Path) -> Counter[str]:
    """How many letters there are with each subject; nobody has two."""
    letters = received(root)
    assert max(Counter(one.to for one in letters).values(), default=1) == 1
    return Counter(one.subject for one in letters)


def the_trial(root: Path) -> trials.TrialResult:
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        (found,) = trials.of_issue(connection, "12")
    return found


# ---- three audiences of whom the truth is known


@pytest.mark.parametrize(
    ("left", "chosen", "verdict"),
    [((0.5, 0.02), 2, "better"), ((0.02, 0.5), 1, "better"), ((0.1, 0.1), 1, "no difference")],
    ids=["second", "first", "none"],
)
def test_the_subject_after_which_fewer_leave_goes_to_the_rest_by_itself(
    large: Path,
    tmp_path: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    left: tuple[float, float],
    chosen: int,
    verdict: str,
) -> None:
    """Each reader of the sample leaves with the chance of the subject they got.

    Chance alone would find a difference in one of twenty samples where there is none, so who is drawn is given.
    """
    monkeypatch.setattr(Workspace, "new_send_id", lambda _: "5eed" * 4)
    root = Path(shutil.copytree(large, tmp_path / "w"))
    run(root, "send", "12", "--yes")
    assert got(root) == {SUBJECTS[0]: 40, SUBJECTS[1]: 40}
    chances, random_ = dict(zip(SUBJECTS, left, strict=True)), random.Random(12)
    clock.forward(minutes=30)
    gone = []
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        for letter in sorted(received(root), key=lambda one: one.to):
            if random_.random() < chances[letter.subject]:
                actions.leave_address(connection, letter.to, now=clock())
                gone.append(letter.subject)
    clock.forward(minutes=95)
    told: list[str] = []
    with open_workspace(root, {}) as workspace:
        worker = Worker(workspace, tell=told.append)
        worker.once()
    result = the_trial(root)
    assert [one.counted for one in result.subjects] == [Counter(gone)[one] for one in SUBJECTS]
    assert (result.chosen, result.verdict, result.decided_by) == (chosen, verdict, "itself")
    assert any(f"«{SUBJECTS[chosen - 1]}» goes to the other 20 readers" in line for line in told)
    assert got(root)[SUBJECTS[chosen - 1]] == 60
    assert got(root).total() == 100


def test_the_subject_that_is_clicked_more_goes_where_clicks_are_counted(
    large: Path, tmp_path: Path, clock: Clock
) -> None:
    root = Path(shutil.copytree(large, tmp_path / "w"))
    path = root / "newsletter.toml"
    text = path.read_text("utf-8")
    head = "[tracking]\n"
    text = text if head in text else text + head
    path.write_text(text.replace(head, f'{head}clicks = "stories"\n'), "utf-8")
    url, uncounted = "https://almawja.example.org/1/", {f"reader{number}@example.net" for number in range(0, 100, 3)}
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        people = update(subscriber).where(subscriber.c.address.in_(uncounted))
        connection.execute(people.values(count_clicks=False))
    run(root, "send", "12", "--yes")
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        for number, people in ((1, 2), (2, 15)):
            name = clicks.name_of("12", "readers", number, url)
            # What programs ask for decides nothing.
            clicks.add(connection, {(name, int(clock().timestamp()) // 3600): (people, 40 if number == 1 else 0)})
    clock.forward(hours=2)
    done = run(root, "send", "12")
    assert f"«{SUBJECTS[1]}» goes to the other 20 readers: it is better" in done.err
    result = the_trial(root)
    assert (result.measure, result.chosen, result.verdict) == ("clicks", 2, "better")
    assert [one.counted for one in result.subjects] == [2, 15]
    assert got(root) == {SUBJECTS[0]: 40, SUBJECTS[1]: 60}
    # Who does not want to be counted has the plain link, everybody else that of their own subject.
    with open_workspace(root, {}) as workspace:
        keys = workspace.keys.tokens
    paths = [click_links.path(clicks.name_of("12", "readers", number, url), keys=keys) for number in (1, 2)]
    for letter in received(root):
        own = paths[SUBJECTS.index(letter.subject)]
        linked = [path for path in paths if path in letter.html]
        assert linked == ([] if letter.to in uncounted else [own])
        assert (url in letter.html) == (letter.to in uncounted)


@pytest.mark.parametrize("planned", [False, True], ids=["held", "planned"])
def test_who_says_no_while_a_letter_waits_has_plain_links(root: Path, clock: Clock, planned: bool) -> None:
    settings(root, "[tracking]\n", '[tracking]\nclicks = "stories"\n')
    settings(root, f"least = {EACH}", f"least = {EACH + 1}")
    run(root, "send", "12", "--yes", *(["--at", "2026-11-02 10:00"] if planned else []))
    before = {one.to for one in received(root)}
    assert len(before) == (0 if planned else 2 * (EACH + 1))
    no = sorted({f"reader{number}@example.net" for number in range(READERS)} - before)[:3]
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        people = update(subscriber).where(subscriber.c.address.in_(no))
        connection.execute(people.values(count_clicks=False))
    clock.forward(hours=2)
    run(root, "send", "12")
    clock.forward(hours=2)
    run(root, "send", "12")
    assert got(root).total() == READERS
    for letter in received(root):
        assert ("/go/" in letter.html) == (letter.to not in no)
        assert (click_links.NOTE in letter.html) == (letter.to not in no)
        assert ("https://almawja.example.org/1/" in letter.html) == (letter.to in no)


# ---- what an editor is told


def test_before_it_goes_the_subjects_their_readers_and_the_hour_are_told(root: Path, clock: Clock) -> None:
    dry = run(root, "send", "12", "--dry-run", "--json")
    lines = dry.err.splitlines()
    start = lines.index("A/B test: these subjects are tried on readers drawn at random:")
    assert lines[start + 1 : start + 4] == [
        f"  4 get «{SUBJECTS[0]}»",
        f"  4 get «{SUBJECTS[1]}»",
        "  2 h after the last of them the better one goes to the other 16, by itself; compared are readers who left or "
        "complained (fewer are better).",
    ]
    assert json.loads(dry.out)["trial"] == {
        "subjects": list(SUBJECTS),
        "readers_each": 4,
        "rest": 16,
        "wait_seconds": 7200,
        "decides": "itself",
        "measure": "losses",
    }
    assert run(root, "send", "12", code=5).err.count("A/B test") == 1
    assert not (root / "outbox" / "new").exists() or not got(root)
    done = run(root, "send", "12", "--yes")
    assert "8 submitted. 8 letters now" in done.err
    assert "Issue 12 tries its subjects: 16 of 24 readers wait for the decision at 2026-11-02 11:00 CET." in done.err
    listed = run(root, "sends", "list")
    assert "16 of 24 readers wait for the decision" in listed.err
    shown = run(root, "sends", "show", "12")
    assert f"  1 «{SUBJECTS[0]}»: 0 of 4 (0.00 %, 95 % interval 0.00 % to 49.0 %); the best with 50%" in shown.err
    assert "Not decided: 16 other readers wait until 2026-11-02 11:00 CET." in shown.err
    told = json.loads(run(root, "sends", "show", "12", "--json").out)
    assert (told["paused_by"], told["trial"]["rest"], told["trial"]["chosen"]) == ("trial", 16, None)
    status = run(root, "status")
    assert "Issue 12 tries its subjects on a part of its readers, and the others wait" in status.out
    # Nothing goes before its hour, whoever asks.
    clock.forward(minutes=119)
    assert "16 of 24 readers wait" in run(root, "send", "12").err
    assert "wait for the decision" in run(root, "sends", "resume", "12", code=1).err
    assert got(root).total() == 8


def test_where_clicks_are_counted_no_subject_goes_to_a_handful(root: Path, clock: Clock) -> None:
    settings(root, f"least = {EACH}", "least = 1")
    settings(root, "[tracking]\n", '[tracking]\nclicks = "stories"\n')
    assert json.loads(run(root, "send", "12", "--dry-run", "--json").out)["trial"]["readers_each"] == 5


def test_a_letter_without_counted_links_is_not_compared_by_clicks(root: Path, clock: Clock) -> None:
    settings(root, "[tracking]\n", '[tracking]\nclicks = "stories"\n')
    assert json.loads(run(root, "send", "12", "--dry-run", "--json").out)["trial"]["measure"] == "clicks"
    (path,) = root.glob("issues/*12-port/issue.md")
    path.write_text(path.read_text("utf-8").replace("[خبر الميناء](https://almawja.example.org/1/)", "خبر الميناء"))
    assert json.loads(run(root, "send", "12", "--dry-run", "--json").out)["trial"]["measure"] == "losses"


def test_too_few_readers_are_told_and_all_get_the_first_subject(root: Path, clock: Clock) -> None:
    settings(root, f"least = {EACH}", "least = 500")
    line = (
        f"A/B test: none, 24 readers are too few (1,001 readers at least): all get the first subject, «{SUBJECTS[0]}»."
    )
    dry = run(root, "send", "12", "--dry-run", "--json")
    assert line in dry.err.splitlines()
    assert json.loads(dry.out)["trial"]["readers_each"] == 0
    assert line in run(root, "send", "12", "--yes").err.splitlines()
    assert got(root) == {SUBJECTS[0]: 24}
    assert "tries no subjects" in run(root, "sends", "decide", "12", "--yes", code=1).err


def test_readers_who_left_before_the_freeze_may_be_too_many_for_a_trial(
    root: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from newsletter.workflows import plan as plans

    look_again = plans.look_again

    def while_it_is_asked(workspace: Workspace, *arguments: Any, **more: Any) -> Any:
        with workspace.database.write() as connection:
            for number in range(16):
                actions.leave_address(connection, f"reader{number}@example.net", now=clock())
        return look_again(workspace, *arguments, **more)

    monkeypatch.setattr(plans, "look_again", while_it_is_asked)
    done = run(root, "send", "12", "--yes")
    assert f"none after all, too few readers are left: all get the first subject, «{SUBJECTS[0]}»." in done.err
    assert got(root) == {SUBJECTS[0]: 8}


def test_an_editor_decides_where_the_settings_say_so(root: Path, clock: Clock) -> None:
    settings(root, f"least = {EACH}", f'least = {EACH}\ndecide = "ask"')
    run(root, "send", "12", "--yes")
    assert "wait for the decision at" in run(root, "send", "12").err
    clock.forward(hours=2)
    done = run(root, "send", "12", code=5)
    assert "Issue 12 waits for you: its subjects have been tried, and 16 of 24 readers wait for one." in done.err
    status = run(root, "status", code=1)
    assert "its other readers wait for you to choose one; newsletter sends decide " in status.out
    clock.forward(days=3)
    with open_workspace(root, {}) as workspace:
        Worker(workspace).once()
    assert got(root).total() == 8
    # Nobody is there to be asked.
    assert run(root, "sends", "decide", "12", code=2).err
    done = run(root, "sends", "decide", "12", "--yes", "--json")
    assert wrong(done) == []
    assert json.loads(done.out)["trial"]["chosen"] == 1
    assert "No difference can be told (95 %)." in done.err
    run(root, "send", "12")
    assert got(root) == {SUBJECTS[0]: 20, SUBJECTS[1]: 4}
    assert the_trial(root).decided_by == "editor"


def test_an_editor_decides_early_once_and_among_those_there_are(root: Path, clock: Clock) -> None:
    run(root, "send", "12", "--yes")
    assert "from 1 to 2" in run(root, "sends", "decide", "12", "--subject", "3", "--yes", code=2).err
    run(root, "sends", "decide", "12", "--subject", "2", "--yes")
    assert "was chosen already" in run(root, "sends", "decide", "12", "--subject", "1", "--yes", code=1).err
    run(root, "send", "12")
    assert got(root) == {SUBJECTS[0]: 4, SUBJECTS[1]: 20}
    assert json.loads(run(root, "sends", "show", "12", "--json").out)["subject"] == SUBJECTS[1]


def test_a_late_decision_is_told_where_nobody_makes_it(root: Path, clock: Clock) -> None:
    run(root, "send", "12", "--yes")
    clock.forward(hours=2, minutes=6)
    with open_workspace(root, {}) as workspace:
        (finding,) = [one for one in findings_of(workspace_state(workspace)) if one.kind.startswith("trial")]
    assert (finding.kind, finding.needs_person, finding.next) == ("trial-late", True, "newsletter worker --once")
    # Cron is enough: it decides, and delivers the rest.
    done = run(root, "schedule", "--run", "--json")
    assert "16 letters now, 0 still open" in done.err
    (told,) = json.loads(done.out)["trials"]
    assert (told["issue"], told["sent_now"], told["exit"]) == ("12", 16, 0)
    assert wrong(done) == []
    assert got(root) == {SUBJECTS[0]: 20, SUBJECTS[1]: 4}


def test_a_test_letter_comes_with_each_subject(root: Path, clock: Clock) -> None:
    done = run(root, "send", "12", "--test", "editor@example.org")
    assert done.err.count("One test letter with «") == 2
    assert sorted(one.subject.partition("] ")[2] for one in received(root)) == sorted(SUBJECTS)


# ---- beside everything else that becomes of a send


def test_pause_and_resume_keep_the_trial(root: Path, clock: Clock) -> None:
    run(root, "send", "12", "--yes")
    run(root, "sends", "pause", "12")
    clock.forward(hours=5)
    run(root, "send", "12", code=5)
    assert got(root).total() == 8
    run(root, "sends", "resume", "12")
    run(root, "send", "12")
    assert got(root) == {SUBJECTS[0]: 20, SUBJECTS[1]: 4}
    assert the_trial(root).decided_by == "itself"


def test_a_send_that_goes_on_too_early_waits_again(root: Path, clock: Clock) -> None:
    run(root, "send", "12", "--yes")
    run(root, "sends", "pause", "12")
    run(root, "sends", "resume", "12")
    clock.forward(minutes=30)
    assert "wait for the decision at 2026-11-02 11:00 CET" in run(root, "send", "12").err
    assert got(root).total() == 8


def test_a_decision_while_an_editor_has_paused_it_lets_it_rest(root: Path, clock: Clock) -> None:
    run(root, "send", "12", "--yes")
    run(root, "sends", "pause", "12")
    assert "The send is paused: by an editor." in run(root, "sends", "decide", "12", "--subject", "2", "--yes").err
    run(root, "send", "12", code=5)
    assert got(root).total() == 8
    run(root, "sends", "resume", "12")
    run(root, "send", "12")
    assert got(root) == {SUBJECTS[0]: 4, SUBJECTS[1]: 20}


def test_a_cancelled_trial_ends_and_its_rest_gets_the_first(root: Path, clock: Clock) -> None:
    run(root, "send", "12", "--yes")
    run(root, "sends", "cancel", "12", "--yes")
    assert "It was not decided: the send is cancelled." in run(root, "sends", "show", "12").err
    assert "is cancelled, and nothing more of it goes" in run(root, "sends", "decide", "12", "--yes", code=1).err
    assert "A/B test" not in run(root, "send", "12", "--rest", "--yes").err
    assert got(root) == {SUBJECTS[0]: 20, SUBJECTS[1]: 4}


def test_the_rest_of_a_decided_trial_gets_what_was_chosen(root: Path, clock: Clock) -> None:
    run(root, "send", "12", "--yes")
    run(root, "sends", "decide", "12", "--subject", "2", "--yes")
    run(root, "sends", "cancel", "12", "--yes")
    done = run(root, "send", "12", "--rest", "--yes")
    assert "A/B test" not in done.err
    assert got(root) == {SUBJECTS[0]: 4, SUBJECTS[1]: 20}


@pytest.mark.parametrize(
    ("later", "gets"),
    [(SUBJECTS[::-1], SUBJECTS[1]), (("عنوان جديد لهذا العدد", "عنوان آخر لهذا العدد"), "عنوان جديد لهذا العدد")],
    ids=["in another order", "others"],
)
def test_the_rest_gets_the_words_that_were_chosen_and_not_their_place(
    root: Path, clock: Clock, later: tuple[str, ...], gets: str
) -> None:
    write_issue(root, (*SUBJECTS, "ثالث العناوين في هذا العدد"))
    run(root, "send", "12", "--yes")
    run(root, "sends", "decide", "12", "--subject", "3" if gets not in SUBJECTS else "2", "--yes")
    run(root, "sends", "cancel", "12", "--yes")
    write_issue(root, later)
    run(root, "send", "12", "--rest", "--yes")
    assert got(root)[gets] == 12 + 4 * (gets in SUBJECTS)


def test_a_planned_trial_can_be_frozen_anew_and_begins_at_its_hour(root: Path, clock: Clock) -> None:
    run(root, "send", "12", "--yes", "--at", "2026-11-02 18:00")
    assert "has not begun to go" in run(root, "sends", "decide", "12", "--yes", code=1).err
    write_issue(root, ("ثالث العناوين", "رابع العناوين", "خامس العناوين"))
    run(root, "sends", "refreeze", "12", "--yes")
    clock.now = START.replace(hour=17, minute=1)
    run(root, "send", "12")
    assert got(root) == {"ثالث العناوين": 4, "رابع العناوين": 4, "خامس العناوين": 4}
    assert "stays as it was frozen" in run(root, "sends", "refreeze", "12", "--yes", code=1).err
    clock.forward(hours=2)
    run(root, "send", "12")
    assert got(root) == {"ثالث العناوين": 16, "رابع العناوين": 4, "خامس العناوين": 4}


def test_who_chose_topics_gets_their_letter_with_the_subject_that_was_chosen(root: Path, clock: Clock) -> None:
    settings(root, "[topics.readers]\n", '[topics.readers]\n1 = "رياضة"\n')
    path = write_issue(root, SUBJECTS)
    path.write_text(path.read_text("utf-8") + "\n## رياضة\n\n### خبر الملعب\nملخص قصير آخر.\n", "utf-8")
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        some = select(subscriber.c.id).where(subscriber.c.id % 3 == 0)
        connection.execute(update(subscription).where(subscription.c.subscriber_id.in_(some)).values(declined_topics=1))
        declined = set(connection.execute(select(subscriber.c.address).where(subscriber.c.id.in_(some))).scalars())
    run(root, "send", "12", "--yes")
    run(root, "sends", "decide", "12", "--subject", "2", "--yes")
    run(root, "send", "12")
    assert got(root) == {SUBJECTS[0]: 4, SUBJECTS[1]: 20}
    for letter in received(root):
        assert ("خبر الملعب" in letter.html) == (letter.to not in declined)


def test_the_archive_shows_the_first_subject_until_one_is_chosen(root: Path, clock: Clock) -> None:
    def shown() -> tuple[str, str]:
        with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
            (one,) = archive.sent(connection, ["readers"], limit=5)
            letter = json.loads(ledger.letter_of(connection, one.letter_id))
        return one.subject, letter["rendered"]["subject"]

    run(root, "send", "12", "--yes")
    before, letter = shown()
    assert (before, SUBJECTS[0] in letter.translate(_NO_MARKS)) == (SUBJECTS[0], True)
    run(root, "sends", "decide", "12", "--subject", "2", "--yes")
    run(root, "send", "12")
    after, letter = shown()
    assert (after, SUBJECTS[1] in letter.translate(_NO_MARKS)) == (SUBJECTS[1], True)
    # Each reader is shown the subject that they got.
    by_reader = {one.to: one.subject for one in received(root)}
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        from newsletter.ledger import letters_to

        for row in connection.execute(select(subscriber)).all():
            ((_, subject, _),) = letters_to(connection, row.id)
            assert subject == by_reader[row.address]


_NO_MARKS = dict.fromkeys(range(0x2066, 0x206A))


def test_what_may_have_gone_after_a_restore_is_held_no_more(root: Path, clock: Clock) -> None:
    from newsletter.ledger.restored import doubt_queued

    run(root, "send", "12", "--yes")
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        (send,) = ledger.sends(connection)
        assert doubt_queued(connection, send.id) == 16
        assert connection.execute(select(batch.c.id).where(batch.c.held == 1)).first() is None
        ledger.move(connection, send, "paused", reason="the database was restored")
        ledger.move(connection, send, "running")
    run(root, "send", "12", code=4)
    assert got(root).total() == 8
    told = run(root, "sends", "show", "12").err
    assert "No decision is known: the database was restored from before it. 16 other readers may have any" in told


def test_a_database_from_before_the_decision_decides_nothing_and_says_so(root: Path, clock: Clock) -> None:
    run(root, "send", "12", "--yes")
    before = {path: path.read_bytes() for path in root.glob("newsletter.db*")}
    run(root, "sends", "decide", "12", "--subject", "2", "--yes")
    run(root, "send", "12")
    for path in root.glob("newsletter.db*"):
        path.unlink()
    for path, data in before.items():
        path.write_bytes(data)
    clock.forward(hours=3)
    for words, code in ((("send", "12"), 5), (("sends", "resume", "12"), 5), (("schedule", "--run"), 1)):
        assert "the database is older than what was sent from here" in run(root, *words, code=code).err
    with open_workspace(root, {}) as workspace:
        Worker(workspace).once()
    assert got(root) == {SUBJECTS[0]: 4, SUBJECTS[1]: 20}
    # Letters that lie here are known to have gone, and nobody gets another one.
    run(root, "database", "adopt", "--yes")
    run(root, "send", "12")
    assert got(root) == {SUBJECTS[0]: 4, SUBJECTS[1]: 20}


def test_a_warm_up_ends_the_day_before_the_trial_does(root: Path, clock: Clock) -> None:
    from dataclasses import replace

    run(root, "send", "12", "--yes", "--at", "2026-11-02 09:30")
    clock.forward(hours=1)
    states = []
    with open_workspace(root, {}) as workspace:
        with workspace.database.write() as connection:
            ledger.start_due(connection, clock())
        for _ in range(4):
            with workspace.database.read() as connection:
                (send,) = ledger.sends(connection)
            setup = replace(workspace.setup_of(send), warm_up=5, first_batch=2)
            delivery.run(setup, send, lambda _state, _count: None)
            with workspace.database.read() as connection:
                (send,) = ledger.sends(connection)
            states.append((send.paused_by, got(root).total()))
            clock.forward(days=1)
            deciding.decide_due(workspace)
    # 5 on the first day, the other 3 of the sample on the second; then 20 more may go, of which 16 are left.
    assert states == [("warm-up", 5), ("trial", 8), ("", 24), ("", 24)]


def test_cron_goes_on_with_a_rest_that_a_warm_up_has_paused(root: Path, clock: Clock) -> None:
    run(root, "send", "12", "--yes")
    run(root, "sends", "decide", "12", "--yes")
    settings(root, "[sender]\n", "[sender]\nwarm_up = 5\n")
    words = run(root, "schedule", "--run").err
    assert "issue 12: 5 letters now, 11 still open; warm-up: 5 letters went today" in words
    clock.forward(hours=1)
    run(root, "schedule", "--run")
    assert got(root).total() == 13
    clock.forward(days=1)
    run(root, "schedule", "--run")
    clock.forward(days=1)
    run(root, "schedule", "--run")
    assert got(root).total() == READERS


def test_cron_says_each_time_that_a_provider_keeps_a_rest(root: Path, clock: Clock) -> None:
    run(root, "send", "12", "--yes")
    run(root, "sends", "decide", "12", "--yes")
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        (send,) = ledger.sends(connection)
        assert ledger.stop(connection, send.id, "the account is suspended")
    assert "the account is suspended" in run(root, "schedule", "--run", code=1).err
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        connection.execute(update(send_table).values(probe_at=1.0))
    run(root, "schedule", "--run")
    assert got(root).total() == READERS


def test_the_next_week_goes_on_with_what_was_decided(root: Path, clock: Clock) -> None:
    from newsletter.workflows import weekly

    run(root, "send", "12", "--yes")
    with open_newsroom(root, clock) as workspace:
        assert weekly.prepare(workspace).went == "12"
        clock.forward(hours=2)
        week = weekly.prepare(workspace)
    assert week.plan is not None
    assert week.plan.earlier is not None
    assert week.plan.earlier.state == "running"


def test_another_list_has_a_trial_of_its_own(root: Path, clock: Clock) -> None:
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        other = store.add_list(connection, "city", "المدينة", now=START)
        for number in range(30):
            actions.add_subscriber(
                connection, f"city{number}@example.net", other.name, now=START, keys=workspace.keys.suppression
            )
    run(root, "send", "12", "--yes")
    run(root, "send", "12", "--yes", "--list", "city")
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        assert [one.rest for one in trials.of_issue(connection, "12")] == [16, 22]
    clock.forward(hours=2)
    with open_workspace(root, {}) as workspace:
        Worker(workspace).once()
    assert got(root).total() == 54


# ---- kills, and many at once


@pytest.fixture(params=["sqlite", "postgresql"])
def struck(request: pytest.FixtureRequest, made: Path, ready_urls: MakeDatabase) -> Iterator[tuple[Path, object]]:
    """The workspace, and how it is copied: the readers of one on PostgreSQL are written into a database of its own."""

    def copy(made: Path, root: Path) -> None:
        shutil.copytree(made, root)
        if request.param == "postgresql":
            settings(root, "[database]\n", f'[database]\nurl = "{ready_urls("postgresql")}"\n')
            with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
                store.add_list(connection, "readers", "الموجة", now=START)
                for number in range(READERS):
                    actions.add_subscriber(
                        connection, f"reader{number}@example.net", "readers", now=START, keys=workspace.keys.suppression
                    )

    return made, copy


# The freeze, a letter of the sample, the pause, the decision and right after it; at every step: tests/trial_kills.py.
@pytest.mark.parametrize(
    ("struck", "part", "step"),
    [
        *(("sqlite", *one) for one in ((BEGIN, 1), (BEGIN, 20), (BEGIN, 46), (END, 1), (END, 2))),
        *(("postgresql", *one) for one in ((BEGIN, 46), (END, 1))),
    ],
    indirect=["struck"],
)
def test_killed_anywhere_everybody_has_one_letter(
    struck: tuple[Path, object], tmp_path: Path, part: str, step: int
) -> None:
    made, copy = struck
    died, steps = trial_kills.strike(made, tmp_path / "w", part, step, copy)  # type: ignore[arg-type]
    assert died, f"it has {steps} steps only"
    assert trial_kills.faults(tmp_path / "w", readers=READERS, each=EACH) == []


def test_of_many_who_decide_at_once_one_does(
    struck: tuple[Path, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, copy = struck
    copy(made, tmp_path / "w")  # type: ignore[operator]
    assert trial_kills.run(tmp_path / "w", BEGIN)[0] == 0
    later = START + timedelta(hours=3)
    monkeypatch.setattr(Workspace, "now", lambda _: later)
    start, decided = threading.Barrier(4), []

    def decide(number: int) -> None:
        with open_workspace(tmp_path / "w", {}) as workspace:
            with workspace.database.read() as connection:
                (send,) = ledger.sends(connection)
            start.wait()
            if number % 2:
                decided.extend((one.send_id, 1) for one in deciding.decide_due(workspace))
            elif deciding.decide(workspace, send, 2) is not None:
                decided.append((send.id, 2))

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    ((_, chosen),) = decided
    assert the_trial(tmp_path / "w").chosen == chosen
    run(tmp_path / "w", "send", "12")
    assert got(tmp_path / "w")[SUBJECTS[chosen - 1]] == 20
    assert got(tmp_path / "w").total() == 24


# ---- issue.md


@pytest.mark.parametrize(
    ("front", "words"),
    [
        ('subject = "أ"\nsubjects = ["ب", "ت"]', r"subject and subjects stand together \(lines 3 and 4\)"),
        ('subjects = ["أ"]', "subjects has 1, but two, three or four are tried"),
        ('subjects = ["1", "2", "3", "4", "5"]', "subjects has 5"),
        ('subjects = ["ميناء جديد", "مِيناء جديد"]', "says the same twice"),
        ('subjects = ["أ", ""]', "something else than texts of one line"),
        (r'subjects = ["أ", "ب\r\nBcc: a@example.net"]', "something else than texts of one line"),
        (r'subjects = ["أ", "ب\u2028ت"]', "something else than texts of one line"),
        ('subjects = ["أ", 5]', "something else than texts of one line"),
        ('subjects = "أ، ب"', r'a list such as \["…", "…"\] is wanted'),
    ],
)
def test_subjects_that_cannot_be_tried_are_refused(tmp_path: Path, front: str, words: str) -> None:
    path = tmp_path / "issue.md"
    path.write_text(f"+++\nnumber = 12\n{front}\n+++\n\nنص.\n", "utf-8")
    with pytest.raises(IssueError, match=words):
        issues.read(path)


def test_subjects_are_written_as_they_are_read(root: Path) -> None:
    from newsletter.issues.writing import to_text

    issue = issues.find(root, "12")
    assert (issue.subject, issue.subjects) == (SUBJECTS[0], SUBJECTS)
    again = root / "issues" / "again.md"
    again.write_text(to_text(issue), "utf-8")
    assert issues.read(again).subjects == SUBJECTS


def test_every_subject_is_checked(root: Path, clock: Clock) -> None:
    path = write_issue(root, (SUBJECTS[0], "عنوان " * 30))
    done = run(root, "check", "12")
    (line,) = [one for one in (done.out + done.err).splitlines() if "subject-long" in one]
    assert f"{path}:3" in line
    assert "عنوان عنوان" in line

"""The week in one go: each story in one issue, one issue a week, and no letter twice whatever happens in between."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import subprocess
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import weekly_kills
from command import command, complains, environment, here
from newsroom import START, Clock, Post, WordPress, given, make, open_newsroom, posts, received, subscribe
from sqlalchemy import event

from newsletter import delivery, ledger
from newsletter.errors import IssueError, SourceError
from newsletter.issues import Manuscript
from newsletter.issues import candidates as comments
from newsletter.wiring import Workspace
from newsletter.workflows import draft as drafts
from newsletter.workflows import plan, weekly
from newsletter.workflows.collect import gather
from newsletter.workflows.snapshot import Snapshot
from newsletter.workflows.weekly import WeekOutcome
from subscribers.errors import UnknownList

pytestmark = pytest.mark.slow

THURSDAY = timedelta(days=3, hours=5)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made") / "w")


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "w"))


@pytest.fixture
def clock() -> Clock:
    return Clock(START + THURSDAY)


@pytest.fixture
def site(clock: Clock) -> WordPress:
    return WordPress(posts(40, 21), clock)


def run(root: Path, clock: Clock, site: WordPress, **options: str) -> WeekOutcome:
    with open_newsroom(root, clock, site) as workspace:
        return weekly.run(workspace, **options)  # type: ignore[arg-type]


def everybody(count: int, readers: int = 3) -> dict[str, Counter[int]]:
    return {f"reader{number}@example.net": Counter(range(1, count + 1)) for number in range(readers)}


@pytest.mark.slow
def test_three_weeks_of_a_wordpress(root: Path, clock: Clock, site: WordPress) -> None:
    carried: list[int] = []
    for number in (1, 2, 3, 4):
        outcome = run(root, clock, site)
        assert outcome.send is not None
        assert (outcome.send.issue, outcome.sent_now) == (str(number), 3)
        assert outcome.week.plan is not None
        carried.append(len(outcome.week.plan.issue.stories))
        assert run(root, clock, site).sent_now == 0
        clock.forward(days=1, hours=5)
        again = run(root, clock, site)
        assert (again.week.went, again.sent_now, again.send) == (str(number), 0, None)
        clock.forward(days=6, hours=-5)
    assert carried == [7, 13, 13, 7]
    assert given(root) == everybody(40)
    # A week without posts: nothing is sent, and nothing is left behind.
    quiet = run(root, clock, site)
    assert (quiet.week.plan, quiet.week.went, quiet.sent_now) == (None, "", 0)
    assert given(root) == everybody(40)
    assert len(list((root / "issues").iterdir())) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kill_at", "name"),
    [
        (1, "before the articles are in the library"),
        (2, "before the draft has its file"),
        (3, "before the send is frozen"),
        (6, "before the first letter"),
        (8, "before the first batch is written down"),
        (10, "before the last letter"),
        (12, "before the send is closed"),
    ],
)
def test_wherever_it_dies_the_next_run_completes_it(root: Path, kill_at: int, name: str) -> None:
    code, steps = weekly_kills.steps(root, START + THURSDAY, kill_at=kill_at)
    assert (code, len(steps)) == (-9, kill_at), name
    code, _ = weekly_kills.steps(root, START + THURSDAY + timedelta(hours=1))
    assert code == 0
    assert given(root) == everybody(7)
    assert len(list((root / "issues").iterdir())) == 1
    assert list((root / "outbox" / "tmp").iterdir()) == []


def test_what_stopped_last_week_comes_first_and_then_this_week(root: Path, clock: Clock, site: WordPress) -> None:
    with open_newsroom(root, clock, site) as workspace:
        week = weekly.prepare(workspace)
        assert weekly.freeze_week(workspace, week) is not None
    clock.forward(days=7)
    outcome = run(root, clock, site)
    assert (outcome.week.overdue, outcome.send is not None and outcome.send.issue) == (False, "2")
    assert given(root) == everybody(20)


def test_two_runs_at_once_freeze_one_issue(root: Path, clock: Clock, site: WordPress) -> None:
    with open_newsroom(root, clock, site) as first, open_newsroom(root, clock, site) as second:
        theirs, ours = weekly.prepare(first), weekly.prepare(second)
        # The other run had its own draft in the end: two drafts, one week.
        assert theirs.plan is not None
        assert ours.plan is not None
        drafts.write(second, [1], list_name="readers", slug="other")
        other = plan.make(second, drafts.current(second, "readers"), list_name="", rhythm="weekly")  # type: ignore[arg-type]
        assert other.issue.number == 2
        assert weekly.freeze_week(first, theirs) is not None
        assert weekly.freeze_week(second, weekly.WeekPlan(ours.period, "readers", plan=other)) is None
        with first.database.read() as connection:
            assert [send.issue for send in ledger.sends(connection)] == ["1"]


def test_an_issue_sent_by_hand_is_the_issue_of_its_week(root: Path, clock: Clock, site: WordPress) -> None:
    with open_newsroom(root, clock, site) as workspace:
        gather(workspace)
        issue = drafts.write(workspace, [3], list_name="readers")
        plan.freeze_plan(workspace, plan.make(workspace, issue, list_name="", rhythm="weekly"))
        # Two by hand in one week are the editor's own will.
        special = drafts.write(workspace, [5], list_name="readers")
        plan.freeze_plan(workspace, plan.make(workspace, special, list_name="", rhythm="weekly"))
    # What was frozen goes on; whether the week's own goes too is for the editor to say.
    outcome = run(root, clock, site)
    assert (outcome.send, outcome.week.went, outcome.week.special) == (None, "1", True)
    assert given(root) == {f"reader{n}@example.net": Counter([3, 5]) for n in range(3)}


def test_a_clock_set_back_sends_nothing_twice(root: Path, clock: Clock, site: WordPress) -> None:
    run(root, clock, site)
    clock.forward(days=7)
    run(root, clock, site)
    for back in (timedelta(days=7), timedelta(days=1), timedelta(hours=1)):
        clock.now -= back
        assert run(root, clock, site).sent_now == 0
        clock.now += back
    assert given(root) == everybody(20)


@pytest.mark.slow
def test_a_site_that_is_down_does_not_stop_the_week(root: Path, clock: Clock, site: WordPress) -> None:
    with open_newsroom(root, clock, site) as workspace:
        gather(workspace)
    site.down = True
    outcome = run(root, clock, site)
    assert outcome.sent_now == 3
    (trouble,) = outcome.week.gathered.troubles
    assert isinstance(trouble, SourceError)
    assert "503" in str(trouble)


def test_rhythm_all_reaches_everybody_once(root: Path, clock: Clock, site: WordPress) -> None:
    with open_newsroom(root, clock) as workspace, workspace.database.write() as connection:
        subscribe(connection, workspace, "daily@example.net", START, "daily")
    assert run(root, clock, site).sent_now == 3
    clock.forward(days=7)
    outcome = run(root, clock, site, rhythm="all")
    assert outcome.sent_now == 4
    assert outcome.week.plan is not None
    assert outcome.week.plan.by_rhythm == {"instant": 0, "daily": 1, "weekly": 3}
    assert given(root)["daily@example.net"] == Counter(range(8, 21))


def test_rules_of_the_settings(tmp_path: Path, clock: Clock) -> None:
    root = make(tmp_path / "w", settings='[compose]\nmost = 4\nper_section = 2\nexclude = ["إعلان", "رأي"]\ndays = 2\n')
    day = timedelta(days=1)
    published = [
        Post(1, clock.now - 3 * day),  # too old
        Post(2, clock.now - day, tags=("إعلان",)),
        Post(3, clock.now - day, "رأي"),
        *(Post(number, clock.now - day + timedelta(minutes=number)) for number in (4, 5, 6)),
        Post(7, clock.now - 1.5 * day, "رياضة", sticky=True),
        Post(8, clock.now - 1.6 * day, "رياضة"),
    ]
    outcome = run(root, clock, WordPress(published, clock))
    assert outcome.week.plan is not None
    # The sticky one leads; of each section two; newest first.
    assert [story.url.rpartition("/")[0][-1] for story in outcome.week.plan.issue.stories] == ["7", "8", "6", "5"]
    assert outcome.week.candidates == 1  # number 4; what is kept out altogether is no candidate either
    assert given(root)["reader0@example.net"] == Counter([5, 6, 7, 8])


# The draft that grows


def grown(root: Path) -> Manuscript:
    (path,) = (root / "issues").glob("*/issue.md")
    return Manuscript.read(path)


def candidates(manuscript: Manuscript) -> list[str]:
    found = comments.candidates(manuscript)
    return [story.url.rstrip("/").rpartition("/")[2] for story in found.stories] if found else []


def test_a_draft_grows_and_its_editor_chooses(root: Path, clock: Clock, site: WordPress) -> None:
    clock.now = START + timedelta(days=1)
    with open_newsroom(root, clock, site) as workspace:
        gather(workspace)
        # The newest post was collected first: number 1 is article 2.
        issue = drafts.write(workspace, [2], list_name="readers", rules=drafts.rules_of(workspace))
        assert candidates(grown(root)) == ["2"]
        before = grown(root)
        text = before.text.replace("\n\n<!-- candidates", "\r\n\r\nكلمة المحرّر  \n\n<!-- candidates")
        Path(issue.path).write_bytes(text.encode())
        clock.forward(days=2)
        gather(workspace)
        after = grown(root)
        assert candidates(after) == ["6", "5", "4", "3", "2"]
        kept = text[: text.index("<!-- candidates")]
        assert after.text.startswith(kept)
        # What the editor deletes does not come back, what they choose is no candidate any more.
        chosen = next(part for part in after.text.split("\n\n") if part.startswith("### ") and "/3/)" in part)
        Path(issue.path).write_bytes(f"{kept}{chosen}\n\n<!-- candidates 6\n-->\n".encode())
        clock.forward(days=1)
        gather(workspace)
        assert candidates(grown(root)) == ["8", "7"]
        outcome = weekly.run(workspace)
    assert outcome.week.candidates == 2
    assert given(root)["reader0@example.net"] == Counter([1, 3])
    # What nobody chose is there next week.
    clock.forward(days=7)
    run(root, clock, site)
    assert given(root)["reader0@example.net"] == Counter(range(1, 22))


def test_a_draft_that_nobody_touched_goes_as_it_grew(root: Path, clock: Clock, site: WordPress) -> None:
    clock.now = START + timedelta(days=1)
    with open_newsroom(root, clock, site) as workspace:
        issue = drafts.write(workspace, list_name="readers", rules=drafts.rules_of(workspace), empty=True)
        assert (issue.stories, issue.subject) == ((), "الموجة")
        clock.forward(days=2, hours=5)
        gather(workspace)
        assert candidates(grown(root)) == ["7", "6", "5", "4", "3", "2", "1"]
        outcome = weekly.run(workspace)
    assert outcome.sent_now == 3
    assert given(root) == everybody(7)
    subjects = {letter.subject for letter in received(root)}
    assert subjects == {"الموجة: خبر المدينة رقم 7"}


def test_a_broken_draft_does_not_stop_collecting(root: Path, clock: Clock, site: WordPress) -> None:
    with open_newsroom(root, clock, site) as workspace:
        issue = drafts.write(workspace, list_name="readers", rules=drafts.rules_of(workspace), empty=True)
        path = Path(issue.path)
        path.write_text(path.read_text("utf-8") + "\n<!-- لم ينته\n", "utf-8")
        gathered = gather(workspace)
        assert len(gathered.added) == 7
        (trouble,) = gathered.troubles
        assert "has no end" in str(trouble)
        assert f"{path}:" in str(trouble)


def test_candidates_can_be_switched_off(tmp_path: Path, clock: Clock, site: WordPress) -> None:
    root = make(tmp_path / "w", settings="[compose]\ncandidates = false\n")
    with open_newsroom(root, clock, site) as workspace:
        gather(workspace)
        issue = drafts.write(workspace, [1], list_name="readers")
        before = Path(issue.path).read_bytes()
        clock.forward(days=1)
        assert gather(workspace).added
        assert Path(issue.path).read_bytes() == before


# The command


@pytest.fixture
def files(root: Path) -> Path:
    """The workspace without its site: articles come from files, since a command of its own knows no fake."""
    text = (root / "newsletter.toml").read_text("utf-8")
    (root / "newsletter.toml").write_text(text.replace('sources = ["https', '# sources = ["https'), "utf-8")
    for number in (1, 2):
        (root / f"{number}.txt").write_text(f"خبر رقم {number}\n\nنص الخبر رقم {number} من أوله إلى آخره.\n", "utf-8")
    return root


@pytest.mark.slow
def test_the_command_from_files_to_the_report(files: Path) -> None:
    done = here("-C", files, "weekly", "--yes")
    assert done.code == 5
    assert done.err.startswith("Nothing new for this week")
    assert 'No source is named. Name your site once, [collect] sources = ["https://almawja.example.org"]' in done.err
    assert json.loads(here("-C", files, "weekly", "--yes", "--json").out)["exit"] == 5
    draft = here("-C", files, "weekly", files / "1.txt", files / "2.txt", "--draft", "--json")
    assert draft.code == 0, draft
    told = json.loads(draft.out)
    assert (told["state"], told["stories"], told["audience"]) == ("draft", 2, 3)
    assert all(Path(one).is_file() for one in (told["path"], *told["preview"]))
    assert not (files / "outbox").exists()

    assert here("-C", files, "weekly").code == 5
    sent = here("-C", files, "weekly", "--yes", "--test", "me@example.org", "--json")
    assert sent.code == 0, sent
    told = json.loads(sent.out)
    assert (told["state"], told["issue"], told["sent_now"], told["submitted"]) == ("finished", 1, 3, 3)
    assert told["by_rhythm"] == {"weekly": 3}
    assert Counter(letter.to for letter in received(files))["me@example.org"] == 1
    again = json.loads(here("-C", files, "weekly", "--yes", "--json").out)
    assert (again["state"], again["issue"], again["sent_now"]) == ("already", 1, 0)
    for key in ("send", "path", "subject", "stories", "sections", "audience"):
        assert again[key] == told[key], key
    assert again["send"]
    report = json.loads(here("-C", files, "report", "--json").out)["reports"][0]
    assert (report["issue"], report["total"]["submitted"], report["by_rhythm"]["weekly"]["submitted"]) == ("1", 3, 3)
    assert len(received(files)) == 4


@pytest.mark.slow
def test_a_planned_week_is_named_for_programs(files: Path) -> None:
    """Which issue it is, where it lies and by which send it goes, also when this run had nothing to do with it."""
    assert here("-C", files, "weekly", files / "1.txt", files / "2.txt", "--draft").code == 0
    assert here("-C", files, "send", "1", "--yes", "--at", "2099-01-01 10:00", "--json").code == 0
    told = json.loads(here("-C", files, "weekly", "--yes", "--json").out)
    (listed,) = json.loads(here("-C", files, "sends", "list", "--json").out)["sends"]
    assert (told["state"], told["issue"], told["send"]) == ("scheduled", 1, listed["send"])
    assert (told["subject"], told["audience"]) == (listed["subject"], 3)
    assert Path(told["path"]).is_file()
    shutil.rmtree(Path(told["path"]).parent)
    told = json.loads(here("-C", files, "weekly", "--yes", "--json").out)
    assert (told["path"], told["subject"]) == (None, listed["subject"])


@pytest.mark.slow
def test_every_prompt_answered_wrongly_once(files: Path) -> None:
    here("-C", files, "collect", files / "1.txt")
    for answer, code in ((b"yes\n", 1), (b"\n", 1), ("١\n".encode(), 0)):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            command("-C", files, "weekly"),
            env=environment(),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        threading.Timer(0.1, os.write, (ours, answer)).start()
        _, err = process.communicate(timeout=60)
        os.close(theirs)
        os.close(ours)
        assert process.returncode == code, err.decode()
        assert b"Type 1 to send it" in err
        if code:
            assert "Nothing sent. The draft stays" in err.decode()
            assert not (files / "outbox").exists()
    assert len(received(files)) == 3


def test_what_the_check_finds_keeps_it_from_going(files: Path) -> None:
    path = Path(here("-C", files, "weekly", files / "1.txt", "--draft").out.strip())
    path.write_text(path.read_text("utf-8") + "\n\nاكتب العنوان هنا\n", "utf-8")
    done = here("-C", files, "weekly", "--yes")
    assert (done.code, "placeholder-text" in done.err) == (3, True), done
    assert not (files / "outbox").exists()


def test_without_readers_nothing_is_frozen(tmp_path: Path) -> None:
    root = make(tmp_path / "w", readers=0)
    (tmp_path / "1.txt").write_text("خبر\n\nنص الخبر من أوله إلى آخره.\n", "utf-8")
    done = here("-C", root, "weekly", tmp_path / "1.txt", "--yes")
    assert done.code == 0
    assert "newsletter subscribers import" in done.err
    complains(here("-C", root, "report"), "nothing was sent yet", "newsletter weekly")
    complains(here("-C", root, "weekly", "--list", "raeders", "--yes"), "raeders", "did you mean 'readers'?")


def test_compose_by_hand(files: Path) -> None:
    here("-C", files, "collect", files / "1.txt", files / "2.txt")
    complains(here("-C", files, "compose", "--ids", "1,x"), "--ids takes numbers", code=2, lines=4)
    complains(here("-C", files, "compose", "--refresh", "--latest", "1"), "--refresh goes with", code=2, lines=4)
    draft = here("-C", files, "compose", "--refresh")
    assert "2 candidates, 2 new ones" in draft.err, draft
    path = Path(draft.out.strip())
    assert here("-C", files, "compose", "--refresh").out.strip() == str(path)
    done = here("-C", files, "compose", "--ids", "2", "--slug", "mine")
    assert "Issue 2 with 1 story." in done.err
    assert "خبر رقم 2" in (files / "issues" / "mine" / "issue.md").read_text("utf-8")


def test_articles_help_to_choose(files: Path) -> None:
    (files / "3.txt").write_text((files / "1.txt").read_text("utf-8"), "utf-8")
    long = "خبر طويل\n\n" + " ".join(f"كلمة{number}" for number in range(450)) + ".\n"
    (files / "4.txt").write_text(long, "utf-8")
    (files / "5.txt").write_text(long.replace("خبر طويل", "الخبر الطويل نفسه") + "\nوزيادة.\n", "utf-8")
    here("-C", files, "collect", *(files / f"{number}.txt" for number in (1, 2, 3, 4, 5)))
    listed = {one["id"]: one for one in json.loads(here("-C", files, "articles", "--json").out)["articles"]}
    assert len(listed) == 4  # the same text is the same article
    assert (listed[3]["minutes"], listed[3]["words"], listed[3]["age_hours"]) == (3, 450, 0)
    assert {one["repeats"] for one in listed.values()} == {None, 3}
    assert listed[4]["repeats"] == 3
    assert "= 3" in here("-C", files, "articles").out
    assert here("-C", files, "articles", "--section", "رياضة").err == "Nothing like that.\n"


# One snapshot


class Counted:
    """How often each issue.md is read, and each question about sends is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reads: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        opened = io.open

        def counting(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
            if isinstance(file, str | Path) and Path(file).name == "issue.md" and "r" in mode:
                self.reads[Path(file).parent.name] += 1
            return opened(file, mode, *arguments, **options)

        # What pathlib calls for every way of reading.
        monkeypatch.setattr(io, "open", counting)

    def watch(self, workspace: Workspace) -> None:
        @event.listens_for(workspace.database.engine, "before_cursor_execute")
        def _(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            # What is made into ``Send`` values, and nothing that only joins the table.
            if "send.public_id" in (head := statement.partition("FROM")[0]) and "issue." in head:
                self.asked[" ".join(statement.partition("WHERE")[2].split())] += 1


def test_a_week_reads_each_issue_once_and_asks_for_the_sends_once(
    root: Path, clock: Clock, site: WordPress, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 11):
        Path(root / "issues" / f"{number:03d}").mkdir(parents=True)
        text = f'+++\nnumber = {number}\nsubject = "عدد"\nlist = "readers"\n+++\n\nكلمة.\n'
        Path(root / "issues" / f"{number:03d}" / "issue.md").write_text(text, "utf-8")
        with open_newsroom(root, clock) as workspace, workspace.database.write() as connection:
            send = ledger.write_send(
                connection,
                [ledger.Mailing("", delivery.audience(1, "weekly", START), skipped="sent by hand")],
                key=str(number),
                list_id=1,
                rhythm="weekly",
                subject="عدد",
                batch_size=10,
                now=START,
            )
            ledger.finish(connection, send.id, now=START)
    counted = Counted(monkeypatch)
    with open_newsroom(root, clock, site) as workspace:
        counted.watch(workspace)
        outcome = weekly.run(workspace)
    assert outcome.send is not None
    assert (outcome.send.issue, outcome.week.composed, outcome.sent_now) == ("11", True, 3)
    (new,) = (folder.name for folder in (root / "issues").iterdir() if folder.name.startswith("011"))
    # The new one too: once, after it was written.
    assert counted.reads == {**{f"{number:03d}": 1 for number in range(1, 11)}, new: 1}
    # Beside the snapshot: what stopped in the middle, before the site is asked; and of this issue alone, as it is
    # frozen, since another run may have been quicker.
    snapshot = 'issue."key" NOT LIKE ? ORDER BY send.id'
    unfinished = (
        "(send.state = ? OR send.state = ? AND send.paused_by IN (?, ?)) AND send.list_id = ? AND send.rhythm IN (?, ?)"
        " ORDER BY send.id"
    )
    # Twice by its id: whether its provider has stopped it, before its letters go and after.
    by_id = "send.id = ? ORDER BY send.id"
    assert counted.asked == {snapshot: 1, unfinished: 1, 'issue."key" = ? ORDER BY send.id': 1, by_id: 2}


def test_a_draft_that_grows_is_read_again_only_before_it_is_written(
    root: Path, clock: Clock, site: WordPress, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_newsroom(root, clock) as workspace:
        issue = drafts.write(workspace, list_name="readers", empty=True)
    counted = Counted(monkeypatch)
    with open_newsroom(root, clock, site) as workspace:
        week = weekly.prepare(workspace)
    assert week.plan is not None
    assert (week.plan.issue.number, len(week.plan.issue.stories), week.candidates) == (1, 7, 0)
    # Once for the snapshot, and once before each of two changes, so that none is written over an editor's own.
    assert counted.reads == {issue.slug: 3}


def test_a_draft_that_an_editor_saves_while_the_site_answers_goes_as_it_was_saved(
    root: Path, clock: Clock, site: WordPress, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_newsroom(root, clock, site) as workspace:
        gather(workspace)
        issue = drafts.write(workspace, [3], list_name="readers")
    get = site.get

    def edited(*arguments: Any, **options: Any) -> Any:
        path = Path(issue.path)
        path.write_text(path.read_text("utf-8").replace(issue.subject, "كلمة المحرر"), "utf-8")
        return get(*arguments, **options)

    monkeypatch.setattr(site, "get", edited)
    outcome = run(root, clock, site)
    assert outcome.send is not None
    assert (outcome.send.issue, outcome.send.subject) == ("1", "كلمة المحرر")


def test_a_snapshot_renewed_for_what_changed(root: Path, clock: Clock, site: WordPress) -> None:
    with open_newsroom(root, clock, site) as workspace:
        gather(workspace)
        first = drafts.write(workspace, [3], list_name="readers")
        snapshot = Snapshot.take(workspace)
        second = drafts.write(workspace, [5], list_name="readers", snapshot=snapshot)
        assert [one.number for one in snapshot.issues] == [1]
        renewed = snapshot.with_file(Path(second.path))
        assert [one.number for one in renewed.issues] == [1, 2]
        assert drafts.current(workspace, "readers", snapshot=renewed) == renewed.issues[1]
        text = renewed.manuscript(first).with_value("subject", "آخر").text
        changed = renewed.with_text(Path(first.path), text)
        assert [one.subject for one in changed.issues] == ["آخر", second.subject]
        assert [one.subject for one in renewed.issues] == [first.subject, second.subject]
        with pytest.raises(UnknownList, match="no list is called 'reader'; there is 'readers'"):
            changed.list_named("reader")
        # A broken file is told where an issue is asked for, and stops nothing before.
        Path(first.path).write_bytes(b"\xff")
        broken = changed.with_file(Path(first.path))
        with pytest.raises(IssueError, match="is not UTF-8 text"):
            _ = broken.issues
        assert broken.manuscript(second).issue.number == 2
        Path(first.path).unlink()
        with pytest.raises(IssueError, match="cannot be read"):
            _ = broken.with_file(Path(first.path)).issues

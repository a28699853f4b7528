"""A workspace with two lists: each has its own name, sender, colour, weeks and people."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest
from command import Done, complains, here
from newsroom import START, Clock, WordPress, make, open_newsroom, posts
from settings_text import with_settings
from starlette.testclient import TestClient

from newsletter.errors import IssueError, SendError, SettingsError
from newsletter.wiring import Workspace
from newsletter.workflows import draft, latest, lists, plan, scheduled, serve, small_letters, weekly
from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.errors import ClosedList, ListError
from subscribers.models import Rhythm

BOTH, SPORT_ONLY = "both@example.net", "sport@example.net"
SETTINGS = """\
[web]
lists = ["readers", "sport"]
[lists.sport]
name = "ملاعب الموجة"
from = "ملاعب الموجة <sport@malaeb.example.org>"
rhythm = "daily"
accent = "#b45309"
template = "bulletin"
"""


def add(workspace: Workspace, address: str, list_name: str, rhythm: Rhythm = "weekly") -> None:
    with workspace.database.write() as connection:
        actions.add_subscriber(
            connection, address, list_name, now=START, keys=workspace.keys.suppression, rhythm=rhythm, words="asked"
        )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make(tmp_path / "w", readers=1)
    path = root / "newsletter.toml"
    web, _, own = SETTINGS.partition("[lists.sport]")
    text = with_settings(path.read_text("utf-8"), web).replace("lease = 1\n", "lease = 30\n")
    path.write_text(f"{text}\n[lists.sport]{own}", "utf-8")
    assert run(root, "lists", "add", "sport", "--title", "نشرة الملاعب").out == "sport\n"
    return root


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def workspace(root: Path, clock: Clock) -> Iterator[Workspace]:
    clock.forward(days=3, hours=5)
    with open_newsroom(root, clock, WordPress(posts(12, 3), clock)) as workspace:
        add(workspace, BOTH, "readers")
        add(workspace, BOTH, "sport")
        add(workspace, SPORT_ONLY, "sport")
        yield workspace


def run(root: Path, *words: str | Path) -> Done:
    done = here("-C", root, *words)
    assert done.code == 0, done
    return done


@dataclass(frozen=True)
class Mailed:
    """A letter in the outbox."""

    message: EmailMessage
    html: str


def received(root: Path) -> list[Mailed]:
    """Every letter in the outbox."""
    found = []
    for path in sorted((root / "outbox" / "new").glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        html = message.get_body(("html",))
        assert html is not None
        found.append(Mailed(message, str(html.get_content())))
    return found


def mailed(root: Path, list_name: str) -> dict[str, str]:
    """To and From of every letter of a list."""
    return {
        str(one["To"]): str(one["From"])
        for one in (letter.message for letter in received(root))
        if str(one["List-Id"]).startswith(f"{list_name} ")
    }


def test_each_list_has_its_own_week(workspace: Workspace, root: Path) -> None:
    first = weekly.run(workspace)
    assert first.sent_now == 2
    second = weekly.run(workspace, list_name="sport")
    assert second.sent_now == 2
    assert first.send is not None
    assert second.send is not None
    assert first.send.issue != second.send.issue
    # What one list had is new for the other; and each week went once.
    assert first.week.plan is not None
    assert second.week.plan is not None
    assert len(second.week.plan.issue.stories) == len(first.week.plan.issue.stories) > 3
    assert weekly.run(workspace).sent_now == weekly.run(workspace, list_name="sport").sent_now == 0
    assert draft.unused(workspace, "sport") == draft.unused(workspace, "readers") == []
    here_from, there_from = "نشرة الموجة <news@almawja.example.org>", "ملاعب الموجة <sport@malaeb.example.org>"
    assert mailed(root, "readers") == {"reader0@example.net": here_from, BOTH: here_from}
    assert mailed(root, "sport") == {BOTH: there_from, SPORT_ONLY: there_from}


def test_the_letters_of_a_list_say_its_name_and_have_its_colour(workspace: Workspace, root: Path) -> None:
    weekly.run(workspace)
    weekly.run(workspace, list_name="sport")
    for letter in received(root):
        sport = str(letter.message["List-Id"]) == "sport <sport.almawja.example.org>"
        subject = re.sub("[\u2066-\u2069]", "", str(letter.message["Subject"]))
        assert subject.startswith("ملاعب الموجة: " if sport else "الموجة: ")
        assert ("#b45309" in letter.html.lower()) is sport
        assert ("ملاعب الموجة" in letter.html) is sport
        # Who leaves by mail writes to the one mailbox that is read.
        assert "mailto:news@almawja.example.org" in str(letter.message["List-Unsubscribe"])


def test_a_draft_of_a_list_has_its_template(workspace: Workspace) -> None:
    weekly.prepare(workspace)  # collects
    assert draft.write(workspace, list_name="sport", rules=draft.rules_of(workspace)).template == "bulletin"
    # The other one names none: it goes by [theme] style.
    assert draft.current(workspace, "readers").template == ""  # type: ignore[union-attr]


def test_a_daily_letter_of_the_second_list(workspace: Workspace, root: Path) -> None:
    weekly.prepare(workspace)  # collects
    add(workspace, "daily@example.net", "sport", "daily")
    outcome = latest.run(workspace, "daily", list_name="sport")
    assert outcome.sent_now == 1
    assert mailed(root, "sport") == {"daily@example.net": "ملاعب الموجة <sport@malaeb.example.org>"}
    assert outcome.latest.issue is not None
    assert outcome.latest.issue.subject.startswith("ملاعب الموجة: ")
    assert latest.run(workspace, "daily", list_name="sport").latest.went


def test_an_issue_goes_to_another_list_only_when_it_is_named(workspace: Workspace) -> None:
    weekly.prepare(workspace)
    with pytest.raises(IssueError, match="no issue for 'sport'"):
        plan.choose(workspace, "", list_name="sport", rhythm="weekly")
    issue = plan.choose(workspace, "1", list_name="sport", rhythm="weekly")
    made = plan.make(workspace, issue, list_name="sport", rhythm="weekly")
    assert made.letter is not None
    assert made.letter.list_id == "sport.almawja.example.org"
    assert made.letter.sender == "ملاعب الموجة <sport@malaeb.example.org>"


def test_the_check_looks_at_the_sender_of_the_list(workspace: Workspace, root: Path) -> None:
    path = root / "newsletter.toml"
    path.write_text(path.read_text("utf-8").replace("rhythm = ", 'reply_to = "malaeb@example.net"\nrhythm = '), "utf-8")
    weekly.prepare(workspace)
    draft.write(workspace, list_name="sport", rules=draft.rules_of(workspace))
    found = {}
    for number in ("1", "2"):
        problems = json.loads(here("-C", root, "check", number, "--json").out)["problems"]
        found[number] = [one["place"] for one in problems if one["code"] == "reply-to-elsewhere"]
    assert found == {"1": [], "2": ["newsletter.toml: [lists.sport] reply_to"]}


def test_small_letters_come_from_the_list(workspace: Workspace, root: Path) -> None:
    run(root, "subscribers", "add", "new@example.net", "--list", "sport", "--ask")
    run(root, "subscribers", "add", "other@example.net", "--ask")
    sent = {str(one.message["To"]): one for one in received(root)}
    assert str(sent["new@example.net"].message["From"]) == "ملاعب الموجة <sport@malaeb.example.org>"
    assert "#b45309" in sent["new@example.net"].html.lower()
    assert str(sent["other@example.net"].message["From"]) == "نشرة الموجة <news@almawja.example.org>"
    assert "#b45309" not in sent["other@example.net"].html.lower()


def test_an_answer_that_confirms_reaches_the_mailbox_that_is_read(workspace: Workspace, root: Path) -> None:
    path = root / "newsletter.toml"
    path.write_text(re.sub(r'(?m)^url = "https://news\..*$', "", path.read_text("utf-8")), "utf-8")
    run(root, "subscribers", "add", "new@example.net", "--list", "sport", "--ask")
    (letter,) = received(root)
    assert str(letter.message["From"]) == "ملاعب الموجة <sport@malaeb.example.org>"
    assert str(letter.message["Reply-To"]) == "news@almawja.example.org"


def test_who_does_not_choose_has_the_rhythm_of_the_list(root: Path, tmp_path: Path) -> None:
    run(root, "subscribers", "add", "a@example.net", "--list", "sport", "--consent", "asked")
    rows = [json.loads(row) for row in run(root, "subscribers", "list", "--list", "sport", "--jsonl").out.splitlines()]
    assert [(row["address"], row["rhythm"]) for row in rows] == [("a@example.net", "daily")]


# ---- leaving one or all


def statuses(workspace: Workspace, address: str = BOTH) -> dict[str, str]:
    with workspace.database.read() as connection:
        who = store.find(connection, normalise(address))
        assert who is not None
        names = {one.id: one.name for one in store.all_lists(connection)}
        return {names[one.list_id]: one.status for one in store.subscriptions_of(connection, who.id)}


def test_who_is_on_two_lists_leaves_one_by_command_and_then_all(workspace: Workspace, root: Path) -> None:
    run(root, "subscribers", "leave", BOTH, "--list", "sport")
    assert statuses(workspace) == {"readers": "confirmed", "sport": "left"}
    run(root, "subscribers", "leave", BOTH)
    assert statuses(workspace) == {"readers": "left", "sport": "left"}
    assert statuses(workspace, SPORT_ONLY) == {"sport": "confirmed"}


def test_the_link_in_a_letter_leaves_its_list_alone(workspace: Workspace, root: Path) -> None:
    weekly.run(workspace, list_name="sport")
    (letter,) = [one for one in received(root) if str(one.message["To"]) == BOTH]
    link = re.search(r"https://news\.almawja\.example\.org(/leave/[\w-]+)", str(letter.message["List-Unsubscribe"]))
    assert link is not None
    with TestClient(serve.app_of(workspace, postman=False), base_url="https://news.almawja.example.org") as pages:
        assert pages.post(link[1], data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert statuses(workspace) == {"readers": "confirmed", "sport": "left"}


def test_a_mail_leaves_the_list_of_its_letter_and_another_asks_for_the_list_it_names(
    workspace: Workspace, root: Path, tmp_path: Path
) -> None:
    from newsletter.events.inbox import InboxSetup, read

    weekly.run(workspace, list_name="sport")
    (letter,) = [one for one in received(root) if str(one.message["To"]) == BOTH]
    subject = re.search(r"subject=(unsubscribe%20[\w-]+)", str(letter.message["List-Unsubscribe"]))
    assert subject is not None
    for name in ("new", "cur", "tmp"):
        (tmp_path / "mailbox" / name).mkdir(parents=True)

    def put(sender: str, words: str) -> None:
        made = EmailMessage()
        made["From"], made["To"], made["Subject"] = sender, "news@almawja.example.org", words
        made["Date"] = f"{workspace.now():%a, %d %b %Y %H:%M:%S} +0000"
        made["Message-ID"] = f"<{len(list((tmp_path / 'mailbox' / 'new').iterdir()))}@example.net>"
        made.set_content("\n")
        (tmp_path / "mailbox" / "new" / f"{made['Message-ID'][1:-1]}.eml").write_bytes(bytes(made))

    put(BOTH, subject[1].replace("%20", " "))
    put("hala@example.net", "subscribe sport")
    keys = workspace.keys
    setup = InboxSetup(
        workspace.database,
        workspace.settings.address,
        keys.tokens,
        keys.suppression,
        workspace.now(),
        lists=("readers", "sport"),
        rhythms={"sport": "daily"},
    )
    read(setup, tmp_path / "mailbox")
    assert statuses(workspace) == {"readers": "confirmed", "sport": "left"}
    assert statuses(workspace, "hala@example.net") == {"sport": "pending"}
    lists.close(workspace, "sport")
    put("rim@example.net", "subscribe sport")
    read(setup, tmp_path / "mailbox")
    with workspace.database.read() as connection:
        assert store.find(connection, normalise("rim@example.net")) is None


@pytest.mark.parametrize("own", [True, False])
def test_a_providers_name_does_not_stand_instead_of_that_of_a_list(workspace: Workspace, own: bool) -> None:
    from newsletter.senders.postmark import body as postmark
    from newsletter.senders.postmark.options import PostmarkOptions
    from newsletter.senders.sendgrid import body as sendgrid
    from newsletter.senders.sendgrid.options import SendGridOptions

    weekly.prepare(workspace)
    issue = plan.choose(workspace, "1", list_name="sport", rhythm="weekly")
    letter = plan.make(workspace, issue, list_name="sport" if own else "readers", rhythm="weekly").letter
    assert letter is not None
    assert letter.own_sender is own
    made = sendgrid._common(letter, SendGridOptions(from_name="Al-Mawja"))
    name = "ملاعب الموجة" if own else "Al-Mawja"
    assert made["from"]["name"] == name
    assert name in postmark._message(letter, PostmarkOptions(from_name="Al-Mawja"))["From"]


# ---- closed


def test_nobody_joins_a_closed_list_and_nothing_goes_out(workspace: Workspace, root: Path, tmp_path: Path) -> None:
    weekly.prepare(workspace)
    draft.write(workspace, list_name="sport", rules=draft.rules_of(workspace))
    people = tmp_path / "people.csv"
    people.write_text("email\nnew@example.net\n", "utf-8")
    told = run(root, "lists", "close", "sport", "--dry-run").err
    assert "2 readers of 'sport' will get nothing more of it." in told
    assert "[web] lists in newsletter.toml still names it" in told
    assert here("-C", root, "lists", "close", "sport").code == 2
    run(root, "lists", "close", "sport", "--yes")
    assert "closed since" in run(root, "lists").out
    closed = {row["name"]: row["closed"] for row in json.loads(run(root, "lists", "--json").out)["lists"]}
    assert closed["readers"] is None
    assert closed["sport"]
    for words in (
        ("compose", "--list", "sport"),
        ("weekly", "--list", "sport"),
        ("latest", "--rhythm", "daily", "--list", "sport"),
        ("send", "2", "--yes"),
        ("send", "1", "--list", "sport", "--yes"),
        ("embed", "--list", "sport"),
        ("subscribers", "add", "new@example.net", "--list", "sport", "--consent", "asked"),
        ("subscribers", "add", "new@example.net", "--list", "sport", "--ask"),
        ("subscribers", "import", str(people), "--list", "sport", "--consent", "asked"),
    ):
        done = here("-C", root, *words)
        assert "is closed since" in done.err, (words, done)
        assert "newsletter lists open sport" in done.err, words
        assert done.code == 1, words
    assert received(root) == []
    # Who is on it leaves as ever.
    run(root, "subscribers", "leave", BOTH, "--list", "sport")
    assert statuses(workspace)["sport"] == "left"
    run(root, "lists", "open", "sport")
    run(root, "subscribers", "import", people, "--list", "sport", "--consent", "asked")


def test_a_closed_list_is_on_no_form_and_no_preferences(workspace: Workspace) -> None:
    with TestClient(serve.app_of(workspace, postman=False), base_url="https://news.almawja.example.org") as pages:
        assert 'value="sport"' in pages.get("/").text
        lists.close(workspace, "sport")
        assert 'value="sport"' not in pages.get("/").text
        lists.close(workspace, "readers")
        assert pages.get("/").status_code == 404
    with pytest.raises(SettingsError, match="every list it names is closed"):
        serve.app_of(workspace, postman=False)


def test_who_was_asked_before_a_list_closed_cannot_confirm_it(workspace: Workspace) -> None:
    from subscribers.errors import ConsentError

    with workspace.database.write() as connection:
        target = store.list_named(connection, "sport")
        actions.subscribe(
            connection,
            "late@example.net",
            "sport",
            now=workspace.now(),
            keys=workspace.keys.suppression,
            how="form",
            words="",
        )
        who = store.find(connection, normalise("late@example.net"))
        assert who is not None
        token = actions.make_confirmation(connection, who.id, target.id, now=workspace.now())
    lists.close(workspace, "sport")
    with workspace.database.write() as connection, pytest.raises(ConsentError, match="closed"):
        actions.confirm(connection, token, now=workspace.now(), how="page")
    assert statuses(workspace, "late@example.net") == {"sport": "pending"}


def test_a_letter_that_asks_for_a_list_does_not_go_when_it_closed_meanwhile(workspace: Workspace, root: Path) -> None:
    keys = workspace.keys.suppression
    with workspace.database.write() as connection:
        for name in ("sport", "readers"):
            actions.subscribe(
                connection, f"{name}1@example.net", name, now=workspace.now(), keys=keys, how="form", words=""
            )
    lists.close(workspace, "sport")
    assert small_letters.of_workspace(workspace).drain().states == {"submitted": 1, "refused": 1}
    assert [str(one.message["To"]) for one in received(root)] == ["readers1@example.net"]


def test_a_list_is_not_closed_under_a_letter_that_is_on_its_way(workspace: Workspace) -> None:
    week = weekly.prepare(workspace, list_name="sport")
    weekly.freeze_week(workspace, week)
    with pytest.raises(SendError, match="on its way to 'sport'"):
        lists.close(workspace, "sport")


def test_a_letter_is_not_frozen_for_a_list_that_closed_meanwhile(workspace: Workspace) -> None:
    week = weekly.prepare(workspace, list_name="sport")
    lists.close(workspace, "sport")
    with pytest.raises(ClosedList):
        weekly.freeze_week(workspace, week)


def test_the_schedule_passes_over_a_closed_list(root: Path, clock: Clock) -> None:
    path = root / "newsletter.toml"
    wanted = '[schedule]\ndaily = "09:00"\nlists = ["sport", "readers"]\n'
    text = with_settings(path.read_text("utf-8"), wanted)
    path.write_text(text, "utf-8")
    with open_newsroom(root, clock, WordPress(posts(12, 3), clock)) as workspace:
        scheduled.run(workspace)
        lists.close(workspace, "sport")
        clock.forward(days=1)
        done = {one.list: one for one in scheduled.run(workspace)}
        assert "skipped: the list 'sport' is closed" in done["sport"].words
        assert done["readers"].trouble is None
        assert scheduled.run(workspace) == []


# ---- renamed


def test_another_title_is_all_that_changes(workspace: Workspace, root: Path) -> None:
    run(root, "lists", "rename", "sport", "--title", "الملاعب")
    assert [row["title"] for row in json.loads(run(root, "lists", "--json").out)["lists"]] == ["الموجة", "الملاعب"]


def test_another_name_stands_in_every_issue_and_letters_hold_their_links(workspace: Workspace, root: Path) -> None:
    weekly.run(workspace, list_name="sport")
    complains(here("-C", root, "lists", "rename", "sport", "--to", "malaeb", "--yes"), "[lists.sport]", "[web] lists")
    path = root / "newsletter.toml"
    before = path.read_text("utf-8")
    path.write_text(before.replace('["readers", "sport"]', '["readers"]').partition("[lists.sport]")[0], "utf-8")
    (issue,) = (root / "issues").glob("*/issue.md")
    written = issue.read_bytes()
    assert f'{issue}: list = "malaeb"' in run(root, "lists", "rename", "sport", "--to", "malaeb", "--dry-run").err
    assert issue.read_bytes() == written
    run(root, "lists", "rename", "sport", "--to", "malaeb", "--yes")
    assert issue.read_bytes() == written.replace(b'"sport"', b'"malaeb"')
    path.write_text(before.replace("sport", "malaeb"), "utf-8")
    # It went, under either name.
    assert "already" in run(root, "send", "--list", "malaeb", "--yes").err
    assert set(statuses(workspace)) == {"readers", "malaeb"}


def test_a_list_is_renamed_whole_or_not_at_all(workspace: Workspace, root: Path) -> None:
    weekly.prepare(workspace)
    for _ in range(2):
        draft.write(workspace, list_name="sport", empty=True)
    path = root / "newsletter.toml"
    path.write_text(path.read_text("utf-8").replace('["readers", "sport"]', '["readers"]').partition("[lists.")[0])
    with open_newsroom(root, workspace.now) as again:
        made = lists.plan_renaming(again, "sport", to="malaeb")
        first, second = made.files
        written = first.read_bytes()
        second.write_text(second.read_text("utf-8") + "\nكلمة أخرى.\n", "utf-8")
        with pytest.raises(IssueError, match="somebody else"):
            lists.rename(again, made)
        assert first.read_bytes() == written
        with again.database.read() as connection:
            assert [one.name for one in store.all_lists(connection)] == ["readers", "sport"]


@pytest.mark.parametrize("name", ["readers", "Sport", "نشرة", "-a"])
def test_a_name_that_cannot_be(workspace: Workspace, name: str) -> None:
    with pytest.raises(ListError), workspace.database.read() as connection:
        store.check_new_name(connection, name)


def test_settings_of_a_list_that_is_not_there(root: Path) -> None:
    path = root / "newsletter.toml"
    path.write_text(path.read_text("utf-8").replace("[lists.sport]", "[lists.sprot]"), "utf-8")
    with open_newsroom(root, Clock()) as workspace, pytest.raises(SettingsError, match=r"\[lists.sprot\]"):
        serve.app_of(workspace, postman=False)
    path.write_text(path.read_text("utf-8").replace("accent =", "acent ="), "utf-8")
    complains(here("-C", root, "lists"), "acent is not a setting", "did you mean accent?")


def test_a_form_for_a_list_that_the_pages_do_not_offer(root: Path) -> None:
    assert 'value="sport"' in run(root, "embed", "--list", "sport").out
    run(root, "lists", "add", "third", "--title", "الثالثة")
    complains(here("-C", root, "embed", "--list", "third"), "do not offer 'third'")
    complains(here("-C", root, "embed", "--list", "sprot"), "did you mean 'sport'?")


def test_what_is_unused_is_asked_list_by_list(workspace: Workspace, root: Path) -> None:
    weekly.run(workspace)
    assert json.loads(run(root, "articles", "--unused", "--json").out)["articles"] == []
    assert len(json.loads(run(root, "articles", "--unused", "--list", "sport", "--json").out)["articles"]) > 3


def test_people_of_one_list_are_told_apart(workspace: Workspace, root: Path, tmp_path: Path) -> None:
    run(root, "subscribers", "export", tmp_path / "sport.csv", "--list", "sport")
    exported = (tmp_path / "sport.csv").read_text("utf-8")
    assert SPORT_ONLY in exported
    assert "reader0@example.net" not in exported
    counts = {row["name"]: row["confirmed"] for row in json.loads(run(root, "lists", "--json").out)["lists"]}
    assert counts == {"readers": 2, "sport": 2}

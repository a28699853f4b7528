"""The library without the command line: what docs/en/python.md shows works, and each call keeps its promise."""

from __future__ import annotations

import ast
import email
import email.policy
import inspect
import json
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command import here

import newsletter
from newsletter import Complaint, Newsroom, api, make_workspace, open_workspace
from newsletter.errors import IssueError, SendError, WorkspaceError
from newsletter.report.plain import plain
from newsletter.senders import Carrier, Sender
from newsletter.workflows.demo import SAMPLE
from subscribers.errors import AddressError, ConsentError, UnknownList

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    """A newsroom with the sample articles, a draft of three stories and two readers."""
    make_workspace(tmp_path / "w", name="الموجة", url="https://almawja.example.org", sender="الموجة <news@example.org>")
    with open_workspace(tmp_path / "w", environment={}) as newsroom:
        newsroom.collect(*sorted(SAMPLE.glob("*.md")))
        newsroom.compose(most=3)
        for name in ("amal", "basim"):
            newsroom.subscribers.add(f"{name}@example.net", consent="بطاقة في المعرض")
        yield newsroom


def outbox(newsroom: Newsroom) -> list[Path]:
    return list((newsroom.root / "outbox" / "new").glob("*.eml"))


def test_what_the_page_shows_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    blocks = BLOCK.findall((ROOT / "docs" / "en" / "python.md").read_text("utf-8"))
    assert len(blocks) >= 6
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for number, block in enumerate(blocks, 1):
        exec(compile(block, f"docs/en/python.md, example {number}", "exec"), names)
    told = capsys.readouterr().out
    for words in (
        "8 articles are new",
        "amal@example.net confirmed weekly",
        "2 would be added; 0 rows cannot be used",
        "{'readers': 2, 'sport': 0}",
        "1 1 True",
        "finished 1 submitted, 0 unknown",
        "2 letters, the test letter among them",
        "'amal@example' is not an e-mail address",
    ):
        assert words in told


def test_every_method_of_the_page_is_one_and_the_reverse() -> None:
    page = (ROOT / "docs" / "en" / "python.md").read_text("utf-8")
    for owner, prefix in ((Newsroom, "newsroom."), (api.Subscribers, ".")):
        for name, value in vars(owner).items():
            if inspect.isfunction(value) and not name.startswith("_"):
                assert re.search(rf"{re.escape(prefix)}{name}\b", page), f"docs/en/python.md does not name {name}"
    for name in re.findall(r"newsroom\.(\w+)\(", page):
        assert hasattr(Newsroom, name)


@pytest.mark.parametrize("owner", [Newsroom, api.Subscribers, api])
def test_every_call_says_what_it_takes_gives_and_shows(owner: object) -> None:
    for name, value in vars(owner).items():
        if not inspect.isfunction(value) or name.startswith("_") or not value.__module__.startswith(api.__name__):
            continue
        words = inspect.getdoc(value) or ""
        assert "Example::" in words, name
        for parameter in inspect.signature(value).parameters:
            if parameter != "self":
                assert re.search(rf"^    {parameter}: \S+ \S+", words, re.MULTILINE), f"{name}: {parameter}"


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = textwrap.dedent(
        """
        import sys, newsletter
        before = {name for name in sys.modules if name.startswith(("newsletter", "subscribers"))}
        newsletter.open_workspace
        print(sorted(before), "sqlalchemy" in sys.modules, "pydantic" in sys.modules, newsletter.__version__)
        """
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["['newsletter']", "False", "False", newsletter.__version__]


def test_a_name_that_is_not_there_is_told_as_python_does() -> None:
    with pytest.raises(AttributeError, match="module 'newsletter' has no attribute 'open_newsroom'"):
        newsletter.open_newsroom  # noqa: B018
    assert all(hasattr(newsletter, name) for name in newsletter.__all__)


def test_a_type_checker_is_told_of_every_public_name() -> None:
    tree = ast.parse((ROOT / "newsletter" / "__init__.py").read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    told = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert told == set(newsletter.__all__) - {"__version__"}


def test_the_version_is_the_same_in_both_places() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert newsletter.__version__ == project["version"]


def test_both_packages_carry_their_types() -> None:
    assert all((ROOT / package / "py.typed").is_file() for package in ("newsletter", "subscribers"))


def test_no_workspace_and_a_second_one(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"no newsletter\.toml here"), open_workspace(tmp_path):
        pass
    arguments = {"name": "الموجة", "url": "https://example.org", "sender": "الموجة <news@example.org>"}
    assert make_workspace(str(tmp_path / "w"), **arguments) == tmp_path / "w"
    with pytest.raises(WorkspaceError, match="a workspace already"):
        make_workspace(tmp_path / "w", **arguments)


def test_collecting_again_adds_nothing_and_tells_what_is_not_there(newsroom: Newsroom) -> None:
    paths = sorted(SAMPLE.glob("*.md"))
    again = newsroom.collect(*paths, newsroom.root / "none.md")
    assert (again.added, len(again.known), len(again.troubles)) == ((), len(paths), 1)
    assert "none.md" in str(again.troubles[0])


def test_the_draft_takes_as_many_as_asked_and_leaves_the_rest_unused(newsroom: Newsroom) -> None:
    issue = newsroom.issue()
    assert len(issue.stories) == 3
    assert len(newsroom.articles()) == 8
    unused = newsroom.articles(unused=True)
    assert len(unused) == 5
    second = newsroom.compose([unused[1].id, unused[0].id], slug="second")
    assert [story.headline for story in second.stories] == [unused[1].article.title, unused[0].article.title]
    assert [one.number for one in newsroom.issues()] == [1, 2]
    assert newsroom.issue(1) == newsroom.issue(issue) == newsroom.issue(issue.slug)
    with pytest.raises(IssueError, match="no issue is called '7'"):
        newsroom.issue(7)


def test_what_was_edited_since_counts(newsroom: Newsroom) -> None:
    issue = newsroom.issue()
    path = Path(issue.path)
    path.write_text(path.read_text("utf-8").replace(issue.subject, "موضوع آخر كتبه المحرر"), "utf-8")
    html, _text = newsroom.preview(issue)
    assert newsroom.issue(issue).subject == "موضوع آخر كتبه المحرر"
    assert "موضوع آخر كتبه المحرر" in html.read_text("utf-8")


def test_a_dry_run_writes_nothing(newsroom: Newsroom) -> None:
    planned = newsroom.send(dry_run=True)
    assert (planned.state, planned.audience, planned.sent_now, planned.send_id) == ("planned", 2, 0, "")
    assert planned.ready
    assert outbox(newsroom) == []


def test_an_issue_goes_once(newsroom: Newsroom) -> None:
    told: list[tuple[str, int]] = []
    first = newsroom.send(progress=lambda state, count: told.append((state, count)))
    assert (first.state, first.audience, first.sent_now, first.submitted, first.open) == ("finished", 2, 2, 2, 0)
    assert sum(count for state, count in told if state == "submitted") == 2
    again = newsroom.send(1)
    assert (again.state, again.sent_now, again.submitted, again.send_id) == ("finished", 0, 2, first.send_id)
    assert len(outbox(newsroom)) == 2


def test_an_issue_with_errors_does_not_go(newsroom: Newsroom) -> None:
    issue = newsroom.issue()
    path = Path(issue.path)
    path.write_text(path.read_text("utf-8").replace(f'"{issue.subject}"', '""'), "utf-8")
    assert "subject-empty" in {problem.code for problem in newsroom.check() if problem.level == "error"}
    assert not newsroom.send(dry_run=True).ready
    with pytest.raises(SendError, match=r"cannot go like this: subject-empty"):
        newsroom.send()
    assert outbox(newsroom) == []


def test_a_report_is_what_the_command_prints(newsroom: Newsroom) -> None:
    with pytest.raises(SendError, match="nothing was sent yet"):
        newsroom.report()
    newsroom.send()
    for named in ((), (1,), ("1",), (newsroom.issue(1),)):
        report = newsroom.report(*named)
        assert [(one.issue, one.total.submitted) for one in report.reports] == [("1", 2)]
    printed = json.loads(here("-C", newsroom.root, "report", "1", "--json").out)
    assert {**plain(report), "made": ""} == {**printed, "made": ""}
    page = newsroom.report_page(report)
    assert page.startswith("<!DOCTYPE html>")
    assert report.newsroom in page


def test_a_send_that_stopped_goes_on(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = newsroom.workspace.sender

    class Stopped:
        name, connections, batch_size = sender.name, 1, 1

        def load(self, *_: object) -> Carrier:
            raise SendError("the outbox is full")

    stopped: Sender = Stopped()  # type: ignore[assignment]
    newsroom.workspace.__dict__["sender"] = stopped
    with pytest.raises(SendError, match="the outbox is full"):
        newsroom.send()
    newsroom.workspace.__dict__["sender"] = sender
    report = newsroom.send()
    assert (report.state, report.sent_now) == ("finished", 2)


def test_a_moment_freezes_now_and_starts_then(newsroom: Newsroom) -> None:
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    newsroom.workspace.now = lambda: now  # type: ignore[method-assign]
    with pytest.raises(SendError, match="no time zone"):
        newsroom.send(at=datetime(2026, 11, 26, 18))  # noqa: DTZ001  a naive one is the point
    planned = newsroom.send(at=now.replace(hour=18))
    assert (planned.state, planned.audience, planned.open) == ("scheduled", 2, 2)
    assert (newsroom.send(1).state, outbox(newsroom)) == ("scheduled", [])
    newsroom.workspace.now = lambda: now.replace(hour=19)  # type: ignore[method-assign]
    assert newsroom.send(1).sent_now == 2


def test_what_was_edited_after_the_freeze_is_taken_in(newsroom: Newsroom) -> None:
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    newsroom.workspace.now = lambda: now  # type: ignore[method-assign]
    planned = newsroom.send(at=now.replace(hour=18))
    newsroom.subscribers.add("dalal@example.net")
    path = Path(newsroom.issue(1).path)
    path.write_text(path.read_text("utf-8").replace("+++\n\n", "+++\n\nكلمة أضيفت بعد التجميد.\n\n", 1), "utf-8")
    would = newsroom.refreeze("1", dry_run=True)
    assert (would.ready, would.state, would.audience, would.send_id) == (True, "scheduled", 3, planned.send_id)
    assert newsroom.send(1).send_id == planned.send_id
    whole = path.read_text("utf-8")
    path.write_text(whole.replace(f'"{newsroom.issue(1).subject}"', '""'), "utf-8")
    assert not newsroom.refreeze("1", dry_run=True).ready
    with pytest.raises(SendError, match="cannot go like this"):
        newsroom.refreeze("1")
    path.write_text(whole, "utf-8")
    new = newsroom.refreeze(planned.send_id)
    assert (new.state, new.audience, new.issue) == ("scheduled", 3, 1)
    assert new.send_id != planned.send_id
    newsroom.workspace.now = lambda: now.replace(hour=19)  # type: ignore[method-assign]
    assert newsroom.send(1).sent_now == 3
    for letter in outbox(newsroom):
        plain = email.message_from_bytes(letter.read_bytes(), policy=email.policy.default).get_body(("plain",))
        assert plain is not None
        assert "كلمة أضيفت بعد التجميد" in plain.get_content()
    with pytest.raises(SendError, match="only one that waits is frozen anew"):
        newsroom.refreeze("1")


def test_people_are_added_imported_listed_and_exported(newsroom: Newsroom, tmp_path: Path) -> None:
    people = newsroom.subscribers
    assert people.add("amal@example.net").already
    assert newsroom.subscribers.export_file(tmp_path / "out.csv") == 2
    people.add_list("sport", "نشرة الرياضة")
    assert people.import_file(tmp_path / "out.csv", list_name="sport", dry_run=True).added == 2
    assert list(people.all("sport")) == []
    assert people.import_file(tmp_path / "out.csv", list_name="sport").added == 2
    assert [(one.address, two.status) for one, two in people.all("sport")] == [
        ("amal@example.net", "confirmed"),
        ("basim@example.net", "confirmed"),
    ]
    with pytest.raises(UnknownList, match="raeders"):
        next(people.all("raeders"))
    with pytest.raises(AddressError):
        people.add("amal")


def test_a_long_list_is_read_page_by_page(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.subscribers, "_PAGE", 2)
    for number in range(3):
        newsroom.subscribers.add(f"reader{number}@example.net")
    names = ["amal", "basim", "reader0", "reader1", "reader2"]
    assert [one.address for one, _ in newsroom.subscribers.all()] == [f"{name}@example.net" for name in names]


def test_who_left_comes_back_only_when_they_asked(newsroom: Newsroom) -> None:
    from subscribers import actions

    workspace = newsroom.workspace
    with workspace.database.write() as connection:
        actions.leave_address(connection, "amal@example.net", None, now=workspace.now(), words="")
    with pytest.raises(ConsentError) as told:
        newsroom.subscribers.add("amal@example.net")
    assert isinstance(told.value, Complaint)
    assert not newsroom.subscribers.add("amal@example.net", restore=True).already

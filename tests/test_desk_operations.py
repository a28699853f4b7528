"""What the page of the issue sends: operations and their answers, conflicts, pictures, presence."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk_newsroom import NOW, Clock, make, opened
from desk_visits import DeskVisitor, at_desk
from PIL import Image

from newsletter.issues.operations import parsed
from newsletter.ledger import approvals
from newsletter.storage.database import DatabaseAwayError
from newsletter.wiring import Workspace
from newsletter.workflows.editing import apply, open_issue

JSON = {"accept": "application/json"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("desk") / "w", readers=12)


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Iterator[Workspace]:
    with opened(Path(shutil.copytree(made, tmp_path / "w")), Clock(NOW)) as workspace:
        yield workspace


@pytest.fixture
def slug(workspace: Workspace) -> str:
    return sorted(path.parent.name for path in (workspace.root / "issues").glob("*/issue.md"))[-1]


def sent(visitor: DeskVisitor, slug: str, what: str = "op", **asked: Any) -> Any:
    return visitor.post(f"/issue/{slug}/{what}", json=asked, headers=JSON)


def etag(workspace: Workspace, slug: str) -> str:
    return open_issue(workspace, slug).etag


def test_an_operation_answers_with_what_changed_and_says_it(workspace: Workspace, slug: str) -> None:
    visitor = at_desk(workspace, name="سلمى")
    issue = open_issue(workspace, slug).issue
    assert issue is not None
    first, last = issue.stories[0], issue.stories[-1]
    asked: dict[str, Any] = {"op": "move", "line": last.line, "section": issue.sections[0].line, "before": first.line}
    answer = sent(visitor, slug, etag=etag(workspace, slug), **asked)
    assert answer.status_code == 200
    said = answer.json()
    assert said["etag"] == etag(workspace, slug)
    assert said["live"].replace("\u2068", "").replace("\u2069", "").startswith("هنا: 1 من ")
    assert last.headline.split()[0] in said["fragments"]["issue"]
    assert (said["undo"], said["redo"], said["merged"]) == (1, 0, False)
    now = open_issue(workspace, slug).issue
    assert now is not None
    assert now.stories[0].headline == last.headline
    assert said["at"] == now.stories[0].line
    back = sent(visitor, slug, etag=said["etag"], op="undo").json()
    assert (back["undo"], back["redo"], back["live"]) == (0, 1, "تراجعنا عن الخطوة.")


def test_who_wrote_last_is_known_for_the_approval(workspace: Workspace, slug: str) -> None:
    from newsletter.ledger import approvals

    sent(at_desk(workspace, name="ليلى"), slug, etag=etag(workspace, slug), op="value", key="subject", value="ميناء")
    issue = open_issue(workspace, slug).issue
    assert issue is not None
    with workspace.database.read() as connection:
        assert approvals.editor_of(connection, str(issue.number)) == "ليلى"


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"op": "drop", "line": 1}, 422, "لم يعد هذا موجودًا. حمّل الصفحة من جديد."),
        ({"op": "section", "do": "add", "title": " "}, 422, "لا بد للقسم من اسم."),
        ({"op": "redo"}, 422, "لا شيء يُعاد."),
        ({"op": "nothing"}, 422, "is no operation that is known: 'nothing'"),
    ],
)
def test_what_cannot_be_done_is_said(
    workspace: Workspace, slug: str, asked: dict[str, Any], status: int, said: str
) -> None:
    answer = sent(at_desk(workspace), slug, etag=etag(workspace, slug), **asked)
    assert (answer.status_code, answer.json()["error"]["what"]) == (status, said)


def test_a_full_disk_is_told_so_that_the_page_tries_again(
    workspace: Workspace, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    before = etag(workspace, slug)
    monkeypatch.setattr("newsletter.issues.saving.os.fsync", full)
    answer = sent(at_desk(workspace), slug, etag=before, op="value", key="subject", value="ميناء")
    assert answer.status_code == 507
    assert answer.json()["error"]["what"] == "القرص ممتلئ. ما كتبته هنا باقٍ."
    assert etag(workspace, slug) == before


def test_a_database_that_is_away_is_told_so_that_the_page_tries_again_and_asks_nobody_then(
    workspace: Workspace, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseAwayError("the database does not answer", where="PostgreSQL")

    visitor, seen = at_desk(workspace), open_issue(workspace, slug)
    assert seen.issue is not None
    asked: dict[str, Any] = {"op": "edit", "line": seen.issue.stories[0].line, "summary": "بعد أربع سنوات."}
    with monkeypatch.context() as patched:
        patched.setattr(approvals, "note_editor", away)
        assert sent(visitor, slug, etag=seen.etag, **asked).status_code == 503
    assert sent(visitor, slug, etag=seen.etag, **asked).status_code == 200


def test_a_conflict_is_shown_and_decided(workspace: Workspace, slug: str) -> None:
    visitor = at_desk(workspace, name="سلمى")
    seen = open_issue(workspace, slug)
    assert seen.issue is not None
    story = seen.issue.stories[0]
    mine: dict[str, Any] = {"op": "edit", "line": story.line, "title": "عنوان سلمى"}
    theirs = parsed({"op": "edit", "line": story.line, "title": "<script>عنوان ليلى"})
    apply(workspace, slug, seen.etag, theirs, by="ليلى")
    answer = sent(visitor, slug, etag=seen.etag, **mine)
    assert answer.status_code == 409
    said = answer.json()
    assert said["kind"] == "same"
    assert "عنوان سلمى" in said["conflict"]
    assert "&lt;script&gt;" in said["conflict"]
    assert "<script" not in said["conflict"]
    for choice, left in (("theirs", "<script>عنوان ليلى"), ("mine", "عنوان سلمى")):
        done = sent(visitor, slug, "merge", etag=said["etag"], base=seen.etag, mine=mine, choice=choice)
        assert done.status_code == 200
        now = open_issue(workspace, slug).issue
        assert now is not None
        assert now.stories[0].headline == left
    bad = sent(visitor, slug, "merge", etag=said["etag"], base=seen.etag, mine=mine, choice="all")
    assert bad.status_code == 422


def test_who_changes_the_issue_is_its_last_editor_and_who_changes_nothing_is_not(
    workspace: Workspace, slug: str
) -> None:
    def last() -> str:
        with workspace.database.read() as connection:
            return approvals.editor_of(connection, str(slug).partition("-")[0])

    first, second = at_desk(workspace, name="سلمى"), at_desk(workspace, name="ليلى")
    assert last() == ""
    seen = open_issue(workspace, slug)
    assert seen.issue is not None
    line = seen.issue.stories[0].line
    edit: dict[str, Any] = {"op": "edit", "line": line, "title": "عنوان سلمى"}
    assert sent(first, slug, etag=seen.etag, **edit).status_code == 200
    assert last() == "سلمى"
    same = sent(second, slug, etag=etag(workspace, slug), **edit)
    assert (same.status_code, same.json()["etag"], last()) == (200, etag(workspace, slug), "سلمى")
    now = etag(workspace, slug)
    assert sent(second, slug, etag=now, op="value", key="subject", value="ميناء جديد").status_code == 200
    assert last() == "ليلى"
    assert sent(first, slug, etag=etag(workspace, slug), op="undo").status_code == 200
    assert last() == "سلمى"
    apply(workspace, slug, etag(workspace, slug), parsed({**edit, "title": "عنوان ليلى"}), by="ليلى")
    against = sent(first, slug, etag=seen.etag, **edit)
    said = {"etag": against.json()["etag"], "base": seen.etag, "mine": edit}
    assert (against.status_code, last()) == (409, "ليلى")
    assert sent(first, slug, "merge", choice="theirs", **said).status_code == 200
    assert last() == "ليلى"
    assert sent(first, slug, "merge", choice="mine", **said).status_code == 200
    assert last() == "سلمى"


def test_what_is_no_operation_is_refused_with_a_sentence(workspace: Workspace, slug: str) -> None:
    visitor, before = at_desk(workspace), etag(workspace, slug)
    deep = "[" * 100_000
    for act in ("", "{", "[]", "null", deep):
        answer = visitor.post(f"/issue/{slug}/act", data={"etag": before, "act": act})
        assert answer.status_code == 422, act[:9]
    assert visitor.post(f"/issue/{slug}/op", content=deep, headers=JSON).status_code == 422
    assert etag(workspace, slug) == before


def test_what_changed_outside_is_fetched_again(workspace: Workspace, slug: str) -> None:
    visitor = at_desk(workspace, "look")
    path = workspace.root / "issues" / slug / "issue.md"
    path.write_text(path.read_text("utf-8") + "\n## قسم من خارج الصفحة\n", "utf-8")
    answer = visitor.get(f"/issue/{slug}/now?etag=0", headers=JSON)
    assert answer.status_code == 200
    assert "قسم من خارج الصفحة" in answer.json()["fragments"]["issue"]
    assert "live" not in answer.json()


def test_who_may_only_look_changes_nothing(workspace: Workspace, slug: str) -> None:
    visitor, before = at_desk(workspace, "look"), etag(workspace, slug)
    assert sent(visitor, slug, etag=before, op="value", key="subject", value="ميناء").status_code == 403
    assert sent(visitor, slug, "merge", etag=before, base=before, mine={}, choice="mine").status_code == 403
    assert visitor.post(f"/issue/{slug}/picture", files={"picture": ("a.png", jpeg())}, headers=JSON).status_code == 403
    assert etag(workspace, slug) == before


def jpeg(size: tuple[int, int] = (300, 200), *, exif: bytes = b"") -> bytes:
    out = io.BytesIO()
    image = Image.effect_noise(size, 12).convert("RGB")
    image.save(out, "JPEG", exif=exif, quality=85)
    return out.getvalue()


def test_a_picture_is_made_anew_and_named_by_us(workspace: Workspace, slug: str) -> None:
    visitor = at_desk(workspace)
    marked = Image.Exif()
    marked[0x010F] = "secret camera"
    raw = jpeg((3200, 2400), exif=marked.tobytes())
    answer = visitor.post(f"/issue/{slug}/picture", files={"picture": ("../../evil.php", raw)}, headers=JSON)
    assert answer.status_code == 200
    said = answer.json()
    kept = workspace.root / "issues" / slug / said["image"]
    assert kept.is_file()
    assert (said["width"], said["height"]) == (2560, 1920)
    assert "evil" not in said["image"]
    assert kept.parent.name == "pictures"
    assert b"secret camera" not in kept.read_bytes()
    again = visitor.post(f"/issue/{slug}/picture", files={"picture": ("b.jpg", raw)}, headers=JSON).json()
    assert again == said
    story = open_issue(workspace, slug).issue.stories[0]  # type: ignore[union-attr]
    edited = sent(visitor, slug, etag=etag(workspace, slug), op="edit", line=story.line, image=said["image"])
    assert edited.status_code == 200
    assert open_issue(workspace, slug).issue.stories[0].image == said["image"]  # type: ignore[union-attr]


@pytest.mark.parametrize("raw", [b"", b"<?php echo 1;", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a"])
def test_what_is_no_picture_is_refused(workspace: Workspace, slug: str, raw: bytes) -> None:
    folder = workspace.root / "issues" / slug
    before = sorted(str(path) for path in folder.rglob("*"))
    answer = at_desk(workspace).post(f"/issue/{slug}/picture", files={"picture": ("a.jpg", raw)}, headers=JSON)
    assert answer.status_code == 422
    assert sorted(str(path) for path in folder.rglob("*")) == before


def test_a_broken_file_is_shown_and_mended_by_its_line(workspace: Workspace, slug: str) -> None:
    visitor = at_desk(workspace)
    path = workspace.root / "issues" / slug / "issue.md"
    whole = path.read_bytes()
    lines = whole.decode().splitlines(keepends=True)
    at = next(n for n, one in enumerate(lines, 1) if one.startswith("preheader"))
    broken = [*lines[: at - 1], lines[at - 1].rstrip("\n").removesuffix('"') + "\n", *lines[at:]]
    path.write_text("".join(broken), "utf-8")
    shown = visitor.get(f"/issue/{slug}/now", headers=JSON)
    assert shown.status_code == 200
    assert str(at) in shown.json()["fragments"]["issue"]
    refused = sent(visitor, slug, etag=shown.json()["etag"], op="value", key="subject", value="ميناء")
    assert refused.status_code == 422
    text = lines[at - 1].rstrip("\n")
    done = sent(visitor, slug, etag=shown.json()["etag"], op="line", line=at, text=text)
    assert done.status_code == 200
    assert path.read_bytes() == whole


def test_a_file_that_is_gone_says_so(workspace: Workspace, slug: str) -> None:
    visitor, before = at_desk(workspace), etag(workspace, slug)
    (workspace.root / "issues" / slug / "issue.md").unlink()
    answer = sent(visitor, slug, etag=before, op="value", key="subject", value="ميناء")
    assert (answer.status_code, answer.json()["error"]["what"]) == (422, "ملف العدد غير موجود.")

"""Pictures of other sites taken into the issue's folder: what is taken, what is left, what stays as it was."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest
from command import here, make_workspace
from PIL import Image

from newsletter import issues
from newsletter.errors import IssueError
from newsletter.sources.http import Fetched, FetchError, Kind
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows.copying import CopiedPicture, copy_pictures

SITE = "https://example.org/2026"


def picture(kind: str = "JPEG", width: int = 700) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (width, 400), (20, 90, 120)).save(data, kind)
    return data.getvalue()


class Web:
    """Pictures by address; all else is not there."""

    def __init__(self, pictures: Mapping[str, bytes]) -> None:
        self.pictures = pictures
        self.asked: list[str] = []

    def get(
        self, url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        self.asked.append(url)
        assert kind == "image"
        if url not in self.pictures:
            raise FetchError("there is no such page", where=url, mend="check the address", status=404)
        return Fetched(url, self.pictures[url], "image/jpeg")


WORDS = f"""\
![مرفأ عند الفجر]({SITE}/quay.jpg "الرصيف الجديد | صورة: لينا حداد")

قرأت [الصورة الأصلية]({SITE}/quay.jpg) مرتين.
[![الجسر](<{SITE}/جسر قديم.png>)]({SITE}/bridge/)

![من جديد]({SITE}/quay.jpg)
![ليست هنا](http://example.org/gone_(1).jpg)
![ليست صورة]({SITE}/page.jpg)
![محلية](own.jpg)
"""
PICTURES = {
    f"{SITE}/quay.jpg": picture(),
    f"{SITE}/%D8%AC%D8%B3%D8%B1%20%D9%82%D8%AF%D9%8A%D9%85.png": picture("PNG"),
    f"{SITE}/page.jpg": b"<!doctype html><p>not found",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("copying") / "w", readers=0)


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Iterator[Workspace]:
    import shutil

    root = shutil.copytree(made, tmp_path / "w")
    path = root / "issues" / "first" / "issue.md"
    text = path.read_text("utf-8").replace("+++\n\n###", f"+++\n\n{WORDS}\n###", 1)
    # As an editor on Windows saves it.
    path.write_bytes(text.replace("\n", "\r\n").encode())
    with open_workspace(root, {}) as workspace:
        yield workspace


def copied(workspace: Workspace, web: Web, monkeypatch: pytest.MonkeyPatch) -> tuple[CopiedPicture, ...]:
    monkeypatch.setattr(Workspace, "fetcher", web)
    return copy_pictures(workspace, issues.find(workspace.root, "1"))


def test_copies_take_the_place_of_addresses_and_nothing_else_changes(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workspace.root / "issues" / "first" / "issue.md"
    before = path.read_bytes().decode()
    web = Web(PICTURES)
    outcome = copied(workspace, web, monkeypatch)
    assert sorted(web.asked) == sorted([*PICTURES, "http://example.org/gone_(1).jpg"])  # each once
    expected = before
    for old, new in (
        (f'({SITE}/quay.jpg "', '(pictures/quay.jpg "'),
        (f"![من جديد]({SITE}/quay.jpg)", "![من جديد](pictures/quay.jpg)"),
        (f"<{SITE}/جسر قديم.png>", "pictures/جسر-قديم.png"),
    ):
        assert old in expected
        expected = expected.replace(old, new)
    assert path.read_bytes().decode() == expected
    assert (path.parent / "pictures" / "quay.jpg").read_bytes() == PICTURES[f"{SITE}/quay.jpg"]
    assert [(one.file, one.why, one.line) for one in outcome] == [
        ("pictures/quay.jpg", "", 8),
        ("pictures/جسر-قديم.png", "", 11),
        ("", "there is no such page", 14),
        ("", outcome[3].why, 15),
    ]
    assert "web page" in outcome[3].why
    assert sorted(one.name for one in (path.parent / "pictures").iterdir()) == ["quay.jpg", "جسر-قديم.png"]
    # Again: only what could not be taken is tried.
    web = Web(PICTURES)
    assert {one.file for one in copied(workspace, web, monkeypatch)} == {""}
    assert f"{SITE}/quay.jpg" not in web.asked
    assert path.read_bytes().decode() == expected


def test_what_is_there_is_never_written_over(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = workspace.root / "issues" / "first" / "pictures"
    folder.mkdir()
    (folder / "quay.jpg").write_bytes(b"the editor's own")
    (folder / "quay-2.jpg").symlink_to("elsewhere.jpg")
    copied(workspace, Web(PICTURES), monkeypatch)
    assert (folder / "quay.jpg").read_bytes() == b"the editor's own"
    assert (folder / "quay-2.jpg").is_symlink()
    assert not (folder / "elsewhere.jpg").exists()
    assert (folder / "quay-3.jpg").read_bytes() == PICTURES[f"{SITE}/quay.jpg"]
    assert "![من جديد](pictures/quay-3.jpg)" in (folder.parent / "issue.md").read_text("utf-8")


def test_a_run_that_died_before_the_issue_was_written_leaves_nothing_twice(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workspace.root / "issues" / "first" / "issue.md"
    with monkeypatch.context() as patch:
        patch.setattr("newsletter.issues.Manuscript.save", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            copied(workspace, Web(PICTURES), patch)
    before = sorted((path.parent / "pictures").iterdir())
    assert len(before) == 2
    copied(workspace, Web(PICTURES), monkeypatch)
    assert sorted((path.parent / "pictures").iterdir()) == before


def test_a_folder_that_leads_elsewhere_is_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (workspace.root / "issues" / "first" / "pictures").symlink_to(tmp_path / "outside")
    before = (workspace.root / "issues" / "first" / "issue.md").read_bytes()
    with pytest.raises(IssueError, match="cannot be written"):
        copied(workspace, Web(PICTURES), monkeypatch)
    assert list((tmp_path / "outside").iterdir()) == []
    assert (workspace.root / "issues" / "first" / "issue.md").read_bytes() == before


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("https://example.org/../../etc/passwd", "passwd.jpg"),
        ("https://example.org/%2e%2e%2fsecrets%00.jpg", "secrets.jpg"),
        ("https://example.org/", "picture.jpg"),
        ("https://example.org/.htaccess", "htaccess.jpg"),
        (f"https://example.org/{'a' * 300}.png", f"{'a' * 60}.jpg"),
        ("https://example.org/a%20(b)%5Bc%5D.jpeg?w=3000#x", "a-b-c.jpg"),
    ],
)
def test_names_of_copies_stay_in_their_folder(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, address: str, file: str
) -> None:
    path = workspace.root / "issues" / "first" / "issue.md"
    path.write_text(path.read_text("utf-8").replace(WORDS, f"![x](<{address}>)\n"), "utf-8")
    monkeypatch.setattr(Web, "get", lambda _, url, kind: Fetched(url, picture(), "image/jpeg"))
    (one,) = copied(workspace, Web({}), monkeypatch)
    assert one.file == f"pictures/{file}"
    assert [each.name for each in (path.parent / "pictures").iterdir()] == [file]


def test_a_picture_that_could_not_be_copied_is_no_success(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workspace, "fetcher", Web({}))
    path = workspace.root / "issues" / "first" / "issue.md"
    front = path.read_text("utf-8").partition("\n## ")[0].partition("![")[0].rstrip()
    path.write_text(f"{front}\n\n![رصيف الميناء عند الفجر]({SITE}/quay.jpg)\n", "utf-8")
    for command in ("check", "preview"):
        done = here("-C", workspace.root, command, "--host-pictures")
        assert "0 pictures of other sites copied, 1 not." in done.err
        assert done.code == 3, done
        assert "Next:" not in done.err


def test_a_preview_that_shall_copy_refuses_no_draft(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "fetcher", Web(PICTURES))
    path = workspace.root / "issues" / "first" / "issue.md"
    path.write_text(path.read_text("utf-8") + "\n##قسم\n", "utf-8")
    done = here("-C", workspace.root, "preview", "--host-pictures")
    assert done.code == 3, done
    assert "No picture was copied" in done.err
    assert (path.parent / "issue.html").exists()


def test_the_commands_say_what_they_took(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "fetcher", Web(PICTURES))
    path = workspace.root / "issues" / "first" / "issue.md"
    (path.parent / "own.jpg").write_bytes(picture())
    done = here("-C", workspace.root, "check", "--host-pictures", "--json")
    assert done.code == 3, done  # what could not be taken is still wrong
    found = json.loads(done.out)
    assert [one["file"] for one in found["pictures"]] == ["pictures/quay.jpg", "pictures/جسر-قديم.png", "", ""]
    assert f"copied: {SITE}/quay.jpg is pictures/quay.jpg now (0.0 MB)" in done.err
    assert (
        f"not copied: {path}:14: http://example.org/gone_(1).jpg: there is no such page; check the address" in done.err
    )
    assert "2 pictures of other sites copied, 2 not." in done.err
    text = path.read_text("utf-8").replace("![ليست هنا](http://example.org/gone_(1).jpg)", "")
    path.write_text(text.replace(f"![ليست صورة]({SITE}/page.jpg)", ""), "utf-8")
    done = here("-C", workspace.root, "preview", "--host-pictures")
    assert done.code == 0, done
    assert "0 pictures of other sites copied, 0 not." in done.err
    assert (path.parent / "issue.html").read_text("utf-8").count('src="data:image/') >= 3

"""The first run: from an address, a text, files or samples to a draft, and what is said when that fails."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import command
import newsroom
import pytest
import real_wordpress
from desk_visits import DeskVisitor, at_desk
from newsroom import SITE, Clock, WordPress
from settings_text import add_settings

from newsletter import issues
from newsletter.errors import SourceError
from newsletter.sources.http import Fetched, FetchError
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import first


def fresh(root: Path, site: WordPress | None = None) -> Iterator[Workspace]:
    first.begin(root, timezone="Africa/Algiers")
    with newsroom.open_newsroom(root, Clock(), site) as workspace:
        yield workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    clock = Clock()
    site = WordPress(newsroom.posts(40, 14, start=newsroom.START.replace(month=10, day=15)), clock)
    yield from fresh(tmp_path / "w", site)


@pytest.fixture
def visitor(workspace: Workspace) -> DeskVisitor:
    return at_desk(workspace)


def over(visitor: DeskVisitor) -> str:
    """Wait until the run is over; gives the page then."""
    until = time.monotonic() + 60
    while visitor.desk.library.first.is_running:
        assert time.monotonic() < until, "it does not end"
        time.sleep(0.02)
    return str(visitor.get("/first").text)


def draft_of(workspace: Workspace) -> issues.Issue:
    (found,) = issues.every(workspace.root)
    return found


def test_an_address_becomes_a_draft(workspace: Workspace, visitor: DeskVisitor) -> None:
    page = visitor.get("/first").text
    assert "أول عدد من نشرتك، بعد دقيقة" in page
    assert 'value=""' in page  # nobody has named a site yet
    answer = visitor.post("/first", data={"url": "almawja.example.org"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/first")
    page = over(visitor)
    assert "جمعنا 40 مقالًا" in page
    found = draft_of(workspace)
    assert 0 < len(found.stories) <= 8
    assert "نشرتنا" not in found.subject
    assert f'href="/issue/{found.slug}"' in page
    said = (workspace.root / "newsletter.toml").read_text("utf-8")
    assert f'url = "{SITE}' in said
    assert re.search(rf'^sources = \["{SITE}', said, re.MULTILINE)
    # The desk goes on with the name that was found.
    assert workspace.publication.name in visitor.get("/first").text
    assert workspace.publication.url.startswith(SITE)


def test_the_steps_come_as_events_and_lead_to_the_issue(workspace: Workspace, visitor: DeskVisitor) -> None:
    visitor.post("/first", data={"url": SITE})
    told = [json.loads(line[6:]) for line in visitor.get("/first/steps").text.splitlines() if line.startswith("data: ")]
    assert told[-1]["go"] == f"/issue/{draft_of(workspace).slug}"
    assert all(one["go"] == "" for one in told[:-1])
    assert "جمعنا 40 مقالًا" in told[-1]["html"]
    assert "قصص" in told[-1]["html"]
    # Whoever comes later is told at once.
    assert json.loads(visitor.get("/first/steps").text[6:])["go"] == told[-1]["go"]


@pytest.mark.parametrize(
    ("typed", "error", "said"),
    [
        ("", None, "هذا ليس عنوان موقع"),
        ("ليس عنوانا", None, "هذا ليس عنوان موقع"),
        ("javascript:alert(1)", None, "هذا ليس عنوان موقع"),
        ("file:///etc/hostname", None, "هذا ليس عنوان موقع"),
        ("none.example.org", FetchError("no connection: refused", where="x"), "لا أحد يجيب في هذا العنوان"),
        ("none.example.org", FetchError("it answered 404", where="x", status=404), "أجاب الموقع: 404"),
        ("none.example.org", FetchError("it answered 403", where="x", status=403), "لا يسمح للبرامج بالدخول"),
        ("none.example.org", FetchError("no complete answer came within 20 seconds", where="x"), "في الوقت المتاح"),
    ],
)
def test_a_wrong_address_says_why_and_offers_three_ways(
    workspace: Workspace, visitor: DeskVisitor, typed: str, error: FetchError | None, said: str
) -> None:
    def get(url: str, *_: object, **__: object) -> Fetched:
        assert error is not None, f"nothing may be asked for {url}"
        raise error

    workspace.fetcher.get = get  # type: ignore[method-assign, assignment]
    before = (workspace.root / "newsletter.toml").read_bytes()
    visitor.post("/first", data={"url": typed})
    page = over(visitor)
    assert said in page
    assert "ثلاث طرق أخرى" in page
    assert [path in page for path in ("/first/paste", "/first/files", "/first/samples")] == [True] * 3
    assert list((workspace.root / "issues").glob("*/issue.md")) == []
    assert (workspace.root / "newsletter.toml").read_bytes() == before


@pytest.mark.parametrize("typed", ["http://127.0.0.1:1/", "http://localhost/", "http://[::1]/", "http://10.0.0.1/"])
def test_private_addresses_are_not_asked(tmp_path: Path, typed: str) -> None:
    first.begin(tmp_path / "w")
    with open_workspace(tmp_path / "w", {}) as workspace:
        visitor = at_desk(workspace)
        visitor.post("/first", data={"url": typed})
        page = over(visitor)
        assert "شبكة خاصة" in page or "هذا ليس عنوان موقع" in page


def test_a_text_files_and_samples_become_drafts(workspace: Workspace, visitor: DeskVisitor) -> None:
    text = "عاد قطار الساحل إلى محطة الفوانيس بعد عشرين عامًا من الصمت، وفرح الناس به كثيرًا.\n\nفقرة ثانية."
    visitor.post("/first/paste", data={"title": "قطار الساحل يعود", "text": text})
    assert "جمعنا مقالًا واحدًا" in over(visitor)
    assert [story.headline for story in draft_of(workspace).stories] == ["قطار الساحل يعود"]
    (kept,) = (workspace.root / "articles").iterdir()
    assert kept.name == "قطار-الساحل-يعود.md"

    page = "# نوارس الريحان تفوز\n\nقلب الفريق تأخره بهدف إلى فوز مستحق على ضيفه، وبقي في الصدارة وحده.\n".encode()
    visitor.post("/first/files", files={"file1": ("../../نوارس الريحان.md", page), "file2": ("x.exe", b"MZ")})
    over(visitor)
    assert sorted(path.name for path in (workspace.root / "articles").iterdir()) == [
        "قطار-الساحل-يعود.md",
        "نوارس-الريحان.md",
    ]
    visitor.post("/first/samples")
    assert "جمعنا 8 مقالات" in over(visitor)
    assert len(issues.every(workspace.root)) == 3


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/first/paste", {"data": {"text": "  "}}),
        ("/first/files", {"files": {"file1": ("x.exe", b"MZ")}}),
        ("/first/files", {"files": {"file1": ("x.md", b"")}}),
    ],
)
def test_nothing_begins_with_nothing(visitor: DeskVisitor, path: str, more: dict[str, object]) -> None:
    assert visitor.post(path, **more).status_code == 422
    assert not visitor.desk.library.first.is_running


def test_two_at_once_are_one(workspace: Workspace, visitor: DeskVisitor) -> None:
    for _ in range(3):
        visitor.post("/first", data={"url": SITE})
    over(visitor)
    assert len(issues.every(workspace.root)) == 1


def test_what_an_editor_wrote_into_the_settings_stays(tmp_path: Path) -> None:
    newsroom.make(tmp_path / "w")
    before = (tmp_path / "w" / "newsletter.toml").read_bytes()
    with open_workspace(tmp_path / "w", {}) as workspace:
        assert not first.settle(workspace, first.FoundSite("https://other.example.org/", "أخرى"))
    assert (tmp_path / "w" / "newsletter.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("almawja.example.org", "https://almawja.example.org"),
        (" https://almawja.example.org/ar/ ", "https://almawja.example.org/ar/"),
        ("http://almawja.example.org", "http://almawja.example.org"),
        ("موقع.example.org", "https://xn--4gbrim.example.org"),
        ("HTTPS://ALMAWJA.EXAMPLE.ORG", "https://almawja.example.org"),
    ],
)
def test_an_address_as_people_type_it(typed: str, address: str) -> None:
    assert first.address(typed).rstrip("/").lower() == address.rstrip("/").lower()


@pytest.mark.parametrize("typed", ["", "   ", "almawja", "ftp://x.example.org", "data:text/html,x", "https://"])
def test_what_is_no_address(typed: str) -> None:
    with pytest.raises(SourceError):
        first.address(typed)


@pytest.mark.parametrize(
    ("html", "name", "language", "is_wordpress"),
    [
        (
            '<html lang="ar"><meta property="og:site_name" content="الموجة"><title>الرئيسية</title>',
            "الموجة",
            "ar",
            False,
        ),
        ("<html lang=ar-DZ><title>الموجة | صحيفة الساحل والمدن القريبة</title>", "الموجة", "ar", False),
        (
            '<html><meta name="generator" content="WordPress 6.4"><title>الرئيسية – الموجة – أخبار</title>',
            "الموجة",
            "",
            True,
        ),
        ("<html><body><script>x</script></body>", "almawja.example.org", "", False),
        ("<html><title>&lt;script&gt;alert(1)&lt;/script&gt;</title>", "almawja.example.org", "", False),
        ("", "almawja.example.org", "", False),
        (f"<title>{'طويل ' * 50}</title>", ("طويل " * 12).strip(), "", False),
    ],
)
def test_what_a_front_page_says_of_its_site(html: str, name: str, language: str, is_wordpress: bool) -> None:
    got = Fetched(f"{SITE}/", html.encode(), "text/html", "utf-8")
    assert first.site_of(got) == first.FoundSite(f"{SITE}/", name, language, is_wordpress)


def test_the_desk_in_an_empty_folder_makes_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from newsletter.desk import serving

    served: list[Path] = []
    monkeypatch.setattr(serving, "serve_desk", lambda root, *_, **__: served.append(root))
    done = command.here("-C", tmp_path, "desk", "--no-open")
    assert done.code == 0, done
    assert served == [tmp_path]
    with open_workspace(tmp_path, {}) as workspace:
        assert workspace.publication.url == first.PLACE
    # A folder with something in it is somebody's.
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("x")
    (tmp_path / "newsletter.toml").unlink()
    assert command.here("-C", other, "desk").code != 0
    assert [path.name for path in other.iterdir()] == ["notes.txt"]


class TestRealWordPress:
    """With a WordPress on loopback."""

    pytestmark = real_wordpress.NEEDED

    def test_from_the_address_to_the_draft(self, tmp_path: Path) -> None:
        first.begin(tmp_path / "w", timezone="Africa/Algiers")
        add_settings(tmp_path / "w", '[collect]\nallow_private_hosts = ["127.0.0.1"]')
        with real_wordpress.running() as site, open_workspace(tmp_path / "w", {}) as workspace:
            visitor = at_desk(workspace)
            began = time.monotonic()
            visitor.post("/first", data={"url": site.url})
            page = over(visitor)
            took = time.monotonic() - began
            assert visitor.desk.library.first.trouble is None, visitor.desk.library.first.trouble
            found = draft_of(workspace)
            print(f"{len(site.articles)} articles, {len(found.stories)} stories, {took:.1f} s")
            assert f'href="/issue/{found.slug}"' in page
            assert "موقع ووردبريس" in page

"""The archive told to programs and written as files: cards, data, feeds, site map, and a folder always whole."""

from __future__ import annotations

import json
import os
import re
import shutil
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import feedparser
import lxml.html
import pytest
import sqlalchemy as sa
from command import complains, here, make_workspace
from reader_pages import CHROMIUM, FLAGS, free_port, served
from settings_text import with_settings
from starlette.testclient import TestClient
from test_render_node import judged

from newsletter import media
from newsletter.models import Picture
from newsletter.publish.files import folder as folders
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import share_pictures
from newsletter.workflows.serve import app_of

BASE = "https://news.example.org"
PUBLIC = "https://letters.example.org/a"
HOSTILE = "</script><script>alert(1)</script>\" ' & <b>خبر</b> \u202eمقلوب\u202c \u2028]]>"
FIRST = datetime(2026, 1, 5, 12, tzinfo=UTC)
PICTURE = Picture("p@example.org", "image/png", b"\x89PNG\r\n\x1a\n picture", "p.png", 600, 400)
EVENT = Picture("e@example.org", "text/calendar", b"BEGIN:VCALENDAR", "event.ics", 0, 0)
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with 23 letters: one with a hostile subject, one with a key in Arabic, one of the latest posts."""
    root = make_workspace(tmp_path_factory.mktemp("archive") / "w")
    assert here("-C", root, "send", "--yes").code == 0
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        from newsletter.storage.tables import issue, letter, send

        (first,) = connection.execute(sa.select(send)).mappings().all()
        (frozen,) = connection.execute(sa.select(letter)).mappings().all()
        connection.execute(sa.update(send).values(created=int(FIRST.timestamp())))
        keys = [*(str(number) for number in range(2, 21)), "عيد", "readers/daily/2026-11-24", "22"]
        for number, key in enumerate(keys, 2):
            one = connection.execute(sa.insert(issue).values(key=key).returning(issue.c.id)).scalar_one()
            row: dict[Any, Any] = {**first, "public_id": f"{number:016x}", "issue_id": one, "state": "finished"}
            row["created"] = int((FIRST + timedelta(days=7 * number)).timestamp())
            row["subject"] = HOSTILE if key == "22" else f"خبر الأسبوع رقم {number}"
            row.pop("id")
            sent = connection.execute(sa.insert(send).values(**row).returning(send.c.id)).scalar_one()
            data = frozen["frozen"]
            if key == "20":
                whole = json.loads(zlib.decompress(data))
                data = zlib.compress(json.dumps({**whole, "rendered": with_links(whole["rendered"])}).encode())
            connection.execute(sa.insert(letter).values(send_id=sent, variant="", frozen=data))
        media.put(connection, [PICTURE, EVENT], now=FIRST, frozen=True)
    return root


def with_links(rendered: dict[str, Any]) -> dict[str, Any]:
    """A letter with a hosted picture, a calendar file, and links to past letters at the reader pages."""
    more = f"""<img src="{BASE}/media/{PICTURE.stored_name}" width="600" alt="الميناء">
        <a href="{BASE}/media/{EVENT.stored_name}">أضف</a> <a href="{BASE}/letters/4">قبله</a>
        <a href="{BASE}/letters/99">غائب</a> <a href="{BASE}/archive">كل الأعداد</a></body>"""
    return {**rendered, "html": rendered["html"].replace("</body>", more)}


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """A copy of it for a test that changes something."""
    shutil.copytree(made, tmp_path / "w")
    return tmp_path / "w"


@pytest.fixture(scope="module")
def workspace(made: Path) -> Iterator[Workspace]:
    with open_workspace(made, {}) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def client(workspace: Workspace) -> TestClient:
    return TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE, follow_redirects=False)


@pytest.fixture(scope="module")
def public(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of it as files."""
    out = tmp_path_factory.mktemp("files") / "public"
    done = here("-C", made, "publish", "--to", "files", "--out", out, "--url", f"{PUBLIC}/")
    assert done.code == 0, done
    assert done.out == f"{PUBLIC}/\n"
    return out


def data_of(page: str) -> Any:
    """The one block of data in a page; nothing else in it is a script."""
    scripts = lxml.html.document_fromstring(page).findall(".//script")
    assert [one.get("type") for one in scripts] == ["application/ld+json"]
    return json.loads(scripts[0].text or "")


def card_of(page: str) -> dict[str, str]:
    metas = lxml.html.document_fromstring(page).findall(".//meta")
    return {str(one.get("property") or one.get("name")): str(one.get("content")) for one in metas}


# ---- served


def test_a_letter_is_told_to_programs(client: TestClient) -> None:
    page = client.get("/letters/2")
    card = card_of(page.text)
    assert card["og:image"] == card["twitter:image"] == f"{BASE}/letters/2/share.png"
    assert (card["og:image:width"], card["og:image:height"]) == ("1200", "630")
    assert card["twitter:card"] == "summary_large_image"
    assert card["og:image:alt"] == "خبر الأسبوع رقم 2"
    data = data_of(page.text)
    assert data["@type"] == "NewsArticle"
    assert data["headline"] == "خبر الأسبوع رقم 2"
    assert data["url"] == data["mainEntityOfPage"] == f"{BASE}/letters/2"
    assert data["datePublished"] == "2026-01-19T12:00:00+00:00"
    assert data["image"] == [f"{BASE}/letters/2/share.png"]
    assert data["publisher"]["name"] == "الموجة"
    assert "script-src" not in page.headers["content-security-policy"], "a block of data needs no allowance"

    listed = data_of(client.get("/archive").text)
    assert listed["@type"] == "CollectionPage"
    assert len(listed["mainEntity"]["itemListElement"]) == 20
    assert listed["mainEntity"]["itemListElement"][0]["url"] == f"{BASE}/letters/22"


def test_the_share_picture_is_served_and_kept(client: TestClient, made: Path) -> None:
    answer = client.get("/letters/2/share.png")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    again = client.get("/letters/2/share.png", headers={"if-none-match": f'"x", W/{answer.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"] != client.get("/letters/3/share.png").headers["etag"]
    assert any(one.read_bytes() == answer.content for one in (made / ".share").iterdir())
    assert client.get("/letters/readers/daily/2026-11-24/share.png").status_code == 200
    for missing in ("/letters/99/share.png", "/letters/x/share.png"):
        assert client.get(missing).status_code == 404


def test_hostile_subjects_are_words(client: TestClient) -> None:
    page = client.get("/letters/22").text
    assert data_of(page)["headline"].startswith("</script><script>alert(1)")
    assert "\u202e" not in data_of(page)["headline"]
    assert card_of(page)["og:title"] == re.sub("[\u202c\u202e]", "", HOSTILE)
    data_of(client.get("/archive").text)
    assert client.get("/letters/22/share.png").status_code == 200
    json.loads(client.get("/archive.json").text)
    assert not feedparser.parse(client.get("/archive.xml").content).bozo


def test_the_json_feed(client: TestClient) -> None:
    answer = client.get("/archive.json")
    assert answer.headers["content-type"] == "application/feed+json; charset=utf-8"
    judge_json_feed(answer.content, f"{BASE}/archive.json", f"{BASE}/archive")
    assert answer.content == client.get("/archive.json").content


def judge_json_feed(content: bytes, own: str, home: str) -> None:
    """By the fields of JSON Feed 1.1."""
    feed = json.loads(content)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["feed_url"], feed["home_page_url"], feed["language"]) == (own, home, "ar")
    assert len(feed["items"]) == 20
    assert len({one["id"] for one in feed["items"]}) == 20
    for one in feed["items"]:
        assert isinstance(one["id"], str)
        assert one["url"].startswith("https://")
        assert one["url"].isascii()
        assert datetime.fromisoformat(one["date_published"]).tzinfo is not None
        assert "المدينة القديمة تستعيد أسوارها" in one["content_html"]
        assert not re.search(r"<table|<style|<script|style=|/leave/|/preferences/|class=", one["content_html"])
        assert one["image"].endswith("/share.png")


def test_the_site_map(client: TestClient) -> None:
    judge_site_map(client.get("/sitemap.xml").content, f"{BASE}/archive", 23)
    assert "Sitemap:" in client.get("/robots.txt").text


def judge_site_map(content: bytes, first: str, letters: int) -> None:
    """By the rules of sitemaps.org: absolute addresses of one place, escaped, moments in W3C's form."""
    tree = ElementTree.fromstring(content)
    assert tree.tag == f"{MAP}urlset"
    addresses = [str(one.findtext(f"{MAP}loc")) for one in tree]
    assert addresses[0] == first
    assert len(set(addresses)) == letters + 1
    for one in tree:
        address = str(one.findtext(f"{MAP}loc"))
        assert address.isascii()
        assert address.startswith(first.removesuffix("archive"))
        assert datetime.fromisoformat(str(one.findtext(f"{MAP}lastmod"))).tzinfo is not None


def test_a_letter_of_a_private_list_is_told_to_nobody(made: Path, client: TestClient) -> None:
    from newsletter.letters import own_links

    with open_workspace(made, {}) as workspace:
        path = own_links.page_path("readers", "2", opened=(), keys=workspace.keys.tokens)
    answer = client.get(f"/{path.lstrip('/')}")
    assert answer.status_code == 200
    assert answer.headers["x-robots-tag"] == "noindex"
    assert not re.search("og:|twitter:|ld.json|canonical|share.png", answer.text)
    assert client.get(f"/{path.lstrip('/')}/share.png").status_code == 404


def test_where_no_picture_can_be_drawn_pages_do_without(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from newsletter.sharing import NoFontError

    def lacks(_folder: object, _card: object) -> None:
        raise NoFontError("no font", mend="apt-get install fonts-noto-core", lasting=True)

    monkeypatch.setattr(share_pictures.ShareFolder, "expect", lacks)
    monkeypatch.setattr(share_pictures.ShareFolder, "picture", lacks)
    client = TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE)
    assert "og:image" not in card_of(client.get("/letters/2").text)
    assert card_of(client.get("/letters/3").text)["twitter:card"] == "summary"
    assert client.get("/letters/2/share.png").status_code == 404
    assert client.get("/archive").status_code == 200
    told = [one.getMessage() for one in caplog.records if "share picture" in one.getMessage()]
    assert told == ["no share picture: no font; apt-get install fonts-noto-core"]


def test_a_letter_that_is_a_post_names_it_to_search_engines(root: Path) -> None:
    from newsletter.publish import rows

    with open_workspace(root, {}) as workspace:
        with workspace.database.write() as connection:
            site = "https://almawja.example.org"
            post = rows.PublishedIssue("wordpress", site, "2", 7, link=f"{site}/7/", is_public=True)
            rows.keep(connection, post, now=FIRST)
        client = TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE)
        page = client.get("/letters/2").text
        assert '<link rel="canonical" href="https://almawja.example.org/7/">' in page
        assert data_of(page)["mainEntityOfPage"] == "https://almawja.example.org/7/"
        assert f"{BASE}/letters/2<" not in client.get("/sitemap.xml").text
        assert f"{BASE}/letters/3<" in client.get("/sitemap.xml").text
    out = root.parent / "public"
    assert here("-C", root, "publish", "--to", "files", "--out", out, "--url", PUBLIC).code == 0
    assert 'rel="canonical" href="https://almawja.example.org/7/"' in (out / "letters/2.html").read_text("utf-8")
    assert f"{PUBLIC}/letters/2.html<" not in (out / "sitemap.xml").read_text("utf-8")


# ---- as files


def test_every_link_of_the_files_leads_somewhere(public: Path) -> None:
    pages = sorted(public.rglob("*.html"))
    assert len(pages) == 23 + 2
    for path in pages:
        text = path.read_text("utf-8")
        assert not re.search(r"/leave/|/preferences/|mailto:(?!\?)|reader\d@| style=|<style|\{\{", text)
        for element, _, link, _ in lxml.html.document_fromstring(text).iterlinks():
            if urlsplit(link).scheme or element.tag == "meta" or link.startswith(f"{PUBLIC}/"):
                continue
            target = urljoin(path.as_uri(), link).partition("?")[0]
            assert Path(urlsplit(target.replace("%D8%B9%D9%8A%D8%AF", "عيد")).path).is_file(), (path, link)
            assert not link.startswith("/")
    index = (public / "index.html").read_text("utf-8")
    assert 'href="./page-2.html"' in index
    assert f'href="{BASE}/">' in index, "the form is where the reader pages are"
    assert 'href="./letters/%D8%B9%D9%8A%D8%AF.html"' in (public / "index.html").read_text("utf-8")


def test_what_letters_name_at_the_reader_pages_comes_along(public: Path) -> None:
    """Hosted pictures and calendar files are written; links to past letters lead to their files."""
    page = (public / "letters/20.html").read_text("utf-8")
    assert f'src="../media/{PICTURE.stored_name}"' in page
    assert f'href="../media/{EVENT.stored_name}"' in page
    assert (public / "media" / PICTURE.stored_name).read_bytes() == PICTURE.data
    assert (public / "media" / EVENT.stored_name).read_bytes() == EVENT.data
    assert 'href="../letters/4.html"' in page
    assert f'href="{BASE}/letters/99"' in page
    assert 'href="../index.html">كل الأعداد' in page
    assert data_of(page)["image"] == [f"{PUBLIC}/letters/20/share.png", f"{PUBLIC}/media/{PICTURE.stored_name}"]
    feed = feedparser.parse((public / "feed.xml").read_bytes())
    assert f'src="{PUBLIC}/media/{PICTURE.stored_name}"' in feed.entries[3].content[0].value


def test_the_files_are_told_to_programs(public: Path) -> None:
    page = (public / "letters/readers/daily/2026-11-24.html").read_text("utf-8")
    address = f"{PUBLIC}/letters/readers/daily/2026-11-24"
    assert card_of(page)["og:image"] == f"{address}/share.png"
    assert data_of(page)["url"] == f"{address}.html"
    assert f'<link rel="canonical" href="{address}.html">' in page
    assert (public / "letters/readers/daily/2026-11-24/share.png").read_bytes().startswith(b"\x89PNG")
    assert data_of((public / "index.html").read_text("utf-8"))["url"] == f"{PUBLIC}/"
    assert data_of((public / "letters/22.html").read_text("utf-8"))["headline"].startswith("</script>")
    judge_json_feed((public / "feed.json").read_bytes(), f"{PUBLIC}/feed.json", f"{PUBLIC}/")
    judge_site_map((public / "sitemap.xml").read_bytes(), f"{PUBLIC}/", 23)


def test_the_rss_feed(public: Path) -> None:
    content = (public / "feed.xml").read_bytes()
    read = feedparser.parse(content)
    assert not read.bozo
    assert (read.version, read.feed.link, read.feed.language) == ("rss20", f"{PUBLIC}/", "ar")
    assert len(read.entries) == 20
    assert "\u202e" not in content.decode("utf-8")
    for one in read.entries:
        assert one.id == one.link
        assert one.published_parsed is not None
        assert "تستعيد أسوارها" in one.content[0].value
    # What RSS 2.0 demands of channel and item.
    channel = ElementTree.fromstring(content).find("channel")
    assert channel is not None
    assert all(channel.findtext(name) for name in ("title", "link", "description"))


@pytest.mark.slow
def test_pages_and_feeds_hold_before_a_linter(public: Path, client: TestClient) -> None:
    pages = {
        "index": (public / "index.html").read_text("utf-8"),
        "second": (public / "page-2.html").read_text("utf-8"),
        "letter": (public / "letters/22.html").read_text("utf-8"),
        "served": client.get("/archive").text,
    }
    found = judged({name: {"mjml": "<mjml><mj-body></mj-body></mjml>", "html": html} for name, html in pages.items()})
    # The stylesheet is our own, from the same place as the page.
    told = {name: [line for line in one["html"] if not line.startswith("require-sri")] for name, one in found.items()}
    assert told == {name: [] for name in pages}


def state(out: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(out).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


@pytest.mark.slow
def test_only_what_changed_is_written(root: Path) -> None:
    out = root.parent / "public"
    publish = ("-C", root, "publish", "--to", "files", "--out", out, "--json")
    first = json.loads(here(*publish, "--url", PUBLIC).out)
    assert (first["done"], first["letters"], first["removed"]) == ("created", 23, [])
    before = state(out)
    (out / "CNAME").write_text("letters.example.org")
    again = json.loads(here(*publish).out)
    assert (again["done"], again["written"], again["url"]) == ("unchanged", [], PUBLIC)
    assert {name: one for name, one in state(out).items() if name != "CNAME"} == before

    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        from newsletter.storage.tables import send

        connection.execute(sa.update(send).where(send.c.subject.endswith("رقم 5")).values(state="cancelled"))
    tried = json.loads(here(*publish, "--dry-run").out)
    assert tried["removed"] == ["letters/5.html", "letters/5/letter.css", "letters/5/share.png"]
    assert {name: one for name, one in state(out).items() if name != "CNAME"} == before
    done = json.loads(here(*publish).out)
    assert done["removed"] == tried["removed"]
    assert done["written"] == tried["written"]
    assert set(done["written"]) == {"index.html", "page-2.html", "feed.xml", "feed.json", "sitemap.xml"}
    assert not (out / "letters/5").exists()
    assert (out / "CNAME").read_text() == "letters.example.org"
    kept = state(out)
    assert all(kept[name] == before[name] for name in before if name.startswith("letters/") and "/5" not in name)


@pytest.mark.slow
def test_a_publication_cut_off_anywhere_is_completed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended between every two steps that touch the disk, and done again: the same files, and none too many."""
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        from newsletter.storage.tables import send

        connection.execute(sa.update(send).where(send.c.id > 2).values(state="cancelled"))
    out = root.parent / "public"
    publish = ("-C", root, "publish", "--to", "files", "--out", out, "--url", PUBLIC)
    assert here(*publish).code == 0
    whole = state(out)
    shutil.rmtree(out)
    real = folders.ArchiveFolder._write
    for step in range(len(whole) + 1):
        count = 0

        def write(self: Any, path: Path, data: bytes, step: int = step) -> None:
            nonlocal count
            if count == step:
                (self.root / f"{folders._PART}dead").write_bytes(data[:10])
                raise KeyboardInterrupt
            count += 1
            real(self, path, data)

        monkeypatch.setattr(folders.ArchiveFolder, "_write", write)
        here(*publish)
        monkeypatch.setattr(folders.ArchiveFolder, "_write", real)
        assert len(state(out)) in (step + 1, len(whole), len(whole) + 1)
        assert here(*publish).code == 0
        assert {name: one[1] for name, one in state(out).items()} == {name: one[1] for name, one in whole.items()}
        shutil.rmtree(out)


def test_the_logo_of_the_workspace_is_drawn(root: Path) -> None:
    import io

    from PIL import Image

    red = io.BytesIO()
    Image.new("RGB", (240, 80), "#ff0000").save(red, "PNG")
    (root / "logo.png").write_bytes(red.getvalue())
    toml = root / "newsletter.toml"
    toml.write_text(with_settings(toml.read_text("utf-8"), '[letter]\nlogo = "logo.png"\n'), "utf-8")
    with open_workspace(root, {}) as workspace:
        client = TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE)
        picture = Image.open(io.BytesIO(client.get("/letters/2/share.png").content)).convert("RGB")
        assert picture.getpixel((1100, 104)) == (255, 0, 0)


@pytest.mark.slow
def test_folders_of_others_are_left_alone(root: Path) -> None:
    publish = ("-C", root, "publish", "--to", "files", "--out")
    theirs = root.parent / "theirs"
    theirs.mkdir()
    (theirs / "index.html").write_text("theirs")
    complains(here(*publish, theirs), "theirs", "no archive of Nashra", "name an empty folder")
    assert [path.name for path in theirs.iterdir()] == ["index.html"]
    complains(here(*publish, theirs / "index.html"), "no folder")

    out = root.parent / "public"
    assert here(*publish, out).code == 0
    marker = (out / folders.MARKER).read_text("utf-8").replace('"letters/7.html"\n', "")
    (out / folders.MARKER).write_text(marker, "utf-8")
    (out / "letters/7.html").write_text("theirs")
    complains(here(*publish, out), "7.html", "--force")
    assert here(*publish, out, "--force").code == 0
    assert (out / "letters/7.html").read_text("utf-8").startswith("<!doctype html>")

    outside = root.parent / "outside"
    shutil.move(out / "letters", outside)
    (out / "letters").symlink_to(outside)
    complains(here(*publish, out), "is a link")
    (out / folders.MARKER).write_text('{"nashra": ""}\n"../../evil"\n"/etc/passwd"\n"torn', "utf-8")
    (out / "letters").unlink()
    done = here(*publish, out, "--force")
    assert done.code == 0, done


@pytest.mark.slow
def test_what_is_asked_wrongly(root: Path) -> None:
    publish = ("-C", root, "publish", "--to", "files")
    complains(here(*publish), "no folder is named", "--out public")
    out = root.parent / "public"
    for url in ("letters.example.org", "ftp://example.org", "https://e.org/?a", "https://e.org/\u202e", "https://[::1"):
        complains(here(*publish, "--out", out, "--url", url), "--url")
    complains(here(*publish[:3], "99", *publish[3:], "--out", out), "issue 99")
    # By its number, by its folder as elsewhere, and by the path of its file.
    for name in ("22", "first", root / "issues" / "first" / "issue.md"):
        assert here(*publish[:3], name, *publish[3:], "--out", out, "--dry-run").code == 0
    assert not (out / "index.html").exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="whoever is root may write anywhere")
def test_a_folder_that_may_not_be_written(root: Path) -> None:
    closed = root.parent / "closed"
    closed.mkdir(mode=0o500)
    complains(here("-C", root, "publish", "--to", "files", "--out", closed / "public"), "cannot be read or written")


def test_without_an_address_there_is_nothing_that_needs_one(root: Path) -> None:
    out = root.parent / "public"
    done = here("-C", root, "publish", "--to", "files", "--out", out)
    assert "without --url there are no feeds" in done.err
    assert done.out == f"{out / 'index.html'}\n"
    assert not {"feed.xml", "feed.json", "sitemap.xml"} & {path.name for path in out.iterdir()}
    page = (out / "letters/2.html").read_text("utf-8")
    assert not re.search("canonical|og:url|og:image|ld.json|alternate|https?:///", page)


@pytest.mark.slow
def test_a_newsroom_without_reader_pages_has_an_archive_too(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", settings="")
    toml = root / "newsletter.toml"
    toml.write_text(re.sub(r'(?m)^url = "https://news.*\n', "", toml.read_text("utf-8")), "utf-8")
    assert here("-C", root, "send", "--yes").code == 0
    out = tmp_path / "public"
    assert here("-C", root, "publish", "--to", "files", "--out", out, "--url", PUBLIC).code == 0
    for path in out.rglob("*.html"):
        text = path.read_text("utf-8")
        assert 'href="/"' not in text
        assert 'href=""' not in text
        assert set(re.findall('"mailto:[^"]*"', text)) <= {
            '"mailto:news@almawja.example.org?subject=subscribe%20readers"'
        }


@pytest.mark.browser
@pytest.mark.slow
def test_a_browser_has_nothing_to_complain_of(made: Path, public: Path) -> None:
    """The policy of the pages takes the block of data, and files work from the disk."""
    if not Path(CHROMIUM).exists() and os.environ.get("CI") != "true":
        pytest.skip("needs Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, served(made, free_port()) as base:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.set_default_timeout(120_000)
        troubles: list[str] = []
        page.on("console", lambda one: troubles.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda one: troubles.append(one.url) if not one.url.startswith((base, "file:")) else None)
        for address in (f"{base}/letters/22", f"{base}/archive", *(f"{public.as_uri()}/{one}" for one in PAGES)):
            page.goto(address)
            assert page.locator('script[type="application/ld+json"]').count() == 1
            assert page.locator("nav").evaluate("nav => getComputedStyle(nav).display") == "flex"
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("link", name="الرسائل السابقة").first.click()
        page.get_by_role("link", name="رسائل أقدم").click()
        assert page.url.endswith("/page-2.html")
        page.get_by_role("link", name="خبر الأسبوع رقم 3").click()
        assert page.url.endswith("/letters/3.html")
        browser.close()
        assert troubles == []


PAGES = ("index.html", "letters/22.html", "letters/readers/daily/2026-11-24.html")

"""Pictures of letters at the reader pages: named in the letter, there before it goes, served for good, once."""

from __future__ import annotations

import email
import email.policy
import io
import re
import shutil
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from command import complains, here, make_workspace
from conftest import MakeDatabase
from PIL import Image, ImageFilter
from reader_pages import free_port, served
from settings_text import with_settings
from sqlalchemy import select
from starlette.testclient import TestClient
from test_postgresql import on

from newsletter import delivery, issues, ledger, library, media
from newsletter.check.found import LinkResult, PictureResult, SenderSetup
from newsletter.delivery import freezing
from newsletter.letters import hosting
from newsletter.letters.mime import from_json
from newsletter.models import Article, Picture, Rendered
from newsletter.storage import tables
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import check, latest, refreeze
from newsletter.workflows import letter as letters
from newsletter.workflows import plan as plans
from newsletter.workflows.serve import app_of
from subscribers import actions, store

BASE = "https://news.example.org"
NAMED = re.compile(rf'src="({BASE}/media/([0-9a-f]{{32}}\.(?:jpg|png)))"')


def jpeg() -> bytes:
    """A photograph, each time another one: what is full of detail stays a JPEG."""
    data = io.BytesIO()
    bands = [Image.effect_noise((640, 360), 40) for _ in "RGB"]
    Image.merge("RGB", bands).filter(ImageFilter.GaussianBlur(2)).save(data, "JPEG")
    return data.getvalue()


def illustrated(root: Path) -> Path:
    make_workspace(root)
    path = root / "issues" / "first" / "issue.md"
    headline = "### المدينة القديمة تستعيد أسوارها\n"
    text = path.read_text("utf-8").replace(headline, f"{headline}\n![أسوار المدينة عند الغروب](wall.jpg)\n\n")
    path.write_text(text, "utf-8")
    (path.parent / "wall.jpg").write_bytes(jpeg())
    return root


def with_setting(root: Path, pictures: str) -> Path:
    settings = root / "newsletter.toml"
    line = f'[letter]\npictures = "{pictures}"\n'
    settings.write_text(with_settings(settings.read_text("utf-8"), line), "utf-8")
    return root


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with an issue that has one local picture; to be copied, never changed."""
    return illustrated(tmp_path_factory.mktemp("hosted") / "w")


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "w")


@pytest.fixture
def workspace(root: Path) -> Iterator[Workspace]:
    with open_workspace(root, {}) as workspace:
        yield workspace


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, root: Path, ready_urls: MakeDatabase) -> Iterator[Workspace]:
    """The same on both databases."""
    if request.param == "postgresql":
        on(root, ready_urls("postgresql"))
    with open_workspace(root, {}) as workspace:
        if request.param == "postgresql":
            with workspace.database.write() as connection:
                store.add_list(connection, "readers", "الموجة", now=workspace.now())
                who = {"now": workspace.now(), "keys": workspace.keys.suppression}
                actions.add_subscriber(connection, "reader0@example.net", "readers", **who)
        yield workspace


def stored(workspace: Workspace) -> list[tuple[str, bool]]:
    """Name of each picture in the database, and whether a send froze it."""
    with workspace.database.read() as connection:
        rows = connection.execute(select(tables.media.c.name, tables.media.c.frozen_at).order_by(tables.media.c.name))
        return [(row.name, row.frozen_at is not None) for row in rows]


def planned(workspace: Workspace) -> plans.Plan:
    return plans.make(workspace, issues.find(workspace.root, "1"), list_name="", rhythm="weekly")


def client_of(workspace: Workspace) -> TestClient:
    return TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE, follow_redirects=False)


def messages(root: Path) -> list[EmailMessage]:
    found = [email.message_from_bytes(one.read_bytes(), policy=email.policy.default) for one in outbox(root)]
    assert all(isinstance(one, EmailMessage) for one in found)
    return found  # type: ignore[return-value]


def outbox(root: Path) -> list[Path]:
    return sorted((root / "outbox" / "new").iterdir())


def html_of(message: EmailMessage) -> str:
    body = message.get_body(("html",))
    assert body is not None
    return str(body.get_content())


# ---- the letter


def test_a_letter_names_its_pictures_and_carries_none(either: Workspace) -> None:
    done = here("-C", either.root, "send", "--yes")
    assert done.code == 0, done
    letters = messages(either.root)
    assert letters
    named = {NAMED.search(html_of(one)) for one in letters}
    for message in letters:
        assert [part.get_content_type() for part in message.walk()] == [
            "multipart/alternative",
            "text/plain",
            "text/html",
        ]
        assert "cid:" not in html_of(message)
    ((url, name),) = {(one[1], one[2]) for one in named if one is not None}
    # A name of nobody's own: the same for everybody who gets it.
    assert stored(either) == [(name.partition(".")[0], True)]
    answer = client_of(either).get(url)
    assert answer.status_code == 200
    assert Image.open(io.BytesIO(answer.content)).format == "JPEG"
    assert max(one.stat().st_size for one in outbox(either.root)) < 60_000


@pytest.mark.parametrize(("language", "alt"), [("ar", "أسوار المدينة عند الغروب"), ("en", "The wall at dusk")])
def test_the_picture_stands_as_it_would_inside(root: Path, language: str, alt: str) -> None:
    path = root / "issues" / "first" / "issue.md"
    path.write_text(path.read_text("utf-8").replace("أسوار المدينة عند الغروب", alt), "utf-8")
    made = {}
    for mode in ("hosted", "inline"):
        more = {"NASHRA_LETTER__PICTURES": mode, "NASHRA_NEWSLETTER__LANGUAGE": language}
        with open_workspace(root, more) as workspace:
            made[mode] = letters.of_issue(workspace, issues.read(path))
    inside, outside = made["inline"].rendered, made["hosted"].rendered
    (picture,) = inside.pictures
    assert (outside.pictures, [one.data for one in outside.hosted]) == ((), [picture.data])
    match = NAMED.search(outside.html)
    assert match is not None
    # All else is the same, but for the mark of each letter's own slots.
    back = outside.html.replace(match[1], f"cid:{picture.cid}").replace(made["hosted"].marker, made["inline"].marker)
    assert back == inside.html
    assert f'alt="{alt}"' in outside.html


@pytest.mark.parametrize(
    ("setting", "web", "hosted"),
    [("auto", True, True), ("auto", False, False), ("inline", True, False), ("hosted", True, True)],
)
def test_the_setting_says_where_pictures_are(root: Path, setting: str, web: bool, hosted: bool) -> None:
    with_setting(root, setting)
    with open_workspace(root, {} if web else {"NASHRA_WEB__URL": ""}) as workspace:
        made = letters.of_issue(workspace, issues.find(root, "1")).rendered
    assert (len(made.hosted), len(made.pictures)) == ((1, 0) if hosted else (0, 1))
    assert ("cid:" in made.html) is not hosted


def test_pictures_that_nobody_would_serve_are_told(root: Path) -> None:
    with_setting(root, "hosted")
    settings = root / "newsletter.toml"
    settings.write_text(settings.read_text("utf-8").replace('url = "https://news', '# url = "https://news'), "utf-8")
    complains(here("-C", root, "check"), "newsletter.toml:", "pictures", '"hosted" wants reader pages', "[web]")
    settings.write_text(settings.read_text("utf-8").replace('"hosted"', '"cdn"'), "utf-8")
    complains(here("-C", root, "check"), "pictures", "'cdn'", "'auto', 'inline' or 'hosted'")


def test_a_preview_needs_no_server(workspace: Workspace) -> None:
    done = here("-C", workspace.root, "preview")
    assert done.code == 0, done
    html = (workspace.root / "issues" / "first" / "issue.html").read_text("utf-8")
    assert 'src="data:image/jpeg;base64,' in html
    assert "/media/" not in html
    assert stored(workspace) == []  # a look writes nothing


def test_words_that_look_like_a_picture_stay_words() -> None:
    picture = Picture("picture-1@example.org", "image/jpeg", b"one", "a.jpg")
    longer = replace(picture, cid="picture-1@example.org.uk", data=b"other")
    odd = replace(picture, cid="odd@example.org", content_type="image/x-icon", data=b"odd")
    html = (
        '<img src="cid:picture-1@example.org"><img src="cid:picture-1@example.org.uk"><img src="cid:odd@example.org">'
        "<td style=\"background:url('cid:picture-1@example.org')\">write cid:picture-1@example.org</td>"
    )
    made = hosting.host(Rendered("", html, "", (picture, longer, odd)), BASE)
    one, other = (f"{BASE}/media/{each.stored_name}" for each in (picture, longer))
    assert made.html == (
        f'<img src="{one}"><img src="{other}"><img src="cid:odd@example.org">'
        f"<td style=\"background:url('{one}')\">write cid:picture-1@example.org</td>"
    )
    assert (made.pictures, made.hosted) == ((odd,), (picture, longer))
    assert "cid:odd" not in hosting.shown_alone(made, BASE)
    assert BASE not in hosting.shown_alone(made, BASE)


# ---- written down with the letter


def test_a_freeze_that_dies_leaves_nothing_and_the_next_one_everything_once(
    either: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(either)

    class PowerCutError(Exception):
        """The process died."""

    def die(*_: object, **__: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(freezing.ledger, "note_clock", die)  # right behind the pictures
        with pytest.raises(PowerCutError):
            plans.freeze_plan(either, plan)
    assert stored(either) == []
    send = plans.freeze_plan(either, plan)
    ((name, frozen),) = stored(either)
    assert frozen
    with either.database.read() as connection:
        (letter_id,) = connection.execute(
            select(tables.letter.c.id).where(tables.letter.c.send_id == send.id)
        ).scalars()
        text = ledger.letter_of(connection, letter_id)
    letter = from_json(text)
    assert (letter.rendered.pictures, letter.rendered.hosted) == ((), ())
    assert name in letter.rendered.html
    assert "hosted" not in text


def test_a_send_that_is_frozen_anew_has_its_new_picture(either: Workspace) -> None:
    workspace_now = either.now()
    plans.freeze_plan(either, planned(either), send_at=workspace_now + timedelta(days=1))
    (before,) = stored(either)
    (either.root / "issues" / "first" / "wall.jpg").write_bytes(jpeg())
    refreeze.carry_out(either, refreeze.prepare(either, "1"))
    after = stored(either)
    # The old one stays: a send named it, and the rule looks at nothing else.
    assert len(after) == 2
    assert before in after
    assert all(frozen for _, frozen in after)


def test_letters_that_go_by_themselves_have_theirs(workspace: Workspace) -> None:
    """No picture of this machine's disk is in the stories of one, but the newsroom's own logo may be a file."""
    root, now = workspace.root, workspace.now()
    (root / "logo.jpg").write_bytes(jpeg())
    article = Article(
        "خبر اليوم", "https://almawja.example.org/1/", summary="كلمة.", published=now - timedelta(hours=1)
    )
    with workspace.database.write() as connection:
        library.shelve(connection, [article], now=now)
        subscription = actions.add_subscriber(
            connection, "daily@example.net", "readers", now=now, keys=workspace.keys.suppression, rhythm="daily"
        )
        assert subscription.subscriber.id
    with open_workspace(root, {"NASHRA_LETTER__LOGO": "logo.jpg"}) as opened:
        outcome = latest.run(opened, "daily")
    assert outcome.send is not None, outcome
    (message,) = messages(root)
    match = NAMED.search(html_of(message))
    assert match is not None
    assert stored(workspace) == [(match[2].partition(".")[0], True)]


def daily_with_logo(workspace: Workspace) -> None:
    now = workspace.now()
    (workspace.root / "logo.jpg").write_bytes(jpeg())
    article = Article("خبر", "https://almawja.example.org/2/", summary="كلمة.", published=now - timedelta(hours=1))
    with workspace.database.write() as connection:
        library.shelve(connection, [article], now=now)
        actions.add_subscriber(
            connection, "daily@example.net", "readers", now=now, keys=workspace.keys.suppression, rhythm="daily"
        )


def test_letters_that_go_by_themselves_ask_the_pages_as_an_issue_does(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    daily_with_logo(workspace)
    answers = [PictureResult(trouble="answers 404", gone=True), PictureResult(trouble="answers 503"), PictureResult()]
    logo = {"NASHRA_LETTER__LOGO": "logo.jpg"}
    command = ("-C", workspace.root, "latest", "--rhythm", "daily")
    monkeypatch.setattr(check, "through_a_provider", lambda _: True)
    monkeypatch.setattr(check.probe, "pages", lambda *_: LinkResult())
    monkeypatch.setattr(check.probe, "hosted", lambda *_: answers[0])
    complains(
        here(*command, "--dry-run", more=logo),
        "newsletter.toml: [letter] pictures",
        "do not give the letter's pictures",
    )
    complains(here(*command, more=logo), "newsletter.toml: [letter] pictures", "answers 404", 'set pictures = "inline"')
    assert not (workspace.root / "outbox" / "new").exists()
    # Mended halfway, the same command sends what waited, and tells what it saw.
    del answers[0]
    done = here(*command, more=logo)
    assert done.code == 0
    assert "warning image-unsure: newsletter.toml: [letter] pictures" in done.err, done
    assert len(messages(workspace.root)) == 1


def test_letters_that_go_by_themselves_ask_nobody_without_need(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    daily_with_logo(workspace)
    asked: list[str] = []
    monkeypatch.setattr(check.probe, "pages", lambda url, *_: asked.append(url) or LinkResult(trouble="no answer"))
    logo = {"NASHRA_LETTER__LOGO": "logo.jpg"}
    command = ("-C", workspace.root, "latest", "--rhythm", "daily", "--dry-run")
    assert here(*command, more=logo).code == 0  # into the outbox
    monkeypatch.setattr(check, "through_a_provider", lambda _: True)
    assert here(*command, more={**logo, "NASHRA_LETTER__PICTURES": "inline"}).code == 0
    assert not asked
    done = here(*command, more=logo)
    assert (done.code, asked) == (0, [BASE]), done
    assert "warning web-unreachable" in done.err


def test_a_test_letter_has_its_pictures_for_some_days(either: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert here("-C", either.root, "send", "--test", "editor@example.net").code == 0
    (message,) = messages(either.root)
    match = NAMED.search(html_of(message))
    assert match is not None
    assert stored(either) == [(match[2].partition(".")[0], False)]
    assert client_of(either).get(match[1]).status_code == 200
    later = either.now() + media.KEPT_FOR + timedelta(days=1)
    (either.root / "issues" / "first" / "wall.jpg").write_bytes(jpeg())
    fresh = letters.of_issue(either, issues.find(either.root, "1"))
    monkeypatch.setattr(type(either), "now", lambda _: later)
    setup = replace(either.delivery_setup, now=lambda: later)
    delivery.send_test(setup, fresh, "editor@example.net")
    assert stored(either) == [(fresh.rendered.hosted[0].stored_name.partition(".")[0], False)]
    assert client_of(either).get(match[1]).status_code == 404


def test_what_went_after_the_backup_has_its_pictures_again(root: Path) -> None:
    path = root / "newsletter.db"
    backup = path.read_bytes()
    assert here("-C", root, "send", "1", "--yes").code == 0
    for log in root.glob("newsletter.db-*"):
        log.unlink()
    path.write_bytes(backup)
    taken = here("-C", root, "database", "adopt", "--yes")
    assert "send ISSUE --after-restore" in taken.err
    assert "pictures" in taken.err
    with open_workspace(root, {}) as workspace:
        assert stored(workspace) == []
    assert here("-C", root, "send", "1", "--test", "editor@example.net").code == 0
    with open_workspace(root, {}) as workspace:
        assert [frozen for _, frozen in stored(workspace)] == [True]


def test_a_test_letter_tells_of_pages_that_do_not_give_its_pictures(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "through_a_provider", lambda _: True)
    monkeypatch.setattr(check.probe, "sender_setup", lambda domain, *_, **__: SenderSetup(domain))
    monkeypatch.setattr(check.probe, "pages", lambda *_: LinkResult())
    monkeypatch.setattr(check.probe, "hosted", lambda *_: PictureResult(trouble="answers 404", gone=True))
    done = here("-C", root, "send", "1", "--test", "editor@example.net")
    assert done.code == 0
    assert "error image-unserved: newsletter.toml: [letter] pictures" in done.err, done


def test_pages_are_not_asked_for_a_calendar_file_as_for_a_picture(workspace: Workspace) -> None:
    calendar = Picture("c@x", "text/calendar", b"BEGIN:VCALENDAR", "event.ics", 0, 0)
    asked: list[str] = []
    with workspace.database.write() as connection:
        media.put(connection, [calendar], now=workspace.now(), frozen=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(check.probe, "hosted", lambda address, *_: asked.append(address) or PictureResult())
        check._hosted(workspace, [calendar])
    assert asked == [hosting.address(workspace.settings.web.url, media.PROBE)]


def test_what_was_frozen_with_its_pictures_inside_goes_on_so(workspace: Workspace) -> None:
    root = workspace.root
    with open_workspace(root, {"NASHRA_LETTER__PICTURES": "inline"}) as before:
        plans.freeze_plan(before, planned(before))
    assert stored(workspace) == []
    assert here("-C", root, "send", "1", "--yes").code == 0
    for message in messages(root):
        assert "image/jpeg" in [part.get_content_type() for part in message.walk()]
        assert "/media/" not in html_of(message)


# ---- the pages


def test_the_route(either: Workspace) -> None:
    assert here("-C", either.root, "send", "--test", "editor@example.net").code == 0
    match = NAMED.search(html_of(messages(either.root)[0]))
    assert match is not None
    url, name = match[1], match[2]
    client = client_of(either)
    answer = client.get(url)
    expected = {
        "content-type": "image/jpeg",
        "cache-control": "public, max-age=31536000, immutable",
        "etag": f'"{name}"',
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "cross-origin",
        "x-robots-tag": "noindex",
        "content-length": str(len(answer.content)),
    }
    assert {key: answer.headers.get(key) for key in expected} == expected
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
    assert "set-cookie" not in answer.headers
    head = client.head(url)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(answer.content)))
    for tag in (f'"{name}"', f'W/"{name}"', f'"other", "{name}"', "*"):
        same = client.get(url, headers={"if-none-match": tag})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", f'"{name}"')
        assert same.headers["cache-control"] == expected["cache-control"]
    assert client.get(url, headers={"if-none-match": '"other"'}).status_code == 200
    other = f"{'0' * 32}.jpg"
    for wrong in (
        other,
        "",
        ".",
        name.partition(".")[0],
        name.replace("jpg", "png"),
        name.upper(),
        f"{name}/",
        "%2e%2e%2f",
    ):
        answer = client.get(f"/media/{wrong}", headers={"if-none-match": "*"})
        assert answer.status_code == 404, wrong
        assert answer.headers["cache-control"] == "no-store"
    assert client.get("/media").status_code == 404
    assert client.post(url).status_code == 405
    assert client.get(f"/media/{media.PROBE.stored_name}").content == media.PROBE.data


def test_the_archive_shows_the_pictures_from_the_same_place(workspace: Workspace) -> None:
    assert here("-C", workspace.root, "send", "--yes").code == 0
    client = client_of(workspace)
    page = client.get("/letters/1")
    ((_, name),) = {(one[1], one[2]) for one in [NAMED.search(html_of(one)) for one in messages(workspace.root)] if one}
    assert f'src="/media/{name}"' in page.text
    assert "img-src 'self';" in page.headers["content-security-policy"]
    assert f'"{BASE}/media/{name}"' in page.text  # among what search engines are told
    # The pages have moved since: the letter's own page still finds them where it stands itself.
    with open_workspace(workspace.root, {"NASHRA_WEB__URL": "https://letters.example.org/news"}) as moved:
        client = TestClient(app_of(moved, hooks={}, postman=False), base_url="https://letters.example.org")
        assert f'src="/news/media/{name}"' in client.get("/news/letters/1").text
        assert client.get(f"/news/media/{name}").status_code == 200


@pytest.mark.slow
def test_the_server_gives_a_picture_and_keeps_nothing_of_who_asked(root: Path) -> None:
    port = free_port()
    settings = root / "newsletter.toml"
    settings.write_text(settings.read_text("utf-8").replace(f'"{BASE}"', f'"http://127.0.0.1:{port}"'), "utf-8")
    assert here("-C", root, "send", "--test", "editor@example.net").code == 0
    (url,) = re.findall(r'src="(http://127[^"]*/media/[^"]*)"', html_of(messages(root)[0]))
    with served(root, port):
        request = urllib.request.Request(url, headers={"user-agent": "Reader/1.0", "x-forwarded-for": "203.0.113.9"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.headers["content-type"] == "image/jpeg"
            assert Image.open(io.BytesIO(answer.read())).size == (640, 360)
    log = (root / "serve.log").read_text("utf-8")
    assert "GET /media/" in log
    assert not re.search(rf"203\.0\.113|Reader/1|127\.0\.0\.1:(?!{port})|[0-9a-f]{{32}}", log)

"""القراء at the desk: finding, the card, adding, leaving, erasing, importing and taking back; on both databases."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from conftest import MakeDatabase
from desk_newsroom import Clock, make, opened
from desk_visits import DeskVisitor, at_desk
from sqlalchemy import select

from newsletter.desk.readers.files import WaitingFiles
from newsletter.desk.readers.view import masked
from newsletter.storage.desk_tables import activity
from newsletter.wiring import Workspace
from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.store.tables import metadata, subscriber, subscription

AMINA = "amina.k@example.org"


@pytest.fixture(params=["sqlite", "postgresql"])
def workspace(request: pytest.FixtureRequest, ready_urls: MakeDatabase, tmp_path: Path) -> Iterator[Workspace]:
    """A newsroom with three readers, and a second list."""
    url = ready_urls(request.param)
    root = make(tmp_path / "w", database=url, readers=0, issue=False, sent=False)
    with opened(root, Clock()) as workspace:
        with workspace.database.write() as connection:
            store.add_list(connection, "sport", "نشرة الرياضة", now=workspace.now())
            for day, (address, name) in enumerate(((AMINA, "أمينة القاسم"), ("nour@example.net", ""))):
                actions.add_subscriber(
                    connection,
                    address,
                    "readers",
                    now=workspace.now() - timedelta(days=9 - day),
                    keys=workspace.keys.suppression,
                    words="بطاقة في المعرض",
                    name=name,
                )
            left = actions.add_subscriber(
                connection, "salim@example.com", "readers", now=workspace.now(), keys=workspace.keys.suppression
            )
            actions.leave(connection, left.subscriber.id, 0, now=workspace.now(), how="page")
        yield workspace


@pytest.fixture
def desk(workspace: Workspace) -> DeskVisitor:
    """Somebody who may do everything."""
    return at_desk(workspace)


def id_of(workspace: Workspace, address: str = AMINA) -> str:
    with workspace.database.read() as connection:
        person = store.find(connection, normalise(address))
    assert person is not None
    return person.public_id.hex()


def log(workspace: Workspace) -> list[tuple[str, str, str]]:
    with workspace.database.read() as connection:
        query = select(activity.c.act, activity.c.person, activity.c.about).order_by(activity.c.id)
        return [(row.act, row.person, row.about) for row in connection.execute(query)]


def addresses(workspace: Workspace) -> set[str]:
    with workspace.database.read() as connection:
        return set(connection.execute(select(subscriber.c.address)).scalars())


def statuses(workspace: Workspace) -> dict[str, str]:
    with workspace.database.read() as connection:
        query = select(subscriber.c.address, subscription.c.status).join(subscription)
        return {row.address: row.status for row in connection.execute(query)}


# ---- the list


def test_the_page_shows_readers_masked_and_their_numbers(desk: DeskVisitor) -> None:
    page = desk.get("/readers")
    assert page.status_code == 200
    assert re.findall(r'<bdi class="code">(.*?)</bdi>', page.text) == ["salim@…", "nour@…", "amina.k@…"]
    assert "example." not in page.text
    chips = re.findall(r'<a class="chip"[^>]*>(.*?) <small>(\d+)</small>', page.text)
    assert chips == [
        ("الكل", "3"),
        ("بانتظار التأكيد", "0"),
        ("متوقفون", "0"),
        ("غادروا", "1"),
        ("لا يصلهم البريد", "0"),
    ]
    assert "أمينة القاسم" in page.text
    assert "ثلاثة أشهر" in page.text
    assert "متى تصلهم الرسائل" in page.text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["salim@…", "nour@…", "amina.k@…"]),
        ("?q=امينه", ["amina.k@…"]),
        ("?q=NOUR", ["nour@…"]),
        ("?q=example.net", ["nour@…"]),
        ("?state=left", ["salim@…"]),
        ("?state=left&q=nour", []),
        ("?state=nonsense", ["salim@…", "nour@…", "amina.k@…"]),
        ("?list=sport", []),
        ("?after=nonsense", ["salim@…", "nour@…", "amina.k@…"]),
        ("?after=1-1", []),
        ("?q=%00%27%22%3Cscript%3E", []),
    ],
)
def test_words_and_chips_find_readers(desk: DeskVisitor, query: str, expected: list[str]) -> None:
    for path in ("/readers", "/readers/rows"):
        page = desk.get(path + query)
        assert page.status_code == 200
        assert re.findall(r'data-card><bdi class="code">(.*?)</bdi>', page.text) == expected
        assert "<script>" not in page.text


def test_who_may_not_see_addresses_finds_nobody_by_a_domain(workspace: Workspace) -> None:
    editor = at_desk(workspace, "edit")
    assert "nour@…" not in editor.get("/readers/rows?q=example.net").text
    assert "nour@…" in editor.get("/readers/rows?q=nour@example.net").text


def test_pages_lead_to_who_came_before(workspace: Workspace, desk: DeskVisitor) -> None:
    with workspace.database.write() as connection:
        for number in range(50):
            actions.add_subscriber(
                connection, f"r{number}@example.net", "readers", now=workspace.now(), keys=workspace.keys.suppression
            )
    seen: list[str] = []
    address = "/readers"
    while address:
        page = desk.get(address).text
        seen += re.findall(r"/readers/([0-9a-f]{32})", page)
        more = re.search(r'href="([^"]+)" data-more', page)
        address = unescape(more[1]) if more else ""
    assert len(seen) == len(set(seen)) == 53


def test_an_unknown_list_is_told(desk: DeskVisitor) -> None:
    assert desk.get("/readers?list=nonsense").status_code == 422


# ---- the card


def test_the_card_tells_the_story_and_not_the_address(workspace: Workspace, desk: DeskVisitor) -> None:
    card = desk.get(f"/readers/{id_of(workspace)}")
    assert card.status_code == 200
    for words in ("amina.k@…", "أمينة القاسم", "مشترك", "أسبوعيًا", "كل المواضيع", "أضافه محرّر", "بطاقة في المعرض"):
        assert words in card.text
    assert "example.org" not in card.text
    part = desk.get(f"/readers/{id_of(workspace)}?part=1").text
    assert "<html" not in part
    assert log(workspace) == []


def test_whoever_sees_the_whole_address_is_in_the_log(workspace: Workspace, desk: DeskVisitor) -> None:
    seen = desk.post(f"/readers/{id_of(workspace)}/address")
    assert seen.status_code == 200
    assert AMINA in seen.text
    assert log(workspace) == [("open-card", "سلمى", id_of(workspace))]


@pytest.mark.parametrize("id_", ["0" * 32, "g" * 32, "x", "0" * 31])
def test_a_card_of_nobody_is_told(desk: DeskVisitor, id_: str) -> None:
    assert desk.get(f"/readers/{id_}").status_code in (404, 422)


def test_a_pause_stops_letters_until_a_day_and_ends(workspace: Workspace, desk: DeskVisitor) -> None:
    who = id_of(workspace)
    assert desk.post(f"/readers/{who}/pause", data={"days": "30"}).headers["location"] == f"/readers/{who}"
    assert "متوقف حتى 28 ديسمبر 2026" in desk.get(f"/readers/{who}").text
    assert desk.post(f"/readers/{who}/pause", data={"days": "0"}).status_code == 303
    assert "متوقف" not in re.sub(r"(?s)<select.*?</select>", "", desk.get(f"/readers/{who}").text)
    assert [act for act, _, _ in log(workspace)] == ["pause-reader", "resume-reader"]


def test_leaving_asks_whose_wish_it_is_and_keeps_it(workspace: Workspace, desk: DeskVisitor) -> None:
    who = id_of(workspace)
    refused = desk.post(f"/readers/{who}/leave", data={})
    assert refused.status_code == 422
    assert "قل بطلب مَن" in refused.text
    assert statuses(workspace)[AMINA] == "confirmed"
    assert desk.post(f"/readers/{who}/leave", data={"wish": "phone", "words": "كفى"}).status_code == 303
    assert statuses(workspace)[AMINA] == "left"
    with workspace.database.read() as connection:
        person = actions.person_behind(connection, bytes.fromhex(who), keys=workspace.keys.suppression)
    assert (person.consents[-1].act, person.consents[-1].words) == ("leave", "طلب القارئ بالهاتف. كفى")
    assert log(workspace) == [("leave", "سلمى", who)]
    assert "غادر 28 نوفمبر 2026" in desk.get(f"/readers/{who}").text


def test_erasing_wants_the_address_and_leaves_no_byte_of_it(workspace: Workspace, desk: DeskVisitor) -> None:
    who = id_of(workspace)
    waits = upload(desk, f"email\n{AMINA}\n")
    desk.post(f"/readers/{who}/address")
    assert desk.post(f"/readers/{who}/erase", data={"address": "nour@example.net"}).status_code == 422
    assert AMINA in addresses(workspace)
    done = desk.post(f"/readers/{who}/erase", data={"address": "Amina.K@example.org"})
    assert done.status_code == 200
    assert AMINA not in done.text
    assert AMINA not in addresses(workspace)
    assert log(workspace)[-1] == ("erase", "سلمى", "1")
    assert desk.get(f"/readers/{who}").status_code == 422
    assert desk.get(waits).status_code == 422
    with workspace.database.read() as connection:
        kept = repr([connection.execute(select(table)).all() for table in metadata.sorted_tables])
        acts = repr(connection.execute(select(activity)).all())
    assert "amina" not in kept + acts
    for path in workspace.root.rglob("*"):
        if path.is_file() and "backups" not in path.parts:
            assert b"amina.k@" not in path.read_bytes().lower(), path


# ---- adding


def test_adding_asks_for_a_confirmation_unless_told_otherwise(workspace: Workspace, desk: DeskVisitor) -> None:
    form = {"address": "hana@example.org", "name": "هناء", "words": "كتبت إلينا"}
    assert "checked" in re.search(r'<input[^>]*value="ask"[^>]*>', desk.get("/readers/add").text)[0]  # type: ignore[index]
    done = desk.post("/readers/add", data={**form, "how": "ask"})
    assert "خرجت إليه رسالة التأكيد" in done.text
    assert statuses(workspace)["hana@example.org"] == "pending"
    letters = [path.read_bytes() for path in workspace.settings.outbox.glob("new/*")]
    assert sum(b"To: hana@example.org" in letter for letter in letters) == 1
    done = desk.post("/readers/add", data={**form, "how": "confirmed"})
    assert statuses(workspace)["hana@example.org"] == "confirmed"
    assert [(act, by) for act, by, _ in log(workspace)] == [("add", "سلمى")] * 2
    assert "هناء" in desk.get("/readers").text


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"address": "hana@example.org", "words": ""}, "قل كيف وافق"),
        ({"address": "hana", "words": "كتبت"}, "ليس هذا عنوان بريد"),
        ({"address": "salim@example.com", "words": "كتب"}, "غادر هذا القارئ"),
        ({"address": "salim@example.com", "words": "كتب", "how": "confirmed"}, "غادر هذا القارئ"),
        ({"address": "<script>@x", "words": "كتب"}, "ليس هذا عنوان بريد"),
    ],
)
def test_what_cannot_be_added_is_told_at_the_form(
    workspace: Workspace, desk: DeskVisitor, form: dict[str, str], told: str
) -> None:
    before = statuses(workspace)
    answer = desk.post("/readers/add", data=form)
    assert (answer.status_code, told in answer.text) == (422, True)
    assert "<script>" not in answer.text
    assert statuses(workspace) == before
    assert log(workspace) == []


def test_somebody_whose_mail_is_stopped_is_not_added(workspace: Workspace, desk: DeskVisitor) -> None:
    with workspace.database.write() as connection:
        actions.suppress(connection, "gone@example.org", now=workspace.now(), keys=workspace.keys.suppression)
    answer = desk.post("/readers/add", data={"address": "gone@example.org", "words": "كتب", "how": "confirmed"})
    assert "لا يجوز أن يُراسَل هذا العنوان" in answer.text


def test_readers_go_to_the_list_that_was_chosen(workspace: Workspace, desk: DeskVisitor) -> None:
    form = {"address": "hana@example.org", "words": "كتبت", "how": "confirmed", "list": "sport"}
    desk.post("/readers/add", data=form)
    assert "hana@…" in desk.get("/readers?list=sport").text
    assert "hana@…" not in desk.get("/readers").text


# ---- importing


def upload(desk: DeskVisitor, text: str | bytes, name: str = "readers.csv", **more: str) -> str:
    content = text.encode() if isinstance(text, str) else text
    answer = desk.post("/readers/import", files={"file": (name, content, "text/csv")}, data=more)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


FILE = (
    "Email;الاسم;Status\nkarima@example.org;كريمة;subscribed\nnour@example.net;نور;subscribed\nsalim@example.com;;\n"
    + ("mourad.example.org;مراد;subscribed\nzineb@example.com;زينب;unsubscribed\n")
)


def sums(page: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))


def test_a_file_is_only_read_until_the_button_with_the_number_is_pressed(
    workspace: Workspace, desk: DeskVisitor
) -> None:
    before = statuses(workspace)
    at = upload(desk, FILE.encode("cp1256"), "mailpoet-export.csv")
    page = desk.get(at).text
    assert "windows-1256" in page
    assert "5 أسطر · المعروض هنا: 4" in page  # the first three, and what is wrong
    assert "تفصل خاناته «;»" in page
    assert sums(page) == {
        "يُضافون": "1",
        "موجودون من قبل، ولا تتغيّر بياناتهم": "1",
        "غادروا من قبل، فلا يُضافون": "2",
        "لا يُقرأ بريدهم أو حالتهم": "1",
    }
    assert re.search(r'(?s)<tr class="fault">.*?mourad\.example\.org.*?السطر 5: ليس فيه', page)
    assert "استورد قارئًا واحدًا" in page
    assert statuses(workspace) == before
    assert log(workspace) == []
    done = desk.post(f"{at}/run", data={"number": "1", "words": "استمارة الموقع القديم", "how": "confirmed"})
    assert done.status_code == 200
    assert "أُضيف قارئ واحد" in done.text
    after = statuses(workspace)
    assert (after["karima@example.org"], after["salim@example.com"], after["zineb@example.com"]) == (
        *("confirmed", "left", "left"),
    )
    assert log(workspace) == [("import", "سلمى", "1")]
    assert desk.get(at).status_code == 422, "the file is gone"
    name = re.search(r"/readers/import/([0-9a-f]{8})/undo", done.text)
    assert name is not None
    undone = desk.post(f"/readers/import/{name[1]}/undo")
    assert "تراجعنا عن قارئ واحد" in undone.text
    assert "karima@example.org" not in addresses(workspace)
    assert log(workspace)[1] == ("import-undone", "سلمى", "1")
    again = desk.post(f"/readers/import/{name[1]}/undo")
    assert (again.status_code, "لا يمكن التراجع" in again.text) == (422, True)


def test_an_import_without_words_of_consent_does_not_begin(workspace: Workspace, desk: DeskVisitor) -> None:
    at = upload(desk, "email\nhana@example.org\n")
    answer = desk.post(f"{at}/run", data={"number": "1", "words": "  ", "how": "confirmed"})
    assert (answer.status_code, "قل من أين جاءت موافقتهم" in answer.text) == (422, True)
    assert "hana@example.org" not in addresses(workspace)


def test_another_number_than_the_buttons_imports_nobody(workspace: Workspace, desk: DeskVisitor) -> None:
    at = upload(desk, "email\nhana@example.org\nrami@example.org\n")
    with workspace.database.write() as connection:
        actions.add_subscriber(
            connection, "rami@example.org", "readers", now=workspace.now(), keys=workspace.keys.suppression
        )
    answer = desk.post(f"{at}/run", data={"number": "2", "words": "بطاقة", "how": "confirmed"})
    assert (answer.status_code, "تغيّرت الأعداد" in answer.text) == (422, True)
    assert "hana@example.org" not in addresses(workspace)
    assert log(workspace) == []
    assert desk.post(f"{at}/run", data={"number": "1", "words": "بطاقة", "how": "confirmed"}).status_code == 200
    assert "hana@example.org" in addresses(workspace)


def test_who_is_asked_gets_a_letter_and_is_no_reader_yet(workspace: Workspace, desk: DeskVisitor) -> None:
    at = upload(desk, "email\nhana@example.org\n")
    desk.post(f"{at}/columns", data={"how": "ask", "words": "قائمة قديمة"})
    page = desk.get(at).text
    assert sums(page)["يُسألون"] == "1"
    assert "اسأل قارئًا واحدًا" in page
    done = desk.post(f"{at}/run", data={"number": "1", "words": "قائمة قديمة", "how": "ask"})
    assert "يُسأل قارئ واحد برسالة" in done.text
    assert statuses(workspace).get("hana@example.org", "nobody") in ("nobody", "pending")


def test_the_editor_says_what_columns_mean(workspace: Workspace, desk: DeskVisitor) -> None:
    at = upload(desk, "Email,الاسم\nhana@example.org,هناء\n")
    page = desk.get(at).text
    selects = re.findall(r'(?s)<select name="(column-\d)".*?</select>', page)
    assert selects == ["column-0", "column-1"]
    assert desk.post(f"{at}/columns", data={"column-1": "name", "words": "بطاقة"}).headers["location"] == at
    page = desk.get(at).text
    assert re.search(r'<option value="name" selected>الاسم', page)
    assert 'value="بطاقة"' in page
    desk.post(f"{at}/run", data={"number": "1", "words": "بطاقة", "how": "confirmed", "column-1": "name"})
    assert "هناء" in desk.get("/readers").text


def test_a_column_that_may_speak_of_leaving_is_asked_about(workspace: Workspace, desk: DeskVisitor) -> None:
    at = upload(desk, "email,Opted out\nhana@example.org,maybe\n")
    page = desk.get(at).text
    assert "لا يُحسب شيء قبل جوابك" in page
    assert re.search(r'<select name="column-1"[^>]*class="wrong"><option value="open" selected>اختر', page)
    answer = desk.post(f"{at}/run", data={"number": "1", "words": "بطاقة", "column-1": "open"})
    assert (answer.status_code, addresses(workspace) & {"hana@example.org"}) == (422, set())
    desk.post(f"{at}/columns", data={"column-1": "ignore"})
    assert sums(desk.get(at).text)["يُضافون"] == "1"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"PK\x03\x04" + b"0" * 100, "readers.xlsx"),
        (b"", "readers.csv"),
        (b"\x00\xff\xfe" * 50, "readers.csv"),
        (b"\n\n  \n", "empty.csv"),
        (b"\xff\xfe\x00", "half.csv"),
    ],
)
def test_a_file_that_is_no_list_is_told_and_not_kept(
    workspace: Workspace, desk: DeskVisitor, content: bytes, name: str
) -> None:
    answer = desk.post("/readers/import", files={"file": (name, content, "text/csv")})
    if answer.status_code == 303:  # it could be read: then nobody in it can be used
        page = desk.get(answer.headers["location"])
        assert page.status_code == 200
        assert "disabled" in page.text or "لا يُحسب شيء قبل جوابك" in page.text
    else:
        assert answer.status_code == 422
        assert list((workspace.root / ".desk" / "imports").glob("*/*")) == []


@pytest.mark.parametrize(
    "text",
    [
        'email\n"never closed\nhana@example.org\n',
        "email,email\na@example.org,b@example.org\n",
        "a;b;c\n1;2;3\n",
        "email\n" + "<script>alert(1)</script>@x\n" * 3,
        'email,Status\nhana@example.org,"<img src=x onerror=alert(1)>"\n',
        "email\n=cmd|' /C calc'!A0\n",
        "email\n" + "x" * 500 + "@example.org\n",
    ],
)
def test_hostile_files_neither_break_the_page_nor_run(workspace: Workspace, desk: DeskVisitor, text: str) -> None:
    at = upload(desk, text)
    page = desk.get(at)
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img" not in page.text
    answer = desk.post(f"{at}/run", data={"number": "0", "words": "بطاقة", "how": "confirmed"})
    assert answer.status_code in (200, 422)
    assert addresses(workspace) == {AMINA, "nour@example.net", "salim@example.com"}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../newsletter.toml", "newsletter.toml"),
        ("C:\\Users\\me\\القراء.csv", "القراء.csv"),
        ("amal@example.net.csv", "amal-example.net.csv"),
        ("a\x00\n<b>.csv", "a-b-.csv"),
        (".csv", "csv.csv"),
        ("state.json", "file-state.json"),
        ("State.JSON.part", "file-State.JSON.part"),
        ("x" * 300 + ".csv", "x" * 60 + ".csv"),
        ("", "readers.csv"),
    ],
)
def test_the_name_of_a_file_leads_nowhere(tmp_path: Path, name: str, kept: str) -> None:
    files, now = WaitingFiles(tmp_path), Clock().now
    one = files.keep(name, b"email\n", "readers", now=now)
    assert one.path.name == kept
    assert one.path.read_bytes() == b"email\n"
    assert one.path.parent.parent == tmp_path / ".desk" / "imports"
    assert stat.S_IMODE(one.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(one.path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((one.path.parent / "state.json").stat().st_mode) == 0o600
    assert files.find(one.id, now=now + timedelta(minutes=59)) == one


def test_files_wait_an_hour_and_no_longer(workspace: Workspace, desk: DeskVisitor) -> None:
    at = upload(desk, "email\nhana@example.org\n")
    clock = workspace.now
    assert isinstance(clock, Clock)
    clock.forward(minutes=61)
    answer = desk.get(at)
    assert answer.status_code == 422
    assert list((workspace.root / ".desk" / "imports").glob("*/*.csv")) != []
    upload(desk, "email\nrami@example.org\n")
    assert [path.read_bytes() for path in (workspace.root / ".desk" / "imports").glob("*/*.csv")] == [
        b"email\nrami@example.org\n"
    ]


# ---- who may do what


LOOKED_AT = ("/readers", "/readers/rows", "/readers/{id}")
EDITED = ("/readers/add", "/readers/{id}/pause", "/readers/{id}/leave")
SENT = (
    *("/readers/import", "/readers/import/{id}/columns", "/readers/import/{id}/run", "/readers/import/{id}/undo"),
    *("/readers/{id}/address", "/readers/{id}/erase"),
)


def test_each_role_reaches_what_is_theirs(workspace: Workspace) -> None:
    who = id_of(workspace)
    looker, editor = at_desk(workspace, "look"), at_desk(workspace, "edit")
    assert {looker.get(path.format(id=who)).status_code for path in LOOKED_AT} == {200}
    assert {looker.post(path.format(id=who)).status_code for path in (*EDITED, *SENT)} == {403}
    assert {editor.post(path.format(id=who)).status_code for path in SENT} == {403}
    assert {editor.get(path).status_code for path in ("/readers/import", f"/readers/import/{who}")} == {403}
    assert editor.get("/readers/add").status_code == 200
    card = editor.get(f"/readers/{who}").text
    assert ("/leave" in card, "/erase" in card, "/address" in card) == (True, False, False)
    assert "/readers/import" not in editor.get("/readers").text
    assert "/pause" not in looker.get(f"/readers/{who}").text
    assert addresses(workspace) >= {AMINA}


def test_looking_writes_nothing(workspace: Workspace, desk: DeskVisitor) -> None:
    at = upload(desk, "email\nhana@example.org\n")
    with workspace.database.read() as connection:
        before = [connection.execute(select(table)).all() for table in metadata.sorted_tables]
    files = sorted((path, path.stat().st_mtime_ns) for path in (workspace.root / ".desk").rglob("*"))
    for path in (*(one.format(id=id_of(workspace)) for one in LOOKED_AT), "/readers/add", "/readers/import", at):
        for _ in range(3):
            assert desk.get(path).status_code == 200
    with workspace.database.read() as connection:
        assert [connection.execute(select(table)).all() for table in metadata.sorted_tables] == before
    assert sorted((path, path.stat().st_mtime_ns) for path in (workspace.root / ".desk").rglob("*")) == files


@pytest.mark.parametrize(
    ("address", "expected"), [("a@example.org", "a@…"), ("نور@example.org", "نور@…"), ('"a@b"@example.org', '"a@b"@…')]
)
def test_a_masked_address_tells_no_domain(address: str, expected: str) -> None:
    assert masked(address) == expected

"""الإعدادات: a form for every section and every kind of setting, and nothing else in the file is touched."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import newsroom
import pytest
import settings_reference
from desk_visits import DeskVisitor, at_desk

from newsletter.desk.settings.form import changes, shown
from newsletter.desk.settings.shape import FormSetting, form_of, sections
from newsletter.errors import SettingsError
from newsletter.ledger import activity
from newsletter.text.toml_editing import edited, value_at
from newsletter.wiring import Workspace, open_workspace

KEPT = {"open_tracking", "click_tracking"}
"""Settings that are none any more."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return newsroom.make(tmp_path_factory.mktemp("settings") / "w", readers=0)


@pytest.fixture
def root(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "w")
    return tmp_path / "w"


@pytest.fixture
def workspace(root: Path) -> Iterator[Workspace]:
    with open_workspace(root, {}) as found:
        yield found


@pytest.fixture
def visitor(workspace: Workspace) -> DeskVisitor:
    return at_desk(workspace)


def text(root: Path) -> str:
    return (root / "newsletter.toml").read_text("utf-8")


def saved(visitor: DeskVisitor, section: str, **fields: Any) -> Any:
    """The form filled as a browser would: every field with what it shows, but for those that somebody changed."""
    html = visitor.get(f"/settings/{section}").text
    mark = re.search(r'name="mark" value="(\w+)"', html)
    assert mark is not None
    values = tomllib.loads(text(visitor.desk.workspace.root))
    data: dict[str, Any] = {"mark": mark[1]}
    for field in form_of(section).fields:
        if field.kind == "choices":
            data[field.key] = re.findall(rf'name="{field.key}" value="([^"]+)" checked', html)
        elif field.kind not in {"secret", "fixed"}:
            data[field.key] = shown(field, values)
    return visitor.post(f"/settings/{section}", data={**data, **fields})


def test_every_setting_of_the_schema_has_a_place_on_some_page() -> None:
    asked = {field.name for one in sections({}, ["readers"]) for field in form_of(one).fields}
    wanted = {f"{one.section}.{one.key}" for one in settings_reference.settings() if one.key not in KEPT}
    assert {name for name in wanted if not name.startswith("topics.")} <= asked
    assert "topics.LIST" in asked


@pytest.mark.parametrize("section", sections({}, ["readers"]))
def test_every_form_shows_what_there_is_and_saving_it_unchanged_changes_nothing(
    section: str, visitor: DeskVisitor, root: Path
) -> None:
    before = (root / "newsletter.toml").read_bytes()
    assert visitor.get(f"/settings/{section}").status_code == 200
    got = saved(visitor, section)
    assert (got.status_code, got.headers["location"]) == (303, f"/settings/{section}?saved=0")
    assert (root / "newsletter.toml").read_bytes() == before


CHANGED: dict[str, dict[str, tuple[Any, Any]]] = {
    "letter": {
        "tagline": ("سطر", "سطر"),
        "accent": ("#123456", "#123456"),
        "digits": ("arabic-indic", "arabic-indic"),
        "hijri": ("true", True),
        "links": ("فيسبوك = https://fb.example\nإكس = https://x.example", {"فيسبوك": "https://fb.example", "إكس": "https://x.example"}),
    },
    "theme": {"contents": ("false", False), "corners": ("soft", "soft"), "social": ("x = https://x.example/a", {"x": "https://x.example/a"})},
    "ways": {"share": (["mail", "copy"], ["mail", "copy"]), "previous": ("٥", 5), "archive": ("false", False)},
    "sender": {
        "processes": ("2", 2),
        "per_second": ("2.5", 2.5),
        "dkim_selectors": ("s1\r\ns2", ["s1", "s2"]),
        "pace": ("gmail.com = 20\noutlook.com = 7.5", {"gmail.com": 20, "outlook.com": 7.5}),
    },
    "letters.welcome": {"words": ("أهلًا بك.\n\nنكتب كل سبت.", "أهلًا بك.\n\nنكتب كل سبت.")},
    "topics.readers": {
        "readers": ("1 = رياضة\n2 = ثقافة: كتب", {"1": "رياضة", "2": {"title": "ثقافة", "sections": ["كتب"]}}),
    },
    "lists.readers": {"rhythm": ("daily", "daily"), "name": ("الموجة اليومية", "الموجة اليومية")},
    "ab_test": {"share": ("0.3", 0.3)},
    "rhythms": {"offered": (["daily", "weekly"], ["daily", "weekly"])},
}  # fmt: skip


@pytest.mark.parametrize(
    ("section", "key"), [(section, key) for section, several in CHANGED.items() for key in several]
)
def test_each_kind_of_setting_can_be_changed_and_every_other_line_stays(
    section: str, key: str, visitor: DeskVisitor, root: Path
) -> None:
    before = text(root)
    said, value = CHANGED[section][key]
    got = saved(visitor, section, **{key: said})
    assert got.headers["location"] == f"/settings/{section}?saved=1", got.text
    field = next(one for one in form_of(section).fields if one.key == key)
    after = text(root)
    assert value_at(tomllib.loads(after), field.path) == value
    missing = [line for line in before.splitlines() if line not in after.splitlines()]
    assert len(missing) <= 1
    assert all(line.split("=")[0].strip() == key for line in missing)
    assert visitor.get(got.headers["location"]).status_code == 200


def test_what_was_saved_holds_at_once_and_can_be_taken_back(
    visitor: DeskVisitor, workspace: Workspace, root: Path
) -> None:
    before = (root / "newsletter.toml").read_bytes()
    assert workspace.publication.accent == "#0f766e"
    got = saved(visitor, "letter", accent="#123456")
    assert workspace.publication.accent == "#123456"
    assert "#123456" in visitor.desk.pages.styles["doctor"]
    assert "/settings/undo" in visitor.get(got.headers["location"]).text
    assert visitor.post("/settings/undo").headers["location"] == "/settings/letter?saved=2"
    assert (root / "newsletter.toml").read_bytes() == before
    assert workspace.publication.accent == "#0f766e"
    assert visitor.post("/settings/undo").status_code == 422
    with workspace.database.read() as connection:
        lines = activity.read(connection)
    assert [(one.by, one.act, one.about) for one in lines] == [("سلمى", "settings", "letter")] * 2


def test_nothing_is_taken_back_once_somebody_else_wrote(visitor: DeskVisitor, root: Path) -> None:
    saved(visitor, "letter", accent="#123456")
    other = f"{text(root)}# of somebody else\n"
    (root / "newsletter.toml").write_text(other, "utf-8")
    assert "/settings/undo" not in visitor.get("/settings/letter?saved=1").text
    assert visitor.post("/settings/undo").status_code == 422
    assert text(root) == other


@pytest.mark.parametrize(
    ("section", "key", "value", "said"),
    [
        ("letter", "accent", "red", "المطلوب مثل:"),
        ("sender", "lease", "viele", "المطلوب عدد"),
        ("sender", "processes", "99", "processes"),
        ("letter", "links", "بلا علامة", "كل سطر اسم ثم = ثم قيمة"),
        ("newsletter", "name", "", "المطلوب نص"),
        ("tracking", "clicks", "provider", "wants a sender that reports clicks"),
        ("topics.readers", "readers", "x = رياضة", "المطلوب عدد من"),
    ],
)
def test_what_is_wrong_is_not_written_and_what_was_typed_stays(
    section: str, key: str, value: str, said: str, visitor: DeskVisitor, root: Path
) -> None:
    before = (root / "newsletter.toml").read_bytes()
    got = saved(visitor, section, **{key: value})
    assert got.status_code == 422
    assert said in re.sub("<[^>]+>", "", got.text)
    assert value in got.text
    assert "لم يُحفظ" in got.text
    assert (root / "newsletter.toml").read_bytes() == before


def test_a_file_that_changed_meanwhile_is_not_written_over(visitor: DeskVisitor, root: Path) -> None:
    html = visitor.get("/settings/letter").text
    mark = re.search(r'name="mark" value="(\w+)"', html)
    assert mark is not None
    other = f"{text(root)}# of somebody else\n"
    (root / "newsletter.toml").write_text(other, "utf-8")
    got = visitor.post("/settings/letter", data={"mark": mark[1], "accent": "#123456"})
    assert got.status_code == 422
    assert "غيّر غيرك الملف" in got.text
    assert 'value="#123456"' in got.text
    assert text(root) == other


def test_no_secret_is_shown_and_none_is_taken(visitor: DeskVisitor, workspace: Workspace, root: Path) -> None:
    (root / "secrets" / "smtp.password").write_text("sehr-geheim-1", "utf-8")
    (root / "secrets" / "web.metrics").write_text("sehr-geheim-2-0123456789", "utf-8")
    workspace.renew()
    pages = [visitor.get(f"/settings/{one}").text for one in sections({}, ["readers"])]
    assert [page for page in pages if "sehr-geheim" in page] == []
    assert "مضبوط، ولا يظهر" in visitor.get("/settings/smtp").text
    assert "secrets/smtp.password" in visitor.get("/settings/smtp").text
    before = text(root)
    for section, key in (("smtp", "password"), ("smtp", "host"), ("alerts", "command"), ("desk", "approval")):
        assert saved(visitor, section, **{key: "taken"}).headers["location"].endswith("saved=0")
    assert text(root) == before


BY_HAND = {
    *("desk.url", "desk.trusted_proxies", "desk.approval", "web.trusted_proxies", "collect.allow_private_hosts"),
    *("sender.outbox", "smtp.host", "smtp.security", "smtp.ca", "sendgrid.host", "postmark.host", "web.share_font"),
}
SECRET = {
    *("database.url", "alerts.url", "alerts.command", "web.metrics", "sendgrid.key", "smtp.password"),
    *("postmark.token", "postmark.webhook_password", "postmark.webhook_token"),
}


def test_what_decides_who_comes_in_or_where_secrets_go_is_never_written() -> None:
    every = [(form_of(one), field) for one in sections({}, ["readers"]) for field in form_of(one).fields]
    assert {field.name for _, field in every if field.kind == "fixed"} == BY_HAND
    assert {field.name for _, field in every if field.kind == "secret"} == SECRET
    for form, field in every:
        if field.name in BY_HAND | SECRET:
            assert changes(form, {}, {field.key: ["other"]}) == {}


def test_what_another_place_says_is_told(root: Path) -> None:
    with open_workspace(root, {"NASHRA_LETTER__TAGLINE": "من مكان آخر"}) as workspace:
        html = at_desk(workspace).get("/settings/letter").text
    assert "NASHRA_LETTER__TAGLINE" in html
    assert "ويغلب" in html


@pytest.mark.parametrize("path", ["/settings/letter", "/settings/undo"])
def test_who_may_only_edit_looks_and_changes_nothing(path: str, workspace: Workspace, root: Path) -> None:
    before = text(root)
    editor = at_desk(workspace, "edit")
    assert editor.get("/settings/letter").status_code == 200
    assert "احفظ" not in re.sub("<[^>]+>", "", editor.get("/settings/letter").text).split("المحتوى")[1]
    assert editor.post(path, data={"accent": "#123456"}).status_code == 403
    assert text(root) == before


@pytest.mark.parametrize("section", ["nothing", "letters.nothing", "lists.nobody", "newsletter.name"])
def test_a_section_that_is_none_is_said(section: str, visitor: DeskVisitor) -> None:
    assert visitor.get(f"/settings/{section}").status_code == 422
    assert visitor.post(f"/settings/{section}", data={"accent": "#123456"}).status_code == 422


def test_a_broken_file_is_said_with_its_line(visitor: DeskVisitor, root: Path) -> None:
    (root / "newsletter.toml").write_text(f"{text(root)}\n[letter\n", "utf-8")
    got = visitor.get("/settings/letter")
    assert got.status_code == 422
    assert "TOML" in got.text


def test_a_table_with_a_heading_of_its_own_keeps_the_lines_that_are_not_touched() -> None:
    before = "[topics.readers]\n# ours\n1 = 'رياضة'   # first\n2 = \"ثقافة\"\n"
    found = changes(form_of("topics.readers"), tomllib.loads(before), {"readers": ["1 = رياضة\n2 = فنون\n3 = بحر"]})
    assert edited(before, found) == '[topics.readers]\n# ours\n1 = \'رياضة\'   # first\n2 = "فنون"\n3 = "بحر"\n'


def test_a_number_is_read_with_arabic_digits_too() -> None:
    form = form_of("compose")
    assert changes(form, {}, {"most": ["١٢"]}) == {("compose", "most"): 12}
    with pytest.raises(SettingsError, match="a number is wanted"):
        changes(form, {}, {"most": ["كثير"]})


def test_an_empty_field_takes_the_line_out_so_that_the_usual_holds_again() -> None:
    values = {"letter": {"accent": "#123456", "tagline": "سطر"}}
    assert changes(form_of("letter"), values, {"accent": [""], "tagline": ["سطر"]}) == {("letter", "accent"): None}


def test_a_field_knows_its_name_in_the_form() -> None:
    assert FormSetting(("sender", "from"), "sender.from", "line").key == "from"

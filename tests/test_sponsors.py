"""Sponsors: bookings read and refused, elements written at their place, letters, and a sponsor's own report."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import golden_letters as golden
import pytest
import report_pages
from command import complains, here, make_workspace
from hypothesis import given, settings
from hypothesis import strategies as st
from newsroom import START, Clock, WordPress, make, open_newsroom, posts, received
from PIL import Image
from settings_text import with_settings
from test_webview import letter as frozen

from newsletter import clicks, issues
from newsletter.errors import SettingsError
from newsletter.issues import Manuscript
from newsletter.issues.containers import is_sponsors
from newsletter.issues.prose.parts import PAID
from newsletter.letters.render import render
from newsletter.letters.templates import environment
from newsletter.models import CountedLink, Issue, Prose, Publication, Section, Story
from newsletter.report.models import LinkCounts
from newsletter.report.page.sponsor import sponsor_page
from newsletter.rhythms.topics import Topic, cut
from newsletter.sponsors import PLACES, Booking, clashes, due
from newsletter.sponsors.placing import element_of, place, placed
from newsletter.storage.database import Database
from newsletter.web.letter_page import web_view
from newsletter.workflows import draft as drafts
from newsletter.workflows import sponsor_reports, sponsors, weekly
from newsletter.workflows.collect import gather
from newsletter.workspace import sponsors as file

DATA = Path(__file__).parent / "data" / "sponsors"
MILL = Booking(
    "مطاحن السهل",
    "https://example.net/flour?from=letter",
    text="دقيق كامل يُطحن كل خميس.",
    button="اطلب كيسك",
    issues=(1,),
    where="sponsors.toml:1",
)
BOOKS = replace(MILL, sponsor="Hillside Books", link="https://example.net/books", text="", button="", place="end")


def wrong(folder: Path, text: str) -> list[str]:
    (folder / file.FILE).write_text(text, "utf-8")
    with pytest.raises(SettingsError) as found:
        file.read(folder)
    return str(found.value).replace(f"{folder}/", "").splitlines()


# The file


@pytest.mark.parametrize("name", sorted(path.stem for path in DATA.glob("wrong-*.toml")))
def test_what_is_wrong_is_told_with_its_line(name: str, tmp_path: Path) -> None:
    expected = (DATA / f"{name}.expected.txt").read_text("utf-8").splitlines()
    assert wrong(tmp_path, (DATA / f"{name}.toml").read_text("utf-8")) == expected


@pytest.mark.parametrize(
    ("line", "mend"),
    [
        ("booking = [5]", "a section is wanted: [[booking]]"),
        ("until = 2026-02-30", "a day is written 2026-12-31"),
        ("from = 01/12/2026", "a day is written 2026-12-31"),
        ("issues = [12", "a list ends with ]"),
        ("issues = [١٢]", "the digits 0 to 9"),
        ("issues = [12، 13]", "commas of a list are Latin ones"),
        ("sponsor = “مطاحن”", "straight ones"),
        ("راعي = 'مطاحن'", "names of keys are Latin ones"),
        ("sponsor =", "write something behind the ="),
        ('sponsor = "مطاحن', "ends with the mark it begins with"),
        ("[[booking]", "as many brackets"),
        ("sponsor = مطاحن", "text stands in quotes"),
    ],
)
def test_a_typing_mistake_gets_its_own_mend(line: str, mend: str, tmp_path: Path) -> None:
    (told,) = wrong(tmp_path, f"# سطر\n{line}\n")
    assert mend in told


def test_a_whole_file_is_read_as_it_says(tmp_path: Path) -> None:
    shutil.copyfile(DATA / "booked.toml", tmp_path / file.FILE)
    mill, books, same = file.read(tmp_path)
    assert (mill.sponsor, mill.place, mill.list, mill.issues) == ("مطاحن السهل", "top", "readers", (12, 13))
    assert (books.first, books.last) == (date(2026, 12, 1), date(2026, 12, 31))
    assert (books.spot, books.label, books.moments) == ("after ثقافة", "برعاية", "2026-12-01 to 2026-12-31")
    assert (same.list, same.issues) == ("sport", (12,))
    assert mill.where == f"{tmp_path / file.FILE}:2"
    assert file.read(tmp_path / "elsewhere") == ()


def test_no_file_is_no_booking_and_an_empty_one_neither(tmp_path: Path) -> None:
    (tmp_path / file.FILE).write_text("# nobody yet\n", "utf-8")
    assert file.read(tmp_path) == ()


DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 20))


@given(DAYS, DAYS, DAYS, DAYS)
def test_two_bookings_by_days_clash_when_a_day_is_in_both(a: date, b: date, c: date, d: date) -> None:
    one = replace(MILL, issues=(), first=min(a, b), last=max(a, b))
    other = replace(BOOKS, place="top", issues=(), first=min(c, d), last=max(c, d))
    every = [date(2026, 1, 1) + timedelta(days=number) for number in range(20)]
    both = [day for day in every if one.covers(1, day) and other.covers(1, day)]
    assert bool(clashes([one, other])) is bool(both)
    assert not clashes([one, replace(other, list="sport")])
    assert not clashes([one, replace(other, place="end")])
    for day in every:
        assert [it.sponsor for it in due([one, other], 1, "readers", day)] == [
            it.sponsor for it in (one, other) if it.covers(1, day)
        ]


# The element and its place

STORY = "### [قصة {0}](https://example.org/{0})\nملخص {0}.\n"
FRONT = '+++\nnumber = 1\nsubject = "س"\nlist = "readers"\n+++\n\n'


def manuscript(body: str, end: str = "\n") -> Manuscript:
    text = (FRONT + body).replace("\n", end)
    return Manuscript.of(text.encode("utf-8"), Path("issues/x/issue.md"))


BODIES = {
    "sections": "كلمة.\n\n## سياسة\n\n"
    + STORY.format(1)
    + "\n## ثقافة\n\n"
    + STORY.format(2)
    + "\n## رياضة\n\n"
    + STORY.format(3)
    + "\n"
    + STORY.format(4),
    "stories": STORY.format(1) + "\n" + STORY.format(2) + "\n" + STORY.format(3),
    "one": STORY.format(1),
    "words": "كلمة المحرر وحدها.\n",
    "candidates": "## سياسة\n\n"
    + STORY.format(1)
    + "\n<!-- candidates 7\nNothing here goes out. Cut a story from here and "
    "paste it above; newsletter collect adds what is new.\n\n" + STORY.format(2) + "\n-->\n",
    "empty": "",
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("where", PLACES)
def test_an_element_is_put_in_and_nothing_else_changes(where: str, body: str, end: str) -> None:
    booking = replace(MILL, place=where, section="ثقافة" if where == "after" else "")  # type: ignore[arg-type]
    before = manuscript(BODIES[body], end)
    after, there = place(before, booking, element_of(booking))
    assert there is (where != "after" or body == "sections")
    lines = iter(after.text.split(end))
    assert all(line in lines for line in before.text.split(end) if line.strip())  # all that stood there, in order
    assert "\n" not in after.text.replace("\r\n", "") if end == "\r\n" else "\r" not in after.text
    issue = after.issue
    assert [one.headline for one in issue.stories] == [one.headline for one in before.issue.stories]
    assert [one.summary for one in issue.stories] == [one.summary for one in before.issue.stories]
    (found,) = placed(issue)
    assert (found.name, found.label, found.links) == (booking.sponsor, "", (booking.link,))
    assert after.lines[found.line - 1].startswith("::: إعلان مطاحن السهل")
    assert manuscript(BODIES[body]).draft[1] == after.draft[1] == ()


def blocks(issue: Issue) -> list[str]:
    """What stands in an issue, in a word each."""
    said = ["words" if not is_sponsors(one.markdown) else "sponsor" for one in issue.opening]
    for section in issue.sections:
        said += [section.title] if section.title else []
        for one in section.blocks:
            said.append(one.headline if isinstance(one, Story) else "sponsor" if is_sponsors(one.markdown) else "words")
    return said


@pytest.mark.parametrize(
    ("where", "body", "expected"),
    [
        ("top", "sections", "words sponsor سياسة 1 ثقافة 2 رياضة 3 4"),
        ("middle", "sections", "words سياسة 1 ثقافة 2 sponsor رياضة 3 4"),
        ("end", "sections", "words سياسة 1 ثقافة 2 رياضة 3 4 sponsor"),
        ("after", "sections", "words سياسة 1 ثقافة 2 sponsor رياضة 3 4"),
        ("top", "stories", "sponsor 1 2 3"),
        ("middle", "stories", "1 2 sponsor 3"),
        ("middle", "one", "1 sponsor"),
        ("end", "candidates", "سياسة 1 sponsor"),
        ("top", "words", "words sponsor"),
        ("end", "empty", "sponsor"),
    ],
)
def test_each_place_is_where_it_is_said_to_be(where: str, body: str, expected: str) -> None:
    booking = replace(MILL, place=where, section="ثقافة" if where == "after" else "")  # type: ignore[arg-type]
    after, _ = place(manuscript(BODIES[body]), booking, element_of(booking))
    assert " ".join(blocks(after.issue)).replace("قصة ", "") == expected


LINES = st.text("ابت Aa12*_[]()!|<>&:#-`~\\\"'«»،.", min_size=1, max_size=30).map(str.strip).filter(bool)


@settings(max_examples=60, deadline=None)
@given(name=LINES, alt=LINES, button=LINES)
def test_whatever_a_name_is_made_of_it_is_found_again(name: str, alt: str, button: str) -> None:
    """What the file lets in can be written and found; what could not is refused when the file is read."""
    from pydantic import ValidationError

    from newsletter.workspace.sponsor_schema import BookingSettings

    said = {"sponsor": name, "link": "https://example.net/(a)", "alt": alt, "button": button, "issues": [1]}
    try:
        booking = BookingSettings.model_validate(said).booking("")
    except ValidationError:
        return
    after, _ = place(manuscript(BODIES["sections"]), booking, element_of(booking, picture="pictures/a b.jpg"))
    assert after.draft[1] == ()
    (found,) = placed(after.issue)
    assert found.is_of(booking)
    assert set(found.links) == {"https://example.net/(a)"}


def test_sponsors_stay_for_readers_who_declined_the_topic_before_them() -> None:
    element = element_of(MILL)
    issue = Issue(
        1,
        "س",
        sections=(
            Section("سياسة", (Story("أ", "https://example.org/1"),)),
            Section("رياضة", (Story("ب", "https://example.org/2"), Prose("كلمة."), Prose(element))),
        ),
    )
    sport = Topic(1, "رياضة", ("رياضة",))
    left = cut(issue, [sport], sport.bit).issue
    assert left is not None
    assert [block for section in left.sections for block in section.blocks] == [
        issue.sections[0].blocks[0],
        Prose(element),
    ]
    assert not is_sponsors(f"{element}\n\nكلمة.")
    assert not is_sponsors(f"{element}\n\n{element}")
    assert is_sponsors(element.replace("دقيق", "::: file\n[أ](https://example.net/a)\n:::\n\nدقيق"))


# Letters


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_letter_with_a_booked_sponsor_is_as_it_stands_beside_it(language: str) -> None:
    """The golden letters: written by ``UPDATE_LETTERS=1``, like all others; this one asks for what a sponsor is due."""
    folder = golden.FOLDER / f"sponsor-{language}"
    draft = Manuscript.read(folder / "draft.md")
    (booking,) = due(file.read(folder), draft.issue.number, "readers", golden.DATE.date())
    element = element_of(booking, picture=f"pictures/sponsor-{booking.picture}", language=language)
    made = place(draft, booking, element)[0].text
    if os.environ.get("UPDATE_LETTERS"):
        (folder / "issue.md").write_text(made, "utf-8")
    assert made == (folder / "issue.md").read_text("utf-8")
    one = golden.golden(folder.name)
    (found,) = [it for it in placed(one.issue) if it.links]
    said = golden.arguments(one)
    rendered = render(
        one.issue, one.publication, environment(), **{**said, "ways": replace(said["ways"], counted=True)}
    )
    label = "محتوى برعاية" if language == "ar" else "Advertisement"
    anchors = re.findall(r"<a [^>]*example\.net[^>]*>", rendered.html)
    assert anchors
    assert all('rel="sponsored nofollow noopener"' in anchor for anchor in anchors)
    assert {it.url: it.sponsor for it in rendered.links if it.sponsor} == dict.fromkeys(found.links, found.name)
    assert f"{label} · " in re.sub(r"<[^>]+>|[\u2066-\u2069\u200e\u200f]", "", rendered.html)
    assert f"[{label} · " in re.sub(r"[\u2066-\u2069\u200e\u200f]", "", rendered.text)
    assert rendered.text.count("example.net/") == len(found.links) * 2  # of the picture and of the button


@pytest.mark.parametrize("style", golden.THEMES)
def test_label_and_links_are_right_in_every_style_and_on_the_letters_page(style: str) -> None:
    one = golden.golden("sponsor-ar")
    issue = replace(one.issue, template=style, theme={})
    rendered = render(issue, one.publication, environment(), **golden.arguments(one))
    letter = frozen(rendered.html, pictures=rendered.pictures)
    page = web_view(letter, folder="/letters/12", subscribe=("/", "اشترك"), because="لأنك اشتركت", key="12").html
    for html in (rendered.html, page):
        anchors = re.findall(r"<a [^>]*example\.net[^>]*>", html)
        assert len(anchors) == 2
        assert all(f'rel="{PAID}"' in anchor for anchor in anchors)
        assert "محتوى برعاية · مطاحن السهل" in re.sub(r"<[^>]+>|[\u2066-\u2069\u200e\u200f]", "", html)
    assert "[محتوى برعاية · مطاحن السهل]" in rendered.text


# Drafts and commands


@pytest.fixture
def clock() -> Clock:
    return Clock(START + timedelta(days=3, hours=5))


def booked(root: Path, *tables: str) -> None:
    (root / file.FILE).write_text("\n".join(f"[[booking]]\n{one}" for one in tables), "utf-8")


MILL_TOML = 'sponsor = "مطاحن السهل"\nlink = "https://example.net/flour"\ntext = "دقيق كامل."\nissues = [1, 2]\n'
BOOKS_TOML = (
    'sponsor = "Hillside Books"\nlink = "https://example.net/books"\npicture = "sponsors/books.png"\n'
    'button = "اختر"\nplace = "end"\nfrom = 2026-11-01\nuntil = 2026-11-30\n'
)


@pytest.mark.slow
def test_drafts_letters_and_reports_of_two_weeks(tmp_path: Path, clock: Clock) -> None:
    root = make(tmp_path / "w")
    site = WordPress(posts(40, 21), clock)
    booked(root, MILL_TOML, BOOKS_TOML)
    (root / "sponsors").mkdir()
    Image.new("RGB", (1200, 600), "#b4531f").save(root / "sponsors" / "books.png")
    with open_newsroom(root, clock, site) as workspace:
        week = weekly.prepare(workspace)
        assert week.plan is not None
        path = Path(week.plan.issue.path)
        assert [one.name for one in placed(issues.read(path))] == ["مطاحن السهل", "Hillside Books"]
        assert (path.parent / "pictures" / "sponsor-books.png").is_file()
        assert not [one.code for one in week.plan.problems if one.code.startswith("sponsor")]
        assert weekly.run(workspace).send is not None
        assert 'rel="sponsored nofollow noopener"' in received(root)[0].html
        clock.forward(days=7)
        assert weekly.run(workspace).send is not None
        clock.forward(days=30)
        states = {one.booking.sponsor: (one.state, one.carried) for one in sponsors.statuses(workspace)}
        assert states == {"مطاحن السهل": ("over", (1, 2)), "Hillside Books": ("over", (1, 2))}
        assert sponsors.notes(workspace) == ()
        report = sponsor_reports.report_of(workspace, "مطاحن السّهل")
        assert [(one.issue, one.audience, one.submitted, one.clicks) for one in report.letters] == [
            (1, 3, 3, None),
            (2, 3, 3, None),
        ]
        assert (report.submitted, report.clicks, report.ahead) == (6, None, ())
        page = sponsor_reports.page_of(workspace, report)
        assert "@" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
        assert "example.net" not in page  # a reader's host; and of the links nothing is known
        booked(root, MILL_TOML.replace("مطاحن السهل", "Late Mills").replace("[1, 2]", "[2, 3]"))
        late = sponsor_reports.report_of(workspace, "Late Mills")
        # Two went without it: what is promised is the third alone.
        assert (late.letters, [one.issues for one in late.ahead]) == ((), [(3,)])


@pytest.mark.slow
def test_a_draft_that_grew_gets_its_sponsor_when_it_is_filled(tmp_path: Path, clock: Clock) -> None:
    root = make(tmp_path / "w")
    with open_newsroom(root, clock, WordPress(posts(12, 7), clock)) as workspace:
        gather(workspace)
        empty = drafts.write(workspace, list_name="readers", rules=drafts.rules_of(workspace), empty=True)
        booked(root, MILL_TOML)
        assert placed(empty) == ()
        taken = drafts.take(workspace, issues.read(Path(empty.path)), rules=drafts.rules_of(workspace))
        assert [one.name for one in placed(taken.issue)] == ["مطاحن السهل"]
        assert placed(issues.read(Path(empty.path))) == placed(taken.issue)


def test_the_command_puts_in_what_is_missing_once(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    assert here("sponsors", "list", cwd=root).err.startswith("No sponsor is booked.")
    booked(root, MILL_TOML, BOOKS_TOML.replace("2026", "2999"))
    done = here("check", cwd=root)
    assert "warning sponsor-missing" in done.out
    assert "newsletter sponsors place 1" in done.out
    done = here("sponsors", "check", cwd=root)
    assert done.code == 3
    assert "issue 1 lacks it; put it in with: newsletter sponsors place 1" in done.out
    assert "sponsors/books.png is not there" in done.out
    path = root / "issues" / "first" / "issue.md"
    before = path.read_bytes()
    assert here("sponsors", "place", "--dry-run", cwd=root).out == "مطاحن السهل\ttop\n"
    assert path.read_bytes() == before
    assert here("sponsors", "place", cwd=root).out == "مطاحن السهل\ttop\n"
    assert here("sponsors", "place", cwd=root).out == ""
    assert "sponsor-" not in here("check", cwd=root).out
    listed = json.loads(here("sponsors", "list", "--json", cwd=root).out)["bookings"]
    assert [(one["sponsor"], one["state"], one["carried"]) for one in listed] == [
        ("مطاحن السهل", "coming", []),
        ("Hillside Books", "coming", []),
    ]


def test_a_broken_file_is_told_by_every_command_that_asks(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    booked(root, MILL_TOML, MILL_TOML.replace("مطاحن السهل", "Hillside Books"))
    for words in (("sponsors", "list"), ("sponsors", "check"), ("check",), ("send", "--yes")):
        complains(here(*words, cwd=root), "«Hillside Books» is booked top for issue 1, 2", "«مطاحن السهل»", "give one")
    assert here("status", cwd=root).code == 0
    assert not list((root / "outbox").glob("new/*"))


def test_nobody_of_that_name_is_told_with_those_there_are(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=0)
    complains(here("sponsors", "report", "نجار", cwd=root), "no sponsor is called 'نجار'", "no sponsor is booked")
    booked(root, MILL_TOML)
    complains(here("sponsors", "report", "نجار", cwd=root), "booked are مطاحن السهل")


@pytest.mark.slow
def test_what_was_missed_is_told(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=1)
    assert here("send", "--yes", cwd=root).code == 0
    booked(
        root,
        MILL_TOML.replace("[1, 2]", "[1]"),
        BOOKS_TOML.replace('picture = "sponsors/books.png"\n', "").replace("2026", "2020"),
        'sponsor = "نجار"\nlink = "https://example.net/wood"\nlist = "sport"\nissues = [1]\n',
    )
    done = here("sponsors", "check", cwd=root)
    assert done.code == 3
    told = done.out.splitlines()
    assert len(told) == 4
    assert "«مطاحن السهل»: issue 1 went out without it" in told[0]
    assert "«Hillside Books»: 2020-11-01 to 2020-11-30 is over, and no letter carried it" in told[1]
    assert "«نجار»: no list is called 'sport'; there is readers" in told[2]
    assert "«نجار»: issue 1 is for the list readers, and booked is sport" in told[3]
    complains(here("sponsors", "place", "1", cwd=root), "what is frozen does not change")


@pytest.mark.slow
def test_the_report_has_clicks_when_they_are_counted(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=6)
    settings = root / "newsletter.toml"
    said = with_settings(settings.read_text("utf-8"), '[tracking]\nclicks = "stories"\n')
    settings.write_text(said, "utf-8")
    booked(root, MILL_TOML)
    assert here("sponsors", "place", cwd=root).code == 0
    assert here("send", "--yes", cwd=root).code == 0
    with open_at(root) as workspace, workspace.database.write() as connection:
        # What a send has frozen is what is counted: the name of the sponsor comes from the element.
        own = clicks.name_of("1", "readers", 0, "https://example.net/flour")
        clicks.add(connection, {(own, 490_000): (7, 2), (own, 490_001): (1, 0)})
    done = here("sponsors", "report", "مطاحن السهل", "--json", "--html", "mill.html", cwd=root)
    assert done.code == 0, done
    found = json.loads(done.out)
    assert (found["issues"], found["submitted"], found["delivered"], found["clicks"]) == (1, 6, None, 8)
    assert found["letters"][0]["links"] == [{"url": "https://example.net/flour", "people": 8, "machines": 2}]
    assert found["ahead"][0]["issues"] == [2]
    page = (root / "mill.html").read_text("utf-8")
    assert "https://example.net/flour" in page
    assert "almawja" not in re.sub(r"<title>.*?</title>", "", page)  # no link of the newsroom's own
    complains(here("sponsors", "report", "مطاحن السهل", "--html", "no/where.html", cwd=root), "cannot be written")
    (path,) = root.glob("issues/*/issue.md")
    text = path.read_text("utf-8")
    path.write_text(text.replace("number = 1", "number ="), "utf-8")
    for verb in (["list"], ["check"], ["report", "مطاحن السهل", "--json"]):
        done = here("sponsors", *verb, cwd=root)
        assert (done.code, f"its file cannot be understood: {path.relative_to(root)}" in done.err) == (0, True)
    path.unlink()  # what went went, and its frozen letter tells whose links it had
    again = json.loads(here("sponsors", "report", "مطاحن السهل", "--json", cwd=root).out)
    assert (again["letters"], again["ahead"]) == (json.loads(done.out)["letters"], found["ahead"])
    assert again["letters"] == found["letters"]
    path.write_text(text, "utf-8")
    with open_at(root) as workspace, workspace.database.write() as connection:
        connection.exec_driver_sql("UPDATE send SET state = 'cancelled'")  # when the letters had gone
    found = json.loads(here("sponsors", "report", "مطاحن السهل", "--json", cwd=root).out)
    assert (found["issues"], found["submitted"], found["clicks"]) == (1, 6, 8)
    with open_at(root) as workspace, workspace.database.write() as connection:
        connection.exec_driver_sql("UPDATE batch SET state = 'queued'")  # before any had
    found = json.loads(here("sponsors", "report", "مطاحن السهل", "--json", cwd=root).out)
    assert (found["issues"], found["submitted"]) == (0, 0)


def open_at(root: Path):  # type: ignore[no-untyped-def]
    from newsletter.wiring import open_workspace

    return open_workspace(root)


def test_clicks_of_a_sponsor_are_read_alike_from_both_databases(database: Database) -> None:
    moment = datetime(2026, 12, 1, tzinfo=UTC)
    links = [CountedLink("", "https://example.net/flour", "", "1", "مطاحن السهل")]
    with database.write() as connection:
        for subject in (1, 2):
            clicks.freeze(connection, links, issue="1", list_name="readers", subject=subject, now=moment)
            (one,) = clicks.named(links, issue="1", list_name="readers", subject=subject)
            clicks.add(connection, {(one.name, 490_000): (subject, 0)})
    with database.read() as connection:
        own = clicks.of_issue(connection, "1")
    assert sponsor_reports.links_of(own) == (LinkCounts("https://example.net/flour", 3, 0, "مطاحن السهل"),)


# The sponsor's page


@pytest.mark.parametrize("language", ["ar", "en", "fa", "fr", "he"])
def test_the_page_says_every_number_in_each_language(language: str) -> None:
    publication = Publication("الموجة", "https://example.org", language=language)
    page = sponsor_page(report_pages.sponsor(), publication, environment())
    assert f'<html lang="{language}" dir="{publication.direction}">' in page
    text = re.sub(r"<[^>]+>", " ", page)
    text = re.sub(r"(?<=\d)[,.\s](?=\d{3})", "", text)  # each language has its own sign between thousands
    for number in ("5211", "15636", "5139", "396", "121"):
        assert number in text, number
    assert page.count("https://example.net/flour") >= 2
    if language != "en":
        assert "Still to come" not in text
    else:
        assert "Issue 14, at the top · Issue 15, at the top · December 1 to December 31, after" in text


def test_the_page_of_a_sponsor_without_letters_and_without_clicks_says_so() -> None:
    publication = Publication("The Wave", "https://example.org", language="en")
    nothing = replace(report_pages.sponsor(), letters=())
    assert "No letter has carried it yet." in sponsor_page(nothing, publication, environment())
    untold = replace(
        report_pages.sponsor(),
        letters=tuple(replace(one, told=False, clicks=None, links=()) for one in report_pages.sponsor().letters),
    )
    page = sponsor_page(untold, publication, environment())
    assert "Nobody has told yet how many of them arrived." in page
    assert ">Clicks<" not in page
    assert "Delivered" not in page


def test_a_name_cannot_be_markup_in_the_page() -> None:
    publication = Publication("The Wave", "https://example.org", language="en")
    page = sponsor_page(
        replace(report_pages.sponsor(), sponsor="<script>alert(1)</script>"), publication, environment()
    )
    assert "<script" not in page


@pytest.mark.parametrize("words", [("sponsors", "report", "مطاحن السهل"), ("theme",)])
def test_a_page_is_written_over_one_of_ours_and_over_nothing_else(words: tuple[str, ...], tmp_path: Path) -> None:
    root = make_workspace(tmp_path)
    (root / file.FILE).write_text(
        '[[booking]]\nsponsor = "مطاحن السهل"\nlink = "https://example.net"\nissues = [12]\n', "utf-8"
    )
    before = (root / "newsletter.toml").read_bytes()
    for name in ("newsletter.toml", "issues"):
        done = here(*words, "--html", name, cwd=root)
        assert (done.code, "name another file" in done.err) == (1, True), done.err
    assert (root / "newsletter.toml").read_bytes() == before
    assert [here(*words, "--html", "page.html", cwd=root).code for _ in range(2)] == [0, 0]
    assert (root / "page.html").read_text("utf-8").rstrip().endswith("</html>")

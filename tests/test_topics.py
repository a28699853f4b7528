"""A letter holds exactly the sections its reader chose, the editor's words and the lead; each is made once."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from newsroom import SECTIONS, SITE, START, Clock, make, open_newsroom, received
from settings_text import with_settings

from newsletter import delivery as deliver
from newsletter import issues, ledger
from newsletter.errors import SettingsError
from newsletter.letters.mime import from_json
from newsletter.models import Issue, Prose, Section, Story
from newsletter.report import read
from newsletter.rhythms import topics
from newsletter.rhythms.topics import Topic
from newsletter.workflows import letter as letters
from newsletter.workflows import plan, variants
from newsletter.workspace.config import load
from subscribers import actions
from subscribers.store.tables import subscription

TOPICS = tuple(Topic(number, title, (title,)) for number, title in enumerate(SECTIONS, 1))
SETTINGS = "[topics.readers]\n" + "".join(f'{topic.number} = "{topic.title}"\n' for topic in TOPICS)


def story(number: int) -> Story:
    return Story(f"خبر {number}", url=f"{SITE}/{number}/", summary=f"ملخص الخبر {number} كما كتبه المحرر.")


def issue_of(layout: list[tuple[str, int]], *, number: int = 1) -> Issue:
    """An issue with so many stories in each section."""
    sections, at = [], 0
    for title, count in layout:
        sections.append(Section(title, tuple(story(at + n) for n in range(1, count + 1))))
        at += count
    return Issue(number, "أسبوع في الموجة", opening=(Prose("كلمة المحرر إليكم."),), sections=tuple(sections))


def numbers(issue: Issue) -> list[int]:
    return [int(one.url.rstrip("/").rpartition("/")[2]) for one in issue.stories]


# Pure


def test_a_section_belongs_to_a_topic_however_it_is_spelt() -> None:
    known = (Topic(3, "الأخبار", ("أخبارُ الأسبوع", "سياسة")),)
    issue = issue_of([("اخبار الاسبوع", 1), ("رأي", 1)])
    assert topics.present(issue, known) == 0b100


def test_sections_of_no_topic_go_to_everybody() -> None:
    issue = issue_of([("", 1), ("رأي المحرر", 2), (SECTIONS[1], 1)])
    cut = topics.cut(issue, TOPICS, 0xFF)
    assert cut.issue is not None
    assert (numbers(cut.issue), cut.variant, cut.without) == ([1, 2, 3], "-2", (SECTIONS[1],))
    assert cut.issue.opening == issue.opening


def test_the_lead_stays_and_nothing_else_of_its_section() -> None:
    issue = issue_of([(SECTIONS[0], 3), (SECTIONS[1], 2)])
    cut = topics.cut(issue, TOPICS, 0b1)
    assert cut.issue is not None
    assert numbers(cut.issue) == [1, 4, 5]
    alone = topics.cut(issue, TOPICS, 0b1, lead=False)
    assert alone.issue is not None
    assert numbers(alone.issue) == [4, 5]


def test_nothing_chosen_is_no_letter() -> None:
    issue = issue_of([(SECTIONS[0], 3), (SECTIONS[1], 2)])
    assert topics.cut(issue, TOPICS, 0b11).issue is None
    # A heading with nothing under it is nothing chosen.
    hollow = Issue(1, "x", sections=(*issue.sections, Section("رأي")))
    assert topics.cut(hollow, TOPICS, 0b11).issue is None


@given(
    st.lists(st.tuples(st.sampled_from([*SECTIONS, "", "بلا موضوع"]), st.integers(0, 3)), max_size=8),
    st.lists(st.integers(0, 255), max_size=20),
)
def test_every_cut_holds_what_was_chosen_and_the_lead(layout: list[tuple[str, int]], masks: list[int]) -> None:
    issue = issue_of(layout)
    bits = topics.present(issue, TOPICS)
    cuts = topics.cuts(issue, TOPICS, masks)
    assert cuts[0].issue == issue
    assert len({cut.declined for cut in cuts}) == len(cuts)
    by_mask = {cut.declined: cut for cut in cuts}
    for mask in masks:
        cut = by_mask[mask & bits]
        wanted = [
            number
            for section in issue.sections
            for number in numbers(Issue(1, "", sections=(section,)))
            if number == 1 or not (section.title in SECTIONS and mask >> SECTIONS.index(section.title) & 1)
        ]
        chosen = any(
            section.blocks and not (section.title in SECTIONS and mask >> SECTIONS.index(section.title) & 1)
            for section in issue.sections
        )
        if mask & bits and not chosen:
            assert cut.issue is None
        else:
            assert cut.issue is not None
            assert numbers(cut.issue) == wanted
            assert cut.issue.opening == issue.opening


def test_titles_stand_at_their_bits() -> None:
    assert topics.titles((Topic(2, "ب", ()), Topic(4, "د", ()))) == ("", "ب", "", "د")
    assert topics.titles(()) == ()


# Settings


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('0 = "سياسة"', "a number from 1 to 8 is wanted"),
        ('9 = "سياسة"', "a number from 1 to 8 is wanted"),
        ('x = "سياسة"', "a number from 1 to 8 is wanted"),
        ('1 = "أخبار"\n2 = { title = "كل شيء", sections = ["اخبار"] }', "belongs to «أخبار» and to «كل شيء»"),
        ("1 = { sections = ['a'] }", "title is missing"),
        ("1 = 5", "found 5"),
        ('1 = ""', "a text is wanted"),
    ],
)
def test_topics_that_cannot_be(tmp_path: Path, lines: str, words: str) -> None:
    make(tmp_path / "w", readers=0)
    path = tmp_path / "w" / "newsletter.toml"
    path.write_text(with_settings(path.read_text("utf-8"), f"[topics.readers]\n{lines}\n"), "utf-8")
    with pytest.raises(SettingsError) as told:
        load(tmp_path / "w", {})
    assert words in str(told.value)
    assert "\n" not in str(told.value)


# 10,000 readers


@pytest.fixture(scope="module")
def ten_thousand(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """A workspace with 10,000 readers of random topics, and what each of them declines."""
    from newsletter.wiring import open_workspace

    folder = tmp_path_factory.mktemp("many")
    root = make(folder / "w", readers=0, settings=SETTINGS)
    chance = random.Random(7)
    lines = ["email"] + [f"reader{number}@example.net" for number in range(10_000)]
    (folder / "readers.csv").write_text("\n".join(lines), "utf-8")
    with open_workspace(root, {}) as workspace:
        with workspace.database.write() as connection:
            actions.import_file(
                connection, folder / "readers.csv", "readers", now=START, keys=workspace.keys.suppression
            )
        declined = {number: chance.randrange(256) for number in range(1, 10_001)}
        with workspace.database.write() as connection:
            connection.execute(
                subscription.update()
                .where(subscription.c.subscriber_id == _bind("who"))
                .values(declined_topics=_bind("what")),
                [{"who": number, "what": mask} for number, mask in declined.items()],
            )
        from subscribers.store.tables import subscriber

        with workspace.database.read() as connection:
            people = dict(
                connection.execute(subscriber.select().with_only_columns(subscriber.c.id, subscriber.c.address)).all()
            )
    return root, {people[number]: mask for number, mask in declined.items()}


def _bind(name: str) -> Any:
    from sqlalchemy import bindparam

    return bindparam(name)


@pytest.mark.slow
def test_ten_thousand_readers_get_exactly_what_they_chose(
    ten_thousand: tuple[Path, dict[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, declined = ten_thousand
    clock = Clock()
    layout = [(title, 2) for title in SECTIONS]
    issue = issue_of(layout)
    folder = root / "issues" / "one"
    rendered = 0
    of_issue = letters.of_issue

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal rendered
        rendered += 1
        return of_issue(*arguments, **named)

    monkeypatch.setattr(letters, "of_issue", counted)
    with open_newsroom(root, clock) as workspace:
        issues.write(issue, folder)
        planned = plan.make(workspace, issues.read(folder / "issue.md"), list_name="", rhythm="weekly")
        assert planned.ready, planned.problems
        # All 256 combinations occur: 255 letters, since who declines everything gets none.
        assert (len(planned.variants), rendered) == (256, 255)
        nobody = sum(mask == 255 for mask in declined.values())
        assert (planned.audience, planned.skipped) == (10_000 - nobody, nobody)
        send = plan.freeze_plan(workspace, planned)
        assert send.audience == 10_000
        with workspace.database.read() as connection:
            _held_against_the_ledger(connection, send.id, declined)
            report = read.of_issue(connection, "1")
            assert report.total.reasons == {variants.UNCHOSEN: nobody}
            assert sum(part.counts.audience for part in report.parts) == 10_000
            assert len(report.by("variant")) == 256


def _held_against_the_ledger(connection: Any, send_id: int, declined: dict[str, int]) -> None:
    from sqlalchemy import select

    from newsletter.storage.tables import batch, delivery, letter
    from subscribers.store.tables import subscriber

    rows = connection.execute(
        select(subscriber.c.address, batch.c.id, batch.c.letter_id, delivery.c.state)
        .join(delivery, delivery.c.subscriber_id == subscriber.c.id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .where(batch.c.send_id == send_id)
    ).all()
    assert len({row.address for row in rows}) == len(rows) == 10_000
    holds: dict[int, tuple[set[int], str]] = {}
    for (letter_id,) in connection.execute(select(letter.c.id).where(letter.c.send_id == send_id)).all():
        made = from_json(ledger.letter_of(connection, letter_id)).rendered
        for text in (made.html, made.text):
            inside = {int(number) for number in re.findall(rf"{re.escape(SITE)}/(\d+)/", text)}
            assert "كلمة المحرر إليكم." in text
        holds[letter_id] = inside, made.subject
    letters_of_batch: dict[int, set[int | None]] = {}
    for row in rows:
        mask = declined[row.address]
        letters_of_batch.setdefault(row.id, set()).add(row.letter_id)
        if row.letter_id is None:
            assert (mask, row.state) == (255, "skipped")
            continue
        wanted = {1} | {2 * bit + n for bit in range(8) if not mask >> bit & 1 for n in (1, 2)}
        assert holds[row.letter_id][0] == wanted, row.address
    # Batches are grouped by variant, none is mixed, and only the last of a variant may be short.
    assert all(len(inside) == 1 for inside in letters_of_batch.values())
    assert len(letters_of_batch) == sum(-(-count // 2) for count in Counter(row.letter_id for row in rows).values())


def test_who_chooses_otherwise_while_letters_are_made_is_not_forgotten(tmp_path: Path) -> None:
    root = make(tmp_path / "w", readers=3, settings=SETTINGS)
    folder = root / "issues" / "one"
    with open_newsroom(root, Clock()) as workspace:
        issues.write(issue_of([(SECTIONS[0], 2), (SECTIONS[1], 2)]), folder)
        planned = plan.make(workspace, issues.read(folder / "issue.md"), list_name="", rhythm="weekly")
        assert [one.cut.declined for one in planned.variants] == [0]
        with workspace.database.write() as connection:
            for who, mask in ((1, 0b10), (2, 0b11)):
                actions.prefer(connection, who, 1, now=START, rhythm="weekly", declined_topics=mask)
        send = plan.freeze_plan(workspace, planned)
        deliver.run(workspace.delivery_setup, send, lambda _state, _count: None)
        with workspace.database.read() as connection:
            account = ledger.account(connection, send.id)
    assert (account.submitted, account.skipped, account.reasons) == (2, 1, {variants.UNCHOSEN: 1})
    assert {letter.to: letter.numbers for letter in received(root)} == {
        "reader0@example.net": (1, 2),
        "reader2@example.net": (1, 2, 3, 4),
    }


def test_an_error_in_one_variant_keeps_the_issue_from_going(tmp_path: Path) -> None:
    root = make(tmp_path / "w", readers=2, settings=SETTINGS)
    # A template of one's own that cannot do with two sections.
    (root / "templates" / "email").mkdir(parents=True)
    (root / "templates" / "email" / "weekly.mjml.j2").write_text(
        '{% extends "shipped/email/weekly.mjml.j2" %}\n{% block content %}{{ super() }}'
        "{% if sections|length < 3 %}<mj-section><mj-column><mj-text>*|FNAME|*</mj-text></mj-column></mj-section>"
        "{% endif %}{% endblock %}\n",
        "utf-8",
    )
    folder = root / "issues" / "one"
    with open_newsroom(root, Clock()) as workspace:
        issues.write(issue_of([(title, 1) for title in SECTIONS[:3]]), folder)
        issue = issues.read(folder / "issue.md")
        assert plan.make(workspace, issue, list_name="", rhythm="weekly").ready
        with workspace.database.write() as connection:
            actions.prefer(connection, 1, 1, now=START, rhythm="weekly", declined_topics=0b10)
        planned = plan.make(workspace, issue, list_name="", rhythm="weekly")
        assert not planned.ready
        (problem,) = [one for one in planned.problems if one.level == "error"]
        assert problem.code == "template-leaked"
        assert f"in the letter without «{SECTIONS[1]}»" in problem.words


def test_the_archive_shows_the_whole_letter(tmp_path: Path) -> None:
    from newsletter.web.archive import sent

    root = make(tmp_path / "w", readers=1, settings=SETTINGS)
    folder = root / "issues" / "one"
    with open_newsroom(root, Clock()) as workspace:
        issues.write(issue_of([(SECTIONS[0], 1), (SECTIONS[1], 1)]), folder)
        with workspace.database.write() as connection:
            actions.prefer(connection, 1, 1, now=START, rhythm="weekly", declined_topics=0b10)
        planned = plan.make(workspace, issues.read(folder / "issue.md"), list_name="", rhythm="weekly")
        assert [(one.cut.variant, one.audience) for one in planned.variants] == [("", 0), ("-2", 1)]
        plan.freeze_plan(workspace, planned)
        with workspace.database.read() as connection:
            (one,) = sent(connection, ["readers"], limit=5)
            assert f"{SITE}/2/" in from_json(ledger.letter_of(connection, one.letter_id)).rendered.html
            (part,) = read.of_issue(connection, "1").parts
    assert (part.variant, part.counts.audience) == ("-2", 1)


@settings(max_examples=30)
@given(st.integers(0, 255))
def test_a_variant_is_named_by_what_it_leaves_out(mask: int) -> None:
    issue = issue_of([(title, 1) for title in SECTIONS])
    cut = topics.cut(issue, TOPICS, mask)
    assert cut.variant == "".join(f"-{number}" for number in range(1, 9) if mask >> number - 1 & 1)
    assert topics.numbers(mask) == tuple(number for number in range(1, 9) if mask >> number - 1 & 1)

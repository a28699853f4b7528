"""Subjects proposed from headlines: where they are cut, what the check says of them, and the command."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from command import here, make_workspace
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter import issues
from newsletter.check import check
from newsletter.check.context import CheckContext
from newsletter.models import Issue, Prose, Publication, Section, Story
from newsletter.subjects import MOST, PHONE, SubjectProposal, counting, propose, seen
from newsletter.subjects.clauses import headline, is_whole, shorter
from newsletter.subjects.languages import rules_of
from newsletter.subjects.repeated import share_words, twice
from newsletter.text.subject import LONGEST_SUBJECT, columns

DATA = Path(__file__).parent / "data" / "subjects"
LANGUAGES = ("ar", "en", "fa", "he")
NAMES = {"ar": "نشرة الواحة", "en": "The Oasis", "fa": "خبرنامه واحه", "he": "נווה המדבר"}


def corpus(language: str) -> list[tuple[str, str, list[str]]]:
    """Each headline as a site has it, without what is no part of it, and with everything it may be cut to."""
    found = []
    for part in (DATA / f"{language}.txt").read_text("utf-8").strip().split("\n\n"):
        first, *rest = part.splitlines()
        clean = next((line[2:] for line in rest if line.startswith("= ")), first)
        found.append((first, clean, [line[2:] for line in rest if line.startswith("> ")]))
    return found


CASES = [(language, *case) for language in LANGUAGES for case in corpus(language)]


def test_the_corpus_is_large_enough() -> None:
    assert len(CASES) >= 50
    assert sum(not cuts for *_, cuts in CASES) >= 20  # many headlines must not be cut at all


@pytest.mark.parametrize(("language", "written", "clean", "cuts"), CASES)
def test_a_headline_is_cut_where_a_clause_ends_and_nowhere_else(
    language: str, written: str, clean: str, cuts: list[str]
) -> None:
    assert headline(written) == clean
    assert list(shorter(clean, rules_of(language))) == cuts


def publication(language: str) -> Publication:
    return Publication(NAMES[language], "https://example.org", language=language)


def written(proposals: tuple[SubjectProposal, ...]) -> str:
    return "\n".join(f"{one.kind}\t{one.subject}\n\t{one.preheader}\n\t{one.phone}" for one in proposals) + "\n"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_issue_has_the_proposals_that_stand_beside_it(language: str) -> None:
    found = written(propose(issues.read(DATA / f"issue-{language}.md"), publication(language)))
    expected = DATA / f"issue-{language}.expected.txt"
    if os.environ.get("UPDATE_SUBJECTS"):
        expected.write_text(found, "utf-8")
    assert found == expected.read_text("utf-8")


def told(proposal: SubjectProposal, language: str) -> list[str]:
    """What the whole check says of the two lines."""
    issue = Issue(
        1, proposal.subject, proposal.preheader, opening=(Prose("نص."),), lines={"subject": 3, "preheader": 4}
    )
    context = CheckContext(publication=publication(language))
    kinds = re.compile(r"subject-|preheader-|spam-|bait-|all-caps|emoji-|placeholder-|note-")
    return [one.code for one in check(issue, None, context) if kinds.match(one.code)]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_proposal_passes_the_check_and_repeats_nothing(data: st.DataObject) -> None:
    language = data.draw(st.sampled_from(LANGUAGES))
    known = [case[0] for case in corpus(language)]
    odd = st.text("ابتثجحخ وي،:؛«»!؟? 12,.abc-–\u064e\u0651", max_size=60)
    lines = data.draw(st.lists(st.sampled_from(known) | odd, min_size=1, max_size=9))
    titles = data.draw(st.lists(st.sampled_from(["سياسة", "اقتصاد", "Sport", "12", ""]), min_size=1, max_size=4))
    sections = tuple(
        Section(title, tuple(Story(line, f"https://example.org/{at}") for line in lines[at :: len(titles)]))
        for at, title in enumerate(titles)
    )
    rules = rules_of(language)
    issue = Issue(1, "", sections=sections)
    found = propose(issue, publication(language))
    assert found == propose(issue, publication(language))
    assert len(found) <= MOST
    assert len({one.subject for one in found}) == len(found)
    for one in found:
        assert told(one, language) == []
        assert one.width <= LONGEST_SUBJECT
        assert columns(one.phone) <= PHONE
        assert not twice(one.subject, rules)
        assert not share_words(one.subject, one.preheader, rules)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(LANGUAGES), st.text('ابتيوعد و،:؛«»()"!؟? 12,.abc-–\u064e\u0651', max_size=90))
def test_a_cut_is_a_piece_of_the_headline_that_is_closed(language: str, text: str) -> None:
    clean = headline(text)
    assert headline(clean) == clean or not is_whole(clean)
    for cut in shorter(clean, rules_of(language)):
        assert cut.casefold() in clean.casefold()
        assert is_whole(cut)
        assert not re.search(r"\d[,.:]$", cut)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "قصة أخرى"),
        (2, "قصتان أخريان"),
        (3, "ثلاث قصص أخرى"),
        (8, "ثماني قصص أخرى"),
        (10, "عشر قصص أخرى"),
        (11, "11 قصة أخرى"),
        (99, "99 قصة أخرى"),
        (103, "103 قصص أخرى"),
        (111, "111 قصة أخرى"),
        (200, "200 قصة أخرى"),
    ],
)
def test_arabic_counts_as_its_grammar_wants(count: int, words: str) -> None:
    assert counting.others(count, rules_of("ar")) == words


def test_other_languages_count_in_words_and_in_their_digits() -> None:
    assert counting.others(2, rules_of("he")) == "שתי כתבות נוספות"
    assert counting.others(12, rules_of("fa"), "arabic-indic", "fa") == "۱۲ گزارش دیگر"
    assert counting.others(4, rules_of("en-GB")) == "four more stories"
    assert counting.listed(["سياسة", "اقتصاد", "رياضة"], rules_of("ar")) == "سياسة واقتصاد ورياضة"
    assert counting.all_of(2, rules_of("ar")) == counting.all_of(11, rules_of("ar")) == ""


def test_marks_over_letters_take_no_room_and_make_no_other_word() -> None:
    pointed, bare = "المعلّمون يُعلّقون إضرابَهم", "المعلمون يعلقون إضرابهم"
    assert columns(pointed) == columns(bare)
    assert share_words(pointed, bare, rules_of("ar"))
    assert twice(f"{pointed} {bare}", rules_of("ar"))


def test_what_a_phone_shows_is_whole_words() -> None:
    assert seen("ميناء الواحة يفتح أبوابه", 40) == "ميناء الواحة يفتح أبوابه"
    assert seen("ميناء الواحة يفتح أبوابه بعد عامين من الإغلاق", 30) == "ميناء الواحة يفتح أبوابه بعد…"


def test_a_headline_that_baits_is_never_proposed() -> None:
    stories = (Story("لن تصدق ما قاله المدير عن الميناء"), Story("ميناء الواحة يفتح أبوابه اليوم"))
    found = propose(Issue(1, "", sections=(Section("", stories),)), publication("ar"))
    assert found
    assert not any("تصدق" in one.subject + one.preheader for one in found)


def test_the_subject_of_the_last_letter_is_not_proposed_again() -> None:
    issue = issues.read(DATA / "issue-ar.md")
    first = propose(issue, publication("ar"))[0].subject
    again = propose(issue, publication("ar"), last_subject=first)
    assert first not in [one.subject for one in again]
    assert len(again) >= 5


def test_a_language_without_rules_has_its_headlines_alone() -> None:
    stories = (Story("بندرگاہ دو سال بعد کھل گئی"), Story("روٹی مہنگی ہو گئی ہے"))
    found = propose(
        Issue(1, "", sections=(Section("", stories),)), Publication("نخلستان", "https://example.org", language="ur")
    )
    assert {one.kind for one in found} <= {"headline", "other", "name"}
    assert found


# The command


def newsroom(folder: Path, text: str) -> Path:
    root = make_workspace(folder)
    (root / "issues" / "7").mkdir(parents=True)
    (root / "issues" / "7" / "issue.md").write_bytes(text.encode("utf-8"))
    return root


def test_the_command_shows_and_writes_and_touches_nothing_else(tmp_path: Path) -> None:
    text = (DATA / "issue-ar.md").read_text("utf-8").replace("\n", "\r\n")
    root = newsroom(tmp_path, "\ufeff" + text.replace('list = "readers"', 'list = "readers" # لنا'))
    done = here("subjects", "--json", cwd=root)
    assert done.code == 0, done.err
    shown = json.loads(done.out)
    assert shown["issue"] == 7
    assert 5 <= len(shown["proposals"]) <= 8
    second = shown["proposals"][1]
    path = root / "issues" / "7" / "issue.md"
    before = path.read_bytes()
    done = here("subjects", "7", "--use", "2", cwd=root)
    assert done.code == 0, done.err
    assert "Next: newsletter check 7" in done.err
    expected = before.decode("utf-8").replace('subject = "نشرة الواحة"', f'subject = "{second["subject"]}"')
    expected = expected.replace('preheader = ""', f'preheader = "{second["preheader"]}"')
    assert path.read_bytes().decode("utf-8") == expected
    assert not any(code in here("check", cwd=root).out for code in ("subject-", "preheader-", "bait-words"))


def test_the_command_lists_lines_for_a_pipe_and_says_what_comes_next(tmp_path: Path) -> None:
    root = newsroom(tmp_path, (DATA / "issue-ar.md").read_text("utf-8"))
    done = here("subjects", cwd=root)
    assert done.code == 0
    assert all(line.count("\t") == 5 for line in done.out.splitlines())
    assert "newsletter subjects 7 --use N" in done.err
    done = here("subjects", "--use", "99", cwd=root)
    assert (done.code, "from 1 to" in done.err) == (2, True)
    assert "nashra" not in done.out


def test_a_terminal_shows_every_proposal_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from newsletter.cli.subjects import _show

    long = "اتحاد الكتاب يطالب بالإفراج عن الشاعر وينتقد صمت وزارة الثقافة"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    _show([SubjectProposal("headline", long, "سطر"), SubjectProposal("count", f"{long}، وقصة أخرى", "")])
    shown = re.sub("[\u2066-\u2069]", "", capsys.readouterr().out).splitlines()
    assert shown[0] == f" 1  {long}"
    assert shown[1].strip() == "سطر"
    assert shown[4] == f" 2  {long}، وقصة أخرى"


def test_subjects_that_are_tried_stay_the_editors(tmp_path: Path) -> None:
    text = (
        (DATA / "issue-ar.md").read_text("utf-8").replace('subject = "نشرة الواحة"', 'subjects = ["الميناء", "السدود"]')
    )
    root = newsroom(tmp_path, text)
    done = here("subjects", "--use", "1", cwd=root)
    assert done.code == 1
    assert "issue.md:3: has several subjects that are tried" in done.err
    assert (root / "issues" / "7" / "issue.md").read_text("utf-8") == text


def test_an_issue_without_stories_gets_a_next_step(tmp_path: Path) -> None:
    root = newsroom(tmp_path, '+++\nnumber = 7\nsubject = "س"\n+++\n\nكلمة.\n')
    done = here("subjects", cwd=root)
    assert (done.code, done.out) == (0, "")
    assert "compose --refresh" in done.err
    done = here("subjects", "--use", "1", cwd=root)
    assert (done.code, "nothing is proposed" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("text", "bait"),
    [
        ("لن تُصَدِّق ما حدث في الميناء", True),
        ("عاجل: الميناء يفتح أبوابه", True),
        ("حصريًا: خطة الميناء", True),
        ("الميناء يفتح أبوابه!!", True),
        ("You won't believe what the mayor said", True),
        ("حق حصري في الصيد للبلدية", False),
        ("صدمة في المدينة بعد الحريق", False),
        ("نداء عاجل من أهالي الواحة", False),
        ("The exclusive rights of the port", False),
        ("الميناء يفتح أبوابه!", False),
    ],
)
def test_the_check_tells_bait_from_news(text: str, bait: bool) -> None:
    proposal = SubjectProposal("headline", text, "ارتفاع أسعار الخبز")
    assert ("bait-words" in told(proposal, "ar")) is bait

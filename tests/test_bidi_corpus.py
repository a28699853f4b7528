"""What a reader sees of mixed text, over the whole corpus: right, and never wrong because of us."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import golden_letters as golden
import pytest
from bidi_corpus import WRITTEN, Case, Score, accepted, cases, every, plain, score, sentences, told
from bidi_oracle import Reading, from_spans, visual
from jinja2 import Environment

from newsletter.letters.render import render
from newsletter.letters.templates import environment
from newsletter.models import Issue, Publication, Rendered, Section, Story
from newsletter.text import bidi

PLAIN = {"ar": "خبر", "fa": "خبر", "ur": "خبر", "he": "ידיעה", "en": "News", "fr": "Nouvelle"}
SITE = "https://example.org"


@cache
def isolated(language: str, half: int = 0) -> Score:
    """The cases of a language, as ``isolate`` writes them; of Arabic, which has most of them, one half."""
    found = [case for case in (*cases(), *sentences()) if case.language == language]
    return score(found[half::2] if language == "ar" else found, bidi.isolate)


HALVES = [*((language, 0) for language in PLAIN), pytest.param("ar", 1, marks=pytest.mark.slow)]


@pytest.mark.parametrize(("language", "half"), HALVES)
def test_every_case_is_seen_as_an_editor_marked_it(language: str, half: int) -> None:
    assert told(isolated(language, half).wrong) == ""


@pytest.mark.parametrize(("language", "half"), HALVES)
def test_nothing_that_was_right_is_seen_wrong_because_of_us(language: str, half: int) -> None:
    assert told(isolated(language, half).worse) == ""


def test_html_decides_as_text_does() -> None:
    """Compared as texts, which is stricter than as pictures, and quicker."""
    for case in every((*cases(), *sentences()), 7):
        assert from_spans(str(bidi.to_html(case.text, case.base))) == bidi.isolate(case.text, case.base)


def test_a_case_in_a_paragraph_of_others_is_decided_alike() -> None:
    """No sentence before or behind it, on lines of their own, changes what a case needs."""
    mine = [case.text for case in every(cases(), 97) if case.base == "rtl"]
    assert bidi.isolate("\n".join(mine)).split("\n") == [bidi.isolate(text) for text in mine]


@pytest.mark.parametrize("blank", ["\u00a0", "\u202f", "\u2009"])
def test_hard_and_thin_blanks_inside_a_token_change_nothing(blank: str) -> None:
    """Word processors and careful editors write them in groups of digits and before units."""
    found = []
    for case in every(cases(), 7):
        if case.base == "rtl" and " " in case.token and case.text.count(case.token) == 1:
            text = case.text.replace(case.token, case.token.replace(" ", blank))
            found.append(replace(case, text=text, forms=_with(case.forms, case.token, blank)))
    assert len(found) > 1000
    assert told(score(found, bidi.isolate).wrong) == ""


def _with(forms: tuple[str, ...], token: str, blank: str) -> tuple[str, ...]:
    """Forms whose token has other blanks, wherever its marks stand."""
    pattern = re.compile("[⟦⟧]*".join(map(re.escape, token)))
    return tuple(pattern.sub(lambda match: match[0].replace(" ", blank), form) for form in forms)


# The whole letter


@pytest.fixture(scope="module")
def templates() -> Environment:
    return environment()


def letter(language: str, templates: Environment, subject: str, preheader: str, stories: tuple[Story, ...]) -> Rendered:
    publication = Publication("N", SITE, language=language, timezone="Africa/Algiers", postal_address="N")
    issue = Issue(12, subject, preheader, sections=(Section(PLAIN[language], stories),))
    return render(issue, publication, templates, marker=golden.MARKER, leave_url=golden.LEAVE_URL, date=golden.DATE)


def escaped(text: str) -> str:
    """Markdown that says this text and nothing else."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def sample(language: str, most: int) -> list[Case]:
    """So many cases of a language, from all over its corpus, and its sentences.

    All fit on one line of the text, and none has an address (which stands apart there).
    """
    mine = [case for case in cases() if case.language == language]
    found = [*every(mine, max(len(mine) // most, 1)), *(case for case in sentences() if case.language == language)]
    return [case for case in found if len(case.text) < 66 and "\u00ad" not in case.text and "://" not in case.text]


def wrong_in(lines: list[str], found: list[Case], times: int = 1) -> tuple[list[str], list[tuple[Case, str]]]:
    """Cases that fewer lines hold than should, and those that one of their lines shows wrong."""
    held: dict[str, list[str]] = {}
    for line in lines:
        held.setdefault(plain(line), []).append(re.sub(r"\s+", " ", line))
    lost = [case.text for case in found if len(held.get(plain(case.text), ())) < times]
    seen = [(case, line) for case in found for line in held.get(plain(case.text), ())]
    return lost, [(case, line) for case, line in seen if visual(line, case.base) not in spaced(case)]


def spaced(case: Case) -> frozenset[str]:
    """The accepted pictures, every blank an ordinary one."""
    return frozenset(re.sub(r"\s", " ", picture) for picture in accepted(case))


@pytest.mark.parametrize("language", PLAIN)
def test_headlines_summaries_and_alts_are_seen_right_in_the_letter(language: str, templates: Environment) -> None:
    found = sample(language, 211)
    assert len(found) > 15
    stories = tuple(
        Story(case.text, f"{SITE}/{at}", escaped(case.text), f"{SITE}/{at}.jpg", case.text)
        for at, case in enumerate(found)
    )
    made = letter(language, templates, PLAIN[language], PLAIN[language], stories)
    page = Reading(made.html)
    headlines = [line for at in range(len(found)) for line in page.links[f"{SITE}/{at}"]]
    for lines, times in ((headlines, 1), (page.paragraphs, 2), (page.alts, 1)):
        lost, wrong = wrong_in(lines, found, times)
        assert lost == []
        assert told(wrong) == ""


@pytest.mark.parametrize("language", PLAIN)
def test_the_twin_is_seen_right(language: str, templates: Environment) -> None:
    found = sample(language, 211)
    stories = tuple(Story(case.text, f"{SITE}/{at}", PLAIN[language]) for at, case in enumerate(found))
    made = letter(language, templates, PLAIN[language], PLAIN[language], stories)
    lost, wrong = wrong_in([line.strip() for line in made.text.split("\n")], found)
    assert lost == []
    assert told(wrong) == ""


@pytest.mark.parametrize("language", PLAIN)
def test_subject_and_preheader_are_seen_right(language: str, templates: Environment) -> None:
    story = Story(PLAIN[language], f"{SITE}/1", PLAIN[language])
    for case in every(sample(language, 40), 5):
        made = letter(language, templates, case.text, case.text, (story,))
        first = Reading(made.html).paragraphs
        preheader = next(line for line in first if "\u034f" in line)
        assert plain(made.subject) == plain(case.text)
        for text in (made.subject, preheader[: preheader.index("\u034f")]):
            assert visual(re.sub(r"\s", " ", text), case.base) in spaced(case), told([(case, text)])


@pytest.mark.parametrize("language", WRITTEN)
@pytest.mark.parametrize("sign", ["**", "link"])
def test_bold_and_links_inside_a_token_change_nothing(language: str, sign: str, templates: Environment) -> None:
    """Runs are found over the whole paragraph: ``**$5**M`` is one."""
    mine = [case for case in sample(language, 307) if re.search(r"\S{4,}", case.text)]
    found = [case for case in mine if case.category not in ("web", "plain", "sentence")]
    assert len(found) > 40
    stories = tuple(Story(PLAIN[language], f"{SITE}/{at}", torn(case, sign)) for at, case in enumerate(found))
    made = letter(language, templates, PLAIN[language], PLAIN[language], stories)
    lost, wrong = wrong_in(Reading(made.html).paragraphs, found)
    assert lost == []
    assert told(wrong) == ""


def torn(case: Case, sign: str) -> str:
    """The case with the first half of its token in bold, or in a link."""
    form = next(form for form in case.forms if "⟦" in form) if any("⟦" in form for form in case.forms) else case.text
    start = form.index("⟦") if "⟦" in form else 0
    end = form.index("⟧") - 1 if "⟦" in form else len(case.text)
    middle = max((start + end) // 2, start + 1)
    # Emphasis opens and closes only beside a letter or digit (CommonMark, flanking).
    while middle < end and not (case.text[middle - 1].isalnum() and case.text[middle : middle + 1].isalnum()):
        middle += 1
    parts = [escaped(part) for part in (case.text[:start], case.text[start:middle], case.text[middle:])]
    if middle >= end or not case.text[start].isalnum():
        return "".join(parts)
    return f"{parts[0]}**{parts[1]}**{parts[2]}" if sign == "**" else f"{parts[0]}[{parts[1]}]({SITE}/x){parts[2]}"


def test_isolates_of_an_editor_win_all_over_the_letter(templates: Environment) -> None:
    """Nothing is found in them or over their borders: each text looks as its editor made it look."""
    subject, preheader, headline, summary, bold, alt = (
        f"{word} \u20665G و4G\u2069 أمس" for word in ("قال", "كتب", "غنى", "رسم", "**نشر**", "صور")
    )
    story = replace(Story(headline, f"{SITE}/1", f"{summary}\n\n{bold}"), image=f"{SITE}/a.jpg", image_alt=alt)
    made = letter("ar", templates, subject, preheader, (story,))
    page = Reading(made.html)
    bold = bold.replace("*", "")
    found = [*page.paragraphs, *page.alts, *page.links[f"{SITE}/1"], made.subject, *made.text.split("\n")]
    seen = {plain(line.split("\u034f")[0]): [] for line in found}
    for line in found:
        seen[plain(line.split("\u034f")[0])].append(visual(line.split("\u034f")[0], "rtl"))
    for text, times in ((subject, 2), (preheader, 1), (headline, 3), (summary, 2), (bold, 2), (alt, 1)):
        assert len(seen[plain(text)]) >= times, text
        assert set(seen[plain(text)]) == {visual(text, "rtl")}, text

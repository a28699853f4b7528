"""What the words do: habits of spam, shouting, placeholders that nobody filled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from newsletter.check.arabic_script import has_arabic
from newsletter.check.context import (
    CheckInput,
    Rule,
    shown,
    teller,
)
from newsletter.check.reading import TextRun
from newsletter.issues.lines import TOOL_TEXT
from newsletter.models import Level, Problem, Story

CODES: Mapping[str, Level] = {
    "spam-words": "warning",
    "bait-words": "warning",
    "all-caps": "warning",
    "emoji-many": "warning",
    "placeholder-text": "error",
    "note-left": "warning",
    "editor-text": "error",
}
_tell = teller(CODES)

MOST_EMOJI = 2
_SHORT: frozenset[str] = frozenset({"subject", "preheader", "headline", "section"})


def _short_texts(case: CheckInput) -> list[TextRun]:
    return [run for run in case.reading.runs if run.kind in _SHORT]


# Phrases of offers, never the bare word: a museum that opens مجانًا is news.
_SPAM = re.compile(
    r"مجان[اًا]{1,2}\s*!|مجاني\s*100|100\s*%\s*مجان|اربح(?:ي|وا)?\s+(?:الآن|معنا|جائزة|آلاف|مليون)|لقد\s+(?:ربحت|فزت)|مبروك\s*!"
    r"|عرض\s+(?:لا\s+يفوت|خاص\s*!|محدود\s*!)|لا\s+تفو(?:ّ)?ت\s+الفرصة|فرصة\s+(?:العمر|لا\s+تعو(?:ّ)?ض)|اضغط\s+هنا|اشتر[ِي]*\s+الآن"
    r"|ضاعف\s+(?:أموالك|دخلك)|من\s+دون\s+أي\s+مقابل\s*!|بدون\s+مقابل\s*!"
    r"|\bFREE\b\s*!|\b100\s*%\s*free\b|\bact\s+now\b|\bbuy\s+now\b|\bclick\s+(?:here|below)\b|\b(?:earn|make)\s+(?:extra\s+)?(?:cash|\$\d)"
    r"|\byou(?:'ve|’ve| have)?\s+won\b(?!['’]t)|\bwinner\s*!|\brisk[- ]free\b"
    r"|\blimited[- ]time\s+offer\b|\bdon['’]t\s+miss\s+out\s*!|\$\$+|\burgent\s*!"
    r"|\bgratuit\s*!|\bcliquez\s+ici\b",
    re.IGNORECASE,
)


def spam_words(case: CheckInput) -> Iterator[Problem]:
    """Phrases that advertisements wore out, in what inbox lists show."""
    for run in _short_texts(case):
        match = _SPAM.search(run.text)
        if match is not None:
            yield _tell(
                "spam-words",
                f"«{shown(match[0])}» is what spam says, and filters know it",
                case.at(run.line),
                "say what the story is about",
            )


# What promises more than it says, and signs that shout. An "exclusive right" is news; "Exclusive:" is a label.
_BAIT = re.compile(
    r"لن\s+تصدق(?:وا|ي)?|لا\s+يصدق|(?:^|\s)#?\s*(?:عاجل|حصري[ًا]{0,2})\s*[:|!]|(?:^|\s)حصري[ًا]{2}|^عاجل(?:\s|$)|صادم"
    r"|شاهد(?:وا)?\s+قبل\s+(?:الحذف|أن\s+يحذف)|مفاجأة\s+(?:مدوية|صادمة|من\s+العيار)|فضيحة\s+مدوية|لن\s+تتوقع|سيصدمك|سيذهلك"
    r"|\byou\s+won['’]?t\s+believe\b|\bwhat\s+happens\s+next\b|\bshocking\b|\bmind-?blowing\b|\b(?:exclusive|breaking)\s*[:!|]"
    r"|باورتان\s+نمی|(?:^|\s)(?:فوری|اختصاصی)\s*[:!|]|לא\s+תאמינו|(?:^|\s)(?:בלעדי|דחוף)\s*[:!|]"
    r"|\bvous\s+n['’]allez\s+pas\s+(?:le\s+|y\s+)?croire\b|\bincroyable\s*!|\b(?:exclusif|urgent)\s*[:!|]"
    r"|!\s*!|[؟?]\s*[؟?!]|!\s*[؟?]",
    re.IGNORECASE,
)
_HARAKAT = re.compile("[\u064b-\u065f\u0670\u0640]")


def bait_words(case: CheckInput) -> Iterator[Problem]:
    """What readers have learnt not to open, in the subject and the line behind it."""
    for run in case.reading.runs:
        match = _BAIT.search(_HARAKAT.sub("", run.text)) if run.kind in {"subject", "preheader"} else None
        if match is not None:
            yield _tell(
                "bait-words",
                f"«{shown(match[0])}» promises or shouts, and readers and filters take it for bait",
                case.at(run.line),
                "say what the story says; newsletter subjects proposes lines",
            )


_WORDS = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]{2,}")
_LOUD_RUN = re.compile(r"\b[A-ZÀ-ÖØ-Þ]{3,}(?:\s+[A-ZÀ-ÖØ-Þ]{2,}){2,}\b")


def all_caps(case: CheckInput) -> Iterator[Problem]:
    """A line of capitals. Acronyms among Arabic words are none; three capital words in a row are."""
    for run in _short_texts(case):
        loud = [word for word in _WORDS.findall(run.text) if word.isupper() and len(word) >= 4]
        if has_arabic(run.text):
            match = _LOUD_RUN.search(run.text)
            loud = match[0].split() if match is not None else []
        elif len(loud) < 2 or sum(map(len, loud)) * 2 <= sum(map(len, _WORDS.findall(run.text))):
            loud = []
        if loud:
            yield _tell(
                "all-caps", f"capitals throughout: {shown(' '.join(loud))}", case.at(run.line), "write small letters"
            )


def emoji_many(case: CheckInput) -> Iterator[Problem]:
    """More pictures than words can carry, in what inbox lists show."""
    pattern = _emoji()
    for run in case.reading.runs:
        count = len(pattern.findall(run.text)) if run.kind in {"subject", "preheader", "headline"} else 0
        if count > MOST_EMOJI:
            yield _tell(
                "emoji-many",
                f"{count} emoji in one line",
                case.at(run.line),
                f"keep at most {MOST_EMOJI}; programs that read aloud say the name of each",
            )


def _emoji() -> Any:
    import regex

    # One sequence with its joiners, skin tones and selectors counts once, a flag too.
    return regex.compile(r"\p{RI}{2}|\p{Emoji_Presentation}(?:\p{EMod}|\ufe0f|\u200d\p{ExtPict})*|\p{ExtPict}\ufe0f")


_PLACEHOLDERS = re.compile(
    r"\blorem\s+ipsum\b|\bdolor\s+sit\s+amet\b|لوريم\s+[إا]يبسوم"
    r"|(?:عنوان|ملخص|نص|وصف|رابط)\s+(?:القصة|الخبر|المقال|الصورة|الفقرة|القسم)\s+هنا(?!ك)|كلمة\s+المحرّ?ر\s+هنا(?!ك)"
    r"|(?:اكتب|ضع|أدخل|أضف)\s+(?:ال)?(?:عنوان|نص|ملخص|وصف|موضوع)\S*(?:\s+\S+)?\s+هنا(?!ك)"
    r"|هذا\s+النص\s+(?:هو\s+)?مثال\s+لنص|هذا\s+نص\s+(?:تجريبي|بديل)|^\s*نص\s+تجريبي\b"
    r"|\b(?:headline|title|summary|text|image|subject|story)\s+goes\s+here\b"
    r"|\b(?:your|insert)\s+(?:headline|title|summary|text|image|subject|story)\s+here\b|\bvotre\s+(?:texte|titre)\s+ici\b",
    re.IGNORECASE,
)
_NOTES = re.compile(r"\b(?:TODO|FIXME|TBD|XXX+)\b|\[\s*[xX]*\s*\]")


def placeholder_text(case: CheckInput) -> Iterator[Problem]:
    """Text that stood in for another, and still does."""
    for run in case.reading.runs:
        match = _PLACEHOLDERS.search(run.text)
        if match is not None:
            yield _tell(
                "placeholder-text",
                f"«{shown(match[0])}» only holds a place",
                case.at(run.line),
                "write the text, or take it out",
            )


def note_left(case: CheckInput) -> Iterator[Problem]:
    """A note to oneself that readers were not meant to see."""
    for run in case.reading.runs:
        match = _NOTES.search(run.text)
        if match is not None:
            yield _tell(
                "note-left",
                f"«{shown(match[0])}» looks like a note to oneself",
                case.at(run.line),
                "write what is missing, or take the note out",
            )


_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
# An escaped one is a text about comments; a word processor makes long dashes of two hyphens.
_COMMENT = re.compile(r"(?<!\\)<[ ]?![ ]?[-\u2010-\u2015\u2212]+[^\n]{0,40}")


def editor_text(case: CheckInput) -> Iterator[Problem]:
    """What stands in a draft for its editor alone: a comment within a line, what this program says of candidates."""
    for text, line in _written(case):
        match = TOOL_TEXT.search(text) or ("<" in text and _COMMENT.search(_CODE.sub(" ", text))) or None
        if match is not None:
            yield _tell(
                "editor-text",
                f"readers would see «{shown(match[0])}», which is for the editor",
                case.at(line),
                "take it out, or put the comment on a line of its own, from <!-- to -->",
            )


def _written(case: CheckInput) -> Iterator[tuple[str, int]]:
    """Every line with its number; of passages the Markdown."""
    for run in case.reading.runs:
        if run.kind != "text":
            yield run.text, run.line
    passages = [(prose.markdown, prose.line) for prose in case.issue.opening]
    for section in case.issue.sections:
        for block in section.blocks:
            if isinstance(block, Story):
                passages.append((block.summary, block.summary_line))
            else:
                passages.append((block.markdown, block.line))
    for markdown, first in passages:
        for at, line in enumerate(markdown.split("\n")):
            yield line, first + at if first else 0


RULES: tuple[Rule, ...] = (spam_words, bait_words, all_caps, emoji_many, placeholder_text, note_left, editor_text)

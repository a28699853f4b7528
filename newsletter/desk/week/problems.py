"""What the check found, in one sentence of the desk's language; the check itself speaks to a terminal. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from newsletter.desk import complaints
from newsletter.desk.complaints import spoken
from newsletter.errors import IssueError
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from markupsafe import Markup

    from newsletter.models import Problem
    from newsletter.report.page.wording import PageWords

SENTENCES: Mapping[str, str] = {
    "issue-empty": "There is nothing in this issue yet",
    "story-without-headline": "A story without a headline",
    "story-empty": "A story with neither link nor text",
    "story-without-link": "It ends after a few words and has no link to read on",
    "section-empty": "A section with nothing in it",
    "section-twice": "A section of this name is there already",
    "heading-order": "This heading leaves out a level",
    "subject-empty": "The letter has no subject",
    "subject-long": "The subject is too long, and every inbox cuts it",
    "subject-short": "The subject is too short to say anything",
    "subject-name-only": "The subject only repeats the newsletter's name",
    "subject-repeated": "This was the subject of the last issue",
    "preheader-empty": "There is no preheader, and no text to make one of",
    "preheader-long": "The preheader is longer than any inbox shows",
    "preheader-repeats-subject": "The preheader says what the subject says",
    "character-invisible": "An invisible character stands in the text",
    "character-control": "A control character stands in the text",
    "letters-presentation": "Drawn forms in place of letters, as old PDF files hold them",
    "bidi-embedding": "An old direction sign, which can turn the words around it",
    "bidi-unbalanced": "A direction sign that is opened and not closed",
    "tatweel": "A word stretched with tatweel",
    "quotes-straight": "Straight quotation marks in Arabic text",
    "letters-keyboard": "A letter of another language's keyboard",
    "letters-doubtful": "A letter of another keyboard that may stand for either of two",
    "punctuation-latin": "A Latin sign in Arabic text",
    "space-before-sign": "A space before a sign",
    "space-inside-quotes": "A space inside quotation marks or brackets",
    "space-missing": "No space after a sign",
    "space-double": "More than one space between two words",
    "signs-repeated": "The same sign several times",
    "text-garbled": "Letters were lost in a wrong character set",
    "html-in-text": "Readers would see HTML in the text",
    "markdown-leaked": "Readers would see signs of Markdown",
    "excerpt-leftover": "A leftover of the site's excerpt",
    "shortcode-left": "Readers would see a shortcode of the site",
    "digits-in-one-number": "One number in two kinds of digits",
    "digits-mixed": "Two kinds of digits in one issue",
    "digits-setting": "Other digits than those of the letter's dates",
    "spam-words": "Words that spam filters know",
    "bait-words": "Words that readers and filters take for bait",
    "all-caps": "Capitals throughout",
    "emoji-many": "Too many emoji in one line",
    "placeholder-text": "Text that only holds a place",
    "note-left": "This looks like a note to oneself",
    "editor-text": "Readers would see text that is for the editor alone",
    "link-private": "A link that only this house can open",
    "link-draft": "A link to a draft, which readers cannot open",
    "link-hidden-characters": "Invisible characters stand in the address of a link",
    "link-credentials": "The address of a link holds a password",
    "link-http": "A link that is not encrypted",
    "link-home": "The story leads to a home page and not to itself",
    "link-shortener": "A shortened link, which spam filters distrust",
    "link-tracking": "A link with the trace of whoever copied it",
    "link-punctuation": "The address of a link ends with a sign of the sentence",
    "link-vague": "The words of a link do not say where it leads",
    "link-text-differs": "A link shows one address and leads to another",
    "story-twice": "This story is in the issue already",
    "story-address-twice": "Two stories have the same address",
    "utm-mixed": "Other campaign parameters than elsewhere in the issue",
    "link-dead": "A link gives no page",
    "link-unsure": "A link could not be looked at",
    "link-redirected": "A link leads on to another address",
    "link-empty": "A link leads nowhere",
    "link-relative": "A link has no whole address",
    "image-without-alt": "The picture has no description",
    "image-alt-file-name": "The description of the picture says nothing of it",
    "image-http": "The picture is not encrypted",
    "image-kind": "A kind of picture that not every mail program shows",
    "image-small": "The picture is too small for its place",
    "image-large": "The picture is larger than it needs to be",
    "image-ratio": "The picture is a stripe or a column",
    "image-heavy": "The picture is heavy",
    "image-still": "The picture moves, and only its first frame goes out",
    "image-twice": "The same picture stands above",
    "image-dead": "The picture does not come",
    "image-unsure": "The picture could not be looked at",
    "image-unserved": "The reader pages do not give the letter's pictures",
    "letter-heavy": "The pictures of the letter are heavy together",
    "letter-impossible": "The letter cannot be made as it stands",
    "template-leaked": "Text of a template stands in the letter",
    "merge-field": "A field that no program filled stands in the text",
    "unsubscribe-missing": "The letter shows no way to leave",
    "preferences-missing": "The letter does not lead to the page of choices",
    "view-missing": "The letter does not lead to its own page",
    "postal-address-missing": "The letter does not say where its publisher can be found",
    "letter-too-large": "The letter is too long, and mail programs would clip it",
    "letter-nearly-too-large": "The letter is nearly too long for some mail programs",
    "twin-incomplete": "The plain text of the letter leaves out a story",
    "font-remote": "The letter loads a font, which most mail programs ignore",
    "align-left": "Something in the template stands on the wrong side",
    "contrast-accent": "The colour of the newsroom is hard to read",
    "frozen-differs": "What is frozen differs from this issue, and the frozen one goes",
    "list-unknown": "There is no list of this name",
    "number-taken": "This number was sent already with other stories",
    "number-twice": "Another issue has this number too",
    "story-sent-before": "This story was sent before",
    "story-withdrawn": "Its site does not show this story any more",
    "story-changed": "Its site has changed this story since",
    "stories-alike": "Two stories tell the same news",
    "story-stale": "This story is more than a month old",
    "story-future": "This story is dated later than now",
    "sponsor-missing": "A sponsor has booked this issue and is not in it",
    "sponsor-twice": "A sponsor stands here more often than booked",
    "sponsor-altered": "A sponsor stands here otherwise than booked",
    "sponsor-clash": "Two sponsors have booked the same place",
    "sponsor-unbooked": "This sponsor has not booked the issue",
    "sender-free-mail": "The sender's address belongs to a free mail service",
    "sender-unread": "Nobody reads answers to the sender's address",
    "sender-stays-here": "Letters stay on this machine",
    "reply-to-elsewhere": "Answers go to another domain",
    "web-url-missing": "There are no reader pages",
    "web-url-private": "Readers cannot reach the address of the reader pages",
    "issue-unreadable": "This line cannot be understood",
}
"""The sentence of each code that can be told of an issue; what another code says stands there as the check says it."""

SETTINGS: Mapping[str, str] = {
    "postal-address-missing": "letter",
    "sender-stays-here": "sender",
    "web-url-missing": "web",
    "web-url-private": "web",
}
"""Codes that no line of an issue mends, each with the section of the settings that does."""

_MORE: Mapping[str, tuple[re.Pattern[str], str]] = {
    "punctuation-latin": (
        re.compile(r"a Latin (?P<piece>.+) in Arabic text\n+write (?P<better>.+)"),
        "The Latin sign {piece} in Arabic text: write {better}",
    ),
    "tatweel": (
        re.compile(r"(?P<piece>.+) is stretched.*\n+write (?P<better>[^;]+)"),
        "{piece} is stretched: write {better}",
    ),
    "letters-keyboard": (
        re.compile(r"(?P<piece>.+) has a letter.*\n+write (?P<better>[^;(]+)"),
        "{piece} has a letter of another keyboard: write {better}",
    ),
    "space-before-sign": (re.compile(r"a space before «(?P<piece>[^»]+)»"), "A space before {piece}"),
    "space-missing": (re.compile(r"no space after «(?P<piece>[^»]+)»"), "No space after {piece}"),
    "story-sent-before": (re.compile(r".*went out in issue (?P<piece>[\d, ]+)"), "It was sent in issue {piece}"),
}
_QUOTED = re.compile(r"«([^«»]+)»")
_AROUND = frozenset(
    {"spam-words", "bait-words", "placeholder-text", "note-left", "editor-text", "link-vague", "signs-repeated"}
)


def told(words: PageWords, problem: Problem) -> Markup:
    """One sentence for whoever edits, without its place.

    Args:
        words: Of the desk.
        problem: As the check found it.
    """
    pattern, sentence = _MORE.get(problem.code, (None, ""))
    found = pattern.match(f"{problem.words}\n{problem.mend}") if pattern is not None else None
    if found is not None:
        return words.say(sentence, **{name: one.strip() for name, one in found.groupdict().items()})
    if problem.code == "issue-unreadable":
        said = spoken(words, IssueError(problem.words, mend=problem.mend))
        return words.say("{told} {mend}", told=said[0], mend=said[1]) if said else words.say(SENTENCES[problem.code])
    plain = SENTENCES.get(problem.code)
    if plain is None:
        return words.html(problem.words)
    quoted = _QUOTED.search(problem.words) if problem.code in _AROUND else None
    if quoted is not None:
        return words.say("{sentence}: «{piece}»", sentence=words.say(plain), piece=quoted[1])
    return words.say(plain)


def told_of(problem: Problem) -> str:
    """The same for a terminal: a sentence of the desk's catalogue; the check's own words where it has none.

    Args:
        problem: As the check found it.
    """
    pattern, sentence = _MORE.get(problem.code, (None, ""))
    found = pattern.match(f"{problem.words}\n{problem.mend}") if pattern is not None else None
    if found is not None:
        return said(sentence, **{name: one.strip() for name, one in found.groupdict().items()})
    if problem.code == "issue-unreadable" and (known := complaints.told_of(problem.words)) is not None:
        return said("{told} {mend}", told=known[0], mend=known[1])
    plain = SENTENCES.get(problem.code)
    if plain is None:
        return said("{words}; {mend}", words=problem.words, mend=problem.mend) if problem.mend else problem.words
    quoted = _QUOTED.search(problem.words) if problem.code in _AROUND else None
    return said("{sentence}: «{piece}»", sentence=said(plain), piece=quoted[1]) if quoted is not None else said(plain)

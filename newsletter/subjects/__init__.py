"""Proposals for the subject and the preheader of an issue, made of its own headlines: no network, no chance, no model.

Every proposal is something that the issue says already: a headline, a headline cut where a clause ends, two of them, or
a count that the grammar of the language allows. It is shown only when the rules of ``newsletter check`` find nothing in
it, no word comes twice, and the preheader repeats no word of the subject.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from newsletter.check import subject as inbox
from newsletter.check import wording
from newsletter.check.context import CheckContext, CheckInput
from newsletter.issues import prose
from newsletter.models import Issue, Prose, Publication
from newsletter.subjects import counting
from newsletter.subjects.clauses import headline, is_question, is_whole, shorter
from newsletter.subjects.languages import LanguageRules, rules_of
from newsletter.subjects.repeated import carrying, share_words, twice
from newsletter.text.subject import LONGEST_PREHEADER, LONGEST_SUBJECT, SHORTEST_SUBJECT, columns
from newsletter.text.tidy import arabic_fold, sentences, tidy

__all__ = ["MOST", "PHONE", "ProposalKind", "SubjectProposal", "propose", "seen"]

ProposalKind = Literal["headline", "shorter", "two", "count", "sections", "question", "other", "name"]
"""What a subject is made of: the first headline, that headline cut, two headlines, a headline and a count of the rest,
a count and the sections, a headline that asks, another story's headline, the newsletter's name and a headline."""
MOST = 8
PHONE = 40
"""Columns of a subject that narrow phones show; the limits of wide windows stand in ``newsletter.text.subject``."""
_LOOKED_AT = 40
"""Stories of an issue; nobody names a letter after its fiftieth."""
_TOGETHER = 140
"""Columns of subject and preheader that inbox lists show together, rarely more."""


@dataclass(frozen=True, slots=True)
class SubjectProposal:
    """A subject with the line behind it."""

    kind: ProposalKind
    subject: str
    preheader: str
    """Empty where the issue says nothing besides that repeats no word of the subject."""

    @property
    def width(self) -> int:
        """Columns of the subject: harakat take none."""
        return columns(self.subject)

    @property
    def phone(self) -> str:
        """The whole words of the subject that a narrow phone shows."""
        return seen(self.subject, PHONE)

    @property
    def desktop(self) -> str:
        """The whole words that a wide window shows of both lines."""
        return seen(f"{self.subject} — {self.preheader}" if self.preheader else self.subject, _TOGETHER)


def seen(text: str, most: int) -> str:
    """The words of a line that are shown whole in so many columns, with ``…`` where more would follow.

    Args:
        text: Plain text of one line.
        most: Columns, the ``…`` included.
    """
    if columns(text) <= most:
        return text
    words = text.split(" ")
    while words and columns(" ".join(words)) > most - 1:
        words.pop()
    return f"{' '.join(words)}…"


def propose(issue: Issue, publication: Publication, *, last_subject: str = "") -> tuple[SubjectProposal, ...]:
    """Subjects and preheaders for an issue, the most telling first; the same for the same issue.

    Args:
        issue: With its stories, the first of which leads.
        publication: Whose language, digits and name they have.
        last_subject: Of the issue before it, which none repeats; may be empty.

    Returns:
        At most ``MOST``. None without stories, or where every headline has something that the check tells.
    """
    source = _Headlines(issue, publication, rules_of(publication.language))
    found: list[SubjectProposal] = []
    known: set[str] = set()
    for kind, subject in _subjects(source):
        key = arabic_fold(subject)
        if key in known or twice(subject, source.rules) or not _room(subject):
            continue
        made = SubjectProposal(kind, subject, _preheader(source, subject))
        if _sound(made, publication, last_subject):
            known.add(key)
            found.append(made)
        if len(found) == MOST:
            break
    return tuple(found)


@dataclass(frozen=True)
class _Headlines:
    """What an issue offers to be told."""

    issue: Issue
    publication: Publication
    rules: LanguageRules

    @cached_property
    def whole(self) -> list[str]:
        """The headlines that say something to their end, each once, in order; the first leads if it is one of them."""
        every = dict.fromkeys(headline(story.headline) for story in self.issue.stories[:_LOOKED_AT])
        return [one for one in every if is_whole(one)]

    @cached_property
    def short(self) -> dict[str, tuple[str, ...]]:
        """What each of them can be cut to, the longest first."""
        return {one: shorter(one, self.rules) for one in self.whole}

    def brief(self, text: str, most: int = PHONE) -> str:
        """A headline or the longest cut of it that has room; the shortest where none has."""
        several = [text, *self.short.get(text, ())]
        return next((one for one in several if columns(one) <= most), several[-1])

    @cached_property
    def sections(self) -> list[str]:
        """Titles of the sections that have stories."""
        return [tidy(one.title) for one in self.issue.sections if one.stories and one.title.strip()]


def _subjects(source: _Headlines) -> Iterator[tuple[ProposalKind, str]]:
    """Everything that could be a subject, the most telling first."""
    if not source.whole:
        return
    lead, *others = source.whole
    if columns(lead) <= LONGEST_SUBJECT:
        yield ("question" if is_question(lead) else "headline"), lead
    cuts = source.short[lead]
    fits = [one for one in cuts if columns(one) <= PHONE] or list(cuts[-1:])
    yield from (("shorter", one) for one in fits[:1])
    brief = source.brief(lead)
    yield from _two(source, brief, others[:1])
    yield from _count(source, brief, len(source.issue.stories) - 1)
    yield from (("question", one) for one in others if is_question(one))
    yield from _sections(source)
    yield from _two(source, brief, others[1:2])
    yield from (("shorter", one) for one in cuts if one not in fits[:1])
    yield from _named(source, brief)
    yield from (("other", source.brief(one, LONGEST_SUBJECT)) for one in others[:3] if not is_question(one))


def _two(source: _Headlines, lead: str, others: Sequence[str]) -> Iterator[tuple[ProposalKind, str]]:
    rules = source.rules
    for other in others:
        second = source.brief(other)
        if rules.also and _joins(lead) and _joins(second) and rules.script.match(second):
            yield "two", rules.also.format(first=_bare(lead), second=_bare(second))


def _count(source: _Headlines, lead: str, others: int) -> Iterator[tuple[ProposalKind, str]]:
    if source.rules.more and others > 0 and _joins(lead):
        publication = source.publication
        count = counting.others(others, source.rules, publication.digits, publication.language)
        yield "count", source.rules.more.format(first=_bare(lead), count=count)


def _sections(source: _Headlines) -> Iterator[tuple[ProposalKind, str]]:
    rules, topics = source.rules, source.sections
    count = counting.all_of(len(source.issue.stories), rules) if rules.listing else ""
    # In languages that write the conjunction on the word, only a word of theirs can follow it.
    if count and 2 <= len(topics) <= 4 and all(rules.script.match(one) for one in topics[1:]):
        line = rules.listing.format(count=count, topics=counting.listed(topics, rules))
        yield "sections", line[:1].upper() + line[1:]


def _named(source: _Headlines, lead: str) -> Iterator[tuple[ProposalKind, str]]:
    name = tidy(source.publication.name)
    if name and ":" not in lead and not is_question(lead):
        yield "name", f"{name}: {lead}"


def _joins(text: str) -> bool:
    """Whether another clause may follow a headline, or it may follow one, without changing who says what."""
    return not is_question(text) and ":" not in text and not text.endswith(("!", "…"))


def _bare(text: str) -> str:
    return text.rstrip(" .!")


def _room(subject: str) -> bool:
    return SHORTEST_SUBJECT <= columns(subject) <= LONGEST_SUBJECT


def _preheader(source: _Headlines, subject: str) -> str:
    """Up to three other headlines that share no word with the subject or one another; else how a story begins."""
    taken: list[str] = []
    room = min(LONGEST_PREHEADER, _TOGETHER - columns(subject))
    for one in source.whole:
        brief = source.brief(one)
        line = " · ".join([*taken, brief])
        if share_words(subject, brief, source.rules) or twice(line, source.rules):
            continue
        if columns(line) <= room and len(taken) < 3:
            taken.append(brief)
    if taken:
        return " · ".join(taken)
    for story in source.issue.stories:
        for sentence in sentences(prose.read(story.summary).words()):
            line = tidy(sentence)
            sound = carrying(line, source.rules) and not share_words(subject, line, source.rules)
            if sound and columns(line) <= room and is_whole(line.rstrip(".")) and not twice(line, source.rules):
                return line.removesuffix(".")
    return ""


_RULES = (*inbox.RULES, *wording.RULES)


def _sound(proposal: SubjectProposal, publication: Publication, last_subject: str) -> bool:
    """Whether the check finds nothing in what inbox lists show."""
    lines = Issue(1, proposal.subject, proposal.preheader, opening=(Prose("—"),))
    case = CheckInput(lines, None, CheckContext(publication=publication, last_subject=last_subject))
    return not any(True for rule in _RULES for _ in rule(case))
